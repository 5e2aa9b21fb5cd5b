//! Why a function cannot be used, told from evidence, with what to do about it.

use std::fmt;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::site::{Places, Site, read_front};

/// What repairs most of it.
const SETUP: &str = "run `vgpu guest-setup` as root";

/// Why there is no claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// There is no function of ours.
    Absent(String),
    /// There is one, as far as can be seen, but it cannot be used.
    Unusable(String),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent(text) | Self::Unusable(text) => f.write_str(text),
        }
    }
}

impl Trouble {
    pub(super) fn unusable(site: &Site, text: impl fmt::Display) -> Self {
        Self::Unusable(format!("PCI function {}: {text}", site.address()))
    }

    /// A GPU that has our numbers because it is what we pretend to be.
    pub(super) fn foreign(site: &Site, text: impl fmt::Display) -> Self {
        Self::Absent(format!("PCI function {} is no vgpu function: {text}", site.address()))
    }

    /// The kernel has found no room for the function's memory, or never looked for any.
    pub(super) fn without_memory(site: &Site) -> Self {
        Self::unusable(
            site,
            format_args!(
                "its memory has no address, for want of room (`dmesg | grep {}`); start the host's vgpud with a smaller \
                 --bar-size, or give the function's root port a larger window",
                site.address()
            ),
        )
    }

    /// The function does not answer to memory accesses: nobody has switched that on, as firmware or a driver would.
    pub(super) fn not_decoding(site: &Site) -> Self {
        let path = site.path("enable");
        let enable = path.display();
        // The kernel counts who has switched it on, and does nothing for the second.
        match site.text("enable").as_deref() {
            None | Some("0") => Self::unusable(
                site,
                format_args!("its memory is switched off; {SETUP}, or for now `echo 1 > {enable}`"),
            ),
            Some(count) => Self::unusable(
                site,
                format_args!(
                    "its memory was switched off behind the kernel's back ({enable} reads {count}); as root, \
                     `echo 0 > {enable}` until it reads 0, then `echo 1 > {enable}`"
                ),
            ),
        }
    }

    /// A resource's file could not be opened.
    pub(super) fn opening(site: &Site, path: &Path, error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::PermissionDenied => Self::unusable(site, denied(path)),
            io::ErrorKind::NotFound => Self::unusable(
                site,
                format_args!("{} is gone; has the device been unplugged? (see `dmesg`)", path.display()),
            ),
            io::ErrorKind::ReadOnlyFilesystem => Self::unusable(
                site,
                format_args!("{} is on a read-only file system; a container needs a writable /sys", path.display()),
            ),
            _ => Self::unusable(site, format_args!("{}: {error}", path.display())),
        }
    }

    /// A resource's file could not be mapped.
    pub(super) fn mapping(places: &Places, site: &Site, path: &Path, error: &io::Error) -> Self {
        match error.raw_os_error() {
            Some(libc::EPERM) => Self::unusable(site, locked_down(&places.lockdown, path)),
            Some(libc::EINVAL) => Self::unusable(site, busy(site, path)),
            _ => Self::unusable(site, format_args!("mapping {}: {error}", path.display())),
        }
    }

    /// The registers read as nobody's.
    pub(super) fn nobody_answers(site: &Site) -> Self {
        if site.decodes_memory() == Some(false) {
            return Self::not_decoding(site);
        }
        Self::unusable(
            site,
            "nobody answers behind it: the host's vgpud has ended or has dropped this VM; start it again on the host, \
             then switch the VM off and on, or unplug and plug the device (a reset is not enough, and ends QEMU)",
        )
    }

    /// The host's sign of life does not change.
    pub(super) fn host_is_silent(site: &Site) -> Self {
        Self::unusable(
            site,
            "the host's vgpud gives no sign of life; see its log on the host (`journalctl -u vgpud`), and restart it there",
        )
    }
}

fn denied(path: &Path) -> String {
    let name = path.display();
    let Ok(metadata) = fs::metadata(path) else {
        return format!("permission denied on {name}; {SETUP}");
    };
    let (mode, uid, gid) = (metadata.mode() & 0o7777, metadata.uid(), metadata.gid());
    let group = group_name(gid).unwrap_or_else(|| gid.to_string());
    let advice = if gid != 0 && mode & 0o060 == 0o060 {
        format!("add this user to that group (`usermod -aG {group} \"$USER\"` as root) and log in again")
    } else {
        format!("{SETUP}, which lets a group use it")
    };
    format!("permission denied on {name} (mode {mode:04o}, owner {uid}, group {group}); {advice}")
}

fn locked_down(lockdown: &Path, path: &Path) -> String {
    let name = path.display();
    let mode = read_front(lockdown).and_then(|text| {
        let text = String::from_utf8(text).ok()?;
        Some(text.split_once('[')?.1.split_once(']')?.0.to_owned())
    });
    match mode.as_deref() {
        Some("none") => format!("the kernel refuses to map {name}, though it is not locked down: a security module?"),
        Some(mode) => format!(
            "the kernel is locked down ({mode}, as with Secure Boot) and maps no device memory such as {name}; \
             switch Secure Boot off in this VM, or boot with lockdown=none"
        ),
        None => format!(
            "the kernel refuses to map {name}: it is probably locked down, as with Secure Boot; switch that off in this VM"
        ),
    }
}

fn busy(site: &Site, path: &Path) -> String {
    let name = path.display();
    match site.driver() {
        Some(driver) => format!(
            "the kernel refuses to map {name}, because driver {driver} holds the function; {SETUP}, or for now \
             `echo vgpu > {}; echo {} > {}`",
            site.path("driver_override").display(),
            site.address(),
            site.path("driver/unbind").display(),
        ),
        None => format!(
            "the kernel refuses to map {name} (invalid argument), though no driver holds the function; does another \
             process use it through vfio or /dev/mem?"
        ),
    }
}

/// The name of a group, from the local file only: name services have no business in a stranger's process.
pub(in crate::transport) fn group_name(gid: u32) -> Option<String> {
    let groups = fs::read_to_string("/etc/group").ok()?;
    groups.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(gid)).then(|| name.to_owned())
    })
}
