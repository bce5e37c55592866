//! Every fault of `oncall.csv` with its sentence, and that what is written reads back.

use jiff::civil::date;
use pagerslack_core::UserId;
use pagerslack_core::calendar::zone;
use pagerslack_core::roster::Role;
use proptest::prelude::*;

use super::*;

fn read(text: &str) -> Vec<Entry> {
    parse(text, &Columns::default()).unwrap().roster.entries().to_vec()
}

#[track_caller]
fn refused(text: &str, expected: &[&str]) {
    let told = parse(text, &Columns::default()).unwrap_err().to_string();
    assert_eq!(told.lines().collect::<Vec<_>>(), expected, "{text}");
}

/// The faults of one row under these columns.
#[track_caller]
fn row_refused(header: &str, row: &str, expected: &[&str]) {
    let expected: Vec<String> = expected.iter().map(|what| format!("line 2: {what}")).collect();
    refused(&format!("{header}\n{row}\n"), &expected.iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn everything_the_file_can_say_is_read() {
    let text = "\
slack_id,email,name,role,team,time_zone,country,region,working_hours,start_date,weekend_volunteer,language,notes,friday
U012AB, Ann@Example.com ,Ann Lee,engineer,Verify,europe/lisbon,pt,11,09:00-17:30,2026-03-01,yes,en,\"two\nlines\",9-13
";
    let [ann] = read(text).try_into().unwrap();
    let expected = Entry {
        who: Who {
            user: Some(UserId::new("U012AB")),
            email: Some("ann@example.com".to_owned()),
            name: Some("Ann Lee".to_owned()),
        },
        role: Role::Engineer,
        team: Some("Verify".to_owned()),
        zone: zone("Europe/Lisbon"),
        country: Some("PT".to_owned()),
        region: Some("PT-11".to_owned()),
        hours: "mon-thu 09:00-17:30; fri 09:00-13:00".parse().ok(),
        start_date: Some(date(2026, 3, 1)),
        weekend_volunteer: true,
        language: Some("en".to_owned()),
        notes: Some("two\nlines".to_owned()),
    };
    assert_eq!(ann, expected);
}

#[test]
fn columns_stand_in_any_order_and_extra_ones_are_told() {
    let file =
        parse("Shoe size;Role;E-mail;\n44;Manager;b@x.org;\n;;c@x.org\n", &Columns::default()).unwrap();
    let roles: Vec<_> = file.roster.entries().iter().map(|entry| entry.role).collect();
    assert_eq!(roles, [Role::Manager, Role::Engineer]);
    assert_eq!(file.ignored_columns, ["Shoe size"]);
}

#[test]
fn a_region_brings_its_country() {
    let entries = read("email,country,region\na@x.org,,de-by\n");
    assert_eq!((entries[0].country.as_deref(), entries[0].region.as_deref()), (Some("DE"), Some("DE-BY")));
}

#[test]
fn columns_can_be_renamed() {
    let columns = Columns::renamed([("email", "Work mail"), ("role", "Rolle")]).unwrap();
    let file = parse("Rolle,Work mail,role\nmanager,a@x.org,engineer\n", &columns).unwrap();
    assert_eq!(file.roster.entries()[0].role, Role::Manager);
    assert_eq!(file.ignored_columns, ["role"]);
    assert_eq!(
        parse("email,role\na@x.org,\n", &columns).unwrap_err().to_string(),
        "line 1: there is no column \"Rolle\", which the configuration names for role (is it \"role\"?)\n\
         line 1: there is no column \"Work mail\", which the configuration names for email"
    );
}

#[test]
fn every_fault_of_the_header_is_told() {
    refused(
        "email,time_zome,rol,E-Mail\n",
        &[
            "line 1: the column \"E-Mail\" is there twice: remove one",
            "line 1: the column \"rol\" is not known (did you mean \"role\"?): rename or remove it",
            "line 1: the column \"time_zome\" is not known (did you mean \"time_zone\"?): rename or remove it",
        ],
    );
    refused("name,role\nAnn,\n", &["line 1: there is neither a column \"slack_id\" nor a column \"email\""]);
    refused(
        "U012AB,Ann\n",
        &[
            "line 1: the first line names no column that is known: it reads slack_id,email,name,role,team,time_zone,\
           country,region,working_hours,start_date,weekend_volunteer,language,notes",
        ],
    );
    refused("", &["the file is empty: its first line must name the columns"]);
}

#[test]
fn every_fault_of_a_row_is_told_at_once() {
    refused(
        "slack_id,email,role,time_zone\n@ann,,enginer,Lisbon\nU1,,,\n,,,\n\n,x,,\n",
        &[
            "line 2: \"@ann\" is no Slack id: it looks like U012AB3CD (in Slack: the person's profile, ⋮, \"Copy member ID\")",
            "line 2: \"Lisbon\" is no IANA time zone (did you mean \"Europe/Lisbon\"?)",
            "line 2: \"enginer\" is no role (did you mean \"engineer\"?)",
            "line 6: \"x\" is no e-mail address",
        ],
    );
}

#[test]
fn each_fault_has_its_sentence() {
    row_refused("email,name", ",Ann", &["neither a Slack id nor an e-mail address: give one of them"]);
    row_refused("email,role", "a@x.org,boss", &["\"boss\" is no role: write engineer, manager or neither"]);
    row_refused(
        "email,country",
        "a@x.org,Portugal",
        &["\"Portugal\" is no ISO 3166-1 country code (did you mean \"PT\"?)"],
    );
    row_refused(
        "email,country",
        "a@x.org,XX",
        &["\"XX\" is no ISO 3166-1 country code: write for example PT"],
    );
    row_refused(
        "email,country,region",
        "a@x.org,ES,PT-11",
        &["the region \"PT-11\" is not of the country ES"],
    );
    row_refused(
        "email,region",
        "a@x.org,11",
        &["the region \"11\" needs its country: write for example PT-11"],
    );
    row_refused(
        "email,country,region",
        "a@x.org,PT,EMEA",
        &["\"EMEA\" is no ISO 3166-2 region code: write for example PT-11"],
    );
    row_refused(
        "email,start_date",
        "a@x.org,1/2/2026",
        &["\"1/2/2026\" is no date: write the year, month and day, as in 2026-03-01"],
    );
    row_refused(
        "email,start_date",
        "a@x.org,2026-02-30",
        &["\"2026-02-30\" is no date: write the year, month and day, as in 2026-03-01"],
    );
    row_refused("email,weekend_volunteer", "a@x.org,maybe", &["\"maybe\" is neither yes nor no"]);
    row_refused(
        "email,working_hours",
        "a@x.org,9 to 5",
        &["\"9\" says no beginning and end: write for example 09:00-17:30"],
    );
    for wrong in ["ann", "a@b", "@x.org", "a@x..org", "a b@x.org", "a@b@x.org", "<a@x.org>"] {
        row_refused("email", wrong, &[&format!("{wrong:?} is no e-mail address")]);
    }
}

#[test]
fn a_row_with_too_many_cells_is_told() {
    let told = "3 cells where the header has 2: put a cell that holds a comma in quotation marks";
    row_refused("email,name", "a@x.org,Lee, Ann", &[told]);
}

#[test]
fn a_doubled_person_is_told_with_both_lines() {
    refused(
        "slack_id,email\nU1,a@x.org\nU2,A@x.org\nU1,\n",
        &["line 3: a@x.org is on line 2 already", "line 4: U1 is on line 2 already"],
    );
}

#[test]
fn any_line_end_mark_and_separator_will_do() {
    let text = "email,role\na@x.org,manager\nb@x.org,\n";
    let expected = read(text);
    for same in [
        format!("\u{FEFF}{text}"),
        text.replace('\n', "\r\n"),
        text.replace('\n', "\r"),
        text.replace(',', ";"),
        text.replace(',', "\t"),
        format!("sep=,\r\n{text}"),
    ] {
        assert_eq!(read(&same), expected, "{same:?}");
    }
    assert_eq!(super::read(text.as_bytes(), &Columns::default()).unwrap().roster.entries(), expected);
}

#[test]
fn a_long_file_of_nonsense_is_refused_in_a_moment() {
    let rows: String =
        (0..5_000).map(|number| format!("p{number}@x.org,Zone{number},Land{number}\n")).collect();
    let faults = parse(&format!("email,time_zone,country\n{rows}"), &Columns::default()).unwrap_err();
    assert_eq!(faults.0.len(), 10_000);
}

/// Given cells that a spreadsheet would run, then they are written with an apostrophe and read without it; so is an
/// address that begins like that, and one that people keep with its apostrophe stays as it is.
#[test]
fn a_formula_is_written_as_text() {
    let entries = read("email,name,notes\n+ana@x.org,=1+1,'tis\n'-bo@x.org,'=1+1,''=1\n");
    let text = write(&entries, &Columns::default());
    assert!(text.contains("\n,'+ana@x.org,'=1+1,engineer,") && text.contains(",'tis\n"), "{text}");
    assert!(text.contains("\n,'-bo@x.org,'=1+1,engineer,") && text.contains(",''=1\n"), "{text}");
    assert_eq!(read(&text), entries);
    assert_eq!(entries[1].who.email.as_deref(), Some("-bo@x.org"));
}

/// Text of a cell: whatever a spreadsheet holds, trimmed.
fn words() -> impl Strategy<Value = Option<String>> {
    let text = prop_oneof![r#"[a-zé ,;"'\t\n\r=@+-]{1,20}"#, "[^\u{0}]{1,12}"];
    proptest::option::of(text.prop_map(|text| table::trim(&text).to_owned()))
        .prop_map(|it| it.filter(|it| !it.is_empty()))
}

fn entries() -> impl Strategy<Value = Vec<Entry>> {
    let role = prop_oneof![Just(Role::Engineer), Just(Role::Manager), Just(Role::Neither)];
    let zones =
        prop_oneof![Just(None), Just(zone("Europe/Lisbon")), Just(zone("UTC")), Just(zone("Asia/Kolkata"))];
    let hours =
        prop_oneof![Just(""), Just("never"), Just("9-17"), Just("mon,sat 22:00-06:00; tue 00:00-24:00")];
    let place = prop_oneof![Just((None, None)), Just((Some("PT"), None)), Just((Some("PT"), Some("PT-11")))];
    let day = proptest::option::of((1990_i16..2100, 1_i8..13, 1_i8..29));
    let texts = (words(), words(), words(), words());
    let row = (any::<(bool, bool, bool)>(), role, zones, hours, place, day, texts);
    proptest::collection::vec(row, 0..8).prop_map(|rows| {
        let row =
            |(number, ((has_user, has_email, weekend), role, zone, hours, place, day, texts)): (usize, _)| {
                let (has_user, has_email): (bool, bool) = (has_user, has_email);
                let (name, team, language, notes): (_, _, _, _) = texts;
                let place: (Option<&str>, Option<&str>) = place;
                let day: Option<(i16, i8, i8)> = day;
                let hours: &str = hours;
                Entry {
                    who: Who {
                        user: has_user.then(|| UserId::new(format!("U{number}"))),
                        email: (has_email || !has_user).then(|| format!("p{number}@x.org")),
                        name,
                    },
                    role,
                    team,
                    zone,
                    country: place.0.map(str::to_owned),
                    region: place.1.map(str::to_owned),
                    hours: hours.parse().ok(),
                    start_date: day.map(|(year, month, day)| date(year, month, day)),
                    weekend_volunteer: weekend,
                    language,
                    notes,
                }
            };
        rows.into_iter().enumerate().map(row).collect()
    })
}

proptest! {
    #[test]
    fn what_is_written_reads_back(entries in entries()) {
        let columns = Columns::renamed([("notes", "Notes; and so on"), ("team", "the, team")]).unwrap();
        for columns in [&Columns::default(), &columns] {
            let text = write(&entries, columns);
            let file = parse(&text, columns).unwrap();
            prop_assert_eq!(file.roster.entries(), &entries[..]);
            prop_assert_eq!(write(file.roster.entries(), columns), text);
        }
    }

    /// Whoever opens the file in a spreadsheet runs nothing of what is in it.
    #[test]
    fn nothing_that_is_written_is_a_formula(entries in entries()) {
        let columns = Columns::renamed([("notes", "=Notes"), ("team", "-team")]).unwrap();
        let text = write(&entries, &columns);
        let file = parse(&text, &columns).unwrap();
        prop_assert_eq!(file.roster.entries(), &entries[..]);
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
        for row in reader.records() {
            for cell in &row.unwrap() {
                prop_assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']), "{cell:?}");
            }
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in any::<String>(), cells in r#"[a-zU19@.,;"/\n\r-]{0,80}"#) {
        let _ = parse(&text, &Columns::default());
        let _ = parse(&format!("email,slack_id,region,monday\n{cells}"), &Columns::default());
        let _ = super::read(text.as_bytes(), &Columns::default());
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        let _ = super::read(&bytes, &Columns::default());
    }
}
