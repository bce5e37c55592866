//! What must be so when everything is over: Slack and the database, held against the promises.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use pagerslack_core::incident::{Via, replay};
use pagerslack_core::{Event, Incident, Phase, Recorded, RotationId, UserId, Verdict};
use pagerslack_slack::words::{PASS_ACTION, TAKE_ACTION};
use pagerslack_store::Store;
use slack_sim::{Message, Outcome, SimHandle, World};

use super::people::{CHANNELS, ENGINEERS, Eyes, People, key};

/// How long a page may be on its way when the incident is taken, or when it becomes known that another message stands.
const ON_ITS_WAY: SignedDuration = SignedDuration::from_secs(1);

/// What has come of it all.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    typed: usize,
    failed_and_typed_again: usize,
    accepted: usize,
    recorded: usize,
    pub(crate) taken: usize,
    found_by_reading_back: usize,
    cancelled: usize,
    pub(crate) managers: usize,
    pages: usize,
    messages: usize,
    doubles: usize,
}

impl Tally {
    pub(crate) fn add(&mut self, other: &Self) {
        self.typed += other.typed;
        self.failed_and_typed_again += other.failed_and_typed_again;
        self.accepted += other.accepted;
        self.recorded += other.recorded;
        self.taken += other.taken;
        self.found_by_reading_back += other.found_by_reading_back;
        self.cancelled += other.cancelled;
        self.managers += other.managers;
        self.pages += other.pages;
        self.messages += other.messages;
        self.doubles += other.doubles;
    }
}

/// One incident as it was recorded.
struct Told {
    channel: &'static str,
    log: Vec<Recorded>,
    incident: Incident,
}

/// A message of the bot's.
#[derive(Clone, Copy)]
struct Post<'a> {
    key: &'a str,
    message: &'a Message,
}

impl Told {
    /// The messages about it, first to last.
    fn posts<'a>(&self, posts: &[Post<'a>]) -> Vec<Post<'a>> {
        let id = self.incident.report.incident.as_str();
        posts.iter().filter(|post| post.key.starts_with(id)).copied().collect()
    }

    /// Since when the message is known under which somebody put a 👀.
    fn known_since(&self, eyes: &Eyes) -> Option<Timestamp> {
        let recorded = self.log.iter().find(|recorded| match &recorded.event {
            Event::RootPosted { message }
            | Event::PagePosted { message, .. }
            | Event::ManagersPosted { message, .. } => {
                message.channel.as_str() == eyes.channel && message.ts.as_str() == eyes.ts
            }
            _ => false,
        });
        recorded.map(|recorded| recorded.at)
    }

    /// When it was decided to write what stands since then. Where that is not in the log, at that time itself.
    fn decided(&self, stands: Timestamp) -> Timestamp {
        let calls = |it: &&Recorded| {
            matches!(it.event, Event::Paged { .. } | Event::ManagersPaged { .. }) && it.at <= stands
        };
        self.log.iter().rev().find(calls).map_or(stands, |recorded| recorded.at)
    }
}

/// What there is to look at.
pub(crate) struct Evidence<'a> {
    pub(crate) store: &'a dyn Store,
    pub(crate) slack: &'a SimHandle,
    pub(crate) people: &'a People,
    /// When each life began that had to find out what was said while nobody was there.
    pub(crate) began: &'a [Timestamp],
    /// How long a call may take until it has its effect.
    pub(crate) latency: Duration,
}

impl Evidence<'_> {
    /// Holds everything against the promises; or says what has not come to its end yet.
    pub(crate) async fn look(&self) -> Result<Tally, String> {
        let told = read(self.store).await;
        is_over(self.store, &told, self.people).await?;
        let tally = self.slack.read(|world| {
            let posts = posts(world);
            nothing_is_lost(world, &told, self.people);
            nothing_is_doubled(&told, &posts, self.people);
            only_the_available_are_asked(&told);
            self.an_ack_stops_it(world, &told, &posts);
            every_page_is_recorded(&told, &posts);
            tally(&told, &posts, self.people)
        });
        fair(&told);
        Ok(tally)
    }

    /// When the life began that posted something. What a life has sent may land while the next one begins.
    fn that_posted(&self, at: Timestamp) -> Timestamp {
        let longest = SignedDuration::try_from(self.latency).unwrap();
        *self.began.iter().rfind(|began| **began + longest <= at).unwrap()
    }
}

async fn read(store: &dyn Store) -> Vec<Told> {
    let mut told = Vec::new();
    for channel in CHANNELS {
        let rotation = RotationId::new("T1".into(), channel.into());
        for id in store.recent(&rotation, usize::MAX).await.unwrap() {
            let log = store.load(&rotation.team, &id).await.unwrap().unwrap().log;
            let incident = replay(&log).unwrap();
            told.push(Told { channel, log, incident });
        }
    }
    told
}

/// P1: every incident has ended, and nothing is left to do about any but to ask how it went.
async fn is_over(store: &dyn Store, told: &[Told], people: &People) -> Result<(), String> {
    for Told { incident, .. } in told {
        if is_under_way(incident) {
            return Err(format!("{} is still {:?}", incident.report.url, incident.phase));
        }
    }
    if people.are_busy() {
        return Err("people are still waiting".to_owned());
    }
    let follow_ups = told.iter().filter(|it| matches!(it.incident.phase, Phase::Acknowledged { .. })).count();
    let jobs = store.job_count().await.unwrap();
    if jobs == follow_ups as u64 {
        Ok(())
    } else {
        Err(format!("{jobs} jobs, {follow_ups} follow-ups: {}", left(store, told).await))
    }
}

/// Which jobs are left, for whoever reads why the test failed.
async fn left(store: &dyn Store, told: &[Told]) -> String {
    let mut left = String::new();
    for one in told {
        let report = &one.incident.report;
        for state in store.jobs_of(&report.rotation.team, &report.incident).await.unwrap() {
            let (key, due) = (state.job.key.as_str(), state.job.due);
            if !key.contains("/follow-up/") {
                left += &format!("\n{key} due {due} tries {} doubtful {}", state.tries, state.doubtful);
            }
        }
    }
    left
}

fn is_under_way(incident: &Incident) -> bool {
    match &incident.phase {
        Phase::Hunting { .. } | Phase::Paging { .. } | Phase::ScheduleShown { .. } => true,
        Phase::ManagersPaged { deadline, .. } => deadline.is_some(),
        Phase::Acknowledged { .. } | Phase::Cancelled { .. } | Phase::Closed { .. } => false,
    }
}

/// Every message of the bot's, first to last.
fn posts(world: &World) -> Vec<Post<'_>> {
    let mut posts = Vec::new();
    for channel in world.channels() {
        for message in channel.messages.iter().filter(|message| message.author.bot_id.is_some()) {
            let key = key(message).unwrap_or_else(|| panic!("P2: a message without a key: {}", message.text));
            posts.push(Post { key, message });
        }
    }
    posts.sort_by_key(|post| post.message.at);
    posts
}

/// P1: whoever was told "On it" finds their incident, in the database and, where the thread could be posted, in the
/// channel.
fn nothing_is_lost(world: &World, told: &[Told], people: &People) {
    for (channel, url) in &people.accepted {
        let found = told.iter().find(|it| it.channel == *channel && it.incident.report.url == *url);
        let found = found.unwrap_or_else(|| panic!("P1: {url} was accepted and is lost"));
        let root = found.incident.root.as_ref().unwrap_or_else(|| panic!("P1: {url} has no thread"));
        let text = &world.message(channel, root.ts.as_str()).unwrap().text;
        let says = match &found.incident.phase {
            Phase::Acknowledged { .. } => "Taken by",
            Phase::Cancelled { .. } => "Cancelled by",
            _ => "the engineering managers have been paged",
        };
        assert!(text.contains(says), "the thread of {url} says something else: {text}");
    }
}

/// P2: every message stands once, but for the answers to presses, one for each; nobody is asked while somebody else is;
/// nothing that is over asks anybody.
fn nothing_is_doubled(told: &[Told], posts: &[Post<'_>], people: &People) {
    let mut keys: BTreeMap<&str, Vec<Timestamp>> = BTreeMap::new();
    for Post { key, message } in posts {
        keys.entry(key).or_default().push(message.at);
    }
    for (key, stands) in keys {
        let most = presses_answered_by(key, posts, people).max(1);
        assert!(stands.len() <= most, "P2: {key} stands since {stands:?}, more than {most} times");
    }
    for one in told {
        let Told { log, incident, .. } = one;
        let mut waiting = None;
        for recorded in log {
            match &recorded.event {
                Event::Paged { attempt, .. } => {
                    let other = waiting.replace(*attempt);
                    assert_eq!(other, None, "P2: {} asks two at once", incident.report.url);
                }
                Event::PageTimedOut { .. } | Event::Passed { .. } | Event::ManagersPaged { .. } => {
                    waiting = None
                }
                _ => {}
            }
        }
        for Post { key, message } in one.posts(posts) {
            let blocks = serde_json::json!(message.blocks).to_string();
            let asks = blocks.contains(PASS_ACTION) || (blocks.contains(TAKE_ACTION) && !incident.is_open());
            assert!(
                !asks,
                "P2: {key} still asks somebody, and {} is {:?}",
                incident.report.url, incident.phase
            );
        }
    }
}

/// How many presses a message may answer: those of its reader under the messages of its incident.
fn presses_answered_by(key: &str, posts: &[Post<'_>], people: &People) -> usize {
    let Some((incident, reader)) = key
        .split_once("/send/notice/")
        .and_then(|(incident, rest)| Some((incident, rest.rsplit('/').next()?)))
    else {
        return 0;
    };
    let of_it = |ts: &str| posts.iter().any(|post| post.message.ts == ts && post.key.starts_with(incident));
    people.presses.iter().filter(|(user, ts)| user == reader && of_it(ts)).count()
}

/// P3: nobody is asked of whom Slack says that they must not be. All facts could be read.
fn only_the_available_are_asked(told: &[Told]) {
    let may_be = |user: &UserId| ENGINEERS.contains(&user.as_str()) || user.as_str() == "V1";
    for attempt in told.iter().flat_map(|it| &it.incident.attempts) {
        assert!(may_be(&attempt.responder), "P3: {} was asked", attempt.responder);
    }
}

impl Evidence<'_> {
    /// P4: after an eligible 👀 nobody else is asked, or called. Where the 👀 was not heard, the reactions have been read
    /// before, by the same life that asked, and it was not there yet.
    fn an_ack_stops_it(&self, world: &World, told: &[Told], posts: &[Post<'_>]) {
        for one in told {
            let taken =
                one.log.iter().find(|it| matches!(it.event, Event::Acknowledged { .. })).map(|it| it.at);
            let posts = one.posts(posts);
            let (mut before, mut round_before) = (None, None);
            let calls = |key: &str| key.contains("/send/page/") || key.contains("/send/manager");
            for call in posts.iter().filter(|post| calls(post.key)) {
                let at = call.message.at;
                if let Some(taken) = taken {
                    assert!(
                        at <= taken + ON_ITS_WAY,
                        "P4: {} at {at}, and it was taken at {taken}",
                        call.key
                    );
                }
                let life = self.that_posted(at);
                // Of a message of which the bot did not know that it stands nothing can have been read when this was
                // decided, which may be a while before it stands.
                let decided = one.decided(at);
                let stood = |eyes: &&Eyes| {
                    eyes.at < at && one.known_since(eyes).is_some_and(|known| known + ON_ITS_WAY < decided)
                };
                // The direct messages of one round are one call of the managers; between them nothing is read back.
                let round =
                    call.key.split_once("/send/manager/").and_then(|(_, rest)| rest.split('/').next());
                let goes_on = round.is_some() && round == round_before;
                for eyes in self.people.eyes.iter().filter(stood).filter(|_| !goes_on) {
                    if before.is_none() && eyes.at > life {
                        continue; // The first page is no escalation, and this life would have heard of it.
                    }
                    let since = before.unwrap_or(life).max(life);
                    let looks = looks(world, eyes, since, at);
                    assert!(
                        !looks.is_empty() && looks.iter().all(|look| *look <= eyes.at),
                        "P4: {} at {at}, although {} had put 👀 under {} at {}. This life began at {life}, the page before \
                         stood at {before:?}, and the 👀 were read at {looks:?}.\n{:#?}",
                        call.key,
                        eyes.user,
                        eyes.ts,
                        eyes.at,
                        one.log
                    );
                }
                (before, round_before) = (Some(at), round);
            }
        }
    }
}

/// When the reactions of a message were read, of all the times between two.
fn looks(world: &World, under: &Eyes, since: Timestamp, until: Timestamp) -> Vec<Timestamp> {
    let of_it = |call: &&slack_sim::Call| {
        call.method == "reactions.get"
            && call.outcome == Outcome::Answered
            && call.args["channel"] == under.channel.as_str()
            && call.args["timestamp"] == under.ts.as_str()
    };
    let times = world.calls().iter().filter(of_it).map(|call| call.at);
    times.filter(|at| (since..until).contains(at)).collect()
}

/// P7: every page that stands is recorded, with who was chosen, who stood ahead, and why not they.
fn every_page_is_recorded(told: &[Told], posts: &[Post<'_>]) {
    let pages = posts.iter().filter(|post| post.key.contains("/send/page/"));
    let pages: BTreeSet<&str> = pages.map(|post| post.message.ts.as_str()).collect();
    let attempts: Vec<_> = told.iter().flat_map(|it| &it.incident.attempts).collect();
    let recorded: BTreeSet<&str> =
        attempts.iter().filter_map(|attempt| Some(attempt.message.as_ref()?.ts.as_str())).collect();
    let unrecorded: Vec<_> = pages.symmetric_difference(&recorded).collect();
    assert!(unrecorded.is_empty(), "P7: {unrecorded:?} stand in Slack or in the records, and not in both");
    for attempt in attempts {
        let (chosen, ahead) = attempt.considered.split_last().expect("P7: who was considered");
        assert_eq!((&chosen.user, &chosen.verdict), (&attempt.responder, &Verdict::Available), "P7");
        let passed_over = ahead.iter().find(|it| it.verdict == Verdict::Available);
        assert!(passed_over.is_none(), "P5: {passed_over:?} stood before {}", attempt.responder);
    }
}

/// P5: those who answer only when asked have been asked about as often. Whoever was asked before about an incident is
/// passed over for it and comes first at the next, so the numbers may differ by the attempts that an incident has.
fn fair(told: &[Told]) {
    for channel in CHANNELS {
        let attempts = told.iter().filter(|it| it.channel == channel).flat_map(|it| &it.incident.attempts);
        let mut asked: BTreeMap<&str, usize> = ENGINEERS.iter().map(|user| (*user, 0)).collect();
        for attempt in attempts {
            *asked.entry(attempt.responder.as_str()).or_default() += 1;
        }
        asked.retain(|user, _| ENGINEERS.contains(user));
        let (most, least) = (asked.values().max().unwrap(), asked.values().min().unwrap());
        assert!(most - least <= 2, "P5: in {channel} they were asked {asked:?}");
    }
}

fn tally(told: &[Told], posts: &[Post<'_>], people: &People) -> Tally {
    let count = |is: fn(&Phase) -> bool| told.iter().filter(|it| is(&it.incident.phase)).count();
    let keys: BTreeSet<&str> = posts.iter().map(|post| post.key).collect();
    let read_back = |it: &Recorded| matches!(&it.event, Event::Acknowledged { via: Via::ReadBack, .. });
    Tally {
        typed: people.typed,
        failed_and_typed_again: people.failed,
        accepted: people.accepted.len(),
        recorded: told.len(),
        taken: count(|it| matches!(it, Phase::Acknowledged { .. })),
        found_by_reading_back: told.iter().flat_map(|it| &it.log).filter(|it| read_back(it)).count(),
        cancelled: count(|it| matches!(it, Phase::Cancelled { .. })),
        managers: count(|it| matches!(it, Phase::ManagersPaged { .. })),
        pages: keys.iter().filter(|key| key.contains("/send/page/")).count(),
        messages: posts.len(),
        doubles: posts.len() - keys.len(),
    }
}
