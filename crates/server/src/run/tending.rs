//! What is done for each workspace beside its incidents: people are read ahead of the first hunt, within the budget that
//! paging leaves, and what happens daily is planned.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use pagerslack_core::TeamId;
use pagerslack_slack::client::{Caller, Client, Identity};
use pagerslack_store::Causes;

use crate::clock::Clock;
use crate::engine::Engine;
use crate::installations::Installations;

/// How often it is made sure that what happens daily is planned: a rotation may be new, or its settings.
const TEND: Duration = Duration::from_secs(3_600);

/// How soon Slack is asked again who the bot is, when it did not say so at the start.
const ASK_AGAIN: Duration = Duration::from_secs(60);

/// How many workspaces are read at a time.
const TENDED_AT_ONCE: usize = 8;

/// Does for every workspace that has installed the app what [`warm`] does for one, at the start and when one comes.
pub(super) async fn tend_each(engine: Arc<Engine>, installations: Arc<Installations>) {
    installations.reseal().await;
    let mut warmed = BTreeSet::new();
    loop {
        match installations.teams().await {
            Ok(teams) => {
                warmed.retain(|team| teams.contains(team));
                let visits = teams.into_iter().map(|team| {
                    let is_new = warmed.insert(team.clone());
                    tend_one(&engine, team, is_new)
                });
                let visits: Vec<_> = visits.collect();
                futures_util::stream::iter(visits).buffer_unordered(TENDED_AT_ONCE).collect::<()>().await;
            }
            Err(error) => tracing::warn!(error = %Causes(&error), "the installations cannot be read"),
        }
        tokio::select! {
            () = tokio::time::sleep(TEND) => {}
            () = installations.changed() => {}
        }
    }
}

async fn tend_one(engine: &Engine, team: TeamId, is_new: bool) {
    if is_new && let Err(error) = engine.warm(&team).await {
        tracing::debug!(%team, error = &error as &dyn std::error::Error, "not everybody was read ahead of time");
    }
    if let Err(error) = engine.tend(&team).await {
        tracing::warn!(%team, error = %Causes(&error), "the daily look was not planned");
    }
}

/// Says who the bot is, reads people ahead of the first hunt, within the budget that paging leaves, and then makes
/// sure time and again that what happens daily is planned.
pub(super) async fn warm(engine: Arc<Engine>, client: Arc<Client>, clock: Arc<dyn Clock>) {
    let identity = known(&client, &*clock, ASK_AGAIN).await;
    tracing::info!(team = %identity.team, bot = %identity.user, "Slack knows the bot");
    if let Err(error) = engine.warm(&identity.team).await {
        tracing::debug!(error = &error as &dyn std::error::Error, "not everybody was read ahead of time");
    }
    loop {
        if let Err(error) = engine.tend(&identity.team).await {
            tracing::warn!(error = %Causes(&error), "the daily look was not planned");
        }
        tokio::time::sleep(TEND).await;
    }
}

/// Asks Slack who the bot is until it says so; the log has it once that it does not.
async fn known(client: &Client, clock: &dyn Clock, again: Duration) -> Identity {
    let nobody = TeamId::new("");
    let mut told = false;
    loop {
        match client.auth_test(Caller::background(clock.now(), &nobody)).await {
            Ok(identity) => return identity,
            Err(error) if !std::mem::replace(&mut told, true) => tracing::error!(
                error = &error as &dyn std::error::Error,
                "Slack does not say who the bot is, and is asked again every minute: `pagerslack doctor` says what to do"
            ),
            Err(_) => {}
        }
        tokio::time::sleep(again).await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use async_trait::async_trait;
    use pagerslack_slack::client::SingleToken;
    use pagerslack_slack::transport::{Request, Response, Token, Transport, TransportError};

    use super::*;
    use crate::clock::SystemClock;

    /// A Slack that does not answer, then refuses the token, then answers.
    struct Late(AtomicUsize);

    #[async_trait]
    impl Transport for Late {
        async fn send(&self, _: Request) -> Result<Response, TransportError> {
            let body = match self.0.fetch_add(1, Ordering::Relaxed) {
                0 => return Err(TransportError::Unknown("no answer in time".to_owned())),
                1 => r#"{"ok":false,"error":"invalid_auth"}"#,
                _ => r#"{"ok":true,"team_id":"T1","user_id":"UBOT"}"#,
            };
            Ok(Response { status: 200, body: body.into(), ..Response::default() })
        }
    }

    #[tokio::test]
    async fn slack_is_asked_until_it_says_who_the_bot_is() {
        let slack = Arc::new(Late(AtomicUsize::new(0)));
        let url = "http://127.0.0.1/api/".parse().unwrap();
        let token = Arc::new(SingleToken(Token::new("xoxb-1")));
        let client = Client::new(Arc::<Late>::clone(&slack), &url, token);
        let identity = known(&client, &SystemClock, Duration::from_millis(1)).await;
        assert_eq!(identity.team, TeamId::new("T1"));
        assert_eq!(slack.0.load(Ordering::Relaxed), 3);
    }
}
