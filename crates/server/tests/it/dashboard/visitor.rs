//! Somebody at a browser, without the browser: keeps cookies, and goes where they are sent.

use std::cell::RefCell;
use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Method, Request, header};
use tower::ServiceExt as _;
use url::Url;

use crate::harness::Stage;

/// Where the bot is reached.
pub const HOST: &str = "pager.example";

/// A browser's window.
pub struct Visitor<'a> {
    stage: &'a Stage,
    pub cookies: RefCell<BTreeMap<String, String>>,
}

/// What came back.
pub struct Seen {
    pub status: u16,
    pub to: String,
    pub set: Vec<String>,
    pub page: String,
}

impl<'a> Visitor<'a> {
    pub fn of(stage: &'a Stage) -> Self {
        Self { stage, cookies: RefCell::default() }
    }

    pub async fn get(&self, path: &str) -> Seen {
        self.asks(Method::GET, path, "", None).await
    }

    /// Sends a form of a page of ours.
    pub async fn posts(&self, path: &str, form: &str) -> Seen {
        self.asks(Method::POST, path, form, Some(&format!("https://{HOST}"))).await
    }

    /// Sends a form as a page at `origin` does; without one, as what is no browser does.
    pub async fn posts_from(&self, origin: Option<&str>, path: &str, form: &str) -> Seen {
        self.asks(Method::POST, path, form, origin).await
    }

    async fn asks(&self, method: Method, path: &str, form: &str, origin: Option<&str>) -> Seen {
        let mut request = Request::builder().method(method).uri(path).header("host", HOST);
        let cookies: Vec<String> =
            self.cookies.borrow().iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !cookies.is_empty() {
            request = request.header("cookie", cookies.join("; "));
        }
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let body = axum::body::Body::from(Bytes::from(form.to_owned()));
        let response = self.stage.bot.router().oneshot(request.body(body).unwrap()).await.unwrap();
        let text = |value: &header::HeaderValue| value.to_str().unwrap().to_owned();
        let set: Vec<String> = response.headers().get_all(header::SET_COOKIE).iter().map(text).collect();
        for cookie in &set {
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.borrow_mut().insert(name.to_owned(), value.to_owned());
        }
        let to = response.headers().get(header::LOCATION).map(text).unwrap_or_default();
        let status = response.status().as_u16();
        let page = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        Seen { status, to, set, page: String::from_utf8(page.to_vec()).unwrap() }
    }

    /// Presses the button, says yes at Slack as `user`, and comes back.
    pub async fn signs_in(&self, user: &str) -> Seen {
        let back = self.goes_to_slack(user).await;
        self.get(&back).await
    }

    /// The same up to where Slack sends the browser.
    pub async fn goes_to_slack(&self, user: &str) -> String {
        let sent = self.get("/sign-in/slack").await;
        assert_eq!(sent.status, 303, "{}", sent.page);
        let asked: BTreeMap<String, String> = Url::parse(&sent.to)
            .unwrap()
            .query_pairs()
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        let asked = serde_json::from_value(serde_json::to_value(asked).unwrap()).unwrap();
        let back = self.stage.slack.with(|world, now| {
            world.set_signing_in(user);
            world.sign_in(now, &asked)
        });
        let back = back.unwrap();
        assert_eq!((back.host_str(), back.path()), (Some(HOST), "/sign-in/callback"));
        format!("{}?{}", back.path(), back.query().unwrap())
    }
}
