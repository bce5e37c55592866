//! See `pagerslack_fuzz::roster_import`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| pagerslack_fuzz::run(pagerslack_fuzz::roster_import, input));
