//! The way back to the page that somebody asked for before they had signed in: an incident's, from a link in the thread.
//!
//! A cookie, which only our own door sets. Invariant: whatever a browser brings, it leads to a page of this dashboard, and
//! to nothing that acts.

use axum::http::{HeaderMap, Method, Uri};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::http::cookie;

const COOKIE: &str = "pagerslack-way-back";

/// For how many seconds it is kept: signing in takes no longer.
const LIFE: i64 = 600;

/// The longest address that is kept.
const LONGEST: usize = 500;

/// What remembers the page that was asked for, if it is one to come back to.
pub(super) fn remember(method: &Method, asked: &Uri, secure: bool) -> Option<String> {
    let to = asked.path_and_query()?.as_str();
    let kept = || cookie::set(COOKIE, &URL_SAFE_NO_PAD.encode(to), LIFE, secure);
    (method == Method::GET && is_page(to)).then(kept)
}

/// Where somebody wanted to go.
pub(super) fn of(headers: &HeaderMap, secure: bool) -> Option<String> {
    let kept = URL_SAFE_NO_PAD.decode(cookie::read(headers, COOKIE, secure)?).ok()?;
    String::from_utf8(kept).ok().filter(|to| is_page(to))
}

/// What forgets it.
pub(super) fn forget(secure: bool) -> String {
    cookie::set(COOKIE, "", 0, secure)
}

/// Whether this is the address of a page of ours, by its path and in plain letters.
fn is_page(to: &str) -> bool {
    let path = to.split('?').next().unwrap_or_default();
    let named = ["/queue", "/coverage", "/reports"].contains(&path) || path.starts_with("/incidents/");
    let plain = |it: u8| it.is_ascii_alphanumeric() || b"/?=&%+-._~".contains(&it);
    named && to.len() <= LONGEST && to.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderValue, header};

    use super::*;

    fn brings(value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, HeaderValue::try_from(format!("{COOKIE}={value}")).unwrap());
        headers
    }

    #[test]
    fn a_page_of_ours_is_come_back_to() {
        for to in ["/queue", "/queue?q=ana", "/reports?in=T1%2FC1&period=year", "/incidents/T1/abc-1"] {
            let set = remember(&Method::GET, &to.parse().unwrap(), false).unwrap();
            let value = set.split(';').next().unwrap().split_once('=').unwrap().1;
            assert_eq!(of(&brings(value), false).as_deref(), Some(to));
            assert_eq!(remember(&Method::POST, &to.parse().unwrap(), false), None, "{to}");
        }
        assert_eq!(remember(&Method::GET, &"/live".parse().unwrap(), false), None);
    }

    #[test]
    fn nothing_else_is_whatever_a_browser_brings() {
        let long = format!("/queue?q={}", "a".repeat(LONGEST));
        for to in [
            "//evil.example/queue",
            "https://evil.example/queue",
            "/\\evil.example",
            "/queue\r\nSet-Cookie: a=b",
            "/queue/../sign-out",
            "/sign-out",
            "queue",
            "",
            &long,
        ] {
            assert_eq!(of(&brings(&URL_SAFE_NO_PAD.encode(to)), false), None, "{to:?}");
        }
        assert_eq!(of(&brings("no base64!"), false), None);
        assert_eq!(of(&brings(&URL_SAFE_NO_PAD.encode([0xff, 0xfe])), false), None);
    }
}
