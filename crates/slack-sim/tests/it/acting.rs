//! What people do, and which of it the app hears.

use serde_json::json;
use slack_sim::{ActionError, DeliveryResult, World};

use crate::support::{CHANNEL, call, say, seconds, start, team, with_button};

fn heard(world: &mut World) -> Vec<String> {
    let due = world.take_due(start());
    for delivery in &due {
        world.delivered(start(), delivery.id, DeliveryResult::ok());
    }
    due.into_iter().map(|it| it.name).collect()
}

#[test]
fn the_app_hears_what_it_subscribed_to_where_it_is() {
    let mut world = team();
    let ts = say(&mut world, start(), "look");
    world.react(start(), "U2", CHANNEL, &ts, "eyes").unwrap();
    world.react(start(), "U2", CHANNEL, &ts, "eyes").unwrap();
    world.unreact(start(), "U2", CHANNEL, &ts, "eyes").unwrap();
    assert_eq!(heard(&mut world), ["reaction_added", "reaction_removed"]);
    let elsewhere = world.post(start(), "U4", "C2", "hi", None).unwrap();
    world.react(start(), "U4", "C2", &elsewhere, "eyes").unwrap();
    assert!(heard(&mut world).is_empty(), "the bot is not there");
    world.app_mut().events.remove("reaction_added");
    world.react(start(), "U2", CHANNEL, &ts, "eyes").unwrap();
    assert!(heard(&mut world).is_empty(), "not subscribed");
}

#[test]
fn membership_profiles_and_tokens_are_announced() {
    let mut world = team();
    world.join(start(), "U4", CHANNEL).unwrap();
    world.leave(start(), "U4", CHANNEL).unwrap();
    world.invite_bot(start(), "U4", "C2").unwrap();
    world.kick_bot(start(), "C2").unwrap();
    world.set_status(start(), "U1", ":palm_tree:", "on leave", 0).unwrap();
    world.deactivate(start(), "U3").unwrap();
    world.open_home(start(), "U1").unwrap();
    world.direct_message(start(), "U1", "hello").unwrap();
    world.uninstall(start());
    let expected = [
        "member_joined_channel",
        "member_left_channel",
        "member_joined_channel",
        "member_left_channel",
        "user_change",
        "user_change",
        "app_home_opened",
        "message",
        "app_uninstalled",
        "tokens_revoked",
    ];
    assert_eq!(heard(&mut world), expected);
    assert!(matches!(world.post(start(), "U3", CHANNEL, "hi", None), Err(ActionError::Deactivated(_))));
}

#[test]
fn a_click_says_who_where_and_what() {
    let mut world = team();
    let post = json!({"channel": CHANNEL, "text": "Will you?", "blocks": with_button()});
    let ts = call(&mut world, start(), "chat.postMessage", &post)["ts"].as_str().unwrap().to_owned();
    world.click(seconds(1), "U2", CHANNEL, &ts, "take").unwrap();
    let click = world.take_due(seconds(1)).remove(0).payload;
    assert_eq!((&click["type"], &click["user"]["id"]), (&json!("block_actions"), &json!("U2")));
    assert_eq!((&click["container"]["message_ts"], &click["channel"]["id"]), (&json!(ts), &json!(CHANNEL)));
    assert_eq!(
        (&click["actions"][0]["action_id"], &click["actions"][0]["value"]),
        (&json!("take"), &json!("7"))
    );
    assert_eq!(click["message"]["text"], "Will you?");
    assert!(world.click(seconds(1), "U2", CHANNEL, &ts, "else").is_err());
}

#[test]
fn an_ephemeral_button_can_replace_its_own_message() {
    let mut world = team();
    let whisper = json!({"channel": CHANNEL, "user": "U1", "text": "Sure?", "blocks": with_button()});
    let ts =
        call(&mut world, start(), "chat.postEphemeral", &whisper)["message_ts"].as_str().unwrap().to_owned();
    assert!(world.click(start(), "U2", CHANNEL, &ts, "take").is_err(), "not seen by others");
    let sent = world.click(start(), "U1", CHANNEL, &ts, "take").unwrap();
    let path = sent.response_url.strip_prefix("http://slack.invalid").unwrap();
    let body = r#"{"replace_original": true, "text": "Done."}"#;
    world.http(start(), http::Request::post(path).body(body.into()).unwrap());
    assert_eq!(world.ephemeral_transcript("U1"), "#dev pager: Done.\n");
}

#[test]
fn a_button_keeps_its_confirmation_and_a_click_carries_it() {
    let mut world = team();
    let text = |text: &str| json!({"type": "plain_text", "text": text});
    let mut blocks = with_button();
    blocks[1]["elements"][0]["confirm"] = json!({"title": text("Cancel it?"), "text": text("Nobody else is asked."),
        "confirm": text("Cancel it"), "deny": text("Keep it"), "style": "danger"});
    let post = json!({"channel": CHANNEL, "text": "Will you?", "blocks": blocks});
    let ts = call(&mut world, start(), "chat.postMessage", &post)["ts"].as_str().unwrap().to_owned();
    assert_eq!(
        world.message(CHANNEL, &ts).unwrap().blocks[1]["elements"][0]["confirm"]["deny"]["text"],
        "Keep it"
    );
    world.click(start(), "U2", CHANNEL, &ts, "take").unwrap();
    let click = world.take_due(start()).remove(0).payload;
    assert_eq!(click["actions"][0]["confirm"]["title"]["text"], "Cancel it?");
    blocks[1]["elements"][0]["confirm"]["deny"] = json!(null);
    let refused = json!({"channel": CHANNEL, "text": "Will you?", "blocks": blocks});
    assert_eq!(call(&mut world, start(), "chat.postMessage", &refused)["error"], "invalid_blocks");
}

#[test]
fn an_answer_to_a_click_stands_where_it_says() {
    let mut world = team();
    let post = json!({"channel": CHANNEL, "text": "Will you?", "blocks": with_button()});
    let root = say(&mut world, start(), "root");
    world.post(start(), "U2", CHANNEL, "looking", Some(&root)).unwrap();
    let mut reply = post.clone();
    reply["thread_ts"] = root.clone().into();
    let ts = call(&mut world, start(), "chat.postMessage", &reply)["ts"].as_str().unwrap().to_owned();
    let sent = world.click(start(), "U1", CHANNEL, &ts, "take").unwrap();
    let path = sent.response_url.strip_prefix("http://slack.invalid").unwrap().to_owned();
    let mut answer = |body: serde_json::Value| {
        let request = http::Request::post(&path).body(body.to_string().into()).unwrap();
        world.http(start(), request).response().unwrap().status().as_u16()
    };
    let cases = [
        (json!({"text": "Because.", "thread_ts": root}), 200),
        (json!({"text": "For all.", "response_type": "in_channel", "thread_ts": root}), 200),
        (json!({"text": "Taken.", "replace_original": true}), 200),
        (json!({"blocks": [{"type": "unknown"}], "text": "x"}), 400),
        (json!({"delete_original": true}), 200),
        (json!({"text": "A sixth."}), 404),
    ];
    for (body, status) in cases {
        assert_eq!(answer(body.clone()), status, "{body}");
    }
    let whisper = world.ephemerals("U1")[0].clone();
    assert_eq!((whisper.thread_ts, whisper.shown), (Some(root), true));
    assert_eq!(world.transcript(CHANNEL), "pager: root\n    ben: looking\n    pager: For all.\n");
    let replaced = world.message(CHANNEL, &ts).unwrap();
    assert_eq!((replaced.text.as_str(), replaced.deleted), ("Taken.", true));
}

/// A modal that asks for a reason; gives its id.
fn modal(world: &mut World) -> String {
    let text = |text: &str| json!({"type": "plain_text", "text": text});
    let view = json!({"type": "modal", "callback_id": "why", "title": text("Why"), "submit": text("Send"),
        "notify_on_close": true, "private_metadata": "incident-1", "blocks": [{"type": "input", "block_id": "reason",
            "label": text("Reason"), "element": {"type": "plain_text_input", "action_id": "text"}}]});
    let trigger = world.slash_command(start(), "U1", CHANNEL, "/page", "").unwrap().trigger_id;
    world.take_due(start());
    let opened = call(world, start(), "views.open", &json!({"trigger_id": trigger, "view": view}));
    opened["view"]["id"].as_str().unwrap().to_owned()
}

#[test]
fn a_modal_is_submitted_refused_and_closed() {
    let mut world = team();
    let id = modal(&mut world);
    let values = json!({"reason": {"text": {"type": "plain_text_input", "value": "tired"}}});
    let submit = |world: &mut World, answer: &str| {
        world.submit_modal(start(), "U1", &id, values.clone()).unwrap();
        let sent = world.take_due(start()).pop().unwrap();
        world.delivered(start(), sent.id, DeliveryResult::answered(200, answer.to_owned()));
        sent.payload
    };
    let sent = submit(&mut world, r#"{"response_action": "errors", "errors": {"reason": "too short"}}"#);
    assert_eq!((&sent["type"], &sent["user"]["id"]), (&json!("view_submission"), &json!("U1")));
    assert_eq!(
        (&sent["view"]["callback_id"], &sent["view"]["private_metadata"]),
        (&json!("why"), &json!("incident-1"))
    );
    assert_eq!(sent["view"]["state"]["values"]["reason"]["text"]["value"], "tired");
    assert_eq!(world.modal_errors("U1", &id), Some(&json!({"reason": "too short"})));
    let sent = submit(&mut world, "");
    assert!(!sent.to_string().contains("too short"), "the app is not told what it said itself");
    assert!(world.modals("U1").is_empty());
    assert!(matches!(world.submit_modal(start(), "U1", &id, json!({})), Err(ActionError::NoSuchModal(_))));
}

#[test]
fn a_modal_changes_grows_another_and_is_cleared() {
    let mut world = team();
    let id = modal(&mut world);
    let answer = |world: &mut World, answer: serde_json::Value| {
        world.submit_modal(start(), "U1", &id, json!({})).unwrap();
        let sent = world.take_due(start()).pop().unwrap();
        world.delivered(start(), sent.id, DeliveryResult::answered(200, answer.to_string()));
    };
    let view = |title: &str| {
        json!({"type": "modal", "title": {"type": "plain_text", "text": title}, "blocks": [],
            "submit": {"type": "plain_text", "text": "Go"}})
    };
    answer(&mut world, json!({"response_action": "update", "view": view("Second")}));
    answer(&mut world, json!({"response_action": "push", "view": view("Third")}));
    let titles: Vec<_> = world.modals("U1").iter().map(|it| it["title"]["text"].clone()).collect();
    assert_eq!(titles, ["Second", "Third"]);
    answer(&mut world, json!({"response_action": "clear"}));
    assert!(world.modals("U1").is_empty());
    let id = modal(&mut world);
    world.close_modal(start(), "U1", &id).unwrap();
    assert_eq!(heard(&mut world), ["view_closed"], "it asked to be told");
}

#[test]
fn a_trigger_opens_one_modal_within_three_seconds() {
    let mut world = team();
    let view = json!({"type": "modal", "title": {"type": "plain_text", "text": "Hi"}, "blocks": []});
    let sent = world.slash_command(start(), "U1", CHANNEL, "/page", "").unwrap();
    let open = json!({"trigger_id": sent.trigger_id, "view": view});
    assert_eq!(call(&mut world, seconds(2), "views.open", &open)["view"]["type"], "modal");
    assert_eq!(call(&mut world, seconds(2), "views.open", &open)["error"], "exchanged_trigger_id");
    assert_eq!(world.modals("U1").len(), 1);
    let sent = world.slash_command(start(), "U1", CHANNEL, "/page", "").unwrap();
    let open = json!({"trigger_id": sent.trigger_id, "view": view});
    assert_eq!(call(&mut world, seconds(4), "views.open", &open)["error"], "expired_trigger_id");
}

#[test]
fn a_home_tab_is_published_and_clicked() {
    let mut world = team();
    let view = json!({"type": "home", "blocks": with_button()});
    let published = call(&mut world, start(), "views.publish", &json!({"user_id": "U1", "view": view}));
    assert_eq!(world.home("U1").unwrap()["hash"], published["view"]["hash"]);
    let stale = json!({"user_id": "U1", "view": view, "hash": "0.0"});
    assert_eq!(call(&mut world, start(), "views.publish", &stale)["error"], "hash_conflict");
    world.click_home(start(), "U1", "take").unwrap();
    let click = world.take_due(start()).remove(0).payload;
    assert_eq!((&click["container"]["type"], &click["view"]["type"]), (&json!("view"), &json!("home")));
}

#[test]
fn an_installation_brings_a_code_once() {
    let mut world = team();
    let code = world.issue_code(start(), "https://app.example/back");
    let wrong = json!({"code": code, "redirect_uri": "https://else.example"});
    assert_eq!(call(&mut world, start(), "oauth.v2.access", &wrong)["error"], "bad_redirect_uri");
    let right = json!({"code": code, "redirect_uri": "https://app.example/back", "client_id": "1.1"});
    assert_eq!(call(&mut world, start(), "oauth.v2.access", &right)["access_token"], "xoxb-simulated");
    assert_eq!(call(&mut world, start(), "oauth.v2.access", &right)["error"], "invalid_code");
}

#[test]
fn the_same_story_gives_the_same_world() {
    let story = || {
        let mut world = team();
        let ts = say(&mut world, start(), "look");
        world.react(seconds(1), "U2", CHANNEL, &ts, "eyes").unwrap();
        world.slash_command(seconds(2), "U1", CHANNEL, "/page", "now").unwrap();
        world.take_due(seconds(2)).into_iter().map(|it| it.body).collect::<Vec<_>>()
    };
    assert_eq!(story(), story());
}
