//! Descriptors that systemd hands over when it starts a service: numbers from 3 on, announced by three variables.

use std::ffi::OsString;
use std::os::fd::{BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail, ensure};
use rustix::io::FdFlags;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, sockopt};

use super::notify;

pub(super) const PID: &str = "LISTEN_PID";
pub(super) const COUNT: &str = "LISTEN_FDS";
pub(super) const NAMES: &str = "LISTEN_FDNAMES";
/// Newer systemds name the process in this way as well.
pub(super) const PIDFD: &str = "LISTEN_PIDFDID";

/// The first number.
const FIRST: RawFd = 3;
/// More than any unit has; what is beyond is nonsense.
const COUNT_MAX: usize = 1024;

/// All that was handed over.
#[derive(Debug, Default)]
pub(crate) struct Passed {
    /// Sockets that somebody may be waiting at already.
    pub(crate) sockets: Vec<PassedSocket>,
    /// What an earlier run had it keep.
    pub(crate) stored: Vec<Stored>,
}

/// Descriptors that were kept under one name. Nothing is known of them.
#[derive(Debug)]
pub(crate) struct Stored {
    /// The name.
    pub(crate) name: String,
    /// The descriptors, in any order.
    pub(crate) descriptors: Vec<OwnedFd>,
}

impl Stored {
    /// Whether that is a name of something kept, and not of a socket of a unit: ours, or what systemd says for none.
    fn is_name(name: &str) -> bool {
        name.starts_with(notify::KEPT_PREFIX) || name == "stored"
    }
}

/// A listening unix socket. Its file is systemd's.
#[derive(Debug)]
pub(crate) struct PassedSocket {
    /// The socket.
    pub(crate) listener: OwnedFd,
    /// SEQPACKET for programs of this machine, STREAM for a VM.
    pub(crate) kind: SocketType,
    /// Where it listens; a name without a file begins with `@`.
    pub(crate) path: PathBuf,
}

impl Passed {
    /// Takes over what was handed to this process: nothing when nothing was.
    ///
    /// Call this once, before the process opens anything.
    ///
    /// # Errors
    /// When what is there is not what the variables announce, or a socket is no door of ours. What was kept is not looked at.
    pub(crate) fn take() -> Result<Self> {
        let announcement =
            Announcement { pid: std::env::var_os(PID), count: std::env::var_os(COUNT), names: std::env::var_os(NAMES) };
        let names = announcement.names_for(std::process::id())?;
        let mut passed = Self::default();
        for (number, name) in (FIRST..).zip(names) {
            let told = || format!("descriptor {number} (\"{name}\"), which systemd passed");
            let descriptor = claim(number).with_context(told)?;
            if Stored::is_name(&name) {
                match passed.stored.iter_mut().find(|stored| stored.name == name) {
                    Some(stored) => stored.descriptors.push(descriptor),
                    None => passed.stored.push(Stored { name, descriptors: vec![descriptor] }),
                }
                continue;
            }
            passed.sockets.push(PassedSocket::new(descriptor).with_context(told)?);
        }
        Ok(passed)
    }
}

/// The variables' values.
struct Announcement {
    pid: Option<OsString>,
    count: Option<OsString>,
    names: Option<OsString>,
}

impl Announcement {
    /// A name for each descriptor that was handed to process `pid`. Those of sockets are as the administrator likes.
    fn names_for(&self, pid: u32) -> Result<Vec<String>> {
        let Some(count) = &self.count else {
            return Ok(Vec::new());
        };
        let whose = self.pid.as_deref().ok_or_else(|| anyhow!("{COUNT} is set without {PID}"))?;
        let whose: u32 = number(whose).ok_or_else(|| anyhow!("{PID}={} is no process", whose.display()))?;
        if whose != pid {
            // Left over in the environment of somebody who was started by systemd, and did not clean up.
            log::info!("{COUNT} is for process {whose}, not for this one ({pid}): nothing is taken over");
            return Ok(Vec::new());
        }
        let count = number(count)
            .filter(|count| *count <= COUNT_MAX)
            .ok_or_else(|| anyhow!("{COUNT}={} is no number of descriptors", count.display()))?;
        let Some(names) = self.names.as_deref().filter(|names| !names.is_empty()) else {
            return Ok(vec!["unnamed".to_owned(); count]);
        };
        let names: Vec<String> = names.to_string_lossy().split(':').map(str::to_owned).collect();
        ensure!(names.len() == count, "{NAMES} has {} names for {COUNT}={count}", names.len());
        Ok(names)
    }
}

fn number<T: std::str::FromStr>(text: &std::ffi::OsStr) -> Option<T> {
    // `parse` would take a plus sign.
    text.to_str().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?.parse().ok()
}

/// Makes an inherited descriptor ours, and nobody's whom we start.
fn claim(number: RawFd) -> Result<OwnedFd> {
    // SAFETY: only asked whether it is open, and marked, for the time of one call.
    let borrowed = unsafe { BorrowedFd::borrow_raw(number) };
    rustix::io::fcntl_setfd(borrowed, FdFlags::CLOEXEC).context("is not open")?;
    // SAFETY: it is open, was inherited under this number, and nothing in this process has used it yet.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

impl PassedSocket {
    fn new(listener: OwnedFd) -> Result<Self> {
        let Ok(family) = sockopt::socket_domain(&listener) else {
            bail!("is no socket: a unit may pass ListenSequentialPacket= for programs and ListenStream= for VMs");
        };
        ensure!(family == AddressFamily::UNIX, "is no unix socket: give a path to listen at, not a port");
        ensure!(sockopt::socket_acceptconn(&listener)?, "does not listen: its unit must not say Accept=yes");
        let kind = sockopt::socket_type(&listener)?;
        ensure!(
            kind == SocketType::SEQPACKET || kind == SocketType::STREAM,
            "is of no kind that anybody could come in by: write ListenSequentialPacket= for programs, ListenStream= for VMs"
        );
        // Its waiting is ours: nobody else accepts here.
        rustix::io::ioctl_fionbio(&listener, false)?;
        let address = SocketAddrUnix::try_from(rustix::net::getsockname(&listener)?).context("has no name")?;
        let path = match (address.path(), address.abstract_name()) {
            (Some(path), _) => Path::new(std::ffi::OsStr::from_bytes(path.to_bytes())).to_owned(),
            (None, Some(name)) => format!("@{}", String::from_utf8_lossy(name)).into(),
            (None, None) => bail!("has no name that anybody could find it by"),
        };
        Ok(Self { listener, kind, path })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(pid: &str, count: &str, names: Option<&str>) -> Result<Vec<String>> {
        Announcement { pid: Some(pid.into()), count: Some(count.into()), names: names.map(Into::into) }.names_for(7)
    }

    #[test]
    fn each_descriptor_has_a_name() {
        assert_eq!(names("7", "2", Some("vgpud.socket:vm1")).expect("sound"), ["vgpud.socket", "vm1"]);
        assert_eq!(names("7", "2", None).expect("sound"), ["unnamed", "unnamed"]);
        assert_eq!(names("7", "0", None).expect("sound"), [""; 0]);
    }

    #[test]
    fn what_is_somebody_elses_is_left_alone() {
        assert_eq!(names("8", "2", None).expect("not ours"), [""; 0]);
        let nothing = Announcement { pid: None, count: None, names: Some("a:b".into()) };
        assert_eq!(nothing.names_for(7).expect("nothing was passed"), [""; 0]);
    }

    #[test]
    fn nonsense_is_an_error_that_names_the_variable() {
        for (pid, count, fd_names, variable) in [
            ("x", "1", None, PID),
            ("-7", "1", None, PID),
            ("7", "", None, COUNT),
            ("7", "-1", None, COUNT),
            ("7", "+1", None, COUNT),
            ("7", "4294967295", None, COUNT),
            ("7", "99999999999999999999", None, COUNT),
            ("7", "2", Some("only one"), NAMES),
            ("7", "1", Some("a:b"), NAMES),
        ] {
            let error = names(pid, count, fd_names).expect_err("nonsense").to_string();
            assert!(error.contains(variable), "{pid} {count} {fd_names:?}: {error}");
        }
        let without_pid = Announcement { pid: None, count: Some("1".into()), names: None };
        assert!(without_pid.names_for(7).is_err());
    }
}
