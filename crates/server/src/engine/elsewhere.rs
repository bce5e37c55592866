//! 👀 on messages that another replica has just posted, and of which it has not recorded yet that they stand.
//!
//! A replica remembers for its own posts who was quicker than Slack's answer ([`super::MessageIndex`]); of others' posts it
//! only finds nothing in the store. So it looks there again a few times. Not needed for correctness: a 👀 that is missed
//! is found by reading the reactions back (P4).

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use pagerslack_core::MessageTs;
use pagerslack_core::incident::Via;
use pagerslack_slack::inbound::Reaction;

use super::Engine;

/// How old a message is at most, by Slack's clock, when somebody was too quick for it to be recorded: a call that posts
/// takes no longer.
const QUICK: SignedDuration = SignedDuration::from_secs(10);

/// How long a message is looked for.
const LOOKED_FOR: Duration = Duration::from_secs(10);

/// How often. The first time is soon, for nearly always it is a matter of milliseconds.
const EVERY: Duration = Duration::from_millis(400);

/// How many are looked for at a time. People are seldom quicker than the record of a message, so that a burst of more is
/// about others' messages.
const AT_A_TIME: usize = 64;

/// Reactions that may be about a message of another replica.
#[derive(Debug, Default)]
pub(super) struct Elsewhere(Mutex<VecDeque<Early>>);

#[derive(Clone, Debug)]
struct Early {
    reaction: Reaction,
    until: Duration,
    next: Duration,
}

impl Elsewhere {
    /// Remembers a reaction, if its message is so young that it may not be recorded yet.
    pub(super) fn remember(&self, reaction: &Reaction, elapsed: Duration) -> bool {
        if !is_quick(reaction) {
            return false;
        }
        let mut early = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while early.len() >= AT_A_TIME {
            early.pop_front();
        }
        early.push_back(Early { reaction: reaction.clone(), until: elapsed + LOOKED_FOR, next: elapsed });
        true
    }

    /// Those to look at now; whoever finds nothing puts them back.
    fn due(&self, elapsed: Duration) -> Vec<Early> {
        let mut early = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (due, later): (VecDeque<_>, VecDeque<_>) =
            early.drain(..).partition(|early| early.next <= elapsed);
        *early = later;
        due.into()
    }

    fn put_back(&self, early: Early, elapsed: Duration) {
        let next = elapsed + EVERY;
        if next < early.until {
            let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if waiting.len() < AT_A_TIME {
                waiting.push_back(Early { next, ..early });
            }
        }
    }
}

/// Whether a message was posted shortly before somebody reacted to it.
fn is_quick(reaction: &Reaction) -> bool {
    let posted = posted_at(&reaction.message.ts);
    reaction.at.zip(posted).is_none_or(|(reacted, posted)| reacted.duration_since(posted) <= QUICK)
}

/// A `ts` is seconds since the epoch, to which Slack adds what makes it unique
/// (docs.slack.dev/messaging/retrieving-messages).
fn posted_at(ts: &MessageTs) -> Option<Timestamp> {
    Timestamp::from_second(ts.as_str().split('.').next()?.parse().ok()?).ok()
}

impl Engine {
    /// Looks again for the messages of early reactions.
    pub(super) async fn look_elsewhere_again(&self) {
        for early in self.elsewhere.due(self.clock.elapsed()) {
            let Reaction { team, user, message, at, .. } = &early.reaction;
            match self.store.incident_of(team, message).await {
                Ok(Some(incident)) => {
                    // What cannot be recorded now is found again by reading the reactions back (P4).
                    self.take(team, &incident, user, message, Via::Reaction, *at).await;
                }
                Ok(None) | Err(_) => self.elsewhere.put_back(early, self.clock.elapsed()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use pagerslack_core::MessageRef;

    use super::*;

    fn reaction(ts: &str, at: Option<i64>) -> Reaction {
        Reaction {
            team: "T1".into(),
            user: "U1".into(),
            reaction: "eyes".to_owned(),
            message: MessageRef::new("C1".into(), ts.into()),
            event_id: String::new(),
            at: at.map(|at| Timestamp::from_second(at).unwrap()),
        }
    }

    #[test]
    fn only_young_messages_are_looked_for_and_not_for_long() {
        let second = Duration::from_secs;
        let elsewhere = Elsewhere::default();
        assert!(!elsewhere.remember(&reaction("1000.5", Some(1_011)), second(5)), "an old message");
        assert!(elsewhere.remember(&reaction("1000.5", Some(1_001)), second(5)));
        let [early] = elsewhere.due(second(5)).try_into().unwrap();
        assert!(elsewhere.due(second(5)).is_empty());
        elsewhere.put_back(early, second(5));
        assert!(elsewhere.due(second(5)).is_empty(), "not at once again");
        let [early] = elsewhere.due(second(6)).try_into().unwrap();
        elsewhere.put_back(early, second(15));
        assert!(elsewhere.due(second(60)).is_empty(), "no longer");
    }

    #[test]
    fn no_more_are_remembered_than_can_be_looked_for() {
        let elsewhere = Elsewhere::default();
        for _ in 0..AT_A_TIME + 5 {
            assert!(elsewhere.remember(&reaction("x", None), Duration::ZERO));
        }
        assert_eq!(elsewhere.due(Duration::ZERO).len(), AT_A_TIME);
    }
}
