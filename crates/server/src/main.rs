//! The binary: a menu.

use std::process::ExitCode;

fn main() -> ExitCode {
    pagerslack::cli::main()
}
