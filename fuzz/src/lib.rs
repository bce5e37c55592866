//! What is done with bytes that anybody may have written: the targets of `cargo xtask fuzz`, and what must hold.
//!
//! Every target takes whatever bytes there are and panics when a promise is broken, so that the fuzzer's search and
//! the plain tests, which replay `corpus-seeds`, run the same code. Two promises are kept for all of them: memory, by
//! [`run`], and time, by the fuzzer, which ends a run of more than ten seconds.
//!
//! - `team_files`: `oncall.csv`, what it is imported from, `holidays.yml`, `exclusions.yml`, the public
//!   holidays, `pagerslack.toml`.
//! - `from_slack`: requests and frames, their signature, and what was typed.

mod from_slack;
mod lines;
mod markup;
mod memory;
mod team_files;

pub use from_slack::{command, inbound, signature};
pub use memory::run;
pub use team_files::{config_toml, exclusions_yml, holidays_yml, oncall_csv, public_table, roster_import};

/// What takes any bytes, and panics when a promise is broken.
pub type Target = fn(&[u8]);

/// Every target by name: its binary, its seeds and its dictionary are called so too.
pub const TARGETS: [(&str, Target); 9] = [
    ("oncall_csv", oncall_csv),
    ("roster_import", roster_import),
    ("holidays_yml", holidays_yml),
    ("exclusions_yml", exclusions_yml),
    ("public_table", public_table),
    ("config_toml", config_toml),
    ("inbound", inbound),
    ("signature", signature),
    ("command", command),
];

#[cfg(test)]
mod tests;
