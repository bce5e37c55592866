//! Slack does not let the bot write or see: the reporter is told what to do, and nothing is dropped.

use insta::assert_snapshot;
use pagerslack::config::RotationConfig;
use slack_sim::{Fault, FaultKind, World};

use crate::harness::{Stage, team};

fn with_manager() -> RotationConfig {
    RotationConfig { managers: vec!["M1".into()], ..RotationConfig::default() }
}

async fn reported(stage: &Stage) -> String {
    let told = stage.types("U1", "https://incident.example/1 database down").await;
    assert!(told.starts_with("On it"), "{told}");
    stage.ephemerals("U1").last().unwrap().clone()
}

/// From here on everything goes its way: the root, the page, the answer.
async fn goes_on(stage: Stage) {
    stage.pass("10 s").await;
    assert_eq!(stage.kinds(), "root page/1");
    let page = stage.post("page/1");
    assert!((60..=70).contains(&page.at), "{}", page.at);
    stage.pass("110 s").await;
    stage.reacts(&page.asks(), &page.ts, "eyes").await;
    stage.pass("2 h").await;
    assert_eq!(stage.kinds(), "root page/1 taken");
    assert_eq!(stage.direct_texts("M1"), Vec::<String>::new());
    stage.end().await;
}

/// Given the bot is not in the public channel, when ana reports, then ana alone is told to invite it, and when she
/// does a minute later the hunt goes on by itself.
#[tokio::test]
async fn not_in_a_public_channel_until_invited() {
    let stage = Stage::new(team(&["ana", "bo"]).without_bot(), with_manager()).await;
    assert_snapshot!(reported(&stage).await, @":warning: I am not in <#C1>: type `/invite @pagerslack` there and I start at once (`not_in_channel`). Your report is kept; if I still cannot write 2 min after it, the engineering managers are told directly.");
    assert_eq!(stage.ephemerals("U1").len(), 2);
    stage.pass("60 s").await;
    assert_eq!(stage.ephemerals("U1").len(), 2, "said once");
    stage.slack.with(|world, now| world.invite_bot(now, "U1", "C1")).unwrap();
    goes_on(stage).await;
}

/// The same in a private channel, of which the bot cannot even see the members.
#[tokio::test]
async fn not_in_a_private_channel_until_invited() {
    let mut world =
        World::builder().team("T1").command("/devoncall", "").person("M1", "marit", "Europe/Oslo");
    world = world.private_channel("C1", "dev-secret").person("U1", "ana", "Asia/Tokyo").person(
        "U2",
        "bo",
        "Asia/Tokyo",
    );
    let stage = Stage::new(world.without_bot(), with_manager()).await;
    assert_snapshot!(reported(&stage).await, @":warning: I am not in <#C1>: type `/invite @pagerslack` there and I start at once (`channel_not_found`). Your report is kept; if I still cannot write 2 min after it, the engineering managers are told directly.");
    stage.pass("60 s").await;
    stage.slack.with(|world, now| world.invite_bot(now, "U1", "C1")).unwrap();
    goes_on(stage).await;
}

/// Given nobody invites the bot, when two minutes have passed, then the managers are told in direct messages,
/// three times, and one of them can take it there.
#[tokio::test]
async fn never_invited() {
    for private in [false, true] {
        let mut world =
            World::builder().team("T1").command("/devoncall", "").person("M1", "marit", "Europe/Oslo");
        world = if private { world.private_channel("C1", "dev") } else { world.channel("C1", "dev") };
        world = world.person("U1", "ana", "Asia/Tokyo").person("U2", "bo", "Asia/Tokyo").without_bot();
        let stage = Stage::new(world, with_manager()).await;
        reported(&stage).await;
        stage.pass("119 s").await;
        assert_eq!(stage.direct_texts("M1"), Vec::<String>::new());
        stage.pass("1 s").await;
        // A private channel does not even exist for the bot.
        let code = if private { "channel_not_found" } else { "not_in_channel" };
        let told = stage.direct_texts("M1").join("\n").replace(code, "…");
        insta::allow_duplicates! { assert_snapshot!(told, @r"
        An incident in <#C1> needs an engineer: <https://incident.example/1>
        >database down
        Reported by <@U1> at <!date^1795521600^{time}|12:00 UTC>. Slack does not let me write in the channel (…).
        Please find somebody of your group; :eyes: here or *I'm on it* stops the paging.
        "); }
        stage.pass("10 min").await;
        assert_eq!(stage.direct_texts("M1").len(), 3);
        let posts = stage.posts_in("DM1");
        assert_eq!(posts.iter().map(|post| post.at).collect::<Vec<_>>(), [120, 420, 720]);
        stage.reacts_in("DM1", "M1", &posts[1].ts, "eyes").await;
        assert_eq!(stage.count("acknowledgements"), 1);
        stage.pass("2 h").await;
        assert_eq!(stage.direct_texts("M1").len(), 3);
        let told = stage.ephemerals("U1").join("\n").replace(code, "…");
        insta::allow_duplicates! { assert_snapshot!(told, @r"
        On it: looking for an engineer for <https://incident.example/1>. Follow the thread in this channel.
        :warning: I am not in <#C1>: type `/invite @pagerslack` there and I start at once (`…`). Your report is kept; if I still cannot write 2 min after it, the engineering managers are told directly.
        "); }
        stage.end().await;
    }
}

/// Given nobody invites the bot in time and the managers have been told, when it is invited after all, then the
/// channel learns how things stand.
#[tokio::test]
async fn invited_too_late() {
    let stage = Stage::new(team(&["ana", "bo"]).without_bot(), with_manager()).await;
    reported(&stage).await;
    stage.pass("4 min").await;
    stage.slack.with(|world, now| world.invite_bot(now, "U1", "C1")).unwrap();
    stage.pass("10 s").await;
    assert_snapshot!(stage.transcript(), @"
    pager: :rotating_light: @ana reports an incident: https://incident.example/1
        >database down
        :mega: Slack did not take the bot's messages: the engineering managers have been paged directly.
        React with :eyes: here or in the thread to take it. (edited)  [Cancel]
    ");
    stage.reacts("U2", &stage.post("root").ts, "eyes").await;
    stage.pass("2 h").await;
    assert_eq!(stage.count("acknowledgements"), 1);
    stage.end().await;
}

/// Given neither bot in the channel nor a manager configured, then the reporter is told at once that nobody can
/// be told instead, and in the end that nobody was.
#[tokio::test]
async fn never_invited_and_no_managers() {
    let stage = Stage::new(team(&["ana", "bo"]).without_bot(), RotationConfig::default()).await;
    reported(&stage).await;
    stage.pass("2 h").await;
    assert_snapshot!(stage.ephemerals("U1").join("\n"), @r"
    On it: looking for an engineer for <https://incident.example/1>. Follow the thread in this channel.
    :warning: I am not in <#C1>: type `/invite @pagerslack` there and I start at once (`not_in_channel`). Your report is kept, but no engineering manager can be told instead: please find somebody by hand meanwhile.
    :warning: *Nobody has been paged* for <https://incident.example/1>, and no engineering manager could be told either: please find somebody by hand. I am not in <#C1>: type `/invite @pagerslack` there and I start at once (`not_in_channel`).
    ");
    stage.end_open().await;
}

/// Given the channel is archived right after ana typed, then she is told to use another, and the managers are told.
#[tokio::test]
async fn an_archived_channel() {
    let stage = Stage::new(team(&["ana", "bo"]), with_manager()).await;
    stage.slack.with(|world, now| {
        world.slash_command(now, "U1", "C1", "/devoncall", "https://incident.example/1").unwrap();
        world.archive("C1").unwrap();
    });
    stage.settle().await;
    assert_snapshot!(stage.ephemerals("U1").join("\n"), @r"
    On it: looking for an engineer for <https://incident.example/1>. Follow the thread in this channel.
    :warning: <#C1> is archived: report the incident in another channel (`is_archived`). Your report is kept; if I still cannot write 2 min after it, the engineering managers are told directly.
    ");
    stage.pass("2 min").await;
    assert_eq!(stage.direct_texts("M1").len(), 1);
    let post = stage.posts_in("DM1").remove(0);
    stage.reacts_in("DM1", "M1", &post.ts, "eyes").await;
    stage.pass("2 h").await;
    stage.end().await;
}

/// Given the token was revoked, when ana reports, then she is told whom to ask; and when the app is installed
/// again within the minute, the hunt goes on by itself.
#[tokio::test]
async fn a_revoked_token_until_it_is_restored() {
    let stage = Stage::new(team(&["ana", "bo"]), with_manager()).await;
    stage.slack.with(|world, now| world.revoke_tokens(now));
    assert_snapshot!(reported(&stage).await, @":warning: Slack no longer accepts my token: ask an administrator to install PagerSlack again (`token_revoked`). Your report is kept; if I still cannot write 2 min after it, the engineering managers are told directly.");
    stage.pass("60 s").await;
    stage.slack.with(|world, _| world.restore_tokens());
    goes_on(stage).await;
}

/// Given the token stays revoked, then not even the managers can be told, and ana is told just that.
#[tokio::test]
async fn a_revoked_token_that_stays_revoked() {
    let stage = Stage::new(team(&["ana", "bo"]), with_manager()).await;
    stage.slack.with(|world, now| world.revoke_tokens(now));
    reported(&stage).await;
    stage.pass("25 h").await;
    assert_snapshot!(stage.ephemerals("U1").join("\n"), @r"
    On it: looking for an engineer for <https://incident.example/1>. Follow the thread in this channel.
    :warning: Slack no longer accepts my token: ask an administrator to install PagerSlack again (`token_revoked`). Your report is kept; if I still cannot write 2 min after it, the engineering managers are told directly.
    :warning: *Nobody has been paged* for <https://incident.example/1>, and no engineering manager could be told either: please find somebody by hand. Slack no longer accepts my token: ask an administrator to install PagerSlack again (`token_revoked`).
    :warning: *Nobody has been paged* for <https://incident.example/1>, and no engineering manager could be told either: please find somebody by hand. Slack no longer accepts my token: ask an administrator to install PagerSlack again (`token_revoked`).
    :warning: *Nobody has been paged* for <https://incident.example/1>, and no engineering manager could be told either: please find somebody by hand. Slack no longer accepts my token: ask an administrator to install PagerSlack again (`token_revoked`).
    ");
    stage.end_open().await;
}

/// Given the token is revoked until long after the managers should have been told, when it is good again, then they are
/// told within a minute (P6).
#[tokio::test]
async fn a_revoked_token_that_comes_back_late() {
    let stage = Stage::new(team(&["ana", "bo"]), with_manager()).await;
    stage.slack.with(|world, now| world.revoke_tokens(now));
    reported(&stage).await;
    stage.pass("40 min").await;
    stage.slack.with(|world, _| world.restore_tokens());
    stage.pass("61 s").await;
    let told = stage.slack.read(|world| world.dm_of("M1").map_or(0, |channel| channel.messages.len()));
    assert_eq!(told, 1, "{}", stage.transcript());
    stage.reacts("M1", &stage.roots()[0], "eyes").await;
    stage.pass("10 min").await;
    stage.end().await;
}

/// Given one permission is missing at a time, when ana reports, then she reads which one, whom to ask, and what
/// follows; and somebody is asked or the managers are called all the same where the token allows it.
#[tokio::test]
async fn a_missing_permission_is_named() {
    let mut told = String::new();
    for scope in ["chat:write", "users:read", "dnd:read", "channels:read", "channels:history"] {
        let stage = Stage::new(team(&["ana", "bo"]), with_manager()).await;
        stage.slack.with(|world, _| world.app_mut().scopes.remove(scope));
        if scope == "channels:history" {
            stage.fault(Fault::once("chat.postMessage", FaultKind::HangBefore));
        }
        reported(&stage).await;
        stage.pass("150 s").await;
        assert!(!stage.asked().contains(&"UBOT".to_owned()), "the bot does not ask itself");
        told.push_str(&format!("{scope}: {}\n", stage.kinds()));
        for text in &stage.ephemerals("U1")[1..] {
            told.push_str(&format!("    {text}\n"));
        }
        stage.slack.with(|world, _| world.app_mut().scopes.insert(scope.to_owned()));
        stage.pass("10 s").await;
        stage.reacts("M1", &stage.post("root").ts, "eyes").await;
        stage.pass("2 h").await;
        assert_eq!(stage.count("acknowledgements"), 1, "{scope}");
        stage.end().await;
    }
    assert_snapshot!(told, @r"
    chat:write: 
        :warning: I lack the permission `chat:write`: ask an administrator to install PagerSlack again with it (`missing_scope`). Your report is kept; if I still cannot write 2 min after it, the engineering managers are told directly.
        :warning: *Nobody has been paged* for <https://incident.example/1>, and no engineering manager could be told either: please find somebody by hand. I lack the permission `chat:write`: ask an administrator to install PagerSlack again with it (`missing_scope`).
    users:read: root page/1 page/2
        :warning: I lack the permission `users:read`: ask an administrator to install PagerSlack again with it (`missing_scope`). Until then I cannot tell who is available, so I ask people, or the engineering managers, without knowing.
    dnd:read: root page/1 page/2
        :warning: I lack the permission `dnd:read`: ask an administrator to install PagerSlack again with it (`missing_scope`). Until then I cannot tell who is available, so I ask people, or the engineering managers, without knowing.
    channels:read: root managers/1
        :warning: I lack the permission `channels:read`: ask an administrator to install PagerSlack again with it (`missing_scope`). Until then I cannot tell who is available, so I ask people, or the engineering managers, without knowing.
    channels:history: root page/1 page/2
        :warning: I lack the permission `channels:history`: ask an administrator to install PagerSlack again with it (`missing_scope`). Until then I cannot see whether a message of mine has arrived, and may send it twice.
    ");
}

/// Given the permission to write is given back within a minute, then the hunt goes on by itself.
#[tokio::test]
async fn the_permission_to_write_is_given_back() {
    let stage = Stage::new(team(&["ana", "bo"]), with_manager()).await;
    stage.slack.with(|world, _| world.app_mut().scopes.remove("chat:write"));
    reported(&stage).await;
    stage.pass("60 s").await;
    stage.slack.with(|world, _| world.app_mut().scopes.insert("chat:write".to_owned()));
    goes_on(stage).await;
}

/// Given the bot is thrown out of the channel while somebody is being asked and does not answer, then the managers
/// are told directly and the reporter reads why.
#[tokio::test]
async fn thrown_out_while_hunting() {
    let stage = Stage::new(team(&["ana", "bo", "chen"]), with_manager()).await;
    reported(&stage).await;
    stage.slack.with(|world, now| world.kick_bot(now, "C1")).unwrap();
    stage.pass("150 s").await;
    assert_eq!(stage.direct_texts("M1").len(), 1);
    assert_snapshot!(stage.ephemerals("U1").join("\n"), @r"
    On it: looking for an engineer for <https://incident.example/1>. Follow the thread in this channel.
    :warning: I am not in <#C1>: type `/invite @pagerslack` there and I start at once (`not_in_channel`). The engineering managers have been told of <https://incident.example/1> directly.
    ");
    let post = stage.posts_in("DM1").remove(0);
    stage.reacts_in("DM1", "M1", &post.ts, "eyes").await;
    stage.pass("2 h").await;
    stage.end().await;
}

/// Given one of two managers has left the company, when the bot cannot write in the channel, then the other one
/// is told, and the reporter is not told that nobody was.
#[tokio::test]
async fn one_manager_cannot_be_reached() {
    let world = World::builder()
        .team("T1")
        .command("/devoncall", "")
        .person("M1", "marit", "Europe/Oslo")
        .person("M2", "mika", "Asia/Tokyo")
        .with_user("M2", |user| user.deleted = true)
        .channel("C1", "dev")
        .without_bot()
        .person("U1", "ana", "Asia/Tokyo");
    let rotation = RotationConfig { managers: vec!["M2".into(), "M1".into()], ..RotationConfig::default() };
    let stage = Stage::new(world, rotation).await;
    reported(&stage).await;
    stage.pass("3 min").await;
    assert_eq!(stage.direct_texts("M1").len(), 1);
    assert!(
        !stage.ephemerals("U1").join("\n").contains("Nobody has been paged"),
        "{:?}",
        stage.ephemerals("U1")
    );
    let post = stage.posts_in("DM1").remove(0);
    stage.reacts_in("DM1", "M1", &post.ts, "eyes").await;
    stage.pass("2 h").await;
    stage.end().await;
}
