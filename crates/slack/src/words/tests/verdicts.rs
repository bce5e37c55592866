//! Why somebody may or may not be asked.

use pagerslack_core::Verdict;

use super::story::{at, candidate, verdicts};
use crate::words::why::{Whom, label, reason_of};
use crate::words::*;

#[test]
fn every_verdict_has_its_reason() {
    let mut all = verdicts("any <b> & ‘c’");
    all.extend([
        Verdict::Excluded { until: None, reason: None },
        Verdict::Holiday { name: String::new() },
        Verdict::Status { status: ":palm_tree:".into(), until: None },
        Verdict::DoNotDisturb { until: at(90_000) },
    ]);
    let reasons: Vec<_> = all
        .iter()
        .map(|it| {
            let now = at(0);
            format!(
                "{}\n  you are {}\n  {}\n  {}",
                reason(it, now),
                reason_of(it, now, Whom::You),
                reason_in_utc(it),
                label(it)
            )
        })
        .collect();
    insta::assert_snapshot!(reasons.join("\n"));
}

#[test]
fn a_summary_counts_people_and_not_bots() {
    let of = |verdicts: &[Verdict]| {
        summary(&verdicts.iter().map(|verdict| candidate("U1", verdict.clone())).collect::<Vec<_>>())
    };
    assert_eq!(of(&[]), "the channel has no engineers");
    assert_eq!(of(&[Verdict::Bot, Verdict::Manager]), "the channel has no engineers");
    assert_eq!(of(&[Verdict::AskedAlready, Verdict::Bot]), "the channel has no more engineers");
    assert_eq!(of(&[Verdict::Guest, Verdict::Away, Verdict::AskedAlready]), "1 away, 1 guest");
    assert_eq!(of(&[Verdict::Guest, Verdict::Guest]), "2 guests");
    insta::assert_snapshot!(of(&verdicts("x")));
}
