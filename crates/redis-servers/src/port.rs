//! Ports that stay ours.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context as _, Result};
use tokio::net::TcpSocket;

/// A free port of the loopback address.
///
/// It is bound for as long as this lives, without listening there. Thus nobody else is given it, neither to listen at nor
/// for a connection of theirs, not even while its server is down; the server itself may bind it once more, because both
/// set `SO_REUSEADDR`.
pub(crate) struct Port {
    number: u16,
    _bound: TcpSocket,
}

impl Port {
    pub(crate) fn take() -> Result<Self> {
        let bind = || {
            let socket = TcpSocket::new_v4()?;
            socket.set_reuseaddr(true)?;
            socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
            let number = socket.local_addr()?.port();
            std::io::Result::Ok(Self { number, _bound: socket })
        };
        bind().context("there is no free port on the loopback address")
    }

    pub(crate) fn number(&self) -> u16 {
        self.number
    }

    pub(crate) fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.number))
    }
}
