//! Stored forms and names.

use super::*;

fn one_of_each() -> Vec<JobKind> {
    let mut kinds = vec![
        JobKind::Hunt,
        JobKind::RootDeadline,
        JobKind::PageDeadline { attempt: 1 },
        JobKind::ManagersDeadline { round: 1 },
        JobKind::ConsiderAck { by: "U1".into(), message: message("1.2"), button: true },
        JobKind::Answer { channel: "D1".into(), text: "hello".to_owned() },
    ];
    let notice = |notice| Message::Notice { user: "U1".into(), notice };
    let messages = [
        Message::Root,
        Message::RootUpdate { version: 3 },
        Message::Page { attempt: 1 },
        Message::PageUpdate { attempt: 1 },
        Message::Managers { round: 1 },
        Message::ManagerDirect { round: 1, user: "U1".into() },
        Message::Taken,
        notice(Notice::AckRefused),
        notice(Notice::PassRefused),
        notice(Notice::TakenAlready),
        Message::TellReporter { why: "not_in_channel".to_owned() },
    ];
    kinds.extend(messages.map(JobKind::Send));
    kinds
}

/// Jobs and their names outlive a restart and an upgrade, and the names stand in Slack's messages: what
/// is here may be added to, not changed.
#[test]
fn one_of_each_job() {
    let stored = |kind: JobKind| {
        let job = Job::new(&report().rotation, &report().incident, kind, at(0));
        let kind = serde_json::to_string(&job.kind).unwrap();
        format!("{} {kind}", short(&job.key))
    };
    let lines: Vec<_> = one_of_each().into_iter().map(stored).collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    hunt {"kind":"hunt"}
    deadline/root {"kind":"root_deadline"}
    deadline/page/1 {"kind":"page_deadline","attempt":1}
    deadline/managers/1 {"kind":"managers_deadline","round":1}
    consider-ack/U1 {"kind":"consider_ack","by":"U1","message":{"channel":"C1","ts":"1.2"},"button":true}
    answer {"kind":"answer","channel":"D1","text":"hello"}
    send/root {"kind":"send","message":"root"}
    update/root/3 {"kind":"send","message":"root_update","version":3}
    send/page/1 {"kind":"send","message":"page","attempt":1}
    update/page/1 {"kind":"send","message":"page_update","attempt":1}
    send/managers/1 {"kind":"send","message":"managers","round":1}
    send/manager/1/U1 {"kind":"send","message":"manager_direct","round":1,"user":"U1"}
    send/taken {"kind":"send","message":"taken"}
    send/notice/ack-refused/U1 {"kind":"send","message":"notice","user":"U1","notice":"ack_refused"}
    send/notice/pass-refused/U1 {"kind":"send","message":"notice","user":"U1","notice":"pass_refused"}
    send/notice/taken-already/U1 {"kind":"send","message":"notice","user":"U1","notice":"taken_already"}
    send/tell-reporter/not_in_channel {"kind":"send","message":"tell_reporter","why":"not_in_channel"}
    "#);
    let job = Job::new(&report().rotation, &report().incident, JobKind::Hunt, at(0));
    insta::assert_snapshot!(serde_json::to_string(&job).unwrap(), @r#"{"key":"4aq5zrpgaxkg8ytp/hunt","rotation":{"team":"T1","channel":"C1"},"incident":"4aq5zrpgaxkg8ytp","kind":{"kind":"hunt"},"urgency":"opening","due":"1970-01-01T00:00:00Z"}"#);
    let before = serde_json::to_string(&job).unwrap().replace(r#""urgency":"opening","#, "");
    assert_eq!(serde_json::from_str::<Job>(&before).unwrap(), job, "a job from before there was an urgency");
}

fn any_kind() -> impl Strategy<Value = JobKind> {
    let user = || "[UW][0-9/]{0,2}".prop_map(UserId::new);
    let number = || 0..30_u32;
    let notice = prop::sample::select(vec![Notice::AckRefused, Notice::PassRefused, Notice::TakenAlready]);
    let message = prop_oneof![
        Just(Message::Root),
        (0..30_u64).prop_map(|version| Message::RootUpdate { version }),
        number().prop_map(|attempt| Message::Page { attempt }),
        number().prop_map(|attempt| Message::PageUpdate { attempt }),
        number().prop_map(|round| Message::Managers { round }),
        (number(), user()).prop_map(|(round, user)| Message::ManagerDirect { round, user }),
        Just(Message::Taken),
        (user(), notice).prop_map(|(user, notice)| Message::Notice { user, notice }),
        "[a-z/]{0,2}|.*".prop_map(|why| Message::TellReporter { why }),
    ];
    prop_oneof![
        1 => Just(JobKind::Hunt),
        1 => Just(JobKind::RootDeadline),
        1 => number().prop_map(|attempt| JobKind::PageDeadline { attempt }),
        1 => number().prop_map(|round| JobKind::ManagersDeadline { round }),
        1 => (user(), "[0-9]{2}", any::<bool>()).prop_map(|(by, ts, button)| JobKind::ConsiderAck {
            by,
            message: super::message(&ts),
            button,
        }),
        1 => ".*".prop_map(|text| JobKind::Answer { channel: "D1".into(), text }),
        10 => message.prop_map(JobKind::Send),
    ]
}

/// What a job is the same as: considering one person's ack is one job, wherever they reacted, and a
/// message is answered once.
fn sameness(kind: &JobKind) -> JobKind {
    match kind {
        JobKind::ConsiderAck { by, .. } => {
            JobKind::ConsiderAck { by: by.clone(), message: message("any"), button: false }
        }
        JobKind::Answer { .. } => JobKind::Answer { channel: "any".into(), text: String::new() },
        other => other.clone(),
    }
}

proptest! {
    #[test]
    fn a_stored_job_reads_back_as_it_was(kind in any_kind(), seconds in 0..4_000_000_000_i64) {
        let job = Job::new(&report().rotation, &report().incident, kind, at(seconds));
        let stored = serde_json::to_string(&job).unwrap();
        prop_assert_eq!(serde_json::from_str::<Job>(&stored).unwrap(), job);
    }

    #[test]
    fn different_jobs_have_different_names(kinds in prop::collection::vec(any_kind(), 2..60)) {
        let rotation = report().rotation;
        let incidents = ["1.2", "1.3"].map(|request| IncidentId::derive(&rotation, request));
        for one in &kinds {
            for other in &kinds {
                let same = sameness(one) == sameness(other);
                prop_assert_eq!(JobKey::of(&incidents[0], one) == JobKey::of(&incidents[0], other), same);
                prop_assert_ne!(JobKey::of(&incidents[0], one), JobKey::of(&incidents[1], other));
            }
        }
    }
}

/// In a storm the channel's posts do not suffice for all: who is woken comes before what is announced, and
/// everything else last.
#[test]
fn whoever_is_to_be_woken_comes_first() {
    let of = |urgency: Urgency| {
        let names = one_of_each().into_iter().filter(|kind| kind.urgency() == urgency).map(|kind| {
            let job = Job::new(&report().rotation, &report().incident, kind, at(0));
            short(&job.key).to_owned()
        });
        names.collect::<Vec<_>>()
    };
    let page = of(Urgency::Page);
    for name in ["send/page/1", "send/managers/1", "send/manager/1/U1", "consider-ack/U1", "deadline/page/1"]
    {
        assert!(page.iter().any(|other| other == name), "{name}: {page:?}");
    }
    assert_eq!(of(Urgency::Opening), ["hunt", "send/root"]);
    assert!(of(Urgency::Courtesy).iter().all(|name| !name.starts_with("deadline/")));
    assert!(Urgency::ALL.is_sorted() && Urgency::ALL.iter().map(|urgency| urgency.rank()).eq(0..4));
    assert!(Urgency::ALL.iter().all(|urgency| Urgency::of_rank(urgency.rank()) == Some(*urgency)));
}
