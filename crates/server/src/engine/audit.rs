//! The auditor: looks at every open incident and asks whether it goes on.
//!
//! ```text
//! run: at the start, each audit_interval, after a gap in Socket Mode
//!   └─ Auditor::begin, then step by step ──► core::audit::examine ──► jobs restored or moved, commands
//!                                        └─► read-back jobs where events may have been lost (P4)
//! ```
//!
//! It is no job: its business is jobs that are not there, its own among them, and a driver that takes none up. So
//! whoever runs the engine calls it, as they call [`Engine::tend`]. It does nothing later than now by itself: what it
//! mends are jobs and commands like any other, twice does no harm, and several replicas may audit at once. It reads
//! the store only, so neither Slack nor a rate limit holds it up; what Slack must be asked, a [`JobKind::ReadBack`]
//! asks in the background. Nothing that it remembers from one audit to the next is needed for correctness.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use pagerslack_core::audit::{Finding, examine};
use pagerslack_core::{Command, Incident, IncidentId, Job, JobKind, Phase, TeamId, UserId};
use pagerslack_store::{Causes, Commit, StoreError, Told};

use super::commit::Act;
use super::{Engine, StepError};

/// How many incidents a step looks at: each takes a few reads of the store.
const PAGE: usize = 32;

/// Slack tells the reactions of some fifty messages a minute
/// (<https://docs.slack.dev/reference/methods/reactions.get>), and an incident has several. So many are read back at
/// once after a gap, one more each [`SPREAD`].
const SPREAD: SignedDuration = SignedDuration::from_secs(2);

/// How many incidents that wait for no deadline are read back in one audit, in turns: nothing else would ever find
/// a 👀 on them whose event was lost.
const AT_REST: usize = 4;

/// After so long at rest the managers, or whoever saw the schedule, will not come back to it by a 👀 of today.
const AT_REST_FOR: SignedDuration = SignedDuration::from_hours(24);

/// An open incident.
type Key = (TeamId, IncidentId);

/// Goes through all open incidents, page by page. Drive it with [`Self::audit`], or step by step.
pub struct Auditor {
    engine: Arc<Engine>,
    /// How far this audit has come; `None` before the first page.
    after: Option<Key>,
    /// Whether events may have been lost before it began.
    events_lost: bool,
    /// Those at rest, in order.
    at_rest: Vec<(Key, Incident)>,
    /// Whose turn it was last among those at rest.
    last_at_rest: Option<Key>,
    audited: Audited,
}

/// What an audit has come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audited {
    /// How many open incidents it has looked at.
    pub incidents: usize,
    /// What was wrong, and has been mended where it can be.
    pub findings: Vec<(IncidentId, Finding)>,
    /// How many incidents are read back.
    pub read_backs: usize,
    /// How many could not be read.
    pub unreadable: usize,
}

impl Auditor {
    /// An auditor of an engine's store.
    pub fn new(engine: Arc<Engine>) -> Self {
        let audited = Audited::default();
        Self { engine, after: None, events_lost: false, at_rest: Vec::new(), last_at_rest: None, audited }
    }

    /// One whole audit. `events_lost` says that Slack may have sent what nobody has heard: after a restart, or after
    /// a gap in Socket Mode.
    ///
    /// # Errors
    ///
    /// When the store cannot be read or written.
    pub async fn audit(&mut self, events_lost: bool) -> Result<Audited, StepError> {
        self.begin(events_lost);
        loop {
            if let Some(audited) = self.step().await? {
                return Ok(audited);
            }
        }
    }

    /// Begins a new audit; one that was under way is left as it is, but that what it missed stays missed.
    pub fn begin(&mut self, events_lost: bool) {
        self.after = None;
        self.events_lost |= events_lost;
        self.at_rest.clear();
        self.audited = Audited::default();
    }

    /// Looks at some more incidents. Gives what the audit has come to once it has seen all, and then stands in the
    /// store, which shows that this can be written.
    ///
    /// # Errors
    ///
    /// When the store cannot be read or written; [`Self::begin`] again then.
    pub async fn step(&mut self) -> Result<Option<Audited>, StepError> {
        let stepped = self.try_step().await;
        if stepped.is_err() {
            self.engine.metrics.audits_failed.count();
        }
        stepped
    }

    async fn try_step(&mut self) -> Result<Option<Audited>, StepError> {
        let page = self.engine.store.open_incidents_after(self.after.take(), PAGE).await?;
        for key in &page {
            self.look_at(key).await?;
        }
        if page.len() == PAGE {
            self.after = page.last().cloned();
            return Ok(None);
        }
        self.read_back_those_at_rest().await?;
        self.engine.note_the_audit().await?;
        self.events_lost = false;
        let late =
            self.audited.findings.iter().filter(|(_, finding)| matches!(finding, Finding::Late { .. }));
        self.engine.metrics.audits.count();
        self.engine.metrics.jobs_late.set(late.count());
        self.engine.metrics.incidents_open.set(self.audited.incidents);
        Ok(Some(std::mem::take(&mut self.audited)))
    }

    async fn look_at(&mut self, key: &Key) -> Result<(), StepError> {
        let (team, id) = key;
        let (incident, findings) = match self.engine.examine(team, id).await {
            Ok(Some(examined)) => examined,
            Ok(None) => return Ok(()),
            // The others must not wait for one that cannot be read (P6).
            Err(StepError::Store(error @ StoreError::Corrupt { .. })) => {
                self.engine.metrics.audit_incidents_unreadable.count();
                self.audited.unreadable += 1;
                tracing::error!(%team, incident = %id, error = %Causes(&error), "an open incident cannot be read");
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        self.audited.incidents += 1;
        let read_back =
            self.events_lost.then(|| self.engine.read_back_of(&incident, self.audited.read_backs));
        self.audited.read_backs += usize::from(read_back.is_some());
        self.engine.mend(&incident, &findings, read_back).await?;
        if !self.events_lost && self.engine.is_at_rest(&incident) {
            self.at_rest.push((key.clone(), incident));
        }
        self.audited.findings.extend(findings.into_iter().map(|finding| (id.clone(), finding)));
        Ok(())
    }

    async fn read_back_those_at_rest(&mut self) -> Result<(), StepError> {
        let at_rest = std::mem::take(&mut self.at_rest);
        let first = at_rest.iter().position(|(key, _)| Some(key) > self.last_at_rest.as_ref()).unwrap_or(0);
        let turns = at_rest.iter().cycle().skip(first).take(AT_REST.min(at_rest.len()));
        for (key, incident) in turns {
            let read_back = self.engine.read_back_of(incident, self.audited.read_backs);
            self.engine.mend(incident, &[], Some(read_back)).await?;
            self.audited.read_backs += 1;
            self.last_at_rest = Some(key.clone());
        }
        Ok(())
    }
}

impl Engine {
    /// An open incident, and what is wrong with it. `None` for one that is over, or that has just moved on: what was
    /// read of its log and of its jobs is not of one moment then, and whatever moves is not stuck.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    pub async fn examine(
        &self,
        team: &TeamId,
        id: &IncidentId,
    ) -> Result<Option<(Incident, Vec<Finding>)>, StepError> {
        let Some(incident) = self.incident(team, id).await? else { return Ok(None) };
        let jobs = self.store.jobs_of(team, id).await?;
        let policy = &self.rotation(&incident.report.rotation).policy;
        let findings = examine(&incident, &jobs, policy, self.now());
        if findings.is_empty() {
            return Ok(incident.is_open().then_some((incident, findings)));
        }
        let after = self.incident(team, id).await?;
        let stands_still = after.is_some_and(|after| after.version == incident.version);
        Ok(stands_still.then_some((incident, findings)))
    }

    /// Does what a finding calls for, and adds the read-back.
    async fn mend(
        &self,
        incident: &Incident,
        findings: &[Finding],
        read_back: Option<Job>,
    ) -> Result<(), StepError> {
        let (team, id) = (&incident.report.rotation.team, &incident.report.incident);
        let mut commit = Commit::new(team.clone(), id.clone(), 0);
        if let Some(job) = read_back {
            self.metrics.audit_read_backs.count();
            commit.add.push(job);
        }
        for finding in findings {
            self.tell_of(incident, finding);
            match finding {
                Finding::Missing(job) => commit.restore.push(job.clone()),
                Finding::TooFarAhead(job) => commit.add.push(job.clone()),
                Finding::ClockPutBack | Finding::Late { .. } => {}
            }
        }
        if !commit.add.is_empty() || !commit.restore.is_empty() {
            self.commit(commit).await?;
            self.due.notify_one();
        }
        if findings.contains(&Finding::ClockPutBack) {
            self.act(Act::new(team, id, Command::ClockPutBack)).await?;
        }
        Ok(())
    }

    /// Counts a finding and has the log tell it.
    fn tell_of(&self, incident: &Incident, finding: &Finding) {
        let (team, id) = (&incident.report.rotation.team, &incident.report.incident);
        match finding {
            Finding::Missing(job) => {
                self.metrics.audit_jobs_missing.count();
                tracing::error!(%team, incident = %id, job = job.key.as_str(), "an open incident lacked a job, which is restored");
            }
            Finding::TooFarAhead(job) => {
                self.metrics.audit_jobs_too_far_ahead.count();
                tracing::warn!(%team, incident = %id, job = job.key.as_str(), "a job lay too far ahead and is brought forward");
            }
            Finding::ClockPutBack => {
                self.metrics.audit_clock_put_back.count();
                tracing::warn!(%team, incident = %id, "the clock was put back; what waits by the old one begins to wait anew");
            }
            Finding::Late { key, since } => {
                self.metrics.audit_jobs_late.count();
                tracing::warn!(%team, incident = %id, job = key.as_str(), %since, "a job is overdue and nobody takes it up");
            }
        }
    }

    /// The job that reads an incident's reactions back, after `ahead` others.
    fn read_back_of(&self, incident: &Incident, ahead: usize) -> Job {
        let wait = SPREAD.checked_mul(i32::try_from(ahead).unwrap_or(i32::MAX)).unwrap_or(AT_REST_FOR);
        let report = &incident.report;
        Job::new(&report.rotation, &report.incident, JobKind::ReadBack, self.now() + wait.min(AT_REST_FOR))
    }

    /// Whether an incident is open and no deadline will read its reactions back.
    fn is_at_rest(&self, incident: &Incident) -> bool {
        let lately = |at: Timestamp| self.now().duration_since(at) < AT_REST_FOR;
        match &incident.phase {
            Phase::ManagersPaged { round, deadline: None } => {
                incident.manager_round(*round).is_some_and(|found| lately(found.at))
            }
            Phase::ScheduleShown { at } => lately(*at),
            _ => false,
        }
    }

    /// Keeps that there was an audit; also shows that the store can be written, of which a sound audit says nothing.
    async fn note_the_audit(&self) -> Result<(), StepError> {
        let mut commit = Commit::new(TeamId::new(""), IncidentId::new("audit"), 0);
        let (user, what) = (UserId::new(""), "audit".to_owned());
        commit.told.push(Told { user, what, at: self.now(), until: None });
        Ok(self.commit(commit).await?)
    }
}
