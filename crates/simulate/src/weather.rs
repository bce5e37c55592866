//! What goes wrong, and when: Slack, the network, the disk, the clock, the process, and who is there.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use slack_sim::{DisconnectReason, Fault, FaultKind, Presence, SimHandle, signature};

use crate::checker::Conditions;
use crate::courier::Courier;
use crate::dice::Dice;
use crate::house::House;
use crate::scenario::{COMMAND, Scenario, Weather};
use crate::story::Story;
use crate::timeline::Timeline;

const METHODS: [&str; 9] = [
    "chat.postMessage",
    "chat.postMessage",
    "chat.update",
    "users.getPresence",
    "dnd.teamInfo",
    "conversations.members",
    "reactions.get",
    "users.info",
    "conversations.replies",
];

/// The weather. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Skies(Arc<Inner>);

struct Inner {
    timeline: Timeline,
    dice: Dice,
    slack: SimHandle,
    house: House,
    courier: Courier,
    story: Story,
    scenario: Scenario,
    /// In seconds since the epoch: until when the way between the bot and Slack was last disturbed.
    disturbed: AtomicI64,
    /// The same: until when the bot's clock was last wrong.
    clock_wrong: AtomicI64,
    counted: Mutex<BTreeMap<&'static str, u64>>,
}

/// One thing that goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    Kill,
    ApiFault,
    Outage,
    NetworkDown,
    NetworkSlow,
    DeliveryFault,
    CourierAstray,
    Swallowed,
    ReadDelay,
    TokenRevoked,
    ChannelArchived,
    BotKicked,
    DiskFull,
    CommitFails,
    ClockStep,
    People,
    Forgery,
    Replay,
    RateLimit,
    OtherReactions,
}

const STORM: [Trouble; 26] = [
    Trouble::Kill,
    Trouble::Kill,
    Trouble::Kill,
    Trouble::ApiFault,
    Trouble::ApiFault,
    Trouble::ApiFault,
    Trouble::ApiFault,
    Trouble::Outage,
    Trouble::NetworkDown,
    Trouble::NetworkSlow,
    Trouble::DeliveryFault,
    Trouble::DeliveryFault,
    Trouble::CourierAstray,
    Trouble::Swallowed,
    Trouble::ReadDelay,
    Trouble::TokenRevoked,
    Trouble::ChannelArchived,
    Trouble::BotKicked,
    Trouble::DiskFull,
    Trouble::CommitFails,
    Trouble::ClockStep,
    Trouble::People,
    Trouble::People,
    Trouble::Forgery,
    Trouble::Replay,
    Trouble::RateLimit,
];
const STEADY: [Trouble; 6] = [
    Trouble::Kill,
    Trouble::Kill,
    Trouble::CommitFails,
    Trouble::DeliveryFault,
    Trouble::CourierAstray,
    Trouble::Replay,
];
const DELIVERIES: [Trouble; 7] = [
    Trouble::DeliveryFault,
    Trouble::DeliveryFault,
    Trouble::CourierAstray,
    Trouble::Swallowed,
    Trouble::Forgery,
    Trouble::Replay,
    Trouble::OtherReactions,
];
const CALM: [Trouble; 4] = [Trouble::People, Trouble::Forgery, Trouble::Replay, Trouble::OtherReactions];

impl Skies {
    pub(crate) fn new(
        timeline: &Timeline,
        dice: &Dice,
        slack: &SimHandle,
        house: &House,
        courier: &Courier,
        story: &Story,
        scenario: &Scenario,
    ) -> Self {
        Self(Arc::new(Inner {
            timeline: timeline.clone(),
            dice: dice.clone(),
            slack: slack.clone(),
            house: house.clone(),
            courier: courier.clone(),
            story: story.clone(),
            scenario: scenario.clone(),
            disturbed: AtomicI64::new(i64::MIN),
            clock_wrong: AtomicI64::new(i64::MIN),
            counted: Mutex::default(),
        }))
    }

    /// What may excuse the bot.
    pub(crate) fn conditions(&self) -> Conditions {
        let at = |seconds: &AtomicI64| Timestamp::from_second(seconds.load(Ordering::Relaxed)).ok();
        Conditions { disturbed_until: at(&self.0.disturbed), clock_wrong_until: at(&self.0.clock_wrong) }
    }

    /// How often each kind of trouble has come.
    pub(crate) fn counted(&self) -> BTreeMap<&'static str, u64> {
        self.0.counted.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn disturb(&self, lasts: Duration) {
        self.0.disturbed.fetch_max(self.end_of(lasts), Ordering::Relaxed);
    }

    fn end_of(&self, lasts: Duration) -> i64 {
        let span = SignedDuration::try_from(lasts).unwrap_or_default();
        (self.0.timeline.now() + span + SignedDuration::from_secs(1)).as_second()
    }

    /// Trouble until its time is over.
    pub(crate) async fn run(self) {
        let (kinds, mean): (&[Trouble], u64) = match self.0.scenario.weather {
            Weather::Calm => (&CALM, 200),
            Weather::Steady => (&STEADY, 90),
            Weather::Deliveries => (&DELIVERIES, 40),
            Weather::Storm => (&STORM, 35),
        };
        let Inner { timeline, dice, scenario, .. } = &*self.0;
        if matches!(scenario.weather, Weather::Deliveries | Weather::Storm) && dice.happens(0.3) {
            self.0.courier.set_astray(200);
        }
        let end = timeline.now() + SignedDuration::try_from(scenario.trouble).unwrap_or_default();
        while timeline.now() < end {
            timeline.sleep(dice.wait(Duration::from_secs(mean))).await;
            if timeline.now() >= end {
                return;
            }
            let trouble = *dice.one_of(kinds);
            self.strike(trouble, end);
        }
    }

    /// Everything is well again.
    pub(crate) fn clear(&self) {
        let Inner { slack, house, courier, scenario, .. } = &*self.0;
        slack.with(|world, now| {
            world.clear_faults();
            world.set_read_delay(SignedDuration::ZERO);
            world.restore_tokens();
            for channel in &scenario.channels {
                let _ = world.unarchive(channel);
                let _ = world.invite_bot(now, "M1", channel);
            }
        });
        house.network().set_down(false);
        house.network().set_slow(0);
        house.disk().set_full(false);
        house.disk().fail_next(0);
        house.set_clock_wrong_by(0);
        house.light_fuse(i64::MAX);
        courier.set_astray(0);
        courier.set_swallowed(false);
        house.exchange().heal();
    }

    fn strike(&self, trouble: Trouble, end: Timestamp) {
        let Inner { dice, story, .. } = &*self.0;
        let left = Duration::try_from(end.duration_since(self.0.timeline.now())).unwrap_or(Duration::ZERO);
        let lasts = dice.wait(Duration::from_secs(40)).min(left);
        story.tell(|| format!("weather   {trouble:?} ({} s)", lasts.as_secs()));
        let name = name(trouble);
        *self.0.counted.lock().unwrap_or_else(PoisonError::into_inner).entry(name).or_default() += 1;
        match trouble {
            Trouble::Kill => self.0.house.light_fuse(dice.between(1, 300) as i64),
            Trouble::ApiFault | Trouble::Outage | Trouble::RateLimit => self.fault_of_slack(trouble, lasts),
            Trouble::NetworkDown | Trouble::NetworkSlow => self.fault_of_the_network(trouble, lasts),
            Trouble::DeliveryFault => self.fault_of_deliveries(),
            Trouble::CourierAstray => {
                self.0.courier.set_astray(dice.between(100, 700) as u32);
                self.after(lasts * 3, |skies| skies.0.courier.set_astray(0));
            }
            Trouble::Swallowed => self.nothing_gets_through(lasts),
            Trouble::ReadDelay => {
                let delay = SignedDuration::from_millis(dice.between(100, 2_000) as i64);
                self.0.slack.with(|world, _| world.set_read_delay(delay));
            }
            Trouble::TokenRevoked | Trouble::ChannelArchived | Trouble::BotKicked => {
                self.locked_out(trouble, lasts);
            }
            Trouble::DiskFull => {
                self.0.house.disk().set_full(true);
                self.after(lasts, |skies| skies.0.house.disk().set_full(false));
            }
            Trouble::CommitFails => self.0.house.disk().fail_next(dice.between(1, 4)),
            Trouble::ClockStep => {
                self.disturb(lasts * 4 + Duration::from_secs(3_700));
                self.0.clock_wrong.fetch_max(self.end_of(lasts * 4), Ordering::Relaxed);
                self.0.house.set_clock_wrong_by(*dice.one_of(&[-3_600, 3_600, -60, 60, -5, 5]));
                self.after(lasts * 4, |skies| skies.0.house.set_clock_wrong_by(0));
            }
            Trouble::People => self.somebody_moves(),
            Trouble::Forgery => self.forge(),
            Trouble::Replay => self.0.courier.replay(),
            Trouble::OtherReactions => self.react_elsewhere(),
        }
    }

    fn after(&self, time: Duration, then: impl FnOnce(&Self) + Send + 'static) {
        let skies = self.clone();
        self.0.timeline.spawn(None, async move {
            skies.0.timeline.sleep(time).await;
            then(&skies);
        });
    }

    fn fault_of_slack(&self, trouble: Trouble, lasts: Duration) {
        let Inner { dice, slack, .. } = &*self.0;
        let seconds = dice.between(1, 90) as u32;
        let kind = match (trouble, dice.below(11)) {
            (Trouble::RateLimit, 0..4) => FaultKind::RateLimited { retry_after: None },
            (Trouble::RateLimit, _) => FaultKind::RateLimited { retry_after: Some(seconds) },
            (_, 0) => FaultKind::Http500,
            (_, 1) => FaultKind::Http500AfterEffect,
            (_, 2) => FaultKind::Garbage,
            (_, 3) => FaultKind::Error("internal_error".to_owned()),
            (_, 4) => FaultKind::ErrorAfterEffect("internal_error".to_owned()),
            (_, 5) => FaultKind::ErrorAfterEffect("fatal_error".to_owned()),
            (_, 6) => FaultKind::HangBefore,
            (_, 7) => FaultKind::HangAfter,
            (_, 8) => FaultKind::CloseBefore,
            (_, 9) => FaultKind::CloseAfter,
            _ => FaultKind::Error("service_unavailable".to_owned()),
        };
        if trouble == Trouble::Outage {
            self.disturb(lasts);
            slack.with(|world, _| world.inject(Fault::everything(kind)));
            self.after(lasts, |skies| skies.0.slack.with(|world, _| world.clear_faults()));
            return;
        }
        let times = dice.between(1, 5) as u32;
        self.disturb(Duration::from_secs(u64::from(seconds) + 120));
        let method: &str = dice.one_of::<&str>(&METHODS);
        let fault = Fault::once(method, kind).times(times).after(dice.below(3) as u32);
        slack.with(|world, _| world.inject(fault));
    }

    fn fault_of_the_network(&self, trouble: Trouble, lasts: Duration) {
        self.disturb(lasts + Duration::from_secs(10));
        let network = self.0.house.network();
        match trouble {
            Trouble::NetworkDown => network.set_down(true),
            _ => network.set_slow(self.0.dice.between(200, 2_300)),
        }
        self.after(lasts, |skies| {
            skies.0.house.network().set_down(false);
            skies.0.house.network().set_slow(0);
        });
    }

    fn fault_of_deliveries(&self) {
        let dice = &self.0.dice;
        let later = SignedDuration::from_secs(dice.between(1, 600) as i64);
        let kind = match dice.below(4) {
            0 => FaultKind::Drop,
            1 => FaultKind::Double,
            2 => FaultKind::DoubleFreshId,
            _ => FaultKind::Delay(later),
        };
        let fault = match dice.below(3) {
            0 => Fault::once("reaction_added", kind),
            1 => Fault::once("block_actions", kind),
            _ => Fault::everything(kind),
        };
        let fault = fault.times(dice.between(1, 4) as u32).after(dice.below(3) as u32);
        self.0.slack.with(|world, _| world.inject(fault));
    }

    /// What Slack sends leads nowhere, for a while or until somebody notices: over HTTP in a proxy, in Socket Mode since
    /// the WebSockets break, are told to go, stand and lead nowhere, or are never greeted.
    fn nothing_gets_through(&self, lasts: Duration) {
        let Inner { dice, house, courier, scenario, .. } = &*self.0;
        if !scenario.socket_mode {
            courier.set_swallowed(true);
            return self.after(lasts, |skies| skies.0.courier.set_swallowed(false));
        }
        let exchange = house.exchange();
        match dice.below(8) {
            0 => exchange.disconnect(DisconnectReason::Warning),
            1 => exchange.disconnect(DisconnectReason::RefreshRequested),
            2 => exchange.disconnect(DisconnectReason::LinkDisabled),
            3 => exchange.disconnect(DisconnectReason::TooManyWebsockets),
            4 => exchange.hang_up(),
            5 | 6 => exchange.cut(),
            _ => {
                exchange.set_mute(true);
                exchange.hang_up();
                self.after(lasts, |skies| skies.0.house.exchange().set_mute(false));
            }
        }
    }

    /// The bot is locked out of Slack or of a channel, and let in again.
    fn locked_out(&self, trouble: Trouble, lasts: Duration) {
        let channel = self.0.dice.one_of(&self.0.scenario.channels).clone();
        self.disturb(lasts + Duration::from_secs(30));
        self.0.slack.with(|world, now| match trouble {
            Trouble::TokenRevoked => world.revoke_tokens(now),
            Trouble::ChannelArchived => drop(world.archive(&channel)),
            _ => drop(world.kick_bot(now, &channel)),
        });
        self.after(lasts, move |skies| {
            skies.0.slack.with(|world, now| match trouble {
                Trouble::TokenRevoked => world.restore_tokens(),
                Trouble::ChannelArchived => drop(world.unarchive(&channel)),
                _ => drop(world.invite_bot(now, "M1", &channel)),
            });
        });
    }

    /// Somebody goes, comes, wants quiet, leaves the channel or the company, or comes back.
    fn somebody_moves(&self) {
        let Inner { dice, slack, scenario, .. } = &*self.0;
        let engineers: Vec<String> = scenario.engineers().map(|member| member.id.clone()).collect();
        let who = dice.one_of(&engineers).clone();
        let channel = dice.one_of(&scenario.channels).clone();
        let quiet = SignedDuration::from_secs(dice.between(60, 3_600) as i64);
        let what = dice.below(10);
        slack.with(|world, now| {
            let _ = match what {
                0..=3 => world.set_presence(&who, Presence::Away),
                4..=5 => world.set_presence(&who, Presence::Active),
                6 => world.snooze(now, &who, quiet),
                7 => world.leave(now, &who, &channel),
                8 => world.join(now, &who, &channel),
                _ => world.deactivate(now, &who),
            };
            if what == 5 {
                let _ = world.reactivate(now, &who);
            }
        });
    }

    /// Somebody who does not know the secret posts what Slack would post.
    fn forge(&self) {
        let Inner { dice, slack, courier, timeline, .. } = &*self.0;
        let at = timeline.now().as_second();
        let body = format!(
            "team_id=T1&team_domain=example&channel_id=C1&channel_name=dev&user_id=U01&command=%2F{}&\
             text=https%3A%2F%2Fforged.example%2F{}&trigger_id=forged.{at}&response_url=",
            COMMAND.trim_start_matches('/'),
            dice.below(1_000),
        );
        let secret = slack.read(|world| world.app().signing_secret.clone());
        let (at, signed) = match dice.below(4) {
            0 => (at, signature("not the secret", at, body.as_bytes())),
            1 => (at - 301, signature(&secret, at - 301, body.as_bytes())),
            2 => (at, signature(&secret, at, b"another body")),
            _ => (at, String::new()),
        };
        // An hour wrong, the machine's clock takes what is old for new.
        let stale = at != timeline.now().as_second();
        if stale && self.conditions().clock_wrong_until.is_some_and(|until| until > timeline.now()) {
            return;
        }
        let request = http::Request::post("/slack/commands")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("x-slack-request-timestamp", at)
            .header("x-slack-signature", signed)
            .body(body.into());
        if let Ok(request) = request {
            courier.send(request);
        }
    }

    /// People react with 👀 to all sorts of things.
    fn react_elsewhere(&self) {
        let Inner { dice, slack, scenario, .. } = &*self.0;
        let who = dice.one_of(&scenario.members).id.clone();
        let channel = dice.one_of(&scenario.channels).clone();
        slack.with(|world, now| {
            if let Ok(ts) = world.post(now, &who, &channel, "lunch?", None) {
                let _ = world.react(now, &who, &channel, &ts, "eyes");
            }
        });
    }
}

fn name(trouble: Trouble) -> &'static str {
    match trouble {
        Trouble::Kill => "the process is killed",
        Trouble::ApiFault => "calls fail, with the effect or without",
        Trouble::Outage => "Slack is out of order",
        Trouble::NetworkDown => "Slack cannot be reached",
        Trouble::NetworkSlow => "the network is slow",
        Trouble::DeliveryFault => "deliveries lost, doubled or late",
        Trouble::CourierAstray => "deliveries go astray",
        Trouble::Swallowed => "Slack's messages lead nowhere",
        Trouble::ReadDelay => "posts can be read back late",
        Trouble::TokenRevoked => "the token is revoked",
        Trouble::ChannelArchived => "the channel is archived",
        Trouble::BotKicked => "the bot is thrown out of the channel",
        Trouble::DiskFull => "the disk is full",
        Trouble::CommitFails => "commits fail",
        Trouble::ClockStep => "the clock is set wrong",
        Trouble::People => "somebody goes or comes",
        Trouble::Forgery => "forged requests",
        Trouble::Replay => "requests played back",
        Trouble::RateLimit => "rate limits, with the header or without",
        Trouble::OtherReactions => "reactions to other messages",
    }
}
