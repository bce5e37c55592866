//! The history, workspace by workspace.

use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;
use jiff::Timestamp;
use pagerslack_core::audit::JobState;
use pagerslack_core::report::row_of;
use pagerslack_core::{IncidentId, MessageRef, RotationId, TeamId};

use super::claim::Found;
use super::convert::{answer, count, instant};
use super::read::bad_cursor;
use super::{Redis, log, script};
use crate::{
    Archive, Coming, Cursor, Filed, History, IncidentIndex, Page, Past, StoreError, Stored, Told, Unreadable,
};

/// How many incidents are read by one script, while which nobody else is served.
const AT_A_TIME: usize = 100;

/// How many rows of old incidents are read at once.
const PAST_AT_A_TIME: usize = 1_000;

/// An incident as the script gives it: its place in the order, its id, its list, its messages.
type Listed = (String, String, Vec<Vec<u8>>, Vec<String>);

#[async_trait]
impl Archive for Redis {
    async fn incidents(&self, after: Option<Cursor>, limit: usize) -> Result<History, StoreError> {
        let (mut order, from) = match &after {
            None => ("0".to_owned(), None),
            Some(Cursor(text)) => match text.split_once(' ') {
                Some((order, team)) => (order.to_owned(), Some(TeamId::new(team))),
                None => return Err(bad_cursor(text)),
            },
        };
        let limit = limit.clamp(1, AT_A_TIME);
        for team in self.teams().await?.into_iter().filter(|team| from.as_ref().is_none_or(|it| team >= it)) {
            if from.as_ref() != Some(&team) {
                "0".clone_into(&mut order);
            }
            let (key, args) = self.about(&team, [order.clone(), limit.to_string()]);
            let value = self.ask(&script::HISTORY, vec![key], args).await?;
            let rows: Vec<Listed> = answer("reading the history", value)?;
            let Some((last, ..)) = rows.last() else { continue };
            let next = Some(Cursor(format!("{last} {team}")));
            let (mut items, mut unreadable) = (Vec::new(), Vec::new());
            for row in &rows {
                match filed(&team, row) {
                    Ok(filed) => items.push(filed),
                    Err(error) => {
                        let incident = IncidentId::new(&row.1);
                        unreadable.push(Unreadable { team: team.clone(), incident, error });
                    }
                }
            }
            return Ok(History { items, unreadable, next });
        }
        Ok(History { items: Vec::new(), unreadable: Vec::new(), next: None })
    }

    async fn workspaces(&self) -> Result<Vec<TeamId>, StoreError> {
        self.teams().await
    }

    async fn rows(
        &self,
        team: &TeamId,
        since: Option<Timestamp>,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Coming, StoreError> {
        let limit = limit.clamp(1, AT_A_TIME);
        let mut order = after.map_or_else(|| "0".to_owned(), |Cursor(order)| order);
        let (mut items, mut unreadable, mut next) = (Vec::new(), Vec::new(), None);
        // The order of the reports is kept, not their times: what is older than wanted is passed over.
        while items.is_empty() && unreadable.is_empty() {
            let (key, args) = self.about(team, [order, limit.to_string()]);
            let value = self.ask(&script::HISTORY, vec![key], args).await?;
            let found: Vec<Listed> = answer("reading the rows of incidents", value)?;
            let Some((last, ..)) = found.last() else { break };
            order = last.clone();
            next = Some(Cursor(order.clone()));
            for (_, incident, list, _) in &found {
                let entries = list.iter().skip(1).map(Vec::as_slice);
                let incident = IncidentId::new(incident);
                match log::unpack_thinly(&incident, entries) {
                    Ok(log) => {
                        let row = row_of(log);
                        items.extend(row.filter(|row| since.is_none_or(|since| row.reported_at >= since)));
                    }
                    Err(error) => unreadable.push(Unreadable { team: team.clone(), incident, error }),
                }
            }
        }
        Ok(History { items, unreadable, next }.into())
    }

    async fn retire(&self, filed: &Filed, row: Vec<u8>) -> Result<bool, StoreError> {
        let version = filed.stored.log.last().map_or(0, |recorded| recorded.seq);
        let (key, mut args) = self.about(&filed.team, [filed.incident.to_string(), version.to_string()]);
        args.push(row);
        let retired: u8 =
            answer("taking an old incident out", self.change(&script::RETIRE, vec![key], args).await?)?;
        Ok(retired == 1)
    }

    async fn past(&self, after: Option<Cursor>, limit: usize) -> Result<Page<Past>, StoreError> {
        let what = "reading what is left of old incidents";
        let (mut start, from) = match &after {
            None => (0, None),
            Some(Cursor(text)) => match text.split_once(' ') {
                Some((start, team)) => (count(start)?, Some(TeamId::new(team))),
                None => return Err(bad_cursor(text)),
            },
        };
        let limit = limit.clamp(1, PAST_AT_A_TIME);
        for team in self.teams().await?.into_iter().filter(|team| from.as_ref().is_none_or(|it| team >= it)) {
            if from.as_ref() != Some(&team) {
                start = 0;
            }
            let mut cmd = redis::cmd("LRANGE");
            cmd.arg(self.keys.of(&team, "past")).arg(start).arg(start + limit as u64 - 1);
            let rows: Vec<Vec<u8>> = answer(what, self.command(what, &cmd).await?)?;
            if rows.is_empty() {
                continue;
            }
            let next = Some(Cursor(format!("{} {team}", start + rows.len() as u64)));
            let items = rows.iter().map(|row| left_of(&team, row)).collect::<Result<_, _>>()?;
            return Ok(Page { items, next });
        }
        Ok(Page { items: Vec::new(), next: None })
    }

    async fn add_past(&self, rows: Vec<Past>) -> Result<(), StoreError> {
        let mut by_team: BTreeMap<TeamId, Vec<Vec<u8>>> = BTreeMap::new();
        for Past { team, incident, row } in rows {
            by_team.entry(team).or_default().extend([incident.as_str().as_bytes().to_vec(), row]);
        }
        for (team, rows) in by_team {
            self.enter(&team).await?;
            for rows in rows.chunks(2 * AT_A_TIME) {
                let (key, mut args) = self.about(&team, [] as [String; 0]);
                args.extend_from_slice(rows);
                self.change(&script::ADD_PAST, vec![key], args).await?;
            }
        }
        Ok(())
    }

    async fn jobs(&self, after: Option<Cursor>, _: usize) -> Result<Page<JobState>, StoreError> {
        let what = "reading the jobs";
        let Some((team, next)) = self.team_after(after).await? else {
            return Ok(Page { items: Vec::new(), next: None });
        };
        let mut cmd = redis::cmd("HGETALL");
        cmd.arg(self.keys.of(&team, "jobs"));
        let found: Vec<(String, Vec<u8>)> = answer(what, self.command(what, &cmd).await?)?;
        // What cannot be read counts as absent; whoever tries to do it is told.
        let read = found
            .iter()
            .filter_map(|(key, json)| Found::read(&team, key, std::str::from_utf8(json).ok()?).ok());
        Ok(Page { items: read.map(Found::state).collect(), next })
    }

    async fn all_told(&self, after: Option<Cursor>, _: usize) -> Result<Page<(TeamId, Told)>, StoreError> {
        let what = "reading what people were told";
        let Some((team, next)) = self.team_after(after).await? else {
            return Ok(Page { items: Vec::new(), next: None });
        };
        let mut cmd = redis::cmd("HGETALL");
        cmd.arg(self.keys.of(&team, "told"));
        let found: Vec<(String, String)> = answer(what, self.command(what, &cmd).await?)?;
        let mut cmd = redis::cmd("ZRANGE");
        cmd.arg(self.keys.of(&team, "told-ends")).arg(0).arg(-1).arg("WITHSCORES");
        let ends: HashMap<String, f64> = answer(what, self.command(what, &cmd).await?)?;
        let items = found
            .iter()
            .filter_map(|(field, at)| Some((field.split_once('\t')?, at, ends.get(field))))
            .map(|((user, what), at, until)| {
                let until = until.map(|until| instant(&format!("{until:.0}000"))).transpose()?;
                Ok((team.clone(), Told { user: user.into(), what: what.to_owned(), at: instant(at)?, until }))
            })
            .collect::<Result<_, StoreError>>()?;
        Ok(Page { items, next })
    }
}

impl Redis {
    /// The workspace that comes after one, for questions that are answered workspace by workspace.
    async fn team_after(
        &self,
        after: Option<Cursor>,
    ) -> Result<Option<(TeamId, Option<Cursor>)>, StoreError> {
        let after = after.map(|Cursor(team)| TeamId::new(team));
        let team =
            self.teams().await?.into_iter().find(|team| after.as_ref().is_none_or(|after| team > after));
        Ok(team.map(|team| {
            let next = Some(Cursor(team.to_string()));
            (team, next)
        }))
    }
}

/// An incident's id, a tab, and its row.
fn left_of(team: &TeamId, entry: &[u8]) -> Result<Past, StoreError> {
    let corrupt = || StoreError::Corrupt {
        what: "what is left of an old incident".to_owned(),
        source: "it does not say of which".into(),
    };
    let mut parts = entry.splitn(2, |byte| *byte == b'\t');
    let incident = parts.next().and_then(|id| std::str::from_utf8(id).ok()).ok_or_else(corrupt)?;
    let row = parts.next().ok_or_else(corrupt)?.to_vec();
    Ok(Past { team: team.clone(), incident: IncidentId::new(incident), row })
}

fn filed(team: &TeamId, (_, incident, list, messages): &Listed) -> Result<Filed, StoreError> {
    let incident = IncidentId::new(incident);
    let corrupt = |source| StoreError::Corrupt { what: format!("how incident {incident} is found"), source };
    let (meta, entries) = list.split_first().ok_or_else(|| corrupt("it is gone".into()))?;
    let meta: Vec<String> = serde_json::from_slice(meta).map_err(|source| corrupt(source.into()))?;
    let [_, open, _, channel, url, ..] = meta.as_slice() else {
        return Err(corrupt("it is too short".into()));
    };
    let index = (!channel.is_empty()).then(|| IncidentIndex {
        rotation: RotationId::new(team.clone(), channel.as_str().into()),
        url: url.clone(),
        open: open == "1",
    });
    let stored = Stored { log: log::unpack(&incident, entries.iter().map(Vec::as_slice))? };
    let mut messages: Vec<MessageRef> = messages
        .iter()
        .filter_map(|message| message.split_once('\t'))
        .map(|(channel, ts)| MessageRef::new(channel.into(), ts.into()))
        .collect();
    messages.sort();
    Ok(Filed { team: team.clone(), incident, index, stored, messages })
}
