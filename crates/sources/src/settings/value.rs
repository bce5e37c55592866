//! One value at a time: what TOML may hold for a key, and what it must be when it is not that.
//!
//! An error continues the key's name: `must be a number from 1 to 100, not 0`.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use crate::fault::nearest;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, SpanFieldwise, Unit};
use pagerslack_core::{ChannelId, UserGroupId, UserId, calendar};
use toml::de::DeValue;
use url::Url;

use super::{HeartbeatUrl, RedisUrl, StoreLocation};

/// A value as it is quoted in a sentence: short, on one line, and never a token.
pub(super) fn shown(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => quoted(text),
        DeValue::Integer(number) => number.to_string(),
        DeValue::Float(number) => number.to_string(),
        DeValue::Boolean(truth) => truth.to_string(),
        DeValue::Datetime(date) => date.to_string(),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}

/// An address without what stands before its host to let one in: `redis://…@host`.
pub(super) fn without_credentials(text: &str) -> String {
    // Up to the last `@`: a password may hold a slash that nobody has written as %2F.
    match text.split_once("://").and_then(|(scheme, rest)| Some((scheme, rest.rsplit_once('@')?.1))) {
        Some((scheme, host)) => format!("{scheme}://…@{host}"),
        None => text.to_owned(),
    }
}

fn quoted(text: &str) -> String {
    const LONGEST: usize = 60;
    let lower = text.trim().to_ascii_lowercase();
    if lower.starts_with("xox") || lower.starts_with("xapp-") {
        return "a token".to_owned();
    }
    let text = &without_credentials(text);
    let mut short: String = text.chars().take(LONGEST).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    format!("{short:?}")
}

/// Text.
pub(super) fn text(value: &DeValue<'_>) -> Result<String, String> {
    value.as_str().map(str::to_owned).ok_or_else(|| format!("must be text in quotes, not {}", shown(value)))
}

/// Text of which `read` makes something; else it must be `wanted`.
fn of_text<T>(value: &DeValue<'_>, wanted: &str, read: impl FnOnce(&str) -> Option<T>) -> Result<T, String> {
    value
        .as_str()
        .and_then(|text| read(text.trim()))
        .ok_or_else(|| format!("must be {wanted}, not {}", shown(value)))
}

/// Text that may be left empty, which says "none".
pub(super) fn optional<T>(
    read: impl Fn(&DeValue<'_>) -> Result<T, String>,
) -> impl Fn(&DeValue<'_>) -> Result<Option<T>, String> {
    move |value| match value.as_str() {
        Some(text) if text.trim().is_empty() => Ok(None),
        _ => read(value).map(Some),
    }
}

/// `true` or `false`.
pub(super) fn flag(value: &DeValue<'_>) -> Result<bool, String> {
    value.as_bool().ok_or_else(|| format!("must be true or false, not {}", shown(value)))
}

/// A whole number within bounds.
pub(super) fn number(bounds: RangeInclusive<u32>) -> impl Fn(&DeValue<'_>) -> Result<u32, String> {
    move |value| {
        let number = value
            .as_integer()
            .and_then(|number| u32::from_str_radix(number.as_str(), number.radix()).ok())
            .filter(|number| bounds.contains(number));
        let (least, most) = (bounds.start(), bounds.end());
        number.ok_or_else(|| format!("must be a whole number from {least} to {most}, not {}", shown(value)))
    }
}

/// A length of time within bounds, a day counting as 24 hours.
pub(super) fn duration(
    bounds: RangeInclusive<SignedDuration>,
) -> impl Fn(&DeValue<'_>) -> Result<SignedDuration, String> {
    move |value| {
        let parse = |text: &str| {
            let span: Span = text.parse().ok()?;
            (span.get_months() == 0 && span.get_years() == 0)
                .then(|| span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).ok())?
        };
        let length = of_text(value, "a length of time such as \"2 min\"", parse)?;
        if bounds.contains(&length) {
            return Ok(length);
        }
        let (least, most) = (told(*bounds.start()), told(*bounds.end()));
        Err(format!("must lie between {least} and {most}, not be {}", shown(value)))
    }
}

/// How long a process that stops goes on answering.
pub(super) fn shutdown_drain(value: &DeValue<'_>) -> Result<SignedDuration, String> {
    duration(SignedDuration::ZERO..=SignedDuration::from_mins(1))(value)
}

/// A bound, as people would write it.
fn told(length: SignedDuration) -> String {
    match length.as_hours() {
        hours if hours > 24 => format!("{} days", hours / 24),
        _ => format!("{length:#}"),
    }
}

/// A number of days, weeks, months and years.
pub(super) fn tenure(value: &DeValue<'_>) -> Result<SpanFieldwise, String> {
    let parse = |text: &str| {
        let span: Span = text.parse().ok()?;
        let days = |span: Span| span.total((Unit::Day, jiff::civil::date(2000, 1, 1))).ok();
        let in_days = span.get_hours() == 0
            && span.get_minutes() == 0
            && span.get_seconds() == 0
            && span.get_milliseconds() == 0
            && span.get_microseconds() == 0
            && span.get_nanoseconds() == 0;
        let sensible = in_days && !span.is_negative() && days(span)? <= days(Span::new().years(100))?;
        sensible.then_some(span.fieldwise())
    };
    of_text(value, "a time in days, weeks, months or years such as \"3 months\"", parse)
}

/// An IANA time zone.
pub(super) fn zone(value: &DeValue<'_>) -> Result<TimeZone, String> {
    of_text(value, "an IANA time zone such as \"Europe/Lisbon\" or \"UTC\"", calendar::zone)
}

/// A day of the week.
pub(super) fn weekday(value: &DeValue<'_>) -> Result<Weekday, String> {
    const NAMES: [(&str, Weekday); 7] = [
        ("monday", Weekday::Monday),
        ("tuesday", Weekday::Tuesday),
        ("wednesday", Weekday::Wednesday),
        ("thursday", Weekday::Thursday),
        ("friday", Weekday::Friday),
        ("saturday", Weekday::Saturday),
        ("sunday", Weekday::Sunday),
    ];
    one_of(value, &NAMES)
}

/// One of a few words.
pub(super) fn one_of<T: Copy>(value: &DeValue<'_>, words: &[(&str, T)]) -> Result<T, String> {
    let names = || words.iter().map(|(name, _)| *name);
    let wanted = match value.as_str().and_then(|text| nearest(text, names())) {
        Some(near) => format!("{near:?}"),
        None => format!("one of {}", names().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ")),
    };
    let find =
        |text: &str| words.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)).map(|(_, word)| *word);
    of_text(value, &wanted, find)
}

/// An address on the web, which people are shown.
pub(super) fn link(value: &DeValue<'_>) -> Result<String, String> {
    of_text(value, "an address that begins with https:// or http://", |text| {
        let url = Url::parse(text).ok()?;
        // Reading a URL overlooks line breaks, tabs and other control characters; Slack does not.
        let foreign = |it: char| it.is_control() || it.is_whitespace() || matches!(it, '<' | '>' | '|');
        (matches!(url.scheme(), "https" | "http") && url.has_host() && !text.contains(foreign))
            .then(|| text.to_owned())
    })
}

/// An id of Slack's, which begins with one of these letters.
fn id(text: &str, letters: &[char]) -> bool {
    text.len() >= 2
        && text.starts_with(letters)
        && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

/// A person's Slack id.
pub(super) fn user(value: &DeValue<'_>) -> Result<UserId, String> {
    let wanted = "a Slack user id such as \"U012AB3CD\" (in the profile: ⋮, Copy member ID)";
    of_text(value, wanted, |text| id(text, &['U', 'W']).then(|| UserId::new(text)))
}

/// A channel's id.
pub(super) fn channel(value: &DeValue<'_>) -> Result<ChannelId, String> {
    let wanted = "a channel's id such as \"C012AB3CD\" (at the end of the channel's details)";
    of_text(value, wanted, |text| id(text, &['C', 'G']).then(|| ChannelId::new(text)))
}

/// A user group's id.
pub(super) fn group(value: &DeValue<'_>) -> Result<UserGroupId, String> {
    let wanted = "a user group's id such as \"S012AB3CD\"";
    of_text(value, wanted, |text| id(text, &['S']).then(|| UserGroupId::new(text)))
}

/// A person or a channel.
pub(super) fn addressee(value: &DeValue<'_>) -> Result<String, String> {
    let wanted = "the id of a person (U…) or of a channel (C…)";
    of_text(value, wanted, |text| {
        // With the workspace before it, where there are many.
        let (team, whom) = text.split_once('/').unwrap_or(("T0", text));
        (id(team, &['T']) && id(whom, &['U', 'W', 'C', 'G'])).then(|| text.to_owned())
    })
}

/// A person, with the workspace before them where there are many.
pub(super) fn person(value: &DeValue<'_>) -> Result<String, String> {
    of_text(value, "the id of a person (U…), or T…/U… where there are many workspaces", |text| {
        let (team, whom) = text.split_once('/').unwrap_or(("T0", text));
        (id(team, &['T']) && id(whom, &['U', 'W'])).then(|| text.to_owned())
    })
}

/// Where this bot is reached from outside: an address without a path.
pub(super) fn base_url(value: &DeValue<'_>) -> Result<Url, String> {
    let wanted =
        "an address without a path, such as \"https://pager.example.com\" (http:// on this machine only)";
    of_text(value, wanted, |text| {
        let url = Url::parse(text).ok()?;
        let safe = url.scheme() == "https" || (url.scheme() == "http" && super::is_loopback(&url));
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        (safe && bare && url.username().is_empty() && url.password().is_none()).then_some(url)
    })
}

/// An e-mail address, roughly: Slack is the judge.
pub(super) fn email(value: &DeValue<'_>) -> Result<String, String> {
    of_text(value, "an e-mail address", |text| {
        let (name, domain) = text.split_once('@')?;
        let plain = |part: &str| !part.is_empty() && !part.contains(['@', ' ', '<', '>', ',', ';']);
        (plain(name) && plain(domain)).then(|| text.to_owned())
    })
}

/// The name of an emoji, with or without its colons.
pub(super) fn emoji(value: &DeValue<'_>) -> Result<String, String> {
    of_text(value, "the name of an emoji such as \"palm_tree\"", |text| {
        let name = text.trim_matches(':').to_lowercase();
        (!name.is_empty() && !name.contains([' ', ':'])).then_some(name)
    })
}

/// Words that a status may contain.
pub(super) fn phrase(value: &DeValue<'_>) -> Result<String, String> {
    of_text(value, "a word or a few", |text| (!text.is_empty()).then(|| text.to_lowercase()))
}

/// A slash command.
pub(super) fn command(value: &DeValue<'_>) -> Result<String, String> {
    of_text(value, "a slash command such as \"/devoncall\"", |text| {
        let name = text.strip_prefix('/')?;
        (!name.is_empty() && !name.contains([' ', '/'])).then(|| text.to_owned())
    })
}

/// An address and a port to listen on.
pub(super) fn listen(value: &DeValue<'_>) -> Result<SocketAddr, String> {
    let wanted = "an address and a port such as \"127.0.0.1:8080\"";
    of_text(value, wanted, |text| text.parse().ok())
}

/// Where incidents are kept.
pub(super) fn store(value: &DeValue<'_>) -> Result<StoreLocation, String> {
    let wanted =
        "sqlite:PATH, for example \"sqlite:pagerslack.db\", or an address such as \"redis://localhost:6379\"";
    of_text(value, wanted, |text| {
        if let Some(url) = RedisUrl::read(text) {
            return Some(StoreLocation::Redis(url));
        }
        let path = text.strip_prefix("sqlite:")?;
        let path = path.strip_prefix("//").unwrap_or(path);
        (!path.is_empty()).then(|| StoreLocation::Sqlite(PathBuf::from(path)))
    })
}

/// The Web API's address, with a slash at its end.
pub(super) fn api_url(value: &DeValue<'_>) -> Result<Url, String> {
    of_text(value, "an address that begins with https:// (http:// only on this machine)", |text| {
        let with_slash = if text.ends_with('/') { text.to_owned() } else { format!("{text}/") };
        let url = Url::parse(&with_slash).ok()?;
        let loopback = match url.host()? {
            url::Host::Domain(domain) => domain == "localhost",
            url::Host::Ipv4(address) => address.is_loopback(),
            url::Host::Ipv6(address) => address.is_loopback(),
        };
        // Methods are put behind it, which must not land in a query or a fragment.
        if url.query().is_some() || url.fragment().is_some() {
            return None;
        }
        // A name and a password would stand beside the token, and in every place that shows the address.
        if !url.username().is_empty() || url.password().is_some() {
            return None;
        }
        // The bot token travels with every call, so it travels encrypted or not at all (P8).
        (url.scheme() == "https" || (url.scheme() == "http" && loopback)).then_some(url)
    })
}

/// The name of a webhook, of which the name of a variable is made.
pub(super) fn of_webhook(value: &DeValue<'_>, longest: usize) -> Result<String, String> {
    let wanted = format!("a name of 1 to {longest} small letters, digits and dashes");
    of_text(value, &wanted, |text| {
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        ((1..=longest).contains(&text.len()) && text.bytes().all(is_plain)).then(|| text.to_owned())
    })
}

/// Where a heartbeat goes. What stands there instead is not quoted: it may be a secret.
pub(super) fn heartbeat_url(value: &DeValue<'_>) -> Result<HeartbeatUrl, String> {
    let read = |text: &str| {
        let url = Url::parse(text.trim()).ok()?;
        (matches!(url.scheme(), "https" | "http") && url.has_host()).then_some(HeartbeatUrl(url))
    };
    value
        .as_str()
        .and_then(read)
        .ok_or_else(|| "must be an address that begins with https:// or http://".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Given an address that holds a token, then neither it nor a fault ever shows the token (P8).
    #[test]
    fn where_a_heartbeat_goes_is_a_secret() {
        let read = |text: &str| heartbeat_url(&DeValue::String(text.into()));
        let url = read(" https://beat.example/ping/s3cret?key=s3cret ").unwrap();
        assert_eq!(url.expose(), "https://beat.example/ping/s3cret?key=s3cret");
        assert_eq!(format!("{url} {url:?}"), "https://beat.example/… HeartbeatUrl(https://beat.example/…)");
        for wrong in ["beat.example/s3cret", "ftp://beat.example/s3cret", "https://"] {
            let told = read(wrong).map(|_| ()).unwrap_err();
            assert_eq!(told, "must be an address that begins with https:// or http://", "{wrong}");
        }
    }

    /// Found by the fuzz targets: a method put behind such an address would have been a part of its fragment.
    #[test]
    fn the_api_address_ends_with_a_path() {
        let read = |text: &str| api_url(&DeValue::String(text.into())).ok().map(|url| url.to_string());
        assert_eq!(read("https://slack.example/api").as_deref(), Some("https://slack.example/api/"));
        for odd in ["https://slack.example/api#x", "https://slack.example/api?x=", "http://slack.example/"] {
            assert_eq!(read(odd), None, "{odd}");
        }
        assert_eq!(read("https://name:password@slack.example/"), None);
    }

    #[test]
    fn what_lets_one_in_is_not_quoted() {
        for secret in [
            "xoxb-hunter2",
            " XOXB-hunter2",
            "xapp-hunter2",
            "mysql://:hunter2@cache.example/0",
            "mysql://default:hunter2@cache.example",
            "mysqls://default:hun/ter2@cache.example",
            "https://hunter2@slack.example/",
        ] {
            let told = store(&DeValue::String(secret.into())).unwrap_err();
            assert!(!told.contains("ter2"), "{told}");
        }
        for shown in ["redis://:hunter2@cache.example/0", "rediss://default:hun/ter2@cache.example?x=hunter2"]
        {
            let shown = format!("{:?}", store(&DeValue::String(shown.into())).unwrap());
            assert!(shown.contains("@cache.example") && !shown.contains("ter2"), "{shown}");
        }
        for harmless in ["mysql://cache.example/0", "ana@example.com", "pagerslack.db"] {
            let told = store(&DeValue::String(harmless.into())).unwrap_err();
            assert!(told.contains(harmless), "{told}");
        }
    }

    /// Found by the fuzz targets: what reads URLs overlooks control characters, and the text was taken as it was.
    #[test]
    fn a_link_is_on_one_line_and_nothing_but_a_link() {
        let read = |text: &str| link(&DeValue::String(text.into())).ok();
        assert_eq!(read(" https://s.example/x?a=b#c ").as_deref(), Some("https://s.example/x?a=b#c"));
        for foreign in
            ["\u{2}https://s.example", "https://s.example/\n*all*", "https://s.ex\tample", "https://s|x"]
        {
            assert_eq!(read(foreign), None, "{foreign:?}");
        }
    }
}
