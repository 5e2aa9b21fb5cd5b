//! `facts`: what a forwarding executor has to know of a real driver, and no document says.
//!
//! Each group runs in a process of its own: some end their context, and what one registers must not help the next.
//! Nothing here goes through vgpu. A fact is never wrong; a group that does not reach its end is.

mod addresses;
mod attributes;
mod blocking;
mod completion;
mod faults;
mod graphs;
mod registering;
mod window;

use std::time::{Duration, Instant};

use crate::{
    cuda::Code,
    device::{Device, us_since},
    process::{self, Reach},
    record::{Record, check, fact},
    setup::{Setup, Side},
};

/// Facts that are found out in one process.
type Group = fn(&Device, &Setup) -> Result<(), String>;

const GROUPS: [(&str, Group); 14] = [
    ("start", attributes::start),
    ("attributes", attributes::attributes),
    ("addresses", addresses::addresses),
    ("registering", registering::bandwidth),
    ("slabs", registering::slabs),
    ("hole", registering::hole),
    ("unregistered", registering::unregistered),
    ("completion", completion::completion),
    ("blocking", blocking::blocking),
    ("graphs", graphs::graphs),
    ("wild", faults::wild),
    ("heap", faults::heap),
    ("copies", faults::copies),
    ("printf", faults::printf),
];

/// A group that a driver hangs in must not cost the others their time.
const GROUP_MAX: Duration = Duration::from_secs(30);

/// The step: every group, one after the other.
pub(crate) fn run(setup: &Setup) -> Result<(), String> {
    for (name, _) in GROUPS {
        let mut command = setup.worker(Side::Native, &format!("facts/{name}"))?;
        let end = process::listen(&mut command, Reach::Member, GROUP_MAX, |line| Record::read(&line).say())
            .map_err(|error| format!("{command:?}: {error}"))?;
        check(format!("group {name}"), end.is_well(), end);
    }
    Ok(())
}

/// The worker: one group on an open device.
pub(crate) fn group(name: &str, setup: &Setup) -> Result<(), String> {
    let (_, group) = GROUPS.iter().find(|(known, _)| *known == name).ok_or_else(|| format!("no group {name}"))?;
    group(&Device::open(&setup.library())?, setup)
}

/// A call and the microseconds that it took.
fn timed(call: impl FnOnce() -> Code) -> (Code, f64) {
    let started = Instant::now();
    let code = call();
    (code, us_since(started))
}
