//! What must be done every second for as long as a channel is held: show life, look for the host's, take dead owners off.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::held::Held;
use super::reap;
use crate::quiet_thread;

const BEAT_PERIOD: Duration = Duration::from_secs(1);
/// Room for the log's formatting.
const STACK_BYTES: usize = 128 << 10;

/// Starts the thread that keeps a channel until it is given back.
pub(super) fn start(held: Arc<Held>) -> io::Result<()> {
    quiet_thread::spawn("vgpu-pci", STACK_BYTES, move || {
        while held.rest(BEAT_PERIOD) {
            beat(&held);
        }
    })
}

/// Shows life, looks for the host's, and takes dead owners off.
fn beat(held: &Held) {
    if held.is_ours() {
        held.block().heartbeat().fetch_add(1, Ordering::Relaxed);
    }
    held.cut();
    if !held.function.was_reset() {
        reap::reap(&held.function);
    }
}
