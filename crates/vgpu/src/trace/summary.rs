//! What the lines of a trace come to, function by function. Memory is bounded whatever the file holds.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    fmt::Write,
    io::{self, BufRead, Read},
};

use super::line::Line;

/// Functions beyond these are not told apart; our libraries have fewer.
const FUNCTIONS_MAX: usize = 8_192;
/// Of so many threads the enclosing calls are found.
const THREADS_MAX: usize = 4_096;
/// A call is known to enclose at most so many of the calls before it.
const ENCLOSED_MAX: usize = 1_024;

/// A file's calls, added up.
#[derive(Default)]
pub(super) struct Summary {
    /// By library and function.
    functions: BTreeMap<(String, String), Sums>,
    /// The calls of each thread that no later call of it has been found to enclose: start, and whether they blocked.
    recent: HashMap<(u32, u32), VecDeque<(u64, bool)>>,
    lines: u64,
    skipped: u64,
}

#[derive(Clone, Copy, Default)]
struct Sums {
    calls: u64,
    blocking: u64,
    copied_bytes: u64,
    total_ns: u64,
    max_ns: u64,
}

/// Adds up all lines of `file`.
///
/// # Errors
/// Those of reading. Lines that are none are counted.
pub(super) fn read(mut file: impl BufRead) -> io::Result<Summary> {
    let longest = vgpu_core::trace::LINE_MAX_BYTES as u64;
    let mut summary = Summary::default();
    let mut text = Vec::new();
    loop {
        text.clear();
        if file.by_ref().take(longest).read_until(b'\n', &mut text)? == 0 {
            return Ok(summary);
        }
        let is_whole = text.pop_if(|last| *last == b'\n').is_some();
        if !is_whole {
            // The last line without its end, or one that is too long to be ours.
            file.skip_until(b'\n')?;
        }
        match std::str::from_utf8(&text).ok().filter(|_| is_whole).and_then(Line::parse) {
            Some(line) => summary.add(&line),
            None => summary.skipped += 1,
        }
    }
}

impl Summary {
    fn add(&mut self, line: &Line<'_>) {
        self.lines += 1;
        let is_blocking = self.is_blocking(line);
        let mut key = (line.library.to_owned(), line.function.to_owned());
        if self.functions.len() >= FUNCTIONS_MAX && !self.functions.contains_key(&key) {
            key = ("(others)".to_owned(), "(others)".to_owned());
        }
        let sums = self.functions.entry(key).or_default();
        sums.calls += 1;
        sums.blocking += u64::from(is_blocking);
        sums.copied_bytes = sums.copied_bytes.saturating_add(line.copied_bytes());
        sums.total_ns = sums.total_ns.saturating_add(line.duration_ns);
        sums.max_ns = sums.max_ns.max(line.duration_ns);
    }

    /// Whether the call, or one that it encloses, waited: the calls of its thread that began after it have ended
    /// before it, because their lines stand before its own.
    fn is_blocking(&mut self, line: &Line<'_>) -> bool {
        let mut is_blocking = line.waits.is_some_and(|waits| waits > 0);
        if self.recent.len() >= THREADS_MAX && !self.recent.contains_key(&line.thread) {
            return is_blocking;
        }
        let recent = self.recent.entry(line.thread).or_default();
        while let Some((_, enclosed_blocked)) = recent.pop_back_if(|(start_ns, _)| *start_ns >= line.start_ns) {
            is_blocking |= enclosed_blocked;
        }
        if recent.len() == ENCLOSED_MAX {
            recent.pop_front();
        }
        recent.push_back((line.start_ns, is_blocking));
        is_blocking
    }

    /// The table: functions that took longest first.
    pub(super) fn table(&self) -> String {
        let mut rows: Vec<_> = self.functions.iter().collect();
        rows.sort_by_key(|(_, sums)| std::cmp::Reverse(sums.total_ns));
        let mut table = format!(
            "{:>10} {:>10} {:>16} {:>14} {:>12} {:>12}  function\n",
            "calls", "blocking", "bytes copied", "total us", "mean us", "max us"
        );
        for ((library, function), sums) in rows {
            // Writing to a string cannot fail.
            let _ = writeln!(
                table,
                "{:>10} {:>10} {:>16} {:>14} {:>12} {:>12}  {library} {function}",
                sums.calls,
                sums.blocking,
                sums.copied_bytes,
                us(sums.total_ns),
                us(sums.total_ns / sums.calls.max(1)),
                us(sums.max_ns),
            );
        }
        let (lines, skipped) = (self.lines, self.skipped);
        let _ = writeln!(table, "{lines} calls; {skipped} torn or foreign lines skipped");
        table
    }
}

fn us(time_ns: u64) -> String {
    format!("{}.{:03}", time_ns / 1000, time_ns % 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(table: &str, function: &str) -> Vec<String> {
        let row = table.lines().find(|line| line.ends_with(function)).expect("the function has a row");
        row.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn calls_add_up_per_function() {
        let file = "\
1.000000100 1 1 libcuda.so.1 cuMemcpyHtoD_v2(ByteCount=0x10) = CUDA_SUCCESS waits=0 ns=1000
1.000002000 1 1 libcuda.so.1 cuMemcpyHtoD_v2(ByteCount=0x20) = CUDA_SUCCESS waits=3 ns=3000
";
        let table = read(file.as_bytes()).expect("bytes can be read").table();
        let expected = ["2", "1", "48", "4.000", "2.000", "3.000", "libcuda.so.1", "cuMemcpyHtoD_v2"];
        assert_eq!(row(&table, "cuMemcpyHtoD_v2"), expected);
    }

    #[test]
    fn a_call_blocks_when_one_that_it_encloses_does() {
        let file = "\
1.000000500 1 1 libcuda.so.1 cuCtxSynchronize() = CUDA_SUCCESS waits=1 ns=100
1.000000600 1 2 libcudart.so.12 cudaGetDevice(device=0x1) = cudaSuccess ns=10
1.000000400 1 1 libcudart.so.12 cudaDeviceSynchronize() = cudaSuccess ns=300
1.000000900 1 1 libcudart.so.12 cudaGetDevice(device=0x1) = cudaSuccess ns=10
";
        let table = read(file.as_bytes()).expect("bytes can be read").table();
        assert_eq!(row(&table, "cudaDeviceSynchronize")[..2], ["1", "1"]);
        assert_eq!(row(&table, "cudaGetDevice")[..2], ["2", "0"]);
    }

    #[test]
    fn torn_and_foreign_lines_are_counted_and_skipped() {
        let good = b"1.000000500 1 1 libcuda.so.1 cuInit(Flags=0x0) = CUDA_SUCCESS waits=1 ns=100\n";
        let mut file = b"no trace\n\xff\xfe\n\n".to_vec();
        file.extend(vec![b'x'; 100_000]);
        file.push(b'\n');
        file.extend(good);
        file.extend(&good[..good.len() - 1]);
        let summary = read(&file[..]).expect("bytes can be read");
        assert_eq!((summary.lines, summary.skipped), (1, 5));
    }

    #[test]
    fn a_file_of_made_up_names_does_not_fill_memory() {
        let mut file = String::new();
        for i in 0..20_000 {
            let _ = writeln!(file, "1.000000500 {i} 1 libx f{i}() = 0 ns=1");
        }
        let summary = read(file.as_bytes()).expect("bytes can be read");
        assert_eq!(summary.lines, 20_000);
        assert!(summary.functions.len() <= FUNCTIONS_MAX + 1);
        assert!(summary.recent.len() <= THREADS_MAX);
    }
}
