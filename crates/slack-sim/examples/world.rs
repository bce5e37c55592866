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
            {"type": "button", "action_id": "pass", "text": {"type": "plain_text", "text": "Pass"}},
            {"type": "button", "action_id": "cancel", "style": "danger", "text": {"type": "plain_text", "text": "Cancel"},
                "confirm": {"title": {"type": "plain_text", "text": "Cancel this incident?"},
                    "text": {"type": "plain_text", "text": "Nobody else is asked. The thread stays."},
                    "confirm": {"type": "plain_text", "text": "Cancel it"},
                    "deny": {"type": "plain_text", "text": "Keep looking"}, "style": "danger"}}]}]);
    let page = post(
        world,
        at(3),
        &json!({"channel": CHANNEL, "thread_ts": root,
        "text": "<@U016>, can you take a look?", "blocks": ask}),
    )?;
    world.react(at(60), "U016", CHANNEL, &page, "eyes")?;
    world.post(at(90), "U016", CHANNEL, "Looking. It *is* the `payments` pool, @ines", Some(&root))?;
    world.set_status(at(95), "U005", ":palm_tree:", "Vacationing", 0)?;
    world.set_status(at(95), "U012", ":face_with_thermometer:", "Out sick", at(4 * 3600).as_second())?;
    world.set_status(at(95), "U016", ":ambulance:", "On an incident", 0)?;
    report(world, at(100))?;
    direct(world, at(120))
}

/// Every kind of block in one message.
fn report(world: &mut World, now: Timestamp) -> Result<(), Box<dyn std::error::Error>> {
    let mrkdwn = |text: &str| json!({"type": "mrkdwn", "text": text});
    let blocks = json!([
        {"type": "header", "text": {"type": "plain_text", "text": ":bar_chart: Last week"}},
        {"type": "section", "text": mrkdwn("*7 incidents*, _median_ answer in *2 min*. ~One~ None was left alone.\n\n\
            • <https://incidents.example.com/4711|incident 4711>: <@U016>\n\
            • <https://incidents.example.com/4712|incident 4712>: <@U004>, after <@U001> and <@U002> had not answered and the \
              managers were about to be paged, which is a long line that wraps below its own first word\n\
            &gt; it was the `payments` pool\n&gt; again &amp; again"),
            "accessory": {"type": "button", "action_id": "more", "text": {"type": "plain_text", "text": "Details"}}},
        {"type": "section", "fields": [mrkdwn("*Asked*\n12"), mrkdwn("*Answered*\n7"), mrkdwn("*Slowest*\n9 min"),
            mrkdwn("*Managers*\n<!subteam^S0MANAGERS>, once")]},
        {"type": "divider"},
        {"type": "section", "text": mrkdwn("```\nasked  answered\n   12         7\n```")},
        {"type": "context", "elements": [mrkdwn("From <!date^1793232000^{date_short}|28 Oct>"),
            mrkdwn("to <!date^1793801700^{date_short_pretty} at {time}|today>, <!date^1793800800^{ago}|just now>")]}]);
    post(world, now, &json!({"channel": CHANNEL, "text": "Last week", "blocks": blocks}))?;
    Ok(())
}

/// Somebody asks the bot for a long list.
fn direct(world: &mut World, now: Timestamp) -> Result<(), Box<dyn std::error::Error>> {
    let (dm, _) = world.direct_message(now, "U001", "top")?;
    let line = |place: usize| {
        let mark =
            ["", " :palm_tree: on leave", " :face_with_thermometer: out sick", " :zzz: away"][place % 4];
        format!(
            "{place}. <@U{:03}>, last asked <!date^{}^{{date_short_pretty}} {{time}}|a while ago>{mark}",
            (place * 7) % 24 + 1,
            now.as_second() - i64::try_from(25 - place).unwrap_or_default() * 40_000
        )
    };
    let lines: Vec<String> = (1..=25).map(line).collect();
    let text = format!("*Next in* <#{CHANNEL}|dev-escalation>\n{}", lines.join("\n"));
    post(world, now + SignedDuration::from_secs(1), &json!({"channel": dm, "text": text}))?;
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
