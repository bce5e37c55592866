//! A slot on its way from one node to another, step by step, as the Redis Cluster specification has it.

use anyhow::Result;

use super::Cluster;

/// How many keys are moved with one command.
const BATCH: &str = "100";

/// For one batch, in milliseconds.
const TIMEOUT: &str = "10000";

/// A slot that is being moved. Dropped, it stays on its way.
pub struct SlotMove<'a> {
    cluster: &'a Cluster,
    slot: u16,
    from: usize,
    to: usize,
}

impl<'a> SlotMove<'a> {
    pub(super) async fn begin(cluster: &'a Cluster, slot: u16, to: usize) -> Result<Self> {
        let from = cluster.owner_of(slot).await?;
        let this = Self { cluster, slot, from, to };
        // The receiver first: until it knows, it would send whoever asks back to where they came from.
        this.tell(to, &["IMPORTING", &cluster.ids[from]]).await?;
        this.tell(from, &["MIGRATING", &cluster.ids[to]]).await?;
        Ok(this)
    }

    /// The place of the node that gives the slot away.
    pub fn from(&self) -> usize {
        self.from
    }

    /// Moves one key. Redis moves it as a whole: it is at one of both, never at none.
    ///
    /// # Errors
    /// When a node does not answer, or refuses.
    pub async fn migrate(&self, key: &str) -> Result<()> {
        self.migrate_batch(&[key.as_bytes().to_vec()]).await
    }

    /// Moves all keys that are left.
    ///
    /// # Errors
    /// When a node does not answer, or refuses.
    pub async fn migrate_all(&self) -> Result<()> {
        loop {
            let slot = self.slot.to_string();
            let keys: Vec<Vec<u8>> =
                self.cluster.nodes[self.from].ask(&["CLUSTER", "GETKEYSINSLOT", &slot, BATCH]).await?;
            if keys.is_empty() {
                return Ok(());
            }
            self.migrate_batch(&keys).await?;
        }
    }

    async fn migrate_batch(&self, keys: &[Vec<u8>]) -> Result<()> {
        let port = self.cluster.nodes[self.to].port().to_string();
        let mut command: Vec<&[u8]> =
            ["MIGRATE", "127.0.0.1", &port, "", "0", TIMEOUT, "KEYS"].map(str::as_bytes).to_vec();
        command.extend(keys.iter().map(Vec::as_slice));
        self.cluster.nodes[self.from].ask_bytes(&command).await
    }

    /// Makes the receiver the slot's owner, and waits until every node knows. Keys must have been moved before.
    ///
    /// # Errors
    /// When a node does not answer, or refuses.
    pub async fn finish(self) -> Result<()> {
        let owner = &self.cluster.ids[self.to];
        let others = (0..self.cluster.nodes.len()).filter(|it| ![self.from, self.to].contains(it));
        // The receiver first, as it takes a new epoch with which it persuades the others.
        for node in [self.to, self.from].into_iter().chain(others) {
            self.tell(node, &["NODE", owner]).await?;
        }
        self.cluster.known(self.slot, self.to).await
    }

    async fn tell(&self, node: usize, what: &[&str]) -> Result<()> {
        let slot = self.slot.to_string();
        self.cluster.nodes[node].ask(&[&["CLUSTER", "SETSLOT", &slot], what].concat()).await
    }
}
