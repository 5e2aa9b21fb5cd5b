//! Where the compiler's word is not enough.

use std::str::FromStr;

use proc_macro2::{TokenStream, TokenTree};

use super::tree::Tree;

/// Paths, and folders that end with `/`, each with why.
const LIST: &str = "xtask/src/tidy/unsafe.txt";

pub(super) fn faults(tree: &Tree) -> Vec<String> {
    let Some(list) = tree.text(LIST) else { return vec![format!("{LIST} is not there")] };
    let allowed: Vec<&str> =
        list.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_whitespace().next()).collect();
    let holds = |entry: &str, path: &str| entry == path || (entry.ends_with('/') && path.starts_with(entry));
    let mut faults = Vec::new();
    let mut used = vec![false; allowed.len()];
    for (path, text) in tree.rust().filter(|(path, _)| is_product(path)) {
        match TokenStream::from_str(text).map(has_unsafe) {
            Ok(false) => {}
            Ok(true) => match allowed.iter().position(|entry| holds(entry, path)) {
                Some(at) => used[at] = true,
                None => faults.push(format!("{path} has unsafe code, and is not listed for it in {LIST}")),
            },
            Err(error) => faults.push(format!("{path}: {error}")),
        }
    }
    let idle = allowed.iter().zip(&used).filter(|(_, used)| !**used);
    faults.extend(idle.map(|(entry, _)| format!("{LIST}: {entry} has no unsafe code any more")));
    faults
}

/// Whether people run it: not a test, and not one of the project's own tools.
fn is_product(path: &str) -> bool {
    let is_source = path.starts_with("vgpu-core/src/") || (path.starts_with("crates/") && path.contains("/src/"));
    is_source && !path.contains("/generated/") && !path.contains("/tests/") && !path.ends_with("/tests.rs")
}

fn has_unsafe(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(word) => word == "unsafe",
        TokenTree::Group(group) => has_unsafe(group.stream()),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNSAFE: &str = "fn a() { unsafe { b() } }";

    fn found(list: &str, path: &str, text: &str) -> usize {
        faults(&Tree::of(&[(LIST, list), (path, text)])).len()
    }

    #[test]
    fn unsafe_code_is_listed_and_the_list_is_used() {
        assert_eq!(found("# why\ncrates/a/src/ffi.rs the border", "crates/a/src/ffi.rs", UNSAFE), 0);
        assert_eq!(found("crates/a/src/api/ the border", "crates/a/src/api/x.rs", UNSAFE), 0);
        assert_eq!(found("", "crates/a/src/b.rs", UNSAFE), 1);
        assert_eq!(
            found("crates/a/src/b.rs why", "crates/a/src/b.rs", "/// unsafe\nfn a() -> &'static str { \"unsafe\" }"),
            1
        );
        assert_eq!(found("", "crates/a/src/tests/b.rs", UNSAFE), 0);
        assert_eq!(found("", "crates/a/src/b.rs", "fn a( {"), 1);
    }
}
