//! See `pagerslack_fuzz::oncall_csv`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| pagerslack_fuzz::run(pagerslack_fuzz::oncall_csv, input));
