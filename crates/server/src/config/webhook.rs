//! Who outside is told what happens: what `pagerslack.toml` says of them, and their secrets, from the environment.

use std::path::PathBuf;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use pagerslack_core::ChannelId;
use pagerslack_sources::settings::{File, HeartbeatUrl, WebhookKeys};
use secrecy::{ExposeSecret, SecretSlice, SecretString};

use super::{ConfigFaults, ENVIRONMENT, Environment};

/// How many bytes a secret has.
const LENGTHS: std::ops::RangeInclusive<usize> = 24..=64;

/// One address outside, with all that it needs.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// By which it is known.
    pub name: String,
    /// Where it is.
    pub url: HeartbeatUrl,
    /// Signs what it is told.
    pub secret: SecretSlice<u8>,
    /// Of which events it is told; of all, if there is none.
    pub events: Vec<&'static str>,
    /// Of which channels; of all, if there is none.
    pub channels: Vec<ChannelId>,
    /// Whether it is told what the reporter wrote.
    pub note: bool,
}

/// All of them.
///
/// # Errors
/// Every secret that is missing or wrong, without what it is.
pub(super) fn read(file: &File, environment: &Environment) -> Result<Vec<Webhook>, ConfigFaults> {
    let mut faults = ConfigFaults::default();
    let mut found = Vec::new();
    for keys in &file.webhooks {
        let WebhookKeys { name, url, events, channels, note } = keys.clone();
        match secret(&keys.variable(), environment) {
            Ok(secret) => found.push(Webhook { name, url, secret, events, channels, note }),
            Err(what) => faults.add_one(ENVIRONMENT, what),
        }
    }
    faults.or(found)
}

fn secret(variable: &str, environment: &Environment) -> Result<SecretSlice<u8>, String> {
    let in_file = format!("{variable}_FILE");
    let text = match (environment.webhooks.get(variable), environment.webhooks.get(&in_file)) {
        (Some(text), _) => text.clone(),
        (None, Some(path)) => {
            let path = PathBuf::from(path.expose_secret());
            let text = std::fs::read_to_string(&path);
            SecretString::from(
                text.map_err(|error| format!("{in_file}: cannot read {}: {error}", path.display()))?,
            )
        }
        (None, None) => {
            return Err(format!(
                "{variable} is not set: it holds the secret that signs the webhook, whsec_ and the base64 of 24 to 64 \
                 bytes, such as `echo whsec_$(openssl rand -base64 32)` makes; or {in_file} names the file that holds it"
            ));
        }
    };
    let bytes =
        text.expose_secret().trim().strip_prefix("whsec_").and_then(|text| BASE64_STANDARD.decode(text).ok());
    match bytes {
        Some(bytes) if LENGTHS.contains(&bytes.len()) => Ok(bytes.into()),
        _ => Err(format!("{variable} must be whsec_ and the base64 of 24 to 64 bytes")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<usize, String> {
        let webhooks = [("PAGERSLACK_WEBHOOK_A".to_owned(), SecretString::from(text.to_owned()))].into();
        let environment = Environment { webhooks, ..Environment::default() };
        secret("PAGERSLACK_WEBHOOK_A", &environment).map(|secret| secret.expose_secret().len())
    }

    #[test]
    fn a_secret_is_one_or_is_refused_and_not_repeated() {
        assert_eq!(check(" whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n"), Ok(24));
        for wrong in ["hunter2", "whsec_hunter2", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"] {
            let told = check(wrong).unwrap_err();
            assert!(told.contains("must be whsec_") && !told.contains("hunter2"), "{told}");
        }
        let missing = secret("PAGERSLACK_WEBHOOK_A", &Environment::default()).unwrap_err();
        assert!(missing.contains("PAGERSLACK_WEBHOOK_A_FILE"), "{missing}");
    }
}
