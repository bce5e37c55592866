//! Everything about Slack, from outside: the client over a fake Slack, the directory, Socket Mode over real
//! sockets, and all of it against Slack's published fixtures.

// Everything here is a test, its helpers too: a failed unwrap is a failed test.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod asked_once;
mod client;
mod directory;
mod documented;
mod examples;
mod fake;
mod inbound;
mod manifest;
mod socket_mode;
