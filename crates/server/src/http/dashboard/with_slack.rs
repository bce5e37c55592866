//! Sign in with Slack: out to Slack, back with a code, and who that is.
//!
//! OpenID Connect with PKCE. The state is bound to the browser as for installing ([`crate::states`]); the code's verifier
//! and the nonce follow from the state and the browser's cookie, so that nothing else has to be kept. Only full members of
//! a workspace that has the app get in, and of them whom the settings name.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use pagerslack_core::availability::Account;
use pagerslack_core::{TeamId, UserId};
use pagerslack_slack::client::{
    AppCredentials, CallError, Caller, Client, IdClaims, NoToken, RefusalKind, SignInCode, SignedIn, Tokens,
};
use pagerslack_store::{Causes, Records};
use secrecy::SecretString;
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;
use url::Url;

use super::Dashboard;
use crate::config::SIGN_IN_CALLBACK;
use crate::states::{NotBegun, StateFault, States, hash};

/// What is asked of people: who they are, and what they are called.
const SCOPES: &str = "openid profile";

/// Signing in with Slack.
pub(crate) struct WithSlack {
    client: Arc<Client>,
    app: AppCredentials,
    redirect_uri: Url,
    authorize_url: Url,
    states: States,
    /// The workspace of the one bot's token, where there is one.
    own: OnceCell<TeamId>,
}

/// Why somebody is not let in.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotAdmitted {
    /// The app is not installed in their workspace.
    #[error("the app is not installed in their workspace")]
    OtherWorkspace,
    /// They are a guest, of another organisation, or gone.
    #[error("they are no full member of the workspace")]
    NoMember,
    /// The settings name others.
    #[error("the settings do not name them")]
    NotInvited,
    /// It cannot be told.
    #[error("it cannot be told whether they may")]
    CannotTell,
}

impl NotAdmitted {
    /// Whether it is known that they may not.
    pub(super) fn is_certain(&self) -> bool {
        !matches!(self, Self::CannotTell)
    }
}

/// Why nobody was signed in.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotSignedIn {
    /// Whoever came back was not sent out.
    #[error(transparent)]
    State(#[from] StateFault),
    /// Slack does not say who it is.
    #[error(transparent)]
    Slack(#[from] CallError),
    /// What Slack said is about something else.
    #[error("the id token is not about this sign-in")]
    Forged,
    /// They may not.
    #[error(transparent)]
    NotAdmitted(#[from] NotAdmitted),
}

impl WithSlack {
    /// Signing in at Slack's address beside `api_url`, and back at `url`.
    ///
    /// # Errors
    ///
    /// When either address is none that has such a page.
    pub(crate) fn new(
        client: Arc<Client>,
        app: AppCredentials,
        url: &Url,
        api_url: &Url,
        records: Arc<dyn Records>,
    ) -> Result<Self, url::ParseError> {
        Ok(Self {
            client,
            app,
            redirect_uri: url.join(SIGN_IN_CALLBACK)?,
            authorize_url: api_url.join("../openid/connect/authorize")?,
            states: States::new(records, "sign-in-states"),
            own: OnceCell::new(),
        })
    }

    /// Sends somebody to Slack: gives where to, and what their browser keeps.
    pub(super) async fn begin(
        &self,
        now: Timestamp,
        cookie: Option<&str>,
    ) -> Result<(String, String), NotBegun> {
        self.states.sweep(now).await;
        let sent = self.states.begin(now, cookie).await?;
        let verifier = derived("verifier", &sent.state, &sent.cookie);
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
        let mut to = self.authorize_url.clone();
        to.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("scope", SCOPES)
            .append_pair("client_id", &self.app.client_id)
            .append_pair("redirect_uri", self.redirect_uri.as_str())
            .append_pair("state", &sent.state)
            .append_pair("nonce", &derived("nonce", &sent.state, &sent.cookie))
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        Ok((to.into(), sent.cookie))
    }

    /// Takes back whoever comes from Slack: gives who they are, if they may come in. Without a code, only whether they
    /// had been sent out.
    pub(super) async fn finish(
        &self,
        dashboard: &Dashboard,
        state: &str,
        cookie: Option<&str>,
        code: Option<&SecretString>,
    ) -> Result<Option<SignedIn>, NotSignedIn> {
        let now = dashboard.engine().clock().now();
        self.states.finish(now, state, cookie).await?;
        let (Some(code), Some(cookie)) = (code, cookie) else { return Ok(None) };
        let verifier = SecretString::from(derived("verifier", state, cookie));
        let code = SignInCode { code, redirect_uri: self.redirect_uri.as_str(), verifier: &verifier };
        let grant = self.client.sign_in_token(now, &self.app, code).await?;
        let who = self.client.signed_in(now, &grant.token).await?;
        let claims = IdClaims::read(&grant.id_token).ok_or(NotSignedIn::Forged)?;
        let nonce = derived("nonce", state, cookie);
        if !claims.is_about(&who, &self.app.client_id, &nonce, now) {
            return Err(NotSignedIn::Forged);
        }
        self.admits(dashboard, &who.team, &who.user).await?;
        Ok(Some(who))
    }

    /// Whether somebody may come in, as Slack and the settings say now.
    pub(super) async fn admits(
        &self,
        dashboard: &Dashboard,
        team: &TeamId,
        user: &UserId,
    ) -> Result<(), NotAdmitted> {
        let engine = dashboard.engine();
        let caller = Caller::background(engine.clock().now(), team);
        self.is_installed(dashboard, caller).await?;
        let people = engine.directory().people(caller, std::slice::from_ref(user)).await;
        match people.into_values().next() {
            Some(Ok(person)) if person.account(team) == Account::Member => {}
            Some(Ok(_)) => return Err(NotAdmitted::NoMember),
            Some(Err(error)) if of_nobody(&error) => return Err(NotAdmitted::NoMember),
            Some(Err(error)) => return Err(cannot_tell(&error)),
            None => return Err(NotAdmitted::CannotTell),
        }
        let settings = engine.settings();
        let guests = &settings.guests;
        if guests.is_open() || guests.names(team, user, dashboard.entrance.installations().is_some()) {
            return Ok(());
        }
        let Some(group) = &guests.group else { return Err(NotAdmitted::NotInvited) };
        match engine.directory().user_group(caller, group).await {
            Ok(members) if members.contains(user) => Ok(()),
            Ok(_) => Err(NotAdmitted::NotInvited),
            Err(error) => Err(cannot_tell(&error)),
        }
    }

    async fn is_installed(&self, dashboard: &Dashboard, caller: Caller<'_>) -> Result<(), NotAdmitted> {
        if let Some(installations) = dashboard.entrance.installations() {
            return match installations.bot_token(caller.now, caller.team).await {
                Ok(_) => Ok(()),
                Err(NoToken::NotInstalled) => Err(NotAdmitted::OtherWorkspace),
                Err(NoToken::Later(..)) => Err(NotAdmitted::CannotTell),
            };
        }
        let nobody = TeamId::new("");
        let ask = || async {
            let identity = self.client.auth_test(Caller::background(caller.now, &nobody)).await;
            identity.map(|identity| identity.team)
        };
        match self.own.get_or_try_init(ask).await {
            Ok(own) if own == caller.team => Ok(()),
            Ok(_) => Err(NotAdmitted::OtherWorkspace),
            Err(error) => Err(cannot_tell(&error)),
        }
    }
}

fn of_nobody(error: &CallError) -> bool {
    error.refusal().is_some_and(|refusal| refusal.kind() == RefusalKind::UserGone)
}

fn cannot_tell(error: &CallError) -> NotAdmitted {
    tracing::warn!(error = %Causes(error), "Slack does not say whether somebody may see the dashboard");
    NotAdmitted::CannotTell
}

/// A secret that follows from two others, and that neither gives away alone.
fn derived(what: &str, state: &str, cookie: &str) -> String {
    hash(&format!("{what}:{state}:{cookie}"))
}
