//! Everything the fake Slack promises, told as stories; one binary, to link once.

#![allow(
    clippy::unwrap_used,
    reason = "a failed unwrap here is a failed test, in functions beside tests too"
)]

mod support;

mod acting;
mod conformance;
mod deliveries;
mod faults;
mod installing;
mod loopback;
mod messages;
mod people;
mod refusals;
mod socket_mode;
