//! How fairly a year of pages is shared: two hundred people in twelve zones, two thousand incidents (P5).
//!
//! A simulation of the rules alone, in simulated time: [`team`] is who there is, [`course`] what happens, [`table`]
//! what it came to. The same year is a test of `pagerslack-core`.

mod course;
mod table;
mod team;

use std::io::Write as _;

use anyhow::Result;

use crate::Bench;
use crate::figure::Figure;

const SEED: u64 = 1;
const INCIDENTS: usize = 2_000;

/// At most this much more often is one person asked than another, over any window of the year.
const BAR: f64 = 1.0;

/// Plays the year, and prints how often the people of each zone were asked.
pub(crate) fn measure(_bench: &Bench) -> Result<Vec<Figure>> {
    let year = course::play(SEED, INCIDENTS);
    let groups = table::groups(&year);
    writeln!(std::io::stdout().lock(), "{}", table::text(&groups))?;
    let spread = table::worst_spread(&groups) as f64;
    let note = format!(
        "{} incidents, {} asked, {} waiting at once, {} times the managers",
        year.incidents,
        year.asked.len(),
        year.overlap,
        year.managers
    );
    let name = "spread of those who answer whenever asked";
    Ok(vec![Figure::at_most(name, (spread, "times"), (BAR, "times")).note(note)])
}
