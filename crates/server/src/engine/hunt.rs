//! The hunt: gather what must be known, from the head of the queue, until somebody can be chosen.
//!
//! Facts come from Slack at the time of the attempt. What Slack cannot say within the policy's patience counts
//! as unknown, never as "no" (P6). Waiting for our turn under Slack's rate limits is something else: it ends at
//! a known time with a true answer, and is waited for longer (`Policy::rate_limit_patience`).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use futures_util::join;
use jiff::{SignedDuration, Timestamp};
use pagerslack_core::availability::{Account, Fact, Facts, Profile};
use pagerslack_core::hunt::{Need, Survey, survey};
use pagerslack_core::incident::{AttemptEnd, Delay};
use pagerslack_core::rules::Day;
use pagerslack_core::{
    Candidate, Command, DndWindow, Incident, Phase, Place as QueuePlace, Presence, Queue, RotationId, Rules,
    TeamId, UserId, Verdict,
};
use pagerslack_slack::client::{CallError, Refusal, RefusalKind};
use pagerslack_slack::directory::Remembered;
use pagerslack_slack::method::Method;
use pagerslack_store::{ClaimedJob, CommitError, Disposal, QueueCommit};

use super::commit::Act;
use super::delay::delay_of;
use super::look::Look;
use super::patience::Patience;
use super::send::recorded;
use super::{Engine, StepError};

/// How many people's presence is asked for at a time. Slack allows about fifty such calls a minute, and most
/// often one of the first few is online.
const WIDTH: usize = 4;

/// How often a choice is made anew when other hunts of the rotation move the queue meanwhile. A burst of
/// reports may all hunt at once; past this the job comes up again.
const CHOICES: usize = 32;

/// How soon a hunt looks again that was not quick enough in any of its choices.
const ELBOWED_OUT: SignedDuration = SignedDuration::from_secs(1);

/// How soon a hunt looks again that cannot see into the channel while its root message is refused too, or to which Slack
/// refuses to say who the bot is.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_secs(5);

/// How soon a hunt that has found nobody looks again while its root message is on the way, in whose thread the
/// managers are to be called. The net only: the root message brings the hunt forward when it stands.
const ROOT_UNDERWAY: SignedDuration = SignedDuration::from_secs(1);

/// A phase of hunting older than this, or than this process, reads the reactions back before it asks somebody else
/// (P4). A hunt that follows a deadline at once has just done so.
pub(super) const READ_BACK_FRESH: SignedDuration = SignedDuration::from_secs(5);

/// Whether a hunt can go on.
enum Found {
    Candidates(Vec<Candidate>),
    Later(Timestamp),
}

impl Engine {
    /// Looks for somebody to ask, and asks them, or turns to the managers.
    pub(super) async fn hunt(&self, job: &ClaimedJob) -> Result<(), StepError> {
        let Some(incident) = self.incident_of(job).await? else {
            return self.dispose(job, Disposal::Done).await;
        };
        let Phase::Hunting { since } = incident.phase else { return self.dispose(job, Disposal::Done).await };
        let passed = incident.attempts.last().is_some_and(|last| last.end == Some(AttemptEnd::Passed));
        let handed_over = incident.taken.last().is_some_and(|taken| taken.handed_over_at == Some(since));
        let deaf = since < self.started;
        if (passed || handed_over || deaf || self.now() > since + READ_BACK_FRESH)
            && !self.just_read_back(&incident)
            && !self.may_escalate(job, &incident, since).await?
        {
            return Ok(());
        }
        if incident.root.is_none() && !incident.refusals.is_empty() {
            // Slack refuses the thread: nobody is chosen whom no page could reach. The root's deadline bounds this.
            let due = self.now() + LOOK_AGAIN;
            return self.dispose(job, Disposal::Again { due, doubtful: false }).await;
        }
        let rotation = &incident.report.rotation;
        let config = self.rotation(rotation);
        let policy = &config.policy;
        if let Some(command) = schedule_instead(&config.rules, &incident, self.now()) {
            self.act_for(job, command, Disposal::Done).await?;
            return Ok(());
        }
        if incident.attempts.len() >= usize::try_from(policy.max_attempts).unwrap_or(usize::MAX) {
            let command = Command::Page {
                candidates: vec![],
                managers: self.managers(self.paging(&rotation.team), rotation).await,
            };
            self.act_for(job, command, Disposal::Done).await?;
            return Ok(());
        }
        let patience = Patience::new(policy, incident.reported_at, since, self.now());
        let members = match self.directory.members(self.paging(&rotation.team), &rotation.channel).await {
            Ok(members) => members.iter().cloned().collect::<BTreeSet<_>>(),
            Err(error) => return self.cannot_see_members(job, &incident, &error, patience).await,
        };
        self.choose(job, &incident, &config.rules, &members, patience).await
    }

    /// Surveys the queue as it is, and commits the choice on exactly that queue: a burst of reports asks as
    /// many different people (P5).
    async fn choose(
        &self,
        job: &ClaimedJob,
        incident: &Incident,
        rules: &Rules,
        members: &BTreeSet<UserId>,
        patience: Patience,
    ) -> Result<(), StepError> {
        let rotation = &incident.report.rotation;
        let look = self.look(self.paging(&rotation.team), rotation, rules, members, incident.asked()).await;
        let mut known = Known::new(patience);
        for _ in 0..CHOICES {
            let mut queue = self.store.queue(rotation).await?;
            let expected = Some(queue.version);
            let changes = self.arrivals(rotation, &queue, members, &look);
            changes.iter().for_each(|change| queue.apply(change));
            let order = order(&queue, incident, members, &look);
            let away = queue.away(self.now());
            let candidates = match self.gather(rotation, &order, &look, &away, &mut known).await {
                Found::Candidates(candidates) => {
                    let candidates = with_turns(&queue, with_first(incident, members, &look, candidates));
                    self.as_they_are(&rotation.team, rules, candidates)
                }
                Found::Later(due) => {
                    let since = hunting_since(incident);
                    self.note_delay(incident, since, due, known.delay).await?;
                    return self.dispose(job, Disposal::Again { due, doubtful: false }).await;
                }
            };
            let somebody = candidates
                .iter()
                .any(|candidate| matches!(candidate.verdict, Verdict::Available | Verdict::Unknown { .. }));
            if !somebody && incident.root.is_none() {
                // The root's deadline bounds the wait.
                let due = self.now() + until_the_root(incident);
                return self.dispose(job, Disposal::Again { due, doubtful: false }).await;
            }
            let act = Act {
                team: &job.job.rotation.team,
                incident: &job.job.incident,
                command: Command::Page { candidates, managers: look.whom.clone() },
                job: Some((job, Disposal::Done)),
                idle: None,
                queue: Some(QueueCommit { rotation: rotation.clone(), expected, changes }),
            };
            match self.try_act(act).await {
                Err(CommitError::QueueMoved) => {}
                Err(CommitError::Conflict) => return Err(StepError::Contended),
                Err(other) => return Err(other.into()),
                Ok(_) => return self.tell_of_blindness(incident, known.refusal.as_ref()).await,
            }
        }
        // In a storm of reports that is no failure: the others have found somebody meanwhile.
        let due = self.now() + ELBOWED_OUT;
        self.dispose(job, Disposal::Again { due, doubtful: false }).await
    }

    /// Asks Slack for facts until the survey is settled.
    async fn gather(
        &self,
        rotation: &RotationId,
        order: &[UserId],
        look: &Look<'_>,
        away: &BTreeMap<UserId, Timestamp>,
        known: &mut Known,
    ) -> Found {
        loop {
            let (now, team) = (self.now(), &rotation.team);
            let away_since = self.away_since(team, known.patience);
            let judge = |user: &UserId| {
                let remembered = self.directory.remembered(now, team, user, away_since);
                let facts = known.of(user, team, remembered);
                let said = away.get(user).map(|until| Verdict::SaidAway { until: *until });
                let verdict = said.or_else(|| look.rules.verdict(user, &facts, now, &look.day));
                (facts, verdict)
            };
            match survey(order, &look.asked, &look.managers, judge, WIDTH) {
                Survey::Settled(candidates) => return Found::Candidates(candidates),
                Survey::Need(need) => {
                    match known.without_those_put_off(need) {
                        Ok(need) => self.ask(rotation, &need, known, away_since).await,
                        Err(due) => return Found::Later(due),
                    }
                    if let Some(due) = known.unknown_to_itself {
                        return Found::Later(due);
                    }
                }
            }
        }
    }

    /// Asks for what is needed, all at once.
    async fn ask(&self, rotation: &RotationId, need: &Need, known: &mut Known, away_since: Timestamp) {
        let caller = self.paging(&rotation.team);
        let (people, dnd, presence) = join!(
            self.directory.people(caller, &need.accounts),
            self.directory.dnd(caller, &need.dnd),
            self.directory.presence(caller, &need.presence, away_since),
        );
        for (user, person) in people {
            known.profile(user, person.map(|person| Arc::new(person.profile(&rotation.team))));
        }
        if known.blind_to_accounts && !known.knows_itself {
            // Whoever cannot be told from a bot may be asked, but at least never this bot itself.
            match self.directory.itself(caller).await {
                Ok(own) => {
                    let itself = Fact::Known(Arc::new(Profile::bare(Account::Bot)));
                    known.facts.entry(own).or_insert(Facts::NONE).profile = itself;
                    known.knows_itself = true;
                }
                // A Slack that does not even say who the bot is takes no page either: nothing is lost by waiting.
                Err(error) => {
                    let until = known.patience.limited_until;
                    let again = error.retry_at().unwrap_or_else(|| self.now() + LOOK_AGAIN);
                    known.unknown_to_itself = Some(again).filter(|at| *at <= until);
                }
            }
        }
        for (user, window) in dnd {
            known.dnd(user, window);
        }
        for (user, presence) in presence {
            known.presence(user, presence);
        }
    }

    /// Since when an "away" that was heard counts for this hunt. While calls are scarce they go to those of whom
    /// nothing is known, rather than once more to those who were away at an earlier attempt.
    fn away_since(&self, team: &TeamId, patience: Patience) -> Timestamp {
        let scarce = self.client.is_scarce(self.now(), team, Method::UsersGetPresence);
        if scarce { patience.away_earlier_since } else { patience.away_since }
    }

    /// Who is in the channel cannot be read. While the root message is not there either, its deadline bounds the
    /// wait, and if it was refused the reporter has been told what to do; otherwise the managers are told (P6).
    async fn cannot_see_members(
        &self,
        job: &ClaimedJob,
        incident: &Incident,
        error: &CallError,
        patience: Patience,
    ) -> Result<(), StepError> {
        let now = self.now();
        let again = match error {
            _ if incident.root.is_none() => {
                Some(error.retry_at().unwrap_or(now).max(now + until_the_root(incident)))
            }
            CallError::NotDone { retry_at, .. } if patience.left => Some((*retry_at).min(patience.until)),
            CallError::Unknown { .. } if patience.left => Some(now + SignedDuration::from_secs(1)),
            _ => None,
        };
        match again {
            Some(due) => {
                self.note_delay(incident, hunting_since(incident), due, delay_of(error)).await?;
                self.dispose(job, Disposal::Again { due, doubtful: false }).await
            }
            None => {
                tracing::warn!(
                    team = %job.job.rotation.team,
                    incident = %job.job.incident,
                    error = error as &dyn std::error::Error,
                    "cannot tell who is in the channel; the managers are paged"
                );
                let rotation = &incident.report.rotation;
                let managers = self.managers(self.paging(&rotation.team), rotation).await;
                self.act_for(job, Command::GiveUpHunt { why: why(error), managers }, Disposal::Done).await?;
                self.tell_of_blindness(incident, error.refusal()).await
            }
        }
    }

    /// Tells the reporter, once, which permission is missing so that the hunt cannot see.
    async fn tell_of_blindness(
        &self,
        incident: &Incident,
        refusal: Option<&Refusal>,
    ) -> Result<(), StepError> {
        let Some(refusal) = refusal.filter(|refusal| refusal.kind() == RefusalKind::MissingScope) else {
            return Ok(());
        };
        if !incident.attempts.is_empty() || incident.report.response_url.is_none() {
            return Ok(());
        }
        let (rotation, id) = (&incident.report.rotation, &incident.report.incident);
        self.tell_reporter_later(rotation, id, recorded(refusal)).await
    }
}

/// What happens instead of a hunt that begins on a day on which nobody is hunted. One that was under way when the
/// day began goes on.
fn schedule_instead(rules: &Rules, incident: &Incident, now: Timestamp) -> Option<Command> {
    let (today, day) = (rules.day(now), rules.day(incident.wanted_since()));
    let link = rules.schedule_link(&today).and(rules.schedule_link(&day))?;
    let Day::Off { name } = day else { return None };
    Some(Command::ShowSchedule { link: link.to_owned(), day: name })
}

/// In which order people are considered: the queue's, but for whom the reporter wants first.
fn order(queue: &Queue, incident: &Incident, members: &BTreeSet<UserId>, look: &Look<'_>) -> Vec<UserId> {
    let mut order = look.order(queue, members);
    if let Some(first) = wanted_first(incident).filter(|first| members.contains(*first)) {
        order.retain(|user| user != first);
        order.insert(0, first.clone());
    }
    order
}

/// Whoever the reporter wants first and is not in the channel is accounted for all the same (P7).
fn with_first(
    incident: &Incident,
    members: &BTreeSet<UserId>,
    look: &Look<'_>,
    mut candidates: Vec<Candidate>,
) -> Vec<Candidate> {
    if let Some(first) = wanted_first(incident).filter(|first| !members.contains(*first)) {
        let manager = look.managers.contains(first);
        let verdict = if manager { Verdict::Manager } else { Verdict::NotOnRoster };
        candidates.insert(0, Candidate::new(first.clone(), verdict));
    }
    candidates
}

/// Records by which turns people stood where they stood (P7).
fn with_turns(queue: &Queue, mut candidates: Vec<Candidate>) -> Vec<Candidate> {
    let places: HashMap<&UserId, &QueuePlace> =
        queue.places().iter().map(|place| (&place.user, place)).collect();
    for candidate in &mut candidates {
        let place = places.get(&candidate.user);
        candidate.last_turn = place.and_then(|place| place.turned_at);
        candidate.volunteered_at = place.and_then(|place| place.volunteered_at);
    }
    candidates
}

/// Whom the reporter wants to be asked first, while nobody has been asked.
fn wanted_first(incident: &Incident) -> Option<&UserId> {
    incident.report.first.as_ref().filter(|_| incident.attempts.is_empty() && incident.taken.is_empty())
}

/// Since when somebody is being looked for this time.
fn hunting_since(incident: &Incident) -> Timestamp {
    match incident.phase {
        Phase::Hunting { since } => since,
        _ => incident.wanted_since(),
    }
}

/// How soon to look whether the root message stands.
fn until_the_root(incident: &Incident) -> SignedDuration {
    if incident.refusals.is_empty() { ROOT_UNDERWAY } else { LOOK_AGAIN }
}

/// The facts of one hunt, and which of them Slack wants to be asked for later.
struct Known {
    /// How long to wait for those, before they are taken as unreadable (P6).
    patience: Patience,
    facts: HashMap<UserId, Facts>,
    put_off: BTreeMap<(FactKind, UserId), Timestamp>,
    /// Why anybody was put off last.
    delay: Delay,
    /// A permission that is missing to know more.
    refusal: Option<Refusal>,
    /// Whether somebody's kind of account could not be read.
    blind_to_accounts: bool,
    /// Whether the bot's own account is among the facts nevertheless.
    knows_itself: bool,
    /// When to ask again who the bot is, if it is to be asked.
    unknown_to_itself: Option<Timestamp>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum FactKind {
    Account,
    Dnd,
    Presence,
}

impl Known {
    fn new(patience: Patience) -> Self {
        Self {
            patience,
            facts: HashMap::new(),
            put_off: BTreeMap::new(),
            delay: Delay::NoAnswer,
            refusal: None,
            blind_to_accounts: false,
            knows_itself: false,
            unknown_to_itself: None,
        }
    }

    /// What this hunt has found out, and for the rest what is remembered.
    fn of(&self, user: &UserId, team: &TeamId, remembered: Remembered) -> Facts {
        let mut facts = self.facts.get(user).cloned().unwrap_or(Facts::NONE);
        if let (Fact::NotAsked, Some(person)) = (&facts.profile, remembered.person) {
            facts.profile = Fact::Known(Arc::new(person.profile(team)));
        }
        if let (Fact::NotAsked, Some(window)) = (&facts.dnd, remembered.dnd) {
            facts.dnd = Fact::Known(window);
        }
        if let (Fact::NotAsked, Some(presence)) = (&facts.presence, remembered.presence) {
            facts.presence = Fact::Known(presence);
        }
        facts
    }

    fn profile(&mut self, user: UserId, answer: Result<Arc<Profile>, CallError>) {
        let fact = self.fact(FactKind::Account, &user, answer);
        self.blind_to_accounts |= matches!(fact, Fact::Unreadable(_));
        self.facts.entry(user).or_insert(Facts::NONE).profile = fact;
    }

    fn dnd(&mut self, user: UserId, answer: Result<Option<DndWindow>, CallError>) {
        let fact = self.fact(FactKind::Dnd, &user, answer);
        self.facts.entry(user).or_insert(Facts::NONE).dnd = fact;
    }

    fn presence(&mut self, user: UserId, answer: Result<Presence, CallError>) {
        let fact = self.fact(FactKind::Presence, &user, answer);
        self.facts.entry(user).or_insert(Facts::NONE).presence = fact;
    }

    fn fact<T>(&mut self, kind: FactKind, user: &UserId, answer: Result<T, CallError>) -> Fact<T> {
        match answer {
            Ok(value) => Fact::Known(value),
            Err(error) => match self.patience.again(&error) {
                Some(at) => {
                    self.put_off.insert((kind, user.clone()), at);
                    self.delay = delay_of(&error);
                    Fact::NotAsked
                }
                None => {
                    let missing = error.refusal().filter(|it| it.kind() == RefusalKind::MissingScope);
                    self.refusal = self.refusal.take().or_else(|| missing.cloned());
                    Fact::Unreadable(why(&error))
                }
            },
        }
    }

    /// What is needed and was not put off; or, when everything was, when to ask again. Whoever is put off stands
    /// ahead of all that could be chosen without them.
    fn without_those_put_off(&self, mut need: Need) -> Result<Need, Timestamp> {
        let mut soonest: Option<Timestamp> = None;
        let mut keep = |kind, user: &UserId| match self.put_off.get(&(kind, user.clone())) {
            Some(at) => {
                soonest = Some(soonest.map_or(*at, |soonest| soonest.min(*at)));
                false
            }
            None => true,
        };
        need.accounts.retain(|user| keep(FactKind::Account, user));
        need.dnd.retain(|user| keep(FactKind::Dnd, user));
        need.presence.retain(|user| keep(FactKind::Presence, user));
        match soonest {
            Some(at) if need == Need::default() => Err(at),
            _ => Ok(need),
        }
    }
}

/// An error in the few words that fit a log entry and a sentence.
pub(super) fn why(error: &CallError) -> String {
    match error {
        CallError::Refused(refusal) => refusal.code.clone(),
        CallError::NotDone { why, .. } | CallError::Unknown { why } => why.to_string(),
    }
}
