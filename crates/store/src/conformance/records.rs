//! Records: of several writers one wins, and no version comes twice.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::task::JoinSet;

use super::samples::{after, precise, start};
use super::{Outcome, Shared, Suite};
use crate::{Record, RecordWrite, Records, StoreError};

pub(super) async fn cases<F: AsyncFn() -> Shared>(suite: &mut Suite<F>) {
    suite.case("a record comes back as it was written", comes_back).await;
    suite.case("a record is written over the version that was read, or not at all", over_what_was_read).await;
    suite.case("a record taken away and written again has a new version", anew).await;
    suite.case("shelves are apart, and read page by page in the order of the names", shelves).await;
    suite.case("what has expired is swept, and nothing else", swept).await;
    suite.case("of many writers of one record one wins", one_writer).await;
}

fn writing(name: &str, expected: u64, value: &[u8]) -> RecordWrite {
    RecordWrite {
        shelf: "shelf".to_owned(),
        name: name.to_owned(),
        expected,
        value: Some(value.to_vec()),
        expires_at: None,
    }
}

async fn written(store: &dyn Records, write: RecordWrite) -> Result<u64, StoreError> {
    let version = store.write_record(write).await?;
    assert!(version.is_some(), "nobody else writes");
    Ok(version.unwrap_or_default())
}

async fn comes_back(store: Shared) -> Outcome {
    assert_eq!(store.record("shelf", "a").await?, None);
    let bytes: Vec<u8> = (0..=255).collect();
    let write = RecordWrite { expires_at: Some(precise()), ..writing("a \u{0} ü/{x}", 0, &bytes) };
    let version = written(&*store, write).await?;
    let expected = Record { version, value: bytes, expires_at: Some(precise()) };
    assert_eq!(store.record("shelf", "a \u{0} ü/{x}").await?, Some(expected));
    let version = written(&*store, writing("empty", 0, b"")).await?;
    let expected = Record { version, value: Vec::new(), expires_at: None };
    assert_eq!(store.record("shelf", "empty").await?, Some(expected));
    Ok(())
}

async fn over_what_was_read(store: Shared) -> Outcome {
    let first = written(&*store, writing("a", 0, b"1")).await?;
    for wrong in [0, first + 1, u64::MAX] {
        assert_eq!(store.write_record(writing("a", wrong, b"2")).await?, None);
    }
    assert_eq!(store.write_record(writing("b", first, b"2")).await?, None, "there is none to be replaced");
    let second = written(&*store, writing("a", first, b"2")).await?;
    assert!(second > first);
    assert_eq!(store.record("shelf", "a").await?.map(|record| record.value), Some(b"2".to_vec()));
    assert_eq!(store.record("shelf", "b").await?, None);
    Ok(())
}

async fn anew(store: Shared) -> Outcome {
    let first = written(&*store, writing("a", 0, b"1")).await?;
    let gone = RecordWrite { value: None, ..writing("a", first, b"") };
    written(&*store, gone.clone()).await?;
    assert_eq!(store.record("shelf", "a").await?, None);
    assert_eq!(store.write_record(gone).await?, None);
    let again = written(&*store, writing("a", 0, b"1")).await?;
    assert!(again > first);
    assert_eq!(store.write_record(writing("a", first, b"2")).await?, None);
    Ok(())
}

async fn shelves(store: Shared) -> Outcome {
    for name in ["b", "a", "ab", "B", "ä"] {
        written(&*store, writing(name, 0, name.as_bytes())).await?;
    }
    written(&*store, RecordWrite { shelf: "other".to_owned(), ..writing("z", 0, b"z") }).await?;
    for limit in [1, 2, 5, usize::MAX] {
        let (mut names, mut after) = (Vec::new(), None);
        loop {
            let page = store.records("shelf", after, limit).await?;
            assert!(page.items.len() <= limit);
            for (name, record) in page.items {
                assert_eq!(record.value, name.as_bytes());
                names.push(name);
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(names, ["B", "a", "ab", "b", "ä"], "pages of {limit}");
    }
    assert_eq!(store.records("none", None, 9).await?.items, []);
    assert_eq!(store.shelves().await?, ["other", "shelf"]);
    let z = store.record("other", "z").await?.map_or(0, |record| record.version);
    let gone = RecordWrite { shelf: "other".to_owned(), value: None, ..writing("z", z, b"") };
    written(&*store, gone).await?;
    assert_eq!(store.shelves().await?, ["shelf"]);
    Ok(())
}

async fn swept(store: Shared) -> Outcome {
    for (name, expires_at) in [("a", Some(start())), ("b", Some(after(1))), ("c", None)] {
        written(&*store, RecordWrite { expires_at, ..writing(name, 0, b"1") }).await?;
    }
    let other = RecordWrite { shelf: "other".to_owned(), expires_at: Some(start()), ..writing("a", 0, b"1") };
    written(&*store, other).await?;
    assert_eq!(store.sweep_records("shelf", start()).await?, 1);
    let left = store.records("shelf", None, 9).await?.items.into_iter().map(|(name, _)| name);
    assert_eq!(left.collect::<Vec<_>>(), ["b", "c"]);
    assert!(store.record("other", "a").await?.is_some());
    assert_eq!(store.sweep_records("shelf", after(1)).await?, 1);
    assert_eq!(store.sweep_records("shelf", after(9)).await?, 0);
    Ok(())
}

async fn one_writer(store: Shared) -> Outcome {
    let mut version = 0;
    let mut seen = BTreeSet::new();
    for _ in 0..5 {
        let mut tasks = JoinSet::new();
        for racer in 0..64_u8 {
            let store = Arc::clone(&store);
            tasks.spawn(async move { store.write_record(writing("a", version, &[racer])).await });
        }
        let mut won = Vec::new();
        for outcome in tasks.join_all().await {
            won.extend(outcome?);
        }
        assert_eq!(won.len(), 1);
        version = won[0];
        assert!(seen.insert(version));
    }
    Ok(())
}
