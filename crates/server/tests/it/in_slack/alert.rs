//! What those who keep the bot must see to reaches them in Slack, too.

use pagerslack::config::{RotationConfig, Settings};
use slack_sim::{Fault, FaultKind};

use crate::harness::{Stage, team};

async fn kept_by(admin: Option<&str>) -> Stage {
    let settings = Settings { admin: admin.map(str::to_owned), ..RotationConfig::default().into() };
    Stage::new(team(&["ana", "bo"]).channel("C7", "keepers"), settings).await
}

async fn alerted(stage: &Stage, text: &str) {
    stage.bot.engine().alert(&"T1".into(), text.to_owned()).await.unwrap();
    stage.settle().await;
}

/// Given the admin is a person, then they are told directly, in plain text that mentions nobody.
#[tokio::test]
async fn a_person_is_told_directly() {
    let stage = kept_by(Some("U2")).await;
    alerted(&stage, "oncall.csv, line 3: <!channel> is no role & *nobody* knows it").await;
    assert_eq!(
        stage.direct_texts("U2"),
        ["oncall.csv, line 3: &lt;!channel&gt; is no role &amp; *nobody* knows it"]
    );
    let mentions = stage.slack.read(|world| world.dm_of("U2").unwrap().messages[0].mentions.clone());
    assert_eq!(mentions, []);
    stage.end().await;
}

/// Given the admin is a channel, then it is told there.
#[tokio::test]
async fn a_channel_is_told() {
    let stage = kept_by(Some("C7")).await;
    alerted(&stage, "the roster cannot be read").await;
    stage.pass("1 min").await;
    alerted(&stage, "the holidays cannot be read").await;
    let told = stage.slack.read(|world| world.transcript("C7"));
    insta::assert_snapshot!(told, @"
    pager: the roster cannot be read
    pager: the holidays cannot be read
    ");
    stage.end().await;
}

/// Given nobody is named, then nothing is posted and nothing is left to do.
#[tokio::test]
async fn without_an_admin_the_log_is_all() {
    let stage = kept_by(None).await;
    alerted(&stage, "the roster cannot be read").await;
    assert_eq!(stage.slack.read(|world| world.count_calls("chat.postMessage")), 0);
    stage.end().await;
}

/// Given Slack's answer is lost, then it is not told twice; and given the channel is unknown, nothing is left to do.
#[tokio::test]
async fn it_is_told_once_or_given_up() {
    let stage = kept_by(Some("U2")).await;
    stage.fault(Fault::once("chat.postMessage", FaultKind::HangAfter));
    alerted(&stage, "the roster cannot be read").await;
    stage.pass("1 min").await;
    assert_eq!(stage.direct_texts("U2").len(), 1);
    stage.end().await;

    let stage = kept_by(Some("C404")).await;
    alerted(&stage, "the roster cannot be read").await;
    stage.pass("10 min").await;
    stage.end().await;
}
