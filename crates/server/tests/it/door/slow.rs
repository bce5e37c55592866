//! How long one may take, on a clock that stands still while anything happens and jumps when nothing does.

use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, sleep};

use super::{Door, POST, heard, statuses};

/// What is tried: what is sent first, and then after each pause; what is answered, and after how many seconds the door
/// closes.
type Row<'a> = (&'a str, &'a str, &'a str, Duration, &'a [u16], u64);

/// Sends one piece, and one more after each pause; gives the answers' statuses and after how long the door closed.
async fn drip(door: &Door, first: &str, piece: &str, pause: Duration) -> (Vec<u16>, Duration) {
    let started = Instant::now();
    let (mut answers, mut stream) = door.connect().await.into_split();
    stream.write_all(first.as_bytes()).await.unwrap();
    let dripping = async {
        loop {
            sleep(pause).await;
            if stream.write_all(piece.as_bytes()).await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    };
    let said = tokio::select! {
        said = heard(&mut answers) => said,
        () = dripping => unreachable!("it drips for ever"),
    };
    (statuses(&said), started.elapsed())
}

/// Given somebody who sends nothing, half a request, or a little now and then, then the door closes after a time that
/// no dripping makes longer, and nothing has happened.
#[tokio::test(start_paused = true)]
async fn nobody_holds_the_door_open() {
    let door = Door::open().await;
    let (second, never) = (Duration::from_secs(1), Duration::from_secs(1_000_000));
    let signed = door.signed(1);
    let body = format!("{POST}{}content-length: {}\r\n\r\n", signed.headers(), signed.length());
    let cut = format!("{body}{}", &signed.body[..20]);
    let pieces = format!("{POST}{}transfer-encoding: chunked\r\n\r\n", signed.headers());
    let rows: [Row<'_>; 8] = [
        ("nothing", "", "", never, &[], 30),
        ("half a line", "POST /sl", "", never, &[], 30),
        ("headers that drip", POST, "a: b\r\n", second, &[], 30),
        ("letters that drip", "POST /", "a", second, &[], 30),
        ("half a body", &cut, "", never, &[408], 5),
        ("a body that drips", &body, "a", second, &[408], 5),
        ("pieces that drip", &pieces, "1\r\na\r\n", second, &[408], 5),
        ("a question, and then nothing", "GET /healthz HTTP/1.1\r\nhost: bot\r\n\r\n", "", never, &[200], 30),
    ];
    for (what, first, piece, pause, expected, seconds) in rows {
        let (answered, took) = drip(&door, first, piece, pause).await;
        assert_eq!(answered, expected, "{what}");
        let limit = Duration::from_secs(seconds);
        assert!((limit..=limit + second).contains(&took), "{what}: closed after {took:?}");
    }
    assert_eq!((door.stage.count("reports"), door.stage.count("requests_too_slow")), (0, 3));
}

/// Given a request of which the end never comes since its sender has gone, then it is a bad one, at once.
#[tokio::test(start_paused = true)]
async fn a_request_that_breaks_off_is_refused_at_once() {
    let door = Door::open().await;
    let signed = door.signed(1);
    let head = format!("{POST}{}", signed.headers());
    let body = format!("{head}content-length: {}\r\n\r\n{}", signed.length() + 1, signed.body);
    let piece =
        format!("{head}transfer-encoding: chunked\r\n\r\n{:x}\r\n{}", signed.length() + 1, signed.body);
    let pieces =
        format!("{head}transfer-encoding: chunked\r\n\r\n{:x}\r\n{}\r\n", signed.length(), signed.body);
    for (what, bytes, expected) in [
        ("in its headers", head.as_str(), [].as_slice()),
        ("in its body", &body, &[400]),
        ("in a piece", &piece, &[400]),
        ("between two pieces", &pieces, &[400]),
    ] {
        let started = Instant::now();
        let mut stream = door.connect().await;
        stream.write_all(bytes.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let said = heard(&mut stream).await;
        assert_eq!(statuses(&said), expected, "{what}");
        assert!(started.elapsed() < Duration::from_secs(1), "{what}");
    }
    assert_eq!(door.stage.count("reports"), 0);
}
