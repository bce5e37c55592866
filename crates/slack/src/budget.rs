//! Rate budgets: whether one more call may go out now, and if not, when.
//!
//! Invariant: in no 60 seconds does a workspace get more calls of a method than its tier allows
//! ([`Method::per_minute`]), nor a channel more than 60 posts; and background calls leave 40 % of every budget
//! to paging. A `Retry-After` closes that method of that workspace, for both priorities, and nothing else
//! (docs.slack.dev/apis/web-api/rate-limits). Pure: the time comes in, and may step back without harm.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use pagerslack_core::ids::{ChannelId, TeamId};

use crate::method::Method;

/// Who is asking: a page in the making, or something that can wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// On the way to paging somebody, or to stopping a page. May use the whole budget.
    Paging,
    /// Syncs, samples, reports, home tabs. May use 60 % of the budget.
    Background,
}

/// The window of every tier, in milliseconds.
const MINUTE: i64 = 60_000;
/// The share of a budget, in hundredths, that background calls may use.
const BACKGROUND_SHARE: usize = 60;
/// Posts to one channel: so many at once …
const CHANNEL_BURST: i64 = 8;
/// … and then one every so many milliseconds, so that any minute holds at most 8 + 52 = 60 posts. Slack allows
/// about one a second.
const CHANNEL_PACE: i64 = 1_154;
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
        let limit = match priority {
            Priority::Paging => method.per_minute(),
            Priority::Background => method.per_minute() * BACKGROUND_SHARE / 100,
        };
        let window = self.methods.entry(team.clone()).or_default().entry(method).or_default();
        window.settle(at);
        let pace = channel.filter(|_| method == Method::ChatPostMessage).map(|channel| {
            let pace = self.channels.entry((team.clone(), channel.clone())).or_default();
            pace.settle(at);
            pace
        });
        let free_at = window.free_at(at, limit).max(pace.as_ref().map_or(at, |pace| pace.free_at(at)));
        if free_at > at {
            return Err(instant(free_at, now));
        }
        window.taken.push_back(at);
        if let Some(pace) = pace {
            pace.take(at);
        }
        Ok(())
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
    closed: Option<Closed>,
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
        while self.taken.front().is_some_and(|taken| *taken <= at - MINUTE) {
            self.taken.pop_front();
        }
        for taken in self.taken.iter_mut().rev().take_while(|taken| **taken > at) {
            *taken = at;
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
        until
    }
}

/// The posts to one channel: a bucket of [`CHANNEL_BURST`], kept as the time at which it is full again.
#[derive(Debug, Default)]
struct Pace {
    full_at: i64,
}

impl Pace {
    fn settle(&mut self, at: i64) {
        self.full_at = self.full_at.min(at + CHANNEL_BURST * CHANNEL_PACE);
    }

    fn free_at(&self, at: i64) -> i64 {
        at.max(self.full_at - (CHANNEL_BURST - 1) * CHANNEL_PACE)
    }

    fn take(&mut self, at: i64) {
        self.full_at = self.full_at.max(at) + CHANNEL_PACE;
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
