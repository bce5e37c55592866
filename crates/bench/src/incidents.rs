//! Commits as the engine makes them, without the engine: decided and planned by the same rules.

use jiff::{SignedDuration, Timestamp};
use pagerslack_core::incident::{Via, replay};
use pagerslack_core::{
    Candidate, Command, Event, IncidentId, MessageRef, Policy, Recorded, Report, RotationId, UserId, Verdict,
    apply, decide, plan,
};
use pagerslack_store::{Commit, IncidentIndex};

/// How many people are passed over for a page, of how many, and where those are who are asked.
const CONSIDERED: usize = 12;
const PEOPLE: usize = 200;
const ZONES: [&str; 5] =
    ["Europe/Lisbon", "America/New_York", "Asia/Kolkata", "Australia/Sydney", "America/Sao_Paulo"];

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

/// A whole incident: one person is asked, of every third a second one, who takes it; and, in a second commit, it is closed
/// an hour later. Nothing is left to do.
pub(crate) fn over(number: usize, at: Timestamp) -> [Commit; 2] {
    let report = report(number);
    let channel = report.rotation.channel.clone();
    let message =
        |part: usize| MessageRef::new(channel.clone(), format!("{number}.{part:06}").as_str().into());
    let user = |number: usize| UserId::new(format!("U{:010}", number % PEOPLE));
    let asked = |attempt: u32| {
        let first = number * 7 + 31 * usize::try_from(attempt).unwrap_or(0);
        let passed_over = (0..CONSIDERED).map(|place| {
            let verdict = match (first + place) % 3 {
                0 => Verdict::OutsideHours {
                    local: jiff::civil::time(3, 12, 0, 0),
                    zone: "Asia/Tokyo".to_owned(),
                },
                1 => Verdict::DoNotDisturb { until: at },
                _ => Verdict::Away,
            };
            Candidate { last_turn: Some(at), ..Candidate::new(user(first + place), verdict) }
        });
        let responder = user(first + CONSIDERED);
        let zone = Some(ZONES[first % ZONES.len()].into());
        let chosen = Candidate { zone, ..Candidate::new(responder.clone(), Verdict::Available) };
        let considered = passed_over.chain([chosen]).collect();
        (responder.clone(), Event::Paged { attempt, responder, considered, deadline: at })
    };
    let later = |seconds: i64| at + SignedDuration::from_secs(seconds);
    let posted = |attempt| Event::PagePosted { attempt, message: message(1), deadline: at };
    let (mut responder, page) = asked(1);
    let mut story = vec![
        (0, Event::Reported(report.clone())),
        (0, Event::RootPosted { message: message(0) }),
        (1, page),
        (1, posted(1)),
    ];
    if number.is_multiple_of(3) {
        let (second, page) = asked(2);
        responder = second;
        story.extend([(121, Event::PageTimedOut { attempt: 1 }), (122, page), (122, posted(2))]);
    }
    let took = 130 + i64::try_from(number % 400).unwrap_or(0);
    story.push((took, Event::Acknowledged { by: responder.clone(), via: Via::Reaction, zone: None }));
    story.push((took + 3_600, Event::Closed { by: responder }));
    let events = (1..).zip(story).map(|(seq, (seconds, event))| Recorded { seq, at: later(seconds), event });
    let mut events: Vec<_> = events.collect();
    let closed: Vec<_> = events.pop().into_iter().collect();
    let mut taken = Commit::new(report.rotation.team.clone(), report.incident.clone(), 0);
    let mut over = Commit::new(report.rotation.team.clone(), report.incident, events.len() as u64);
    taken.index = Some(IncidentIndex { rotation: report.rotation, url: report.url, open: false });
    (taken.events, over.events) = (events, closed);
    [taken, over]
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
