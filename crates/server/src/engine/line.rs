//! One line in the log for each event of each incident: the contract is `docs/LOGGING.md`.
//!
//! Invariant: a line is written only once its event is in the store, and then at least once. Whatever may have kept
//! it from being written, an answer of the store that was lost or a process that died, is made good when the incident
//! is next read here; such a line says `again`. Nothing that people wrote is in it (P8), but for the address.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use pagerslack_core::incident::{ManagersReason, Posting, Via};
use pagerslack_core::{Event, Incident, IncidentId, Phase, Recorded, TeamId, UserId, ZoneName, apply};

use super::Engine;

/// Of how many incidents that began before this process it is remembered that they were looked at. Beyond that a line
/// that the process before may have missed stays missed.
const MOST: usize = 10_000;

type Key = (TeamId, IncidentId);

/// Which lines may be missing.
#[derive(Default)]
pub(super) struct Lines(Mutex<Missing>);

#[derive(Default)]
struct Missing {
    /// Where it was not heard whether a commit landed: how much of the log had been said by then.
    unsure: BTreeMap<Key, u64>,
    /// What began before this process and has been looked at by it.
    seen: BTreeSet<Key>,
}

impl Lines {
    /// Events were to follow this version, and nobody knows whether they are in the store.
    pub(super) fn unsure(&self, team: &TeamId, incident: &IncidentId, version: u64) {
        let mut missing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        missing.unsure.entry((team.clone(), incident.clone())).or_insert(version);
    }

    /// After which event the lines of a log may be missing, if any may. Asked once, the answer counts as given.
    fn missing(&self, key: Key, log: &[Recorded], started: Timestamp) -> Option<u64> {
        let mut missing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(version) = missing.unsure.remove(&key) {
            return Some(version);
        }
        let last = log.last()?;
        if last.at > started || missing.seen.len() >= MOST || !missing.seen.insert(key) {
            return None;
        }
        // One commit has one moment, and of those only the last can have been followed by a death.
        log.iter().find(|recorded| recorded.at == last.at).map(|first| first.seq.saturating_sub(1))
    }
}

impl Engine {
    /// Says what has happened: `incident` is as it was before.
    pub(super) fn say(&self, team: &TeamId, before: Option<Incident>, events: &[Recorded], again: bool) {
        let mut state = before;
        for recorded in events {
            state = apply(state, recorded);
            if let Some(after) = &state {
                self.write(team, after, recorded, again);
            }
        }
    }

    /// Says what may not have been said of a log that was just read.
    pub(super) fn say_what_is_missing(&self, team: &TeamId, incident: &IncidentId, log: &[Recorded]) {
        let Some(said) = self.lines.missing((team.clone(), incident.clone()), log, self.started) else {
            return;
        };
        let (before, after): (Vec<_>, Vec<_>) = log.iter().partition(|recorded| recorded.seq <= said);
        let state = before.into_iter().fold(None, apply);
        self.say(team, state, &after.into_iter().cloned().collect::<Vec<_>>(), true);
    }

    fn write(&self, team: &TeamId, after: &Incident, recorded: &Recorded, again: bool) {
        let report = &after.report;
        let mut said = Said::of(&recorded.event);
        let attempt = said.attempt.and_then(|number| after.attempt(number));
        said.responder = said.responder.or(attempt.map(|attempt| &attempt.responder));
        let recorded_zone = said.zone.map(ToString::to_string);
        let zone =
            recorded_zone.or_else(|| said.by.or(said.responder).and_then(|user| self.zone(after, user)));
        let since = |at: Timestamp| milliseconds(at.duration_since(after.reported_at));
        let (first_page, response) = firsts(after, &recorded.event);
        let now = since(recorded.at);
        tracing::info!(
            event = said.event,
            %team,
            channel = %report.rotation.channel,
            incident = %report.incident,
            incident_url = report.url,
            seq = recorded.seq,
            at = format!("{:.3}", recorded.at),
            outcome = outcome(&after.phase),
            by = said.by.map(UserId::as_str),
            responder = said.responder.map(UserId::as_str),
            managers = (!said.managers.is_empty()).then(|| list(said.managers)),
            attempt = said.attempt,
            round = said.round,
            via = said.via,
            reason = said.reason,
            posting = said.posting,
            code = said.code,
            since_report_ms = now,
            first_page_ms = first_page.then_some(now),
            time_to_response_ms = response.then_some(now),
            zone,
            region = matches!(recorded.event, Event::Acknowledged { .. }).then(|| region(recorded.at)),
            again = again.then_some(true),
            "incident"
        );
    }

    /// Somebody's time zone as far as it is known without asking: the roster's, else Slack's.
    fn zone(&self, incident: &Incident, user: &UserId) -> Option<String> {
        let rotation = &incident.report.rotation;
        let profiles = self.directory.profiles_of_any_age(&rotation.team, &BTreeSet::from([user.clone()]));
        let profile = profiles.get(user).map(|profile| &**profile);
        let config = self.rotation(rotation);
        let rostered = config.rules.entry(user, profile).and_then(|entry| entry.zone.as_ref());
        let rostered = rostered.and_then(|zone| zone.iana_name().map(str::to_owned));
        rostered.or_else(|| profile.and_then(|profile| profile.zone.clone()))
    }
}

/// What an event tells beyond its incident.
#[derive(Default)]
struct Said<'a> {
    event: &'static str,
    by: Option<&'a UserId>,
    responder: Option<&'a UserId>,
    managers: &'a [UserId],
    attempt: Option<u32>,
    round: Option<u32>,
    via: Option<&'static str>,
    reason: Option<&'static str>,
    posting: Option<&'static str>,
    code: Option<&'a str>,
    /// As the log has recorded it.
    zone: Option<&'a ZoneName>,
}

impl<'a> Said<'a> {
    fn of(event: &'a Event) -> Self {
        let named = |event| Self { event, ..Self::default() };
        let done = |event, by| Self { by: Some(by), ..named(event) };
        match event {
            Event::Reported(report) => done("incident.reported", &report.reporter),
            Event::RootPosted { .. } => named("root.posted"),
            Event::Paged { attempt, responder, considered, .. } => {
                let asked = named("incident.paged");
                let candidate = considered.iter().find(|candidate| candidate.user == *responder);
                let zone = candidate.and_then(|candidate| candidate.zone.as_ref());
                Self { attempt: Some(*attempt), responder: Some(responder), zone, ..asked }
            }
            Event::PagePosted { attempt, .. } => Self { attempt: Some(*attempt), ..named("page.posted") },
            Event::PageTimedOut { attempt } => Self { attempt: Some(*attempt), ..named("page.timed_out") },
            Event::Passed { attempt, by } => Self { attempt: Some(*attempt), ..done("page.passed", by) },
            Event::ManagersPaged { round, whom, reason, .. } => {
                let paged = named("managers.paged");
                let by = if let ManagersReason::OnDemand { by } = reason { Some(by) } else { None };
                let (round, managers, reason) = (Some(*round), whom.users.as_slice(), Some(because(reason)));
                Self { round, managers, reason, by, ..paged }
            }
            Event::ManagersPosted { round, .. } => Self { round: Some(*round), ..named("managers.posted") },
            Event::PostRefused { posting, why } => {
                let (posting, attempt, round) = posting_of(*posting);
                Self { posting: Some(posting), attempt, round, code: Some(why), ..named("post.refused") }
            }
            Event::Acknowledged { by, via, zone } => {
                let via = match via {
                    Via::Reaction => "reaction",
                    Via::Button => "button",
                    Via::ReadBack => "read_back",
                };
                Self { via: Some(via), zone: zone.as_ref(), ..done("incident.acknowledged", by) }
            }
            Event::AckRefused { by } => done("acknowledgement.refused", by),
            Event::ScheduleShown { .. } => named("schedule.shown"),
            Event::HuntResumed { by } => done("hunt.resumed", by),
            Event::HandedOver { from, by } => {
                Self { responder: Some(from), ..done("incident.handed_over", by) }
            }
            Event::Delayed { why } => {
                let reason = match why {
                    pagerslack_core::incident::Delay::Limited => "limited",
                    pagerslack_core::incident::Delay::NoAnswer => "no_answer",
                };
                Self { reason: Some(reason), ..named("incident.delayed") }
            }
            Event::ClockPutBack { .. } => named("clock.put_back"),
            Event::Cancelled { by } => done("incident.cancelled", by),
            Event::FollowUpPosted { .. } => named("follow_up.posted"),
            Event::Closed { by } => done("incident.closed", by),
            Event::Resolved => named("incident.resolved"),
        }
    }
}

fn because(reason: &ManagersReason) -> &'static str {
    match reason {
        ManagersReason::AttemptsUsedUp => "attempts_used_up",
        ManagersReason::NobodyAvailable { .. } => "nobody_available",
        ManagersReason::CannotTell { .. } => "cannot_tell",
        ManagersReason::CannotPost { .. } => "cannot_post",
        ManagersReason::NoAnswer => "no_answer",
        ManagersReason::OnDemand { .. } => "on_demand",
    }
}

fn posting_of(posting: Posting) -> (&'static str, Option<u32>, Option<u32>) {
    match posting {
        Posting::Root => ("root", None, None),
        Posting::Page { attempt } => ("page", Some(attempt), None),
        Posting::Managers { round } => ("managers", None, Some(round)),
        Posting::FollowUp => ("follow_up", None, None),
    }
}

/// Where an incident stands, as the statistics name it.
fn outcome(phase: &Phase) -> &'static str {
    match phase {
        Phase::Hunting { .. } | Phase::Paging { .. } => "open",
        Phase::ManagersPaged { .. } => "managers_paged",
        Phase::ScheduleShown { .. } => "schedule_shown",
        Phase::Acknowledged { .. } => "acknowledged",
        Phase::Cancelled { .. } => "cancelled",
        Phase::Closed { .. } => "closed",
    }
}

/// Whether an event is the first page that stands, or the first acknowledgement. The incident is as it was after it.
pub(super) fn firsts(after: &Incident, event: &Event) -> (bool, bool) {
    let posted = after.attempts.iter().filter(|attempt| attempt.message.is_some()).count();
    let first_page = matches!(event, Event::PagePosted { .. }) && posted == 1;
    (first_page, matches!(event, Event::Acknowledged { .. }) && after.taken.len() == 1)
}

/// Which of three regions is at work when somebody responds, by the hour in UTC.
fn region(at: Timestamp) -> &'static str {
    match at.to_zoned(TimeZone::UTC).hour() {
        1..=7 => "APAC",
        8..=16 => "EMEA",
        _ => "AMER",
    }
}

fn list(users: &[UserId]) -> String {
    users.iter().map(UserId::as_str).collect::<Vec<_>>().join(",")
}

/// A clock that was put back meanwhile makes no time negative.
fn milliseconds(duration: SignedDuration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded(seq: u64, second: i64) -> Recorded {
        let at = Timestamp::from_second(second).unwrap();
        Recorded { seq, at, event: Event::Cancelled { by: "U1".into() } }
    }

    fn key() -> Key {
        (TeamId::new("T1"), IncidentId::new("i1"))
    }

    #[test]
    fn the_region_goes_by_the_hour() {
        let at = |hour: i8| region(Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hour.into()));
        let days: Vec<_> = (0..24).map(at).collect();
        assert_eq!(days.iter().filter(|region| **region == "APAC").count(), 7);
        assert_eq!(days.iter().filter(|region| **region == "EMEA").count(), 9);
        assert_eq!(
            [at(0), at(1), at(7), at(8), at(16), at(17)],
            ["AMER", "APAC", "APAC", "EMEA", "EMEA", "AMER"]
        );
    }

    /// What the store did not confirm is said once it is found there, and only once.
    #[test]
    fn what_may_have_landed_is_said_when_it_is_found() {
        let (lines, started) = (Lines::default(), Timestamp::from_second(10).unwrap());
        let log = [recorded(1, 11), recorded(2, 12), recorded(3, 13)];
        assert_eq!(lines.missing(key(), &log, started), None);
        lines.unsure(&TeamId::new("T1"), &IncidentId::new("i1"), 1);
        lines.unsure(&TeamId::new("T1"), &IncidentId::new("i1"), 2);
        assert_eq!(lines.missing(key(), &log, started), Some(1));
        assert_eq!(lines.missing(key(), &log, started), None);
    }

    /// The process before may have died between its last commit and the lines of that.
    #[test]
    fn after_a_start_the_last_commit_of_the_process_before_is_said_once_more() {
        let (lines, started) = (Lines::default(), Timestamp::from_second(10).unwrap());
        let log = [recorded(1, 1), recorded(2, 3), recorded(3, 3)];
        assert_eq!(lines.missing(key(), &log, started), Some(1));
        assert_eq!(lines.missing(key(), &log, started), None);
    }
}
