//! "Why me?": three lines for whoever presses it (P7).

use insta::assert_snapshot;
use slack_sim::{Fault, FaultKind, Presence};

use crate::harness::Stage;

const URL: &str = "https://incident.example/1";
const WHY: &str = "pagerslack_why";

/// Given the first in the queue is away, when the one asked presses "Why me?", then they alone read three lines:
/// why them, why not the one before them, what to do now. Pressed twice, it is told twice.
#[tokio::test]
async fn the_person_asked_reads_three_lines() {
    let stage = Stage::with(&["ana", "bo", "chen"]).await;
    let order = stage.order_to_come();
    stage.presence(&order[0], Presence::Away);
    stage.types("U1", URL).await;
    let page = stage.post("page/1");
    assert_eq!(page.asks(), order[1]);
    stage.presses(&order[1], &page.ts, WHY).await;
    let told = stage.last_told(&order[1]);
    assert_eq!(told.lines().count(), 3);
    assert_snapshot!(told, @"
    *Why you?* You stood at number 3 of the queue, where the least recently asked come first (you had had no turn yet), and you were the first who was online and could be disturbed.
    2 were ahead of you: <@U1> away, <@UBOT> a bot.
    React with :eyes: or press *I'm on it* to take it, or *Pass*; without an answer by <!date^1795521720^{time}|12:02 UTC> the next engineer is asked.
    ");
    let before = stage.ephemerals(&order[1]).len();
    stage.presses(&order[1], &page.ts, WHY).await;
    assert_eq!(stage.ephemerals(&order[1]).len(), before + 1);
    assert_eq!(stage.last_told(&order[1]), told);
    assert_eq!(stage.kinds(), "root page/1", "the channel sees nothing of it");
    stage.reacts(&order[1], &page.ts, "eyes").await;
    stage.end().await;
}

/// Given somebody is asked, when somebody else, a manager outside the channel among them, presses the button, then
/// it speaks of the one who was asked.
#[tokio::test]
async fn somebody_else_reads_about_the_person_asked() {
    let stage = Stage::with(&["ana", "bo", "chen"]).await;
    stage.types("U1", URL).await;
    let page = stage.post("page/1");
    let other = ["U1", "U2"].into_iter().find(|user| *user != page.asks()).unwrap();
    stage.presses(other, &page.ts, WHY).await;
    assert_snapshot!(stage.last_told(other), @"
    *Why <@U1>?* They stood at number 1 of the queue, where the least recently asked come first (they had had no turn yet), and they were the first who was online and could be disturbed.
    Nobody was ahead of them.
    You may take it, too, with a :eyes: or *I'm on it*; if <@U1> has not answered by <!date^1795521720^{time}|12:02 UTC> the next engineer is asked.
    ");
    // Slack shows nothing ephemeral to whoever is not in the channel: they are told directly.
    stage.presses("M1", &page.ts, WHY).await;
    assert_eq!(stage.direct_texts("M1"), [stage.last_told(other)]);
    stage.reacts(&page.asks(), &page.ts, "eyes").await;
    stage.end().await;
}

/// Given Slack could not take the buttons off a page that is over, when "Why me?" is pressed there, then it tells
/// of that attempt, and that the page is over; once the incident is taken, who is on it.
#[tokio::test]
async fn an_attempt_that_is_over_is_explained_too() {
    let stage = Stage::with(&["ana", "bo", "chen"]).await;
    stage.fault(Fault::always("chat.update", FaultKind::Error("edit_window_closed".to_owned())));
    stage.types("U1", URL).await;
    stage.pass("2 min").await;
    let (first, second) = (stage.post("page/1"), stage.post("page/2"));
    stage.presses(&first.asks(), &first.ts, WHY).await;
    assert_snapshot!(stage.last_told(&first.asks()), @"
    *Why you?* You stood at number 1 of the queue, where the least recently asked come first (you had had no turn yet), and you were the first who was online and could be disturbed.
    Nobody was ahead of you.
    That page is over; a :eyes: takes the incident nevertheless.
    ");
    stage.presses(&second.asks(), &second.ts, WHY).await;
    assert_snapshot!(stage.last_told(&second.asks()), @"
    *Why you?* You stood at number 1 of the queue, where the least recently asked come first (you had had no turn yet), and you were the first who was online and could be disturbed.
    Nobody was ahead of you.
    React with :eyes: or press *I'm on it* to take it, or *Pass*; without an answer by <!date^1795521840^{time}|12:04 UTC> the next engineer is asked.
    ");
    stage.reacts(&second.asks(), &second.ts, "eyes").await;
    stage.presses(&first.asks(), &first.ts, WHY).await;
    assert_snapshot!(stage.last_told(&first.asks()), @"
    *Why you?* You stood at number 1 of the queue, where the least recently asked come first (you had had no turn yet), and you were the first who was online and could be disturbed.
    Nobody was ahead of you.
    <@U2> is on it: no answer is needed any more.
    ");
    stage.presses(&second.asks(), &second.ts, WHY).await;
    assert_snapshot!(stage.last_told(&second.asks()), @"
    *Why you?* You stood at number 1 of the queue, where the least recently asked come first (you had had no turn yet), and you were the first who was online and could be disturbed.
    Nobody was ahead of you.
    You are on it; *Hand over* on the thread's first message passes it on.
    ");
    stage.end().await;
}

/// Given Slack's answer to the page was lost, when "Why me?" is pressed before the bot knows where the page
/// stands, then it tells of the attempt under way all the same.
#[tokio::test]
async fn a_page_whose_place_is_not_known_yet_is_explained() {
    let stage = Stage::with(&["ana", "bo"]).await;
    stage.fault(Fault::once("chat.postMessage", FaultKind::HangAfter).after(1));
    stage.types("U1", URL).await;
    let page = stage.post("page/1");
    stage.presses(&page.asks(), &page.ts, WHY).await;
    assert!(stage.last_told(&page.asks()).starts_with("*Why you?*"), "{}", stage.last_told(&page.asks()));
    stage.pass("10 s").await;
    stage.reacts(&page.asks(), &page.ts, "eyes").await;
    stage.end().await;
}
