//! Enterprise Grid: a whole organisation installs the app, and its workspaces are served with one token.

use serde_json::json;
use slack_sim::WorldBuilder;

use super::town::{Town, workspace};

fn of_the_organisation(id: &str) -> WorldBuilder {
    workspace(id).enterprise("E1", "Acme Group").app(|app| app.org_install = true)
}

/// Given the organisation has installed it, when somebody of a workspace reports, then that workspace is served, also
/// after a restart; and where Slack wants to know which workspace is meant, it is told.
#[tokio::test]
async fn an_organisations_token_serves_its_workspaces() {
    let town = Town::of(vec![of_the_organisation("T1")]).await;
    let shown = town.install(0).await;
    assert!(shown.text.contains("the organisation Acme Group"), "{}", shown.text);
    assert!(town.types(0, "U1", "https://i.example/1").await.contains("On it"));
    assert!(town.transcript(0).contains("can you take this incident?"), "{}", town.transcript(0));

    let town = town.restart().await;
    town.pass("3 minutes").await;
    assert!(town.transcript(0).contains("(attempt 2 of 6)"), "{}", town.transcript(0));
    let engine = town.bot.engine();
    engine.warm(&"T1".into()).await.unwrap();
    let refused = town.slacks[0].read(|world| {
        let calls = world.calls().iter();
        calls
            .filter(|call| matches!(call.outcome, slack_sim::Outcome::Refused(_)))
            .cloned()
            .collect::<Vec<_>>()
    });
    assert!(refused.is_empty(), "{refused:?}");
    assert_eq!(town.bot.installations().unwrap().teams().await.unwrap(), ["T1".into()]);
}

/// Given one workspace of the organisation has installed it alone, then its own token goes first; and when the
/// organisation's is removed it stays.
#[tokio::test]
async fn a_workspaces_own_installation_stands_beside_the_organisations() {
    let town =
        Town::of(vec![workspace("T1").enterprise("E1", "Acme Group"), of_the_organisation("T2")]).await;
    assert!(town.install(0).await.text.contains("the workspace Acme T1"));
    assert!(town.install(1).await.text.contains("the organisation Acme Group"));
    for which in [0, 1] {
        town.types(which, "U1", "https://i.example/1").await;
        assert!(town.transcript(which).contains("can you take this incident?"), "{which}");
    }
    town.skip("1 minute");
    town.slacks[1].with(|world, now| world.uninstall(now));
    town.settle().await;
    let kept = String::from_utf8_lossy(&town.kept().await).into_owned();
    assert!(kept.contains("team/T1") && !kept.contains("org/E1"), "{kept}");
    town.types(0, "U1", "https://i.example/2").await;
    assert!(town.transcript(0).contains("/2"), "{}", town.transcript(0));
}

/// Given an incident under way, when the organisation takes the app out of that workspace, then it is asked of nothing any
/// more, however long it takes and whatever comes late; and when the app may serve it again, the managers hear of it.
#[tokio::test]
async fn a_workspace_whose_access_is_revoked_is_left_alone_until_it_is_granted() {
    let town = Town::of(vec![of_the_organisation("T1")]).await;
    town.install(0).await;
    assert!(town.types(0, "U1", "https://i.example/1").await.contains("On it"));
    let told = |event: &str| {
        let event = json!({ "type": event, "team_ids": ["T1"] });
        town.slacks[0].with(|world, now| world.send_event(now, event, None));
    };
    // Whoever reported is told that it waits, where they typed: that takes no token.
    let calls =
        || town.slacks[0].read(|world| world.calls().iter().filter(|it| it.method != "response_url").count());
    let installations = town.bot.installations().unwrap();
    let before = town.now();
    town.skip("1 s");
    told("team_access_revoked");
    town.settle().await;
    assert_eq!(installations.teams().await.unwrap(), []);
    let at_first = calls();
    town.pass("10 minutes").await;
    installations.belongs(town.now(), &"T1".into(), "E1", Some(before)).await.unwrap();
    assert_eq!((installations.teams().await.unwrap(), calls()), (vec![], at_first));
    assert!(!town.transcript(0).contains("attempt 2"), "{}", town.transcript(0));

    told("team_access_granted");
    town.pass("3 minutes").await;
    assert_eq!(installations.teams().await.unwrap(), ["T1".into()]);
    let told = town.slacks[0].read(|world| world.dm_of("M1").map(|dm| dm.messages.len()));
    assert_eq!(told, Some(1), "{}", town.transcript(0));
}

/// Given the organisation lets the app serve workspaces of which nothing has come yet, then they are served from then on.
#[tokio::test]
async fn a_workspace_that_is_granted_is_served_before_anything_comes_of_it() {
    let town = Town::of(vec![of_the_organisation("T1")]).await;
    town.install(0).await;
    let installations = town.bot.installations().unwrap();
    assert_eq!(installations.teams().await.unwrap(), []);
    let event = json!({ "type": "team_access_granted", "team_ids": ["T1", "T2"] });
    town.slacks[0].with(|world, now| world.send_event(now, event, None));
    town.settle().await;
    assert_eq!(installations.teams().await.unwrap(), ["T1".into(), "T2".into()]);
}
