//! Looking into every workspace, now and then: a process may have died between a commit and the word that something is due.
//!
//! There may be a hundred thousand workspaces, and whatever is due waits for the claim in whose course this is done. So
//! each claim looks into some, from where the one before it left off, and the end of the round comes after so many claims.

use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use pagerslack_core::TeamId;

use super::Redis;
use super::claim::WORKSPACES;
use super::convert::answer;
use crate::{Causes, StoreError};

/// How often a round begins. A job of a process that died is waited for as long as its lease anyway.
const EVERY: SignedDuration = SignedDuration::from_secs(10);

/// About how many workspaces are looked into in the course of one claim. At two claims a second, as where nothing is due, a
/// hundred thousand take two minutes.
const AT_ONCE: usize = 512;

/// How far a process has got.
#[derive(Default)]
pub(super) struct Sweep(Mutex<Round>);

#[derive(Default)]
struct Round {
    /// When this round began.
    begun: Option<Timestamp>,
    /// Since when nobody has looked: since the last round began, or since somebody could not be looked into.
    rests: Option<Timestamp>,
    /// Those that were read and not yet looked into.
    left: Vec<TeamId>,
    /// Where to read on; `None` between two rounds and after the last are read.
    cursor: Option<u64>,
}

impl Sweep {
    fn round(&self) -> MutexGuard<'_, Round> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it is time to look, and from where on to read more workspaces if there are none left. Also when the clock was
    /// put back.
    fn is_due(&self, now: Timestamp) -> Option<Option<u64>> {
        let mut round = self.round();
        if round.rests.is_some_and(|since| now.duration_since(since).abs() < EVERY) {
            return None;
        }
        round.rests = None;
        if round.left.is_empty() && round.cursor.is_none() {
            (round.begun, round.cursor) = (Some(now), Some(0));
        }
        Some(round.cursor.filter(|_| round.left.is_empty()))
    }

    fn read(&self, teams: Vec<TeamId>, cursor: u64) {
        let mut round = self.round();
        (round.left, round.cursor) = (teams, (cursor != 0).then_some(cursor));
    }

    fn next(&self) -> Vec<TeamId> {
        let mut round = self.round();
        let many = round.left.len().min(WORKSPACES);
        let teams = round.left.drain(..many).collect();
        if round.left.is_empty() && round.cursor.is_none() {
            round.rests = round.begun;
        }
        teams
    }

    fn rest(&self, now: Timestamp) {
        self.round().rests = Some(now);
    }
}

impl Redis {
    /// Looks into some of the workspaces, if it is time.
    ///
    /// One that cannot be looked into is waited for as long as Redis is, and so are those that are asked together with it. So
    /// that this costs the others little, there is a rest before it goes on.
    pub(super) async fn sweep_some(&self, now: Timestamp) -> Result<(), StoreError> {
        let Some(cursor) = self.sweep.is_due(now) else { return Ok(()) };
        if let Some(cursor) = cursor {
            let what = "reading some of the workspaces";
            let mut cmd = redis::cmd("SSCAN");
            cmd.arg(self.keys.shared("workspaces")).arg(cursor).arg("COUNT").arg(AT_ONCE);
            let (next, teams): (u64, Vec<String>) = answer(what, self.command(what, &cmd).await?)?;
            self.sweep.read(teams.into_iter().map(TeamId::new).collect(), next);
        }
        for _ in 0..AT_ONCE.div_ceil(WORKSPACES) {
            let teams = self.sweep.next();
            if teams.is_empty() {
                break;
            }
            let looks = teams.iter().map(async |team| {
                let next = self.earliest(team).await?;
                if next.is_empty() { Ok(()) } else { self.due_sooner(team, &next).await }
            });
            for (team, looked) in teams.iter().zip(futures_util::future::join_all(looks).await) {
                if let Err(error) = looked {
                    tracing::debug!(%team, error = %Causes(&error), "it is not known when a job is due");
                    self.sweep.rest(now);
                }
            }
            if self.sweep.is_due(now).is_none() {
                break;
            }
        }
        Ok(())
    }
}
