//! The guest's end of the PCI function, in a VM: found in sysfs, mapped, and used without a kernel driver.
//!
//! A file uses others of those above it only:
//!
//! - `site`: one function's folder in sysfs, and looking for such folders.
//! - `trouble`: why a function cannot be used, told from evidence, with what to do.
//! - `speed`: which of the kernel's two ways to map the memory is the faster one.
//! - `function`: a mapped function: registers, directory, channels' blocks.
//! - `owner`: who a process is to the others in the guest, and whether an owner still lives. `reap`: channels whose owners do not.
//! - `pulse`: how long the host has been silent.
//! - `held`: a channel while a process has it.
//! - `heart`: what must be done every second meanwhile. `exit`: giving channels back when the process ends.
//! - `claim`: one channel, from the greeting to the end.
//!
//! [`crate::pci`] says what lies where and tells a channel's life. There are no interrupts: this side polls.

mod claim;
mod exit;
mod function;
mod heart;
mod held;
mod owner;
mod pulse;
mod reap;
mod site;
mod speed;
mod trouble;

#[cfg(test)]
mod tests;

pub(crate) use claim::Claim;
pub(super) use site::Places;
pub(super) use trouble::{Trouble, group_name};

use super::handshake::{self, Greeting};
use function::Function;
use site::Site;

/// Claims a channel of the function at `address`, or of the first that can be used.
///
/// # Errors
/// [`Trouble`], whose text says where was looked and what to do.
pub(super) fn open(places: &Places, address: Option<&str>, greeting: &Greeting) -> Result<Claim, Trouble> {
    if let Some(address) = address {
        let site = Site::named(places, address).map_err(|none| Trouble::Absent(none.to_string()))?;
        return use_site(places, site, greeting);
    }
    let mut looked = format!(
        "{} shows no vgpu function (10de:2331); give this VM one, by a vfio-user socket of the host's vgpud",
        places.devices.display()
    );
    let mut unusable = Vec::new();
    for site in Site::scan(places) {
        match use_site(places, site, greeting) {
            Ok(claim) => {
                unusable.iter().for_each(|text| log::warn!("{text}; PCI function {} is used instead", claim.address()));
                return Ok(claim);
            }
            Err(Trouble::Unusable(text)) => unusable.push(text),
            Err(Trouble::Absent(text)) => looked = format!("{looked}; {text}"),
        }
    }
    if unusable.is_empty() { Err(Trouble::Absent(looked)) } else { Err(Trouble::Unusable(unusable.join("; and "))) }
}

fn use_site(places: &Places, site: Site, greeting: &Greeting) -> Result<Claim, Trouble> {
    let address = site.address().to_owned();
    let claim = Claim::take(Function::open(places, site)?)?;
    handshake::greet(&claim, greeting)
        .map_err(|error| Trouble::Unusable(format!("PCI function {address}: {error}")))?;
    log::debug!("PCI function {address}: channel {} is ours ({:?})", claim.channel(), greeting.kind);
    Ok(claim)
}
