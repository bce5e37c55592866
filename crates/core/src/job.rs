//! What must be done later, as a consequence of what happened.
//!
//! A job is the only way anything happens later: timers are rows, not sleeping tasks, and outgoing messages
//! are rows, not function calls. [`plan`] derives them from events, so that whoever commits an event commits
//! what it calls for in the same breath.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{ChannelId, IncidentId, MessageRef, RotationId, UserId};
use crate::incident::{Event, Incident, Phase, Recorded};
use crate::policy::Policy;

/// A job's stable name. There is at most one job of a name, and the name is also the key by which a message
/// is recognised in Slack when it is unknown whether it landed (P2).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JobKey(String);

impl JobKey {
    /// The key as stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The key of a job about an incident.
    pub fn of(incident: &IncidentId, kind: &JobKind) -> Self {
        let name = match kind {
            JobKind::Hunt => "hunt".to_owned(),
            JobKind::RootDeadline => "deadline/root".to_owned(),
            JobKind::PageDeadline { attempt } => format!("deadline/page/{attempt}"),
            JobKind::ManagersDeadline { round } => format!("deadline/managers/{round}"),
            JobKind::ConsiderAck { by, .. } => format!("consider-ack/{by}"),
            JobKind::Answer { .. } => "answer".to_owned(),
            JobKind::Send(message) => match message {
                Message::Root => "send/root".to_owned(),
                Message::RootUpdate { version } => format!("update/root/{version}"),
                Message::Page { attempt } => format!("send/page/{attempt}"),
                Message::PageUpdate { attempt } => format!("update/page/{attempt}"),
                Message::Managers { round } => format!("send/managers/{round}"),
                Message::ManagersUpdate { round } => format!("update/managers/{round}"),
                Message::ManagerDirect { round, user } => format!("send/manager/{round}/{user}"),
                Message::Taken => "send/taken".to_owned(),
                Message::Notice { user, notice } => format!("send/notice/{}/{user}", notice.name()),
                Message::TellReporter { why } => format!("send/tell-reporter/{why}"),
            },
        };
        Self(format!("{incident}/{name}"))
    }
}

impl From<String> for JobKey {
    fn from(key: String) -> Self {
        Self(key)
    }
}

/// One Slack message to send or to change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "message", rename_all = "snake_case")]
pub enum Message {
    /// The message in the channel that opens the thread.
    Root,
    /// The same message, brought up to date; skipped when the incident has moved on since `version`.
    RootUpdate {
        /// The state to show.
        version: u64,
    },
    /// The page of an attempt, in the thread.
    Page {
        /// 1-based.
        attempt: u32,
    },
    /// The page of an attempt that is over, without its buttons.
    PageUpdate {
        /// 1-based.
        attempt: u32,
    },
    /// The page of the managers, in the thread.
    Managers {
        /// 1-based.
        round: u32,
    },
    /// The messages of a managers' page once somebody is on it, without their button.
    ManagersUpdate {
        /// 1-based.
        round: u32,
    },
    /// The page of one manager, in a direct message.
    ManagerDirect {
        /// 1-based.
        round: u32,
        /// Who.
        user: UserId,
    },
    /// Who is on it, in the thread.
    Taken,
    /// To one person in the thread; only they see it.
    Notice {
        /// Who.
        user: UserId,
        /// What they are told.
        notice: Notice,
    },
    /// To the reporter, what to do so that the bot can post; only they see it.
    TellReporter {
        /// Slack's error code.
        why: String,
    },
}

/// What one person is told about an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// They may not take the incident.
    AckRefused,
    /// They may not pass for somebody else.
    PassRefused,
    /// Somebody else has taken the incident.
    TakenAlready,
}

impl Notice {
    fn name(self) -> &'static str {
        match self {
            Self::AckRefused => "ack-refused",
            Self::PassRefused => "pass-refused",
            Self::TakenAlready => "taken-already",
        }
    }
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum JobKind {
    /// Look for somebody to ask.
    Hunt,
    /// Tell the managers directly if the root message has not reached the channel.
    RootDeadline,
    /// Turn to the next person if this attempt has not been answered.
    PageDeadline {
        /// 1-based.
        attempt: u32,
    },
    /// Page the managers again if nobody has answered.
    ManagersDeadline {
        /// 1-based.
        round: u32,
    },
    /// Find out whether somebody who reacted may take the incident, and let them.
    ConsiderAck {
        /// Who reacted.
        by: UserId,
        /// On which message, where the explanation is shown if they may not.
        message: MessageRef,
        /// Whether by the button rather than by a 👀.
        button: bool,
    },
    /// Send one message.
    Send(Message),
    /// Answer a direct message; the job's incident is the message answered.
    Answer {
        /// The conversation.
        channel: ChannelId,
        /// What to say.
        text: String,
    },
}

/// Which of the jobs that are due comes first; the lower, the sooner. Within a class the longest due comes first.
///
/// All messages of a channel share about one post a second
/// (<https://docs.slack.dev/apis/web-api/rate-limits>), so in a storm of reports the order decides whether
/// anybody is woken while the thousandth incident is being announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Urgency {
    /// Wakes somebody, or stops somebody from being woken (P4).
    Page,
    /// The root message of an incident for which somebody has been chosen, who can be paged once it stands.
    Awaited,
    /// Leads to a page: the root message in whose thread it goes, and the choice of whom to ask. The oldest
    /// incident first, so none waits for ever.
    Opening,
    /// Good to know, and wakes nobody.
    Courtesy,
}

impl Urgency {
    /// Every class, the most urgent first.
    pub const ALL: [Self; 4] = [Self::Page, Self::Awaited, Self::Opening, Self::Courtesy];

    /// Its place in the order, from 0: the form in which it is stored.
    pub fn rank(self) -> u8 {
        match self {
            Self::Page => 0,
            Self::Awaited => 1,
            Self::Opening => 2,
            Self::Courtesy => 3,
        }
    }

    /// Of a job from before there was an urgency.
    fn unsaid() -> Self {
        Self::Opening
    }

    /// The class that has this place, if there is one.
    pub fn of_rank(rank: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|urgency| urgency.rank() == rank)
    }
}

impl JobKind {
    /// How soon a job of this kind is taken up among all that are due.
    pub fn urgency(&self) -> Urgency {
        match self {
            Self::RootDeadline
            | Self::PageDeadline { .. }
            | Self::ManagersDeadline { .. }
            | Self::ConsiderAck { .. } => Urgency::Page,
            Self::Hunt => Urgency::Opening,
            Self::Answer { .. } => Urgency::Courtesy,
            Self::Send(message) => match message {
                Message::Page { .. } | Message::Managers { .. } | Message::ManagerDirect { .. } => {
                    Urgency::Page
                }
                Message::Root => Urgency::Opening,
                Message::RootUpdate { .. }
                | Message::PageUpdate { .. }
                | Message::ManagersUpdate { .. }
                | Message::Taken
                | Message::Notice { .. }
                | Message::TellReporter { .. } => Urgency::Courtesy,
            },
        }
    }
}

/// A job to add. Adding one whose key exists already moves it to the new due time and urgency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// Its stable name.
    pub key: JobKey,
    /// Whose it is: the rotation, for budgets and for the workspace's token.
    pub rotation: RotationId,
    /// The incident it is about.
    pub incident: IncidentId,
    /// What to do.
    pub kind: JobKind,
    /// How soon among all that is due: that of its kind, or sooner when a page waits for it.
    #[serde(default = "Urgency::unsaid")]
    pub urgency: Urgency,
    /// When.
    pub due: Timestamp,
}

impl Job {
    /// A job about an incident.
    pub fn new(rotation: &RotationId, incident: &IncidentId, kind: JobKind, due: Timestamp) -> Self {
        let (key, urgency) = (JobKey::of(incident, &kind), kind.urgency());
        Self { key, rotation: rotation.clone(), incident: incident.clone(), kind, urgency, due }
    }
}

/// What an event changes about the jobs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Jobs to add, or to move to a new due time.
    pub add: Vec<Job>,
    /// Jobs that are pointless now.
    pub remove: Vec<JobKey>,
}

/// What must be done because of `recorded`, which led to `after`.
pub fn plan(recorded: &Recorded, after: &Incident, policy: &Policy) -> Plan {
    let mut planner = Planner { incident: after, now: recorded.at, plan: Plan::default() };
    match &recorded.event {
        Event::Reported(_) => {
            planner.send(Message::Root);
            planner.add(JobKind::Hunt, recorded.at);
            planner.add(JobKind::RootDeadline, recorded.at + policy.ack_timeout);
        }
        Event::RootPosted { .. } => {
            planner.remove(&JobKind::RootDeadline);
            match &after.phase {
                // A hunt that found nobody, or nobody who could be reached, waits for the thread.
                Phase::Hunting { .. } => planner.add(JobKind::Hunt, recorded.at),
                Phase::Paging { attempt, .. } => {
                    planner.send(Message::Page { attempt: *attempt });
                    planner.update_root();
                }
                Phase::ManagersPaged { .. } => planner.update_root(),
                Phase::Acknowledged { .. } => {
                    planner.send(Message::Taken);
                    planner.update_root();
                }
            }
        }
        Event::Paged { attempt, deadline, .. } => {
            planner.add(JobKind::PageDeadline { attempt: *attempt }, *deadline);
            if after.root.is_some() {
                planner.send(Message::Page { attempt: *attempt });
                planner.update_root();
            } else {
                planner.hurry_root();
            }
        }
        Event::PagePosted { attempt, deadline, .. } => {
            if after.current_attempt().is_some_and(|(current, _)| current == *attempt) {
                planner.add(JobKind::PageDeadline { attempt: *attempt }, *deadline);
            } else {
                planner.send(Message::PageUpdate { attempt: *attempt });
            }
        }
        Event::PageTimedOut { attempt } | Event::Passed { attempt, .. } => {
            planner.remove(&JobKind::PageDeadline { attempt: *attempt });
            planner.add(JobKind::Hunt, recorded.at);
            planner.over(*attempt);
            planner.update_root();
        }
        Event::ManagersPaged { round, whom, direct, deadline, .. } => {
            planner.managers(*round, whom, *direct, *deadline);
        }
        Event::ManagersPosted { round, .. } => {
            if !after.is_open() {
                planner.send(Message::ManagersUpdate { round: *round });
            }
        }
        Event::PostRefused { why, .. } => {
            if after.report.response_url.is_some() {
                planner.send(Message::TellReporter { why: why.clone() });
            }
        }
        Event::Acknowledged { .. } => planner.acknowledged(),
        Event::AckRefused { by } => {
            planner.send(Message::Notice { user: by.clone(), notice: Notice::AckRefused })
        }
    }
    planner.plan
}

struct Planner<'a> {
    incident: &'a Incident,
    now: Timestamp,
    plan: Plan,
}

impl Planner<'_> {
    fn add(&mut self, kind: JobKind, due: Timestamp) {
        let report = &self.incident.report;
        self.plan.add.push(Job::new(&report.rotation, &report.incident, kind, due));
    }

    fn remove(&mut self, kind: &JobKind) {
        self.plan.remove.push(JobKey::of(&self.incident.report.incident, kind));
    }

    fn send(&mut self, message: Message) {
        self.add(JobKind::Send(message), self.now);
    }

    fn update_root(&mut self) {
        if self.incident.root.is_some() {
            self.send(Message::RootUpdate { version: self.incident.version });
        }
    }

    /// Somebody has been chosen and cannot be paged before the thread stands. In a storm of reports it would
    /// otherwise wait behind all threads for which nobody has been found yet.
    fn hurry_root(&mut self) {
        let report = &self.incident.report;
        let root = Job::new(&report.rotation, &report.incident, JobKind::Send(Message::Root), self.now);
        self.plan.add.push(Job { urgency: Urgency::Awaited, ..root });
    }

    /// Takes the buttons off the page of an attempt that is over.
    fn over(&mut self, attempt: u32) {
        if self.incident.attempt(attempt).is_some_and(|found| found.message.is_some()) {
            self.send(Message::PageUpdate { attempt });
        }
    }

    fn managers(
        &mut self,
        round: u32,
        whom: &crate::incident::ManagersWhom,
        direct: bool,
        deadline: Option<Timestamp>,
    ) {
        self.remove(&JobKind::Hunt);
        self.remove(&JobKind::RootDeadline);
        if let Ok(attempt) = u32::try_from(self.incident.attempts.len())
            && attempt > 0
        {
            self.remove(&JobKind::PageDeadline { attempt });
        }
        if round > 1 {
            self.remove(&JobKind::ManagersDeadline { round: round - 1 });
        }
        if direct {
            for user in &whom.users {
                self.send(Message::ManagerDirect { round, user: user.clone() });
            }
        } else {
            self.send(Message::Managers { round });
        }
        if let Some(deadline) = deadline {
            self.add(JobKind::ManagersDeadline { round }, deadline);
        }
        self.update_root();
    }

    /// Nothing further is asked of anybody (P4), the thread says who is on it.
    fn acknowledged(&mut self) {
        self.remove(&JobKind::Hunt);
        self.remove(&JobKind::RootDeadline);
        if let Ok(attempt) = u32::try_from(self.incident.attempts.len())
            && attempt > 0
        {
            self.remove(&JobKind::PageDeadline { attempt });
            self.over(attempt);
        }
        if let Ok(round) = u32::try_from(self.incident.manager_rounds.len())
            && round > 0
        {
            self.remove(&JobKind::ManagersDeadline { round });
        }
        for (round, paged) in (1..).zip(&self.incident.manager_rounds) {
            if !paged.messages.is_empty() {
                self.send(Message::ManagersUpdate { round });
            }
        }
        if self.incident.root.is_some() {
            self.send(Message::Taken);
        }
        self.update_root();
    }
}

#[cfg(test)]
mod tests;
