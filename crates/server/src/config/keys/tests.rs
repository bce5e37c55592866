//! What the keys mean, and the sentence for each that means nothing.

use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;
use crate::config::{DEFAULT, File, HeartbeatUrl, Named, StoreLocation};

/// What is wrong with a file.
fn faults(text: &str) -> String {
    File::parse(text).map_or_else(|faults| faults.to_string(), |_| String::new())
}

/// A file's faults are exactly this one, on its last line.
#[track_caller]
fn check(text: &str, wanted: &str) {
    assert_eq!(faults(text), format!("line {}: {wanted}", text.lines().count()), "{text}");
}

#[test]
fn the_embedded_file_says_exactly_the_defaults() {
    assert_eq!(File::parse(DEFAULT).unwrap(), File::default());
    assert_eq!(File::parse("").unwrap(), File::default());
    // What stands there as an example is valid, too.
    let examples: String = DEFAULT
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(code) if code.contains(" = ") || code.starts_with("[[") => format!("{code}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    let file = File::parse(&examples).unwrap();
    assert_eq!(file.rotations.len(), 1, "{examples}");
    assert_ne!(file.defaults.columns, File::default().defaults.columns);
}

#[test]
fn the_embedded_file_names_every_key() {
    // A key that is read and not in the manual is told as known by a fault.
    let known = |table: &str| faults(&format!("{table}\n0 = 0"));
    for table in ["", "[slack]", "[files]", "[defaults]", "[defaults.managers]", "[defaults.follow_up]"] {
        let told = known(table);
        let keys = told.rsplit_once("(there are ").unwrap().1.trim_end_matches(')');
        for key in keys.split(", ") {
            let there = DEFAULT.lines().any(|line| {
                let line = line.trim_start_matches(['#', ' ', '[']);
                line.starts_with(&format!("{key} = "))
                    || line.trim_start_matches("defaults.").starts_with(key)
            });
            assert!(there, "{table} {key} is not in pagerslack.toml");
        }
    }
}

#[test]
fn every_key_is_read() {
    let file = File::parse(
        "listen = \"[::1]:80\"\nstore = \"sqlite:///var/lib/p.db\"\nadmin = \"U1\"\n\
         audit_interval = \"90 s\"\nsample_presence = true\nheartbeat_url = \"https://beat.example/x\"\n\
         shutdown_drain = \"15 s\"\n\
         slack = { api_url = \"http://localhost:1/api\", command = \"/page\" }\n\
         files = { oncall = \"a.csv\", holidays = \"\" }\n\
         [defaults]\nack_timeout = \"1 min 30 s\"\nmax_attempts = 3\npatience = \"1m\"\nmin_tenure = \"90 days\"\n\
         guests = true\npublic_holidays = false\nweekend = \"link\"\nschedule_link = \"https://s.example/x\"\n\
         weekend_days = [\"Friday\"]\nday_zone = \"Asia/Dubai\"\nnudge_missing_schedule = true\nthin_coverage = 3\n\
         away_status = { emoji = [\":Palm_Tree:\"], text = [\"Gone Fishing\"] }\n\
         follow_up = { after = \"2 days\", question = \"Well?\", link = \"https://q.example\" }\n\
         managers = { users = [\"U1\", \"W2\"], emails = [\"a@b.example\"], group = \"S1\", rounds = 2, repeat = \"1 h\" }\n\
         columns = { email = \"Work e-mail\" }",
    )
    .unwrap();
    assert_eq!(file.listen.to_string(), "[::1]:80");
    assert_eq!(file.store, StoreLocation::Sqlite("/var/lib/p.db".into()));
    assert_eq!(file.api_url.as_str(), "http://localhost:1/api/");
    assert_eq!((file.admin.as_deref(), file.command.as_str()), (Some("U1"), "/page"));
    assert_eq!(file.audit_interval, SignedDuration::from_secs(90));
    assert!(file.sample_presence);
    assert_eq!(file.shutdown_drain, SignedDuration::from_secs(15));
    assert_eq!(file.heartbeat_url.as_ref().map(HeartbeatUrl::expose), Some("https://beat.example/x"));
    let keys = &file.defaults;
    assert_eq!(keys.files.oncall, Named::Path("a.csv".into()));
    assert_eq!((&keys.files.holidays, &keys.files.exclusions), (&Named::None, &Named::Usual));
    assert_eq!((keys.weekend, keys.public_holidays), (WeekendKey::Link, false));
    let RotationConfig { policy, managers, manager_emails, manager_group, rules, follow_up, .. } =
        settings(keys);
    assert_eq!(
        policy,
        Policy {
            ack_timeout: SignedDuration::from_secs(90),
            max_attempts: 3,
            manager_repeat: SignedDuration::from_hours(1),
            manager_rounds: 2,
            patience: SignedDuration::from_mins(1),
            follow_up_after: Some(SignedDuration::from_hours(48)),
        }
    );
    assert_eq!(managers, ["U1".into(), "W2".into()]);
    assert_eq!((manager_emails, manager_group), (vec!["a@b.example".to_owned()], Some("S1".into())));
    assert_eq!(
        follow_up,
        FollowUpText { question: Some("Well?".to_owned()), link: Some("https://q.example".to_owned()) }
    );
    assert_eq!(rules.min_tenure.fieldwise(), Span::new().days(90).fieldwise());
    assert!(rules.guests && keys.nudge_missing_schedule);
    assert_eq!(keys.thin_coverage, 3);
    assert_eq!(rules.weekend, Weekend::Link { url: "https://s.example/x".to_owned() });
    assert_eq!(rules.weekend_days, [jiff::civil::Weekday::Friday]);
    assert_eq!(rules.day_zone.iana_name(), Some("Asia/Dubai"));
    assert_eq!(
        (&rules.away.emoji[..], &rules.away.text[..]),
        (&["palm_tree".to_owned()][..], &["gone fishing".to_owned()][..])
    );
}

#[test]
fn a_follow_up_asks_something_or_does_not_come() {
    let policy = |text: &str| settings(&File::parse(text).unwrap().defaults).policy;
    assert_eq!(policy("").follow_up_after, None);
    assert_eq!(policy("defaults.follow_up.after = \"1 h\"").follow_up_after, None);
    let day = Some(SignedDuration::from_hours(24));
    assert_eq!(policy("defaults.follow_up.question = \"Well?\"").follow_up_after, day);
    assert_eq!(policy("defaults.follow_up.link = \"https://q.example\"").follow_up_after, day);
}

#[test]
fn a_rotation_says_what_differs() {
    let file = File::parse(
        "[[rotation]]\nchannel = \"C1\"\nack_timeout = \"5 min\"\nmanagers.rounds = 1\ncolumns.email = \"Mail\"\n\
         holidays = \"own.yml\"\nweekend_days = []\n\
         [files]\noncall = \"all.csv\"\n\
         [defaults]\nmax_attempts = 2\nmanagers.users = [\"U1\"]\ncolumns.team = \"Squad\"",
    )
    .unwrap();
    let (defaults, own) = (&file.defaults, &file.rotations[&"C1".into()]);
    assert_eq!(own.policy.ack_timeout, SignedDuration::from_mins(5));
    assert_eq!((own.policy.max_attempts, own.policy.manager_rounds), (2, 1), "tables are merged");
    assert_eq!(own.managers, defaults.managers);
    assert_eq!((own.weekend_days.len(), defaults.weekend_days.len()), (0, 2), "lists are replaced");
    assert_eq!(own.files.oncall, Named::Path("all.csv".into()));
    assert_eq!(own.files.holidays, Named::Path("own.yml".into()));
    let columns = own.columns.as_ref().unwrap();
    use pagerslack_sources::Field;
    assert_eq!((columns.header(Field::Email), columns.header(Field::Team)), ("Mail", "Squad"));
    assert_eq!(defaults.columns.as_ref().unwrap().header(Field::Email), "email");
    assert_eq!(defaults.policy.ack_timeout, SignedDuration::from_mins(2));
}

#[test]
fn values_that_make_no_sense_are_told() {
    check("listen = 8080", "listen must be an address and a port such as \"127.0.0.1:8080\", not 8080");
    check(
        "store = \"redis:x\"",
        "store must be sqlite:PATH, for example \"sqlite:pagerslack.db\", or an address such as \
         \"redis://localhost:6379\", not \"redis:x\"",
    );
    check("admin = \"@ana\"", "admin must be the id of a person (U…) or of a channel (C…), not \"@ana\"");
    check("admin = \"xoxb-1\"", "admin must be the id of a person (U…) or of a channel (C…), not a token");
    check(
        "slack.api_url = \"http://slack.example\"",
        "slack.api_url must be an address that begins with https:// (http:// only on this machine), not \"http://slack.example\"",
    );
    check(
        "slack.command = \"page\"",
        "slack.command must be a slash command such as \"/devoncall\", not \"page\"",
    );
    check("audit_interval = \"5 s\"", "audit_interval must lie between 10s and 1h, not be \"5 s\"");
    check("shutdown_drain = \"2 min\"", "shutdown_drain must lie between 0s and 1m, not be \"2 min\"");
    // It may be a secret and is not repeated.
    check(
        "heartbeat_url = \"beat.example/token\"",
        "heartbeat_url must be an address that begins with https:// or http://",
    );
    check("files.oncall = 1", "files.oncall must be text in quotes, not 1");
    let defaults =
        |text: &str, wanted: &str| check(&format!("[defaults]\n{text}"), &format!("defaults.{wanted}"));
    defaults("ack_timeout = 2", "ack_timeout must be a length of time such as \"2 min\", not 2");
    defaults("ack_timeout = \"0 s\"", "ack_timeout must lie between 1s and 24h, not be \"0 s\"");
    defaults("patience = \"2 days\"", "patience must lie between 1s and 24h, not be \"2 days\"");
    defaults(
        "patience = \"1 month\"",
        "patience must be a length of time such as \"2 min\", not \"1 month\"",
    );
    for number in ["0", "101", "-1", "1.5", "99999999999999999999", "\"6\""] {
        let wanted = format!("max_attempts must be a whole number from 1 to 100, not {number}");
        defaults(&format!("max_attempts = {number}"), &wanted);
    }
    let tenure = "min_tenure must be a time in days, weeks, months or years such as \"3 months\", not";
    for text in ["3 hours", "-3 months", "three", "", "2000 years", "1 month 1 h"] {
        defaults(&format!("min_tenure = \"{text}\""), &format!("{tenure} \"{text}\""));
    }
    defaults("guests = \"yes\"", "guests must be true or false, not \"yes\"");
    defaults("weekend = \"volunters\"", "weekend must be \"volunteers\", not \"volunters\"");
    defaults(
        "weekend = \"sleep\"",
        "weekend must be one of \"page\", \"link\", \"volunteers\", not \"sleep\"",
    );
    defaults(
        "weekend = \"link\"",
        "weekend = \"link\" needs defaults.schedule_link: where the schedule stands",
    );
    defaults(
        "schedule_link = \"javascript:alert(1)\"",
        "schedule_link must be an address that begins with https:// or http://, not \"javascript:alert(1)\"",
    );
    defaults("weekend_days = \"sunday\"", "weekend_days must be a list: [\"sunday\"]");
    defaults("weekend_days = [\"sundae\"]", "weekend_days: each must be \"sunday\", not \"sundae\"");
    defaults(
        "day_zone = \"CEST\"",
        "day_zone must be an IANA time zone such as \"Europe/Lisbon\" or \"UTC\", not \"CEST\"",
    );
    defaults(
        "away_status.emoji = [\"\"]",
        "away_status.emoji: each must be the name of an emoji such as \"palm_tree\", not \"\"",
    );
    defaults("away_status.text = [\" \"]", "away_status.text: each must be a word or a few, not \" \"");
    defaults("follow_up.after = \"1 s\"", "follow_up.after must lie between 1m and 90 days, not be \"1 s\"");
    defaults(
        "managers.users = [\"ana\"]",
        "managers.users: each must be a Slack user id such as \"U012AB3CD\" (in the profile: ⋮, Copy member ID), not \"ana\"",
    );
    defaults("managers.emails = [\"ana\"]", "managers.emails: each must be an e-mail address, not \"ana\"");
    defaults(
        "managers.group = \"managers\"",
        "managers.group must be a user group's id such as \"S012AB3CD\", not \"managers\"",
    );
    defaults("columns.email = 3", "columns.email must be text in quotes, not 3");
}

#[test]
fn columns_that_make_no_sense_are_told() {
    check(
        "[defaults.columns]\nemial = \"E\"",
        "\"emial\" is no column of the roster (did you mean \"email\"?)",
    );
    assert_eq!(
        faults("[defaults.columns]\nteam = \"Name\""),
        "line 1: the column \"Name\" cannot be both name and team"
    );
}

#[test]
fn rotations_that_make_no_sense_are_told() {
    check("[[rotation]]", "a [[rotation]] needs its channel: channel = \"C…\"");
    check(
        "[[rotation]]\nchannel = \"#ops\"",
        "rotation.channel must be a channel's id such as \"C012AB3CD\" (at the end of the channel's details), not \"#ops\"",
    );
    check(
        "[[rotation]]\nchannel = \"C1\"\n[[rotation]]\nguests = true\nchannel = \"C1\"",
        "the channel C1 has a [[rotation]] on line 2 already: join them",
    );
    check("[rotation]", "write [[rotation]], in two pairs of brackets");
    check(
        "[[rotation]]\nchannel = \"C1\"\nmanagers.user = []",
        "[rotation.managers] has no key \"user\" (did you mean \"users\"?)",
    );
    check(
        "[defaults]\nschedule_link = \"https://s.example\"\n[[rotation]]\nchannel = \"C1\"\nschedule_link = \"\"\nweekend = \"link\"",
        "rotation.weekend = \"link\" needs rotation.schedule_link: where the schedule stands",
    );
    // A fault of the defaults is not told again for each rotation.
    check(
        "[[rotation]]\nchannel = \"C1\"\n[defaults]\nweekend = \"link\"",
        "defaults.weekend = \"link\" needs defaults.schedule_link: where the schedule stands",
    );
}

#[test]
fn keys_in_the_wrong_place_are_sent_home() {
    check("max_attempts = 3", "there is no key \"max_attempts\" (it belongs in [defaults])");
    check(
        "[defaults]\nlisten = 1",
        "[defaults] has no key \"listen\" (it belongs at the top of the file, before the first [table])",
    );
    check("[defaults]\noncall = \"a\"", "[defaults] has no key \"oncall\" (it belongs in [files])");
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC*") {
        let _ = File::parse(&text);
    }

    #[test]
    fn any_lines_of_the_manual_are_read_or_refused(
        lines in proptest::collection::vec(any::<prop::sample::Selector>(), 0..40),
        noise in "[\\[\\]{}\"'=.,#a-z0-9 ]{0,12}",
        at in any::<prop::sample::Index>(),
    ) {
        let mut text: Vec<_> = lines.iter().map(|line| line.select(DEFAULT.lines()).to_owned()).collect();
        text.insert(at.index(text.len() + 1), noise);
        let _ = File::parse(&text.join("\n"));
        // Without the comment signs, the examples take part.
        let _ = File::parse(&text.join("\n").replace("# ", ""));
    }
}
