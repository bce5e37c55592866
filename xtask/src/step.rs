//! The steps of `cargo xtask ci`, each a command of its own.

use crate::command::cargo;
use crate::fuzz::{self, Search};
use crate::terminal::say;
use crate::tool::{self, DENY, MACHETE};
use crate::{deploy, machine, simulation, suite, tidy};

/// One check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Fmt,
    Tidy,
    Unused,
    Deny,
    Deploy,
    Lint,
    Doc,
    Fuzz,
    Simulate,
    Test,
}

impl Step {
    /// In the order in which CI runs them: what fails soonest first, and the tests last, so that the log ends with
    /// their count. `lint` and `doc` share the checked dependencies, and go on after the first crate that fails.
    pub(crate) const ALL: [Self; 10] = [
        Self::Fmt,
        Self::Tidy,
        Self::Unused,
        Self::Deny,
        Self::Deploy,
        Self::Lint,
        Self::Doc,
        Self::Fuzz,
        Self::Simulate,
        Self::Test,
    ];

    /// What a person types after `cargo xtask` to run this step alone.
    pub(crate) fn typed(self) -> &'static str {
        match self {
            Self::Fuzz => "fuzz --ci",
            Self::Simulate => "simulate --ci",
            other => other.name(),
        }
    }

    /// How the table calls it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Fmt => "fmt",
            Self::Tidy => "tidy",
            Self::Unused => "unused",
            Self::Deny => "deny",
            Self::Deploy => "deploy",
            Self::Lint => "lint",
            Self::Doc => "doc",
            Self::Fuzz => "fuzz",
            Self::Simulate => "simulate",
            Self::Test => "test",
        }
    }

    /// Runs the step, installing what it needs.
    ///
    /// # Errors
    /// When the check fails, or what it needs cannot be had. Its output has been shown by then.
    pub(crate) fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Fmt => {
                tool::component("fmt", "rustfmt")?;
                cargo(&["fmt", "--all", "--check"]).run()
            }
            Self::Tidy => tidy::run(),
            Self::Unused => {
                MACHETE.ensure()?;
                cargo(&["machete"]).run()
            }
            Self::Deny => {
                DENY.ensure()?;
                say("Licences, bans and sources only: the advisory database needs the network.");
                // Duplicate versions are warnings; the tree under each of them is long and rarely read.
                cargo(&["deny", "check", "--hide-inclusion-graph", "licenses", "bans", "sources"]).run()
            }
            Self::Deploy => deploy::run(),
            Self::Lint => {
                tool::component("clippy", "clippy")?;
                machine::c_compiler()?;
                cargo(&["clippy", "--workspace", "--all-targets", "--keep-going", "--", "-D", "warnings"])
                    .run()
            }
            Self::Doc => {
                machine::c_compiler()?;
                cargo(&["doc", "--workspace", "--no-deps", "--keep-going"])
                    .env("RUSTDOCFLAGS", "-Dwarnings")
                    .run()
            }
            Self::Fuzz => fuzz::run(&Search::ci()),
            Self::Simulate => simulation::ci(),
            Self::Test => suite::run_counted(),
        }
    }
}
