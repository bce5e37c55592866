//! The whole bot, played against a fake Slack in virtual time: the real engine, rules, driver, routes and SQLite, under
//! every fault that a seed brings, with a checker that holds it to its promises after every step.
//!
//! ```text
//! seed ─► dice ─► scenario: team, settings, weather
//!           │
//!           └──► timeline: which task acts next, and when
//!                 ├─ house: the process, born and killed ── disk, wire ──► the real store, the fake Slack
//!                 ├─ courier: what Slack sends, late, twice, never ── exchange: over which WebSocket, if any stands
//!                 ├─ outside: who is told by a webhook, and does not always hear
//!                 ├─ crowd: people who report, react, press, pass
//!                 ├─ weather: what goes wrong
//!                 └─ after every step: checker (Slack, store) ─► a violation, or on
//! ```
//!
//! Invariant: everything follows from the seed. Nothing here reads a clock, waits, or uses a network; the store's own
//! threads are waited for where they are asked.
//!
//! What is deliberately not here: switches in production code. [`Mutant`]s are broken from outside.

mod checker;
mod courier;
mod crowd;
mod dice;
mod disk;
mod exchange;
mod house;
mod mutant;
mod outside;
mod player;
mod scenario;
mod story;
mod timeline;
mod weather;
mod wire;

mod run;

pub use checker::{Promise, Standing, Violation};
pub use mutant::Mutant;
pub use player::Player;
pub use run::{Options, Run, run};
pub use scenario::Weather;
