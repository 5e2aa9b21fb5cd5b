//! The virtual machine: QEMU's command line, and the guest while it runs.

use std::{
    fs::{File, OpenOptions},
    io::{Read, Write},
    os::{fd::AsRawFd, unix::fs::FileExt},
    path::Path,
    process::{self, Child, ChildStdin, ChildStdout, ExitStatus, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};

use super::{
    clock,
    hardware::{self, Hardware},
    job::{Said, Splitter},
    packages::Kit,
};

/// How long a guest may take to turn itself off once its job is done.
const POWER_OFF_LIMIT: Duration = Duration::from_secs(20);
/// What is shown of the console when something went wrong.
const CONSOLE_TAIL_LINES: usize = 60;
const CONSOLE_TAIL_BYTES: u64 = 64 << 10;

/// A disk, which the guest finds by its serial number.
pub(super) struct Disk<'a> {
    pub(super) image: &'a File,
    pub(super) serial: &'static str,
    /// What is written is kept until QEMU ends, and never reaches the image.
    pub(super) writable: bool,
}

/// A machine to start.
pub(super) struct Machine<'a> {
    pub(super) hardware: Hardware<'a>,
    pub(super) disks: &'a [Disk<'a>],
    pub(super) kernel_args: &'a [String],
    pub(super) keep_on_reboot: bool,
    /// Where the console goes, if it is to be kept.
    pub(super) console: Option<&'a Path>,
    /// Where QEMU listens for commands, if it is to take any.
    pub(super) qmp: Option<&'a Path>,
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
            .args(self.hardware.arguments()?)
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
            .args(["-device", "virtserialport,chardev=job,name=vgpu.job"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        for (number, disk) in self.disks.iter().enumerate() {
            command.args(hardware::disk(number, &open_file(disk.image), disk.serial, disk.writable));
        }
        if let Some(socket) = self.qmp {
            let path = socket.to_str().with_context(|| format!("--qmp {}: not UTF-8", socket.display()))?;
            command.arg("-qmp").arg(format!("unix:{},server=on,wait=off", path.replace(',', ",,")));
        }
        if !self.keep_on_reboot {
            command.arg("-no-reboot");
        }
        let mut qemu = command.spawn().context("cannot start QEMU")?;
        let answers = qemu.stdin.take().expect("it is piped");
        let line = listen(qemu.stdout.take().expect("it is piped"));
        Ok(Guest { qemu, answers, line, console })
    }

    fn kernel_line(&self) -> String {
        // A panic is a reboot at once; the clock of an emulated processor is reliable; what mitigations cost buys nothing;
        // the first file system shall not be limited to half of the memory.
        let mut line =
            "console=ttyS0 quiet loglevel=4 panic=-1 mitigations=off tsc=reliable random.trust_cpu=on rootfstype=ramfs"
                .to_owned();
        if !hardware::has_kvm() {
            line += &format!(" tsc_early_khz={}", clock::tsc_khz());
        }
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
