//! Who gets in, and whom a page is made for.
//!
//! On loopback everybody who can reach it may: whoever is on the machine could read the database too. A page elsewhere in
//! a browser must not be able to by another name for this address, so the name asked for has to be one of loopback's.
//! Anywhere else, and wherever requests are passed on from outside, people sign in.
//!
//! Invariant: nothing of a page is made before [`guard`] has found out for whom. Whoever is not let in is told the same
//! whatever they asked for; their browser keeps what that was ([`way_back`]).

use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use pagerslack_core::availability::Account;
use pagerslack_core::{RotationId, TeamId};
use pagerslack_store::{Causes, StoreError};

use super::Dashboard;
use super::session::{Session, Sessions, Who};
use super::sign_in::SIGN_IN;
use super::way_back;
use super::with_slack::WithSlack;
use crate::config::AdminToken;

/// How people get in.
pub(crate) enum Access {
    /// Everybody who can reach it on loopback.
    Open,
    /// Whoever has signed in.
    Guarded(Box<Gate>),
}

/// Where people sign in.
pub(crate) struct Gate {
    /// Those who have.
    pub(super) sessions: Sessions,
    /// With Slack.
    pub(super) slack: Option<WithSlack>,
    /// With the admin token.
    pub(super) token: Option<AdminToken>,
    /// Whether browsers come over TLS.
    pub(super) secure: bool,
}

/// Whom a page is made for.
#[derive(Clone, Debug)]
pub(super) struct Viewer {
    /// The workspace that they may see; `None` for all of them.
    team: Option<TeamId>,
    name: Option<String>,
}

impl Viewer {
    /// What they are called, where they had to say it.
    pub(super) fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Whether they may see a workspace.
    pub(super) fn sees(&self, team: &TeamId) -> bool {
        self.team.as_ref().is_none_or(|own| own == team)
    }

    /// The rotations that they may see.
    pub(super) async fn rotations(&self, dashboard: &Dashboard) -> Result<Vec<RotationId>, StoreError> {
        let mut rotations = dashboard.engine().store().rotations().await?;
        rotations.retain(|rotation| self.sees(&rotation.team));
        Ok(rotations)
    }
}

impl FromRequestParts<Arc<Dashboard>> for Viewer {
    type Rejection = StatusCode;

    /// The guard has put them there.
    async fn from_request_parts(parts: &mut Parts, _: &Arc<Dashboard>) -> Result<Self, Self::Rejection> {
        parts.extensions.get::<Self>().cloned().ok_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

/// Stands before every page.
pub(super) async fn guard(
    State(dashboard): State<Arc<Dashboard>>,
    mut request: Request,
    next: Next,
) -> Response {
    let admitted = match &dashboard.access {
        Access::Open if is_for_loopback(request.headers()) => Ok((Viewer { team: None, name: None }, None)),
        Access::Open => {
            let said = "this dashboard is for this machine alone: open it as http://localhost\n";
            Err((StatusCode::MISDIRECTED_REQUEST, said).into_response())
        }
        Access::Guarded(gate) => gate.admit(&dashboard, request.headers()).await,
    };
    let (viewer, cookie) = match admitted {
        Ok(admitted) => admitted,
        Err(mut refused) => {
            if let Access::Guarded(gate) = &dashboard.access
                && refused.status() == StatusCode::SEE_OTHER
                && let Some(way) = way_back::remember(request.method(), request.uri(), gate.secure)
                && let Ok(way) = HeaderValue::try_from(way)
            {
                refused.headers_mut().append(header::SET_COOKIE, way);
            }
            return refused;
        }
    };
    request.extensions_mut().insert(viewer);
    let mut response = next.run(request).await;
    if let Some(cookie) = cookie.and_then(|cookie| HeaderValue::try_from(cookie).ok()) {
        // Whoever signs out in this very request has the last word.
        response.headers_mut().entry(header::SET_COOKIE).or_insert(cookie);
    }
    response
}

impl Gate {
    /// Who asks, and the cookie that they are to have from now on if it is another.
    async fn admit(
        &self,
        dashboard: &Dashboard,
        headers: &HeaderMap,
    ) -> Result<(Viewer, Option<String>), Response> {
        let now = dashboard.engine().clock().now();
        let out = || Redirect::to(SIGN_IN).into_response();
        let found = self.sessions.of(now, headers).await.map_err(|error| {
            tracing::error!(error = %Causes(&error), "nobody can be let in to the dashboard just now");
            (StatusCode::SERVICE_UNAVAILABLE, "the store cannot be read just now\n").into_response()
        })?;
        let Some(held) = found.filter(|held| self.still_holds(dashboard, &held.session)) else {
            return Err(out());
        };
        let cookie = if held.is_stale(now) { self.renewed(dashboard, &held).await? } else { None };
        let Session { who, name, .. } = held.session;
        let team = match who {
            Who::Member { team, .. } => Some(team),
            Who::Admin { .. } => None,
        };
        Ok((Viewer { team, name: Some(name) }, cookie))
    }

    /// Whether somebody who was let in would be now, as far as that is known without asking anybody.
    fn still_holds(&self, dashboard: &Dashboard, session: &Session) -> bool {
        match &session.who {
            Who::Admin { token } => self.token.as_ref().is_some_and(|own| own.is_fingerprinted(token)),
            Who::Member { team, user } => {
                let engine = dashboard.engine();
                let settings = engine.settings();
                let guests = &settings.guests;
                let many = dashboard.entrance.installations().is_some();
                // Who is in a group is asked when the session is renewed.
                let invited = guests.is_open() || guests.group.is_some() || guests.names(team, user, many);
                let person = engine.directory().person_of_any_age(team, user);
                let gone = person.is_some_and(|person| person.account(team) != Account::Member);
                self.slack.is_some() && invited && !gone
            }
        }
    }

    /// Looks at somebody anew who was let in some time ago, and gives them another cookie.
    async fn renewed(
        &self,
        dashboard: &Dashboard,
        held: &super::session::Held,
    ) -> Result<Option<String>, Response> {
        if let (Who::Member { team, user }, Some(slack)) = (&held.session.who, &self.slack)
            && let Err(refusal) = slack.admits(dashboard, team, user).await
            && refusal.is_certain()
        {
            self.sessions.end(held).await;
            return Err(Redirect::to(SIGN_IN).into_response());
        }
        let now = dashboard.engine().clock().now();
        match self.sessions.renew(now, held).await {
            Ok(cookie) => Ok(cookie),
            Err(error) => {
                // The old one is good for as long as it was.
                tracing::warn!(error = %Causes(&error), "a session of the dashboard was not renewed");
                Ok(None)
            }
        }
    }
}

/// Whether a request asks for a name of loopback's, and nobody has passed it on from elsewhere.
fn is_for_loopback(headers: &HeaderMap) -> bool {
    const PASSED_ON: [&str; 5] = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"];
    let mut hosts = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
    let host = host.to_str().unwrap_or_default();
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|it| it.is_ascii_digit()) => name,
        _ => host,
    };
    let is_loopback = ["localhost", "127.0.0.1", "[::1]"].iter().any(|it| name.eq_ignore_ascii_case(it));
    is_loopback && PASSED_ON.iter().all(|header| !headers.contains_key(*header))
}

/// Whether what acts was sent by a page of ours: a browser says where it comes from, and no page can say it for it.
pub(super) fn is_from_here(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let (Some(origin), Some(host)) = (text("origin"), text("host")) else {
        return text("sec-fetch-site") == Some("same-origin");
    };
    origin.split_once("://").is_some_and(|(_, from)| from.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn headers(all: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in all {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn only_names_of_loopback_are_let_in_without_more() {
        for host in ["localhost", "LOCALHOST:8080", "127.0.0.1:8080", "[::1]", "[::1]:80"] {
            assert!(is_for_loopback(&headers(&[("host", host)])), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "localhost.evil.example:8080",
            "127.0.0.1.evil.example",
            "::1",
            "localhost:x",
        ] {
            assert!(!is_for_loopback(&headers(&[("host", host)])), "{host}");
        }
        assert!(
            !is_for_loopback(&headers(&[("host", "localhost"), ("host", "localhost")])),
            "two names are none"
        );
        assert!(!is_for_loopback(&headers(&[("host", "localhost"), ("x-forwarded-for", "192.0.2.1")])));
        assert!(!is_for_loopback(&headers(&[])));
    }

    #[test]
    fn what_acts_must_come_from_a_page_of_ours() {
        let ours = [("host", "pager.example"), ("origin", "https://pager.example")];
        assert!(is_from_here(&headers(&ours)));
        assert!(is_from_here(&headers(&[("host", "pager.example"), ("sec-fetch-site", "same-origin")])));
        for other in ["https://evil.example", "null", "https://pager.example.evil.example"] {
            assert!(!is_from_here(&headers(&[("host", "pager.example"), ("origin", other)])), "{other}");
        }
        assert!(!is_from_here(&headers(&[("host", "pager.example"), ("sec-fetch-site", "cross-site")])));
        assert!(
            !is_from_here(&headers(&[("host", "pager.example")])),
            "whoever says nothing is not believed"
        );
    }
}
