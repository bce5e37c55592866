//! A folder for the database on a disk that can fail: a small file system of its own where this user may mount one, and
//! everywhere a process whose every write to a file is refused.

use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::service::{Process, Service};

/// Keeps the database where the disk can fail.
pub(super) const STORE: &str = "store = \"sqlite:disk/pagerslack.db\"\n";

/// How large the file system is: room for the database and its log, and filled up at once.
const SIZE: &str = "size=8m";

/// What the disk is.
pub(super) enum Disk {
    /// A file system in memory, which gets full (`ENOSPC`).
    Mounted(Mount),
    /// A folder, and a limit on the size of the files that the process writes (`EFBIG`): it holds for every write, and
    /// SQLite takes it as it takes a file system that fails or has turned read-only, for an error of the disk.
    Limited(PathBuf),
}

impl Disk {
    /// A file system of its own for a service's database, or the limit where mounting is not permitted.
    #[expect(clippy::print_stdout, reason = "whoever reads the outcome is to know what was tried")]
    pub(super) fn of(service: &Service) -> Self {
        let folder = folder(service);
        match Mount::at(&folder) {
            Ok(mount) => Self::Mounted(mount),
            Err(why) => {
                println!("the limit on the size of files takes the place of a full disk: {why}");
                Self::Limited(folder)
            }
        }
    }

    /// The limit.
    pub(super) fn limited(service: &Service) -> Self {
        Self::Limited(folder(service))
    }

    pub(super) fn database(&self) -> PathBuf {
        match self {
            Self::Mounted(mount) => mount.0.join("pagerslack.db"),
            Self::Limited(folder) => folder.join("pagerslack.db"),
        }
    }

    /// Nothing more can be written by a process.
    pub(super) fn fill(&self, life: &Life) {
        match self {
            Self::Mounted(mount) => fill(&mount.0.join("ballast")),
            Self::Limited(_) => limit(life, "--fsize=0:"),
        }
    }

    /// There is room again.
    pub(super) fn free(&self, life: &Life) {
        match self {
            Self::Mounted(mount) => fs::remove_file(mount.0.join("ballast")).unwrap(),
            Self::Limited(_) => limit(life, "--fsize=unlimited:"),
        }
    }

    /// What SQLite says when it cannot write.
    pub(super) fn says(&self) -> &'static str {
        match self {
            Self::Mounted(_) => "database or disk is full",
            Self::Limited(_) => "disk I/O error",
        }
    }
}

fn folder(service: &Service) -> PathBuf {
    let folder = service.folder.path().join("disk");
    fs::create_dir(&folder).unwrap();
    folder
}

/// Fills a disk up to the last byte.
pub(super) fn fill(ballast: &Path) {
    let mut file = File::create(ballast).unwrap();
    let mut piece = &[0_u8; 65_536][..];
    while !piece.is_empty() {
        match file.write(piece) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::StorageFull => piece = &piece[..piece.len() / 2],
            Err(error) => panic!("the disk does not get full: {error}"),
        }
    }
}

/// Sets the soft limit of a running process, which its owner may raise again.
fn limit(life: &Life, fsize: &str) {
    let mut prlimit = Command::new("prlimit");
    let status = prlimit.args(["--pid", &life.process.id().to_string(), fsize]).status().unwrap();
    assert!(status.success());
}

/// A file system in memory, unmounted at the end.
pub(super) struct Mount(PathBuf);

impl Mount {
    /// Mounts it, or says why that cannot be.
    pub(super) fn at(folder: &Path) -> Result<Self, String> {
        let mut mount = Command::new("mount");
        let options = format!("{SIZE},mode=0700");
        let output = mount
            .args(["-t", "tmpfs", "-o", &options, "tmpfs"])
            .arg(folder)
            .output()
            .map_err(|it| it.to_string())?;
        if output.status.success() {
            Ok(Self(folder.to_owned()))
        } else {
            Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
        }
    }

    /// Makes it read-only, or writable again. The system refuses the former while a file is open for writing.
    pub(super) fn remount(&self, mode: &str) {
        let status =
            Command::new("mount").args(["-o", &format!("remount,{mode}")]).arg(&self.0).status().unwrap();
        assert!(status.success());
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        // Lazily: a test that has failed may have left its process there.
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

/// The service, running; its log is written by a process of its own, which no limit concerns.
pub(super) struct Life {
    pub(super) process: Process,
    log: Child,
}

impl Life {
    /// Starts the service. A write beyond the limit is to fail, and not to end the process.
    pub(super) fn begin(service: &Service) -> Self {
        let mut log = Command::new("cat").stdin(Stdio::piped()).stdout(service.open_log()).spawn().unwrap();
        let mut command = patient(service, "");
        command.arg("serve").stdout(log.stdin.take().unwrap());
        Self { process: Process::of(command.spawn().unwrap()), log }
    }

    /// Ends it without a word.
    pub(super) fn killed(self) {
        self.ended();
    }

    /// Waits until all that it has said is in the log, after its end.
    pub(super) fn ended(mut self) {
        drop(self.process);
        self.log.wait().unwrap();
    }
}

/// The binary, started by a shell that has something done before.
pub(super) fn patient(service: &Service, before: &str) -> Command {
    let mut command = Command::new("/bin/sh");
    service.surround(&mut command);
    let script = format!("trap '' XFSZ; {before} exec \"$0\" \"$@\"");
    command.args(["-c", &script, env!("CARGO_BIN_EXE_pagerslack")]);
    command
}
