//! Slack's end of the WebSockets, and what lies between: over them the real Socket Mode client of the process gets its
//! envelopes and acknowledges them. They open late or never, say no hello, are told to go, break, and, worst of all,
//! stand and lead nowhere.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::{StreamExt as _, sink, stream};
use pagerslack_slack::socket_mode::{Connect, Message, WebSocket, WebSocketError};
use slack_sim::socket_frames::{MOST_CONNECTIONS, acknowledged, hello};
use slack_sim::{Delivery, DeliveryResult, DisconnectReason, SimHandle};
use tokio::sync::{mpsc, oneshot};
use url::Url;

use crate::dice::Dice;
use crate::timeline::Timeline;
use crate::wire::Network;

type Said = Result<Message, WebSocketError>;

/// Slack's end of all WebSockets. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Exchange {
    timeline: Timeline,
    dice: Dice,
    slack: SimHandle,
    network: Network,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// Those that Slack holds for open, by number.
    lines: BTreeMap<u64, Line>,
    last: u64,
    /// New ones are not greeted.
    mute: bool,
    /// Acknowledgements awaited, by envelope.
    awaited: BTreeMap<String, oneshot::Sender<DeliveryResult>>,
}

struct Line {
    to_process: mpsc::UnboundedSender<Said>,
    /// Nothing gets through any more, either way, and neither end is told.
    half_open: bool,
    /// The process was greeted over it.
    greeted: bool,
}

impl Exchange {
    pub(crate) fn new(timeline: &Timeline, dice: &Dice, slack: &SimHandle, network: &Network) -> Self {
        Self {
            timeline: timeline.clone(),
            dice: dice.clone(),
            slack: slack.clone(),
            network: network.clone(),
            state: Arc::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether new WebSockets go ungreeted.
    pub(crate) fn set_mute(&self, mute: bool) {
        self.state().mute = mute;
    }

    /// Asks some WebSocket, or all, to go.
    pub(crate) fn disconnect(&self, reason: DisconnectReason) {
        for number in self.some() {
            self.disconnect_line(number, reason);
        }
    }

    /// Some WebSocket breaks, or all do.
    pub(crate) fn hang_up(&self) {
        for number in self.some() {
            self.close(number, Err(WebSocketError::ConnectionClosed));
        }
    }

    /// Some WebSocket, or all of them, lead nowhere from now on.
    pub(crate) fn cut(&self) {
        for number in self.some() {
            self.cut_line(number);
        }
    }

    /// Everything is well: new WebSockets are greeted, and what leads nowhere breaks.
    pub(crate) fn heal(&self) {
        self.set_mute(false);
        let dead: Vec<u64> = {
            let state = self.state();
            state.lines.iter().filter(|(_, line)| line.half_open).map(|(number, _)| *number).collect()
        };
        for number in dead {
            self.close(number, Err(WebSocketError::ConnectionClosed));
        }
    }

    /// Whether there is a WebSocket over which the process hears.
    pub(crate) fn stands(&self) -> bool {
        self.state().lines.values().any(|line| line.greeted && !line.half_open)
    }

    /// Gives an envelope to one of the WebSockets, and waits for its acknowledgement as long as Slack does.
    pub(crate) async fn deal(&self, delivery: &Delivery, patience: Duration) -> DeliveryResult {
        let lines: Vec<u64> = self.state().lines.keys().copied().collect();
        if lines.is_empty() {
            return DeliveryResult::ConnectionFailed;
        }
        let number = *self.dice.one_of(&lines);
        let (done, answer) = oneshot::channel();
        let id = delivery.envelope_id();
        self.state().awaited.insert(id.clone(), done);
        self.say(number, delivery.envelope().to_string());
        let answered = self.timeline.within(patience, answer).await;
        self.state().awaited.remove(&id);
        match answered {
            Some(Ok(result)) => result,
            _ => DeliveryResult::Timeout,
        }
    }

    /// All of them, or just one.
    fn some(&self) -> Vec<u64> {
        let lines: Vec<u64> = self.state().lines.keys().copied().collect();
        if lines.is_empty() || self.dice.happens(0.5) { lines } else { vec![*self.dice.one_of(&lines)] }
    }

    fn disconnect_line(&self, number: u64, reason: DisconnectReason) {
        self.say(number, reason.frame().to_string());
        let exchange = self.clone();
        self.timeline.spawn(None, async move {
            exchange.timeline.sleep(reason.grace() + exchange.network.way(&exchange.dice)).await;
            exchange.close(number, Ok(Message::Close(None)));
        });
    }

    /// Says something over one WebSocket.
    fn say(&self, number: u64, text: String) {
        self.pass_on(number, Message::text(text));
    }

    /// Whatever time it takes is over: what is said one after the other arrives so.
    fn pass_on(&self, number: u64, message: Message) {
        if self.network.is_down() {
            self.cut_line(number);
        }
        let state = self.state();
        if let Some(line) = state.lines.get(&number).filter(|line| !line.half_open) {
            // Nobody listens any more: Slack will notice.
            let _ = line.to_process.send(Ok(message));
        }
    }

    fn cut_line(&self, number: u64) {
        if let Some(line) = self.state().lines.get_mut(&number) {
            line.half_open = true;
        }
    }

    /// Ends one WebSocket; the process hears of it, whatever state it is in.
    fn close(&self, number: u64, last: Said) {
        if let Some(line) = self.state().lines.remove(&number) {
            let _ = line.to_process.send(last);
        }
    }

    /// Slack takes in what one WebSocket of the process says, until that end is gone.
    async fn listen(self, number: u64, mut from_process: mpsc::UnboundedReceiver<Message>) {
        while let Some(message) = from_process.recv().await {
            self.timeline.sleep(self.network.way(&self.dice)).await;
            if self.network.is_down() {
                self.cut_line(number);
            }
            if self.state().lines.get(&number).is_none_or(|line| line.half_open) {
                continue;
            }
            match message {
                Message::Text(text) => {
                    if let Some((id, result)) = acknowledged(text.as_str())
                        && let Some(waiting) = self.state().awaited.remove(&id)
                    {
                        let _ = waiting.send(result);
                    }
                }
                Message::Ping(content) => self.pass_on(number, Message::Pong(content)),
                _ => {}
            }
        }
        // Where nothing gets through, Slack does not hear that the other end is gone, and goes on dealing to it.
        let half_open = self.state().lines.get(&number).is_some_and(|line| line.half_open);
        let notices = if half_open { self.dice.seconds(20, 120) } else { self.network.way(&self.dice) };
        self.timeline.sleep(notices).await;
        self.state().lines.remove(&number);
    }

    fn open(&self) -> (u64, mpsc::UnboundedSender<Message>, mpsc::UnboundedReceiver<Said>) {
        let (to_process, incoming) = mpsc::unbounded_channel();
        let (outgoing, from_process) = mpsc::unbounded_channel();
        let number = {
            let mut state = self.state();
            state.last += 1;
            let number = state.last;
            state.lines.insert(number, Line { to_process, half_open: false, greeted: false });
            number
        };
        self.timeline.spawn(None, self.clone().listen(number, from_process));
        (number, outgoing, incoming)
    }

    async fn greet(self, number: u64) {
        self.timeline.sleep(self.network.way(&self.dice)).await;
        let (count, mute) = {
            let state = self.state();
            (state.lines.len(), state.mute)
        };
        if count > MOST_CONNECTIONS {
            self.disconnect_line(number, DisconnectReason::TooManyWebsockets);
        } else if !mute {
            let app_id = self.slack.read(|world| world.app().app_id.clone());
            self.say(number, hello(count, &app_id).to_string());
            if let Some(line) = self.state().lines.get_mut(&number) {
                line.greeted = true;
            }
        }
    }
}

/// How the process opens WebSockets.
#[async_trait]
impl Connect for Exchange {
    async fn connect(&self, url: &Url) -> Result<WebSocket, String> {
        let way = self.network.way(&self.dice);
        self.timeline.sleep(way * 2).await;
        if self.network.is_down() {
            return Err("connection refused".to_owned());
        }
        let ticket = url.path().rsplit('/').next().unwrap_or_default().to_owned();
        if !self.slack.with(|world, _| world.redeem_ticket(&ticket)) {
            return Err("the ticket is used up or unknown".to_owned());
        }
        let (number, outgoing, incoming) = self.open();
        self.timeline.spawn(None, self.clone().greet(number));
        let incoming =
            stream::unfold(incoming, |mut incoming| async { Some((incoming.recv().await?, incoming)) });
        let outgoing = sink::unfold(outgoing, |outgoing, message| async {
            outgoing.send(message).map_err(|_| WebSocketError::ConnectionClosed)?;
            Ok(outgoing)
        });
        Ok(WebSocket { incoming: incoming.boxed(), outgoing: Box::pin(outgoing) })
    }
}
