//! What stands in the files of `deploy/` and in the Dockerfile is what the binary knows, and the binary can ask itself
//! whether it is well.

use std::fs;
use std::path::Path;
use std::process::Output;

use crate::service::{Service, eventually, stopped, terminate};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

fn file(path: &str) -> String {
    fs::read_to_string(Path::new(ROOT).join(path)).unwrap()
}

async fn run(service: &Service, arguments: &[&str], listen: &str) -> (Option<i32>, String) {
    let mut command = service.command();
    command.args(arguments).env("PAGERSLACK_LISTEN", listen);
    let Output { status, stdout, stderr } =
        tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    (status.code(), String::from_utf8([stdout, stderr].concat()).unwrap())
}

/// The words of an instruction that is written as a list: `CMD ["a", "b"]`.
fn words(dockerfile: &str, instruction: &str) -> Vec<String> {
    let line = dockerfile.lines().find(|line| line.starts_with(instruction)).unwrap();
    serde_json::from_str(&line[line.find('[').unwrap()..]).unwrap()
}

/// Given the image's commands, then they are the binary's: it serves, and asks itself whether it lives, wherever it
/// listens; and says so when nobody is there, or when it is stopping.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_image_can_ask_itself() {
    let dockerfile = file("Dockerfile");
    let (binary, serve) = (words(&dockerfile, "ENTRYPOINT"), words(&dockerfile, "CMD"));
    let health = words(&dockerfile, "HEALTHCHECK");
    assert_eq!((&binary[..], &serve[..]), ([health[0].clone()].as_slice(), ["serve".to_owned()].as_slice()));
    let health: Vec<&str> = health[1..].iter().map(String::as_str).collect();

    let service = Service::prepare().await;
    let everywhere = format!("0.0.0.0:{}", service.listen.port());
    let (code, said) = run(&service, &health, &everywhere).await;
    assert!(code == Some(1) && said.contains("nobody answers at http://127.0.0.1:"), "{said}");

    let mut command = service.command();
    command.env("PAGERSLACK_SHUTDOWN_DRAIN", "1 min");
    let process = service.spawn(command);
    service.ready().await;
    let ready = [&health[..], &["--ready"]].concat();
    for arguments in [&health, &ready] {
        assert_eq!(run(&service, arguments, &everywhere).await, (Some(0), "ok\n".to_owned()));
    }
    // A file that has been broken since is no sign of ill health.
    fs::write(service.folder.path().join("pagerslack.toml"), "nonsense\n").unwrap();
    let url = format!("http://{}/healthz", service.listen);
    assert_eq!(run(&service, &["health", "--url", &url], "127.0.0.1:1").await.0, Some(0));
    terminate(&process);
    eventually("503", || async { (service.asked("/readyz").await?.0 == 503).then_some(()) }).await;
    let (code, said) = run(&service, &ready, &everywhere).await;
    assert!(code == Some(1) && said.contains("503") && said.contains("starting or stopping"), "{said}");
    assert_eq!(run(&service, &health, &everywhere).await.0, Some(0), "it lives");
    assert_eq!(
        service.asked("/readyz?exclude=store").await.unwrap().0,
        503,
        "stopping is no matter of the store"
    );
    process.kill();
}

/// Whatever the files set is read by somebody.
#[test]
fn every_variable_is_known() {
    let known = file("crates/server/src/config/environment.rs");
    let mut seen = 0;
    for path in ["Dockerfile", "deploy/pagerslack.service", "deploy/kubernetes/deployment.yaml"] {
        let text = file(path);
        let words = text.split(|it: char| !(it.is_ascii_alphanumeric() || it == '_'));
        for name in words.filter(|word| word.starts_with("PAGERSLACK_") || word.starts_with("SLACK_")) {
            let is_read = ["get", "secret"].iter().any(|read| known.contains(&format!("{read}(\"{name}\")")));
            assert!(is_read, "{path} sets {name}, which nobody reads");
            seen += 1;
        }
    }
    assert!(seen > 10, "{seen}");
}

/// The configuration of the manifests is one that the bot takes, and asks for no more than the probes promise.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_manifests_speak_of_this_bot() {
    let service = Service::prepare().await;
    let config = file("deploy/kubernetes/configmap.yaml");
    let (_, config) = config.split_once("pagerslack.toml: |\n").unwrap();
    let config: String = config.lines().map(|line| format!("{}\n", line.trim_start())).collect();
    fs::write(service.folder.path().join("pagerslack.toml"), config).unwrap();
    let (code, said) = run(&service, &["config", "check"], "127.0.0.1:1").await;
    assert!(code == Some(0) && said.contains("1 by id"), "{said}");

    let process = service.serve().await;
    let deployment = file("deploy/kubernetes/deployment.yaml");
    let probes: Vec<_> = deployment.lines().filter_map(|line| line.trim().strip_prefix("path: ")).collect();
    assert_eq!(probes.len(), 3, "start, life and readiness");
    for path in probes {
        assert_eq!(service.asked(path).await.unwrap().0, 200, "{path}");
    }
    stopped(process).await;
}
