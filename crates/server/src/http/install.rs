//! Installing the app by OAuth: out to Slack, back from there, and a page that says what has happened.
//!
//! Invariants: only a browser that was sent to Slack from here comes back to anything (see
//! [`installations`](crate::installations)); no secret stands on a page or in the log; a page asks nobody for anything.

mod page;

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use maud::Markup;
use pagerslack_core::TeamId;
use pagerslack_slack::installation::Home;
use pagerslack_store::Causes;
use secrecy::SecretString;

use super::{App, cookie};
use crate::installations::{Installations, LIFE, NotBegun, NotInstalled, StateFault};
use page::Outcome;

/// Nothing but the one style sheet of ours is loaded, nothing runs, and nobody shows the page in a frame.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The longest of what comes back that is read.
const LONGEST: usize = 2_000;

/// What the browser keeps of us while somebody is at Slack.
const COOKIE: &str = "pagerslack-install";

/// Where the style sheet is, beside the callback.
pub(super) const STYLE: &str = "/slack/oauth/style.css";

/// Sends a browser to Slack.
pub(super) async fn begin(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    let Some(installations) = app.entrance.installations() else { return absent() };
    let now = app.entrance.engine().clock().now();
    let secure = installations.is_over_tls();
    match installations.begin(now, cookie::read(&headers, COOKIE, secure)).await {
        Ok(begun) => {
            let set = cookie::set(COOKIE, &begun.cookie, LIFE.as_secs(), secure);
            let Some((to, set)) = HeaderValue::try_from(begun.to).ok().zip(HeaderValue::try_from(set).ok())
            else {
                return shown(Outcome::OurFault);
            };
            let headers = [(header::LOCATION, to), (header::SET_COOKIE, set)];
            with_headers((StatusCode::FOUND, headers).into_response())
        }
        Err(NotBegun::Busy) => shown(Outcome::Busy),
        Err(error) => {
            tracing::error!(error = %Causes(&error), "nobody can install the app just now");
            shown(Outcome::OurFault)
        }
    }
}

/// Takes back whoever comes from Slack.
pub(super) async fn finish(State(app): State<Arc<App>>, uri: Uri, headers: HeaderMap) -> Response {
    let Some(installations) = app.entrance.installations() else { return absent() };
    let now = app.entrance.engine().clock().now();
    let back = Back::read(uri.query().unwrap_or_default());
    let cookie = cookie::read(&headers, COOKIE, installations.is_over_tls());
    match installations.finish(now, &back.state, cookie).await {
        Ok(()) => {}
        Err(StateFault::Unknown) => return shown(Outcome::Expired),
        Err(StateFault::OtherBrowser) => {
            tracing::warn!("somebody came back from Slack in a browser that was not sent there");
            return shown(Outcome::Forged);
        }
        Err(error @ StateFault::Store(_)) => {
            tracing::error!(error = %Causes(&error), "nobody can install the app just now");
            return shown(Outcome::OurFault);
        }
    }
    match (&back.error, back.code) {
        (Some(error), _) if error == "access_denied" => shown(Outcome::Declined),
        (Some(error), _) => shown(Outcome::Refused(error)),
        (None, Some(code)) => install(&app, installations, &code).await,
        (None, None) => shown(Outcome::Expired),
    }
}

async fn install(app: &App, installations: &Installations, code: &SecretString) -> Response {
    let engine = app.entrance.engine();
    match installations.install(engine.clock().now(), code).await {
        Ok(installed) => {
            if let Home::Team(team) = &installed.home {
                engine.directory().forget(&TeamId::clone(team));
            }
            engine.counters().installations.count();
            shown(Outcome::Installed(&installed))
        }
        Err(error) => {
            tracing::error!(error = %Causes(&error), "the app was not installed");
            match &error {
                NotInstalled::Slack(said) => match said.refusal() {
                    Some(refusal) => shown(Outcome::Refused(&refusal.code)),
                    None => shown(Outcome::NoAnswer),
                },
                NotInstalled::NoBot => shown(Outcome::NoBot),
                NotInstalled::Keep(_) => shown(Outcome::OurFault),
            }
        }
    }
}

/// The style sheet of the page.
pub(super) async fn style() -> Response {
    let kind = [(header::CONTENT_TYPE, "text/css; charset=utf-8")];
    with_headers((kind, include_str!("install/page.css")).into_response())
}

/// What Slack's redirect brings.
#[derive(Default)]
struct Back {
    state: String,
    code: Option<SecretString>,
    error: Option<String>,
}

impl Back {
    fn read(query: &str) -> Self {
        let mut back = Self::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            if value.len() > LONGEST {
                continue;
            }
            match name.as_ref() {
                "state" => back.state = value.into_owned(),
                "code" => back.code = Some(SecretString::from(value.into_owned())),
                "error" => back.error = Some(word(&value)),
                _ => {}
            }
        }
        back
    }
}

/// An error of Slack's as it may be shown: what stands there came through somebody's browser.
fn word(text: &str) -> String {
    text.chars().filter(|it| it.is_ascii_alphanumeric() || *it == '_').take(60).collect()
}

/// Where one bot's token serves one workspace, there is nothing to install.
fn absent() -> Response {
    StatusCode::NOT_FOUND.into_response()
}

fn shown(outcome: Outcome<'_>) -> Response {
    let (status, page): (StatusCode, Markup) = (outcome.status(), page::page(&outcome));
    with_headers((status, page).into_response())
}

fn with_headers(mut response: Response) -> Response {
    let headers: [(HeaderName, &'static str); 5] = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ];
    for (name, value) in headers {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_back_is_read_with_care() {
        let back = Back::read("code=a%2Bb&state=s&error=access_denied&code=c&x=y");
        assert_eq!((back.state.as_str(), back.error.as_deref()), ("s", Some("access_denied")));
        assert_eq!(Back::read("error=%3Cscript%3Ealert(1)").error.as_deref(), Some("scriptalert1"));
        let long = "x".repeat(LONGEST + 1);
        assert_eq!(Back::read(&format!("state={long}")).state, "");
    }
}
