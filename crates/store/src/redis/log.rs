//! How an incident's log lies in Redis: entries of one event or of several, squeezed where that helps.
//!
//! An entry begins with a letter: `e` is followed by one event a line, `z` by the same deflated. A page records everybody
//! who was considered (P7), much of it over and over, so a whole log shrinks to a small part when squeezed together. That
//! is done when an incident is over.

use jiff::Timestamp;
use miniz_oxide::deflate::compress_to_vec;
use miniz_oxide::inflate::decompress_to_vec_with_limit;
use pagerslack_core::incident::EVENT_FORM;
use pagerslack_core::report::Thin;
use pagerslack_core::{Event, IncidentId, Recorded};
use serde::{Deserialize, Serialize};

use super::convert::{instant, record};
use crate::StoreError;

/// How small an entry must be to be left as it is: a squeezed one cannot be read with the eye.
const SMALL: usize = 200;

/// How hard it is tried: the hardest, which takes well under a millisecond for a log.
const LEVEL: u8 = 10;

/// What an entry may become at most. A log has some dozens of events, the largest of which name ten thousand people.
const LARGEST: usize = 64 << 20;

/// One event as it is written.
#[derive(Serialize)]
struct Written<'a> {
    s: u64,
    t: String,
    f: u32,
    e: &'a Event,
}

/// One event as it is read: what it says comes second, when its form is known to be readable.
#[derive(Deserialize)]
struct Read {
    s: u64,
    t: String,
    f: u32,
    e: Box<serde_json::value::RawValue>,
}

/// Some events as one entry.
pub(super) fn pack(incident: &IncidentId, log: &[Recorded]) -> Result<Vec<u8>, StoreError> {
    let mut lines = Vec::new();
    for recorded in log {
        let written = Written { s: recorded.seq, t: record(recorded.at), f: EVENT_FORM, e: &recorded.event };
        serde_json::to_writer(&mut lines, &written).map_err(|source| StoreError::Corrupt {
            what: format!("event {} of incident {incident} on its way in", recorded.seq),
            source: source.into(),
        })?;
        lines.push(b'\n');
    }
    let mut entry = Vec::with_capacity(lines.len() + 1);
    if lines.len() <= SMALL {
        entry.push(b'e');
        entry.append(&mut lines);
    } else {
        entry.push(b'z');
        entry.append(&mut compress_to_vec(&lines, LEVEL));
    }
    Ok(entry)
}

/// A log from its entries.
pub(super) fn unpack<'a>(
    incident: &IncidentId,
    entries: impl IntoIterator<Item = &'a [u8]>,
) -> Result<Vec<Recorded>, StoreError> {
    let mut log = Vec::new();
    each_line(incident, entries, |read| {
        let event =
            serde_json::from_str(read.e.get()).map_err(|source| unreadable(incident, read, source.into()))?;
        log.push(Recorded { seq: read.s, at: instant(&read.t)?, event });
        Ok(())
    })?;
    Ok(log)
}

/// A log as far as a row tells of it. An event that is written in another order than ours is read whole.
pub(super) fn unpack_thinly<'a>(
    incident: &IncidentId,
    entries: impl IntoIterator<Item = &'a [u8]>,
) -> Result<Vec<(u64, Timestamp, Thin)>, StoreError> {
    let mut log = Vec::new();
    each_line(incident, entries, |read| {
        let event = read.e.get();
        let thin = serde_json::from_str::<Thin>(event)
            .or_else(|_| serde_json::from_str::<Event>(event).map(Thin::from))
            .map_err(|source| unreadable(incident, read, source.into()))?;
        log.push((read.s, instant(&read.t)?, thin));
        Ok(())
    })?;
    Ok(log)
}

/// Gives each event to `take`, the first one first.
fn each_line<'a>(
    incident: &IncidentId,
    entries: impl IntoIterator<Item = &'a [u8]>,
    mut take: impl FnMut(&Read) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut taken = 0_usize;
    for entry in entries {
        let corrupt = |taken: usize, source| StoreError::Corrupt {
            what: format!("the log of incident {incident} after event {taken}"),
            source,
        };
        let inflated;
        let lines = match entry.split_first() {
            Some((b'e', lines)) => lines,
            Some((b'z', squeezed)) => {
                inflated = decompress_to_vec_with_limit(squeezed, LARGEST)
                    .map_err(|source| corrupt(taken, source.to_string().into()))?;
                &inflated
            }
            _ => return Err(corrupt(taken, "an entry of no known kind".into())),
        };
        for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let read: Read = serde_json::from_slice(line).map_err(|source| corrupt(taken, source.into()))?;
            if read.f > EVENT_FORM {
                let (form, known) = (read.f, EVENT_FORM);
                let why =
                    format!("it is of form {form}, this PagerSlack reads up to {known}: run a newer one");
                return Err(unreadable(incident, &read, why.into()));
            }
            take(&read)?;
            taken += 1;
        }
    }
    Ok(())
}

fn unreadable(
    incident: &IncidentId,
    read: &Read,
    source: Box<dyn std::error::Error + Send + Sync>,
) -> StoreError {
    StoreError::Corrupt { what: format!("event {} of incident {incident}", read.s), source }
}
