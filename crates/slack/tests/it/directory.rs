//! The directory: what is remembered, for how long, and what an event changes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use jiff::Timestamp;
use pagerslack_core::ids::{ChannelId, TeamId, UserId};
use pagerslack_slack::inbound::parse;
use pagerslack_slack::{CallError, Caller, Directory, Inbound, Presence};
use serde_json::{Value, json};

use crate::fake::{Fake, at, ok, refused, status};

/// A workspace of people U0, U1, …, where U404 does not exist and U500 makes Slack stumble.
fn workspace() -> Arc<Fake> {
    Fake::new(|asked| {
        let user = asked.text("user");
        match (asked.method.as_str(), user) {
            ("users.info", "U404") => refused("user_not_found"),
            ("users.info" | "users.getPresence", "U500") => status(500, ""),
            ("users.info", _) => ok(json!({ "ok": true, "user": { "id": user, "name": "asked" } })),
            ("users.getPresence", _) => ok(json!({ "ok": true, "presence": "active" })),
            ("conversations.members", _) => ok(json!({ "ok": true, "members": ["U1", "U2"] })),
            ("usergroups.users.list", _) => ok(json!({ "ok": true, "users": ["U3"] })),
            ("users.list", _) => ok(json!({ "ok": true, "members": [{ "id": "U1" }, { "id": "U2" }] })),
            ("dnd.teamInfo", _) => {
                let users = asked.text("users").split(',').filter(|user| *user != "U404");
                let none = json!({ "dnd_enabled": false, "next_dnd_start_ts": 1, "next_dnd_end_ts": 1 });
                let users: Value = users.map(|user| (user.to_owned(), none.clone())).collect();
                ok(json!({ "ok": true, "users": users }))
            }
            other => panic!("{other:?}"),
        }
    })
}

fn users(numbers: impl IntoIterator<Item = u32>) -> Vec<UserId> {
    numbers.into_iter().map(|number| UserId::new(format!("U{number}"))).collect()
}

fn told(event: Value) -> Inbound {
    parse(
        "application/json",
        json!({ "type": "event_callback", "team_id": "T1", "event": event }).to_string().as_bytes(),
    )
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

    fn caller(&self, now: Timestamp) -> Caller<'_> {
        Caller::paging(now, &self.team)
    }

    /// Asks for presence, believing nothing for longer than usual.
    async fn presence(&self, second: i64, users: &[UserId]) -> BTreeMap<UserId, Result<Presence, CallError>> {
        self.directory.presence(self.caller(at(second)), users, at(second)).await
    }

    async fn members(&self, second: i64) -> usize {
        self.directory.members(self.caller(at(second)), &ChannelId::new("C1")).await.unwrap().len()
    }
}

#[tokio::test]
async fn members_are_remembered_until_somebody_comes_or_goes() {
    let story = Story::new();
    for second in [0, 1, 599] {
        assert_eq!(story.members(second).await, 2);
    }
    assert_eq!(story.slack.count("conversations.members"), 1);
    let joined = told(json!({ "type": "member_joined_channel", "user": "U9", "channel": "C1" }));
    story.directory.apply(at(599), &joined);
    story.members(600).await;
    assert_eq!(story.slack.count("conversations.members"), 2);
    story.members(1_201).await;
    assert_eq!(story.slack.count("conversations.members"), 3);
}

#[tokio::test]
async fn each_person_is_asked_for_once_a_few_at_a_time() {
    let story = Story::new();
    let everybody = users(0..30);
    let people =
        story.directory.people(story.caller(at(0)), &[everybody.clone(), users([3, 3])].concat()).await;
    assert_eq!(people.len(), 30);
    assert!(people.values().all(Result::is_ok));
    assert_eq!((story.slack.count("users.info"), story.slack.most_at_once()), (30, 8));
    story.directory.people(story.caller(at(3_599)), &everybody).await;
    assert_eq!(story.slack.count("users.info"), 30);
    assert_eq!(story.directory.cached_person(at(9), &story.team, &"U3".into()).unwrap().name, "asked");
    assert!(story.directory.cached_person(at(3_601), &story.team, &"U3".into()).is_none());
}

#[tokio::test]
async fn what_cannot_be_read_is_an_error_for_that_person_alone_and_is_asked_again() {
    let story = Story::new();
    let people = story.directory.people(story.caller(at(0)), &users([1, 404, 500])).await;
    assert!(people[&UserId::new("U1")].is_ok());
    assert!(matches!(people[&UserId::new("U404")], Err(CallError::Refused(_))));
    assert!(matches!(people[&UserId::new("U500")], Err(CallError::NotDone { .. })));
    let presence = story.presence(0, &users([1, 500])).await;
    assert_eq!(presence[&UserId::new("U1")], Ok(Presence::Active));
    assert!(presence[&UserId::new("U500")].is_err());
    story.presence(1, &users([1, 500])).await;
    assert_eq!(story.slack.count("users.getPresence"), 3);
}

#[tokio::test]
async fn do_not_disturb_goes_by_fifties_and_nobody_is_left_out() {
    let story = Story::new();
    let dnd = story.directory.dnd(story.caller(at(0)), &users((0..119).chain([404]))).await;
    assert_eq!(dnd.len(), 120);
    assert_eq!(story.slack.count("dnd.teamInfo"), 3);
    assert_eq!(dnd[&UserId::new("U7")], Ok(None));
    assert!(
        dnd[&UserId::new("U404")].as_ref().unwrap_err().refusal().is_some(),
        "left out, and not a \"no\""
    );

    let paused = told(json!({ "type": "dnd_updated_user", "user": "U7", "dnd_status":
        { "dnd_enabled": true, "next_dnd_start_ts": 1_800_000_000, "next_dnd_end_ts": 1_800_003_600 } }));
    story.directory.apply(at(1), &paused);
    let dnd = story.directory.dnd(story.caller(at(2)), &users([7, 8])).await;
    assert!(dnd[&UserId::new("U7")].as_ref().unwrap().unwrap().contains(at(2)));
    assert_eq!(story.slack.count("dnd.teamInfo"), 3);
    story.directory.dnd(story.caller(at(61)), &users([8])).await;
    assert_eq!(story.slack.count("dnd.teamInfo"), 4);
}

/// One person of another organisation whom Slack does not show us makes it refuse the whole batch.
#[tokio::test]
async fn one_unseen_person_does_not_hide_the_others() {
    let slack = Fake::new(|asked| {
        let users = asked.text("users").split(',');
        if users.clone().any(|user| user == "U13") {
            return refused("user_not_visible");
        }
        let none = json!({ "dnd_enabled": false, "next_dnd_start_ts": 1, "next_dnd_end_ts": 1 });
        ok(
            json!({ "ok": true, "users": users.map(|user| (user.to_owned(), none.clone())).collect::<Value>() }),
        )
    });
    let (directory, team) = (Directory::new(slack.client()), TeamId::new("T1"));
    for (second, calls) in [(0, 13), (61, 14)] {
        let dnd = directory.dnd(Caller::paging(at(second), &team), &users(0..50)).await;
        assert_eq!(dnd.values().filter(|outcome| outcome.is_ok()).count(), 49);
        assert!(matches!(dnd[&UserId::new("U13")], Err(CallError::Refused(_))));
        assert_eq!(slack.count("dnd.teamInfo"), calls);
    }
}

#[tokio::test]
async fn presence_is_believed_for_half_a_minute() {
    let story = Story::new();
    for second in [0, 29, 31] {
        story.presence(second, &users([1])).await;
    }
    assert_eq!(story.slack.count("users.getPresence"), 2);
}

/// Whoever looks for somebody for minutes need not ask again about those who were away; "active" must be news.
#[tokio::test]
async fn away_stands_for_whoever_has_been_looking_since() {
    let story = Story::new();
    let away = Fake::new(|asked| {
        let presence = if asked.text("user") == "U1" { "away" } else { "active" };
        ok(json!({ "ok": true, "presence": presence }))
    });
    let directory = Directory::new(away.client());
    let both = users([1, 2]);
    for (second, since, calls) in [(0, 0, 2), (29, 29, 2), (60, 0, 3), (100, 1, 5), (170, 99, 6)] {
        directory.presence(story.caller(at(second)), &both, at(since)).await;
        assert_eq!(away.count("users.getPresence"), calls, "at {second}, looking since {since}");
    }
}

/// Given people came back and ended their pause, when the events of before are delivered late or played back, then
/// nobody is believed to be as they were, and Slack is asked.
#[tokio::test]
async fn an_event_that_comes_late_is_not_believed() {
    let story = Story::new();
    let dated = |event: Value| {
        let wrapped = json!({ "type": "event_callback", "team_id": "T1", "event_time": at(10).as_second(), "event": event });
        parse("application/json", wrapped.to_string().as_bytes())
    };
    let gone = dated(json!({ "type": "user_change", "user": { "id": "U1", "deleted": true } }));
    let joined = dated(json!({ "type": "team_join", "user": { "id": "U1", "is_bot": true } }));
    let paused = dated(json!({ "type": "dnd_updated_user", "user": "U1", "dnd_status":
        { "dnd_enabled": true, "next_dnd_start_ts": 1, "next_dnd_end_ts": 1_999_999_999 } }));
    let user = UserId::new("U1");
    let look = async |second: i64| {
        let (people, dnd) = (
            story.directory.people(story.caller(at(second)), &users([1])).await,
            story.directory.dnd(story.caller(at(second)), &users([1])).await,
        );
        let person = people[&user].as_ref().unwrap();
        (person.deactivated || person.is_bot, dnd[&user].as_ref().unwrap().is_some())
    };
    for late in [&gone, &joined, &paused] {
        assert_eq!(look(0).await, (false, false));
        story.directory.apply(at(40), late);
        assert_eq!(look(40).await.0, !std::ptr::eq(late, &paused), "30 s: as good as new");
        story.directory.apply(at(41), late);
        assert_eq!(look(41).await, (false, false), "asked");
    }
}

#[tokio::test]
async fn a_page_of_people_warms_the_memory_and_an_event_changes_it() {
    let story = Story::new();
    assert_eq!(story.directory.refresh_page(at(0), &story.team, None).await.unwrap(), None);
    story.directory.people(story.caller(at(1)), &users([1, 2])).await;
    assert_eq!(story.slack.count("users.info"), 0);
    let gone = told(json!({ "type": "user_change", "user": { "id": "U1", "deleted": true } }));
    story.directory.apply(at(2), &gone);
    assert!(story.directory.cached_person(at(2), &story.team, &"U1".into()).unwrap().deactivated);
    story.directory.apply(at(3), &told(json!({ "type": "app_uninstalled" })));
    assert!(story.directory.cached_person(at(3), &story.team, &"U1".into()).is_none());
}

#[tokio::test]
async fn a_user_group_is_remembered_until_it_changes() {
    let story = Story::new();
    let group = "S1".into();
    for second in [0, 299] {
        let members = story.directory.user_group(story.caller(at(second)), &group).await.unwrap();
        assert_eq!(members.to_vec(), users([3]));
    }
    story.directory.apply(at(299), &told(json!({ "type": "subteam_members_changed", "subteam_id": "S1" })));
    story.directory.user_group(story.caller(at(300)), &group).await.unwrap();
    assert_eq!(story.slack.count("usergroups.users.list"), 2);
}

#[tokio::test]
async fn addresses_and_direct_conversations_are_asked_for_once() {
    let slack = Fake::new(|asked| match asked.method.as_str() {
        "users.lookupByEmail" if asked.text("email") == "ann@x.test" => {
            ok(json!({ "ok": true, "user": { "id": "U1" } }))
        }
        "users.lookupByEmail" => refused("users_not_found"),
        _ => ok(json!({ "ok": true, "channel": { "id": "D1" } })),
    });
    let (directory, team) = (Directory::new(slack.client()), TeamId::new("T1"));
    for second in [0, 60] {
        let caller = Caller::paging(at(second), &team);
        assert_eq!(directory.by_email(caller, "ann@x.test").await.unwrap().as_str(), "U1");
        assert!(directory.by_email(caller, "bob@x.test").await.unwrap_err().refusal().is_some());
        assert_eq!(directory.direct_channel(caller, &"U1".into()).await.unwrap().as_str(), "D1");
    }
    assert_eq!(slack.asked().len(), 3);
    assert_eq!(directory.cached_members(at(60), &team, &"C1".into()), None);
}

/// An address that nobody has is not asked about again for a while, unless somebody has got it.
#[tokio::test]
async fn nobodys_address_is_remembered_until_somebody_has_it() {
    let slack = Fake::new(|_| refused("users_not_found"));
    let (directory, team) = (Directory::new(slack.client()), TeamId::new("T1"));
    for (second, calls) in [(0, 1), (599, 1), (600, 2)] {
        let found = directory.by_email(Caller::paging(at(second), &team), "Ann@x.test").await;
        assert_eq!(found.unwrap_err().refusal().unwrap().code, "users_not_found");
        assert_eq!(slack.count("users.lookupByEmail"), calls);
    }
    let joined = json!({ "type": "team_join", "user": { "id": "U1", "profile": { "email": "ANN@x.test" } } });
    directory.apply(at(601), &told(joined));
    let found = directory.by_email(Caller::paging(at(602), &team), "ann@x.test").await;
    assert_eq!((found.unwrap().as_str(), slack.count("users.lookupByEmail")), ("U1", 2));
}

/// When Slack stumbles, whoever had the address last has it still; when it says that nobody has, nobody does.
#[tokio::test]
async fn an_address_is_whose_it_was_while_slack_does_not_say() {
    let calls = AtomicUsize::new(0);
    let slack = Fake::new(move |_| match calls.fetch_add(1, Ordering::SeqCst) {
        0 => ok(json!({ "ok": true, "user": { "id": "U1" } })),
        3 => refused("users_not_found"),
        _ => status(500, ""),
    });
    let (directory, team) = (Directory::new(slack.client()), TeamId::new("T1"));
    let ask = |minute: i64| directory.by_email(Caller::paging(at(minute * 60), &team), "ann@x.test");
    for minute in [0, 61, 1_000] {
        assert_eq!(ask(minute).await.unwrap().as_str(), "U1");
    }
    assert_eq!(slack.count("users.lookupByEmail"), 3);
    assert!(ask(1_001).await.unwrap_err().refusal().is_some());
    assert!(ask(1_100).await.unwrap_err().refusal().is_none(), "it is forgotten whose it was");
}

/// The people remembered are looked through before Slack is asked, but not for accounts that nobody reads.
#[tokio::test]
async fn an_address_is_found_among_the_people_remembered() {
    let slack = Fake::new(|asked| match asked.method.as_str() {
        "users.list" => ok(json!({ "ok": true, "members": [
            { "id": "U1", "deleted": true, "profile": { "email": "ann@x.test" } },
            { "id": "U2", "team_id": "T2", "profile": { "email": "ann@x.test" } },
            { "id": "U3", "team_id": "T1", "profile": { "email": "Ann@x.test" } },
            { "id": "U4", "deleted": true, "profile": { "email": "bob@x.test" } },
        ] })),
        _ => refused("users_not_found"),
    });
    let (directory, team) = (Directory::new(slack.client()), TeamId::new("T1"));
    directory.refresh_page(at(0), &team, None).await.unwrap();
    let caller = Caller::paging(at(100_000), &team);
    assert_eq!(directory.by_email(caller, "ann@X.test").await.unwrap().as_str(), "U3");
    assert_eq!(slack.count("users.lookupByEmail"), 0);
    assert!(directory.by_email(caller, "bob@x.test").await.is_err());
    assert_eq!(slack.count("users.lookupByEmail"), 1);
}

/// Somebody joins while the members are being read: the answer may be older than the event.
#[tokio::test]
async fn an_answer_under_way_does_not_hide_an_event() {
    let slack = Fake::new(|_| ok(json!({ "ok": true, "members": ["U1"] })));
    let (directory, team, channel) =
        (Directory::new(slack.client()), TeamId::new("T1"), ChannelId::new("C1"));
    let asking = directory.members(Caller::paging(at(0), &team), &channel);
    let done = AtomicBool::new(false);
    let joining = async {
        let joined = told(json!({ "type": "member_joined_channel", "user": "U9", "channel": "C1" }));
        directory.apply(at(1), &joined);
        done.store(true, Ordering::SeqCst);
    };
    let (asked, ()) = futures_util::future::join(asking, joining).await;
    assert!(asked.is_ok() && done.load(Ordering::SeqCst));
    directory.members(Caller::paging(at(2), &team), &channel).await.unwrap();
    assert_eq!(slack.count("conversations.members"), 2);
}

/// The engine's tasks move between threads, so whatever they await must be able to.
#[tokio::test]
async fn every_question_may_be_asked_from_any_task() {
    fn sendable<T: Send>(future: T) -> T {
        future
    }
    let story = Arc::new(Story::new());
    let task = {
        let story = Arc::clone(&story);
        async move {
            let caller = story.caller(at(0));
            let people = sendable(story.directory.people(caller, &users([1]))).await;
            let presence = sendable(story.directory.presence(caller, &users([1]), at(0))).await;
            let dnd = sendable(story.directory.dnd(caller, &users([1]))).await;
            (people.len(), presence.len(), dnd.len(), story.members(0).await)
        }
    };
    assert_eq!(tokio::spawn(task).await.unwrap(), (1, 1, 1, 2));
}
