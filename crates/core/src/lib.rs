//! The rules of PagerSlack, pure.
//!
//! Everything that decides who is woken lives here, as total functions over values: no async, no I/O, no
//! clock and no randomness. Time and facts come in as arguments, so that every decision can be replayed,
//! tested and explained afterwards (P7).
//!
//! - [`incident`]: an incident is a log; `decide` says what happens, `apply` what that makes of the state.
//! - [`queue`]: whose turn it is.
//! - [`availability`]: may this person be asked now, and if not, why.
//! - [`roster`]: who is on call, and who is left out for a while.
//! - [`calendar`]: working hours, days off, public holidays.
//! - [`rules`]: the files and Slack's facts brought together into one verdict on a person.
//! - [`hunt`]: which facts are still missing before somebody can be chosen.
//! - [`job`]: what must be done later, as a consequence of what happened.
//! - [`audit`]: whether everything that an open incident needs is on its way.
//! - [`report`]: what an incident comes to, in one row, and what many come to.
//! - [`policy`]: the numbers a team may choose.
//! - [`ids`]: a type for every id.

pub mod audit;
pub mod availability;
pub mod calendar;
pub mod hunt;
pub mod ids;
pub mod incident;
pub mod job;
pub mod policy;
pub mod queue;
pub mod report;
pub mod roster;
pub mod rules;

pub use availability::{Candidate, DndWindow, Presence, Verdict};
pub use ids::{
    ChannelId, IncidentId, MessageRef, MessageTs, RotationId, TeamId, UserGroupId, UserId, ZoneName,
};
pub use incident::{Command, Event, Incident, Phase, Recorded, Report, apply, decide};
pub use job::{AnswerTo, Job, JobKey, JobKind, Message, Notice, Plan, Question, Urgency, Wish, Word, plan};
pub use policy::Policy;
pub use queue::{Place, Queue, QueueChange};
pub use rules::Rules;
