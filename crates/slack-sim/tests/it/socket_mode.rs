//! Socket Mode over real WebSockets on loopback.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use slack_sim::DisconnectReason;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::loopback::{Running, running};
use crate::support::CHANNEL;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn connect(sim: &Running) -> Socket {
    let opened = sim.call("apps.connections.open", "xapp-simulated", &[]).await.unwrap();
    tokio_tungstenite::connect_async(opened["url"].as_str().unwrap()).await.unwrap().0
}

/// The next text frame.
async fn frame(socket: &mut Socket) -> Value {
    loop {
        match socket.next().await.unwrap().unwrap() {
            Message::Text(text) => return serde_json::from_str(&text).unwrap(),
            Message::Close(_) => panic!("closed"),
            _ => {}
        }
    }
}

async fn acknowledge(socket: &mut Socket, envelope: &Value, payload: Option<Value>) {
    let mut ack = json!({"envelope_id": envelope["envelope_id"]});
    if let Some(payload) = payload {
        ack["payload"] = payload;
    }
    socket.send(Message::text(ack.to_string())).await.unwrap();
}

#[tokio::test]
async fn a_command_is_acknowledged_with_an_answer() {
    let sim = running().await;
    let mut socket = connect(&sim).await;
    let hello = frame(&mut socket).await;
    assert_eq!((&hello["type"], &hello["num_connections"]), (&json!("hello"), &json!(1)));
    sim.handle.with(|world, now| world.slash_command(now, "U1", CHANNEL, "/page", "now").unwrap());
    let envelope = frame(&mut socket).await;
    assert_eq!((&envelope["type"], &envelope["payload"]["text"]), (&json!("slash_commands"), &json!("now")));
    assert_eq!(envelope["accepts_response_payload"], true);
    let mut changes = sim.handle.changes();
    acknowledge(&mut socket, &envelope, Some(json!({"text": "on it"}))).await;
    while sim.handle.read(|world| world.ephemerals("U1").is_empty()) {
        changes.changed().await.unwrap();
    }
    assert_eq!(sim.handle.read(|world| world.ephemeral_transcript("U1")), "#dev pager: on it\n");
}

#[tokio::test]
async fn an_envelope_without_acknowledgement_comes_again_to_any_connection() {
    let sim = running().await;
    sim.sockets.set_patience(Duration::from_secs(1));
    let mut socket = connect(&sim).await;
    frame(&mut socket).await;
    sim.handle.with(|world, now| world.direct_message(now, "U1", "hello").unwrap());
    let first = frame(&mut socket).await;
    assert_eq!(first["retry_attempt"], 0);
    let second = frame(&mut socket).await;
    assert_eq!((&second["retry_attempt"], &second["retry_reason"]), (&json!(1), &json!("timeout")));
    assert_eq!(second["payload"]["event_id"], first["payload"]["event_id"]);
    acknowledge(&mut socket, &second, None).await;
    let mut changes = sim.handle.changes();
    while sim.handle.read(|world| !world.pending_deliveries().is_empty()) {
        changes.changed().await.unwrap();
    }
}

#[tokio::test]
async fn an_event_while_nobody_listened_comes_a_minute_later() {
    let sim = running().await;
    sim.handle.with(|world, now| world.direct_message(now, "U1", "hello").unwrap());
    let due = crate::support::seconds(60);
    let mut changes = sim.handle.changes();
    while sim.handle.read(slack_sim::World::next_due) != Some(due) {
        changes.changed().await.unwrap();
    }
    let mut socket = connect(&sim).await;
    frame(&mut socket).await;
    sim.clock.set(due);
    sim.handle.wake();
    assert_eq!(frame(&mut socket).await["retry_attempt"], 2);
}

#[tokio::test]
async fn payloads_go_round_and_a_half_open_connection_swallows_its_share() {
    let sim = running().await;
    sim.sockets.set_patience(Duration::from_secs(1));
    let mut dead = connect(&sim).await;
    frame(&mut dead).await;
    sim.sockets.freeze_all();
    let mut alive = connect(&sim).await;
    assert_eq!(frame(&mut alive).await["num_connections"], 2);
    for _ in 0..2 {
        sim.handle.with(|world, now| world.direct_message(now, "U1", "hello").unwrap());
    }
    let mut attempts = Vec::new();
    for _ in 0..2 {
        let envelope = frame(&mut alive).await;
        acknowledge(&mut alive, &envelope, None).await;
        attempts.push(envelope["retry_attempt"].as_u64().unwrap());
    }
    attempts.sort_unstable();
    assert_eq!(attempts, [0, 1]);
    assert_eq!(sim.sockets.count(), 2);
}

#[tokio::test]
async fn connections_are_asked_to_go_and_the_eleventh_is_refused() {
    let sim = running().await;
    let mut all = Vec::new();
    for _ in 0..10 {
        let mut socket = connect(&sim).await;
        assert_eq!(frame(&mut socket).await["type"], "hello");
        all.push(socket);
    }
    let refused = frame(&mut connect(&sim).await).await;
    assert_eq!(refused["reason"], "too_many_websockets");
    sim.sockets.disconnect_oldest(DisconnectReason::Warning);
    assert_eq!(
        frame(&mut all[0]).await,
        json!({"type": "disconnect", "reason": "warning", "debug_info": {"host": "slack-sim"}})
    );
    sim.sockets.disconnect_all(DisconnectReason::LinkDisabled);
    assert_eq!(frame(&mut all[9]).await["reason"], "link_disabled");
    while !matches!(all[9].next().await, None | Some(Err(_) | Ok(Message::Close(_)))) {}
}

#[tokio::test]
async fn a_ticket_is_good_once_and_hello_may_never_come() {
    let sim = running().await;
    sim.sockets.set_hello(false);
    let opened = sim.call("apps.connections.open", "xapp-simulated", &[]).await.unwrap();
    let url = opened["url"].as_str().unwrap();
    let (mut socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
    assert!(tokio_tungstenite::connect_async(url).await.is_err());
    let silence = tokio::time::timeout(Duration::from_millis(50), frame(&mut socket)).await;
    assert!(silence.is_err());
}
