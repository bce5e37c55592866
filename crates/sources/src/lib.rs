//! The team's files, from text to values: who is on call (`oncall.csv`), days off (`holidays.yml`), who is left
//! out (`exclusions.yml`), and the public holidays of the world.
//!
//! Pure: text comes in, values or *all* the faults of the text come out. No file is opened here, no clock read,
//! and nothing asked of Slack.

pub mod exclusions;
pub mod fault;
pub mod holidays;
pub mod public;
mod yaml;

pub use fault::{Fault, Faults};
pub use yaml::decode;
