//! The way to Redis: alone, behind Sentinel, or as a cluster; over a network that fails.
//!
//! A connection on which something took too long, or whose server is no longer the primary, is thrown away, and the next
//! attempt makes a new one, asking Sentinel anew where that is. Nothing waits longer than [`PATIENCE`]: whoever reported an
//! incident must hear within Slack's three seconds whether it is recorded.
//!
//! Every change can be asked for twice without happening twice (each carries a marker), so an attempt whose answer was
//! lost is simply made again.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex as SyncMutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use redis::aio::MultiplexedConnection;
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::cluster_routing::{Route, RoutingInfo, SingleNodeRoutingInfo, SlotAddr};
use redis::sentinel::SentinelClient;
use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionLike as _, ErrorKind, RedisError, RedisResult,
    ServerErrorKind, Value,
};
use tokio::sync::Mutex;
use tokio::time::{sleep, timeout};

/// How long an answer is waited for on one connection. A script takes well under a millisecond; a primary that fails
/// over never answers.
const ANSWER: Duration = Duration::from_millis(900);

/// How long a connection may take to be made, its name looked up and Sentinel asked included.
pub(super) const CONNECT: Duration = Duration::from_millis(900);

/// How long is tried in all.
pub(super) const PATIENCE: Duration = Duration::from_millis(2_000);

/// How long between two attempts.
const PAUSE: Duration = Duration::from_millis(50);

/// How a question reaches Redis and its answer comes back.
#[async_trait]
pub(super) trait Link: Send + Sync {
    /// Asks once, or as often as it takes within the time there is.
    async fn ask(&self, cmd: &Cmd) -> RedisResult<Value>;

    /// Makes a change and waits for as many replicas as it is to be safe on. `key` is one of those it touches.
    async fn change(&self, cmd: &Cmd, key: &str) -> RedisResult<Value>;
}

/// Where Redis is.
pub(super) enum Server {
    /// One server, at an address or a socket.
    Alone(Client),
    /// Whichever server Sentinel says is the primary.
    Sentinel(Mutex<SentinelClient>),
    /// A cluster.
    Cluster(ClusterClient),
}

/// A way over the network.
pub(super) struct Network {
    server: Server,
    /// Questions and changes apart: a change may have to wait for replicas, and what is sent after it on the same
    /// connection waits along.
    questions: Lane,
    changes: Lane,
    /// How many replicas must have a change before it counts.
    replicas: u32,
}

/// A connection, made when first needed.
#[derive(Default)]
struct Lane {
    connection: Mutex<Option<(u64, Connection)>>,
    made: AtomicU64,
}

#[derive(Clone)]
enum Connection {
    One(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl Network {
    pub(super) fn new(server: Server, replicas: u32) -> Self {
        Self { server, questions: Lane::default(), changes: Lane::default(), replicas }
    }

    async fn connect(&self) -> RedisResult<Connection> {
        let config = || {
            AsyncConnectionConfig::new()
                .set_connection_timeout(Some(CONNECT))
                .set_response_timeout(Some(ANSWER))
        };
        match &self.server {
            Server::Alone(client) => {
                client.get_multiplexed_async_connection_with_config(&config()).await.map(Connection::One)
            }
            Server::Sentinel(client) => {
                let mut client = client.lock().await;
                client.get_async_connection_with_config(&config()).await.map(Connection::One)
            }
            Server::Cluster(client) => client.get_async_connection().await.map(Connection::Cluster),
        }
    }

    async fn on(&self, lane: &Lane) -> RedisResult<(u64, Connection)> {
        let mut connection = lane.connection.lock().await;
        if let Some(there) = connection.as_ref() {
            return Ok(there.clone());
        }
        let made = timeout(CONNECT, self.connect()).await.map_err(|_| late("connecting"))??;
        let number = lane.made.fetch_add(1, Ordering::Relaxed);
        Ok(connection.insert((number, made)).clone())
    }

    /// Throws a connection away, if nobody has done so yet.
    async fn drop_connection(lane: &Lane, number: u64) {
        let mut connection = lane.connection.lock().await;
        if connection.as_ref().is_some_and(|(other, _)| *other == number) {
            *connection = None;
        }
    }

    async fn drop_any(lane: &Lane) {
        *lane.connection.lock().await = None;
    }

    async fn attempt(&self, lane: &Lane, cmd: &Cmd, change: Option<&str>) -> RedisResult<Value> {
        let (number, mut connection) = self.on(lane).await?;
        let asked = timeout(ANSWER, self.send(&mut connection, cmd, change)).await;
        let answer = asked.unwrap_or_else(|_| Err(late("waiting for the answer")));
        if answer.as_ref().is_err_and(is_lost) {
            Self::drop_connection(lane, number).await;
        }
        // A primary that has lost its replicas may be one no longer: Sentinel knows.
        if matches!(self.server, Server::Sentinel(_)) && answer.as_ref().is_err_and(is_alone) {
            Self::drop_any(&self.questions).await;
            Self::drop_any(&self.changes).await;
        }
        answer
    }

    async fn send(&self, connection: &mut Connection, cmd: &Cmd, change: Option<&str>) -> RedisResult<Value> {
        let answer = query(connection, cmd, None).await?;
        let Some(key) = change.filter(|_| self.replicas > 0) else { return Ok(answer) };
        let mut wait = redis::cmd("WAIT");
        wait.arg(self.replicas).arg(ANSWER.as_millis() as u64 / 2);
        let safe: u32 = redis::from_redis_value(query(connection, &wait, Some(key)).await?)?;
        if safe < self.replicas {
            return Err(RedisError::from((
                ErrorKind::Server(ServerErrorKind::TryAgain),
                "too few replicas have it",
                format!("{safe} of {}", self.replicas),
            )));
        }
        Ok(answer)
    }

    async fn persist(&self, lane: &Lane, cmd: &Cmd, change: Option<&str>) -> RedisResult<Value> {
        let mut last = None;
        let tried = timeout(PATIENCE, async {
            loop {
                match self.attempt(lane, cmd, change).await {
                    Err(error) if is_passing(&error) => last = Some(error),
                    answer => return answer,
                }
                sleep(PAUSE).await;
            }
        });
        match tried.await {
            Ok(answer) => answer,
            Err(_) => Err(last.unwrap_or_else(|| late("waiting for Redis"))),
        }
    }
}

/// Sends a command to where it belongs; one without keys of its own to where `key` is.
async fn query(connection: &mut Connection, cmd: &Cmd, key: Option<&str>) -> RedisResult<Value> {
    match (connection, key) {
        (Connection::One(connection), _) => cmd.query_async(connection).await,
        (Connection::Cluster(connection), None) => cmd.query_async(connection).await,
        (Connection::Cluster(connection), Some(key)) => {
            let route = SingleNodeRoutingInfo::SpecificNode(Route::with_key(key, SlotAddr::Master));
            connection.route_command(cmd.clone(), RoutingInfo::SingleNode(route)).await
        }
    }
}

#[async_trait]
impl Link for Network {
    async fn ask(&self, cmd: &Cmd) -> RedisResult<Value> {
        self.persist(&self.questions, cmd, None).await
    }

    async fn change(&self, cmd: &Cmd, key: &str) -> RedisResult<Value> {
        self.persist(&self.changes, cmd, Some(key)).await
    }
}

/// A connection that is waited on: for simulations, which own everything that happens.
pub(super) struct Direct(pub(super) SyncMutex<redis::Connection>);

#[async_trait]
impl Link for Direct {
    async fn ask(&self, cmd: &Cmd) -> RedisResult<Value> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).req_command(cmd)?.extract_error()
    }

    async fn change(&self, cmd: &Cmd, _: &str) -> RedisResult<Value> {
        self.ask(cmd).await
    }
}

fn late(what: &'static str) -> RedisError {
    RedisError::from((ErrorKind::Io, "no answer in time", what.to_owned()))
}

/// Whether a connection is of no use any more: broken, too slow, or to a server that is no longer the primary.
fn is_lost(error: &RedisError) -> bool {
    error.is_io_error()
        || error.is_connection_dropped()
        || error.is_timeout()
        || error.is_unrecoverable_error()
        || matches!(error.kind(), ErrorKind::Server(ServerErrorKind::ReadOnly | ServerErrorKind::MasterDown))
}

/// Whether a server has too few replicas to take a change.
fn is_alone(error: &RedisError) -> bool {
    error.code() == Some("NOREPLICAS") || error.kind() == ErrorKind::Server(ServerErrorKind::TryAgain)
}

/// Whether the same may well succeed in a moment.
fn is_passing(error: &RedisError) -> bool {
    // A certificate is not accepted a moment later either, and why is more worth than that nobody answers.
    let refused = super::tls::refusal(error).is_some();
    !refused && is_lost(error)
        || matches!(
            error.kind(),
            ErrorKind::Server(
                ServerErrorKind::BusyLoading | ServerErrorKind::ClusterDown | ServerErrorKind::TryAgain
            ) | ErrorKind::ClusterConnectionNotFound
                | ErrorKind::MasterNameNotFoundBySentinel
                | ErrorKind::NoValidReplicasFoundBySentinel
        )
        || matches!(error.code(), Some("NOREPLICAS" | "BUSY" | "UNBLOCKED"))
}
