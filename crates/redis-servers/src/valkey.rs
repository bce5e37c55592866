//! Where `cargo xtask test` puts a Valkey.

use std::path::{Path, PathBuf};

/// Relative to the workspace's root, where `xtask/src/e2e.rs` puts it.
const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/e2e/valkey-server");

/// The Valkey that is pinned in `e2e/`, for [`Builder::program`](crate::Builder::program); `None` where it is not
/// installed.
pub fn valkey() -> Option<PathBuf> {
    Some(Path::new(PROGRAM)).filter(|program| program.is_file()).map(Path::to_owned)
}
