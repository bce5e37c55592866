//! The API does what its description says: schemathesis, from PyPI, reads that and tries what it allows, and what it does
//! not, with every check that it has, against the real binary and with a real token.
//!
//! Needs Python; `cargo xtask test` installs what is missing, as for `emulate.rs`.

use super::Door;
use crate::emulate::installed::Installed;
use crate::service::stopped;

/// How many requests it makes up for each route, beyond those that follow from the description alone.
const EXAMPLES: &str = "25";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_api_does_what_its_description_says() {
    let Some(installed) = Installed::look() else { return };
    let (door, process) = Door::open("[api]\nrequests_per_minute = 1000000").await;
    let token = door.token("Fuzz", "--channel C0DEMO").await;
    let mut tries = installed.schemathesis();
    tries
        .current_dir(door.service.folder.path())
        .args(["run", &format!("http://{}/api/v1/openapi.json", door.service.listen)])
        .args(["--header", &format!("Authorization: Bearer {token}")])
        // From one seed: the same requests every time.
        .args(["--checks", "all", "--max-examples", EXAMPLES, "--seed", "1", "--no-color"]);
    let output = tokio::task::spawn_blocking(move || tries.output().unwrap()).await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let generated =
        said.lines().find_map(|line| line.trim().split_once(" generated")?.0.parse::<usize>().ok());
    assert!(generated.is_some_and(|generated| generated > 300), "{said}");
    assert!(said.contains("Tested: 4"), "{said}");

    // It has got through the door, and broken nothing behind it.
    let (_, metrics) = door.service.asked("/metrics").await.unwrap();
    let count = |name: &str| {
        let line =
            metrics.lines().find(|line| line.starts_with(&format!("pagerslack_{name}_total "))).unwrap();
        line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()
    };
    assert!(
        count("reports") + count("reports_doubled") > 20 && count("api_requests_refused") > 0,
        "{metrics}"
    );
    assert_eq!((count("jobs_failed"), count("reports_lost")), (0, 0));
    stopped(process).await;
}
