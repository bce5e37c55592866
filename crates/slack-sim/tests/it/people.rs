//! Members, presence, do-not-disturb, groups.

use jiff::SignedDuration;
use jiff::civil::time;
use serde_json::json;
use slack_sim::{Presence, World};

use crate::support::{CHANNEL, call, seconds, start, team};

#[test]
fn members_come_in_short_pages_until_the_cursor_is_empty() {
    let mut world = team();
    world.set_page_cap(Some(3));
    let first =
        call(&mut world, start(), "conversations.members", &json!({"channel": CHANNEL, "limit": 200}));
    assert_eq!(first["members"], json!(["UBOT", "U1", "U2"]));
    let cursor = first["response_metadata"]["next_cursor"].clone();
    let second =
        call(&mut world, start(), "conversations.members", &json!({"channel": CHANNEL, "cursor": cursor}));
    assert_eq!(second["members"], json!(["U3"]));
    assert_eq!(second["response_metadata"]["next_cursor"], "");
}

#[test]
fn presence_is_what_the_client_shows_and_a_bot_is_always_away() {
    let mut world = team();
    let ask = |world: &mut slack_sim::World, user: &str| {
        call(world, start(), "users.getPresence", &json!({"user": user}))["presence"].clone()
    };
    assert_eq!(ask(&mut world, "U1"), "active");
    world.set_presence("U1", Presence::Away).unwrap();
    assert_eq!(ask(&mut world, "U1"), "away");
    assert_eq!(ask(&mut world, "UBOT"), "away");
    assert!(world.pending_deliveries().is_empty(), "the Events API knows no presence");
}

#[test]
fn a_pause_shows_as_a_window_and_is_announced() {
    let mut world = team();
    assert_eq!(
        call(&mut world, start(), "dnd.info", &json!({"user": "U1"})),
        json!({"ok": true, "dnd_enabled": false, "next_dnd_start_ts": 1, "next_dnd_end_ts": 1})
    );
    world.set_dnd(start(), "U1", start(), seconds(3600)).unwrap();
    let info = call(&mut world, seconds(10), "dnd.teamInfo", &json!({"users": "U1,U2,U999"}));
    assert_eq!(info["users"]["U1"]["next_dnd_end_ts"], seconds(3600).as_second());
    assert_eq!(info["users"]["U2"]["dnd_enabled"], false);
    assert!(info["users"].get("U999").is_none());
    assert!(world.in_dnd(seconds(10), "U1"));
    assert!(!world.in_dnd(seconds(3600), "U1"));
    assert_eq!(world.pending_deliveries(), ["dnd_updated_user"]);
}

#[test]
fn a_nightly_window_follows_the_time_zone() {
    let mut world = team();
    // New York, 5 in the morning: the night that began yesterday still holds.
    world.set_daily_dnd(start(), "U2", time(22, 0, 0, 0), time(8, 0, 0, 0)).unwrap();
    assert!(world.in_dnd(start(), "U2"));
    let info = call(&mut world, start(), "dnd.info", &json!({"user": "U2"}));
    let at = |hours: i64| seconds(hours * 3600).as_second();
    assert_eq!(
        (info["next_dnd_start_ts"].as_i64(), info["next_dnd_end_ts"].as_i64()),
        (Some(at(-7)), Some(at(3)))
    );
    assert!(!world.in_dnd(seconds(3 * 3600), "U2"));
    let info = call(&mut world, seconds(3 * 3600), "dnd.info", &json!({"user": "U2"}));
    assert_eq!(info["next_dnd_start_ts"], at(17));
}

#[test]
fn a_snooze_replaces_the_last_and_ends_by_hand_or_by_itself() {
    let mut world = team();
    world.snooze(start(), "U1", SignedDuration::from_hours(2)).unwrap();
    world.snooze(start(), "U1", SignedDuration::from_mins(10)).unwrap();
    assert!(world.in_dnd(seconds(599), "U1"));
    assert!(!world.in_dnd(seconds(600), "U1"));
    world.end_dnd(seconds(60), "U1").unwrap();
    let event = world.take_due(seconds(60)).pop().unwrap().payload["event"].clone();
    assert_eq!(
        (&event["user"], &event["dnd_status"]["dnd_enabled"]),
        (&json!("U1"), &json!(false)),
        "no schedule is left"
    );
}

#[test]
fn resuming_at_night_ends_this_night_only() {
    let mut world = team();
    world.set_daily_dnd(start(), "U2", time(22, 0, 0, 0), time(8, 0, 0, 0)).unwrap();
    assert!(world.in_dnd(start(), "U2"), "five in the morning");
    world.end_dnd(start(), "U2").unwrap();
    assert!(!world.in_dnd(seconds(1), "U2"));
    let info = call(&mut world, seconds(1), "dnd.info", &json!({"user": "U2"}));
    assert_eq!((&info["dnd_enabled"], info["next_dnd_start_ts"].as_i64()), (&json!(true), Some(tonight())));
    assert!(world.in_dnd(seconds(18 * 3600), "U2"), "and the next night holds");
    world.clear_dnd(start(), "U2").unwrap();
    assert!(!world.in_dnd(seconds(18 * 3600), "U2"), "the schedule is gone");
}

/// Ten in the evening in New York.
fn tonight() -> i64 {
    seconds(17 * 3600).as_second()
}

#[test]
fn a_status_runs_out_by_itself_and_is_announced_at_its_moment() {
    let mut world = team();
    let until = seconds(3600).as_second();
    world.set_status(start(), "U1", ":palm_tree:", "Vacationing", until).unwrap();
    let set = world.take_due(start()).remove(0);
    world.delivered(start(), set.id, slack_sim::DeliveryResult::ok());
    let profile = |world: &mut World, at| {
        call(world, at, "users.info", &json!({"user": "U1"}))["user"]["profile"].clone()
    };
    assert_eq!(set.payload["event"]["user"]["profile"]["status_expiration"], until);
    assert_eq!(profile(&mut world, seconds(3599))["status_emoji"], ":palm_tree:");
    assert_eq!(world.next_due(), Some(seconds(3600)), "time alone has something to do");
    let over = profile(&mut world, seconds(4000));
    assert_eq!(
        (&over["status_emoji"], &over["status_text"], &over["status_expiration"]),
        (&json!(""), &json!(""), &json!(0))
    );
    let told = world.take_due(seconds(4000)).remove(0);
    assert_eq!((told.name.as_str(), &told.payload["event_time"]), ("user_change", &json!(until)));
    assert_eq!(told.payload["event"]["user"]["profile"]["status_emoji"], "");
    assert_eq!(world.next_due(), None);
}

#[test]
fn a_status_without_an_end_stays() {
    let mut world = team();
    world.set_status(start(), "U1", ":face_with_thermometer:", "Out sick", 0).unwrap();
    world.tick(seconds(30 * 24 * 3600));
    assert_eq!(world.user("U1").unwrap().status.text, "Out sick");
    world.clear_status(start(), "U1").unwrap();
    assert_eq!(world.user("U1").unwrap().status, slack_sim::Status::default());
}

#[test]
fn guests_are_marked_and_announced() {
    let mut world = team();
    let marks = |world: &mut World| {
        let event = world.take_due(start()).pop().unwrap().payload["event"]["user"].clone();
        (event["is_restricted"] == true, event["is_ultra_restricted"] == true)
    };
    world.make_guest(start(), "U1").unwrap();
    assert_eq!(marks(&mut world), (true, false));
    world.make_single_channel_guest(start(), "U1").unwrap();
    assert_eq!(marks(&mut world), (true, true));
    world.make_full_member(start(), "U1").unwrap();
    assert_eq!(marks(&mut world), (false, false));
    assert!(world.make_guest(start(), "U999").is_err());
}

#[test]
fn an_address_is_told_only_with_its_scope() {
    let mut world = team();
    let email = |world: &mut World| {
        let one =
            call(world, start(), "users.info", &json!({"user": "U1"}))["user"]["profile"]["email"].clone();
        let all = call(world, start(), "users.list", &json!({"limit": 10}));
        let members = all["members"].as_array().unwrap();
        assert_eq!(members.iter().find(|it| it["id"] == "U1").unwrap()["profile"]["email"], one);
        one
    };
    assert_eq!(email(&mut world), "ana@example.com");
    world.app_mut().scopes.remove("users:read.email");
    assert_eq!(email(&mut world), json!(null));
    let refused = call(&mut world, start(), "users.lookupByEmail", &json!({"email": "ana@example.com"}));
    assert_eq!(
        (&refused["error"], &refused["needed"]),
        (&json!("missing_scope"), &json!("users:read.email"))
    );
}

#[test]
fn fifty_people_are_asked_about_at_once() {
    let mut world = (0..60).fold(World::builder().channel(CHANNEL, "dev"), |all, number| {
        all.person(&format!("U{number}"), &format!("p{number}"), "Europe/Lisbon")
    });
    world = world.nightly_dnd("U7", time(9, 0, 0, 0), time(11, 0, 0, 0)).status(
        "U8",
        ":palm_tree:",
        "Vacationing",
    );
    let mut world = world.build();
    let ids = |count: usize| (0..count).map(|number| format!("U{number}")).collect::<Vec<_>>().join(",");
    let info = call(&mut world, start(), "dnd.teamInfo", &json!({"users": ids(50)}));
    let known = info["users"].as_object().unwrap();
    assert_eq!((known.len(), &known["U7"]["dnd_enabled"]), (50, &json!(true)));
    let refused = call(&mut world, start(), "dnd.teamInfo", &json!({"users": ids(51)}));
    assert_eq!(refused["error"], "invalid_arguments");
    let away = call(&mut world, start(), "users.info", &json!({"user": "U8"}));
    assert_eq!(away["user"]["profile"]["status_text"], "Vacationing");
}

#[test]
fn an_offset_follows_daylight_saving() {
    let mut world = team();
    let user = call(&mut world, start(), "users.info", &json!({"user": "U2"}))["user"].clone();
    assert_eq!((&user["tz"], &user["tz_offset"]), (&json!("America/New_York"), &json!(-18000)));
    let summer = "2026-07-01T10:00:00Z".parse().unwrap();
    let user = call(&mut world, summer, "users.info", &json!({"user": "U2"}))["user"].clone();
    assert_eq!(user["tz_offset"], -14400);
}

#[test]
fn groups_and_the_change_of_one() {
    let mut world = team();
    let users = call(&mut world, start(), "usergroups.users.list", &json!({"usergroup": "S1"}));
    assert_eq!(users["users"], json!(["U1", "U2"]));
    world.set_group(start(), "S1", &["U2", "U3"]).unwrap();
    let event = &world.take_due(start())[0].payload["event"];
    assert_eq!((&event["added_users"], &event["removed_users"]), (&json!(["U3"]), &json!(["U1"])));
}
