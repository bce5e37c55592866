//! Where Redis is, as somebody writes it: `redis://…` and its kin.
//!
//! | | |
//! |---|---|
//! | `redis://[user:password@]host[:6379][/db]` | one server; `rediss://` over TLS |
//! | `unix:///path/to/redis.sock[?db=1&user=…&pass=…]` | one server on this machine |
//! | `redis+sentinel://[user:password@]host[:26379],host…/name[/db]` | the primary called `name`, as Sentinel knows it |
//! | `redis+cluster://[user:password@]host[:6379],host…` | a cluster, found from any of its nodes |
//!
//! `valkey` may stand for `redis` everywhere, `rediss+…` is over TLS. After a question mark: `prefix=` is what every key
//! begins with (`pagerslack`), `replicas=` how many replicas must have a change before it counts (by default what the
//! server's own `min-replicas-to-write` says).

use redis::cluster::ClusterClientBuilder;
use redis::io::tcp::TcpSettings;
use redis::sentinel::{SentinelClientBuilder, SentinelServerType};
use redis::{Client, ConnectionInfo, IntoConnectionInfo as _, TlsMode};
use tokio::sync::Mutex;

use super::link::Server;

/// What was written, taken apart.
pub(super) struct Address {
    /// Where.
    pub(super) server: Server,
    /// What every key begins with.
    pub(super) prefix: String,
    /// How many replicas must have a change; `None` where the server is asked.
    pub(super) replicas: Option<u32>,
}

/// Why it cannot be understood. Says nothing of what was written: a password may be in it.
#[derive(Debug, thiserror::Error)]
#[error("the address of Redis cannot be used: {0}")]
pub struct AddressError(String);

impl Address {
    /// Takes an address apart.
    pub(super) fn parse(text: &str) -> Result<Self, AddressError> {
        let wrong = |why: &str| AddressError(why.to_owned());
        let (scheme, rest) =
            text.split_once("://").ok_or_else(|| wrong("it begins with redis:// or a like scheme"))?;
        super::tls::choose_provider();
        let scheme = scheme.replace("valkeys", "rediss").replace("valkey", "redis");
        let (place, own, kept) = options(rest)?;
        let prefix = own.prefix.unwrap_or_else(|| "pagerslack".to_owned());
        if prefix.is_empty() || prefix.contains(['{', '}']) {
            return Err(wrong("prefix= is neither empty nor holds braces"));
        }
        let server = match scheme.as_str() {
            "redis" | "rediss" | "unix" | "redis+unix" => {
                let info = settings(&format!("{scheme}://{place}{kept}"))?;
                Server::Alone(Client::open(info).map_err(|error| wrong(&error.to_string()))?)
            }
            "redis+sentinel" | "rediss+sentinel" => sentinel(place, scheme.starts_with("rediss"))?,
            "redis+cluster" | "rediss+cluster" => cluster(place, scheme.starts_with("rediss"))?,
            _ => return Err(wrong("the scheme is redis, rediss, unix, redis+sentinel or redis+cluster")),
        };
        Ok(Self { server, prefix, replicas: own.replicas })
    }
}

#[derive(Default)]
struct Own {
    prefix: Option<String>,
    replicas: Option<u32>,
}

/// Takes our own options out of what stands after the question mark, and leaves the rest.
fn options(rest: &str) -> Result<(&str, Own, String), AddressError> {
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let mut own = Own::default();
    let mut kept = Vec::new();
    for part in query.split('&').filter(|part| !part.is_empty()) {
        match part.split_once('=') {
            Some(("prefix", prefix)) => own.prefix = Some(prefix.to_owned()),
            Some(("replicas", count)) => {
                let count = count.parse().map_err(|_| AddressError("replicas= is a number".to_owned()))?;
                own.replicas = Some(count);
            }
            _ => kept.push(part),
        }
    }
    let kept = if kept.is_empty() { String::new() } else { format!("?{}", kept.join("&")) };
    Ok((place, own, kept))
}

/// One server's address, with a word from us to the network: connections that are dead are found to be.
fn settings(url: &str) -> Result<ConnectionInfo, AddressError> {
    let info = url.into_connection_info().map_err(|error| AddressError(error.to_string()))?;
    Ok(info.set_tcp_settings(TcpSettings::default().set_nodelay(true)))
}

/// The part before the hosts, the hosts, and what comes after them.
fn parts(place: &str) -> Result<(&str, Vec<&str>, &str), AddressError> {
    let (authority, path) = place.split_once('/').unwrap_or((place, ""));
    let (credentials, hosts) = match authority.rsplit_once('@') {
        Some((credentials, hosts)) => (credentials, hosts),
        None => ("", authority),
    };
    let hosts: Vec<&str> = hosts.split(',').filter(|host| !host.is_empty()).collect();
    if hosts.is_empty() {
        return Err(AddressError("it names no host".to_owned()));
    }
    Ok((credentials, hosts, path))
}

/// Each host as an address of its own.
fn each(
    credentials: &str,
    hosts: &[&str],
    port: u16,
    tls: bool,
    path: &str,
) -> Result<Vec<ConnectionInfo>, AddressError> {
    let scheme = if tls { "rediss" } else { "redis" };
    let at = if credentials.is_empty() { "" } else { "@" };
    let with_port = |host: &str| {
        let has_port =
            host.rsplit_once(':').is_some_and(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
        if has_port { host.to_owned() } else { format!("{host}:{port}") }
    };
    hosts
        .iter()
        .map(|host| settings(&format!("{scheme}://{credentials}{at}{}{path}", with_port(host))))
        .collect()
}

fn sentinel(place: &str, tls: bool) -> Result<Server, AddressError> {
    let wrong = |error: redis::RedisError| AddressError(error.to_string());
    let (credentials, hosts, path) = parts(place)?;
    let (name, db) = path.split_once('/').unwrap_or((path, ""));
    if name.is_empty() {
        return Err(AddressError("after the hosts stands the name of the primary: …/mymaster".to_owned()));
    }
    let db_path = if db.is_empty() { String::new() } else { format!("/{db}") };
    let sentinels = each(credentials, &hosts, 26_379, tls, &db_path)?;
    let redis = sentinels.first().map(|info| info.redis_settings().clone()).unwrap_or_default();
    let addresses = sentinels.into_iter().map(|info| info.addr().clone());
    let mut builder =
        SentinelClientBuilder::new(addresses, name, SentinelServerType::Master).map_err(wrong)?;
    // The same user on both: whoever keeps Sentinel open to all is not hindered by a password it does not ask for.
    if let Some(user) = redis.username() {
        builder = builder.set_client_to_redis_username(user);
    }
    if let Some(password) = redis.password() {
        builder = builder.set_client_to_redis_password(password);
    }
    if tls {
        builder = builder
            .set_client_to_redis_tls_mode(TlsMode::Secure)
            .set_client_to_sentinel_tls_mode(TlsMode::Secure);
    }
    builder = builder.set_client_to_redis_db(redis.db());
    Ok(Server::Sentinel(Mutex::new(builder.build().map_err(wrong)?)))
}

fn cluster(place: &str, tls: bool) -> Result<Server, AddressError> {
    let (credentials, hosts, path) = parts(place)?;
    if !matches!(path, "" | "0") {
        return Err(AddressError("a cluster has one database, so none is named".to_owned()));
    }
    let nodes = each(credentials, &hosts, 6379, tls, "")?;
    let builder = ClusterClientBuilder::new(nodes)
        // A node that says nothing is given up before the whole connection is.
        .connection_timeout(super::link::CONNECT / 3)
        .response_timeout(super::link::PATIENCE / 2)
        .retries(3)
        .min_retry_wait(20)
        .max_retry_wait(100)
        .tcp_settings(TcpSettings::default().set_nodelay(true));
    Ok(Server::Cluster(builder.build().map_err(|error| AddressError(error.to_string()))?))
}
