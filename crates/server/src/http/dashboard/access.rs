//! Who gets in, and whom a page is made for.
//!
//! On loopback everybody who can reach it may: whoever reads the machine's own network could read the database too. A
//! page elsewhere in a browser must not be able to by another name for this address, so the name asked for has to be one
//! of loopback's.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use pagerslack_core::{RotationId, TeamId};
use pagerslack_store::StoreError;

use super::Dashboard;

/// How people get in.
pub(crate) enum Access {
    /// Everybody who can reach it on loopback.
    Open,
}

/// Whom a page is made for.
#[derive(Clone, Debug)]
pub(super) struct Viewer {
    /// The workspaces that they may see; `None` for all of them.
    teams: Option<BTreeSet<TeamId>>,
    name: Option<String>,
}

impl Viewer {
    /// What they are called, where they had to say it.
    pub(super) fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Whether they may see a workspace.
    pub(super) fn sees(&self, team: &TeamId) -> bool {
        self.teams.as_ref().is_none_or(|teams| teams.contains(team))
    }

    /// The rotations that they may see.
    pub(super) async fn rotations(&self, dashboard: &Dashboard) -> Result<Vec<RotationId>, StoreError> {
        let mut rotations = dashboard.engine().store().rotations().await?;
        rotations.retain(|rotation| self.sees(&rotation.team));
        Ok(rotations)
    }
}

impl FromRequestParts<Arc<Dashboard>> for Viewer {
    type Rejection = Response;

    async fn from_request_parts(
        parts: &mut Parts,
        dashboard: &Arc<Dashboard>,
    ) -> Result<Self, Self::Rejection> {
        match &dashboard.access {
            Access::Open if is_for_loopback(&parts.headers) => Ok(Self { teams: None, name: None }),
            Access::Open => Err((
                StatusCode::MISDIRECTED_REQUEST,
                "this dashboard is for this machine alone: open it as http://localhost\n",
            )
                .into_response()),
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
