//! The auditor finds what was lost behind the bot's back, mends it, and leaves alone what is sound (P1, P2, P4).

use pagerslack::config::RotationConfig;
use pagerslack_core::audit::Finding;
use slack_sim::{Fault, FaultKind};

use crate::harness::{Post, Stage, team};

const URL: &str = "https://incident.example/1";

fn with_manager() -> RotationConfig {
    RotationConfig { managers: vec!["M1".into()], ..RotationConfig::default() }
}

/// Given an incident with nothing wrong, when the auditor looks at every turn of its life, then it finds nothing,
/// changes nothing and asks Slack nothing.
#[tokio::test]
async fn what_is_sound_is_left_alone() {
    let stage = Stage::with(&["ana", "bo"]).await;
    assert_eq!(stage.audit(false).await.incidents, 0);
    stage.types("U1", URL).await;
    for _ in 0..8 {
        let audited = stage.audit(false).await;
        assert_eq!((audited.incidents, audited.findings, audited.read_backs), (1, vec![], 0));
        stage.pass("61 s").await;
    }
    assert_eq!(stage.kinds(), "root page/1 page/2 managers/1");
    let managers = stage.post("managers/1");
    stage.reacts("M1", &managers.ts, "eyes").await;
    assert_eq!(stage.audit(false).await.incidents, 0, "nobody is needed any more");
    assert_eq!(stage.count("audits"), 10);
    stage.end().await;
}

/// Given the job that would turn to the next person is lost, when the auditor has looked, then the next one is
/// asked when the first one's time is over, and not a second later.
#[tokio::test]
async fn a_lost_deadline() {
    let stage = Stage::with(&["ana", "bo"]).await;
    stage.types("U1", URL).await;
    stage.loses("deadline/page/1").await;
    stage.pass("60 s").await;
    let audited = stage.audit(false).await;
    assert!(
        matches!(audited.findings.as_slice(), [(_, Finding::Missing(job))] if job.key.as_str().ends_with("deadline/page/1"))
    );
    assert_eq!(stage.count("audit_jobs_missing"), 1);
    assert_eq!(stage.audit(false).await.findings, [], "it is mended");
    stage.pass("60 s").await;
    assert_eq!(stage.post("page/2").at, 120);
}

/// Given nobody looks for anybody any more, since the hunt was lost, when the auditor has looked, then somebody is
/// asked at once.
#[tokio::test]
async fn a_lost_hunt() {
    let stage = Stage::with(&["ana", "bo"]).await;
    stage.fault(Fault::always("conversations.members", FaultKind::RateLimited { retry_after: Some(10) }));
    stage.types("U1", URL).await;
    assert_eq!(stage.kinds(), "root");
    stage.loses("hunt").await;
    stage.all_is_well_again();
    stage.pass("11 s").await;
    assert_eq!(stage.kinds(), "root", "nobody would ever be asked");
    stage.audit(false).await;
    assert_eq!(stage.kinds(), "root page/1");
}

/// Given a page has reached the thread, but neither that is known nor the job that would find it out is left, when
/// the auditor has looked, then the page is found and not sent again (P2).
#[tokio::test]
async fn a_lost_page_that_landed() {
    let stage = Stage::with(&["ana", "bo"]).await;
    stage.fault(Fault::once("chat.postMessage", FaultKind::HangAfter).after(1));
    stage.types("U1", URL).await;
    assert_eq!((stage.kinds().as_str(), stage.count("pages")), ("root page/1", 0));
    stage.loses("send/page/1").await;
    stage.audit(false).await;
    stage.pass("10 s").await;
    assert_eq!((stage.kinds().as_str(), stage.count("pages")), ("root page/1", 1));
    assert_eq!(stage.count("posts_found_again"), 1);
    let page = stage.post("page/1");
    stage.reacts(&page.asks(), &page.ts, "eyes").await;
    stage.end().await;
}

/// Given the same of a page that did not reach the thread, then it is sent, once.
#[tokio::test]
async fn a_lost_page_that_did_not_land() {
    let stage = Stage::with(&["ana", "bo"]).await;
    stage.fault(Fault::once("chat.postMessage", FaultKind::HangBefore).after(1));
    stage.types("U1", URL).await;
    stage.loses("send/page/1").await;
    stage.audit(false).await;
    stage.pass("10 s").await;
    assert_eq!((stage.kinds().as_str(), stage.count("pages")), ("root page/1", 1));
}

/// Given everything was lost while the root message was on its way, when the auditor has looked, then the incident
/// takes its course with each message once.
#[tokio::test]
async fn everything_lost_at_once() {
    let stage = Stage::with(&["ana", "bo"]).await;
    stage.fault(Fault::once("chat.postMessage", FaultKind::HangAfter));
    stage.types("U1", URL).await;
    for name in ["send/root", "deadline/root", "deadline/page/1"] {
        stage.loses(name).await;
    }
    assert_eq!(stage.audit(false).await.findings.len(), 3);
    stage.pass("10 min").await;
    assert_eq!(stage.kinds(), "root page/1 page/2 managers/1 managers/2");
}

/// Given a 👀 whose event was lost, when the bot starts again, then it is found at once and not at the deadline.
#[tokio::test]
async fn a_lost_reaction_after_a_restart() {
    let stage = Stage::with(&["ana", "bo"]).await;
    stage.types("U1", URL).await;
    let page = stage.post("page/1");
    eyes_get_lost(&stage, &page.asks(), &page).await;
    let stage = stage.restarted(with_manager()).await;
    let audited = stage.audit(true).await;
    assert_eq!((audited.incidents, audited.findings, audited.read_backs), (1, vec![], 1));
    assert_eq!(stage.kinds(), "root page/1 taken");
    assert!(stage.post("taken").text.contains(&format!("<@{}> is on it", page.asks())));
    assert_eq!(stage.post("taken").at, 0);
    assert_eq!((stage.count("acknowledgements_read_back"), stage.count("audit_read_backs")), (1, 1));
    stage.end().await;
}

/// Given somebody who may not take it has reacted, and Slack cannot be read at first, then nothing follows but that
/// it is looked at again.
#[tokio::test]
async fn a_lost_reaction_of_a_guest_and_a_slow_slack() {
    let world = team(&["ana", "bo", "vi"]).with_user("U3", |user| user.is_restricted = true);
    let stage = Stage::new(world, with_manager()).await;
    stage.types("U1", URL).await;
    let page = stage.post("page/1");
    stage.fault(Fault::once("reactions.get", FaultKind::Http500).times(2));
    eyes_get_lost(&stage, "U3", &stage.post("root")).await;
    assert_eq!(stage.audit(true).await.read_backs, 1);
    stage.pass("60 s").await;
    assert_eq!(stage.kinds(), "root page/1");
    stage.reacts(&page.asks(), &page.ts, "eyes").await;
    stage.end().await;
}

/// Given the managers have been paged for the last time, so that no deadline will ever read anything back, and the
/// 👀 of one of them was lost, when the auditor looks, then it is found.
#[tokio::test]
async fn a_lost_reaction_that_no_deadline_would_find() {
    let stage = Stage::with(&["ana"]).await;
    stage.types("U1", URL).await;
    stage.pass("30 min").await;
    let managers = stage.post("managers/3");
    eyes_get_lost(&stage, "M1", &managers).await;
    stage.pass("2 h").await;
    assert_eq!(stage.count("acknowledgements"), 0);
    assert_eq!(stage.audit(false).await.read_backs, 1);
    assert_eq!(stage.count("acknowledgements_read_back"), 1);
    stage.end().await;
}

/// Given more incidents at rest than are read back at a time, then they take turns; and after a day none is read.
#[tokio::test]
async fn those_at_rest_take_turns() {
    let stage = Stage::with(&["ana"]).await;
    for number in 1..=6 {
        stage.types("U1", &format!("https://incident.example/{number}")).await;
    }
    stage.pass("40 min").await;
    let managers: Vec<_> = stage.posts().into_iter().filter(|post| post.kind == "managers/3").collect();
    assert_eq!(managers.len(), 6);
    for post in &managers {
        stage.fault(Fault::once("reaction_added", FaultKind::Drop));
        stage.reacts("M1", &post.ts, "eyes").await;
    }
    for expected in [4, 6] {
        assert!(stage.audit(false).await.read_backs <= 4);
        stage.pass("60 s").await;
        assert_eq!(stage.count("acknowledgements_read_back"), expected);
    }
    stage.end().await;

    let stage = Stage::with(&["ana"]).await;
    stage.types("U1", URL).await;
    stage.pass("25 h").await;
    assert_eq!(stage.audit(false).await.read_backs, 0);
    stage.end_open().await;
}

/// Given the bot's clock runs four minutes ahead (more, and Slack's requests look too old to it), somebody is asked, and then the clock is put right, when they do not
/// answer, then the next one is asked after the ack timeout and at most one audit, and not four minutes later.
#[tokio::test]
async fn a_clock_put_back_while_somebody_is_asked() {
    let stage = Stage::with(&["ana", "bo"]).await;
    stage.runs_ahead("4 min");
    stage.types("U1", URL).await;
    stage.pass("30 s").await;
    stage.runs_ahead("0 s");
    stage.pass("60 s").await;
    assert!(matches!(stage.audit(false).await.findings.as_slice(), [(_, Finding::ClockPutBack)]));
    assert_eq!(stage.audit(false).await.findings, [], "it is mended");
    stage.pass("119 s").await;
    assert_eq!(stage.kinds(), "root page/1");
    // The budget of the channel's posts knows their times by the old clock only, and waits for one post.
    stage.pass("3 s").await;
    assert!((210..=213).contains(&stage.post("page/2").at));
    stage.pass("30 min").await;
    assert_eq!(stage.kinds(), "root page/1 page/2 managers/1 managers/2 managers/3");
    assert_eq!(stage.count("audit_clock_put_back"), 1);
    stage.end_open().await;
}

/// Given the same while the managers are called, and while the hunt waits for Slack, then neither waits for the old clock.
#[tokio::test]
async fn a_clock_put_back_while_others_wait() {
    let stage = Stage::with(&["ana"]).await;
    stage.runs_ahead("4 min");
    stage.types("U1", URL).await;
    stage.pass("125 s").await;
    assert_eq!(stage.kinds(), "root page/1 managers/1");
    stage.runs_ahead("0 s");
    stage.audit(false).await;
    stage.pass("5 min").await;
    assert_eq!(stage.kinds(), "root page/1 managers/1 managers/2");

    let stage = Stage::with(&["ana", "bo"]).await;
    stage.runs_ahead("4 min");
    stage.fault(Fault::always("users.getPresence", FaultKind::Http500));
    stage.types("U1", URL).await;
    stage.pass("5 s").await;
    assert_eq!(stage.kinds(), "root");
    stage.runs_ahead("0 s");
    stage.audit(false).await;
    stage.pass("35 s").await;
    assert_eq!(stage.kinds(), "root page/1", "P6: somebody is asked once the hunt has run out of patience");
}

/// Given a page was posted and neither that nor anything after it is known, and the clock was put back meanwhile,
/// then the page is found where Slack's clock has put it (P2).
#[tokio::test]
async fn a_clock_put_back_while_a_page_is_in_doubt() {
    let stage = Stage::with(&["ana", "bo"]).await;
    stage.runs_ahead("4 min");
    stage.fault(Fault::once("chat.postMessage", FaultKind::HangAfter).after(1));
    stage.types("U1", URL).await;
    stage.runs_ahead("0 s");
    stage.audit(false).await;
    stage.pass("30 s").await;
    assert_eq!((stage.kinds().as_str(), stage.count("pages")), ("root page/1", 1));
}

/// Given many open incidents, of which the last has lost what would open its thread, when the auditor looks, then it
/// looks at each, page by page.
#[tokio::test]
async fn every_open_incident_is_looked_at() {
    let stage = Stage::with(&["ana", "bo"]).await;
    for number in 1..=40 {
        stage.types("U1", &format!("https://incident.example/{number}")).await;
    }
    stage.loses("send/root").await;
    let audited = stage.audit(false).await;
    assert_eq!((audited.incidents, audited.findings.len()), (40, 1));
}

async fn eyes_get_lost(stage: &Stage, user: &str, post: &Post) {
    stage.fault(Fault::once("reaction_added", FaultKind::Drop));
    stage.reacts(user, &post.ts, "eyes").await;
    assert_eq!(stage.count("acknowledgements"), 0);
}
