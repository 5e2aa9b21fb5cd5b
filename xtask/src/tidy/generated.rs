//! Whether one can tell by its path what not to edit.

use super::tree::Tree;
use crate::codegen::GENERATED_HEADER;

/// Written for people to read, beside what it is written from.
const ELSEWHERE: [&str; 1] = ["headers/spec/STATUS.md"];

pub(super) fn faults(tree: &Tree) -> Vec<String> {
    let mark = GENERATED_HEADER.trim_start_matches("//! ");
    let mut faults = Vec::new();
    for (path, text) in tree.files() {
        let is_generated = text.lines().next().is_some_and(|line| line.contains(mark));
        let is_in_place = path.split('/').any(|part| part == "generated") || ELSEWHERE.contains(&path);
        if is_generated && !is_in_place {
            faults.push(format!("{path} is generated, and stands under no generated/"));
        }
        if !is_generated && is_in_place && path.ends_with(".rs") {
            faults.push(format!("{path} stands under generated/, and was not generated"));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_generated_and_what_is_not_stand_apart() {
        let text = format!("{GENERATED_HEADER}\nfn a() {{}}\n");
        assert_eq!(faults(&Tree::of(&[("a/generated/b.rs", &text), ("a/c.rs", "fn c() {}")])), [""; 0]);
        assert_eq!(faults(&Tree::of(&[("a/b.rs", &text)])).len(), 1);
        assert_eq!(faults(&Tree::of(&[("a/generated/c.rs", "fn c() {}")])).len(), 1);
    }
}
