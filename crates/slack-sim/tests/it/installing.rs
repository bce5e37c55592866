//! Somebody installs the app: they agree or do not, a code becomes a token, and tokens that end are replaced.

use http::StatusCode;
use jiff::SignedDuration;
use serde_json::{Value, json};
use slack_sim::{Consent, World};

use crate::support::{CHANNEL, call, call_full, seconds, start, team};

const BACK: &str = "https://app.example/back";

fn rotating() -> World {
    let mut world = team();
    world.app_mut().token_rotation = true;
    world
}

/// The answer to a code that somebody just agreed to.
fn install(world: &mut World) -> Value {
    let code = world.issue_code(start(), BACK);
    call(world, start(), "oauth.v2.access", &json!({"code": code, "redirect_uri": BACK}))
}

fn refresh(world: &mut World, second: i64, token: &Value) -> Value {
    let args = json!({"grant_type": "refresh_token", "refresh_token": token});
    call(world, seconds(second), "oauth.v2.access", &args)
}

/// What `auth.test` says of a token.
fn test(world: &mut World, second: i64, token: &Value) -> String {
    let request = http::Request::post("/api/auth.test")
        .header("authorization", format!("Bearer {}", token.as_str().unwrap()))
        .body(bytes::Bytes::new())
        .unwrap();
    let response = world.http(seconds(second), request).response().unwrap();
    let body: Value = serde_json::from_slice(response.body()).unwrap();
    body["error"].as_str().unwrap_or("ok").to_owned()
}

#[test]
fn who_agrees_comes_back_with_a_code_and_who_cancels_with_an_error() {
    let mut world = team();
    let client = world.app().client_id.clone();
    let back = world.authorize(start(), &client, BACK, Some("s")).unwrap();
    let code = back.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
    assert!(back.query().unwrap().ends_with("&state=s"), "{back}");
    let answer = call(&mut world, start(), "oauth.v2.access", &json!({"code": code, "redirect_uri": BACK}));
    assert_eq!((&answer["ok"], &answer["team"]["id"]), (&json!(true), &json!("T1")));
    let again = call(&mut world, start(), "oauth.v2.access", &json!({"code": code, "redirect_uri": BACK}));
    assert_eq!(again["error"], "invalid_code", "good once");

    world.set_consent(Consent::Cancels);
    let back = world.authorize(start(), &client, BACK, Some("s")).unwrap();
    assert_eq!(back.query(), Some("error=access_denied&state=s"));
    assert_eq!(world.authorize(start(), "9.9", BACK, None).unwrap_err(), "invalid_client_id");
}

#[test]
fn codes_end_and_belong_to_one_address() {
    let mut world = team();
    let code = world.issue_code(start(), BACK);
    let error = |world: &mut World, second, args: Value| {
        call(world, seconds(second), "oauth.v2.access", &args)["error"].as_str().unwrap().to_owned()
    };
    let other = json!({"code": code, "redirect_uri": "https://app.example/other"});
    assert_eq!(error(&mut world, 0, other), "bad_redirect_uri");
    let wrong = json!({"code": code, "client_id": "1.1", "client_secret": "x"});
    assert_eq!(error(&mut world, 0, wrong), "bad_client_secret");
    assert_eq!(error(&mut world, 601, json!({"code": code, "redirect_uri": BACK})), "invalid_code");
    assert_eq!(error(&mut world, 0, json!({"grant_type": "password"})), "invalid_grant_type");
}

#[test]
fn a_token_that_rotates_ends_and_is_replaced_once() {
    let mut world = rotating();
    let first = install(&mut world);
    assert_eq!(first["expires_in"], 43_200);
    assert_eq!(test(&mut world, 43_199, &first["access_token"]), "ok");
    assert_eq!(test(&mut world, 43_200, &first["access_token"]), "token_expired");
    let second = refresh(&mut world, 40_000, &first["refresh_token"]);
    assert_ne!(first["access_token"], second["access_token"]);
    assert_eq!(test(&mut world, 40_001, &first["access_token"]), "ok", "two work at a time");
    // An answer that got lost can be had again for a short time.
    let third = refresh(&mut world, 40_059, &first["refresh_token"]);
    assert_eq!(test(&mut world, 40_060, &first["access_token"]), "token_revoked", "and no more than two");
    assert_eq!(test(&mut world, 40_060, &second["access_token"]), "ok");
    assert_eq!(test(&mut world, 40_060, &third["access_token"]), "ok");
    assert_eq!(refresh(&mut world, 40_060, &first["refresh_token"])["error"], "invalid_refresh_token");
    world.set_refresh_grace(SignedDuration::ZERO);
    assert_eq!(refresh(&mut world, 40_061, &third["refresh_token"])["ok"], true);
    assert_eq!(refresh(&mut world, 40_061, &third["refresh_token"])["error"], "invalid_refresh_token");
}

#[test]
fn an_app_that_was_removed_has_no_token_until_it_is_installed_again() {
    let mut world = rotating();
    let first = install(&mut world);
    world.uninstall(start());
    assert_eq!(test(&mut world, 1, &first["access_token"]), "token_revoked");
    assert_eq!(refresh(&mut world, 1, &first["refresh_token"])["error"], "invalid_refresh_token");
    let again = install(&mut world);
    assert_eq!(test(&mut world, 1, &again["access_token"]), "ok");
}

/// Given the whole organisation installs the app, then answers and events say so, and lists want to know of which
/// workspace.
#[test]
fn an_organisation_installs_it_for_all_its_workspaces() {
    let mut world = World::builder()
        .enterprise("E1", "Example Group")
        .command("/page", "")
        .channel(CHANNEL, "dev")
        .person("U1", "ana", "Europe/Lisbon")
        .app(|app| app.org_install = true)
        .build();
    let answer = install(&mut world);
    assert_eq!((&answer["team"], &answer["enterprise"]["id"]), (&Value::Null, &json!("E1")));
    assert_eq!(answer["is_enterprise_install"], true);
    let list = |world: &mut World, args: Value| call_full(world, start(), "users.list", &args);
    let (status, refused) = list(&mut world, json!({"limit": 10}));
    assert_eq!((status, &refused["error"]), (StatusCode::OK, &json!("missing_argument")));
    assert_eq!(list(&mut world, json!({"limit": 10, "team_id": "T1"})).1["ok"], true);
    assert_eq!(list(&mut world, json!({"limit": 10, "team_id": "T2"})).1["ok"], false);

    world.slash_command(start(), "U1", CHANNEL, "/page", "").unwrap();
    world.uninstall(start());
    let due = world.take_due(start());
    assert_eq!(due[0].payload["is_enterprise_install"], "true");
    assert_eq!(due[0].payload["enterprise_id"], "E1");
    let authorized = &due[1].payload["authorizations"][0];
    assert_eq!(
        (&authorized["enterprise_id"], &authorized["is_enterprise_install"]),
        (&json!("E1"), &json!(true))
    );
}
