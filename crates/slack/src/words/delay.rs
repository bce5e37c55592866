//! That Slack keeps an incident waiting, said to those who wait.

use pagerslack_core::Report;
use pagerslack_core::incident::Delay;

use super::{Said, link};

/// In the root message, while the next step takes longer than it should.
pub(super) fn delayed_step(why: Delay) -> String {
    format!(
        ":snail: {}: this takes longer than usual, and I keep trying. If it is urgent, call somebody meanwhile.",
        slow(why)
    )
}

/// To the reporter, when the message that opens the thread is on its way for too long.
pub fn delayed(why: Delay, report: &Report) -> Said {
    Said::paragraph(format!(
        ":snail: {}: your report of {} is kept, and I keep trying to announce it. If it is urgent, call somebody \
         meanwhile.",
        slow(why),
        link(&report.url)
    ))
}

fn slow(why: Delay) -> &'static str {
    match why {
        Delay::Limited => "Slack limits how fast I may work",
        Delay::NoAnswer => "Slack is slow to answer",
    }
}
