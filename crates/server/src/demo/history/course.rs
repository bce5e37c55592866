//! The course of the year: incidents that overlap, each hunted for as the engine does it.
//!
//! The parts are the product's own (rules, queue, survey, decide, apply, whose turn it was), in the order in which a hunt
//! and its commit use them; only Slack and the people are played. Everything follows from the seed and the present.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use pagerslack_core::hunt::{Survey, survey};
use pagerslack_core::incident::{Via, turn_of};
use pagerslack_core::{
    Candidate, Command, Event, Incident, IncidentId, MessageRef, MessageTs, Phase, Policy, Queue,
    QueueChange, Recorded, Report, RotationId, UserId, apply, decide,
};

use super::team::Team;
use super::{moments, trouble};

/// Nothing is reported any more so long before the end, so that what was has come to its own.
const REST: SignedDuration = SignedDuration::from_mins(40);

/// One channel of the year.
pub(super) struct Line {
    pub(super) rotation: RotationId,
    members: BTreeSet<UserId>,
    queue: Queue,
    reported: usize,
    /// Who joined the queue, in order.
    pub(super) joined: Vec<UserId>,
}

/// One incident of the year.
pub(super) struct Story {
    /// Where it was reported.
    pub(super) line: usize,
    pub(super) log: Vec<Recorded>,
    pub(super) state: Option<Incident>,
    /// Who had a turn by it, and when.
    pub(super) turns: Vec<(Timestamp, UserId)>,
}

/// What happens at a moment.
enum Happening {
    Report,
    Hunt,
    Give(Box<Command>),
}

pub(super) struct Course<'a> {
    team: &'a Team,
    policy: &'a Policy,
    dice: fastrand::Rng,
    pub(super) lines: Vec<Line>,
    pub(super) stories: Vec<Story>,
    /// What is to come; of two at once, in the order in which they came up.
    agenda: BTreeMap<(Timestamp, u64), (usize, Happening)>,
    planned: u64,
    now: Timestamp,
    messages: u32,
}

impl<'a> Course<'a> {
    /// Plays what happened from `from` until `until`.
    pub(super) fn play(
        team: &'a Team,
        policy: &'a Policy,
        seed: u64,
        from: Timestamp,
        until: Timestamp,
    ) -> Self {
        let line = |(rotation, members): &(RotationId, BTreeSet<UserId>)| Line {
            rotation: rotation.clone(),
            members: members.clone(),
            queue: Queue::default(),
            reported: 0,
            joined: Vec::new(),
        };
        let mut course = Self {
            team,
            policy,
            dice: fastrand::Rng::with_seed(seed),
            lines: team.rotations.iter().map(line).collect(),
            stories: Vec::new(),
            agenda: BTreeMap::new(),
            planned: 0,
            now: from,
            messages: 0,
        };
        let reports = moments::between(from, until - REST, seed, &mut course.dice);
        for (number, at) in reports.into_iter().enumerate() {
            let line = usize::from(course.dice.f64() < 0.28).min(course.lines.len().saturating_sub(1));
            course.stories.push(Story { line, log: Vec::new(), state: None, turns: Vec::new() });
            course.at(at, number, Happening::Report);
        }
        while let Some(((at, _), (story, happening))) =
            course.agenda.pop_first().filter(|next| next.0.0 <= until)
        {
            course.now = at;
            match happening {
                Happening::Report => course.report(story),
                Happening::Hunt => course.hunt(story),
                Happening::Give(command) => course.give(story, &command),
            }
        }
        course
    }

    fn at(&mut self, at: Timestamp, story: usize, happening: Happening) {
        self.planned += 1;
        self.agenda.insert((at, self.planned), (story, happening));
    }

    /// Plans something for some milliseconds from now.
    fn after(&mut self, (least, most): (i64, i64), story: usize, happening: Happening) {
        let wait = SignedDuration::from_millis(self.dice.i64(least..most));
        self.at(self.now + wait, story, happening);
    }

    fn seconds(&mut self, (least, most): (i64, i64), story: usize, command: Command) {
        self.after((least * 1_000, most * 1_000), story, given(command));
    }

    fn report(&mut self, story: usize) {
        let machine = (self.dice.f64() < 0.12).then(|| trouble::MACHINE.to_owned());
        let reporter = if machine.is_some() { Report::nobody() } else { self.somebody(story) };
        let note = trouble::note(&mut self.dice).to_owned();
        let Some(line) = self.stories.get(story).and_then(|story| self.lines.get_mut(story.line)) else {
            return;
        };
        let incident = incident_of(&line.rotation, line.reported);
        line.reported += 1;
        let is_person = machine.is_none();
        let report = Report {
            incident,
            rotation: line.rotation.clone(),
            url: trouble::address(story),
            note,
            reporter: reporter.clone(),
            machine,
            first: None,
            response_url: None,
        };
        self.give(story, &Command::Report(report));
        let message = self.message(story);
        self.after((250, 700), story, given(Command::RootPosted { message }));
        if is_person && self.dice.f64() < 0.035 {
            self.seconds((15, 150), story, Command::Cancel { by: reporter, manager: false });
        } else if self.dice.f64() < 0.05 {
            let by = self.somebody(story);
            self.take(story, by, (6_000, 110_000));
        }
    }

    /// Somebody of the channel who is online; anybody if nobody is.
    fn somebody(&mut self, story: usize) -> UserId {
        let members =
            self.stories.get(story).and_then(|story| self.lines.get(story.line)).map(|line| &line.members);
        let people: Vec<_> = self
            .team
            .people
            .iter()
            .filter(|it| members.is_some_and(|members| members.contains(&it.user)))
            .collect();
        let online: Vec<_> =
            people.iter().filter(|person| self.team.is_online(person, self.now)).copied().collect();
        let among = if online.is_empty() { people } else { online };
        let chosen = self.dice.usize(..among.len().max(1));
        among.get(chosen).map_or_else(Report::nobody, |person| person.user.clone())
    }

    /// Looks for somebody to ask, and asks them, or turns to the managers.
    fn hunt(&mut self, story: usize) {
        let Some(Story { line, state: Some(state), .. }) = self.stories.get(story) else { return };
        let (Phase::Hunting { .. }, Some(line)) = (&state.phase, self.lines.get_mut(*line)) else { return };
        for user in line.queue.newcomers(&line.rotation, &line.members, 1) {
            line.queue.apply(&QueueChange::Joined { user: user.clone() });
            line.joined.push(user);
        }
        let candidates = gather(self.team, line, &state.asked(), self.now);
        let managers = self.team.managers.clone();
        self.give(story, &Command::Page { candidates, managers });
    }

    /// Events, the state they make, the queue they move, and what follows.
    fn give(&mut self, number: usize, command: &Command) {
        let Some(story) = self.stories.get_mut(number) else { return };
        let events = decide(story.state.as_ref(), command, self.policy, self.now);
        for event in &events {
            if let Some(user) = turn_of(story.state.as_ref(), event) {
                story.turns.push((self.now, user.clone()));
                if let Some(line) = self.lines.get_mut(story.line) {
                    line.queue.apply(&QueueChange::Turn { user: user.clone(), at: self.now });
                }
            }
            let seq = story.state.as_ref().map_or(0, |state| state.version) + 1;
            let recorded = Recorded { seq, at: self.now, event: event.clone() };
            story.state = apply(story.state.take(), &recorded);
            story.log.push(recorded);
        }
        for event in events {
            self.follow(number, &event);
        }
    }

    /// What Slack and people do because of an event.
    fn follow(&mut self, story: usize, event: &Event) {
        match event {
            Event::RootPosted { .. } => self.after((200, 1_500), story, Happening::Hunt),
            Event::Paged { attempt, .. } => {
                let (attempt, message) = (*attempt, self.message(story));
                self.after((250, 700), story, given(Command::PagePosted { attempt, message }));
            }
            Event::PagePosted { attempt, deadline, .. } => {
                let managers = self.team.managers.clone();
                let time_out = Command::TimeOut { attempt: *attempt, managers };
                self.at(*deadline, story, given(time_out));
                self.answer(story, *attempt);
            }
            Event::PageTimedOut { .. } | Event::Passed { .. } | Event::HandedOver { .. } => {
                self.after((300, 2_000), story, Happening::Hunt);
            }
            Event::ManagersPaged { round, deadline, .. } => {
                let (round, message) = (*round, self.message(story));
                self.after((250, 700), story, given(Command::ManagersPosted { round, message }));
                self.call_managers(story, round, *deadline);
            }
            Event::Acknowledged { by, .. } => self.work(story, by),
            _ => {}
        }
    }

    /// Whoever is asked does as they do.
    fn answer(&mut self, story: usize, attempt: u32) {
        let state = self.stories.get(story).and_then(|story| story.state.as_ref());
        let asked = state.and_then(|state| state.attempt(attempt)).map(|attempt| attempt.responder.clone());
        let Some(person) = asked.and_then(|asked| self.team.person(&asked)) else { return };
        let (by, drawn) = (person.user.clone(), self.dice.f64());
        if drawn < person.passes {
            self.seconds((8, 60), story, Command::Pass { by });
        } else if drawn < person.passes + person.answers * (1.0 - person.passes) {
            // Often soon, seldom late; some are too late.
            let waits = 6.0 - person.takes.as_secs_f64() * (1.0 - self.dice.f64()).ln();
            let wait = (waits.min(900.0) * 1_000.0) as i64;
            self.take(story, by, (wait, wait + 500));
        }
    }

    fn call_managers(&mut self, story: usize, round: u32, deadline: Option<Timestamp>) {
        let managers = self.team.managers.clone();
        let chosen = self.dice.usize(..managers.users.len().max(1));
        let Some(by) = managers.users.get(chosen).cloned() else { return };
        if self.dice.f64() < 0.7 {
            self.take(story, by, (25_000, 290_000));
        } else if deadline.is_none() {
            // Long after the last page somebody sees that nobody is needed any more.
            self.seconds((1_500, 9_000), story, Command::Cancel { by, manager: true });
        }
        if let Some(deadline) = deadline {
            self.at(deadline, story, given(Command::RepeatManagers { round, managers }));
        }
    }

    /// Whoever took it hands it over, closes it, or leaves it at that.
    fn work(&mut self, story: usize, by: &UserId) {
        let by = by.clone();
        let machine = self.stories.get(story).and_then(|story| story.state.as_ref());
        if machine.is_some_and(|state| state.report.machine.is_some()) {
            self.seconds((300, 5_000), story, Command::Resolve);
        }
        match self.dice.f64() {
            drawn if drawn < 0.03 => {
                self.seconds((400, 2_700), story, Command::HandOver { by, manager: false });
            }
            drawn if drawn < 0.7 => self.seconds((900, 25_000), story, Command::Close { by, manager: false }),
            _ => {}
        }
    }

    fn take(&mut self, story: usize, by: UserId, milliseconds: (i64, i64)) {
        let via = match self.dice.f64() {
            drawn if drawn < 0.8 => Via::Reaction,
            drawn if drawn < 0.98 => Via::Button,
            _ => Via::ReadBack,
        };
        let zone = self.team.rules.zone_name(&by, self.team.profile(&by));
        let take = Command::Acknowledge { by, via, eligible: true, zone };
        self.after(milliseconds, story, given(take));
    }

    /// The next message, named by its moment as Slack names messages.
    fn message(&mut self, story: usize) -> MessageRef {
        self.messages += 1;
        let ts = MessageTs::new(format!("{}.{:06}", self.now.as_second(), self.messages));
        let line = self.stories.get(story).and_then(|story| self.lines.get(story.line));
        let channel = line.map_or_else(|| "".into(), |line| line.rotation.channel.clone());
        MessageRef::new(channel, ts)
    }
}

fn given(command: Command) -> Happening {
    Happening::Give(Box::new(command))
}

/// The how manieth incident of a channel.
pub(super) fn incident_of(rotation: &RotationId, number: usize) -> IncidentId {
    IncidentId::derive(rotation, &format!("the demo's history {number}"))
}

/// Everybody up to whoever is asked, as the engine records them.
fn gather(team: &Team, line: &Line, asked: &BTreeSet<UserId>, now: Timestamp) -> Vec<Candidate> {
    let (rules, day) = (&team.rules, team.rules.day(now));
    let last = rules.deprioritised(&line.members, |user| team.profile(user), &day);
    let order = line.queue.order(&line.members, &last);
    let judge = |user: &UserId| {
        let facts = team.facts(user, now);
        let verdict = rules.verdict(user, &facts, now, &day);
        (facts, verdict)
    };
    // Every fact is known, so nothing is left to be found out.
    let Survey::Settled(mut candidates) = survey(&order, asked, &BTreeSet::new(), judge, 1) else {
        return Vec::new();
    };
    let turns: BTreeMap<&UserId, Option<Timestamp>> =
        line.queue.places().iter().map(|place| (&place.user, place.turned_at)).collect();
    for candidate in &mut candidates {
        let profile = team.profile(&candidate.user);
        candidate.last_turn = turns.get(&candidate.user).copied().flatten();
        candidate.weekend_volunteer = rules.is_volunteer(&candidate.user, profile);
        candidate.zone = rules.zone_name(&candidate.user, profile);
    }
    candidates
}
