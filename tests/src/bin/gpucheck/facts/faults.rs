//! What goes wrong and how, and what a kernel or a copy can reach of the executor's own memory.

use std::{
    io::{self, Read},
    os::fd::AsFd,
    ptr,
    time::{Duration, Instant},
};

use rustix::{
    fs::{OFlags, fcntl_getfl, fcntl_setfl},
    pipe::pipe,
    stdio::dup2_stdout,
};

use super::{fact, registering::register, window::Window};
use crate::{
    cuda::Code,
    device::{Device, UNTIMED, us_since},
    setup::Setup,
};

/// A kernel's store that leads nowhere: who learns of it, when, and what still works.
pub(super) fn wild(device: &Device, _setup: &Setup) -> Result<(), String> {
    const PATIENCE_US: f64 = 5e6;
    let cuda = &device.cuda;
    let window = Window::new(2 << 20)?;
    window.touch(0, 2 << 20);
    window.store(0, 0);
    fact("completion words registered", register(device, &window, 0, 2 << 20));
    let event = device.new_event(UNTIMED)?;
    device.launch(device.put, device.stream, &[64, 1]).check("cuLaunchKernel")?;
    let written = cuda.cuStreamWriteValue64_v2(device.stream, window.address(0), 9, 0);
    let recorded = cuda.cuEventRecord(event, device.stream);
    let started = Instant::now();
    let found = loop {
        let code = cuda.cuEventQuery(event);
        if code != Code::NOT_READY || us_since(started) > PATIENCE_US {
            break code;
        }
    };
    fact(
        "a wild store, by an event behind it",
        format_args!("{found} after {:.0} us (recording it: {recorded})", us_since(started)),
    );
    fact("the word that was to be written behind it", format_args!("{} ({written})", window.load(0)));
    let mut address = 0;
    fact("then a launch", device.launch(device.nothing, device.other, &[0]));
    fact("then cuMemAlloc", cuda.cuMemAlloc_v2(&mut address, 512));
    fact("then cuMemFree", cuda.cuMemFree_v2(device.memory));
    fact("then another stream's query", cuda.cuStreamQuery(device.other));
    fact("then cuCtxSynchronize", cuda.cuCtxSynchronize());
    let mut second = ptr::null_mut();
    fact("then a second context", cuda.cuCtxCreate_v2(&mut second, 0, 0));
    fact("then a reset of the primary one", cuda.cuDevicePrimaryCtxReset_v2(0));
    Ok(())
}

/// Whether a kernel reads this process's own memory.
pub(super) fn heap(device: &Device, _setup: &Setup) -> Result<(), String> {
    let secret = Secret::new();
    device.launch(device.get, device.stream, &[device.memory, secret.address()]).check("cuLaunchKernel")?;
    let done = device.synchronize(device.stream);
    let is_read = done.is_ok() && device.word(device.memory)? == SECRET;
    fact("a kernel reads this process's heap", format_args!("{done}: {}", can(is_read)));
    Ok(())
}

/// The same for copies between, and fills of, what is called device memory.
pub(super) fn copies(device: &Device, _setup: &Setup) -> Result<(), String> {
    let secret = Secret::new();
    let cuda = &device.cuda;
    let copied = cuda.cuMemcpyDtoDAsync_v2(device.memory, secret.address(), 4, device.stream);
    let done = device.synchronize(device.stream);
    let is_read = copied.is_ok() && done.is_ok() && device.word(device.memory)? == SECRET;
    fact("cuMemcpyDtoD from this process's heap", format_args!("{copied}, then {done}: {}", can(is_read)));
    let filled = cuda.cuMemsetD32Async(secret.address(), 1, 1, device.stream);
    let done = device.synchronize(device.stream);
    fact("cuMemset of this process's heap", format_args!("{filled}, then {done}: {}", can(secret.value() == 1)));
    Ok(())
}

const SECRET: u32 = 4711;

/// A word of the heap that the device has no business with.
struct Secret(*mut u32);

impl Secret {
    /// It is never freed: the device may do with it what it likes.
    fn new() -> Self {
        Self(Box::into_raw(Box::new(SECRET)))
    }

    fn address(&self) -> u64 {
        self.0.expose_provenance() as u64
    }

    fn value(&self) -> u32 {
        // SAFETY: the word is never freed, and nobody has a reference to it.
        unsafe { self.0.read_volatile() }
    }
}

fn can(is_possible: bool) -> &'static str {
    if is_possible { "IT CAN" } else { "it cannot" }
}

/// Prints from the device: `from the GPU!` and a line's end.
const PRINTING: &str = "
.version 6.4
.target sm_61
.address_size 64
.extern .func (.param .b32 result) vprintf (.param .b64 format, .param .b64 arguments);
.global .align 1 .b8 text[15] = {102,114,111,109,32,116,104,101,32,71,80,85,33,10,0};
.visible .entry say()
{
    .reg .b64 %rd<3>;
    mov.u64 %rd1, text;
    cvta.global.u64 %rd1, %rd1;
    mov.u64 %rd2, 0;
    {
        .param .b64 p0;
        st.param.b64 [p0], %rd1;
        .param .b64 p1;
        st.param.b64 [p1], %rd2;
        .param .b32 result;
        call.uni (result), vprintf, (p0, p1);
    }
    ret;
}
";

/// When a kernel's words come to standard output: here a pipe, as an executor's would be.
pub(super) fn printf(device: &Device, _setup: &Setup) -> Result<(), String> {
    let fail = |error: rustix::io::Errno| format!("standard output: {error}");
    let module = device.load(PRINTING).map_err(|code| format!("cuModuleLoadData: {code}"))?;
    let say = device.function(module, "say").map_err(|code| format!("cuModuleGetFunction: {code}"))?;
    let (reader, writer) = pipe().map_err(fail)?;
    let flags = fcntl_getfl(&reader).map_err(fail)?;
    fcntl_setfl(&reader, flags | OFlags::NONBLOCK).map_err(fail)?;
    let own = io::stdout().as_fd().try_clone_to_owned().map_err(|error| error.to_string())?;
    dup2_stdout(&writer).map_err(fail)?;
    let launched = device.launch(say, device.stream, &[]);
    std::thread::sleep(Duration::from_millis(20));
    let mut reader = std::fs::File::from(reader);
    let mut bytes = [0; 256];
    let before = reader.read(&mut bytes).unwrap_or(0);
    let done = device.synchronize(device.stream);
    let after = reader.read(&mut bytes).unwrap_or(0);
    dup2_stdout(&own).map_err(fail)?;
    fact(
        "printf to a pipe as standard output",
        format_args!("{launched}, {done}: {before} bytes before cuStreamSynchronize, {after} after"),
    );
    Ok(())
}
