//! Enterprise Grid: a whole organisation installs the app, and its workspaces are served with one token.

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
