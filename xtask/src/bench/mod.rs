//! `cargo xtask bench`: what calls, launches and copies cost, beside the machine's own floor, in one run.

mod against;
mod guest;
mod vm;

use std::{collections::BTreeMap, path::PathBuf, process::Command};

use anyhow::Result;

use crate::{demo::client::Client, dist, loading, workspace};

/// Options of `cargo xtask bench`.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  cargo xtask bench\n  cargo xtask bench --threads 1\n  cargo xtask bench --vm\n  cargo xtask bench --against ../before/dist\n\nMachines are noisy: compare the ratios of one run, not the figures of two."
)]
pub(crate) struct Args {
    /// Worker threads of the software GPU.
    #[arg(long, default_value_t = 1)]
    threads: u32,
    /// Compare the ways to a daemon instead: its socket, its PCI function, and that from within a virtual machine.
    #[arg(long)]
    vm: bool,
    /// Compare with another version instead: a folder as `cargo xtask dist` writes it, measured in turns with this one's.
    #[arg(long, value_name = "DIST", conflicts_with = "vm")]
    against: Option<PathBuf>,
    /// How often each of the two is measured.
    #[arg(long, default_value_t = 5, requires = "against", value_parser = clap::value_parser!(u32).range(1..))]
    turns: u32,
    /// Use dist/ as it is instead of building it.
    #[arg(long)]
    no_build: bool,
}

/// Runs the subcommand.
pub(crate) fn run(args: &Args) -> Result<()> {
    if !args.no_build {
        dist::build()?;
    }
    let dist = workspace::root().join("dist");
    if args.vm {
        return vm::run(args.threads);
    }
    if let Some(other) = &args.against {
        return against::run(other, args.turns, args.threads);
    }
    println!("the window alone: two processes, a device that does nothing\n");
    workspace::check(Command::new(dist.join("bin/vgpud")).arg("selfbench"))?;

    println!("\na guest of the software GPU, {} worker threads\n", args.threads);
    let mut values = BTreeMap::new();
    for (name, value, unit) in guest::measurements(&workspace::output(&mut guest::command(&dist, args.threads))?)? {
        println!("{name:<28} {value:>12.3} {unit}");
        values.insert(name, value);
    }
    println!("\nratios\n");
    let floor = values.get("guest call p50").copied().unwrap_or(f64::NAN);
    for name in ["launch p50", "idle stream sync p50", "launch and sync p50", "blocking call p50"] {
        ratio(&values, name, "guest call p50", floor);
    }
    for size in ["4096 B", "65536 B", "1 MiB", "64 MiB"] {
        let plain = values.get(&format!("memcpy {size}")).copied().unwrap_or(f64::NAN);
        for direction in ["to", "from"] {
            ratio(&values, &format!("copy {direction} device {size}"), &format!("memcpy {size}"), plain);
        }
    }
    println!("\nloading\n");
    match Client::installed()? {
        Some(client) => loading::bench(&client),
        None => {
            println!("skipped: the client is not installed (`cargo xtask demo` installs it)");
            Ok(())
        }
    }
}

fn ratio(values: &BTreeMap<String, f64>, name: &str, base_name: &str, base: f64) {
    let value = values.get(name).copied().unwrap_or(f64::NAN);
    println!("{name:<28} {:>12.2} × {base_name}", value / base);
}
