//! Whether somebody outside is told what docs/API.md promises: every event that they want, under one name and in the same
//! words each time, until they have it or three days have passed; and nothing that is not in the log.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use pagerslack_core::Recorded;
use serde_json::Value;

use super::case::Case;
use super::{Checker, Judged, Promise, broken};
use crate::outside::{Heard, Wishes};

/// After how long something is given up.
const THREE_DAYS: SignedDuration = SignedDuration::from_hours(72);

/// Within what time something is told once all is well: an hour lies between two tries at most, and some minutes' rest.
const IN_TIME: SignedDuration = SignedDuration::from_mins(70);

/// For how long, by the world's clock, a clock that was wrong by an hour may put something off, or hurry it.
const CLOCK_WRONG: SignedDuration = SignedDuration::from_hours(1);

/// What they were told, by the name of the message.
#[derive(Default)]
pub(super) struct ToldOutside {
    accounts: BTreeMap<String, Account>,
    tries: u64,
}

struct Account {
    body: Bytes,
    tried_last: Timestamp,
    taken: Option<Timestamp>,
}

impl Checker {
    /// Looks at what has reached them.
    pub(crate) fn look_outside(&mut self, now: Timestamp, heard: Vec<Heard>) -> Judged {
        for Heard { id, body, taken } in heard {
            self.outside.tries += 1;
            match self.outside.accounts.get_mut(&id) {
                Some(account) if account.body != body => {
                    return broken(Promise::ToldOutside, format!("{id} told one thing, and then another"));
                }
                Some(account) => {
                    account.tried_last = now;
                    account.taken = account.taken.or(taken.then_some(now));
                }
                None => {
                    self.is_true(&id, &body)?;
                    let account = Account { body, tried_last: now, taken: taken.then_some(now) };
                    self.outside.accounts.insert(id, account);
                }
            }
        }
        Ok(())
    }

    /// Whether what they are told stands in the log, and they wanted to be told it.
    fn is_true(&self, id: &str, body: &[u8]) -> Judged {
        let told: Value = serde_json::from_slice(body).unwrap_or_default();
        let named = id.strip_prefix("msg_").and_then(|name| name.rsplit_once('_'));
        let found = named.and_then(|(incident, seq)| {
            let seq: u64 = seq.parse().ok()?;
            let case = self.cases.iter().find(|((_, id), _)| id.as_str() == incident)?.1;
            Some((incident, case, case.event(seq)?))
        });
        let Some((incident, case, recorded)) = found else {
            return broken(Promise::ToldOutside, format!("{id} tells what is not in the log: {told}"));
        };
        let wishes = self.wishes.as_ref();
        let Some(name) = recorded.event.public_name().filter(|name| is_wanted(wishes, name, case)) else {
            return broken(Promise::ToldOutside, format!("{id} tells what was not to be told: {told}"));
        };
        let at = told["timestamp"].as_str().and_then(|at| at.parse::<Timestamp>().ok());
        let same = told["type"] == name
            && at == Some(recorded.at)
            && told["data"]["seq"] == recorded.seq
            && told["data"]["incident"]["id"] == incident
            && told["data"]["note"].is_string() == wishes.is_some_and(|wishes| wishes.note);
        if !same {
            let log = super::case::told(recorded);
            return broken(Promise::ToldOutside, format!("{id} tells {told} where the log has {log}"));
        }
        Ok(())
    }

    /// In the end each event that they want was told, or was given up and not too soon.
    pub(super) fn told_outside(&self) -> Judged {
        let Some(wishes) = &self.wishes else { return Ok(()) };
        for ((_, incident), case) in &self.cases {
            for recorded in case.events() {
                let Some(name) = recorded.event.public_name() else { continue };
                if !is_wanted(Some(wishes), name, case) {
                    continue;
                }
                let id = format!("msg_{incident}_{}", recorded.seq);
                let account = self.outside.accounts.get(&id);
                let fault = match (wishes.gone, account) {
                    (true, account) => self.was_given_up_too_soon(recorded, account),
                    (false, account) => self.was_told_too_late(recorded, account),
                };
                if let Some(fault) = fault {
                    return broken(Promise::ToldOutside, format!("{id} ({name}): {fault}"));
                }
            }
        }
        Ok(())
    }

    /// By how much the bot's clock may have misled it.
    fn allowance(&self) -> SignedDuration {
        if self.conditions.clock_wrong_until.is_some() { CLOCK_WRONG } else { SignedDuration::ZERO }
    }

    fn was_told_too_late(&self, recorded: &Recorded, account: Option<&Account>) -> Option<String> {
        let Some(taken) = account.and_then(|account| account.taken) else {
            return Some("it was never told to anybody who answered".to_owned());
        };
        // When it happened, as the world has it, is no later than it was told.
        let since = recorded.at.min(taken).max(self.well_since);
        let late = taken.duration_since(since);
        (late > IN_TIME + self.allowance()).then(|| format!("it was told {late:#} too late"))
    }

    /// Of whoever is not there nothing is known, but that nothing is left to do.
    fn was_given_up_too_soon(&self, recorded: &Recorded, account: Option<&Account>) -> Option<String> {
        let tried_for = account?.tried_last.duration_since(recorded.at);
        let off = tried_for.checked_sub(THREE_DAYS).unwrap_or(SignedDuration::MAX).abs();
        // Of many that wait each has its turn less often.
        let fault = off > SignedDuration::from_hours(4) + self.allowance();
        fault.then(|| format!("it was given up after {tried_for:#}"))
    }

    /// How often they were told something, and how much of it they have.
    pub(crate) fn outside_counts(&self) -> (u64, u64) {
        let taken = self.outside.accounts.values().filter(|account| account.taken.is_some());
        (self.outside.tries, taken.count() as u64)
    }
}

fn is_wanted(wishes: Option<&Wishes>, name: &str, case: &Case) -> bool {
    wishes.is_some_and(|wishes| wishes.has(name, case.channel()))
}
