//! `guests`: a guest that works, while others of the same daemon are killed and fault.

use std::{
    io::BufRead,
    time::{Duration, Instant},
};

use vgpu_core::abi::CU_STREAM_LEGACY;
use vgpu_tests::daemon::Daemon;

use crate::{
    cuda::Code,
    device::Device,
    process::{self, Partner},
    record::{check, fact},
    setup::{Setup, Side},
};

/// How often a guest is killed.
const KILLS: u32 = 5;
/// What it holds then.
const HELD_BYTES: usize = 512 << 20;
/// How long what a dead guest held may be missed.
const RETURN_MAX: Duration = Duration::from_secs(5);
const ANSWER_MAX: Duration = Duration::from_secs(15);

/// The step.
pub(crate) fn run(setup: &Setup) -> Result<(), String> {
    let daemon = setup.start_daemon()?;
    let side = Side::Vgpu(&daemon);
    let mut steady = start(setup, side, "steady")?;
    still_works(&mut steady)?;
    let free = || free_bytes(setup, side);
    let before = free()?;
    fact("free memory beside a guest", format_args!("{} MiB", before >> 20));
    for number in 1..=KILLS {
        let mut holder = start(setup, side, "holder")?;
        holder.line()?;
        let during = free()?;
        holder.kill();
        let started = Instant::now();
        let mut after = free()?;
        while after < before && started.elapsed() < RETURN_MAX {
            after = free()?;
        }
        check(
            format_args!("kill {number}: what the guest held comes back"),
            during + HELD_BYTES <= before && after >= before,
            format_args!("{} MiB free, {} with it, {} after", before >> 20, during >> 20, after >> 20),
        );
        still_works(&mut steady)?;
    }
    let mut faulty = start(setup, side, "faulty")?;
    let said = faulty.line()?;
    check("a guest's wild store is its own fault", said == Code::ILLEGAL_ADDRESS.to_string(), said);
    still_works(&mut steady)?;
    drop(faulty);
    drop(steady);
    gone(&daemon);
    Ok(())
}

/// Asks for three more rounds, each of which the guest checks.
fn still_works(steady: &mut Partner) -> Result<(), String> {
    let said: Vec<String> = (0..3).map(|_| steady.ask("go")).collect::<Result<_, _>>()?;
    check("the steady guest works, with right results", said.iter().all(|line| line == "right"), said.join(" "));
    Ok(())
}

fn gone(daemon: &Daemon) {
    let started = Instant::now();
    while daemon.executors() > 0 && started.elapsed() < RETURN_MAX {
        std::thread::sleep(Duration::from_millis(10));
    }
    check("no executor is left", daemon.executors() == 0, daemon.executors());
}

/// Asked by a guest that does nothing else.
fn free_bytes(setup: &Setup, side: Side<'_>) -> Result<usize, String> {
    let (lines, end) = process::lines(&mut setup.worker(side, "guests/memory")?, ANSWER_MAX)?;
    let answer = lines.first().and_then(|line| line.parse().ok());
    answer.ok_or_else(|| format!("a guest that asks for free memory ended: {end}, and said {lines:?}"))
}

fn start(setup: &Setup, side: Side<'_>, role: &str) -> Result<Partner, String> {
    Partner::start(format!("the guest {role}"), &mut setup.worker(side, &format!("guests/{role}"))?)
}

/// The workers: guests, by their roles.
pub(crate) fn worker(role: &str, setup: &Setup) -> Result<(), String> {
    let device = Device::open(&setup.library())?;
    match role {
        "memory" => println!("{}", device.memory_info()?.0),
        "holder" => {
            let memory = device.alloc(HELD_BYTES)?;
            device.cuda.cuMemsetD32_v2(memory, 7, HELD_BYTES / 4).check("cuMemsetD32_v2")?;
            device.cuda.cuCtxSynchronize().check("cuCtxSynchronize")?;
            println!("ready");
            // It will be killed, in the midst of work.
            loop {
                device.wait(device.stream, 1000).check("cuLaunchKernel")?;
                device.synchronize(device.stream).check("cuStreamSynchronize")?;
            }
        }
        "faulty" => {
            device.launch(device.put, device.stream, &[64, 1]).check("cuLaunchKernel")?;
            println!("{}", device.synchronize(device.stream));
        }
        // A round for each line, so that none was made before it was asked for.
        "steady" => {
            for _ in std::io::stdin().lock().lines() {
                println!("{}", if round(&device)? { "right" } else { "wrong" });
            }
        }
        _ => return Err("no such role".to_owned()),
    }
    Ok(())
}

/// One round of work with memory of its own: whether all of it is right.
fn round(device: &Device) -> Result<bool, String> {
    const COUNT: usize = 1 << 16;
    let (x, y) = (device.alloc(4 * COUNT)?, device.alloc(4 * COUNT)?);
    let xs: Vec<f32> = (0..COUNT).map(|i| (i % 777) as f32).collect();
    let mut ys = vec![1f32; COUNT];
    device.write(x, &xs).check("cuMemcpyHtoD_v2")?;
    device.write(y, &ys).check("cuMemcpyHtoD_v2")?;
    // From pageable memory that may return before the bytes are there, and this stream does not wait for the default one.
    device.synchronize(CU_STREAM_LEGACY).check("cuStreamSynchronize")?;
    let params = [x, y, u64::from(3f32.to_bits()), COUNT as u64];
    device.launch_grid(device.saxpy, (COUNT as u32 / 256, 256), device.stream, &params).check("cuLaunchKernel")?;
    device.synchronize(device.stream).check("cuStreamSynchronize")?;
    device.read(y, &mut ys).check("cuMemcpyDtoH_v2")?;
    device.cuda.cuMemFree_v2(x).check("cuMemFree_v2")?;
    device.cuda.cuMemFree_v2(y).check("cuMemFree_v2")?;
    Ok(ys.iter().zip(&xs).all(|(y, x)| *y == 3.0 * x + 1.0))
}
