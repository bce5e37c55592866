//! The packages of other registries that the tests in `crates/server/tests/it/emulate.rs` run the bot against: a Slack
//! that we did not write (npm) and Slack's own SDK (PyPI); and axe-core (npm), by which `dashboard/eyes.rs` examines our
//! pages; at the versions and with the hashes that stand in `e2e/`.
//!
//! They are installed into `target/e2e` and into nothing else, without scripts of theirs, and once: until what is
//! pinned changes.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::Context as _;

use crate::command::program;
use crate::machine;
use crate::terminal::say;

/// Where they are installed; the tests look here too.
const FOLDER: &str = "target/e2e";

/// What pins them.
const PINS: [&str; 3] = ["package.json", "package-lock.json", "requirements.txt"];

/// What was installed: a copy of the pins, written last.
const INSTALLED: &str = "target/e2e/installed";

/// Installs what the tests need, unless it is there.
///
/// # Errors
/// When Node.js or Python is missing, or a package cannot be had; the error says what to type.
pub(crate) fn prepare() -> anyhow::Result<()> {
    let pins = PINS.map(|name| fs::read_to_string(format!("e2e/{name}")));
    let wanted = pins.into_iter().collect::<Result<String, _>>().context("cannot read the pins in e2e")?;
    machine::node_and_python()?;
    if fs::read_to_string(INSTALLED).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    say(
        "For the tests against another Slack and of our pages, emulate, slack_sdk and axe-core are installed into target/e2e.",
    );
    clear(Path::new(FOLDER))?;
    for name in PINS {
        fs::copy(format!("e2e/{name}"), format!("{FOLDER}/{name}"))
            .with_context(|| format!("cannot copy e2e/{name}"))?;
    }
    let again = "the package could not be had; with a network, type `cargo xtask test` again";
    program("npm")
        .args(&["ci", "--prefix", FOLDER, "--ignore-scripts", "--no-audit", "--no-fund"])
        .run()
        .context(again)?;
    let python = format!("{FOLDER}/python");
    program("python3").args(&["-m", "venv", &python]).run()?;
    let pip =
        ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "--no-deps"];
    program(&format!("{python}/bin/python"))
        .args(&pip)
        .args(&["--only-binary", ":all:", "--requirement", "e2e/requirements.txt"])
        .run()
        .context(again)?;
    fs::write(INSTALLED, wanted).with_context(|| format!("cannot write {INSTALLED}"))
}

/// An empty folder, whatever an interrupted installation left there.
fn clear(folder: &Path) -> anyhow::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot clear {}", folder.display()))
        }
        _ => fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The one version that the lock, the pins and the documents speak of.
    #[test]
    fn everything_is_pinned_to_a_version_and_a_hash() {
        let read = |name: &str| fs::read_to_string(format!("../e2e/{name}")).unwrap();
        let lock: serde_json::Value = serde_json::from_str(&read("package-lock.json")).unwrap();
        for (path, package) in
            lock["packages"].as_object().unwrap().iter().filter(|(path, _)| !path.is_empty())
        {
            assert!(package["integrity"].is_string() && package["version"].is_string(), "{path}");
            assert!(package.get("resolved").is_none(), "{path} names where it came from");
        }
        assert_eq!(lock["packages"]["node_modules/emulate"]["version"], "0.8.0");
        for line in read("requirements.txt").lines().filter(|line| !line.starts_with('#')) {
            assert!(line.contains("==") && line.contains("--hash=sha256:"), "{line}");
        }
    }
}
