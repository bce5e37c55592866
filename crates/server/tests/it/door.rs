//! The door as an attacker meets it: bytes on a socket, not requests that a library has made well-formed (P8).
//!
//! - `framing`: where a request ends, which whoever wants to hide a second one in it must make ambiguous.
//! - `headers`: whose signature counts, and how much may stand before a body.
//! - `slow`: how long one may take.
//!
//! What well-formed requests may and may not do is told in `requests` and `replays`.

mod framing;
mod headers;
mod legacy;
mod slow;

use std::net::{Ipv4Addr, SocketAddr};

use slack_sim::signature;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::harness::Stage;

/// The line that every report begins with.
const POST: &str = "POST /slack/events HTTP/1.1\r\n";
/// What follows every attack on the same connection. Answered only where the connection rightly goes on.
const RIDER: &str = "GET /healthz HTTP/1.1\r\nhost: bot\r\nconnection: close\r\n\r\n";
/// What is hidden where it is not a request of its own. Nobody else asks this, so no answer may say 404.
const HIDDEN: &str = "GET /hidden HTTP/1.1\r\nhost: bot\r\n\r\n";

/// What comes of some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comes {
    /// One incident; the connection goes on.
    AReport,
    /// One incident; the connection is closed.
    AReportAndTheEnd,
    /// An answer with this status and nothing else; the connection goes on.
    AnAnswer(u16),
    /// A refusal with this status; the connection is closed.
    ARefusal(u16),
    /// No answer; the connection is closed.
    TheEnd,
}

use Comes::{ARefusal, AReport, AReportAndTheEnd, AnAnswer, TheEnd};

impl Comes {
    fn statuses(self) -> Vec<u16> {
        match self {
            AReport => vec![200, 200],
            AReportAndTheEnd => vec![200],
            AnAnswer(status) => vec![status, 200],
            ARefusal(status) => vec![status],
            TheEnd => vec![],
        }
    }

    fn reports(self) -> u64 {
        u64::from(matches!(self, AReport | AReportAndTheEnd))
    }
}

/// A report that Slack has signed, to be sent well or badly.
struct Signed {
    body: String,
    at: i64,
    signature: String,
}

impl Signed {
    fn length(&self) -> usize {
        self.body.len()
    }

    /// The headers that make it Slack's.
    fn headers(&self) -> String {
        let Self { at, signature, .. } = self;
        format!(
            "host: bot\r\ncontent-type: application/x-www-form-urlencoded\r\n\
             x-slack-request-timestamp: {at}\r\nx-slack-signature: {signature}\r\n"
        )
    }

    /// The body in one chunk, and its end.
    fn chunked(&self) -> String {
        format!("{:x}\r\n{}\r\n0\r\n\r\n", self.length(), self.body)
    }
}

/// What is tried, the bytes that make it of a report, and what must come of it.
type Row<'a> = (&'a str, &'a dyn Fn(&Signed) -> String, Comes);

/// The bot's real door on a real port.
struct Door {
    stage: Stage,
    address: SocketAddr,
    _open: DropGuard,
}

impl Door {
    async fn open() -> Self {
        let stage = Stage::with(&["ana", "bo"]).await;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let (address, shutdown) = (listener.local_addr().unwrap(), CancellationToken::new());
        tokio::spawn(pagerslack::http::serve(listener, stage.bot.router(), shutdown.clone()));
        Self { stage, address, _open: shutdown.drop_guard() }
    }

    /// A report of its own each time.
    fn signed(&self, number: usize) -> Signed {
        let body = format!(
            "team_id=T1&channel_id=C1&user_id=U1&command=/devoncall&text=https://i.example/{number}&trigger_id={number}"
        );
        let at = self.stage.now().as_second();
        let secret = self.stage.slack.read(|world| world.app().signing_secret.clone());
        Signed { signature: signature(&secret, at, body.as_bytes()), body, at }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends bytes and the rider behind them, and says no more; gives all answers.
    async fn answers(&self, bytes: &str) -> String {
        let mut stream = self.connect().await;
        // A door that has closed already takes no more: that is for the answers to say.
        let _ = stream.write_all(format!("{bytes}{RIDER}").as_bytes()).await;
        heard(&mut stream).await
    }

    /// Tries every row.
    async fn check(&self, rows: &[Row<'_>]) {
        for (number, (what, bytes, comes)) in rows.iter().enumerate() {
            let before = self.stage.count("reports");
            let answers = self.answers(&bytes(&self.signed(number))).await;
            assert_eq!(statuses(&answers), comes.statuses(), "{what}: {answers}");
            assert_eq!(self.stage.count("reports") - before, comes.reports(), "{what}: {answers}");
        }
        // Slack takes a message a second in a channel.
        self.stage.pass("30 s").await;
        let reports: u64 = rows.iter().map(|(_, _, comes)| comes.reports()).sum();
        let roots = self.stage.roots().len();
        assert_eq!(
            u64::try_from(roots).unwrap(),
            reports,
            "the channel shows what was reported, and nothing else"
        );
    }
}

/// All that is answered until the door closes the connection.
async fn heard(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let (mut heard, mut piece) = (Vec::new(), [0; 4096]);
    // A reset is an end too: the door did not care to read all that was sent.
    while let Ok(length @ 1..) = stream.read(&mut piece).await {
        heard.extend_from_slice(&piece[..length]);
    }
    String::from_utf8(heard).unwrap()
}

/// The statuses of some answers, but for "go on" (100).
fn statuses(answers: &str) -> Vec<u16> {
    let lines = answers.split("HTTP/1.").skip(1);
    lines.map(|answer| answer[2..5].parse().unwrap()).filter(|status| *status != 100).collect()
}
