//! A primary, two replicas and the three Sentinels that watch over them.

use std::collections::HashMap;
use std::net::SocketAddr;

use anyhow::{Context as _, Result, bail, ensure};
use tokio::try_join;

use crate::plain::{Builder, Plain};
use crate::wait::{PATIENCE, eventually};

const NAME: &str = "pages";

/// Sentinels agree by majority.
const QUORUM: usize = 2;

/// How often Sentinels look and talk, in milliseconds. Redis' own (10 s, 2 s, 1 s) would make each test take a minute;
/// what they decide stays the same.
const PERIODS: [(&str, &str); 3] = [("info-period", "200"), ("publish-period", "200"), ("ask-period", "200")];

/// One primary with two replicas and three Sentinels.
///
/// The servers lose nothing that they have confirmed while one of the replicas is there: each writes to disk before it
/// answers, and a primary without a replica takes no writes (`min-replicas-to-write 1`). Replication itself is
/// asynchronous, as everywhere in Redis: `WAIT` is up to the client.
pub struct SentinelTrio {
    servers: Vec<Plain>,
    sentinels: Vec<Plain>,
}

impl SentinelTrio {
    /// Starts all six, and waits until every Sentinel sees everybody. A primary counts as down after a second.
    ///
    /// # Errors
    /// When one cannot be started, or they do not find each other.
    pub async fn start() -> Result<Self> {
        Self::start_with(|server| server).await
    }

    /// The same with further settings for its three servers; the Sentinels run the same program.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn start_with(settings: impl Fn(Builder) -> Builder) -> Result<Self> {
        let server = || {
            let server = Plain::builder()
                .setting("min-replicas-to-write", "1")
                .setting("min-replicas-max-lag", "10")
                // A replica that comes gets its data at once, not after five seconds.
                .setting("repl-diskless-sync-delay", "0");
            settings(server)
        };
        let primary = server().start().await?;
        let of = format!("127.0.0.1 {}", primary.port());
        let replica = || server().setting("replicaof", &of).start();
        let (second, third) = try_join!(replica(), replica())?;
        let servers = vec![primary, second, third];
        // Sentinels that come when all replicas are there learn of them with their first question.
        eventually("both replicas follow", PATIENCE, || follow(&servers[0], 2)).await?;
        let sentinel = || {
            Plain::builder()
                .same_program(server())
                .sentinel()
                .setting("sentinel", &format!("monitor {NAME} {of} {QUORUM}"))
                .setting("sentinel", &format!("down-after-milliseconds {NAME} 1000"))
                .setting("sentinel", &format!("failover-timeout {NAME} 5000"))
                .start()
        };
        let (first, second, third) = try_join!(sentinel(), sentinel(), sentinel())?;
        let trio = Self { servers, sentinels: vec![first, second, third] };
        for sentinel in &trio.sentinels {
            hurry(sentinel).await?;
        }
        trio.settled().await?;
        Ok(trio)
    }

    /// The name by which Sentinels know the primary.
    pub fn master_name(&self) -> &str {
        NAME
    }

    /// Where the Sentinels listen.
    pub fn sentinel_addresses(&self) -> Vec<SocketAddr> {
        self.sentinels.iter().map(Plain::address).collect()
    }

    /// The three Sentinels.
    pub fn sentinels(&self) -> &[Plain] {
        &self.sentinels
    }

    /// The three servers. At first the first is the primary.
    pub fn servers(&self) -> &[Plain] {
        &self.servers
    }

    /// The primary, as the first Sentinel that answers says. It may have died a moment ago.
    ///
    /// # Errors
    /// When no Sentinel answers.
    pub async fn primary(&self) -> Result<&Plain> {
        Ok(&self.servers[self.primary_index().await?])
    }

    /// Its place among [`servers`](Self::servers).
    ///
    /// # Errors
    /// As [`primary`](Self::primary).
    pub async fn primary_index(&self) -> Result<usize> {
        for sentinel in running(&self.sentinels) {
            if let Ok(index) = self.named_by(sentinel).await {
                return Ok(index);
            }
        }
        bail!("no Sentinel says who is the primary")
    }

    /// Those that are not the primary.
    ///
    /// # Errors
    /// As [`primary`](Self::primary).
    pub async fn replicas(&self) -> Result<Vec<&Plain>> {
        let primary = self.primary_index().await?;
        Ok((0..self.servers.len()).filter(|it| *it != primary).map(|it| &self.servers[it]).collect())
    }

    /// Kills the primary without a word, and gives its place. Somebody else is the primary a few seconds later:
    /// [`failed_over`](Self::failed_over) waits for it.
    ///
    /// # Errors
    /// As [`primary`](Self::primary).
    pub async fn kill_primary(&self) -> Result<usize> {
        let primary = self.primary_index().await?;
        self.servers[primary].kill()?;
        Ok(primary)
    }

    /// Waits until somebody else than `former` is the primary and [all is settled](Self::settled); gives its place.
    ///
    /// # Errors
    /// When it does not happen.
    pub async fn failed_over(&self, former: usize) -> Result<usize> {
        let look = || async {
            let primary = self.agreed().await?;
            ensure!(primary != former, "{} still is the primary", self.servers[former].address());
            Ok(primary)
        };
        eventually("somebody else is the primary", PATIENCE, look).await
    }

    /// Lets the Sentinels make somebody else the primary (`SENTINEL FAILOVER`), and waits until all is settled; gives the
    /// place of the new one.
    ///
    /// # Errors
    /// When it does not happen.
    pub async fn failover(&self) -> Result<usize> {
        let former = self.primary_index().await?;
        let sentinel = running(&self.sentinels).next().context("no Sentinel is running")?;
        // It refuses while the last one is not quite over.
        let order = || sentinel.run(&["SENTINEL", "FAILOVER", NAME]);
        eventually("a Sentinel takes the order to fail over", PATIENCE, order).await?;
        self.failed_over(former).await
    }

    /// Waits until all that run agree on the primary, which takes writes, and every other server follows it; gives its
    /// place.
    ///
    /// # Errors
    /// When it does not happen.
    pub async fn settled(&self) -> Result<usize> {
        eventually("the Sentinels agree, and all replicas follow", PATIENCE, || self.agreed()).await
    }

    /// The primary on which all agree.
    async fn agreed(&self) -> Result<usize> {
        let primary = self.primary_index().await?;
        let address = self.servers[primary].address();
        for sentinel in running(&self.sentinels) {
            ensure!(self.named_by(sentinel).await? == primary, "the Sentinels name different primaries");
            let seen: HashMap<String, String> = sentinel.ask(&["SENTINEL", "MASTER", NAME]).await?;
            let is = |name: &str, wanted: &str| {
                let said = seen.get(name).map_or("", String::as_str);
                ensure!(said == wanted, "a Sentinel says {name}={said}, not {wanted}");
                Ok(())
            };
            is("flags", "master")?;
            is("num-slaves", &(self.servers.len() - 1).to_string())?;
            is("num-other-sentinels", &(self.sentinels.len() - 1).to_string())?;
        }
        let replicas = running(&self.servers).filter(|it| it.address() != address);
        for replica in replicas.clone() {
            let port: u16 = replica.figure("master_port").await.context("not yet a replica")?;
            ensure!(port == address.port(), "a replica follows port {port}");
            let link: String = replica.figure("master_link_status").await?;
            ensure!(link == "up", "a replica's link is {link}");
        }
        follow(&self.servers[primary], replicas.count()).await?;
        Ok(primary)
    }

    /// The primary, as one Sentinel names it.
    async fn named_by(&self, sentinel: &Plain) -> Result<usize> {
        let (_, port): (String, u16) = sentinel.ask(&["SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME]).await?;
        let index = self.servers.iter().position(|server| server.port() == port);
        index.with_context(|| format!("port {port} is none of our servers"))
    }
}

/// Lets a Sentinel look and talk more often. It has to be told anew after a restart.
async fn hurry(sentinel: &Plain) -> Result<()> {
    for (period, milliseconds) in PERIODS {
        sentinel.run(&["SENTINEL", "DEBUG", period, milliseconds]).await?;
    }
    Ok(())
}

/// Whether a primary has so many replicas that are up to date: it counts them before it takes a write.
async fn follow(primary: &Plain, replicas: usize) -> Result<()> {
    let role: String = primary.figure("role").await?;
    ensure!(role == "master", "{} is a {role}", primary.address());
    let good: usize = primary.figure("min_slaves_good_slaves").await?;
    ensure!(good >= replicas, "{good} of {replicas} replicas are up to date");
    Ok(())
}

fn running(servers: &[Plain]) -> impl Iterator<Item = &Plain> + Clone {
    servers.iter().filter(|it| it.is_running())
}
