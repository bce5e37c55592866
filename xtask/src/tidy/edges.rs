//! The edges of the program: the environment and the clock are read in few places, and tests never sleep.

use super::Fault;
use super::source::{code, mentions};

/// The one place that reads the environment.
const ENVIRONMENT: &str = "crates/server/src/config/environment.rs";

/// The places that may ask what time it is, each with its reason. All else is told.
const CLOCKS: &[(&str, &str)] = &[
    ("crates/server/src/clock.rs", "the server's clock itself"),
    ("crates/server/src/cli/doctor.rs", "a command that runs once, at the edge"),
    (
        "crates/server/src/cli/roster/",
        "a command that runs once, at the edge: the backup's name, Slack's waits",
    ),
    ("crates/server/src/demo.rs", "starts the demo's clock"),
    ("crates/slack-sim/src/clock.rs", "the fake Slack's clock itself"),
    ("crates/slack/src/ground.rs", "the ground of long-lived tasks itself"),
    ("crates/bench/", "measures"),
    ("crates/redis-servers/src/wait.rs", "waits for other processes, up to a limit"),
    ("crates/redis-servers/src/proxy.rs", "delays what passes"),
    ("crates/simulate/src/main.rs", "says how long it took; what is played has a time of its own"),
    ("crates/store/examples/", "measures"),
    ("xtask/", "says how long a step took"),
];

/// The tests of what happens outside this process and its manual clock. They poll, with a limit, because nothing tells
/// them; all others wait for an event.
const REAL_TIME: &[(&str, &str)] = &[
    ("crates/server/tests/it/service.rs", "starts the whole program as a process of its own"),
    ("crates/server/tests/it/killed.rs", "kills that process at any moment, over and over"),
    ("crates/server/tests/it/disk", "the whole program as a process of its own, on a disk that fails"),
    ("crates/server/tests/it/wire.rs", "the whole program over real sockets, and as a process of its own"),
    ("crates/server/tests/it/door/slow.rs", "its subject is how long the door waits; its clock jumps"),
    ("crates/server/tests/it/browser.rs", "Chromium"),
    (
        "crates/server/tests/it/emulate",
        "the whole program and a Slack that is not ours, as processes of their own",
    ),
    ("crates/server/tests/it/replicas", "the real binaries and the real Redis"),
    ("crates/server/tests/it/reload.rs", "files that change, and the system that tells of it"),
    (
        "crates/slack/tests/it/socket_mode.rs",
        "its subject is how long a link waits, and a handler that is slow",
    ),
];

/// Where sleeping is what is made: virtual time, which passes at once.
const VIRTUAL_TIME: &str = "crates/simulate/src/timeline.rs";

const READS_OF_THE_CLOCK: [&str; 4] = ["Timestamp::now", "Zoned::now", "SystemTime::now", "Instant::now"];

/// Only the configuration reads the environment. Tests may: that is how they know that they run in CI.
pub(super) fn environment(path: &str, text: &str) -> Vec<Fault> {
    if path == ENVIRONMENT || !path.starts_with("crates/") {
        return Vec::new();
    }
    code(path, text)
        .filter(|line| !line.in_tests && mentions(line.text, "env::var"))
        .map(|line| {
            Fault::new(path, line.number, format!("only {ENVIRONMENT} reads the environment: pass it in"))
        })
        .collect()
}

/// The clock is read at the edge and passed in, in tests too (but for [`REAL_TIME`]).
pub(super) fn clock(path: &str, text: &str) -> Vec<Fault> {
    if CLOCKS.iter().chain(REAL_TIME).any(|(place, _)| path.starts_with(place)) {
        return Vec::new();
    }
    code(path, text)
        .filter(|line| READS_OF_THE_CLOCK.iter().any(|read| mentions(line.text, read)))
        .map(|line| {
            let message =
                "take `now` as an argument (places that may ask: CLOCKS in xtask/src/tidy/edges.rs)";
            Fault::new(path, line.number, message)
        })
        .collect()
}

/// A test that sleeps is slow on a good day and fails on a bad one.
pub(super) fn sleep_in_tests(path: &str, text: &str) -> Vec<Fault> {
    if path == VIRTUAL_TIME || REAL_TIME.iter().any(|(place, _)| path.starts_with(place)) {
        return Vec::new();
    }
    code(path, text)
        .filter(|line| line.in_tests && line.text.split('"').step_by(2).any(|code| mentions(code, "sleep(")))
        .map(|line| {
            Fault::new(
                path,
                line.number,
                "a test must not sleep: wait for the event, or move the manual clock (REAL_TIME in xtask/src/tidy/edges.rs)",
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_configuration_reads_the_environment() {
        let read = "let token = std::env::var(\"TOKEN\");";
        assert_eq!(environment("crates/slack/src/client.rs", read).len(), 1);
        assert_eq!(environment("crates/slack/src/client.rs", "env::var_os(\"TOKEN\")").len(), 1);
        assert_eq!(environment(ENVIRONMENT, read), []);
        assert_eq!(environment("crates/slack/tests/it/main.rs", read), []);
    }

    #[test]
    fn only_the_edge_reads_the_clock() {
        for read in READS_OF_THE_CLOCK {
            let text = format!("let now = {read}();");
            assert_eq!(clock("crates/core/src/queue.rs", &text).len(), 1, "{read}");
            assert_eq!(clock("crates/core/src/queue/tests.rs", &text).len(), 1, "{read}");
            assert_eq!(clock("crates/server/src/clock.rs", &text), []);
        }
    }

    #[test]
    fn tests_do_not_sleep() {
        let nap = "tokio::time::sleep(Duration::from_secs(1)).await;";
        assert_eq!(sleep_in_tests("crates/a/tests/it/story.rs", nap).len(), 1);
        assert_eq!(
            sleep_in_tests("crates/a/src/b.rs", &format!("#[cfg(test)]\nmod tests {{\n{nap}\n}}")).len(),
            1
        );
        assert_eq!(sleep_in_tests("crates/a/src/b.rs", nap), []);
        assert_eq!(sleep_in_tests("crates/a/tests/it/story.rs", &format!("say({:?})", "sleep(1)")), []);
        assert_eq!(sleep_in_tests(REAL_TIME[0].0, nap), []);
    }
}
