//! The auditor, and what goes wrong behind the bot's back.

use std::sync::atomic::Ordering;

use jiff::SignedDuration;
use pagerslack::engine::Audited;
use pagerslack_core::JobKey;
use pagerslack_store::Commit;

use super::Stage;

impl Stage {
    /// One audit, and all that follows at once. `events_lost` as after a restart.
    pub async fn audit(&self, events_lost: bool) -> Audited {
        let audited = self.auditor.lock().await.audit(events_lost).await.unwrap();
        self.settle().await;
        audited
    }

    /// In every story an auditor would find nothing, whenever everything that is due has been done.
    pub(super) async fn assert_sound(&self) {
        if !self.examined.load(Ordering::Relaxed) {
            return;
        }
        for (team, id) in self.store.open_incidents_after(None, usize::MAX).await.unwrap() {
            if let Some((incident, findings)) = self.bot.engine().examine(&team, &id).await.unwrap() {
                assert_eq!(findings, [], "at {} in {incident:?}", self.now());
            }
        }
    }

    /// From now on an auditor would find something, or must not be what uses up a fuse.
    pub fn is_not_examined(&self) {
        self.examined.store(false, Ordering::Relaxed);
    }

    /// By how much the bot's clock runs ahead of Slack's.
    pub(super) fn ahead(&self) -> SignedDuration {
        SignedDuration::from_secs(self.ahead.load(Ordering::Relaxed))
    }

    /// The bot's clock is wrong from now on, or right again.
    pub fn runs_ahead(&self, by: &str) {
        self.is_not_examined();
        let by = by.parse::<SignedDuration>().unwrap();
        self.ahead.store(by.as_secs(), Ordering::Relaxed);
    }

    /// A job of the last incident gets lost: `hunt`, `send/page/1`.
    pub async fn loses(&self, name: &str) {
        self.is_not_examined();
        let incident = self.incident().await.report.incident;
        let jobs = self.store.jobs_of(&self.rotation().team, &incident).await.unwrap();
        let key = JobKey::from(format!("{incident}/{name}"));
        assert!(jobs.iter().any(|there| there.job.key == key), "there is no {name} among {jobs:?}");
        let mut commit = Commit::new(self.rotation().team, incident, 0);
        commit.remove.push(key);
        self.store.commit(commit).await.unwrap();
    }
}
