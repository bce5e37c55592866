//! Tokens, made and revoked at a running server and beside a stopped one.

use reqwest::StatusCode;

use super::Door;
use crate::service::stopped;

/// Given an operator without a shell on the machine, when they make a token, then it lets a machine in until they revoke
/// it, is shown once, and stands in the clear nowhere.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_made_at_a_running_server() {
    let (door, process) = Door::open("").await;
    let locally = door.run("token list").await;
    assert!(!locally.well && locally.err.contains("ask it with --server ADDRESS"), "{locally:?}");

    let made = door
        .run("token create Alertmanager --team T0DEMO --channel C0DEMO --expires 2100-01-01 --server SERVER")
        .await;
    assert!(made.well && made.err.contains("The token is not shown again"), "{made:?}");
    let token = made.out.trim();
    assert!(token.starts_with("pgs_") && token.len() == 77, "{made:?}");
    assert_eq!(door.get("/api/v1/incidents", token).await.status, 200);

    let listed = door.run("token list --server SERVER").await;
    let id = listed.out.split_whitespace().next().unwrap().to_owned();
    assert!(listed.out.contains("Alertmanager  T0DEMO C0DEMO"), "{listed:?}");
    assert!(listed.out.contains("expires 2100-01-01T00:00:00Z") && token.contains(&id), "{listed:?}");
    assert!(!listed.out.contains(&token[13..]), "{listed:?}");

    let revoked = door.run(&format!("token revoke {id} --server SERVER")).await;
    assert!(revoked.well, "{revoked:?}");
    let refused = door.get("/api/v1/incidents", token).await;
    assert!(refused.is_problem(StatusCode::UNAUTHORIZED, "pagerslack token create"), "{refused:?}");
    let again = door.run(&format!("token revoke {id} --server SERVER")).await;
    assert!(!again.well && again.err.contains("there is no token"), "{again:?}");
    stopped(process).await;

    let secret = &token[13..];
    assert!(!door.service.log().contains(secret));
    for file in std::fs::read_dir(door.service.folder.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "P8");
    }
}

/// Given a bot that does not run, when a token is made beside its store, then it lets in once the bot runs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_made_beside_a_stopped_bot() {
    let (door, process) = Door::open("").await;
    stopped(process).await;
    let nowhere = door.run("token create Probe --all-channels").await;
    assert!(!nowhere.well && nowhere.err.contains("say for which workspace: --team"), "{nowhere:?}");
    let made = door.run("token create Probe --all-channels --team T0DEMO").await;
    assert!(made.well, "{made:?}");
    let process = door.serve().await;
    assert_eq!(door.get("/api/v1/incidents", made.out.trim()).await.status, 200);
    stopped(process).await;
}

/// P8: whoever has a token of the API is no admin, and the other way round; and what is no token is not made.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_open_their_own_doors_only() {
    let (door, process) = Door::open("").await;
    let token = door.token("Probe", "--all-channels").await;
    for path in ["/api/v1/tokens", "/api/v1/stats.csv"] {
        assert_eq!(door.get(path, &token).await.status, 401, "{path}");
    }
    assert_eq!(door.get("/api/v1/incidents", super::ADMIN).await.status, 401);
    let formula = door.run("token create =cmd() --team T0DEMO --all-channels --server SERVER").await;
    assert!(!formula.well && formula.err.contains("a token's name has 1 to 40 letters"), "{formula:?}");
    let channel = door.run("token create a --team T0DEMO --channel general --server SERVER").await;
    assert!(!channel.well && channel.err.contains("give its id, which begins with C"), "{channel:?}");
    let scope = door.run("token create a --team T0DEMO --server SERVER").await;
    assert!(!scope.well && scope.err.contains("--channel"), "{scope:?}");
    stopped(process).await;
}
