//! A stateful fake Slack: it remembers, as the real one does, and does what it is told on bad days.
//!
//! It knows Slack and nothing of any app. Three ways to use it:
//!
//! - In process, without I/O: feed requests to [`World::http`] and carry [`World::take_due`] to the app, with a
//!   clock of your own. The same calls always give the same world.
//! - Over loopback: [`Server`] serves the Web API, delivers over HTTP or Socket Mode, and shows a page on which
//!   people can type and click.
//! - As a library of a demo: [`demo_team`].
//!
//! Ids are plain strings, because tests write them by hand.

mod world;

mod model;

mod builder;
mod demo;

mod api;
mod response_url;

mod actions;
mod delivery;
mod events;
mod membership;
mod modals;
mod outbox;
mod profile;

mod faults;
mod limits;

mod clock;
mod handle;
mod server;
pub mod socket_frames;

mod blocks;
mod json;
mod mrkdwn;
mod signing;
mod transcript;

pub use actions::{ActionError, Sent};
pub use api::{Answer, COMMON_ERRORS, Consent, SignInRequest};
pub use builder::{WorldBuilder, blank_user};
pub use clock::{ManualClock, ScaledClock, SimClock, SystemClock};
pub use delivery::{Delivery, DeliveryKind, DeliveryResult};
pub use demo::demo_team;
pub use faults::{Fault, FaultKind};
pub use handle::SimHandle;
pub use limits::RateLimits;
pub use model::{
    App, Author, Call, Channel, ChannelKind, DeliveryMode, Dnd, Enterprise, Ephemeral, Mention, Message,
    Outcome, Presence, Reaction, Status, Team, User, UserGroup,
};
pub use mrkdwn::{escape, mentions, unescape};
pub use server::{Server, Sockets};
pub use signing::signature;
pub use socket_frames::DisconnectReason;
pub use world::World;
