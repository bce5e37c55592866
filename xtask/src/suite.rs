//! `cargo xtask test`: prepares the machine, then runs every test of the workspace.

use std::path::Path;

use crate::command::cargo;
use crate::tidy::files;
use crate::tool::NEXTEST;
use crate::{e2e, machine};

/// Where nextest's `ci` profile leaves its report (`.config/nextest.toml`); not under `CARGO_TARGET_DIR`.
const REPORT: &str = "target/nextest/ci/junit.xml";

/// How many tests passed and failed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

/// Runs every test, or those that the words passed on to nextest choose.
///
/// # Errors
/// When the machine lacks something, or a test fails.
pub(crate) fn run(passed_on: &[String]) -> anyhow::Result<()> {
    machine::prepare()?;
    machine::redis()?;
    machine::jq()?;
    e2e::prepare()?;
    NEXTEST.ensure()?;
    if passed_on.is_empty() {
        doc_tests()?;
    }
    cargo(&["nextest", "run"]).args(everywhere(passed_on)).args(passed_on).run()
}

/// `--workspace`, unless the words passed on name packages: nextest would overlook those beside it.
fn everywhere(passed_on: &[String]) -> &'static [&'static str] {
    let names_a_package = |word: &String| word.starts_with("-p") || word.starts_with("--package");
    if passed_on.iter().any(names_a_package) { &[] } else { &["--workspace"] }
}

/// As [`run`], leaving the report that [`count`] reads.
///
/// # Errors
/// As [`run`].
pub(crate) fn run_counted() -> anyhow::Result<()> {
    machine::prepare()?;
    machine::redis()?;
    machine::jq()?;
    e2e::prepare()?;
    NEXTEST.ensure()?;
    // The tests run even when a doc-test fails: one run tells all that is wrong.
    let documented = doc_tests();
    cargo(&["nextest", "run", "--workspace", "--profile", "ci"]).run().and(documented)
}

/// Deletes an older report, so that [`count`] never tells of another run.
///
/// # Errors
/// When there is one that cannot be deleted.
pub(crate) fn forget() -> std::io::Result<()> {
    match std::fs::remove_file(REPORT) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The count of the last [`run_counted`]; `None` when it came to no test.
pub(crate) fn count() -> Option<Count> {
    parse_count(&std::fs::read_to_string(REPORT).ok()?)
}

/// Doc-tests are nextest's one omission. Finding none takes rustdoc half a minute, so we look first.
fn doc_tests() -> anyhow::Result<()> {
    match files::all()?.iter().any(|file| is_library(&file.path) && has_doc_test(&file.text)) {
        true => cargo(&["test", "--workspace", "--doc"]).run(),
        false => Ok(()),
    }
}

fn is_library(path: &str) -> bool {
    path.starts_with("crates/")
        && path.contains("/src/")
        && Path::new(path).extension().is_some_and(|it| it == "rs")
}

/// Whether a documentation comment opens a code block that rustdoc would run.
fn has_doc_test(text: &str) -> bool {
    let documentation = text
        .lines()
        .map(str::trim_start)
        .filter_map(|line| line.strip_prefix("///").or_else(|| line.strip_prefix("//!")).map(str::trim));
    let mut open = false;
    for fence in documentation.filter_map(|line| line.strip_prefix("```")) {
        open = !open;
        let runs = fence.is_empty()
            || fence.split(',').any(|word| matches!(word, "rust" | "no_run" | "should_panic"));
        if open && runs {
            return true;
        }
    }
    false
}

/// Reads the totals in the head of nextest's JUnit report.
fn parse_count(report: &str) -> Option<Count> {
    let head = &report[report.find("<testsuites")?..];
    let head = &head[..head.find('>')?];
    let number = |name: &str| {
        let from = head.find(&format!(" {name}=\""))? + name.len() + 3;
        head[from..].split('"').next()?.parse::<u64>().ok()
    };
    let failed = number("failures")? + number("errors")?;
    Some(Count { passed: number("tests")?.checked_sub(failed)?, failed })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_read_from_the_report() {
        let report = r#"<?xml version="1.0"?>
            <testsuites name="nextest-run" tests="12" failures="2" errors="1" uuid="x" time="0.1">
                <testsuite name="a" tests="1" failures="9">"#;
        assert_eq!(parse_count(report), Some(Count { passed: 9, failed: 3 }));
        assert_eq!(parse_count("<testsuites>"), None);
        assert_eq!(parse_count(""), None);
    }

    #[test]
    fn a_named_package_is_run_alone() {
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(everywhere(&words("-p xtask tidy")), [""; 0]);
        assert_eq!(everywhere(&words("--package=xtask")), [""; 0]);
        assert_eq!(everywhere(&words("tidy")), ["--workspace"]);
    }

    #[test]
    fn only_a_block_that_rustdoc_runs_is_a_doc_test() {
        for (text, runs) in [
            ("/// ```\n/// let x = 1;\n/// ```\n", true),
            ("//! ```rust,no_run\n//! ```\n", true),
            ("/// ```text\n/// a -> b\n/// ```\n", false),
            ("/// ```ignore\n/// ```\nlet x = \"```\";\n", false),
        ] {
            assert_eq!(has_doc_test(text), runs, "{text}");
        }
    }
}
