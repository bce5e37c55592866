//! PagerSlack: a Slack bot that gets one available engineer onto an incident.
//!
//! The binary's library. It is the only crate that sees all the others, and puts them together: [`config`]
//! says what is wanted, [`engine`] does it, [`http`] and Socket Mode bring what Slack sends, [`cli`] is what an
//! operator types.

pub mod books;
pub mod cli;
pub mod clock;
pub mod config;
pub mod demo;
pub mod engine;
pub mod http;
pub mod installations;
pub mod stats;
pub mod vault;

mod admin;
mod entrance;
mod heartbeat;
mod logging;
mod observed;
mod retention;
mod rounds;
mod run;
mod start;
mod states;
mod storage;
mod tokens;

pub use rounds::Rounds;
pub use run::{Bot, Surroundings, drawn_seed};
pub use storage::Storage;
