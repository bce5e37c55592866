//! Scenarios through the front door: the whole bot over a fake Slack, with clocks that are moved by hand.

#[allow(unreachable_pub, reason = "a test binary exports nothing")]
mod harness;

mod acknowledge;
mod crash;
