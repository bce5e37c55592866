//! A port that stays free until the process for which it is meant listens on it.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

/// An address for a process that has to be told where to listen. A free port that the system names may be taken by any
/// outgoing connection before that process starts; so this one is below the ports of those, and the port before it is
/// held to keep other tests off the pair.
pub struct Reserved {
    /// Where the process is to listen.
    pub address: SocketAddr,
    _held: TcpListener,
}

impl Reserved {
    /// The next pair that nobody holds.
    pub fn new() -> Self {
        let first = std::process::id() % 5_000 * 2;
        let pair = |offset: u32| {
            let held = 20_000 + (first + offset) % 10_000;
            let bind =
                |port: u32| TcpListener::bind((Ipv4Addr::LOCALHOST, u16::try_from(port).unwrap())).ok();
            let held = (bind(held)?, bind(held + 1)?);
            Some(Self { address: held.1.local_addr().unwrap(), _held: held.0 })
        };
        (0..10_000).step_by(2).find_map(pair).unwrap()
    }
}
