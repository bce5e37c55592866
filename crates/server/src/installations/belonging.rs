//! Which organisation a workspace belongs to. A token that a whole organisation has installed serves all its workspaces
//! that it may, and what Slack sends of one names both; calls name the workspace alone.
//!
//! Whether it may changes: `team_access_granted` and `team_access_revoked` say so, and come late at times, as anything
//! does that is delivered again. So it is written down since when or until when. What happened in a workspace later
//! than it was taken away shows that it may be served again.

use jiff::Timestamp;
use pagerslack_core::TeamId;
use pagerslack_slack::installation::Home;
use pagerslack_store::{RecordWrite, StoreError};

use super::shelf::PAGE;
use super::{FRESH, Installations, is_fresh};

/// Where it is kept: the workspace's id, and its [`Membership`] as the value. That is no secret.
const SHELF: &str = "organisations";

/// How often a write is tried that others get ahead of.
const ROUNDS: usize = 5;

/// What is known of a workspace: `E1`, `E1 since SECOND` or `E1 until SECOND`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Membership {
    enterprise: String,
    change: Change,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    None,
    Since(Timestamp),
    Until(Timestamp),
}

impl Membership {
    fn new(enterprise: &str, change: Change) -> Self {
        Self { enterprise: enterprise.to_owned(), change }
    }

    fn read(value: &[u8]) -> Self {
        let text = String::from_utf8_lossy(value);
        let mut words = text.split(' ');
        let enterprise = words.next().unwrap_or_default();
        let (word, second) = (words.next(), words.next().and_then(|second| second.parse().ok()));
        let second = second.and_then(|second| Timestamp::from_second(second).ok());
        let change = match word.zip(second) {
            Some(("since", at)) => Change::Since(at),
            Some(("until", at)) => Change::Until(at),
            _ => Change::None,
        };
        Self::new(enterprise, change)
    }

    fn write(&self) -> Vec<u8> {
        let enterprise = &self.enterprise;
        match self.change {
            Change::None => enterprise.clone(),
            Change::Since(at) => format!("{enterprise} since {}", at.as_second()),
            Change::Until(at) => format!("{enterprise} until {}", at.as_second()),
        }
        .into_bytes()
    }

    fn is_served(&self) -> bool {
        !matches!(self.change, Change::Until(_))
    }

    /// What becomes of it when something of the workspace came by the organisation's installation that happened `at`.
    fn seen(before: Option<&Self>, enterprise: &str, at: Timestamp) -> Option<Self> {
        match before.filter(|it| it.enterprise == enterprise).map(|it| it.change) {
            Some(Change::Until(until)) => {
                (at.as_second() > until.as_second()).then(|| Self::new(enterprise, Change::Since(at)))
            }
            Some(Change::None | Change::Since(_)) => None,
            None => Some(Self::new(enterprise, Change::None)),
        }
    }

    /// What becomes of it when the organisation says so `at`. What it said later holds.
    fn told(before: Option<&Self>, enterprise: &str, granted: bool, at: Timestamp) -> Option<Self> {
        let own = before.filter(|it| it.enterprise == enterprise);
        let change = if granted { Change::Since(at) } else { Change::Until(at) };
        match own.map(|it| it.change) {
            Some(Change::Since(last) | Change::Until(last)) if at.as_second() < last.as_second() => None,
            // Of another organisation by now.
            None if before.is_some() && !granted => None,
            _ => Some(Self::new(enterprise, change)),
        }
    }
}

impl Installations {
    /// Takes in that something of a workspace came by the installation of its whole organisation, which happened `at`, or
    /// just now. Written before what came is taken, so that its calls find their token after a crash too.
    ///
    /// # Errors
    ///
    /// When it could not be kept.
    pub async fn belongs(
        &self,
        now: Timestamp,
        team: &TeamId,
        enterprise: &str,
        at: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        let home = Home::Org(enterprise.to_owned());
        let known = self.known().homes.get(team).cloned();
        if let Some((since, Some(known))) = known
            && known == home
            && is_fresh(now, since, FRESH)
        {
            return Ok(());
        }
        self.become_of(team, |before| Membership::seen(before, enterprise, at.unwrap_or(now))).await
    }

    /// Takes in that an organisation lets the app serve workspaces, or does so no more.
    ///
    /// # Errors
    ///
    /// When it could not be kept: Slack is to say it again.
    pub async fn access_changed(
        &self,
        enterprise: &str,
        teams: &[TeamId],
        granted: bool,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        for team in teams {
            self.become_of(team, |before| Membership::told(before, enterprise, granted, at)).await?;
        }
        Ok(())
    }

    /// Writes what becomes of a workspace's membership, unless it stays as it is.
    async fn become_of(
        &self,
        team: &TeamId,
        decide: impl Fn(Option<&Membership>) -> Option<Membership>,
    ) -> Result<(), StoreError> {
        for _ in 0..ROUNDS {
            let record = self.records.record(SHELF, team.as_str()).await?;
            let before = record.as_ref().map(|record| Membership::read(&record.value));
            let Some(after) = decide(before.as_ref()) else { return Ok(()) };
            let write = RecordWrite {
                shelf: SHELF.to_owned(),
                name: team.to_string(),
                expected: record.map_or(0, |record| record.version),
                value: Some(after.write()),
                expires_at: None,
            };
            if self.records.write_record(write).await?.is_some() {
                self.known().homes.remove(team);
                self.changed.notify_one();
                return Ok(());
            }
        }
        // Others write it at the same time, which is the same.
        Ok(())
    }

    /// The organisation of a workspace, if anything has said so and it may be served.
    pub(super) async fn organisation_of(&self, team: &TeamId) -> Result<Option<String>, StoreError> {
        let record = self.records.record(SHELF, team.as_str()).await?;
        let known = record.map(|record| Membership::read(&record.value));
        Ok(known.filter(Membership::is_served).map(|it| it.enterprise))
    }

    /// Every workspace of which that is known.
    pub(super) async fn belonging(&self) -> Result<Vec<(TeamId, String)>, StoreError> {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = self.records.records(SHELF, after, PAGE).await?;
            let known = page.items.into_iter().map(|(team, record)| (team, Membership::read(&record.value)));
            let served = known.filter(|(_, membership)| membership.is_served());
            found.extend(served.map(|(team, membership)| (TeamId::new(team), membership.enterprise)));
            after = page.next;
            if after.is_none() {
                return Ok(found);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_795_000_000 + second).unwrap()
    }

    #[test]
    fn a_membership_is_read_as_it_was_written() {
        for change in [Change::None, Change::Since(at(0)), Change::Until(at(1))] {
            let membership = Membership::new("E1", change);
            assert_eq!(Membership::read(&membership.write()), membership);
        }
        assert_eq!(Membership::read(b"E1").write(), b"E1", "as earlier versions wrote it");
    }

    /// The same events in whatever order, and twice: what the organisation said last holds.
    #[test]
    fn what_comes_late_changes_nothing() {
        type Step = fn(Option<&Membership>) -> Option<Membership>;
        let seen: Step = |before| Membership::seen(before, "E1", at(0));
        let revoked: Step = |before| Membership::told(before, "E1", false, at(10));
        let granted: Step = |before| Membership::told(before, "E1", true, at(20));
        let later: Step = |before| Membership::seen(before, "E1", at(11));
        let after = |steps: &[Step]| {
            let mut known = None;
            for step in steps {
                known = step(known.as_ref()).or(known);
            }
            known.is_some_and(|known| known.is_served())
        };
        assert!(after(&[seen]));
        assert!(!after(&[seen, revoked]) && !after(&[seen, revoked, revoked, seen]));
        assert!(!after(&[revoked, seen]), "an event of before it was taken away");
        assert!(after(&[revoked, later]) && after(&[revoked, later, seen]), "it was given back meanwhile");
        for late in [revoked, seen] {
            assert!(after(&[revoked, granted, late]) && after(&[granted, late]));
        }
        let elsewhere = Membership::told(Some(&Membership::new("E2", Change::None)), "E1", false, at(9));
        assert_eq!(elsewhere, None, "another organisation's by now");
    }
}
