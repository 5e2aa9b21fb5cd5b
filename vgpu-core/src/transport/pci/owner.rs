//! Who a process is to the others in the guest, and whether an owner still lives.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::sync::atomic::Ordering;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::fork;
use crate::pci::channel::ChannelBlock;

/// What this process writes into a channel that it takes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Identity {
    /// Process number above, chance below: no two claims have the same, and none is 0.
    pub(super) token: u64,
    start_time: u64,
    pid_namespace: u64,
}

impl Identity {
    /// A new one for each claim.
    pub(super) fn new() -> Self {
        let pid = std::process::id();
        Self {
            token: u64::from(pid) << 32 | u64::from(chance()),
            start_time: life_of(pid).map_or(0, |life| life.start_time),
            pid_namespace: own_pid_namespace(),
        }
    }

    /// Tells the others how to find out whether this process lives. The namespace comes last: without it nobody asks.
    pub(super) fn publish(&self, block: ChannelBlock<'_>) {
        block.start_time().store(self.start_time, Ordering::Relaxed);
        block.pid_namespace().store(self.pid_namespace, Ordering::Release);
    }
}

/// The process that owns a channel by that token, in its own namespace.
pub(super) fn pid_of(token: u64) -> u32 {
    (token >> 32) as u32
}

/// Whether the owner of a channel is certainly dead. In doubt it lives, and the host will notice its silence.
pub(super) fn is_dead(block: ChannelBlock<'_>, token: u64) -> bool {
    let pid_namespace = block.pid_namespace().load(Ordering::Acquire);
    let start_time = block.start_time().load(Ordering::Relaxed);
    if pid_namespace == 0 || pid_namespace != own_pid_namespace() || start_time == 0 {
        return false;
    }
    let Some(pid) = i32::try_from(pid_of(token)).ok().filter(|pid| *pid > 0) else {
        return false;
    };
    // SAFETY: signal 0 is never delivered; it only asks whether there is such a process.
    if unsafe { libc::kill(pid, 0) } != 0 {
        return std::io::Error::last_os_error().raw_os_error() == Some(libc::ESRCH);
    }
    life_of(pid.cast_unsigned()).is_some_and(|life| life.has_ended || life.start_time != start_time)
}

/// What the kernel says of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Life {
    /// In clock ticks since boot.
    start_time: u64,
    /// Ended, but not yet waited for by its parent.
    has_ended: bool,
}

fn life_of(pid: u32) -> Option<Life> {
    read_life(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// The program's name, which may hold anything, ends with the last parenthesis; after it come state, and by number
/// threads (20) and start (22).
fn read_life(stat: &str) -> Option<Life> {
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_ascii_whitespace().collect();
    let threads: u64 = fields.get(17)?.parse().ok()?;
    // A process whose first thread has ended reads the same while others go on.
    let has_ended = matches!(*fields.first()?, "Z" | "X") && threads <= 1;
    Some(Life { start_time: fields.get(19)?.parse().ok()?, has_ended })
}

fn own_pid_namespace() -> u64 {
    fs::metadata("/proc/self/ns/pid").map_or(0, |namespace| namespace.ino())
}

fn chance() -> u32 {
    let mut bytes = [0; 4];
    // SAFETY: the buffer is writable for its length.
    let got = unsafe { libc::getrandom(bytes.as_mut_ptr().cast(), bytes.len(), libc::GRND_NONBLOCK) };
    if got == bytes.len().cast_signed() {
        return u32::from_ne_bytes(bytes);
    }
    // Early in the life of a VM there may be no randomness; two claims of one process are never in the same nanosecond.
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |since| since.subsec_nanos() ^ since.as_secs() as u32)
}

/// A mark of the process that made it: a child that inherits it is another one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Home {
    pid: u32,
    forks: u32,
}

impl Home {
    pub(super) fn new() -> Self {
        fork::watch();
        Self { pid: std::process::id(), forks: fork::generation() }
    }

    /// Whether this is still that process.
    pub(super) fn is_here(self) -> bool {
        fork::generation() == self.forks && std::process::id() == self.pid
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_knows_its_start() {
        let life = life_of(std::process::id()).expect("this process");
        assert!(life.start_time > 0 && !life.has_ended);
        assert_eq!(life_of(0), None);
    }

    #[test]
    fn strange_names_and_lost_first_threads_are_understood() {
        let stat = |state: &str, threads: u32| {
            format!("7 (a) Z 1 (b)) {state} 1 7 7 0 -1 4194304 96 0 0 0 0 0 0 0 20 0 {threads} 0 4711 2 3")
        };
        assert_eq!(read_life(&stat("S", 1)), Some(Life { start_time: 4711, has_ended: false }));
        assert_eq!(read_life(&stat("Z", 1)), Some(Life { start_time: 4711, has_ended: true }));
        assert_eq!(read_life(&stat("Z", 3)), Some(Life { start_time: 4711, has_ended: false }));
        for garbage in ["", "7 (a", "7 (a) S", "7 (a) S x y"] {
            assert_eq!(read_life(garbage), None, "{garbage}");
        }
    }

    #[test]
    fn two_claims_of_one_process_differ() {
        let [a, b] = [Identity::new(), Identity::new()];
        assert_ne!(a.token, b.token);
        assert_eq!(pid_of(a.token), std::process::id());
    }
}
