//! What watches PagerSlack: the alerts with their tests, the dashboard, and the metrics' own form, all by promtool.
//!
//! That the metrics that these name are exported is a test of the server, which has the binary to ask.

use std::fs;

use anyhow::{Context as _, bail};
use serde_json::Value;

use super::is_there;
use crate::command::{on_path, program};
use crate::machine;
use crate::terminal::say;

const ALERTS: &str = "deploy/prometheus/alerts.yml";
const TESTS: &str = "deploy/prometheus/alerts.test.yml";
const SCRAPE: &str = "deploy/prometheus/metrics.txt";
const DASHBOARD: &str = "deploy/grafana/pagerslack.json";

/// Where Debian's package is unpacked: installed it would start a service that nobody asked for.
const UNPACKED: &str = "target/deploy/prometheus/usr/bin/promtool";

/// Runs every check.
pub(super) fn check() -> anyhow::Result<()> {
    let found = on_path("promtool").is_some() || fs::exists(UNPACKED).is_ok_and(|there| there);
    if !is_there("promtool", found, machine::promtool)? {
        return Ok(());
    }
    let promtool = if on_path("promtool").is_some() { "promtool" } else { UNPACKED };
    let drawn = "target/deploy/dashboard.yml";
    let dashboard = fs::read_to_string(DASHBOARD).with_context(|| format!("cannot read {DASHBOARD}"))?;
    fs::write(drawn, rules(&dashboard)?).with_context(|| format!("cannot write {drawn}"))?;
    program(promtool).args(&["check", "rules", ALERTS, drawn]).run()?;
    program(promtool).args(&["test", "rules", TESTS]).run()?;
    // promtool reads a scrape from its standard input alone.
    program("sh").args(&["-c", &format!("{promtool} check metrics < {SCRAPE}")]).run()?;
    say("The alerts, the dashboard and the metrics are sound.");
    Ok(())
}

/// The expressions of a dashboard as rules, so that promtool reads them: Grafana's own variables stand for times.
fn rules(dashboard: &str) -> anyhow::Result<String> {
    let dashboard: Value = serde_json::from_str(dashboard).context("the dashboard is no JSON")?;
    let panels = dashboard["panels"].as_array().context("the dashboard has no panels")?;
    let mut rules = "groups:\n  - name: dashboard\n    rules:\n".to_owned();
    for panel in panels {
        let title = panel["title"].as_str().context("a panel has no title")?;
        let targets = panel["targets"].as_array().filter(|targets| !targets.is_empty());
        for (number, target) in targets.with_context(|| format!("`{title}` asks nothing"))?.iter().enumerate()
        {
            let asked = target["expr"].as_str().with_context(|| format!("`{title}` asks nothing"))?;
            let asked = asked.replace("$__rate_interval", "5m");
            if asked.contains('$') {
                bail!("`{title}` has a variable that nobody replaces: {asked}");
            }
            let id = &panel["id"];
            // JSON's strings are YAML's.
            rules += &format!("      - record: panel:{id}:{number}\n        expr: {}\n", Value::from(asked));
        }
    }
    Ok(rules)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panel_becomes_a_rule() {
        let panel = r#"{"panels":[{"id":3,"title":"Pages","targets":[{"expr":"rate(a{b=\"c\"}[$__rate_interval])"}]}]}"#;
        let rule = "      - record: panel:3:0\n        expr: \"rate(a{b=\\\"c\\\"}[5m])\"\n";
        assert!(rules(panel).unwrap().ends_with(rule));
    }

    #[test]
    fn a_panel_that_asks_nothing_or_asks_for_a_variable_is_a_fault() {
        for targets in ["[]", "[{}]", r#"[{"expr":"a{b=\"$c\"}"}]"#] {
            assert!(rules(&format!(r#"{{"panels":[{{"id":1,"title":"A","targets":{targets}}}]}}"#)).is_err());
        }
    }
}
