//! The seeds, replayed without a fuzzer: `cargo xtask test` runs what `cargo xtask fuzz` begins with.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::*;

fn seeds() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus-seeds")
}

#[test]
fn every_seed_keeps_the_promises() {
    for (name, target) in TARGETS {
        let mut count = 0;
        for entry in fs::read_dir(seeds().join(name)).unwrap() {
            let path = entry.unwrap().path();
            let input = fs::read(&path).unwrap();
            run(|_| (), &input);
            run(target, &input);
            // Cut short and doubled: what an editor or a line that breaks makes of it.
            run(target, &input[..input.len() / 2]);
            run(target, &[&input[..], &input].concat());
            count += 1;
        }
        assert!(count > 0, "{name} has no seeds");
    }
}

/// A target without its binary or dictionary would never be run.
#[test]
fn every_target_has_what_it_needs() {
    let files = |folder: &str| -> BTreeSet<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let name = |path: PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
        fs::read_dir(folder).unwrap().map(|entry| name(entry.unwrap().path())).collect()
    };
    let names = TARGETS.map(|(name, _)| name.to_owned()).into();
    for folder in ["fuzz_targets", "corpus-seeds", "dictionaries"] {
        assert_eq!(files(folder), names, "{folder}");
    }
}

#[test]
fn lines_are_counted_whatever_ends_them() {
    for (text, count) in [("", 1), ("a", 1), ("a\n", 2), ("a\r\nb\r\n", 3), ("a\rb\n\rc", 4)] {
        assert_eq!(lines::count(text.as_bytes()), count, "{text:?}");
    }
}
