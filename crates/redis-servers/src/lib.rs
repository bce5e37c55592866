//! Real Redis servers for tests, on loopback, started in a moment and gone with whoever started them.
//!
//! It knows Redis and nothing of any program that uses it. Nothing is pretended: what fails here fails as Redis fails.
//!
//! - [`Plain`]: one server. Kill it, restart it on its port and its data, stop and continue it.
//! - [`SentinelTrio`]: a primary, two replicas and three Sentinels. Fail over, or kill the primary.
//! - [`Cluster`]: three masters that share the slots. Move a slot, with its keys, while it is used.
//! - [`Proxy`]: stands in front of any of them, and cuts, freezes or delays what passes.
//!
//! A server dies when its value is dropped, and all die with the process that started them, even when that is killed.
//! There is one way to wait, [`eventually`]: it looks again and again, up to a limit.
//!
//! Needs `redis-server`, 7.0 or newer. Where it is missing the error says what to type. Any of them can run on Valkey
//! instead: see [`valkey`].

mod keeper;
mod wait;

mod plain;

mod cluster;
mod sentinel;

mod proxy;

mod valkey;

mod certificate;
mod port;

pub use cluster::{Cluster, SLOTS, SlotMove};
pub use plain::{Builder, Plain};
pub use proxy::Proxy;
pub use redis;
pub use sentinel::SentinelTrio;
pub use valkey::valkey;
pub use wait::{PATIENCE, eventually};
