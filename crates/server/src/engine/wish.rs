//! What people wish of an incident by its buttons: that somebody else takes it, that it is cancelled or closed,
//! that the managers are paged.
//!
//! Each becomes a job, for whether somebody is a manager may have to be asked of Slack.

use pagerslack_core::job::{Notice, Wish};
use pagerslack_core::{Command, Incident, Job, JobKind, Message, Phase, UserId, decide};
use pagerslack_store::{ClaimedJob, Disposal};

use super::{Engine, StepError};

/// How often it is asked whether somebody is a manager before it is taken for a no. Nobody is woken or missed by
/// it, and whoever pressed the button can press it again.
const TRIES: u32 = 30;

impl Engine {
    /// Does what somebody wishes, if they may, or tells them why not.
    pub(super) async fn fulfil(&self, job: &ClaimedJob, by: &UserId, wish: Wish) -> Result<(), StepError> {
        let Some(incident) = self.incident_of(job).await? else {
            return self.dispose(job, Disposal::Done).await;
        };
        let rotation = &incident.report.rotation;
        let command = match wish {
            Wish::CallManagers => Command::CallManagers {
                by: by.clone(),
                managers: self.managers(self.paging(&rotation.team), rotation).await,
            },
            Wish::HandOver | Wish::Cancel | Wish::Close => {
                let own = command(wish, by, false);
                let policy = &self.rotation(rotation).policy;
                if decide(Some(&incident), &own, policy, self.now()).is_empty() {
                    match self.is_manager(self.paging(&rotation.team), rotation, by).await {
                        Ok(manager) => command(wish, by, manager),
                        Err(error) if job.tries < TRIES => {
                            let soon = self.now() + jiff::SignedDuration::from_secs(1);
                            let due = error.retry_at().unwrap_or(soon).max(soon);
                            return self.dispose(job, Disposal::Again { due, doubtful: false }).await;
                        }
                        Err(_) => own,
                    }
                } else {
                    own
                }
            }
        };
        let refusal = match self.act_for(job, command, Disposal::Done).await {
            Ok(acted) if acted.events.is_empty() => {
                acted.incident.and_then(|incident| refused(&incident, wish))
            }
            Ok(_) => None,
            // It was reported anew since; two open incidents of one address would hunt two people.
            Err(StepError::AlreadyOpen(_)) => {
                self.dispose(job, Disposal::Done).await?;
                Some(Notice::HandOverDoubled)
            }
            Err(error) => return Err(error),
        };
        let Some(notice) = refusal else { return Ok(()) };
        let kind = JobKind::Send(Message::Notice { user: by.clone(), notice });
        let id = &incident.report.incident;
        self.add_jobs(rotation, id, vec![Job::new(rotation, id, kind, self.now())]).await
    }
}

fn command(wish: Wish, by: &UserId, manager: bool) -> Command {
    let by = by.clone();
    match wish {
        Wish::HandOver => Command::HandOver { by, manager },
        Wish::Cancel => Command::Cancel { by, manager },
        Wish::Close => Command::Close { by, manager },
        Wish::CallManagers => Command::CallManagers { by, managers: Default::default() },
    }
}

/// Why nothing followed from a wish; nothing is said of one that has come true already.
fn refused(incident: &Incident, wish: Wish) -> Option<Notice> {
    match (wish, &incident.phase) {
        (Wish::HandOver, Phase::Acknowledged { .. }) => Some(Notice::HandOverRefused),
        (Wish::Close, Phase::Acknowledged { .. }) => Some(Notice::CloseRefused),
        (Wish::Cancel, _) if incident.is_open() => Some(Notice::CancelRefused),
        (Wish::Cancel, Phase::Cancelled { .. })
        | (Wish::Close, Phase::Closed { .. })
        | (Wish::CallManagers, Phase::ManagersPaged { .. }) => None,
        _ => Some(Notice::TooLate),
    }
}
