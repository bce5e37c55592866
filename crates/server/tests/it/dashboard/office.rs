//! A stage whose pages are served on a real port, with a day of incidents behind it.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::extract::Query;
use axum::response::Redirect;
use axum::routing::get;
use http::Request;
use jiff::civil::date;
use pagerslack::config::{Environment, RotationConfig, Settings};
use pagerslack_core::calendar::{self, Calendar};
use pagerslack_core::roster::{Entry, Exclusion, Roster, Who};
use pagerslack_core::{Rules, UserId};
use pagerslack_sources::public;
use secrecy::SecretString;
use slack_sim::{Presence, SignInRequest};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::emulate::installed::Installed;
use crate::harness::{Stage, team};

/// The team of these stories.
pub const TEAM: [&str; 8] = ["ana", "bo", "chen", "dara", "eli", "femi", "gita", "hana"];

/// What opens the door of [`Office::with_a_door`].
pub const ADMIN_TOKEN: &str = "0123456789abcdef0123456789abcdef";

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

    /// A team of four places with working hours, one of whom is away for a month; who is online is looked up.
    pub async fn with_a_roster() -> Self {
        let rules = Rules {
            roster: Some(Arc::new(Roster::new((0..TEAM.len()).map(row).collect()))),
            exclusions: [Exclusion {
                who: by_id(4),
                from: None,
                until: Some(date(2026, 12, 24)),
                reason: Some("parental leave".to_owned()),
            }]
            .into(),
            calendar: Arc::new(Calendar { days: vec![], public: Some(public::embedded().unwrap()) }),
            day_zone: calendar::zone("Europe/Lisbon").unwrap(),
            ..Rules::default()
        };
        let rotation = RotationConfig { managers: vec!["M1".into()], rules, ..RotationConfig::default() };
        let settings = Settings { sample_presence: true, ..Settings::from(rotation) };
        let office = Self::of(Stage::new(team(&TEAM), settings).await).await;
        office.stage.types("M1", "https://incident.example/checkout Payments fail with a 502").await;
        office.stage.pass("40 s").await;
        office
    }

    /// Reads the history into memory, as happens of itself in a running bot.
    pub async fn read_the_history(&self) {
        self.stage.bot.books().unwrap().fill(self.stage.now()).await.unwrap();
    }

    /// Serves the pages of a stage.
    pub async fn of(stage: Stage) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let (address, shutdown) = (listener.local_addr().unwrap(), CancellationToken::new());
        tokio::spawn(pagerslack::http::serve(listener, stage.bot.router(), shutdown.clone()));
        Self { stage, address, _open: shutdown.drop_guard() }
    }

    /// A bot that others can reach, in front of which people sign in: at a Slack on a port of its own, or with the admin
    /// token.
    pub async fn with_a_door() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let slack_at = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let slack_url = format!("http://{}", slack_at.local_addr().unwrap());
        let file =
            format!("[dashboard]\nurl = \"http://{address}\"\n[slack]\napi_url = \"{slack_url}/api/\"\n");
        let change = |environment: &mut Environment| {
            environment.api_url = None;
            environment.admin_token = Some(SecretString::from(ADMIN_TOKEN.to_owned()));
        };
        let stage = Stage::behind_a_door(team(&TEAM), change, &file).await;
        let shutdown = CancellationToken::new();
        // Of Slack the browser needs the page where people sign in alone.
        stage.slack.with(|world, _| world.set_signing_in("U1"));
        let handle = stage.slack.clone();
        let asked = move |Query(asked): Query<SignInRequest>| async move {
            let back = handle.with(|world, now| world.sign_in(now, &asked)).unwrap();
            Redirect::to(back.as_str())
        };
        let slack = Router::new().route("/openid/connect/authorize", get(asked));
        tokio::spawn(pagerslack::http::serve(slack_at, slack, shutdown.clone()));
        tokio::spawn(pagerslack::http::serve(listener, stage.bot.router(), shutdown.clone()));
        Self { stage, address, _open: shutdown.drop_guard() }
    }

    /// Two incidents answered in the morning, one of which took three people, and two open ones: a page that waits, and
    /// a call of the managers.
    pub async fn after_a_morning() -> Self {
        let office = Self::open().await;
        let stage = &office.stage;
        stage.bot.engine().warm(&"T1".into()).await.unwrap();
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
        office.read_the_history().await;
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

/// Somebody's row: hours of their own in four places.
fn row(number: usize) -> Entry {
    const PLACES: [(&str, &str); 4] =
        [("PT", "Europe/Lisbon"), ("JP", "Asia/Tokyo"), ("US", "America/Denver"), ("KE", "Africa/Nairobi")];
    let (country, zone) = PLACES[number % PLACES.len()];
    Entry {
        who: by_id(number + 1),
        zone: calendar::zone(zone),
        country: Some(country.to_owned()),
        hours: Some("mon-sun 09:00-17:00".parse().unwrap()),
        ..Entry::default()
    }
}

fn by_id(number: usize) -> Who {
    Who { user: Some(UserId::new(format!("U{number}"))), ..Who::default() }
}

/// axe-core, an examiner of accessibility, where `cargo xtask test` has installed it.
pub fn axe() -> Option<String> {
    let installed = Installed::look()?;
    Some(std::fs::read_to_string(installed.axe()).unwrap())
}
