//! One incident as its log tells it: an account of the checker's own.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use pagerslack_core::{Event, Recorded, Report};

use super::{Judged, Promise, broken};

/// Where an incident stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Somebody is looked for.
    Hunting,
    /// Somebody was asked.
    Paging,
    /// The managers were called, and will be again.
    ManagersCalled,
    /// The managers were called for the last time.
    ManagersCalledLast,
    /// Somebody is on it.
    Taken,
    /// Nobody is needed.
    Cancelled,
    /// It is done.
    Closed,
    /// The channel was shown a schedule.
    ScheduleShown,
}

/// One incident.
pub(super) struct Case {
    url: String,
    channel: String,
    since: Timestamp,
    log: Vec<Recorded>,
    standing: Standing,
    /// Since when nobody is looked for.
    over: Option<Timestamp>,
    open_for: SignedDuration,
    open_since: Option<Timestamp>,
    /// Whom each attempt asked, and whether it is over.
    attempts: Vec<(String, bool)>,
    gave_up: BTreeSet<String>,
}

impl Case {
    pub(super) fn new(report: &Report, now: Timestamp) -> Self {
        Self {
            url: report.url.clone(),
            channel: report.rotation.channel.to_string(),
            since: now,
            log: Vec::new(),
            standing: Standing::Hunting,
            over: None,
            open_for: SignedDuration::ZERO,
            open_since: Some(now),
            attempts: Vec::new(),
            gave_up: BTreeSet::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.log.len()
    }

    /// All that has happened, first to last.
    pub(super) fn events(&self) -> &[Recorded] {
        &self.log
    }

    /// What has this place in the log.
    pub(super) fn event(&self, seq: u64) -> Option<&Recorded> {
        self.log.iter().find(|recorded| recorded.seq == seq)
    }

    pub(super) fn channel(&self) -> &str {
        &self.channel
    }

    pub(super) fn since(&self) -> Timestamp {
        self.since
    }

    pub(super) fn standing(&self) -> Standing {
        self.standing
    }

    pub(super) fn is_about(&self, channel: &str, url: &str) -> bool {
        self.channel == channel && self.url == url
    }

    /// Whether the message is known in whose thread people are called.
    pub(super) fn has_a_thread(&self) -> bool {
        self.log.iter().any(|it| matches!(it.event, Event::RootPosted { .. }))
    }

    /// Since when nobody is looked for.
    pub(super) fn over_since(&self) -> Option<Timestamp> {
        self.over
    }

    pub(super) fn gave_up(&self, user: &str) -> bool {
        self.gave_up.contains(user)
    }

    pub(super) fn was_asked(&self, user: &str) -> bool {
        self.attempts.iter().any(|(asked, _)| asked == user)
    }

    /// How long somebody was looked for.
    pub(super) fn open_for(&self, now: Timestamp) -> SignedDuration {
        self.open_for + self.open_since.map(|since| now.duration_since(since)).unwrap_or_default()
    }

    /// A log is only ever appended to (P1).
    pub(super) fn is_continued_by(&self, log: &[Recorded]) -> bool {
        log.starts_with(&self.log)
    }

    /// Whose turn this was: of whoever is asked, or answers without being asked (P5).
    pub(super) fn turn<'a>(&self, event: &'a Event) -> Option<&'a str> {
        match event {
            Event::Paged { responder, .. } => Some(responder.as_str()),
            Event::Acknowledged { by, .. } => {
                let own = self.standing == Standing::Paging
                    && self.attempts.last().is_some_and(|(asked, over)| asked == by.as_str() && !over);
                (!own).then_some(by.as_str())
            }
            _ => None,
        }
    }

    /// A page stands: it must be of an attempt that was recorded, and every one before it must be over (P2).
    pub(super) fn page_may_stand(&self, attempt: usize) -> Judged {
        if attempt == 0 || attempt > self.attempts.len() {
            return broken(Promise::OneAtATime, format!("page {attempt} stands and was never recorded"));
        }
        match self.attempts[..attempt - 1].iter().position(|(_, over)| !over) {
            Some(before) => broken(
                Promise::OneAtATime,
                format!("page {attempt} stands while page {} waits for an answer", before + 1),
            ),
            None => Ok(()),
        }
    }

    pub(super) fn append(&mut self, recorded: Recorded, now: Timestamp) -> Judged {
        match &recorded.event {
            Event::Paged { attempt, responder, .. } => {
                if *attempt as usize != self.attempts.len() + 1 || self.standing != Standing::Hunting {
                    return broken(
                        Promise::OneAtATime,
                        format!(
                            "attempt {attempt} was begun while the incident stood at {:?}",
                            self.standing
                        ),
                    );
                }
                self.attempts.push((responder.to_string(), false));
                self.standing = Standing::Paging;
            }
            Event::PageTimedOut { .. } | Event::Passed { .. } => {
                self.end_attempt();
                self.standing = Standing::Hunting;
            }
            Event::ManagersPaged { deadline, .. } => {
                self.end_attempt();
                self.standing = match deadline {
                    Some(_) => Standing::ManagersCalled,
                    None => Standing::ManagersCalledLast,
                };
            }
            Event::Acknowledged { .. } => {
                self.end_attempt();
                self.end(Standing::Taken, now);
            }
            Event::HandedOver { from, .. } => {
                self.gave_up.insert(from.to_string());
                self.standing = Standing::Hunting;
                self.over = None;
                self.open_since = Some(now);
            }
            Event::Cancelled { .. } => {
                self.end_attempt();
                self.end(Standing::Cancelled, now);
            }
            Event::Closed { .. } => self.standing = Standing::Closed,
            Event::ScheduleShown { .. } => self.standing = Standing::ScheduleShown,
            Event::HuntResumed { .. } => self.standing = Standing::Hunting,
            _ => {}
        }
        self.log.push(recorded);
        Ok(())
    }

    fn end_attempt(&mut self) {
        if let Some((_, over)) = self.attempts.last_mut() {
            *over = true;
        }
    }

    fn end(&mut self, standing: Standing, now: Timestamp) {
        self.standing = standing;
        self.over = Some(now);
        if let Some(since) = self.open_since.take() {
            self.open_for += now.duration_since(since);
        }
    }

    /// Why it has not come to an end, if it has not.
    pub(super) fn has_not_ended(&self) -> Option<String> {
        match self.standing {
            Standing::Hunting | Standing::Paging | Standing::ManagersCalled => {
                Some(format!("it stands at {:?} after {} attempts", self.standing, self.attempts.len()))
            }
            _ => None,
        }
    }

    /// Whether it was looked for somebody in vain long enough that somebody must have been told.
    pub(super) fn needed_somebody(&self) -> bool {
        self.standing == Standing::ManagersCalledLast
            || self.log.iter().any(|it| matches!(it.event, Event::PageTimedOut { .. }))
    }
}

/// An event's name, as in the log.
pub(super) fn event_name(event: &Event) -> String {
    let value = serde_json::to_value(event).unwrap_or_default();
    value["type"].as_str().unwrap_or("unknown").to_owned()
}

/// An event in a line.
pub(super) fn told(recorded: &Recorded) -> String {
    let mut value = serde_json::to_value(&recorded.event).unwrap_or_default();
    if let Some(fields) = value.as_object_mut() {
        fields.remove("response_url");
    }
    format!("{:>2} {value}", recorded.seq)
}
