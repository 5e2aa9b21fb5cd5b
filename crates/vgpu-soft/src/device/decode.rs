//! Messages to steps: what a record or a graph's node asks for, or why it is refused.

use vgpu_core::CuError;
use vgpu_core::host::Refusal;
use vgpu_core::host::nodes::Node;
use vgpu_core::streaming::LONG_COPY_BYTES;
use vgpu_core::wire::launch_attributes::LaunchAttributes;
use vgpu_core::wire::messages::*;
use vgpu_core::wire::{Message, Op};

use super::array_copy::ArrayCopy;
use super::blas;
use super::engine::Engine;
use super::place::Place;
use super::setup::SoftDevice;
use super::step::{LaunchStep, Step};
use super::transfer::Transfer;
use crate::exec::Shape;
use crate::memory::MemoryMap;

impl SoftDevice {
    /// Checks a launch, whose clusters have so many blocks if it says so.
    pub(super) fn launch_step(
        &self,
        message: &Launch,
        cluster: Option<[u32; 3]>,
        params: &[u8],
    ) -> Result<Step, Refusal> {
        let handle = message.function;
        let function = self
            .functions
            .get(handle)
            .ok_or_else(|| (CuError::INVALID_HANDLE, format!("no function has handle {handle:#x}")))?;
        let name = function.kernel.name();
        if message.flags & !LAUNCH_COOPERATIVE != 0 {
            return Err((CuError::INVALID_VALUE, format!("launch of {name}: unknown flags {:#x}", message.flags)));
        }
        let is_cooperative = message.flags & LAUNCH_COOPERATIVE != 0;
        let shape =
            Shape { grid: message.grid, block: message.block, dynamic_shared_bytes: message.dynamic_shared_bytes };
        function.check_launch(&shape, params.len(), &self.limits)?;
        let cluster = function.cluster(cluster, &shape, self.config.multiprocessors, &self.limits)?;
        if is_cooperative {
            let resident = function.resident_blocks(&shape, self.config.multiprocessors, &self.limits);
            if shape.block_count() > resident {
                let text = format!(
                    "launch of {name}: {} blocks where {resident} can be resident at once",
                    shape.block_count()
                );
                return Err((CuError::COOPERATIVE_LAUNCH_TOO_LARGE, text));
            }
        }
        let context = self
            .contexts
            .get(&function.module.context)
            .ok_or_else(|| (CuError::INVALID_CONTEXT, format!("launch of {name}: its context is not open")))?;
        let heap = match function.kernel.allocates() {
            true => Some(
                context
                    .heap(&self.engine.heap)
                    .map_err(|error| (error, format!("launch of {name}: no room for what kernels allocate")))?,
            ),
            false => None,
        };
        let params = params[..function.kernel.param_bytes() as usize].into();
        Ok(Step::Launch(LaunchStep {
            kernel: function.kernel.clone(),
            _module: function.module.clone(),
            shape,
            is_cooperative,
            cluster,
            stack_bytes: context.frames_bytes(),
            heap,
            params,
        }))
    }

    /// Checks a launch with attributes. Those that prefer something, or permit what is never done, are satisfied by any way of
    /// running.
    pub(super) fn launch_ex_step(&self, message: &LaunchEx, tail: &[u8]) -> Result<Step, Refusal> {
        let wrong = |error| (error, "the attributes of a launch are none".to_owned());
        let (attributes, params) = LaunchAttributes::split(message.attribute_count, tail).map_err(wrong)?;
        self.launch_step(&message.plain(), attributes.given_cluster(), params)
    }

    /// Answers a question about the clusters of a launch.
    pub(super) fn cluster_count(&self, message: &ClusterOccupancy, tail: &[u8]) -> Result<u64, Refusal> {
        let wrong = |error| (error, "the attributes of a launch are none".to_owned());
        let (attributes, _) = LaunchAttributes::split(message.attribute_count, tail).map_err(wrong)?;
        let handle = message.function;
        let function = self.functions.get(handle);
        let function =
            function.ok_or_else(|| (CuError::INVALID_HANDLE, format!("no function has handle {handle:#x}")))?;
        let &ClusterOccupancy { question, grid, block, dynamic_shared_bytes, .. } = message;
        let shape = Shape { grid, block, dynamic_shared_bytes };
        function.cluster_occupancy(
            question,
            attributes.given_cluster(),
            &shape,
            self.config.multiprocessors,
            &self.limits,
        )
    }

    /// Decodes the message of a graph's node.
    pub(super) fn node_step(&self, node: &Node<'_>) -> Result<Step, Refusal> {
        fn read<M: Message>(node: &Node<'_>) -> Result<M, Refusal> {
            node.message().map_err(|error| (error, format!("{:?} is no node of a graph", node.op)))
        }
        let engine = &self.engine;
        match node.op {
            Op::Launch => self.launch_step(&read(node)?, None, node.tail),
            Op::LaunchEx => self.launch_ex_step(&read(node)?, node.tail),
            Op::CopyIn => copy_in_step(engine, &read(node)?),
            Op::CopyInline => Ok(copy_inline_step(&read(node)?, node.tail)),
            Op::CopyOut => copy_out_step(engine, &read(node)?),
            Op::Copy => Ok(copy_step(&read(node)?)),
            Op::CopyBox => copy_box_step(engine, &read(node)?),
            Op::CopyArray => copy_array_step(engine, &read(node)?),
            Op::Fill => fill_step(&read(node)?),
            Op::EventRecord => Ok(Step::Event(read::<EventRecord>(node)?.event)),
            Op::Marker => Ok(Step::Nothing),
            Op::HostCall => Ok(Step::HostCall(read::<HostCall>(node)?.token)),
            Op::Gemm => gemm_step(&read(node)?),
            Op::Trsm => trsm_step(&read(node)?),
            _ => Err((CuError::INVALID_VALUE, format!("{:?} cannot be a node of a graph", node.op))),
        }
    }
}

/// What can be refused before it is queued. Graphs' nodes are checked when they run instead: a graph may be made of addresses that are not valid yet.
pub(super) fn check_now(step: &Step, memory: &MemoryMap) -> Result<(), Refusal> {
    match step {
        Step::Transfer(transfer) => transfer.check(memory),
        _ => Ok(()),
    }
}

fn invalid(error: CuError, what: &str) -> Refusal {
    (error, format!("{what} is not valid"))
}

fn is_long(len_bytes: u64) -> bool {
    len_bytes >= LONG_COPY_BYTES as u64
}

pub(super) fn copy_in_step(engine: &Engine, message: &CopyIn) -> Result<Step, Refusal> {
    let len_bytes = message.source.len_bytes;
    let source = Place::window(&*engine.completions, message.source.offset, len_bytes)
        .map_err(|error| invalid(error, "the part of the window"))?;
    let is_long = message.flags & COPY_OF_LONG != 0 || is_long(len_bytes);
    Ok(Step::Transfer(Transfer::Copy { target: Place::Device(message.target), source, len_bytes, is_long }))
}

pub(super) fn copy_out_step(engine: &Engine, message: &CopyOut) -> Result<Step, Refusal> {
    let len_bytes = message.target.len_bytes;
    let target = Place::window(&*engine.completions, message.target.offset, len_bytes)
        .map_err(|error| invalid(error, "the part of the window"))?;
    // The window's pieces are used over and over.
    Ok(Step::Transfer(Transfer::Copy { target, source: Place::Device(message.source), len_bytes, is_long: false }))
}

pub(super) fn copy_inline_step(message: &CopyInline, tail: &[u8]) -> Step {
    Step::Transfer(Transfer::Inline { target: message.target, bytes: tail.into() })
}

pub(super) fn copy_step(message: &Copy) -> Step {
    let (target, source) = (Place::Device(message.target), Place::Device(message.source));
    let len_bytes = message.len_bytes;
    Step::Transfer(Transfer::Copy { target, source, len_bytes, is_long: is_long(len_bytes) })
}

pub(super) fn copy_box_step(engine: &Engine, message: &CopyBox) -> Result<Step, Refusal> {
    Transfer::from_copy_box(message, &*engine.completions)
        .map(Step::Transfer)
        .map_err(|error| invalid(error, "the box"))
}

pub(super) fn copy_array_step(engine: &Engine, message: &CopyArray) -> Result<Step, Refusal> {
    let copy = ArrayCopy::decode(message, &*engine.completions).map_err(|error| invalid(error, "the box"))?;
    Ok(Step::Transfer(Transfer::Arrays(copy)))
}

pub(super) fn fill_step(message: &Fill) -> Result<Step, Refusal> {
    Transfer::from_fill(message).map(Step::Transfer).map_err(|error| invalid(error, "the fill"))
}

pub(super) fn gemm_step(message: &Gemm) -> Result<Step, Refusal> {
    let explain = |error| {
        (
            error,
            format!(
                "a product of types {} x {} -> {} in {} is refused",
                message.a_type, message.b_type, message.c_type, message.compute
            ),
        )
    };
    blas::Gemm::decode(message).map(Step::Gemm).map_err(explain)
}

pub(super) fn trsm_step(message: &Trsm) -> Result<Step, Refusal> {
    blas::Trsm::decode(message)
        .map(Step::Trsm)
        .map_err(|error| (error, format!("a solve in type {} is refused", message.data_type)))
}
