//! Nothing in the repository names the machine it was written on: it would be wrong on every other.

use super::Fault;

/// Top folders of a developer's machine. Spelt without their slashes, so that this file breaks no rule itself.
const FOLDERS: [&str; 4] = ["work", "root", "farm", "tmp/bash"];

/// Settings that point a package manager somewhere else than its public registry.
const REDIRECTIONS: [&str; 5] =
    ["index-url", "replace-with", "source.crates-io", "goproxy=", "registry=http"];

/// Where the lock files may say that packages came from.
const PUBLIC: [&str; 2] =
    ["registry+https://github.com/rust-lang/crates.io-index", "https://registry.npmjs.org/"];

/// No absolute path of a developer's machine.
pub(super) fn paths(path: &str, text: &str) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        for folder in FOLDERS.iter().map(|folder| format!("/{folder}/")) {
            let absolute = line.match_indices(&folder).any(|(at, _)| {
                let part_of_a_path = |it: char| it.is_alphanumeric() || matches!(it, '_' | '.' | '-' | '}');
                !line[..at].ends_with(part_of_a_path)
            });
            if absolute {
                faults.push(Fault::new(
                    path,
                    number,
                    format!("{folder} is a path of one machine: make it relative"),
                ));
            }
        }
    }
    faults
}

/// No private package registry: neither in a lock file nor in a setting.
pub(super) fn registries(path: &str, text: &str) -> Vec<Fault> {
    if path.ends_with("tidy/workplace.rs") {
        return Vec::new();
    }
    let lock_file = path.ends_with("Cargo.lock") || path.ends_with("package-lock.json");
    let private_source = |line: &str| {
        let line = line.trim().trim_end_matches(',');
        let source = line.strip_prefix("source = ").or_else(|| line.strip_prefix("\"resolved\": "));
        lock_file
            && source.is_some_and(|it| !PUBLIC.iter().any(|public| it.trim_matches('"').starts_with(public)))
    };
    let redirected = |line: &str| {
        let line = line.to_lowercase();
        REDIRECTIONS.iter().any(|setting| line.contains(setting))
    };
    text.lines()
        .zip(1..)
        .filter(|(line, _)| private_source(line) || redirected(line))
        .map(|(_, number)| Fault::new(path, number, "names a package registry that others do not have"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_one_machine_is_a_fault() {
        for folder in FOLDERS {
            assert_eq!(paths("docs/a.md", &format!("see /{folder}/notes")).len(), 1, "{folder}");
        }
        assert_eq!(paths("docs/a.md", &format!("update/{}/version", FOLDERS[1])), []);
    }

    #[test]
    fn a_private_registry_is_a_fault() {
        let lock = |source: &str| format!("[[package]]\nsource = \"{source}\"\n");
        assert_eq!(registries("Cargo.lock", &lock("registry+https://mirror.example/index")).len(), 1);
        assert_eq!(registries("Cargo.lock", &lock(PUBLIC[0])), []);
        assert_eq!(
            registries("package-lock.json", "\"resolved\": \"https://mirror.example/a.tgz\",").len(),
            1
        );
        assert_eq!(
            registries("package-lock.json", "\"resolved\": \"https://registry.npmjs.org/a.tgz\","),
            []
        );
        assert_eq!(registries(".cargo/config.toml", "replace-with = \"mirror\"").len(), 1);
    }
}
