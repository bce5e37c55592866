//! How many people were online, by the hour of the week: what the bot has seen for itself, where `sample_presence` is on.
//!
//! An observation, and no second set of books: no decision goes by it, and nothing that happened can be told from it.
//! Once an hour a few people of each rotation are looked up, out of what paging leaves. Only sums are kept, one small
//! record a rotation, in which older looks count for less and less.

use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use pagerslack_core::RotationId;
use pagerslack_store::{Causes, RecordWrite, Records, StoreError};
use serde::{Deserialize, Serialize};

use crate::engine::{Engine, Sampled, hour_of_week};

/// Where the sums stand.
const SHELF: &str = "presence";

/// How often it is tried to look; a rotation is looked at once an hour.
const EVERY: Duration = Duration::from_secs(600);

/// A rotation in which nobody has been looked up for so long is forgotten.
const KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);

/// Beyond so many people looked up in one hour of the week, both sums are halved: what was seen half a year ago counts
/// for half.
const MOST: u32 = 390;

/// The hours of a week.
const HOURS: usize = 7 * 24;

/// What was seen of a rotation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Observed {
    /// The last hour in which somebody was looked up, since 1970.
    hour: i64,
    /// How many people there were then.
    people: u32,
    /// For each hour of the week, from Monday on: how many were online, and of how many Slack told.
    cells: Vec<(u32, u32)>,
}

impl Observed {
    /// How many people there are, for each hour of the week, going by those who were looked up; `None` where nobody was.
    pub(crate) fn online(&self) -> [[Option<u64>; 24]; 7] {
        let cell = |day: usize, hour: usize| {
            let (online, looked) = *self.cells.get(day * 24 + hour)?;
            let online = u64::from(online) * u64::from(self.people);
            // To the nearest.
            (looked > 0).then(|| (2 * online + u64::from(looked)) / (2 * u64::from(looked)))
        };
        std::array::from_fn(|day| std::array::from_fn(|hour| cell(day, hour)))
    }

    fn take_in(&mut self, (day, hour): (usize, usize), sampled: Sampled) {
        self.cells.resize(HOURS, (0, 0));
        self.people = sampled.people;
        if let Some(cell) = self.cells.get_mut(day * 24 + hour) {
            *cell = (cell.0.saturating_add(sampled.online), cell.1.saturating_add(sampled.looked));
            if cell.1 > MOST {
                *cell = (cell.0 / 2, cell.1 / 2);
            }
        }
    }
}

/// Who looks, and where it is kept.
pub(crate) struct Observations {
    engine: Arc<Engine>,
    records: Arc<dyn Records>,
}

impl Observations {
    /// Looks with `engine`, and keeps what it sees in `records`.
    pub(crate) fn new(engine: Arc<Engine>, records: Arc<dyn Records>) -> Self {
        Self { engine, records }
    }

    /// What was seen of a rotation, if anything was.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(crate) async fn of(&self, rotation: &RotationId) -> Result<Option<Observed>, StoreError> {
        Ok(self.read(rotation).await?.1)
    }

    /// Looks at every rotation that was not looked at in this hour, if that is wanted.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub(crate) async fn look(&self) -> Result<(), StoreError> {
        if !self.engine.settings().sample_presence {
            return Ok(());
        }
        for rotation in self.engine.store().rotations().await? {
            self.look_at(&rotation).await?;
        }
        Ok(())
    }

    async fn look_at(&self, rotation: &RotationId) -> Result<(), StoreError> {
        let (version, seen) = self.read(rotation).await?;
        let (now, mut seen) = (self.engine.clock().now(), seen.unwrap_or_default());
        let hour = now.as_second().div_euclid(3_600);
        if seen.hour == hour {
            return Ok(());
        }
        let Some(sampled) = self.engine.sample(rotation).await else { return Ok(()) };
        seen.hour = hour;
        seen.take_in(self.engine.hour_of_week(rotation, now), sampled);
        let Ok(value) = serde_json::to_vec(&seen) else { return Ok(()) };
        // Of several replicas that have looked in this hour one is believed.
        self.records.write_record(write(rotation, version, value, now)).await?;
        Ok(())
    }

    /// The record's version and what stands in it. What cannot be read any more is begun anew.
    async fn read(&self, rotation: &RotationId) -> Result<(u64, Option<Observed>), StoreError> {
        let Some(record) = self.records.record(SHELF, &name(rotation)).await? else { return Ok((0, None)) };
        let now = self.engine.clock().now();
        let holds = record.expires_at.is_none_or(|end| now < end);
        let seen = serde_json::from_slice(&record.value).ok().filter(|_| holds);
        Ok((record.version, seen))
    }

    /// Looks time and again, for ever.
    pub(crate) async fn run(self: Arc<Self>) {
        loop {
            if let Err(error) = self.look().await {
                tracing::debug!(error = %Causes(&error), "who is online was not looked at");
            }
            if let Err(error) = self.records.sweep_records(SHELF, self.engine.clock().now()).await {
                tracing::debug!(error = %Causes(&error), "old looks at who is online were not swept");
            }
            tokio::time::sleep(EVERY).await;
        }
    }
}

/// Enters looks of the past, each with its moment, where nothing was seen yet.
///
/// # Errors
/// When the store cannot be written.
pub(crate) async fn remember(
    records: &dyn Records,
    rotation: &RotationId,
    zone: &TimeZone,
    looks: Vec<(Timestamp, Sampled)>,
) -> Result<(), StoreError> {
    let (mut seen, Some((last, _))) = (Observed::default(), looks.last().copied()) else { return Ok(()) };
    for (at, sampled) in looks {
        seen.hour = at.as_second().div_euclid(3_600);
        seen.take_in(hour_of_week(zone, at), sampled);
    }
    let Ok(value) = serde_json::to_vec(&seen) else { return Ok(()) };
    records.write_record(write(rotation, 0, value, last)).await?;
    Ok(())
}

fn name(rotation: &RotationId) -> String {
    format!("{}/{}", rotation.team, rotation.channel)
}

fn write(rotation: &RotationId, expected: u64, value: Vec<u8>, now: Timestamp) -> RecordWrite {
    RecordWrite {
        shelf: SHELF.to_owned(),
        name: name(rotation),
        expected,
        value: Some(value),
        expires_at: now.checked_add(KEPT).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_looks_stand_for_everybody_and_old_ones_fade() {
        let mut seen = Observed::default();
        assert_eq!(seen.online()[0][9], None);
        seen.take_in((0, 9), Sampled { people: 100, looked: 15, online: 6 });
        seen.take_in((6, 23), Sampled { people: 100, looked: 15, online: 0 });
        assert_eq!(
            (seen.online()[0][9], seen.online()[6][23], seen.online()[3][3]),
            (Some(40), Some(0), None)
        );
        for _ in 0..10_000 {
            seen.take_in((0, 9), Sampled { people: 100, looked: 15, online: 15 });
        }
        assert_eq!(seen.online()[0][9], Some(100), "people have changed their ways");
        assert!(serde_json::to_vec(&seen).unwrap().len() < 4_000);
    }
}
