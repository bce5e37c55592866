//! The door: only what Slack signed acts, whatever comes is survived, and nothing acts twice (P8).

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use http::Request;
use slack_sim::{Fault, FaultKind, signature};

use crate::harness::Stage;

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
const LIMIT: usize = 256 * 1024;

struct Door(Stage);

impl Door {
    async fn open() -> Self {
        Self(Stage::with(&["ana", "bo"]).await)
    }

    fn now(&self) -> i64 {
        self.0.now().as_second()
    }

    fn sign(&self, at: i64, body: &[u8]) -> String {
        signature(&self.0.slack.read(|world| world.app().signing_secret.clone()), at, body)
    }

    fn signed(&self, content_type: &str, body: impl Into<Bytes>) -> Request<Bytes> {
        let body = body.into();
        let (at, signature) = (self.now(), self.sign(self.now(), &body));
        Request::post("/slack/events")
            .header("content-type", content_type)
            .header("x-slack-request-timestamp", at)
            .header("x-slack-signature", signature)
            .body(body)
            .unwrap()
    }

    async fn answer(&self, request: Request<Bytes>) -> (u16, String) {
        let (status, body) = self.0.request(request).await;
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    /// A slash command as Slack sends it, caught on its way.
    fn command(&self) -> Request<Bytes> {
        self.0.slack.with(|world, now| {
            world.slash_command(now, "U1", "C1", "/devoncall", "https://incident.example/1").unwrap();
            let delivery = world.take_due(now).remove(0);
            world.delivered(now, delivery.id, slack_sim::DeliveryResult::ok());
            delivery.request().unwrap()
        })
    }
}

/// Given somebody who does not know the secret, or plays an old request back, when they post a command, then they
/// get 401 and not a word, it is counted, and nothing happens in the channel.
#[tokio::test]
async fn what_slack_did_not_sign_just_now_is_refused() {
    let door = Door::open().await;
    let good = door.command();
    let body = good.body().clone();
    let with = |headers: &[(&str, String)]| {
        let mut request = Request::post("/slack/commands").header("content-type", FORM);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        request.body(body.clone()).unwrap()
    };
    let (at, now) = ("x-slack-request-timestamp", door.now());
    let by = "x-slack-signature";
    let right = door.sign(now, &body);
    let (old, future) = (now - 301, now + 301);
    let requests = [
        with(&[]),
        with(&[(at, now.to_string())]),
        with(&[(by, right.clone())]),
        with(&[(at, now.to_string()), (by, String::new())]),
        with(&[(at, now.to_string()), (by, right.replace("v0=", "v1="))]),
        with(&[(at, now.to_string()), (by, right[..right.len() - 1].to_owned())]),
        with(&[(at, now.to_string()), (by, format!("{right}0"))]),
        with(&[(at, now.to_string()), (by, door.sign(now, b"another body"))]),
        with(&[(at, now.to_string()), (by, signature("another secret", now, &body))]),
        with(&[(at, (now + 1).to_string()), (by, right.clone())]),
        with(&[(at, old.to_string()), (by, door.sign(old, &body))]),
        with(&[(at, future.to_string()), (by, door.sign(future, &body))]),
        with(&[(at, format!("{now}.0")), (by, right.clone())]),
        with(&[(at, "soon".to_owned()), (by, right.clone())]),
        with(&[(at, now.to_string()), (by, right.clone()), (by, right.clone())]),
        with(&[(at, now.to_string()), (at, now.to_string()), (by, right.clone())]),
    ];
    let count = u64::try_from(requests.len()).unwrap();
    for request in requests {
        let what = format!("{:?}", request.headers());
        assert_eq!(door.answer(request).await, (401, String::new()), "{what}");
    }
    assert_eq!(door.0.count("requests_unsigned"), count);
    door.0.settle().await;
    assert_eq!(door.0.transcript(), "");

    // At the very edge of five minutes it is still good.
    let (status, told) =
        door.answer(with(&[(at, (now - 300).to_string()), (by, door.sign(now - 300, &body))])).await;
    assert_eq!(status, 200);
    assert!(told.contains("On it"), "{told}");
    door.0.settle().await;
    door.0.reacts("U1", &door.0.post("root").ts, "eyes").await;
    door.0.end().await;
}

/// Given a body of more than 256 KiB, when it is announced, or comes in pieces unannounced, then it is refused
/// with 413, and counted; one of exactly 256 KiB is read.
#[tokio::test]
async fn a_body_too_large_is_refused() {
    let door = Door::open().await;
    let announced = door.signed(JSON, vec![b' '; LIMIT + 1]);
    let (mut head, body) = announced.into_parts();
    head.headers.insert("content-length", (LIMIT + 1).into());
    assert_eq!(door.answer(Request::from_parts(head.clone(), body)).await.0, 413);

    // Announced as large, and not even sent.
    assert_eq!(door.answer(Request::from_parts(head.clone(), Bytes::new())).await.0, 413);

    head.headers.remove("content-length");
    let pieces = (0..65).map(|_| Ok::<_, std::io::Error>(Bytes::from(vec![b' '; 4096])));
    let chunked = Request::from_parts(head, Body::from_stream(stream::iter(pieces)));
    assert_eq!(door.0.send(chunked).await.0, 413);
    assert_eq!(door.0.count("requests_too_large"), 3);

    let (head, body) = door.signed(JSON, vec![b' '; LIMIT]).into_parts();
    let pieces: Vec<_> =
        body.chunks(4096).map(|piece| Ok::<_, std::io::Error>(Bytes::copy_from_slice(piece))).collect();
    let chunked = Request::from_parts(head, Body::from_stream(stream::iter(pieces)));
    assert_eq!(door.0.send(chunked).await.0, 200);
    assert_eq!(door.0.count("requests_malformed"), 1);
    door.0.end().await;
}

/// Given a request that breaks off in the middle, then it is a bad request and nothing more.
#[tokio::test]
async fn a_body_that_breaks_off_is_survived() {
    let door = Door::open().await;
    let (head, _) = door.signed(JSON, "{}").into_parts();
    let pieces = [Ok(Bytes::from_static(b"{")), Err(std::io::Error::other("gone"))];
    let broken = Request::from_parts(head, Body::from_stream(stream::iter(pieces)));
    assert_eq!(door.0.send(broken).await.0, 400);
    door.0.end().await;
}

/// Given Slack signs something that nobody can read, then it is answered 200, so that Slack does not switch the
/// app off, counted, and nothing happens.
#[tokio::test]
async fn what_nobody_can_read_is_counted_and_dropped() {
    let door = Door::open().await;
    let deep_list = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let deep_event = format!(
        r#"{{"type":"event_callback","event":{}1{}}}"#,
        r#"{"a":"#.repeat(20_000),
        "}".repeat(20_000)
    );
    let deep_click = format!("payload={}{}", "%7B%22actions%22%3A%5B".repeat(5_000), "%5D%7D".repeat(5_000));
    let half_a_letter = b"payload=%ff%fe&command=%c3".to_vec();
    let bodies: Vec<(&str, Vec<u8>)> = vec![
        (JSON, b"".into()),
        (JSON, b"{".into()),
        (JSON, b"null".into()),
        (JSON, b"[]".into()),
        (JSON, b"[{\"type\":\"event_callback\"}]".into()),
        (JSON, b"{}".into()),
        (JSON, b"\xff\xfe\x00".into()),
        (JSON, deep_list.into()),
        (JSON, deep_event.into()),
        (JSON, br#"{"type":"event_callback"}"#.into()),
        (JSON, br#"{"type":"event_callback","event":"no"}"#.into()),
        (JSON, br#"{"type":"event_callback","event":{"type":"reaction_added","reaction":"eyes"}}"#.into()),
        (JSON, br#"{"type":"url_verification"}"#.into()),
        (JSON, b"command=/devoncall&text=x".into()),
        (FORM, b"".into()),
        (FORM, b"&&&=%%%;;".into()),
        (FORM, half_a_letter),
        (FORM, b"command=/devoncall&text=https://incident.example/1".into()),
        (FORM, b"payload=".into()),
        (FORM, b"payload={}".into()),
        (FORM, b"payload=[]".into()),
        (FORM, b"payload={\"type\":\"block_actions\"}".into()),
        (FORM, b"{\"type\":\"event_callback\"}".into()),
        (FORM, deep_click.into()),
        ("", b"".into()),
        ("text/plain", b"hello".into()),
        ("application/xml", b"<a/>".into()),
        ("multipart/form-data; boundary=x", b"--x--".into()),
    ];
    let count = u64::try_from(bodies.len()).unwrap();
    for (content_type, body) in bodies {
        let shown = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
        let answer = door.answer(door.signed(content_type, body)).await;
        assert_eq!(answer, (200, String::new()), "{content_type}: {shown}");
    }
    assert_eq!(door.0.count("requests_malformed") + door.0.count("requests_ignored"), count);
    door.0.settle().await;
    assert_eq!(door.0.transcript(), "");
    door.0.end().await;
}

/// Given Slack checks whether the address is ours and the certificate good, then it gets its challenge back,
/// nothing else, and an empty 200.
#[tokio::test]
async fn slacks_own_checks_are_answered() {
    let door = Door::open().await;
    door.0.slack.with(|world, now| world.send_url_verification(now));
    door.0.settle().await;
    assert_eq!(door.0.slack.read(|world| world.url_verified()), Some(true));
    let asked = r#"{"type":"url_verification","token":"x","challenge":"<b>3eZbrw1a</b>"}"#;
    assert_eq!(door.answer(door.signed(JSON, asked)).await, (200, "<b>3eZbrw1a</b>".to_owned()));
    assert_eq!(door.answer(door.signed(FORM, "ssl_check=1&token=x")).await, (200, String::new()));
    door.0.end().await;
}

/// Given a signed command, when the very same request comes again, at once and while its signature is still good,
/// then there is one incident, one thread and one page.
#[tokio::test]
async fn a_command_played_back_reports_nothing_twice() {
    let door = Door::open().await;
    let request = door.command();
    let first = door.answer(request.clone()).await;
    assert_eq!(door.answer(request.clone()).await, first);
    door.0.settle().await;
    door.0.pass("100 s").await;
    let (status, told) = door.answer(request.clone()).await;
    assert_eq!(status, 200);
    assert!(told.contains("On it") || told.contains("open already"), "{told}");
    door.0.reacts("U1", &door.0.post("root").ts, "eyes").await;
    // Not even after it was taken.
    assert_eq!(door.answer(request).await.0, 200);
    door.0.settle().await;
    door.0.pass("10 min").await;
    assert_eq!(door.0.kinds(), "root page/1 taken");
    assert_eq!(door.0.count("reports"), 1);
    door.0.end().await;
}

/// Given Slack delivers everything twice, with the same event ids and with fresh ones, when somebody reports, one
/// passes and another takes it, then every message stands once.
#[tokio::test]
async fn doubled_deliveries_have_one_effect() {
    for kind in [FaultKind::Double, FaultKind::DoubleFreshId] {
        let stage = Stage::with(&["ana", "bo", "chen"]).await;
        stage.fault(Fault::everything(kind));
        stage.types("U1", "https://incident.example/1").await;
        let first = stage.post("page/1");
        stage.presses(&first.asks(), &first.ts, "pagerslack_pass").await;
        let second = stage.post("page/2");
        stage.reacts(&second.asks(), &second.ts, "eyes").await;
        stage.pass("10 min").await;
        assert_eq!(stage.kinds(), "root page/1 page/2 taken");
        assert_eq!((stage.count("reports"), stage.count("acknowledgements")), (1, 1));
        stage.end().await;
    }
}
