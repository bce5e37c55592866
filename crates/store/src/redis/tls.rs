//! TLS to Redis, and what is said when there can be none.
//!
//! Whom to trust is the system's affair: the redis crate takes its authorities, or those in `SSL_CERT_FILE` and
//! `SSL_CERT_DIR` instead. There is no way to trust nobody in particular.

use redis::RedisError;

use super::RedisOpenError;
use crate::Causes;

/// How rustls begins whatever it says against a certificate.
const AGAINST_THE_CERTIFICATE: &str = "invalid peer certificate: ";

/// What it says then, and what to do about it. The first that fits counts.
const ADVICE: [(&[&str], &str); 6] = [
    (
        // The latter of an authority that was made anew under its old name.
        &["UnknownIssuer", "BadSignature"],
        "the certificate of Redis is signed by nobody who is trusted here: name a PEM file in SSL_CERT_FILE that holds the \
         authority that signed it and, as it takes their place, the system's (/etc/ssl/certs/ca-certificates.crt)",
    ),
    (
        &["CaUsedAsEndEntity"],
        "the certificate of Redis is an authority's own, and TLS takes none such for a server: have that authority sign \
         one for the server",
    ),
    (
        &["not valid for", "NotValidForName"],
        "the certificate of Redis is for another name: address Redis by a name or an IP address that stands in it",
    ),
    (
        &["expired", "Expired"],
        "the certificate of Redis has expired: renew it, or set the clock of this machine",
    ),
    (
        &["not valid yet", "NotValidYet"],
        "the certificate of Redis is not valid yet: set the clock of this machine, or wait",
    ),
    (&[""], "the certificate of Redis is not accepted: have another one signed"),
];

/// What rustls says when the other side does not speak TLS at all, and what to do about that.
const NO_TLS: (&str, &str) = (
    "InvalidContentType",
    "Redis does not speak TLS at this address: write redis:// for rediss://, or the port on which it does",
);

/// Chooses who does the cryptography, unless somebody has: without, the redis crate panics at the first connection.
pub(super) fn choose_provider() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

/// Why nothing could be asked of Redis when it was reached for.
pub(super) fn unreachable(error: RedisError) -> RedisOpenError {
    match refusal(&error) {
        Some(advice) => RedisOpenError::Tls { advice, source: error },
        None => RedisOpenError::Unreachable(error),
    }
}

/// What to do about a server with which there can be no TLS; `None` where something else is wrong.
pub(super) fn refusal(error: &RedisError) -> Option<&'static str> {
    advice(&Causes(error).to_string())
}

/// What to do, by what was said. It is read in the text, for a cluster's client passes nothing else on.
fn advice(said: &str) -> Option<&'static str> {
    let Some((_, why)) = said.split_once(AGAINST_THE_CERTIFICATE) else {
        return said.contains(NO_TLS.0).then_some(NO_TLS.1);
    };
    let fits = |marks: &[&str]| marks.iter().any(|mark| why.contains(mark));
    ADVICE.iter().find(|(marks, _)| fits(marks)).map(|(_, advice)| *advice)
}

#[cfg(test)]
mod tests {
    use rustls::pki_types::ServerName;
    use rustls::{CertificateError, Error, InvalidMessage};

    use super::*;

    /// In rustls' own words: another version may choose others.
    #[test]
    fn each_refusal_says_what_to_do() {
        let name = ServerName::try_from("redis.example").unwrap();
        let other =
            CertificateError::NotValidForNameContext { expected: name, presented: vec!["db.example".into()] };
        for (error, says) in [
            (CertificateError::UnknownIssuer.into(), "SSL_CERT_FILE"),
            (CertificateError::Expired.into(), "has expired"),
            (CertificateError::NotValidYet.into(), "not valid yet"),
            (CertificateError::NotValidForName.into(), "another name"),
            (other.into(), "another name"),
            (CertificateError::BadSignature.into(), "SSL_CERT_FILE"),
            (CertificateError::Revoked.into(), "have another one signed"),
            (Error::InvalidMessage(InvalidMessage::InvalidContentType), "redis:// for rediss://"),
        ] {
            let error: Error = error;
            let said = std::io::Error::new(std::io::ErrorKind::InvalidData, error).to_string();
            assert!(advice(&said).is_some_and(|advice| advice.contains(says)), "{said}");
        }
        assert_eq!(advice("Connection refused (os error 111)"), None);
    }
}
