//! An event as far as a row tells of it, read without what it does not.
//!
//! Most of a log is who was considered for each page (P7), of which a row needs a name or two. Whoever reads a million logs
//! reads them like this; a property test holds the rows to those of the whole logs. An event that is written otherwise than
//! we write it is no [`Thin`] one and has to be read whole.

use std::borrow::Cow;
use std::fmt;

use jiff::Timestamp;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, DeserializeOwned, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::{Row, row};
use crate::availability::{Candidate, Verdict};
use crate::ids::{MessageRef, UserId, ZoneName};
use crate::incident::{Event, ManagersReason, ManagersWhom, Recorded, Via};

/// What a row needs of an event; nothing of some.
pub struct Thin(Option<Event>);

impl From<Event> for Thin {
    fn from(event: Event) -> Self {
        Self(Some(event))
    }
}

/// The row of an incident of which each event, with its place and its time, was read thinly; the same as [`row`] of the
/// whole log.
pub fn row_of(log: impl IntoIterator<Item = (u64, Timestamp, Thin)>) -> Option<Row> {
    let kept = log.into_iter().filter_map(|(seq, at, thin)| Some(Recorded { seq, at, event: thin.0? }));
    row(&kept.collect::<Vec<_>>())
}

impl<'de> Deserialize<'de> for Thin {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ThinVisitor)
    }
}

struct ThinVisitor;

impl<'de> Visitor<'de> for ThinVisitor {
    type Value = Thin;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an event that begins with its type")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Thin, A::Error> {
        let (Some(Text(first)), Text(kind)) = (map.next_key()?, map.next_value()?) else {
            return Err(de::Error::missing_field("type"));
        };
        if first != "type" {
            return Err(de::Error::missing_field("type"));
        }
        let event = match &*kind {
            "reported" => Event::Reported(rest(map)?),
            "paged" => {
                let Paged { attempt, responder, considered: Considered(considered), deadline } = rest(map)?;
                Event::Paged { attempt, responder, considered, deadline }
            }
            "page_posted" => {
                let PagePosted { attempt, message, deadline } = rest(map)?;
                Event::PagePosted { attempt, message, deadline }
            }
            "page_timed_out" => {
                let PageTimedOut { attempt } = rest(map)?;
                Event::PageTimedOut { attempt }
            }
            "passed" => {
                let Passed { attempt, by } = rest(map)?;
                Event::Passed { attempt, by }
            }
            "managers_paged" => {
                // Why is not told in a row, and may name everybody.
                let ManagersPaged { round, whom, direct, deadline } = rest(map)?;
                Event::ManagersPaged { round, whom, reason: ManagersReason::NoAnswer, direct, deadline }
            }
            "acknowledged" => {
                let Acknowledged { by, via, zone } = rest(map)?;
                Event::Acknowledged { by, via, zone }
            }
            "schedule_shown" => {
                let ScheduleShown { link, day } = rest(map)?;
                Event::ScheduleShown { link, day }
            }
            "hunt_resumed" => Event::HuntResumed { by: rest::<_, By>(map)?.by },
            "handed_over" => {
                let HandedOver { from, by } = rest(map)?;
                Event::HandedOver { from, by }
            }
            "clock_put_back" => {
                let ClockPutBack { deadline } = rest(map)?;
                Event::ClockPutBack { deadline }
            }
            "cancelled" => Event::Cancelled { by: rest::<_, By>(map)?.by },
            "closed" => Event::Closed { by: rest::<_, By>(map)?.by },
            "root_posted" | "managers_posted" | "post_refused" | "ack_refused" | "delayed"
            | "follow_up_posted" | "resolved" => {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                return Ok(Thin(None));
            }
            other => return Err(de::Error::unknown_variant(other, &[])),
        };
        Ok(Thin(Some(event)))
    }
}

/// The fields that come after the type.
fn rest<'de, A: MapAccess<'de>, T: DeserializeOwned>(map: A) -> Result<T, A::Error> {
    T::deserialize(MapAccessDeserializer::new(map))
}

/// A text that is not copied where it stands as it is.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

#[derive(Deserialize)]
struct Paged {
    attempt: u32,
    responder: UserId,
    considered: Considered,
    deadline: Timestamp,
}

#[derive(Deserialize)]
struct PagePosted {
    attempt: u32,
    message: MessageRef,
    deadline: Timestamp,
}

#[derive(Deserialize)]
struct PageTimedOut {
    attempt: u32,
}

#[derive(Deserialize)]
struct Passed {
    attempt: u32,
    by: UserId,
}

#[derive(Deserialize)]
struct ManagersPaged {
    round: u32,
    whom: ManagersWhom,
    direct: bool,
    deadline: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Acknowledged {
    by: UserId,
    via: Via,
    #[serde(default)]
    zone: Option<ZoneName>,
}

#[derive(Deserialize)]
struct ScheduleShown {
    link: String,
    day: String,
}

#[derive(Deserialize)]
struct HandedOver {
    from: UserId,
    by: UserId,
}

#[derive(Deserialize)]
struct ClockPutBack {
    #[serde(default)]
    deadline: Option<Timestamp>,
}

#[derive(Deserialize)]
struct By {
    by: UserId,
}

/// Of everybody considered those of whom a row tells: who had a clock (whoever was asked), who was in the weekend's pool,
/// who was passed over as a manager.
struct Considered(Vec<Candidate>);

#[derive(Deserialize)]
struct Passer<'a> {
    #[serde(borrow)]
    user: Cow<'a, str>,
    #[serde(borrow)]
    verdict: Cow<'a, str>,
    #[serde(default)]
    weekend_volunteer: bool,
    #[serde(default)]
    clock: Option<ZoneName>,
}

impl<'de> Deserialize<'de> for Considered {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ConsideredVisitor)
    }
}

struct ConsideredVisitor;

impl<'de> Visitor<'de> for ConsideredVisitor {
    type Value = Considered;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of people")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut all: A) -> Result<Considered, A::Error> {
        let mut kept = Vec::new();
        while let Some(Passer { user, verdict, weekend_volunteer, clock }) = all.next_element()? {
            let is_manager = verdict == "manager";
            if is_manager || weekend_volunteer || clock.is_some() {
                let verdict = if is_manager { Verdict::Manager } else { Verdict::Available };
                kept.push(Candidate {
                    weekend_volunteer,
                    zone: clock,
                    ..Candidate::new(UserId::new(user), verdict)
                });
            }
        }
        Ok(Considered(kept))
    }
}
