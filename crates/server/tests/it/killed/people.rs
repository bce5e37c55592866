//! People who go on while the bot dies and comes back: they report, answer, pass, look away, and try again what
//! failed.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use pagerslack_slack::words::{CANCEL_ACTION, PASS_ACTION, TAKE_ACTION};
use slack_sim::{Fault, FaultKind, Mention, Message, SimHandle, World, WorldBuilder};

use super::chance::Chance;

/// Two rotations.
pub(crate) const CHANNELS: [&str; 2] = ["C1", "C2"];

/// Those who may be asked, and answer only when they are.
pub(crate) const ENGINEERS: [&str; 12] =
    ["U01", "U02", "U03", "U04", "U05", "U06", "U07", "U08", "U09", "U10", "U11", "U12"];

/// Somebody who may be asked as well, and takes some incidents unasked.
const VOLUNTEER: &str = "V1";

/// Those who report; they are in no channel of engineers.
const REPORTERS: [&str; 2] = ["R1", "R2"];

/// Who answers for the managers.
const MANAGER: &str = "U91";

/// How long somebody waits for a button to do something before they press it again.
const AGAIN: SignedDuration = SignedDuration::from_secs(2);

/// How often they press it at most.
const PRESSES: usize = 4;

/// The engineers, and those of their channels who may not be asked: away, in do-not-disturb, a guest, somebody who has
/// left, a bot.
pub(crate) fn world() -> WorldBuilder {
    let mut world = World::builder().team("T1").command("/devoncall", "");
    for (id, name) in [("U91", "marit"), ("U92", "rafael"), ("R1", "rae"), ("R2", "rio")] {
        world = world.person(id, name, "Europe/Oslo");
    }
    world = world.channel(CHANNELS[0], "backend");
    for id in ENGINEERS.iter().chain(&[VOLUNTEER]).chain(&UNAVAILABLE) {
        world = world.person(id, &id.to_lowercase(), "Europe/Lisbon");
    }
    world = world.channel(CHANNELS[1], "frontend");
    for id in ENGINEERS.iter().chain(&[VOLUNTEER]).chain(&UNAVAILABLE) {
        world = world.member(CHANNELS[1], id);
    }
    world
        .away("X1")
        .with_user("X2", |user| user.dnd.window = Some((Timestamp::UNIX_EPOCH, Timestamp::MAX)))
        .with_user("X3", |user| user.is_restricted = true)
        .with_user("X4", |user| user.deleted = true)
        .with_user("X5", |user| user.is_bot = true)
}

/// In the channels, and not to be asked.
const UNAVAILABLE: [&str; 5] = ["X1", "X2", "X3", "X4", "X5"];

/// What somebody is about to do.
struct Will {
    due: Timestamp,
    deed: Deed,
}

enum Deed {
    Type { reporter: usize },
    Eyes { user: String, channel: String, ts: String },
    Press { user: String, channel: String, ts: String, action: &'static str, times: usize },
}

/// Somebody who reports one incident after the other.
struct Reporter {
    channel: &'static str,
    url: String,
    /// How much they had been told when they typed it; `None` while they do not wait for an answer.
    waits_after: Option<usize>,
    /// Whether they are about to type.
    will_type: bool,
}

/// A 👀 that somebody put under a message.
pub(crate) struct Eyes {
    pub(crate) at: Timestamp,
    pub(crate) user: String,
    pub(crate) channel: String,
    pub(crate) ts: String,
}

/// Everybody, and what they have done and heard.
pub(crate) struct People {
    slack: SimHandle,
    chance: Chance,
    reporting: bool,
    reporters: Vec<Reporter>,
    reported: usize,
    wills: Vec<Will>,
    seen: BTreeMap<String, usize>,
    /// Where and what: every report that was answered "On it", or by saying that it is open already.
    pub(crate) accepted: Vec<(&'static str, String)>,
    pub(crate) eyes: Vec<Eyes>,
    /// Who pressed a button, and under which message, once for each time.
    pub(crate) presses: Vec<(String, String)>,
    /// How many commands were typed.
    pub(crate) typed: usize,
    /// How many of them failed in Slack, or were refused, so that they were typed again.
    pub(crate) failed: usize,
}

impl People {
    pub(crate) fn new(slack: SimHandle, chance: Chance) -> Self {
        let reporter =
            |_| Reporter { channel: CHANNELS[0], url: String::new(), waits_after: None, will_type: false };
        Self {
            slack,
            chance,
            reporting: false,
            reporters: REPORTERS.iter().map(reporter).collect(),
            reported: 0,
            wills: Vec::new(),
            seen: BTreeMap::new(),
            accepted: Vec::new(),
            eyes: Vec::new(),
            presses: Vec::new(),
            typed: 0,
            failed: 0,
        }
    }

    /// Whether new incidents are reported.
    pub(crate) fn report(&mut self, reporting: bool) {
        self.reporting = reporting;
    }

    /// Whether anybody is about to do something, or waits for an answer to their command.
    pub(crate) fn are_busy(&self) -> bool {
        !self.wills.is_empty() || self.reporters.iter().any(|reporter| reporter.waits_after.is_some())
    }

    /// How many messages stand.
    pub(crate) fn messages(&self) -> usize {
        self.slack.read(|world| world.channels().map(|channel| channel.messages.len()).sum())
    }

    /// Whatever somebody wants to do at this moment, and what they want to do because of what is new.
    pub(crate) fn act(&mut self) {
        let now = self.slack.now();
        (0..self.reporters.len()).for_each(|reporter| self.hear(now, reporter));
        self.notice(now);
        let (due, later) = std::mem::take(&mut self.wills).into_iter().partition(|will| will.due <= now);
        self.wills = later;
        for Will { deed, .. } in due {
            self.perform(now, deed);
        }
    }

    fn intend(&mut self, now: Timestamp, from: u64, until: u64, deed: Deed) {
        let due = now + SignedDuration::try_from(self.chance.between(from, until)).unwrap();
        self.wills.push(Will { due, deed });
    }

    /// What a reporter was answered, and what they do then.
    fn hear(&mut self, now: Timestamp, index: usize) {
        let reporter = &mut self.reporters[index];
        let Some(after) = reporter.waits_after else {
            if self.reporting && !reporter.will_type {
                reporter.will_type = true;
                reporter.channel = CHANNELS[self.reported % CHANNELS.len()];
                reporter.url = format!("https://incident.example/{:04}", self.reported);
                self.reported += 1;
                self.intend(now, 500, 2_000, Deed::Type { reporter: index });
            }
            return;
        };
        let url = &reporter.url;
        let answer = self.slack.read(|world| {
            let told = world.ephemerals(REPORTERS[index]);
            let answer = told.get(after..)?.iter().find(|told| told.from_slack || told.text.contains(url))?;
            Some(answer.text.clone())
        });
        let Some(answer) = answer else { return };
        reporter.waits_after = None;
        if answer.starts_with("On it")
            || answer.contains("is open already")
            || answer.contains("has just been")
        {
            self.accepted.push((reporter.channel, reporter.url.clone()));
        } else {
            self.failed += 1;
            reporter.will_type = true;
            self.intend(now, 100, 600, Deed::Type { reporter: index });
        }
    }

    /// New messages, and what they make people do.
    fn notice(&mut self, now: Timestamp) {
        let new: Vec<(String, Message)> = self.slack.read(|world| {
            let unseen = |channel: &slack_sim::Channel| {
                let from = self.seen.get(&channel.id).copied().unwrap_or(0);
                let new = channel.messages[from..].to_vec();
                new.into_iter().map(|message| (channel.id.clone(), message)).collect::<Vec<_>>()
            };
            world.channels().flat_map(unseen).collect()
        });
        for (channel, message) in new {
            *self.seen.entry(channel.clone()).or_default() += 1;
            let kind =
                key(&message).and_then(|key| key.split_once("/send/").map(|(_, kind)| kind.to_owned()));
            match kind.as_deref() {
                Some("root") => self.root_stands(now, channel, &message),
                Some(kind) if kind.starts_with("page/") => self.is_asked(now, channel, &message),
                Some(kind) if kind.starts_with("manager") => self.managers_are_called(now, channel, &message),
                _ => {}
            }
        }
    }

    fn root_stands(&mut self, now: Timestamp, channel: String, root: &Message) {
        let ts = root.ts.clone();
        match self.chance.below(100) {
            0..8 => {
                self.intend(now, 0, 2_500, Deed::Eyes { user: VOLUNTEER.to_owned(), channel, ts });
            }
            8..14 => {
                let reporter =
                    REPORTERS.into_iter().find(|it| root.text.contains(&format!("<@{it}>"))).unwrap();
                let user = reporter.to_owned();
                self.intend(
                    now,
                    200,
                    2_000,
                    Deed::Press { user, channel, ts, action: CANCEL_ACTION, times: PRESSES },
                );
            }
            _ => {}
        }
    }

    fn is_asked(&mut self, now: Timestamp, channel: String, page: &Message) {
        let [Mention::User(user)] = page.mentions.as_slice() else { panic!("one person: {}", page.text) };
        let (user, ts) = (user.clone(), page.ts.clone());
        let deed = match self.chance.below(100) {
            0..45 => Deed::Eyes { user, channel, ts },
            45..60 => Deed::Press { user, channel, ts, action: TAKE_ACTION, times: PRESSES },
            60..80 => Deed::Press { user, channel, ts, action: PASS_ACTION, times: PRESSES },
            _ => return,
        };
        self.intend(now, 20, 1_500, deed);
    }

    fn managers_are_called(&mut self, now: Timestamp, channel: String, call: &Message) {
        let answers = call.mentions.contains(&Mention::User(MANAGER.to_owned())) || channel == "D91";
        if answers && self.chance.in_hundred(60) {
            let (user, ts) = (MANAGER.to_owned(), call.ts.clone());
            self.intend(now, 50, 1_500, Deed::Eyes { user, channel, ts });
        }
    }

    fn perform(&mut self, now: Timestamp, deed: Deed) {
        match deed {
            Deed::Type { reporter } => {
                let (user, Reporter { channel, url, waits_after, will_type }) =
                    (REPORTERS[reporter], &mut self.reporters[reporter]);
                *will_type = false;
                self.typed += 1;
                self.slack.with(|world, now| {
                    *waits_after = Some(world.ephemerals(user).len());
                    world.slash_command(now, user, channel, "/devoncall", url).unwrap();
                });
            }
            Deed::Eyes { user, channel, ts } => {
                let lost = self.chance.in_hundred(15);
                let at = self.slack.with(|world, now| {
                    if lost {
                        world.inject(Fault::once("reaction_added", FaultKind::Drop));
                    }
                    world.react(now, &user, &channel, &ts, "eyes").unwrap();
                    now
                });
                self.eyes.push(Eyes { at, user, channel, ts });
            }
            Deed::Press { user, channel, ts, action, times } => {
                // Once it has done something it is not there any more.
                let pressed =
                    self.slack.with(|world, now| world.click(now, &user, &channel, &ts, action)).is_ok();
                self.presses.extend(pressed.then(|| (user.clone(), ts.clone())));
                if pressed && times > 1 {
                    let deed = Deed::Press { user, channel, ts, action, times: times - 1 };
                    self.wills.push(Will { due: now + AGAIN, deed });
                }
            }
        }
    }
}

/// The key by which the bot knows a message of its.
pub(crate) fn key(message: &Message) -> Option<&str> {
    message.metadata.as_ref()?["event_payload"]["key"].as_str()
}
