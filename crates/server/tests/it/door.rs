//! x
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};
use slack_sim::signature;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use crate::harness::Stage;

#[tokio::test]
async fn explore() {
    let stage = Stage::with(&["ana"]).await;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let shutdown = CancellationToken::new();
    tokio::spawn(pagerslack::http::serve(listener, stage.bot.router(), shutdown.clone()));
    let secret = stage.slack.read(|world| world.app().signing_secret.clone());
    let body = "team_id=T1&channel_id=C1&user_id=U1&command=/devoncall&text=https://i.example/1&trigger_id=1";
    let at = stage.now().as_second();
    let sig = signature(&secret, at, body.as_bytes());
    let signed = format!("x-slack-request-timestamp: {at}\r\nx-slack-signature: {sig}\r\ncontent-type: application/x-www-form-urlencoded\r\n");
    let n = body.len();
    let hidden = "GET /metrics HTTP/1.1\r\nhost: a\r\n\r\n";
    let chunked = format!("{n:x}\r\n{body}\r\n0\r\n\r\n");
    let p = "POST /slack/events HTTP/1.1\r\n";
    let rows: Vec<(&str, String)> = vec![
      ("good", format!("{p}host: a\r\n{signed}content-length: {n}\r\n\r\n{body}")),
      ("no host", format!("{p}{signed}content-length: {n}\r\n\r\n{body}")),
      ("two hosts", format!("{p}host: a\r\nhost: b\r\n{signed}content-length: {n}\r\n\r\n{body}")),
      ("cl+te", format!("{p}host: a\r\n{signed}content-length: {}\r\ntransfer-encoding: chunked\r\n\r\n{chunked}{hidden}", chunked.len()+hidden.len())),
      ("te+cl", format!("{p}host: a\r\n{signed}transfer-encoding: chunked\r\ncontent-length: {}\r\n\r\n{chunked}{hidden}", 5)),
      ("te x", format!("{p}host: a\r\n{signed}transfer-encoding: x\r\n\r\n{chunked}")),
      ("te x, chunked", format!("{p}host: a\r\n{signed}transfer-encoding: gzip, chunked\r\n\r\n{chunked}{hidden}")),
      ("te chunked, x", format!("{p}host: a\r\n{signed}transfer-encoding: chunked, identity\r\n\r\n{chunked}{hidden}")),
      ("te twice", format!("{p}host: a\r\n{signed}transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n\r\n{chunked}{hidden}")),
      ("te xchunked", format!("{p}host: a\r\n{signed}transfer-encoding: xchunked\r\n\r\n{chunked}{hidden}")),
      ("te tab", format!("{p}host: a\r\n{signed}transfer-encoding:\tchunked\r\n\r\n{chunked}{hidden}")),
      ("te space colon", format!("{p}host: a\r\n{signed}transfer-encoding : chunked\r\n\r\n{chunked}{hidden}")),
      ("te 1.0", format!("POST /slack/events HTTP/1.0\r\nhost: a\r\n{signed}transfer-encoding: chunked\r\n\r\n{chunked}{hidden}")),
      ("cl twice same", format!("{p}host: a\r\n{signed}content-length: {n}\r\ncontent-length: {n}\r\n\r\n{body}")),
      ("cl list", format!("{p}host: a\r\n{signed}content-length: {n}, {n}\r\n\r\n{body}")),
      ("cl twice", format!("{p}host: a\r\n{signed}content-length: {n}\r\ncontent-length: 1\r\n\r\n{body}{hidden}")),
      ("cl +", format!("{p}host: a\r\n{signed}content-length: +{n}\r\n\r\n{body}")),
      ("cl -1", format!("{p}host: a\r\n{signed}content-length: -1\r\n\r\n{body}")),
      ("cl 2^64", format!("{p}host: a\r\n{signed}content-length: 18446744073709551616\r\n\r\n{body}")),
      ("cl hex", format!("{p}host: a\r\n{signed}content-length: 0x10\r\n\r\n{body}")),
      ("cl empty", format!("{p}host: a\r\n{signed}content-length: \r\n\r\n{body}")),
      ("cl short", format!("{p}host: a\r\n{signed}content-length: {}\r\n\r\n{body}", n-3)),
      ("cl long", format!("{p}host: a\r\n{signed}content-length: {}\r\n\r\n{body}", n+3)),
      ("no cl", format!("{p}host: a\r\n{signed}\r\n{body}")),
      ("obs-fold", format!("{p}host: a\r\nx-a: b\r\n c\r\n{signed}content-length: {n}\r\n\r\n{body}")),
      ("obs-fold sig", format!("{p}host: a\r\n{}content-length: {n}\r\n\r\n{body}", signed.replace("v0=", "v0=\r\n "))),
      ("bare lf", format!("{p}host: a\r\n{signed}content-length: {n}\r\n\r\n{body}").replacen("\r\n","\n",8)),
      ("bare cr", format!("{p}host: a\rx: y\r\n{signed}content-length: {n}\r\n\r\n{body}")),
      ("nul value", format!("{p}host: a\r\nx-a: b\0c\r\n{signed}content-length: {n}\r\n\r\n{body}")),
      ("nul name", format!("{p}host: a\r\nx\0a: b\r\n{signed}content-length: {n}\r\n\r\n{body}")),
      ("space name", format!("{p}host: a\r\nx a: b\r\n{signed}content-length: {n}\r\n\r\n{body}")),
      ("nul in path", format!("POST /slack/events\0 HTTP/1.1\r\nhost: a\r\n{signed}content-length: {n}\r\n\r\n{body}")),
      ("chunk garbage", format!("{p}host: a\r\n{signed}transfer-encoding: chunked\r\n\r\nzz\r\n{body}\r\n0\r\n\r\n{hidden}")),
      ("chunk huge", format!("{p}host: a\r\n{signed}transfer-encoding: chunked\r\n\r\nffffffffffffffff1\r\n{body}\r\n0\r\n\r\n{hidden}")),
      ("chunk ext", format!("{p}host: a\r\n{signed}transfer-encoding: chunked\r\n\r\n{n:x};{}\r\n{body}\r\n0\r\n\r\n", "x".repeat(20000))),
      ("chunk bare lf", format!("{p}host: a\r\n{signed}transfer-encoding: chunked\r\n\r\n{n:x}\n{body}\r\n0\r\n\r\n{hidden}")),
      ("chunk no crlf", format!("{p}host: a\r\n{signed}transfer-encoding: chunked\r\n\r\n{n:x}\r\n{body}0\r\n\r\n{hidden}")),
      ("chunk trailers", format!("{p}host: a\r\ntransfer-encoding: chunked\r\n\r\n{n:x}\r\n{body}\r\n0\r\n{signed}\r\n{hidden}")),
      ("pipelined", format!("{p}host: a\r\ncontent-length: {n}\r\n\r\n{body}{hidden}")),
      ("get with body", format!("GET /healthz HTTP/1.1\r\nhost: a\r\ncontent-length: {}\r\n\r\n{hidden}", hidden.len())),
      ("404 with body", format!("POST /nowhere HTTP/1.1\r\nhost: a\r\ncontent-length: {}\r\n\r\n{hidden}", hidden.len())),
      ("absolute", format!("POST http://evil/slack/events HTTP/1.1\r\nhost: a\r\n{signed}content-length: {n}\r\n\r\n{body}")),
      ("connect", "CONNECT a:1 HTTP/1.1\r\nhost: a\r\n\r\n".into()),
      ("h2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".into()),
      ("tls", "\x16\x03\x01\x02\0\x01\0\x01".into()),
      ("upgrade", "GET /healthz HTTP/1.1\r\nhost: a\r\nconnection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAA\r\n\r\n".into()),
      ("http/0.9", "GET /healthz\r\n\r\n".into()),
      ("http/1.2", "GET /healthz HTTP/1.2\r\nhost: a\r\n\r\n".into()),
      ("many headers", format!("{p}{}\r\n", "x: y\r\n".repeat(200))),
      ("big header", format!("{p}x: {}\r\n\r\n", "y".repeat(500_000))),
      ("long path", format!("GET /{} HTTP/1.1\r\nhost: a\r\n\r\n", "y".repeat(100_000))),
      ("expect", format!("{p}host: a\r\n{signed}expect: 100-continue\r\ncontent-length: {n}\r\n\r\n{body}")),
      ("empty lines", format!("\r\n\r\n\r\n{p}host: a\r\n{signed}content-length: {n}\r\n\r\n{body}")),
    ];
    for (name, raw) in rows {
        let mut s = TcpStream::connect(address).await.unwrap();
        let started = Instant::now();
        let _ = s.write_all(raw.as_bytes()).await;
        let mut got = Vec::new();
        let mut buf = [0; 65536];
        let end = loop {
            match tokio::time::timeout(Duration::from_millis(700), s.read(&mut buf)).await {
                Ok(Ok(0)) => break "closed".to_owned(),
                Ok(Ok(k)) => got.extend_from_slice(&buf[..k]),
                Ok(Err(e)) => break format!("{e}"),
                Err(_) => break "OPEN".into(),
            }
        };
        let text = String::from_utf8_lossy(&got).into_owned();
        let statuses: Vec<&str> = text.match_indices("HTTP/1.").map(|(at, _)| &text[at+9..at+12]).collect();
        eprintln!("{name:18} {statuses:?} {end} reports={} {:?}", stage.count("reports"), started.elapsed());
    }
}
