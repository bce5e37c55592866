//! What tests and fuzz targets need from the machine that cargo cannot build: compilers, a browser and its driver,
//! Redis, Node.js and Python.
//!
//! Nothing is installed twice, nothing without a right to install, and a person is told in one line what to type.

use std::path::Path;

use anyhow::{Context as _, bail};

use crate::command::{self, on_path};
use crate::terminal::say;

/// Something the tests need, and its name in each package collection.
struct Need {
    name: &'static str,
    /// Any of these programs will do.
    programs: &'static [&'static str],
    /// Or any of these files.
    files: &'static [&'static str],
    debian: &'static str,
    fedora: &'static str,
    mac: &'static str,
}

const BROWSER: &[Need] = &[
    Need {
        name: "Chromium",
        programs: &["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"],
        files: &["/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"],
        debian: "chromium",
        fedora: "chromium",
        mac: "google-chrome",
    },
    Need {
        name: "ChromeDriver",
        programs: &["chromedriver"],
        files: &[],
        debian: "chromium-driver",
        fedora: "chromedriver",
        mac: "chromedriver",
    },
    // Without it the 👀 that an engineer clicks is an empty box. A Mac has an emoji font of its own.
    Need {
        name: "an emoji font",
        programs: &[],
        files: &[
            "/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf",
            "/usr/share/fonts/google-noto-color-emoji-fonts/Noto-COLRv1.ttf",
            "/usr/share/fonts/google-noto-emoji/NotoColorEmoji.ttf",
            "/usr/share/fonts/noto/NotoColorEmoji.ttf",
            "/System/Library/Fonts/Apple Color Emoji.ttc",
        ],
        debian: "fonts-noto-color-emoji",
        fedora: "google-noto-color-emoji-fonts",
        mac: "",
    },
];

/// Real servers, which `redis-servers` starts on ports of their own. The package has `redis-cli` too, and with
/// `--sentinel` the server is a Sentinel.
const REDIS: Need = Need {
    name: "Redis",
    programs: &["redis-server"],
    files: &[],
    debian: "redis-server",
    fedora: "redis",
    mac: "redis",
};

/// docs/LOGGING.md counts with it, and a test runs those lines.
const JQ: Need = Need { name: "jq", programs: &["jq"], files: &[], debian: "jq", fedora: "jq", mac: "jq" };

/// The service that Debian's package starts, on Redis' usual port and with every start of the machine. We asked for the
/// program alone.
const UNASKED_SERVICE: [&[&str]; 2] =
    [&["service", "redis-server", "stop"], &["update-rc.d", "redis-server", "disable"]];

/// For a Slack that we did not write, and for Slack's own SDK; `e2e.rs` installs both.
const OTHER_SLACK: &[Need] = &[
    Need {
        name: "Node.js",
        programs: &["node"],
        files: &[],
        debian: "nodejs",
        fedora: "nodejs",
        mac: "node",
    },
    Need { name: "npm", programs: &["npm"], files: &[], debian: "npm", fedora: "npm", mac: "" },
    PYTHON,
];

const PYTHON: Need = Need {
    name: "Python 3",
    programs: &["python3"],
    files: &[],
    debian: "python3",
    fedora: "python3",
    mac: "python",
};

/// Debian has it in a package of its own; there is no program to look for.
const VENV: Need = Need {
    name: "Python's venv",
    programs: &[],
    files: &[],
    debian: "python3-venv",
    fedora: "python3",
    mac: "python",
};

/// It reads units without being what the machine runs on.
const SYSTEMD: Need = Need {
    name: "systemd-analyze",
    programs: &["systemd-analyze"],
    files: &[],
    debian: "systemd",
    fedora: "systemd",
    mac: "",
};

const CXX: Need = Need {
    name: "a C++ compiler",
    programs: &["c++", "g++", "clang++"],
    files: &[],
    debian: "g++",
    fedora: "gcc-c++",
    mac: "",
};

/// How this machine installs packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Packages {
    /// apt-get, as root or by sudo without a password.
    Apt {
        root: bool,
    },
    /// apt-get, but we may not.
    AptLocked,
    Fedora,
    Mac,
    Unknown,
}

/// What to do about what is missing.
#[derive(Debug, PartialEq, Eq)]
enum Plan {
    Nothing,
    Install {
        packages: Vec<&'static str>,
        sudo: bool,
    },
    /// The one line for the person.
    Ask(String),
}

/// Sees to a C compiler, a browser and its driver.
///
/// # Errors
/// When something is missing that may not be installed from here; the error is one line that says what to type.
pub(crate) fn prepare() -> anyhow::Result<()> {
    c_compiler()?;
    let missing: Vec<&Need> = BROWSER.iter().filter(|need| !is_here(need)).collect();
    install("the browser tests", &missing)
}

/// Sees to Redis. Where it is there already, its service is left as it is.
///
/// # Errors
/// When it is missing and may not be installed from here; the error is one line that says what to type.
pub(crate) fn redis() -> anyhow::Result<()> {
    if is_here(&REDIS) {
        return Ok(());
    }
    install("the tests against Redis", &[&REDIS])?;
    if let Packages::Apt { root } = packages() {
        for command in UNASKED_SERVICE {
            // The tests do not need it; but a server that nobody asked for is worth a line.
            if let Err(error) = privileged(command, !root).run() {
                say(format!("The service that Debian's redis-server brings may be running: {error:#}"));
            }
        }
    }
    Ok(())
}

/// Sees to jq.
///
/// # Errors
/// When it is missing and may not be installed from here; the error is one line that says what to type.
pub(crate) fn jq() -> anyhow::Result<()> {
    if is_here(&JQ) {
        return Ok(());
    }
    install("the tests of the log", &[&JQ])
}

/// Sees to a C++ compiler, which libFuzzer is built with.
///
/// # Errors
/// When there is none and none may be installed from here; the error is one line that says what to type.
pub(crate) fn cxx_compiler() -> anyhow::Result<()> {
    if std::env::var_os("CXX").is_some() || is_here(&CXX) {
        return Ok(());
    }
    install("the fuzz targets", &[&CXX])
}

/// Sees to Node.js and its npm, and to Python with venv.
///
/// # Errors
/// When something is missing that may not be installed from here; the error is one line that says what to type.
pub(crate) fn node_and_python() -> anyhow::Result<()> {
    let mut missing: Vec<&Need> = OTHER_SLACK.iter().filter(|need| !is_here(need)).collect();
    if !command::program("python3").args(&["-c", "import ensurepip, venv"]).succeeds() {
        missing.push(&VENV);
    }
    install("the tests against another Slack", &missing)
}

/// Sees to systemd-analyze.
///
/// # Errors
/// When it is missing and may not be installed from here; the error is one line that says what to type.
pub(crate) fn systemd() -> anyhow::Result<()> {
    install("the checks of deploy/", &[&SYSTEMD])
}

/// Sees to Python with venv.
///
/// # Errors
/// When it is missing and may not be installed from here; the error is one line that says what to type.
pub(crate) fn python() -> anyhow::Result<()> {
    install("the checks of deploy/", &[&PYTHON, &VENV])
}

fn install(what: &str, missing: &[&Need]) -> anyhow::Result<()> {
    match plan(what, missing, packages()) {
        Plan::Nothing => Ok(()),
        Plan::Ask(line) => bail!(line),
        Plan::Install { packages, sudo } => {
            say(format!("For {what} there is missing: {}. Installing.", names(missing)));
            apt_install(&packages, sudo)
        }
    }
}

/// Checks that there is a C compiler: aws-lc-sys (TLS) and libsqlite3-sys (SQLite) are built from C.
///
/// # Errors
/// When there is none; the error says what to type.
pub(crate) fn c_compiler() -> anyhow::Result<()> {
    if std::env::var_os("CC").is_some() || on_path("cc").is_some() {
        return Ok(());
    }
    bail!(
        "no C compiler (`cc`), which SQLite and TLS are built with; type: {}",
        match packages() {
            Packages::Fedora => "sudo dnf install gcc",
            Packages::Mac => "xcode-select --install",
            Packages::Apt { .. } | Packages::AptLocked => "sudo apt-get install gcc libc6-dev",
            Packages::Unknown => "the command that installs gcc or clang here",
        }
    )
}

fn plan(what: &str, missing: &[&Need], packages: Packages) -> Plan {
    if missing.is_empty() {
        return Plan::Nothing;
    }
    let listed = |name: fn(&Need) -> &'static str| {
        let mut names: Vec<_> =
            missing.iter().map(|need| name(need)).filter(|name| !name.is_empty()).collect();
        names.dedup();
        names
    };
    let command = match packages {
        Packages::Apt { root } => return Plan::Install { packages: listed(|need| need.debian), sudo: !root },
        Packages::AptLocked => {
            let packages = listed(|need| need.debian).join(" ");
            format!("sudo apt-get update && sudo apt-get install --yes {packages}")
        }
        Packages::Fedora => format!("sudo dnf install {}", listed(|need| need.fedora).join(" ")),
        // Compilers are no package there.
        Packages::Mac if missing.iter().all(|need| need.mac.is_empty()) => {
            "xcode-select --install".to_owned()
        }
        Packages::Mac => format!("brew install {}", listed(|need| need.mac).join(" ")),
        Packages::Unknown => "the commands that install these on your system".to_owned(),
    };
    Plan::Ask(format!("{what} need {}; type: {command}", names(missing)))
}

fn names(missing: &[&Need]) -> String {
    missing.iter().map(|need| need.name).collect::<Vec<_>>().join(", ")
}

fn is_here(need: &Need) -> bool {
    need.programs.iter().any(|program| on_path(program).is_some())
        || need.files.iter().any(|file| Path::new(file).exists())
}

fn packages() -> Packages {
    if cfg!(target_os = "macos") {
        Packages::Mac
    } else if on_path("apt-get").is_some() {
        let root = command::program("id").args(&["-u"]).read().is_ok_and(|id| id.trim() == "0");
        match root || command::program("sudo").args(&["-n", "true"]).succeeds() {
            true => Packages::Apt { root },
            false => Packages::AptLocked,
        }
    } else if on_path("dnf").is_some() {
        Packages::Fedora
    } else {
        Packages::Unknown
    }
}

fn apt_install(packages: &[&str], sudo: bool) -> anyhow::Result<()> {
    // `-qq` because the list of a browser's hundred libraries tells nobody anything.
    let apt = |arguments: &[&str]| {
        let start = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"];
        privileged(&start, sudo).args(arguments).run()
    };
    apt(&["update"])
        .and_then(|()| {
            apt(&["install", "--yes", "--no-install-recommends"]
                .iter()
                .chain(packages)
                .copied()
                .collect::<Vec<_>>())
        })
        .with_context(|| format!("apt-get could not install {}", packages.join(" ")))
}

/// What only root may do.
fn privileged(command: &[&str], sudo: bool) -> command::Call {
    match sudo {
        true => command::program("sudo").args(&["-n"]).args(command),
        false => command::program(command[0]).args(&command[1..]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<&'static Need> {
        BROWSER.iter().collect()
    }

    fn asked(packages: Packages) -> String {
        match plan("the browser tests", &all(), packages) {
            Plan::Ask(line) => line,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_there_is_left_alone() {
        assert_eq!(plan("", &[], Packages::Apt { root: true }), Plan::Nothing);
        assert_eq!(plan("", &[], Packages::Unknown), Plan::Nothing);
    }

    #[test]
    fn only_what_is_missing_is_installed() {
        assert_eq!(
            plan("", &all()[1..2], Packages::Apt { root: false }),
            Plan::Install { packages: vec!["chromium-driver"], sudo: true }
        );
        assert_eq!(
            plan("", &all(), Packages::Apt { root: true }),
            Plan::Install {
                packages: vec!["chromium", "chromium-driver", "fonts-noto-color-emoji"],
                sudo: false
            }
        );
    }

    #[test]
    fn where_nothing_may_be_installed_one_line_says_what_to_type() {
        let need = "the browser tests need Chromium, ChromeDriver, an emoji font; type: ";
        for (packages, typed) in [
            (
                Packages::AptLocked,
                "sudo apt-get update && sudo apt-get install --yes chromium chromium-driver fonts-noto-color-emoji",
            ),
            (Packages::Fedora, "sudo dnf install chromium chromedriver google-noto-color-emoji-fonts"),
            (Packages::Mac, "brew install google-chrome chromedriver"),
            (Packages::Unknown, "the commands that install these on your system"),
        ] {
            assert_eq!(asked(packages), format!("{need}{typed}"));
        }
        let python = plan("the tests", &[&PYTHON, &VENV], Packages::Fedora);
        let line = "the tests need Python 3, Python's venv; type: sudo dnf install python3";
        assert_eq!(python, Plan::Ask(line.to_owned()));
        let redis = plan("the tests against Redis", &[&REDIS], Packages::AptLocked);
        let line = "the tests against Redis need Redis; type: \
                    sudo apt-get update && sudo apt-get install --yes redis-server";
        assert_eq!(redis, Plan::Ask(line.to_owned()));
        let jq = plan("the tests of the log", &[&JQ], Packages::AptLocked);
        let line = "the tests of the log need jq; type: sudo apt-get update && sudo apt-get install --yes jq";
        assert_eq!(jq, Plan::Ask(line.to_owned()));
        let compiler = |packages| plan("the fuzz targets", &[&CXX], packages);
        for (packages, typed) in
            [(Packages::Fedora, "sudo dnf install gcc-c++"), (Packages::Mac, "xcode-select --install")]
        {
            let line = format!("the fuzz targets need a C++ compiler; type: {typed}");
            assert_eq!(compiler(packages), Plan::Ask(line));
        }
    }
}
