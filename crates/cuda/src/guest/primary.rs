//! Primary contexts: one per device, with one handle for ever, alive while it is retained.

use once_cell::sync::OnceCell;
use parking_lot::Mutex;

use super::context::Context;
use super::device::{Device, MAX_DEVICES};

/// A device's primary context.
pub(crate) struct Primary {
    pub(crate) context: OnceCell<&'static Context>,
    pub(crate) state: Mutex<State>,
}

/// Guarded part of [`Primary`].
pub(crate) struct State {
    pub(crate) retained: u32,
    pub(crate) flags: u32,
}

/// By the devices' ordinals.
static PRIMARIES: [Primary; MAX_DEVICES as usize] =
    [const { Primary { context: OnceCell::new(), state: Mutex::new(State { retained: 0, flags: 0 }) } };
        MAX_DEVICES as usize];

impl Primary {
    /// That of a visible device.
    pub(crate) fn of(device: &Device) -> &'static Self {
        &PRIMARIES[device.ordinal]
    }
}
