//! Whole sheets: what is understood, what is bad and why, and that the file takes what comes out.

use proptest::prelude::*;

use super::*;
use crate::Columns;
use crate::oncall::{parse, write};

fn run(sheet: &str, said: &[(&str, &str)], dates: Option<DateOrder>) -> Outcome {
    let sheet = Sheet::read(sheet.as_bytes()).unwrap();
    let mapping = Mapping::new(sheet.headers(), said.iter().copied()).unwrap();
    import(&sheet, &mapping, dates, &mut |_| {})
}

fn written(outcome: &Outcome) -> String {
    let text = write(&outcome.entries(), &Columns::default());
    assert_eq!(parse(&text, &Columns::default()).unwrap().roster.entries(), outcome.entries());
    text.split_once('\n').map(|(_, rows)| rows.to_owned()).unwrap_or_default()
}

fn bad(outcome: &Outcome) -> Vec<String> {
    outcome.bad.iter().map(|row| format!("{}: {}", row.line, row.why)).collect()
}

#[test]
fn a_sheet_as_people_keep_them() {
    let sheet = "\
First name;Last name;Work email;Member ID;Job title;Manager?;TZ;Location;Hire date;Weekend?;Desk
 Ann ;Lee;Ann@X.org ;;Senior Backend Engineer;no;Lisbon;Lisbon, Portugal;3/4/2024;Y;12
Bob;;bob@x.org;<@U0BOB1234>;Engineer;yes;GMT+1;Spain;31/12/2025;;
";
    let outcome = run(sheet, &[], None);
    assert_eq!(bad(&outcome), [""; 0]);
    assert_eq!(
        written(&outcome),
        ",ann@x.org,Ann Lee,engineer,,Europe/Lisbon,PT,,,2024-04-03,yes,,\n\
         U0BOB1234,bob@x.org,Bob,manager,,Etc/GMT-1,ES,,,2025-12-31,no,,\n"
    );
}

#[test]
fn bad_rows_are_told_by_line_with_every_reason() {
    let sheet = "\
Email,Time zone,Start date,Notes
a@x.org,PST,soon,
\"b@x.org\",Lisbon,2024-01-05,\"two
lines\"
c@x.org,Atlantis,#REF!,
d@x.org,Lisbon,2024-01-05,a,b
,Lisbon,,
";
    let outcome = run(sheet, &[], None);
    assert_eq!(
        bad(&outcome),
        [
            "2: the time zone \"PST\" may be America/Los_Angeles or Asia/Manila: write which; \"soon\" is no date: write \
             it as 2026-03-01",
            "5: a formula of the spreadsheet failed here: #REF!; \"Atlantis\" is no IANA time zone: write for example \
             Europe/Lisbon",
            "6: 5 cells where the header has 4: put a cell that holds a comma in quotation marks",
            "7: neither a Slack id nor an e-mail address: give one of them",
        ]
    );
    assert_eq!(outcome.rows.iter().map(|row| row.line).collect::<Vec<_>>(), [3]);
    written(&outcome);
}

#[test]
fn a_bad_row_tells_whom_it_is_about() {
    let outcome = run("Email,Slack ID,TZ\nA@x.org,,PST\nb@x.org,U1,,x\n,@cy,\n", &[], None);
    let who: Vec<_> = outcome.bad.iter().map(|row| row.who.join(" ")).collect();
    assert_eq!(who, ["a@x.org", "U1 b@x.org", "@cy"]);
}

#[test]
fn doubles_are_dropped_and_contradictions_are_bad() {
    let sheet = "Email,Slack ID,Team\na@x.org,U1,Verify\nA@x.org , U1,Verify\na@x.org,U1,Package\nb@x.org,U1,Verify\n";
    let outcome = run(sheet, &[], None);
    assert_eq!(outcome.dropped, [Dropped { line: 3, first: 2 }]);
    let told = "the same person is on line 2, with other values: that row is kept";
    assert_eq!(bad(&outcome), [format!("4: {told}"), format!("5: {told}")]);
    assert_eq!(outcome.rows.len(), 1);
}

#[test]
fn the_same_id_found_for_two_addresses_is_settled_later() {
    let mut outcome = run("Email\na@x.org\nb@x.org\n", &[], None);
    for row in &mut outcome.rows {
        row.entry.who.user = Some("U1".into());
    }
    outcome.settle();
    assert_eq!(bad(&outcome), ["3: the same person is on line 2, with other values: that row is kept"]);
    written(&outcome);
}

#[test]
fn unclear_dates_are_bad_until_the_order_is_said() {
    let sheet = "Email,Start date\na@x.org,3/4/2024\nb@x.org,5/5/2024\n";
    let outcome = run(sheet, &[], None);
    assert_eq!(
        bad(&outcome),
        [
            "2: \"3/4/2024\" may be 2024-04-03 or 2024-03-04, and no date of the column shows which: say --dates dmy or \
          --dates mdy"
        ]
    );
    let said = |order| run(sheet, &[], Some(order)).rows[0].entry.start_date.map(|date| date.to_string());
    assert_eq!(said(DateOrder::DayFirst).as_deref(), Some("2024-04-03"));
    assert_eq!(said(DateOrder::MonthFirst).as_deref(), Some("2024-03-04"));
}

#[test]
fn progress_is_told_row_by_row() {
    let sheet = Sheet::read(b"Email\na@x.org\nb\n").unwrap();
    let mapping = Mapping::new(sheet.headers(), []).unwrap();
    let mut told = Vec::new();
    import(&sheet, &mapping, None, &mut |done| told.push(done));
    assert_eq!(told, [1, 2]);
}

proptest! {
    /// Whatever a sheet holds: each row is accounted for, and the file takes what is understood.
    #[test]
    fn every_row_is_understood_dropped_or_bad(
        rows in proptest::collection::vec(
            (
                "(a|b|A)@x\\.(org|de)|U[0-9]{2}|[a-z ]{0,3}",
                "Lisbon|GMT[+-][0-9]{1,2}|PST|Europe/[A-Z][a-z]{2,5}|[é,;\" ]{0,4}",
                "[0-9]{1,2}[/.-][0-9]{1,2}[/.-][0-9]{4}|[0-9]{4,6}|Jan [0-9]{1,2}, 2024|n/a",
                "Engineer|[A-Z][a-z]+ Manager|yes|#N/A|",
                any::<String>(),
            ),
            0..12,
        ),
    ) {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(["Email", "TZ", "Start date", "Role", "Notes"]).unwrap();
        for (who, zone, date, role, notes) in &rows {
            let notes = notes.replace('\0', "");
            writer.write_record([who, zone, date, role, &format!("n{notes}")]).unwrap();
        }
        let text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
        let outcome = run(&text, &[], None);
        prop_assert_eq!(outcome.rows.len() + outcome.bad.len() + outcome.dropped.len(), rows.len());
        written(&outcome);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64), text in "[a-zA-Z@.,;\"/\n 0-9-]{0,120}") {
        for bytes in [&bytes[..], text.as_bytes(), format!("email,tz,start date,role\n{text}").as_bytes()] {
            if let Ok(sheet) = Sheet::read(bytes)
                && let Ok(mapping) = Mapping::new(sheet.headers(), [("email", "email")])
            {
                written(&import(&sheet, &mapping, None, &mut |_| {}));
            }
        }
    }
}
