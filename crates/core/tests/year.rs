//! P5 over a simulated year: two hundred people in twelve zones, two thousand incidents.
//!
//! The simulation is the bench's, which prints its table; it needs nothing but the rules.

#[path = "../../bench/src/year/course.rs"]
mod course;
#[path = "../../bench/src/year/table.rs"]
mod table;
#[path = "../../bench/src/year/team.rs"]
mod team;

use course::{Year, play};
use table::{Group, groups, worst_spread};
use team::Kind;

/// One year shows it all, and takes its time; the bench plays others.
#[test]
fn a_year_of_two_hundred_people_is_shared_fairly() {
    let year = play(1, 2_000);
    let groups = groups(&year);
    let table = table::text(&groups);
    println!("{table}");
    is_a_year_worth_looking_at(&year, &groups);
    assert!(worst_spread(&groups) <= 1, "of those who answer whenever asked and only then\n{table}");
    volunteers_are_asked_less_and_never_more(&groups);
}

fn is_a_year_worth_looking_at(year: &Year, groups: &[Group]) {
    assert_eq!((year.team.people.len(), year.incidents), (200, 2_000));
    assert!(year.overlap > 5, "incidents overlap");
    assert!(year.asked.len() > 2_200, "many are asked in vain");
    assert!(groups.iter().all(|group| group.asked.0 > 0), "everybody is asked");
    let unasked =
        |kind| groups.iter().filter(|group| group.kind == kind).map(|group| group.unasked).sum::<usize>();
    assert!(unasked(Kind::Eager) > 100 && unasked(Kind::Late) > 0, "some answer what they are not asked");
    assert_eq!(unasked(Kind::Asked) + unasked(Kind::New) + unasked(Kind::Weekends), 0);
}

/// Of the same zone, who answers without being asked is asked less; and so is, on working days, who volunteers for
/// weekends. In all, the latter depends on how much falls on weekends and how many share it.
fn volunteers_are_asked_less_and_never_more(groups: &[Group]) {
    for asked in groups.iter().filter(|group| group.kind == Kind::Asked) {
        for other in groups.iter().filter(|group| group.place == asked.place) {
            match other.kind {
                Kind::Eager => assert!(other.asked.1 <= asked.asked.0, "zone {}", asked.place),
                Kind::Weekends => {
                    assert!(other.on_working_days.1 <= asked.on_working_days.0, "zone {}", asked.place)
                }
                _ => {}
            }
        }
    }
}
