//! Host memory that the driver registers: the window that guest and executor share.

use std::{hint::black_box, time::Instant};

use rustix::process::{Resource, Rlimit, setrlimit};
use vgpu_core::abi::{CU_MEMHOSTREGISTER_DEVICEMAP, CU_MEMHOSTREGISTER_PORTABLE};

use super::{fact, timed, window::Window};
use crate::{
    cuda::Code,
    device::{Device, us_since},
    setup::Setup,
};

const MIB: usize = 1 << 20;
/// What is copied to see how fast that goes.
const LARGE: usize = 1 << 30;
/// What an unprivileged process may lock on many systems.
const LOCKED_BYTES: u64 = 64 << 10;

/// Registers a part of the window for the device.
pub(super) fn register(device: &Device, window: &Window, offset: usize, len: usize) -> Code {
    let flags = CU_MEMHOSTREGISTER_PORTABLE | CU_MEMHOSTREGISTER_DEVICEMAP;
    device.cuda.cuMemHostRegister_v2(window.at(offset), len, flags)
}

/// What registering costs, and how fast copies are from and to it.
pub(super) fn bandwidth(device: &Device, _setup: &Setup) -> Result<(), String> {
    let window = Window::new(2 << 30)?;
    let limit = Rlimit { current: Some(LOCKED_BYTES), maximum: Some(LOCKED_BYTES) };
    setrlimit(Resource::Memlock, limit).map_err(|error| format!("the limit of locked memory: {error}"))?;
    for (offset, len, is_touched) in
        [(0, MIB, true), (64 * MIB, 64 * MIB, false), (128 * MIB, 64 * MIB, true), (256 * MIB, LARGE, true)]
    {
        if is_touched {
            window.touch(offset, len);
        }
        let (code, us) = timed(|| register(device, &window, offset, len));
        let mut address = 0;
        let mapped = device.cuda.cuMemHostGetDevicePointer_v2(&mut address, window.at(offset), 0);
        let same = if address == window.address(offset) { "the same address" } else { "another address" };
        fact(
            format_args!(
                "{} MiB of a memfd{} registered, 64 KiB may be locked",
                len / MIB,
                if is_touched { "" } else { " without pages" }
            ),
            format_args!("{code}, {us:.0} us; for the device {mapped}, {same}"),
        );
    }
    let target = device.alloc(LARGE)?;
    let mut pageable = vec![1u8; LARGE];
    let pinned = device.alloc_pinned(LARGE);
    let kinds = [
        ("a registered memfd", Some(window.at(256 * MIB).cast())),
        ("cuMemHostAlloc", pinned),
        ("pageable memory", Some(pageable.as_mut_ptr())),
    ];
    for (name, memory) in kinds {
        let Some(memory) = memory else {
            fact(format_args!("1 GiB of {name}"), "refused");
            continue;
        };
        let (mut to, mut from) = (f64::MAX, f64::MAX);
        for _ in 0..3 {
            let (code, us) = copied(device, || {
                device.cuda.cuMemcpyHtoDAsync_v2(target, memory.cast_const().cast(), LARGE, device.stream)
            });
            code.check("cuMemcpyHtoDAsync_v2")?;
            to = to.min(us);
            let (code, us) =
                copied(device, || device.cuda.cuMemcpyDtoHAsync_v2(memory.cast(), target, LARGE, device.stream));
            code.check("cuMemcpyDtoHAsync_v2")?;
            from = from.min(us);
        }
        fact(format_args!("1 GiB of {name}"), format_args!("{:.1} GB/s in, {:.1} GB/s out", rate(to), rate(from)));
    }
    black_box(&mut pageable);
    pieces(device, &window, target)?;
    device.cuda.cuMemFree_v2(target).check("cuMemFree_v2")?;
    let (code, us) = timed(|| device.cuda.cuMemHostUnregister(window.at(256 * MIB)));
    fact("1 GiB unregistered", format_args!("{code}, {us:.0} us"));
    Ok(())
}

/// Copies in pieces, as staging makes them.
fn pieces(device: &Device, window: &Window, target: u64) -> Result<(), String> {
    for kib in [256, 512, 1024, 2048, 4096] {
        let started = Instant::now();
        for offset in (0..256 * MIB).step_by(kib << 10) {
            let source = window.at(256 * MIB + offset);
            let code = device.cuda.cuMemcpyHtoDAsync_v2(target + offset as u64, source, kib << 10, device.stream);
            code.check("cuMemcpyHtoDAsync_v2")?;
        }
        device.synchronize(device.stream).check("cuStreamSynchronize")?;
        let gb_per_s = (256 * MIB) as f64 / us_since(started) / 1e3;
        fact(format_args!("256 MiB registered, in pieces of {kib} KiB"), format_args!("{gb_per_s:.1} GB/s"));
    }
    Ok(())
}

/// A copy on the device's stream, and the microseconds until it was done.
fn copied(device: &Device, copy: impl FnOnce() -> Code) -> (Code, f64) {
    timed(|| match copy() {
        Code::OK => device.synchronize(device.stream),
        code => code,
    })
}

fn rate(us: f64) -> f64 {
    LARGE as f64 / us / 1e3
}

/// Neighbours that were registered one by one.
pub(super) fn slabs(device: &Device, _setup: &Setup) -> Result<(), String> {
    let window = Window::new(256 * MIB)?;
    window.touch(0, 256 * MIB);
    for (offset, len) in [(0, MIB), (64 * MIB, 64 * MIB), (128 * MIB, 64 * MIB)] {
        fact(
            format_args!("{} MiB registered at {} MiB", len / MIB, offset / MIB),
            register(device, &window, offset, len),
        );
    }
    window.store(64 * MIB, 77);
    let launched = device.launch(device.get, device.stream, &[device.memory, window.address(64 * MIB)]);
    let done = device.synchronize(device.stream);
    let word = if done.is_ok() { device.word(device.memory)? } else { 0 };
    fact(
        "a kernel reads registered memory by the CPU's pointer",
        format_args!("{launched}, {done}: {}", if word == 77 { "yes" } else { "no" }),
    );
    // What has faulted would be answered for everything.
    if !done.is_ok() {
        return Ok(());
    }
    for (name, border) in [("two registered slabs", 128 * MIB), ("registered memory and other", MIB)] {
        let (code, _) = copied(device, || {
            device.cuda.cuMemcpyHtoDAsync_v2(device.memory, window.at(border - 4096), 8192, device.stream)
        });
        fact(format_args!("a copy over the border of {name}"), code);
    }
    fact("a part registered once more", register(device, &window, 128 * MIB, 4096));
    Ok(())
}

/// What a heap's freed pages do to registered memory.
pub(super) fn hole(device: &Device, _setup: &Setup) -> Result<(), String> {
    let window = Window::new(256 * MIB)?;
    window.touch(0, 256 * MIB);
    let code = register(device, &window, 64 * MIB, 64 * MIB);
    if !code.is_ok() {
        fact("after a hole was punched into registered memory", format_args!("not tried: {code}"));
        return Ok(());
    }
    window.store(64 * MIB, 1);
    window.punch(64 * MIB, 4096)?;
    window.store(64 * MIB, 2);
    let launched = device.launch(device.get, device.stream, &[device.memory, window.address(64 * MIB)]);
    let done = device.synchronize(device.stream);
    let word = if done.is_ok() { device.word(device.memory)?.to_string() } else { done.to_string() };
    fact(
        "after a hole was punched into registered memory",
        format_args!("{launched}: the device sees {word}, where 2 would be what the CPU sees"),
    );
    Ok(())
}

/// Whether the device can write words of memory that nobody registered.
pub(super) fn unregistered(device: &Device, _setup: &Setup) -> Result<(), String> {
    let window = Window::new(16 * MIB)?;
    window.touch(0, MIB);
    window.store(0, 0);
    let written = device.cuda.cuStreamWriteValue64_v2(device.stream, window.address(0), 2, 0);
    let done = device.synchronize(device.stream);
    fact(
        "cuStreamWriteValue64 to memory that is not registered",
        format_args!("{written}, then {done}; the word is {}", window.load(0)),
    );
    Ok(())
}
