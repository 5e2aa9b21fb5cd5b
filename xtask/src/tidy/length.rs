//! Whether a file is still about one thing.

use super::tree::Tree;

const LINES_MAX: usize = 600;

pub(super) fn faults(tree: &Tree) -> Vec<String> {
    tree.files()
        .filter(|(path, _)| {
            [".rs", ".c", ".cpp", ".h", ".py", ".mjs", ".sh", ".md"].iter().any(|kind| path.ends_with(kind))
        })
        .filter(|(path, _)| !path.contains("/generated/") && *path != "headers/spec/STATUS.md")
        .map(|(path, text)| (path, text.lines().count()))
        .filter(|(_, lines)| *lines > LINES_MAX)
        .map(|(path, lines)| format!("{path} has {lines} lines: which idea in it wants a file of its own?"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_file_is_named_unless_nobody_writes_it() {
        let (long, fits) = ("\n".repeat(LINES_MAX + 1), "\n".repeat(LINES_MAX));
        assert_eq!(faults(&Tree::of(&[("a.rs", &long), ("b.md", &long)])).len(), 2);
        assert_eq!(faults(&Tree::of(&[("a.rs", &fits), ("c/generated/a.rs", &long), ("x.tsv", &long)])), [""; 0]);
    }
}
