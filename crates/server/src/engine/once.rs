//! What Slack's requests ask for is done once, however often they come (P8).
//!
//! A signature is good for five minutes, and Slack itself may deliver something twice. Much is harmless by itself: a
//! report's incident has an id that follows from the request, a 👀 counts by when it was given. What remains is
//! remembered in the store, so that neither a restart nor another replica does it again:
//!
//! - of each button of an incident, and each person, when they pressed it last, by Slack's clock. A press that is not
//!   later is the same one, or one that was overtaken;
//! - of commands and questions, which have no such time, that they were taken.
//!
//! For longer than either may come again, and no longer: the store forgets it then.

use jiff::{SignedDuration, Timestamp};
use pagerslack_core::{IncidentId, TeamId, UserId};
use pagerslack_slack::inbound::Click;
use pagerslack_store::{Commit, StoreError, Told};

use super::Engine;

/// For how long. A signature is good for five minutes, and an event that found nobody may come again for a day
/// (<https://docs.slack.dev/apis/events-api/#delayed-events>).
const REMEMBERED: SignedDuration = SignedDuration::from_hours(48);

impl Engine {
    /// Whether this press has been taken before.
    pub(super) async fn pressed_before(&self, click: &Click) -> Result<bool, StoreError> {
        let Some(at) = click.at else { return Ok(false) };
        let last = self.store.told(&click.team, &click.user, &press(click)).await?;
        let repeated = last.is_some_and(|last| at <= last);
        if repeated {
            self.metrics.requests_repeated.count();
        }
        Ok(repeated)
    }

    /// Remembers a press that has been taken. After its effect: of a press of which only this is lost nothing is
    /// missing, and Slack never delivers one again.
    pub(super) async fn remember_press(&self, click: &Click) {
        let Some(at) = click.at else { return };
        let told = Told { user: click.user.clone(), what: press(click), at, until: Some(at + REMEMBERED) };
        if let Err(error) = self.remember(&click.team, &IncidentId::new(&click.value), told).await {
            tracing::warn!(
                team = %click.team,
                error = &error as &dyn std::error::Error,
                "a press was taken and could not be remembered"
            );
        }
    }

    /// Whether a command or a question has been taken before.
    pub(super) async fn asked_before(
        &self,
        team: &TeamId,
        user: &UserId,
        request: &IncidentId,
    ) -> Result<bool, StoreError> {
        let repeated = self.store.told(team, user, &asking(request)).await?.is_some();
        if repeated {
            self.metrics.requests_repeated.count();
        }
        Ok(repeated)
    }

    /// Remembers a command from which nothing else has followed that is kept.
    pub(super) async fn remember_asking(
        &self,
        team: &TeamId,
        user: &UserId,
        request: &IncidentId,
    ) -> Result<(), StoreError> {
        self.remember(team, request, asked(user, request, self.now())).await
    }

    async fn remember(&self, team: &TeamId, about: &IncidentId, told: Told) -> Result<(), StoreError> {
        let mut commit = Commit::new(team.clone(), about.clone(), 0);
        commit.told.push(told);
        match self.commit(commit).await {
            Err(pagerslack_store::CommitError::Store(error)) => Err(error),
            // Nothing was decided that could be out of date.
            _ => Ok(()),
        }
    }
}

/// What is remembered of a command or a question.
pub(super) fn asked(user: &UserId, request: &IncidentId, at: Timestamp) -> Told {
    Told { user: user.clone(), what: asking(request), at, until: Some(at + REMEMBERED) }
}

fn asking(request: &IncidentId) -> String {
    format!("asked/{request}")
}

fn press(click: &Click) -> String {
    format!("pressed/{}/{}", click.action_id, click.value)
}
