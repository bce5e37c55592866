//! Scenarios through the front door: the whole bot over a fake Slack, with clocks that are moved by hand.

#[allow(unreachable_pub, reason = "a test binary exports nothing")]
mod harness;

mod report;
mod acknowledge;
mod refusals;
mod pass;
mod hunt;
mod managers;
mod crash;
mod wire;
mod browser;
