//! Logs: JSON lines where a machine reads them, plain text on a terminal.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Starts logging to standard error (for commands whose output is their answer) or standard output (for
/// `serve`, whose output is its log).
pub(crate) fn start(filter: Option<&str>, to_stdout: bool) {
    let filter = EnvFilter::try_new(filter.unwrap_or("info,hyper=warn,reqwest=warn"))
        .unwrap_or_else(|_| EnvFilter::new("info"));
    let registry = tracing_subscriber::registry().with(filter);
    let terminal = if to_stdout { std::io::stdout().is_terminal() } else { std::io::stderr().is_terminal() };
    let started = match (terminal, to_stdout) {
        (true, true) => registry.with(tracing_subscriber::fmt::layer().with_target(false)).try_init(),
        (true, false) => registry
            .with(tracing_subscriber::fmt::layer().with_target(false).with_writer(std::io::stderr))
            .try_init(),
        (false, true) => {
            registry.with(tracing_subscriber::fmt::layer().json().flatten_event(true)).try_init()
        }
        (false, false) => registry
            .with(tracing_subscriber::fmt::layer().json().flatten_event(true).with_writer(std::io::stderr))
            .try_init(),
    };
    if started.is_err() {
        tracing::debug!("logging was started before");
    }
}
