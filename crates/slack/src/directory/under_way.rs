//! Questions that Slack is being asked: whoever else wants the same answer waits for it instead of asking again.
//!
//! ```text
//! wants a fact ──► remembered? ──► under way? ──► asks, with a ticket ──► remembers, tells those who wait
//!                                     └─► waits ──► told; or the asker has gone: from the beginning
//! ```
//!
//! Invariant: about one thing at most one question is under way, and nobody waits for one that is not: a ticket
//! that goes away without an answer, in whatever way, ends its question. An event about the thing detaches the
//! question, for its answer may be older than the event: who comes later asks anew.

use std::collections::BTreeMap;

use pagerslack_core::ids::TeamId;
use tokio::sync::watch;

use crate::budget::Priority;
use crate::client::CallError;

/// What came of a question; `None` until it has been answered.
type Answer<V> = Option<Result<V, CallError>>;

/// The questions of one kind.
pub(super) struct UnderWay<K, V> {
    questions: BTreeMap<TeamId, BTreeMap<K, Question<V>>>,
    last: u64,
}

struct Question<V> {
    number: u64,
    priority: Priority,
    answer: watch::Receiver<Answer<V>>,
}

/// A question to ask: whoever holds this is the one who does.
pub(super) struct Asking<V> {
    pub(super) number: u64,
    pub(super) tell: watch::Sender<Answer<V>>,
}

/// A question that somebody else is asking.
pub(super) struct Waiting<V> {
    answer: watch::Receiver<Answer<V>>,
    asked_with: Priority,
}

/// Who asks.
pub(super) enum Turn<V> {
    /// The caller does.
    Ask(Asking<V>),
    /// Somebody else is about it.
    Wait(Waiting<V>),
}

impl<K: Ord + Clone, V: Clone> UnderWay<K, V> {
    pub(super) fn new() -> Self {
        Self { questions: BTreeMap::new(), last: 0 }
    }

    /// Joins the question about `key`, or begins one.
    pub(super) fn join(&mut self, priority: Priority, team: &TeamId, key: &K) -> Turn<V> {
        if let Some(question) = self.questions.get(team).and_then(|of_team| of_team.get(key)) {
            return Turn::Wait(Waiting { answer: question.answer.clone(), asked_with: question.priority });
        }
        self.last += 1;
        let (tell, answer) = watch::channel(None);
        let question = Question { number: self.last, priority, answer };
        self.questions.entry(team.clone()).or_default().insert(key.clone(), question);
        Turn::Ask(Asking { number: self.last, tell })
    }

    /// Ends a question, unless another one about the same has taken its place.
    pub(super) fn end(&mut self, team: &TeamId, key: &K, number: u64) {
        if let Some(of_team) = self.questions.get_mut(team) {
            if of_team.get(key).is_some_and(|question| question.number == number) {
                of_team.remove(key);
            }
            if of_team.is_empty() {
                self.questions.remove(team);
            }
        }
    }

    /// Nobody joins the question about `key` any more; those who have still hear its answer.
    pub(super) fn detach(&mut self, team: &TeamId, key: &K) {
        if let Some(of_team) = self.questions.get_mut(team) {
            of_team.remove(key);
        }
    }

    /// The same for a whole workspace.
    pub(super) fn forget(&mut self, team: &TeamId) {
        self.questions.remove(team);
    }
}

impl<V: Clone> Waiting<V> {
    /// What the other was told. `None` when they have gone without an answer, or had no rate budget left where
    /// the one who waits has more: then one must ask oneself.
    pub(super) async fn hear(mut self, priority: Priority) -> Answer<V> {
        let answer = self.answer.wait_for(Option::is_some).await.ok()?.clone()?;
        let was_poorer = priority < self.asked_with;
        match answer {
            Err(error) if was_poorer && error.retry_at().is_some() => None,
            answer => Some(answer),
        }
    }
}
