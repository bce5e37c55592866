//! An incident is a log of what happened, and its state is a fold of that log.
//!
//! ```text
//! report ──► Hunting ──► Paging(attempt, who, deadline) ──ack──► Acknowledged ──done──► Closed
//!             │ ▲              │ deadline / pass                   │ hand over
//!             │ └──────────────┘                                   └──► Hunting
//!             │ │ nobody left, or attempts used up, or Slack refuses the post
//!             │ └──► ManagersPaged ──ack──► Acknowledged
//!             └──► ScheduleShown (nobody is hunted today) ──on demand──► ManagersPaged
//!                       └──reported again on another day──► Hunting
//!
//! cancel, from any open state ──► Cancelled
//! ```
//!
//! [`decide`] and [`apply`] are total: every command in every state has an answer, and replaying a log is
//! the live path. [`Command`]s carry facts, [`Event`]s carry what was decided and why (P7).

mod apply;
mod decide;
mod event;
mod state;
mod turn;

pub use apply::{apply, replay};
pub use decide::{Command, decide};
pub use event::{
    Delay, EVENT_FORM, Event, ManagersReason, ManagersWhom, PUBLIC_NAMES, Posting, Recorded, Report, Via,
};
pub use state::{Attempt, AttemptEnd, Incident, ManagerRound, Phase, ScheduleShown, Taken};
pub use turn::turn_of;

#[cfg(test)]
mod tests;
