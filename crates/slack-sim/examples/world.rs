//! A workspace to look at: `cargo run -p slack-sim --example world [address]`.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::Request;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use slack_sim::{ScaledClock, Server, SimHandle, World, demo_team};
use tokio_util::sync::CancellationToken;

const CHANNEL: &str = "C0DEMO";

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address: SocketAddr = std::env::args().nth(1).as_deref().unwrap_or("127.0.0.1:4000").parse()?;
    let start: Timestamp = "2026-11-04T14:00:00Z".parse()?;
    let mut world = demo_team().command("/page", "[what is wrong]").build();
    story(&mut world, start)?;
    let begin = start + SignedDuration::from_mins(10);
    let handle = SimHandle::new(world, Arc::new(ScaledClock::new(begin, 1)));
    let server = Server::bind(address, handle).await?;
    tracing::info!(url = server.url(), "serving");
    let stop = CancellationToken::new();
    let serving = tokio::spawn(server.run(stop.clone()));
    tokio::signal::ctrl_c().await?;
    stop.cancel();
    serving.await?;
    Ok(())
}

/// A few messages, so that there is something to see.
fn story(world: &mut World, start: Timestamp) -> Result<(), Box<dyn std::error::Error>> {
    let at = |seconds: i64| start + SignedDuration::from_secs(seconds);
    world.post(
        at(0),
        "U019",
        CHANNEL,
        "Checkout answers 502 since a minute: https://incidents.example.com/4711",
        None,
    )?;
    let root = post(
        world,
        at(2),
        &json!({"channel": CHANNEL,
        "text": ":rotating_light: <@U019> reports <https://incidents.example.com/4711|incident 4711>"}),
    )?;
    let ask = json!([
        {"type": "section", "text": {"type": "mrkdwn",
            "text": "<@U016>, can you take a look? React with :eyes: until <!date^1793801700^{time}|14:15 UTC>."}},
        {"type": "actions", "elements": [
            {"type": "button", "action_id": "take", "style": "primary", "text": {"type": "plain_text", "text": "I'm on it"}},
            {"type": "button", "action_id": "pass", "text": {"type": "plain_text", "text": "Pass"}}]}]);
    let page = post(
        world,
        at(3),
        &json!({"channel": CHANNEL, "thread_ts": root,
        "text": "<@U016>, can you take a look?", "blocks": ask}),
    )?;
    world.react(at(60), "U016", CHANNEL, &page, "eyes")?;
    world.post(at(90), "U016", CHANNEL, "Looking. It *is* the `payments` pool, @ines", Some(&root))?;
    world.set_status(at(95), "U005", ":palm_tree:", "on leave", 0)?;
    let whisper = json!({"channel": CHANNEL, "user": "U001", "text": "You are next in line."});
    call(world, at(100), "chat.postEphemeral", &whisper)?;
    Ok(())
}

fn post(world: &mut World, now: Timestamp, message: &Value) -> Result<String, Box<dyn std::error::Error>> {
    let posted = call(world, now, "chat.postMessage", message)?;
    Ok(posted["ts"].as_str().unwrap_or_default().to_owned())
}

fn call(
    world: &mut World,
    now: Timestamp,
    method: &str,
    args: &Value,
) -> Result<Value, Box<dyn std::error::Error>> {
    let request = Request::post(format!("/api/{method}"))
        .header("authorization", format!("Bearer {}", world.app().bot_token))
        .header("content-type", "application/json")
        .body(Bytes::from(args.to_string()))?;
    let response = world.http(now, request).response().ok_or("no answer")?;
    Ok(serde_json::from_slice(response.body())?)
}
