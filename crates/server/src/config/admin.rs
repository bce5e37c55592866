//! The admin token: whoever shows it may fetch the statistics and replace the team's files over HTTP.
//!
//! Invariant (P8): it is compared in constant time, whatever its length, and never printed.

use std::path::Path;

use anyhow::Context as _;
use pagerslack_sources::settings;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use url::Url;

use super::Environment;
use crate::vault::hex;

/// A token is as good as it is long: nothing limits how often one may be tried.
const SHORTEST: usize = 24;

/// No token of ours is longer: this keeps a wrong name from filling the memory.
const LONGEST: u64 = 4096;

/// The token.
#[derive(Clone, Debug)]
pub struct AdminToken(SecretString);

impl AdminToken {
    /// The token in the file that is named, else in `PAGERSLACK_ADMIN_TOKEN`, else in the file that
    /// `PAGERSLACK_ADMIN_TOKEN_FILE` names.
    ///
    /// # Errors
    /// When its file cannot be read, or it is no token. What it is instead is not said.
    pub fn read(named: Option<&Path>, environment: &Environment) -> anyhow::Result<Option<Self>> {
        let of_file = |path: &Path| Self::of_file(path).map(Some);
        match (named, &environment.admin_token, environment.admin_token_file.as_deref()) {
            (Some(path), ..) => of_file(path),
            (None, Some(token), _) => {
                Self::new(token.expose_secret()).map(Some).context("PAGERSLACK_ADMIN_TOKEN")
            }
            (None, None, Some(path)) => of_file(path).context("PAGERSLACK_ADMIN_TOKEN_FILE"),
            (None, None, None) => Ok(None),
        }
    }

    fn of_file(path: &Path) -> anyhow::Result<Self> {
        use std::io::Read as _;
        let mut text = String::new();
        std::fs::File::open(path)
            .and_then(|file| file.take(LONGEST).read_to_string(&mut text))
            .with_context(|| format!("cannot read {}", path.display()))?;
        Self::new(&text).with_context(|| path.display().to_string())
    }

    fn new(text: &str) -> anyhow::Result<Self> {
        let text = text.trim();
        anyhow::ensure!(
            text.len() >= SHORTEST && text.bytes().all(|byte| byte.is_ascii_graphic()),
            "must be {SHORTEST} letters, digits and signs or more, such as `openssl rand -hex 32` makes"
        );
        Ok(Self(SecretString::from(text.to_owned())))
    }

    /// Whether this is it. Fingerprints are compared, so that the time tells not even how long it is.
    pub fn is(&self, shown: &[u8]) -> bool {
        let fingerprint = |text: &[u8]| Sha256::digest(text);
        fingerprint(self.expose().as_bytes()).ct_eq(&fingerprint(shown)).into()
    }

    /// By what it can be told from another without being known.
    pub fn fingerprint(&self) -> String {
        hex(&Sha256::new_with_prefix(b"pagerslack admin token").chain_update(self.expose()).finalize())
    }

    /// Whether a fingerprint is of this one.
    pub fn is_fingerprinted(&self, fingerprint: &str) -> bool {
        self.fingerprint().as_bytes().ct_eq(fingerprint.as_bytes()).into()
    }

    /// The token itself, for the request and nothing else.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

/// Reads the address of a server that is shown the token.
///
/// # Errors
/// What it must be.
pub fn server_address(text: &str) -> Result<Url, String> {
    settings::api_url(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "0123456789abcdef01234567";

    #[test]
    fn only_the_token_is_the_token() {
        let token = AdminToken::new(&format!(" {GOOD}\n")).unwrap();
        assert!(token.is(GOOD.as_bytes()));
        for wrong in ["", "0123456789abcdef01234568", "0123456789abcdef012345678", "0123456789abcdef0123456"]
        {
            assert!(!token.is(wrong.as_bytes()), "{wrong}");
        }
        assert!(!format!("{token:?}").contains(GOOD));
    }

    #[test]
    fn a_bad_token_is_refused_and_not_repeated() {
        for bad in ["hunter2", "hunter2 hunter2 hunter2 hunter2", "hunter2-hunter2-hunter2-hünter2"] {
            let told = format!("{:#}", AdminToken::new(bad).unwrap_err());
            assert!(told.starts_with("must be 24 letters") && !told.contains("hunter2"), "{told}");
        }
    }

    #[test]
    fn what_is_named_comes_first_and_the_variable_before_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let named = file("named", "named-named-named-named-named\n");
        let environment = Environment {
            admin_token: Some(SecretString::from(GOOD.to_owned())),
            admin_token_file: Some(file("file", "file-file-file-file-file-file\n")),
            ..Environment::default()
        };
        let read = |named: Option<&Path>, environment: &Environment| {
            AdminToken::read(named, environment).map(|token| token.map(|token| token.expose().to_owned()))
        };
        assert_eq!(read(Some(&named), &environment).unwrap().unwrap(), "named-named-named-named-named");
        assert_eq!(read(None, &environment).unwrap().unwrap(), GOOD);
        let environment = Environment { admin_token: None, ..environment };
        assert_eq!(read(None, &environment).unwrap().unwrap(), "file-file-file-file-file-file");
        assert_eq!(read(None, &Environment::default()).unwrap(), None);
        let absent = folder.path().join("absent");
        let told = format!("{:#}", read(Some(&absent), &environment).unwrap_err());
        assert!(told.contains("cannot read") && told.contains("absent"), "{told}");
    }
}
