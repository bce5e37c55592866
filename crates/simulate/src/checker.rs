//! Whether the promises are kept, judged by what stands in Slack and in the store, and by nothing the engine says.
//!
//! Written apart from the engine: it keeps its own account of every incident ([`case`]) and of everybody's
//! availability ([`people`]), and follows the logs as they are appended. It looks after every step that changed
//! something.

mod case;
mod choice;
mod outside;
mod people;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::{SignedDuration, Timestamp};
use pagerslack_core::incident::ManagersReason;
use pagerslack_core::{Event, IncidentId, Recorded, TeamId};
use pagerslack_store::Store;
use slack_sim::{Outcome, World};

use crate::crowd;
use crate::outside::Wishes;
use crate::scenario::{Scenario, Weather};
use crate::story::Story;
use crate::timeline::block_on;
use crate::wire::LONGEST_WAY;
use case::Case;
pub use case::Standing;
use outside::ToldOutside;
use people::People;

/// What PagerSlack promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "each is named in DESIGN and the README, the last in docs/API.md")]
pub enum Promise {
    NothingLost,
    OneAtATime,
    OnlyTheAvailable,
    AnAckStopsIt,
    Fair,
    FailTowardsPaging,
    Explainable,
    LetNoOneIn,
    ToldOutside,
}

impl fmt::Display for Promise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NothingLost => "P1 nothing lost",
            Self::OneAtATime => "P2 one at a time",
            Self::OnlyTheAvailable => "P3 only the available",
            Self::AnAckStopsIt => "P4 an ack stops it",
            Self::Fair => "P5 fair",
            Self::FailTowardsPaging => "P6 fail towards paging",
            Self::Explainable => "P7 explainable",
            Self::LetNoOneIn => "P8 let no one in",
            Self::ToldOutside => "what docs/API.md promises of webhooks",
        })
    }
}

/// A promise that was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which.
    pub promise: Promise,
    /// What happened.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.promise, self.what)
    }
}

type Judged = Result<(), Violation>;

fn broken(promise: Promise, what: impl Into<String>) -> Judged {
    Err(Violation { promise, what: what.into() })
}

/// A message of the bot's, by the key in its metadata.
#[derive(Clone, Debug)]
struct Posted {
    channel: String,
    /// Which of the channel's messages, in order.
    index: usize,
}

/// What is known of everything so far.
pub(crate) struct Checker {
    story: Story,
    weather: Weather,
    managers: BTreeSet<String>,
    people: People,
    cases: BTreeMap<(TeamId, IncidentId), Case>,
    /// In which order people had their turns, by channel: a number that rises.
    turns: BTreeMap<(String, String), u64>,
    last_turn: u64,
    /// The channels in which people have been looked over: only there has anybody a place in a queue. Who takes an
    /// incident before joins the queue like everybody.
    founded: BTreeSet<String>,
    /// How often each was asked, by channel.
    asked: BTreeMap<(String, String), u64>,
    messages: BTreeMap<String, usize>,
    posted: BTreeMap<String, Posted>,
    ephemerals: usize,
    calls: usize,
    /// When a call about somebody or something last failed, by method.
    failures: BTreeMap<String, Timestamp>,
    /// Who has put a 👀 under which message of the bot's, by its key, and since when.
    eyes: BTreeMap<String, BTreeMap<String, Timestamp>>,
    conditions: Conditions,
    /// What somebody outside wants to be told, if there is anybody.
    wishes: Option<Wishes>,
    outside: ToldOutside,
    /// From when on nothing goes wrong any more.
    well_since: Timestamp,
}

/// What may excuse the bot: nobody sees through a network that is down, or keeps time by a clock that is wrong.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Conditions {
    /// Until when the way between the bot and Slack was last disturbed.
    pub(crate) disturbed_until: Option<Timestamp>,
    /// Until when the bot's clock was last wrong.
    pub(crate) clock_wrong_until: Option<Timestamp>,
}

impl Checker {
    pub(crate) fn new(scenario: &Scenario, story: Story) -> Self {
        let managers = scenario.members.iter().filter(|it| it.manager).map(|it| it.id.clone()).collect();
        Self {
            story,
            weather: scenario.weather,
            managers,
            people: People::default(),
            cases: BTreeMap::new(),
            turns: BTreeMap::new(),
            last_turn: 0,
            founded: BTreeSet::new(),
            asked: BTreeMap::new(),
            messages: BTreeMap::new(),
            posted: BTreeMap::new(),
            ephemerals: 0,
            calls: 0,
            failures: BTreeMap::new(),
            eyes: BTreeMap::new(),
            conditions: Conditions::default(),
            wishes: scenario.outside.clone(),
            outside: ToldOutside::default(),
            well_since: scenario.start + SignedDuration::try_from(scenario.trouble).unwrap_or_default(),
        }
    }

    /// Looks at what has changed in Slack.
    pub(crate) fn look_at_slack(
        &mut self,
        now: Timestamp,
        world: &World,
        store: Option<&dyn Store>,
        conditions: Conditions,
    ) -> Judged {
        self.conditions = conditions;
        self.people.look(now, world);
        for call in &world.calls()[self.calls..] {
            self.story.tell(|| format!("asked     {}: {:?}", call.method, call.outcome));
            if call.outcome != Outcome::Answered {
                self.failures.insert(call.method.clone(), now);
            }
        }
        self.calls = world.calls().len();
        self.look_at_messages(now, world)?;
        self.look_at_eyes(now, world);
        self.look_at_promises_made(world, store)
    }

    fn look_at_messages(&mut self, now: Timestamp, world: &World) -> Judged {
        for channel in world.channels() {
            let from = match self.messages.get_mut(&channel.id) {
                Some(seen) => std::mem::replace(seen, channel.messages.len()),
                None => {
                    self.messages.insert(channel.id.clone(), channel.messages.len());
                    0
                }
            };
            for (index, message) in channel.messages.iter().enumerate().skip(from) {
                self.story.tell(|| {
                    let first = message.text.lines().next().unwrap_or_default();
                    let who = message.author.user.as_deref().unwrap_or("the bot");
                    format!("{:<9} {who} posts {}: {first}", channel.id, message.ts)
                });
                let Some(key) = crowd::key(message) else { continue };
                let posted = Posted { channel: channel.id.clone(), index };
                let again = self.posted.insert(key.to_owned(), posted).is_some();
                // What only explains something to somebody who pressed a button may be said once a press.
                if again && !key.contains("/send/notice/") {
                    return broken(Promise::OneAtATime, format!("the message {key} stands twice"));
                }
                self.is_called_for(now, key)?;
            }
        }
        Ok(())
    }

    /// Whether a page, or a call of the managers, may appear now.
    fn is_called_for(&self, now: Timestamp, key: &str) -> Judged {
        let Some((incident, name)) = key.split_once("/send/") else { return Ok(()) };
        let escalates = ["page/", "managers/", "manager/"].iter().any(|start| name.starts_with(start));
        let case = self.cases.iter().find(|((_, id), _)| id.as_str() == incident).map(|(_, case)| case);
        let Some(case) = case else {
            return broken(
                Promise::NothingLost,
                format!("{key} stands, but the store knows of no such incident"),
            );
        };
        if !escalates {
            return Ok(());
        }
        if let Some(attempt) = name.strip_prefix("page/").and_then(|number| number.parse::<usize>().ok()) {
            case.page_may_stand(attempt)?;
        }
        // What was on its way when the incident was taken cannot be called back.
        let on_its_way = SignedDuration::from_millis(LONGEST_WAY as i64 + 600);
        match case.over_since() {
            Some(since) if now.duration_since(since) > on_its_way => broken(
                Promise::AnAckStopsIt,
                format!("{key} was posted although nobody is needed since {since:.3}"),
            ),
            _ => Ok(()),
        }
    }

    fn look_at_eyes(&mut self, now: Timestamp, world: &World) {
        for (key, posted) in &self.posted {
            let channel = world.channel(&posted.channel);
            let Some(message) = channel.and_then(|channel| channel.messages.get(posted.index)) else {
                continue;
            };
            if message.reactions.is_empty() && !self.eyes.contains_key(key) {
                continue;
            }
            let standing: BTreeSet<&String> =
                message.reactions.iter().filter(|it| it.name == "eyes").flat_map(|it| &it.users).collect();
            if !self.eyes.contains_key(key) {
                self.eyes.insert(key.clone(), BTreeMap::new());
            }
            let Some(since) = self.eyes.get_mut(key) else { continue };
            since.retain(|user, _| standing.contains(user));
            for user in standing {
                if !since.contains_key(user) {
                    since.insert(user.clone(), now);
                }
            }
        }
    }

    /// Whoever was told "on it" can rely on it from that moment on (P1).
    fn look_at_promises_made(&mut self, world: &World, store: Option<&dyn Store>) -> Judged {
        let all = world.all_ephemerals();
        let from = std::mem::replace(&mut self.ephemerals, all.len());
        for message in all.iter().skip(from) {
            self.story.tell(|| {
                format!("{}       reads: {}", message.user, message.text.lines().next().unwrap_or_default())
            });
            if message.text.contains("https://forged.example") {
                return broken(Promise::LetNoOneIn, "a forged report was answered");
            }
            if message.from_slack || !crowd::is_recorded(&message.text) {
                continue;
            }
            let Some(url) = address(&message.text) else { continue };
            let channel = &message.channel;
            if store.is_some() && !self.cases.values().any(|case| case.is_about(channel, &url)) {
                return broken(
                    Promise::NothingLost,
                    format!(
                        "{url} in {channel}: the reporter was told \"on it\", and the store knows nothing of it"
                    ),
                );
            }
        }
        Ok(())
    }

    /// Looks at what has changed in the store.
    pub(crate) fn look_at_log(
        &mut self,
        now: Timestamp,
        world: &World,
        store: &dyn Store,
        of: &(TeamId, IncidentId),
        conditions: Conditions,
    ) -> Judged {
        self.conditions = conditions;
        let log = match block_on(store.load(&of.0, &of.1)) {
            Ok(stored) => stored.map(|stored| stored.log).unwrap_or_default(),
            Err(error) => return broken(Promise::NothingLost, format!("{} cannot be read: {error}", of.1)),
        };
        self.people.look(now, world);
        let known = self.cases.get(of).map_or(0, Case::len);
        if !self.cases.get(of).is_none_or(|case| case.is_continued_by(&log)) {
            return broken(Promise::NothingLost, format!("the log of {} was rewritten", of.1));
        }
        for recorded in log.iter().skip(known) {
            self.happened(now, world, of, recorded)?;
        }
        Ok(())
    }

    fn happened(
        &mut self,
        now: Timestamp,
        world: &World,
        of: &(TeamId, IncidentId),
        recorded: &Recorded,
    ) -> Judged {
        self.story.tell(|| format!("store     {}: {}", of.1, case::told(recorded)));
        if let Event::Reported(report) = &recorded.event {
            if report.url.contains("forged.example") {
                return broken(Promise::LetNoOneIn, "a forged report was believed");
            }
            self.cases.insert(of.clone(), Case::new(report, now));
        }
        let Some(case) = self.cases.get(of) else {
            return broken(Promise::NothingLost, format!("the log of {} does not begin with a report", of.1));
        };
        if matches!(&recorded.event, Event::Paged { .. } | Event::ManagersPaged { .. }) {
            self.escalates_rightly(now, case, &of.1, &recorded.event)?;
        }
        if let Event::Paged { responder, considered, .. } = &recorded.event {
            self.chosen_rightly(now, world, case, responder, considered)?;
        }
        if let Event::ManagersPaged { reason, .. } = &recorded.event {
            self.nobody_left_out(now, case, reason)?;
        }
        if matches!(
            &recorded.event,
            Event::Paged { .. } | Event::ManagersPaged { reason: ManagersReason::NobodyAvailable { .. }, .. }
        ) {
            self.founded.insert(case.channel().to_owned());
        }
        if let Some(user) = case.turn(&recorded.event).filter(|_| self.founded.contains(case.channel())) {
            self.last_turn += 1;
            self.turns.insert((case.channel().to_owned(), user.to_owned()), self.last_turn);
        }
        if let Event::Paged { responder, .. } = &recorded.event {
            *self.asked.entry((case.channel().to_owned(), responder.to_string())).or_default() += 1;
        }
        match self.cases.get_mut(of) {
            Some(case) => case.append(recorded.clone(), now),
            None => Ok(()),
        }
    }

    /// An eligible 👀 that has stood for a while stops any escalation, whether or not an event told of it (P4).
    fn escalates_rightly(&self, now: Timestamp, case: &Case, id: &IncidentId, event: &Event) -> Judged {
        if matches!(event, Event::Paged { .. }) && !case.has_a_thread() {
            // Nobody is called before the thread is known, and then its 👀 is seen first.
            return Ok(());
        }
        let prefix = format!("{id}/send/");
        for (_, eyes) in self.eyes.range(prefix.clone()..).take_while(|(key, _)| key.starts_with(&prefix)) {
            for (user, since) in eyes {
                let stood = now.duration_since(*since);
                if case.gave_up(user)
                    || !self.may_take(user, case.channel())
                    || stood < self.may_be_unseen(*since)
                {
                    continue;
                }
                return broken(
                    Promise::AnAckStopsIt,
                    format!(
                        "{id}: {} although the 👀 of {user} has stood for {stood:#}",
                        case::event_name(event)
                    ),
                );
            }
        }
        Ok(())
    }

    /// How long a 👀 may stand unseen while an escalation is under way that has looked just before.
    fn may_be_unseen(&self, since: Timestamp) -> SignedDuration {
        let asked = ["reactions.get", "users.info", "conversations.members", "conversations.replies"];
        let failed = asked.iter().filter_map(|method| self.failures.get(*method)).any(|at| *at >= since);
        let disturbed = self.conditions.disturbed_until.is_some_and(|until| until >= since);
        match (failed, disturbed) {
            (true, _) | (_, true) => SignedDuration::MAX,
            (false, false) => SignedDuration::from_secs(12),
        }
    }

    /// Whether somebody has been an engineer of the channel or a manager all the time.
    fn may_take(&self, user: &str, channel: &str) -> bool {
        self.managers.contains(user) || self.people.always_an_engineer_of(user, channel)
    }

    /// What must be true when everything has come to rest: every incident has ended, and nothing is left to do.
    pub(crate) fn finish(&self, world: &World, store: &dyn Store) -> Judged {
        for ((_, id), case) in &self.cases {
            if let Some(why) = case.has_not_ended() {
                return broken(Promise::NothingLost, format!("{id} has not ended: {why}"));
            }
            let told = self.posted.keys().any(|key| {
                key.split_once("/send/").is_some_and(|(of, name)| {
                    of == id.as_str() && (name.starts_with("page/") || name.starts_with("manager"))
                })
            });
            if !told && case.needed_somebody() {
                return broken(Promise::FailTowardsPaging, format!("{id}: nobody was ever told"));
            }
        }
        match block_on(store.job_count()) {
            Ok(0) => {}
            Ok(jobs) => {
                return broken(Promise::NothingLost, format!("{jobs} jobs are left: {}", self.left(store)));
            }
            Err(error) => {
                return broken(Promise::NothingLost, format!("the jobs cannot be counted: {error}"));
            }
        }
        if !world.pending_deliveries().is_empty() {
            return broken(Promise::NothingLost, "deliveries are left");
        }
        self.told_outside()?;
        self.came_out_even()
    }

    /// Faults have stopped long ago, and still Slack's messages do not reach the process.
    pub(crate) fn unheard(&self) -> Judged {
        broken(Promise::NothingLost, "all is well, and no WebSocket stands: what people do leads nowhere")
    }

    fn left(&self, store: &dyn Store) -> String {
        let jobs = self.cases.keys().filter_map(|(team, id)| block_on(store.jobs_of(team, id)).ok());
        let names = jobs.flatten().map(|state| {
            let lease = state.lease_until.map(|until| format!(", held until {until}")).unwrap_or_default();
            format!("{} due {} (try {}{lease})", state.job.key.as_str(), state.job.due, state.tries)
        });
        names.collect::<Vec<_>>().join("; ")
    }

    /// Where everybody was there all the time and answered when asked, each was asked equally often (P5).
    fn came_out_even(&self) -> Judged {
        if self.weather != Weather::Steady {
            return Ok(());
        }
        let channels: BTreeSet<&String> = self.asked.keys().map(|(channel, _)| channel).collect();
        for channel in channels {
            let counts: BTreeMap<&String, u64> = self
                .people
                .engineers(channel)
                .map(|user| (user, self.asked.get(&(channel.clone(), user.clone())).copied().unwrap_or(0)))
                .collect();
            let (least, most) = (counts.values().min().unwrap_or(&0), counts.values().max().unwrap_or(&0));
            if most - least > 1 {
                return broken(
                    Promise::Fair,
                    format!("{channel}: people were asked unequally often: {counts:?}"),
                );
            }
        }
        Ok(())
    }

    /// How many incidents there were, and how long each was watched and open.
    pub(crate) fn incidents(&self, now: Timestamp) -> impl Iterator<Item = (SignedDuration, SignedDuration)> {
        self.cases.values().map(move |case| (now.duration_since(case.since()), case.open_for(now)))
    }

    /// In how many ways incidents stand.
    pub(crate) fn standings(&self) -> BTreeMap<Standing, u64> {
        let mut counts = BTreeMap::new();
        for case in self.cases.values() {
            *counts.entry(case.standing()).or_default() += 1;
        }
        counts
    }
}

/// The address of an incident that a sentence of the bot's is about.
fn address(text: &str) -> Option<String> {
    let from = text.find("https://incident.example/")?;
    let rest = &text[from..];
    let digits = rest["https://incident.example/".len()..].chars().take_while(char::is_ascii_digit).count();
    Some(rest[.."https://incident.example/".len() + digits].to_owned())
}
