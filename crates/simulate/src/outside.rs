//! Somebody outside whom the bot tells what happens, by a webhook: they take it in, or fail, are overrun, hang, hang up,
//! are not there, or have gone for good.
//!
//! They live by dice of their own: a seed without them tells the story that it would tell if there were no webhooks.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use pagerslack_core::incident::PUBLIC_NAMES;
use slack_sim::Answer;

use crate::dice::Dice;
use crate::story::Story;
use crate::timeline::Timeline;

/// Where they are.
pub(crate) const ADDRESS: &str = "https://outside.example/in";

/// What signs what they are told, and the variable in which that stands.
pub(crate) const SECRET: (&str, &str) =
    ("PAGERSLACK_WEBHOOK_OUTSIDE", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");

/// The share of the seeds that have somebody outside: each event is a job more there, and seeds are to be many.
const SHARE: f64 = 0.2;

/// How often they change their mood, on average.
const MOOD_LASTS: Duration = Duration::from_secs(120);

/// What they want to be told.
#[derive(Clone, Debug)]
pub(crate) struct Wishes {
    /// Of which events; of all, if there is none.
    events: Vec<&'static str>,
    /// Of which channels; of all, if there is none.
    channels: Vec<String>,
    /// Whether with what the reporter wrote.
    pub(crate) note: bool,
    /// They have gone, and will never answer.
    pub(crate) gone: bool,
}

impl Wishes {
    /// What the dice decide; mostly that there is nobody.
    pub(crate) fn draw(dice: &Dice, channels: &[String]) -> Option<Self> {
        if !dice.happens(SHARE) {
            return None;
        }
        // Whoever never answers is tried for three days: that takes its time.
        let gone = dice.happens(0.01);
        let some = |share: f64| PUBLIC_NAMES.into_iter().filter(|_| dice.happens(share)).collect();
        let events = if gone {
            vec!["incident.reported"]
        } else if dice.happens(0.5) {
            Vec::new()
        } else {
            some(0.5)
        };
        let channels = if dice.happens(0.2) { vec![dice.one_of(channels).clone()] } else { Vec::new() };
        Some(Self { events, channels, note: dice.happens(0.3), gone })
    }

    /// Whether an event of a channel is among them.
    pub(crate) fn has(&self, event: &str, channel: &str) -> bool {
        (self.events.is_empty() || self.events.contains(&event))
            && (self.channels.is_empty() || self.channels.iter().any(|wanted| wanted == channel))
    }

    /// The same as `pagerslack.toml` has it.
    pub(crate) fn settings(&self) -> String {
        let Self { events, channels, note, gone: _ } = self;
        format!(
            "[[webhook]]\nname = \"outside\"\nurl = \"{ADDRESS}\"\nevents = {events:?}\nchannels = {channels:?}\nnote = {note}\n"
        )
    }
}

/// How they take what they are told.
#[derive(Clone, Copy, Debug)]
enum Mood {
    /// They answer that they have it.
    Well,
    /// They answer that they have not.
    Says(u16),
    /// They take it in and never answer.
    Hangs,
    /// They take it in and hang up.
    HangsUp,
    /// They are not there.
    Away,
}

const MOODS: [Mood; 10] = [
    Mood::Well,
    Mood::Well,
    Mood::Well,
    Mood::Says(500),
    Mood::Says(503),
    Mood::Says(429),
    Mood::Says(410),
    Mood::Hangs,
    Mood::HangsUp,
    Mood::Away,
];

/// The ways in which whoever has gone does not answer.
const GONE: [Mood; 3] = [Mood::Says(410), Mood::Hangs, Mood::Away];

/// What has reached them.
pub(crate) struct Heard {
    /// The `webhook-id`.
    pub(crate) id: String,
    pub(crate) body: Bytes,
    /// Whether they answer that they have it.
    pub(crate) taken: bool,
}

/// They themselves. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Outside(Arc<Inner>);

struct Inner {
    timeline: Timeline,
    dice: Dice,
    story: Story,
    wishes: Wishes,
    /// Something has reached them that nobody has looked at.
    fresh: AtomicBool,
    state: Mutex<State>,
}

struct State {
    mood: Mood,
    heard: Vec<Heard>,
}

impl Outside {
    pub(crate) fn new(timeline: &Timeline, dice: &Dice, story: &Story, wishes: &Wishes) -> Self {
        let mood = if wishes.gone { *dice.one_of(&GONE) } else { *dice.one_of(&MOODS) };
        Self(Arc::new(Inner {
            timeline: timeline.clone(),
            dice: dice.clone(),
            story: story.clone(),
            wishes: wishes.clone(),
            fresh: AtomicBool::new(false),
            state: Mutex::new(State { mood, heard: Vec::new() }),
        }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the mood until the time of trouble is over.
    pub(crate) async fn run(self, trouble: Duration) {
        let Inner { timeline, dice, wishes, .. } = &*self.0;
        let end: Timestamp = timeline.now() + SignedDuration::try_from(trouble).unwrap_or_default();
        if wishes.gone {
            return;
        }
        loop {
            timeline.sleep(dice.wait(MOOD_LASTS)).await;
            if timeline.now() >= end {
                return;
            }
            self.state().mood = *dice.one_of(&MOODS);
        }
    }

    /// All is well again, unless they have gone.
    pub(crate) fn heal(&self) {
        if !self.0.wishes.gone {
            self.state().mood = Mood::Well;
        }
    }

    /// They are told something.
    pub(crate) fn hear(&self, request: http::Request<Bytes>) -> Answer {
        let (head, body) = request.into_parts();
        let id =
            head.headers.get("webhook-id").and_then(|id| id.to_str().ok()).unwrap_or_default().to_owned();
        let mood = self.state().mood;
        self.0.story.tell(|| format!("outside   {mood:?} when told {id}"));
        if !matches!(mood, Mood::Away) {
            self.state().heard.push(Heard { id, body, taken: matches!(mood, Mood::Well) });
            self.0.fresh.store(true, Ordering::Relaxed);
        }
        let status = match mood {
            Mood::Well => 204,
            Mood::Says(status) => status,
            Mood::Hangs => return Answer::Hang,
            Mood::HangsUp | Mood::Away => return Answer::Close,
        };
        let answer = http::Response::builder().status(status).header("retry-after", "30").body(Bytes::new());
        answer.map_or(Answer::Close, Answer::Respond)
    }

    /// What has reached them since the last time.
    pub(crate) fn take_heard(&self) -> Vec<Heard> {
        match self.0.fresh.swap(false, Ordering::Relaxed) {
            true => std::mem::take(&mut self.state().heard),
            false => Vec::new(),
        }
    }
}
