//! Jobs: added, moved, removed, handed out when due.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use pagerslack_core::audit::JobState;
use pagerslack_core::job::Notice;
use pagerslack_core::{Job, JobKey, JobKind, Message, RotationId, TeamId, Urgency};

use super::samples::{
    adding, after, claim, claim_one, commit, deadline, disposing, every_job_kind, incident, job, precise,
    rotation, start, team,
};
use super::{Outcome, Shared, Suite};
use crate::{Claim, ClaimedJob, Commit, Disposal, Shares};

pub(super) async fn cases<F: AsyncFn() -> Shared>(suite: &mut Suite<F>) {
    suite.case("an empty store has nothing to do", nothing).await;
    suite.case("every kind of job comes back as it was", every_kind).await;
    suite.case("a job is handed out when due and not before", when_due).await;
    suite.case("the longest due comes first, so many at most", longest_due).await;
    suite.case("what wakes somebody comes before what announces and explains", most_urgent).await;
    suite.case("adding a job that exists moves its due time and keeps its history", moved).await;
    suite.case("a removed job is gone, an absent one no fault", removed).await;
    suite.case("a key removed and added is there", removed_and_added).await;
    suite.case("the next due time is the earliest", next_due).await;
    suite.case("the same key in two workspaces is two jobs", two_workspaces).await;
    suite.case("what is due is counted, by its kind and since when, and left alone", due).await;
    suite.case("a workspace with much to do keeps no other waiting", shares).await;
    suite.case("the jobs about an incident, with who holds them", of_an_incident).await;
    suite.case("a lost job is restored as doubtful, one that is there is left alone", restored).await;
}

/// Given jobs of every kind in two workspaces, some due, some not yet, some held, then those that can be claimed are told,
/// each with its kind, again and again; a lease that is over counts from its end.
async fn due(store: Shared) -> Outcome {
    assert_eq!(store.due(after(1_000), 10).await?, []);
    let jobs: Vec<Job> = every_job_kind().into_iter().map(|kind| job(kind, after(10))).collect();
    store.commit(adding(jobs.clone())).await?;
    let other = RotationId::new("T9".into(), rotation().channel);
    let theirs = Job::new(&other, &incident(), JobKind::Hunt, after(20));
    let mut commit = Commit::new(other.team.clone(), incident(), 0);
    commit.add = vec![theirs.clone()];
    store.commit(commit).await?;
    assert_eq!(store.due(after(9), 1_000).await?, []);
    let sorted = |mut due: Vec<(JobKey, Timestamp)>| {
        due.sort();
        due
    };
    let mut expected: Vec<_> = jobs.iter().map(|job| (job.key.clone(), after(10))).collect();
    assert!(expected.iter().all(|(key, _)| key.kind() != "other"), "{expected:?}");
    expected.sort();
    assert_eq!(sorted(store.due(after(10), 1_000).await?), expected);
    expected.push((theirs.key.clone(), after(20)));
    expected.sort();
    for _ in 0..2 {
        assert_eq!(sorted(store.due(after(20), 1_000).await?), expected);
    }
    assert_eq!(store.due(after(20), 3).await?.len(), 3);
    let claim = Claim { now: after(20), lease_until: after(50), limit: 1_000 };
    assert_eq!(store.claim(claim).await?.len(), expected.len());
    assert_eq!(store.due(after(49), 1_000).await?, [], "somebody is at it");
    let over: Vec<_> = expected.into_iter().map(|(key, _)| (key, after(50))).collect();
    assert_eq!(sorted(store.due(after(60), 1_000).await?), over);
    Ok(())
}

/// Given six hundred jobs of one workspace and then one of another, then each gets its share at once, in the usual order;
/// and what is under way counts.
async fn shares(store: Shared) -> Outcome {
    store.commit(adding((1..=600).map(|attempt| deadline(attempt, after(0))))).await?;
    let other = RotationId::new("T9".into(), rotation().channel);
    let theirs = Job::new(&other, &incident(), JobKind::Hunt, after(5));
    let mut commit = Commit::new(other.team.clone(), incident(), 0);
    commit.add = vec![theirs.clone()];
    store.commit(commit).await?;
    let ask = Claim { now: after(5), lease_until: after(35), limit: 10 };
    let mut shares = Shares { most: 4, taken: BTreeMap::new() };
    let first = store.claim_shares(ask, shares.clone()).await?;
    let of = |claimed: &[ClaimedJob], team: &TeamId| {
        claimed.iter().filter(|claimed| claimed.job.rotation.team == *team).count()
    };
    assert_eq!((of(&first, &team()), of(&first, &other.team)), (4, 1));
    assert_eq!(first.last().map(|claimed| &claimed.job.key), Some(&theirs.key), "the most urgent come first");
    shares.taken.insert(team(), 3);
    assert_eq!(of(&store.claim_shares(ask, shares.clone()).await?, &team()), 1);
    shares.taken.insert(team(), 4);
    assert_eq!(store.claim_shares(ask, shares).await?, []);
    assert_eq!(store.claim(ask).await?.len(), 10, "nothing was lost");
    Ok(())
}

async fn nothing(store: Shared) -> Outcome {
    assert_eq!(claim(&*store, start()).await?, []);
    assert_eq!(store.next_due().await?, None);
    assert_eq!(store.job_count().await?, 0);
    Ok(())
}

async fn every_kind(store: Shared) -> Outcome {
    let mut jobs: Vec<Job> = every_job_kind().into_iter().map(|kind| job(kind, precise())).collect();
    store.commit(adding(jobs.clone())).await?;
    let mut claimed = claim(&*store, precise()).await?;
    claimed.sort_by(|a, b| a.job.key.cmp(&b.job.key));
    jobs.sort_by(|a, b| a.key.cmp(&b.key));
    let back: Vec<Job> = claimed.iter().map(|claimed| claimed.job.clone()).collect();
    assert_eq!(back, jobs);
    let lease_until = precise() + SignedDuration::from_mins(1);
    for claimed in &claimed {
        assert_eq!(claimed.lease_until, lease_until);
        assert_eq!((claimed.tries, claimed.doubtful), (1, false));
        assert_eq!(claimed.last_claimed_at, None);
    }
    let fences: BTreeSet<_> = claimed.iter().map(|claimed| claimed.fence).collect();
    assert_eq!(fences.len(), claimed.len(), "every lease has a token of its own");
    Ok(())
}

async fn when_due(store: Shared) -> Outcome {
    store.commit(adding([deadline(1, precise())])).await?;
    let just_before = precise() - SignedDuration::from_nanos(1);
    assert_eq!(claim(&*store, just_before).await?, []);
    assert_eq!(claim_one(&*store, precise()).await?.job, deadline(1, precise()));
    Ok(())
}

async fn longest_due(store: Shared) -> Outcome {
    let jobs = [3, 1, 4, 2, 5].map(|attempt| deadline(attempt, after(i64::from(attempt))));
    store.commit(adding(jobs)).await?;
    let take = |limit| Claim { now: after(4), lease_until: after(60), limit };
    assert_eq!(store.claim(take(0)).await?, []);
    let mut order = Vec::new();
    for limit in [1, 2, 9] {
        order.push(store.claim(take(limit)).await?);
    }
    let kinds: Vec<Vec<JobKind>> =
        order.into_iter().map(|page| page.into_iter().map(|claimed| claimed.job.kind).collect()).collect();
    let attempts = |range: std::ops::RangeInclusive<u32>| -> Vec<JobKind> {
        range.map(|attempt| JobKind::PageDeadline { attempt }).collect()
    };
    assert_eq!(kinds, [attempts(1..=1), attempts(2..=3), attempts(4..=4)]);
    Ok(())
}

/// Of the same class the longest due comes first, whether it is free or its lease has ended. A job added once more
/// is as urgent as it was said to be the last time.
async fn most_urgent(store: Shared) -> Outcome {
    let send = |message, due| job(JobKind::Send(message), due);
    let held = send(Message::Page { attempt: 2 }, after(1));
    store.commit(adding([held.clone()])).await?;
    claim_one(&*store, after(1)).await?;
    let jobs = [
        send(Message::Taken { taken: 1 }, start()),
        send(Message::Root, after(1)),
        job(JobKind::Hunt, start()),
        send(Message::Page { attempt: 1 }, after(2)),
        send(Message::Managers { round: 1 }, after(900)),
    ];
    store.commit(adding(jobs.clone())).await?;
    let notice = Notice::TakenAlready;
    let waited_for = send(Message::Notice { user: "U1".into(), notice }, after(3));
    store.commit(adding([waited_for.clone()])).await?;
    let waited_for = Job { urgency: Urgency::Page, ..waited_for };
    store.commit(adding([waited_for.clone()])).await?;
    let [taken, root, hunt, page, _] = jobs.map(|job| job.key);
    let take = |limit| Claim { now: after(61), lease_until: after(120), limit };
    let mut keys = Vec::new();
    for limit in [1, 4, 9] {
        keys.extend(store.claim(take(limit)).await?.into_iter().map(|claimed| claimed.job.key));
    }
    assert_eq!(keys, [held.key, page, waited_for.key, hunt, root, taken]);
    Ok(())
}

async fn moved(store: Shared) -> Outcome {
    store.commit(adding([deadline(1, after(10))])).await?;
    store.commit(adding([deadline(1, after(20))])).await?;
    assert_eq!(store.job_count().await?, 1);
    assert_eq!(claim(&*store, after(19)).await?, []);
    store.commit(adding([deadline(1, after(5))])).await?;
    let claimed = claim_one(&*store, after(5)).await?;
    assert_eq!(claimed.job, deadline(1, after(5)));
    assert_eq!((claimed.tries, claimed.doubtful), (1, false));
    Ok(())
}

async fn removed(store: Shared) -> Outcome {
    store.commit(adding([deadline(1, start()), deadline(2, start())])).await?;
    let mut removal = commit(0);
    removal.remove = vec![deadline(1, start()).key, deadline(3, start()).key];
    store.commit(removal.clone()).await?;
    store.commit(removal).await?;
    assert_eq!(store.job_count().await?, 1);
    assert_eq!(claim_one(&*store, start()).await?.job, deadline(2, start()));
    Ok(())
}

async fn removed_and_added(store: Shared) -> Outcome {
    store.commit(adding([deadline(1, start())])).await?;
    claim_one(&*store, start()).await?;
    let mut both = adding([deadline(1, after(1))]);
    both.remove = vec![deadline(1, start()).key];
    store.commit(both).await?;
    let anew = claim_one(&*store, after(1)).await?;
    assert_eq!(anew.job, deadline(1, after(1)));
    assert_eq!((anew.tries, anew.doubtful, anew.last_claimed_at), (1, false, None));
    Ok(())
}

async fn next_due(store: Shared) -> Outcome {
    store.commit(adding([deadline(1, after(1)), deadline(2, after(200))])).await?;
    assert_eq!(store.next_due().await?, Some(after(1)));
    let held = claim_one(&*store, after(1)).await?;
    assert_eq!(store.next_due().await?, Some(held.lease_until));
    store.commit(adding([deadline(3, after(2))])).await?;
    assert_eq!(store.next_due().await?, Some(after(2)));
    let mut removal = commit(0);
    removal.remove = vec![held.job.key, deadline(3, start()).key];
    store.commit(removal).await?;
    assert_eq!(store.next_due().await?, Some(after(200)));
    Ok(())
}

async fn two_workspaces(store: Shared) -> Outcome {
    let other: TeamId = "T2".into();
    let mut there = adding([deadline(1, after(10))]);
    there.team = other.clone();
    there.add.iter_mut().for_each(|job| job.rotation.team = other.clone());
    store.commit(adding([deadline(1, start())])).await?;
    store.commit(there).await?;
    assert_eq!(store.job_count().await?, 2);
    assert_eq!(claim_one(&*store, start()).await?.job, deadline(1, start()));
    let claimed = claim_one(&*store, after(10)).await?;
    assert_eq!(claimed.job.rotation.team, other);
    Ok(())
}

async fn of_an_incident(store: Shared) -> Outcome {
    let (team, id) = (rotation().team, incident());
    assert_eq!(store.jobs_of(&team, &id).await?, []);
    let page = job(JobKind::Send(Message::Page { attempt: 1 }), start());
    let elsewhere = Job::new(&rotation(), &"incident-2".into(), JobKind::Hunt, start());
    store.commit(adding([page.clone(), deadline(1, after(90)), elsewhere])).await?;
    let free = |job| JobState { job, lease_until: None, tries: 0, doubtful: false };
    assert_eq!(store.jobs_of(&team, &id).await?, [free(deadline(1, after(90))), free(page.clone())]);
    let other: TeamId = "T2".into();
    assert_eq!(store.jobs_of(&other, &id).await?, []);
    let claim = Claim { now: start(), lease_until: after(30), limit: 9 };
    store.claim(claim).await?;
    let held = JobState { job: page.clone(), lease_until: Some(after(30)), tries: 1, doubtful: false };
    assert_eq!(store.jobs_of(&team, &id).await?, [free(deadline(1, after(90))), held]);
    // Its lease ends without a word.
    let again = Claim { now: after(30), lease_until: after(60), limit: 9 };
    store.claim(again).await?;
    let doubtful = JobState { job: page, lease_until: Some(after(60)), tries: 2, doubtful: true };
    assert_eq!(store.jobs_of(&team, &id).await?.pop(), Some(doubtful));
    Ok(())
}

async fn restored(store: Shared) -> Outcome {
    let restoring = |job: Job| {
        let mut commit = commit(0);
        commit.restore.push(job);
        commit
    };
    store.commit(restoring(deadline(1, start()))).await?;
    let claimed = claim_one(&*store, start()).await?;
    assert_eq!((&claimed.job, claimed.tries, claimed.doubtful), (&deadline(1, start()), 1, true));
    assert_eq!(claimed.last_claimed_at, None);

    // It is held: its holder keeps it, and it does not come up once more.
    store.commit(restoring(deadline(1, after(5)))).await?;
    store.commit(disposing(&claimed, Disposal::Done)).await?;
    assert_eq!(store.job_count().await?, 0);

    // It is there: its time stays, and nothing is in doubt.
    store.commit(adding([deadline(2, after(10))])).await?;
    store.commit(restoring(deadline(2, start()))).await?;
    assert_eq!(claim(&*store, after(9)).await?, []);
    assert!(!claim_one(&*store, after(10)).await?.doubtful);
    Ok(())
}
