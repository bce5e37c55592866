//! An incident is a log of what happened, and its state is a fold of that log.
//!
//! ```text
//! report ──► Hunting ──► Paging(attempt, who, deadline) ──ack──► Acknowledged
//!               ▲              │ deadline / pass
//!               └──────────────┘
//!               │ nobody left, or attempts used up, or Slack refuses the post
//!               └──► ManagersPaged ──ack──► Acknowledged
//! ```
//!
//! [`decide`] and [`apply`] are total: every command in every state has an answer, and replaying a log is
//! the live path. [`Command`]s carry facts, [`Event`]s carry what was decided and why (P7).

mod apply;
mod decide;
mod event;
mod state;

pub use apply::{apply, replay};
pub use decide::{Command, decide};
pub use event::{EVENT_FORM, Event, ManagersReason, ManagersWhom, Posting, Recorded, Report, Via};
pub use state::{Attempt, AttemptEnd, Incident, ManagerRound, Phase};

#[cfg(test)]
mod tests;
