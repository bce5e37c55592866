//! All of PagerSlack that knows Slack.
//!
//! What comes in goes through [`verify`] and [`inbound`], or through [`socket_mode`], and is a closed enum
//! afterwards. What goes out goes through [`client`], within the budgets of [`budget`], over a [`transport`].
//! [`installation`] is what is kept of a workspace that installed the app. [`directory`] remembers for a while what Slack said of people. [`text`] reads and writes Slack's markup,
//! [`command`] what was typed, [`words`] is every sentence the bot says, and [`mod@manifest`] is the app as Slack
//! has to know it.
//!
//! Invariants: an outcome is done, not done, refused or unknown, and never guessed (P2); an unreadable fact is
//! an error and never a "no" (P6); no secret prints itself (P8). Nothing here reads a clock, waits or draws
//! lots, except [`HttpTransport`] and [`socket_mode`], which production alone uses.

pub mod verify;

pub mod inbound;

pub mod frame;

pub mod text;

pub mod command;

pub mod words;

pub mod client;

pub mod installation;

#[cfg(feature = "network")]
pub mod directory;

pub mod person;

pub mod method;

pub mod budget;

pub mod transport;

#[cfg(feature = "network")]
pub mod http_transport;

#[cfg(feature = "network")]
pub mod ground;

#[cfg(feature = "network")]
pub mod socket_mode;

pub mod manifest;

mod lenient;

pub use budget::{Budgets, Priority};
pub use client::{
    AppCredentials, CallError, Caller, Cause, ChannelInfo, Client, Ended, Exchange, Identity, NoToken,
    Observer, Post, Refusal, RefusalKind, SLACK_API, Search, SignInCode, SingleToken, Tokens, UsersPage,
};
#[cfg(feature = "network")]
pub use directory::Directory;
#[cfg(feature = "network")]
pub use ground::{Ground, Tokio};
#[cfg(feature = "network")]
pub use http_transport::{HttpTransport, MAX_RESPONSE_BYTES};
pub use inbound::{Click, DirectMessage, Inbound, Reaction, SlashCommand};
pub use manifest::{BOT_EVENTS, GRID_EVENTS, SCOPES, manifest};
pub use method::Method;
pub use person::{DndWindow, Person, Presence};
#[cfg(feature = "network")]
pub use socket_mode::{EnvelopeHandler, LinkStatus, SocketMode, Timings};
pub use transport::{Body, Request, Response, Token, Transport, TransportError};
pub use verify::{Rejection, SigningSecret, VerificationToken};
