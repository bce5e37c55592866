//! See `pagerslack_fuzz::exclusions_yml`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| pagerslack_fuzz::run(pagerslack_fuzz::exclusions_yml, input));
