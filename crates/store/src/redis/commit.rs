//! A commit as the script reads it: a tape of arguments, in the order in which the script takes them.

use pagerslack_core::{Job, QueueChange, TeamId};

use super::convert::{bound, record};
use super::log;
use crate::{Commit, CommitError, Disposal, StoreError};

/// The arguments of one commit.
pub(super) fn tape(
    base: &str,
    marker: &str,
    commit: &Commit,
    unreadable: &[Vec<u8>],
) -> Result<Vec<Vec<u8>>, StoreError> {
    let mut tape = Tape(Vec::with_capacity(40));
    tape.text(base).text(marker).text(commit.incident.as_str());
    let last = commit.events.last().map(|recorded| recorded.seq);
    tape.flag(last.is_some()).number(commit.expected_version).number(last.unwrap_or_default());
    job(&mut tape, commit);
    match &commit.index {
        Some(index) => {
            tape.flag(true).flag(index.open).text(index.rotation.channel.as_str()).text(&index.url);
        }
        None => {
            tape.flag(false).flag(false).text("").text("");
        }
    }
    match &commit.queue {
        Some(queue) => {
            tape.flag(true).text(queue.rotation.channel.as_str());
            tape.text(&queue.expected.map(|version| version.to_string()).unwrap_or_default());
        }
        None => {
            tape.flag(false).text("").text("");
        }
    }
    tape.count(commit.remove.len());
    for key in &commit.remove {
        tape.text(key.as_str());
    }
    tape.count(commit.events.len());
    for recorded in &commit.events {
        tape.bytes(log::pack(&commit.incident, std::slice::from_ref(recorded))?);
    }
    tape.count(commit.add.len());
    for job in &commit.add {
        added(&mut tape, job)?;
    }
    tape.count(commit.restore.len());
    for (job, unreadable) in commit.restore.iter().zip(unreadable) {
        added(&mut tape, job)?;
        tape.bytes(unreadable.clone());
    }
    queue(&mut tape, commit);
    tape.count(commit.messages.len());
    for message in &commit.messages {
        tape.text(message.channel.as_str()).text(message.ts.as_str());
    }
    tape.count(commit.told.len());
    for told in &commit.told {
        tape.text(&told_field(told.user.as_str(), &told.what)).text(&record(told.at));
    }
    Ok(tape.0)
}

/// Under what it is kept when somebody was told something.
pub(super) fn told_field(user: &str, what: &str) -> String {
    format!("{user}\t{what}")
}

fn job(tape: &mut Tape, commit: &Commit) {
    let Some((key, fence, disposal)) = &commit.job else {
        tape.flag(false).text("").text("").text("").text("").flag(false);
        return;
    };
    tape.flag(true).text(key.as_str()).number(fence.0);
    match disposal {
        Disposal::Done => tape.text("done").text("").flag(false),
        Disposal::Again { due, doubtful } => tape.text("again").text(&bound(*due)).flag(*doubtful),
    };
}

fn added(tape: &mut Tape, job: &Job) -> Result<(), StoreError> {
    let kind = serde_json::to_string(&job.kind).map_err(|source| StoreError::Corrupt {
        what: format!("job {} on its way in", job.key.as_str()),
        source: source.into(),
    })?;
    tape.text(job.key.as_str()).text(job.rotation.channel.as_str()).text(job.incident.as_str());
    tape.text(&kind).text(&bound(job.due)).number(job.urgency.rank().into());
    Ok(())
}

fn queue(tape: &mut Tape, commit: &Commit) {
    let Some(queue) = &commit.queue else { return };
    tape.count(queue.changes.len());
    for change in &queue.changes {
        match change {
            QueueChange::Joined { user } => tape.text("joined").text(user.as_str()).text(""),
            QueueChange::Left { user } => tape.text("left").text(user.as_str()).text(""),
            QueueChange::Turn { user, at } => tape.text("turn").text(user.as_str()).text(&record(*at)),
            QueueChange::Volunteered { user, at } => {
                tape.text("volunteered").text(user.as_str()).text(&record(*at))
            }
            QueueChange::Away { user, until } => {
                tape.text("away").text(user.as_str()).text(&until.map(record).unwrap_or_default())
            }
        };
    }
}

struct Tape(Vec<Vec<u8>>);

impl Tape {
    fn bytes(&mut self, bytes: Vec<u8>) -> &mut Self {
        self.0.push(bytes);
        self
    }

    fn text(&mut self, text: &str) -> &mut Self {
        self.bytes(text.as_bytes().to_vec())
    }

    fn flag(&mut self, flag: bool) -> &mut Self {
        self.text(if flag { "1" } else { "0" })
    }

    fn number(&mut self, number: u64) -> &mut Self {
        self.text(&number.to_string())
    }

    fn count(&mut self, count: usize) -> &mut Self {
        self.text(&count.to_string())
    }
}

/// What the script made of it.
pub(super) struct Made {
    /// When the next job of the workspace can be claimed, if a job was touched.
    pub(super) earliest: Option<String>,
    /// Whether the incident is over, so that its log can be packed.
    pub(super) is_over: bool,
}

/// Reads the script's answer.
pub(super) fn outcome(team: &TeamId, answer: &[String]) -> Result<Made, CommitError> {
    let answer: Vec<&str> = answer.iter().map(String::as_str).collect();
    match answer.as_slice() {
        ["ok", earliest, is_over] => Ok(Made {
            earliest: (!earliest.is_empty()).then(|| (*earliest).to_owned()),
            is_over: *is_over == "1",
        }),
        ["lease"] => Err(CommitError::LeaseLost),
        ["conflict"] => Err(CommitError::Conflict),
        ["queue"] => Err(CommitError::QueueMoved),
        ["open", incident] => Err(CommitError::AlreadyOpen((*incident).into())),
        other => Err(CommitError::Store(StoreError::Corrupt {
            what: format!("the answer to a commit in workspace {team}"),
            source: format!("{other:?}").into(),
        })),
    }
}
