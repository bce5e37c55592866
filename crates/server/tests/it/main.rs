//! Scenarios through the front door: the whole bot over a fake Slack, with clocks that are moved by hand.

// Everything here is a test, its helpers too: a failed unwrap is a failed test.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[allow(unreachable_pub, reason = "a test binary exports nothing")]
mod harness;
#[allow(unreachable_pub, reason = "a test binary exports nothing")]
mod service;

mod acknowledge;
mod admin;
#[allow(unreachable_pub, reason = "a test binary exports nothing")]
mod api;
mod audit;
#[allow(unreachable_pub, reason = "a test binary exports nothing")]
mod browser;
mod burst;
#[allow(unreachable_pub, reason = "a test binary exports nothing")]
mod crash;
#[allow(unreachable_pub, reason = "a test binary exports nothing")]
mod dashboard;
mod demo;
mod deploy;
mod disk;
mod door;
mod doubt;
#[allow(unreachable_pub, reason = "a test binary exports nothing")]
mod emulate;
mod fairness;
mod files;
mod heartbeat;
mod hunt;
mod in_slack;
mod killed;
mod logs;
mod lost;
mod managers;
mod metrics;
mod nudge_cli;
mod outside;
mod pass;
mod presence;
mod redis_tls;
mod refusals;
mod reload;
mod replays;
mod replicas;
mod report;
mod requests;
mod roster_import;
mod secrets;
mod shutdown;
mod slow;
mod store_cli;
mod unreachable;
#[allow(unreachable_pub, reason = "a test binary exports nothing")]
mod wire;
mod workspaces;
