//! Channels whose owners are dead.

use std::sync::atomic::Ordering;

use super::function::Function;
use super::owner;

/// Marks the channels whose owners are dead, so that the host takes them back. Returns how many there were.
pub(super) fn reap(function: &Function) -> u32 {
    let mut reaped = 0;
    for channel in 0..function.channels() {
        let block = function.block(channel);
        let token = block.owner().load(Ordering::Acquire);
        let is_closing = block.closing().load(Ordering::Relaxed) == token;
        if token != 0 && !is_closing && owner::is_dead(block, token) {
            log::debug!("channel {channel}: its owner, process {}, is dead", owner::pid_of(token));
            block.closing().store(token, Ordering::Release);
            function.ring_attention(channel);
            reaped += 1;
        }
    }
    reaped
}
