//! Commits as the engine makes them, without the engine: decided and planned by the same rules.

use jiff::{SignedDuration, Timestamp};
use pagerslack_core::incident::{Via, replay};
use pagerslack_core::{
    Candidate, Command, IncidentId, MessageRef, Policy, Recorded, Report, RotationId, Verdict, apply, decide,
    plan,
};
use pagerslack_store::{Commit, IncidentIndex};

/// A report as somebody typed it: the size of those that [`crate::requests`] makes.
pub(crate) fn report(number: usize) -> Report {
    let rotation = RotationId::new("T123ABC456".into(), "C123ABC456".into());
    Report {
        incident: IncidentId::derive(&rotation, &format!("{number}.738474920.8088930838d88f008e0")),
        rotation,
        url: format!("https://incidents.example.com/incidents/{number}"),
        note: "the checkout answers with errors".to_owned(),
        reporter: "U2147483697".into(),
        machine: None,
        first: None,
        response_url: Some(format!("https://hooks.slack.com/commands/T1/{number}/96rGlfmibIGlgcZR")),
    }
}

/// What the engine commits before it answers a report.
pub(crate) fn reported(number: usize, now: Timestamp) -> Commit {
    follow(number, now, |report| vec![Command::Report(report)])
}

/// What the engine commits for a report, and for the 👀 by which somebody takes it.
pub(crate) fn taken(number: usize, now: Timestamp) -> [Commit; 2] {
    let policy = Policy::default();
    let reported = reported(number, now);
    let before = replay(&reported.events);
    let command =
        Command::Acknowledge { by: "U0000000002".into(), via: Via::Reaction, eligible: true, zone: None };
    let mut commit = Commit::new(reported.team.clone(), reported.incident.clone(), 1);
    let mut state = before.clone();
    for (seq, event) in (2..).zip(decide(before.as_ref(), &command, &policy, now)) {
        let recorded = Recorded { seq, at: now, event };
        state = apply(state, &recorded);
        if let Some(after) = &state {
            let plan = plan(&recorded, after, &policy);
            commit.add.extend(plan.add);
            commit.remove.extend(plan.remove);
        }
        commit.events.push(recorded);
    }
    commit.index = reported.index.clone().map(|index| IncidentIndex { open: false, ..index });
    [reported, commit]
}

/// An incident whose first person has been asked and has a day to answer: two live messages, one job; what was
/// due at once has been done.
pub(crate) fn paged(number: usize, now: Timestamp) -> Commit {
    let mut commit = follow(number, now, |report| {
        let channel = report.rotation.channel.clone();
        let message =
            |part: usize| MessageRef::new(channel.clone(), format!("{number}.{part:06}").as_str().into());
        let candidate = |user: &str, verdict| Candidate::new(user.into(), verdict);
        let candidates =
            vec![candidate("U0000000001", Verdict::Away), candidate("U0000000002", Verdict::Available)];
        vec![
            Command::Report(report),
            Command::RootPosted { message: message(1) },
            Command::Page { candidates, managers: Default::default() },
            Command::PagePosted { attempt: 1, message: message(2) },
        ]
    });
    commit.add.retain(|job| job.due > now);
    commit
}

fn follow(number: usize, now: Timestamp, commands: impl FnOnce(Report) -> Vec<Command>) -> Commit {
    let policy = Policy { ack_timeout: SignedDuration::from_hours(24), ..Policy::default() };
    let report = report(number);
    let mut commit = Commit::new(report.rotation.team.clone(), report.incident.clone(), 0);
    commit.index =
        Some(IncidentIndex { rotation: report.rotation.clone(), url: report.url.clone(), open: true });
    let mut state = None;
    for command in commands(report) {
        for event in decide(state.as_ref(), &command, &policy, now) {
            let seq = commit.events.len() as u64 + 1;
            let recorded = Recorded { seq, at: now, event };
            state = apply(state, &recorded);
            if let Some(after) = &state {
                let plan = plan(&recorded, after, &policy);
                commit.add.retain(|job| !plan.remove.contains(&job.key));
                commit.add.retain(|job| plan.add.iter().all(|added| added.key != job.key));
                commit.add.extend(plan.add);
            }
            commit.events.push(recorded);
        }
    }
    let live = state.iter().flat_map(|incident| incident.live_messages().cloned());
    commit.messages = live.collect();
    commit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commits_are_the_engines() {
        let now = Timestamp::UNIX_EPOCH;
        let commit = reported(7, now);
        assert_eq!((commit.events.len(), commit.add.len(), commit.messages.len()), (1, 3, 0));
        let [_, taken] = taken(7, now);
        assert_eq!((taken.expected_version, taken.events.len()), (1, 1));
        assert!(taken.add.len() + taken.remove.len() > 0 && taken.index.is_some_and(|index| !index.open));
        let commit = paged(7, now);
        assert_eq!((commit.events.len(), commit.messages.len()), (4, 2));
        let keys: Vec<_> = commit.add.iter().map(|job| job.key.as_str().split_once('/').unwrap().1).collect();
        assert_eq!(keys, ["deadline/page/1"]);
    }
}
