//! A network that fails: a proxy before a server, which cuts, freezes, holds back and delays what passes.
//!
//! Each direction of a connection is two tasks with a queue between them, so that a delay makes everything later and
//! nothing slower:
//!
//! ```text
//! client ──▶ read, note when it is due ──queue──▶ wait until then, and while frozen ──▶ server
//! ```

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::select;
use tokio::sync::{mpsc, watch};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::Instant;

/// How much of what is read at once may wait in each direction. A full queue stops reading, as a full network does.
const QUEUE: usize = 256;

const CHUNK: usize = 16 * 1024;

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// What the client says arrives, what the server answers does not.
    AnswersHeld,
    Frozen,
    Cut,
}

#[derive(Clone, Copy)]
struct Weather {
    state: State,
    /// How often connections were cut: one that is followed by something else at once must not go unnoticed.
    cuts: u64,
    delay: Duration,
}

/// A TCP proxy on loopback before one address. At first everything passes at once.
///
/// It runs in the tokio runtime that started it. Dropped, it is gone, and so are its connections.
pub struct Proxy {
    address: SocketAddr,
    weather: watch::Sender<Weather>,
    task: AbortHandle,
}

impl Proxy {
    /// Stands before a server, which may be down.
    ///
    /// # Errors
    /// When there is no free port.
    pub async fn start(target: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("no port for a proxy")?;
        let address = listener.local_addr()?;
        let weather = watch::Sender::new(Weather { state: State::Open, cuts: 0, delay: Duration::ZERO });
        let task = tokio::spawn(accept(listener, target, weather.subscribe())).abort_handle();
        Ok(Self { address, weather, task })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Resets all connections, and every new one as soon as it is there.
    pub fn cut(&self) {
        self.weather.send_modify(|weather| {
            weather.state = State::Cut;
            weather.cuts += 1;
        });
    }

    /// Lets nothing pass in either direction, and says nothing: connections stay, new ones are accepted, as with a
    /// machine that has vanished.
    pub fn freeze(&self) {
        self.become_state(State::Frozen);
    }

    /// Holds back the answers alone: what the client asks for is done, and it does not learn of it. Followed by
    /// [`cut`](Self::cut) it never will.
    pub fn hold_answers(&self) {
        self.become_state(State::AnswersHeld);
    }

    /// Makes everything that passes, in either direction, so much later.
    pub fn delay(&self, delay: Duration) {
        self.weather.send_modify(|weather| weather.delay = delay);
    }

    /// Lets everything pass at once. What was held back by a freeze arrives now.
    pub fn heal(&self) {
        self.weather.send_modify(|weather| {
            weather.state = State::Open;
            weather.delay = Duration::ZERO;
        });
    }

    fn become_state(&self, state: State) {
        self.weather.send_modify(|weather| weather.state = state);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, target: SocketAddr, weather: watch::Receiver<Weather>) {
    // Aborted with this task.
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        connections.spawn(serve(client, target, weather.clone()));
    }
}

async fn serve(mut client: TcpStream, target: SocketAddr, mut weather: watch::Receiver<Weather>) {
    // Whatever ends a connection here but an orderly end on both sides resets it: closed with unread or unsent bytes.
    let _ = client.set_zero_linger();
    let (mut changes, cuts) = (weather.clone(), weather.borrow().cuts);
    let pass = async {
        if changes.wait_for(|it| it.state != State::Frozen).await.is_err() {
            return Ok(());
        }
        let mut server = TcpStream::connect(target).await?;
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        server.set_zero_linger()?;
        let (from_client, to_client) = client.split();
        let (from_server, to_server) = server.split();
        // A cut lets nothing through that was held back: this may hear of it before whoever ends the connection does.
        let there = one_way(from_client, to_server, changes.clone(), &[State::Frozen, State::Cut]);
        let back = one_way(from_server, to_client, changes, &[State::Frozen, State::Cut, State::AnswersHeld]);
        tokio::try_join!(there, back).map(|_| ())
    };
    select! {
        biased;
        _ = weather.wait_for(|it| it.state == State::Cut || it.cuts != cuts) => {}
        _ = pass => {}
    }
}

/// Passes on what comes until its end, which is passed on too.
async fn one_way(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    weather: watch::Receiver<Weather>,
    held: &[State],
) -> std::io::Result<()> {
    let (queue, mut due) = mpsc::channel::<(Instant, Vec<u8>)>(QUEUE);
    let now = weather.clone();
    let read = async move {
        let mut chunk = vec![0; CHUNK];
        loop {
            let many = from.read(&mut chunk).await?;
            let at = Instant::now() + now.borrow().delay;
            // An empty chunk is the end.
            let passed = queue.send((at, chunk[..many].to_vec())).await;
            if many == 0 || passed.is_err() {
                return Ok(());
            }
        }
    };
    let mut weather = weather;
    let write = async {
        while let Some((at, chunk)) = due.recv().await {
            tokio::time::sleep_until(at).await;
            if weather.wait_for(|it| !held.contains(&it.state)).await.is_err() {
                break;
            }
            match chunk.is_empty() {
                true => to.shutdown().await?,
                false => to.write_all(&chunk).await?,
            }
        }
        Ok(())
    };
    tokio::try_join!(read, write).map(|_| ())
}
