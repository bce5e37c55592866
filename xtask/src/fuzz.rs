//! `cargo xtask fuzz`: builds the targets of `fuzz` with coverage counters, runs them, and says how far they came.
//!
//! It does what cargo-fuzz would do on a stable toolchain without a sanitizer, which is to pass these flags, and so
//! need not be built first. A run ends at the first broken promise, with the line that repeats it.

mod told;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::command::{Call, cargo, program};
use crate::machine;
use crate::terminal::{say, spoken};
use told::Told;

/// What cargo-fuzz passes for libFuzzer's counters; the pass is LLVM's own and needs no sanitizer's runtime. Warnings
/// are errors because nothing else builds our crates with so few of their features.
const FLAGS: &str = "-Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares \
    -Dwarnings";

/// How long each target runs in CI: the seeds, and some ten thousand variations of them.
const CI_SECONDS: u64 = 6;

/// What to run.
#[derive(Debug, Clone)]
pub(crate) struct Search {
    /// All, if empty.
    pub(crate) targets: Vec<String>,
    /// Each target.
    pub(crate) seconds: u64,
    /// Whether the same code is tried with the same inputs every time: a run in CI must not fail for a change that
    /// has nothing to do with it. Nothing found before is taken up, and nothing is kept.
    pub(crate) repeatable: bool,
}

impl Search {
    /// A short run over everything.
    pub(crate) fn ci() -> Self {
        Self { targets: Vec::new(), seconds: CI_SECONDS, repeatable: true }
    }
}

/// Builds the targets and runs them, one on each core.
///
/// # Errors
/// When they cannot be built, or a promise is broken.
pub(crate) fn run(search: &Search) -> anyhow::Result<()> {
    let targets = chosen(&known()?, &search.targets)?;
    let built = build(&targets)?;
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let time = Duration::from_secs(search.seconds);
    let rounds = u32::try_from(targets.len().div_ceil(cores)).unwrap_or(u32::MAX);
    say(format!("{} targets, {} each: {} in all.", targets.len(), spoken(time), spoken(time * rounds)));
    let (next, failed) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let worker = || {
        while let Some(target) = targets.get(next.fetch_add(1, Ordering::Relaxed)) {
            let outcome = fuzz(target, &built, search);
            match outcome.unwrap_or_else(|error| Told::failure(format!("{error:#}"))) {
                Told::Well(line) => say(format!("{target:<16}{line}")),
                Told::Broken(lines) => {
                    say(format!("{target:<16}BROKEN\n{lines}"));
                    failed.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(target.clone());
                }
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..cores.min(targets.len()) {
            scope.spawn(worker);
        }
    });
    let failed = failed.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    if failed.is_empty() { Ok(()) } else { bail!("a promise is broken in {}", failed.join(", ")) }
}

/// Runs one input through one target.
///
/// # Errors
/// When the promise is broken, or the target cannot be built.
pub(crate) fn repeat(target: &str, input: &Path) -> anyhow::Result<()> {
    let targets = chosen(&known()?, &[target.to_owned()])?;
    let built = build(&targets)?;
    program(&built.join(target).to_string_lossy()).args(&[input.to_string_lossy()]).run()
}

/// The names of all targets, in order.
fn known() -> anyhow::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir("fuzz/fuzz_targets").context("cannot list the fuzz targets")? {
        let path = entry?.path();
        names.extend(path.file_stem().map(|name| name.to_string_lossy().into_owned()));
    }
    names.sort();
    Ok(names)
}

fn chosen(known: &[String], wanted: &[String]) -> anyhow::Result<Vec<String>> {
    if let Some(stranger) = wanted.iter().find(|target| !known.contains(target)) {
        bail!("there is no target {stranger:?}; there are {}", known.join(", "));
    }
    Ok(if wanted.is_empty() { known.to_vec() } else { wanted.to_vec() })
}

/// Builds the targets; the answer is the folder in which they are.
fn build(targets: &[String]) -> anyhow::Result<PathBuf> {
    machine::cxx_compiler()?;
    let version = program("rustc").args(&["-vV"]).read()?;
    let host =
        version.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc -vV names no host")?;
    // Naming the target keeps the flags away from build scripts and macros, which run here and are not of interest.
    let mut call = cargo(&["build", "--package", "pagerslack-fuzz", "--features", "libfuzzer"])
        .args(&["--profile", "fuzz", "--target", host])
        .env("RUSTFLAGS", FLAGS);
    for target in targets {
        call = call.args(&["--bin", target]);
    }
    call.run()?;
    let metadata: Value = serde_json::from_str(
        &cargo(&["metadata", "--format-version", "1", "--no-deps", "--offline"]).read()?,
    )
    .context("cargo metadata")?;
    let folder = metadata["target_directory"].as_str().context("cargo metadata names no target_directory")?;
    Ok(Path::new(folder).join(host).join("fuzz"))
}

fn fuzz(target: &str, built: &Path, search: &Search) -> anyhow::Result<Told> {
    let artifacts = format!("fuzz/artifacts/{target}");
    let corpus = match search.repeatable {
        true => built.join("corpus").join(target),
        false => Path::new("fuzz/corpus").join(target),
    };
    if search.repeatable && corpus.exists() {
        fs::remove_dir_all(&corpus).with_context(|| format!("cannot empty {}", corpus.display()))?;
    }
    for folder in [Path::new(&artifacts), &corpus] {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    let log = PathBuf::from(format!("{artifacts}/log"));
    let file = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
    let well = search_call(target, built, &corpus, &artifacts, search).logged(file)?;
    let text = fs::read(&log).with_context(|| format!("cannot read {}", log.display()))?;
    Ok(told::of(target, well, &String::from_utf8_lossy(&text)))
}

/// libFuzzer's options: <https://llvm.org/docs/LibFuzzer.html#options>.
fn search_call(target: &str, built: &Path, corpus: &Path, artifacts: &str, search: &Search) -> Call {
    let seed = if search.repeatable { "-seed=1" } else { "-seed=0" };
    program(&built.join(target).to_string_lossy())
        .args(&[corpus.to_string_lossy().into_owned(), format!("fuzz/corpus-seeds/{target}")])
        .args(&[format!("-dict=fuzz/dictionaries/{target}.dict"), format!("-artifact_prefix={artifacts}/")])
        .args(&[format!("-max_total_time={}", search.seconds), seed.to_owned()])
        // Nothing hangs: an input of 16 kB takes milliseconds. The limit is by the clock on the wall, and on a machine
        // that has much else to do two seconds were not enough.
        .args(&["-timeout=10", "-max_len=16384"])
        // The allocator of `fuzz` holds every input to its measure; this is for all of them together.
        .args(&["-rss_limit_mb=1024", "-print_final_stats=1"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_targets_that_exist_are_run() {
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        let known = names(&["command", "inbound"]);
        assert_eq!(chosen(&known, &[]).unwrap(), known);
        assert_eq!(chosen(&known, &names(&["inbound"])).unwrap(), ["inbound"]);
        assert_eq!(
            chosen(&known, &names(&["outbound"])).unwrap_err().to_string(),
            "there is no target \"outbound\"; there are command, inbound"
        );
    }
}
