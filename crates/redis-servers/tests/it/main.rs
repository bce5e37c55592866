//! Each server, and each thing that can be done to it, seen to work.

// Helpers of the tests panic as the tests do.
#![allow(clippy::unwrap_used)]

mod cluster;
mod ends;
mod plain;
mod proxy;
mod sentinel;

use redis_servers::redis::{self, Client, aio::MultiplexedConnection};
use redis_servers::{Cluster, SentinelTrio};

/// A connection as a client makes it.
async fn client(url: &str) -> redis::RedisResult<MultiplexedConnection> {
    Client::open(url)?.get_multiplexed_async_connection().await
}

/// All may be used on any thread of any runtime.
#[tokio::test]
async fn futures_may_be_spawned() {
    async fn trio() -> anyhow::Result<()> {
        let trio = SentinelTrio::start().await?;
        trio.servers()[1].shut_down().await?;
        trio.servers()[1].restart().await?;
        trio.kill_primary().await?;
        trio.settled().await.map(|_| ())
    }
    async fn cluster() -> anyhow::Result<()> {
        let cluster = Cluster::start().await?;
        let moving = cluster.begin_move(0, 2).await?;
        moving.migrate_all().await?;
        moving.finish().await
    }
    let (trio, cluster) = (tokio::spawn(trio()), tokio::spawn(cluster()));
    trio.await.unwrap().unwrap();
    cluster.await.unwrap().unwrap();
}
