//! Commands that our documents tell people to type, so that tests can type them.

use std::{fs, path::Path};

/// The shell commands of one of the repository's documents that stand below a heading, up to the next heading: its `sh`
/// blocks, one after the other, as they are written.
///
/// # Panics
/// When there is no such document, heading or block.
pub fn commands(document: &str, heading: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(document);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let commands = below(&text, heading);
    assert!(!commands.is_empty(), "{document} has no commands below {heading:?}");
    commands
}

fn below(text: &str, heading: &str) -> String {
    let mut commands = String::new();
    let mut fence = None;
    let mut is_below = false;
    for line in text.lines() {
        match (fence, line.strip_prefix("```")) {
            (None, Some(language)) => fence = Some(language),
            (Some(_), Some(_)) => fence = None,
            (Some("sh"), None) if is_below => {
                commands.push_str(line);
                commands.push('\n');
            }
            (None, None) if line.starts_with('#') => is_below = line.trim_start_matches('#').trim() == heading,
            _ => {}
        }
    }
    commands
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_those_of_the_headings_own_shell_blocks() {
        let text = "# A\n```sh\na\n```\n## B\ntext\n```sh\n# no heading\nb\n```\n```xml\nx\n```\n```sh\nc\n```\n## C\n```sh\nd\n```\n";
        assert_eq!(below(text, "B"), "# no heading\nb\nc\n");
        assert_eq!(below(text, "D"), "");
    }
}
