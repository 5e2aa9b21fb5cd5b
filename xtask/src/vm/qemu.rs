//! The virtual machine: QEMU's command line, and the guest while it runs.

use std::{
    fs::{self, File, OpenOptions},
    io::{Read, Write},
    os::{
        fd::AsRawFd,
        unix::fs::{FileExt, FileTypeExt},
    },
    path::{Path, PathBuf},
    process::{self, Child, ChildStdin, ChildStdout, ExitStatus, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use serde_json::json;

use super::{
    job::{Said, Splitter},
    packages::Kit,
};

/// The slot of the first device; the next ones follow.
const FIRST_DEVICE_SLOT: usize = 5;
const LAST_DEVICE_SLOT: usize = 31;
/// How long a guest may take to turn itself off once its job is done.
const POWER_OFF_LIMIT: Duration = Duration::from_secs(20);
/// What is shown of the console when something went wrong.
const CONSOLE_TAIL_LINES: usize = 60;
const CONSOLE_TAIL_BYTES: u64 = 64 << 10;

/// A machine to start.
pub(super) struct Machine<'a> {
    /// Sockets of vfio-user devices.
    pub(super) devices: &'a [PathBuf],
    pub(super) memory_mib: u32,
    pub(super) processors: u32,
    pub(super) kernel_args: &'a [String],
    pub(super) keep_on_reboot: bool,
    /// Where the console goes, if it is to be kept.
    pub(super) console: Option<&'a Path>,
}

/// How a run ended.
pub(super) enum Ending {
    Exit(u8),
    TimedOut,
    /// QEMU ended, and the job had not.
    Stopped(ExitStatus),
}

/// A machine that runs. Dropped, it is off; QEMU itself sees to that when this process is killed.
pub(super) struct Guest {
    qemu: Child,
    /// To init.
    answers: ChildStdin,
    /// From init and the job.
    line: Receiver<Vec<u8>>,
    console: File,
}

impl Machine<'_> {
    /// Starts it with the files in `initramfs`.
    pub(super) fn start(&self, kit: &Kit, initramfs: &File) -> Result<Guest> {
        let console = match self.console {
            Some(path) => OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path),
            None => tempfile::tempfile(),
        };
        let console = console.context("cannot create the console's file")?;
        let mut command = kit.qemu()?;
        command
            .args(self.hardware()?)
            .args(["-nodefaults", "-no-user-config", "-display", "none", "-monitor", "none"])
            .args(["-run-with", "exit-with-parent=on"])
            .arg("-kernel")
            .arg(kit.kernel())
            // Files without a name: nothing is left behind, however we end.
            .arg("-initrd")
            .arg(open_file(initramfs))
            .arg("-append")
            .arg(self.kernel_line())
            .arg("-serial")
            .arg(format!("file:{}", open_file(&console)))
            .args(["-chardev", "stdio,id=job,signal=off"])
            .args(["-device", "virtio-serial-pci,addr=02.0", "-device", "virtserialport,chardev=job,name=vgpu.job"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        if !self.keep_on_reboot {
            command.arg("-no-reboot");
        }
        let mut qemu = command.spawn().context("cannot start QEMU")?;
        let answers = qemu.stdin.take().expect("it is piped");
        let line = listen(qemu.stdout.take().expect("it is piped"));
        Ok(Guest { qemu, answers, line, console })
    }

    fn hardware(&self) -> Result<Vec<String>> {
        let memory = self.memory_mib;
        let mut args = vec!["-machine".to_owned(), "pc,memory-backend=ram".to_owned()];
        let accelerator = if has_kvm() { ["-accel", "kvm", "-cpu", "host"] } else { ["-accel", "tcg", "-cpu", "max"] };
        args.extend(accelerator.map(str::to_owned));
        args.extend(["-smp".to_owned(), self.processors.to_string(), "-m".to_owned(), format!("{memory}M")]);
        // Shared, so that devices outside QEMU reach it.
        args.extend(["-object".to_owned(), format!("memory-backend-memfd,id=ram,size={memory}M,share=on")]);
        ensure!(
            self.devices.len() <= LAST_DEVICE_SLOT + 1 - FIRST_DEVICE_SLOT,
            "{} devices do not fit the bus",
            self.devices.len()
        );
        for (index, socket) in self.devices.iter().enumerate() {
            let listens = fs::metadata(socket).is_ok_and(|metadata| metadata.file_type().is_socket());
            ensure!(listens, "--device {}: there is no socket", socket.display());
            let path = socket.to_str().with_context(|| format!("--device {}: not UTF-8", socket.display()))?;
            let device = json!({
                "driver": "vfio-user-pci",
                "socket": { "type": "unix", "path": path },
                "addr": format!("{:02x}.0", FIRST_DEVICE_SLOT + index),
            });
            args.extend(["-device".to_owned(), device.to_string()]);
        }
        Ok(args)
    }

    fn kernel_line(&self) -> String {
        // A panic is a reboot at once; the clock of an emulated processor is reliable; what mitigations cost buys nothing.
        let mut line =
            "console=ttyS0 quiet loglevel=4 panic=-1 mitigations=off tsc=reliable random.trust_cpu=on".to_owned();
        for arg in self.kernel_args {
            line.push(' ');
            line += arg;
        }
        line
    }
}

impl Guest {
    /// Passes the job's output to `output` until it ends.
    pub(super) fn attend(&mut self, token: &str, limit: Duration, output: &mut impl Write) -> Result<Ending> {
        let deadline = Instant::now() + limit;
        let mut splitter = Splitter::new(token);
        let mut boots = 0;
        loop {
            let piece = match self.line.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(piece) => piece,
                Err(RecvTimeoutError::Timeout) => return Ok(Ending::TimedOut),
                Err(RecvTimeoutError::Disconnected) => {
                    output.write_all(&splitter.rest()).and_then(|()| output.flush()).context("standard output")?;
                    return Ok(Ending::Stopped(self.qemu.wait().context("QEMU")?));
                }
            };
            for said in splitter.feed(&piece) {
                match said {
                    Said::Output(bytes) => {
                        output.write_all(&bytes).and_then(|()| output.flush()).context("standard output")?;
                    }
                    Said::Up => {
                        boots += 1;
                        self.answer(&format!("{boots}\n"));
                    }
                    Said::Exit(code) => {
                        self.answer("bye\n");
                        self.wait_for_power_off();
                        return Ok(Ending::Exit(code));
                    }
                }
            }
        }
    }

    /// The console's last lines.
    pub(super) fn console_tail(&self) -> String {
        let len = self.console.metadata().map_or(0, |metadata| metadata.len());
        let tail_len = len.min(CONSOLE_TAIL_BYTES);
        let mut bytes = vec![0; tail_len as usize];
        if let Err(error) = self.console.read_exact_at(&mut bytes, len - tail_len) {
            return format!("(cannot be read: {error})");
        }
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<&str> = text.lines().collect();
        let tail = lines[lines.len().saturating_sub(CONSOLE_TAIL_LINES)..].join("\n");
        if tail.is_empty() { "(empty)".to_owned() } else { tail }
    }

    /// A guest that is gone cannot read the answer; that it is gone shows on the line.
    fn answer(&mut self, text: &str) {
        let _ = self.answers.write_all(text.as_bytes()).and_then(|()| self.answers.flush());
    }

    fn wait_for_power_off(&mut self) {
        let deadline = Instant::now() + POWER_OFF_LIMIT;
        loop {
            match self.line.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {
                    eprintln!("vm: the guest did not turn itself off; it is killed");
                    return;
                }
            }
        }
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        let _ = self.qemu.kill();
        let _ = self.qemu.wait();
    }
}

/// Reads what QEMU prints; the channel closes when QEMU ends.
fn listen(mut from: ChildStdout) -> Receiver<Vec<u8>> {
    let (to, line) = mpsc::sync_channel(16);
    thread::spawn(move || {
        let mut buffer = vec![0; 64 << 10];
        while let Ok(len @ 1..) = from.read(&mut buffer) {
            if to.send(buffer[..len].to_vec()).is_err() {
                return;
            }
        }
    });
    line
}

/// A path by which a child opens a file of ours that has no name.
fn open_file(file: &File) -> String {
    format!("/proc/{}/fd/{}", process::id(), file.as_raw_fd())
}

/// Whether KVM runs stock kernels here. A KVM without the processor's help, which some clouds have, starts a machine and
/// then cannot run it.
fn has_kvm() -> bool {
    let usable = OpenOptions::new().read(true).write(true).open("/dev/kvm").is_ok();
    usable && fs::read_to_string("/proc/cpuinfo").is_ok_and(|text| has_virtualisation(&text))
}

fn has_virtualisation(cpuinfo: &str) -> bool {
    cpuinfo
        .lines()
        .filter(|line| line.starts_with("flags"))
        .any(|line| line.split_whitespace().any(|flag| flag == "vmx" || flag == "svm"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    fn machine(devices: &[PathBuf]) -> Machine<'_> {
        Machine { devices, memory_mib: 512, processors: 1, kernel_args: &[], keep_on_reboot: false, console: None }
    }

    #[test]
    fn devices_take_the_slots_from_5_on() {
        let dir = tempfile::tempdir().expect("a folder");
        let socket = dir.path().join("a,\"b\".sock");
        let _listener = UnixListener::bind(&socket).expect("a socket");
        let devices = [socket.clone(), socket.clone()];
        let args = machine(&devices).hardware().expect("the socket is there");
        let json: Vec<serde_json::Value> =
            args.iter().filter_map(|arg| serde_json::from_str(arg).ok()).filter(serde_json::Value::is_object).collect();
        let addresses: Vec<&str> = json.iter().filter_map(|device| device["addr"].as_str()).collect();
        assert_eq!(addresses, ["05.0", "06.0"]);
        assert_eq!(json[0]["socket"]["path"], socket.to_str().expect("UTF-8"));
    }

    #[test]
    fn a_device_that_does_not_listen_is_named() {
        let devices = [PathBuf::from("/nonexistent.sock")];
        let error = machine(&devices).hardware().expect_err("there is no socket");
        assert!(error.to_string().contains("/nonexistent.sock"));
    }

    #[test]
    fn only_a_processor_with_virtualisation_counts() {
        assert!(has_virtualisation("flags\t\t: fpu vmx sse\n"));
        assert!(!has_virtualisation("flags\t\t: fpu vmxx sse\nmodel name: svm\n"));
    }
}
