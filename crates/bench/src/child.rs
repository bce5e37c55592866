//! A process of its own for what is measured: this program again, under a hidden command.
//!
//! The child says `ready …` on its standard output when it is, and ends when its standard input closes, so that
//! it never outlives the bench.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child as Process, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// A running child. Dropping it ends it.
pub(crate) struct Child {
    process: Process,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    /// What it said when it was ready.
    pub(crate) said: String,
    /// From the order to start until it said so.
    pub(crate) took: Duration,
}

impl Child {
    /// Starts a role and waits until it is ready. Its log goes nowhere, but it is written.
    pub(crate) fn start(arguments: &[&str]) -> Result<Self> {
        let begun = Instant::now();
        let mut process = Command::new(std::env::current_exe()?)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start a process to be measured")?;
        let input = process.stdin.take();
        let output = process.stdout.take().context("the child has no output")?;
        let mut child = Self {
            process,
            input,
            output: BufReader::new(output),
            said: String::new(),
            took: Duration::ZERO,
        };
        child.said = child.line()?;
        child.took = begun.elapsed();
        Ok(child)
    }

    /// The next thing it says.
    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        match line.trim().strip_prefix("ready") {
            Some(said) => Ok(said.trim().to_owned()),
            None => bail!("a measured process ended early; set BENCH_LOG=1 to see its log"),
        }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> Result<SocketAddr> {
        self.said.parse().with_context(|| format!("{:?} is not an address", self.said))
    }

    /// The most memory it has held at a time, in MB of 1,000,000 bytes.
    pub(crate) fn peak_memory(&self) -> Result<f64> {
        self.memory("VmHWM:")
    }

    /// The memory it holds, in MB of 1,000,000 bytes.
    pub(crate) fn held_memory(&self) -> Result<f64> {
        self.memory("VmRSS:")
    }

    /// Source: proc_pid_status(5); the kernel's "kB" are 1,024 bytes.
    fn memory(&self, field: &str) -> Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(field)).context("no such field")?;
        let kibibytes: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
        Ok(kibibytes * 1024.0 / 1e6)
    }

    /// The processor time it has used so far, in seconds, of all its threads.
    pub(crate) fn processor_seconds(&self) -> Result<f64> {
        let mut nanoseconds = 0.0;
        for task in fs::read_dir(format!("/proc/{}/task", self.process.id()))? {
            // A thread may end while we look.
            let Ok(schedstat) = fs::read_to_string(task?.path().join("schedstat")) else { continue };
            nanoseconds += schedstat.split(' ').next().unwrap_or_default().parse::<f64>().unwrap_or(0.0);
        }
        Ok(nanoseconds / 1e9)
    }

    /// Ends it at once and without a word, as a crash does.
    pub(crate) fn kill(mut self) -> Result<()> {
        self.process.kill()?;
        self.process.wait()?;
        Ok(())
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.input = None;
        let _ = self.process.wait();
    }
}
