//! Posting, threads, reactions, ephemeral messages, and how a channel reads.

use serde_json::json;
use slack_sim::Mention;

use crate::support::{CHANNEL, call, say, seconds, start, team, with_button};

#[test]
fn a_channel_reads_as_it_happened() {
    let mut world = team();
    let root = world.post(start(), "U1", CHANNEL, "the site is down, @ben", None).unwrap();
    let reply = json!({"channel": CHANNEL, "thread_ts": root, "text": "<@U2>, please look &amp; tell <!subteam^S1>",
        "blocks": with_button()});
    let ts = call(&mut world, seconds(1), "chat.postMessage", &reply)["ts"].as_str().unwrap().to_owned();
    world.react(seconds(2), "U2", CHANNEL, &ts, "eyes").unwrap();
    say(&mut world, seconds(3), "all clear");
    insta::assert_snapshot!(world.transcript(CHANNEL), @r"
    ana: the site is down, @ben
        pager: @ben, please look & tell @leads  [Take it]
            :eyes: @ben
    pager: all clear
    ");
    assert_eq!(
        world.message(CHANNEL, &ts).unwrap().mentions,
        [Mention::User("U2".into()), Mention::Group("S1".into())]
    );
    assert_eq!(world.mentions_of(&Mention::User("U2".into())).len(), 2);
}

#[test]
fn two_messages_at_one_instant_have_two_timestamps() {
    let mut world = team();
    let (a, b) = (say(&mut world, start(), "a"), say(&mut world, start(), "b"));
    assert_eq!(a, "1793786400.000000");
    assert_eq!(b, "1793786400.000001");
}

#[test]
fn long_text_becomes_several_messages_and_the_first_ts_is_told() {
    let mut world = team();
    let ts = say(&mut world, start(), &"x".repeat(9000));
    let all = world.messages(CHANNEL);
    assert_eq!(all.iter().map(|it| it.text.len()).collect::<Vec<_>>(), [4000, 4000, 1000]);
    assert_eq!(all[0].ts, ts);
}

#[test]
fn history_leaves_out_replies_and_replies_hold_the_thread() {
    let mut world = team();
    let root = say(&mut world, start(), "root");
    let metadata = json!({"event_type": "sent", "event_payload": {"key": "k1"}});
    let reply = json!({"channel": CHANNEL, "thread_ts": root, "text": "reply", "metadata": metadata});
    call(&mut world, seconds(1), "chat.postMessage", &reply);
    let history = call(&mut world, seconds(2), "conversations.history", &json!({"channel": CHANNEL}));
    assert_eq!(history["messages"].as_array().unwrap().len(), 1);
    assert_eq!(history["messages"][0]["reply_count"], 1);
    let asked = json!({"channel": CHANNEL, "ts": root});
    let bare = call(&mut world, seconds(2), "conversations.replies", &asked);
    assert_eq!(bare["messages"][1]["metadata"], json!({"event_type": "sent"}));
    let asked = json!({"channel": CHANNEL, "ts": root, "include_all_metadata": true, "oldest": root});
    let full = call(&mut world, seconds(2), "conversations.replies", &asked);
    assert_eq!(full["messages"][1]["metadata"], metadata);
    assert_eq!(full["messages"][1]["app_id"], "A1");
}

#[test]
fn history_goes_back_page_by_page() {
    let mut world = team();
    for second in 0..5 {
        say(&mut world, seconds(second), &second.to_string());
    }
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let asked = json!({"channel": CHANNEL, "limit": 2, "cursor": cursor});
        let page = call(&mut world, seconds(9), "conversations.history", &asked);
        seen.extend(
            page["messages"].as_array().unwrap().iter().map(|it| it["text"].as_str().unwrap().to_owned()),
        );
        page["response_metadata"]["next_cursor"].as_str().unwrap().clone_into(&mut cursor);
        if cursor.is_empty() {
            break;
        }
    }
    assert_eq!(seen, ["4", "3", "2", "1", "0"]);
}

#[test]
fn an_update_keeps_metadata_unless_told() {
    let mut world = team();
    let post = json!({"channel": CHANNEL, "text": "one", "blocks": with_button(),
        "metadata": {"event_type": "sent", "event_payload": {}}});
    let ts = call(&mut world, start(), "chat.postMessage", &post)["ts"].as_str().unwrap().to_owned();
    let change = json!({"channel": CHANNEL, "ts": ts, "text": "two", "blocks": []});
    assert_eq!(call(&mut world, seconds(1), "chat.update", &change)["text"], "two");
    let message = world.message(CHANNEL, &ts).unwrap();
    assert_eq!((message.blocks.len(), message.metadata.is_some()), (0, true));
    assert!(world.transcript(CHANNEL).contains("two (edited)"));
}

#[test]
fn reactions_are_told_in_full_only_when_asked() {
    let mut world = team();
    let ts = say(&mut world, start(), "look");
    world.join(start(), "U4", CHANNEL).unwrap();
    for user in ["U1", "U2", "U3", "U4"] {
        world.react(seconds(1), user, CHANNEL, &ts, "eyes").unwrap();
    }
    let some = call(&mut world, seconds(2), "reactions.get", &json!({"channel": CHANNEL, "timestamp": ts}));
    let some = &some["message"]["reactions"][0];
    assert_eq!((some["count"].as_u64(), some["users"].as_array().unwrap().len()), (Some(4), 3));
    let asked = json!({"channel": CHANNEL, "timestamp": ts, "full": true});
    let all = call(&mut world, seconds(2), "reactions.get", &asked);
    assert_eq!(all["message"]["reactions"][0]["users"], json!(["U1", "U2", "U3", "U4"]));
}

#[test]
fn an_ephemeral_message_is_seen_by_one() {
    let mut world = team();
    let whisper = json!({"channel": CHANNEL, "user": "U1", "text": "psst"});
    call(&mut world, start(), "chat.postEphemeral", &whisper);
    assert_eq!(world.ephemeral_transcript("U1"), "#dev pager: psst\n");
    assert_eq!(world.ephemerals("U2").len(), 0);
    assert_eq!(world.transcript(CHANNEL), "");
}

#[test]
fn an_ephemeral_message_in_a_thread_shows_once_somebody_has_answered_there() {
    let mut world = team();
    let root = say(&mut world, start(), "root");
    let whisper = json!({"channel": CHANNEL, "user": "U1", "text": "because", "thread_ts": root});
    call(&mut world, seconds(1), "chat.postEphemeral", &whisper);
    world.post(seconds(2), "U2", CHANNEL, "looking", Some(&root)).unwrap();
    call(&mut world, seconds(3), "chat.postEphemeral", &whisper);
    let all = world.ephemerals("U1");
    assert_eq!(all.iter().map(|it| it.shown).collect::<Vec<_>>(), [false, true]);
    assert!(all.iter().all(|it| it.thread_ts.as_ref() == Some(&root)));
    insta::assert_snapshot!(world.ephemeral_transcript("U1"), @r"
    #dev pager: because (not shown: nobody has answered in the thread)
    #dev pager: because
    ");
}

#[test]
fn the_bot_and_a_person_talk_directly() {
    let mut world = team();
    let (dm, asked) = world.direct_message(start(), "U1", "top").unwrap();
    let event = world.take_due(start()).remove(0).payload["event"].clone();
    assert_eq!(
        (&event["type"], &event["channel_type"], &event["channel"], &event["text"], &event["ts"]),
        (&json!("message"), &json!("im"), &json!(dm), &json!("top"), &json!(asked))
    );
    assert!(event.get("bot_id").is_none());
    call(&mut world, seconds(1), "chat.postMessage", &json!({"channel": dm, "text": "1. <@U2>"}));
    assert_eq!(world.transcript(&dm), "ana: top\npager: 1. @ben\n");
    let whisper = json!({"channel": dm, "user": "U1", "text": "psst"});
    assert_eq!(call(&mut world, seconds(2), "chat.postEphemeral", &whisper)["ok"], true);
    world.slash_command(seconds(3), "U1", &dm, "/page", "top").unwrap();
    let command = world.take_due(seconds(3)).pop().unwrap();
    assert_eq!(command.payload["channel_name"], "directmessage");
}

#[test]
fn a_message_to_a_person_opens_the_conversation() {
    let mut world = team();
    let posted = call(&mut world, start(), "chat.postMessage", &json!({"channel": "U1", "text": "hello"}));
    assert_eq!(posted["channel"], "D1");
    let opened = call(&mut world, start(), "conversations.open", &json!({"users": "U1"}));
    assert_eq!((&opened["channel"]["id"], &opened["already_open"]), (&json!("D1"), &json!(true)));
}

#[test]
fn a_broadcast_reply_stands_in_the_channel_too() {
    let mut world = team();
    let root = say(&mut world, start(), "root");
    let reply = json!({"channel": CHANNEL, "thread_ts": root, "text": "all of you", "reply_broadcast": true});
    call(&mut world, seconds(1), "chat.postMessage", &reply);
    let history = call(&mut world, seconds(2), "conversations.history", &json!({"channel": CHANNEL}));
    assert_eq!(history["messages"][0]["subtype"], "thread_broadcast");
    assert_eq!(world.transcript(CHANNEL), "pager: root\n    pager: all of you (also in the channel)\n");
}
