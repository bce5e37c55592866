//! What `/devoncall` makes of what was typed, and what the channel then shows.

use insta::assert_snapshot;
use slack_sim::{Fault, FaultKind, Mention};

use crate::harness::{CHANNEL, Stage, team};

const URL: &str = "https://incident.example/1";

/// Given two engineers and a manager, when ana reports and nobody answers for nine minutes, then the root
/// message says at every moment what is happening, and is changed rather than followed by another.
#[tokio::test]
async fn the_root_message_keeps_saying_how_things_stand() {
    let stage = Stage::with(&["ana", "bo"]).await;
    stage.fault(Fault::once("users.getPresence", FaultKind::RateLimited { retry_after: Some(5) }));
    stage.types("U1", &format!("{URL} database down")).await;
    assert_snapshot!(stage.transcript(), @"
    pager: :rotating_light: @ana reports an incident: https://incident.example/1
        >database down
        :mag: Looking for an available engineer.
        React with :eyes: here or in the thread to take it.  [Cancel]
    ");
    stage.pass("5 s").await;
    assert_snapshot!(stage.transcript(), @"
    pager: :rotating_light: @ana reports an incident: https://incident.example/1
        >database down
        :hourglass_flowing_sand: Waiting for @ana since 12:00 UTC (attempt 1 of 6).
        React with :eyes: here or in the thread to take it. (edited)  [Cancel]
        pager: @ana can you take this incident? https://incident.example/1
            >database down
            React with :eyes: or press *I'm on it*. Without an answer within 2 min the next engineer is asked.  [I'm on it] [Pass] [Why me?]
    ");
    stage.pass("2 min").await;
    stage.pass("2 min").await;
    assert_snapshot!(stage.transcript(), @"
    pager: :rotating_light: @ana reports an incident: https://incident.example/1
        >database down
        :mega: 2 people were asked, nobody took it and nobody else is available: the engineering managers have been paged.
        React with :eyes: here or in the thread to take it. (edited)  [Cancel]
        pager: @ana did not answer in time (asked at 12:00 UTC). (edited)
        pager: @bo did not answer in time (asked at 12:02 UTC). (edited)
        pager: @marit an incident in #dev-escalation needs an engineer: https://incident.example/1
            >database down
            Reported by @ana at 12:00 UTC. 2 people were asked, and nobody else could be: the channel has no more engineers.
            Please find somebody of your group and say so in the thread; :eyes: or *I'm on it* stops the paging.  [I'm on it]
    ");
    stage.pass("5 min").await;
    stage.reacts("M1", &stage.post("managers/2").ts, "eyes").await;
    assert_snapshot!(stage.transcript(), @"
    pager: :rotating_light: @ana reports an incident: https://incident.example/1
        >database down
        :white_check_mark: Taken by @marit after 9 min 5 s. (edited)  [Hand over]
        pager: @ana did not answer in time (asked at 12:00 UTC). (edited)
        pager: @bo did not answer in time (asked at 12:02 UTC). (edited)
        pager: @marit is on it: https://incident.example/1 (edited)
        pager: @marit is on it: https://incident.example/1 (edited)
            :eyes: @marit
        pager: :white_check_mark: @marit is on it, 9 min 5 s after the report.
    ");
    assert_eq!(stage.roots().len(), 1);
    stage.end().await;
}

/// Given three engineers, when one is paged and answers 72 seconds later, then the page lost its buttons, the
/// thread says who is on it and after how long, and only the person asked was mentioned by the page.
#[tokio::test]
async fn a_page_asks_one_person_and_offers_two_buttons() {
    let stage = Stage::with(&["ana", "bo", "chen"]).await;
    let told = stage.types("U1", &format!("{URL} database down")).await;
    assert_snapshot!(told, @"On it: looking for an engineer for <https://incident.example/1>. Follow the thread in this channel.");
    let page = stage.post("page/1");
    assert_snapshot!(stage.transcript(), @"
    pager: :rotating_light: @ana reports an incident: https://incident.example/1
        >database down
        :hourglass_flowing_sand: Waiting for @ana since 12:00 UTC (attempt 1 of 6).
        React with :eyes: here or in the thread to take it. (edited)  [Cancel]
        pager: @ana can you take this incident? https://incident.example/1
            >database down
            React with :eyes: or press *I'm on it*. Without an answer within 2 min the next engineer is asked.  [I'm on it] [Pass] [Why me?]
    ");
    stage.pass("72 s").await;
    stage.presses(&page.asks(), &page.ts, "pagerslack_take").await;
    stage.pass("10 min").await;
    assert_snapshot!(stage.transcript(), @"
    pager: :rotating_light: @ana reports an incident: https://incident.example/1
        >database down
        :white_check_mark: Taken by @ana after 1 min 12 s. (edited)  [Hand over]
        pager: @ana is on it (asked at 12:00 UTC). (edited)
        pager: :white_check_mark: @ana is on it, 1 min 12 s after the report.
    ");
    stage.end().await;
}

/// Given an open incident, when bo reports the same URL in the same channel, then bo gets a link to the thread
/// and nobody is paged for it; once it is taken, the same URL is an incident of its own again.
#[tokio::test]
async fn the_same_url_is_one_incident_while_it_is_open() {
    let stage = Stage::with(&["ana", "bo", "chen"]).await;
    stage.types("U1", URL).await;
    let told = stage.types("U2", "https://INCIDENT.example/1 again").await;
    let root = stage.post("root").ts;
    let link = format!("https://example.slack.com/archives/C1/p{}", root.replace('.', ""));
    assert!(told.contains(&link), "{told}");
    assert_snapshot!(told.replace(&root.replace('.', ""), "…"), @"<https://incident.example/1> is open already, and somebody is being looked for. Follow <https://example.slack.com/archives/C1/p…|its thread>.");
    assert_eq!(stage.kinds(), "root page/1");
    assert_eq!((stage.count("reports"), stage.count("reports_doubled")), (1, 1));

    stage.reacts("U3", &root, "eyes").await;
    stage.types("U2", URL).await;
    assert_eq!(stage.roots().len(), 2);
    assert_eq!(stage.pages().len(), 2);
    stage.reacts("U3", &stage.roots()[1], "eyes").await;
    stage.end().await;
}

/// Given two channels, when the same URL is reported in both, then each hunts among its own engineers.
#[tokio::test]
async fn the_same_url_in_another_channel_is_another_incident() {
    let world = team(&["ana", "bo"]).channel("C2", "dev-data").person("U8", "hana", "Asia/Tokyo");
    let stage = Stage::new(world, pagerslack::config::RotationConfig::default()).await;
    stage.types("U1", URL).await;
    let told = stage.types_in("C2", "U8", URL).await;
    assert!(told.starts_with("On it"), "{told}");
    let pages = |channel| -> Vec<String> {
        stage.posts_in(channel).iter().filter(|post| post.kind == "page/1").map(|post| post.asks()).collect()
    };
    assert!(["U1", "U2"].contains(&pages(CHANNEL)[0].as_str()));
    assert_eq!(pages("C2"), ["U8"]);
    stage.reacts("U1", &stage.post("root").ts, "eyes").await;
    let other = stage.posts_in("C2")[0].ts.clone();
    stage.reacts_in("C2", "U8", &other, "eyes").await;
    stage.end().await;
}

/// Given a channel, when somebody types anything but a URL with words, then they alone are told what to type;
/// the channel shows nothing and nobody is mentioned.
#[tokio::test]
async fn whatever_is_no_report_is_answered_with_what_to_type() {
    let stage = Stage::with(&["ana", "bo"]).await;
    let mut answers = String::new();
    for typed in [
        "",
        "help",
        "the database is down",
        "ftp://incident.example/1",
        "javascript:alert(1)",
        "https://",
        "@channel https://incident.example/1",
        "@ana @bo https://incident.example/1",
        "#dev-escalation https://incident.example/1",
        "<!here> <@U2> *urgent*",
    ] {
        let told = stage.types("U1", typed).await;
        assert_eq!(slack_sim::mentions(&told, &[]), [], "{told}");
        answers.push_str(&format!("{typed}\n    {told}\n"));
    }
    assert_snapshot!(answers, @"

        I get an available engineer of this channel onto an incident.
    • `/devoncall https://incident.url what is wrong` – page somebody
    • `/devoncall @someone https://incident.url` – ask that person first
    • `/devoncall top` – the next 25 of the queue
    • `/devoncall position` – your place in it
    • `/devoncall why` – how I chose for the last incident
    • `/devoncall why https://incident.url` – how I chose for that one
    • `/devoncall status` – what is open
    • `/devoncall help` – this
    I ask who is online and may be disturbed, least recently asked first. Without an answer within 2 min I ask the next one, 6 at most, and then the engineering managers. A :eyes: takes the incident.
    help
        I get an available engineer of this channel onto an incident.
    • `/devoncall https://incident.url what is wrong` – page somebody
    • `/devoncall @someone https://incident.url` – ask that person first
    • `/devoncall top` – the next 25 of the queue
    • `/devoncall position` – your place in it
    • `/devoncall why` – how I chose for the last incident
    • `/devoncall why https://incident.url` – how I chose for that one
    • `/devoncall status` – what is open
    • `/devoncall help` – this
    I ask who is online and may be disturbed, least recently asked first. Without an answer within 2 min I ask the next one, 6 at most, and then the engineering managers. A :eyes: takes the incident.
    the database is down
        I need the incident's URL to page somebody. Type `/devoncall https://incident.url what is wrong`. Nobody has been paged.
    ftp://incident.example/1
        The incident's URL must begin with `https://` or `http://`. Type `/devoncall https://incident.url what is wrong`. Nobody has been paged.
    javascript:alert(1)
        I do not know “javascript:alert(1)”; `/devoncall help` lists what I can be asked. To page somebody, type `/devoncall https://incident.url what is wrong`. Nobody has been paged.
    https://
        The incident's URL must begin with `https://` or `http://`. Type `/devoncall https://incident.url what is wrong`. Nobody has been paged.
    @channel https://incident.example/1
        I can ask one person first: pick their name from the list that Slack shows while you type it. Several people, groups and channels I cannot ask. Type `/devoncall @someone https://incident.url`, or leave the name out. Nobody has been paged.
    @ana @bo https://incident.example/1
        I can ask one person first: pick their name from the list that Slack shows while you type it. Several people, groups and channels I cannot ask. Type `/devoncall @someone https://incident.url`, or leave the name out. Nobody has been paged.
    #dev-escalation https://incident.example/1
        I can ask one person first: pick their name from the list that Slack shows while you type it. Several people, groups and channels I cannot ask. Type `/devoncall @someone https://incident.url`, or leave the name out. Nobody has been paged.
    <!here> <@U2> *urgent*
        I need the incident's URL to page somebody. Type `/devoncall https://incident.url what is wrong`. Nobody has been paged.
    ");
    assert_eq!(stage.transcript(), "");
    assert_eq!(stage.count("reports"), 0);
    stage.end().await;
}

/// Given a conversation with the bot, when somebody types the command or writes there, then they are told to use
/// a channel, once, even when Slack delivers the same message again under another event id.
#[tokio::test]
async fn in_a_direct_message_people_are_sent_to_a_channel() {
    let stage = Stage::with(&["ana"]).await;
    stage.fault(Fault::once("message", FaultKind::DoubleFreshId));
    let (dm, ts) = stage.slack.with(|world, now| world.direct_message(now, "U1", "hello?")).unwrap();
    stage.settle().await;
    assert_snapshot!(stage.direct_texts("U1").join("\n"), @"
    I do not know “hello?”.
    Here you can ask me:
    • `top` – the next 25 of the queue
    • `position` – your place in it
    • `why` – how I chose for the last incident
    • `why https://incident.url` – how I chose for that one
    • `status` – what is open
    • `help` – this
    In a channel:
    • `/devoncall https://incident.url what is wrong` – page somebody
    • `/devoncall @someone https://incident.url` – ask that person first
    ");
    // The answer has long been given when the same message comes once more, and again.
    for _ in 0..2 {
        stage.pass("1 min").await;
        let event = serde_json::json!({
            "type": "message", "channel": dm, "user": "U1", "text": "hello?", "ts": ts, "event_ts": ts,
            "channel_type": "im",
        });
        stage.slack.with(|world, now| world.send_event(now, event, None));
        stage.settle().await;
    }
    assert_eq!(stage.direct_texts("U1").len(), 1);

    let told = stage.types_in(&dm, "U1", URL).await;
    assert_snapshot!(told, @"I look for engineers of the channel in which you report, so please type this in a channel. Type `/devoncall https://incident.url what is wrong`. Nobody has been paged.");
    assert_eq!(stage.count("reports"), 0);
    stage.slack.with(|world, now| world.direct_message(now, "U1", "and now?")).unwrap();
    stage.settle().await;
    assert_eq!(stage.direct_texts("U1").len(), 2);
    stage.end().await;
}

/// Given a note full of markup, mentions, right-to-left text and far too many letters, when it is reported,
/// then the root mentions nobody but the reporter, the page one person, and every message stands in one piece.
#[tokio::test]
async fn what_people_write_is_inert() {
    for note in [
        "<!channel> <@U2> <!subteam^S1>".to_owned(),
        "*bold* _it_ `code` ```block``` >quote &amp; R&D; <b>".to_owned(),
        "see <https://evil.example|https://bank.example> or [a](https://evil.example)".to_owned(),
        "קריסה \u{202e}gnorts\u{202c} 👩‍🚒🔥 e\u{301}".to_owned(),
        "x".repeat(4_000),
        "<&>".repeat(1_300),
        "😀 ".repeat(2_000),
    ] {
        let stage = Stage::with(&["ana", "bo"]).await;
        let told = stage.types("U1", &format!("{URL} {note}")).await;
        assert!(told.starts_with("On it"), "{note}: {told}");
        let root = stage.post("root");
        let page = stage.post("page/1");
        page.asks();
        assert!(root.mentions.contains(&Mention::User("U1".into())), "{}", root.text);
        assert!(root.mentions.iter().all(|mention| matches!(mention, Mention::User(_))), "{}", root.text);
        assert_eq!(slack_sim::mentions(root.text.lines().next().unwrap(), &[]), [Mention::User("U1".into())]);
        for post in [&root, &page] {
            assert!(post.text.chars().count() <= 3_900, "{} characters", post.text.chars().count());
            assert!(!post.text.contains("<https://evil.example"), "{}", post.text);
        }
        assert_eq!(stage.slack.read(|world| world.messages(CHANNEL).len()), 2, "nothing was split");
        stage.reacts("U2", &root.ts, "eyes").await;
        stage.end().await;
    }
}
