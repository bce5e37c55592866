//! Where a request ends: what leaves it open is refused, and nothing hidden in a request is ever answered.

use super::{ARefusal, AReport, AReportAndTheEnd, AnAnswer, Door, HIDDEN, POST, Signed, TheEnd};

/// Given a request whose length is said wrongly or twice, then it is refused unless all that it says agrees, and what
/// comes behind a refused one is not answered.
#[tokio::test]
async fn a_length_is_said_once_and_rightly() {
    let door = Door::open().await;
    let with = |length: &'static str| {
        move |signed: &Signed| {
            let said = length.replace("{n}", &signed.length().to_string());
            format!("{POST}{}{said}\r\n\r\n{}", signed.headers(), signed.body)
        }
    };
    let shorter = |signed: &Signed| {
        let body = &signed.body;
        format!("{POST}{}content-length: {}\r\n\r\n{body}", signed.headers(), body.len() - 3)
    };
    let hidden = |signed: &Signed| {
        let body = format!("{}{HIDDEN}", signed.body);
        format!("{POST}{}content-length: {}\r\n\r\n{body}", signed.headers(), body.len())
    };
    door.check(&[
        ("once and rightly", &with("content-length: {n}"), AReport),
        // RFC 9112, 6.3 leaves it to the recipient: there is nothing ambiguous in it.
        ("twice the same", &with("content-length: {n}\r\ncontent-length: {n}"), AReport),
        ("twice in one line", &with("content-length: {n}, {n}"), ARefusal(400)),
        ("long, then short", &with("content-length: {n}\r\ncontent-length: 1"), ARefusal(400)),
        ("short, then long", &with("content-length: 1\r\ncontent-length: {n}"), ARefusal(400)),
        ("with a sign", &with("content-length: +{n}"), ARefusal(400)),
        ("negative", &with("content-length: -1"), ARefusal(400)),
        ("beyond 64 bits", &with("content-length: 18446744073709551616"), ARefusal(400)),
        ("hexadecimal", &with("content-length: 0x10"), ARefusal(400)),
        ("empty", &with("content-length: "), ARefusal(400)),
        ("a space before the colon", &with("content-length : {n}"), ARefusal(400)),
        ("folded", &with("content-length:\r\n {n}"), ARefusal(400)),
        // What was signed is longer, and its rest is no request.
        ("too short", &shorter, ARefusal(401)),
        ("none", &with("x: y"), ARefusal(401)),
        ("with a request hidden in the body", &hidden, ARefusal(401)),
    ])
    .await;
}

/// Given a body in pieces, when how it is cut is said in any way but the one, or twice, then it is refused; and what is
/// said of its length beside is overheard, with the connection closed behind it.
#[tokio::test]
async fn pieces_are_announced_in_one_way() {
    let door = Door::open().await;
    let with = |coding: &'static str| {
        move |signed: &Signed| {
            format!("{POST}{}{coding}\r\n\r\n{}{HIDDEN}", signed.headers(), signed.chunked())
        }
    };
    let alone = |signed: &Signed| {
        let headers = signed.headers();
        format!("{POST}{headers}transfer-encoding:\tChunked \r\n\r\n{}", signed.chunked())
    };
    let whole = |signed: &Signed| {
        let pieces = format!("{}{HIDDEN}", signed.chunked());
        let headers = signed.headers();
        format!(
            "{POST}{headers}content-length: {}\r\ntransfer-encoding: chunked\r\n\r\n{pieces}",
            pieces.len()
        )
    };
    let old = |signed: &Signed| {
        let headers = signed.headers();
        format!(
            "POST /slack/events HTTP/1.0\r\n{headers}transfer-encoding: chunked\r\n\r\n{}",
            signed.chunked()
        )
    };
    door.check(&[
        ("in the one way", &alone, AReport),
        ("and a length of all", &whole, AReportAndTheEnd),
        ("and a short length", &with("transfer-encoding: chunked\r\ncontent-length: 5"), AReportAndTheEnd),
        ("in HTTP/1.0", &old, ARefusal(400)),
        ("in a coding of somebody's", &with("transfer-encoding: x"), ARefusal(400)),
        ("almost", &with("transfer-encoding: xchunked"), ARefusal(400)),
        ("in quotes", &with("transfer-encoding: \"chunked\""), ARefusal(400)),
        ("first, and then not", &with("transfer-encoding: chunked, identity"), ARefusal(400)),
        (
            "in one line, and not in the next",
            &with("transfer-encoding: chunked\r\ntransfer-encoding: identity"),
            ARefusal(400),
        ),
        ("over another coding", &with("transfer-encoding: gzip, chunked"), ARefusal(501)),
        ("twice", &with("transfer-encoding: chunked, chunked"), ARefusal(501)),
        ("in two lines", &with("transfer-encoding: chunked\r\ntransfer-encoding: chunked"), ARefusal(501)),
        ("with a space before the colon", &with("transfer-encoding : chunked"), ARefusal(400)),
        ("folded", &with("transfer-encoding:\r\n chunked"), ARefusal(400)),
    ])
    .await;
}

/// Given a body in pieces that are cut badly, then it is refused, and nothing in or behind it is answered.
#[tokio::test]
async fn pieces_are_cut_well() {
    let door = Door::open().await;
    let of = |pieces: &'static str| {
        move |signed: &Signed| {
            let size = format!("{:x}", signed.length());
            let pieces = pieces.replace("{size}", &size).replace("{body}", &signed.body);
            format!("{POST}{}transfer-encoding: chunked\r\n\r\n{pieces}", signed.headers())
        }
    };
    let talkative = |signed: &Signed| {
        let (size, headers) = (signed.length(), signed.headers());
        let aside = "x".repeat(20_000);
        format!(
            "{POST}{headers}transfer-encoding: chunked\r\n\r\n{size:x};{aside}\r\n{}\r\n0\r\n\r\n",
            signed.body
        )
    };
    // Of a kilobyte, more than the 256 that a body may have.
    let many = |signed: &Signed| {
        let pieces = format!("400\r\n{}\r\n", "x".repeat(1024)).repeat(257);
        format!("{POST}{}transfer-encoding: chunked\r\n\r\n{pieces}0\r\n\r\n", signed.headers())
    };
    // Slack's own headers, in the trailers of somebody else's request.
    let trailing = |signed: &Signed| {
        let (size, body, headers) = (signed.length(), &signed.body, signed.headers());
        format!(
            "{POST}host: bot\r\ntransfer-encoding: chunked\r\n\r\n{size:x}\r\n{body}\r\n0\r\n{headers}\r\n"
        )
    };
    door.check(&[
        ("with an aside", &of("{size};a=b\r\n{body}\r\n0\r\n\r\n"), AReport),
        ("with a long aside", &talkative, ARefusal(400)),
        ("a size that is none", &of("zz\r\n{body}\r\n0\r\n\r\n"), ARefusal(400)),
        ("a size with a sign", &of("+{size}\r\n{body}\r\n0\r\n\r\n"), ARefusal(400)),
        ("a size in C", &of("0x{size}\r\n{body}\r\n0\r\n\r\n"), ARefusal(400)),
        ("no size", &of("\r\n{body}\r\n0\r\n\r\n"), ARefusal(400)),
        ("beyond 64 bits", &of("10000000000000000{size}\r\n{body}\r\n0\r\n\r\n"), ARefusal(400)),
        ("more of them than are taken", &many, ARefusal(413)),
        ("a bare line feed", &of("{size}\n{body}\r\n0\r\n\r\n"), ARefusal(400)),
        ("nothing between two", &of("{size}\r\n{body}0\r\n\r\n"), ARefusal(400)),
        ("signed behind its end", &trailing, ARefusal(401)),
    ])
    .await;
}

/// Given something that nobody has signed with another request behind it, or in it, then a door that has refused one
/// thing is closed, and a body is a body wherever it is sent.
#[tokio::test]
async fn what_rides_behind_a_refused_request_is_not_answered() {
    let door = Door::open().await;
    let unsigned = |signed: &Signed| {
        let body = &signed.body;
        format!("{POST}host: bot\r\ncontent-length: {}\r\n\r\n{body}{HIDDEN}", body.len())
    };
    let signed_behind = |signed: &Signed| {
        let (headers, body) = (signed.headers(), &signed.body);
        let n = body.len();
        format!(
            "{POST}host: bot\r\ncontent-length: 0\r\n\r\n{POST}{headers}content-length: {n}\r\n\r\n{body}"
        )
    };
    let bearing = |line: &'static str| {
        move |_: &Signed| format!("{line}\r\nhost: bot\r\ncontent-length: {}\r\n\r\n{HIDDEN}", HIDDEN.len())
    };
    let only = |bytes: &'static str| move |_: &Signed| bytes.to_owned();
    door.check(&[
        ("a question", &unsigned, ARefusal(401)),
        ("a report", &signed_behind, ARefusal(401)),
        ("in the body of a question", &bearing("GET /healthz HTTP/1.1"), AnAnswer(200)),
        ("in the body of a lost request", &bearing("POST /nowhere HTTP/1.1"), AnAnswer(404)),
        ("in the body of a wrong verb", &bearing("GET /slack/events HTTP/1.1"), AnAnswer(405)),
        ("a tunnel", &only("CONNECT intern:1 HTTP/1.1\r\nhost: bot\r\n\r\n"), AnAnswer(404)),
        ("HTTP/2", &only("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), TheEnd),
        ("HTTP/0.9", &only("GET /healthz\r\n\r\n"), ARefusal(400)),
        ("HTTP/1.2", &only("GET /healthz HTTP/1.2\r\nhost: bot\r\n\r\n"), ARefusal(400)),
        ("TLS", &only("\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}"), ARefusal(400)),
        (
            "another protocol",
            &only("GET /healthz HTTP/1.1\r\nhost: bot\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n"),
            AnAnswer(200),
        ),
    ])
    .await;
}
