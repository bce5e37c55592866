//! How much memory an incident takes.

use std::sync::Arc;

use jiff::SignedDuration;
use pagerslack_core::incident::Via;
use pagerslack_core::{
    Candidate, Event, IncidentId, Job, JobKind, Message, MessageRef, Recorded, Report, RotationId, TeamId,
    UserId, Verdict,
};
use pagerslack_store::{Commit, IncidentIndex, Redis, Store};
use redis_servers::Plain;

use super::start;

/// How many incidents are weighed.
const INCIDENTS: u64 = 500;

/// How many people are considered for a page before somebody is found. The larger part of an incident is who they were
/// and why they were passed over: each costs some ten bytes for good, and some thirty while the incident is open.
const CONSIDERED: u64 = 30;

fn team() -> TeamId {
    TeamId::new("T024BE7LD")
}

fn rotation() -> RotationId {
    RotationId::new(team(), "C061EG9SL".into())
}

/// A number that looks drawn.
fn dice(number: u64) -> u64 {
    (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(31).wrapping_mul(0xbf58_476d_1ce4_e5b9)
}

fn user(number: u64) -> UserId {
    UserId::new(format!("U0{:09X}", dice(number % 200) & 0xF_FFFF_FFFF))
}

fn considered(incident: u64, attempt: u64) -> Vec<Candidate> {
    let verdict = |place: u64| match dice(incident * 100 + place) % 8 {
        0..4 => Verdict::Away,
        4 => Verdict::OutsideHours {
            local: jiff::civil::time(3, (place % 60) as i8, 0, 0),
            zone: "Australia/Melbourne".to_owned(),
        },
        5 => Verdict::DoNotDisturb { until: start() + SignedDuration::from_secs(place as i64 * 600) },
        6 => Verdict::Holiday { name: "Dia da Liberdade".to_owned() },
        _ => Verdict::Excluded { until: None, reason: Some("parental leave".to_owned()) },
    };
    let candidate = |place: u64| match place {
        place if place == CONSIDERED => {
            let responder = Candidate::new(user(incident + place + attempt), Verdict::Available);
            Candidate { zone: Some("America/Sao_Paulo".into()), ..responder }
        }
        place => Candidate::new(user(incident + place), verdict(place)),
    };
    (0..=CONSIDERED).map(candidate).collect()
}

/// A life of one incident: two people are asked, the second takes it.
struct Life {
    number: u64,
    version: u64,
    store: Arc<Redis>,
}

impl Life {
    fn id(&self) -> IncidentId {
        IncidentId::derive(&rotation(), &format!("398738663015.474{:08}", self.number))
    }

    fn url(&self) -> String {
        format!("https://gitlab.example.com/gitlab-com/gl-infra/production/-/issues/{}", 10_000 + self.number)
    }

    fn message(&self, number: u64) -> MessageRef {
        let ts = format!(
            "{}.{:06}",
            1_790_000_000 + self.number * 30_000 + number * 120,
            dice(number) % 1_000_000
        );
        MessageRef::new(rotation().channel, ts.as_str().into())
    }

    async fn happens(&mut self, events: Vec<Event>, change: impl FnOnce(&mut Commit)) {
        let mut commit = Commit::new(team(), self.id(), self.version);
        for event in events {
            self.version += 1;
            commit.events.push(Recorded { seq: self.version, at: start(), event });
        }
        change(&mut commit);
        self.store.commit(commit).await.unwrap();
    }

    fn job(&self, kind: JobKind) -> Job {
        Job::new(&rotation(), &self.id(), kind, start() + SignedDuration::from_secs(120))
    }

    async fn begins(&mut self) {
        let report = Report {
            incident: self.id(),
            rotation: rotation(),
            url: self.url(),
            note: "checkout fails for every fifth customer".to_owned(),
            reporter: user(self.number + 150),
            machine: None,
            first: None,
            response_url: Some(format!(
                "https://hooks.slack.example/commands/T024BE7LD/{}/abcdefghijklmnop",
                self.number
            )),
        };
        let index = IncidentIndex { rotation: rotation(), url: self.url(), open: true };
        let jobs = [
            self.job(JobKind::Hunt),
            self.job(JobKind::RootDeadline),
            self.job(JobKind::Send(Message::Root)),
        ];
        self.happens(vec![Event::Reported(report)], |commit| {
            commit.index = Some(index);
            commit.add.extend(jobs);
        })
        .await;
        for attempt in 1..=2_u32 {
            let (deadline, message) = (start(), self.message(attempt.into()));
            let responder = user(self.number + u64::from(attempt));
            let considered = considered(self.number, attempt.into());
            let jobs = [
                self.job(JobKind::PageDeadline { attempt }),
                self.job(JobKind::Send(Message::Page { attempt })),
                self.job(JobKind::Send(Message::RootUpdate { version: self.version })),
            ];
            let gone = [self.job(JobKind::Send(Message::Root)).key, self.job(JobKind::Hunt).key];
            self.happens(vec![Event::Paged { attempt, responder, considered, deadline }], |commit| {
                commit.add.extend(jobs);
                commit.remove.extend(gone);
            })
            .await;
            let posted = Event::PagePosted { attempt, message: message.clone(), deadline };
            self.happens(vec![posted], |commit| commit.messages.push(message)).await;
            if attempt == 1 {
                self.happens(vec![Event::PageTimedOut { attempt }], |_| {}).await;
            }
        }
    }

    async fn ends(&mut self) {
        let by = user(self.number + 2);
        let index = IncidentIndex { rotation: rotation(), url: self.url(), open: false };
        let jobs = self.store.jobs_of(&team(), &self.id()).await.unwrap();
        let (taken, follow_up) = (self.message(7), self.message(8));
        self.happens(
            vec![Event::Acknowledged { by: by.clone(), via: Via::Reaction, zone: None }],
            |commit| {
                commit.index = Some(index);
                commit.remove.extend(jobs.into_iter().map(|state| state.job.key));
                commit.messages.push(taken);
            },
        )
        .await;
        self.happens(
            vec![Event::FollowUpPosted { message: follow_up.clone() }, Event::Closed { by }],
            |commit| {
                commit.messages.push(follow_up);
            },
        )
        .await;
    }
}

#[tokio::test]
async fn an_incident_takes_no_more_memory_than_it_should() {
    let server = Plain::fast().await.unwrap();
    let store = Arc::new(Redis::connect(&server.url()).await.unwrap());
    let life = |number| Life { number, version: 0, store: Arc::clone(&store) };
    // The scripts and the connections are there once, for however many incidents.
    let mut first = life(INCIDENTS);
    first.begins().await;
    first.ends().await;
    let mut lives: Vec<Life> = (0..INCIDENTS).map(life).collect();
    let memory = async || {
        // The traces of changes that were made go by themselves after half a minute.
        let traces: Vec<String> = server.ask(&["KEYS", "*:c:*"]).await.unwrap();
        for trace in traces {
            server.run(&["DEL", &trace]).await.unwrap();
        }
        server.figure::<u64>("used_memory").await.unwrap()
    };
    let before = memory().await;
    for life in &mut lives {
        life.begins().await;
    }
    let open = (memory().await - before) / INCIDENTS;
    for life in &mut lives {
        life.ends().await;
    }
    let closed = (memory().await - before) / INCIDENTS;
    eprintln!("{open} bytes an open incident, {closed} a closed one");
    assert!(open <= 8_192, "{open} bytes an open incident");
    assert!(closed <= 2_048, "{closed} bytes a closed incident");
}
