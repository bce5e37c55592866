//! Who gets in, where others than this machine can reach the dashboard (P8).

use pagerslack::config::Environment;
use secrecy::SecretString;
use slack_sim::{Consent, Fault, FaultKind, World};

use super::office::TEAM;
use super::visitor::{HOST, Visitor};
use crate::harness::{Stage, team};

const URL: &str = "[dashboard]\nurl = \"https://pager.example\"\n";
const TOKEN: &str = "0123456789abcdef0123456789abcdef";

async fn stage(file: &str) -> Stage {
    Stage::behind_a_door(team(&TEAM), |_| {}, file).await
}

fn with_token(environment: &mut Environment) {
    environment.admin_token = Some(SecretString::from(TOKEN.to_owned()));
}

/// Given somebody who has not signed in, then every page of the dashboard is the same way to the door, whether what it
/// would show is there or not, and nothing acts.
#[tokio::test]
async fn who_is_not_signed_in_learns_nothing() {
    let stage = stage(URL).await;
    stage.types("U1", "https://incident.example/secret A secret").await;
    let incident = stage.incidents().await.remove(0).0;
    let visitor = Visitor::of(&stage);
    for path in
        ["/", "/queue", "/queue?q=ana", "/live", &format!("/incidents/T1/{incident}"), "/incidents/T1/NOPE"]
    {
        let seen = visitor.get(path).await;
        assert_eq!((seen.status, seen.to.as_str(), seen.page.as_str()), (303, "/sign-in", ""), "{path}");
        // What was asked for is kept, and nothing that the asker did not know.
        assert!(seen.set.iter().all(|it| it.starts_with("__Host-pagerslack-way-back=")), "{:?}", seen.set);
        assert_eq!(seen.set.len(), usize::from(!["/", "/live"].contains(&path)), "{path}");
    }
    let seen = visitor.posts("/queue/look-up?team=T1&channel=C1", "").await;
    assert_eq!((seen.status, seen.to.as_str()), (303, "/sign-in"));
    let door = visitor.get("/sign-in").await;
    assert_eq!(door.status, 200);
    assert!(door.page.contains("Sign in with Slack") && !door.page.contains("Admin token"), "{}", door.page);
    for word in ["secret", "ana", "T1", "U1"] {
        assert!(!door.page.contains(word), "{word}");
    }
    for (name, value) in
        [("pagerslack-session", "0".repeat(64)), ("__Host-pagerslack-session", "0".repeat(64))]
    {
        visitor.cookies.borrow_mut().insert(name.to_owned(), value);
        assert_eq!(visitor.get("/").await.status, 303);
    }
}

/// Given a member of the workspace, when they sign in with Slack, then they see the dashboard, under a cookie that no
/// script reads and no other site sends; and not any more once they have signed out.
#[tokio::test]
async fn a_member_signs_in_with_slack_and_out_again() {
    let stage = stage(URL).await;
    let visitor = Visitor::of(&stage);
    let seen = visitor.signs_in("U2").await;
    assert_eq!((seen.status, seen.to.as_str()), (303, "/"), "{}", seen.page);
    let cookie = &seen.set[0];
    assert!(cookie.starts_with("__Host-pagerslack-session="), "{cookie}");
    assert!(cookie.ends_with("; Path=/; Max-Age=28800; HttpOnly; SameSite=Lax; Secure"), "{cookie}");
    let seen = visitor.get("/").await;
    assert_eq!(seen.status, 200);
    assert!(seen.page.contains("bo") && seen.page.contains("Sign out"), "{}", seen.page);

    let stolen = visitor.cookies.borrow().clone();
    let forged = visitor.posts_from(Some("https://evil.example"), "/sign-out", "").await;
    assert_eq!(forged.status, 403, "another site signs nobody out");
    let seen = visitor.posts("/sign-out", "").await;
    assert_eq!((seen.status, seen.to.as_str()), (303, "/sign-in"));
    assert!(seen.set[0].contains("Max-Age=0"));
    *visitor.cookies.borrow_mut() = stolen;
    assert_eq!(visitor.get("/").await.status, 303, "the number is good no longer, wherever it is kept");
}

/// Given somebody who follows a link to a page, when they have signed in, then they are there, once; and a cookie that
/// somebody has made up leads nowhere else.
#[tokio::test]
async fn signing_in_leads_to_the_page_that_was_asked_for() {
    let stage = Stage::behind_a_door(team(&TEAM), with_token, URL).await;
    stage.types("U1", "https://incident.example/1").await;
    let page = format!("/incidents/T1/{}", stage.incidents().await.remove(0).0);
    let visitor = Visitor::of(&stage);
    visitor.get(&page).await;
    let seen = visitor.signs_in("U2").await;
    assert_eq!((seen.status, seen.to.as_str()), (303, page.as_str()));
    assert_eq!(visitor.get(&page).await.status, 200);
    visitor.posts("/sign-out", "").await;
    assert_eq!(visitor.signs_in("U2").await.to, "/", "the way is gone once");

    let admin = Visitor::of(&stage);
    admin.get("/reports?period=year").await;
    assert_eq!(admin.posts("/sign-in/token", &format!("token={TOKEN}")).await.to, "/reports?period=year");
    let lured = Visitor::of(&stage);
    // //evil.example
    let way = ("__Host-pagerslack-way-back".to_owned(), "Ly9ldmlsLmV4YW1wbGU".to_owned());
    lured.cookies.borrow_mut().extend([way]);
    assert_eq!(lured.signs_in("U2").await.to, "/");
}

/// Given codes and states that are old, used, another browser's or another sign-in's, then nobody is let in.
#[tokio::test]
async fn nobody_comes_back_who_was_not_sent_out() {
    let stage = stage(URL).await;
    let (visitor, other) = (Visitor::of(&stage), Visitor::of(&stage));
    let back = visitor.goes_to_slack("U1").await;
    assert_eq!(other.get(&back).await.status, 403, "another browser");
    assert_eq!(visitor.get(&back).await.status, 303);
    assert_eq!(visitor.get(&back).await.status, 400, "a state is good once");
    assert_eq!(visitor.get("/sign-in/callback").await.status, 400);
    assert_eq!(visitor.get("/sign-in/callback?state=x&code=y").await.status, 400);

    let late = Visitor::of(&stage);
    let back = late.goes_to_slack("U1").await;
    stage.pass("11 min").await;
    assert_eq!(late.get(&back).await.status, 400, "too old");

    // A code that was given for another sign-in of the same browser has another verifier.
    let mixed = Visitor::of(&stage);
    let (one, two) = (mixed.goes_to_slack("U1").await, mixed.goes_to_slack("U2").await);
    let part = |back: &str, name: &str| {
        let url = url::Url::parse(&format!("https://{HOST}{back}")).unwrap();
        url.query_pairs().find(|(found, _)| found == name).unwrap().1.into_owned()
    };
    let crossed = format!("/sign-in/callback?state={}&code={}", part(&one, "state"), part(&two, "code"));
    let seen = mixed.get(&crossed).await;
    assert_eq!(seen.status, 400, "{}", seen.page);
    assert_eq!(mixed.get("/").await.status, 303);

    stage.slack.with(|world, _| world.set_consent(Consent::Cancels));
    let seen = Visitor::of(&stage).signs_in("U1").await;
    assert!(seen.status == 200 && seen.page.contains("nobody is signed in"), "{}", seen.page);
}

/// Given guests, bots and people who are gone, then none of them gets in, and none is told more than that.
#[tokio::test]
async fn only_full_members_get_in() {
    let stage = stage(URL).await;
    stage.slack.with(|world: &mut World, _| {
        world.user_mut("U3").unwrap().is_restricted = true;
        world.user_mut("U4").unwrap().deleted = true;
    });
    for user in ["U3", "U4"] {
        let seen = Visitor::of(&stage).signs_in(user).await;
        assert_eq!(seen.status, 403, "{user}");
        assert!(seen.page.contains("This account may not see the dashboard"), "{}", seen.page);
        assert!(seen.set.is_empty());
    }
    let visitor = Visitor::of(&stage);
    assert_eq!(visitor.signs_in("U5").await.status, 303);
    // They leave the company while they are signed in: at the latest an hour later they are out.
    stage.slack.with(|world, _| world.user_mut("U5").unwrap().deleted = true);
    stage.pass("2 h").await;
    assert_eq!(visitor.get("/").await.status, 303);
    assert_eq!(visitor.get("/").await.status, 303);
}

/// Given settings that name people and a group, then they get in and others do not.
#[tokio::test]
async fn the_settings_say_who_gets_in() {
    let world = team(&TEAM).group("S1", "leads", &["U6"]);
    let file = format!("{URL}allow = [\"U1\"]\nallow_group = \"S1\"\n");
    let stage = Stage::behind_a_door(world, |_| {}, &file).await;
    for (user, status) in [("U1", 303), ("U6", 303), ("U2", 403)] {
        assert_eq!(Visitor::of(&stage).signs_in(user).await.status, status, "{user}");
    }
}

/// Given a Slack that does not answer, then nobody is let in on a guess, and they are told to try again.
#[tokio::test]
async fn when_slack_does_not_answer_nobody_is_let_in() {
    let stage = stage(URL).await;
    for method in ["openid.connect.token", "openid.connect.userInfo", "auth.test", "users.info"] {
        stage.fault(Fault::always(method, FaultKind::Http500));
        let seen = Visitor::of(&stage).signs_in("U1").await;
        assert_eq!(seen.status, 502, "{method}: {}", seen.page);
        stage.all_is_well_again();
        stage.pass("2 min").await;
    }
    assert_eq!(Visitor::of(&stage).signs_in("U1").await.status, 303);
}

/// Given somebody who stays at the page all day, then their number changes each hour, the one before is good for a
/// minute, and after eight hours they sign in again.
#[tokio::test]
async fn a_session_changes_its_number_and_ends() {
    let stage = stage(URL).await;
    let visitor = Visitor::of(&stage);
    visitor.signs_in("U1").await;
    let first = visitor.cookies.borrow().clone();
    stage.pass("59 min").await;
    assert!(visitor.get("/").await.set.is_empty());
    stage.pass("2 min").await;
    let seen = visitor.get("/queue").await;
    assert_eq!((seen.status, seen.set.len()), (200, 1), "another number");
    let second = visitor.cookies.borrow().clone();
    assert_ne!(first, second);
    let old = Visitor::of(&stage);
    *old.cookies.borrow_mut() = first.clone();
    let seen = old.get("/").await;
    assert_eq!((seen.status, seen.set.len()), (200, 0), "for a minute, and it brings no other");
    stage.pass("2 min").await;
    assert_eq!(old.get("/").await.status, 303);
    assert_eq!(visitor.get("/").await.status, 200);
    stage.pass("7 h").await;
    assert_eq!(visitor.get("/").await.status, 303, "eight hours after signing in");
}

/// Given a bot that knows no client secret and has an admin token, then whoever types that gets in.
#[tokio::test]
async fn the_admin_token_opens_the_door() {
    let alone = |environment: &mut Environment| {
        with_token(environment);
        environment.client_id = None;
        environment.client_secret = None;
    };
    let stage = Stage::behind_a_door(team(&TEAM), alone, URL).await;
    let visitor = Visitor::of(&stage);
    let door = visitor.get("/sign-in").await;
    assert!(door.page.contains("Admin token") && !door.page.contains("with Slack"), "{}", door.page);
    assert_eq!(visitor.posts("/sign-in/token", "token=wrong").await.status, 401);
    assert_eq!(visitor.posts("/sign-in/token", "").await.status, 401);
    let form = format!("token={TOKEN}");
    let forged = visitor.posts_from(Some("https://evil.example"), "/sign-in/token", &form).await;
    assert_eq!(forged.status, 403);
    assert_eq!(visitor.posts_from(None, "/sign-in/token", &form).await.status, 403);
    let seen = visitor.posts("/sign-in/token", &form).await;
    assert_eq!((seen.status, seen.to.as_str()), (303, "/"), "{}", seen.page);
    assert!(!format!("{:?}", seen.set).contains(TOKEN));
    assert_eq!(visitor.get("/").await.status, 200);
    assert_eq!(visitor.get("/sign-in/slack").await.to, "/sign-in");
}

/// Given an address that others can reach and nothing by which people could sign in, or a dashboard that is switched
/// off, then there is none, and the bot works.
#[tokio::test]
async fn without_a_way_to_sign_in_there_is_no_dashboard() {
    for (file, secret) in [(URL, false), ("", true), ("[dashboard]\nenabled = false\n", true)] {
        let change = |environment: &mut Environment| {
            if !secret {
                environment.client_secret = None;
            }
        };
        let stage = Stage::behind_a_door(team(&TEAM), change, file).await;
        let visitor = Visitor::of(&stage);
        for path in ["/", "/queue", "/sign-in", "/live"] {
            assert_eq!(visitor.get(path).await.status, 404, "{path}");
        }
        assert!(stage.types("U1", "https://incident.example/1").await.contains("On it"));
    }
}

/// Given whatever a page sends, then no browser shows it in a frame, runs anything that is not ours, or keeps it.
#[tokio::test]
async fn every_answer_carries_its_policy() {
    let stage = stage(URL).await;
    for path in ["/", "/sign-in", "/incidents/T1/x"] {
        let request = http::Request::get(path).header("host", HOST).body(axum::body::Body::empty()).unwrap();
        let response = tower::ServiceExt::oneshot(stage.bot.router(), request).await.unwrap();
        let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        let policy = header("content-security-policy");
        for part in ["default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"]
        {
            assert!(policy.contains(part) && !policy.contains("unsafe"), "{path}: {policy}");
        }
        assert_eq!(header("cache-control"), "no-store");
        assert_eq!(header("x-frame-options"), "DENY");
        assert_eq!(
            header("referrer-policy"),
            "same-origin",
            "no other site is told where somebody came from"
        );
        assert_eq!(header("x-content-type-options"), "nosniff");
    }
}
