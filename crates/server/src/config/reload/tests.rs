//! Looking again: what is taken, what is refused, and how often it is told.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;

use super::*;

const ROSTER: &str = "email\nana@example.com\n";

/// A folder with a valid configuration, and what was read from it.
struct Stage {
    folder: tempfile::TempDir,
    sources: Arc<Sources>,
}

impl Stage {
    fn new(toml: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("pagerslack.toml"), toml).unwrap();
        fs::write(folder.path().join("oncall.csv"), ROSTER).unwrap();
        Self::of(folder)
    }

    fn of(folder: tempfile::TempDir) -> Self {
        let config =
            Config::load(Some(&folder.path().join("pagerslack.toml")), &Environment::default()).unwrap();
        Self { sources: config.sources.unwrap(), folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    /// Looks until the files hold still.
    fn look(&self) -> Outcome {
        match self.sources.look_again() {
            Outcome::Unsettled => self.sources.look_again(),
            outcome => outcome,
        }
    }

    #[track_caller]
    fn changed(&self) -> Change {
        match self.look() {
            Outcome::Changed(change) => *change,
            other => panic!("no change, but {other:?}"),
        }
    }

    #[track_caller]
    fn broken(&self) -> Refusal {
        match self.look() {
            Outcome::Broken(refusal) => refusal,
            other => panic!("not refused, but {other:?}"),
        }
    }

    #[track_caller]
    fn unchanged(&self) {
        let outcome = self.look();
        assert!(matches!(outcome, Outcome::Unchanged), "{outcome:?}");
    }
}

fn people(change: &Change) -> usize {
    change.settings.defaults.rules.roster.as_ref().map_or(0, |roster| roster.entries().len())
}

#[test]
fn what_is_written_anew_with_the_same_text_is_nothing() {
    let stage = Stage::new("");
    stage.unchanged();
    stage.write("oncall.csv", ROSTER);
    stage.unchanged();
    stage.write("unrelated.txt", "x");
    stage.unchanged();
}

#[test]
fn a_change_is_taken_once_it_holds_still() {
    let stage = Stage::new("");
    stage.write("oncall.csv", "email\n");
    assert!(matches!(stage.sources.look_again(), Outcome::Unsettled));
    stage.write("oncall.csv", "email\nana@example.com\nbo@exam");
    assert!(matches!(stage.sources.look_again(), Outcome::Unsettled));
    stage.write("oncall.csv", "email\nana@example.com\nbo@example.com\n");
    assert!(matches!(stage.sources.look_again(), Outcome::Unsettled));
    let change = stage.changed();
    assert_eq!(people(&change), 2);
    assert_eq!(change.files, [stage.path("oncall.csv")]);
    assert!(!change.mended && change.restart_for.is_empty());
    stage.unchanged();
}

#[test]
fn a_change_that_is_taken_back_at_once_is_nothing() {
    let stage = Stage::new("");
    stage.write("oncall.csv", "email\n");
    assert!(matches!(stage.sources.look_again(), Outcome::Unsettled));
    stage.write("oncall.csv", ROSTER);
    stage.unchanged();
}

#[test]
fn the_configuration_itself_may_change() {
    let stage = Stage::new("");
    stage.write(
        "pagerslack.toml",
        "[defaults]\nmax_attempts = 3\n[[rotation]]\nchannel = \"C1\"\nguests = true",
    );
    let change = stage.changed();
    assert_eq!(change.settings.defaults.policy.max_attempts, 3);
    assert!(change.settings.rotations[&"C1".into()].rules.guests);
}

#[test]
fn a_broken_state_is_told_once_and_the_mended_one_taken() {
    let stage = Stage::new("");
    stage.write("oncall.csv", "email\nana\n");
    stage.write("exclusions.yml", "- from: x");
    let refusal = stage.broken();
    assert!(refusal.first && refusal.faults.count() > 1, "{}", refusal.faults);
    stage.unchanged();
    stage.write("oncall.csv", "email\nana@\n");
    assert!(!stage.broken().first, "another fault, and nobody need be told again");
    stage.unchanged();
    stage.write("oncall.csv", ROSTER);
    stage.write("exclusions.yml", "- ana@example.com");
    let change = stage.changed();
    assert!(change.mended);
    assert_eq!((people(&change), change.settings.defaults.rules.exclusions.len()), (1, 1));
    stage.write("oncall.csv", "email\nana\n");
    assert!(stage.broken().first, "broken anew");
}

#[test]
fn what_was_broken_and_is_as_before_is_mended() {
    let stage = Stage::new("");
    stage.write("pagerslack.toml", "[defaults");
    assert!(stage.broken().first);
    stage.write("pagerslack.toml", "");
    let change = stage.changed();
    assert!(change.mended && change.files.is_empty());
}

#[test]
fn a_file_that_goes_away_is_not_a_file_that_is_empty() {
    let stage = Stage::new("");
    fs::remove_file(stage.path("oncall.csv")).unwrap();
    let told = stage.broken().faults.to_string();
    assert!(
        told.ends_with("oncall.csv: is gone: put it back, or restart PagerSlack to go on without it"),
        "{told}"
    );
    stage.write("oncall.csv", ROSTER);
    assert!(stage.changed().mended);
    // Who wants none says so.
    stage.write("pagerslack.toml", "files.oncall = \"\"");
    assert_eq!(people(&stage.changed()), 0);
    fs::remove_file(stage.path("oncall.csv")).unwrap();
    stage.unchanged();
    fs::remove_file(stage.path("pagerslack.toml")).unwrap();
    assert!(stage.broken().faults.to_string().ends_with("pagerslack.toml: there is no such file"));
}

#[test]
fn a_file_may_come_later() {
    let stage = Stage::new("");
    assert!(stage.sources.paths().contains(&stage.path("holidays.yml")));
    stage.write("holidays.yml", "- 2026-12-24");
    assert_eq!(stage.changed().settings.defaults.rules.calendar.days.len(), 1);
}

#[test]
fn a_new_file_is_followed_as_soon_as_it_is_named() {
    let stage = Stage::new("");
    stage.write("pagerslack.toml", "files.oncall = \"people.csv\"");
    assert!(stage.broken().faults.to_string().ends_with("people.csv: there is no such file"));
    assert!(stage.sources.paths().contains(&stage.path("people.csv")));
    stage.write("people.csv", "email\nbo@example.com\ncy@example.com\n");
    assert_eq!(people(&stage.changed()), 2);
    stage.write("people.csv", ROSTER);
    assert_eq!(people(&stage.changed()), 1);
    stage.write("oncall.csv", "no longer looked at");
    stage.unchanged();
}

#[test]
fn what_needs_a_restart_is_told_once() {
    let stage = Stage::new("");
    stage.write(
        "pagerslack.toml",
        "listen = \"127.0.0.1:1\"\nslack.command = \"/page\"\nstore = \"sqlite:x\"\n\
         heartbeat_url = \"https://beat.example/s3cret\"",
    );
    assert_eq!(stage.changed().restart_for, ["listen", "store", "slack.command", "heartbeat_url"]);
    assert!(!format!("{:?}", stage.sources.state).contains("s3cret"), "P8");
    stage.write("oncall.csv", "email\nbo@example.com\n");
    assert_eq!(stage.changed().restart_for, [""; 0]);
}

/// Kubernetes keeps each state of a ConfigMap in a folder of its own, and swaps the link `..data` to it.
#[test]
fn a_link_that_is_swapped_is_a_change() {
    let folder = tempfile::tempdir().unwrap();
    let state = |name: &str, roster: &str| {
        let state = folder.path().join(name);
        fs::create_dir(&state).unwrap();
        fs::write(state.join("pagerslack.toml"), "").unwrap();
        fs::write(state.join("oncall.csv"), roster).unwrap();
    };
    state("..2026_1", ROSTER);
    symlink("..2026_1", folder.path().join("..data")).unwrap();
    for name in ["pagerslack.toml", "oncall.csv"] {
        symlink(Path::new("..data").join(name), folder.path().join(name)).unwrap();
    }
    state("..2026_2", ROSTER);
    state("..2026_3", "email\nana@example.com\nbo@example.com\n");
    let swap = |folder: &Path, to: &str| {
        symlink(to, folder.join("..data_tmp")).unwrap();
        fs::rename(folder.join("..data_tmp"), folder.join("..data")).unwrap();
    };
    let root = folder.path().to_path_buf();
    let stage = Stage::of(folder);
    swap(&root, "..2026_2");
    stage.unchanged();
    swap(&root, "..2026_3");
    fs::remove_dir_all(root.join("..2026_1")).unwrap();
    assert_eq!(people(&stage.changed()), 2);
}
