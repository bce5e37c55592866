//! Rate budgets: whether one more call may go out now, and if not, when.
//!
//! Invariant: in no 60 seconds does a workspace get more calls of a method than its tier allows
//! ([`Method::per_minute`]), nor a channel more than 60 posts; and background calls leave 40 % of every budget
//! to paging, new threads 20 %. Of a channel's posts some are kept for pages, and a thread that has waited long
//! is kept one in turn. A `Retry-After` closes that method of that workspace, for all priorities, and nothing
//! else (docs.slack.dev/apis/web-api/rate-limits). Pure: the time comes in, and may step back without harm.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use pagerslack_core::ids::{ChannelId, TeamId};

use crate::method::Method;

/// Who is asking: a page in the making, the thread it will stand in, or something that can wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// On the way to paging somebody, or to stopping a page. May use the whole budget.
    Paging,
    /// Opens the thread for a page. May use 80 % of the budget, and leaves a channel some posts for the pages.
    Opening,
    /// Syncs, samples, reports, home tabs. May use 60 % of the budget.
    Background,
}

impl Priority {
    /// The share of a budget, in hundredths.
    fn share(self) -> usize {
        match self {
            Self::Paging => 100,
            Self::Opening => 80,
            Self::Background => 60,
        }
    }

    /// How many of a channel's posts at once are left to the more urgent.
    fn leaves(self) -> i64 {
        match self {
            Self::Paging => 0,
            Self::Opening => 1,
            Self::Background => 2,
        }
    }
}

/// The window of every tier, in milliseconds.
const MINUTE: i64 = 60_000;
/// Posts to one channel: so many at once …
const CHANNEL_BURST: i64 = 8;
/// … and then one every so many milliseconds, so that any minute holds at most 8 + 52 = 60 posts. Slack allows
/// about one a second.
const CHANNEL_PACE: i64 = 1_154;
/// Where pages alone fill a channel, a new thread gets one post after so many milliseconds of waiting: without a
/// root message its incident would never be paged there at all.
const OPENING_WAITS: i64 = 10_000;
/// The longest wait that is believed of a `Retry-After`, in seconds.
const LONGEST_WAIT: u32 = 3_600;

/// The budgets of all workspaces.
#[derive(Debug, Default)]
pub struct Budgets {
    methods: BTreeMap<TeamId, BTreeMap<Method, Window>>,
    channels: BTreeMap<(TeamId, ChannelId), Pace>,
    swept: i64,
}

impl Budgets {
    /// All budgets full.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes one call from the budget. `channel` counts for chat.postMessage only.
    ///
    /// # Errors
    ///
    /// When the budget is used up: the time at which to ask again. Nothing has been taken.
    pub fn try_take(
        &mut self,
        now: Timestamp,
        team: &TeamId,
        method: Method,
        channel: Option<&ChannelId>,
        priority: Priority,
    ) -> Result<(), Timestamp> {
        let at = now.as_millisecond();
        self.sweep(at);
        let limit = method.per_minute() * priority.share() / 100;
        let window = self.methods.entry(team.clone()).or_default().entry(method).or_default();
        window.settle(at);
        let pace = channel.filter(|_| method == Method::ChatPostMessage).map(|channel| {
            let pace = self.channels.entry((team.clone(), channel.clone())).or_default();
            pace.settle(at);
            pace
        });
        let mut free_at = window.free_at(at, limit);
        if let Some(pace) = pace {
            free_at = free_at.max(pace.free_at(at, priority));
            if free_at > at {
                pace.refused(at, priority);
            } else {
                pace.take(at, priority);
            }
        }
        if free_at > at {
            return Err(instant(free_at, now));
        }
        window.taken.push_back(at);
        if priority != Priority::Background {
            window.for_paging.push_back(at);
        }
        Ok(())
    }

    /// Whether paging has used up more than half of a minute's calls, or Slack has closed the method: what is asked now
    /// is missing elsewhere. What the background asks, such as somebody's question, makes no hunt believe less.
    pub fn is_scarce(&mut self, now: Timestamp, team: &TeamId, method: Method) -> bool {
        let at = now.as_millisecond();
        let window = self.methods.get_mut(team).and_then(|windows| windows.get_mut(&method));
        window.is_some_and(|window| {
            window.settle(at);
            window.for_paging.len() > method.per_minute() / 2 || window.free_at(at, method.per_minute()) > at
        })
    }

    /// Takes in whether Slack answered a call that was taken from the budget.
    pub fn heard(&mut self, team: &TeamId, method: Method, answered: bool) {
        if let Some(window) = self.methods.get_mut(team).and_then(|windows| windows.get_mut(&method)) {
            window.fruitless = !answered;
            window.limited &= !answered;
        }
    }

    /// Whether the calls of late have brought no answers, so that the end of a rate limit need not bring any
    /// either: they failed, or waiting as told only led to the next 429.
    pub fn is_fruitless(&self, team: &TeamId, method: Method) -> bool {
        let window = self.methods.get(team).and_then(|windows| windows.get(&method));
        window.is_some_and(|window| window.fruitless)
    }

    /// Slack answered 429: closes the method for the workspace, and says until when.
    ///
    /// Without a `Retry-After` (in seconds) the wait doubles from 1 to 30 seconds.
    pub fn rate_limited(
        &mut self,
        now: Timestamp,
        team: &TeamId,
        method: Method,
        retry_after: Option<u32>,
    ) -> Timestamp {
        let at = now.as_millisecond();
        let window = self.methods.entry(team.clone()).or_default().entry(method).or_default();
        window.settle(at);
        instant(window.close(at, retry_after), now)
    }

    /// How many budgets are remembered: a measure of memory, bounded by what was in use in the last minutes.
    pub fn remembered(&self) -> usize {
        self.channels.len() + self.methods.values().map(BTreeMap::len).sum::<usize>()
    }

    /// Forgets, at most once a minute, whatever is full again.
    fn sweep(&mut self, at: i64) {
        if (at - self.swept).abs() < MINUTE {
            return;
        }
        self.swept = at;
        self.methods.retain(|_, windows| {
            windows.retain(|_, window| {
                window.settle(at);
                !window.idle()
            });
            !windows.is_empty()
        });
        self.channels.retain(|_, pace| {
            pace.settle(at);
            pace.full_at > at
        });
    }
}

/// The calls of one method in one workspace during the last minute. All times in milliseconds.
#[derive(Debug, Default)]
struct Window {
    taken: VecDeque<i64>,
    /// Those of them on the way to paging somebody.
    for_paging: VecDeque<i64>,
    closed: Option<Closed>,
    /// Slack has answered 429 since it last answered anything else.
    limited: bool,
    /// See [`Budgets::is_fruitless`].
    fruitless: bool,
}

#[derive(Clone, Copy, Debug)]
struct Closed {
    since: i64,
    until: i64,
    strikes: u32,
}

impl Window {
    /// Forgets what is over. Times ahead of `at` mean that the clock stepped back: they count as now.
    fn settle(&mut self, at: i64) {
        for calls in [&mut self.taken, &mut self.for_paging] {
            while calls.front().is_some_and(|taken| *taken <= at - MINUTE) {
                calls.pop_front();
            }
            for taken in calls.iter_mut().rev().take_while(|taken| **taken > at) {
                *taken = at;
            }
        }
        if let Some(closed) = &mut self.closed {
            if closed.since > at {
                closed.until -= closed.since - at;
                closed.since = at;
            }
            if closed.until + MINUTE <= at {
                self.closed = None;
            }
        }
    }

    fn idle(&self) -> bool {
        self.taken.is_empty() && self.closed.is_none()
    }

    /// When fewer than `limit` calls lie within a minute, and Slack takes calls again.
    fn free_at(&self, at: i64, limit: usize) -> i64 {
        let room = match self.taken.len().checked_sub(limit) {
            None => at,
            Some(over) => self.taken.get(over).map_or(at, |taken| taken + MINUTE),
        };
        room.max(self.closed.map_or(at, |closed| closed.until))
    }

    fn close(&mut self, at: i64, retry_after: Option<u32>) -> i64 {
        let strikes = self.closed.map_or(0, |closed| closed.strikes);
        let seconds = match retry_after {
            Some(seconds) => seconds.clamp(1, LONGEST_WAIT),
            None => (1_u32 << strikes.min(5)).min(30),
        };
        let until = at + i64::from(seconds) * 1_000;
        let until = self.closed.map_or(until, |closed| closed.until.max(until));
        // Calls that were under way together are refused together: one strike, not many.
        let new_strike = self.closed.is_none_or(|closed| closed.until <= at);
        self.closed = Some(Closed { since: at, until, strikes: strikes + u32::from(new_strike) });
        self.fruitless |= self.limited && new_strike;
        self.limited = true;
        until
    }
}

/// The posts to one channel: a bucket of [`CHANNEL_BURST`], kept as the time at which it is full again.
#[derive(Debug, Default)]
struct Pace {
    full_at: i64,
    /// Since when a new thread waits for a post.
    opening_waits: Option<i64>,
}

impl Pace {
    fn settle(&mut self, at: i64) {
        self.full_at = self.full_at.min(at + CHANNEL_BURST * CHANNEL_PACE);
        if self.full_at <= at {
            self.opening_waits = None;
        }
        self.opening_waits = self.opening_waits.map(|since| since.min(at));
    }

    fn free_at(&self, at: i64, priority: Priority) -> i64 {
        let overdue = self.opening_waits.is_some_and(|since| since + OPENING_WAITS <= at);
        let leaves = match priority {
            Priority::Paging if overdue => 1,
            Priority::Opening if overdue => 0,
            other => other.leaves(),
        };
        at.max(self.full_at - (CHANNEL_BURST - 1 - leaves) * CHANNEL_PACE)
    }

    fn refused(&mut self, at: i64, priority: Priority) {
        if priority == Priority::Opening {
            self.opening_waits.get_or_insert(at);
        }
    }

    fn take(&mut self, at: i64, priority: Priority) {
        self.full_at = self.full_at.max(at) + CHANNEL_PACE;
        if priority == Priority::Opening {
            self.opening_waits = None;
        }
    }
}

fn instant(milliseconds: i64, now: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(milliseconds).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: i64 = 1_800_000_000_000;

    struct Story {
        budgets: Budgets,
        at: i64,
    }

    impl Story {
        fn new() -> Self {
            Self { budgets: Budgets::new(), at: START }
        }

        fn now(&self) -> Timestamp {
            Timestamp::from_millisecond(self.at).unwrap()
        }

        /// Milliseconds to wait; 0 when the call was taken.
        fn take(&mut self, team: &str, method: Method, channel: Option<&str>, priority: Priority) -> i64 {
            let channel = channel.map(ChannelId::new);
            let now = self.now();
            match self.budgets.try_take(now, &team.into(), method, channel.as_ref(), priority) {
                Ok(()) => 0,
                Err(again) => again.as_millisecond() - self.at,
            }
        }
    }

    #[test]
    fn no_minute_ever_holds_more_than_the_tier_allows() {
        for (method, priority, limit) in [
            (Method::UsersGetPresence, Priority::Paging, 50),
            (Method::DndTeamInfo, Priority::Background, 12),
            (Method::ChatPostMessage, Priority::Paging, 60),
        ] {
            let mut story = Story::new();
            let mut taken: Vec<i64> = Vec::new();
            // A greedy caller that comes back exactly when told, sometimes after a pause.
            for step in 0..600_i64 {
                match story.take("T1", method, Some("C1"), priority) {
                    0 => taken.push(story.at),
                    wait => story.at += wait,
                }
                story.at += if step % 37 == 0 { 7_919 } else { 0 };
            }
            assert!(taken.len() > 3 * limit, "{method}: only {} calls", taken.len());
            for (index, first) in taken.iter().enumerate() {
                let within = taken[index..].iter().take_while(|at| **at < first + 60_000).count();
                assert!(within <= limit, "{method}: {within} calls in a minute");
            }
        }
    }

    #[test]
    fn coming_back_when_told_is_soon_enough() {
        let mut story = Story::new();
        while story.take("T1", Method::UsersList, None, Priority::Paging) == 0 {
            story.at += 100;
        }
        let wait = story.take("T1", Method::UsersList, None, Priority::Paging);
        assert_eq!(wait, 60_000 - 20 * 100);
        story.at += wait;
        assert_eq!(story.take("T1", Method::UsersList, None, Priority::Paging), 0);
    }

    #[test]
    fn background_calls_leave_paging_its_reserve() {
        let mut story = Story::new();
        let taken = |story: &mut Story, priority| {
            (0..200).take_while(|_| story.take("T1", Method::UsersInfo, None, priority) == 0).count()
        };
        assert_eq!(taken(&mut story, Priority::Background), 60);
        assert_eq!(taken(&mut story, Priority::Paging), 40);
        assert_eq!(story.take("T2", Method::UsersInfo, None, Priority::Background), 0, "another workspace");
    }

    #[test]
    fn a_channel_takes_eight_posts_at_once_and_others_are_free() {
        let mut story = Story::new();
        let mut post = |channel| story.take("T1", Method::ChatPostMessage, Some(channel), Priority::Paging);
        assert_eq!((0..8).map(|_| post("C1")).collect::<Vec<_>>(), vec![0; 8]);
        assert_eq!(post("C1"), 1_154);
        assert_eq!(post("C2"), 0);
    }

    /// Given courtesies without end, a thread can still be opened; given threads without end, somebody can still be
    /// paged.
    #[test]
    fn new_threads_leave_a_channel_room_for_pages() {
        let mut story = Story::new();
        let mut post = |priority| story.take("T1", Method::ChatPostMessage, Some("C1"), priority);
        assert_eq!((0..7).map(|_| post(Priority::Background)).collect::<Vec<_>>(), [0, 0, 0, 0, 0, 0, 1_154]);
        assert_eq!([post(Priority::Opening), post(Priority::Opening)], [0, 1_154]);
        assert_eq!([post(Priority::Paging), post(Priority::Paging)], [0, 1_154]);
    }

    /// Given more pages than the channel takes, then a new thread is opened now and then nevertheless.
    #[test]
    fn pages_do_not_starve_new_threads() {
        let mut story = Story::new();
        let (mut opened, mut paged) = (Vec::new(), 0);
        for _ in 0..120_000 / 10 {
            for priority in [Priority::Paging, Priority::Opening] {
                if story.take("T1", Method::ChatPostMessage, Some("C1"), priority) == 0 {
                    match priority {
                        Priority::Opening => opened.push(story.at - START),
                        _ => paged += 1,
                    }
                }
            }
            story.at += 10;
        }
        assert!((12..=16).contains(&opened.len()) && paged > 90, "{opened:?}, {paged} pages");
    }

    /// A rate limit ends at a known time; that is worth waiting for while Slack answers, and only then.
    #[test]
    fn calls_without_answers_are_told_from_a_rate_limit() {
        let (team, method) = (TeamId::new("T1"), Method::UsersGetPresence);
        let mut story = Story::new();
        let fruitless = |story: &Story| story.budgets.is_fruitless(&team, method);
        assert_eq!(story.take("T1", method, None, Priority::Paging), 0);
        story.budgets.heard(&team, method, false);
        assert!(fruitless(&story), "a failure");
        story.budgets.heard(&team, method, true);
        assert!(!fruitless(&story));
        for (wait, expected) in [(0, false), (1, false), (20_000, true)] {
            story.at += wait;
            story.budgets.rate_limited(story.now(), &team, method, Some(20));
            assert_eq!(fruitless(&story), expected, "calls under way together are refused together");
        }
        story.budgets.heard(&team, method, true);
        story.budgets.rate_limited(story.now(), &team, method, Some(20));
        assert!(!fruitless(&story), "it had answered in between");
    }

    #[test]
    fn a_429_closes_that_method_of_that_workspace_only() {
        let mut story = Story::new();
        let now = story.now();
        let until = story.budgets.rate_limited(now, &"T1".into(), Method::UsersInfo, Some(30));
        assert_eq!(until.as_millisecond(), START + 30_000);
        assert_eq!(story.take("T1", Method::UsersInfo, None, Priority::Paging), 30_000);
        assert_eq!(story.take("T1", Method::UsersList, None, Priority::Paging), 0);
        assert_eq!(story.take("T2", Method::UsersInfo, None, Priority::Paging), 0);
        story.at += 30_000;
        assert_eq!(story.take("T1", Method::UsersInfo, None, Priority::Paging), 0);
    }

    #[test]
    fn without_a_retry_after_the_wait_doubles_up_to_thirty_seconds() {
        let mut story = Story::new();
        let mut waits = Vec::new();
        for _ in 0..7 {
            let now = story.now();
            let until =
                story.budgets.rate_limited(now, &"T1".into(), Method::ChatUpdate, None).as_millisecond();
            waits.push((until - story.at) / 1_000);
            story.at = until;
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30]);
    }

    #[test]
    fn a_clock_that_steps_back_locks_nothing_up() {
        let mut story = Story::new();
        let now = story.now();
        story.budgets.rate_limited(now, &"T1".into(), Method::UsersInfo, Some(20));
        while story.take("T1", Method::ChatPostMessage, Some("C1"), Priority::Paging) == 0 {}
        while story.take("T1", Method::UsersList, None, Priority::Paging) == 0 {}
        story.at -= 86_400_000;
        assert_eq!(story.take("T1", Method::UsersInfo, None, Priority::Paging), 20_000);
        assert!(story.take("T1", Method::ChatPostMessage, Some("C1"), Priority::Paging) <= 9_232);
        assert_eq!(story.take("T1", Method::UsersList, None, Priority::Paging), 60_000);
    }

    #[test]
    fn idle_workspaces_are_forgotten() {
        let mut story = Story::new();
        for team in 0..1_000 {
            story.take(&format!("T{team}"), Method::ChatPostMessage, Some("C1"), Priority::Paging);
        }
        assert_eq!(story.budgets.remembered(), 2_000);
        story.at += 130_000;
        story.take("T1", Method::UsersInfo, None, Priority::Paging);
        assert_eq!(story.budgets.remembered(), 1);
    }
}
