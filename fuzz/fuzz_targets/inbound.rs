//! See `pagerslack_fuzz::inbound`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| pagerslack_fuzz::run(pagerslack_fuzz::inbound, input));
