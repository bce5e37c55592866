//! The API: how a machine reports an incident, and sees what became of it.
//!
//! ```text
//! POST /api/v1/incidents        report one           GET /api/v1/incidents/{id}     how it stands
//! POST /hooks/alertmanager      the same, as         GET /api/v1/incidents          which are open
//!                               Alertmanager says it GET /api/v1/openapi.json       all of this, for programs
//! ```
//!
//! A report goes the very way of a slash command ([`crate::engine`]): it is answered once it is on disk (P1). Only whoever
//! shows a token acts (P8); the token is looked at before anything else is read, and says where its machine may report.
//! Every refusal is a [`Problem`] that says what to do.

mod alertmanager;
mod document;
mod incidents;
mod limit;
mod once;
mod problem;
mod view;

use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderMap, header};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use pagerslack_store::{Causes, Records};

use crate::engine::Engine;
use crate::tokens::{Token, Tokens};
use limit::Limits;
use once::Once;
use problem::Problem;

/// What the handlers share.
pub(crate) struct Desk {
    engine: Arc<Engine>,
    tokens: Tokens,
    limits: Limits,
    once: Once,
}

/// The routes.
pub(crate) fn router(engine: Arc<Engine>, records: Arc<dyn Records>) -> Router {
    let once = Once::new(Arc::clone(&records));
    let desk = Arc::new(Desk { engine, tokens: Tokens::new(records), limits: Limits::default(), once });
    Router::new()
        .route("/api/v1/incidents", post(incidents::report).get(incidents::list))
        .route("/api/v1/incidents/{id}", get(incidents::show))
        .route("/api/v1/openapi.json", get(document::serve))
        .route("/hooks/alertmanager", post(alertmanager::receive))
        .with_state(desk)
}

/// How a machine may show its token.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    /// `Authorization: Bearer …`.
    Bearer,
    /// That, or as the password of `Authorization: Basic …`, whatever the name.
    BearerOrPassword,
}

impl Desk {
    /// Whoever asks, if they may, and not too often.
    async fn let_in(&self, headers: &HeaderMap, how: Shown) -> Result<Token, Problem> {
        let text = shown(headers, how).unwrap_or_default();
        let token = match self.tokens.shown(&text, self.engine.clock().now()).await {
            Ok(Some(token)) => token,
            Ok(None) => {
                self.engine.counters().api_requests_refused.count();
                return Err(Problem::unauthorized());
            }
            Err(error) => {
                tracing::error!(error = %Causes(&error), "the tokens of the API cannot be read");
                return Err(Problem::unavailable());
            }
        };
        let rate = self.engine.settings().api_requests_per_minute;
        self.limits.take(&token.id, rate, self.engine.clock().elapsed()).map_err(Problem::too_many)?;
        Ok(token)
    }
}

/// What stands in the one `Authorization` header.
fn shown(headers: &HeaderMap, how: Shown) -> Option<Vec<u8>> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next().filter(|_| values.next().is_none())?.as_bytes();
    let space = value.iter().position(|byte| *byte == b' ')?;
    let (scheme, rest) = value.split_at_checked(space)?;
    let rest = rest.trim_ascii();
    if scheme.eq_ignore_ascii_case(b"Bearer") {
        return Some(rest.to_vec());
    }
    if how == Shown::BearerOrPassword && scheme.eq_ignore_ascii_case(b"Basic") {
        let pair = BASE64_STANDARD.decode(rest).ok()?;
        let colon = pair.iter().position(|byte| *byte == b':')?;
        return pair.get(colon + 1..).map(<[u8]>::to_vec);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(values: &[&str], how: Shown) -> Option<String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::AUTHORIZATION, value.parse().unwrap());
        }
        shown(&headers, how).map(|text| String::from_utf8(text).unwrap())
    }

    #[test]
    fn a_token_is_shown_in_one_header() {
        let pgs = || Some("pgs_1".to_owned());
        assert_eq!(check(&["Bearer pgs_1"], Shown::Bearer), pgs());
        assert_eq!(check(&["bearer  pgs_1 "], Shown::BearerOrPassword), pgs());
        // "any:pgs_1" and ":pgs_1"
        for basic in ["Basic YW55OnBnc18x", "basic OnBnc18x"] {
            assert_eq!(check(&[basic], Shown::BearerOrPassword), pgs());
            assert_eq!(check(&[basic], Shown::Bearer), None);
        }
        for wrong in [
            &[][..],
            &["pgs_1"],
            &["Bearer"],
            &["Basic !"],
            &["Basic cGdz"],
            &["Bearer pgs_1", "Bearer pgs_1"],
        ] {
            assert_eq!(check(wrong, Shown::BearerOrPassword), None, "{wrong:?}");
        }
    }
}
