//! One WebSocket: a task that reads frames, runs handlers side by side, and writes acknowledgements.
//!
//! Bound: at most [`MOST_HANDLED`] envelopes are with the handler; until one is done no further frame is read,
//! which holds Slack back through TCP.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, SinkExt as _, StreamExt as _};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, warn};
use url::Url;

use super::web_socket::{Incoming, Message, Outgoing, WebSocket, WebSocketError};
use super::{Shared, Trouble};
use crate::client::{CallError, RefusalKind};
use crate::frame::{Envelope, Frame, Reason, acknowledgement, parse};
use crate::ground::{Ground, within};
use crate::http_transport::chain;

const MOST_HANDLED: usize = 32;

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
    /// When Slack said hello, on the ground's time.
    greeted: Duration,
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
        let ground = &shared.ground;
        ground.spawn(links.track_future(serve(held, socket, retire.clone(), sender)).boxed());
        let abandon = retire.clone().drop_guard();
        let first = within(&**ground, shared.timings.hello, news.recv()).await;
        match first {
            Some(Some(News::Greeted)) => {
                abandon.disarm();
                Ok(Self { news, retire, greeted: ground.elapsed() })
            }
            Some(Some(News::Ending(Ending::TooMany))) => Err(Trouble::TooMany),
            Some(Some(News::Ending(Ending::Disabled))) => Err(Trouble::Disabled),
            Some(_) => Err(Trouble::Failed("the WebSocket was closed without a hello".to_owned())),
            None => Err(Trouble::Failed("Slack said no hello on the WebSocket".to_owned())),
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
    pub(super) fn age(&self, ground: &dyn Ground) -> Duration {
        ground.elapsed().saturating_sub(self.greeted)
    }
}

/// Asks for an address and connects to it. The address holds a ticket, so no error may show it.
async fn connect(shared: &Shared) -> Result<WebSocket, Trouble> {
    let opened = shared.client.connections_open(shared.ground.now(), &shared.app_token).await;
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
    let connecting = shared.connector.connect(&url);
    match within(&*shared.ground, shared.timings.connect, connecting).await {
        Some(opened) => opened.map_err(Trouble::Failed),
        None => Err(Trouble::Failed("the WebSocket could not be opened in time".to_owned())),
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

async fn serve(held: Held, socket: WebSocket, retire: CancellationToken, news: mpsc::Sender<News>) {
    let shared = Arc::clone(&held.shared);
    let WebSocket { incoming, outgoing } = socket;
    let mut task =
        Task { shared, held, outgoing, handling: FuturesUnordered::new(), news, refreshing: false };
    let ending = task.run(incoming, &retire).await;
    let shared = Arc::clone(&task.shared);
    // Whatever the other side makes of it, the link is over.
    let _ = within(&*shared.ground, shared.timings.write, task.outgoing.close()).await;
    debug!(?ending, "a Socket Mode link ended");
    let _ = task.news.try_send(News::Ending(ending));
}

/// A link's task.
struct Task {
    shared: Arc<Shared>,
    held: Held,
    outgoing: Outgoing,
    /// Each brings the acknowledgement to be sent, if it is to be sent.
    handling: FuturesUnordered<BoxFuture<'static, Option<String>>>,
    news: mpsc::Sender<News>,
    refreshing: bool,
}

impl Task {
    async fn run(&mut self, mut incoming: Incoming, retire: &CancellationToken) -> Ending {
        let shared = Arc::clone(&self.shared);
        let (ground, timings) = (&*shared.ground, &shared.timings);
        let mut ping = ground.sleep(timings.ping);
        let mut heard = ground.elapsed();
        let mut leaving: Option<Leaving> = None;
        loop {
            let step = tokio::select! {
                // In this order, and not by lot as otherwise: the same course of events gives the same steps.
                biased;
                () = retire.cancelled(), if leaving.is_none() => {
                    leaving = Some(Leaving::new(ground.elapsed(), timings.linger, timings.drain));
                    Ok(())
                }
                () = Leaving::wake(ground, leaving.as_ref()), if leaving.is_some() => Ok(()),
                Some(acknowledgement) = self.handling.next(), if !self.handling.is_empty() => {
                    self.acknowledge(acknowledgement).await
                }
                message = incoming.next(), if self.handling.len() < MOST_HANDLED => {
                    heard = ground.elapsed();
                    self.take(message)
                }
                // After what has come: a process that was stopped for a while finds it before it misses it.
                () = &mut ping => {
                    ping = ground.sleep(timings.ping);
                    match ground.elapsed().saturating_sub(heard) >= timings.silence {
                        true => Err(Ending::Lost),
                        false => self.ping().await,
                    }
                }
            };
            if let Err(ending) = step {
                return ending;
            }
            let idle = self.handling.is_empty();
            if leaving.as_ref().is_some_and(|leaving| leaving.over(ground.elapsed(), idle)) {
                return Ending::Retired;
            }
        }
    }

    fn take(&mut self, message: Option<Result<Message, WebSocketError>>) -> Result<(), Ending> {
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
        let sent = self.outgoing.send(message);
        match within(&*self.shared.ground, self.shared.timings.write, sent).await {
            Some(Ok(())) => Ok(()),
            Some(Err(_)) | None => Err(Ending::Lost),
        }
    }
}

/// Hands an envelope over, and says how to acknowledge it if it was taken.
async fn handled(shared: Arc<Shared>, envelope: Envelope) -> Option<String> {
    let Envelope { id, inbound, belonging, takes_answer, retry } = envelope;
    let handling = async {
        if let Some(belonging) = belonging {
            shared.handler.belongs(*belonging).await?;
        }
        shared.handler.handle(inbound).await
    };
    match within(&*shared.ground, shared.timings.handler, handling).await {
        Some(Ok(answer)) => Some(acknowledgement(&id, answer.filter(|_| takes_answer))),
        Some(Err(error)) => {
            warn!(envelope = id, retry, error = %chain(&*error), "not acknowledged, for it could not be taken");
            None
        }
        None => {
            warn!(envelope = id, retry, "not acknowledged, for it was not taken in time");
            None
        }
    }
}

/// A link on its way out: it lingers for what is under way to it, then waits for its handlers, but not for ever.
struct Leaving {
    linger: Duration,
    drain: Duration,
}

impl Leaving {
    fn new(now: Duration, linger: Duration, drain: Duration) -> Self {
        Self { linger: now + linger, drain: now + drain.max(linger) }
    }

    fn over(&self, now: Duration, idle: bool) -> bool {
        now >= self.drain || (now >= self.linger && idle)
    }

    async fn wake(ground: &dyn Ground, leaving: Option<&Self>) {
        let Some(leaving) = leaving else { return std::future::pending().await };
        let now = ground.elapsed();
        let until = if now < leaving.linger { leaving.linger } else { leaving.drain };
        ground.sleep(until.saturating_sub(now)).await;
    }
}
