//! What a seed decides before anything happens: the team, the settings, where things are kept, how bad the day is.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use pagerslack::config::{RotationConfig, Settings};
use pagerslack_core::Policy;
use pagerslack_core::rules::Weekend;
use pagerslack_slack::socket_mode::Timings;
use slack_sim::{World, WorldBuilder};

use crate::dice::Dice;
use crate::outside::Wishes;

/// The slash command of every simulated app.
pub(crate) const COMMAND: &str = "/devoncall";

/// How often the auditor looks: less often than by default, for most of the time there is nothing to see.
const AUDIT_INTERVAL: SignedDuration = SignedDuration::from_secs(600);

const ZONES: [&str; 8] = [
    "Europe/Lisbon",
    "Asia/Tokyo",
    "America/Denver",
    "Africa/Nairobi",
    "Asia/Kolkata",
    "Australia/Sydney",
    "America/Sao_Paulo",
    "UTC",
];

/// How bad the day is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weather {
    /// Nothing goes wrong. Here the checker is at its strictest.
    Calm,
    /// The process dies time and again, events are lost and commits fail, but everybody is there all the time and
    /// answers when asked: here the number of times asked must come out even (P5).
    Steady,
    /// Only what comes from Slack goes wrong: events lost, doubled, late, out of order.
    Deliveries,
    /// Everything goes wrong that can.
    Storm,
}

/// Where the store is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In memory, which outlives the process as a database on another machine would: leases run out by time.
    Memory,
    /// In a file, which each life of the process opens anew.
    Disk,
}

/// How somebody behaves.
#[derive(Clone, Debug)]
pub(crate) struct Temper {
    /// How likely they answer when asked.
    pub(crate) answers: f64,
    /// How likely they pass instead.
    pub(crate) passes: f64,
    /// How soon they look at their phone, in seconds, at the least and at the most.
    pub(crate) looks: (u64, u64),
    /// How likely they take what they were not asked to.
    pub(crate) volunteers: f64,
    /// How likely they give up what they took.
    pub(crate) hands_over: f64,
    /// How likely they take a 👀 away again.
    pub(crate) regrets: f64,
    /// How likely they press the button rather than react. A click that is lost is not sent again, and cannot be read
    /// back as a 👀 can.
    pub(crate) presses: f64,
}

/// A member of the workspace.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) id: String,
    pub(crate) manager: bool,
    pub(crate) guest: bool,
    pub(crate) temper: Temper,
}

/// Everything that is decided before the run.
#[derive(Clone)]
pub(crate) struct Scenario {
    pub(crate) start: Timestamp,
    pub(crate) weather: Weather,
    pub(crate) place: Place,
    pub(crate) socket_mode: bool,
    pub(crate) channels: Vec<String>,
    pub(crate) members: Vec<Member>,
    pub(crate) rotation: RotationConfig,
    /// When somebody reports something, and in which channel.
    pub(crate) reports: Vec<(Duration, usize)>,
    /// How long things go wrong.
    pub(crate) trouble: Duration,
    /// The longest that everything may take after that.
    pub(crate) aftermath: SignedDuration,
    /// How often the driver looks without having been told to.
    pub(crate) poll: Duration,
    /// How soon the process misses what comes over a WebSocket, and the like.
    pub(crate) links: Timings,
    /// What somebody outside wants to be told, if there is anybody.
    pub(crate) outside: Option<Wishes>,
}

impl Scenario {
    /// What the dice decide, and those for what is outside.
    pub(crate) fn draw(dice: &Dice, aside: &Dice) -> Self {
        let weather = match dice.below(20) {
            0..=1 => Weather::Calm,
            2..=4 => Weather::Steady,
            5..=7 => Weather::Deliveries,
            _ => Weather::Storm,
        };
        let day = SignedDuration::from_secs(dice.below(400 * 86_400) as i64);
        let start = Timestamp::from_second(1_790_000_000).unwrap_or_default() + day;
        let channels: Vec<String> = (1..=1 + dice.below(2)).map(|number| format!("C{number}")).collect();
        let outside = Wishes::draw(aside, &channels);
        let members = draw_members(dice, weather);
        let trouble = Duration::from_secs(dice.between(6, 45) * 60);
        let reports = draw_reports(dice, weather, &channels, trouble);
        let rotation = draw_rotation(dice, weather, &members);
        let asks_later = rotation.policy.follow_up_after.is_some();
        Self {
            start,
            weather,
            place: if dice.happens(0.02) { Place::Disk } else { Place::Memory },
            socket_mode: dice.happens(0.4),
            channels,
            members,
            rotation,
            reports,
            trouble,
            aftermath: SignedDuration::from_hours(6 * 24),
            poll: if dice.happens(0.02) && !asks_later {
                Duration::from_millis(500)
            } else {
                Duration::from_secs(600)
            },
            links: draw_timings(dice),
            outside,
        }
    }

    /// Those who are asked before the managers.
    pub(crate) fn engineers(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(|member| !member.manager && !member.guest)
    }

    /// The workspace as it is at first.
    pub(crate) fn world(&self) -> WorldBuilder {
        let mut world = World::builder().team("T1").command(COMMAND, "https://incident.url");
        for member in self.members.iter().filter(|member| member.manager) {
            world = world.person(&member.id, &member.id.to_lowercase(), "Europe/Oslo");
        }
        for channel in &self.channels {
            world = world.channel(channel, &format!("dev-{}", channel.to_lowercase()));
        }
        // In the last channel by their name, in the others beside.
        for (index, member) in self.members.iter().filter(|member| !member.manager).enumerate() {
            let zone = ZONES[index % ZONES.len()];
            world = world.person(&member.id, &member.id.to_lowercase(), zone);
            if member.guest {
                world = world.with_user(&member.id, |user| user.is_restricted = true);
            }
            for channel in self.channels.iter().rev().skip(1) {
                world = world.member(channel, &member.id);
            }
        }
        match self.socket_mode {
            true => world.socket_mode(),
            false => match "http://bot.example/slack/events".parse() {
                Ok(url) => world.deliver_to(&url),
                Err(_) => world,
            },
        }
    }

    /// The bot's settings.
    pub(crate) fn settings(&self) -> Settings {
        Settings { audit_interval: AUDIT_INTERVAL, ..Settings::from(self.rotation.clone()) }
    }

    /// In a few words, for the head of the story.
    pub(crate) fn summary(&self) -> String {
        let policy = &self.rotation.policy;
        format!(
            "{:?} weather, {} engineers, {} managers, {} reports in {} channels, store in {:?}, {}; \
             {} to answer, {} attempts, {} rounds of managers; outside {}",
            self.weather,
            self.engineers().count(),
            self.members.iter().filter(|member| member.manager).count(),
            self.reports.len(),
            self.channels.len(),
            self.place,
            if self.socket_mode { "Socket Mode" } else { "HTTP" },
            policy.ack_timeout,
            policy.max_attempts,
            policy.manager_rounds,
            self.outside.as_ref().map_or_else(|| "nobody".to_owned(), |wishes| format!("{wishes:?}")),
        )
    }
}

/// Production's now and then; mostly slower pings, for most of the time there is nothing to hear.
fn draw_timings(dice: &Dice) -> Timings {
    if dice.happens(0.02) {
        return Timings::default();
    }
    let ping = dice.seconds(200, 1_200);
    Timings { ping, silence: ping * 2 + Duration::from_secs(10), ..Timings::default() }
}

fn draw_members(dice: &Dice, weather: Weather) -> Vec<Member> {
    let steady = weather == Weather::Steady;
    let engineers = match dice.below(20) {
        0 => 1,
        1 => dice.between(12, 30),
        _ => dice.between(2, 9),
    };
    let mut members: Vec<Member> = (1..=engineers)
        .map(|number| Member {
            id: format!("U{number:02}"),
            manager: false,
            guest: false,
            temper: if steady { willing() } else { draw_temper(dice) },
        })
        .collect();
    if dice.happens(0.3) {
        let temper = Temper { answers: 0.0, volunteers: 0.3, ..willing() };
        members.push(Member { id: "G01".to_owned(), manager: false, guest: true, temper });
    }
    for number in 1..=dice.between(1, 3) {
        let temper = Temper { answers: 0.8, passes: 0.0, ..draw_temper(dice) };
        members.push(Member { id: format!("M{number}"), manager: true, guest: false, temper });
    }
    members
}

/// Answers soon, and only when asked.
fn willing() -> Temper {
    Temper {
        answers: 1.0,
        passes: 0.0,
        looks: (2, 40),
        volunteers: 0.0,
        hands_over: 0.0,
        regrets: 0.0,
        presses: 0.0,
    }
}

fn draw_temper(dice: &Dice) -> Temper {
    Temper {
        answers: *dice.one_of(&[0.1, 0.5, 0.8, 1.0]),
        passes: *dice.one_of(&[0.0, 0.0, 0.3]),
        looks: *dice.one_of(&[(1, 5), (5, 60), (30, 240)]),
        volunteers: *dice.one_of(&[0.0, 0.0, 0.05]),
        hands_over: *dice.one_of(&[0.0, 0.0, 0.1]),
        regrets: *dice.one_of(&[0.0, 0.0, 0.2]),
        presses: *dice.one_of(&[0.0, 0.3, 0.9]),
    }
}

fn draw_reports(
    dice: &Dice,
    weather: Weather,
    channels: &[String],
    trouble: Duration,
) -> Vec<(Duration, usize)> {
    let count = match (weather, dice.below(20)) {
        (Weather::Steady, _) => dice.between(4, 14),
        (_, 0) => 20,
        _ => dice.between(1, 5),
    };
    let seconds = trouble.as_secs();
    (0..count)
        .map(|_| (dice.seconds(1, seconds.saturating_sub(60).max(2)), dice.below(channels.len())))
        .collect()
}

fn draw_rotation(dice: &Dice, weather: Weather, members: &[Member]) -> RotationConfig {
    let steady = weather == Weather::Steady;
    let minutes = |dice: &Dice, least, most| SignedDuration::from_secs(dice.between(least, most) as i64 * 60);
    let policy = Policy {
        ack_timeout: if steady { SignedDuration::from_mins(2) } else { minutes(dice, 1, 4) },
        max_attempts: dice.between(1, 6) as u32,
        manager_repeat: minutes(dice, 2, 6),
        manager_rounds: dice.between(1, 3) as u32,
        follow_up_after: dice.happens(0.3).then(|| SignedDuration::from_hours(dice.between(1, 24) as i64)),
        ..Policy::default()
    };
    let mut rotation = RotationConfig { policy, ..RotationConfig::default() };
    rotation.managers =
        members.iter().filter(|member| member.manager).map(|it| it.id.as_str().into()).collect();
    if !steady && dice.happens(0.1) {
        rotation.rules.weekend = Weekend::Link { url: "https://sheet.example/on-call".to_owned() };
    }
    rotation
}
