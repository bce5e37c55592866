//! Scenarios through the front door: the whole bot over a fake Slack, with clocks that are moved by hand.

// Everything here is a test, its helpers too: a failed unwrap is a failed test.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[allow(unreachable_pub, reason = "a test binary exports nothing")]
mod harness;

mod acknowledge;
mod browser;
mod burst;
mod crash;
mod door;
mod doubt;
mod fairness;
mod files;
mod hunt;
mod in_slack;
mod lost;
mod managers;
mod nudge_cli;
mod pass;
mod presence;
mod refusals;
mod reload;
mod replays;
mod report;
mod requests;
mod roster_import;
mod secrets;
mod unreachable;
#[allow(unreachable_pub, reason = "a test binary exports nothing")]
mod wire;
