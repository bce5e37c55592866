//! The examples of `docs/API.md`, as whoever reads it types them.

use std::process::Command;

use super::Door;
use crate::service::stopped;

/// Given a token for the channel, when the examples are typed one after the other, then each does what the text says.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_examples_work() {
    let text = include_str!("../../../../../docs/API.md").replace("C024BE7LR", "C0DEMO");
    let blocks = text.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    let examples: Vec<&str> = blocks.filter(|block| block.starts_with("curl ")).collect();
    assert_eq!(examples.len(), 3, "{examples:?}");
    let (door, process) = Door::open("").await;
    let token = door.token("Docs", "--channel C0DEMO").await;
    let mut id = String::new();
    for example in examples {
        let mut shell = Command::new("sh");
        shell
            .args(["-c", example])
            .env("PAGERSLACK", format!("http://{}", door.service.listen))
            .env("TOKEN", &token)
            .env("ID", &id);
        let output = tokio::task::spawn_blocking(move || shell.output().unwrap()).await.unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{example}: {said}{}", String::from_utf8_lossy(&output.stderr));
        let answer: serde_json::Value = serde_json::from_str(&said).unwrap();
        match answer.get("id") {
            Some(found) => id = found.as_str().unwrap().to_owned(),
            None => assert_eq!(answer["incidents"][0]["id"], id.as_str(), "{said}"),
        }
    }
    door.reads("Docs (a machine) reports an incident: https://incident.example/7").await;
    stopped(process).await;
}
