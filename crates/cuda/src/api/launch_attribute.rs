//! Launch attributes as programs give them, for launches and for kernel nodes.

use std::sync::Arc;

use vgpu_core::abi::{CUevent, CUlaunchAttribute, CUlaunchAttributeID as A, CUlaunchAttributeValue, CUlaunchConfig};
use vgpu_core::ffi::InSlice;
use vgpu_core::wire::launch_attributes::{LaunchAttribute, LaunchAttributes};
use vgpu_core::{CuError, CuResult};

use super::id;
use crate::guest::Process;
use crate::guest::event::Event;

/// What a launch asks for besides its shape.
#[derive(Default)]
pub(super) struct Asked {
    pub(super) cooperative: bool,
    pub(super) attributes: LaunchAttributes,
    /// Events of which the launch is part: they may be reached when all blocks have begun or said so, and are when all are done.
    events: Vec<CUevent>,
}

impl Asked {
    /// Reads a configuration's attributes.
    ///
    /// # Errors
    /// `NOT_SUPPORTED` for one that cannot be had, `INVALID_VALUE` for one that makes no sense.
    ///
    /// # Safety
    /// The configuration has as many attributes as it says.
    pub(super) unsafe fn of(config: &CUlaunchConfig) -> CuResult<Self> {
        // SAFETY: the caller vouches for the attributes.
        let attributes = unsafe { InSlice::new(config.attrs.cast_const(), config.numAttrs as usize) }?;
        let mut asked = Self::default();
        for attribute in attributes.as_slice() {
            asked.add(attribute)?;
        }
        Ok(asked)
    }

    fn add(&mut self, attribute: &CUlaunchAttribute) -> CuResult {
        let value = &attribute.value;
        match attribute.id {
            // How the host waits for it is nothing to the launch.
            A::CU_LAUNCH_ATTRIBUTE_IGNORE | A::CU_LAUNCH_ATTRIBUTE_SYNCHRONIZATION_POLICY => Ok(()),
            A::CU_LAUNCH_ATTRIBUTE_COOPERATIVE => {
                self.cooperative = is_cooperative(value);
                Ok(())
            }
            A::CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_EVENT => {
                // SAFETY: the id says which member the caller set.
                let event = unsafe { value.programmaticEvent };
                self.add_event(event.event, event.flags)
            }
            A::CU_LAUNCH_ATTRIBUTE_LAUNCH_COMPLETION_EVENT => {
                // SAFETY: as above.
                let event = unsafe { value.launchCompletionEvent };
                self.add_event(event.event, event.flags)
            }
            id => {
                self.attributes.set(of_value(id, value)?);
                Ok(())
            }
        }
    }

    fn add_event(&mut self, event: CUevent, flags: i32) -> CuResult {
        if flags != 0 {
            return Err(CuError::INVALID_VALUE);
        }
        self.events.push(event);
        Ok(())
    }

    /// The events, which are of that context.
    ///
    /// # Errors
    /// `INVALID_HANDLE` for none, or one of another context, `INVALID_VALUE` for one that takes times.
    pub(super) fn events(&self, process: &Process, context: u32) -> CuResult<Vec<Arc<Event>>> {
        let event = |event: &CUevent| {
            let event = Event::find(process, id(*event))?;
            if event.context != context {
                return Err(CuError::INVALID_HANDLE);
            }
            if event.slot.is_some() { Err(CuError::INVALID_VALUE) } else { Ok(event) }
        };
        self.events.iter().map(event).collect()
    }
}

/// Whether the value of `CU_LAUNCH_ATTRIBUTE_COOPERATIVE` says so.
pub(super) fn is_cooperative(value: &CUlaunchAttributeValue) -> bool {
    // SAFETY: any bytes of the union are an integer.
    unsafe { value.cooperative != 0 }
}

/// An attribute that travels.
///
/// # Errors
/// `NOT_SUPPORTED` for any other, `INVALID_VALUE` for a value that makes no sense.
pub(super) fn of_value(id: A, value: &CUlaunchAttributeValue) -> CuResult<LaunchAttribute> {
    // SAFETY: any bytes of the union are bytes.
    let bytes = unsafe { value.pad }.map(|byte| byte as u8);
    LaunchAttribute::new(id, &bytes).inspect_err(|_| log::warn!("launch attribute {} is not supported", id.0))
}

/// The bytes of an attribute as the program has them.
pub(super) fn to_value(bytes: &[u8; 64]) -> CUlaunchAttributeValue {
    CUlaunchAttributeValue { pad: bytes.map(|byte| byte as _) }
}
