//! Logs: JSON lines where a machine reads them, plain text on a terminal.
//!
//! Invariant (P8): whatever the operator asks for, only our own crates log in detail. Others would print what passes
//! through them: headers with tokens, the address of a WebSocket with its ticket.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::{self, MakeWriter};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

/// What is logged unless the operator says otherwise.
const USUALLY: &str = "info";

/// How the names of our own crates begin. Each is looked after by the test that searches the log for secrets.
const OURS: [&str; 2] = ["pagerslack", "slack_sim"];

/// What anybody else's crate may say at most.
const OF_OTHERS: LevelFilter = LevelFilter::WARN;

/// Starts logging to standard error (for commands whose output is their answer) or standard output (for
/// `serve`, whose output is its log).
pub(crate) fn start(filter: Option<&str>, to_stdout: bool) {
    let started = if to_stdout {
        let terminal = std::io::stdout().is_terminal();
        subscriber(filter, terminal, std::io::stdout).try_init()
    } else {
        let terminal = std::io::stderr().is_terminal();
        subscriber(filter, terminal, std::io::stderr).try_init()
    };
    if started.is_err() {
        tracing::debug!("logging was started before");
    }
}

fn subscriber<W>(
    filter: Option<&str>,
    terminal: bool,
    writer: W,
) -> impl tracing::Subscriber + Send + Sync + 'static
where
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    let wanted = EnvFilter::try_new(filter.unwrap_or(USUALLY)).unwrap_or_else(|_| EnvFilter::new(USUALLY));
    let lines = if terminal { plain(writer) } else { json(writer) };
    tracing_subscriber::registry().with(allowed()).with(wanted).with(lines)
}

fn plain<S, W>(writer: W) -> Box<dyn Layer<S> + Send + Sync>
where
    S: tracing::Subscriber + for<'span> LookupSpan<'span>,
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    fmt::layer().with_target(false).with_writer(writer).boxed()
}

/// One object a line, its fields beside each other: docs/LOGGING.md has each. Spans are not used.
fn json<S, W>(writer: W) -> Box<dyn Layer<S> + Send + Sync>
where
    S: tracing::Subscriber + for<'span> LookupSpan<'span>,
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    let lines = fmt::layer().json().flatten_event(true).with_current_span(false).with_span_list(false);
    lines.with_writer(writer).boxed()
}

/// An allowlist, so that a crate that joins the tree tomorrow is covered too.
fn allowed() -> Targets {
    Targets::new().with_default(OF_OTHERS).with_targets(OURS.map(|name| (name, LevelFilter::TRACE)))
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What is written when our crates and others say what they have to say.
    fn check(filter: Option<&str>, terminal: bool) -> String {
        let written = Written::default();
        let writer = written.clone();
        tracing::subscriber::with_default(subscriber(filter, terminal, move || writer.clone()), || {
            tracing::trace!(target: "pagerslack_slack::client", "our trace");
            tracing::info!(target: "pagerslack::run", "our info");
            tracing::trace!(target: "hyper::proto::h1", "their trace");
            tracing::debug!(target: "tungstenite::client", "their debug");
            tracing::info!(target: "reqwest", "their info");
            let span = tracing::trace_span!(target: "h2::codec", "their span", header = "their header");
            span.in_scope(|| tracing::warn!(target: "rustls", "their warning"));
        });
        String::from_utf8(written.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn only_our_own_crates_log_in_detail_whatever_is_asked_for() {
        for filter in ["trace", "trace,hyper=trace,tungstenite=trace", "hyper=trace,reqwest=debug,h2=trace"] {
            for terminal in [true, false] {
                let said = check(Some(filter), terminal);
                for theirs in ["their trace", "their debug", "their info", "their span", "their header"] {
                    assert!(!said.contains(theirs), "{filter}: {said}");
                }
                assert_eq!(said.contains("our trace"), filter.starts_with("trace"), "{filter}: {said}");
                assert_eq!(said.contains("their warning"), filter.starts_with("trace"), "{filter}: {said}");
            }
        }
    }

    #[test]
    fn usually_and_after_a_slip_of_the_pen_it_is_info() {
        for filter in [None, Some("pagerslack=loudly")] {
            let said = check(filter, false);
            assert!(said.contains("our info") && said.contains("their warning"), "{said}");
            assert!(!said.contains("our trace") && !said.contains("their info"), "{said}");
            assert!(
                said.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()),
                "{said}"
            );
        }
    }
}
