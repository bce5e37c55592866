//! From memory, from whoever is asking already, or from Slack: in this order, and each thing once.
//!
//! Invariant: looking into memory and joining a question are one step under the lock, and so are remembering an
//! answer and ending its question, so no two askers slip past each other. No lock is held while Slack is asked.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::{join, join_all};
use futures_util::stream::{self, StreamExt as _};

use super::under_way::{Asking, Turn, UnderWay, Waiting};
use super::{Directory, Known};
use crate::budget::Priority;
use crate::client::{CallError, Caller, Refusal};
use crate::method::Method;

/// Calls of one kind under way at once.
const AT_ONCE: usize = 8;

/// What Slack said of some things.
pub(super) type Outcomes<K, V> = Vec<(K, Result<V, CallError>)>;

/// A kind of fact: where it stands in memory.
pub(super) struct Kind<K, V> {
    /// The questions under way.
    pub(super) under_way: fn(&mut Known) -> &mut UnderWay<K, V>,
    /// Takes in an answer to a question that was asked by this caller.
    pub(super) learn: fn(&mut Known, Caller<'_>, &K, &Result<V, CallError>),
}

impl<K, V> Clone for Kind<K, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, V> Copy for Kind<K, V> {}

/// The right and the duty to ask Slack about something. Dropped without an answer, those who wait ask themselves.
struct Ticket<'a, K: Ord + Clone, V: Clone> {
    directory: &'a Directory,
    caller: Caller<'a>,
    kind: Kind<K, V>,
    key: K,
    asking: Asking<V>,
}

impl<K: Ord + Clone, V: Clone> Ticket<'_, K, V> {
    /// Remembers the answer, and tells whoever waits for it.
    fn answer(self, outcome: Result<V, CallError>) {
        let mut known = self.directory.known();
        (self.kind.learn)(&mut known, self.caller, &self.key, &outcome);
        (self.kind.under_way)(&mut known).end(self.caller.team, &self.key, self.asking.number);
        drop(known);
        self.asking.tell.send_replace(Some(outcome));
    }
}

impl<K: Ord + Clone, V: Clone> Drop for Ticket<'_, K, V> {
    fn drop(&mut self) {
        let mut known = self.directory.known();
        (self.kind.under_way)(&mut known).end(self.caller.team, &self.key, self.asking.number);
    }
}

/// What is left after a look into memory.
struct Left<'a, K: Ord + Clone, V: Clone> {
    ours: Vec<Ticket<'a, K, V>>,
    theirs: Vec<(K, Waiting<V>)>,
}

impl Directory {
    /// What is remembered of each thing, and for the others what Slack says of them, so many a call.
    pub(super) async fn find<'a, K, V, A>(
        &'a self,
        caller: Caller<'a>,
        kind: Kind<K, V>,
        a_call: usize,
        keys: &[K],
        recall: impl Fn(&Known, &K) -> Option<Result<V, CallError>>,
        ask: impl Fn(Vec<K>) -> A,
    ) -> BTreeMap<K, Result<V, CallError>>
    where
        K: Ord + Clone,
        V: Clone,
        A: Future<Output = Outcomes<K, V>>,
    {
        let mut found = BTreeMap::new();
        let mut seen = BTreeSet::new();
        let mut wanted: Vec<K> = keys.iter().filter(|key| seen.insert(*key)).cloned().collect();
        while !wanted.is_empty() {
            let Left { ours, theirs } = self.look(caller, kind, wanted, &recall, &mut found);
            let (asked, heard) = join(asked(ours, a_call, &ask), heard(theirs, caller.priority)).await;
            found.extend(asked);
            wanted = Vec::new();
            for (key, outcome) in heard {
                match outcome {
                    Some(outcome) => drop(found.insert(key, outcome)),
                    None => wanted.push(key),
                }
            }
        }
        found
    }

    /// The same where every call asks about one.
    pub(super) async fn find_each<'a, K, V, A>(
        &'a self,
        caller: Caller<'a>,
        kind: Kind<K, V>,
        keys: &[K],
        recall: impl Fn(&Known, &K) -> Option<Result<V, CallError>>,
        ask: impl Fn(K) -> A,
    ) -> BTreeMap<K, Result<V, CallError>>
    where
        K: Ord + Clone,
        V: Clone,
        A: Future<Output = Result<V, CallError>>,
    {
        let ask =
            |keys: Vec<K>| one_after_the_other(keys.into_iter().map(|key| (key.clone(), ask(key))).collect());
        self.find(caller, kind, 1, keys, recall, ask).await
    }

    /// The same of one thing.
    pub(super) async fn find_one<'a, K, V, A>(
        &'a self,
        caller: Caller<'a>,
        kind: Kind<K, V>,
        key: &K,
        recall: impl Fn(&Known, &K) -> Option<Result<V, CallError>>,
        ask: impl Fn(K) -> A,
    ) -> Result<V, CallError>
    where
        K: Ord + Clone,
        V: Clone,
        A: Future<Output = Result<V, CallError>>,
    {
        loop {
            let found = self.find_each(caller, kind, std::slice::from_ref(key), &recall, &ask).await;
            if let Some(outcome) = found.into_values().next() {
                return outcome;
            }
        }
    }

    /// One look under one lock: takes what is remembered, joins what is under way, and tickets for the rest.
    fn look<'a, K: Ord + Clone, V: Clone>(
        &'a self,
        caller: Caller<'a>,
        kind: Kind<K, V>,
        wanted: Vec<K>,
        recall: impl Fn(&Known, &K) -> Option<Result<V, CallError>>,
        found: &mut BTreeMap<K, Result<V, CallError>>,
    ) -> Left<'a, K, V> {
        let mut left = Left { ours: Vec::new(), theirs: Vec::new() };
        let mut known = self.known();
        for key in wanted {
            if let Some(outcome) = recall(&known, &key) {
                found.insert(key, outcome);
                continue;
            }
            match (kind.under_way)(&mut known).join(caller.priority, caller.team, &key) {
                Turn::Ask(asking) => left.ours.push(Ticket { directory: self, caller, kind, key, asking }),
                Turn::Wait(waiting) => left.theirs.push((key, waiting)),
            }
        }
        left
    }
}

/// Asks Slack, so many a call, and redeems the tickets call by call.
async fn asked<K, V, A>(
    mut tickets: Vec<Ticket<'_, K, V>>,
    a_call: usize,
    ask: &impl Fn(Vec<K>) -> A,
) -> Outcomes<K, V>
where
    K: Ord + Clone,
    V: Clone,
    A: Future<Output = Outcomes<K, V>>,
{
    let mut calls = Vec::new();
    while !tickets.is_empty() {
        let rest = tickets.split_off(a_call.clamp(1, tickets.len()));
        let tickets = std::mem::replace(&mut tickets, rest);
        let answers = ask(tickets.iter().map(|ticket| ticket.key.clone()).collect());
        calls.push(redeem(tickets, answers));
    }
    stream::iter(calls).buffer_unordered(AT_ONCE).concat().await
}

async fn redeem<K: Ord + Clone, V: Clone>(
    tickets: Vec<Ticket<'_, K, V>>,
    answers: impl Future<Output = Outcomes<K, V>>,
) -> Outcomes<K, V> {
    let outcomes = answers.await;
    let mut tickets: BTreeMap<K, Ticket<'_, K, V>> =
        tickets.into_iter().map(|ticket| (ticket.key.clone(), ticket)).collect();
    for (key, outcome) in &outcomes {
        if let Some(ticket) = tickets.remove(key) {
            ticket.answer(outcome.clone());
        }
    }
    outcomes
}

async fn one_after_the_other<K, V>(
    questions: Vec<(K, impl Future<Output = Result<V, CallError>>)>,
) -> Outcomes<K, V> {
    let mut outcomes = Vec::with_capacity(questions.len());
    for (key, question) in questions {
        outcomes.push((key, question.await));
    }
    outcomes
}

/// Waits for what others are asking.
async fn heard<K, V: Clone>(
    theirs: Vec<(K, Waiting<V>)>,
    priority: Priority,
) -> Vec<(K, Option<Result<V, CallError>>)> {
    let (keys, waiting): (Vec<K>, Vec<Waiting<V>>) = theirs.into_iter().unzip();
    let answers = join_all(waiting.into_iter().map(|waiting| waiting.hear(priority))).await;
    keys.into_iter().zip(answers).collect()
}

/// Slack left somebody out of its answer.
pub(super) fn left_out() -> CallError {
    CallError::Refused(Refusal {
        method: Method::DndTeamInfo.to_string(),
        // As Slack says it of one person alone.
        code: "user_not_visible".to_owned(),
        needed: None,
        provided: None,
    })
}
