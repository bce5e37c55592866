//! "Cancel": nobody is needed any more, and nothing more goes out.

use insta::assert_snapshot;
use slack_sim::{Fault, FaultKind, Presence};

use crate::harness::{CHANNEL, Stage};

const URL: &str = "https://incident.example/1";
const CANCEL: &str = "pagerslack_cancel";

/// Given somebody is asked, when the reporter cancels, then the page's buttons are gone, the thread says so, and
/// no deadline asks anybody else.
#[tokio::test]
async fn the_reporter_cancels_while_somebody_is_asked() {
    let stage = Stage::with(&["ana", "bo", "chen"]).await;
    stage.types("U1", URL).await;
    stage.pass("30 s").await;
    stage.presses("U1", &stage.post("root").ts, CANCEL).await;
    assert_snapshot!(stage.transcript(), @"
    pager: :rotating_light: @ana reports an incident: https://incident.example/1
        :no_entry_sign: Cancelled by @ana after 30 s: nobody is needed any more. (edited)
        pager: @ana need not answer any more (asked at 12:00 UTC). (edited)
        pager: :no_entry_sign: @ana has cancelled this incident: nobody is needed any more, thank you.
    ");
    stage.end().await;
    stage.pass("1 h").await;
    assert_eq!(stage.kinds(), "root page/1 cancelled");
    // A 👀 on what is over wakes nobody and changes nothing.
    stage.reacts("U2", &stage.post("page/1").ts, "eyes").await;
    assert_eq!(stage.kinds(), "root page/1 cancelled");
    // The same address can be reported anew.
    assert!(stage.types("U1", URL).await.starts_with("On it"));
    stage.reacts("U2", &stage.roots()[1], "eyes").await;
    stage.end().await;
}

/// Given somebody is asked, when a bystander and the one asked press "Cancel", then they are told who can; a
/// manager outside the channel can.
#[tokio::test]
async fn a_manager_cancels_and_a_bystander_may_not() {
    let stage = Stage::with(&["ana", "bo", "chen"]).await;
    stage.types("U1", URL).await;
    let root = stage.post("root").ts;
    for other in ["U2", "U3"] {
        stage.presses(other, &root, CANCEL).await;
        insta::allow_duplicates! { assert_snapshot!(stage.last_told(other), @"Only <@U1>, who reported it, or an engineering manager can cancel this incident."); }
    }
    assert_eq!(stage.kinds(), "root page/1");
    stage.presses("M1", &root, CANCEL).await;
    assert_eq!(stage.kinds(), "root page/1 cancelled");
    stage.end().await;
}

/// Given Slack does not answer about presence, when the reporter cancels while somebody is still being looked for,
/// then the hunt ends and nobody is asked.
#[tokio::test]
async fn a_hunt_ends_with_a_cancel() {
    let stage = Stage::with(&["ana", "bo", "chen"]).await;
    stage.fault(Fault::always("users.getPresence", FaultKind::RateLimited { retry_after: Some(20) }));
    stage.types("U1", URL).await;
    assert_eq!(stage.kinds(), "root");
    stage.presses("U1", &stage.post("root").ts, CANCEL).await;
    stage.all_is_well_again();
    stage.end().await;
    stage.pass("1 h").await;
    assert_eq!(stage.kinds(), "root cancelled");
    assert_snapshot!(stage.transcript(), @"
    pager: :rotating_light: @ana reports an incident: https://incident.example/1
        :no_entry_sign: Cancelled by @ana after 0 s: nobody is needed any more. (edited)
        pager: :no_entry_sign: @ana has cancelled this incident: nobody is needed any more, thank you.
    ");
}

/// Given the managers have been called, when the reporter cancels, then their button is gone and they are not
/// called again.
#[tokio::test]
async fn a_call_of_the_managers_ends_with_a_cancel() {
    let stage = Stage::with(&["ana"]).await;
    stage.presence("U1", Presence::Away);
    stage.types("U1", URL).await;
    stage.pass("6 min").await;
    stage.presses("U1", &stage.post("root").ts, CANCEL).await;
    stage.end().await;
    stage.pass("1 h").await;
    assert_eq!(stage.kinds(), "root managers/1 managers/2 cancelled");
    assert_snapshot!(stage.transcript(), @"
    pager: :rotating_light: @ana reports an incident: https://incident.example/1
        :no_entry_sign: Cancelled by @ana after 6 min: nobody is needed any more. (edited)
        pager: Cancelled by @ana, nobody is needed any more: https://incident.example/1 (edited)
        pager: Cancelled by @ana, nobody is needed any more: https://incident.example/1 (edited)
        pager: :no_entry_sign: @ana has cancelled this incident: nobody is needed any more, thank you.
    ");
}

/// Given Slack's answer to the root message was lost, when the reporter presses "Cancel" on it before the bot knows
/// that it stands, then nobody is asked, and the message is found and says that it is cancelled.
#[tokio::test]
async fn a_cancel_may_come_before_the_bot_knows_its_first_message() {
    let stage = Stage::with(&["ana", "bo"]).await;
    stage.fault(Fault::once("chat.postMessage", FaultKind::HangAfter));
    stage.types("U1", URL).await;
    let root = stage.post("root").ts;
    stage.presses("U1", &root, CANCEL).await;
    stage.pass("10 min").await;
    assert_snapshot!(stage.transcript(), @"
    pager: :rotating_light: @ana reports an incident: https://incident.example/1
        :no_entry_sign: Cancelled by @ana after 0 s: nobody is needed any more. (edited)
        pager: :no_entry_sign: @ana has cancelled this incident: nobody is needed any more, thank you.
    ");
    stage.end().await;
}

/// Given somebody has taken the incident, when the reporter presses a "Cancel" that is still shown, then it is too
/// late, and they are told who is on it.
#[tokio::test]
async fn what_is_taken_cannot_be_cancelled() {
    let stage = Stage::with(&["ana", "bo", "chen"]).await;
    stage.types("U1", URL).await;
    stage.fault(Fault::always("chat.update", FaultKind::Error("edit_window_closed".to_owned())));
    let root = stage.post("root").ts;
    stage.reacts("U3", &root, "eyes").await;
    stage.presses("U1", &root, CANCEL).await;
    assert_snapshot!(stage.last_told("U1"), @"That button is of no use any more: <@U3> is on it already.");
    assert_eq!(stage.kinds(), "root page/1 taken");
    stage.end().await;
}

/// Given "Cancel" reaches us twice, then it is said once.
#[tokio::test]
async fn a_cancel_that_comes_twice_is_said_once() {
    let stage = Stage::with(&["ana", "bo", "chen"]).await;
    stage.types("U1", URL).await;
    let root = stage.post("root").ts;
    stage.slack.with(|world, now| {
        for user in ["U1", "U1", "M1"] {
            world.click(now, user, CHANNEL, &root, CANCEL).unwrap();
        }
    });
    stage.settle().await;
    assert_eq!(stage.kinds(), "root page/1 cancelled");
    assert_eq!(stage.ephemerals("M1").len(), 0);
    stage.end().await;
}

/// Given somebody who was asked answers in the very moment of the cancel, then one of the two holds, and nothing
/// else goes out (P4).
#[tokio::test]
async fn an_answer_in_the_moment_of_the_cancel_changes_nothing_more() {
    let stage = Stage::with(&["ana", "bo", "chen"]).await;
    stage.run_together();
    stage.types("U1", URL).await;
    let (root, page) = (stage.post("root").ts, stage.post("page/1"));
    stage.slack.with(|world, now| {
        world.click(now, "U1", CHANNEL, &root, CANCEL).unwrap();
        world.react(now, &page.asks(), CHANNEL, &page.ts, "eyes").unwrap();
    });
    stage.pass("1 h").await;
    let kinds = stage.kinds();
    assert!(["root page/1 cancelled", "root page/1 taken"].contains(&kinds.as_str()), "{kinds}");
    stage.end().await;
}
