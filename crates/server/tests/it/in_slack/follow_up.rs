//! The follow-up: asked once, a day later, in the working time of whoever took the incident.

use insta::assert_snapshot;
use jiff::civil::date;
use pagerslack::config::RotationConfig;
use pagerslack_core::Rules;
use pagerslack_core::calendar::{Calendar, DayOff, Scope};
use pagerslack_core::roster::{Entry, Who};

use super::{followed_up, roster, row};
use crate::harness::{Stage, team};

const URL: &str = "https://incident.example/1";
const DONE: &str = "pagerslack_done";
const HOUR: i64 = 3_600;

async fn stage() -> Stage {
    Stage::new(team(&["ana", "bo", "chen", "dara"]), followed_up()).await
}

/// Somebody takes what was just reported.
async fn taken_by(stage: &Stage, user: &str) {
    stage.types("U1", URL).await;
    stage.reacts(user, &stage.post("root").ts, "eyes").await;
}

/// When the question was asked, in hours since the story began.
fn asked_at(stage: &Stage) -> Option<i64> {
    let posts = stage.posts().into_iter().filter(|post| post.kind == "follow-up").collect::<Vec<_>>();
    assert!(posts.len() < 2, "asked once:\n{}", stage.transcript());
    posts.first().map(|post| post.at / HOUR)
}

/// Given ana in Lisbon took it at noon, then the question comes a day later at noon, once, in the thread; and
/// "Done" ends it.
#[tokio::test]
async fn it_is_asked_a_day_later() {
    let stage = stage().await;
    taken_by(&stage, "U1").await;
    stage.pass("23 h 59 m").await;
    assert_eq!(asked_at(&stage), None);
    stage.pass("72 h").await;
    assert_eq!(asked_at(&stage), Some(24));
    assert_snapshot!(stage.transcript(), @"
    pager: :rotating_light: @ana reports an incident: https://incident.example/1
        :white_check_mark: Taken by @ana after 0 s. (edited)  [Hand over]
        :eyes: @ana
        pager: @ana is on it (asked at 12:00 UTC). (edited)
        pager: :white_check_mark: @ana is on it, 0 s after the report.
        pager: :speech_balloon: @ana about https://incident.example/1: How did it go on, and what should others know?
            Press *Done* when nothing is left to do.  [Done]
    ");
    stage.presses("U1", &stage.post("follow-up").ts, DONE).await;
    assert_snapshot!(stage.transcript(), @"
    pager: :rotating_light: @ana reports an incident: https://incident.example/1
        :white_check_mark: Taken by @ana after 0 s.
        :checkered_flag: Closed by @ana, 3 d 23 h after the report. (edited)
        :eyes: @ana
        pager: @ana is on it (asked at 12:00 UTC). (edited)
        pager: :white_check_mark: @ana is on it, 0 s after the report.
        pager: :checkered_flag: @ana says that https://incident.example/1 is done. Thank you all. (edited)
    ");
    stage.end().await;
}

/// Given bo in Tokyo, chen in Denver or dara in Nairobi took it at noon UTC, then each is asked at their own nine
/// o'clock, or at once if they work.
#[tokio::test]
async fn it_waits_for_the_working_time_of_whoever_took_it() {
    for (user, hours) in [("U2", 36), ("U3", 28), ("U4", 24)] {
        let stage = stage().await;
        taken_by(&stage, user).await;
        stage.pass("72 h").await;
        assert_eq!(asked_at(&stage), Some(hours), "{user}");
        stage.end().await;
    }
}

/// Given it was taken on a Friday, then it is asked on Monday.
#[tokio::test]
async fn it_is_not_asked_at_the_weekend() {
    let stage = stage().await;
    stage.pass("72 h").await;
    taken_by(&stage, "U1").await;
    stage.pass("96 h").await;
    // Friday noon, and Monday at nine.
    assert_eq!(asked_at(&stage), Some(72 + 69));
    stage.end().await;
}

/// Given ana has the next two days off and works in the evening, then she is asked on the third evening.
#[tokio::test]
async fn it_waits_for_days_off_and_goes_by_the_hours_of_the_roster() {
    let off = DayOff {
        from: date(2026, 11, 25),
        until: date(2026, 11, 26),
        name: None,
        scope: Scope::Person(Who { user: Some("U1".into()), ..Who::default() }),
        worked: false,
    };
    let ana = Entry { hours: Some("18:00-22:00".parse().unwrap()), ..row("U1") };
    let rules =
        Rules { calendar: Calendar { days: vec![off], public: None }.into(), ..roster([ana, row("U2")]) };
    let stage = Stage::new(team(&["ana", "bo"]), RotationConfig { rules, ..followed_up() }).await;
    taken_by(&stage, "U1").await;
    stage.pass("144 h").await;
    // Friday at six in the evening.
    assert_eq!(asked_at(&stage), Some(72 + 6));
    stage.end().await;
}

/// Given the process starts anew on the day of the question and remembers nobody, then it still waits for the
/// working time of whoever took it.
#[tokio::test]
async fn it_survives_a_restart() {
    let stage = stage().await;
    taken_by(&stage, "U2").await;
    stage.pass("20 h").await;
    let stage = stage.restarted(followed_up()).await;
    stage.pass("60 h").await;
    assert_eq!(asked_at(&stage), Some(36));
    stage.end().await;
}

/// Given ana handed it over to bo, then nothing is asked a day after ana took it, but a day after bo did.
#[tokio::test]
async fn after_a_hand_over_the_new_one_is_asked() {
    let stage = stage().await;
    taken_by(&stage, "U1").await;
    stage.pass("4 h").await;
    let root = stage.post("root").ts;
    stage.presses("U1", &root, "pagerslack_hand_over").await;
    stage.reacts("U4", &root, "eyes").await;
    stage.pass("23 h").await;
    assert_eq!(asked_at(&stage), None);
    stage.pass("72 h").await;
    // Sixteen o'clock UTC is seven in the evening in Nairobi: so nine the next morning.
    assert_eq!(asked_at(&stage), Some(42));
    let mentions = format!("{:?}", stage.post("follow-up").mentions);
    assert!(
        mentions.contains("U1") && mentions.contains("U4"),
        "the reporter and the one who has it: {mentions}"
    );
    stage.end().await;
}

/// Given it was handed over and nobody has it, then nothing is asked.
#[tokio::test]
async fn nothing_is_asked_while_nobody_is_on_it() {
    let stage = stage().await;
    taken_by(&stage, "U1").await;
    let root = stage.post("root").ts;
    stage.presses("U1", &root, "pagerslack_hand_over").await;
    stage.presses("U1", &root, "pagerslack_cancel").await;
    stage.pass("96 h").await;
    assert_eq!(asked_at(&stage), None);
    stage.end().await;
}

/// Given the question stands, when a bystander presses "Done", then they are told who can; the reporter, whoever is
/// on it, and a manager can. A second press is told that it is closed.
#[tokio::test]
async fn the_reporter_the_one_on_it_and_a_manager_close_it() {
    for user in ["U1", "U2", "M1"] {
        let stage = stage().await;
        taken_by(&stage, "U2").await;
        stage.pass("48 h").await;
        let question = stage.post("follow-up").ts;
        stage.presses("U3", &question, DONE).await;
        insta::allow_duplicates! {
            assert_snapshot!(stage.last_told("U3"), @"Only <@U2>, who is on it, <@U1>, who reported it, or an engineering manager can close this incident.");
        }
        stage.slack.with(|world, now| {
            for _ in 0..2 {
                world.click(now, user, "C1", &question, DONE).unwrap();
            }
        });
        stage.settle().await;
        assert_eq!(
            stage.post("follow-up").text,
            format!(":checkered_flag: <@{user}> says that <{URL}> is done. Thank you all.")
        );
        assert!(
            stage.post("root").text.contains(&format!("Closed by <@{user}>")),
            "{}",
            stage.post("root").text
        );
        stage.end().await;
    }
}

/// Given an incident is closed, then it cannot be handed over any more, and its address can be reported anew.
#[tokio::test]
async fn what_is_closed_is_over() {
    let stage = stage().await;
    taken_by(&stage, "U1").await;
    stage.pass("24 h").await;
    let root = stage.post("root").ts;
    stage.fault(
        slack_sim::Fault::once("chat.update", slack_sim::FaultKind::Error("edit_window_closed".to_owned()))
            .times(2),
    );
    stage.presses("U1", &stage.post("follow-up").ts, DONE).await;
    stage.presses("U1", &root, "pagerslack_hand_over").await;
    assert_snapshot!(stage.last_told("U1"), @"That button is of no use any more: <@U1> has closed this incident.");
    assert!(stage.types("U2", URL).await.starts_with("On it"));
    stage.reacts("U2", &stage.roots()[1], "eyes").await;
    stage.pass("96 h").await;
    stage.end().await;
}

/// Given a team asks its own question at its own place, then that is what is asked.
#[tokio::test]
async fn a_team_may_ask_its_own_question() {
    let mut config = followed_up();
    config.follow_up.question = Some("What should <!channel> & others learn?".to_owned());
    config.follow_up.link = Some("https://wiki.example/postmortems".to_owned());
    let stage = Stage::new(team(&["ana", "bo"]), config).await;
    taken_by(&stage, "U1").await;
    stage.pass("24 h").await;
    assert_snapshot!(stage.post("follow-up").text, @"
    :speech_balloon: <@U1> about <https://incident.example/1>: What should &lt;!channel&gt; &amp; others learn? <https://wiki.example/postmortems>
    Press *Done* when nothing is left to do.
    ");
    stage.end().await;
}

/// Given a team that wants no follow-up, then none is asked.
#[tokio::test]
async fn without_the_wish_nothing_is_asked() {
    let stage = Stage::with(&["ana", "bo"]).await;
    taken_by(&stage, "U1").await;
    stage.end().await;
    stage.pass("96 h").await;
    assert_eq!(asked_at(&stage), None);
}
