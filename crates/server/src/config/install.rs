//! How the app is installed in many workspaces: by OAuth, with the tokens sealed. All of it comes from the environment.

use std::io::Read as _;
use std::sync::Arc;

use pagerslack_slack::client::AppCredentials;
use secrecy::SecretString;
use url::{Host, Url};

use super::{ConfigFaults, ENVIRONMENT, Environment};
use crate::vault::Vault;

/// Where Slack sends a browser back to.
pub const CALLBACK: &str = "/slack/oauth/callback";

/// The largest file of keys that is read, in bytes: hundreds of keys.
const LARGEST: u64 = 64 << 10;

/// What installing by OAuth needs.
#[derive(Clone, Debug)]
pub struct InstallConfig {
    /// By what Slack knows the app.
    pub app: AppCredentials,
    /// Where Slack sends a browser back to.
    pub redirect_uri: Url,
    /// Seals the tokens.
    pub vault: Arc<Vault>,
}

/// The keys, if there are any, and what installing by OAuth needs, if it is wanted.
///
/// # Errors
///
/// All that is missing or wrong.
pub(super) fn read(environment: &Environment) -> Result<Option<InstallConfig>, ConfigFaults> {
    let mut faults = ConfigFaults::default();
    let vault = vault(environment).unwrap_or_else(|what| {
        faults.add_one(ENVIRONMENT, what);
        None
    });
    if !wanted(environment) {
        return faults.or(None);
    }
    let mut need = |there: bool, what: &str| {
        if !there {
            faults.add_one(ENVIRONMENT, what);
        }
    };
    need(
        environment.client_id.is_some(),
        "SLACK_CLIENT_ID is not set: copy it from the app's page \"Basic Information\"",
    );
    need(
        environment.client_secret.is_some(),
        "SLACK_API_SECRET is not set: copy the client secret from the app's page \"Basic Information\"",
    );
    need(
        environment.redirect_uri.is_some(),
        "SLACK_REDIRECT_URI is not set: it is this bot's address from outside, then /slack/oauth/callback",
    );
    need(
        vault.is_some() || names_keys(environment),
        "installing by OAuth needs a key that seals the tokens: make one with `pagerslack keys new`, keep it apart from \
         the database, and set PAGERSLACK_KEY, or PAGERSLACK_KEY_FILE to the file that holds it",
    );
    let redirect_uri = environment.redirect_uri.as_deref().and_then(|text| match address(text) {
        Ok(url) => Some(url),
        Err(what) => {
            faults.add_one(ENVIRONMENT, format!("SLACK_REDIRECT_URI {what}"));
            None
        }
    });
    let found =
        environment.client_id.clone().zip(environment.client_secret.clone()).zip(redirect_uri).zip(vault);
    let config = found.map(|(((client_id, client_secret), redirect_uri), vault)| InstallConfig {
        app: AppCredentials { client_id, client_secret },
        redirect_uri,
        vault,
    });
    faults.or(config)
}

/// Whether the environment asks for installing by OAuth. A bot's token is the simple way, and goes first.
pub(super) fn wanted(environment: &Environment) -> bool {
    environment.bot_token.is_none() && (environment.client_id.is_some() || environment.redirect_uri.is_some())
}

/// Whether the environment has what it takes to ask Slack anything, or means to.
pub fn asks_slack(environment: &Environment) -> bool {
    environment.bot_token.is_some() || wanted(environment)
}

/// The keys that the environment names; `None` if it names none.
///
/// # Errors
///
/// What is wrong with them, without the keys.
pub fn vault(environment: &Environment) -> Result<Option<Arc<Vault>>, String> {
    let (name, text) = match (&environment.key, &environment.key_file) {
        (None, None) => return Ok(None),
        (Some(_), Some(_)) => {
            return Err(
                "PAGERSLACK_KEY and PAGERSLACK_KEY_FILE are both set: leave one of them out".to_owned()
            );
        }
        (Some(key), None) => ("PAGERSLACK_KEY".to_owned(), key.clone()),
        (None, Some(path)) => {
            let name = format!("PAGERSLACK_KEY_FILE ({})", path.display());
            let mut text = String::new();
            let read =
                std::fs::File::open(path).and_then(|file| file.take(LARGEST).read_to_string(&mut text));
            read.map_err(|error| format!("{name} cannot be read: {error}"))?;
            (name, SecretString::from(text))
        }
    };
    Vault::read(&text).map(|vault| Some(Arc::new(vault))).map_err(|fault| format!("{name} {fault}"))
}

/// Whether keys are named at all: then what is wrong with them has been said.
fn names_keys(environment: &Environment) -> bool {
    environment.key.is_some() || environment.key_file.is_some()
}

fn address(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("is no address: {error}"))?;
    let here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    if url.scheme() != "https" && !(url.scheme() == "http" && here) {
        return Err("must begin with https://, as Slack sends nobody elsewhere".to_owned());
    }
    if !url.path().ends_with(CALLBACK) || url.query().is_some() || url.fragment().is_some() {
        return Err(format!("must end with {CALLBACK}"));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use pagerslack_slack::transport::Token;
    use secrecy::ExposeSecret as _;

    use super::*;
    use crate::vault::Key;

    fn complete() -> Environment {
        Environment {
            client_id: Some("1.2".to_owned()),
            client_secret: Some("hunter2".into()),
            redirect_uri: Some("https://pager.example/slack/oauth/callback".to_owned()),
            key: Some(Key::draw().unwrap().text().clone()),
            ..Environment::default()
        }
    }

    fn check(change: impl FnOnce(&mut Environment), told: &str) {
        let mut environment = complete();
        change(&mut environment);
        let said = read(&environment).unwrap_err().to_string();
        assert!(said.contains(told) && !said.contains("psk_0") && !said.contains("hunter2"), "{said}");
    }

    #[test]
    fn what_is_missing_or_wrong_is_said_with_what_to_do() {
        assert!(read(&complete()).unwrap().is_some());
        check(|it| it.client_id = None, "SLACK_CLIENT_ID is not set");
        check(|it| it.client_secret = None, "SLACK_API_SECRET is not set");
        check(|it| it.redirect_uri = None, "SLACK_REDIRECT_URI is not set");
        check(|it| it.key = None, "`pagerslack keys new`");
        check(|it| it.key = Some("psk_0".into()), "PAGERSLACK_KEY holds a key that is damaged");
        check(|it| it.key_file = Some(PathBuf::from("keys")), "both set");
        let plain = "http://pager.example/slack/oauth/callback";
        check(|it| it.redirect_uri = Some(plain.to_owned()), "must begin with https://");
        check(
            |it| it.redirect_uri = Some("https://pager.example/".to_owned()),
            "must end with /slack/oauth/callback",
        );
    }

    #[test]
    fn the_keys_may_stand_in_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        let from_file = || Environment { key: None, key_file: Some(path.clone()), ..complete() };
        assert!(read(&from_file()).unwrap_err().to_string().contains("cannot be read"));
        let key = Key::draw().unwrap();
        std::fs::write(&path, format!("# of May\n{}\n", key.text().expose_secret())).unwrap();
        assert_eq!(read(&from_file()).unwrap().unwrap().vault.sealing_key(), key.id());
    }

    #[test]
    fn a_bots_token_is_the_simple_way_and_goes_first() {
        let environment = Environment { bot_token: Some(Token::new("xoxb-1")), key: None, ..complete() };
        assert!(read(&environment).unwrap().is_none());
        assert!(read(&Environment::default()).unwrap().is_none());
    }
}
