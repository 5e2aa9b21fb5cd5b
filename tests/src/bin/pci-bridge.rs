//! A VM without a VM: shows the PCI function of a running vgpud to programs of this machine. Prints `ready` once they can
//! use it, and serves until it is killed.
//!
//! usage: `pci-bridge SOCKET FOLDER`, then `VGPU_SYSFS=FOLDER ./program`

use std::{env, path::Path, thread};

use vgpu_tests::bridge::{Bridge, Failure};

fn main() -> Result<(), Failure> {
    let args: Vec<String> = env::args().collect();
    let [_, socket, folder] = args.as_slice() else {
        return Err("usage: pci-bridge SOCKET FOLDER".into());
    };
    let mut bridge = Bridge::open(Path::new(socket), Path::new(folder))?;
    println!("ready: {}", bridge.folder().display());
    eprintln!("pci-bridge: the function is gone: {}", bridge.run());
    // As in a VM: the function stays where it is, and answers nobody.
    loop {
        thread::park();
    }
}
