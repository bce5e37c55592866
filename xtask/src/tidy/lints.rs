//! Every crate keeps the workspace's lints, and the workspace forbids `unsafe`.

use super::Fault;

/// The manifest of the workspace.
const WORKSPACE: &str = "Cargo.toml";

/// The crates with lints of their own, each with its reason. A crate that needs `unsafe` must be one of them, as what is
/// forbidden cannot be allowed again. None does: even the allocator that limits the fuzz targets is a library's.
const OF_THEIR_OWN: &[(&str, &str)] = &[];

/// The workspace forbids `unsafe`; every member inherits its lints.
pub(super) fn lints(path: &str, text: &str) -> Vec<Fault> {
    if path == WORKSPACE {
        return missing(text, "[workspace.lints.rust]", "unsafe_code = \"forbid\"")
            .map(|line| Fault::new(path, line, "forbid unsafe code: unsafe_code = \"forbid\""))
            .into_iter()
            .collect();
    }
    let excused = OF_THEIR_OWN.iter().any(|(manifest, _)| path == *manifest);
    if excused || !path.ends_with("/Cargo.toml") {
        return Vec::new();
    }
    missing(text, "[lints]", "workspace = true")
        .map(|line| Fault::new(path, line, "inherit the workspace's lints: [lints] workspace = true"))
        .into_iter()
        .collect()
}

/// The line after which `wanted` is missing in a section: the section's, or the last one when it is missing too.
fn missing(text: &str, section: &str, wanted: &str) -> Option<usize> {
    let mut lines = text.lines().map(|line| line.split('#').next().unwrap_or(line).trim()).zip(1..);
    let Some((_, at)) = lines.find(|(line, _)| *line == section) else {
        return Some(text.lines().count().max(1));
    };
    let found = lines.take_while(|(line, _)| !line.starts_with('[')).any(|(line, _)| line == wanted);
    (!found).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEMBER: &str = "crates/a/Cargo.toml";

    #[test]
    fn a_crate_without_the_workspaces_lints_is_a_fault() {
        assert_eq!(lints(MEMBER, "[package]\n\n[lints]\n# All of them.\nworkspace = true\n\n[[bin]]\n"), []);
        for (text, line) in [
            ("[package]\nname = \"a\"\n", 2),
            ("[package]\n\n[lints]\n", 3),
            ("[lints]\n# workspace = true\n", 1),
            ("[lints]\n[package]\nworkspace = true\n", 1),
            ("[lints.rust]\nunsafe_code = \"allow\"\n", 2),
            ("", 1),
        ] {
            let message = "inherit the workspace's lints: [lints] workspace = true";
            assert_eq!(lints(MEMBER, text), [Fault::new(MEMBER, line, message)], "{text:?}");
        }
        assert_eq!(lints("crates/a/src/lib.rs", ""), []);
    }

    #[test]
    fn a_workspace_that_does_not_forbid_unsafe_code_is_a_fault() {
        assert_eq!(lints(WORKSPACE, "[workspace.lints.rust]\nunsafe_code = \"forbid\" # always\n"), []);
        for text in ["[workspace.lints.rust]\nunsafe_code = \"deny\"\n", "unsafe_code = \"forbid\"\n"] {
            assert_eq!(lints(WORKSPACE, text).len(), 1, "{text:?}");
        }
    }
}
