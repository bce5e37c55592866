//! What the environment says. Nothing else in PagerSlack reads it.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use pagerslack_slack::transport::Token;
use pagerslack_sources::settings::without_credentials;
use secrecy::SecretString;

/// The variables that PagerSlack knows, unchecked. Empty ones count as unset.
#[derive(Clone, Default)]
pub struct Environment {
    /// `PAGERSLACK_CONFIG`: the configuration file.
    pub config: Option<PathBuf>,
    /// `PAGERSLACK_LISTEN`.
    pub listen: Option<String>,
    /// `PAGERSLACK_STORE`.
    pub store: Option<String>,
    /// `SLACK_API_URL`.
    pub api_url: Option<String>,
    /// `SLACK_BOT_TOKEN`.
    pub bot_token: Option<Token>,
    /// `SLACK_SIGNING_SECRET`.
    pub signing_secret: Option<SecretString>,
    /// `SLACK_APP_TOKEN`.
    pub app_token: Option<Token>,
    /// `SLACK_VERIFICATION_TOKEN`, deprecated.
    pub verification_token: Option<SecretString>,
    /// `SLACK_CLIENT_ID`.
    pub client_id: Option<String>,
    /// `SLACK_API_SECRET`, or `SLACK_CLIENT_SECRET`.
    pub client_secret: Option<SecretString>,
    /// `SLACK_REDIRECT_URI`.
    pub redirect_uri: Option<String>,
    /// `PAGERSLACK_KEY`: seals tokens at rest.
    pub key: Option<SecretString>,
    /// `PAGERSLACK_KEY_FILE`: holds such keys.
    pub key_file: Option<PathBuf>,
    /// `PAGERSLACK_HEARTBEAT_URL`, which may hold a token.
    pub heartbeat_url: Option<SecretString>,
    /// `PAGERSLACK_SHUTDOWN_DRAIN`.
    pub shutdown_drain: Option<String>,
    /// `PAGERSLACK_ADMIN_TOKEN`: who may fetch the statistics and replace files.
    pub admin_token: Option<SecretString>,
    /// `PAGERSLACK_ADMIN_TOKEN_FILE`: the file in which it stands instead.
    pub admin_token_file: Option<PathBuf>,
    /// `PAGERSLACK_WEBHOOK_…`: the secrets of webhooks, or the files in which they stand, by the variable's name.
    pub webhooks: BTreeMap<String, SecretString>,
    /// `RUST_LOG`: what is logged, in tracing's filter syntax.
    pub log: Option<String>,
}

impl Environment {
    /// Reads the process's environment.
    pub fn read() -> Self {
        let get = |name| std::env::var(name).ok().filter(|value: &String| !value.trim().is_empty());
        let secret = |name| get(name).map(|secret: String| SecretString::from(secret.trim().to_owned()));
        Self {
            config: get("PAGERSLACK_CONFIG").map(PathBuf::from),
            listen: get("PAGERSLACK_LISTEN"),
            store: get("PAGERSLACK_STORE"),
            api_url: get("SLACK_API_URL"),
            bot_token: get("SLACK_BOT_TOKEN").map(|token| Token::new(token.trim())),
            signing_secret: secret("SLACK_SIGNING_SECRET"),
            app_token: get("SLACK_APP_TOKEN").map(|token| Token::new(token.trim())),
            verification_token: secret("SLACK_VERIFICATION_TOKEN"),
            client_id: get("SLACK_CLIENT_ID").map(|id| id.trim().to_owned()),
            client_secret: secret("SLACK_API_SECRET").or_else(|| secret("SLACK_CLIENT_SECRET")),
            redirect_uri: get("SLACK_REDIRECT_URI").map(|uri| uri.trim().to_owned()),
            key: secret("PAGERSLACK_KEY"),
            key_file: get("PAGERSLACK_KEY_FILE").map(PathBuf::from),
            heartbeat_url: get("PAGERSLACK_HEARTBEAT_URL").map(SecretString::from),
            shutdown_drain: get("PAGERSLACK_SHUTDOWN_DRAIN"),
            admin_token: get("PAGERSLACK_ADMIN_TOKEN").map(SecretString::from),
            admin_token_file: get("PAGERSLACK_ADMIN_TOKEN_FILE").map(PathBuf::from),
            webhooks: std::env::vars_os()
                .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
                .filter(|(name, value)| name.starts_with("PAGERSLACK_WEBHOOK_") && !value.trim().is_empty())
                .map(|(name, value)| (name, SecretString::from(value)))
                .collect(),
            log: get("RUST_LOG"),
        }
    }
}

/// Without secrets: those that are wrapped say so themselves, and an address may hold a password.
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { config, listen, store, api_url, bot_token, signing_secret, app_token, .. } = self;
        let shown = |address: &Option<String>| address.as_deref().map(without_credentials);
        f.debug_struct("Environment")
            .field("config", config)
            .field("listen", listen)
            .field("store", &shown(store))
            .field("api_url", &shown(api_url))
            .field("bot_token", bot_token)
            .field("signing_secret", signing_secret)
            .field("app_token", app_token)
            .field("verification_token", &self.verification_token)
            .field("client_id", &self.client_id)
            .field("client_secret", &self.client_secret)
            .field("redirect_uri", &self.redirect_uri)
            .field("key", &self.key)
            .field("key_file", &self.key_file)
            .field("heartbeat_url", &self.heartbeat_url)
            .field("shutdown_drain", &self.shutdown_drain)
            .field("admin_token", &self.admin_token)
            .field("admin_token_file", &self.admin_token_file)
            .field("webhooks", &self.webhooks)
            .field("log", &self.log)
            .finish()
    }
}
