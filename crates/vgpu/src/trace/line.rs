//! Reading one line of a trace. Files may be torn or made up: what is not a line is `None`, never a panic.

/// One call, as its line tells it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line<'a> {
    /// Process and thread.
    pub(super) thread: (u32, u32),
    pub(super) start_ns: u64,
    pub(super) duration_ns: u64,
    pub(super) library: &'a str,
    pub(super) function: &'a str,
    arguments: &'a str,
    /// How often the call waited for the executor; `None` when its library has no channel to one.
    pub(super) waits: Option<u64>,
}

impl<'a> Line<'a> {
    /// Reads a line without its newline.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let mut words = text.splitn(5, ' ');
        let (seconds, nanoseconds) = words.next()?.split_once('.')?;
        let nanoseconds: u64 = if nanoseconds.len() == 9 { number(nanoseconds)? } else { return None };
        let start_ns = number(seconds)?.checked_mul(1_000_000_000)?.checked_add(nanoseconds)?;
        let thread = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        let library = words.next().filter(|name| is_name(name))?;
        // A string among the arguments may hold anything, so the result is looked for from the end.
        let (call, end) = words.next()?.rsplit_once(" = ")?;
        let (function, arguments) = call.strip_suffix(')')?.split_once('(')?;
        let (rest, duration) = end.rsplit_once(" ns=")?;
        let (result, waits) = match rest.rsplit_once(" waits=") {
            Some((result, waits)) => (result, Some(number(waits)?)),
            None => (rest, None),
        };
        let duration_ns = number(duration)?;
        (is_name(function) && !result.is_empty()).then_some(Self {
            thread,
            start_ns,
            duration_ns,
            library,
            function,
            arguments,
            waits,
        })
    }

    /// How many bytes the call copies, as far as its arguments tell.
    pub(super) fn copied_bytes(&self) -> u64 {
        let name = self.function;
        let factors: &[&str] = if name.starts_with("cudaMemcpy2D") {
            &["width", "height"]
        } else if name.starts_with("cudaMemcpy") {
            &["count"]
        } else if name.starts_with("cuMemcpy") {
            &["ByteCount"]
        } else if name.starts_with("cublasSetVector") || name.starts_with("cublasGetVector") {
            &["n", "elemSize"]
        } else if name.starts_with("cublasSetMatrix") || name.starts_with("cublasGetMatrix") {
            &["rows", "cols", "elemSize"]
        } else {
            return 0;
        };
        factors.iter().try_fold(1_u64, |bytes, factor| bytes.checked_mul(self.argument(factor)?)).unwrap_or(0)
    }

    fn argument(&self, name: &str) -> Option<u64> {
        // None of the copies takes a string, so commas only stand between arguments.
        let value = self.arguments.split(", ").find_map(|argument| argument.strip_prefix(name)?.strip_prefix('='))?;
        u64::from_str_radix(value.strip_prefix("0x")?, 16).ok()
    }
}

/// A decimal number without a sign.
fn number(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// What may be printed as a name: no file can bring control characters to the terminal.
fn is_name(text: &str) -> bool {
    let is_in_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    (1..=128).contains(&text.len()) && text.bytes().all(is_in_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const COPY: &str = "12.000000345 10 11 libcuda.so.1 cuMemcpyHtoD_v2(dstDevice=0x1, srcHost=0x2, ByteCount=0x100) = CUDA_SUCCESS waits=2 ns=77";

    #[test]
    fn a_line_is_read_back() {
        let line = Line::parse(COPY).expect("a line");
        assert_eq!((line.thread, line.start_ns, line.duration_ns), ((10, 11), 12_000_000_345, 77));
        assert_eq!((line.library, line.function, line.waits), ("libcuda.so.1", "cuMemcpyHtoD_v2", Some(2)));
        assert_eq!(line.copied_bytes(), 256);
    }

    #[test]
    fn strings_may_hold_what_ends_a_call() {
        let text = r#"1.000000000 1 1 libcudart.so.12 cudaX(name=") = 0 waits=9 ns=9") = cudaSuccess ns=5"#;
        let line = Line::parse(text).expect("a line");
        assert_eq!((line.function, line.waits, line.duration_ns), ("cudaX", None, 5));
    }

    #[test]
    fn every_torn_line_is_refused() {
        // Cut within the last number a line is still a line: a shorter number cannot be told from the whole.
        for end in 0..COPY.len() - 2 {
            assert_eq!(Line::parse(&COPY[..end]), None, "{}", &COPY[..end]);
        }
    }

    #[test]
    fn impossible_numbers_and_names_are_refused() {
        for (good, bad) in [
            ("12.0", "99999999999999999999.0"),
            ("12.0", "+12.0"),
            ("ns=77", "ns=-77"),
            ("ns=77", "ns="),
            (" 10 ", " 4294967296 "),
            ("cuMemcpyHtoD_v2", "cu\u{1b}[2J"),
            ("cuMemcpyHtoD_v2", ""),
            ("libcuda.so.1", "\u{7f}"),
        ] {
            assert_eq!(Line::parse(&COPY.replacen(good, bad, 1)), None, "{bad}");
        }
    }

    #[test]
    fn a_size_that_overflows_counts_as_unknown() {
        let text =
            "1.000000000 1 1 libcudart.so.12 cudaMemcpy2D(width=0xffffffffffffffff, height=0x2) = cudaSuccess ns=5";
        assert_eq!(Line::parse(text).expect("a line").copied_bytes(), 0);
    }
}
