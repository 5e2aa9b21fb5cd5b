//! Which GPUs there are, asked in a process of its own: the daemon never opens the driver, which may hang, crash or take
//! hold of a GPU's memory.

use std::fmt;
use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use vgpu_core::abi::CUdevice_attribute as Attribute;
use vgpu_core::wire::Pod;
use vgpu_core::wire::messages::DeviceInfoReply;

use crate::cli::ProbeOptions;
use crate::environment::{self, JitCache};
use crate::gpu::{Gpu, UNUSABLE};
use crate::host;
use crate::settings::{Bytes, Choice, DeviceSettings};

/// How long the driver may take to start: on a machine where nobody else keeps the GPU awake, seconds.
const ANSWER_MAX: Duration = Duration::from_secs(60);

/// What executes on this machine, and why that.
#[derive(Debug)]
pub(crate) enum Found {
    /// The driver's GPUs.
    Driver(Vec<DeviceInfoReply>),
    /// Software GPUs, as was asked.
    Soft,
    /// Software GPUs, for this machine shows no sign of another.
    NoSign,
    /// Software GPUs, though there is something of a driver.
    Broken(String),
}

impl Found {
    /// Settings in which nothing is left to be chosen. `program` names on standard error what comes otherwise than it was asked
    /// for: a driver that is there and does not work, memory that is not.
    pub(crate) fn settle(&self, settings: DeviceSettings, program: &str) -> DeviceSettings {
        match self {
            Self::Broken(_) => eprintln!("{program}: {self}"),
            _ => log::info!("{self}"),
        }
        let device = match (self, settings.device) {
            (Self::Driver(_), Choice::Driver(number)) => Choice::Driver(number),
            (Self::Driver(_), _) => Choice::Driver(None),
            _ => Choice::Soft,
        };
        let device_memory = match device {
            Choice::Soft => Some(Bytes(settings.soft_memory_bytes())),
            _ => settings.device_memory,
        };
        if let (Some(asked), Some(given)) = (settings.device_memory, device_memory)
            && asked > given
        {
            eprintln!("{program}: device-memory: {asked} is more than this machine has; it is {given}");
        }
        DeviceSettings { device, device_memory, ..settings }
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Driver(devices) => write!(f, "the driver's GPUs execute: {}", devices.len()),
            Self::Soft => f.write_str("the software GPU executes, as was asked"),
            Self::NoSign => {
                f.write_str("the software GPU executes: this machine has no GPU of NVIDIA's, or no driver for it")
            }
            Self::Broken(reason) => write!(f, "the software GPU executes: {reason}"),
        }
    }
}

/// Finds out what the settings mean on this machine. Where nothing shows that there is a GPU, nothing of a driver is loaded,
/// unless one is named.
///
/// # Errors
/// When the driver is asked for and does not work.
pub(crate) fn look(settings: &DeviceSettings, limit: Duration) -> Result<Found> {
    let is_named = settings.nested || settings.driver_library.is_some();
    match settings.device {
        Choice::Soft => Ok(Found::Soft),
        Choice::Driver(_) => ask(settings, limit).map(Found::Driver).context(UNUSABLE),
        Choice::Auto if !is_named && host::sign_of_gpu().is_none() => Ok(Found::NoSign),
        Choice::Auto => {
            let asked = ask(&DeviceSettings { device: Choice::Driver(None), ..settings.clone() }, limit);
            Ok(asked.map_or_else(|reason| Found::Broken(format!("{reason:#}")), Found::Driver))
        }
    }
}

/// What the daemon's executors will have: settings in which nothing is left to be chosen, and the devices.
///
/// # Errors
/// When the driver is asked for and does not work, or there can be no such software GPU.
pub(crate) fn resolve(settings: DeviceSettings) -> Result<(DeviceSettings, Vec<DeviceInfoReply>)> {
    let found = look(&settings, ANSWER_MAX)?;
    let settings = found.settle(settings, "vgpud");
    let devices = match found {
        Found::Driver(devices) => devices,
        _ => Gpu::Soft.describe(&settings)?,
    };
    Ok((settings, devices))
}

/// The command `probe`: says which GPUs execute; or, in the process that asks the driver, what the driver says.
///
/// # Errors
/// When they cannot be used.
pub(crate) fn run(options: &ProbeOptions) -> Result<()> {
    let settings = DeviceSettings::new(&options.device)?;
    if options.raw {
        return answer(&settings);
    }
    let found = look(&settings, ANSWER_MAX)?;
    println!("{found}");
    let settings = DeviceSettings { device: Choice::Soft, ..settings };
    let devices = match found {
        Found::Driver(devices) => devices,
        _ => Gpu::Soft.describe(&settings)?,
    };
    for (number, device) in devices.iter().enumerate() {
        println!("{number}: {}", describe(device));
    }
    Ok(())
}

/// A device in one line.
fn describe(device: &DeviceInfoReply) -> String {
    let len = device.name.iter().position(|byte| *byte == 0).unwrap_or(device.name.len());
    let attribute = |attribute: Attribute| device.attributes[attribute.0 as usize];
    format!(
        "{}, {:04x}:{:02x}:{:02x}.0, capability {}.{}, {}",
        String::from_utf8_lossy(&device.name[..len]),
        device.pci_domain,
        device.pci_bus,
        device.pci_device,
        attribute(Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR),
        attribute(Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR),
        Bytes(device.total_mem_bytes >> 20 << 20)
    )
}

/// Writes the devices to standard output, as they are sent to guests.
fn answer(settings: &DeviceSettings) -> Result<()> {
    let gpu = Gpu::open(settings)?;
    let devices = gpu.describe(settings)?;
    if let Gpu::Driver(driver) = &gpu {
        // Says so if not.
        driver.has_blas();
    }
    let bytes: Vec<u8> = devices.iter().flat_map(|device| device.as_bytes().to_vec()).collect();
    let mut output = std::io::stdout();
    // What follows the last byte that looks like a line's end would stay behind otherwise.
    output.write_all(&bytes).and_then(|()| output.flush()).context("standard output")?;
    // The driver's own ending has nothing to do here, and may take its time.
    // SAFETY: ends this process, whose output is written.
    unsafe { libc::_exit(0) }
}

fn ask(settings: &DeviceSettings, limit: Duration) -> Result<Vec<DeviceInfoReply>> {
    let mut command = Command::new("/proc/self/exe");
    command.arg0("vgpud");
    environment::make(&mut command, settings, JitCache::None);
    command.args(["probe", "--raw"]).args(settings.to_flags());
    let bytes = heard(&mut command, limit)?;
    let size = size_of::<DeviceInfoReply>();
    let devices: Vec<_> = bytes.chunks_exact(size).filter_map(DeviceInfoReply::from_bytes).collect();
    ensure!(!devices.is_empty() && bytes.len().is_multiple_of(size), "the driver's answer makes no sense");
    Ok(devices)
}

/// What a process that asks the driver writes until it ends.
///
/// # Errors
/// Why it ended otherwise than it should, or not within the limit.
fn heard(command: &mut Command, limit: Duration) -> Result<Vec<u8>> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("a process that asks the driver")?;
    let mut output = child.stdout.take().expect("it is piped");
    let mut said = child.stderr.take().expect("it is piped");
    let mut bytes = Vec::new();
    let in_time = read_in_time(&mut output, &mut bytes, limit);
    if !matches!(in_time, Ok(true)) {
        // It may have ended by itself.
        let _ = child.kill();
    }
    let status = child.wait().context("the process that asks the driver")?;
    ensure!(in_time.context("the driver's answer")?, "the driver does not answer for {limit:?}");
    let mut text = String::new();
    said.read_to_string(&mut text).context("what the driver says")?;
    if status.success() {
        eprint!("{text}");
    } else {
        bail!("{}", reason(&text).unwrap_or(&format!("asking the driver ended with {status}")));
    }
    Ok(bytes)
}

/// The line in which a vgpud says why it ends, without its name.
fn reason(said: &str) -> Option<&str> {
    let line = said.lines().rfind(|line| line.starts_with("vgpud: "))?;
    let line = line.trim_start_matches("vgpud: ");
    Some(line.strip_prefix(UNUSABLE).and_then(|rest| rest.strip_prefix(": ")).unwrap_or(line))
}

/// Reads to the end; false when that does not come.
fn read_in_time(
    output: &mut (impl Read + std::os::fd::AsFd),
    bytes: &mut Vec<u8>,
    limit: Duration,
) -> std::io::Result<bool> {
    let until = Instant::now() + limit;
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

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_driver_that_hangs_is_given_up() {
        let heard = heard(&mut shell("printf half; exec sleep 600"), Duration::from_millis(50));
        assert!(heard.expect_err("it is too late").to_string().contains("does not answer"));
    }

    #[test]
    fn a_driver_that_crashes_or_refuses_says_so_in_one_line() {
        let error = |script: &str| heard(&mut shell(script), ANSWER_MAX).expect_err("it fails").to_string();
        assert!(error("kill -SEGV $$").contains("signal: 11"));
        assert_eq!(
            error("echo noise >&2; echo 'vgpud: the driver finds no GPU' >&2; exit 1"),
            "the driver finds no GPU"
        );
        assert_eq!(heard(&mut shell("printf abc"), ANSWER_MAX).ok(), Some(b"abc".to_vec()));
    }

    #[test]
    fn auto_is_the_software_gpu_where_the_driver_is_none_and_the_driver_is_an_error_there() {
        let library = Some("/nonexistent/libcuda.so.1".into());
        let settings = |device| DeviceSettings { device, driver_library: library.clone(), ..Default::default() };
        let settled = Found::Broken(String::new()).settle(settings(Choice::Auto), "test");
        assert_eq!((settled.device, settled.device_memory.is_some()), (Choice::Soft, true));
        let settled = Found::Driver(Vec::new()).settle(settings(Choice::Driver(Some(1))), "test");
        assert_eq!((settled.device, settled.device_memory), (Choice::Driver(Some(1)), None));
        assert!(matches!(look(&settings(Choice::Soft), ANSWER_MAX), Ok(Found::Soft)));
    }
}
