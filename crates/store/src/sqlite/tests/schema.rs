//! The tables: how an older database becomes one of today, and that no question walks through the history.

use pagerslack_core::report::Outcome;
use pagerslack_core::{Event, JobKind, Report};

use super::super::*;

#[test]
fn migrations_run_once() {
    let mut db = Connection::open_in_memory().unwrap();
    assert_eq!(schema::version(&db).unwrap(), 0);
    for _ in 0..3 {
        schema::migrate(&mut db).unwrap();
        assert_eq!(schema::version(&db).unwrap(), schema::LATEST);
    }
    let recorded: i64 = db.query_row("SELECT count(*) FROM migrations", [], |row| row.get(0)).unwrap();
    assert_eq!(recorded, schema::LATEST);
}

/// Given a database from before there was an urgency, with a job of each kind and one that nobody can read, when
/// it is opened, then each has the urgency that a new job of its kind would get.
#[test]
fn jobs_of_an_older_database_get_their_urgency() {
    let mut db = Connection::open_in_memory().unwrap();
    schema::migrate_to(&mut db, 1).unwrap();
    let mut kinds = crate::conformance::every_job_kind();
    // No such database has any of these.
    kinds.retain(|kind| {
        let younger = matches!(
            kind,
            JobKind::ReadBack
                | JobKind::Home { .. }
                | JobKind::Stand { .. }
                | JobKind::OpenReportForm { .. }
                | JobKind::Webhook { .. }
        );
        !younger
    });
    let stored = kinds.iter().map(|kind| serde_json::to_string(kind).unwrap()).chain(["{".to_owned()]);
    for (number, kind) in stored.enumerate() {
        db.execute(
            "INSERT INTO jobs (team, key, channel, incident, kind, due) VALUES ('T1', ?1, 'C1', 'i1', ?2, 0)",
            (number.to_string(), kind),
        )
        .unwrap();
    }
    schema::migrate(&mut db).unwrap();
    let mut statement = db.prepare("SELECT urgency FROM jobs ORDER BY id").unwrap();
    let migrated: Vec<u8> = statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let expected = kinds.iter().map(|kind| kind.urgency().rank()).chain([2]);
    assert!(migrated.iter().copied().eq(expected), "{migrated:?}");
}

/// Given a database from before incidents were filed under their reports, when it is opened, then the last ones of a channel
/// are found, those first that were reported last.
#[test]
fn incidents_of_an_older_database_are_found_in_their_order() {
    let mut db = Connection::open_in_memory().unwrap();
    schema::migrate_to(&mut db, 11).unwrap();
    for (incident, channel) in [("b", "C1"), ("a", "C1"), ("x", "C2"), ("c", "C1")] {
        let filed = "INSERT INTO incidents (team, incident, channel) VALUES ('T1', ?1, ?2)";
        db.execute(filed, (incident, channel)).unwrap();
        for seq in [1, 2] {
            let event =
                "INSERT INTO events (team, incident, seq, at, form, body) VALUES ('T1', ?1, ?2, 0, 1, '')";
            db.execute(event, (incident, seq)).unwrap();
        }
    }
    schema::migrate(&mut db).unwrap();
    let rotation = RotationId::new("T1".into(), "C1".into());
    assert_eq!(read::recent(&db, &rotation, 2).unwrap(), ["c".into(), "a".into()]);
    assert_eq!(read::recent(&db, &rotation, 9).unwrap().len(), 3);
}

/// The rotations are found by steps in an index: only those are walked through that were found, and the queues.
#[test]
fn rotations_are_found_however_much_was_reported() {
    let mut db = Connection::open_in_memory().unwrap();
    schema::migrate(&mut db).unwrap();
    let mut statement = db.prepare(&format!("EXPLAIN QUERY PLAN {}", read::ROTATIONS)).unwrap();
    let plan: Vec<String> = statement.raw_query().mapped(|row| row.get(3)).map(Result::unwrap).collect();
    let walks = plan.iter().filter(|step| step.contains("SCAN") && step.contains("incidents")).count();
    // The first of all is the first row of an index.
    assert_eq!(walks, 1, "{plan:?}");
    assert_eq!(
        plan.iter().filter(|step| step.contains("SEARCH incidents USING COVERING INDEX")).count(),
        2,
        "{plan:?}"
    );
    drop(statement);
    for (team, channel) in [("T1", "C2"), ("T1", "C1"), ("T2", "C1"), ("T1", "C1")] {
        let incident = "INSERT INTO incidents (team, incident, channel) VALUES (?1, hex(randomblob(8)), ?2)";
        db.execute(incident, (team, channel)).unwrap();
    }
    db.execute("INSERT INTO incidents (team, incident) VALUES ('T0', 'i'), ('T2', 'i'), ('T9', 'i')", [])
        .unwrap();
    db.execute("INSERT INTO queues VALUES ('T1', 'C1', 1), ('T3', 'C1', 1)", []).unwrap();
    let found: Vec<String> =
        read::rotations(&db).unwrap().iter().map(|it| format!("{}/{}", it.team, it.channel)).collect();
    assert_eq!(found, ["T1/C1", "T1/C2", "T2/C1", "T3/C1"]);
}

/// The reports of a page are read in the order of two indexes, and nothing is sorted.
#[test]
fn reports_are_read_in_order() {
    let mut db = Connection::open_in_memory().unwrap();
    schema::migrate(&mut db).unwrap();
    let mut statement = db.prepare(&format!("EXPLAIN QUERY PLAN {}", rows::REPORTS)).unwrap();
    let plan: Vec<String> = statement.raw_query().mapped(|row| row.get(3)).map(Result::unwrap).collect();
    assert_eq!(
        plan,
        [
            "SEARCH events USING COVERING INDEX events_reports (team=? AND id>? AND id<?)",
            "CORRELATED SCALAR SUBQUERY 1",
            "SEARCH over USING COVERING INDEX incidents_over (team=? AND reported=? AND last_event>?)",
        ]
    );
}

/// Given a database from before it was known where a log ends, then its rows are those of the same log written today.
#[test]
fn rows_of_an_older_database_are_whole() {
    let mut db = Connection::open_in_memory().unwrap();
    schema::migrate_to(&mut db, 12).unwrap();
    let body = |event: &Event| serde_json::to_string(event).unwrap();
    let report = |incident: &str| {
        let rotation = RotationId::new("T1".into(), "C1".into());
        Event::Reported(Report {
            incident: incident.into(),
            rotation,
            url: "https://i.example/1".to_owned(),
            note: String::new(),
            reporter: "U1".into(),
            machine: None,
            first: None,
            response_url: None,
        })
    };
    db.execute("INSERT INTO incidents (team, incident) VALUES ('T1', 'a'), ('T1', 'b')", []).unwrap();
    let closed = Event::Closed { by: "U1".into() };
    let told = [("b", 1, report("b")), ("a", 1, report("a")), ("b", 2, closed.clone()), ("a", 2, closed)];
    for (incident, seq, event) in told {
        db.execute(
            "INSERT INTO events (team, incident, seq, at, form, body) VALUES ('T1', ?1, ?2, ?2, 1, ?3)",
            (incident, seq, body(&event)),
        )
        .unwrap();
    }
    db.execute(
        "UPDATE incidents SET reported = (SELECT id FROM events WHERE incident = incidents.incident AND seq = 1)",
        [],
    )
    .unwrap();
    schema::migrate(&mut db).unwrap();
    let last: Vec<i64> = db
        .prepare("SELECT last_event FROM incidents WHERE open = 0 ORDER BY reported")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(last, [3, 4]);
    let (rows, _) = rows::part(&db, &"T1".into(), 0, 0, 9).unwrap();
    let told: Vec<_> = rows.iter().map(|row| (row.incident.as_str(), row.outcome)).collect();
    assert_eq!(told, [("b", Outcome::Closed), ("a", Outcome::Closed)]);
}

/// Without an index each of these would walk through the whole history.
#[test]
fn the_frequent_questions_are_answered_by_an_index() {
    let mut db = Connection::open_in_memory().unwrap();
    schema::migrate(&mut db).unwrap();
    for question in [
        "SELECT id, team, channel, ts FROM messages WHERE live = 1 AND id > 5 ORDER BY id LIMIT 9",
        "SELECT incident FROM incidents WHERE team = 'T' AND channel = 'C' AND url = 'u' AND open = 1",
        "SELECT id FROM jobs WHERE lease_until IS NULL AND urgency = 1 AND due <= 7 ORDER BY due, id LIMIT 9",
        "SELECT min(due) FROM jobs WHERE lease_until IS NULL AND urgency = 1",
        claim::FREE,
        claim::ABANDONED,
        claim::FREE_OF,
        claim::ABANDONED_OF,
        claim::NEXT_TEAM,
        commit::FORGET,
        read::RECENT,
        read::OPEN,
        read::ABOUT,
        "SELECT id FROM jobs WHERE lease_until IS NOT NULL AND lease_until <= 7 ORDER BY due, id LIMIT 9",
        "SELECT team, incident FROM incidents WHERE open = 1 AND (team, incident) > ('T', 'i') ORDER BY team, incident LIMIT 9",
        "SELECT id FROM jobs WHERE team = 'T' AND incident = 'i' ORDER BY key",
        "SELECT seq FROM events WHERE team = 'T' AND incident = 'i' ORDER BY seq",
        "UPDATE messages SET live = 1 WHERE team = 'T' AND incident = 'i' AND live <> 1",
    ] {
        let mut statement = db.prepare(&format!("EXPLAIN QUERY PLAN {question}")).unwrap();
        let plan: Vec<String> = statement.raw_query().mapped(|row| row.get(3)).map(Result::unwrap).collect();
        assert!(plan.iter().any(|step| step.contains(" USING ")), "{question}: {plan:?}");
        assert!(!plan.iter().any(|step| step.starts_with("SCAN")), "{question}: {plan:?}");
        // Few are open, or about one address, so these may be sorted; whatever was ever reported is too much.
        let sorts = plan.iter().any(|step| step.contains("TEMP B-TREE"));
        assert!(!sorts || question != read::RECENT, "{question}: {plan:?}");
        let walks =
            plan.iter().any(|step| step.contains("incidents_recent") || step.contains("events_reports"));
        assert!(!walks || question == read::RECENT, "{question}: {plan:?}");
        let of_one = question.contains("LIMIT ?").then_some("(team=? AND ");
        assert!(plan.iter().any(|step| step.contains(of_one.unwrap_or_default())), "{question}: {plan:?}");
    }
}
