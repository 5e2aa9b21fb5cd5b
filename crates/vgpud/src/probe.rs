//! Which GPUs there are, asked in a process of its own: the daemon never opens the driver, which may hang, crash or take
//! hold of a GPU's memory.

use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use vgpu_core::wire::Pod;
use vgpu_core::wire::messages::DeviceInfoReply;

use crate::cli::ProbeOptions;
use crate::environment::{self, JitCache};
use crate::gpu::{Gpu, log_fallback, total_bytes};
use crate::settings::{Choice, DeviceSettings};

/// How long the driver may take to start: on a machine where nobody else keeps the GPU awake, seconds.
const ANSWER_MAX: Duration = Duration::from_secs(60);

/// What the daemon's executors will have: settings in which nothing is left to be chosen, and the devices.
///
/// # Errors
/// When the driver is asked for and does not work, or there can be no such software GPU.
pub fn resolve(settings: DeviceSettings) -> Result<(DeviceSettings, Vec<DeviceInfoReply>)> {
    let (device, devices) = match settings.device {
        Choice::Soft => (Choice::Soft, Gpu::Soft.describe(&settings)?),
        Choice::Driver(_) => (settings.device, ask(&settings).context("the driver's GPUs cannot be used")?),
        Choice::Auto => match ask(&DeviceSettings { device: Choice::Driver(None), ..settings.clone() }) {
            Ok(devices) => (Choice::Driver(None), devices),
            Err(reason) => {
                log_fallback(&format!("{reason:#}"));
                (Choice::Soft, Gpu::Soft.describe(&settings)?)
            }
        },
    };
    let memory_bytes = Some(settings.memory_bytes.unwrap_or_else(|| total_bytes(&devices)));
    Ok((DeviceSettings { device, memory_bytes, ..settings }, devices))
}

/// The process that asks: describes the driver's GPUs on its standard output.
///
/// # Errors
/// When they cannot be used.
pub fn run(options: &ProbeOptions) -> Result<()> {
    let settings = DeviceSettings::new(&options.device)?;
    let gpu = Gpu::choose(&settings)?;
    let devices = gpu.describe(&settings)?;
    if let Gpu::Driver(driver) = &gpu {
        // Says so if not.
        driver.has_blas();
    }
    let bytes: Vec<u8> = devices.iter().flat_map(|device| device.as_bytes().to_vec()).collect();
    std::io::stdout().write_all(&bytes).context("standard output")?;
    // The driver's own ending has nothing to do here, and may take its time.
    // SAFETY: ends this process, whose output is written.
    unsafe { libc::_exit(0) }
}

fn ask(settings: &DeviceSettings) -> Result<Vec<DeviceInfoReply>> {
    let mut command = Command::new("/proc/self/exe");
    command.arg0("vgpud");
    environment::make(&mut command, settings, JitCache::None);
    command.arg("probe").args(settings.to_flags());
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("a process that asks the driver")?;
    let mut output = child.stdout.take().expect("it is piped");
    let mut said = child.stderr.take().expect("it is piped");
    let mut bytes = Vec::new();
    let in_time = read_in_time(&mut output, &mut bytes);
    if !matches!(in_time, Ok(true)) {
        // It may have ended by itself.
        let _ = child.kill();
    }
    let status = child.wait().context("the process that asks the driver")?;
    ensure!(in_time.context("the driver's answer")?, "the driver does not answer for {ANSWER_MAX:?}");
    let mut text = String::new();
    said.read_to_string(&mut text).context("what the driver says")?;
    if status.success() {
        eprint!("{text}");
    } else {
        bail!("{}", reason(&text).unwrap_or(&format!("asking the driver ended with {status}")));
    }
    let size = size_of::<DeviceInfoReply>();
    let devices: Vec<_> = bytes.chunks_exact(size).filter_map(DeviceInfoReply::from_bytes).collect();
    ensure!(!devices.is_empty() && bytes.len().is_multiple_of(size), "the driver's answer makes no sense");
    Ok(devices)
}

/// The line in which a vgpud says why it ends, without its name.
fn reason(said: &str) -> Option<&str> {
    let line = said.lines().rfind(|line| line.starts_with("vgpud: "))?;
    let line = line.trim_start_matches("vgpud: ");
    Some(line.trim_start_matches("the driver's GPUs cannot be used: "))
}

/// Reads to the end; false when that does not come.
fn read_in_time(output: &mut (impl Read + std::os::fd::AsFd), bytes: &mut Vec<u8>) -> std::io::Result<bool> {
    let until = Instant::now() + ANSWER_MAX;
    let mut piece = [0; 4096];
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let timeout = Timespec { tv_sec: left.as_secs().cast_signed(), tv_nsec: left.subsec_nanos().into() };
        match poll(&mut [PollFd::new(output, PollFlags::IN)], Some(&timeout)) {
            Err(rustix::io::Errno::INTR) => continue,
            Ok(0) => return Ok(false),
            result => result?,
        };
        match output.read(&mut piece)? {
            0 => return Ok(true),
            len => bytes.extend_from_slice(&piece[..len]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn why_a_probe_ended_is_its_last_word() {
        let said = "[WARN ] products\nvgpud: the driver's GPUs cannot be used: the driver finds no GPU\n";
        assert_eq!(reason(said), Some("the driver finds no GPU"));
        assert_eq!(reason("Segmentation fault"), None);
    }
}
