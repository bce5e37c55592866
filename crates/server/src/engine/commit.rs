//! From a command to a commit: load, decide, plan, write, and again if somebody was quicker.

use std::collections::BTreeMap;

use pagerslack_core::incident::{replay, turn_of};
use pagerslack_core::{
    Command, Event, Incident, IncidentId, Job, JobKey, MessageRef, QueueChange, Recorded, RotationId, TeamId,
    UserId, Verdict, apply, decide, plan,
};
use pagerslack_store::{ClaimedJob, Commit, CommitError, Disposal, Fence, IncidentIndex, QueueCommit, Told};

use super::{Engine, StepError};

/// How often a step decides anew when others commit in between. Conflicts come from the handful of steps that
/// one incident can have under way at a time.
const ROUNDS: usize = 16;

/// What came of a command.
pub(super) struct Acted {
    /// The incident as it is now; `None` if there is none.
    pub(super) incident: Option<Incident>,
    /// The events that were appended; none if nothing followed from the command.
    pub(super) events: Vec<Event>,
}

/// What a step wants to happen.
pub(super) struct Act<'a> {
    pub(super) team: &'a TeamId,
    pub(super) incident: &'a IncidentId,
    pub(super) command: Command,
    /// The job in whose course this happens, and what becomes of it.
    pub(super) job: Option<(&'a ClaimedJob, Disposal)>,
    /// What becomes of the job instead when nothing follows from the command.
    pub(super) idle: Option<Disposal>,
    /// The queue on which the command was decided, with newcomers.
    pub(super) queue: Option<QueueCommit>,
}

impl<'a> Act<'a> {
    /// A command, given in the course of no job.
    pub(super) fn new(team: &'a TeamId, incident: &'a IncidentId, command: Command) -> Self {
        Self { team, incident, command, job: None, idle: None, queue: None }
    }

    /// What becomes of the job in whose course the command is given.
    fn disposal(&self, followed: bool) -> Option<(JobKey, Fence, Disposal)> {
        let (job, done) = self.job?;
        let disposal = if followed { done } else { self.idle.unwrap_or(done) };
        Some((job.job.key.clone(), job.fence, disposal))
    }
}

impl Engine {
    /// Decides and commits. A refused queue version is the caller's to handle, since the choice was made on it.
    pub(super) async fn act(&self, act: Act<'_>) -> Result<Acted, StepError> {
        match self.try_act(act).await {
            Err(CommitError::Conflict | CommitError::QueueMoved) => Err(StepError::Contended),
            other => Ok(other?),
        }
    }

    pub(super) async fn try_act(&self, act: Act<'_>) -> Result<Acted, CommitError> {
        for round in 0..ROUNDS {
            // A report is of a new incident, unless Slack sent it twice: then the commit is refused.
            let is_new = round == 0 && matches!(act.command, Command::Report(_));
            let before = if is_new { None } else { self.incident(act.team, act.incident).await? };
            let version = before.as_ref().map_or(0, |incident| incident.version);
            let (commit, acted) = self.prepare(&act, before.clone());
            let nothing_to_write = commit.events.is_empty() && commit.job.is_none();
            if nothing_to_write {
                return Ok(acted);
            }
            let (messages, events) = (commit.messages.clone(), commit.events.clone());
            if !commit.add.is_empty() {
                // The claim of these jobs then still joins their transaction, and its wait for the disk.
                self.due.notify_one();
            }
            match self.store.commit(commit).await {
                Ok(()) => {
                    self.committed(act.team, &messages, &acted);
                    self.say(act.team, before, &events, false);
                    return Ok(acted);
                }
                Err(CommitError::Conflict) => {}
                Err(other) => {
                    // It may have landed although nobody heard so.
                    if matches!(other, CommitError::Store(_)) && !events.is_empty() {
                        self.lines.unsure(act.team, act.incident, version);
                    }
                    return Err(other);
                }
            }
        }
        Err(CommitError::Conflict)
    }

    /// The incident as its log tells it.
    pub(super) async fn incident(
        &self,
        team: &TeamId,
        incident: &IncidentId,
    ) -> Result<Option<Incident>, pagerslack_store::StoreError> {
        let Some(stored) = self.store.load(team, incident).await? else { return Ok(None) };
        self.say_what_is_missing(team, incident, &stored.log);
        Ok(replay(&stored.log))
    }

    /// Disposes of a job without anything having happened.
    pub(super) async fn dispose(&self, job: &ClaimedJob, disposal: Disposal) -> Result<(), StepError> {
        let mut commit = Commit::new(job.job.rotation.team.clone(), job.job.incident.clone(), 0);
        commit.job = Some((job.job.key.clone(), job.fence, disposal));
        Ok(self.store.commit(commit).await?)
    }

    /// Adds jobs about an incident to which nothing has happened.
    pub(super) async fn add_jobs(
        &self,
        rotation: &RotationId,
        incident: &IncidentId,
        jobs: Vec<Job>,
    ) -> Result<(), StepError> {
        self.add_jobs_once(rotation, incident, jobs, None).await
    }

    /// Adds jobs, and remembers in the same breath that what called for them was taken.
    pub(super) async fn add_jobs_once(
        &self,
        rotation: &RotationId,
        incident: &IncidentId,
        jobs: Vec<Job>,
        taken: Option<Told>,
    ) -> Result<(), StepError> {
        let mut commit = Commit::new(rotation.team.clone(), incident.clone(), 0);
        commit.add = jobs;
        commit.told.extend(taken);
        self.store.commit(commit).await?;
        self.due.notify_one();
        Ok(())
    }

    fn prepare(&self, act: &Act<'_>, before: Option<Incident>) -> (Commit, Acted) {
        let now = self.now();
        let rotation = match (&before, &act.command) {
            (Some(incident), _) => Some(incident.report.rotation.clone()),
            (None, Command::Report(report)) => Some(report.rotation.clone()),
            (None, _) => None,
        };
        let version = before.as_ref().map_or(0, |incident| incident.version);
        let mut commit = Commit::new(act.team.clone(), act.incident.clone(), version);
        let Some(rotation) = rotation else {
            commit.job = act.disposal(false);
            return (commit, Acted { incident: None, events: vec![] });
        };

        let config = self.rotation(&rotation);
        let events = decide(before.as_ref(), &act.command, &config.policy, now);
        commit.job = act.disposal(!events.is_empty());
        let was_open = before.as_ref().map(Incident::is_open);
        let mut state = before;
        let mut jobs = Jobs::default();
        let mut turns = Vec::new();
        for (seq, event) in (version + 1..).zip(&events) {
            turns.extend(turn_of(state.as_ref(), event).cloned());
            let recorded = Recorded { seq, at: now, event: event.clone() };
            state = apply(state, &recorded);
            if let Some(after) = &state {
                jobs.take(plan(&recorded, after, &config.policy));
            }
            commit.messages.extend(message_of(event).cloned());
            commit.events.push(recorded);
        }
        (commit.add, commit.remove) = jobs.into_lists();
        commit.queue = queue_commit(&rotation, turns, &events, act.queue.as_ref(), now);
        if let Some(after) = &state
            && was_open != Some(after.is_open())
        {
            let url = after.report.url.clone();
            commit.index = Some(IncidentIndex { rotation, url, open: after.is_open() });
        }
        (commit, Acted { incident: state, events })
    }

    /// What memory learns from a commit, and who is woken by it.
    fn committed(&self, team: &TeamId, messages: &[MessageRef], acted: &Acted) {
        for event in &acted.events {
            match event {
                Event::Reported(_) => self.counters.reports.count(),
                Event::PagePosted { .. } => self.counters.pages.count(),
                Event::Acknowledged { .. } => self.counters.acknowledgements.count(),
                _ => {}
            }
        }
        match &acted.incident {
            Some(incident) if incident.is_open() => {
                self.index.insert(messages.iter().map(|message| (team, message)));
                if acted.events.iter().any(|event| matches!(event, Event::HandedOver { .. })) {
                    // A 👀 on its messages counts again.
                    self.index.insert(incident.live_messages().map(|message| (team, message)));
                }
            }
            Some(incident) if !acted.events.is_empty() => self.index.remove(team, incident.live_messages()),
            _ => {}
        }
        if !acted.events.is_empty() {
            self.due.notify_one();
            if let Some(incident) = &acted.incident {
                self.changed(team, &incident.report.incident, incident.version);
            }
            warn_of_the_unread(team, acted);
        }
    }
}

/// Jobs to add and to remove, where the later word counts.
#[derive(Default)]
struct Jobs {
    add: BTreeMap<JobKey, Job>,
    remove: std::collections::BTreeSet<JobKey>,
}

impl Jobs {
    fn take(&mut self, plan: pagerslack_core::Plan) {
        for key in plan.remove {
            self.add.remove(&key);
            self.remove.insert(key);
        }
        for job in plan.add {
            self.remove.remove(&job.key);
            self.add.insert(job.key.clone(), job);
        }
    }

    fn into_lists(self) -> (Vec<Job>, Vec<JobKey>) {
        (self.add.into_values().collect(), self.remove.into_iter().collect())
    }
}

fn message_of(event: &Event) -> Option<&MessageRef> {
    match event {
        Event::RootPosted { message }
        | Event::PagePosted { message, .. }
        | Event::ManagersPosted { message, .. } => Some(message),
        _ => None,
    }
}

/// Whoever has had a turn goes to the bottom (P5).
fn queue_commit(
    rotation: &RotationId,
    turns: Vec<UserId>,
    events: &[Event],
    decided_on: Option<&QueueCommit>,
    now: jiff::Timestamp,
) -> Option<QueueCommit> {
    let mut queue = decided_on.cloned().unwrap_or(QueueCommit {
        rotation: rotation.clone(),
        expected: None,
        changes: Vec::new(),
    });
    queue.changes.extend(turns.into_iter().map(|user| QueueChange::Turn { user, at: now }));
    // Nothing was decided on the queue, so nothing needs to hold of it.
    if events.is_empty() || queue.changes.is_empty() { None } else { Some(queue) }
}

/// Says of whom it could not be told whether they may be asked (P6).
fn warn_of_the_unread(team: &TeamId, acted: &Acted) {
    let Some(incident) = &acted.incident else { return };
    for why in acted.events.iter().filter_map(unread) {
        tracing::warn!(
            %team,
            channel = %incident.report.rotation.channel,
            incident = %incident.report.incident,
            why,
            "somebody is asked of whom Slack does not tell all"
        );
    }
}

/// What could not be read of the person asked (P6).
fn unread(event: &Event) -> Option<&str> {
    let Event::Paged { responder, considered, .. } = event else { return None };
    considered.iter().find_map(|candidate| match &candidate.verdict {
        Verdict::Unknown { why } if candidate.user == *responder => Some(why.as_str()),
        _ => None,
    })
}
