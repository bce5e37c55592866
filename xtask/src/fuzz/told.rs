//! What libFuzzer wrote, in a line: how much was tried; or why it stopped, and how to see that again.

/// How a target fared.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// In one line.
    Well(String),
    /// In several.
    Broken(String),
}

impl Told {
    pub(super) fn failure(why: String) -> Self {
        Self::Broken(why)
    }
}

/// So many lines of a failure are shown; the log has the rest.
const SHOWN: usize = 30;

/// Reads the log of a target that ended `well` or not.
pub(super) fn of(target: &str, well: bool, log: &str) -> Told {
    let stat = |name: &str| {
        let after = log.lines().rev().find_map(|line| line.strip_prefix("stat::")?.strip_prefix(name))?;
        after.trim_start_matches(':').trim().parse::<u64>().ok()
    };
    let stats = (stat("number_of_executed_units"), stat("average_exec_per_sec"), stat("peak_rss_mb"));
    if let (true, (Some(runs), Some(per_second), Some(megabytes))) = (well, stats) {
        let coverage = log.lines().rev().find_map(coverage).unwrap_or_default();
        return Told::Well(format!(
            "{runs:>9} runs, {per_second:>6} a second, coverage {coverage:>5}, at most {megabytes} MB"
        ));
    }
    // libFuzzer tells of every input that adds to the coverage: of no interest now.
    let events = |line: &&str| !line.starts_with('#') && !line.starts_with("stat::");
    let mut lines: Vec<&str> = log.lines().filter(events).collect();
    let left_out = lines.len().saturating_sub(SHOWN);
    lines.drain(..left_out);
    let mut told: String = lines.iter().map(|line| format!("    {}\n", cut(line))).collect();
    let written = log.lines().find_map(|line| line.split_once("Test unit written to ").map(|(_, file)| file));
    match written {
        Some(file) => {
            told.push_str(&format!("  to repeat it: cargo xtask fuzz {target} --input {}", file.trim()));
        }
        None => told.push_str(&format!("  its log: fuzz/artifacts/{target}/log")),
    }
    Told::Broken(told)
}

/// The coverage in a line such as `#5 NEW    cov: 2576 ft: 7878 corp: …`.
fn coverage(line: &str) -> Option<u64> {
    line.split_once(" cov: ")?.1.split(' ').next()?.parse().ok()
}

/// A line may hold the whole input.
fn cut(line: &str) -> String {
    const LONGEST: usize = 300;
    if line.chars().count() <= LONGEST {
        return line.to_owned();
    }
    line.chars().take(LONGEST).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_good_run_is_one_line() {
        let log = "INFO: Seed: 1\n#2\tINITED cov: 12 ft: 3 corp: 1/1b\n#90\tDONE   cov: 2576 ft: 7878 corp: 9/1Kb\n\
            Done 90 runs in 6 second(s)\nstat::number_of_executed_units: 90\n\
            stat::average_exec_per_sec:     15\nstat::new_units_added:          3\nstat::peak_rss_mb:              32\n";
        let line = "       90 runs,     15 a second, coverage  2576, at most 32 MB";
        assert_eq!(of("command", true, log), Told::Well(line.to_owned()));
    }

    #[test]
    fn a_broken_promise_is_shown_with_the_line_that_repeats_it() {
        let log = "#7\tNEW    cov: 1 ft: 1\nthread panicked\nforged: <x>\n\
            artifact_prefix='fuzz/artifacts/command/'; Test unit written to fuzz/artifacts/command/crash-1\n";
        let Told::Broken(told) = of("command", false, log) else { panic!("it broke") };
        assert!(told.starts_with("    thread panicked\n    forged: <x>\n"), "{told}");
        let repeat = "to repeat it: cargo xtask fuzz command --input fuzz/artifacts/command/crash-1";
        assert!(told.ends_with(repeat), "{told}");
        let Told::Broken(told) = of("command", true, "cannot open the dictionary\n") else {
            panic!("nothing was run")
        };
        assert!(told.contains("cannot open") && told.ends_with("fuzz/artifacts/command/log"), "{told}");
    }
}
