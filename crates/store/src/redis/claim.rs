//! Handing out due jobs, each to one holder at a time (P2).
//!
//! Each workspace is a slot of its own, so no script can look into all of them. A set aside holds for each workspace the
//! time at which something may be due there. A commit that touches jobs says so afterwards; whoever has looked says when
//! the next is due, unless somebody else has said something meanwhile (a stamp tells). Said too early it costs a look. It
//! can be said too late only by a process that dies between its commit and the word about it, so now and then every
//! workspace is looked into ([`sweep`](super::sweep)).

use std::collections::BTreeMap;

use jiff::Timestamp;
use pagerslack_core::audit::JobState;
use pagerslack_core::{Job, JobKey, JobKind, RotationId, TeamId, Urgency};
use redis::Value;

use super::convert::{answer, bound, count, instant, score};
use super::{Redis, script};
use crate::{Causes, Claim, ClaimedJob, Fence, Held, Renewal, Shares, StoreError};

/// How many workspaces are looked into for one claim. What is due in others waits for the next, which comes at once.
pub(super) const WORKSPACES: usize = 64;

/// How many jobs of a workspace are leased by one script, while which nobody else is served.
const JOBS: usize = 1_000;

/// How often the next due time is asked for anew when others change it at the same moment.
const TRIES: usize = 8;

/// Where the jobs of a workspace wait.
const PLACES: [&str; 5] = ["free:0", "free:1", "free:2", "free:3", "held"];

/// A job's fields in its JSON array, as the scripts write them: its number, then these.
#[derive(serde::Deserialize)]
struct Fields(
    #[expect(dead_code, reason = "a job's age, for the order in the scripts")] String,
    String,
    String,
    String,
    String,
    String,
    String,
    String,
    String,
    String,
    #[expect(dead_code, reason = "the claim tells of the one before this")] String,
    #[expect(dead_code, reason = "for the scripts")] String,
);

/// A job as it lies in Redis.
pub(super) struct Found {
    job: Job,
    lease_until: Option<Timestamp>,
    fence: u64,
    tries: u32,
    doubtful: bool,
}

type Unreadable = Box<dyn std::error::Error + Send + Sync>;

impl Found {
    /// Reads a job.
    pub(super) fn read(team: &TeamId, key: &str, json: &str) -> Result<Self, StoreError> {
        let corrupt = |source: Unreadable| StoreError::Corrupt { what: format!("job {key}"), source };
        let Fields(_, channel, incident, kind, due, urgency, lease, fence, tries, doubtful, _, _) =
            serde_json::from_str(json).map_err(|source| corrupt(source.into()))?;
        let kind: JobKind = serde_json::from_str(&kind).map_err(|source| corrupt(source.into()))?;
        let urgency = urgency.parse().ok().and_then(Urgency::of_rank);
        Ok(Self {
            job: Job {
                key: JobKey::from(key.to_owned()),
                rotation: RotationId::new(team.clone(), channel.as_str().into()),
                incident: incident.as_str().into(),
                kind,
                urgency: urgency.ok_or_else(|| corrupt("no such urgency".into()))?,
                due: instant(&due)?,
            },
            lease_until: (!lease.is_empty()).then(|| instant(&lease)).transpose()?,
            fence: count(&fence)?,
            tries: u32::try_from(count(&tries)?).unwrap_or(u32::MAX),
            doubtful: doubtful == "1",
        })
    }

    /// As the auditor sees it.
    pub(super) fn state(self) -> JobState {
        let Self { job, lease_until, fence: _, tries, doubtful } = self;
        JobState { job, lease_until, tries, doubtful }
    }

    fn hand_out(self, lease_until: Timestamp, last_claimed_at: &str) -> Result<ClaimedJob, StoreError> {
        let Self { job, lease_until: _, fence, tries, doubtful } = self;
        let last_claimed_at = (!last_claimed_at.is_empty()).then(|| instant(last_claimed_at)).transpose()?;
        Ok(ClaimedJob { job, fence: Fence(fence), tries, doubtful, last_claimed_at, lease_until })
    }
}

/// A workspace, and the stamp under which it was found.
struct Stamped {
    team: TeamId,
    stamp: String,
}

impl Redis {
    /// Leases due jobs, of no workspace more than its share has room for.
    pub(super) async fn claim_due(
        &self,
        claim: Claim,
        mut shares: Shares,
    ) -> Result<Vec<ClaimedJob>, StoreError> {
        self.sweep_some(claim.now).await?;
        if claim.limit == 0 {
            return Ok(Vec::new());
        }
        let room = |shares: &Shares, team: &TeamId| {
            shares.most.saturating_sub(shares.taken.get(team).copied().unwrap_or(0))
        };
        // Those whose share is used up stand in nobody's way.
        let looked_at = WORKSPACES + shares.taken.len();
        let mut asked = self.due_teams(claim.now, looked_at).await?;
        let mut claimed: Vec<ClaimedJob> = Vec::new();
        let mut failed = None;
        loop {
            // To each as much as to the others, so that a workspace with much to do does not keep them waiting; what is
            // left over goes to whoever has more.
            asked.retain(|stamped| room(&shares, &stamped.team) > 0);
            let left = claim.limit.saturating_sub(claimed.len());
            asked.truncate(left);
            if asked.is_empty() {
                break;
            }
            let even = (left / asked.len()).clamp(1, JOBS);
            let rounds = asked.iter().map(async |stamped| {
                let share = even.min(room(&shares, &stamped.team));
                Ok::<_, StoreError>((share, self.claim_in(stamped, &claim, share).await?))
            });
            let found = futures_util::future::join_all(rounds).await;
            let mut more = Vec::new();
            for (stamped, found) in std::mem::take(&mut asked).into_iter().zip(found) {
                // What others have is handed out all the same: it is leased by now.
                let (share, (leased, found)) = match found {
                    Ok(found) => found,
                    Err(error) => {
                        tracing::warn!(team = %stamped.team, error = %Causes(&error), "the jobs of a workspace cannot be claimed");
                        failed = Some(error);
                        continue;
                    }
                };
                *shares.taken.entry(stamped.team.clone()).or_default() += leased;
                claimed.extend(found);
                if leased == share {
                    more.push(stamped);
                }
            }
            asked = more;
        }
        claimed.sort_by_key(|it| (it.job.urgency, it.job.due));
        match failed {
            Some(error) if claimed.is_empty() => Err(error),
            _ => Ok(claimed),
        }
    }

    /// Leases due jobs of one workspace, and says how many that were, unreadable ones included: those are leased as well,
    /// reported to the log and left out, for they must not keep the others from being done (P6), nor be read again at
    /// once.
    async fn claim_in(
        &self,
        Stamped { team, stamp }: &Stamped,
        claim: &Claim,
        limit: usize,
    ) -> Result<(usize, Vec<ClaimedJob>), StoreError> {
        let times = [bound(claim.now), bound(claim.lease_until)];
        let (key, mut args) = self.about(team, times);
        // Asked for again since its answer was lost, it gives the same jobs: else they would be held by nobody.
        args.extend([limit.to_string().into_bytes(), self.marker().into_bytes()]);
        let value = self.change(&script::CLAIM, vec![key], args).await?;
        let (earliest, rows): (String, Vec<(String, String, String)>) = answer("leasing due jobs", value)?;
        // If it is not noted, somebody looks once more in vain.
        if let Err(error) = self.due_seen(team.as_str(), stamp, &earliest).await {
            tracing::debug!(%team, error = %Causes(&error), "it is not noted when a job is due");
        }
        let leased = rows.len();
        let mut claimed = Vec::with_capacity(leased);
        for (key, json, last) in rows {
            match Found::read(team, &key, &json).and_then(|found| found.hand_out(claim.lease_until, &last)) {
                Ok(job) => claimed.push(job),
                Err(error) => {
                    tracing::error!(%team, key, error = %Causes(&error), "unreadable job skipped");
                }
            }
        }
        Ok((leased, claimed))
    }

    /// Holds jobs for longer, each that is still held under its token; says for each whether it is.
    pub(super) async fn hold_longer(
        &self,
        held: &[Held],
        lease_until: Timestamp,
    ) -> Result<Vec<Renewal>, StoreError> {
        let mut by_team: BTreeMap<&TeamId, Vec<usize>> = BTreeMap::new();
        for (place, job) in held.iter().enumerate() {
            by_team.entry(&job.team).or_default().push(place);
        }
        let mut renewed = vec![Renewal::Unknown; held.len()];
        let (mut failed, mut reached) = (None, false);
        for (team, places) in by_team {
            let (key, mut args) = self.about(team, [bound(lease_until)]);
            for job in places.iter().filter_map(|place| held.get(*place)) {
                args.push(job.key.as_str().into());
                args.push(job.fence.0.to_string().into_bytes());
            }
            let renewing = self.change(&script::RENEW, vec![key], args).await;
            let still: Vec<u8> = match renewing.and_then(|value| answer("holding jobs for longer", value)) {
                Ok(still) => still,
                // One workspace that cannot be reached costs the others nothing. Its own leases last as long as they did.
                Err(error) => {
                    tracing::warn!(%team, error = %Causes(&error), "the leases of a workspace are not renewed");
                    failed = Some(error);
                    continue;
                }
            };
            reached = true;
            for (place, still) in places.into_iter().zip(still) {
                if let Some(renewed) = renewed.get_mut(place) {
                    *renewed = if still == 1 { Renewal::Held } else { Renewal::Lost };
                }
            }
        }
        match failed {
            Some(error) if !reached => Err(error),
            _ => Ok(renewed),
        }
    }

    /// The workspaces in which something may be due.
    async fn due_teams(&self, now: Timestamp, limit: usize) -> Result<Vec<Stamped>, StoreError> {
        let args = vec![score(&bound(now)).into_bytes(), limit.to_string().into_bytes()];
        let value = self.ask(&script::DUE, self.due_keys(), args).await?;
        let found: Vec<(String, String, Value)> = answer("looking for due jobs", value)?;
        Ok(found.into_iter().map(|(team, stamp, _)| Stamped { team: TeamId::new(team), stamp }).collect())
    }

    /// The jobs that can be claimed, and since when. Their places tell, so none of them is read.
    pub(super) async fn every_due(
        &self,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<(JobKey, Timestamp)>, StoreError> {
        let what = "counting due jobs";
        let before = format!("({};", bound(now));
        let teams = self.due_teams(now, limit).await?;
        let mut due = Vec::new();
        for some in teams.chunks(WORKSPACES) {
            let asked = some.iter().flat_map(|stamped| PLACES.map(|set| self.keys.of(&stamped.team, set)));
            let asked = asked.map(async |set| {
                let mut cmd = redis::cmd("ZRANGEBYLEX");
                cmd.arg(set).arg("-").arg(&before).arg("LIMIT").arg(0).arg(limit);
                answer::<Vec<String>>(what, self.command(what, &cmd).await?)
            });
            for members in futures_util::future::join_all(asked).await {
                for member in members? {
                    // As `place_of` in the scripts writes it: the time, the job's number, its name.
                    let (Some(since), Some(key)) = (member.get(..20), member.get(38..)) else { continue };
                    due.push((JobKey::from(key.to_owned()), instant(since)?));
                }
            }
            if due.len() >= limit {
                break;
            }
        }
        due.truncate(limit);
        Ok(due)
    }

    /// When the next job can be claimed.
    pub(super) async fn first_due(&self) -> Result<Option<Timestamp>, StoreError> {
        let mut earliest = None;
        for _ in 0..TRIES {
            let value = self.ask(&script::DUE_FIRST, self.due_keys(), Vec::new()).await?;
            let found: Vec<String> = answer("looking for the next job", value)?;
            let [team, stamp, noted] = found.as_slice() else { return Ok(None) };
            let next = self.earliest(&TeamId::new(team)).await?;
            if !next.is_empty() {
                earliest = Some(instant(&next)?);
                if score(&next) == *noted {
                    break;
                }
            }
            // It was said to be sooner than it is: so say.
            self.due_seen(team, stamp, &next).await?;
        }
        Ok(earliest)
    }

    /// Says that something may be due in a workspace from a time on.
    pub(super) async fn due_sooner(&self, team: &TeamId, earliest: &str) -> Result<(), StoreError> {
        let args = vec![team.as_str().into(), score(earliest).into_bytes()];
        self.change(&script::DUE_SOONER, self.due_keys(), args).await.map(drop)
    }

    async fn due_seen(&self, team: &str, stamp: &str, earliest: &str) -> Result<(), StoreError> {
        let next = if earliest.is_empty() { String::new() } else { score(earliest) };
        let args = vec![team.into(), stamp.into(), next.into_bytes()];
        self.change(&script::DUE_SEEN, self.due_keys(), args).await.map(drop)
    }

    pub(super) async fn earliest(&self, team: &TeamId) -> Result<String, StoreError> {
        let (key, args) = self.about(team, []);
        answer("looking for the next job", self.ask(&script::EARLIEST, vec![key], args).await?)
    }

    fn due_keys(&self) -> Vec<String> {
        vec![self.keys.shared("due"), self.keys.shared("stamps")]
    }
}
