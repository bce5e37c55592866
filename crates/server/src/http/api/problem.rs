//! What is said when the answer is no: problem details, as RFC 9457 has them, with what to do.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use pagerslack_slack::words::Mistake;
use serde::Serialize;
use utoipa::ToSchema;

/// How soon somebody tries again whom the store has let down.
const SOON: u64 = 5;

/// Why something was not done, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Problem {
    /// Which kind of problem, for programs.
    #[serde(rename = "type")]
    #[schema(examples("urn:pagerslack:problem:unauthorized"))]
    kind: String,
    /// The same in a few words.
    title: &'static str,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// What happened here, and what to do.
    detail: String,
    /// In how many seconds it makes sense to try again.
    #[serde(skip)]
    #[schema(ignore)]
    retry_after: Option<u64>,
}

impl Problem {
    fn new(status: StatusCode, kind: &str, title: &'static str, detail: impl Into<String>) -> Self {
        let kind = format!("urn:pagerslack:problem:{kind}");
        Self { kind, title, status: status.as_u16(), detail: detail.into(), retry_after: None }
    }

    pub(super) fn unauthorized() -> Self {
        let detail = "Show a token that is neither revoked nor expired, as `Authorization: Bearer pgs_…`; `pagerslack token \
                      create` makes one.";
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", "No valid token", detail)
    }

    pub(super) fn forbidden(what: &str) -> Self {
        let detail =
            format!("This token is not for {what}: ask for one that is, with `pagerslack token create`.");
        Self::new(StatusCode::FORBIDDEN, "out-of-scope", "Not what this token is for", detail)
    }

    pub(super) fn not_found() -> Self {
        let detail = "There is no such incident where this token may look: check the id that the report was answered with.";
        Self::new(StatusCode::NOT_FOUND, "no-such-incident", "No such incident", detail)
    }

    pub(super) fn malformed(what: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed", "The request cannot be read", what)
    }

    pub(super) fn wrong(what: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", "The report cannot be taken", what)
    }

    pub(super) fn reused_key() -> Self {
        let detail = "This Idempotency-Key came with another report before, and nothing was done: give every incident a key \
                      of its own.";
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "key-reused",
            "The key was used for another report",
            detail,
        )
    }

    pub(super) fn unavailable() -> Self {
        let detail = "The store is out of reach: count on nothing being recorded, and on nobody being paged by this. Try again, \
                      and page by hand meanwhile.";
        let problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Not recorded", detail);
        Self { retry_after: Some(SOON), ..problem }
    }

    pub(super) fn too_many(seconds: u64) -> Self {
        let detail = format!(
            "This token is used too often: nothing was done, try again in {seconds} s. `requests_per_minute` under [api] in \
             pagerslack.toml sets how often it may be."
        );
        let problem =
            Self::new(StatusCode::TOO_MANY_REQUESTS, "too-many-requests", "Too many requests", detail);
        Self { retry_after: Some(seconds), ..problem }
    }

    /// The same for a machine that only tries again what failed on our side.
    pub(super) fn for_alertmanager(self) -> Self {
        if self.status == StatusCode::TOO_MANY_REQUESTS.as_u16() {
            return Self { status: StatusCode::SERVICE_UNAVAILABLE.as_u16(), ..self };
        }
        self
    }

    /// A body that could not be read.
    pub(super) fn of_body(status: StatusCode, limit: usize) -> Self {
        match status {
            StatusCode::PAYLOAD_TOO_LARGE => {
                let detail = format!(
                    "No more than {} KiB are taken: leave out what the person paged need not know.",
                    limit >> 10
                );
                Self::new(status, "too-large", "The body is too large", detail)
            }
            StatusCode::REQUEST_TIMEOUT => {
                let detail = "The body came too slowly: send it at once.";
                Self::new(status, "too-slow", "The body came too slowly", detail)
            }
            StatusCode::NOT_IMPLEMENTED => {
                let detail = "The body is in a transfer coding that nobody undoes here: send it as it is.";
                Self::new(status, "transfer-coding", "Unknown transfer coding", detail)
            }
            _ => Self::malformed("The body broke off: send it again."),
        }
    }

    pub(super) fn not_json() -> Self {
        let detail = "The body must be JSON, and say so: Content-Type: application/json.";
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not-json", "Not JSON", detail)
    }
}

impl From<Mistake> for Problem {
    fn from(mistake: Mistake) -> Self {
        Self::wrong(match mistake {
            Mistake::TooLong => "`url` is too long for a page: give a shorter one.",
            _ => "`url` must be the incident's address, beginning with https:// or http://.",
        })
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response =
            (status, [(header::CONTENT_TYPE, "application/problem+json")], body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            // Its body was not read: nothing that came behind it is answered, for it might be hidden there.
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}
