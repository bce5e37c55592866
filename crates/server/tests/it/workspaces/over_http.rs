//! The same over real sockets: the real binary, the fake Slack's own page of consent, and a browser's redirects.

use std::process::Command;

use slack_sim::demo_team;

use crate::service::{Service, stopped};
use crate::wire::{page, report};

/// The binary for many workspaces, with a key.
fn command(service: &Service, key: &str) -> Command {
    let app = service.slack.read(|world| world.app().clone());
    let mut command = service.command();
    command
        .env_remove("SLACK_BOT_TOKEN")
        .env("RUST_LOG", "trace,hyper=trace,reqwest=trace,axum=trace,pagerslack=trace,pagerslack_slack=trace")
        .env("SLACK_CLIENT_ID", app.client_id)
        .env("SLACK_CLIENT_SECRET", app.client_secret)
        .env("SLACK_REDIRECT_URI", format!("http://{}/slack/oauth/callback", service.listen))
        .env("PAGERSLACK_KEY", key);
    command
}

fn run(mut command: Command, arguments: &[&str]) -> (bool, String) {
    let output = command.args(arguments).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(said).unwrap())
}

/// A browser that follows redirects one by one, and keeps the bot's cookie.
async fn install(service: &Service) -> (u16, String) {
    let policy = reqwest::redirect::Policy::none();
    let client = reqwest::Client::builder().no_proxy().redirect(policy).build().unwrap();
    let begun = client.get(format!("http://{}/slack/install", service.listen)).send().await.unwrap();
    assert_eq!(begun.status(), 302);
    let cookie = begun.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let to = begun.headers()["location"].to_str().unwrap().to_owned();
    let agreed = client.get(to).send().await.unwrap();
    let back = agreed.headers()["location"].to_str().unwrap().to_owned();
    let shown = client.get(back).header("cookie", cookie).send().await.unwrap();
    (shown.status().as_u16(), shown.text().await.unwrap())
}

/// With the token of the workspace that has installed the app, and of none other.
fn people_are_looked_up(service: &Service, key: &str) {
    let (well, said) = run(command(service, key), &["nudge", "--dry-run"]);
    assert!(well && said.contains("#dev-escalation (C0DEMO)"), "{said}");
    std::fs::write(
        service.folder.path().join("team.csv"),
        "Name,Email,Role\nHaru,haruka@example.com,engineer\n",
    )
    .unwrap();
    let import = ["roster", "import", "team.csv", "--yes", "--out", "imported.csv"];
    for other in [&["nudge", "--dry-run"][..], &import[..]] {
        let (well, said) = run(command(service, key), &[other, &["--workspace", "T9"]].concat());
        assert!(!well && said.contains("\"T9\" has not installed the app"), "{said}");
    }
    let (well, said) = run(command(service, key), &[&import[..], &["--workspace", "T0DEMO"]].concat());
    let imported = std::fs::read_to_string(service.folder.path().join("imported.csv")).unwrap();
    assert!(well && imported.contains("U003,"), "{said}\n{imported}");
}

/// Given a key and an app, when somebody installs it and reports, then somebody is paged; a restart with a new key before
/// the old one goes on, and after `keys rotate` the old one is needed no more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_workspace_installs_the_app_and_the_key_is_replaced() {
    let world = demo_team().command("/devoncall", "").app(|app| {
        app.token_rotation = true;
        app.scopes.insert("users:read.email".to_owned());
    });
    let service = Service::new(world, "[defaults.managers]\nusers = [\"U025\"]\n", |server| server).await;
    let new_key = || run(service.command(), &["keys", "new"]).1.trim().to_owned();
    let (old, new) = (new_key(), new_key());
    let refused = service.refuses_to_serve({
        let mut without = command(&service, &old);
        without.env_remove("PAGERSLACK_KEY");
        without
    });
    assert!(refused.await.contains("pagerslack keys new"));

    let process = service.spawn(command(&service, &old));
    service.ready().await;
    let (status, shown) = install(&service).await;
    assert!(status == 200 && shown.contains("PagerSlack is installed"), "{shown}");
    report(&service.slack, "https://i.example/1");
    page(&service.slack).await;
    stopped(process).await;

    let (well, said) = run(command(&service, &old), &["doctor"]);
    assert!(well && said.contains("knows the bot as") && said.contains("/slack/install"), "{said}");
    let (well, said) = run(command(&service, &new), &["doctor"]);
    assert!(!well, "with another key nothing opens: {said}");
    people_are_looked_up(&service, &old);
    let (well, said) = run(command(&service, &format!("{new} {old}")), &["keys", "rotate"]);
    assert!(well && said.contains("No other key is needed any more."), "{said}");
    let (well, said) = run(command(&service, &new), &["doctor"]);
    assert!(well && said.contains("knows the bot as"), "{said}");

    let log = service.log();
    let token = service.slack.read(|world| world.app().bot_token.clone());
    // A part of every code is ".code.", and of every state's address its name.
    for secret in [&old, &new, &token, "simulated-client-secret", "xoxe", ".code.", "state="] {
        assert!(!log.contains(secret), "{secret} stands in the log");
    }
}
