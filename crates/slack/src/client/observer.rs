//! Who looks on: how calls end and how long they take, for whoever counts them.
//!
//! Nothing here decides anything, and no call tells of more than its method: not whose it is, nor what it carries.

use std::time::Duration;

use jiff::SignedDuration;

use super::error::{CallError, Judgement};
use crate::method::Method;

/// How an exchange with Slack ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Well.
    Done,
    /// Slack limits the rate.
    Limited,
    /// Slack said no.
    Refused,
    /// It did not happen, or may be asked again.
    NotDone,
    /// It may have happened.
    Unknown,
}

impl Ended {
    /// Every way.
    pub const ALL: [Self; 5] = [Self::Done, Self::Limited, Self::Refused, Self::NotDone, Self::Unknown];

    /// Its name, for a label.
    pub fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Limited => "limited",
            Self::Refused => "refused",
            Self::NotDone => "not_done",
            Self::Unknown => "unknown",
        }
    }

    pub(super) fn of<T>(result: &Result<(T, Judgement), CallError>) -> Self {
        match result {
            Ok((_, Judgement::Done)) => Self::Done,
            Ok((_, Judgement::RateLimited)) => Self::Limited,
            Ok((_, Judgement::Failed(error))) | Err(error) => match error {
                CallError::Refused(_) => Self::Refused,
                CallError::NotDone { .. } => Self::NotDone,
                CallError::Unknown { .. } => Self::Unknown,
            },
        }
    }
}

/// Is told of each call. It brings its own clock, since a client reads none.
pub trait Observer: Send + Sync {
    /// How long it is since some moment, the same at every call.
    fn elapsed(&self) -> Duration;

    /// An exchange came to its end.
    fn called(&self, method: Method, ended: Ended, took: Duration);

    /// A call has to wait: `asked` says that Slack said so, else our own budget does, and nobody was asked.
    fn must_wait(&self, method: Method, wait: SignedDuration, asked: bool);
}
