//! Load over HTTP/1.1: so many connections, each with one request under way at a time.
//!
//! One thread, and no HTTP library: on a machine of two cores whatever the load costs is taken from what is
//! measured.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// Makes the request of a number, as it is written to the socket.
pub(crate) type Requests = Arc<dyn Fn(usize) -> Bytes + Send + Sync>;

/// What is asked of a server, and how.
pub(crate) struct Load {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// How many requests are under way at a time.
    pub(crate) connections: usize,
    /// Makes the requests.
    pub(crate) requests: Requests,
    /// The number of the next request.
    pub(crate) next: Arc<AtomicUsize>,
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// How long it took.
    pub(crate) seconds: f64,
    /// How long each request took, in milliseconds.
    pub(crate) waits: Vec<f64>,
}

impl Outcome {
    /// Requests answered a second.
    pub(crate) fn rate(&self) -> f64 {
        self.waits.len() as f64 / self.seconds
    }
}

impl Load {
    /// Asks for `span`.
    ///
    /// # Errors
    ///
    /// When any answer is not 200: a figure over refusals would mean nothing.
    pub(crate) fn run(&self, span: Duration) -> Result<Outcome> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        runtime.block_on(async {
            let begun = Instant::now();
            let end = begun + span;
            let mut lanes = JoinSet::new();
            for _ in 0..self.connections {
                lanes.spawn(lane(self.address, Arc::clone(&self.requests), Arc::clone(&self.next), end));
            }
            let mut outcome = Outcome::default();
            while let Some(waits) = lanes.join_next().await {
                outcome.waits.extend(waits??);
            }
            outcome.seconds = begun.elapsed().as_secs_f64();
            Ok(outcome)
        })
    }
}

async fn lane(
    address: SocketAddr,
    requests: Requests,
    next: Arc<AtomicUsize>,
    end: Instant,
) -> Result<Vec<f64>> {
    let mut connection = Connection::open(address).await?;
    let mut waits = Vec::new();
    while Instant::now() < end {
        let request = requests(next.fetch_add(1, Ordering::Relaxed));
        let asked = Instant::now();
        let (status, _) = connection.ask(&request).await?;
        if status != 200 {
            bail!("a request was answered with {status}");
        }
        waits.push(asked.elapsed().as_secs_f64() * 1_000.0);
    }
    Ok(waits)
}

/// One connection, kept alive.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    /// Connects.
    pub(crate) async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await.context("cannot connect")?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(4096) })
    }

    /// Sends a request and waits for the whole answer: its status and its body.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> Result<(u16, String)> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                bail!("the connection was closed");
            }
            let Some(head) = self.buffer.windows(4).position(|bytes| bytes == b"\r\n\r\n") else { continue };
            let (status, length) = read_head(self.buffer.get(..head).unwrap_or_default())?;
            let body = head + 4;
            if let Some(body) = self.buffer.get(body..body + length) {
                return Ok((status, String::from_utf8_lossy(body).into_owned()));
            }
        }
    }
}

/// The status and the length of the body.
fn read_head(head: &[u8]) -> Result<(u16, usize)> {
    let head = std::str::from_utf8(head)?;
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).context("not HTTP")?.parse()?;
    let length = lines
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .map_or(Ok(0), |(_, value)| value.trim().parse())?;
    Ok((status, length))
}

/// The value of one of the bot's own counters, so that what was answered is known to have been done.
pub(crate) fn counter(address: SocketAddr, name: &str) -> Result<f64> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let (_, text) = runtime.block_on(async {
        Connection::open(address).await?.ask(b"GET /metrics HTTP/1.1\r\nHost: bench\r\n\r\n").await
    })?;
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("pagerslack_{name}_total ")));
    Ok(line.with_context(|| format!("no counter {name}"))?.parse()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answers_head_is_read() {
        let head = b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\ndate: now";
        assert_eq!(read_head(head).unwrap(), (200, 12));
        assert_eq!(read_head(b"HTTP/1.1 401 Unauthorized").unwrap(), (401, 0));
        assert!(read_head(b"hello").is_err());
    }
}
