//! Three masters that share the slots of a Redis Cluster.

mod slot_move;

use std::net::SocketAddr;

use anyhow::{Context as _, Result, bail, ensure};
use tokio::try_join;

use crate::plain::{Builder, Plain};
use crate::port::Port;
use crate::wait::{PATIENCE, eventually};

pub use slot_move::SlotMove;

/// How many slots there are. Source: the Redis Cluster specification.
pub const SLOTS: u16 = 16_384;

/// Three masters without replicas. A key's slot is served by one of them; while that one is down, the others refuse
/// every key (`cluster-require-full-coverage`), and say so once they have noticed.
pub struct Cluster {
    nodes: Vec<Plain>,
    /// Their names in the cluster.
    ids: Vec<String>,
}

/// What a node says of another, or of itself.
struct Seen {
    port: u16,
    /// First and last.
    slots: Vec<(u16, u16)>,
}

impl Cluster {
    /// Starts the three, shares the slots in three equal parts, and waits until each says that all is well.
    ///
    /// # Errors
    /// When one cannot be started, or they do not find each other.
    pub async fn start() -> Result<Self> {
        Self::start_with(|node| node).await
    }

    /// The same with further settings.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn start_with(settings: impl Fn(Builder) -> Builder) -> Result<Self> {
        let node = || async {
            let node = Plain::builder()
                .port("cluster-port", Port::take()?)
                .setting("cluster-enabled", "yes")
                .setting("cluster-node-timeout", "2000");
            settings(node).start().await
        };
        let (first, second, third) = try_join!(node(), node(), node())?;
        let nodes = vec![first, second, third];
        let mut ids = Vec::new();
        let many = u16::try_from(nodes.len())?;
        for (node, index) in nodes.iter().zip(0..) {
            ids.push(node.ask(&["CLUSTER", "MYID"]).await?);
            let [first, end] = [index, index + 1].map(|it| u32::from(SLOTS) * it / u32::from(many));
            node.run(&["CLUSTER", "ADDSLOTSRANGE", &first.to_string(), &(end - 1).to_string()]).await?;
            // Nodes that meet with the same epoch would have to settle first which gets another.
            node.run(&["CLUSTER", "SET-CONFIG-EPOCH", &(index + 1).to_string()]).await?;
        }
        let cluster = Self { nodes, ids };
        for node in &cluster.nodes[1..] {
            let bus: String = config(node, "cluster-port").await?;
            cluster.nodes[0].run(&["CLUSTER", "MEET", "127.0.0.1", &node.port().to_string(), &bus]).await?;
        }
        cluster.settled().await?;
        Ok(cluster)
    }

    /// The three servers.
    pub fn nodes(&self) -> &[Plain] {
        &self.nodes
    }

    /// Where they listen.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.nodes.iter().map(Plain::address).collect()
    }

    /// How clients reach them: `redis://127.0.0.1:…/` three times.
    pub fn urls(&self) -> Vec<String> {
        self.nodes.iter().map(Plain::url).collect()
    }

    /// The slot of a key; of what stands in its first `{…}`, if it has one.
    ///
    /// # Errors
    /// When no node answers.
    pub async fn slot_of(&self, key: &str) -> Result<u16> {
        self.somebody()?.ask(&["CLUSTER", "KEYSLOT", key]).await
    }

    /// The place of the node that has a slot, as the first node that runs sees it.
    ///
    /// # Errors
    /// When no node answers, or none has it.
    pub async fn owner_of(&self, slot: u16) -> Result<usize> {
        self.owner_seen_by(self.somebody()?, slot).await
    }

    /// Moves a slot to another node with all its keys, as `redis-cli --cluster reshard` does, while clients go on; waits
    /// until every node knows. Nothing if the node has it already.
    ///
    /// # Errors
    /// When a node does not answer, or refuses.
    pub async fn move_slot(&self, slot: u16, to: usize) -> Result<()> {
        if self.owner_of(slot).await? == to {
            return Ok(());
        }
        let begun = self.begin_move(slot, to).await?;
        begun.migrate_all().await?;
        begun.finish().await
    }

    /// Begins to move a slot, and leaves it there: from now on keys that are not there (or moved already) are answered
    /// with `ASK`, and commands with several keys may be answered with `TRYAGAIN`.
    ///
    /// # Errors
    /// When a node does not answer, or refuses.
    pub async fn begin_move(&self, slot: u16, to: usize) -> Result<SlotMove<'_>> {
        SlotMove::begin(self, slot, to).await
    }

    /// Waits until every node runs, says that the cluster is well, and knows all the others.
    ///
    /// # Errors
    /// When it does not happen.
    pub async fn settled(&self) -> Result<()> {
        eventually("every node says that all is well", PATIENCE, || self.is_well()).await
    }

    async fn is_well(&self) -> Result<()> {
        for node in &self.nodes {
            let said: String = node.ask(&["CLUSTER", "INFO"]).await?;
            for wanted in [
                "cluster_state:ok".to_owned(),
                format!("cluster_slots_ok:{SLOTS}"),
                format!("cluster_known_nodes:{}", self.nodes.len()),
            ] {
                ensure!(said.lines().any(|line| line == wanted), "{} does not say {wanted}", node.address());
            }
        }
        Ok(())
    }

    /// Waits until every node knows who has a slot.
    async fn known(&self, slot: u16, owner: usize) -> Result<()> {
        let look = || async {
            for node in self.nodes.iter().filter(|it| it.is_running()) {
                let seen = self.owner_seen_by(node, slot).await?;
                ensure!(seen == owner, "{} takes another for the owner", node.address());
            }
            Ok(())
        };
        eventually("every node knows who has the slot", PATIENCE, look).await
    }

    async fn owner_seen_by(&self, node: &Plain, slot: u16) -> Result<usize> {
        let said: String = node.ask(&["CLUSTER", "NODES"]).await?;
        for line in said.lines() {
            let seen = Seen::read(line).with_context(|| format!("CLUSTER NODES says {line}"))?;
            if seen.slots.iter().any(|(first, last)| (*first..=*last).contains(&slot)) {
                let index = self.nodes.iter().position(|it| it.port() == seen.port);
                return index.with_context(|| format!("port {} is none of our nodes", seen.port));
            }
        }
        bail!("nobody has slot {slot}")
    }

    fn somebody(&self) -> Result<&Plain> {
        self.nodes.iter().find(|it| it.is_running()).context("no node is running")
    }
}

impl Seen {
    /// Reads a line of `CLUSTER NODES`: name, `address:port@bus`, six more words, then its slots; those that are moving
    /// stand in brackets once more.
    fn read(line: &str) -> Option<Self> {
        let words: Vec<&str> = line.split(' ').collect();
        let (address, _) = words.get(1)?.split_once('@')?;
        let port = address.rsplit(':').next()?.parse().ok()?;
        let slots = words.get(8..).unwrap_or_default().iter().filter(|word| !word.starts_with('['));
        let range = |word: &&str| {
            let (first, last) = word.split_once('-').unwrap_or((word, word));
            Some((first.parse().ok()?, last.parse().ok()?))
        };
        Some(Self { port, slots: slots.map(range).collect::<Option<_>>()? })
    }
}

/// The value of a setting.
async fn config(node: &Plain, name: &str) -> Result<String> {
    let (_, value): (String, String) = node.ask(&["CONFIG", "GET", name]).await?;
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_cluster_nodes() {
        let line =
            "07c3 127.0.0.1:30004@31004,host myself,master - 0 1426238317239 4 connected 0-5 7 [8->-292f]";
        let seen = Seen::read(line).unwrap();
        assert_eq!((seen.port, seen.slots), (30004, vec![(0, 5), (7, 7)]));
        assert!(Seen::read("07c3").is_none());
    }
}
