//! A 👀 or the button stops the hunt, wherever it is put.

use insta::assert_snapshot;

use crate::harness::Stage;

/// An incident whose first person asked, and the second, have not answered.
async fn second_page(names: &[&str]) -> Stage {
    let stage = Stage::with(names).await;
    stage.types("U1", "https://incident.example/1").await;
    stage.pass("2 min").await;
    assert_eq!(stage.kinds(), "root page/1 page/2");
    stage
}

/// After the acknowledgement: nobody else is called, the thread says who is on it.
async fn taken_by(stage: Stage, user: &str, after: &str, kinds: &str) {
    let taken = stage.post("taken");
    assert!(taken.text.contains(&format!("<@{user}> is on it, {after} after the report")), "{}", taken.text);
    stage.pass("30 min").await;
    assert_eq!(stage.kinds(), kinds);
    let root = stage.post("root");
    assert!(root.text.contains(&format!("Taken by <@{user}> after {after}.")), "{}", root.text);
    assert_eq!(stage.count("acknowledgements"), 1);
    assert!(!stage.transcript().contains("[I'm on it]"), "no button is left:\n{}", stage.transcript());
    stage.end().await;
}

/// Given the second person is being asked, when a third puts 👀 on the root message, then that person has it.
#[tokio::test]
async fn eyes_on_the_root_message() {
    let stage = second_page(&["ana", "bo", "chen"]).await;
    let asked = stage.asked();
    let volunteer =
        ["U1", "U2", "U3"].into_iter().find(|user| !asked.iter().any(|other| other == user)).unwrap();
    stage.pass("15 s").await;
    stage.reacts(volunteer, &stage.post("root").ts, "eyes").await;
    taken_by(stage, volunteer, "2 min 15 s", "root page/1 page/2 taken").await;
}

/// Given the second person is being asked, when they put 👀 on their page, then they have it.
#[tokio::test]
async fn eyes_on_the_page() {
    let stage = second_page(&["ana", "bo", "chen"]).await;
    let page = stage.post("page/2");
    stage.reacts(&page.asks(), &page.ts, "eyes").await;
    taken_by(stage, &page.asks(), "2 min", "root page/1 page/2 taken").await;
}

/// Given the second person is being asked, when the first comes back and puts 👀 on the page that they missed,
/// then they have it all the same.
#[tokio::test]
async fn eyes_on_an_older_page() {
    let stage = second_page(&["ana", "bo", "chen"]).await;
    stage.pass("60 s").await;
    let page = stage.post("page/1");
    stage.reacts(&page.asks(), &page.ts, "eyes").await;
    taken_by(stage, &page.asks(), "3 min", "root page/1 page/2 taken").await;
}

/// Given everybody was asked in vain, when a manager, who is not even in the channel, puts 👀 on the managers'
/// message, then they have it and the paging stops.
#[tokio::test]
async fn eyes_on_the_managers_message() {
    let stage = second_page(&["ana", "bo"]).await;
    stage.pass("2 min").await;
    stage.reacts("M1", &stage.post("managers/1").ts, "eyes").await;
    taken_by(stage, "M1", "4 min", "root page/1 page/2 managers/1 taken").await;
}

/// Given the second person is being asked, when somebody else presses "I'm on it", then they have it; and when
/// another one presses it before Slack has taken it away, they alone read that it is taken.
#[tokio::test]
async fn the_button() {
    let stage = second_page(&["ana", "bo", "chen"]).await;
    let page = stage.post("page/2");
    let late = stage.asked()[0].clone();
    stage.slack.with(|world, now| {
        world.click(now, &page.asks(), "C1", &page.ts, "pagerslack_take").unwrap();
        world.click(now, &late, "C1", &page.ts, "pagerslack_take").unwrap();
        world.click(now, &page.asks(), "C1", &page.ts, "pagerslack_take").unwrap();
    });
    stage.settle().await;
    assert_eq!(
        stage.ephemerals(&late).last().unwrap(),
        &format!("<@{}> is on it already; thank you.", page.asks())
    );
    taken_by(stage, &page.asks(), "2 min", "root page/1 page/2 taken").await;
}

/// Given everybody was asked in vain, when a manager presses the button of the managers' message, they have it.
#[tokio::test]
async fn the_button_of_the_managers_message() {
    let stage = second_page(&["ana", "bo"]).await;
    stage.pass("2 min").await;
    stage.presses("M1", &stage.post("managers/1").ts, "pagerslack_take").await;
    taken_by(stage, "M1", "4 min", "root page/1 page/2 managers/1 taken").await;
}

/// Given an incident was taken, when more 👀 follow on any of its messages, then nothing happens and nobody is
/// told anything.
#[tokio::test]
async fn more_eyes_change_nothing() {
    let stage = second_page(&["ana", "bo", "chen"]).await;
    let root = stage.post("root").ts;
    stage.reacts("U1", &root, "eyes").await;
    let before = stage.transcript();
    stage.reacts("U2", &root, "eyes").await;
    stage.reacts("U3", &stage.post("page/2").ts, "eyes").await;
    stage.pass("10 min").await;
    let without_reactions = |text: &str| {
        text.lines().filter(|line| !line.trim().starts_with(":eyes: ")).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(without_reactions(&stage.transcript()), without_reactions(&before));
    assert_snapshot!(stage.kinds(), @"root page/1 page/2 taken");
    stage.end().await;
}
