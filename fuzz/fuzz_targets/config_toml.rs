//! See `pagerslack_fuzz::config_toml`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| pagerslack_fuzz::run(pagerslack_fuzz::config_toml, input));
