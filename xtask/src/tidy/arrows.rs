//! The arrows between our crates point down only: the table here is the shape of the product.

use anyhow::Context as _;
use serde_json::Value;

use super::Fault;
use crate::command::cargo;

/// Which of our crates each of our crates may depend on, in its tests too.
const ARROWS: &[(&str, &[&str])] = &[
    ("pagerslack-core", &[]),
    ("pagerslack-charts", &[]),
    ("pagerslack-store", &["pagerslack-core", "redis-servers"]),
    ("pagerslack-slack", &["pagerslack-core"]),
    ("pagerslack-sources", &["pagerslack-core"]),
    ("slack-sim", &[]),
    ("redis-servers", &[]),
    (
        "pagerslack",
        &[
            "pagerslack-charts",
            "pagerslack-core",
            "pagerslack-store",
            "pagerslack-slack",
            "pagerslack-sources",
            "redis-servers",
            "slack-sim",
        ],
    ),
    (
        "pagerslack-bench",
        &[
            "pagerslack",
            "pagerslack-core",
            "pagerslack-store",
            "pagerslack-slack",
            "pagerslack-sources",
            "slack-sim",
            "redis-servers",
        ],
    ),
    (
        "pagerslack-simulate",
        &[
            "pagerslack",
            "pagerslack-core",
            "pagerslack-store",
            "pagerslack-slack",
            "redis-servers",
            "slack-sim",
        ],
    ),
    ("pagerslack-fuzz", &["pagerslack-core", "pagerslack-slack", "pagerslack-sources"]),
    ("xtask", &[]),
];

/// One of our crates.
pub(super) struct Package {
    name: String,
    /// Its `Cargo.toml`, from the root of the repository.
    manifest: String,
    text: String,
    /// Those of its dependencies that are ours.
    ours: Vec<String>,
}

/// Asks cargo for our crates.
///
/// # Errors
/// When cargo cannot tell, or its answer has another form than documented.
pub(super) fn packages() -> anyhow::Result<Vec<Package>> {
    let answer = cargo(&["metadata", "--format-version", "1", "--no-deps", "--offline"]).read()?;
    let metadata: Value = serde_json::from_str(&answer).context("cargo metadata")?;
    let root = metadata["workspace_root"].as_str().context("cargo metadata names no workspace_root")?;
    let packages = metadata["packages"].as_array().context("cargo metadata lists no packages")?;
    packages.iter().map(|package| read(package, root)).collect()
}

fn read(package: &Value, root: &str) -> anyhow::Result<Package> {
    let name = package["name"].as_str().context("a package without a name")?.to_owned();
    let manifest = package["manifest_path"].as_str().context("a package without a manifest")?;
    let dependencies =
        package["dependencies"].as_array().context("a package without a list of dependencies")?;
    Ok(Package {
        name,
        manifest: manifest.trim_start_matches(root).trim_start_matches('/').to_owned(),
        text: std::fs::read_to_string(manifest).with_context(|| format!("cannot read {manifest}"))?,
        ours: dependencies
            .iter()
            .filter(|dependency| dependency["path"].is_string())
            .filter_map(|dependency| dependency["name"].as_str().map(str::to_owned))
            .collect(),
    })
}

/// Faults for each arrow that the table does not have.
pub(super) fn faults(package: &Package) -> Vec<Fault> {
    let Package { name, manifest, text, ours } = package;
    let Some((_, allowed)) = ARROWS.iter().find(|(known, _)| known == name) else {
        let message = format!("{name} is a new crate: give it a row in ARROWS, xtask/src/tidy/arrows.rs");
        return vec![Fault::new(manifest, 1, message)];
    };
    ours.iter()
        .filter(|dependency| !allowed.contains(&dependency.as_str()))
        .map(|dependency| {
            let line =
                text.lines().position(|line| line.starts_with(dependency.as_str())).map_or(1, |at| at + 1);
            let may = if allowed.is_empty() {
                "none of our crates".to_owned()
            } else {
                format!("only {}", allowed.join(", "))
            };
            Fault::new(manifest, line, format!("{name} may depend on {may}, not on {dependency}"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, ours: &[&str]) -> Package {
        let lines: Vec<String> = ours.iter().map(|it| format!("{it}.workspace = true")).collect();
        Package {
            name: name.to_owned(),
            manifest: "crates/x/Cargo.toml".to_owned(),
            text: format!("[dependencies]\n{}\n", lines.join("\n")),
            ours: ours.iter().map(|&it| it.to_owned()).collect(),
        }
    }

    #[test]
    fn arrows_point_down() {
        assert_eq!(faults(&package("pagerslack-store", &["pagerslack-core"])), []);
        assert_eq!(
            faults(&package("pagerslack-store", &["pagerslack-core", "pagerslack-slack"])),
            [Fault::new(
                "crates/x/Cargo.toml",
                3,
                "pagerslack-store may depend on only pagerslack-core, redis-servers, not on pagerslack-slack"
            )]
        );
        assert_eq!(faults(&package("pagerslack-core", &["slack-sim"])).len(), 1);
    }

    #[test]
    fn a_new_crate_needs_a_row() {
        assert_eq!(faults(&package("pagerslack-novelty", &[])).len(), 1);
    }
}
