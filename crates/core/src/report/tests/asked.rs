//! Who was asked and how it ended for them; who of those who answer is a manager.

use super::*;

/// `who@hour:end` of everybody asked, and who answered.
fn check(events: impl IntoIterator<Item = (i64, Event)>, expected: &str) {
    let row = row(&log(events)).unwrap();
    let mut told: Vec<String> = row
        .asked
        .iter()
        .map(|asked| {
            let hour = asked.local_hour.map_or("?".to_owned(), |hour| hour.to_string());
            format!("{}@{hour}:{}", asked.user, asked.end.name())
        })
        .collect();
    if let Some(by) = &row.acknowledged_by {
        told.push(format!("{}{by}", if row.by_manager { "manager " } else { "by " }));
    }
    assert_eq!(told.join(" "), expected);
}

#[test]
fn each_end_of_being_asked() {
    let ana = || [(0, reported()), (1, paged(1, "ana", false)), (2, posted(1))];
    let then = |events: &[(i64, Event)]| ana().into_iter().chain(events.to_vec()).collect::<Vec<_>>();
    check(ana(), "ana@15:open");
    check(then(&[(9, acknowledged("ana"))]), "ana@15:answered by ana");
    check(then(&[(9, acknowledged("bo"))]), "ana@15:relieved by bo");
    check(then(&[(9, Event::Cancelled { by: "rae".into() })]), "ana@15:relieved");
    let timed_out = || vec![(121, Event::PageTimedOut { attempt: 1 })];
    check(then(&timed_out()), "ana@15:timed_out");
    let late = [timed_out(), vec![(122, paged(2, "bo", false)), (130, acknowledged("ana"))]].concat();
    check(then(&late), "ana@15:timed_out bo@15:relieved by ana");
    let passed = [(9, Event::Passed { attempt: 1, by: "ana".into() }), (10, managers())];
    check(then(&passed), "ana@15:passed");
    let over = [
        (9, acknowledged("ana")),
        (50, Event::HandedOver { from: "ana".into(), by: "ana".into() }),
        (51, paged(2, "bo", false)),
        (60, acknowledged("bo")),
        (70, Event::Closed { by: "bo".into() }),
    ];
    check(then(&over), "ana@15:handed_over bo@15:answered by ana");
    let of_another =
        [(9, acknowledged("cy")), (50, Event::HandedOver { from: "cy".into(), by: "max".into() })];
    check(then(&of_another), "ana@15:relieved by cy");
}

#[test]
fn an_hour_in_no_known_place_is_not_known() {
    let mut asked = paged(1, "ana", false);
    if let Event::Paged { considered, .. } = &mut asked {
        considered.iter_mut().for_each(|it| it.zone = Some("Atlantis/Poseidonis".into()));
    }
    check([(0, reported()), (1, asked)], "ana@?:open");
}

#[test]
fn a_manager_is_known_by_their_page() {
    let paged_managers = || vec![(0, reported()), (1, managers())];
    let and = |event| [paged_managers(), vec![(9, event)]].concat();
    check(and(acknowledged("max")), "manager max");
    check(and(acknowledged("ana")), "by ana");
    let before = [(0, reported()), (1, acknowledged("max"))];
    check(before, "by max");
    let group = Event::ManagersPaged {
        round: 1,
        whom: ManagersWhom { users: vec![], group: Some("S1".into()), incomplete: true },
        reason: ManagersReason::AttemptsUsedUp,
        direct: false,
        deadline: None,
    };
    let ana_and_group =
        [(0, reported()), (1, paged(1, "ana", false)), (121, Event::PageTimedOut { attempt: 1 })];
    let then = |by| ana_and_group.iter().cloned().chain([(122, group.clone()), (130, acknowledged(by))]);
    check(then("max"), "ana@15:timed_out manager max");
    check(then("ana"), "ana@15:timed_out by ana");
}

/// Where their page says it already the zone is not said again, and where it says another it is.
#[test]
fn the_zone_of_an_answer_is_that_of_the_page_or_its_own() {
    let asked = [(0, reported()), (1, paged(1, "ana", false))];
    let answered = |zone: Option<&str>| {
        let zone = zone.map(ZoneName::new);
        let event = Event::Acknowledged { by: "ana".into(), via: Via::Button, zone };
        let row = row(&log(asked.iter().cloned().chain([(9, event)]))).unwrap();
        (row.acknowledged_zone.map(|zone| zone.to_string()), row.acknowledged_local_hour)
    };
    assert_eq!(answered(None), (Some("Asia/Tokyo".to_owned()), Some(15)));
    assert_eq!(answered(Some("Europe/Lisbon")), (Some("Europe/Lisbon".to_owned()), Some(6)));
}
