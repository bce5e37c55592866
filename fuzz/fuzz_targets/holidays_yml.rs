//! See `pagerslack_fuzz::holidays_yml`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| pagerslack_fuzz::run(pagerslack_fuzz::holidays_yml, input));
