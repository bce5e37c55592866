//! Times as pages say them: in UTC, until the script puts them into the reader's own zone.

use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};
use pagerslack_slack::words::spoken;

/// Within this time of each other a time of day alone is unambiguous, whatever the reader's zone.
const SAME_DAY: SignedDuration = SignedDuration::from_hours(12);

/// When something was: the time of day, and the day where it is another.
pub(super) fn moment(at: Timestamp, now: Timestamp) -> Markup {
    let near = at.duration_since(now).abs() < SAME_DAY;
    let form = if near { "%H:%M UTC" } else { "%-d %b %H:%M UTC" };
    html! {
        time datetime=(at) data-moment=(if near { "time" } else { "day" }) { (at.strftime(form)) }
    }
}

/// The same to the second, for a timeline.
pub(super) fn exact(at: Timestamp) -> Markup {
    html! { time datetime=(at) data-moment="exact" { (at.strftime("%-d %b %H:%M:%S UTC")) } }
}

/// How long ago something was.
pub(super) fn ago(at: Timestamp, now: Timestamp) -> Markup {
    html! { time datetime=(at) { (spoken(rounded(now.duration_since(at)))) " ago" } }
}

/// How long somebody has left; the script counts down.
pub(super) fn left(until: Timestamp, now: Timestamp) -> Markup {
    let left = until.duration_since(now);
    html! {
        span.left data-until=(until.as_second()) {
            @if left > SignedDuration::ZERO { (spoken(left)) " left" } @else { "time is up" }
        }
    }
}

/// Of what lies hours back the minutes are enough, and of minutes the seconds are not needed either.
fn rounded(duration: SignedDuration) -> SignedDuration {
    let seconds = duration.as_secs().max(0);
    SignedDuration::from_secs(if seconds < 60 { seconds } else { seconds - seconds % 60 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_say_as_much_as_is_needed() {
        let now: Timestamp = "2026-11-24T12:00:00Z".parse().unwrap();
        let at = |seconds: i64| now + SignedDuration::from_secs(seconds);
        assert!(moment(at(-60), now).into_string().ends_with(">11:59 UTC</time>"));
        assert!(moment(at(-86_400), now).into_string().ends_with(">23 Nov 12:00 UTC</time>"));
        assert!(ago(at(-95), now).into_string().ends_with(">1 min ago</time>"));
        assert!(ago(at(-5), now).into_string().ends_with(">5 s ago</time>"));
        assert!(left(at(95), now).into_string().ends_with(">1 min 35 s left</span>"));
        assert!(left(at(-1), now).into_string().ends_with(">time is up</span>"));
    }
}
