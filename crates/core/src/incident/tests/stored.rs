//! The stored form, one of each, so that it cannot change unnoticed. When this changes, stored logs change:
//! raise [`EVENT_FORM`] and read the older form as well.

use jiff::civil::{Date, Time};

use super::*;

/// A log from before [`ManagersWhom::incomplete`] is read, and what is complete is written as it was then.
#[test]
fn whether_managers_are_missing_is_stored_only_if_they_are() {
    let whom = |incomplete| ManagersWhom { users: vec!["U4".into()], group: Some("S1".into()), incomplete };
    for (stored, whom) in [
        (r#"{"users":["U4"],"group":"S1"}"#, whom(false)),
        (r#"{"users":["U4"],"group":"S1","incomplete":true}"#, whom(true)),
    ] {
        assert_eq!(serde_json::to_string(&whom).unwrap(), stored);
        assert_eq!(serde_json::from_str::<ManagersWhom>(stored).unwrap(), whom);
    }
}

#[test]
fn one_of_each_event() {
    assert_eq!(EVENT_FORM, 1);
    let considered = vec![
        candidate("U1", Verdict::Away),
        candidate("U2", Verdict::DoNotDisturb { until: at(60) }),
        candidate("U3", Verdict::AskedAlready),
        candidate("U4", Verdict::Manager),
        candidate("U5", Verdict::Deactivated),
        candidate("U6", Verdict::Guest),
        candidate("U7", Verdict::Stranger),
        candidate("U8", Verdict::Bot),
        candidate("U9", Verdict::Unknown { why: "presence: ratelimited".to_owned() }),
        candidate("W1", Verdict::Available),
    ];
    let paged = |reason, deadline, direct| Event::ManagersPaged {
        round: 1,
        whom: ManagersWhom { users: vec!["U4".into()], group: Some("S1".into()), incomplete: false },
        reason,
        direct,
        deadline,
    };
    let why = || "not_in_channel".to_owned();
    let events = [
        Event::Reported(report()),
        Event::Reported(Report { response_url: None, ..report() }),
        Event::RootPosted { message: message("1.2") },
        Event::Paged { attempt: 1, responder: "W1".into(), considered, deadline: at(120) },
        Event::PagePosted { attempt: 1, message: message("1.3"), deadline: at(121) },
        Event::PageTimedOut { attempt: 1 },
        Event::Passed { attempt: 1, by: "W1".into() },
        paged(ManagersReason::AttemptsUsedUp, Some(at(300)), false),
        paged(
            ManagersReason::NobodyAvailable { considered: vec![candidate("U1", Verdict::Away)] },
            None,
            false,
        ),
        paged(ManagersReason::CannotTell { why: why() }, None, false),
        paged(ManagersReason::CannotPost { why: why() }, None, true),
        paged(ManagersReason::NoAnswer, None, true),
        Event::ManagersPosted { round: 1, message: message("1.4") },
        refused(Posting::Root),
        refused(Posting::Page { attempt: 1 }),
        refused(Posting::Managers { round: 1 }),
        acknowledged(Via::Reaction),
        acknowledged(Via::Button),
        acknowledged(Via::ReadBack),
        Event::AckRefused { by: "U6".into() },
        Event::Reported(Report { first: Some("W1".into()), ..report() }),
        paged(ManagersReason::OnDemand { by: "U2".into() }, None, false),
        refused(Posting::FollowUp),
        Event::ScheduleShown { link: "https://example.com/shifts".to_owned(), day: "the weekend".to_owned() },
        Event::HandedOver { from: "W1".into(), by: "U4".into() },
        Event::HuntResumed { by: "W1".into() },
        Event::Cancelled { by: "U2".into() },
        Event::FollowUpPosted { message: message("1.5") },
        Event::Closed { by: "W1".into() },
        Event::ClockPutBack { deadline: None },
        Event::ClockPutBack { deadline: Some(at(60)) },
        Event::Delayed { why: Delay::Limited },
        Event::Delayed { why: Delay::NoAnswer },
        Event::Reported(Report {
            reporter: Report::nobody(),
            machine: Some("Alertmanager".to_owned()),
            ..report()
        }),
        Event::Resolved,
    ];
    let lines = events.into_iter().zip(1..).map(|(event, seq)| {
        let recorded = Recorded { seq, at: at(0), event };
        serde_json::to_string(&recorded).unwrap()
    });
    insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"), @r#"
    {"seq":1,"at":"1970-01-01T00:00:00Z","event":{"type":"reported","incident":"4aq5zrpgaxkg8ytp","rotation":{"team":"T1","channel":"C1"},"url":"https://example.com/incidents/7","note":"the shop is down","reporter":"rae","response_url":"https://hooks.slack.com/commands/1"}}
    {"seq":2,"at":"1970-01-01T00:00:00Z","event":{"type":"reported","incident":"4aq5zrpgaxkg8ytp","rotation":{"team":"T1","channel":"C1"},"url":"https://example.com/incidents/7","note":"the shop is down","reporter":"rae","response_url":null}}
    {"seq":3,"at":"1970-01-01T00:00:00Z","event":{"type":"root_posted","message":{"channel":"C1","ts":"1.2"}}}
    {"seq":4,"at":"1970-01-01T00:00:00Z","event":{"type":"paged","attempt":1,"responder":"W1","considered":[{"user":"U1","verdict":"away"},{"user":"U2","verdict":"do_not_disturb","until":"1970-01-01T00:01:00Z"},{"user":"U3","verdict":"asked_already"},{"user":"U4","verdict":"manager"},{"user":"U5","verdict":"deactivated"},{"user":"U6","verdict":"guest"},{"user":"U7","verdict":"stranger"},{"user":"U8","verdict":"bot"},{"user":"U9","verdict":"unknown","why":"presence: ratelimited"},{"user":"W1","verdict":"available"}],"deadline":"1970-01-01T00:02:00Z"}}
    {"seq":5,"at":"1970-01-01T00:00:00Z","event":{"type":"page_posted","attempt":1,"message":{"channel":"C1","ts":"1.3"},"deadline":"1970-01-01T00:02:01Z"}}
    {"seq":6,"at":"1970-01-01T00:00:00Z","event":{"type":"page_timed_out","attempt":1}}
    {"seq":7,"at":"1970-01-01T00:00:00Z","event":{"type":"passed","attempt":1,"by":"W1"}}
    {"seq":8,"at":"1970-01-01T00:00:00Z","event":{"type":"managers_paged","round":1,"whom":{"users":["U4"],"group":"S1"},"reason":{"because":"attempts_used_up"},"direct":false,"deadline":"1970-01-01T00:05:00Z"}}
    {"seq":9,"at":"1970-01-01T00:00:00Z","event":{"type":"managers_paged","round":1,"whom":{"users":["U4"],"group":"S1"},"reason":{"because":"nobody_available","considered":[{"user":"U1","verdict":"away"}]},"direct":false,"deadline":null}}
    {"seq":10,"at":"1970-01-01T00:00:00Z","event":{"type":"managers_paged","round":1,"whom":{"users":["U4"],"group":"S1"},"reason":{"because":"cannot_tell","why":"not_in_channel"},"direct":false,"deadline":null}}
    {"seq":11,"at":"1970-01-01T00:00:00Z","event":{"type":"managers_paged","round":1,"whom":{"users":["U4"],"group":"S1"},"reason":{"because":"cannot_post","why":"not_in_channel"},"direct":true,"deadline":null}}
    {"seq":12,"at":"1970-01-01T00:00:00Z","event":{"type":"managers_paged","round":1,"whom":{"users":["U4"],"group":"S1"},"reason":{"because":"no_answer"},"direct":true,"deadline":null}}
    {"seq":13,"at":"1970-01-01T00:00:00Z","event":{"type":"managers_posted","round":1,"message":{"channel":"C1","ts":"1.4"}}}
    {"seq":14,"at":"1970-01-01T00:00:00Z","event":{"type":"post_refused","posting":"root","why":"is_archived"}}
    {"seq":15,"at":"1970-01-01T00:00:00Z","event":{"type":"post_refused","posting":"page","attempt":1,"why":"is_archived"}}
    {"seq":16,"at":"1970-01-01T00:00:00Z","event":{"type":"post_refused","posting":"managers","round":1,"why":"is_archived"}}
    {"seq":17,"at":"1970-01-01T00:00:00Z","event":{"type":"acknowledged","by":"W1","via":"reaction"}}
    {"seq":18,"at":"1970-01-01T00:00:00Z","event":{"type":"acknowledged","by":"W1","via":"button"}}
    {"seq":19,"at":"1970-01-01T00:00:00Z","event":{"type":"acknowledged","by":"W1","via":"read_back"}}
    {"seq":20,"at":"1970-01-01T00:00:00Z","event":{"type":"ack_refused","by":"U6"}}
    {"seq":21,"at":"1970-01-01T00:00:00Z","event":{"type":"reported","incident":"4aq5zrpgaxkg8ytp","rotation":{"team":"T1","channel":"C1"},"url":"https://example.com/incidents/7","note":"the shop is down","reporter":"rae","first":"W1","response_url":"https://hooks.slack.com/commands/1"}}
    {"seq":22,"at":"1970-01-01T00:00:00Z","event":{"type":"managers_paged","round":1,"whom":{"users":["U4"],"group":"S1"},"reason":{"because":"on_demand","by":"U2"},"direct":false,"deadline":null}}
    {"seq":23,"at":"1970-01-01T00:00:00Z","event":{"type":"post_refused","posting":"follow_up","why":"is_archived"}}
    {"seq":24,"at":"1970-01-01T00:00:00Z","event":{"type":"schedule_shown","link":"https://example.com/shifts","day":"the weekend"}}
    {"seq":25,"at":"1970-01-01T00:00:00Z","event":{"type":"handed_over","from":"W1","by":"U4"}}
    {"seq":26,"at":"1970-01-01T00:00:00Z","event":{"type":"hunt_resumed","by":"W1"}}
    {"seq":27,"at":"1970-01-01T00:00:00Z","event":{"type":"cancelled","by":"U2"}}
    {"seq":28,"at":"1970-01-01T00:00:00Z","event":{"type":"follow_up_posted","message":{"channel":"C1","ts":"1.5"}}}
    {"seq":29,"at":"1970-01-01T00:00:00Z","event":{"type":"closed","by":"W1"}}
    {"seq":30,"at":"1970-01-01T00:00:00Z","event":{"type":"clock_put_back"}}
    {"seq":31,"at":"1970-01-01T00:00:00Z","event":{"type":"clock_put_back","deadline":"1970-01-01T00:01:00Z"}}
    {"seq":32,"at":"1970-01-01T00:00:00Z","event":{"type":"delayed","why":"limited"}}
    {"seq":33,"at":"1970-01-01T00:00:00Z","event":{"type":"delayed","why":"no_answer"}}
    {"seq":34,"at":"1970-01-01T00:00:00Z","event":{"type":"reported","incident":"4aq5zrpgaxkg8ytp","rotation":{"team":"T1","channel":"C1"},"url":"https://example.com/incidents/7","note":"the shop is down","reporter":"","machine":"Alertmanager","response_url":"https://hooks.slack.com/commands/1"}}
    {"seq":35,"at":"1970-01-01T00:00:00Z","event":{"type":"resolved"}}
    "#);
}

#[test]
fn one_of_each_verdict() {
    let date = |day| Some(Date::constant(2026, 3, day));
    let local = Time::constant(18, 5, 0, 0);
    let verdicts = [
        Verdict::Available,
        Verdict::Excluded { until: date(1), reason: Some("parental leave".to_owned()) },
        Verdict::Excluded { until: None, reason: None },
        Verdict::NotOnRoster,
        Verdict::New { until: Date::constant(2026, 3, 2) },
        Verdict::Holiday { name: "Carnival".to_owned() },
        Verdict::NotVolunteering,
        Verdict::OutsideHours { local, zone: "Europe/Lisbon".to_owned() },
        Verdict::Status { status: ":palm_tree: Faro".to_owned(), until: Some(at(60)) },
        Verdict::Status { status: "ooo".to_owned(), until: None },
        Verdict::Away,
        Verdict::SaidAway { until: at(60) },
        Verdict::DoNotDisturb { until: at(60) },
        Verdict::AskedAlready,
        Verdict::Manager,
        Verdict::Deactivated,
        Verdict::Guest,
        Verdict::Stranger,
        Verdict::Bot,
        Verdict::Unknown { why: "presence: ratelimited".to_owned() },
    ];
    let lines = verdicts.map(|verdict| serde_json::to_string(&candidate("U1", verdict)).unwrap());
    insta::assert_snapshot!(lines.join("\n"), @r#"
    {"user":"U1","verdict":"available"}
    {"user":"U1","verdict":"excluded","until":"2026-03-01","reason":"parental leave"}
    {"user":"U1","verdict":"excluded","until":null,"reason":null}
    {"user":"U1","verdict":"not_on_roster"}
    {"user":"U1","verdict":"new","until":"2026-03-02"}
    {"user":"U1","verdict":"holiday","name":"Carnival"}
    {"user":"U1","verdict":"not_volunteering"}
    {"user":"U1","verdict":"outside_hours","local":"18:05:00","zone":"Europe/Lisbon"}
    {"user":"U1","verdict":"status","status":":palm_tree: Faro","until":"1970-01-01T00:01:00Z"}
    {"user":"U1","verdict":"status","status":"ooo","until":null}
    {"user":"U1","verdict":"away"}
    {"user":"U1","verdict":"said_away","until":"1970-01-01T00:01:00Z"}
    {"user":"U1","verdict":"do_not_disturb","until":"1970-01-01T00:01:00Z"}
    {"user":"U1","verdict":"asked_already"}
    {"user":"U1","verdict":"manager"}
    {"user":"U1","verdict":"deactivated"}
    {"user":"U1","verdict":"guest"}
    {"user":"U1","verdict":"stranger"}
    {"user":"U1","verdict":"bot"}
    {"user":"U1","verdict":"unknown","why":"presence: ratelimited"}
    "#);
}

/// A candidate from before the pool was recorded is read, and whoever is not in it is written as before.
#[test]
fn whether_somebody_volunteers_is_stored_only_if_they_do() {
    let volunteer = Candidate { weekend_volunteer: true, ..candidate("U1", Verdict::Available) };
    for (stored, candidate) in [
        (r#"{"user":"U1","verdict":"available"}"#, candidate("U1", Verdict::Available)),
        (r#"{"user":"U1","verdict":"available","weekend_volunteer":true}"#, volunteer),
    ] {
        assert_eq!(serde_json::to_string(&candidate).unwrap(), stored);
        assert_eq!(serde_json::from_str::<Candidate>(stored).unwrap(), candidate);
    }
}

/// Logs from before zones were recorded are read, and where none is known they are written as before.
#[test]
fn where_a_clock_stands_is_stored_only_if_it_is_known() {
    let placed = |zone: Option<ZoneName>| Candidate { zone, ..candidate("U1", Verdict::Available) };
    let taken = |zone| Event::Acknowledged { by: "U1".into(), via: Via::Button, zone };
    let lisbon = || Some(ZoneName::new("Europe/Lisbon"));
    for (stored, candidate) in [
        (r#"{"user":"U1","verdict":"available"}"#, placed(None)),
        (r#"{"user":"U1","verdict":"available","clock":"Europe/Lisbon"}"#, placed(lisbon())),
    ] {
        assert_eq!(serde_json::to_string(&candidate).unwrap(), stored);
        assert_eq!(serde_json::from_str::<Candidate>(stored).unwrap(), candidate);
    }
    for (stored, event) in [
        (r#"{"type":"acknowledged","by":"U1","via":"button"}"#, taken(None)),
        (r#"{"type":"acknowledged","by":"U1","via":"button","zone":"Europe/Lisbon"}"#, taken(lisbon())),
    ] {
        assert_eq!(serde_json::to_string(&event).unwrap(), stored);
        assert_eq!(serde_json::from_str::<Event>(stored).unwrap(), event);
    }
}

/// Of all who are considered only the one who is asked leaves a zone in the log, and an answer repeats none.
#[test]
fn a_zone_is_recorded_once_for_whoever_is_asked() {
    let placed = |user, verdict| Candidate { zone: Some("Asia/Tokyo".into()), ..candidate(user, verdict) };
    let candidates = vec![
        placed("U1", Verdict::Unknown { why: "presence".to_owned() }),
        placed("U2", Verdict::Available),
        placed("U3", Verdict::Available),
    ];
    let mut course = Course::new(Policy::default());
    course.give(&Command::Report(report()), at(0));
    let asked = course.give(&Command::Page { candidates, managers: ManagersWhom::default() }, at(1));
    let [Event::Paged { considered, .. }] = &asked[..] else { panic!("nobody is asked: {asked:?}") };
    let zones: Vec<_> = considered.iter().map(|it| it.zone.as_ref().map(ZoneName::as_str)).collect();
    assert_eq!(zones, [None, Some("Asia/Tokyo")]);
    let recorded = |by: &str, zone: &str| {
        let zone = Some(zone.into());
        let command = Command::Acknowledge { by: by.into(), via: Via::Button, eligible: true, zone };
        match &course.clone().give(&command, at(2))[..] {
            [Event::Acknowledged { zone, .. }] => zone.clone().map(|zone| zone.to_string()),
            other => panic!("nobody is on it: {other:?}"),
        }
    };
    assert_eq!(recorded("U2", "Asia/Tokyo"), None, "the page says it");
    assert_eq!(recorded("U2", "Europe/Rome"), Some("Europe/Rome".to_owned()), "they have travelled since");
    assert_eq!(recorded("U9", "Asia/Tokyo"), Some("Asia/Tokyo".to_owned()));
}

/// Logs written before there was anybody to be asked first.
#[test]
fn a_report_without_a_first_still_reads() {
    let stored = r#"{"seq":1,"at":"1970-01-01T00:00:00Z","event":{"type":"reported","incident":"4aq5zrpgaxkg8ytp","rotation":{"team":"T1","channel":"C1"},"url":"https://example.com/incidents/7","note":"the shop is down","reporter":"rae","response_url":null}}"#;
    let event = Event::Reported(Report { response_url: None, first: None, ..report() });
    let recorded = Recorded { seq: 1, at: at(0), event };
    assert_eq!(serde_json::from_str::<Recorded>(stored).unwrap(), recorded);
    assert_eq!(serde_json::to_string(&recorded).unwrap(), stored, "and is still written so");
}

fn candidate(user: &str, verdict: Verdict) -> Candidate {
    Candidate::new(user.into(), verdict)
}

fn refused(posting: Posting) -> Event {
    Event::PostRefused { posting, why: "is_archived".to_owned() }
}

fn acknowledged(via: Via) -> Event {
    Event::Acknowledged { by: "W1".into(), via, zone: None }
}
