//! Socket Mode: up to ten connections, each payload to one of them, acknowledged in time or tried again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::ws::{Message, WebSocket};
use tokio::sync::{mpsc, oneshot};

use crate::delivery::DeliveryResult;
use crate::socket_frames::{DisconnectReason, MOST_CONNECTIONS, acknowledged, hello};

const PING_EVERY: Duration = Duration::from_secs(5);

/// All Socket Mode connections. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Sockets(Arc<Mutex<Hub>>);

#[derive(Debug)]
struct Hub {
    connections: Vec<(u64, mpsc::UnboundedSender<Order>)>,
    /// Acknowledgements awaited, by envelope id.
    awaited: HashMap<String, oneshot::Sender<DeliveryResult>>,
    last_id: u64,
    turn: usize,
    says_hello: bool,
    patience: Duration,
}

impl Default for Hub {
    fn default() -> Self {
        Self {
            connections: Vec::new(),
            awaited: HashMap::new(),
            last_id: 0,
            turn: 0,
            says_hello: true,
            patience: Duration::from_secs(3),
        }
    }
}

/// What a connection is told. The channel has no bound: its writer is this program, a test at most.
#[derive(Debug)]
enum Order {
    Send(String),
    Disconnect(DisconnectReason),
    Freeze,
    Close,
}

impl Sockets {
    fn hub(&self) -> MutexGuard<'_, Hub> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many connections are registered, half-open ones among them.
    #[must_use]
    pub fn count(&self) -> usize {
        self.hub().connections.len()
    }

    /// Asks every connection to go.
    pub fn disconnect_all(&self, reason: DisconnectReason) {
        self.order_all(|| Order::Disconnect(reason));
    }

    /// Asks the oldest connection to go.
    pub fn disconnect_oldest(&self, reason: DisconnectReason) {
        if let Some((_, oldest)) = self.hub().connections.first() {
            let _ = oldest.send(Order::Disconnect(reason));
        }
    }

    /// Makes every connection half-open: it stays registered and attracts payloads, but neither reads nor writes.
    pub fn freeze_all(&self) {
        self.order_all(|| Order::Freeze);
    }

    /// Closes every connection without a word.
    pub fn close_all(&self) {
        self.order_all(|| Order::Close);
    }

    /// Whether new connections are greeted; without a hello a client must not wait forever.
    pub fn set_hello(&self, says_hello: bool) {
        self.hub().says_hello = says_hello;
    }

    /// How long an acknowledgement may take, really; three seconds unless a test is in a hurry.
    pub fn set_patience(&self, patience: Duration) {
        self.hub().patience = patience;
    }

    fn order_all(&self, order: impl Fn() -> Order) {
        for (_, connection) in &self.hub().connections {
            // A connection that just ended needs no order.
            let _ = connection.send(order());
        }
    }

    /// Gives an envelope to the next connection in turn and waits for the acknowledgement.
    pub(super) async fn deal(&self, envelope_id: String, envelope: String) -> DeliveryResult {
        let (done, acknowledged) = oneshot::channel();
        let patience = {
            let mut hub = self.hub();
            let count = hub.connections.len();
            let sent = (0..count).any(|_| {
                hub.turn = (hub.turn + 1) % count;
                hub.connections[hub.turn].1.send(Order::Send(envelope.clone())).is_ok()
            });
            if !sent {
                return DeliveryResult::ConnectionFailed;
            }
            hub.awaited.insert(envelope_id.clone(), done);
            hub.patience
        };
        let result = tokio::time::timeout(patience, acknowledged).await;
        self.hub().awaited.remove(&envelope_id);
        match result {
            Ok(Ok(result)) => result,
            _ => DeliveryResult::Timeout,
        }
    }

    /// Serves one connection until it ends.
    pub(super) async fn serve(self, mut socket: WebSocket, app_id: String) {
        let (orders, mut inbox) = mpsc::unbounded_channel();
        let Some((id, hello)) = self.register(orders.clone(), &app_id) else {
            let _ = socket.send(disconnect_frame(DisconnectReason::TooManyWebsockets)).await;
            let _ = socket.send(Message::Close(None)).await;
            return;
        };
        if let Some(hello) = hello {
            let _ = socket.send(Message::text(hello)).await;
        }
        let mut pings = tokio::time::interval(PING_EVERY);
        loop {
            let going_on = tokio::select! {
                order = inbox.recv() => match order {
                    Some(Order::Send(text)) => socket.send(Message::text(text)).await.is_ok(),
                    Some(Order::Disconnect(reason)) => {
                        close_later(orders.clone(), reason.grace());
                        socket.send(disconnect_frame(reason)).await.is_ok()
                    }
                    Some(Order::Freeze) => {
                        wait_for_close(&mut inbox).await;
                        false
                    }
                    Some(Order::Close) | None => {
                        let _ = socket.send(Message::Close(None)).await;
                        false
                    }
                },
                frame = socket.recv() => match frame {
                    Some(Ok(Message::Text(text))) => { self.acknowledge(text.as_str()); true }
                    Some(Ok(Message::Close(_)) | Err(_)) | None => false,
                    Some(Ok(_)) => true,
                },
                _ = pings.tick() => socket.send(Message::Ping("sim".into())).await.is_ok(),
            };
            if !going_on {
                break;
            }
        }
        self.hub().connections.retain(|(other, _)| *other != id);
    }

    /// The connection's number and hello, unless there are too many.
    fn register(&self, orders: mpsc::UnboundedSender<Order>, app_id: &str) -> Option<(u64, Option<String>)> {
        let mut hub = self.hub();
        if hub.connections.len() >= MOST_CONNECTIONS {
            return None;
        }
        hub.last_id += 1;
        let id = hub.last_id;
        hub.connections.push((id, orders));
        let hello = hello(hub.connections.len(), app_id);
        Some((id, hub.says_hello.then(|| hello.to_string())))
    }

    fn acknowledge(&self, text: &str) {
        let Some((envelope_id, result)) = acknowledged(text) else {
            return;
        };
        if let Some(done) = self.hub().awaited.remove(&envelope_id) {
            let _ = done.send(result);
        }
    }
}

fn disconnect_frame(reason: DisconnectReason) -> Message {
    Message::text(reason.frame().to_string())
}

fn close_later(orders: mpsc::UnboundedSender<Order>, after: Duration) {
    tokio::spawn(async move {
        tokio::time::sleep(after).await;
        let _ = orders.send(Order::Close);
    });
}

async fn wait_for_close(inbox: &mut mpsc::UnboundedReceiver<Order>) {
    while let Some(order) = inbox.recv().await {
        if matches!(order, Order::Close) {
            return;
        }
    }
}
