//! Stored forms and names.

use super::*;

const NOTICES: [Notice; 10] = [
    Notice::AckRefused,
    Notice::PassRefused,
    Notice::TakenAlready,
    Notice::WhyMe { attempt: 2 },
    Notice::NotFirst,
    Notice::HandOverRefused,
    Notice::HandOverDoubled,
    Notice::CancelRefused,
    Notice::CloseRefused,
    Notice::TooLate,
];

fn one_of_each() -> Vec<JobKind> {
    let mut kinds = vec![
        JobKind::Hunt,
        JobKind::RootDeadline,
        JobKind::PageDeadline { attempt: 1 },
        JobKind::ManagersDeadline { round: 1 },
        JobKind::ConsiderAck { by: "U1".into(), message: message("1.2"), button: true },
        JobKind::FollowUp { taken: 1 },
        JobKind::ReadBack,
        JobKind::NudgeSweep,
        JobKind::Nudge { user: "U1".into() },
        JobKind::Alert { to: "C9".to_owned(), text: "hello".to_owned() },
        JobKind::Wish { by: "U1".into(), wish: Wish::HandOver },
        JobKind::Wish { by: "U1".into(), wish: Wish::Cancel },
        JobKind::Wish { by: "U1".into(), wish: Wish::CallManagers },
        JobKind::Wish { by: "U1".into(), wish: Wish::Close },
    ];
    let url = || Some("https://example.com/incidents/7".to_owned());
    let questions = [
        Question::Top,
        Question::Position,
        Question::Why { url: url() },
        Question::Why { url: None },
        Question::Status,
        Question::Help { unknown: Some("hm".to_owned()) },
        Question::Help { unknown: None },
    ];
    let direct = || AnswerTo::Direct { channel: "D1".into() };
    let asked = |question| JobKind::Answer { user: "U1".into(), question, to: direct() };
    kinds.extend(questions.map(asked));
    let response_url = "https://hooks.slack.com/commands/1".to_owned();
    let to = AnswerTo::Command { channel: "C1".into(), response_url };
    kinds.push(JobKind::Answer { user: "U1".into(), question: Question::Top, to });
    let messages = [
        Message::Root,
        Message::RootUpdate { version: 3 },
        Message::Page { attempt: 1 },
        Message::PageUpdate { attempt: 1 },
        Message::Managers { round: 1 },
        Message::ManagersUpdate { round: 1 },
        Message::ManagerDirect { round: 1, user: "U1".into() },
        Message::Taken { taken: 1 },
        Message::Taken { taken: 2 },
        Message::HandedOver { taken: 1 },
        Message::Cancelled,
        Message::Resolved,
        Message::Delayed,
        Message::FollowUp,
        Message::FollowUpUpdate,
        Message::TellReporter { why: "not_in_channel".to_owned() },
    ];
    kinds.extend(messages.map(JobKind::Send));
    let notice = |notice| JobKind::Send(Message::Notice { user: "U1".into(), notice });
    kinds.extend(NOTICES.map(notice));
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
    follow-up/1 {"kind":"follow_up","taken":1}
    read-back {"kind":"read_back"}
    nudge-sweep {"kind":"nudge_sweep"}
    nudge/U1 {"kind":"nudge","user":"U1"}
    alert {"kind":"alert","to":"C9","text":"hello"}
    wish/hand-over/U1 {"kind":"wish","by":"U1","wish":"hand_over"}
    wish/cancel/U1 {"kind":"wish","by":"U1","wish":"cancel"}
    wish/call-managers/U1 {"kind":"wish","by":"U1","wish":"call_managers"}
    wish/close/U1 {"kind":"wish","by":"U1","wish":"close"}
    answer {"kind":"answer","user":"U1","question":{"question":"top"},"to":{"to":"direct","channel":"D1"}}
    answer {"kind":"answer","user":"U1","question":{"question":"position"},"to":{"to":"direct","channel":"D1"}}
    answer {"kind":"answer","user":"U1","question":{"question":"why","url":"https://example.com/incidents/7"},"to":{"to":"direct","channel":"D1"}}
    answer {"kind":"answer","user":"U1","question":{"question":"why","url":null},"to":{"to":"direct","channel":"D1"}}
    answer {"kind":"answer","user":"U1","question":{"question":"status"},"to":{"to":"direct","channel":"D1"}}
    answer {"kind":"answer","user":"U1","question":{"question":"help","unknown":"hm"},"to":{"to":"direct","channel":"D1"}}
    answer {"kind":"answer","user":"U1","question":{"question":"help","unknown":null},"to":{"to":"direct","channel":"D1"}}
    answer {"kind":"answer","user":"U1","question":{"question":"top"},"to":{"to":"command","channel":"C1","response_url":"https://hooks.slack.com/commands/1"}}
    send/root {"kind":"send","message":"root"}
    update/root/3 {"kind":"send","message":"root_update","version":3}
    send/page/1 {"kind":"send","message":"page","attempt":1}
    update/page/1 {"kind":"send","message":"page_update","attempt":1}
    send/managers/1 {"kind":"send","message":"managers","round":1}
    update/managers/1 {"kind":"send","message":"managers_update","round":1}
    send/manager/1/U1 {"kind":"send","message":"manager_direct","round":1,"user":"U1"}
    send/taken {"kind":"send","message":"taken","taken":1}
    send/taken/2 {"kind":"send","message":"taken","taken":2}
    send/handed-over/1 {"kind":"send","message":"handed_over","taken":1}
    send/cancelled {"kind":"send","message":"cancelled"}
    send/resolved {"kind":"send","message":"resolved"}
    send/delayed {"kind":"send","message":"delayed"}
    send/follow-up {"kind":"send","message":"follow_up"}
    update/follow-up {"kind":"send","message":"follow_up_update"}
    send/tell-reporter/not_in_channel {"kind":"send","message":"tell_reporter","why":"not_in_channel"}
    send/notice/ack-refused/U1 {"kind":"send","message":"notice","user":"U1","notice":"ack_refused"}
    send/notice/pass-refused/U1 {"kind":"send","message":"notice","user":"U1","notice":"pass_refused"}
    send/notice/taken-already/U1 {"kind":"send","message":"notice","user":"U1","notice":"taken_already"}
    send/notice/why-me/2/U1 {"kind":"send","message":"notice","user":"U1","notice":{"why_me":{"attempt":2}}}
    send/notice/not-first/U1 {"kind":"send","message":"notice","user":"U1","notice":"not_first"}
    send/notice/hand-over-refused/U1 {"kind":"send","message":"notice","user":"U1","notice":"hand_over_refused"}
    send/notice/hand-over-doubled/U1 {"kind":"send","message":"notice","user":"U1","notice":"hand_over_doubled"}
    send/notice/cancel-refused/U1 {"kind":"send","message":"notice","user":"U1","notice":"cancel_refused"}
    send/notice/close-refused/U1 {"kind":"send","message":"notice","user":"U1","notice":"close_refused"}
    send/notice/too-late/U1 {"kind":"send","message":"notice","user":"U1","notice":"too_late"}
    "#);
    let job = Job::new(&report().rotation, &report().incident, JobKind::Hunt, at(0));
    insta::assert_snapshot!(serde_json::to_string(&job).unwrap(), @r#"{"key":"4aq5zrpgaxkg8ytp/hunt","rotation":{"team":"T1","channel":"C1"},"incident":"4aq5zrpgaxkg8ytp","kind":{"kind":"hunt"},"urgency":"opening","due":"1970-01-01T00:00:00Z"}"#);
    let before = serde_json::to_string(&job).unwrap().replace(r#""urgency":"opening","#, "");
    assert_eq!(serde_json::from_str::<Job>(&before).unwrap(), job, "a job from before there was an urgency");
}

/// Jobs written before an incident could be handed over.
#[test]
fn a_taken_without_a_number_is_the_first() {
    let stored = r#"{"kind":"send","message":"taken"}"#;
    let read = serde_json::from_str::<JobKind>(stored).unwrap();
    assert_eq!(read, JobKind::Send(Message::Taken { taken: 1 }));
    let key = JobKey::of(&report().incident, &read);
    assert_eq!(short(&key), "send/taken", "so that it is known by the name under which it was stored");
}

fn any_kind() -> impl Strategy<Value = JobKind> {
    let user = || "[UW][0-9/]{0,2}".prop_map(UserId::new);
    let number = || 0..30_u32;
    let notice = prop_oneof![
        prop::sample::select(NOTICES.to_vec()),
        number().prop_map(|attempt| Notice::WhyMe { attempt }),
    ];
    let message = prop_oneof![
        Just(Message::Root),
        (0..30_u64).prop_map(|version| Message::RootUpdate { version }),
        number().prop_map(|attempt| Message::Page { attempt }),
        number().prop_map(|attempt| Message::PageUpdate { attempt }),
        number().prop_map(|round| Message::Managers { round }),
        (number(), user()).prop_map(|(round, user)| Message::ManagerDirect { round, user }),
        number().prop_map(|taken| Message::Taken { taken }),
        number().prop_map(|taken| Message::HandedOver { taken }),
        number().prop_map(|round| Message::ManagersUpdate { round }),
        prop::sample::select(vec![
            Message::Cancelled,
            Message::Resolved,
            Message::Delayed,
            Message::FollowUp,
            Message::FollowUpUpdate
        ]),
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
        1 => (user(), any_question(), any_answer_to())
            .prop_map(|(user, question, to)| JobKind::Answer { user, question, to }),
        1 => number().prop_map(|taken| JobKind::FollowUp { taken }),
        1 => Just(JobKind::ReadBack),
        1 => Just(JobKind::NudgeSweep),
        1 => user().prop_map(|user| JobKind::Nudge { user }),
        1 => (user(), prop::sample::select(vec![Wish::HandOver, Wish::Cancel, Wish::CallManagers, Wish::Close]))
            .prop_map(|(by, wish)| JobKind::Wish { by, wish }),
        1 => ("[CU][0-9]", ".*").prop_map(|(to, text)| JobKind::Alert { to, text }),
        10 => message.prop_map(JobKind::Send),
    ]
}

fn any_question() -> impl Strategy<Value = Question> {
    prop_oneof![
        prop::sample::select(vec![Question::Top, Question::Position, Question::Status]),
        prop::option::of(".*").prop_map(|url| Question::Why { url }),
        prop::option::of(".*").prop_map(|unknown| Question::Help { unknown }),
    ]
}

fn any_answer_to() -> impl Strategy<Value = AnswerTo> {
    let channel = || "[CD][0-9]".prop_map(ChannelId::new);
    prop_oneof![
        channel().prop_map(|channel| AnswerTo::Direct { channel }),
        (channel(), ".*").prop_map(|(channel, response_url)| AnswerTo::Command { channel, response_url }),
    ]
}

/// What a job is the same as: considering one person's ack is one job, wherever they reacted, and a
/// question is answered once, and the alert of an occasion is given once.
fn sameness(kind: &JobKind) -> JobKind {
    match kind {
        JobKind::ConsiderAck { by, .. } => {
            JobKind::ConsiderAck { by: by.clone(), message: message("any"), button: false }
        }
        JobKind::Answer { .. } => JobKind::Answer {
            user: "any".into(),
            question: Question::Top,
            to: AnswerTo::Direct { channel: "any".into() },
        },
        JobKind::Alert { .. } => JobKind::Alert { to: String::new(), text: String::new() },
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
