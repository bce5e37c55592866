//! What is counted since the start of the process.

use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// Numbers that only rise.
        #[derive(Debug, Default)]
        pub struct Counters {
            $($(#[$doc])* pub $name: Counter,)*
        }

        impl Counters {
            /// Every counter with its name.
            pub fn all(&self) -> Vec<(&'static str, u64)> {
                vec![$((stringify!($name), self.$name.get()),)*]
            }
        }
    };
}

/// A number that only rises.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// One more.
    pub fn count(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// How many so far.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

counters! {
    /// Incidents accepted.
    reports,
    /// Reports of an incident that was open already.
    reports_doubled,
    /// Reports that could not be recorded.
    reports_lost,
    /// Pages posted.
    pages,
    /// Incidents taken.
    acknowledgements,
    /// 👀 found only by reading the reactions back.
    acknowledgements_read_back,
    /// Requests to the admin interface without the token.
    admin_requests_refused,
    /// Requests to the API without a valid token.
    api_requests_refused,
    /// Requests without a good signature.
    requests_unsigned,
    /// Signed requests that nobody could read.
    requests_malformed,
    /// Requests with a body over the limit.
    requests_too_large,
    /// Requests whose body came too slowly.
    requests_too_slow,
    /// Signed requests of kinds that PagerSlack has no use for.
    requests_ignored,
    /// Presses, commands and questions that had been taken before.
    requests_repeated,
    /// Reactions that concern no incident.
    reactions_ignored,
    /// Steps of incidents that Slack kept waiting for so long that people were told.
    delays,
    /// Minutes in which Slack dropped events because there were too many.
    events_dropped_by_slack,
    /// Jobs run to their commit.
    jobs_done,
    /// Jobs that failed and come up again.
    jobs_failed,
    /// Audits that came to their end.
    audits,
    /// Audits that did not, as the store could not be read or written.
    audits_failed,
    /// Jobs that an open incident needs and that were not there: restored.
    audit_jobs_missing,
    /// Jobs further ahead than anything explains: brought forward.
    audit_jobs_too_far_ahead,
    /// Open incidents whose log spoke of the future, as the clock was put back: their waits began anew.
    audit_clock_put_back,
    /// Jobs that were overdue and that nobody took up, each time they were found.
    audit_jobs_late,
    /// Open incidents that could not be read, each time they were found.
    audit_incidents_unreadable,
    /// Open incidents whose reactions were read back, as events may have been lost.
    audit_read_backs,
    /// Heartbeats that were heard.
    heartbeats,
    /// Heartbeats that were not.
    heartbeats_failed,
    /// Times the app was installed in a workspace, or again.
    installations,
    /// Messages of which it was unknown whether they had landed, and which had.
    posts_found_again,
}
