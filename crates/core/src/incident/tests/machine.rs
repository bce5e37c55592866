//! Walk-throughs: what a machine reported, of which no person is the reporter.

use super::*;

fn by_a_machine() -> Report {
    Report { reporter: Report::nobody(), machine: Some("Alertmanager".to_owned()), ..report() }
}

fn reported() -> Course {
    let mut desk = Course::new(Policy::default());
    desk.give(&Command::Report(by_a_machine()), at(0));
    desk.give(&Command::RootPosted { message: message("root") }, at(0));
    desk
}

fn phase(desk: &Course) -> &Phase {
    &desk.state.as_ref().unwrap().phase
}

#[test]
fn a_machine_is_no_person_and_a_person_no_machine() {
    assert_eq!((by_a_machine().person(), by_a_machine().reported_by()), (None, "Alertmanager"));
    assert_eq!((report().person(), report().reported_by()), (Some(&"rae".into()), "rae"));
}

/// P6: the page goes on, and it is said once.
#[test]
fn a_trouble_that_is_over_stops_no_page() {
    let mut desk = reported();
    let candidates = vec![Candidate::new("ann".into(), Verdict::Available)];
    desk.give(&Command::Page { candidates, managers: managers() }, at(1));
    assert_eq!(desk.give(&Command::Resolve, at(5)), [Event::Resolved]);
    assert!(matches!(phase(&desk), Phase::Paging { .. }));
    assert_eq!(desk.give(&Command::Resolve, at(6)), [], "it is said once");
    assert_eq!(desk.state.unwrap().resolved_at, Some(at(5)));
}

#[test]
fn the_machine_cancels_what_nobody_has_taken() {
    let cancel = Command::Cancel { by: Report::nobody(), manager: false };
    let mut desk = reported();
    assert_eq!(desk.give(&cancel, at(5)), [Event::Cancelled { by: Report::nobody() }]);
    assert_eq!(desk.give(&Command::Resolve, at(6)), [], "it is over anyway");

    let mut desk = reported();
    desk.give(
        &Command::Acknowledge { by: "ann".into(), via: Via::Reaction, eligible: true, zone: None },
        at(4),
    );
    assert_eq!(desk.give(&cancel, at(5)), []);
    assert_eq!(desk.give(&Command::Resolve, at(6)), [Event::Resolved]);
    assert!(matches!(phase(&desk), Phase::Acknowledged { .. }));
}

/// P8: nobody is the reporter of what a machine reported, and no machine of what somebody reported.
#[test]
fn nobody_has_the_rights_of_a_machine() {
    let mut desk = reported();
    assert_eq!(desk.give(&Command::Cancel { by: "rae".into(), manager: false }, at(5)), []);
    let mut desk = Course::new(Policy::default());
    desk.give(&Command::Report(report()), at(0));
    assert_eq!(desk.give(&Command::Cancel { by: Report::nobody(), manager: false }, at(5)), []);
    assert_eq!(desk.give(&Command::Resolve, at(5)), []);
}
