//! The laws of the verdict, over arbitrary teams and whatever of the facts is known.

use proptest::prelude::*;

use super::oracle::{Truth, truth};
use super::team::{Case, any_case};
use super::*;

/// How far one fact has come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    NotAsked,
    Unreadable,
    Yes,
}

const STAGES: [Known; 3] = [Known::NotAsked, Known::Unreadable, Known::Yes];

fn every_stage() -> impl Iterator<Item = [Known; 3]> {
    STAGES
        .into_iter()
        .flat_map(|a| STAGES.into_iter().flat_map(move |b| STAGES.into_iter().map(move |c| [a, b, c])))
}

fn at_stage<T>(fact: Fact<T>, stage: Known) -> Fact<T> {
    match stage {
        Known::NotAsked => Fact::NotAsked,
        Known::Unreadable => Fact::Unreadable("ratelimited".to_owned()),
        Known::Yes => fact,
    }
}

fn verdict_at(case: &Case, rules: &Rules, day: &Day, stage: [Known; 3]) -> Option<Verdict> {
    let Facts { profile, dnd, presence } = case.facts();
    let facts = Facts {
        profile: at_stage(profile, stage[0]),
        dnd: at_stage(dnd, stage[1]),
        presence: at_stage(presence, stage[2]),
    };
    rules.verdict(&"U1".into(), &facts, case.now, day)
}

fn is_no(verdict: &Option<Verdict>) -> bool {
    !matches!(verdict, None | Some(Verdict::Available | Verdict::Unknown { .. }))
}

/// Whether `later` is what `sooner` may become when more is read.
fn is_reached_from(later: [Known; 3], sooner: [Known; 3]) -> bool {
    later
        .into_iter()
        .zip(sooner)
        .all(|(later, sooner)| later == sooner || later == Known::Yes || sooner == Known::NotAsked)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// P3 and P6: with all facts there is a verdict; "available" only if nothing forbids it, "no" only if something
    /// does, and "unknown" only if it depends on what Slack does not show.
    #[test]
    fn with_all_facts_the_verdict_is_the_truth(case in any_case()) {
        let rules = case.team.rules();
        let verdict = rules.verdict(&"U1".into(), &case.facts(), case.now, &rules.day(case.now));
        let told = match &verdict {
            None => None,
            Some(Verdict::Available) => Some(Truth::Fine),
            Some(Verdict::Unknown { .. }) => Some(Truth::Depends),
            Some(_) => Some(Truth::Forbidden),
        };
        prop_assert_eq!(told, Some(truth(&case)), "{:?}", verdict);
    }

    /// P6: a "no" stays a "no", whatever else is read; so nothing unread or unreadable ever made one.
    #[test]
    fn a_no_is_never_taken_back(case in any_case()) {
        let rules = case.team.rules();
        let day = rules.day(case.now);
        let verdicts: Vec<_> = every_stage().map(|stage| (stage, verdict_at(&case, &rules, &day, stage))).collect();
        for (stage, verdict) in verdicts.iter().filter(|(_, verdict)| is_no(verdict)) {
            for (later, then) in verdicts.iter().filter(|(later, _)| is_reached_from(*later, *stage)) {
                prop_assert!(is_no(then), "{verdict:?} at {stage:?} is {then:?} at {later:?}");
            }
        }
    }

    /// There is a verdict once every fact was asked for; "available" only when all are known, and "unknown" only
    /// when all were asked for.
    #[test]
    fn a_verdict_waits_for_what_could_change_it(case in any_case()) {
        let rules = case.team.rules();
        let day = rules.day(case.now);
        for stage in every_stage() {
            let verdict = verdict_at(&case, &rules, &day, stage);
            let asked = !stage.contains(&Known::NotAsked);
            let known = stage == [Known::Yes; 3];
            prop_assert!(verdict.is_some() || !asked, "{stage:?}");
            prop_assert!(verdict != Some(Verdict::Available) || known, "{stage:?}");
            prop_assert!(!matches!(verdict, Some(Verdict::Unknown { .. })) || asked, "{stage:?}");
        }
    }

    /// Whoever may be asked by the files has a place in the queue; of whoever has none it is known why.
    #[test]
    fn whoever_is_available_has_a_place_in_the_queue(case in any_case()) {
        let rules = case.team.rules();
        let user = UserId::new("U1");
        let verdict = rules.verdict(&user, &case.facts(), case.now, &rules.day(case.now));
        let engineer = rules.is_engineer(&user, Some(&case.profile));
        if verdict == Some(Verdict::Available) {
            prop_assert_eq!(engineer, Some(true));
        }
        if let Some(before) = rules.is_engineer(&user, None) {
            let left = !matches!(case.profile.account, Account::Member);
            prop_assert!(engineer == Some(before) || left, "{before} without the profile, {engineer:?} with it");
        }
    }
}
