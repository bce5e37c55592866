//! Everybody has their turn (P5), also when everything happens at once.

use std::collections::{BTreeMap, BTreeSet};

use pagerslack::config::RotationConfig;
use slack_sim::RateLimits;

use crate::harness::{Stage, team};

fn shares(asked: &[String]) -> Vec<usize> {
    let mut counts: BTreeMap<&String, usize> = BTreeMap::new();
    asked.iter().for_each(|user| *counts.entry(user).or_default() += 1);
    counts.into_values().collect()
}

fn many(count: usize) -> Vec<String> {
    (1..=count).map(|number| format!("person{number}")).collect()
}

async fn channel_of(count: usize) -> Stage {
    let names = many(count);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    Stage::with(&names).await
}

/// Given four engineers who are always online, when twelve incidents come one after the other and whoever is
/// asked takes it, then each is asked three times, and within any four incidents each once.
#[tokio::test]
async fn twelve_incidents_are_three_for_each_of_four() {
    let stage = channel_of(4).await;
    for number in 0..12 {
        stage.types("U1", &format!("https://incident.example/{number}")).await;
        let page = stage.pages().pop().unwrap();
        stage.reacts(&page.asks(), &page.ts, "eyes").await;
        stage.pass("1 h").await;
    }
    let asked = stage.asked();
    assert_eq!(shares(&asked), [3, 3, 3, 3]);
    for window in asked.windows(4) {
        assert_eq!(window.iter().collect::<BTreeSet<_>>().len(), 4, "{window:?}");
    }
    stage.end().await;
}

/// Given the next in the queue volunteers for another's page, then they go to the bottom: the next incidents ask
/// all the others first.
#[tokio::test]
async fn volunteering_counts_as_a_turn() {
    let stage = channel_of(4).await;
    let mut order = Vec::new();
    for number in 0..4 {
        stage.types("U1", &format!("https://incident.example/{number}")).await;
        let page = stage.pages().pop().unwrap();
        order.push(page.asks());
        stage.reacts(&page.asks(), &page.ts, "eyes").await;
        stage.pass("1 h").await;
    }
    stage.types("U1", "https://incident.example/volunteer").await;
    assert_eq!(stage.asked()[4], order[0]);
    let root = stage.roots().pop().unwrap();
    stage.reacts(&order[1], &root, "eyes").await;
    for (number, expected) in [2, 3, 0, 1].into_iter().enumerate() {
        stage.types("U1", &format!("https://incident.example/after/{number}")).await;
        let page = stage.pages().pop().unwrap();
        assert_eq!(page.asks(), order[expected]);
        stage.reacts(&page.asks(), &page.ts, "eyes").await;
        stage.pass("1 h").await;
    }
    stage.end().await;
}

/// Given forty engineers online, when twenty incidents are reported in the same instant, then twenty different
/// people are asked, each once, within what Slack lets a bot post to a channel.
#[tokio::test]
async fn a_burst_of_twenty_asks_twenty_people() {
    let stage = channel_of(40).await;
    stage.slack.with(|world, now| {
        for number in 0..20 {
            let url = format!("https://incident.example/{number}");
            world.slash_command(now, "U1", "C1", "/devoncall", &url).unwrap();
        }
    });
    stage.settle().await;
    stage.pass("100 s").await;
    let asked: BTreeSet<String> = stage.asked().into_iter().collect();
    assert_eq!((stage.pages().len(), asked.len()), (20, 20));
    assert!(stage.pages().iter().all(|page| page.kind == "page/1"));
    for page in stage.pages() {
        stage.reacts(&page.asks(), &page.ts, "eyes").await;
    }
    stage.pass("10 min").await;
    assert_eq!(stage.count("acknowledgements"), 20);
    assert_eq!(stage.pages().len(), 20);
    stage.end().await;
}

/// Given twelve hunts that truly run at the same time, when each looks at the same queue, then no two choose the
/// same person, and nobody is left out before everybody was asked.
#[tokio::test]
async fn hunts_at_the_same_time_never_choose_the_same_person() {
    let rotation = RotationConfig { managers: vec!["M1".into()], ..RotationConfig::default() };
    let names = many(12);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let stage = Stage::new(team(&names), rotation).await;
    stage.slack.with(|world, _| world.set_rate_limits(RateLimits::Off));
    stage.slack.with(|world, now| {
        for number in 0..12 {
            let url = format!("https://incident.example/{number}");
            world.slash_command(now, "U1", "C1", "/devoncall", &url).unwrap();
        }
    });
    stage.run_together();
    stage.settle().await;
    stage.pass("60 s").await;
    let asked: BTreeSet<String> = stage.asked().into_iter().collect();
    assert_eq!((stage.pages().len(), asked.len()), (12, 12));
    for page in stage.pages() {
        stage.slack.with(|world, now| world.react(now, &page.asks(), "C1", &page.ts, "eyes")).unwrap();
    }
    stage.run_together();
    stage.settle().await;
    stage.pass("10 min").await;
    assert_eq!(stage.count("acknowledgements"), 12);
    stage.end().await;
}
