//! "Pass": the person asked moves the hunt on at once; nobody else can.

use insta::assert_snapshot;

use crate::harness::Stage;

/// Given bo is asked, when bo presses "Pass" 20 seconds later, then the next one is asked in the same second,
/// bo's page says so, and bo is not asked again.
#[tokio::test]
async fn the_person_asked_passes_and_the_next_one_is_asked_at_once() {
    let stage = Stage::with(&["ana", "bo", "chen"]).await;
    stage.types("U1", "https://incident.example/1").await;
    let first = stage.post("page/1");
    stage.pass("20 s").await;
    stage.presses(&first.asks(), &first.ts, "pagerslack_pass").await;
    let second = stage.post("page/2");
    assert_eq!(second.at, 20);
    assert_ne!(second.asks(), first.asks());
    assert_snapshot!(stage.transcript(), @"
    pager: :rotating_light: @ana reports an incident: https://incident.example/1
        :hourglass_flowing_sand: Waiting for @bo since 12:00 UTC (attempt 2 of 6).
        React with :eyes: here or in the thread to take it. (edited)  [Cancel]
        pager: @ana passed (asked at 12:00 UTC). (edited)
        pager: @bo can you take this incident? https://incident.example/1
            React with :eyes: or press *I'm on it*. Without an answer within 2 min the next engineer is asked.  [I'm on it] [Pass] [Why me?]
    ");
    stage.pass("119 s").await;
    assert_eq!(stage.kinds(), "root page/1 page/2");
    stage.pass("1 s").await;
    assert_eq!(stage.post("page/3").at, 140);
    stage.pass("2 min").await;
    assert_eq!(stage.kinds(), "root page/1 page/2 page/3 managers/1");
    stage.reacts("M1", &stage.post("root").ts, "eyes").await;
    stage.end().await;
}

/// Given somebody else is asked, when the others, a manager among them, press "Pass", then nothing changes and
/// each is told privately.
#[tokio::test]
async fn nobody_passes_for_another() {
    let stage = Stage::with(&["ana", "bo", "chen"]).await;
    stage.types("U1", "https://incident.example/1").await;
    let page = stage.post("page/1");
    for other in ["U1", "U2", "U3"].into_iter().filter(|user| *user != page.asks()) {
        stage.presses(other, &page.ts, "pagerslack_pass").await;
        insta::allow_duplicates! {
            assert_snapshot!(stage.ephemerals(other).last().unwrap(), @"Only the person asked can pass, and only while they are being asked.");
        }
    }
    assert_eq!(stage.kinds(), "root page/1");
    stage.pass("2 min").await;
    assert_eq!(stage.post("page/2").at, 120);
    // Whoever was asked before cannot pass for the one asked now either.
    let before = stage.ephemerals(&page.asks()).len();
    let second = stage.post("page/2");
    stage.presses(&page.asks(), &second.ts, "pagerslack_pass").await;
    assert_eq!(stage.ephemerals(&page.asks()).len(), before + 1);
    assert_eq!(stage.kinds(), "root page/1 page/2");
    stage.reacts(&second.asks(), &second.ts, "eyes").await;
    stage.end().await;
}

/// Given bo's "Pass" reaches us twice, when the next one has been asked meanwhile, then only one attempt is over.
#[tokio::test]
async fn a_pass_that_comes_twice_passes_once() {
    let stage = Stage::with(&["ana", "bo", "chen"]).await;
    stage.types("U1", "https://incident.example/1").await;
    let page = stage.post("page/1");
    stage.slack.with(|world, now| {
        for _ in 0..2 {
            world.click(now, &page.asks(), "C1", &page.ts, "pagerslack_pass").unwrap();
        }
    });
    stage.settle().await;
    assert_eq!(stage.kinds(), "root page/1 page/2");
    let second = stage.post("page/2");
    stage.reacts(&second.asks(), &second.ts, "eyes").await;
    stage.end().await;
}

/// Given the person asked passed by mistake, when they put 👀 on the page after all, then they have it.
#[tokio::test]
async fn whoever_passed_may_still_take_it() {
    let stage = Stage::with(&["ana", "bo", "chen"]).await;
    stage.types("U1", "https://incident.example/1").await;
    let page = stage.post("page/1");
    stage.presses(&page.asks(), &page.ts, "pagerslack_pass").await;
    stage.reacts(&page.asks(), &page.ts, "eyes").await;
    assert!(stage.post("taken").text.contains(&format!("<@{}> is on it", page.asks())));
    stage.pass("10 min").await;
    assert_eq!(stage.kinds(), "root page/1 page/2 taken");
    stage.end().await;
}
