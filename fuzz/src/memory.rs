//! Memory in proportion to the input, enforced by the allocator: beyond the limit it answers as a full machine would,
//! and the process ends with the input in hand.
//!
//! libFuzzer has such a limit (`-malloc_limit_mb`), but only where a sanitizer tells it of allocations.

use std::alloc::System;
use std::panic;
use std::sync::{Mutex, Once, PoisonError};

use cap::Cap;

use crate::Target;

#[global_allocator]
static MEMORY: Cap<System> = Cap::new(System, usize::MAX);

/// What every run may have: tables that are read once, such as the public holidays' and the time zones', and some
/// ease.
const ALWAYS: usize = 32 << 20;

/// What it may have for each byte of the input. A row of one letter and a line end becomes an entry of some 400
/// bytes, with its place in two indices.
const FOR_EACH_BYTE: usize = 500;

/// Runs a target with memory for an input of that size and no more.
///
/// # Panics
/// When the target does.
pub fn run(target: Target, input: &[u8]) {
    // One at a time: whatever is allocated meanwhile is the target's.
    static ALONE: Mutex<()> = Mutex::new(());
    static EASE: Once = Once::new();
    EASE.call_once(ease_for_panics);
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    // `Cap` counts what is left of its limit, so a limit that lies below what is in use is refused. It does not.
    let _ = MEMORY.set_limit(MEMORY.allocated() + ALWAYS + input.len() * FOR_EACH_BYTE);
    target(input);
    let _ = MEMORY.set_limit(usize::MAX);
}

/// A panic may take what it needs to tell where it happened.
fn ease_for_panics() {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |what| {
        let _ = MEMORY.set_limit(usize::MAX);
        usual(what);
    }));
}
