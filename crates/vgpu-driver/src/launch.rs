//! Launches: a function, a shape and packed parameters, and what is asked for besides.
//!
//! Attributes reach the driver as values only: the one that holds an address is held against what is the guest's.

use std::ffi::{c_int, c_void};

use vgpu_core::abi::{
    CU_LAUNCH_PARAM_BUFFER_POINTER_AS_INT, CU_LAUNCH_PARAM_BUFFER_SIZE_AS_INT, CUlaunchAttribute,
    CUlaunchAttributeID as Id, CUlaunchAttributeValue, CUlaunchConfig,
};
use vgpu_core::host::Refusal;
use vgpu_core::wire::launch_attributes::{LaunchAttribute, LaunchAttributes};
use vgpu_core::wire::messages::{CLUSTER_BLOCKS_MOST, CLUSTERS_AT_A_TIME, LAUNCH_COOPERATIVE, Launch, LaunchEx};
use vgpu_core::{CuError, CuResult};

use crate::api::{Api, Stream};
use crate::function::Function;
use crate::memory::Memory;

/// The keys of a launch's list; it ends with a null.
const EXTRA_POINTER: usize = CU_LAUNCH_PARAM_BUFFER_POINTER_AS_INT as usize;
const EXTRA_SIZE: usize = CU_LAUNCH_PARAM_BUFFER_SIZE_AS_INT as usize;

/// Packed parameters as launches take them.
pub(crate) struct Extra<'p> {
    packed: &'p [u8],
    len: usize,
}

impl<'p> Extra<'p> {
    pub(crate) fn of(packed: &'p [u8]) -> Self {
        Self { packed, len: packed.len() }
    }

    /// The list; it leads to this value and the parameters.
    pub(crate) fn list(&mut self) -> [*mut c_void; 5] {
        [
            std::ptr::without_provenance_mut(EXTRA_POINTER),
            self.packed.as_ptr().cast_mut().cast(),
            std::ptr::without_provenance_mut(EXTRA_SIZE),
            (&raw mut self.len).cast(),
            std::ptr::null_mut(),
        ]
    }
}

/// What a launch asks for besides its shape, as the driver takes it.
pub(crate) struct Attributes(Vec<CUlaunchAttribute>);

impl Attributes {
    /// Those of a launch without a list: it may be cooperative.
    ///
    /// # Errors
    /// `INVALID_VALUE` for flags that there are not.
    pub(crate) fn of(launch: &Launch) -> Result<Self, Refusal> {
        match launch.flags {
            0 => Ok(Self(Vec::new())),
            LAUNCH_COOPERATIVE => Ok(Self(vec![native(Id::CU_LAUNCH_ATTRIBUTE_COOPERATIVE, &cooperative())])),
            flags => Err((CuError::INVALID_VALUE, format!("a launch has no flags {flags:#x}"))),
        }
    }

    /// Those of a launch with a list, which its tail begins with; the rest of that follows.
    ///
    /// # Errors
    /// As [`of`](Self::of) and [`LaunchAttributes::split`]; `INVALID_VALUE` where a policy is for memory that is not the
    /// guest's.
    pub(crate) fn split<'t>(launch: &LaunchEx, tail: &'t [u8], memory: &Memory) -> Result<(Self, &'t [u8]), Refusal> {
        let wrong = |error| (error, "the attributes of a launch are none".to_owned());
        let (list, packed) = LaunchAttributes::split(launch.attribute_count, tail).map_err(wrong)?;
        if let Some((start, len_bytes)) = list.access_policy_window() {
            memory.place(start, len_bytes)?;
        }
        let mut attributes = Self::of(&launch.plain())?;
        attributes.0.extend(list.as_slice().iter().map(|LaunchAttribute { id, value, .. }| native(Id(*id), value)));
        Ok((attributes, packed))
    }

    /// Those that a node can have. That a launch may overlap the one before it, a graph's edges do not say.
    pub(crate) fn of_node(mut self) -> Self {
        self.0.retain(|attribute| attribute.id != Id::CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION);
        self
    }

    /// Whether nothing is asked for.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Their numbers.
    fn ids(&self) -> Vec<u32> {
        self.0.iter().map(|attribute| attribute.id.0).collect()
    }
}

const fn cooperative() -> [u8; 64] {
    let mut value = [0; 64];
    value[0] = 1;
    value
}

fn native(id: Id, bytes: &[u8; 64]) -> CUlaunchAttribute {
    let value = CUlaunchAttributeValue { pad: bytes.map(|byte| byte as _) };
    CUlaunchAttribute { id, value, ..CUlaunchAttribute::default() }
}

impl Function {
    /// The parameters of a launch, cut to their length.
    ///
    /// # Errors
    /// `INVALID_VALUE` when some are missing.
    pub(crate) fn packed<'t>(&self, tail: &'t [u8]) -> Result<&'t [u8], Refusal> {
        let needed = self.param_bytes as usize;
        let missing =
            || format!("launch of {:?}: {} bytes of parameters where {needed} are needed", self.name, tail.len());
        tail.get(..needed).ok_or_else(|| (CuError::INVALID_VALUE, missing()))
    }

    /// Launches it on a stream, whose context is current.
    ///
    /// # Errors
    /// The driver's, with what was refused.
    pub(crate) fn launch(
        &self,
        api: &Api,
        stream: Stream,
        launch: &Launch,
        attributes: &mut Attributes,
        packed: &[u8],
    ) -> Result<(), Refusal> {
        match attributes.is_empty() {
            true => self.launch_plain(api, stream, launch, packed).map_err(|error| self.refused(error)),
            false => self.launch_with(api, stream, launch, attributes, packed).map_err(|error| {
                let (name, ids) = (&self.name, attributes.ids());
                (error, format!("the driver refuses the launch of {name:?} with attributes {ids:?}: {error}"))
            }),
        }
    }

    /// Says that a launch is refused.
    pub(crate) fn refused(&self, error: CuError) -> Refusal {
        (error, format!("the driver refuses the launch of {:?}: {error}", self.name))
    }

    /// Answers [`ClusterOccupancy`](vgpu_core::wire::messages::ClusterOccupancy) in the function's context, which is current.
    ///
    /// # Errors
    /// `INVALID_VALUE` for a question that there is not, or the driver's.
    pub(crate) fn clusters(
        &self,
        api: &Api,
        question: u32,
        launch: &Launch,
        attributes: &mut Attributes,
    ) -> CuResult<c_int> {
        let config = config(launch, Stream::default(), attributes);
        let mut count = 0;
        match question {
            // SAFETY: the count is a local, and the configuration has as many attributes as it says.
            CLUSTERS_AT_A_TIME => unsafe {
                api.cuOccupancyMaxActiveClusters(&raw mut count, self.handle, &raw const config)
            },
            // SAFETY: as above.
            CLUSTER_BLOCKS_MOST => unsafe {
                api.cuOccupancyMaxPotentialClusterSize(&raw mut count, self.handle, &raw const config)
            },
            _ => Err(CuError::INVALID_VALUE),
        }?;
        Ok(count)
    }

    fn launch_plain(&self, api: &Api, stream: Stream, launch: &Launch, packed: &[u8]) -> CuResult {
        let ([grid_x, grid_y, grid_z], [block_x, block_y, block_z]) = (launch.grid, launch.block);
        let mut extra = Extra::of(packed);
        let none = std::ptr::null_mut();
        // SAFETY: the list leads to parameters of the kernel's length, which the driver copies before it returns.
        unsafe {
            api.cuLaunchKernel(
                self.handle,
                grid_x,
                grid_y,
                grid_z,
                block_x,
                block_y,
                block_z,
                launch.dynamic_shared_bytes,
                stream,
                none,
                extra.list().as_mut_ptr(),
            )
        }
    }

    fn launch_with(
        &self,
        api: &Api,
        stream: Stream,
        launch: &Launch,
        attributes: &mut Attributes,
        packed: &[u8],
    ) -> CuResult {
        let config = config(launch, stream, attributes);
        // One by one: a driver (580) that captures a cooperative launch takes no packed parameters.
        let mut params = self.params_in(packed);
        // SAFETY: the configuration has as many attributes as it says, and the list leads to as many parameters as the kernel
        // has, which the driver copies before it returns.
        unsafe { api.cuLaunchKernelEx(&raw const config, self.handle, params.as_mut_ptr(), std::ptr::null_mut()) }
    }
}

/// A launch as the driver's functions describe it.
fn config(launch: &Launch, stream: Stream, attributes: &mut Attributes) -> CUlaunchConfig {
    let ([grid_x, grid_y, grid_z], [block_x, block_y, block_z]) = (launch.grid, launch.block);
    CUlaunchConfig {
        gridDimX: grid_x,
        gridDimY: grid_y,
        gridDimZ: grid_z,
        blockDimX: block_x,
        blockDimY: block_y,
        blockDimZ: block_z,
        sharedMemBytes: launch.dynamic_shared_bytes,
        hStream: stream.pointer(),
        attrs: attributes.0.as_mut_ptr(),
        numAttrs: u32::try_from(attributes.0.len()).expect("there are not more than kinds of them"),
    }
}
