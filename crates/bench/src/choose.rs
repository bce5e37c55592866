//! Choosing among ten thousand people whose facts are all known: the rules alone, without I/O.

use std::collections::{BTreeSet, HashMap};
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Result, ensure};
use jiff::Timestamp;
use pagerslack_core::availability::{Account, Fact, Facts, Profile};
use pagerslack_core::calendar::{self, Calendar, WorkingHours};
use pagerslack_core::hunt::{Survey, survey};
use pagerslack_core::incident::ManagersWhom;
use pagerslack_core::roster::{Entry, Roster, Who};
use pagerslack_core::rules::Day;
use pagerslack_core::{
    Command, Event, Incident, Place, Policy, Presence, Queue, Recorded, Rules, UserId, apply, decide,
};

use crate::figure::{Figure, median, milliseconds};
use crate::{Bench, incidents};

const PEOPLE: usize = 10_000;
const TIMES: usize = 1_001;

/// At most this long, in milliseconds, wherever in the queue the first available person stands.
const BAR: f64 = 1.0;

/// The same where the roster must be looked into for each of them.
const ROSTERED_BAR: f64 = 5.0;

/// What a hunt has when everything is known.
struct Known {
    members: BTreeSet<UserId>,
    queue: Queue,
    facts: HashMap<UserId, Facts>,
    rules: Rules,
    incident: Incident,
    available: UserId,
}

/// Measures the choice with the first available person at the head, further on, and at the very end; and once more
/// at the very end where a roster says of everybody when they work.
pub(crate) fn measure(_bench: &Bench) -> Result<Vec<Figure>> {
    let bare = [1, 100, PEOPLE].into_iter().map(|position| choice(position, Rules::default(), BAR, ""));
    let rostered = choice(PEOPLE, rostered()?, ROSTERED_BAR, ", by a roster with hours");
    bare.chain([rostered]).collect()
}

/// Everybody on the roster, by id, in four zones, with office hours that all hold at the moment of the choice.
fn rostered() -> Result<Rules> {
    let zones = ["Europe/Lisbon", "Africa/Lagos", "Europe/Kyiv", "Asia/Kolkata"];
    let hours: WorkingHours = "mon-sun 00:00-24:00".parse()?;
    let entry = |number: usize| Entry {
        who: Who { user: Some(id(number)), ..Who::default() },
        zone: calendar::zone(zones[number % zones.len()]),
        country: Some("PT".to_owned()),
        hours: Some(hours.clone()),
        start_date: Some(jiff::civil::date(1960, 1, 1)),
        ..Entry::default()
    };
    let roster = Roster::new((0..PEOPLE).map(entry).collect());
    let public = Some(pagerslack_sources::public::embedded()?);
    let calendar = Calendar { days: Vec::new(), public };
    Ok(Rules { roster: Some(Arc::new(roster)), calendar: Arc::new(calendar), ..Rules::default() })
}

/// Ids in no order, as Slack's are.
fn id(number: usize) -> UserId {
    UserId::new(format!("U{:08X}", (number as u32).wrapping_mul(2_654_435_761)))
}

fn choice(position: usize, rules: Rules, bar: f64, how: &str) -> Result<Figure> {
    let known = Known::new(position, rules)?;
    let (mut order, mut look, mut decision, mut total) = (vec![], vec![], vec![], vec![]);
    for _ in 0..TIMES {
        let steps = known.choose()?;
        for (all, step) in [&mut order, &mut look, &mut decision].into_iter().zip(steps) {
            all.push(step);
        }
        total.push(steps.iter().sum());
    }
    let note =
        format!("order {:.2}, survey {:.2}, decide {:.2}", median(&order), median(&look), median(&decision));
    let name = format!("choice among {PEOPLE}, the {position}. available{how}");
    Ok(Figure::at_most(&name, (median(&total), "ms"), (bar, "ms")).note(note))
}

impl Known {
    fn new(position: usize, rules: Rules) -> Result<Self> {
        let profile = Arc::new(Profile::bare(Account::Member));
        let places = (0..PEOPLE).map(|number| Place::new(id(number), number as u64 + 1, None));
        let facts = |number: usize| Facts {
            profile: Fact::Known(Arc::clone(&profile)),
            dnd: Fact::Known(None),
            presence: Fact::Known(if number + 1 < position { Presence::Away } else { Presence::Active }),
        };
        let now = Timestamp::UNIX_EPOCH;
        let opened = Recorded { seq: 1, at: now, event: Event::Reported(incidents::report(1)) };
        let incident = apply(None, &opened).ok_or_else(|| anyhow::anyhow!("a report opens an incident"))?;
        Ok(Self {
            members: (0..PEOPLE).map(id).collect(),
            queue: Queue::new(PEOPLE as u64, places.collect()),
            facts: (0..PEOPLE).map(|number| (id(number), facts(number))).collect(),
            rules,
            incident,
            available: id(position - 1),
        })
    }

    /// Chooses once; gives the milliseconds of each step.
    fn choose(&self) -> Result<[f64; 3]> {
        let (nobody, now) = (BTreeSet::new(), Timestamp::UNIX_EPOCH);
        let begun = Instant::now();
        let order = black_box(self.queue.order(black_box(&self.members), &nobody));
        let ordered = begun.elapsed();
        let judge = |user: &UserId| {
            let facts = self.facts.get(user).cloned().unwrap_or(Facts::NONE);
            let verdict = self.rules.verdict(user, &facts, now, &Day::Working);
            (facts, verdict)
        };
        let survey = black_box(survey(&order, &self.incident.asked(), &nobody, judge, 4));
        let surveyed = begun.elapsed();
        let Survey::Settled(candidates) = survey else { anyhow::bail!("everything is known") };
        let command = Command::Page { candidates, managers: ManagersWhom::default() };
        let events = black_box(decide(Some(&self.incident), &command, &Policy::default(), now));
        let decided = begun.elapsed();
        let right =
            matches!(events.as_slice(), [Event::Paged { responder, .. }] if *responder == self.available);
        ensure!(right, "somebody else was chosen");
        Ok([ordered, surveyed - ordered, decided - surveyed].map(milliseconds))
    }
}
