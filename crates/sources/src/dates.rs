//! Dates as spreadsheets write them.
//!
//! `3/4/2026` is a day in March to some and in April to others. Which it is follows from the other dates of the
//! column, or is said; it is never guessed row by row.

use jiff::ToSpan;
use jiff::civil::{Date, date};

/// Which number of `3/4/2026` is the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateOrder {
    /// The first: 3 April.
    DayFirst,
    /// The second: 4 March.
    MonthFirst,
}

/// How the dates of a column are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Every date of the form shows or allows this order.
    Known(DateOrder),
    /// No date shows one.
    Unknown,
    /// Some dates show the one, some the other.
    Mixed,
}

impl Order {
    /// As it was said, or else as the dates of the column show it.
    pub(crate) fn of<'a>(said: Option<DateOrder>, column: impl Iterator<Item = &'a str>) -> Self {
        if let Some(order) = said {
            return Self::Known(order);
        }
        let (mut day_first, mut month_first) = (false, false);
        for (first, second, _) in column.filter_map(|text| numbers(day_only(text))) {
            day_first |= first > 12 && second <= 12;
            month_first |= second > 12 && first <= 12;
        }
        match (day_first, month_first) {
            (true, true) => Self::Mixed,
            (true, false) => Self::Known(DateOrder::DayFirst),
            (false, true) => Self::Known(DateOrder::MonthFirst),
            (false, false) => Self::Unknown,
        }
    }

    /// The date that a cell says.
    ///
    /// # Errors
    /// A sentence on why it says none, or not which.
    pub(crate) fn read(self, text: &str) -> Result<Date, String> {
        let day = day_only(text);
        let no_date = || format!("{text:?} is no date: write it as 2026-03-01");
        if let Some((first, second, year)) = numbers(day) {
            return self.numbered(text, first, second, year);
        }
        let found = year_first(day).or_else(|| dotted(day)).or_else(|| named(day)).or_else(|| serial(day));
        let found = found.ok_or_else(|| match year_of_two_digits(day) {
            true => format!("{text:?} has a year of two digits: write all four"),
            false => no_date(),
        })?;
        let (year, month, day) = found;
        let read = date_of(year, month, day).ok_or_else(no_date)?;
        if (1950..2100).contains(&read.year()) { Ok(read) } else { Err(no_date()) }
    }

    fn numbered(self, text: &str, first: i16, second: i16, year: i16) -> Result<Date, String> {
        let day_first = date_of(year, second, first);
        let month_first = date_of(year, first, second);
        let read = match (self, day_first, month_first) {
            (Self::Known(DateOrder::DayFirst), found, _) | (Self::Known(DateOrder::MonthFirst), _, found) => {
                found
            }
            // Only one of the two is a date, or both are the same.
            (_, Some(found), None) | (_, None, Some(found)) => Some(found),
            (_, Some(one), Some(other)) if one == other => Some(one),
            (_, None, None) => None,
            (order, Some(one), Some(other)) => {
                let why = match order {
                    Self::Mixed => "the column has dates of both kinds",
                    _ => "no date of the column shows which",
                };
                return Err(format!(
                    "{text:?} may be {one} or {other}, and {why}: say --dates dmy or --dates mdy"
                ));
            }
        };
        read.filter(|read| (1950..2100).contains(&read.year())).ok_or_else(|| match self {
            Self::Known(DateOrder::DayFirst) => format!("{text:?} is no date with the day first"),
            Self::Known(DateOrder::MonthFirst) => format!("{text:?} is no date with the month first"),
            Self::Unknown | Self::Mixed => format!("{text:?} is no date: write it as 2026-03-01"),
        })
    }
}

fn date_of(year: i16, month: i16, day: i16) -> Option<Date> {
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

/// Without a time of the day behind it, as databases write it.
fn day_only(text: &str) -> &str {
    let text = text.trim();
    let end = text.find([' ', 'T']).filter(|end| {
        text.get(end + 1..)
            .is_some_and(|rest| rest.contains(':') && rest.starts_with(|it: char| it.is_ascii_digit()))
    });
    end.and_then(|end| text.get(..end)).unwrap_or(text)
}

/// A number of at most so many digits.
fn number(text: &str, digits: usize) -> Option<i16> {
    let fits = (1..=digits).contains(&text.len()) && text.bytes().all(|it| it.is_ascii_digit());
    if fits { text.parse().ok() } else { None }
}

fn three<'a>(text: &'a str, separators: &[char]) -> Option<[&'a str; 3]> {
    let separator = text.chars().find(|it| separators.contains(it))?;
    let mut parts = text.split(separator);
    let three = [parts.next()?, parts.next()?, parts.next()?];
    parts.next().is_none().then_some(three)
}

/// `31/12/2025`, `12-31-2025`: two numbers in either order, and the year.
fn numbers(text: &str) -> Option<(i16, i16, i16)> {
    let [first, second, year] = three(text, &['/', '-'])?;
    Some((number(first, 2)?, number(second, 2)?, number(year, 4).filter(|_| year.len() == 4)?))
}

/// `2025-12-31`, `2025/12/31`, `2025.12.31`.
fn year_first(text: &str) -> Option<(i16, i16, i16)> {
    let [year, month, day] = three(text, &['/', '-', '.'])?;
    Some((number(year, 4).filter(|_| year.len() == 4)?, number(month, 2)?, number(day, 2)?))
}

/// `31.12.2025`: with dots the day always comes first.
fn dotted(text: &str) -> Option<(i16, i16, i16)> {
    let [day, month, year] = three(text, &['.'])?;
    Some((number(year, 4).filter(|_| year.len() == 4)?, number(month, 2)?, number(day, 2)?))
}

fn year_of_two_digits(text: &str) -> bool {
    three(text, &['/', '-', '.']).is_some_and(|parts| parts.iter().all(|part| number(part, 2).is_some()))
}

/// `5 Jan 2024`, `Jan 5, 2024`, `5-Jan-2024`, `January 5th 2024`, and with the weekday before it.
fn named(text: &str) -> Option<(i16, i16, i16)> {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let (mut day, mut month, mut year) = (None, None, None);
    let words = text.split(|it: char| it.is_whitespace() || matches!(it, ',' | '-' | '/' | '.'));
    for (index, word) in words.filter(|word| !word.is_empty()).enumerate() {
        let word = word.to_lowercase();
        let digits = word.trim_end_matches(|it: char| it.is_ascii_alphabetic());
        let ordinal = matches!(word.get(digits.len()..), Some("" | "st" | "nd" | "rd" | "th"));
        let place = match MONTHS.iter().position(|name| word.len() >= 3 && name.starts_with(&word)) {
            Some(at) if month.is_none() => {
                month = i16::try_from(at + 1).ok();
                continue;
            }
            None if word == "sept" && month.is_none() => {
                month = Some(9);
                continue;
            }
            Some(_) => return None,
            None if index == 0 && is_weekday(&word) => continue,
            None if digits.len() == 4 && digits.len() == word.len() => &mut year,
            None if ordinal => &mut day,
            None => return None,
        };
        if place.is_some() {
            return None;
        }
        *place = Some(number(digits, 4)?);
    }
    Some((year?, month?, day?))
}

fn is_weekday(word: &str) -> bool {
    const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    word.len() >= 3 && DAYS.iter().any(|day| day.starts_with(word))
}

/// Excel's count of days, in which 1 is 1 January 1900 and 1900 has a 29 February.
fn serial(text: &str) -> Option<(i16, i16, i16)> {
    let whole = text.strip_suffix(".0").unwrap_or(text);
    let days =
        whole.parse::<i64>().ok().filter(|days| whole.len() == 5 && (18_264..73_051).contains(days))?;
    let found = date(1899, 12, 30).checked_add(days.days()).ok()?;
    Some((found.year(), found.month().into(), found.day().into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(order: Order, text: &str, expected: &str) {
        let told = order.read(text).map_or_else(|what| what, |date| date.to_string());
        assert_eq!(told, expected, "{text:?} {order:?}");
    }

    #[test]
    fn dates_that_say_what_they_are() {
        for text in [
            "2024-01-05",
            "2024/1/5",
            "2024.01.05",
            "2024-01-05T00:00:00Z",
            "2024-01-05 13:45:00",
            "5 Jan 2024",
            "Jan 5, 2024",
            "5-Jan-2024",
            "January 5th, 2024",
            "Fri, 5 January 2024",
            "5.1.2024",
            "05.01.2024",
            "45296",
            "45296.0",
        ] {
            check(Order::Unknown, text, "2024-01-05");
        }
        check(Order::Unknown, "9 Sept 2024", "2024-09-09");
        check(Order::Unknown, "31/12/2025", "2025-12-31");
        check(Order::Unknown, "12/31/2025", "2025-12-31");
        check(Order::Unknown, "5/5/2025", "2025-05-05");
        check(Order::Unknown, "31/12/2025 08:00", "2025-12-31");
    }

    #[test]
    fn the_column_shows_the_order() {
        let of = |column: &[&str]| Order::of(None, column.iter().copied());
        assert_eq!(of(&["3/4/2025", "", "31/12/2025"]), Order::Known(DateOrder::DayFirst));
        assert_eq!(of(&["3/4/2025", "12-31-2025"]), Order::Known(DateOrder::MonthFirst));
        assert_eq!(of(&["3/4/2025", "2025-12-31"]), Order::Unknown);
        assert_eq!(of(&["31/12/2025", "12/31/2025"]), Order::Mixed);
        assert_eq!(
            Order::of(Some(DateOrder::DayFirst), ["12/31/2025"].into_iter()),
            Order::Known(DateOrder::DayFirst)
        );
        check(Order::Known(DateOrder::DayFirst), "3/4/2025", "2025-04-03");
        check(Order::Known(DateOrder::MonthFirst), "3/4/2025", "2025-03-04");
    }

    #[test]
    fn what_cannot_be_told_is_refused_with_the_reason() {
        let say = "say --dates dmy or --dates mdy";
        let both = "\"3/4/2025\" may be 2025-04-03 or 2025-03-04, and";
        check(Order::Unknown, "3/4/2025", &format!("{both} no date of the column shows which: {say}"));
        check(Order::Mixed, "3/4/2025", &format!("{both} the column has dates of both kinds: {say}"));
        check(Order::Mixed, "31/12/2025", "2025-12-31");
        check(
            Order::Known(DateOrder::DayFirst),
            "12/31/2025",
            "\"12/31/2025\" is no date with the day first",
        );
        check(
            Order::Known(DateOrder::MonthFirst),
            "31/12/2025",
            "\"31/12/2025\" is no date with the month first",
        );
        check(Order::Unknown, "3/4/25", "\"3/4/25\" has a year of two digits: write all four");
        for text in
            ["soon", "2025-13-01", "30/2/2025", "Jan 2025", "1 2 2025", "May Jun 2025", "12", "0005-01-02"]
        {
            check(Order::Unknown, text, &format!("{text:?} is no date: write it as 2026-03-01"));
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[0-9a-zA-Z/. ,é:-]{0,16}", any: String) {
            for order in [Order::Unknown, Order::Mixed, Order::Known(DateOrder::DayFirst)] {
                let _ = (order.read(&text), order.read(&any));
            }
        }
    }
}
