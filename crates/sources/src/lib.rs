//! The team's files, from text to values: who is on call (`oncall.csv`), days off (`holidays.yml`), who is left
//! out (`exclusions.yml`), the settings (`pagerslack.toml`), and the public holidays of the world.
//!
//! Pure: text comes in, values or *all* the faults of the text come out. No file is opened here, no clock read,
//! and nothing asked of Slack.

pub mod columns;
pub mod exclusions;
pub mod fault;
pub mod formulas;
pub mod holidays;
pub mod import;
pub mod oncall;
pub mod public;
pub mod settings;

mod dates;
mod yaml;

pub use columns::{Columns, Field};
pub use dates::DateOrder;
pub use fault::{Fault, Faults};
pub use yaml::decode;
