//! Why somebody is or is not asked, in words (P7).

use std::collections::BTreeMap;

use jiff::Timestamp;
use pagerslack_core::{Candidate, Verdict};

use crate::text::escape;

/// One verdict in a few words, for a message. Slack shows instants in the reader's own zone.
pub fn reason(verdict: &Verdict) -> String {
    described(verdict, super::channel::moment, escape)
}

/// The same for a page outside Slack, unescaped, with instants in UTC.
pub fn reason_in_utc(verdict: &Verdict) -> String {
    described(verdict, |at| at.strftime("%H:%M UTC").to_string(), str::to_owned)
}

fn described(
    verdict: &Verdict,
    moment: impl Fn(Timestamp) -> String,
    quote: impl Fn(&str) -> String,
) -> String {
    match verdict {
        Verdict::Available => "online and may be disturbed".to_owned(),
        Verdict::Away => "away".to_owned(),
        Verdict::DoNotDisturb { until } => format!("in do-not-disturb until {}", moment(*until)),
        Verdict::AskedAlready => "asked already for this incident".to_owned(),
        Verdict::Manager => "an engineering manager, who come last".to_owned(),
        Verdict::Deactivated => "deactivated".to_owned(),
        Verdict::Guest => "a guest".to_owned(),
        Verdict::Stranger => "of another organisation".to_owned(),
        Verdict::Bot => "a bot".to_owned(),
        Verdict::Unknown { why } => format!("unknown, Slack could not tell ({})", quote(why)),
    }
}

/// How many people were passed over for which reason: `12 away, 3 in do-not-disturb`. Bots are not people,
/// whoever was asked was not passed over, and managers are called next.
pub fn summary(considered: &[Candidate]) -> String {
    let mut counts: BTreeMap<(u8, &str, &str), usize> = BTreeMap::new();
    for candidate in considered {
        let kind = match &candidate.verdict {
            Verdict::Bot | Verdict::Manager | Verdict::Available | Verdict::AskedAlready => continue,
            Verdict::Away => (0, "away", "away"),
            Verdict::DoNotDisturb { .. } => (1, "in do-not-disturb", "in do-not-disturb"),
            Verdict::Guest => (2, "guest", "guests"),
            Verdict::Stranger => (3, "of another organisation", "of another organisation"),
            Verdict::Deactivated => (4, "deactivated", "deactivated"),
            Verdict::Unknown { .. } => (5, "unknown to Slack", "unknown to Slack"),
        };
        *counts.entry(kind).or_default() += 1;
    }
    if counts.is_empty() {
        let anybody = considered.iter().any(|candidate| candidate.verdict == Verdict::AskedAlready);
        return if anybody { "the channel has no more engineers" } else { "the channel has no engineers" }
            .to_owned();
    }
    let said = |((_, one, many), count)| format!("{count} {}", if count == 1 { one } else { many });
    counts.into_iter().map(said).collect::<Vec<_>>().join(", ")
}
