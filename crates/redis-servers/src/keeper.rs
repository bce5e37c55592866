//! Processes that do not outlive us, and folders that do not either.
//!
//! A value that is dropped ends its process. But nothing is dropped when we are killed, so there is a keeper: one small
//! shell for all our processes. It reads from a pipe which of them were born and which are dead. When the pipe ends, for
//! whatever reason, it kills those that are left and deletes our folder.
//!
//! A process is told to the keeper before it becomes the server, so there is no moment in which it could be forgotten:
//!
//! ```text
//!  we ── spawn ──▶ shell, waits for a line     (the pipe ends: it ends too)
//!  we ── "born" ──▶ keeper
//!  we ── a line ──▶ shell ── exec ──▶ server   (same process id)
//! ```

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use rustix::process::{Pid, Signal, kill_process};

use crate::wait::eventually;

/// Signals to the whole group, such as Ctrl-C, do not end the keeper: what they end is us, and then it has work to do.
const KEEP: &str = r#"
trap '' INT TERM HUP
processes=
while read -r what process; do
    case $what in
    born) processes="$processes $process" ;;
    dead)
        left=
        for it in $processes; do
            [ "$it" = "$process" ] || left="$left $it"
        done
        processes=$left
        ;;
    esac
done
[ -z "$processes" ] || kill -9 $processes
rm -rf "$1"
"#;

const WAIT_FOR_A_LINE: &str = r#"read -r line && exec "$@" </dev/null"#;

/// The longest path of our folder. Below it there are sockets, whose paths may have some hundred bytes (sun_path).
const LONGEST_PATH: usize = 70;

struct Keeper {
    folder: PathBuf,
    folders: AtomicU32,
    pipe: Mutex<ChildStdin>,
    _shell: Child,
}

impl Keeper {
    /// The one of this process.
    fn get() -> Result<&'static Self> {
        static KEEPER: OnceLock<Result<Keeper>> = OnceLock::new();
        KEEPER.get_or_init(Self::start).as_ref().map_err(|error| anyhow!("{error:#}"))
    }

    fn start() -> Result<Self> {
        let temporary = std::env::temp_dir();
        let short = temporary.as_os_str().len() <= LONGEST_PATH - 20;
        let folder = tempfile::Builder::new()
            .prefix("redis-")
            .tempdir_in(if short { temporary } else { PathBuf::from("/tmp") })
            .context("there is no temporary folder for Redis")?
            .keep();
        let mut shell = Command::new("sh")
            .args(["-c", KEEP, "redis-keeper"])
            .arg(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start a shell")?;
        let pipe = Mutex::new(shell.stdin.take().context("the shell has no standard input")?);
        Ok(Self { folder, folders: AtomicU32::new(0), pipe, _shell: shell })
    }

    fn tell(&self, what: &str, process: u32) -> Result<()> {
        let mut pipe = self.pipe.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(pipe, "{what} {process}").context("the shell that keeps our processes is gone")
    }
}

/// A folder of its own with a short path; deleted when dropped, or when we end.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn make() -> Result<Self> {
        let keeper = Keeper::get()?;
        let number = keeper.folders.fetch_add(1, Ordering::Relaxed);
        let path = keeper.folder.join(number.to_string());
        fs::create_dir(&path).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(Self(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left is deleted by the keeper.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A process that dies with us. Dropping it kills it.
pub(crate) struct Process {
    child: Child,
    gone: bool,
}

impl Process {
    /// Starts a program in a folder; all that it says goes to the log.
    pub(crate) fn start(program: &Path, arguments: &[&str], folder: &Path, log: File) -> Result<Self> {
        let keeper = Keeper::get()?;
        let child = Command::new("sh")
            .args(["-c", WAIT_FOR_A_LINE, "sh"])
            .arg(program)
            .args(arguments)
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("cannot start a shell")?;
        // From here on an error kills it.
        let mut process = Self { child, gone: false };
        keeper.tell("born", process.child.id())?;
        let mut pipe = process.child.stdin.take().context("the shell has no standard input")?;
        writeln!(pipe, "go").context("the shell that was to become the server is gone")?;
        Ok(process)
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Result<Option<ExitStatus>> {
        let status = self.child.try_wait()?;
        if status.is_some() {
            self.bury()?;
        }
        Ok(status)
    }

    /// Ends it without a word (SIGKILL), and waits until it is gone.
    pub(crate) fn kill(&mut self) -> Result<()> {
        self.child.kill().context("cannot kill the process")?;
        self.child.wait().context("cannot wait for the end of the process")?;
        self.bury()
    }

    /// Asks it to end (SIGTERM), and waits until it has.
    pub(crate) async fn stop(&mut self, limit: Duration) -> Result<()> {
        self.signal(Signal::TERM)?;
        let look = || {
            let ended = self.ended();
            async { ended?.context("it is still running") }
        };
        let status = eventually("the process ends as it was asked to", limit, look).await?;
        match status.success() {
            true => Ok(()),
            false => bail!("it was asked to end, and failed ({status})"),
        }
    }

    pub(crate) fn signal(&self, signal: Signal) -> Result<()> {
        kill_process(Pid::from_child(&self.child), signal).context("cannot send a signal to the process")
    }

    /// Its id may be another process' from now on.
    fn bury(&mut self) -> Result<()> {
        if !self.gone {
            self.gone = true;
            Keeper::get()?.tell("dead", self.child.id())?;
        }
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !self.gone {
            let _ = self.kill();
        }
    }
}
