//! What stories look at, and the finer ways to act.

use axum::body::Body;
use jiff::Timestamp;
use slack_sim::{Mention, Message};

use super::{CHANNEL, NOON, Stage};

/// A message of the bot's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Post {
    /// What it is: `root`, `page/1`, `managers/1`, `manager/1/M1`, `taken`, `answer`.
    pub kind: String,
    /// Its `ts`.
    pub ts: String,
    /// Whom it mentions.
    pub mentions: Vec<Mention>,
    /// Its text.
    pub text: String,
    /// When it was posted, in seconds since the story began.
    pub at: i64,
}

impl Post {
    fn of(message: &Message) -> Option<Self> {
        let key = message.metadata.as_ref()?["event_payload"]["key"].as_str()?;
        let name = key.split_once('/')?.1;
        Some(Self {
            kind: name.strip_prefix("send/").unwrap_or(name).to_owned(),
            ts: message.ts.clone(),
            mentions: message.mentions.clone(),
            text: message.text.clone(),
            at: since_noon(message.at),
        })
    }

    /// The one person whom this page asks.
    pub fn asks(&self) -> String {
        match self.mentions.as_slice() {
            [Mention::User(user)] => user.clone(),
            other => panic!("a page mentions exactly one person, not {other:?}: {}", self.text),
        }
    }
}

fn since_noon(at: Timestamp) -> i64 {
    at.duration_since(NOON.parse().unwrap()).as_secs()
}

impl Stage {
    /// Every message of the bot's in a conversation, in order.
    pub fn posts_in(&self, channel: &str) -> Vec<Post> {
        self.slack.read(|world| world.messages(channel).into_iter().filter_map(Post::of).collect())
    }

    /// Every message of the bot's in the channel, in order.
    pub fn posts(&self) -> Vec<Post> {
        self.posts_in(CHANNEL)
    }

    /// Which messages stand in the channel, in order: `root page/1 taken`.
    pub fn kinds(&self) -> String {
        self.posts().into_iter().map(|post| post.kind).collect::<Vec<_>>().join(" ")
    }

    /// The bot's only message of a kind.
    pub fn post(&self, kind: &str) -> Post {
        let mut posts = self.posts();
        posts.retain(|post| post.kind == kind);
        assert_eq!(posts.len(), 1, "one {kind} in the channel:\n{}", self.transcript());
        posts.remove(0)
    }

    /// The pages of all threads, in order.
    pub fn pages(&self) -> Vec<Post> {
        let mut posts = self.posts();
        posts.retain(|post| post.kind.starts_with("page/"));
        posts
    }

    /// Whom each page asked, in order.
    pub fn asked(&self) -> Vec<String> {
        self.pages().iter().map(Post::asks).collect()
    }

    /// What the bot wrote to somebody directly, in order.
    pub fn direct_texts(&self, user: &str) -> Vec<String> {
        self.slack.read(|world| {
            let Some(dm) = world.dm_of(user) else { return vec![] };
            let ours = dm.messages.iter().filter(|message| message.author.bot_id.is_some());
            ours.map(|message| message.text.clone()).collect()
        })
    }

    /// The value of a counter.
    pub fn count(&self, name: &str) -> u64 {
        let text = self.bot.engine().metrics().text();
        let name = format!("pagerslack_{name}_total ");
        let value = text.lines().find_map(|line| line.strip_prefix(&name));
        value.unwrap_or_else(|| panic!("no counter {name}")).parse().unwrap()
    }

    /// Somebody reacts to a message of another channel.
    pub async fn reacts_in(&self, channel: &str, user: &str, ts: &str, name: &str) {
        self.slack.with(|world, now| world.react(now, user, channel, ts, name)).unwrap();
        self.settle().await;
    }

    /// Ends all faults.
    pub fn all_is_well_again(&self) {
        self.slack.with(|world, _| world.clear_faults());
    }

    /// Sends the bot any request, its body in any pieces; gives the status and the body.
    pub async fn send(&self, request: http::Request<Body>) -> (u16, bytes::Bytes) {
        use tower::ServiceExt;
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        (status, axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap())
    }

    /// The end of a story whose incident stays open: nothing failed and nothing is under way.
    pub async fn end_open(&self) {
        assert!(!self.transcript().contains("Taken by"), "{}", self.transcript());
        self.end().await;
    }
}
