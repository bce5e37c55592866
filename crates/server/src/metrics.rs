//! What is counted and measured since the start of the process, for Prometheus: one registry, one place for each name.
//!
//! Invariant: no label holds a person, a channel, an incident or a workspace. Every label's values are a closed list in
//! this code, so that nobody outside can make more series, nothing of two workspaces can be told apart or mixed up, and
//! `/metrics` shows nothing that would have to be hidden. A workspace's own figures stand in the log and in the statistics.

mod kinds;

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use pagerslack_core::{Event, Incident, JobKey, Recorded};
use pagerslack_slack::client::{Ended, Observer};
use pagerslack_slack::method::Method;
use prometheus_client::registry::Registry;

use crate::clock::Clock;
pub use kinds::{
    Counter, Gauge, Kind, Labelled, Minutes, Moments, Seconds, SecondsGauge, Series, Steps, TimeTaken, Timing,
};

/// `name=value`.
type One = [(&'static str, &'static str); 1];
/// Two of them.
type Two = [(&'static str, &'static str); 2];

macro_rules! metrics {
    ($(#[doc = $help:literal] $name:ident: $kind:ty),* $(,)?) => {
        /// Everything that is measured. Each is named in the registry as here, with `pagerslack_` before it and its unit
        /// behind it.
        pub struct Metrics {
            $(#[doc = $help] pub $name: $kind,)*
            registry: Registry,
        }

        impl Metrics {
            fn register() -> Self {
                let mut registry = Registry::with_prefix("pagerslack");
                $(let $name = <$kind as Kind>::register(&mut registry, stringify!($name), $help.trim().trim_end_matches('.'));)*
                Self { $($name,)* registry }
            }
        }
    };
}

metrics! {
    /// Incidents accepted.
    reports: Counter,
    /// Reports of an incident that was open already.
    reports_doubled: Counter,
    /// Reports that could not be recorded.
    reports_lost: Counter,
    /// Incidents that came to this outcome, each counted once for each outcome that it came to first.
    incidents: Labelled<One, Counter>,
    /// Open incidents that the last audit looked at: of the whole store, so not to be summed over replicas.
    incidents_open: Gauge,
    /// From the report to the first acknowledgement.
    time_to_response: Timing<Minutes>,
    /// From the report until the first page stood in the thread.
    first_page: Timing<Minutes>,
    /// Pages posted.
    pages: Counter,
    /// People asked who did not answer in time.
    pages_unanswered: Counter,
    /// People asked who passed.
    pages_passed: Counter,
    /// Times that managers were paged.
    manager_pages: Counter,
    /// Messages that Slack refused for good.
    posts_refused: Counter,
    /// Acknowledgements.
    acknowledgements: Counter,
    /// Acknowledgements found only by reading the reactions back.
    acknowledgements_read_back: Counter,
    /// Incidents that somebody handed over.
    handovers: Counter,
    /// Steps of incidents that Slack kept waiting for so long that people were told.
    delays: Counter,
    /// Exchanges with Slack's Web API, by method and how they ended.
    slack_calls: Labelled<Two, Counter>,
    /// How long exchanges with Slack's Web API took.
    slack_call_duration: Labelled<One, Timing<Moments>>,
    /// Calls that had to wait for a rate limit, by who said so: Slack, or our own budget.
    slack_waits: Labelled<One, Counter>,
    /// How long those calls had to wait.
    slack_wait: Labelled<One, Seconds>,
    /// From what happened in Slack until its event was here.
    slack_event_lag: Timing<Moments>,
    /// Minutes in which Slack dropped events because there were too many.
    events_dropped_by_slack: Counter,
    /// Socket Mode links that are up.
    socket_mode_links: Gauge,
    /// Socket Mode links that there should be: none without Socket Mode.
    socket_mode_links_wanted: Gauge,
    /// Requests without a good signature.
    requests_unsigned: Counter,
    /// Signed requests that nobody could read.
    requests_malformed: Counter,
    /// Requests with a body over the limit.
    requests_too_large: Counter,
    /// Requests whose body came too slowly.
    requests_too_slow: Counter,
    /// Signed requests of kinds that PagerSlack has no use for.
    requests_ignored: Counter,
    /// Presses, commands and questions that had been taken before.
    requests_repeated: Counter,
    /// Reactions that concern no incident.
    reactions_ignored: Counter,
    /// Requests to the admin interface without the token.
    admin_requests_refused: Counter,
    /// Requests to the API without a valid token.
    api_requests_refused: Counter,
    /// Webhooks that were heard.
    webhooks_delivered: Counter,
    /// Tries of a webhook that was not heard.
    webhooks_failed: Counter,
    /// Receivers of webhooks that did not answer this process when they were last tried.
    webhooks_failing: Gauge,
    /// Webhooks that were not heard for three days.
    webhooks_given_up: Counter,
    /// Jobs run to their commit.
    jobs_done: Counter,
    /// Jobs that failed and come up again.
    jobs_failed: Counter,
    /// Jobs that the last audit found overdue by more than a minute: of the whole store.
    jobs_late: Gauge,
    /// Jobs that are due, by kind, as of this scrape: of the whole store, a thousand at most.
    jobs_due: Labelled<One, Gauge>,
    /// Those of them that have been due for more than a minute.
    jobs_overdue: Labelled<One, Gauge>,
    /// For how long the longest due job has been due, as of this scrape: of the whole store.
    jobs_oldest_due_age: SecondsGauge,
    /// How long commits to the store took, those that failed too.
    store_commit_duration: Timing<Moments>,
    /// Commits that failed because the store could not be read or written.
    store_commits_failed: Counter,
    /// Whether the store can be read, and written if the last write failed.
    store_up: Gauge,
    /// Whether the process takes requests: it is neither starting nor stopping, and its store is up.
    ready: Gauge,
    /// Audits that came to their end.
    audits: Counter,
    /// Audits that did not, as the store could not be read or written.
    audits_failed: Counter,
    /// Jobs that an open incident needs and that were not there: restored.
    audit_jobs_missing: Counter,
    /// Jobs further ahead than anything explains: brought forward.
    audit_jobs_too_far_ahead: Counter,
    /// Open incidents whose log spoke of the future, as the clock was put back: their waits began anew.
    audit_clock_put_back: Counter,
    /// Jobs that were overdue and that nobody took up, each time they were found.
    audit_jobs_late: Counter,
    /// Open incidents that could not be read, each time they were found.
    audit_incidents_unreadable: Counter,
    /// Open incidents whose reactions were read back, as events may have been lost.
    audit_read_backs: Counter,
    /// Heartbeats that were heard.
    heartbeats: Counter,
    /// Heartbeats that were not.
    heartbeats_failed: Counter,
    /// Times the app was installed in a workspace, or again.
    installations: Counter,
    /// Messages of which it was unknown whether they had landed, and which had.
    posts_found_again: Counter,
    /// The version that runs, always 1.
    build_info: Labelled<Two, Gauge>,
}

/// A job that has been due for longer is overdue: nobody takes it up.
const OVERDUE: SignedDuration = SignedDuration::from_mins(1);

/// How an outcome is named, as in the statistics.
const OUTCOMES: [&str; 5] = ["acknowledged", "managers_paged", "schedule_shown", "cancelled", "closed"];

/// What an event was the first of in its incident.
#[derive(Clone, Copy)]
pub(crate) struct Firsts {
    /// The first page that stands.
    pub(crate) page: bool,
    /// The first acknowledgement.
    pub(crate) response: bool,
}

impl Default for Metrics {
    fn default() -> Self {
        let metrics = Self::register();
        // A series that begins with its first failure shows no rise of it.
        for outcome in OUTCOMES {
            metrics.incidents.of([("outcome", outcome)]);
        }
        for by in ["slack", "budget"] {
            metrics.slack_waits.of([("by", by)]);
            metrics.slack_wait.of([("by", by)]);
        }
        metrics.count_due(&[], Timestamp::UNIX_EPOCH);
        for ended in Ended::ALL {
            metrics.slack_calls.of([("method", Method::ChatPostMessage.name()), ("outcome", ended.name())]);
        }
        let tzdata = crate::config::summary::zones();
        metrics.build_info.of([("version", env!("CARGO_PKG_VERSION")), ("tzdata", tzdata)]).set(1);
        metrics
    }
}

impl Metrics {
    /// Counts an event that is in the store. The incident is as it was after it.
    pub(crate) fn happened(&self, after: &Incident, recorded: &Recorded, firsts: Firsts) {
        let since_report = recorded.at.duration_since(after.reported_at);
        let came_to = |outcome| self.incidents.of([("outcome", outcome)]).count();
        if firsts.page {
            self.first_page.took(since_report);
        }
        match &recorded.event {
            Event::Reported(_) => self.reports.count(),
            Event::PagePosted { .. } => self.pages.count(),
            Event::PageTimedOut { .. } => self.pages_unanswered.count(),
            Event::Passed { .. } => self.pages_passed.count(),
            Event::ManagersPaged { .. } => {
                self.manager_pages.count();
                if after.manager_rounds.len() == 1 {
                    came_to("managers_paged");
                }
            }
            Event::PostRefused { .. } => self.posts_refused.count(),
            Event::Acknowledged { .. } => {
                self.acknowledgements.count();
                if firsts.response {
                    self.time_to_response.took(since_report);
                    came_to("acknowledged");
                }
            }
            Event::ScheduleShown { .. } => came_to("schedule_shown"),
            Event::HandedOver { .. } => self.handovers.count(),
            Event::Cancelled { .. } => came_to("cancelled"),
            Event::Closed { .. } => came_to("closed"),
            Event::RootPosted { .. }
            | Event::Paged { .. }
            | Event::ManagersPosted { .. }
            | Event::AckRefused { .. }
            | Event::HuntResumed { .. }
            | Event::Delayed { .. }
            | Event::ClockPutBack { .. }
            | Event::FollowUpPosted { .. }
            | Event::Resolved => {}
        }
    }

    /// Takes in which jobs are due, and since when.
    pub(crate) fn count_due(&self, due: &[(JobKey, Timestamp)], now: Timestamp) {
        for kind in JobKey::KINDS {
            let of_kind = || due.iter().filter(|(key, _)| key.kind() == kind);
            let overdue = of_kind().filter(|(_, since)| now.duration_since(*since) > OVERDUE);
            self.jobs_due.of([("kind", kind)]).set(of_kind().count());
            self.jobs_overdue.of([("kind", kind)]).set(overdue.count());
        }
    }

    /// Everything in Prometheus' text format, version 0.0.4, which whoever asks without more ado understands.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = prometheus_client::encoding::prometheus_text::encode(&mut text, &self.registry);
        text
    }

    /// The same as OpenMetrics, version 1.0.
    pub fn open_metrics(&self) -> String {
        let mut text = String::new();
        let _ = prometheus_client::encoding::text::encode(&mut text, &self.registry);
        text
    }
}

/// Counts what becomes of calls to Slack.
pub(crate) struct Calls {
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Observer for Calls {
    fn elapsed(&self) -> Duration {
        self.clock.elapsed()
    }

    fn called(&self, method: Method, ended: Ended, took: Duration) {
        let method = ("method", method.name());
        self.metrics.slack_calls.of([method, ("outcome", ended.name())]).count();
        self.metrics.slack_call_duration.of([method]).took(took);
    }

    fn must_wait(&self, _: Method, wait: SignedDuration, asked: bool) {
        let by = [("by", if asked { "slack" } else { "budget" })];
        self.metrics.slack_waits.of(by).count();
        self.metrics.slack_wait.of(by).add(wait);
    }
}
