//! All files together: what they say, and all their faults at once.

use std::fs;

use pagerslack_core::RotationId;
use pagerslack_core::roster::Role;
use pagerslack_slack::transport::Token;

use super::*;
use crate::config::{Config, Environment};

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

/// The configuration that these files make, or its faults without the folder's name.
fn load(files: &[(&str, &str)]) -> Result<Config, String> {
    let folder = folder(files);
    let path = folder.path().join("pagerslack.toml");
    let here = format!("{}/", folder.path().display());
    Config::load(Some(&path), &Environment::default()).map_err(|faults| faults.to_string().replace(&here, ""))
}

const ROSTER: &str = "email,role,country\nana@example.com,engineer,PT\nbo@example.com,manager,DE\n";

#[test]
fn the_usual_files_are_used_if_they_are_there() {
    let config = load(&[("pagerslack.toml", "")]).unwrap();
    assert!(config.settings.defaults.rules.roster.is_none());
    assert!(config.settings.defaults.rules.calendar.public.is_some());

    let config = load(&[
        ("pagerslack.toml", "[defaults]\npublic_holidays = false"),
        ("oncall.csv", ROSTER),
        ("holidays.yml", "- 2026-12-24"),
        ("exclusions.yml", "- ana@example.com"),
    ])
    .unwrap();
    let rules = &config.settings.defaults.rules;
    assert_eq!(rules.roster.as_ref().unwrap().engineers().len(), 1);
    assert_eq!((rules.calendar.days.len(), rules.exclusions.len()), (1, 1));
    assert!(rules.calendar.public.is_none());
    assert_eq!(config.sources.unwrap().paths().len(), 4);
}

#[test]
fn a_rotation_has_its_own_files_and_columns() {
    let config = load(&[
        (
            "pagerslack.toml",
            "[[rotation]]\nchannel = \"C1\"\noncall = \"own.csv\"\ncolumns.email = \"Mail\"\n\
             [[rotation]]\nchannel = \"C2\"\noncall = \"\"\nguests = true",
        ),
        ("oncall.csv", ROSTER),
        ("own.csv", "Mail;Role;Shoe\ncy@example.com;manager;43\n"),
    ])
    .unwrap();
    let roster = |channel: &str| {
        let rotation = RotationId::new("T1".into(), channel.into());
        config.settings.rotation(&rotation).rules.roster.clone()
    };
    assert_eq!(roster("C1").unwrap().entries()[0].role, Role::Manager);
    assert!(roster("C2").is_none(), "\"\" means none");
    assert_eq!(roster("C3").unwrap().entries().len(), 2, "the defaults serve the rest");
    assert_eq!(config.notes.len(), 1, "{:?}", config.notes);
    assert!(
        config.notes[0].ends_with("own.csv: these columns mean nothing here: Shoe"),
        "{:?}",
        config.notes
    );
}

#[test]
fn a_file_that_rotations_share_is_read_once() {
    let config = load(&[
        ("pagerslack.toml", "[[rotation]]\nchannel = \"C1\"\nguests = true"),
        ("oncall.csv", ROSTER),
        ("exclusions.yml", "- ana@example.com"),
    ])
    .unwrap();
    let Settings { defaults, rotations, .. } = config.settings;
    let (defaults, own) = (&defaults.rules, &rotations[&"C1".into()].rules);
    assert!(Arc::ptr_eq(defaults.roster.as_ref().unwrap(), own.roster.as_ref().unwrap()));
    assert!(Arc::ptr_eq(&defaults.exclusions, &own.exclusions));
}

#[test]
fn all_faults_of_all_files_are_told() {
    let told = load(&[
        (
            "pagerslack.toml",
            "lisen = 1\n[defaults]\nmax_attempts = 0\n[[rotation]]\nchannel = \"C1\"\noncall = \"gone.csv\"\n\
             exclusions = \"a-folder\"\n[[rotation]]\nchannel = \"C2\"\noncall = \"gone.csv\"",
        ),
        ("oncall.csv", "email,role\nana,engineer\nbo@example.com,boss\n"),
        ("holidays.yml", "- dat: 2026-12-24\n- country: PT"),
        ("exclusions.yml", "- from: 2026-12-24"),
    ])
    .unwrap_err();
    for wanted in [
        "pagerslack.toml line 1: there is no key \"lisen\" (did you mean \"listen\"?)",
        "pagerslack.toml line 3: defaults.max_attempts must be a whole number from 1 to 100, not 0",
        "oncall.csv line 2: ",
        "oncall.csv line 3: ",
        "holidays.yml line 1: ",
        "holidays.yml line 2: ",
        "exclusions.yml line 1: ",
        "gone.csv: there is no such file",
        "a-folder: there is no such file",
    ] {
        assert!(told.contains(&format!("\n  {wanted}")), "{wanted} is missing in {told}");
    }
    assert_eq!(told.matches("gone.csv").count(), 1, "{told}");
    assert_eq!(
        told.lines().next().unwrap(),
        format!("the configuration has {} faults:", told.lines().count() - 1)
    );
}

#[test]
fn under_wrong_headers_the_roster_is_not_judged() {
    let told = load(&[
        (
            "pagerslack.toml",
            "[defaults.columns]\nemial = \"Mail\"\n[[rotation]]\nchannel = \"C1\"\noncall = \"gone.csv\"",
        ),
        ("oncall.csv", "Mail,role\nana@example.com,engineer\n"),
    ])
    .unwrap_err();
    assert_eq!(
        told,
        "the configuration has 2 faults:\n  pagerslack.toml line 2: \"emial\" is no column of the roster (did you \
         mean \"email\"?)\n  gone.csv: there is no such file"
    );
}

#[test]
fn a_file_that_cannot_be_read_is_told() {
    let folder = folder(&[]);
    fs::create_dir(folder.path().join("oncall.csv")).unwrap();
    fs::write(folder.path().join("pagerslack.toml"), b"admin = \"\"\n# \xff").unwrap();
    let path = folder.path().join("pagerslack.toml");
    let told = Config::load(Some(&path), &Environment::default()).unwrap_err().to_string();
    assert!(told.contains("pagerslack.toml line 2: this line is not UTF-8"), "{told}");
    assert!(told.contains("oncall.csv: is not a file"), "{told}");
    let told = Config::load(Some(&folder.path().join("other.toml")), &Environment::default()).unwrap_err();
    assert!(told.to_string().contains("other.toml: there is no such file"), "{told}");
}

#[test]
fn the_environment_wins_and_is_judged_with_the_files() {
    let folder = folder(&[("pagerslack.toml", "listen = \"127.0.0.1:1\"")]);
    let path = folder.path().join("pagerslack.toml");
    let environment = Environment { listen: Some("127.0.0.1:2".to_owned()), ..Environment::default() };
    let config = Config::load(Some(&path), &environment).unwrap();
    assert_eq!(config.listen.port(), 2);

    fs::write(&path, "max_attempts = 0").unwrap();
    let environment = Environment {
        listen: Some("8080".to_owned()),
        store: Some("redis:x".to_owned()),
        api_url: Some("ftp://x".to_owned()),
        bot_token: Some(Token::new("xapp-1")),
        app_token: Some(Token::new("xoxb-1")),
        ..Environment::default()
    };
    let told = Config::load(Some(&path), &environment).unwrap_err();
    assert_eq!(told.count(), 6, "{told}");
    for wanted in [
        "environment: PAGERSLACK_LISTEN must be an address and a port such as \"127.0.0.1:8080\", not \"8080\"",
        "environment: SLACK_BOT_TOKEN does not look like one: it must begin with xoxb-",
        "environment: SLACK_APP_TOKEN does not look like one: it must begin with xapp-",
    ] {
        assert!(told.to_string().contains(wanted), "{told}");
    }
}
