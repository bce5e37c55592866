//! The questions one can ask.

use futures_util::future::join_all;
use jiff::Timestamp;
use pagerslack_core::audit::JobState;
use pagerslack_core::{IncidentId, MessageRef, Place, Queue, RotationId, TeamId, UserId};

use super::claim::Found;
use super::commit::told_field;
use super::convert::{answer, count, instant};
use super::{Redis, log, script};
use crate::{Cursor, Page, StoreError, Stored};

/// How many workspaces are asked at a time.
const AT_A_TIME: usize = 64;

impl Redis {
    /// Every workspace in which anything was ever written, in the order of their ids.
    pub(super) async fn teams(&self) -> Result<Vec<TeamId>, StoreError> {
        let what = "reading the workspaces";
        let mut cmd = redis::cmd("SMEMBERS");
        cmd.arg(self.keys.shared("workspaces"));
        let mut teams: Vec<String> = answer(what, self.command(what, &cmd).await?)?;
        teams.sort();
        Ok(teams.into_iter().map(TeamId::new).collect())
    }

    /// The log of an incident.
    pub(super) async fn log_of(
        &self,
        team: &TeamId,
        incident: &IncidentId,
    ) -> Result<Option<Stored>, StoreError> {
        let what = "reading an incident's log";
        let mut cmd = redis::cmd("LRANGE");
        cmd.arg(self.keys.incident(team, incident)).arg(1).arg(-1);
        let entries: Vec<Vec<u8>> = answer(what, self.command(what, &cmd).await?)?;
        let log = log::unpack(incident, entries.iter().map(Vec::as_slice))?;
        Ok((!log.is_empty()).then_some(Stored { log }))
    }

    /// The value of a field of a hash.
    pub(super) async fn field(
        &self,
        what: &'static str,
        key: String,
        field: &str,
    ) -> Result<Option<String>, StoreError> {
        let mut cmd = redis::cmd("HGET");
        cmd.arg(key).arg(field);
        answer(what, self.command(what, &cmd).await?)
    }

    /// A page of the messages of open incidents.
    pub(super) async fn live(
        &self,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Page<(TeamId, MessageRef)>, StoreError> {
        let what = "reading the live messages";
        let (mut after, from) = match &after {
            None => ("-inf".to_owned(), None),
            Some(Cursor(text)) => match text.split_once(' ') {
                Some((number, team)) => (format!("({number}"), Some(TeamId::new(team))),
                None => return Err(bad_cursor(text)),
            },
        };
        let limit = limit.max(1);
        let teams = self.teams().await?;
        let mut items = Vec::new();
        for team in teams.into_iter().filter(|team| from.as_ref().is_none_or(|from| team >= from)) {
            if from.as_ref() != Some(&team) {
                "-inf".clone_into(&mut after);
            }
            let room = limit - items.len();
            let mut cmd = redis::cmd("ZRANGEBYSCORE");
            cmd.arg(self.keys.of(&team, "live")).arg(&after).arg("+inf").arg("WITHSCORES");
            cmd.arg("LIMIT").arg(0).arg(i64::try_from(room).unwrap_or(i64::MAX));
            let found: Vec<(String, f64)> = answer(what, self.command(what, &cmd).await?)?;
            for (message, number) in found {
                let (channel, ts) = message.split_once('\t').ok_or_else(|| StoreError::Corrupt {
                    what: what.to_owned(),
                    source: format!("{message:?} is no message").into(),
                })?;
                items.push((team.clone(), MessageRef::new(channel.into(), ts.into())));
                if items.len() == limit {
                    return Ok(Page { items, next: Some(Cursor(format!("{number:.0} {team}"))) });
                }
            }
        }
        Ok(Page { items, next: None })
    }

    /// A rotation's queue.
    pub(super) async fn queue_of(&self, rotation: &RotationId) -> Result<Queue, StoreError> {
        let what = "reading a queue";
        let mut cmd = redis::cmd("HGETALL");
        cmd.arg(self.keys.channel(&rotation.team, "q", &rotation.channel));
        let fields: Vec<(String, String)> = answer(what, self.command(what, &cmd).await?)?;
        let mut version = 0;
        let mut places = Vec::with_capacity(fields.len());
        for (field, value) in fields {
            match field.strip_prefix('u') {
                Some(user) => places.push(place(user, &value)?),
                None => version = count(&value)?,
            }
        }
        Ok(Queue::new(version, places))
    }

    /// The open incidents of a rotation.
    pub(super) async fn open_in(&self, rotation: &RotationId) -> Result<Vec<IncidentId>, StoreError> {
        let (key, args) = self.about(&rotation.team, [rotation.channel.to_string()]);
        let value = self.ask(&script::OPEN_IN, vec![key], args).await?;
        incidents("looking for open incidents", value)
    }

    /// The last incidents of a rotation.
    pub(super) async fn last(
        &self,
        rotation: &RotationId,
        limit: usize,
    ) -> Result<Vec<IncidentId>, StoreError> {
        let what = "reading the last incidents";
        if limit == 0 {
            return Ok(Vec::new());
        }
        let mut cmd = redis::cmd("ZREVRANGE");
        cmd.arg(self.keys.channel(&rotation.team, "r", &rotation.channel)).arg(0);
        cmd.arg(i64::try_from(limit - 1).unwrap_or(i64::MAX));
        incidents(what, self.command(what, &cmd).await?)
    }

    /// A page of the open incidents of every workspace.
    pub(super) async fn open_after(
        &self,
        after: Option<(TeamId, IncidentId)>,
        limit: usize,
    ) -> Result<Vec<(TeamId, IncidentId)>, StoreError> {
        let what = "looking for every open incident";
        let teams = self.teams().await?;
        let left: Vec<TeamId> =
            teams.into_iter().filter(|team| after.as_ref().is_none_or(|(from, _)| team >= from)).collect();
        let mut open = Vec::new();
        for teams in left.chunks(AT_A_TIME) {
            if open.len() >= limit {
                break;
            }
            let asked = teams.iter().map(async |team| {
                let from = match &after {
                    Some((same, incident)) if same == team => format!("({incident}"),
                    _ => "-".to_owned(),
                };
                let mut cmd = redis::cmd("ZRANGEBYLEX");
                cmd.arg(self.keys.of(team, "open")).arg(from).arg("+");
                cmd.arg("LIMIT").arg(0).arg(i64::try_from(limit).unwrap_or(i64::MAX));
                incidents(what, self.command(what, &cmd).await?)
            });
            for (team, found) in teams.iter().zip(join_all(asked).await) {
                open.extend(found?.into_iter().map(|incident| (team.clone(), incident)));
            }
        }
        open.truncate(limit);
        Ok(open)
    }

    /// The jobs about an incident. What cannot be read counts as absent; whoever tries to do it is told.
    pub(super) async fn jobs_about(
        &self,
        team: &TeamId,
        incident: &IncidentId,
    ) -> Result<Vec<JobState>, StoreError> {
        let (key, args) = self.about(team, [incident.to_string()]);
        let value = self.ask(&script::JOBS_OF, vec![key], args).await?;
        let rows: Vec<(String, String)> = answer("reading the jobs about an incident", value)?;
        let read = rows.iter().filter_map(|(key, json)| Found::read(team, key, json).ok());
        Ok(read.map(Found::state).collect())
    }

    /// The last incident about an address.
    pub(super) async fn about_url(
        &self,
        rotation: &RotationId,
        url: &str,
    ) -> Result<Option<IncidentId>, StoreError> {
        let (key, args) = self.about(&rotation.team, [rotation.channel.to_string(), url.to_owned()]);
        let value = self.ask(&script::LAST_ABOUT, vec![key], args).await?;
        let found: String = answer("looking for an incident by its address", value)?;
        Ok((!found.is_empty()).then(|| IncidentId::new(found)))
    }

    /// When somebody was last told something.
    pub(super) async fn told_at(
        &self,
        team: &TeamId,
        user: &UserId,
        what: &str,
    ) -> Result<Option<Timestamp>, StoreError> {
        let field = told_field(user.as_str(), what);
        let at = self.field("reading what somebody was told", self.keys.of(team, "told"), &field).await?;
        at.as_deref().map(instant).transpose()
    }

    /// Every rotation.
    pub(super) async fn every_rotation(&self) -> Result<Vec<RotationId>, StoreError> {
        let what = "reading the rotations";
        let mut rotations = Vec::new();
        for teams in self.teams().await?.chunks(AT_A_TIME) {
            let asked = teams.iter().map(async |team| {
                let mut cmd = redis::cmd("SMEMBERS");
                cmd.arg(self.keys.of(team, "channels"));
                answer::<Vec<String>>(what, self.command(what, &cmd).await?)
            });
            for (team, channels) in teams.iter().zip(join_all(asked).await) {
                let mut channels = channels?;
                channels.sort();
                rotations.extend(
                    channels.iter().map(|channel| RotationId::new(team.clone(), channel.as_str().into())),
                );
            }
        }
        Ok(rotations)
    }

    /// How many jobs there are.
    pub(super) async fn every_job(&self) -> Result<u64, StoreError> {
        let what = "counting the jobs";
        let mut jobs = 0;
        for teams in self.teams().await?.chunks(AT_A_TIME) {
            let asked = teams.iter().map(async |team| {
                let mut cmd = redis::cmd("HLEN");
                cmd.arg(self.keys.of(team, "jobs"));
                answer::<u64>(what, self.command(what, &cmd).await?)
            });
            for count in join_all(asked).await {
                jobs += count?;
            }
        }
        Ok(jobs)
    }
}

/// `TURN:TURNED_AT`, and `:VOLUNTEERED_AT:AWAY_UNTIL` of those who said so.
fn place(user: &str, value: &str) -> Result<Place, StoreError> {
    let mut fields = value.split(':');
    let turn = count(fields.next().unwrap_or_default())?;
    let mut moment = || fields.next().filter(|field| !field.is_empty()).map(instant).transpose();
    Ok(Place {
        user: user.into(),
        turn,
        turned_at: moment()?,
        volunteered_at: moment()?,
        away_until: moment()?,
    })
}

fn incidents(what: &'static str, value: redis::Value) -> Result<Vec<IncidentId>, StoreError> {
    Ok(answer::<Vec<String>>(what, value)?.into_iter().map(IncidentId::new).collect())
}

/// A cursor that this store has not given.
pub(super) fn bad_cursor(text: &str) -> StoreError {
    StoreError::Corrupt { what: format!("the cursor {text:?}"), source: "it is of another store".into() }
}
