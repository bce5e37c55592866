//! What is not understood is answered with what can be asked.

use insta::assert_snapshot;

use crate::harness::Stage;

/// Given a conversation with the bot, when somebody writes "help" or what nobody understands, then they read what
/// can be asked, with the nearest word if there is one; and nobody is paged by an address written there.
#[tokio::test]
async fn a_direct_message_that_is_not_understood_is_answered_with_help() {
    let stage = Stage::with(&["ana"]).await;
    assert_snapshot!(stage.asks("U1", "help").await, @"
    I get an available engineer onto an incident.
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
    let mut first = String::new();
    for written in
        ["tpo", "postion", "what is the weather", "<!channel> *now*", "https://incident.example/1 down"]
    {
        let told = stage.asks("U1", written).await;
        first.push_str(&format!("{written}: {}\n", told.lines().next().unwrap()));
    }
    assert_snapshot!(first, @"
    tpo: I do not know “tpo”. Did you mean `top`?
    postion: I do not know “postion”. Did you mean `position`?
    what is the weather: I do not know “what is the weather”.
    <!channel> *now*: I do not know “&lt;!channel&gt; *now*”.
    https://incident.example/1 down: *Nobody has been paged.* Incidents are reported in the engineers' channel: type `/devoncall https://incident.url what is wrong` there.
    ");
    assert_eq!(stage.transcript(), "", "nobody was paged");
    stage.end().await;
}

/// Given a channel, when somebody mistypes a question, then they alone are told the nearest one.
#[tokio::test]
async fn a_mistyped_question_is_answered_with_the_nearest() {
    let stage = Stage::with(&["ana"]).await;
    let mut told = String::new();
    for typed in ["tpo", "statsu", "weather", "help"] {
        told.push_str(&format!("{typed}: {}\n", stage.types("U1", typed).await));
    }
    assert_snapshot!(told, @"
    tpo: I do not know “tpo”. Did you mean `/devoncall top`? To page somebody, type `/devoncall https://incident.url what is wrong`. Nobody has been paged.
    statsu: I do not know “statsu”. Did you mean `/devoncall status`? To page somebody, type `/devoncall https://incident.url what is wrong`. Nobody has been paged.
    weather: I do not know “weather”; `/devoncall help` lists what I can be asked. To page somebody, type `/devoncall https://incident.url what is wrong`. Nobody has been paged.
    help: I get an available engineer of this channel onto an incident.
    • `/devoncall https://incident.url what is wrong` – page somebody
    • `/devoncall @someone https://incident.url` – ask that person first
    • `/devoncall top` – the next 25 of the queue
    • `/devoncall position` – your place in it
    • `/devoncall why` – how I chose for the last incident
    • `/devoncall why https://incident.url` – how I chose for that one
    • `/devoncall status` – what is open
    • `/devoncall help` – this
    I ask who is online and may be disturbed, least recently asked first. Without an answer within 2 min I ask the next one, 6 at most, and then the engineering managers. A :eyes: takes the incident.
    ");
    assert_eq!(stage.count("reports"), 0);
    stage.end().await;
}
