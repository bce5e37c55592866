//! Why somebody is or is not asked, in words (P7).
//!
//! Every reason reads on after "is" or "are": "<@U1> is away", "you are away".

use std::collections::BTreeMap;

use jiff::Timestamp;
use pagerslack_core::{Candidate, Verdict};

use super::moment::{day, in_utc, when, where_they_are};
use super::quoted;

/// Of whom a reason speaks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Whom {
    /// Somebody else than the reader.
    Them,
    /// The reader.
    You,
}

/// One verdict in a few words, for a message, as told at `now`. Slack shows instants in the reader's own zone.
pub fn reason(verdict: &Verdict, now: Timestamp) -> String {
    reason_of(verdict, now, Whom::Them)
}

/// The same, of the reader or of somebody else.
pub(super) fn reason_of(verdict: &Verdict, now: Timestamp, whom: Whom) -> String {
    described(verdict, whom, |at| when(at, now), quoted)
}

/// The same for a page outside Slack, unescaped, with instants in UTC.
pub fn reason_in_utc(verdict: &Verdict) -> String {
    described(verdict, Whom::Them, in_utc, str::to_owned)
}

/// The same with instants in the person's own zone: "in do-not-disturb until 09:00 in Lisbon". Without a zone that is
/// known, in UTC.
pub fn reason_where_they_are(verdict: &Verdict, now: Timestamp, zone: Option<&str>) -> String {
    described(verdict, Whom::Them, |at| where_they_are(at, now, zone), str::to_owned)
}

fn described(
    verdict: &Verdict,
    whom: Whom,
    moment: impl Fn(Timestamp) -> String,
    quote: impl Fn(&str) -> String,
) -> String {
    let (their, them) = if whom == Whom::You { ("your", "you") } else { ("their", "them") };
    match verdict {
        Verdict::Available => "online and may be disturbed".to_owned(),
        Verdict::Excluded { until, reason } => {
            let until =
                until.map_or_else(|| "for good".to_owned(), |until| format!("through {}", day(until)));
            let reason = reason.as_deref().filter(|reason| !reason.trim().is_empty());
            let because = reason.map_or_else(String::new, |reason| format!(" ({})", quote(reason)));
            format!("left out by the team {until}{because}")
        }
        Verdict::NotOnRoster => "not on the roster of engineers".to_owned(),
        Verdict::New { until } => format!("too new, to be asked from {} on", day(*until)),
        Verdict::Holiday { name } if name.trim().is_empty() => "off today".to_owned(),
        Verdict::Holiday { name } => format!("off today ({})", quote(name)),
        Verdict::NotVolunteering => "not a volunteer for weekends and holidays".to_owned(),
        Verdict::OutsideHours { local, zone } => {
            let local = local.strftime("%H:%M");
            format!("outside {their} working hours: it is {local} for {them} ({})", quote(zone))
        }
        Verdict::Status { status, until } => {
            let until = until.map_or_else(String::new, |until| format!(" until {}", moment(until)));
            format!("away by {their} status “{}”{until}", quote(status))
        }
        Verdict::SaidAway { until } => {
            let they = if whom == Whom::You { "you" } else { "they" };
            format!("away until {}, as {they} said", moment(*until))
        }
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

/// A kind of verdict, where many are counted: its place in a list, and what one and several are called.
type Kind = (u8, &'static str, &'static str);

fn kind(verdict: &Verdict) -> Kind {
    let same = |place, label| (place, label, label);
    match verdict {
        Verdict::Available => same(0, "available"),
        Verdict::Away => same(1, "away"),
        Verdict::DoNotDisturb { .. } => same(2, "in do-not-disturb"),
        Verdict::Status { .. } => same(3, "away by status"),
        Verdict::SaidAway { .. } => same(4, "away by their own word"),
        Verdict::OutsideHours { .. } => same(5, "outside working hours"),
        Verdict::Holiday { .. } => same(6, "off today"),
        Verdict::Excluded { .. } => same(7, "left out by the team"),
        Verdict::NotVolunteering => same(8, "not volunteering"),
        Verdict::New { .. } => same(9, "too new"),
        Verdict::NotOnRoster => same(10, "not on the roster"),
        Verdict::Guest => (11, "a guest", "guests"),
        Verdict::Stranger => same(12, "of another organisation"),
        Verdict::Deactivated => same(13, "deactivated"),
        Verdict::Unknown { .. } => same(14, "unknown to Slack"),
        Verdict::AskedAlready => same(15, "asked already"),
        Verdict::Manager => (16, "a manager", "managers"),
        Verdict::Bot => (17, "a bot", "bots"),
    }
}

/// One verdict in as few words as there are, where room is scarce.
pub(super) fn label(verdict: &Verdict) -> &'static str {
    kind(verdict).1
}

/// How many people were passed over for which reason: `12 away, 3 in do-not-disturb`. Bots are not people,
/// whoever was asked was not passed over, and managers are called next.
pub fn summary(considered: &[Candidate]) -> String {
    let passed_over = considered.iter().filter(|candidate| match candidate.verdict {
        Verdict::Bot | Verdict::Manager | Verdict::Available | Verdict::AskedAlready => false,
        Verdict::Excluded { .. }
        | Verdict::NotOnRoster
        | Verdict::New { .. }
        | Verdict::Holiday { .. }
        | Verdict::NotVolunteering
        | Verdict::OutsideHours { .. }
        | Verdict::Status { .. }
        | Verdict::SaidAway { .. }
        | Verdict::Away
        | Verdict::DoNotDisturb { .. }
        | Verdict::Deactivated
        | Verdict::Guest
        | Verdict::Stranger
        | Verdict::Unknown { .. } => true,
    });
    let said = counts(passed_over);
    if said.is_empty() {
        let anybody = considered.iter().any(|candidate| candidate.verdict == Verdict::AskedAlready);
        return if anybody { "the channel has no more engineers" } else { "the channel has no engineers" }
            .to_owned();
    }
    said
}

/// All of these people, counted by reason.
pub(super) fn counts<'a>(candidates: impl IntoIterator<Item = &'a Candidate>) -> String {
    let said = |(kind, group): (Kind, Vec<&Candidate>)| number_of(kind, group.len());
    by_kind(candidates).into_iter().map(said).collect::<Vec<_>>().join(", ")
}

/// The same, with up to `names` of each kind, and the whole reason of whoever is the only one of it.
pub(super) fn counts_with_names(candidates: &[Candidate], names: usize, now: Timestamp) -> String {
    let said = |(kind, group): (Kind, Vec<&Candidate>)| match group.as_slice() {
        [one] => format!("<@{}> {}", one.user, reason(&one.verdict, now)),
        group => {
            let mut named: Vec<String> =
                group.iter().take(names).map(|candidate| format!("<@{}>", candidate.user)).collect();
            if group.len() > names {
                named.push("…".to_owned());
            }
            format!("{} ({})", number_of(kind, group.len()), named.join(", "))
        }
    };
    by_kind(candidates).into_iter().map(said).collect::<Vec<_>>().join(", ")
}

fn by_kind<'a>(candidates: impl IntoIterator<Item = &'a Candidate>) -> BTreeMap<Kind, Vec<&'a Candidate>> {
    let mut groups: BTreeMap<Kind, Vec<&Candidate>> = BTreeMap::new();
    for candidate in candidates {
        groups.entry(kind(&candidate.verdict)).or_default().push(candidate);
    }
    groups
}

fn number_of((_, one, many): Kind, count: usize) -> String {
    match count {
        1 => format!("1 {}", one.strip_prefix("a ").unwrap_or(one)),
        count => format!("{count} {many}"),
    }
}
