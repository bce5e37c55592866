//! Working hours with 12-hour clocks and words, as spreadsheets have them: `9am to 5:30 PM` is `9:00-17:30`.

/// The same in the words of the file. What is none is left for the strict reader to refuse.
pub(super) fn hours(text: &str) -> String {
    let lower = text.to_lowercase().replace("a.m.", "am").replace("p.m.", "pm");
    let lower = lower.replace(" to ", "-").replace(" and ", "; ").replace(" & ", "; ");
    let mut written = String::with_capacity(lower.len());
    let mut rest = lower.as_str();
    while let Some(next) = rest.chars().next() {
        let (time, after) = leading_time(rest);
        if let Some((hour, minute, afternoon, after)) = twelve_hours(time, after) {
            written.push_str(&format!("{:02}:{minute:02}", hour % 12 + if afternoon { 12 } else { 0 }));
            rest = after;
        } else {
            let length = if time.is_empty() { next.len_utf8() } else { time.len() };
            let (copied, after) = rest.split_at(length);
            written.push_str(copied);
            rest = after;
        }
    }
    if written == lower { text.to_owned() } else { written }
}

/// The digits and colons at the beginning, and what follows them.
fn leading_time(text: &str) -> (&str, &str) {
    text.split_at(text.find(|it: char| !it.is_ascii_digit() && it != ':').unwrap_or(text.len()))
}

/// `9`, `pm…` or `9:30`, ` pm…`: the hour, the minute, whether it is after noon, and what follows.
fn twelve_hours<'a>(time: &str, after: &'a str) -> Option<(u8, u8, bool, &'a str)> {
    let (hour, minute) = time.split_once(':').unwrap_or((time, "0"));
    let (hour, minute) = (hour.parse::<u8>().ok()?, minute.parse::<u8>().ok()?);
    let mark = after.trim_start_matches(' ');
    let (afternoon, after) = match (mark.strip_prefix("am"), mark.strip_prefix("pm")) {
        (Some(after), _) => (false, after),
        (_, Some(after)) => (true, after),
        _ => return None,
    };
    let ends = !after.starts_with(char::is_alphanumeric);
    ((1..=12).contains(&hour) && minute < 60 && ends).then_some((hour, minute, afternoon, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twelve_hours_become_twenty_four() {
        for (text, expected) in [
            ("9am-5pm", "09:00-17:00"),
            ("9:30 AM – 5:30 p.m.", "09:30 – 17:30"),
            ("9am to 5pm", "09:00-17:00"),
            ("Mon-Fri 12am-12pm", "mon-fri 00:00-12:00"),
            ("9am-12pm and 1pm-5pm", "09:00-12:00; 13:00-17:00"),
            ("09:00-17:30", "09:00-17:30"),
            ("Mon-Fri 9-17", "Mon-Fri 9-17"),
            ("13pm", "13pm"),
            ("9 ambles", "9 ambles"),
            ("é9pm", "é21:00"),
        ] {
            assert_eq!(hours(text), expected, "{text:?}");
        }
    }
}
