//! Arbitrary values of every stored kind.

use jiff::civil::{Date, Time};

use super::*;

pub(super) fn any_user() -> impl Strategy<Value = UserId> {
    (0..8_u8).prop_map(|i| UserId::new(format!("U{i}")))
}

pub(super) fn any_time() -> impl Strategy<Value = Timestamp> {
    (0..4_000_000_000_i64, 0..1_000_000_000_i32)
        .prop_map(|(seconds, nanos)| Timestamp::new(seconds, nanos).unwrap())
}

pub(super) fn any_via() -> impl Strategy<Value = Via> {
    prop_oneof![Just(Via::Reaction), Just(Via::Button), Just(Via::ReadBack)]
}

pub(super) fn any_date() -> impl Strategy<Value = Date> {
    (1990..2090_i16, 1..=12_i8, 1..=28_i8).prop_map(|(year, month, day)| Date::new(year, month, day).unwrap())
}

pub(super) fn any_verdict() -> impl Strategy<Value = Verdict> {
    let local = (0..24_i8, 0..60_i8).prop_map(|(hour, minute)| Time::new(hour, minute, 0, 0).unwrap());
    let reason = prop::option::of(".*");
    prop_oneof![
        4 => Just(Verdict::Available),
        2 => Just(Verdict::Away),
        1 => any_time().prop_map(|until| Verdict::DoNotDisturb { until }),
        1 => any_time().prop_map(|until| Verdict::SaidAway { until }),
        1 => Just(Verdict::AskedAlready),
        1 => Just(Verdict::Manager),
        1 => Just(Verdict::Deactivated),
        1 => Just(Verdict::Guest),
        1 => Just(Verdict::Stranger),
        1 => Just(Verdict::Bot),
        1 => Just(Verdict::NotOnRoster),
        1 => Just(Verdict::NotVolunteering),
        1 => (prop::option::of(any_date()), reason).prop_map(|(until, reason)| Verdict::Excluded { until, reason }),
        1 => any_date().prop_map(|until| Verdict::New { until }),
        1 => ".*".prop_map(|name| Verdict::Holiday { name }),
        1 => (local, ".*").prop_map(|(local, zone)| Verdict::OutsideHours { local, zone }),
        1 => (".*", prop::option::of(any_time())).prop_map(|(status, until)| Verdict::Status { status, until }),
        2 => ".*".prop_map(|why| Verdict::Unknown { why }),
    ]
}

fn any_zone() -> impl Strategy<Value = Option<ZoneName>> {
    prop::option::of(prop::sample::select(&["Europe/Lisbon", "Asia/Tokyo", "nowhere"][..]))
        .prop_map(|zone| zone.map(ZoneName::new))
}

pub(super) fn any_event() -> impl Strategy<Value = Event> {
    let message =
        || ("[CD][0-9]{3}", ".*").prop_map(|(c, ts)| MessageRef::new(c.as_str().into(), ts.as_str().into()));
    let candidates = || {
        let candidate = (any_user(), any_verdict(), any_zone())
            .prop_map(|(user, verdict, zone)| Candidate { zone, ..Candidate::new(user, verdict) });
        prop::collection::vec(candidate, 0..4)
    };
    let reason = prop_oneof![
        Just(ManagersReason::AttemptsUsedUp),
        candidates().prop_map(|considered| ManagersReason::NobodyAvailable { considered }),
        ".*".prop_map(|why| ManagersReason::CannotTell { why }),
        ".*".prop_map(|why| ManagersReason::CannotPost { why }),
        Just(ManagersReason::NoAnswer),
        any_user().prop_map(|by| ManagersReason::OnDemand { by }),
    ];
    let whom = (prop::collection::vec(any_user(), 0..3), prop::option::of("S[0-9]{3}"), any::<bool>());
    let whom = whom.prop_map(|(users, group, incomplete)| {
        let group = group.as_deref().map(Into::into);
        ManagersWhom { users, group, incomplete }
    });
    let posting = prop_oneof![
        Just(Posting::Root),
        any::<u32>().prop_map(|attempt| Posting::Page { attempt }),
        any::<u32>().prop_map(|round| Posting::Managers { round }),
        Just(Posting::FollowUp),
    ];
    prop_oneof![
        (".*", ".*", prop::option::of(".*"), prop::option::of(any_user()), prop::option::of(".*")).prop_map(
            |(url, note, response_url, first, machine)| {
                Event::Reported(Report { url, note, response_url, first, machine, ..report() })
            }
        ),
        message().prop_map(|message| Event::RootPosted { message }),
        (any::<u32>(), any_user(), candidates(), any_time()).prop_map(
            |(attempt, responder, considered, deadline)| Event::Paged {
                attempt,
                responder,
                considered,
                deadline
            }
        ),
        (any::<u32>(), message(), any_time())
            .prop_map(|(attempt, message, deadline)| { Event::PagePosted { attempt, message, deadline } }),
        any::<u32>().prop_map(|attempt| Event::PageTimedOut { attempt }),
        (any::<u32>(), any_user()).prop_map(|(attempt, by)| Event::Passed { attempt, by }),
        (any::<u32>(), whom, reason, any::<bool>(), prop::option::of(any_time())).prop_map(
            |(round, whom, reason, direct, deadline)| Event::ManagersPaged {
                round,
                whom,
                reason,
                direct,
                deadline
            }
        ),
        (any::<u32>(), message()).prop_map(|(round, message)| Event::ManagersPosted { round, message }),
        (posting, ".*").prop_map(|(posting, why)| Event::PostRefused { posting, why }),
        (any_user(), any_via(), any_zone()).prop_map(|(by, via, zone)| Event::Acknowledged { by, via, zone }),
        any_user().prop_map(|by| Event::AckRefused { by }),
        (".*", ".*").prop_map(|(link, day)| Event::ScheduleShown { link, day }),
        any_user().prop_map(|by| Event::HuntResumed { by }),
        (any_user(), any_user()).prop_map(|(from, by)| Event::HandedOver { from, by }),
        prop::sample::select(vec![Delay::Limited, Delay::NoAnswer]).prop_map(|why| Event::Delayed { why }),
        prop::option::of(any_time()).prop_map(|deadline| Event::ClockPutBack { deadline }),
        any_user().prop_map(|by| Event::Cancelled { by }),
        message().prop_map(|message| Event::FollowUpPosted { message }),
        any_user().prop_map(|by| Event::Closed { by }),
        Just(Event::Resolved),
    ]
}
