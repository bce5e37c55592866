//! Scenarios through the front door: the whole bot over a fake Slack, with clocks that are moved by hand.

// Everything here is a test, its helpers too: a failed unwrap is a failed test.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[allow(unreachable_pub, reason = "a test binary exports nothing")]
mod harness;

mod report;
mod acknowledge;
mod refusals;
mod pass;
mod hunt;
mod managers;
mod unreachable;
mod fairness;
mod presence;
mod lost;
mod doubt;
mod requests;
mod crash;
mod wire;
mod browser;
