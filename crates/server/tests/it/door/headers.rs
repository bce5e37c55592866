//! What stands before a body: a signature counts where it stands once, plainly, and as a header.

use super::{ARefusal, AReport, AnAnswer, Door, POST, Signed};

const FORM: &str = "content-type: application/x-www-form-urlencoded";

/// A request with these headers, in which `{at}` and `{right}` are Slack's, and its signed body.
fn with(headers: &'static str) -> impl Fn(&Signed) -> String {
    move |signed| {
        let headers = headers.replace("{at}", &signed.at.to_string()).replace("{right}", &signed.signature);
        format!(
            "{POST}host: bot\r\n{FORM}\r\n{headers}content-length: {}\r\n\r\n{}",
            signed.length(),
            signed.body
        )
    }
}

/// Given Slack's signature, when it stands there twice, in pieces, under almost its name or where no header is, then
/// it is none: a proxy in front may have read another one.
#[tokio::test]
async fn a_signature_counts_where_it_stands_once() {
    let door = Door::open().await;
    let in_the_query = |signed: &Signed| {
        let Signed { body, at, signature } = signed;
        format!(
            "POST /slack/events?x-slack-request-timestamp={at}&x-slack-signature={signature} HTTP/1.1\r\n\
             host: bot\r\n{FORM}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    door.check(&[
        (
            "in other letters, with space around it",
            &with("X-SLACK-request-TIMESTAMP:{at}\r\nX-Slack-Signature: \t {right} \t \r\n"),
            AReport,
        ),
        (
            "behind a wrong one",
            &with("x-slack-request-timestamp: {at}\r\nx-slack-signature: v0=00\r\nx-slack-signature: {right}\r\n"),
            ARefusal(401),
        ),
        (
            "before a wrong one, in other letters",
            &with("x-slack-request-timestamp: {at}\r\nx-slack-signature: {right}\r\nX-Slack-Signature: v0=00\r\n"),
            ARefusal(401),
        ),
        (
            "twice in one line",
            &with("x-slack-request-timestamp: {at}\r\nx-slack-signature: {right}, {right}\r\n"),
            ARefusal(401),
        ),
        (
            "with a second time before it",
            &with("x-slack-request-timestamp: 1\r\nx-slack-request-timestamp: {at}\r\nx-slack-signature: {right}\r\n"),
            ARefusal(401),
        ),
        (
            "with two times in one line",
            &with("x-slack-request-timestamp: {at},{at}\r\nx-slack-signature: {right}\r\n"),
            ARefusal(401),
        ),
        (
            "with an empty second one",
            &with("x-slack-request-timestamp: {at}\r\nx-slack-signature: {right}\r\nx-slack-signature:\r\n"),
            ARefusal(401),
        ),
        (
            "with underscores, as a gateway would write them",
            &with("x_slack_request_timestamp: {at}\r\nx_slack_signature: {right}\r\n"),
            ARefusal(401),
        ),
        (
            "folded",
            &with("x-slack-request-timestamp: {at}\r\nx-slack-signature:\r\n {right}\r\n"),
            ARefusal(400),
        ),
        (
            "with a space in its name",
            &with("x-slack-request-timestamp: {at}\r\nx-slack-signature : {right}\r\n"),
            ARefusal(400),
        ),
        (
            "with letters that are none",
            &with("x-slack-request-timestamp: {at}\r\nx-slack-signature: {right}é\r\n"),
            ARefusal(401),
        ),
        ("in the address", &in_the_query, ARefusal(401)),
    ])
    .await;
}

/// Given headers and lines as no client sends them, then they are refused, unless they change nothing.
#[tokio::test]
async fn odd_lines_are_refused_unless_they_change_nothing() {
    let door = Door::open().await;
    let good = |signed: &Signed| {
        format!("{POST}{}content-length: {}\r\n\r\n{}", signed.headers(), signed.length(), signed.body)
    };
    let beside =
        |odd: &'static str| move |signed: &Signed| good(signed).replacen("\r\n", &format!("\r\n{odd}"), 1);
    let instead =
        |old: &'static str, new: &'static str| move |signed: &Signed| good(signed).replacen(old, new, 1);
    door.check(&[
        ("a folded one", &beside("a: b\r\n c\r\n"), ARefusal(400)),
        ("a bare carriage return", &beside("a: b\rc: d\r\n"), ARefusal(400)),
        ("a nought in a value", &beside("a: b\0c\r\n"), ARefusal(400)),
        ("a nought in a name", &beside("a\0b: c\r\n"), ARefusal(400)),
        ("a space in a name", &beside("a b: c\r\n"), ARefusal(400)),
        ("no colon", &beside("abc\r\n"), ARefusal(400)),
        ("a nought in the address", &instead("events", "events\0"), ARefusal(400)),
        ("a line feed in the address", &instead("events", "events\n"), ARefusal(400)),
        // Nothing here depends on the host, and RFC 9112, 2.2 lets a line end like this.
        ("no host", &instead("host: bot\r\n", ""), AReport),
        ("two hosts", &beside("host: another\r\n"), AReport),
        ("another host in the address", &instead("/slack", "http://another/slack"), AReport),
        ("line feeds", &|signed| good(signed).replace("\r\n", "\n"), AReport),
        ("empty lines before", &|signed| format!("\r\n\r\n{}", good(signed)), AReport),
        ("waiting to be told to go on", &beside("expect: 100-continue\r\n"), AReport),
    ])
    .await;
}

/// Given more than a request may hold, then it is refused before it is read.
#[tokio::test]
async fn what_is_too_large_is_refused_unread() {
    let door = Door::open().await;
    let many = |_: &Signed| format!("{POST}{}\r\n", "a: b\r\n".repeat(200));
    let wide = |_: &Signed| format!("{POST}a: {}\r\n\r\n", "b".repeat(500_000));
    let far = |_: &Signed| format!("GET /{} HTTP/1.1\r\nhost: bot\r\n\r\n", "a".repeat(500_000));
    let announced = |signed: &Signed| {
        format!(
            "{POST}{}expect: 100-continue\r\ncontent-length: {}\r\n\r\n",
            signed.headers(),
            256 * 1024 + 1
        )
    };
    door.check(&[
        ("many headers", &many, ARefusal(431)),
        ("a wide header", &wide, ARefusal(431)),
        ("a long address", &far, ARefusal(431)),
        ("a body, announced", &announced, ARefusal(413)),
    ])
    .await;
    let told = door.answers(&announced(&door.signed(0))).await;
    assert!(!told.contains(" 100 "), "it is not told to go on: {told}");
}

/// Given a body that Slack has signed, when somebody sends it as what it is not, then it is not read as that: what a
/// body is called is not signed.
#[tokio::test]
async fn what_a_body_is_called_makes_nothing_else_of_it() {
    let door = Door::open().await;
    let called = |kind: &'static str| {
        move |signed: &Signed| {
            let (headers, body) = (signed.headers(), &signed.body);
            let headers = headers.replace("application/x-www-form-urlencoded", kind);
            format!("{POST}{headers}content-length: {}\r\n\r\n{body}", body.len())
        }
    };
    let twice = |signed: &Signed| {
        let (headers, body) = (signed.headers(), &signed.body);
        format!("{POST}content-type: text/plain\r\n{headers}content-length: {}\r\n\r\n{body}", body.len())
    };
    door.check(&[
        ("a form as JSON", &called("application/json"), AnAnswer(200)),
        ("a form as plain text", &called("text/plain"), AReport),
        ("a form as two things", &twice, AReport),
        ("a form as nothing", &called(""), AReport),
    ])
    .await;
    // Somebody writes to the bot, and what they write is a command, if only it were a form.
    let event = r#"{"type":"event_callback","event":{"text":"
        &team_id=T1&channel_id=C1&user_id=U1&command=/devoncall&text=https://i.example/9&trigger_id=9&"}}"#;
    let (at, before) = (door.stage.now().as_second(), door.stage.count("reports"));
    let secret = door.stage.slack.read(|world| world.app().signing_secret.clone());
    let signature = slack_sim::signature(&secret, at, event.as_bytes());
    let signed = Signed { body: event.to_owned(), at, signature };
    let answers = door.answers(&called("application/x-www-form-urlencoded")(&signed)).await;
    assert_eq!(super::statuses(&answers), [200, 200], "{answers}");
    assert_eq!(door.stage.count("reports"), before, "{answers}");
}
