//! Leases and fencing tokens: one holder at a time, and the last one counts.

use pagerslack_core::JobKind;

use super::samples::{
    adding, after, append, claim, claim_one, commit, deadline, disposing, incident, job, start,
};
use super::{Outcome, Shared, Suite};
use crate::{Claim, ClaimedJob, CommitError, Disposal, Held, Renewal};

pub(super) async fn cases<F: AsyncFn() -> Shared>(suite: &mut Suite<F>) {
    suite.case("a held job is not handed out", held).await;
    suite.case("a lease that ends without a word makes the job doubtful", expired).await;
    suite.case("an expired lease holds until somebody else claims", late_but_alone).await;
    suite.case("a renewed lease holds for longer, under the same token", renewed).await;
    suite.case("only whoever holds a job holds it for longer", not_renewed).await;
    suite.case("whoever held an earlier lease can no longer commit", fenced_off).await;
    suite.case("a removed job takes its lease along", removed_while_held).await;
    suite.case("done is done", done).await;
    suite.case("again comes up again", again).await;
    suite.case("a held job that is moved stays held, and goes when done", moved_while_held).await;
    suite.case("a job wanted again while it was held comes up once more", wanted_again).await;
    suite.case("a job done and added in one commit is a new job", done_and_added).await;
    suite.case("expired and free jobs come in one order", expired_in_order).await;
}

async fn held(store: Shared) -> Outcome {
    store.commit(adding([deadline(1, start())])).await?;
    let held = claim_one(&*store, start()).await?;
    assert_eq!(held.lease_until, after(60));
    for seconds in [0, 1, 59] {
        assert_eq!(claim(&*store, after(seconds)).await?, []);
    }
    assert_eq!(store.job_count().await?, 1);
    Ok(())
}

async fn expired(store: Shared) -> Outcome {
    store.commit(adding([deadline(1, start())])).await?;
    let first = claim_one(&*store, after(1)).await?;
    let second = claim_one(&*store, first.lease_until).await?;
    assert_eq!(second.job, first.job);
    assert_eq!((second.tries, second.doubtful), (2, true));
    assert_eq!(second.last_claimed_at, Some(after(1)));
    assert!(second.fence > first.fence);
    let third = claim_one(&*store, second.lease_until).await?;
    assert_eq!((third.tries, third.doubtful), (3, true));
    assert_eq!(third.last_claimed_at, Some(first.lease_until));
    Ok(())
}

async fn late_but_alone(store: Shared) -> Outcome {
    store.commit(adding([deadline(1, start())])).await?;
    let held = claim_one(&*store, start()).await?;
    assert_eq!(store.next_due().await?, Some(held.lease_until));
    // The store reads no clock: an hour may have passed.
    let mut late = append(&incident(), 0);
    late.job = Some((held.job.key, held.fence, Disposal::Done));
    store.commit(late).await?;
    assert_eq!(store.job_count().await?, 0);
    Ok(())
}

fn held_by(claimed: &ClaimedJob) -> Held {
    Held { team: claimed.job.rotation.team.clone(), key: claimed.job.key.clone(), fence: claimed.fence }
}

async fn renewed(store: Shared) -> Outcome {
    store.commit(adding([deadline(1, start())])).await?;
    let held = claim_one(&*store, start()).await?;
    assert_eq!(store.renew(&[held_by(&held)], after(90)).await?, [Renewal::Held]);
    assert_eq!(claim(&*store, held.lease_until).await?, []);
    assert_eq!(store.next_due().await?, Some(after(90)));
    // The store reads no clock: the lease may have ended, and nobody has claimed the job.
    assert_eq!(store.renew(&[held_by(&held)], after(120)).await?, [Renewal::Held]);
    store.commit(disposing(&held, Disposal::Again { due: after(91), doubtful: false })).await?;
    let again = claim_one(&*store, after(91)).await?;
    assert_eq!((again.tries, again.doubtful, again.last_claimed_at), (2, false, Some(start())));
    Ok(())
}

async fn not_renewed(store: Shared) -> Outcome {
    store.commit(adding([deadline(1, start()), deadline(2, start()), deadline(3, start())])).await?;
    let claimed = claim(&*store, start()).await?;
    let [lost, free, kept] = claimed.as_slice() else { panic!("three jobs: {claimed:?}") };
    store.commit(disposing(free, Disposal::Again { due: after(500), doubtful: false })).await?;
    assert_eq!(store.renew(&[held_by(kept)], after(100)).await?, [Renewal::Held]);
    let taken_over = claim_one(&*store, lost.lease_until).await?;
    assert_eq!(taken_over.job.key, lost.job.key);
    let mut gone = held_by(kept);
    gone.key = "gone".to_owned().into();
    let all = [held_by(lost), held_by(free), gone, held_by(kept)];
    assert_eq!(
        store.renew(&all, after(1_000)).await?,
        [Renewal::Lost, Renewal::Lost, Renewal::Lost, Renewal::Held]
    );
    assert!(store.renew(&[], after(1_000)).await?.is_empty());
    // Neither was the lease of whoever took it over made longer, nor is the free one held.
    assert_eq!(store.next_due().await?, Some(taken_over.lease_until));
    assert_eq!(claim_one(&*store, taken_over.lease_until).await?.job.key, lost.job.key);
    Ok(())
}

async fn fenced_off(store: Shared) -> Outcome {
    store.commit(adding([deadline(1, start())])).await?;
    let first = claim_one(&*store, start()).await?;
    let second = claim_one(&*store, first.lease_until).await?;
    let refusal = store.commit(disposing(&first, Disposal::Done)).await;
    assert!(matches!(refusal, Err(CommitError::LeaseLost)), "{refusal:?}");
    store.commit(disposing(&second, Disposal::Done)).await?;
    Ok(())
}

async fn removed_while_held(store: Shared) -> Outcome {
    store.commit(adding([deadline(1, start())])).await?;
    let first = claim_one(&*store, start()).await?;
    let mut removal = commit(0);
    removal.remove = vec![first.job.key.clone()];
    store.commit(removal).await?;
    assert_eq!(store.job_count().await?, 0);
    let gone = store.commit(disposing(&first, Disposal::Done)).await;
    assert!(matches!(gone, Err(CommitError::LeaseLost)), "{gone:?}");
    // The key comes back as another job, whose tokens the old ones cannot match.
    store.commit(adding([deadline(1, start())])).await?;
    let not_held = store.commit(disposing(&first, Disposal::Done)).await;
    assert!(matches!(not_held, Err(CommitError::LeaseLost)), "{not_held:?}");
    let second = claim_one(&*store, start()).await?;
    assert!(second.fence > first.fence);
    assert_eq!((second.tries, second.doubtful, second.last_claimed_at), (1, false, None));
    let fenced_off = store.commit(disposing(&first, Disposal::Done)).await;
    assert!(matches!(fenced_off, Err(CommitError::LeaseLost)), "{fenced_off:?}");
    Ok(())
}

async fn done(store: Shared) -> Outcome {
    store.commit(adding([deadline(1, start()), deadline(2, after(600))])).await?;
    let held = claim_one(&*store, start()).await?;
    let mut followed = disposing(&held, Disposal::Done);
    followed.add = vec![job(JobKind::Hunt, after(1))];
    store.commit(followed).await?;
    assert_eq!(store.job_count().await?, 2);
    assert_eq!(claim_one(&*store, after(500)).await?.job.kind, JobKind::Hunt);
    Ok(())
}

async fn again(store: Shared) -> Outcome {
    store.commit(adding([deadline(1, start())])).await?;
    let first = claim_one(&*store, start()).await?;
    let later = |doubtful| Disposal::Again { due: after(10), doubtful };
    store.commit(disposing(&first, later(true))).await?;
    assert_eq!(store.next_due().await?, Some(after(10)));
    assert_eq!(claim(&*store, after(9)).await?, []);
    let second = claim_one(&*store, after(10)).await?;
    assert_eq!(second.job.due, after(10));
    assert_eq!((second.tries, second.doubtful), (2, true));
    assert_eq!(second.last_claimed_at, Some(start()));
    store.commit(disposing(&second, later(false))).await?;
    let third = claim_one(&*store, after(11)).await?;
    assert_eq!((third.tries, third.doubtful), (3, false));
    assert_eq!(third.last_claimed_at, Some(after(10)));
    Ok(())
}

async fn moved_while_held(store: Shared) -> Outcome {
    store.commit(adding([deadline(1, start())])).await?;
    let first = claim_one(&*store, start()).await?;
    store.commit(adding([deadline(1, after(300))])).await?;
    assert_eq!(claim(&*store, after(1)).await?, []);
    // A lease that ends is looked into at once, wherever the due time has been moved.
    assert_eq!(store.next_due().await?, Some(first.lease_until));
    let second = claim_one(&*store, first.lease_until).await?;
    assert_eq!((second.job.due, second.doubtful), (after(300), true));
    store.commit(disposing(&second, Disposal::Done)).await?;
    assert_eq!(store.job_count().await?, 0);
    Ok(())
}

async fn wanted_again(store: Shared) -> Outcome {
    store.commit(adding([job(JobKind::Hunt, start())])).await?;
    let first = claim_one(&*store, start()).await?;
    store.commit(adding([job(JobKind::Hunt, after(5))])).await?;
    store.commit(disposing(&first, Disposal::Done)).await?;
    let second = claim_one(&*store, after(5)).await?;
    assert!(!second.doubtful);
    // Put off by its holder, it comes up at the earlier of the two times.
    store.commit(adding([job(JobKind::Hunt, after(6))])).await?;
    store.commit(disposing(&second, Disposal::Again { due: after(60), doubtful: false })).await?;
    let third = claim_one(&*store, after(6)).await?;
    store.commit(disposing(&third, Disposal::Done)).await?;
    assert_eq!(store.job_count().await?, 0);
    Ok(())
}

async fn done_and_added(store: Shared) -> Outcome {
    store.commit(adding([job(JobKind::Hunt, start())])).await?;
    let first = claim_one(&*store, start()).await?;
    let mut followed = disposing(&first, Disposal::Done);
    followed.add = vec![job(JobKind::Hunt, after(1))];
    store.commit(followed).await?;
    let second = claim_one(&*store, after(1)).await?;
    assert_eq!((second.tries, second.doubtful, second.last_claimed_at), (1, false, None));
    assert!(second.fence > first.fence);
    Ok(())
}

async fn expired_in_order(store: Shared) -> Outcome {
    store.commit(adding([deadline(2, after(2)), deadline(4, after(4))])).await?;
    claim(&*store, after(4)).await?;
    store.commit(adding([deadline(1, after(1)), deadline(3, after(3))])).await?;
    let everything = Claim { now: after(64), lease_until: after(100), limit: 3 };
    let claimed = store.claim(everything).await?;
    let order: Vec<_> = claimed.into_iter().map(|claimed| (claimed.job.due, claimed.doubtful)).collect();
    assert_eq!(order, [(after(1), false), (after(2), true), (after(3), false)]);
    Ok(())
}
