//! Answering questions: who is next, where somebody stands, why it came out as it did, what is open (P7).
//!
//! Nothing here goes ahead of paging: every call comes out of the background's part of the rate budget, and what
//! that does not allow is told as not looked up.

mod standing;

use std::collections::BTreeSet;

use futures_util::future::join_all;
use pagerslack_core::{
    AnswerTo, ChannelId, Incident, IncidentId, Question, QueueChange, RotationId, TeamId, UserId,
};
use pagerslack_slack::client::CallError;
use pagerslack_slack::words::answer::{
    self, AnswerError, InChannel, Position, PositionAnswer, RotationTop, StatusAnswer, Told, TopAnswer,
    TopEntry, WhyAnswer,
};
use pagerslack_slack::words::{self, Said};
use pagerslack_store::{Causes, ClaimedJob, Disposal};

use super::send::Place;
use super::{Engine, StepError};

/// How many incidents are told of with the address of their thread.
const THREADS: usize = 20;

/// How many people `top` tells of.
const TOP: usize = 25;

/// How the ids of conversations with the bot begin.
const DIRECT: char = 'D';

impl Engine {
    /// Answers one question where it was asked.
    pub(super) async fn answer(
        &self,
        job: &ClaimedJob,
        user: &UserId,
        question: &Question,
        to: &AnswerTo,
    ) -> Result<(), StepError> {
        let team = &job.job.rotation.team;
        match to {
            AnswerTo::Direct { channel } => {
                if self.answered_already(job, channel).await {
                    return self.dispose(job, Disposal::Done).await;
                }
                let said = self.find_answer(team, None, user, question).await;
                self.courtesy(job, &Place { channel: channel.clone(), thread: None }, said).await
            }
            AnswerTo::Command { channel, response_url } => {
                let said = self.find_answer(team, Some(channel), user, question).await;
                let permit = self.permit(job);
                match self
                    .client
                    .respond(self.now(), Some(&permit), response_url, &said.text, &said.blocks, true)
                    .await
                {
                    Ok(()) => self.dispose(job, Disposal::Done).await,
                    Err(error) => self.give_up_or_retry(job, &error).await,
                }
            }
        }
    }

    async fn find_answer(
        &self,
        team: &TeamId,
        asked_in: Option<&ChannelId>,
        user: &UserId,
        question: &Question,
    ) -> Said {
        if let Question::Help { unknown } = question {
            // Needs nothing of Slack, nor of the store.
            return words::direct_help(&self.command, unknown.as_deref());
        }
        let rotations = match self.rotations_of(team, asked_in, user).await {
            Ok(rotations) => rotations,
            Err(error) => return answer::unanswered(error),
        };
        let now = self.now();
        match question {
            Question::Top => {
                let found = rotations.iter().map(|rotation| self.top(rotation));
                answer::top(&TopAnswer { now, rotations: by_channel(&rotations, join_all(found).await) })
            }
            Question::Position => {
                let found = rotations.iter().map(|rotation| self.position(rotation, user));
                answer::position(&PositionAnswer {
                    now,
                    rotations: by_channel(&rotations, join_all(found).await),
                })
            }
            Question::Why { url } => {
                let found = rotations.iter().map(|rotation| self.why(rotation, url.as_deref()));
                let rotations = by_channel(&rotations, join_all(found).await);
                answer::why(&WhyAnswer { now, url: url.clone(), rotations })
            }
            Question::Status => {
                let found = rotations.iter().map(|rotation| self.open(rotation));
                answer::status(&StatusAnswer {
                    now,
                    rotations: by_channel(&rotations, join_all(found).await),
                })
            }
            Question::Help { unknown } => words::direct_help(&self.command, unknown.as_deref()),
        }
    }

    /// The rotation of the channel in which a command was typed, or else all of which somebody is a member. A channel
    /// in which nothing was ever reported becomes a rotation with its first incident, so somebody who is in no other
    /// asks for that one.
    pub(super) async fn rotations_of(
        &self,
        team: &TeamId,
        asked_in: Option<&ChannelId>,
        user: &UserId,
    ) -> Result<Vec<RotationId>, AnswerError> {
        let all = self.known_rotations(team).await.map_err(|error| no_records(&error))?;
        if let Some(here) = all.iter().find(|rotation| asked_in == Some(&rotation.channel)) {
            return Ok(vec![here.clone()]);
        }
        let (mut theirs, mut untold) = (Vec::new(), false);
        let to_be = asked_in.filter(|channel| !channel.as_str().starts_with(DIRECT));
        let to_be = to_be.map(|channel| RotationId::new(team.clone(), channel.clone()));
        for rotation in all.into_iter().chain(to_be) {
            if asked_in == Some(&rotation.channel) && !theirs.is_empty() {
                continue;
            }
            match self.directory.members(self.background(team), &rotation.channel).await {
                Ok(members) if members.contains(user) => theirs.push(rotation),
                Ok(_) => {}
                // A channel that the bot has left has no members to show, and no queue to speak of.
                Err(CallError::Refused(_)) => {}
                Err(_) => untold = true,
            }
        }
        if theirs.is_empty() && untold { Err(AnswerError::NoMembers) } else { Ok(theirs) }
    }

    pub(super) async fn top(&self, rotation: &RotationId) -> Result<RotationTop, AnswerError> {
        let line = self.line(rotation).await?;
        let head: Vec<UserId> = line.order.iter().take(TOP).cloned().collect();
        let standings = self.standings(rotation, &line, &head).await;
        let config = self.rotation(rotation);
        let schedule = config.rules.schedule_link(&line.day).map(str::to_owned);
        let mut chosen = schedule.is_some();
        let mut entries = Vec::with_capacity(head.len());
        for (place, user) in (1..).zip(head) {
            let standing = standings.get(&user).cloned().unwrap_or(answer::Standing::NotLookedAt);
            // Behind somebody of whom it is not known whether they may be asked, nobody can be called the next.
            let next = !chosen && standing == answer::Standing::Known(pagerslack_core::Verdict::Available);
            chosen |= next || standing == answer::Standing::NotLookedAt;
            entries.push(TopEntry { place, last_turn: line.last_turn(&user), standing, next, user });
        }
        if !chosen && line.order.len() <= TOP {
            // Nobody is known to be available, so whoever is unknown would be asked (P6).
            let unknown = |entry: &&mut TopEntry| {
                matches!(entry.standing, answer::Standing::Known(pagerslack_core::Verdict::Unknown { .. }))
            };
            entries.iter_mut().find(unknown).into_iter().for_each(|entry| entry.next = true);
        }
        Ok(RotationTop { day: line.day, schedule, entries, total: line.order.len() })
    }

    pub(super) async fn position(
        &self,
        rotation: &RotationId,
        user: &UserId,
    ) -> Result<Position, AnswerError> {
        let line = self.line(rotation).await?;
        let standing = self
            .standings(rotation, &line, std::slice::from_ref(user))
            .await
            .remove(user)
            .unwrap_or(answer::Standing::NotLookedAt);
        let of = line.order.len();
        let place = line.order.iter().position(|other| other == user).map(|index| index + 1);
        Ok(match (place, standing) {
            (Some(place), standing) if !line.newcomers.contains(user) => {
                Position::Place { place, of, last_turn: line.last_turn(user), standing }
            }
            (Some(_), standing) => Position::Joining { of: of - line.newcomers.len(), standing },
            (None, answer::Standing::Known(verdict)) => Position::None { verdict },
            (None, answer::Standing::NotLookedAt) => {
                let why = "it was not looked up just now".to_owned();
                Position::None { verdict: pagerslack_core::Verdict::Unknown { why } }
            }
        })
    }

    async fn why(&self, rotation: &RotationId, url: Option<&str>) -> Result<Option<Told>, AnswerError> {
        let found = match url {
            Some(url) => self.store.last_about(rotation, url).await,
            None => self.store.recent(rotation, 1).await.map(|mut recent| recent.pop()),
        };
        match found.map_err(|error| no_records(&error))? {
            Some(id) => self.told(rotation, &id, true).await,
            None => Ok(None),
        }
    }

    pub(super) async fn open(&self, rotation: &RotationId) -> Result<Vec<Told>, AnswerError> {
        let ids = self.store.open_incidents(rotation).await.map_err(|error| no_records(&error))?;
        let mut open = Vec::with_capacity(ids.len());
        for id in ids {
            // Each address of a thread costs a call, and more than these find no room in the answer.
            let found = self.told(rotation, &id, open.len() < THREADS).await?;
            open.extend(found);
        }
        Ok(open)
    }

    async fn told(
        &self,
        rotation: &RotationId,
        id: &IncidentId,
        with_thread: bool,
    ) -> Result<Option<Told>, AnswerError> {
        let incident = self.incident(&rotation.team, id).await.map_err(|error| no_records(&error))?;
        let Some(incident) = incident else { return Ok(None) };
        let thread = if with_thread { self.thread(&incident).await } else { None };
        Ok(Some(Told { incident, thread }))
    }

    async fn thread(&self, incident: &Incident) -> Option<String> {
        let caller = self.background(&incident.report.rotation.team);
        // Without the address the incident is told of all the same.
        self.client.permalink(caller, incident.root.as_ref()?).await.ok()
    }
}

pub(super) fn by_channel<T>(
    rotations: &[RotationId],
    found: Vec<Result<T, AnswerError>>,
) -> Vec<InChannel<T>> {
    let channels = rotations.iter().map(|rotation| rotation.channel.clone());
    channels.zip(found).map(|(channel, found)| InChannel { channel, found }).collect()
}

fn no_records(error: &pagerslack_store::StoreError) -> AnswerError {
    tracing::error!(
        error = %Causes(error),
        "a question could not be answered from the store"
    );
    AnswerError::NoRecords
}

/// A rotation's queue as the next hunt would find it.
pub(super) struct Line {
    order: Vec<UserId>,
    queue: pagerslack_core::Queue,
    /// The version of the queue as it is stored.
    pub(super) version: u64,
    /// What the next hunt would write.
    pub(super) arrivals: Vec<QueueChange>,
    /// Those who have a place only in what the next hunt would write.
    pub(super) newcomers: BTreeSet<UserId>,
    managers: BTreeSet<UserId>,
    day: pagerslack_core::rules::Day,
}

impl Line {
    fn last_turn(&self, user: &UserId) -> Option<jiff::Timestamp> {
        self.queue.places().iter().find(|place| place.user == *user).and_then(|place| place.turned_at)
    }
}
