//! Members, presence, do-not-disturb, groups.

use jiff::civil::time;
use serde_json::json;
use slack_sim::Presence;

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
