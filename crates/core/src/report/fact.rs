//! A row in about a hundred bytes, so that a hundred thousand can be kept in memory and counted at once.
//!
//! People and channels are numbers, which [`Names`] knows. What no summary counts is left out: whoever wants to know more
//! of an incident finds it by its id.

use std::collections::HashMap;
use std::hash::Hash;
use std::num::NonZeroU32;

use jiff::Timestamp;

use super::{AskedEnd, Outcome, Region, Row};
use crate::ids::{ChannelId, IncidentId, UserId};
use crate::incident::Via;

/// What stands for a time that there is none.
const NEVER: u64 = u64::MAX;

/// What stands for an hour that is not known.
const UNKNOWN_HOUR: u8 = u8::MAX;

/// Somebody, as a number that [`Names`] knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Person(NonZeroU32);

/// A channel, as a number that [`Names`] knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Channel(NonZeroU32);

impl Person {
    /// Its place among all, from 0 on.
    pub fn index(self) -> usize {
        index(self.0)
    }
}

/// The people and channels of a workspace, each under a number. Numbers are given once and for all.
#[derive(Clone, Debug, Default)]
pub struct Names {
    people: Numbered<UserId>,
    channels: Numbered<ChannelId>,
}

impl Names {
    /// The number of somebody, who gets one if they have none.
    pub fn person(&mut self, user: &UserId) -> Person {
        Person(self.people.number(user))
    }

    /// The number of a channel, which gets one if it has none.
    pub fn channel(&mut self, channel: &ChannelId) -> Channel {
        Channel(self.channels.number(channel))
    }

    /// Who that is, for a number that was given here.
    pub fn user(&self, person: Person) -> Option<&UserId> {
        self.people.all.get(person.index())
    }

    /// Who has a place among all, from 0 on.
    pub(super) fn user_at(&self, index: usize) -> Option<&UserId> {
        self.people.all.get(index)
    }

    /// Which channel that is, for a number that was given here.
    pub fn channel_id(&self, channel: Channel) -> Option<&ChannelId> {
        self.channels.all.get(index(channel.0))
    }

    /// The number that a channel has, if it has one.
    pub fn find_channel(&self, channel: &ChannelId) -> Option<Channel> {
        self.channels.numbers.get(channel).copied().map(Channel)
    }

    /// The number that somebody has, if they have one.
    pub fn find_person(&self, user: &UserId) -> Option<Person> {
        self.people.numbers.get(user).copied().map(Person)
    }

    /// How many people have one.
    pub fn people(&self) -> usize {
        self.people.all.len()
    }
}

#[derive(Clone, Debug)]
struct Numbered<T> {
    all: Vec<T>,
    numbers: HashMap<T, NonZeroU32>,
}

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Self { all: Vec::new(), numbers: HashMap::new() }
    }
}

impl<T: Clone + Eq + Hash> Numbered<T> {
    fn number(&mut self, name: &T) -> NonZeroU32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        self.all.push(name.clone());
        // More than four thousand million people have no numbers of their own.
        let number = u32::try_from(self.all.len()).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MAX);
        self.numbers.insert(name.clone(), number);
        number
    }
}

fn index(number: NonZeroU32) -> usize {
    usize::try_from(number.get() - 1).unwrap_or(usize::MAX)
}

/// One incident, as far as it is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// Which.
    pub incident: IncidentId,
    /// When it was reported.
    pub reported_at: Timestamp,
    time_to_response: u64,
    first_page_ms: u64,
    /// Each time somebody was asked.
    pub turns: Box<[Turn]>,
    /// Where it was reported.
    pub channel: Channel,
    /// Who reported it.
    pub reported_by: Person,
    /// Who acknowledged it first.
    pub acknowledged_by: Option<Person>,
    /// How many people were asked.
    pub attempts: u16,
    /// How many of them did not answer in time.
    pub timed_out: u16,
    /// How many of them passed.
    pub passed: u16,
    /// How often it was handed over.
    pub handed_over: u16,
    /// How often the managers were paged.
    pub manager_pages: u16,
    /// How it was acknowledged.
    pub via: Option<Via>,
    /// Where it stands, or how it ended.
    pub outcome: Outcome,
    /// The part of the world at work when it was acknowledged.
    pub region: Option<Region>,
    local_hour: u8,
    /// Whether a manager acknowledged it.
    pub by_manager: bool,
    /// Whether somebody of the weekend's pool was asked.
    pub weekend_pinged: bool,
}

/// Somebody was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Who.
    pub person: Person,
    /// How many seconds after the report.
    pub after: u32,
    local_hour: u8,
    /// How it ended.
    pub end: AskedEnd,
}

impl Turn {
    /// The hour that their clock showed, 0 to 23, if that is known.
    pub fn local_hour(&self) -> Option<u8> {
        Some(self.local_hour).filter(|hour| *hour != UNKNOWN_HOUR)
    }
}

/// Whether people sleep at an hour of theirs: from 22 until 6.
pub fn is_night(local_hour: u8) -> bool {
    !(6..22).contains(&local_hour)
}

impl Fact {
    /// The fact that a row tells.
    pub fn of(row: &Row, names: &mut Names) -> Self {
        let after = |at: Timestamp| at.duration_since(row.reported_at).as_secs();
        let turns = row.asked.iter().map(|asked| Turn {
            person: names.person(&asked.user),
            after: u32::try_from(after(asked.at).max(0)).unwrap_or(u32::MAX),
            local_hour: asked.local_hour.unwrap_or(UNKNOWN_HOUR),
            end: asked.end,
        });
        Self {
            turns: turns.collect(),
            incident: row.incident.clone(),
            reported_at: row.reported_at,
            time_to_response: row.time_to_response.unwrap_or(NEVER),
            first_page_ms: row.first_page_ms.unwrap_or(NEVER),
            channel: names.channel(&row.channel),
            reported_by: names.person(&row.reported_by),
            acknowledged_by: row.acknowledged_by.as_ref().map(|user| names.person(user)),
            attempts: small(row.attempts),
            timed_out: small(row.timed_out),
            passed: small(row.passed),
            handed_over: small(row.handed_over),
            manager_pages: small(row.manager_pages),
            via: row.acknowledged_via,
            outcome: row.outcome,
            region: row.region.or_else(|| row.time_at_response.map(Region::of)),
            local_hour: row.acknowledged_local_hour.unwrap_or(UNKNOWN_HOUR),
            by_manager: row.by_manager,
            weekend_pinged: row.weekend_pinged,
        }
    }

    /// From the report to the first acknowledgement, in milliseconds.
    pub fn time_to_response(&self) -> Option<u64> {
        Some(self.time_to_response).filter(|time| *time != NEVER)
    }

    /// From the report until the first page stood in the thread, in milliseconds.
    pub fn first_page_ms(&self) -> Option<u64> {
        Some(self.first_page_ms).filter(|time| *time != NEVER)
    }

    /// The hour that the clock of whoever acknowledged it showed, 0 to 23, if that is known.
    pub fn local_hour(&self) -> Option<u8> {
        Some(self.local_hour).filter(|hour| *hour != UNKNOWN_HOUR)
    }

    /// Whether nothing can happen in it any more.
    pub fn is_final(&self) -> bool {
        matches!(self.outcome, Outcome::Cancelled | Outcome::Closed)
    }

    /// How many bytes of memory it takes, but for what the allocator adds.
    pub fn size(&self) -> usize {
        size_of::<Self>() + size_of_val(&*self.turns)
    }
}

fn small(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}
