//! `vgpu guest-setup --wait`: what `vgpu-function.service` does at every boot, before the services that use the GPU start.
//!
//! They look for GPUs once. So each function is opened here, as the udev rule would open it: udev may come later, or not run at
//! all. What is waited for is that a function can be used: its daemon may just be starting, its memory may be being assigned.

use std::collections::BTreeMap;
use std::io::Write;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use super::function::{self, Function, Life};
use super::plan;
use super::root::Root;
use super::trouble;

const PAUSE: Duration = Duration::from_millis(100);

/// Opens the functions that are there to a group, and waits until one of them can be used, for so long at most. A VM without a
/// function has nothing to wait for.
pub(super) fn wait(root: &Root, group: &str, limit: Duration, out: &mut dyn Write) -> Result<()> {
    let start = Instant::now();
    loop {
        // Opening one may be what makes it answer, so they are looked at again.
        let mut closed = BTreeMap::new();
        for function in function::scan(root)?.iter().filter(|function| function.is_ours) {
            if let Err(error) = open(root, function, group, out) {
                closed.insert(function.address.clone(), format!("PCI function {}: {error:#}", function.address));
            }
        }
        let mut functions = function::scan(root)?;
        functions.retain(|function| function.is_ours || function.lacks_memory);
        if functions.is_empty() {
            writeln!(out, "there is no vgpu function in this VM")?;
            return Ok(());
        }
        let troubles: Vec<Option<String>> = functions
            .iter()
            .map(|function| closed.remove(&function.address).or_else(|| trouble_of(function)))
            .collect();
        let is_usable = troubles.iter().any(Option::is_none);
        if !is_usable && start.elapsed() < limit {
            thread::sleep(PAUSE);
            continue;
        }
        let named: Vec<&str> = troubles.iter().flatten().map(String::as_str).collect();
        if !is_usable {
            bail!("{}", named.join("; "));
        }
        for (function, _) in functions.iter().zip(&troubles).filter(|(_, trouble)| trouble.is_none()) {
            writeln!(out, "PCI function {} answers, and group {group} may use it", function.address)?;
        }
        named.iter().try_for_each(|trouble| writeln!(out, "{trouble}"))?;
        return Ok(());
    }
}

fn open(root: &Root, function: &Function, group: &str, out: &mut dyn Write) -> Result<()> {
    for change in plan::of_function(root, function, group)? {
        change.make(root)?;
        writeln!(out, "{}", change.describe(false))?;
    }
    Ok(())
}

fn trouble_of(function: &Function) -> Option<String> {
    match function.life {
        _ if function.lacks_memory => Some(trouble::no_memory(&function.address)),
        Life::Unread => Some(trouble::unread(&function.address)),
        Life::Silent => Some(trouble::silent(&function.address)),
        Life::Answers => None,
    }
}
