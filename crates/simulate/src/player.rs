//! Plays one seed after the other, with or without a Redis of its own.

use anyhow::Result;
use redis_servers::Plain;
use tokio::runtime::{Builder, Runtime};

use crate::{Options, Run, run};

/// Plays seeds, one at a time.
pub struct Player(Option<(Runtime, Plain)>);

impl Player {
    /// Whoever plays in SQLite needs nothing, whoever plays in Redis a server.
    ///
    /// # Errors
    /// When Redis is not installed or does not start.
    pub fn new(in_redis: bool) -> Result<Self> {
        if !in_redis {
            return Ok(Self(None));
        }
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let server = runtime.block_on(Plain::fast())?;
        Ok(Self(Some((runtime, server))))
    }

    /// Plays a seed from an empty store.
    ///
    /// # Errors
    /// When the simulation itself fails; a broken promise is no error but a part of what came of it.
    pub fn play(&mut self, seed: u64, trace: bool) -> Result<Run> {
        let redis = match &self.0 {
            None => None,
            Some((runtime, server)) => {
                runtime.block_on(server.flush())?;
                Some(format!("unix://{}", server.socket().display()))
            }
        };
        run(seed, Options { trace, mutant: None, redis })
    }
}
