//! The rules of PagerSlack, pure.
//!
//! Everything that decides who is woken lives here, as total functions over values: no async, no I/O, no
//! clock and no randomness. Time and facts come in as arguments, so that every decision can be replayed,
//! tested and explained afterwards (P7).

pub mod ids;

pub use ids::{ChannelId, IncidentId, MessageRef, MessageTs, RotationId, TeamId, UserGroupId, UserId};
