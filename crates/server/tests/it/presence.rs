//! What Slack does not tell is never a "no" (P6).

use std::sync::Arc;

use async_trait::async_trait;
use insta::assert_snapshot;
use pagerslack::config::RotationConfig;
use pagerslack_slack::transport::{Request, Response, Transport, TransportError};
use pagerslack_store::Sqlite;
use slack_sim::{Fault, FaultKind, ManualClock, Presence, SimHandle};

use crate::harness::{InProcess, NOON, Stage, team};

fn broken() -> [FaultKind; 6] {
    [
        FaultKind::Error("fatal_error".into()),
        FaultKind::Http500,
        FaultKind::Garbage,
        FaultKind::HangBefore,
        FaultKind::RateLimited { retry_after: Some(20) },
        FaultKind::RateLimited { retry_after: Some(3_600) },
    ]
}

/// Given Slack tells nobody's presence, in any way it can fail, when somebody reports, then after half a minute
/// of patience people are asked all the same, and the managers only after them.
#[tokio::test]
async fn when_nobodys_presence_can_be_read_people_are_asked_all_the_same() {
    for kind in broken() {
        let stage = Stage::with(&["ana", "bo"]).await;
        stage.fault(Fault::always("users.getPresence", kind.clone()));
        stage.types("U1", "https://incident.example/1").await;
        stage.pass("10 min").await;
        let kinds: Vec<_> = stage.posts().iter().map(|post| post.kind.clone()).collect();
        assert_eq!(kinds[..4], ["root", "page/1", "page/2", "managers/1"], "{kind:?}");
        assert_eq!(stage.post("page/1").at, 30, "{kind:?}");
        assert!((180..=181).contains(&stage.post("page/2").at), "{kind:?}: {}", stage.post("page/2").at);
        stage.reacts("M1", &stage.post("root").ts, "eyes").await;
        stage.end().await;
    }
}

/// Given a large channel of which nothing can be read, then patience ends all the same after half a minute,
/// although asking has used up what Slack allows in a minute.
#[tokio::test]
async fn patience_ends_also_where_there_are_many() {
    let names: Vec<String> = (1..=60).map(|number| format!("person{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let stage = Stage::with(&names).await;
    stage.fault(Fault::always("users.getPresence", FaultKind::Http500));
    stage.types("U1", "https://incident.example/1").await;
    stage.pass("1 min").await;
    assert_eq!(stage.post("page/1").at, 30);
    stage.reacts("U1", &stage.post("root").ts, "eyes").await;
    stage.end().await;
}

/// Given one person's presence can be read and the others' not, when somebody reports, then the one known to be
/// there is asked first wherever they stand in the queue.
#[tokio::test]
async fn those_known_to_be_there_come_before_those_unknown() {
    let stage = Stage::with(&["ana", "bo", "chen", "dara"]).await;
    stage.fault(Fault::once("users.getPresence", FaultKind::Error("user_not_visible".into())).times(3));
    stage.types("U1", "https://incident.example/1").await;
    stage.pass("1 min").await;
    let unread: Vec<String> = stage.slack.read(|world| {
        let calls = world.calls().iter().filter(|call| call.method == "users.getPresence");
        let failed = calls.filter(|call| call.outcome != slack_sim::Outcome::Answered);
        failed.filter_map(|call| Some(call.args.get("user")?.as_str()?.to_owned())).collect()
    });
    assert_eq!(stage.post("page/1").at, 0);
    assert!(!unread.contains(&stage.asked()[0]), "{unread:?}");
    stage.pass("7 min").await;
    let asked = stage.asked();
    assert_eq!(asked.len(), 4, "{}", stage.transcript());
    stage.reacts("M1", &stage.post("root").ts, "eyes").await;
    stage.end().await;
}

/// Given do-not-disturb cannot be read, in any way, then people who are online are asked after half a minute, and
/// those who are away are not.
#[tokio::test]
async fn when_do_not_disturb_cannot_be_read_people_are_asked_all_the_same() {
    for kind in broken() {
        let rotation = RotationConfig { managers: vec!["M1".into()], ..RotationConfig::default() };
        let stage = Stage::new(team(&["ana", "bo", "chen"]).away("U2"), rotation).await;
        stage.fault(Fault::always("dnd.teamInfo", kind.clone()));
        stage.types("U1", "https://incident.example/1").await;
        stage.pass("6 min").await;
        assert_eq!(stage.post("page/1").at, 30, "{kind:?}");
        let mut asked = stage.asked();
        asked.sort();
        assert_eq!(asked, ["U1", "U3"], "{kind:?}");
        stage.reacts("M1", &stage.post("root").ts, "eyes").await;
        stage.end().await;
    }
}

/// Something in front of Slack that does not know `dnd.teamInfo`.
struct NotFound(InProcess);

#[async_trait]
impl Transport for NotFound {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let missing = request.url.contains("dnd.teamInfo");
        let response = self.0.send(request).await?;
        let body = "<html>404 Not Found</html>".into();
        Ok(if missing { Response { status: 404, body, ..response } } else { response })
    }
}

/// Given do-not-disturb is answered 404 and a page of HTML, then people are asked after half a minute.
#[tokio::test]
async fn when_do_not_disturb_is_not_found_people_are_asked_all_the_same() {
    let clock = Arc::new(ManualClock::new(NOON.parse().unwrap()));
    let url = "http://bot.example/slack/events".parse().unwrap();
    let world = team(&["ana", "bo"]).away("U1").deliver_to(&url).build();
    let slack = SimHandle::new(world, Arc::<ManualClock>::clone(&clock));
    let transport = Arc::new(NotFound(InProcess(slack.clone())));
    let store = Arc::new(Sqlite::in_memory().unwrap());
    let stage = Stage::start(slack, clock, store, transport, RotationConfig::default()).await;
    stage.types("U1", "https://incident.example/1").await;
    stage.pass("1 min").await;
    assert_eq!((stage.asked(), stage.post("page/1").at), (vec!["U2".to_owned()], 30));
    stage.reacts("U2", &stage.post("page/1").ts, "eyes").await;
    stage.end().await;
}

/// Given people's accounts cannot be read, then those who are online are asked after half a minute.
#[tokio::test]
async fn when_accounts_cannot_be_read_people_are_asked_all_the_same() {
    let stage = Stage::with(&["ana", "bo"]).await;
    stage.fault(Fault::always("users.info", FaultKind::Http500));
    stage.types("U1", "https://incident.example/1").await;
    stage.pass("1 min").await;
    assert_eq!(stage.post("page/1").at, 30);
    assert!(["U1", "U2"].contains(&stage.post("page/1").asks().as_str()));
    stage.all_is_well_again();
    let page = stage.post("page/1");
    stage.reacts(&page.asks(), &page.ts, "eyes").await;
    stage.end().await;
}

/// Given Slack does not say who is in the channel, then after half a minute the managers are called, and told why.
#[tokio::test]
async fn when_the_members_cannot_be_read_the_managers_are_told_why() {
    for kind in broken() {
        let stage = Stage::with(&["ana", "bo"]).await;
        stage.fault(Fault::always("conversations.members", kind.clone()));
        stage.types("U1", "https://incident.example/1").await;
        stage.pass("1 min").await;
        assert_eq!(stage.post("managers/1").at, 30, "{kind:?}");
        if kind == FaultKind::Http500 {
            assert_snapshot!(stage.transcript(), @"
            pager: :rotating_light: @ana reports an incident: https://incident.example/1
                :mega: Slack does not say who is available: the engineering managers have been paged.
                React with :eyes: here or in the thread to take it. (edited)  [Cancel]
                pager: @marit an incident in #dev-escalation needs an engineer: https://incident.example/1
                    Reported by @ana at 12:00 UTC. Slack does not say who is in the channel (conversations.members answered with HTTP status 500).
                    Please find somebody of your group and say so in the thread; :eyes: or *I'm on it* stops the paging.  [I'm on it]
            ");
        }
        stage.all_is_well_again();
        stage.reacts("M1", &stage.post("root").ts, "eyes").await;
        stage.end().await;
    }
}

/// Given Slack was silent for twenty seconds and speaks again, then the hunt uses what it says.
#[tokio::test]
async fn patience_pays() {
    let stage = Stage::with(&["ana", "bo"]).await;
    stage.presence("U1", Presence::Away);
    stage.fault(Fault::always("users.getPresence", FaultKind::Http500));
    stage.types("U1", "https://incident.example/1").await;
    stage.pass("20 s").await;
    stage.all_is_well_again();
    stage.pass("5 s").await;
    assert_eq!(stage.asked(), ["U2"]);
    stage.reacts("U2", &stage.post("root").ts, "eyes").await;
    stage.end().await;
}
