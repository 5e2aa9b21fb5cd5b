//! The ways to a daemon beside each other, in one run: its socket, its PCI function without a VM's emulation in between (by a
//! bridge on this machine), and the function from within a virtual machine.

use std::{
    collections::BTreeMap,
    env,
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};

use super::guest::measurements;
use crate::{dist, running::Running, vm, workspace};

const PROGRAMS: &str = "target/release";
/// Socket and function take turns: on two cores, which of them guest and executor share decides a round trip's time for as
/// long as a process lives.
const TURNS: u32 = 3;

/// Runs the same program over each way and prints its figures side by side.
pub(super) fn run(threads: u32) -> Result<()> {
    workspace::check(workspace::cargo().args(["build", "--quiet", "--release", "--package", "vgpu-tests", "--bins"]))?;
    let programs = workspace::root().join(PROGRAMS);
    let bench = programs.join("guest-bench");
    let folder = tempfile::tempdir().context("a temporary folder")?;
    let (socket, function) = (folder.path().join("vgpud.sock"), folder.path().join("vm.sock"));
    let (listen, offer) = (format!("--socket={}", socket.display()), format!("--vfio-user={}", function.display()));
    let _daemon = Running::vgpud(&["--threads", &threads.to_string(), &listen, &offer], &[&socket, &function])?;

    let (mut by_socket, mut by_function) = (Column::new("socket"), Column::new("function"));
    {
        let devices = folder.path().join("devices");
        let _bridge = bridge(&programs.join("pci-bridge"), &function, &devices)?;
        for turn in 1..=TURNS {
            println!("measuring: socket and function, turn {turn} of {TURNS}");
            by_socket.measure(guest(&bench).env("VGPU", format!("unix:{}", socket.display())))?;
            by_function.measure(guest(&bench).env("VGPU_SYSFS", &devices).env("VGPU", "pci:0000:00:05.0"))?;
        }
    }
    let mut columns = vec![by_socket, by_function];
    match vm::unavailable() {
        Some(reason) => println!("skipped: the virtual machine: {reason}"),
        None => {
            let mut machine = Command::new(env::current_exe().context("this program's path")?);
            machine.args(["vm", "--timeout", "300", "--env", "VGPU_DIST=/opt/vgpu", "--device"]).arg(&function);
            machine.arg("--").arg(&bench).stderr(Stdio::null());
            println!("measuring: in a VM");
            let mut within = Column::new("in a VM");
            within.measure(&mut machine)?;
            columns.push(within);
        }
    }
    print(&columns);
    Ok(())
}

/// One way's figures by name, with their units.
struct Column {
    name: &'static str,
    figures: BTreeMap<String, (f64, String)>,
    order: Vec<String>,
}

impl Column {
    fn new(name: &'static str) -> Self {
        Self { name, figures: BTreeMap::new(), order: Vec::new() }
    }

    /// Runs the program and keeps the better of each figure.
    fn measure(&mut self, command: &mut Command) -> Result<()> {
        let figures = measurements(&workspace::output(command)?)?;
        self.order = figures.iter().map(|(name, ..)| name.clone()).collect();
        for (name, value, unit) in figures {
            let is_rate = unit.ends_with("/s");
            self.figures
                .entry(name)
                .and_modify(|(best, _)| *best = if is_rate { best.max(value) } else { best.min(value) })
                .or_insert((value, unit));
        }
        Ok(())
    }
}

fn print(columns: &[Column]) {
    print!("\n{:<28}", "");
    columns.iter().for_each(|column| print!("{:>12}", column.name));
    println!();
    let Some(order) = columns.iter().map(|column| &column.order).max_by_key(|order| order.len()) else { return };
    for name in order {
        print!("{name:<28}");
        for column in columns {
            match column.figures.get(name) {
                Some((value, _)) => print!("{value:>12.3}"),
                None => print!("{:>12}", "-"),
            }
        }
        println!("  {}", columns.iter().find_map(|column| column.figures.get(name)).map_or("", |(_, unit)| unit));
    }
    println!("\nratios\n");
    let value = |column: &Column, name: &str| column.figures.get(name).map_or(f64::NAN, |(value, _)| *value);
    if let [socket, function, ..] = columns {
        for name in ["launch p50", "blocking call p50"] {
            println!(
                "{name:<28}{:>12.2} × the socket's, over the function (budget 1.5)",
                value(function, name) / value(socket, name)
            );
        }
    }
    for column in columns {
        for direction in ["to", "from"] {
            let copy = value(column, &format!("copy {direction} device 64 MiB"));
            println!(
                "{:<28}{:>12.2} of memcpy's bandwidth, {} (budget 0.80)",
                format!("copy {direction} device 64 MiB"),
                value(column, "memcpy 64 MiB") / copy,
                column.name
            );
        }
    }
}

fn guest(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.env("VGPU_DIST", dist::dir());
    command
}

fn bridge(program: &Path, function: &Path, devices: &Path) -> Result<Running> {
    let mut child =
        Command::new(program).arg(function).arg(devices).stdout(Stdio::piped()).spawn().context("pci-bridge")?;
    let output = child.stdout.take().context("no pipe to pci-bridge")?;
    let bridge = Running(child);
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line).context("pci-bridge")?;
    ensure!(line.starts_with("ready"), "pci-bridge ended");
    Ok(bridge)
}
