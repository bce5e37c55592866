//! "Hand over": the hunt goes on where it stopped.

use insta::assert_snapshot;
use pagerslack::config::RotationConfig;
use pagerslack::engine::Reply;
use pagerslack_core::MessageRef;
use pagerslack_slack::inbound::{Inbound, Reaction};
use slack_sim::Presence;

use crate::harness::{CHANNEL, Stage, team};

const URL: &str = "https://incident.example/1";
const HAND_OVER: &str = "pagerslack_hand_over";

/// An incident that somebody has taken by a 👀 on their page. Gives who.
async fn taken(stage: &Stage) -> String {
    stage.types("U1", URL).await;
    let page = stage.post("page/1");
    stage.reacts(&page.asks(), &page.ts, "eyes").await;
    page.asks()
}

/// Given bo took an incident after ana had not answered, when bo hands it over, then the third is asked as the
/// next attempt, neither ana nor bo again, and the channel sees the whole course.
#[tokio::test]
async fn whoever_is_on_it_hands_over_and_the_next_one_is_asked() {
    let stage = Stage::with(&["ana", "bo", "chen", "dara"]).await;
    stage.types("U1", URL).await;
    stage.pass("2 min").await;
    let second = stage.post("page/2");
    stage.reacts(&second.asks(), &second.ts, "eyes").await;
    stage.pass("20 min").await;
    stage.presses(&second.asks(), &stage.post("root").ts, HAND_OVER).await;
    assert_eq!(stage.post("page/3").at, 22 * 60);
    assert_snapshot!(stage.transcript(), @"
    pager: :rotating_light: @ana reports an incident: https://incident.example/1
        :hourglass_flowing_sand: Waiting for @dara since 12:22 UTC (attempt 3 of 6).
        React with :eyes: here or in the thread to take it. (edited)  [Cancel]
        pager: @ana did not answer in time (asked at 12:00 UTC). (edited)
        pager: @bo took it, and has handed it over (asked at 12:02 UTC). (edited)
            :eyes: @bo
        pager: :white_check_mark: @bo is on it, 2 min after the report.
        pager: @dara can you take this incident? https://incident.example/1
            React with :eyes: or press *I'm on it*. Without an answer within 2 min the next engineer is asked.  [I'm on it] [Pass] [Why me?]
        pager: :arrows_counterclockwise: @bo is no longer on it and handed it over after 20 min.
    ");
    stage.pass("2 min").await;
    let mut asked = stage.asked();
    asked.sort();
    assert_eq!(asked, ["U1", "U2", "U3", "U4"], "everybody once");
    stage.pass("2 min").await;
    assert_eq!(stage.posts().pop().unwrap().kind, "managers/1");
    stage.reacts("M1", &stage.post("managers/1").ts, "eyes").await;
    stage.end().await;
    assert_snapshot!(stage.transcript(), @"
    pager: :rotating_light: @ana reports an incident: https://incident.example/1
        :white_check_mark: Taken over by @marit, 4 min after @bo was on it. (edited)  [Hand over]
        pager: @ana did not answer in time (asked at 12:00 UTC). (edited)
        pager: @bo took it, and has handed it over (asked at 12:02 UTC). (edited)
            :eyes: @bo
        pager: :white_check_mark: @bo is on it, 2 min after the report.
        pager: @dara did not answer in time (asked at 12:22 UTC). (edited)
        pager: :arrows_counterclockwise: @bo is no longer on it and handed it over after 20 min.
        pager: @chen did not answer in time (asked at 12:24 UTC). (edited)
        pager: @marit is on it: https://incident.example/1 (edited)
            :eyes: @marit
        pager: :white_check_mark: @marit is on it now, 4 min after it was handed over.
    ");
}

/// Given whoever took an incident handed it over, when Slack delivers the event of their 👀 once more, as it may for
/// minutes or with delays for a day, then it is not put back on them and the hunt goes on.
#[tokio::test]
async fn a_reaction_that_is_delivered_again_after_a_hand_over_takes_nothing() {
    let stage = Stage::with(&["ana", "bo", "chen"]).await;
    let first = taken(&stage).await;
    let reacted_at = stage.now();
    stage.pass("1 min").await;
    stage.presses(&first, &stage.post("root").ts, HAND_OVER).await;
    let page = stage.post("page/1");
    let again = Reaction {
        team: "T1".into(),
        user: first.as_str().into(),
        reaction: "eyes".to_owned(),
        message: MessageRef::new(CHANNEL.into(), page.ts.as_str().into()),
        event_id: "Ev0AGAIN".to_owned(),
        at: Some(reacted_at),
    };
    assert_eq!(stage.bot.engine().receive(Inbound::ReactionAdded(again)).await, Reply::Done);
    stage.pass("1 min").await;
    assert_eq!(stage.incident().await.times_taken(), 1);
    let second = stage.post("page/2");
    stage.reacts(&second.asks(), &second.ts, "eyes").await;
    assert_eq!(stage.incident().await.times_taken(), 2);
    stage.end().await;
}

/// Given ana took an incident and handed it over, when nobody answers, then her old 👀 does not take it again at
/// the read-back, however often it is read; once she takes it away and reacts anew, it is hers.
#[tokio::test]
async fn an_old_reaction_does_not_take_it_again_and_a_fresh_one_does() {
    let stage = Stage::with(&["ana", "bo", "chen"]).await;
    let first = taken(&stage).await;
    stage.pass("1 min").await;
    stage.presses(&first, &stage.post("root").ts, HAND_OVER).await;
    stage.pass("4 min").await;
    assert_eq!(stage.kinds(), "root page/1 taken page/2 handed-over/1 page/3 managers/1");
    assert_eq!(stage.incident().await.times_taken(), 1);
    let page = stage.post("page/1");
    stage.slack.with(|world, now| world.unreact(now, &first, CHANNEL, &page.ts, "eyes")).unwrap();
    stage.reacts(&first, &page.ts, "eyes").await;
    assert_eq!(
        stage.post("taken/2").text,
        format!(":white_check_mark: <@{first}> is on it now, 4 min after it was handed over.")
    );
    stage.pass("1 h").await;
    stage.end().await;
}

/// Given a manager and a bystander, when each presses "Hand over", then the bystander is told why not, and the
/// manager takes it off whoever is on it.
#[tokio::test]
async fn a_manager_may_hand_over_and_a_bystander_may_not() {
    let stage = Stage::with(&["ana", "bo", "chen"]).await;
    let first = taken(&stage).await;
    let root = stage.post("root").ts;
    let other = ["U1", "U2"].into_iter().find(|user| *user != first).unwrap();
    stage.presses(other, &root, HAND_OVER).await;
    assert_snapshot!(stage.last_told(other), @"Only <@U1>, who is on it, or an engineering manager can hand this incident over.");
    assert_eq!(stage.kinds(), "root page/1 taken");
    stage.presses("M1", &root, HAND_OVER).await;
    assert_eq!(stage.kinds(), "root page/1 taken page/2 handed-over/1");
    assert_ne!(stage.asked()[1], first);
    stage.reacts(&stage.asked()[1], &root, "eyes").await;
    stage.end().await;
}

/// Given managers by user group alone, when one of them hands over, then Slack is asked who they are; and when
/// Slack does not say, it is asked again before it counts as a no.
#[tokio::test]
async fn a_manager_of_the_group_may_hand_over() {
    let world = team(&["ana", "bo", "chen"]).group("S1", "managers", &["M1"]);
    let rotation = RotationConfig { manager_group: Some("S1".into()), ..RotationConfig::default() };
    let stage = Stage::new(world, rotation).await;
    let first = taken(&stage).await;
    stage.pass("10 min").await;
    stage.fault(slack_sim::Fault::once("usergroups.users.list", slack_sim::FaultKind::Http500).times(3));
    stage.presses("M1", &stage.post("root").ts, HAND_OVER).await;
    stage.pass("30 s").await;
    assert_eq!(stage.kinds(), "root page/1 taken page/2 handed-over/1");
    assert_ne!(stage.asked()[1], first);
    stage.reacts(&stage.asked()[1], &stage.post("root").ts, "eyes").await;
    stage.end().await;
}

/// Given six were asked before somebody took it, when it is handed over, then nobody else is asked and the managers
/// are called, three times from anew.
#[tokio::test]
async fn after_six_attempts_a_hand_over_goes_to_the_managers() {
    let names = ["ana", "bo", "chen", "dara", "eli", "femi", "gita", "hana"];
    let stage = Stage::with(&names).await;
    stage.types("U1", URL).await;
    stage.pass("11 min").await;
    let sixth = stage.post("page/6");
    stage.reacts(&sixth.asks(), &sixth.ts, "eyes").await;
    stage.presses(&sixth.asks(), &stage.post("root").ts, HAND_OVER).await;
    assert_snapshot!(stage.post("managers/1").text, @"
    <@M1> an incident in <#C1> needs an engineer: <https://incident.example/1>
    Reported by <@U1> at <!date^1795521600^{time}|12:00 UTC>. 6 people were asked and nobody took it.
    Please find somebody of your group and say so in the thread; :eyes: or *I'm on it* stops the paging.
    ");
    stage.pass("1 h").await;
    assert!(
        stage.kinds().ends_with("page/6 taken managers/1 handed-over/1 managers/2 managers/3"),
        "{}",
        stage.kinds()
    );
    stage.reacts("M1", &stage.post("root").ts, "eyes").await;
    stage.end().await;
}

/// Given the managers were called three times before one of them took it, when that one hands it over and nobody
/// is left, then they are called three times again.
#[tokio::test]
async fn the_managers_are_called_as_often_again_after_a_hand_over() {
    let stage = Stage::with(&["ana"]).await;
    stage.presence("U1", Presence::Away);
    stage.types("U1", URL).await;
    stage.pass("1 h").await;
    stage.reacts("M1", &stage.post("managers/3").ts, "eyes").await;
    stage.presses("M1", &stage.post("root").ts, HAND_OVER).await;
    stage.pass("1 h").await;
    assert_eq!(
        stage.kinds(),
        "root managers/1 managers/2 managers/3 taken managers/4 handed-over/1 managers/5 managers/6"
    );
    assert!(stage.transcript().contains("3 times now"), "{}", stage.transcript());
    stage.presence("U1", Presence::Active);
    stage.reacts("U1", &stage.post("root").ts, "eyes").await;
    stage.end().await;
}

/// Given the same address was reported anew after it was taken, when the first is handed over, then nothing
/// happens but that whoever pressed is told, for somebody is being looked for already.
#[tokio::test]
async fn what_was_reported_anew_cannot_be_handed_over() {
    let stage = Stage::with(&["ana", "bo", "chen"]).await;
    let first = taken(&stage).await;
    let root = stage.post("root").ts;
    stage.types("U3", URL).await;
    let before = stage.kinds();
    stage.presses(&first, &root, HAND_OVER).await;
    assert_snapshot!(stage.last_told(&first), @"This cannot be handed over: <https://incident.example/1> has been reported again meanwhile, and somebody is being looked for there.");
    assert_eq!(stage.kinds(), before);
    stage.reacts("U3", &stage.roots()[1], "eyes").await;
    // Once that one is taken, too, the first can be handed over.
    stage.presses(&first, &root, HAND_OVER).await;
    assert_eq!(stage.pages().len(), 3);
    stage.reacts("M1", &root, "eyes").await;
    stage.pass("1 min").await;
    stage.end().await;
}

/// Given it was handed over and nobody has taken it since, when the same address is reported again, then the
/// reporter is told that it is open.
#[tokio::test]
async fn what_was_handed_over_is_open_again() {
    let stage = Stage::with(&["ana", "bo", "chen"]).await;
    let first = taken(&stage).await;
    let root = stage.post("root").ts;
    stage.presses(&first, &root, HAND_OVER).await;
    assert_snapshot!(stage.types("U3", URL).await, @"<https://incident.example/1> is open already, and somebody is being looked for. Follow <https://example.slack.com/archives/C1/p1795521600000001|its thread>.");
    let page = stage.post("page/2");
    stage.reacts(&page.asks(), &page.ts, "eyes").await;
    stage.end().await;
}

/// Given "Hand over" reaches us twice at once, then it is handed over once; and when it has moved on, a later
/// press is told so.
#[tokio::test]
async fn a_hand_over_that_comes_twice_happens_once() {
    let stage = Stage::with(&["ana", "bo", "chen"]).await;
    // The button stays although it is of no use any more.
    let first = taken(&stage).await;
    stage.fault(slack_sim::Fault::always(
        "chat.update",
        slack_sim::FaultKind::Error("edit_window_closed".to_owned()),
    ));
    let root = stage.post("root").ts;
    stage.slack.with(|world, now| {
        for _ in 0..2 {
            world.click(now, &first, CHANNEL, &root, HAND_OVER).unwrap();
        }
    });
    stage.settle().await;
    assert_eq!(stage.kinds(), "root page/1 taken page/2 handed-over/1");
    stage.presses(&first, &root, HAND_OVER).await;
    assert_snapshot!(stage.last_told(&first), @"That button is of no use any more: this incident has moved on.");
    stage.reacts(&stage.asked()[1], &root, "eyes").await;
    stage.end().await;
}

/// Given two answered, of whom one handed over, then both have had their turns: the queue ends with them (P5).
#[tokio::test]
async fn a_hand_over_leaves_the_turns_as_they_were() {
    let stage = Stage::with(&["ana", "bo", "chen", "dara"]).await;
    let first = taken(&stage).await;
    stage.presses(&first, &stage.post("root").ts, HAND_OVER).await;
    let page = stage.post("page/2");
    stage.reacts(&page.asks(), &page.ts, "eyes").await;
    let queue = stage.queue().await;
    assert_eq!(queue[queue.len() - 2..], [first, page.asks()]);
    stage.end().await;
}
