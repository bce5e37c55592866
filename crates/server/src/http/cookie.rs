//! Cookies: for this host alone, out of any script's reach, and over TLS only wherever browsers come over TLS.

use axum::http::{HeaderMap, header};

/// A cookie's whole name. With `__Host-` a browser keeps it for this host alone, and takes it over TLS only.
pub(super) fn name(name: &str, secure: bool) -> String {
    if secure { format!("__Host-{name}") } else { name.to_owned() }
}

/// What sets a cookie for so many seconds.
pub(super) fn set(called: &str, value: &str, life: i64, secure: bool) -> String {
    let name = name(called, secure);
    let secure = if secure { "; Secure" } else { "" };
    // Lax: it must come along when Slack sends the browser back, and must not with what another site posts.
    format!("{name}={value}; Path=/; Max-Age={life}; HttpOnly; SameSite=Lax{secure}")
}

/// The value that a browser brings.
pub(super) fn read<'a>(headers: &'a HeaderMap, called: &str, secure: bool) -> Option<&'a str> {
    let name = name(called, secure);
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = all.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find_map(|(found, value)| (found == name).then_some(value))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_cookie_is_found_among_others_and_kept_for_this_host() {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, HeaderValue::from_static("a=1; it=plain; __Host-it=abc"));
        assert_eq!((read(&headers, "it", true), read(&headers, "it", false)), (Some("abc"), Some("plain")));
        assert_eq!(
            set("it", "abc", 600, true),
            "__Host-it=abc; Path=/; Max-Age=600; HttpOnly; SameSite=Lax; Secure"
        );
    }
}
