//! See `pagerslack_fuzz::command`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| pagerslack_fuzz::run(pagerslack_fuzz::command, input));
