//! The cargo subcommands that the checks use, each at a pinned version.
//!
//! A tool that is already there is used as it is, whatever its version: replacing what a person installed is not
//! ours to do. The pin is what a bare machine gets.

use anyhow::Context as _;

use crate::command;
use crate::terminal::say;

/// A tool that `cargo install` builds.
pub(crate) struct Tool {
    package: &'static str,
    version: &'static str,
    /// It runs for seconds, so building it fast matters more than a fast build of it: half the time in CI.
    unoptimised: bool,
    /// How long it takes to build on two cores, so that nobody thinks it hangs.
    patience: &'static str,
}

pub(crate) const NEXTEST: Tool =
    Tool { package: "cargo-nextest", version: "0.9.143", unoptimised: false, patience: "about 6 minutes" };
pub(crate) const DENY: Tool =
    Tool { package: "cargo-deny", version: "0.20.2", unoptimised: true, patience: "about 2 minutes" };
pub(crate) const MACHETE: Tool =
    Tool { package: "cargo-machete", version: "0.9.2", unoptimised: true, patience: "about 1 minute" };

impl Tool {
    /// Installs the tool unless it is there.
    ///
    /// # Errors
    /// When it can be neither found nor built; the error says what to type.
    pub(crate) fn ensure(&self) -> anyhow::Result<()> {
        let Self { package, version, unoptimised, patience } = self;
        if command::cargo_finds(package) {
            return Ok(());
        }
        say(format!("{package} is not here yet. Building it once takes {patience} on two cores."));
        let quickly: &[&str] = if *unoptimised { &["--debug"] } else { &[] };
        let install =
            command::cargo(&["install", "--locked", "--version", version]).args(quickly).args(&[package]);
        install.run().with_context(|| {
            format!("{package} is missing; type: cargo install --locked --version {version} {package}")
        })
    }
}

/// Checks that a component of the Rust toolchain is there (a minimal toolchain has neither clippy nor rustfmt).
///
/// # Errors
/// When it is not; the error says what to type.
pub(crate) fn component(subcommand: &str, component: &str) -> anyhow::Result<()> {
    if command::cargo(&[subcommand, "--version"]).succeeds() {
        return Ok(());
    }
    anyhow::bail!("cargo {subcommand} is missing; type: rustup component add {component}")
}
