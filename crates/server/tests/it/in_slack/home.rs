//! The Home tab: what it shows, and what people say of themselves there.

use insta::assert_snapshot;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::harness::{CHANNEL, Stage};

const URL: &str = "https://incident.example/1";
const OTHER: &str = "https://incident.example/2";
const AWAY: &str = "pagerslack_home_away";
const BACK: &str = "pagerslack_home_back";
const VOLUNTEER: &str = "pagerslack_home_volunteer";
const REPORT: &str = "pagerslack_home_report";

/// A tab as somebody sees it: headings, texts, and what can be pressed.
fn seen(view: &Value) -> String {
    let plain = |of: &Value| of["text"].as_str().unwrap_or_default().to_owned();
    let element = |of: &Value| match of["type"].as_str() {
        Some("button") => format!("[{}]", plain(&of["text"])),
        Some(other) => format!("[{other}]"),
        None => String::new(),
    };
    let of = |block: &Value| match block["type"].as_str().unwrap_or_default() {
        "header" => format!("# {}", plain(&block["text"])),
        "section" => {
            format!("{} {}", plain(&block["text"]), element(&block["accessory"])).trim_end().to_owned()
        }
        "actions" => block["elements"].as_array().unwrap().iter().map(element).collect::<Vec<_>>().join(" "),
        "context" => plain(&block["elements"][0]),
        other => format!("({other})"),
    };
    view["blocks"].as_array().unwrap().iter().map(of).collect::<Vec<_>>().join("\n")
}

impl Stage {
    /// Somebody opens their Home tab, and sees this.
    async fn opens_home(&self, user: &str) -> String {
        self.slack.with(|world, now| world.open_home(now, user)).unwrap();
        self.settle().await;
        self.home_of(user)
    }

    fn home_of(&self, user: &str) -> String {
        self.slack.read(|world| world.home(user).map(seen)).expect("a Home tab")
    }

    async fn presses_at_home(&self, user: &str, action: &str) {
        self.slack.with(|world, now| world.click_home(now, user, action)).unwrap();
        self.settle().await;
    }

    /// Somebody chooses in their Home tab until when they are away.
    async fn goes_away(&self, user: &str, until: Timestamp) {
        let chosen =
            |world: &mut slack_sim::World, now| world.choose_home(now, user, AWAY, until.as_second());
        self.slack.with(chosen).unwrap();
        self.settle().await;
    }

    /// The dialog that somebody has open.
    fn dialog(&self, user: &str) -> Value {
        self.slack.read(|world| world.modals(user).last().map(|view| (*view).clone())).expect("a dialog")
    }

    async fn fills_in(&self, user: &str, url: &str, note: &str) -> String {
        let id = self.dialog(user)["id"].as_str().unwrap().to_owned();
        let values = json!({
            "url": { "url": { "type": "url_text_input", "value": url } },
            "channel": { "channel": { "type": "conversations_select", "selected_conversation": CHANNEL } },
            "note": { "note": { "type": "plain_text_input", "value": note } },
        });
        self.slack.with(|world, now| world.submit_modal(now, user, &id, values)).unwrap();
        self.settle().await;
        id
    }
}

/// Given ana did not answer once, when she opens her Home tab while bo is asked, then it shows what is open, where she
/// stands, and what became of her turn.
#[tokio::test]
async fn it_shows_what_is_open_where_one_stands_and_ones_last_turns() {
    let stage = Stage::with(&["ana", "bo", "chen"]).await;
    assert_snapshot!(stage.opens_home("U1").await, @"
    # On call
    Whoever is online and may be disturbed is asked, the least recently asked first.
    [Report an incident] [I can take one now]
    *I'm away until…*
    Choose a moment, and nobody asks you before it. [datetimepicker]
    (divider)
    # Open incidents
    Nothing is open. :relieved:
    # Your place
    *<#C1>*: you have no place yet; with the next incident you join at the bottom. You could be asked now: you are online and may be disturbed.
    # Your last turns
    You have had no turn yet.
    As of <!date^1795521600^{time}|12:00 UTC>. Open this tab again for what has happened since; `/devoncall help` in a channel says what else can be asked.
    ");
    stage.types("U3", URL).await;
    stage.pass("2 min").await;
    assert_snapshot!(stage.opens_home("U1").await, @"
    # On call
    Whoever is online and may be disturbed is asked, the least recently asked first.
    [Report an incident] [I can take one now]
    *I'm away until…*
    Choose a moment, and nobody asks you before it. [datetimepicker]
    (divider)
    # Open incidents
    *Open in <#C1>: 1*
    • <https://incident.example/1> (<https://example.slack.com/archives/C1/p1795521600000001|thread>): waiting for <@U2> since <!date^1795521720^{time}|12:02 UTC> (attempt 2); reported by <@U3> at <!date^1795521600^{time}|12:00 UTC>
    # Your place
    *<#C1>*: you are number 2 of 3; 1 person is ahead of you. Your last turn was at <!date^1795521600^{time}|12:00 UTC>. You could be asked now: you are online and may be disturbed.
    # Your last turns
    • <https://incident.example/1> in <#C1>, at <!date^1795521600^{time}|12:00 UTC>: no answer in time
    As of <!date^1795521720^{time}|12:02 UTC>. Open this tab again for what has happened since; `/devoncall help` in a channel says what else can be asked.
    ");
    let second = stage.post("page/2");
    stage.reacts(&second.asks(), &second.ts, "eyes").await;
    stage.pass("1 min").await;
    assert_snapshot!(stage.opens_home(&second.asks()).await, @"
    # On call
    Whoever is online and may be disturbed is asked, the least recently asked first.
    [Report an incident] [I can take one now]
    *I'm away until…*
    Choose a moment, and nobody asks you before it. [datetimepicker]
    (divider)
    # Open incidents
    Nothing is open. :relieved:
    # Your place
    *<#C1>*: you are number 3 of 3; 2 people are ahead of you. Your last turn was at <!date^1795521720^{time}|12:02 UTC>. You could be asked now: you are online and may be disturbed.
    # Your last turns
    • <https://incident.example/1> in <#C1>, at <!date^1795521720^{time}|12:02 UTC>: answered after 0 s
    As of <!date^1795521780^{time}|12:03 UTC>. Open this tab again for what has happened since; `/devoncall help` in a channel says what else can be asked.
    ");
    stage.end().await;
}

/// Given everybody is online, when ana says that she is away for an hour, then others are asked although it is her turn,
/// with that as the reason; and after the hour it is hers, since she kept her place.
#[tokio::test]
async fn whoever_is_away_is_passed_over_until_then_and_keeps_their_place() {
    let stage = Stage::with(&["ana", "bo", "chen"]).await;
    stage.opens_home("U1").await;
    stage.goes_away("U1", stage.now() + SignedDuration::from_hours(1)).await;
    assert_snapshot!(stage.home_of("U1"), @"
    # On call
    :palm_tree: You are away until <!date^1795525200^{time}|13:00 UTC>: nobody asks you. You keep your place.
    [Report an incident] [I'm back]
    *I'm away until…*
    Choose a moment, and nobody asks you before it. [datetimepicker]
    (divider)
    # Open incidents
    Nothing is open. :relieved:
    # Your place
    *<#C1>*: you are number 1 of 3; nobody is ahead of you. You have not been asked yet. You would not be asked now: you are away until <!date^1795525200^{time}|13:00 UTC>, as you said.
    # Your last turns
    You have had no turn yet.
    As of <!date^1795521600^{time}|12:00 UTC>. Open this tab again for what has happened since; `/devoncall help` in a channel says what else can be asked.
    ");
    let order = stage.order_to_come();
    for url in [URL, OTHER] {
        stage.types("U3", url).await;
    }
    let asked = stage.asked();
    assert!(!asked.contains(&"U1".to_owned()), "{asked:?} of {order:?}");
    assert_eq!(asked.len(), 2);
    let page = stage.pages().pop().unwrap();
    for page in stage.pages() {
        stage.reacts(&page.asks(), &page.ts, "eyes").await;
    }
    stage.pass("1 h").await;
    stage.types("U3", "https://incident.example/3").await;
    assert_eq!(stage.asked().last().unwrap(), "U1");
    let third = stage.pages().pop().unwrap();
    assert_ne!(third.ts, page.ts);
    stage.reacts("U1", &third.ts, "eyes").await;
    stage.end().await;
}

/// Given chen said that they could take one, then they are asked next, once, and "Why me?" says so; and whoever is back
/// may be asked again.
#[tokio::test]
async fn whoever_could_take_one_is_asked_next_and_whoever_is_back_again() {
    let stage = Stage::with(&["ana", "bo", "chen"]).await;
    stage.types("U1", URL).await;
    let first = stage.post("page/1");
    stage.reacts(&first.asks(), &first.ts, "eyes").await;
    let last = first.asks();
    stage.opens_home(&last).await;
    stage.presses_at_home(&last, VOLUNTEER).await;
    assert_snapshot!(stage.home_of(&last).lines().take(4).collect::<Vec<_>>().join("\n"), @"
    # On call
    :raised_hand: You said that you can take one: you are asked next, once.
    [Report an incident]
    *I'm away until…*
    ");
    stage.types("U1", OTHER).await;
    let page = stage.pages().pop().unwrap();
    assert_eq!(page.asks(), last, "though they have just had a turn");
    stage.presses(&last, &page.ts, "pagerslack_why").await;
    assert_snapshot!(stage.last_told(&last), @"
    *Why you?* You said at <!date^1795521600^{time}|12:00 UTC> that you could take one, and so went to the head of the queue once; you were online and could be disturbed.
    Nobody was ahead of you.
    React with :eyes: or press *I'm on it* to take it, or *Pass*; without an answer by <!date^1795521720^{time}|12:02 UTC> the next engineer is asked.
    ");
    stage.reacts(&last, &page.ts, "eyes").await;
    stage.goes_away(&last, stage.now() + SignedDuration::from_hours(9)).await;
    assert!(stage.home_of(&last).contains("[I'm back]"));
    stage.presses_at_home(&last, BACK).await;
    assert!(stage.home_of(&last).contains("[I can take one now]"), "{}", stage.home_of(&last));
    stage.end().await;
}

/// Given ana reports from her Home tab, then the dialog says what is wrong with an address that is none, and closes into
/// "on it" when the report is on disk; and the incident is as any other.
#[tokio::test]
async fn an_incident_is_reported_from_there() {
    let stage = Stage::with(&["ana", "bo", "chen"]).await;
    stage.opens_home("U1").await;
    stage.presses_at_home("U1", REPORT).await;
    let id = stage.fills_in("U1", "ftp://incident.example", "").await;
    let faults = stage.slack.read(|world| world.modal_errors("U1", &id).cloned());
    assert_eq!(faults, Some(json!({ "url": "It must begin with https:// or http://." })));
    stage.fills_in("U1", URL, "nobody can <pay>").await;
    assert_snapshot!(seen(&stage.dialog("U1")), @"
    On it: looking for an engineer for <https://incident.example/1>. Follow the thread in this channel.
    ");
    let root = stage.post("root");
    assert!(root.text.contains("nobody can &lt;pay&gt;"), "{}", root.text);
    let page = stage.post("page/1");
    stage.reacts(&page.asks(), &page.ts, "eyes").await;
    stage.end().await;
}

/// Given somebody opens their messages with the bot, or is in no channel of its, then nothing goes wrong.
#[tokio::test]
async fn whoever_is_in_no_rotation_is_told_so() {
    let stage = Stage::with(&["ana", "bo"]).await;
    stage.types("U1", URL).await;
    let page = stage.post("page/1");
    stage.reacts(&page.asks(), &page.ts, "eyes").await;
    assert_snapshot!(stage.opens_home("M1").await, @"
    # On call
    Whoever is online and may be disturbed is asked, the least recently asked first.
    [Report an incident] [I can take one now]
    *I'm away until…*
    Choose a moment, and nobody asks you before it. [datetimepicker]
    (divider)
    You are in no channel in which I page. Invite me to the engineers' channel with `/invite @pagerslack`.
    ");
    stage.end().await;
}
