//! What kernels print.

use std::sync::{Arc, Mutex};

use vgpu_soft::exec::print::Sink;
use vgpu_soft::exec::{FaultKind, LaunchOptions};

use crate::harness::{compile, shape, try_run};

#[derive(Default)]
struct Recorded(Mutex<Vec<u8>>);

impl Sink for Recorded {
    fn print(&self, text: &[u8]) {
        self.0.lock().expect("no panic").extend_from_slice(text);
    }

    fn print_assertion(&self, text: &[u8]) {
        self.print(text);
    }
}

/// `k(p)` with p: the format, then the assertion's texts; prints with three arguments.
const PRINTING: &str = "
    .extern .func (.param .b32 r) vprintf (.param .b64 a, .param .b64 b);
    .extern .func __assertfail (.param .b64 a, .param .b64 b, .param .b32 c, .param .b64 d, .param .b64 e);
    .visible .entry k(.param .u64 p, .param .u32 n) {
    .reg .b64 %rd<9>; .reg .b32 %r<9>; .reg .pred %p<2>;
    .local .align 8 .b8 args[24];
    ld.param.u64 %rd1, [p];
    ld.param.u32 %r2, [n];
    mov.u64 %rd3, args;
    cvta.local.u64 %rd2, %rd3;
    mov.u32 %r1, %tid.x;
    st.local.u32 [%rd3], %r1;
    mov.f64 %rd4, 0d3FF8000000000000;
    st.local.u64 [%rd3+8], %rd4;
    st.local.u64 [%rd3+16], %rd1;
    {
    .param .b64 param0;
    st.param.b64 [param0+0], %rd1;
    .param .b64 param1;
    st.param.b64 [param1+0], %rd2;
    .param .b32 retval0;
    call.uni (retval0), vprintf, (param0, param1);
    ld.param.b32 %r3, [retval0+0];
    }
    setp.eq.u32 %p1, %r2, 0;
    @%p1 bra END;
    {
    .param .b64 param0;
    st.param.b64 [param0+0], %rd1;
    .param .b64 param1;
    st.param.b64 [param1+0], %rd1;
    .param .b32 param2;
    st.param.b32 [param2+0], 77;
    .param .b64 param3;
    st.param.b64 [param3+0], %rd1;
    .param .b64 param4;
    st.param.b64 [param4+0], 1;
    call.uni __assertfail, (param0, param1, param2, param3, param4);
    }
    END: ret; }";

fn text_words(text: &str) -> Vec<u32> {
    let mut bytes = text.as_bytes().to_vec();
    bytes.resize(text.len() / 4 * 4 + 4, 0);
    bytes.chunks_exact(4).map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]])).collect()
}

#[test]
fn printf_formats_its_arguments_for_every_thread() {
    let kernel = compile(PRINTING);
    let sink = Arc::new(Recorded::default());
    let options = LaunchOptions { output: Arc::<Recorded>::clone(&sink), ..LaunchOptions::default() };
    let (fault, _) = try_run(&kernel, shape(1, 2), &mut text_words("[%03d %.2f %p %%]\n"), 0, options);
    assert_eq!(fault, None);
    let text = String::from_utf8(sink.0.lock().expect("no panic").clone()).expect("ASCII");
    let lines: Vec<_> = text.lines().map(|line| &line[..12]).collect();
    assert_eq!(lines, ["[000 1.50 0x", "[001 1.50 0x"]);
}

#[test]
fn a_failed_assertion_names_file_and_line() {
    let kernel = compile(PRINTING);
    let sink = Arc::new(Recorded::default());
    let options = LaunchOptions { output: Arc::<Recorded>::clone(&sink), ..LaunchOptions::default() };
    let (fault, _) = try_run(&kernel, shape(1, 2), &mut text_words("text"), 1, options);
    let fault = fault.expect("the assertion fails");
    assert_eq!(fault.kind, FaultKind::Assert);
    assert!(fault.detail.contains("text:77: text: assertion `text` failed"), "{}", fault.detail);
    let printed = String::from_utf8(sink.0.lock().expect("no panic").clone()).expect("ASCII");
    // The form of the programming guide, "Assertion"; the first two texts are those of `printf`.
    assert_eq!(
        printed.strip_prefix("texttext"),
        Some(
            "text:77: text: block: [0,0,0], thread: [0,0,0] Assertion `text` failed.\n\
             text:77: text: block: [0,0,0], thread: [1,0,0] Assertion `text` failed.\n"
        )
    );
}
