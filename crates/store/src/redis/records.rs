//! Records: small things beside the incidents. All shelves are in one slot, as a record is of no workspace.

use async_trait::async_trait;
use jiff::Timestamp;

use super::convert::{answer, bound, count, instant};
use super::{Redis, script};
use crate::{Cursor, Page, Record, RecordWrite, Records, StoreError};

/// How many records are read by one script, while which nobody else is served.
const PAGE: usize = 1_000;

#[async_trait]
impl Records for Redis {
    async fn record(&self, shelf: &str, name: &str) -> Result<Option<Record>, StoreError> {
        let what = "reading a record";
        let mut cmd = redis::cmd("HGET");
        cmd.arg(self.shelf(shelf)).arg(name);
        let found: Option<Vec<u8>> = answer(what, self.command(what, &cmd).await?)?;
        found.map(|bytes| read(name, &bytes)).transpose()
    }

    async fn records(
        &self,
        shelf: &str,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Page<(String, Record)>, StoreError> {
        let limit = limit.clamp(1, PAGE);
        let from = after.map_or_else(|| "-".to_owned(), |Cursor(name)| format!("({name}"));
        let keys = vec![self.shelf(shelf), self.names(shelf)];
        let args = vec![from.into_bytes(), (limit + 1).to_string().into_bytes()];
        let value = self.ask(&script::RECORD_PAGE, keys, args).await?;
        let found: Vec<(String, Vec<u8>)> = answer("reading a shelf of records", value)?;
        let more = found.len() > limit;
        let items = found
            .into_iter()
            .take(limit)
            .map(|(name, bytes)| read(&name, &bytes).map(|record| (name, record)))
            .collect::<Result<Vec<_>, _>>()?;
        let next = items.last().filter(|_| more).map(|(name, _)| Cursor(name.clone()));
        Ok(Page { items, next })
    }

    async fn shelves(&self) -> Result<Vec<String>, StoreError> {
        let what = "reading the shelves of records";
        let mut cmd = redis::cmd("HKEYS");
        cmd.arg(self.keys.shared("shelves"));
        let mut shelves: Vec<String> = answer(what, self.command(what, &cmd).await?)?;
        shelves.sort();
        Ok(shelves)
    }

    async fn write_record(&self, write: RecordWrite) -> Result<Option<u64>, StoreError> {
        let RecordWrite { shelf, name, expected, value, expires_at } = write;
        let marker = self.keys.shared(&format!("c:{}", self.marker()));
        let shelves = self.keys.shared("shelves");
        let keys = vec![self.shelf(&shelf), self.names(&shelf), self.keys.shared("count"), marker, shelves];
        let args = vec![
            name.into_bytes(),
            expected.to_string().into_bytes(),
            if value.is_none() { "1" } else { "0" }.into(),
            expires_at.map(bound).unwrap_or_default().into_bytes(),
            value.unwrap_or_default(),
            shelf.into_bytes(),
        ];
        let version: String =
            answer("writing a record", self.change(&script::RECORD_WRITE, keys, args).await?)?;
        (!version.is_empty()).then(|| count(&version)).transpose()
    }

    async fn sweep_records(&self, shelf: &str, now: Timestamp) -> Result<u64, StoreError> {
        let keys = vec![self.shelf(shelf), self.names(shelf), self.keys.shared("shelves")];
        let args = vec![bound(now).into_bytes(), shelf.into()];
        answer("sweeping a shelf of records", self.change(&script::RECORD_SWEEP, keys, args).await?)
    }
}

impl Redis {
    fn shelf(&self, shelf: &str) -> String {
        self.keys.shared(&format!("records:{shelf}"))
    }

    fn names(&self, shelf: &str) -> String {
        self.keys.shared(&format!("record-names:{shelf}"))
    }
}

/// A record is its version, a tab, its end or nothing, a tab, its value.
fn read(name: &str, bytes: &[u8]) -> Result<Record, StoreError> {
    let corrupt = || StoreError::Corrupt {
        what: format!("the record {name:?}"),
        source: "it is not of the form of a record".into(),
    };
    let mut parts = bytes.splitn(3, |byte| *byte == b'\t');
    let mut text = || parts.next().and_then(|part| std::str::from_utf8(part).ok()).ok_or_else(corrupt);
    let version = count(text()?)?;
    let expires_at = match text()? {
        "" => None,
        at => Some(instant(at)?),
    };
    let value = parts.next().ok_or_else(corrupt)?.to_vec();
    Ok(Record { version, value, expires_at })
}
