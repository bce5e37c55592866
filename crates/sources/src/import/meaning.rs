//! What the cells of a spreadsheet mean, in the words of `oncall.csv`.
//!
//! Whatever has more than one meaning has none here: it is refused with what to write instead. What is passed on
//! is still read strictly, as if a person had typed it into the file.

use std::collections::HashMap;

use super::hours::hours;
use crate::columns::Field;
use crate::oncall::fold::fold;
use crate::oncall::{countries, zones};

/// Abbreviations of time zones, which are nobody's standard, and the zones that they are used for.
const ABBREVIATIONS: &[(&str, &[&str])] = &[
    ("acst", &["Australia/Adelaide", "Australia/Darwin"]),
    ("aedt", &["Australia/Sydney"]),
    ("aest", &["Australia/Sydney", "Australia/Brisbane"]),
    ("ast", &["America/Halifax", "America/Puerto_Rico", "Asia/Riyadh"]),
    ("awst", &["Australia/Perth"]),
    ("brt", &["America/Sao_Paulo"]),
    ("bst", &["Europe/London", "Asia/Dhaka"]),
    ("cdt", &["America/Chicago", "America/Havana"]),
    ("cest", &["CET"]),
    ("cst", &["America/Chicago", "America/Costa_Rica", "Asia/Shanghai"]),
    ("edt", &["America/New_York"]),
    ("eest", &["EET"]),
    ("est", &["America/New_York", "America/Panama"]),
    ("hkt", &["Asia/Hong_Kong"]),
    ("hst", &["Pacific/Honolulu"]),
    ("ist", &["Asia/Kolkata", "Asia/Jerusalem", "Europe/Dublin"]),
    ("jst", &["Asia/Tokyo"]),
    ("kst", &["Asia/Seoul"]),
    ("mdt", &["America/Denver"]),
    ("msk", &["Europe/Moscow"]),
    ("mst", &["America/Denver", "America/Phoenix"]),
    ("nzdt", &["Pacific/Auckland"]),
    ("nzst", &["Pacific/Auckland"]),
    ("pdt", &["America/Los_Angeles"]),
    ("pst", &["America/Los_Angeles", "Asia/Manila"]),
    ("sast", &["Africa/Johannesburg"]),
    ("sgt", &["Asia/Singapore"]),
    ("west", &["WET"]),
    ("eastern time us canada", &["America/New_York"]),
    ("central time us canada", &["America/Chicago"]),
    ("mountain time us canada", &["America/Denver"]),
    ("pacific time us canada", &["America/Los_Angeles"]),
];

/// Offsets that no `Etc/GMT±h` has, and a zone that keeps them at least for a part of the year.
const ODD_OFFSETS: &[(i32, &str)] = &[
    (-570, "Pacific/Marquesas"),
    (-210, "America/St_Johns"),
    (210, "Asia/Tehran"),
    (270, "Asia/Kabul"),
    (330, "Asia/Kolkata"),
    (345, "Asia/Kathmandu"),
    (390, "Asia/Yangon"),
    (525, "Australia/Eucla"),
    (570, "Australia/Adelaide"),
    (630, "Australia/Lord_Howe"),
    (765, "Pacific/Chatham"),
];

/// Reads cells, and remembers the time zones it has made out.
#[derive(Debug, Default)]
pub(crate) struct Meanings {
    zones: HashMap<String, Result<String, String>>,
}

impl Meanings {
    /// The text that the file has for a cell. Cells are trimmed.
    ///
    /// # Errors
    /// A sentence on why it cannot be told.
    pub(crate) fn of(&mut self, field: Field, text: &str) -> Result<String, String> {
        if let Some(formula) = failed_formula(text) {
            return Err(format!("a formula of the spreadsheet failed here: {formula}"));
        }
        if matches!(field, Field::Name | Field::Notes) {
            return Ok(text.to_owned());
        }
        if matches!(text.to_lowercase().as_str(), "" | "n/a" | "na" | "none" | "null" | "-" | "–" | "—")
            && !is_namibia(field, text)
        {
            // A weekday's blank cell would mean the usual hours.
            let off = matches!(field, Field::Weekday(_)) && !text.is_empty();
            return Ok(if off { "off" } else { "" }.to_owned());
        }
        match field {
            Field::SlackId => Ok(slack_id(text)),
            Field::Email => Ok(email(text).to_lowercase()),
            Field::Role => role(text).map(str::to_owned),
            Field::TimeZone => {
                let found = self.zones.get(text).cloned().unwrap_or_else(|| zone(text));
                if !self.zones.contains_key(text) {
                    self.zones.insert(text.to_owned(), found.clone());
                }
                found
            }
            Field::Country => Ok(country(text)),
            Field::WorkingHours | Field::Weekday(_) => Ok(hours(text)),
            Field::WeekendVolunteer => flag(text).map(|yes| if yes { "yes" } else { "no" }.to_owned()),
            _ => Ok(text.to_owned()),
        }
    }
}

fn is_namibia(field: Field, text: &str) -> bool {
    field == Field::Country && text == "NA"
}

/// What a spreadsheet writes where a formula has no value.
fn failed_formula(text: &str) -> Option<&str> {
    let known = ["#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!", "#ERROR!", "#SPILL!"];
    known.contains(&text).then_some(text)
}

/// Takes a mention (`<@U012AB|ann>`), a profile's address, or small letters.
fn slack_id(text: &str) -> String {
    let inner = text.strip_prefix("<@").and_then(|it| it.strip_suffix('>')).unwrap_or(text);
    let inner = inner.split('|').next().unwrap_or(inner);
    let inner = if inner.starts_with("https://") { inner.rsplit('/').next().unwrap_or(inner) } else { inner };
    // Ids have both; names of people rarely have digits.
    let like_one = inner.len() >= 7 && inner.contains(|it: char| it.is_ascii_digit());
    if like_one { inner.to_uppercase() } else { inner.to_owned() }
}

/// Takes `Ann Lee <ann@example.com>` and `mailto:ann@example.com`.
fn email(text: &str) -> &str {
    let inner = text.rsplit_once('<').and_then(|(_, rest)| rest.strip_suffix('>')).unwrap_or(text);
    inner.strip_prefix("mailto:").unwrap_or(inner)
}

/// Yes or no, in the languages of the headers.
pub(crate) fn flag(text: &str) -> Result<bool, String> {
    match fold(text).as_str() {
        "yes" | "y" | "true" | "1" | "x" | "ja" | "oui" | "si" | "sim" | "volunteer" => Ok(true),
        "no" | "n" | "false" | "0" | "nein" | "non" | "nao" => Ok(false),
        "" if matches!(text, "✓" | "✔" | "✔️" | "✅" | "☑") => Ok(true),
        "" if matches!(text, "" | "-" | "–" | "—" | "✗" | "✘" | "❌" | "☐") => Ok(false),
        _ => Err(format!("{text:?} is neither yes nor no")),
    }
}

/// Engineer, manager or neither, from those words or from a job's title.
fn role(text: &str) -> Result<&'static str, String> {
    let title = fold(text);
    let words: Vec<&str> = title.split(' ').collect();
    let any = |known: &[&str]| words.iter().any(|word| known.contains(word));
    let of_engineers = any(&[
        "engineering",
        "development",
        "technology",
        "infrastructure",
        "sre",
        "backend",
        "frontend",
        "fullstack",
        "software",
        "platform",
    ]);
    match title.as_str() {
        "engineer" | "manager" | "neither" | "em" | "cto" => {
            return Ok(match title.as_str() {
                "engineer" => "engineer",
                "neither" => "neither",
                _ => "manager",
            });
        }
        _ => {}
    }
    let leads = any(&["manager", "director", "head", "vp", "president", "chief"]);
    let other = any(&[
        "product",
        "project",
        "program",
        "programme",
        "account",
        "sales",
        "marketing",
        "office",
        "community",
        "hr",
        "people",
        "finance",
    ]);
    match (leads, of_engineers, other) {
        (true, true, false) => Ok("manager"),
        (true, false, true) => Ok("neither"),
        (true, _, _) => Err(unclear(text)),
        (false, _, _)
            if any(&[
                "engineer",
                "developer",
                "programmer",
                "sre",
                "devops",
                "architect",
                "ingenieur",
                "ingeniero",
                "ingeniera",
                "entwickler",
                "entwicklerin",
                "desarrollador",
                "desarrolladora",
                "developpeur",
                "developpeuse",
            ]) =>
        {
            Ok("engineer")
        }
        (false, _, _)
            if any(&["designer", "recruiter", "accountant", "lawyer", "counsel", "writer", "assistant"]) =>
        {
            Ok("neither")
        }
        _ => Err(unclear(text)),
    }
}

fn unclear(text: &str) -> String {
    format!(
        "{text:?} may be an engineer, a manager or neither: write which (or leave the column out with --map role=)"
    )
}

/// A code, the name of a country, or `Lisbon, Portugal`. What is none is left for the strict reader to refuse.
fn country(text: &str) -> String {
    let last = text.rsplit(',').next().unwrap_or(text).trim();
    let found =
        [text, last].into_iter().find_map(|it| countries::of_code(it).or_else(|| countries::of_name(it)));
    found.unwrap_or(text).to_owned()
}

/// The IANA name of a zone that is written in another way. What is none is left for the strict reader to refuse.
fn zone(text: &str) -> Result<String, String> {
    let folded = fold(text);
    if let Some((_, names)) = ABBREVIATIONS.iter().find(|(known, _)| *known == folded) {
        return match names {
            [name] => Ok((*name).to_owned()),
            names => Err(format!("the time zone {text:?} may be {}: write which", either(names))),
        };
    }
    if let Some(known) = zones::named(text) {
        return Ok(known.iana_name().unwrap_or(text).to_owned());
    }
    if let Some(minutes) = offset(text) {
        return fixed(text, minutes);
    }
    // `(GMT+01:00) Lisbon` and `Europe/Lisbon (WET)`: what stands beside the parentheses says more.
    let outside = match (text.find('('), text.find(')')) {
        (Some(open), Some(close)) if open < close => {
            format!("{} {}", text.get(..open).unwrap_or(""), text.get(close + 1..).unwrap_or(""))
                .trim()
                .to_owned()
        }
        _ => text.to_owned(),
    };
    if outside != text && !outside.is_empty() {
        return zone(&outside);
    }
    // `Lisbon, Portugal`, `Lisbon / Porto`.
    let city = text.split([',', ';']).next().unwrap_or(text).trim();
    let found = zones::of_city(text).or_else(|| zones::of_city(city));
    Ok(found.unwrap_or(text).to_owned())
}

/// The minutes of `GMT+1`, `UTC+05:30`, `+0200`.
fn offset(text: &str) -> Option<i32> {
    let plain: String = text
        .chars()
        .filter(|it| !it.is_whitespace())
        .collect::<String>()
        .to_lowercase()
        .replace(['−', '–'], "-");
    let plain = plain.strip_prefix("utc").or(plain.strip_prefix("gmt")).unwrap_or(&plain);
    let (sign, digits) = match plain.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) = match digits.split_once(':') {
        Some(parts) => parts,
        None if digits.len() == 4 => digits.split_at_checked(2)?,
        None => (digits, "0"),
    };
    let number = |text: &str| (1..=2).contains(&text.len()).then(|| text.parse::<u8>().ok())?;
    let (hours, minutes) = (i32::from(number(hours)?), i32::from(number(minutes)?));
    (hours <= 14 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

/// The zone of a fixed offset, whose sign is turned around in the IANA names.
fn fixed(text: &str, minutes: i32) -> Result<String, String> {
    if minutes == 0 {
        return Ok("UTC".to_owned());
    }
    if minutes % 60 == 0 && (-12..=14).contains(&(minutes / 60)) {
        return Ok(format!("Etc/GMT{:+}", -minutes / 60));
    }
    let city = ODD_OFFSETS.iter().find(|(odd, _)| *odd == minutes);
    let hint = city
        .map_or_else(|| "write for example Europe/Lisbon".to_owned(), |(_, name)| format!("is it {name}?"));
    Err(format!("the offset {text:?} is no time zone of its own ({hint})"))
}

fn either(names: &[&str]) -> String {
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => names.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(field: Field, cases: &[(&str, &str)]) {
        for (text, expected) in cases {
            let told = Meanings::default().of(field, text).unwrap_or_else(|what| what);
            assert_eq!(told, *expected, "{text:?}");
        }
    }

    #[test]
    fn time_zones_by_city_offset_and_abbreviation() {
        check(
            Field::TimeZone,
            &[
                ("Europe/lisbon", "Europe/Lisbon"),
                ("Lisbon", "Europe/Lisbon"),
                ("Lisbon, Portugal", "Europe/Lisbon"),
                ("(GMT+01:00) Lisbon", "Europe/Lisbon"),
                ("Europe/Lisbon (WET)", "Europe/Lisbon"),
                ("(UTC-05:00) Eastern Time (US & Canada)", "America/New_York"),
                ("GMT+1", "Etc/GMT-1"),
                ("UTC -8", "Etc/GMT+8"),
                ("UTC+00:00", "UTC"),
                ("+0200", "Etc/GMT-2"),
                ("JST", "Asia/Tokyo"),
                ("CET", "CET"),
                ("CEST", "CET"),
                ("PST", "the time zone \"PST\" may be America/Los_Angeles or Asia/Manila: write which"),
                (
                    "IST",
                    "the time zone \"IST\" may be Asia/Kolkata, Asia/Jerusalem or Europe/Dublin: write which",
                ),
                ("UTC+05:30", "the offset \"UTC+05:30\" is no time zone of its own (is it Asia/Kolkata?)"),
                (
                    "GMT+1:15",
                    "the offset \"GMT+1:15\" is no time zone of its own (write for example Europe/Lisbon)",
                ),
                ("Atlantis", "Atlantis"),
                ("n/a", ""),
            ],
        );
    }

    #[test]
    fn roles_by_title() {
        let unclear = |text: &str| unclear(text);
        check(
            Field::Role,
            &[
                ("Engineer", "engineer"),
                ("Senior Backend Engineer", "engineer"),
                ("Staff SRE", "engineer"),
                ("Tech Lead / Developer", "engineer"),
                ("Engineering Manager", "manager"),
                ("Manager, Backend Engineering", "manager"),
                ("Director of Engineering", "manager"),
                ("EM", "manager"),
                ("Product Manager", "neither"),
                ("UX Designer", "neither"),
                ("General Manager", &unclear("General Manager")),
                ("Wizard", &unclear("Wizard")),
            ],
        );
    }

    #[test]
    fn countries_ids_addresses_and_ticks() {
        check(
            Field::Country,
            &[("pt", "PT"), ("Portugal", "PT"), ("Lisbon, Portugal", "PT"), ("NA", "NA"), ("Mars", "Mars")],
        );
        check(
            Field::SlackId,
            &[
                ("<@U012AB3CD|ann>", "U012AB3CD"),
                ("u012ab3cd", "U012AB3CD"),
                ("https://x.slack.com/team/U012AB3CD", "U012AB3CD"),
                ("@ann", "@ann"),
            ],
        );
        check(Field::Email, &[("Ann <a@x.org>", "a@x.org"), ("mailto:a@x.org", "a@x.org")]);
        check(
            Field::WeekendVolunteer,
            &[
                ("Sí", "yes"),
                ("✓", "yes"),
                ("Y", "yes"),
                ("Nein", "no"),
                ("", ""),
                ("maybe", "\"maybe\" is neither yes nor no"),
            ],
        );
        check(
            Field::Team,
            &[("#N/A", "a formula of the spreadsheet failed here: #N/A"), ("n/a", ""), ("Verify", "Verify")],
        );
        check(Field::Weekday(0), &[("", ""), ("-", "off"), ("9-17", "9-17")]);
    }
}
