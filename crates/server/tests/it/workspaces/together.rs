//! Two workspaces in which everything has the same ids: channel, people, incidents.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use pagerslack::engine::Driver;
use pagerslack_core::{Command, Policy, Recorded, Report, RotationId, apply, decide, plan};
use pagerslack_slack::ground::Tokio;
use pagerslack_store::{Commit, IncidentIndex, Store};
use slack_sim::{Fault, FaultKind, Presence};
use tokio_util::sync::CancellationToken;

use super::town::{Town, workspace};
use crate::harness::CHANNEL;

async fn both() -> Town {
    let town = Town::of(vec![workspace("T1"), workspace("T2")]).await;
    assert_eq!((town.install(0).await.status, town.install(1).await.status), (200, 200));
    town
}

/// The first page of a workspace: its `ts`, and whom it asks.
fn page(town: &Town, which: usize) -> Option<(String, String)> {
    town.slacks[which].read(|world| {
        let messages = world.messages(CHANNEL);
        let page = messages.iter().find(|m| m.text.contains("can you take this incident?"))?;
        let asked = page.text.split("<@").nth(1)?.split('>').next()?;
        Some((page.ts.clone(), asked.to_owned()))
    })
}

/// Given the same person of the same channel reports the same address in both, then each has a page of its own; a 👀 in
/// one takes nothing in the other, and neither reads a word of the other.
#[tokio::test]
async fn neither_notices_the_other() {
    let town = both().await;
    // Only ana is there in the first, only ben in the second.
    town.slacks[0].with(|world, _| world.set_presence("U2", Presence::Away)).unwrap();
    town.slacks[1].with(|world, _| world.set_presence("U1", Presence::Away)).unwrap();
    for (which, note) in [(0, "one"), (1, "two")] {
        let said = town.types(which, "M1", &format!("https://i.example/1 it is {note}")).await;
        assert!(said.contains("On it"), "{said}");
    }
    let (first, second) = (page(&town, 0).unwrap(), page(&town, 1).unwrap());
    assert_eq!((first.1.as_str(), second.1.as_str()), ("U1", "U2"), "presence of its own");
    assert_eq!(first.0, second.0, "even the messages have the same ts");
    assert!(!town.transcript(0).contains("it is two") && !town.transcript(1).contains("it is one"));

    town.slacks[0].with(|world, now| world.react(now, "U1", CHANNEL, &first.0, "eyes")).unwrap();
    town.settle().await;
    assert!(town.transcript(0).contains("is on it"), "{}", town.transcript(0));
    assert!(!town.transcript(1).contains("is on it"), "{}", town.transcript(1));

    let said = town.types(1, "M1", "status").await;
    assert!(said.contains("<@U2>") && !said.contains("<@U1>"), "{said}");
    // The queue of one knows nothing of the turns of the other.
    for team in ["T1", "T2"] {
        let queue = town.store.queue(&RotationId::new(team.into(), CHANNEL.into())).await.unwrap();
        let turned: Vec<_> = queue.places().iter().filter(|it| it.turned_at.is_some()).collect();
        assert_eq!(turned.len(), 1, "{team}: {turned:?}");
    }
    town.pass("5 minutes").await;
    let paged = "the engineering managers have been paged";
    assert!(town.transcript(1).contains(paged), "{}", town.transcript(1));
    assert!(!town.transcript(0).contains(paged), "{}", town.transcript(0));
}

/// Given an incident of the same id in both, then both are paged: jobs, sends and messages are told apart.
#[tokio::test]
async fn incidents_of_the_same_id_are_two() {
    let town = both().await;
    for team in ["T1", "T2"] {
        let report = Report {
            incident: "SAME".into(),
            rotation: RotationId::new(team.into(), CHANNEL.into()),
            url: "https://i.example/1".to_owned(),
            note: String::new(),
            reporter: "U1".into(),
            machine: None,
            first: None,
            response_url: None,
        };
        let (policy, now) = (Policy::default(), town.now());
        let mut commit = Commit::new(team.into(), "SAME".into(), 0);
        let mut state = None;
        for (seq, event) in (1..).zip(decide(None, &Command::Report(report.clone()), &policy, now)) {
            let recorded = Recorded { seq, at: now, event };
            state = apply(state, &recorded);
            commit.add.extend(plan(&recorded, state.as_ref().unwrap(), &policy).add);
            commit.events.push(recorded);
        }
        commit.index = Some(IncidentIndex { rotation: report.rotation, url: report.url, open: true });
        town.store.commit(commit).await.unwrap();
    }
    // Where the first is posted nobody answers in time, so that it is looked for; the second is not.
    town.slacks[0].with(|world, _| world.inject(Fault::once("chat.postMessage", FaultKind::HangAfter)));
    town.pass("30 seconds").await;
    for which in [0, 1] {
        assert!(page(&town, which).is_some(), "{which}: {}", town.transcript(which));
        assert_eq!(town.transcript(which).matches("reports an incident").count(), 1);
    }
}

/// Given a workspace has hundreds of incidents, and its Slack hangs so that each job keeps its place, then a report of the
/// other is paged all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_workspace_whose_slack_hangs_keeps_no_other_waiting() {
    let town = both().await;
    town.hanging.store(0, Ordering::SeqCst);
    let report = |which: usize, number: usize| {
        let url = format!("https://i.example/{number}");
        town.slacks[which]
            .with(|world, now| world.slash_command(now, "M1", CHANNEL, "/devoncall", &url))
            .unwrap();
    };
    for number in 0..300 {
        report(0, number);
    }
    town.deliver(0).await;
    let stop = CancellationToken::new();
    let driver = Driver::new(Arc::clone(town.bot.engine()), Arc::new(Tokio::new())).sharing();
    let running = tokio::spawn(driver.run(stop.clone()));
    let mut changes = town.slacks[1].changes();
    report(1, 1);
    town.deliver(1).await;
    let paged = async {
        while page(&town, 1).is_none() {
            changes.changed().await.unwrap();
        }
    };
    let paged = tokio::time::timeout(Duration::from_secs(20), paged).await;
    assert!(paged.is_ok(), "{}", town.transcript(1));
    assert!(page(&town, 0).is_none());
    running.abort();
}

/// Given the app is removed from one workspace, then the other goes on; installed again, it works as before.
#[tokio::test]
async fn a_workspace_that_removes_the_app_takes_nothing_from_the_other() {
    let town = both().await;
    town.skip("1 minute");
    town.slacks[0].with(|world, now| world.uninstall(now));
    town.settle().await;
    let kept = String::from_utf8_lossy(&town.kept().await).into_owned();
    assert!(!kept.contains("team/T1") && kept.contains("team/T2"), "its token is forgotten");
    town.types(1, "U1", "https://i.example/2").await;
    assert!(page(&town, 1).is_some(), "{}", town.transcript(1));
    town.types(0, "U1", "https://i.example/1").await;
    assert!(page(&town, 0).is_none(), "{}", town.transcript(0));

    town.skip("1 minute");
    assert!(town.install(0).await.text.contains("PagerSlack is installed"));
    town.pass("2 minutes").await;
    assert!(page(&town, 0).is_some(), "what was reported meanwhile is not lost: {}", town.transcript(0));
}

/// Given Slack says that tokens were revoked, and not which, then ours is not thrown away: it may be good yet.
#[tokio::test]
async fn a_token_is_not_thrown_away_for_another() {
    let town = both().await;
    town.skip("1 minute");
    town.slacks[0].with(|world, now| world.revoke_tokens(now));
    town.slacks[0].with(|world, _| world.restore_tokens());
    town.types(0, "U1", "https://i.example/1").await;
    assert!(page(&town, 0).is_some(), "{}", town.transcript(0));
}

/// Given the news that the app was removed come late, after it was installed again, then they are not meant.
#[tokio::test]
async fn late_news_remove_nothing() {
    let town = both().await;
    town.slacks[0].with(|world, _| {
        world.inject(Fault::once("app_uninstalled", FaultKind::Delay("90s".parse().unwrap())))
    });
    town.slacks[0].with(|world, _| {
        world.inject(Fault::once("tokens_revoked", FaultKind::Delay("90s".parse().unwrap())))
    });
    town.slacks[0].with(|world, now| world.uninstall(now));
    town.skip("10 seconds");
    assert!(town.install(0).await.text.contains("installed again"));
    town.pass("5 minutes").await;
    town.types(0, "U1", "https://i.example/1").await;
    assert!(page(&town, 0).is_some(), "{}", town.transcript(0));
}
