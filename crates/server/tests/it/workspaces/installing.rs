//! Somebody installs the app from a browser: what they read, and what is believed of a browser.

use slack_sim::{Consent, Fault, FaultKind};

use super::town::{Browser, Town, workspace};

/// Given nobody has installed the app, when somebody does, then the page says so, and a report is answered at once.
#[tokio::test]
async fn the_app_is_installed_and_works() {
    let town = Town::of(vec![workspace("T1")]).await;
    let shown = town.install(0).await;
    assert_eq!(shown.status, 200);
    assert!(
        shown.text.contains("PagerSlack is installed") && shown.text.contains("Acme T1"),
        "{}",
        shown.text
    );
    assert!(shown.text.contains("/invite @pagerslack"), "{}", shown.text);
    assert!(town.types(0, "U1", "https://i.example/1").await.contains("On it"));
    assert!(town.transcript(0).contains("can you take this incident?"), "{}", town.transcript(0));
}

/// The page runs nothing, asks nobody, is kept nowhere, and its cookie goes nowhere else.
#[tokio::test]
async fn the_page_asks_nobody_for_anything() {
    let town = Town::of(vec![workspace("T1")]).await;
    let mut browser = Browser::default();
    let begun = town.open(&mut browser, "/slack/install").await;
    let cookie = begun.headers["set-cookie"].to_str().unwrap();
    assert!(cookie.starts_with("__Host-") && cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"));
    let shown = town.install(0).await;
    let policy = shown.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'self';"), "{policy}");
    assert_eq!(shown.headers["cache-control"], "no-store");
    assert_eq!(shown.headers["referrer-policy"], "no-referrer");
    let links: Vec<&str> =
        shown.text.split("href=\"").skip(1).filter_map(|it| it.split('"').next()).collect();
    assert_eq!(links, ["/slack/oauth/style.css"], "{}", shown.text);
    assert!(!shown.text.contains("<script") && !shown.text.contains("src="), "{}", shown.text);
    let style = town.open(&mut browser, "/slack/oauth/style.css").await;
    assert!(style.status == 200 && !style.text.contains("url("), "{}", style.text);
}

#[tokio::test]
async fn who_cancels_reads_that_nothing_was_installed() {
    let town = Town::of(vec![workspace("T1")]).await;
    town.slacks[0].with(|world, _| world.set_consent(Consent::Cancels));
    let shown = town.install(0).await;
    assert_eq!(shown.status, 200);
    assert!(
        shown.text.contains("Nothing was installed") && shown.text.contains("/slack/install"),
        "{}",
        shown.text
    );
    assert_eq!(town.slacks[0].read(|world| world.count_calls("oauth.v2.access")), 0);
}

/// A state is good once, in the browser that was sent to Slack, for ten minutes.
#[tokio::test]
async fn nobody_comes_back_who_was_not_sent() {
    let town = Town::of(vec![workspace("T1")]).await;
    let mut victim = Browser::default();
    town.open(&mut victim, "/slack/install").await;

    // Somebody sends another person the address with which they came back themselves.
    let mut attacker = Browser::default();
    let back = town.agree(0, &mut attacker).await;
    for browser in [&mut victim, &mut Browser::default()] {
        let shown = town.open(browser, &back).await;
        assert!(shown.status == 403 && shown.text.contains("another browser"), "{shown:?}");
    }
    let invented = back.replace("state=", "state=0");
    assert_eq!(town.open(&mut attacker, &invented).await.status, 400);
    assert_eq!(town.open(&mut attacker, "/slack/oauth/callback").await.status, 400);
    assert_eq!(town.slacks[0].read(|world| world.count_calls("oauth.v2.access")), 0, "Slack was never asked");

    // It is still good for the one to whom it was given, once.
    assert_eq!(town.open(&mut attacker, &back).await.status, 200);
    let again = town.open(&mut attacker, &back).await;
    assert!(again.status == 400 && again.text.contains("too old"), "{again:?}");

    let late = town.agree(0, &mut victim).await;
    town.skip("10 minutes");
    assert_eq!(town.open(&mut victim, &late).await.status, 400);
    assert_eq!(town.slacks[0].read(|world| world.count_calls("oauth.v2.access")), 1);
}

/// Given two windows of one browser, then either may come back.
#[tokio::test]
async fn two_windows_of_a_browser_do_not_spoil_each_other() {
    let town = Town::of(vec![workspace("T1")]).await;
    let mut browser = Browser::default();
    let (first, second) = (town.agree(0, &mut browser).await, town.agree(0, &mut browser).await);
    assert_eq!(town.open(&mut browser, &first).await.status, 200);
    let shown = town.open(&mut browser, &second).await;
    assert!(shown.status == 200 && shown.text.contains("installed again"), "{shown:?}");
}

#[tokio::test]
async fn what_slack_says_against_it_is_said_with_what_to_do() {
    let town = Town::of(vec![workspace("T1")]).await;
    for (fault, status, said) in [
        (FaultKind::Error("invalid_code".into()), 400, "Please begin again."),
        (FaultKind::Error("bad_client_secret".into()), 400, "SLACK_API_SECRET"),
        (FaultKind::HangAfter, 502, "Slack does not answer"),
        (FaultKind::Http500, 502, "Slack does not answer"),
    ] {
        town.slacks[0].with(|world, _| world.inject(Fault::once("oauth.v2.access", fault)));
        let shown = town.install(0).await;
        assert!(shown.status == status && shown.text.contains(said), "{shown:?}");
    }
    town.slacks[0].with(|world, _| world.app_mut().scopes.retain(|scope| scope != "dnd:read"));
    let shown = town.install(0).await;
    assert!(shown.status == 200 && shown.text.contains("leave people alone"), "{shown:?}");
}

/// An eye on the disk sees no token, no code and no state; and who begins without end fills no disk.
#[tokio::test]
async fn what_is_kept_is_sealed_and_bounded() {
    let town = Town::of(vec![workspace("T1").app(|app| app.token_rotation = true)]).await;
    let mut browser = Browser::default();
    let back = town.agree(0, &mut browser).await;
    town.install(0).await;
    let token = town.slacks[0].read(|world| world.app().bot_token.clone());
    let state = back.split("state=").nth(1).unwrap();
    let kept = town.kept().await;
    let holds = |secret: &str| kept.windows(secret.len()).any(|part| part == secret.as_bytes());
    assert!(kept.len() > 500, "something is kept");
    for secret in
        [token.as_str(), "xoxe", "xoxb", state, browser.0.as_deref().unwrap().split('=').nth(1).unwrap()]
    {
        assert!(!holds(secret), "{secret}");
    }
    let mut statuses = std::collections::BTreeSet::new();
    for _ in 0..200 {
        statuses.insert(town.open(&mut Browser::default(), "/slack/install").await.status);
    }
    assert_eq!(Vec::from_iter(statuses), [302, 429]);
}
