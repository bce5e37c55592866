//! Every relative link in the documents leads to a file.
//!
//! Addresses on the web are not tried: that would make CI depend on other people's servers.

use super::Fault;

/// The broken links of a Markdown file. `exists` answers for a path from the root of the repository.
pub(super) fn broken(path: &str, text: &str, exists: impl Fn(&str) -> bool) -> Vec<Fault> {
    if !path.ends_with(".md") {
        return Vec::new();
    }
    let mut faults = Vec::new();
    let mut in_block = false;
    for (line, number) in text.lines().zip(1..) {
        if line.trim_start().starts_with("```") {
            in_block = !in_block;
        } else if !in_block {
            let missing = targets(line).into_iter().filter(|target| is_relative(target)).filter(|target| {
                let file = target.split(['#', '?']).next().unwrap_or(target);
                !file.is_empty() && !resolve(path, file).is_some_and(|file| exists(&file))
            });
            faults.extend(
                missing.map(|target| Fault::new(path, number, format!("the link leads nowhere: {target}"))),
            );
        }
    }
    faults
}

/// The targets of `[text](target "title")`, `[id]: target`, `src="target"` and `href="target"`.
fn targets(line: &str) -> Vec<String> {
    // What stands between backticks is shown, not followed.
    let line: String = line.split('`').step_by(2).collect::<Vec<_>>().join("`");
    let mut found = Vec::new();
    for (opening, closing) in [("](", ')'), ("src=\"", '"'), ("href=\"", '"')] {
        let ends = line.match_indices(opening).map(|(at, _)| &line[at + opening.len()..]);
        found.extend(ends.filter_map(|rest| rest.split_once(closing)).map(|(target, _)| target.to_owned()));
    }
    if let Some((_, target)) = line.trim_start().strip_prefix('[').and_then(|rest| rest.split_once("]: ")) {
        found.push(target.to_owned());
    }
    let bare = |target: String| {
        let target = target.trim();
        let target = target.split(" \"").next().unwrap_or(target);
        target.trim_start_matches('<').trim_end_matches('>').to_owned()
    };
    found.into_iter().map(bare).collect()
}

fn is_relative(target: &str) -> bool {
    !target.starts_with('/')
        && !target.contains("://")
        && !target.starts_with("mailto:")
        && !target.contains("{{")
}

/// `../docs/A.md` seen from `crates/x.md` is `docs/A.md`; `None` when it leaves the repository.
fn resolve(from: &str, target: &str) -> Option<String> {
    let mut folders: Vec<&str> = from.split('/').collect();
    folders.pop();
    for part in target.split('/') {
        match part {
            "." | "" => {}
            ".." => {
                folders.pop()?;
            }
            name => folders.push(name),
        }
    }
    Some(folders.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Vec<usize> {
        broken("docs/A.md", text, |path| ["README.md", "docs/B.md", "docs/a.png"].contains(&path))
            .into_iter()
            .map(|fault| fault.line)
            .collect()
    }

    #[test]
    fn links_that_lead_somewhere_are_well() {
        assert!(check("[b](B.md) and [top](../README.md#install) and ![a](a.png \"A\")").is_empty());
        assert!(check("[web](https://example.com/x) [mail](mailto:a@example.com) [here](#part)").is_empty());
        assert!(check("[b]: B.md\n<img src=\"a.png\">").is_empty());
        assert!(check("`[shown](nowhere.md)`\n```\n[shown](nowhere.md)\n```").is_empty());
    }

    #[test]
    fn links_that_lead_nowhere_are_faults() {
        assert_eq!(check("fine\n[c](C.md)"), [2]);
        assert_eq!(check("[out](../../elsewhere.md)"), [1]);
        assert_eq!(check("[c]: C.md\n<img src=\"c.png\">\n![c](c.png)"), [1, 2, 3]);
    }
}
