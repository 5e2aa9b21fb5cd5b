//! The kernels of `tests/ptx`: each file is a kernel `k(.param .u64 data)` that runs in one block and changes an array
//! of 32-bit words. Lines that begin with a word and a colon behind `//` say what it starts with and ends as:
//!
//! - `// threads: 32` how many threads there are (32 if not said).
//! - `// before: 1 2 0x3` the array's words; `4*7` is four times 7, `0..3` is 0, 1, 2. Lines add up.
//! - `// after: ...` what they must be then.
//!
//! Where these tests are a program far from their sources, `VGPU_TEST_PTX` names the folder.

use std::env;
use std::path::{Path, PathBuf};

use super::differences;
use super::harness::{case_kernel, compile, engines, launch};

fn words(text: &str) -> Vec<u32> {
    let number = |text: &str| {
        let parsed = match text.strip_prefix("0x") {
            Some(digits) => u32::from_str_radix(digits, 16).ok(),
            None => text.parse::<i64>().ok().map(|value| value as u32),
        };
        parsed.unwrap_or_else(|| panic!("{text} is not a number"))
    };
    let mut list = Vec::new();
    for item in text.split_whitespace() {
        if let Some((from, to)) = item.split_once("..") {
            list.extend(number(from)..number(to));
        } else if let Some((count, value)) = item.split_once('*') {
            list.extend(vec![number(value); number(count) as usize]);
        } else {
            list.push(number(item));
        }
    }
    list
}

fn lines(text: &str, key: &str) -> String {
    let prefix = format!("// {key}:");
    text.lines().filter_map(|line| line.trim().strip_prefix(&prefix)).collect::<Vec<_>>().join(" ")
}

#[test]
pub(super) fn kernels_leave_what_their_files_say() {
    let sources = || Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ptx");
    let folder = env::var_os("VGPU_TEST_PTX").map_or_else(sources, PathBuf::from);
    let mut count = 0;
    for entry in std::fs::read_dir(folder).expect("the folder is part of the crate") {
        let path = entry.expect("a readable folder").path();
        if path.extension().is_none_or(|extension| extension != "ptx") {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a readable file");
        count += 1;
        if !case_kernel(&text) {
            continue;
        }
        let threads = lines(&text, "threads").trim().parse().unwrap_or(32);
        let (before, after) = (words(&lines(&text, "before")), words(&lines(&text, "after")));
        assert_eq!(before.len(), after.len(), "{}", path.display());
        for engine in engines() {
            let mut data = before.clone();
            launch(&compile(&text, engine), 1, threads, &mut data);
            differences::note_words(&path.display().to_string(), &[], &data, &after, engine);
        }
    }
    assert!(count > 10, "the case files are gone");
}
