//! Whether the device protocol has only ever grown: a number that changes its meaning makes two versions talk nonsense.

use std::collections::BTreeMap;

use super::tree::Tree;

const TABLE: &str = "vgpu-core/src/wire/messages.rs";
/// A number and a name in each line: all messages that there ever were.
const LOCK: &str = "vgpu-core/src/wire/opcodes.lock";

pub(super) fn faults(tree: &Tree) -> Vec<String> {
    let (Some(table), Some(lock)) = (tree.text(TABLE), tree.text(LOCK)) else {
        return vec![format!("{TABLE} or {LOCK} is not there")];
    };
    let (table, locked) = (rows(table), lines(lock));
    let mut faults = Vec::new();
    if table.is_empty() {
        faults.push(format!("{TABLE} has no rows that could be read"));
    }
    for (code, name) in &locked {
        match table.get(code) {
            Some(now) if now == name => {}
            Some(now) => {
                faults.push(format!("{TABLE}: opcode {code} was {name} and is {now}; take the next free number"))
            }
            None => faults.push(format!("{TABLE}: opcode {code}, {name}, is gone; keep its row")),
        }
    }
    let new = table.iter().filter(|(code, _)| !locked.contains_key(code));
    faults.extend(new.map(|(code, name)| format!("{LOCK} wants a line `{code} {name}`")));
    faults
}

/// The rows of the table: `call 1 DeviceInfo fn ...`.
fn rows(text: &str) -> BTreeMap<u16, String> {
    let row = |line: &str| {
        let mut words = line.split_whitespace();
        let is_row = matches!(words.next(), Some("call" | "post" | "ordered"));
        let (code, name) = (words.next()?.parse().ok()?, words.next()?);
        (is_row && words.next() == Some("fn")).then(|| (code, name.to_owned()))
    };
    text.lines().filter_map(row).collect()
}

fn lines(text: &str) -> BTreeMap<u16, String> {
    let line = |line: &str| {
        let (code, name) = line.split_once(' ')?;
        Some((code.parse().ok()?, name.to_owned()))
    };
    text.lines().filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: &str = "    call 1 DeviceInfo fn device_info { }\n    post 2 ContextCreate fn context_create { };\n";

    fn found(table: &str, lock: &str) -> usize {
        faults(&Tree::of(&[(TABLE, table), (LOCK, lock)])).len()
    }

    #[test]
    fn rows_are_added_and_never_changed() {
        assert_eq!(found(ROWS, "1 DeviceInfo\n2 ContextCreate\n"), 0);
        assert_eq!(found(ROWS, "1 DeviceInfo\n"), 1);
        assert_eq!(found(ROWS, "1 DeviceInfo\n2 MemAlloc\n"), 1);
        assert_eq!(found(ROWS, "1 DeviceInfo\n2 ContextCreate\n3 MemAlloc\n"), 1);
        assert_eq!(found("", ""), 1);
        assert_eq!(faults(&Tree::default()).len(), 1);
    }
}
