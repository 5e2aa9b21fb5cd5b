//! Whether documents still speak of this repository.

use super::tree::Tree;

/// Folders at the root: a word in backticks that begins with one of them is a path.
const FOLDERS: [&str; 5] = ["crates/", "headers/", "tests/", "vgpu-core/", "xtask/"];

pub(super) fn faults(tree: &Tree) -> Vec<String> {
    let documents = tree.files().filter(|(path, _)| path.ends_with(".md"));
    documents
        .flat_map(|(document, text)| {
            let folder = document.rsplit_once('/').map_or("", |(folder, _)| folder);
            let links = links(text)
                .filter(|link| !link.contains("://") && !link.starts_with('#'))
                .map(move |link| join(folder, link));
            let dead = links.chain(paths(text)).filter(|path| !tree.has(path));
            dead.map(move |path| format!("{document}: {path} is not there")).collect::<Vec<_>>()
        })
        .collect()
}

/// What `[text](link)` leads to, without its heading.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let ends = text.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    ends.map(|(link, _)| link.split_once('#').map_or(link, |(file, _)| if file.is_empty() { link } else { file }))
}

/// Words in backticks that are paths from the root, without patterns and places to fill in.
fn paths(text: &str) -> impl Iterator<Item = String> {
    let is_path = |word: &&str| {
        FOLDERS.iter().any(|folder| word.starts_with(folder)) && !word.contains(['<', '*', ' ', '$', '{', ':'])
    };
    text.lines().flat_map(|line| line.split('`').skip(1).step_by(2)).filter(is_path).map(str::to_owned)
}

/// A link from a file in `folder`.
fn join(folder: &str, link: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in link.split('/') {
        match part {
            ".." => {
                parts.pop();
            }
            "." | "" => {}
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        faults(&Tree::of(&[("README.md", text), ("crates/a/VM.md", "[up](../../README.md)"), ("tests/b.rs", "")]))
    }

    #[test]
    fn a_link_or_a_path_that_leads_nowhere_is_a_fault() {
        assert_eq!(
            found("[a](crates/a/VM.md#sizes), `tests/b.rs`, `crates/a`, [web](https://example.org), [here](#there)"),
            [""; 0]
        );
        assert_eq!(found("[a](crates/b/VM.md)"), ["README.md: crates/b/VM.md is not there"]);
        assert_eq!(found("see `tests/c.rs`"), ["README.md: tests/c.rs is not there"]);
        assert_eq!(found("`crates/<name>/src` and `crates/*/src` are patterns"), [""; 0]);
    }
}
