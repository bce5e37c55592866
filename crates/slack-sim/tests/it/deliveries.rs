//! What the app hears, signed, and again when it did not listen.

use serde_json::json;
use slack_sim::{DeliveryKind, DeliveryResult, World, signature};

use crate::support::{CHANNEL, say, seconds, start, team};

fn header<'a>(delivery: &'a slack_sim::Delivery, name: &str) -> Option<&'a str> {
    delivery.headers.iter().find(|(it, _)| it == name).map(|(_, value)| value.as_str())
}

fn with_reaction() -> (World, String) {
    let mut world = team();
    let ts = say(&mut world, start(), "look");
    world.react(start(), "U2", CHANNEL, &ts, "eyes").unwrap();
    (world, ts)
}

#[test]
fn an_event_comes_wrapped_and_signed() {
    let (mut world, ts) = with_reaction();
    let due = world.take_due(start());
    let [event] = due.as_slice() else { panic!("one event: {due:?}") };
    let inner = &event.payload["event"];
    assert_eq!(
        (&event.payload["type"], &inner["type"]),
        (&json!("event_callback"), &json!("reaction_added"))
    );
    assert_eq!(inner["item"], json!({"type": "message", "channel": CHANNEL, "ts": ts}));
    assert_eq!(
        (&inner["user"], &inner["reaction"], &inner["item_user"]),
        (&json!("U2"), &json!("eyes"), &json!("UBOT"))
    );
    let expected = signature(&world.app().signing_secret, start().as_second(), &event.body);
    assert_eq!(header(event, "x-slack-signature"), Some(expected.as_str()));
    assert_eq!(header(event, "x-slack-retry-num"), None);
    assert_eq!(event.request().unwrap().headers()["content-type"], "application/json");
    world.delivered(start(), event.id, DeliveryResult::ok());
    assert_eq!(world.next_due(), None);
}

#[test]
fn an_event_is_tried_again_at_once_after_a_minute_and_after_five() {
    let (mut world, _) = with_reaction();
    let mut now = start();
    let mut tried = Vec::new();
    let results = [
        DeliveryResult::Timeout,
        DeliveryResult::ConnectionFailed,
        DeliveryResult::answered(503, ""),
        DeliveryResult::Timeout,
    ];
    for result in results {
        now = world.next_due().unwrap();
        let due = world.take_due(now);
        let [event] = due.as_slice() else { panic!("one event") };
        assert_eq!(
            header(event, "x-slack-retry-num").map(str::to_owned),
            (event.attempt > 0).then(|| event.attempt.to_string())
        );
        tried.push((
            now.duration_since(start()).as_secs(),
            header(event, "x-slack-retry-reason").map(str::to_owned),
        ));
        world.delivered(now, event.id, result);
    }
    let reason = |text: &str| Some(text.to_owned());
    assert_eq!(
        tried,
        [
            (0, None),
            (0, reason("http_timeout")),
            (60, reason("connection_failed")),
            (360, reason("http_error"))
        ]
    );
    assert_eq!((world.next_due(), world.lost_deliveries()), (None, &["reaction_added".to_owned()][..]));
    assert!(now > start());
}

#[test]
fn a_late_answer_is_none_and_an_app_may_refuse_retries() {
    let (mut world, _) = with_reaction();
    let event = world.take_due(start()).remove(0);
    world.delivered(seconds(4), event.id, DeliveryResult::ok());
    let again = world.take_due(seconds(4)).remove(0);
    assert_eq!((again.attempt, again.retry_reason), (1, Some("http_timeout")));
    assert_eq!(again.payload["event_id"], event.payload["event_id"]);
    world.delivered(seconds(4), event.id, DeliveryResult::ok());
    assert_eq!(world.pending_deliveries(), ["reaction_added"], "the first attempt is over");
    let headers = vec![("X-Slack-No-Retry".to_owned(), "1".to_owned())];
    world.delivered(seconds(5), again.id, DeliveryResult::Ok { status: 500, headers, body: "".into() });
    assert!(world.pending_deliveries().is_empty());
}

#[test]
fn a_command_carries_what_was_typed_with_ids_for_names() {
    let mut world = team();
    let typed = "@ben and @leads see #dev, #secret https://x.example/?a=1&b=2 <b> @nobody";
    world.slash_command(start(), "U1", CHANNEL, "/page", typed).unwrap();
    let command = world.take_due(start()).remove(0);
    assert_eq!(command.kind, DeliveryKind::Command);
    assert_eq!(
        command.payload["text"],
        "<@U2|ben> and <!subteam^S1|@leads> see <#C1|dev>, <#C3|> <https://x.example/?a=1&amp;b=2> &lt;b&gt; @nobody"
    );
    let fields: std::collections::BTreeMap<_, _> = url::form_urlencoded::parse(&command.body).collect();
    assert_eq!((&*fields["user_id"], &*fields["channel_name"], &*fields["team_id"]), ("U1", "dev", "T1"));
    assert!(fields["response_url"].contains("/response/"));
    assert!(world.slash_command(start(), "U1", CHANNEL, "/else", "").is_err());
}

#[test]
fn a_picked_name_comes_with_its_handle_or_as_documented_without() {
    let mut world = team();
    let typed = world.pick_mentions("@ben, please: @leads (see @chloe) @nobody");
    assert_eq!(typed, "<@U2|ben>, please: @leads (see <@U3|chloe>) @nobody");
    let text = |world: &mut World| {
        world.slash_command(start(), "U1", CHANNEL, "/page", &world.pick_mentions("@ben, now")).unwrap();
        world.take_due(start()).remove(0).payload["text"].clone()
    };
    assert_eq!(text(&mut world), "<@U2|ben>, now");
    world.slash_command(start(), "U1", CHANNEL, "/page", "<@U2> <@U2|dan>").unwrap();
    let typed = world.take_due(start()).remove(0).payload["text"].clone();
    assert_eq!(typed, "&lt;@U2&gt; &lt;@U2|dan&gt;", "typed, not picked");
    world.app_mut().labels_mentions = false;
    assert_eq!(text(&mut world), "<@U2>, now");
    world.app_mut().should_escape = false;
    world.slash_command(start(), "U1", CHANNEL, "/page", "@ben, now").unwrap();
    assert_eq!(world.take_due(start()).remove(0).payload["text"], "@ben, now");
    world.post(start(), "U1", CHANNEL, &world.pick_mentions("hello @ben"), None).unwrap();
    assert_eq!(world.messages(CHANNEL)[0].text, "hello <@U2>", "messages carry the id alone");
}

#[test]
fn an_answer_to_a_command_is_shown_to_whoever_typed() {
    let mut world = team();
    let mut run = |result: DeliveryResult| {
        world.slash_command(start(), "U1", CHANNEL, "/page", "").unwrap();
        let command = world.take_due(start()).remove(0);
        world.delivered(start(), command.id, result);
    };
    run(DeliveryResult::ok());
    run(DeliveryResult::answered(200, "on it"));
    run(DeliveryResult::answered(200, r#"{"text": "as JSON"}"#));
    run(DeliveryResult::answered(200, r#"{"response_type": "in_channel", "text": "for all"}"#));
    run(DeliveryResult::answered(500, "oops"));
    run(DeliveryResult::Timeout);
    insta::assert_snapshot!(world.ephemeral_transcript("U1"), @r#"
    #dev pager: on it
    #dev pager: as JSON
    #dev Slack: /page failed with the error "http_service_error"
    #dev Slack: /page failed with the error "operation_timeout"
    "#);
    assert_eq!(world.transcript(CHANNEL), "pager: for all\n");
    assert!(world.pending_deliveries().is_empty(), "commands are not tried again");
}

#[test]
fn a_response_url_takes_five_answers_in_thirty_minutes() {
    let mut world = team();
    let sent = world.slash_command(start(), "U1", CHANNEL, "/page", "").unwrap();
    let path = sent.response_url.strip_prefix("http://slack.invalid").unwrap().to_owned();
    let mut post = |minutes: i64| {
        let request = http::Request::post(&path).body(r#"{"text":"hi"}"#.into()).unwrap();
        world.http(seconds(minutes * 60), request).response().unwrap().status().as_u16()
    };
    assert_eq!((0..6).map(|_| post(1)).collect::<Vec<_>>(), [200, 200, 200, 200, 200, 404]);
    assert_eq!(world.ephemerals("U1").len(), 5);
    let other = world.slash_command(start(), "U1", CHANNEL, "/page", "").unwrap();
    let path = other.response_url.strip_prefix("http://slack.invalid").unwrap();
    let request = http::Request::post(path).body(r#"{"text":"hi"}"#.into()).unwrap();
    assert_eq!(world.http(seconds(31 * 60), request).response().unwrap().status().as_u16(), 404);
    assert_eq!(world.count_calls("response_url"), 7);
}

#[test]
fn the_app_proves_its_url() {
    let mut world = team();
    for right in [true, false] {
        let challenge = world.send_url_verification(start());
        let asked = world.take_due(start()).remove(0);
        assert_eq!(asked.payload["challenge"], challenge);
        let body = if right { challenge } else { "no".to_owned() };
        world.delivered(start(), asked.id, DeliveryResult::answered(200, body));
        assert_eq!(world.url_verified(), Some(right));
    }
}
