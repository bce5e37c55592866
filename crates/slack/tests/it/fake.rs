//! A Slack that answers by function, remembers what it was asked, and knows where the published fixtures are.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::Timestamp;
use pagerslack_slack::{
    Body, Client, Request, Response, SLACK_API, SingleToken, Token, Transport, TransportError,
};
use serde_json::{Value, json};

pub(crate) type Answer = Result<Response, TransportError>;
type Answering = dyn Fn(&Asked) -> Answer + Send + Sync;

/// One request, taken apart.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) arguments: BTreeMap<String, Value>,
    pub(crate) request: Request,
}

impl Asked {
    pub(crate) fn text(&self, argument: &str) -> &str {
        self.arguments.get(argument).and_then(Value::as_str).unwrap_or_default()
    }
}

pub(crate) struct Fake {
    answering: Box<Answering>,
    asked: Mutex<Vec<Asked>>,
    under_way: AtomicUsize,
    most_at_once: AtomicUsize,
}

impl Fake {
    pub(crate) fn new(answering: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self {
            answering: Box::new(answering),
            asked: Mutex::default(),
            under_way: AtomicUsize::new(0),
            most_at_once: AtomicUsize::new(0),
        })
    }

    pub(crate) fn client(self: &Arc<Self>) -> Arc<Client> {
        self.client_at(SLACK_API)
    }

    pub(crate) fn client_at(self: &Arc<Self>, base: &str) -> Arc<Client> {
        let tokens = Arc::new(SingleToken(Token::new("xoxb-secret")));
        let transport: Arc<dyn Transport> = Arc::<Self>::clone(self);
        Arc::new(Client::new(transport, &base.parse().unwrap(), tokens))
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// How often a method was called.
    pub(crate) fn count(&self, method: &str) -> usize {
        self.asked().iter().filter(|asked| asked.method == method).count()
    }

    pub(crate) fn most_at_once(&self) -> usize {
        self.most_at_once.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Transport for Fake {
    async fn send(&self, request: Request) -> Answer {
        let url = url::Url::parse(&request.url).unwrap();
        assert_eq!(url.query(), None, "arguments go into the body");
        let arguments = match &request.body {
            Body::Form(form) => url::form_urlencoded::parse(form)
                .map(|(key, value)| (key.into_owned(), Value::String(value.into_owned())))
                .collect(),
            Body::Json(json) => serde_json::from_slice(json).unwrap(),
        };
        let method = url.path().trim_start_matches("/api/").to_owned();
        let asked = Asked { method, arguments, request };
        self.asked.lock().unwrap().push(asked.clone());
        let under_way = self.under_way.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_at_once.fetch_max(under_way, Ordering::SeqCst);
        tokio::task::yield_now().await;
        self.under_way.fetch_sub(1, Ordering::SeqCst);
        (self.answering)(&asked)
    }
}

/// HTTP 200 with this body.
pub(crate) fn ok(body: Value) -> Answer {
    status(200, &body.to_string())
}

/// `ok: false`.
pub(crate) fn refused(code: &str) -> Answer {
    ok(json!({ "ok": false, "error": code }))
}

pub(crate) fn status(status: u16, body: &str) -> Answer {
    Ok(Response { status, body: body.to_owned().into(), ..Response::default() })
}

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

/// Slack's published fixtures. Without them a test says so and passes, except in CI.
pub(crate) fn fixtures(path: &str) -> Option<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/slack").join(path);
    if path.exists() {
        return Some(path);
    }
    assert!(std::env::var_os("CI").is_none(), "{} is missing", path.display());
    println!("skipped: {} is missing", path.display());
    None
}

pub(crate) fn read_json(path: PathBuf) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}
