//! Walking through answers that come in pages.
//!
//! Invariant: the walk ends only at an empty cursor, for short pages occur, and it does end: a cursor that
//! comes again, or too many pages, is an error. Source: docs.slack.dev/apis/web-api/pagination.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::error::{CallError, Cause, not_done};
use crate::lenient::Word;
use crate::method::Method;

/// More pages than any answer of ours has: 100 pages of members are 100,000 people.
const MOST_PAGES: usize = 100;

/// `response_metadata`, which may be null.
#[derive(Deserialize)]
pub(super) struct Next<'a> {
    #[serde(borrow, default)]
    next_cursor: Word<'a>,
}

/// Where a walk stands.
pub(super) struct Pages {
    method: Method,
    now: Timestamp,
    cursor: Option<String>,
    read: usize,
}

impl Pages {
    pub(super) fn new(method: Method, now: Timestamp) -> Self {
        Self { method, now, cursor: None, read: 0 }
    }

    /// The arguments of the next page.
    pub(super) fn query(&self, common: &[(&'static str, String)]) -> Vec<(&'static str, String)> {
        let cursor = self.cursor.iter().map(|cursor| ("cursor", cursor.clone()));
        common.iter().cloned().chain(cursor).collect()
    }

    /// Whether there is another page.
    pub(super) fn more(&mut self, next: Option<Next<'_>>) -> Result<bool, CallError> {
        let Some(cursor) = cursor(next) else { return Ok(false) };
        self.read += 1;
        if self.cursor.as_deref() == Some(&cursor) || self.read >= MOST_PAGES {
            let why = Cause::Unreadable { method: self.method, what: "the pages do not end".to_owned() };
            return Err(not_done(self.now, SignedDuration::from_secs(10), why));
        }
        self.cursor = Some(cursor);
        Ok(true)
    }

    /// A cursor of ours that has expired is no refusal: the walk may be begun again.
    pub(super) fn again(&self, error: CallError) -> CallError {
        match error {
            CallError::Refused(refusal) if refusal.code == "invalid_cursor" && self.cursor.is_some() => {
                let why = Cause::Trouble { method: refusal.method, code: refusal.code };
                not_done(self.now, SignedDuration::from_secs(1), why)
            }
            other => other,
        }
    }
}

pub(super) fn cursor(next: Option<Next<'_>>) -> Option<String> {
    next.and_then(|next| next.next_cursor.owned())
}
