//! Many want to know the same at the same time: Slack is asked once, and nobody waits for an answer that never comes.

use std::sync::Arc;

use futures_util::future::{join, join_all};
use futures_util::{FutureExt as _, poll};
use pagerslack_core::ids::{ChannelId, TeamId, UserGroupId, UserId};
use pagerslack_slack::inbound::parse;
use pagerslack_slack::{CallError, Caller, Directory, Presence};
use serde_json::{Value, json};

use crate::fake::{Fake, at, ok, status};

fn users(numbers: impl IntoIterator<Item = u32>) -> Vec<UserId> {
    numbers.into_iter().map(|number| UserId::new(format!("U{number}"))).collect()
}

/// A workspace where everybody is active, nobody rests, and Slack stumbles over U500.
fn workspace() -> Arc<Fake> {
    Fake::new(|asked| {
        let user = asked.text("user");
        match (asked.method.as_str(), user) {
            (_, "U500") => status(500, ""),
            ("users.info", _) => ok(json!({ "ok": true, "user": { "id": user } })),
            ("users.getPresence", _) => ok(json!({ "ok": true, "presence": "active" })),
            ("dnd.teamInfo", _) => {
                let none = json!({ "dnd_enabled": false, "next_dnd_start_ts": 1, "next_dnd_end_ts": 1 });
                let users: Value =
                    asked.text("users").split(',').map(|user| (user.to_owned(), none.clone())).collect();
                ok(json!({ "ok": true, "users": users }))
            }
            ("users.lookupByEmail", _) => ok(json!({ "ok": true, "user": { "id": "U1" } })),
            ("conversations.open", _) => ok(json!({ "ok": true, "channel": { "id": "D1" } })),
            ("conversations.members", _) => ok(json!({ "ok": true, "members": ["U1"] })),
            ("usergroups.users.list", _) => ok(json!({ "ok": true, "users": ["U3"] })),
            other => panic!("{other:?}"),
        }
    })
}

struct Story {
    slack: Arc<Fake>,
    directory: Directory,
    team: TeamId,
}

impl Story {
    fn new() -> Self {
        let slack = workspace();
        Self { directory: Directory::new(slack.client()), slack, team: "T1".into() }
    }

    fn caller(&self) -> Caller<'_> {
        Caller::paging(at(0), &self.team)
    }

    async fn presence(&self, user: u32) -> Result<Presence, CallError> {
        let found = self.directory.presence(self.caller(), &users([user]), at(0)).await;
        found.into_values().next().unwrap()
    }
}

/// Twenty hunts begin in the same instant and look at the same people, some of them further on in the queue.
#[tokio::test]
async fn twenty_who_ask_at_once_are_one_call_a_person() {
    let story = Story::new();
    let (channel, group) = (ChannelId::new("C1"), UserGroupId::new("S1"));
    let hunts = (0..20).map(|hunt| {
        let (story, channel, group) = (&story, &channel, &group);
        let them = users(hunt..hunt + 50);
        async move {
            let (caller, directory) = (story.caller(), &story.directory);
            let members = directory.members(caller, channel).await.unwrap();
            let managers = directory.user_group(caller, group).await.unwrap();
            let mail = directory.by_email(caller, "Ann@x.test").await.unwrap();
            let direct = directory.direct_channel(caller, &mail).await.unwrap();
            let (people, dnd) = join(directory.people(caller, &them), directory.dnd(caller, &them)).await;
            let presence = directory.presence(caller, &them[..2], at(0)).await;
            assert!(people.values().all(Result::is_ok) && dnd.values().all(Result::is_ok));
            assert!(presence.values().all(Result::is_ok));
            [members.len(), managers.len(), direct.as_str().len(), people.len(), dnd.len(), presence.len()]
        }
    });
    assert!(join_all(hunts).await.iter().all(|found| *found == [1, 1, 2, 50, 50, 2]));
    let count = |method| story.slack.count(method);
    assert_eq!([count("conversations.members"), count("usergroups.users.list")], [1, 1]);
    assert_eq!([count("users.lookupByEmail"), count("conversations.open")], [1, 1]);
    assert_eq!([count("users.info"), count("users.getPresence")], [69, 21]);
    let mut asked: Vec<String> = Vec::new();
    for call in story.slack.asked().iter().filter(|asked| asked.method == "dnd.teamInfo") {
        asked.extend(call.text("users").split(',').map(str::to_owned));
    }
    asked.sort();
    assert!(asked.windows(2).all(|pair| pair[0] != pair[1]), "nobody twice: {asked:?}");
    assert_eq!(asked.len(), 69);
}

/// The hunt that asked is dropped on the way, as when the process is told to stop: the others ask themselves.
#[tokio::test]
async fn when_the_one_who_asked_goes_away_another_asks() {
    let story = Story::new();
    let mut first = Box::pin(story.presence(1));
    let mut second = Box::pin(story.presence(1));
    let mut third = Box::pin(story.presence(1));
    assert!(poll!(&mut first).is_pending() && poll!(&mut second).is_pending());
    assert!(poll!(&mut third).is_pending());
    assert_eq!(story.slack.count("users.getPresence"), 1);
    drop(first);
    let (second, third) = join(second, third).await;
    assert_eq!((second, third), (Ok(Presence::Active), Ok(Presence::Active)));
    assert_eq!(story.slack.count("users.getPresence"), 2);
}

/// Slack stumbles: all who wait hear of it at once, and a later question is a new one.
#[tokio::test]
async fn a_failure_is_everybodys_and_is_not_remembered() {
    let story = Story::new();
    let outcomes = join_all((0..5).map(|_| story.presence(500))).await;
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Err(CallError::NotDone { .. }))));
    assert_eq!(story.slack.count("users.getPresence"), 1);
    assert!(story.presence(500).await.is_err());
    assert_eq!(story.slack.count("users.getPresence"), 2);
}

/// What can wait has used up its part of the budget; a page that wants the same at the same time still gets it.
#[tokio::test]
async fn a_page_does_not_share_the_poverty_of_what_can_wait() {
    let story = Story::new();
    let background = Caller::background(at(0), &story.team);
    story.directory.presence(background, &users(0..30), at(0)).await;
    let them = users([99]);
    let waiting = story.directory.presence(background, &them, at(0));
    let (poor, page) = join(waiting, story.presence(99)).await;
    assert!(matches!(poor[&them[0]], Err(CallError::NotDone { .. })));
    assert_eq!(page, Ok(Presence::Active));
}

/// Somebody joins while the members are being read. Who asks after that does not get the older answer.
#[tokio::test]
async fn who_asks_after_an_event_is_not_told_what_was_asked_before_it() {
    let story = Story::new();
    let channel = ChannelId::new("C1");
    let mut before = Box::pin(story.directory.members(story.caller(), &channel));
    assert!(poll!(&mut before).is_pending());
    let joined = json!({ "type": "event_callback", "team_id": "T1",
        "event": { "type": "member_joined_channel", "user": "U9", "channel": "C1" } });
    story.directory.apply(at(0), &parse("application/json", joined.to_string().as_bytes()));
    let mut after = Box::pin(story.directory.members(story.caller(), &channel));
    assert!(poll!(&mut after).is_pending());
    assert_eq!(story.slack.count("conversations.members"), 2);
    let (before, after) = join(before, after).await;
    assert!(before.is_ok() && after.is_ok());
    assert!(story.directory.members(story.caller(), &channel).now_or_never().is_none(), "still in doubt");
}
