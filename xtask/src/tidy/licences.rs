//! Whether whoever gets a package may use it.

use super::tree::Tree;

/// Texts at the root, and words that they begin with.
const TEXTS: [(&str, &str); 2] = [("LICENSE-MIT", "MIT License"), ("LICENSE-APACHE", "Apache License")];

pub(super) fn faults(tree: &Tree) -> Vec<String> {
    let has_text = |path: &str, words: &str| tree.text(path).is_some_and(|text| text.trim_start().starts_with(words));
    let absent = TEXTS.iter().filter(|(path, words)| !has_text(path, words));
    let mut faults: Vec<String> =
        absent.map(|(path, words)| format!("{path} is no licence text that begins with {words:?}")).collect();
    for (path, text) in tree.files().filter(|(path, _)| path.ends_with("/Cargo.toml")) {
        let package: Option<toml::Table> = text.parse().ok();
        let package = package.as_ref().and_then(|table| table.get("package"));
        if package.is_some_and(|package| package.get("license").is_none()) {
            faults.push(format!("{path} names no licence: license.workspace = true"));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACKAGE: (&str, &str) = ("a/Cargo.toml", "[package]\nname = \"a\"\nlicense.workspace = true\n");

    #[test]
    fn texts_and_words_must_be_there() {
        let texts = TEXTS.map(|(path, words)| (path, words));
        assert_eq!(faults(&Tree::of(&[texts[0], texts[1], PACKAGE])), [""; 0]);
        assert_eq!(faults(&Tree::of(&[texts[0], PACKAGE])).len(), 1);
        assert_eq!(faults(&Tree::of(&[texts[0], (texts[1].0, ""), PACKAGE])).len(), 1);
        assert_eq!(faults(&Tree::of(&[texts[0], texts[1], ("a/Cargo.toml", "[package]\nname = \"a\"\n")])).len(), 1);
    }
}
