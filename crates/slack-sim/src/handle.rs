//! One world shared by a server, its deliverer, a page and a test.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::Request;
use jiff::Timestamp;
use tokio::sync::watch;

use crate::api::Answer;
use crate::clock::SimClock;
use crate::world::World;

/// A shared [`World`] with its clock. Cheap to clone.
#[derive(Clone)]
pub struct SimHandle {
    world: Arc<Mutex<World>>,
    clock: Arc<dyn SimClock>,
    changes: Arc<watch::Sender<u64>>,
}

impl std::fmt::Debug for SimHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SimHandle").field("now", &self.now()).finish_non_exhaustive()
    }
}

impl SimHandle {
    /// Shares a world.
    #[must_use]
    pub fn new(world: World, clock: Arc<dyn SimClock>) -> Self {
        Self { world: Arc::new(Mutex::new(world)), clock, changes: Arc::new(watch::Sender::new(0)) }
    }

    /// The simulated time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The clock.
    #[must_use]
    pub fn clock(&self) -> &dyn SimClock {
        &*self.clock
    }

    /// Does something to the world at the present time, and wakes whoever waits for changes.
    pub fn with<R>(&self, act: impl FnOnce(&mut World, Timestamp) -> R) -> R {
        let now = self.now();
        let result = act(&mut self.world.lock().unwrap_or_else(PoisonError::into_inner), now);
        self.wake();
        result
    }

    /// Looks at the world.
    pub fn read<R>(&self, look: impl FnOnce(&World) -> R) -> R {
        look(&self.world.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Serves a request at the present time.
    #[must_use]
    pub fn http(&self, request: Request<Bytes>) -> Answer {
        self.with(|world, now| world.http(now, request))
    }

    /// How often the world has changed.
    #[must_use]
    pub fn version(&self) -> u64 {
        *self.changes.borrow()
    }

    /// Hears of every change, latest only.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Wakes whoever waits, as after a manual clock moved.
    pub fn wake(&self) {
        self.changes.send_modify(|version| *version += 1);
    }
}
