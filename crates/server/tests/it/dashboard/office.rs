//! A stage whose pages are served on a real port, with a day of incidents behind it.

use std::net::{Ipv4Addr, SocketAddr};

use http::Request;
use pagerslack::config::RotationConfig;
use slack_sim::Presence;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::emulate::installed::Installed;
use crate::harness::{Stage, team};

/// The team of these stories.
pub const TEAM: [&str; 8] = ["ana", "bo", "chen", "dara", "eli", "femi", "gita", "hana"];

/// A stage and its port.
pub struct Office {
    pub stage: Stage,
    pub address: SocketAddr,
    _open: DropGuard,
}

impl Office {
    /// Nothing has happened yet.
    pub async fn open() -> Self {
        let rotation = RotationConfig { managers: vec!["M1".into()], ..RotationConfig::default() };
        Self::of(Stage::new(team(&TEAM), rotation).await).await
    }

    /// Serves the pages of a stage.
    pub async fn of(stage: Stage) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let (address, shutdown) = (listener.local_addr().unwrap(), CancellationToken::new());
        tokio::spawn(pagerslack::http::serve(listener, stage.bot.router(), shutdown.clone()));
        Self { stage, address, _open: shutdown.drop_guard() }
    }

    /// Two incidents answered in the morning, one of which took three people, and two open ones: a page that waits, and
    /// a call of the managers.
    pub async fn after_a_morning() -> Self {
        let office = Self::open().await;
        let stage = &office.stage;
        stage.types("M1", "https://incident.example/checkout Payments fail with a 502").await;
        stage.pass("40 s").await;
        let page = stage.pages().remove(0);
        stage.reacts(&page.asks(), &page.ts, "eyes").await;
        stage.pass("55 min").await;
        for user in ["U3", "U5"] {
            stage.presence(user, Presence::Away);
        }
        stage.slack.with(|world, now| {
            let until = now + jiff::SignedDuration::from_hours(9);
            world.user_mut("U6").unwrap().dnd.window = Some((now, until));
        });
        stage.types("U2", "https://incident.example/search Search answers slowly").await;
        stage.pass("4 min 20 s").await;
        let page = stage.pages().pop().unwrap();
        stage.reacts(&page.asks(), &page.ts, "eyes").await;
        stage.pass("1 h 10 min").await;
        stage.types("U2", "https://incident.example/login Nobody can sign in").await;
        stage.pass("45 s").await;
        office
    }

    /// An address of a page.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Asks for a page as this machine's own reader does; gives the status, the page and its headers.
    pub async fn get(&self, path: &str) -> (u16, String) {
        let request = Request::get(path).header("host", self.address.to_string());
        let (status, body) = self.stage.request(request.body(bytes::Bytes::new()).unwrap()).await;
        (status, String::from_utf8(body.to_vec()).unwrap())
    }
}

/// axe-core, an examiner of accessibility, where `cargo xtask test` has installed it.
pub fn axe() -> Option<String> {
    let installed = Installed::look()?;
    Some(std::fs::read_to_string(installed.axe()).unwrap())
}
