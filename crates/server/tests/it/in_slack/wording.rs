//! What is not understood is answered with what can be asked.

use insta::assert_snapshot;

use crate::harness::Stage;

/// Given a conversation with the bot, when somebody writes "help" or what nobody understands, then they read what
/// can be asked, with the nearest word if there is one; and nobody is paged by an address written there.
#[tokio::test]
async fn a_direct_message_that_is_not_understood_is_answered_with_help() {
    let stage = Stage::with(&["ana"]).await;
    assert_snapshot!(stage.asks("U1", "help").await, @"");
    let mut first = String::new();
    for written in ["tpo", "postion", "what is the weather", "<!channel> *now*", "https://incident.example/1 down"] {
        let told = stage.asks("U1", written).await;
        first.push_str(&format!("{written}: {}\n", told.lines().next().unwrap()));
    }
    assert_snapshot!(first, @"");
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
    assert_snapshot!(told, @"");
    assert_eq!(stage.count("reports"), 0);
    stage.end().await;
}
