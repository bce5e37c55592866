//! One WebSocket: a task that reads frames, runs handlers side by side, and writes acknowledgements.
//!
//! Bound: at most [`MOST_HANDLED`] envelopes are with the handler; until one is done no further frame is read,
//! which holds Slack back through TCP.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, SplitSink, SplitStream};
use futures_util::{FutureExt as _, SinkExt as _, StreamExt as _};
use jiff::Timestamp;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{Instant, interval_at, sleep_until, timeout};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, warn};
use url::Url;

use super::{Shared, Trouble};
use crate::client::{CallError, RefusalKind};
use crate::frame::{Envelope, Frame, Reason, acknowledgement, parse};
use crate::http_transport::chain;

const MOST_HANDLED: usize = 32;
const LARGEST_MESSAGE: usize = 4 * 1024 * 1024;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// What a link's task tells its slot. At most three of these in a link's life, so the channel never fills.
enum News {
    Greeted,
    Ending(Ending),
}

/// How a link ends, or is about to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// Slack will close it soon; it still works.
    Refresh,
    /// It broke.
    Lost,
    /// Slack closed it since there are too many.
    TooMany,
    /// Slack closed it since Socket Mode is switched off.
    Disabled,
    /// We closed it.
    Retired,
}

/// A link as its slot sees it.
pub(super) struct Link {
    news: mpsc::Receiver<News>,
    retire: CancellationToken,
    greeted: Instant,
}

impl Link {
    /// Opens a WebSocket and waits for Slack's hello.
    pub(super) async fn open(
        shared: &Arc<Shared>,
        links: &TaskTracker,
        shutdown: &CancellationToken,
    ) -> Result<Self, Trouble> {
        let held = Held::new(Arc::clone(shared));
        let socket = connect(shared).await?;
        let retire = shutdown.child_token();
        let (sender, mut news) = mpsc::channel(4);
        links.spawn(serve(held, socket, retire.clone(), sender));
        let abandon = retire.clone().drop_guard();
        let first = timeout(shared.timings.hello, news.recv()).await;
        match first {
            Ok(Some(News::Greeted)) => {
                abandon.disarm();
                Ok(Self { news, retire, greeted: Instant::now() })
            }
            Ok(Some(News::Ending(Ending::TooMany))) => Err(Trouble::TooMany),
            Ok(Some(News::Ending(Ending::Disabled))) => Err(Trouble::Disabled),
            Ok(_) => Err(Trouble::Failed("the WebSocket was closed without a hello".to_owned())),
            Err(_) => Err(Trouble::Failed("Slack said no hello on the WebSocket".to_owned())),
        }
    }

    /// Waits until the link ends, or is about to.
    pub(super) async fn ending(&mut self) -> Ending {
        loop {
            match self.news.recv().await {
                Some(News::Ending(ending)) => return ending,
                Some(News::Greeted) => {}
                // The task is gone without a word: a handler panicked.
                None => return Ending::Lost,
            }
        }
    }

    /// Lets the link finish what it has and close.
    pub(super) fn retire(&self) {
        self.retire.cancel();
    }

    /// Since Slack's hello.
    pub(super) fn age(&self) -> Duration {
        self.greeted.elapsed()
    }
}

/// Asks for an address and connects to it. The address holds a ticket, so no error may show it.
async fn connect(shared: &Shared) -> Result<Socket, Trouble> {
    let opened = shared.client.connections_open(Timestamp::now(), &shared.app_token).await;
    let url = opened.map_err(|error| match &error {
        CallError::Refused(refusal) if refusal.kind() == RefusalKind::TokenInvalid => {
            Trouble::Refused(refusal.code.clone())
        }
        CallError::Refused(refusal) if refusal.kind() == RefusalKind::MissingScope => {
            Trouble::Refused(refusal.code.clone())
        }
        _ => Trouble::Failed(chain(&error)),
    })?;
    if !acceptable(&url, shared.client.is_secure()) {
        return Err(Trouble::Failed("Slack gave an address that is no wss:// address".to_owned()));
    }
    let config = WebSocketConfig::default()
        .max_message_size(Some(LARGEST_MESSAGE))
        .max_frame_size(Some(LARGEST_MESSAGE));
    let connecting = connect_async_with_config(url.as_str(), Some(config), true);
    match timeout(shared.timings.connect, connecting).await {
        Ok(Ok((socket, _))) => Ok(socket),
        Ok(Err(tungstenite::Error::Url(_))) => {
            Err(Trouble::Failed("Slack gave an unusable address".to_owned()))
        }
        Ok(Err(error)) => {
            Err(Trouble::Failed(format!("the WebSocket could not be opened: {}", chain(&error))))
        }
        Err(_) => Err(Trouble::Failed("the WebSocket could not be opened in time".to_owned())),
    }
}

/// Unencrypted only where the Web API is too: a Slack on this machine.
fn acceptable(url: &Url, secure: bool) -> bool {
    url.scheme() == "wss" || (url.scheme() == "ws" && !secure)
}

/// Counts a WebSocket from before it is opened until after it is closed.
struct Held {
    shared: Arc<Shared>,
    greeted: bool,
}

impl Held {
    fn new(shared: Arc<Shared>) -> Self {
        shared.held.fetch_add(1, Ordering::SeqCst);
        Self { shared, greeted: false }
    }

    /// Slack said hello, and how many links it counts.
    fn greet(&mut self, counted: Option<u32>) {
        let held = self.shared.held.load(Ordering::SeqCst);
        let strangers = counted.unwrap_or(0).saturating_sub(held);
        if strangers > 0 {
            warn!(strangers, "Slack counts more Socket Mode links than this process holds");
        }
        let first = !std::mem::replace(&mut self.greeted, true);
        self.shared.status.send_modify(|status| {
            status.up += usize::from(first);
            status.strangers = strangers;
            status.trouble = None;
        });
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.shared.held.fetch_sub(1, Ordering::SeqCst);
        if self.greeted {
            self.shared.status.send_modify(|status| status.up = status.up.saturating_sub(1));
        }
    }
}

async fn serve(held: Held, socket: Socket, retire: CancellationToken, news: mpsc::Sender<News>) {
    let shared = Arc::clone(&held.shared);
    let (sink, source) = socket.split();
    let mut task = Task { shared, held, sink, handling: FuturesUnordered::new(), news, refreshing: false };
    let ending = task.run(source, &retire).await;
    let _ = timeout(task.shared.timings.write, task.sink.close()).await;
    debug!(?ending, "a Socket Mode link ended");
    let _ = task.news.try_send(News::Ending(ending));
}

/// A link's task.
struct Task {
    shared: Arc<Shared>,
    held: Held,
    sink: SplitSink<Socket, Message>,
    /// Each brings the acknowledgement to be sent, if it is to be sent.
    handling: FuturesUnordered<BoxFuture<'static, Option<String>>>,
    news: mpsc::Sender<News>,
    refreshing: bool,
}

impl Task {
    async fn run(&mut self, mut source: SplitStream<Socket>, retire: &CancellationToken) -> Ending {
        let timings = self.shared.timings.clone();
        let mut pings = interval_at(Instant::now() + timings.ping, timings.ping);
        let mut heard = Instant::now();
        let mut leaving: Option<Leaving> = None;
        loop {
            let step = tokio::select! {
                message = source.next(), if self.handling.len() < MOST_HANDLED => {
                    heard = Instant::now();
                    self.take(message).await
                }
                Some(acknowledgement) = self.handling.next(), if !self.handling.is_empty() => {
                    self.acknowledge(acknowledgement).await
                }
                _ = pings.tick() => {
                    if heard.elapsed() >= timings.silence { Err(Ending::Lost) } else { self.ping().await }
                }
                () = retire.cancelled(), if leaving.is_none() => {
                    leaving = Some(Leaving::new(timings.linger, timings.drain));
                    Ok(())
                }
                () = Leaving::wake(leaving.as_ref()), if leaving.is_some() => Ok(()),
            };
            if let Err(ending) = step {
                return ending;
            }
            if leaving.as_ref().is_some_and(|leaving| leaving.over(self.handling.is_empty())) {
                return Ending::Retired;
            }
        }
    }

    async fn take(&mut self, message: Option<Result<Message, tungstenite::Error>>) -> Result<(), Ending> {
        let text = match message {
            Some(Ok(Message::Text(text))) => text,
            // Pings are answered by the WebSocket layer at the next read.
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Binary(_) | Message::Frame(_))) => {
                return Ok(());
            }
            Some(Ok(Message::Close(_))) | None => return Err(Ending::Lost),
            Some(Err(error)) => {
                debug!(error = %chain(&error), "a Socket Mode link broke");
                return Err(Ending::Lost);
            }
        };
        match parse(text.as_str()) {
            Frame::Hello { connections } => {
                self.held.greet(connections);
                let _ = self.news.try_send(News::Greeted);
            }
            Frame::Disconnect(Reason::Refresh) => {
                if !std::mem::replace(&mut self.refreshing, true) {
                    let _ = self.news.try_send(News::Ending(Ending::Refresh));
                }
            }
            Frame::Disconnect(Reason::TooMany) => return Err(Ending::TooMany),
            Frame::Disconnect(Reason::Disabled) => return Err(Ending::Disabled),
            Frame::Envelope(envelope) => {
                self.handling.push(handled(Arc::clone(&self.shared), envelope).boxed())
            }
            Frame::Other { kind } => debug!(kind, "an unknown Socket Mode frame"),
        }
        Ok(())
    }

    async fn acknowledge(&mut self, acknowledgement: Option<String>) -> Result<(), Ending> {
        match acknowledgement {
            Some(text) => self.write(Message::text(text)).await,
            None => Ok(()),
        }
    }

    async fn ping(&mut self) -> Result<(), Ending> {
        self.write(Message::Ping(bytes::Bytes::new())).await
    }

    async fn write(&mut self, message: Message) -> Result<(), Ending> {
        match timeout(self.shared.timings.write, self.sink.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Ending::Lost),
        }
    }
}

/// Hands an envelope over, and says how to acknowledge it if it was taken.
async fn handled(shared: Arc<Shared>, envelope: Envelope) -> Option<String> {
    let Envelope { id, inbound, takes_answer, retry } = envelope;
    match timeout(shared.timings.handler, shared.handler.handle(inbound)).await {
        Ok(Ok(answer)) => Some(acknowledgement(&id, answer.filter(|_| takes_answer))),
        Ok(Err(error)) => {
            warn!(envelope = id, retry, error = %chain(&*error), "not acknowledged, for it could not be taken");
            None
        }
        Err(_) => {
            warn!(envelope = id, retry, "not acknowledged, for it was not taken in time");
            None
        }
    }
}

/// A link on its way out: it lingers for what is under way to it, then waits for its handlers, but not for ever.
struct Leaving {
    linger: Instant,
    drain: Instant,
}

impl Leaving {
    fn new(linger: Duration, drain: Duration) -> Self {
        let now = Instant::now();
        Self { linger: now + linger, drain: now + drain.max(linger) }
    }

    fn over(&self, idle: bool) -> bool {
        let now = Instant::now();
        now >= self.drain || (now >= self.linger && idle)
    }

    async fn wake(leaving: Option<&Self>) {
        match leaving {
            Some(leaving) if Instant::now() < leaving.linger => sleep_until(leaving.linger).await,
            Some(leaving) => sleep_until(leaving.drain).await,
            None => std::future::pending().await,
        }
    }
}
