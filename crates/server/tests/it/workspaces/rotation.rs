//! Tokens that end: replaced in time, once, whatever crashes.

use std::sync::atomic::Ordering;

use jiff::SignedDuration;
use pagerslack_store::Records;

use super::town::{Town, workspace};

async fn town() -> Town {
    let town = Town::of(vec![workspace("T1").app(|app| app.token_rotation = true)]).await;
    assert_eq!(town.install(0).await.status, 200);
    town
}

fn asked(town: &Town) -> usize {
    town.slacks[0].read(|world| world.count_calls("oauth.v2.access"))
}

/// How often a call of a bot was refused for its token.
fn refused(town: &Town) -> usize {
    town.slacks[0].read(|world| {
        let refusals = world.calls().iter().filter_map(|call| match &call.outcome {
            slack_sim::Outcome::Refused(error) => Some(error.clone()),
            _ => None,
        });
        refusals.filter(|error| error.starts_with("token_") || error == "not_authed").count()
    })
}

async fn round(town: &Town) {
    town.bot.installations().unwrap().round(town.now()).await;
}

async fn works(town: &Town, number: u32) {
    town.types(0, "U1", &format!("https://i.example/{number}")).await;
    assert!(town.transcript(0).contains(&format!("/{number}")), "{}", town.transcript(0));
    assert_eq!(
        town.transcript(0).matches("can you take this incident?").count(),
        1,
        "{}",
        town.transcript(0)
    );
}

/// Given a token of twelve hours, then it is left alone for ten, and replaced in the last two, without a call refused.
#[tokio::test]
async fn a_token_is_replaced_before_it_ends() {
    let town = town().await;
    town.skip("9h 59m");
    round(&town).await;
    assert_eq!(asked(&town), 1, "only installed");
    town.skip("2m");
    round(&town).await;
    round(&town).await;
    assert_eq!(asked(&town), 2, "replaced once");
    town.skip("8h");
    works(&town, 1).await;
    assert_eq!(refused(&town), 0);
}

/// Given nobody replaced it in time, since the process was off, then the first call does.
#[tokio::test]
async fn a_token_that_has_ended_is_replaced_by_whoever_needs_it() {
    let town = town().await.restart().await;
    town.skip("13h");
    works(&town, 1).await;
    assert_eq!((asked(&town), refused(&town)), (2, 0));
}

/// Given Slack ends a token before its time, then the refusal brings the next, and the report is paged.
#[tokio::test]
async fn a_token_that_slack_ends_early_is_replaced() {
    let town = town().await;
    town.slacks[0].with(|world, now| world.expire_tokens(now));
    town.types(0, "U1", "https://i.example/1").await;
    town.pass("10 seconds").await;
    assert!(town.transcript(0).contains("can you take this incident?"), "{}", town.transcript(0));
    assert_eq!(asked(&town), 2);
}

/// Given two replicas that find the token old at the same moment, then one asks and both go on with what it got.
#[tokio::test]
async fn one_refreshes_at_a_time() {
    let town = town().await;
    town.skip("11h");
    let installations = town.bot.installations().unwrap();
    let rounds = (0..8).map(|_| installations.round(town.now()));
    futures_util::future::join_all(rounds).await;
    assert_eq!(asked(&town), 2);
}

/// Given the process dies after Slack has answered and before the answer is kept, then the next one asks again with the
/// old refresh token, which is taken for a short time yet.
#[tokio::test]
async fn a_crash_between_slacks_answer_and_the_store_is_survived() {
    let town = town().await;
    town.skip("11h");
    town.answers.store(0, Ordering::SeqCst);
    round(&town).await;
    assert_eq!(asked(&town), 2, "Slack has answered, and nobody has heard it");
    let town = town.restart().await;
    round(&town).await;
    assert_eq!(asked(&town), 3, "the dead process's marker keeps nobody waiting");
    town.skip("2h");
    works(&town, 1).await;
    assert_eq!(refused(&town), 0);
    assert!(
        town.store.records("refreshing", None, 10).await.unwrap().items.is_empty(),
        "nothing is left over"
    );
}

/// Given Slack takes no used refresh token at all, then the old token is used to its end; then calls wait for somebody to
/// install the app again, and the page goes out when they have.
#[tokio::test]
async fn where_no_token_can_be_had_it_waits_for_who_installs_it_again() {
    let town = town().await;
    town.slacks[0].with(|world, _| world.set_refresh_grace(SignedDuration::ZERO));
    town.skip("11h");
    town.answers.store(0, Ordering::SeqCst);
    round(&town).await;
    let town = town.restart().await;
    round(&town).await;
    works(&town, 1).await;
    town.skip("2h");
    town.types(0, "U1", "https://i.example/2").await;
    assert!(!town.transcript(0).contains("/2"), "{}", town.transcript(0));
    let asked_in_vain = asked(&town);
    town.pass("20 minutes").await;
    assert!(asked(&town) <= asked_in_vain + 1, "Slack is not asked all the time what it refuses");
    assert!(town.install(0).await.text.contains("installed again"));
    town.pass("2 minutes").await;
    assert!(town.transcript(0).contains("/2"), "{}", town.transcript(0));
}
