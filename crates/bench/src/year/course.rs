//! The course of the simulated year: incidents that overlap, each hunted for as the engine does it.
//!
//! The parts are the product's own (rules, queue, survey, decide, whose turn it was), in the order in which the
//! server's hunt and its commit use them; only the store, Slack and the people are played. Everything follows from
//! the seed.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap};

use jiff::{SignedDuration, Timestamp};
use pagerslack_core::availability::{Fact, Facts};
use pagerslack_core::hunt::{Need, Survey, survey};
use pagerslack_core::incident::{ManagersWhom, Via, turn_of};
use pagerslack_core::{
    Candidate, ChannelId, Command, Event, Incident, IncidentId, MessageRef, MessageTs, Phase, Policy, Queue,
    QueueChange, Recorded, Report, RotationId, TeamId, UserId, Verdict, apply, decide,
};

use super::team::{Kind, Team, is_off, reports};

/// How many people's presence is asked for at a time, as the server does.
const WIDTH: usize = 4;

/// Somebody was asked.
pub(super) struct Asked {
    pub(super) user: UserId,
    /// On a day on which nobody is expected.
    pub(super) day_off: bool,
}

/// What the year came to.
pub(super) struct Year {
    pub(super) team: Team,
    /// Everybody asked, in order.
    pub(super) asked: Vec<Asked>,
    /// How often each answered what they were asked, in time.
    pub(super) answered: BTreeMap<UserId, usize>,
    /// How often each took what they had not been asked, or no longer.
    pub(super) unasked: BTreeMap<UserId, usize>,
    pub(super) incidents: usize,
    /// Of them, how many the managers were paged for.
    pub(super) managers: usize,
    /// How many incidents waited for an answer at once, at most.
    pub(super) overlap: usize,
}

/// What happens at a moment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Happening {
    Report,
    Deadline { incident: usize, attempt: u32 },
    ManagersDeadline { incident: usize, round: u32 },
    Acknowledge { incident: usize, by: UserId },
}

struct Course {
    year: Year,
    policy: Policy,
    whom: ManagersWhom,
    rotation: RotationId,
    queue: Queue,
    incidents: Vec<Option<Incident>>,
    /// What is to come, soonest first; of two at once, in the order in which they came up.
    agenda: BinaryHeap<Reverse<(Timestamp, u64, Happening)>>,
    planned: u64,
    now: Timestamp,
    dice: Dice,
}

/// Plays a year of so many incidents.
pub(super) fn play(seed: u64, incidents: usize) -> Year {
    let team = Team::new();
    let mut dice = Dice(seed);
    let moments = reports(incidents, || dice.chance());
    let whom = ManagersWhom { users: team.managers.clone(), group: None, incomplete: false };
    let year = Year {
        team,
        asked: Vec::new(),
        answered: BTreeMap::new(),
        unasked: BTreeMap::new(),
        incidents,
        managers: 0,
        overlap: 0,
    };
    let mut course = Course {
        year,
        policy: Policy::default(),
        whom,
        rotation: RotationId::new(TeamId::new("T1"), ChannelId::new("C1")),
        queue: Queue::default(),
        incidents: Vec::new(),
        agenda: BinaryHeap::new(),
        planned: 0,
        now: Timestamp::UNIX_EPOCH,
        dice,
    };
    for moment in moments {
        course.at(moment, Happening::Report);
    }
    while let Some(Reverse((moment, _, happening))) = course.agenda.pop() {
        course.now = moment;
        course.happen(happening);
    }
    course.year
}

impl Course {
    fn at(&mut self, moment: Timestamp, happening: Happening) {
        self.planned += 1;
        self.agenda.push(Reverse((moment, self.planned, happening)));
    }

    fn in_seconds(&mut self, (least, most): (f64, f64), happening: Happening) {
        let seconds = least + self.dice.chance() * (most - least);
        let wait = SignedDuration::from_millis((seconds * 1_000.0) as i64);
        self.at(self.now + wait, happening);
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Report => self.report(),
            Happening::Deadline { incident, attempt } => {
                let managers = self.whom.clone();
                self.give(incident, &Command::TimeOut { attempt, managers }, &[]);
                self.hunt(incident);
            }
            Happening::ManagersDeadline { incident, round } => {
                let managers = self.whom.clone();
                self.give(incident, &Command::RepeatManagers { round, managers }, &[]);
            }
            Happening::Acknowledge { incident, by } => {
                self.give(
                    incident,
                    &Command::Acknowledge { by, via: Via::Reaction, eligible: true, zone: None },
                    &[],
                );
            }
        }
    }

    fn report(&mut self) {
        let incident = self.incidents.len();
        self.incidents.push(None);
        let id = IncidentId::derive(&self.rotation, &incident.to_string());
        let report = Report {
            incident: id,
            rotation: self.rotation.clone(),
            url: format!("https://example.com/incidents/{incident}"),
            note: String::new(),
            reporter: UserId::new("W9"),
            machine: None,
            first: None,
            response_url: None,
        };
        self.give(incident, &Command::Report(report), &[]);
        let message = self.message("root", incident, 0);
        self.give(incident, &Command::RootPosted { message }, &[]);
        self.hunt(incident);
        let waiting = self.incidents.iter().flatten().filter(|incident| incident.is_open()).count();
        self.year.overlap = self.year.overlap.max(waiting);
        self.volunteer(incident);
    }

    /// Those eager ones who are at work may answer although they are not asked.
    fn volunteer(&mut self, incident: usize) {
        let eager = self.year.team.people.iter().filter(|person| person.kind == Kind::Eager);
        let Team { rules, .. } = &self.year.team;
        let day = rules.day(self.now);
        let present = eager.filter(|person| {
            let user = &person.user;
            let facts = Facts {
                profile: Fact::Known(self.year.team.profile(user)),
                dnd: Fact::Known(self.year.team.dnd(user, self.now)),
                presence: self.year.team.presence(user, self.now),
            };
            rules.verdict(user, &facts, self.now, &day) == Some(Verdict::Available)
        });
        for by in present.map(|person| person.user.clone()).collect::<Vec<_>>() {
            if self.dice.chance() < 0.05 {
                self.in_seconds((5.0, 115.0), Happening::Acknowledge { incident, by });
            }
        }
    }

    /// Looks for somebody to ask, and asks them, or turns to the managers.
    fn hunt(&mut self, incident: usize) {
        let Some(state) = &self.incidents[incident] else { return };
        let Phase::Hunting { .. } = state.phase else { return };
        let managers = self.whom.clone();
        if state.attempts.len() >= self.policy.max_attempts as usize {
            self.give(incident, &Command::Page { candidates: vec![], managers }, &[]);
            return;
        }
        let asked = state.asked();
        let changes = self.arrivals();
        let mut queue = self.queue.clone();
        changes.iter().for_each(|change| queue.apply(change));
        let candidates = self.gather(&queue, &asked);
        self.give(incident, &Command::Page { candidates, managers }, &changes);
    }

    /// Who joins the queue now, and who has left the roster.
    fn arrivals(&self) -> Vec<QueueChange> {
        let Team { rules, managers, members, .. } = &self.year.team;
        let is_engineer = |user: &UserId| {
            let profile = self.year.team.profile(user);
            !managers.contains(user) && rules.is_engineer(user, Some(&profile)).unwrap_or(true)
        };
        let left = self.queue.places().iter().map(|place| place.user.clone());
        let left = left.filter(|user| members.contains(user) && !is_engineer(user));
        let joined = self.queue.newcomers(&self.rotation, members, 7).into_iter().filter(is_engineer);
        left.map(|user| QueueChange::Left { user })
            .chain(joined.map(|user| QueueChange::Joined { user }))
            .collect()
    }

    fn gather(&self, queue: &Queue, asked: &BTreeSet<UserId>) -> Vec<Candidate> {
        let Team { rules, members, .. } = &self.year.team;
        let day = rules.day(self.now);
        let last = rules.deprioritised(members, |_| None, &day);
        let order = queue.order(members, &last);
        let managers: BTreeSet<UserId> = self.whom.users.iter().cloned().collect();
        let mut known: HashMap<UserId, Facts> = HashMap::new();
        loop {
            let judge = |user: &UserId| {
                let facts = known.get(user).cloned().unwrap_or(Facts::NONE);
                let verdict = rules.verdict(user, &facts, self.now, &day);
                (facts, verdict)
            };
            match survey(&order, asked, &managers, judge, WIDTH) {
                Survey::Settled(candidates) => return candidates,
                Survey::Need(need) => self.ask(&need, &mut known),
            }
        }
    }

    /// Slack answers, each fact by itself.
    fn ask(&self, need: &Need, known: &mut HashMap<UserId, Facts>) {
        let team = &self.year.team;
        for user in &need.accounts {
            known.entry(user.clone()).or_insert(Facts::NONE).profile = Fact::Known(team.profile(user));
        }
        for user in &need.dnd {
            known.entry(user.clone()).or_insert(Facts::NONE).dnd = Fact::Known(team.dnd(user, self.now));
        }
        for user in &need.presence {
            known.entry(user.clone()).or_insert(Facts::NONE).presence = team.presence(user, self.now);
        }
    }

    /// One commit: events, the state they make, the queue they move, and what follows.
    fn give(&mut self, incident: usize, command: &Command, changes: &[QueueChange]) {
        let before = self.incidents[incident].take();
        let events = decide(before.as_ref(), command, &self.policy, self.now);
        if !events.is_empty() {
            changes.iter().for_each(|change| self.queue.apply(change));
        }
        let mut state = before;
        for event in &events {
            if let Some(user) = turn_of(state.as_ref(), event) {
                self.queue.apply(&QueueChange::Turn { user: user.clone(), at: self.now });
            }
            self.count(state.as_ref(), event);
            let seq = state.as_ref().map_or(0, |state| state.version) + 1;
            state = apply(state, &Recorded { seq, at: self.now, event: event.clone() });
        }
        self.incidents[incident] = state;
        for event in events {
            self.follow(incident, &event);
        }
    }

    fn count(&mut self, before: Option<&Incident>, event: &Event) {
        match event {
            Event::Paged { responder, .. } => {
                let day_off = is_off(&self.year.team.rules.day(self.now));
                self.year.asked.push(Asked { user: responder.clone(), day_off });
            }
            Event::Acknowledged { by, .. } => {
                let turn = turn_of(before, event).is_some();
                let count = if turn { &mut self.year.unasked } else { &mut self.year.answered };
                *count.entry(by.clone()).or_default() += 1;
            }
            Event::ManagersPaged { round: 1, .. } => self.year.managers += 1,
            _ => {}
        }
    }

    /// What Slack and people do because of an event.
    fn follow(&mut self, incident: usize, event: &Event) {
        match event {
            Event::Paged { attempt, responder, .. } => {
                let (attempt, message) = (*attempt, self.message("page", incident, *attempt));
                self.give(incident, &Command::PagePosted { attempt, message }, &[]);
                self.answer(incident, responder.clone());
            }
            Event::PagePosted { attempt, deadline, .. } => {
                self.at(*deadline, Happening::Deadline { incident, attempt: *attempt });
            }
            Event::ManagersPaged { round, deadline, .. } => {
                let (round, message) = (*round, self.message("managers", incident, *round));
                self.give(incident, &Command::ManagersPosted { round, message }, &[]);
                if let Some(deadline) = deadline {
                    self.at(*deadline, Happening::ManagersDeadline { incident, round });
                }
                if let Some(by) = self.whom.users.first().cloned() {
                    self.in_seconds((30.0, 400.0), Happening::Acknowledge { incident, by });
                }
            }
            _ => {}
        }
    }

    /// Whoever is asked does as they do.
    fn answer(&mut self, incident: usize, by: UserId) {
        let Some(person) = self.year.team.person(&by) else { return };
        let seconds = match person.kind {
            Kind::Asked | Kind::New | Kind::Weekends | Kind::Eager => (5.0, 110.0),
            Kind::Fitful if self.dice.chance() < 0.5 => (5.0, 110.0),
            Kind::Late => (130.0, 600.0),
            Kind::Fitful | Kind::Silent => return,
        };
        self.in_seconds(seconds, Happening::Acknowledge { incident, by });
    }

    fn message(&self, what: &str, incident: usize, number: u32) -> MessageRef {
        let ts = MessageTs::new(format!("{what}.{incident}.{number}"));
        MessageRef::new(self.rotation.channel.clone(), ts)
    }
}

/// Numbers as by chance that follow from a seed: SplitMix64.
struct Dice(u64);

impl Dice {
    /// From 0 to below 1.
    fn chance(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        (mixed >> 11) as f64 / (1_u64 << 53) as f64
    }
}
