//! What an incident comes to, in one row, and what many come to: for whoever counts incidents and how long they waited.
//!
//! The first eight columns are those that the data warehouse of the first PagerSlack reads, in its order and with its
//! meaning; ours follow. Everything is read out of the log, so that a row says the same whenever it is asked for, but
//! for what is still to happen. Nothing of what people wrote is in it.
//!
//! - [`Asked`]: each time somebody was asked, and how it ended.
//! - [`Fact`]: a row in about a hundred bytes, to keep many in memory.
//! - [`Summary`]: what many facts come to.
//! - [`Thin`]: an event read as far as a row tells of it.

mod asked;
mod fact;
mod region;
mod summary;
mod thin;

pub use asked::{Asked, AskedEnd};
pub use fact::{Channel, Fact, Names, Person, Turn, is_night};
pub use region::Region;
pub use summary::{Answers, Bucket, Frame, Load, Pages, Regional, Slice, Spread, Summary, Times};
pub use thin::{Thin, row_of};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::availability::Verdict;
use crate::calendar;
use crate::ids::{ChannelId, IncidentId, TeamId, UserId, ZoneName};
use crate::incident::{AttemptEnd, Event, Incident, Phase, Recorded, Taken, Via, replay};

/// The names of the columns, in order. A test holds them to the fields of [`Row`].
pub const COLUMNS: [&str; 25] = [
    "attempts",
    "weekend_pinged",
    "unavailable",
    "incident_url",
    "reported_by",
    "reported_at",
    "time_to_response",
    "time_at_response",
    "incident",
    "team",
    "channel",
    "outcome",
    "acknowledged_by",
    "acknowledged_via",
    "first_page_ms",
    "timed_out",
    "passed",
    "handed_over",
    "manager_pages",
    "ended_at",
    "region",
    "acknowledged_zone",
    "acknowledged_local_hour",
    "by_manager",
    "asked",
];

/// One incident. What has not happened is `None`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// How many people were asked.
    pub attempts: usize,
    /// Whether somebody was asked who was in the weekend's pool at the time.
    pub weekend_pinged: bool,
    /// Whether the managers were paged.
    pub unavailable: bool,
    /// Its address.
    pub incident_url: String,
    /// Who reported it: a person's id, or a machine's name.
    pub reported_by: UserId,
    /// When.
    pub reported_at: Timestamp,
    /// From the report to the first acknowledgement, in milliseconds.
    pub time_to_response: Option<u64>,
    /// When it was first acknowledged.
    pub time_at_response: Option<Timestamp>,
    /// Which.
    pub incident: IncidentId,
    /// The workspace.
    pub team: TeamId,
    /// Where it was reported.
    pub channel: ChannelId,
    /// Where it stands, or how it ended.
    pub outcome: Outcome,
    /// Who acknowledged it first.
    pub acknowledged_by: Option<UserId>,
    /// How.
    pub acknowledged_via: Option<Via>,
    /// From the report until the first page stood in the thread, in milliseconds.
    pub first_page_ms: Option<u64>,
    /// How many of those asked did not answer in time.
    pub timed_out: usize,
    /// How many of them passed.
    pub passed: usize,
    /// How often somebody handed it over.
    pub handed_over: usize,
    /// How often the managers were paged.
    pub manager_pages: usize,
    /// When it was cancelled or closed.
    pub ended_at: Option<Timestamp>,
    /// The part of the world that was at work when it was first acknowledged. A row of an incident that was taken out
    /// by an earlier version lacks this and what follows; [`Row::completed`] adds what can be told.
    #[serde(default)]
    pub region: Option<Region>,
    /// Where the clock of whoever acknowledged it first stood, if that was known.
    #[serde(default)]
    pub acknowledged_zone: Option<ZoneName>,
    /// The hour that it showed, 0 to 23.
    #[serde(default)]
    pub acknowledged_local_hour: Option<u8>,
    /// Whether whoever acknowledged it first is one of the managers, as far as the log tells.
    #[serde(default)]
    pub by_manager: bool,
    /// Each time somebody was asked, first to last.
    #[serde(default)]
    pub asked: Vec<Asked>,
}

impl Row {
    /// The same, with what an earlier version has not written and can be told from the rest.
    pub fn completed(self) -> Self {
        Self { region: self.time_at_response.map(Region::of), ..self }
    }
}

/// Where an incident stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Somebody is being looked for, or has been asked.
    Open,
    /// The managers have been paged and nobody has answered.
    ManagersPaged,
    /// Nobody was hunted that day; the schedule was shown.
    ScheduleShown,
    /// Somebody is on it.
    Acknowledged,
    /// Nobody was needed any more.
    Cancelled,
    /// Somebody was on it, and all is done.
    Closed,
}

impl Outcome {
    /// Its name, as it is stored.
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::ManagersPaged => "managers_paged",
            Self::ScheduleShown => "schedule_shown",
            Self::Acknowledged => "acknowledged",
            Self::Cancelled => "cancelled",
            Self::Closed => "closed",
        }
    }
}

/// The row of an incident, or `None` for a log that tells of none.
pub fn row(log: &[Recorded]) -> Option<Row> {
    let incident = replay(log)?;
    let first = incident.taken.first();
    let since = |at: Timestamp| milliseconds(at.duration_since(incident.reported_at));
    let ended = |end: &AttemptEnd| incident.attempts.iter().filter(|it| it.end.as_ref() == Some(end)).count();
    let (outcome, ended_at) = outcome(&incident.phase);
    Some(Row {
        attempts: incident.attempts.len(),
        weekend_pinged: asked_the_pool(&incident),
        unavailable: !incident.manager_rounds.is_empty(),
        time_to_response: first.map(|taken| since(taken.at)),
        time_at_response: first.map(|taken| taken.at),
        outcome,
        acknowledged_by: first.map(|taken| taken.by.clone()),
        acknowledged_via: first.map(|taken| taken.via),
        first_page_ms: first_page(log).map(since),
        timed_out: ended(&AttemptEnd::TimedOut),
        passed: ended(&AttemptEnd::Passed),
        handed_over: incident.taken.iter().filter(|taken| taken.handed_over_at.is_some()).count(),
        manager_pages: incident.manager_rounds.len(),
        ended_at,
        region: first.map(|taken| Region::of(taken.at)),
        acknowledged_zone: first.and_then(|taken| taken.zone.clone()),
        acknowledged_local_hour: first.and_then(|taken| local_hour(taken.zone.as_ref()?, taken.at)),
        by_manager: first.is_some_and(|taken| is_by_manager(&incident, taken)),
        asked: asked::of(&incident, log),
        reported_at: incident.reported_at,
        reported_by: UserId::new(incident.report.reported_by()),
        incident_url: incident.report.url,
        incident: incident.report.incident,
        team: incident.report.rotation.team,
        channel: incident.report.rotation.channel,
    })
}

/// Each attempt has recorded whom it asked, as they were then.
fn asked_the_pool(incident: &Incident) -> bool {
    incident.attempts.iter().any(|attempt| {
        let asked = attempt.considered.iter().filter(|candidate| candidate.user == attempt.responder);
        asked.into_iter().any(|candidate| candidate.weekend_volunteer)
    })
}

/// The hour that a clock somewhere shows, if there is such a place.
fn local_hour(zone: &ZoneName, at: Timestamp) -> Option<u8> {
    let hour = calendar::zone(zone.as_str())?.to_datetime(at).hour();
    u8::try_from(hour).ok()
}

/// Managers are known by their pages, or by having been passed over as such. Of a group whose members could not be
/// read the log names nobody: after its page whoever was not asked is taken for one of them.
fn is_by_manager(incident: &Incident, taken: &Taken) -> bool {
    let before = |at: &Timestamp| *at <= taken.at;
    if incident.attempts.iter().any(|attempt| attempt.responder == taken.by && before(&attempt.paged_at)) {
        return false;
    }
    let rounds = || incident.manager_rounds.iter().filter(|round| before(&round.at));
    let passed_over = incident.attempts.iter().flat_map(|attempt| &attempt.considered);
    rounds().any(|round| round.whom.users.contains(&taken.by))
        || passed_over.into_iter().any(|it| it.user == taken.by && it.verdict == Verdict::Manager)
        || rounds().any(|round| round.whom.group.is_some() && round.whom.incomplete)
}

fn first_page(log: &[Recorded]) -> Option<Timestamp> {
    log.iter().find(|recorded| matches!(recorded.event, Event::PagePosted { .. })).map(|recorded| recorded.at)
}

fn outcome(phase: &Phase) -> (Outcome, Option<Timestamp>) {
    match phase {
        Phase::Hunting { .. } | Phase::Paging { .. } => (Outcome::Open, None),
        Phase::ManagersPaged { .. } => (Outcome::ManagersPaged, None),
        Phase::ScheduleShown { .. } => (Outcome::ScheduleShown, None),
        Phase::Acknowledged { .. } => (Outcome::Acknowledged, None),
        Phase::Cancelled { at, .. } => (Outcome::Cancelled, Some(*at)),
        Phase::Closed { at, .. } => (Outcome::Closed, Some(*at)),
    }
}

/// A clock that was put back meanwhile makes no time negative.
fn milliseconds(duration: SignedDuration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(0)
}

#[cfg(test)]
mod tests;
