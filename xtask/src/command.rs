//! Other programs: shown before they run, their output never held back, and an error when they fail.

use std::ffi::OsString;
use std::fs::File;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};

use crate::terminal::say;

/// A program to run, and the words that show it.
pub(crate) struct Call {
    command: Command,
    shown: Vec<String>,
}

/// The cargo that runs us, with these arguments.
pub(crate) fn cargo(arguments: &[&str]) -> Call {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(program);
    // What cargo told us of our own package is not for its children: cargo-machete, for one, takes it to mean that it
    // is being developed, and reads its own name as a folder.
    for (name, _) in std::env::vars_os() {
        if name
            .to_str()
            .is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_"))
        {
            command.env_remove(name);
        }
    }
    Call { command, shown: vec!["cargo".to_owned()] }.args(arguments)
}

/// Any other program.
pub(crate) fn program(name: &str) -> Call {
    Call { command: Command::new(name), shown: vec![name.to_owned()] }
}

impl Call {
    pub(crate) fn args(mut self, arguments: &[impl AsRef<str>]) -> Self {
        for argument in arguments.iter().map(AsRef::as_ref) {
            self.command.arg(argument);
            self.shown.push(argument.to_owned());
        }
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self.shown.insert(0, format!("{name}={value}"));
        self
    }

    /// Runs it in the open: its output goes where ours goes.
    ///
    /// # Errors
    /// When it cannot be started, or ends with anything but success.
    pub(crate) fn run(mut self) -> anyhow::Result<()> {
        let shown = self.shown.join(" ");
        say(format!("$ {shown}"));
        let status =
            self.command.stdin(Stdio::null()).status().with_context(|| format!("cannot start `{shown}`"))?;
        if !status.success() {
            bail!("`{shown}` failed ({status})");
        }
        Ok(())
    }

    /// Runs it with all that it writes going to a file, and tells whether it succeeded.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(crate) fn logged(mut self, file: File) -> anyhow::Result<bool> {
        let shown = self.shown.join(" ");
        let output = file.try_clone().with_context(|| format!("cannot start `{shown}`"))?;
        self.command.stdin(Stdio::null()).stdout(output).stderr(file);
        let status = self.command.status().with_context(|| format!("cannot start `{shown}`"))?;
        Ok(status.success())
    }

    /// Runs it unseen and gives what it wrote to standard output.
    ///
    /// # Errors
    /// When it cannot be started, fails (its error output is then in the error), or writes what is not text.
    pub(crate) fn read(mut self) -> anyhow::Result<String> {
        let shown = self.shown.join(" ");
        let done =
            self.command.stdin(Stdio::null()).output().with_context(|| format!("cannot start `{shown}`"))?;
        if !done.status.success() {
            bail!("`{shown}` failed: {}", String::from_utf8_lossy(&done.stderr).trim());
        }
        String::from_utf8(done.stdout).with_context(|| format!("`{shown}` wrote what is not text"))
    }

    /// Whether it starts and succeeds, unseen. For questions only, such as whether a tool is there.
    pub(crate) fn succeeds(self) -> bool {
        self.read().is_ok()
    }
}

/// Where `PATH` finds a program.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// Whether cargo finds this subcommand: on `PATH`, or where it installs programs.
pub(crate) fn cargo_finds(program: &str) -> bool {
    let home = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
    on_path(program).is_some() || home.is_some_and(|home| home.join("bin").join(program).is_file())
}
