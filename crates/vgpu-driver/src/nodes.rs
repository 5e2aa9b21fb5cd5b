//! A guest's graph, made of its nodes: what each of them becomes.

use std::sync::Arc;

use vgpu_core::abi::{CUdevice_attribute_enum as Attribute, CUstream_flags, CUstreamCaptureMode};
use vgpu_core::host::Refusal;
use vgpu_core::host::nodes::{Node, for_each_node};
use vgpu_core::wire::messages::{
    Copy, CopyArray, CopyBox, CopyIn, CopyInline, CopyOut, EventRecord, Fill, Gemm, HostCall, Launch, LaunchEx, Trsm,
};
use vgpu_core::wire::{Message, Op};
use vgpu_core::{CuError, CuResult};

use crate::api::{Api, Graph as Handle, GraphNode, Stream};
use crate::array_copy::ArrayCopy;
use crate::blas::{Blas, Handle as BlasHandle, Session, Workspace, workspace_of};
use crate::context::{Context, log_failure};
use crate::copy::Rows;
use crate::device::{DriverDevice, blas_of, parts_to_go, refused};
use crate::fill::Filled;
use crate::graph::{Builder, Parts};
use crate::launch::Attributes;
use crate::memory::Place;
use crate::workspace::{Lanes, Turn};

/// Other threads go on as they please.
const CAPTURE_RELAXED: u32 = CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_RELAXED.0;
/// What cuBLAS wants for the intermediate results of a product: on devices of capability 9.0 and later, and on others.
///
/// **Source:** cuBLAS' manual, `cublasSetWorkspace()`.
const WORKSPACE_BYTES: (u64, u64) = (32 << 20, 4 << 20);

/// A graph under construction in a context.
struct Site<'a> {
    context: &'a Arc<Context>,
    /// The guest's number of the context.
    number: u32,
    builder: Builder<'a>,
    lanes: Lanes,
}

impl DriverDevice {
    /// Makes a graph of a blob's nodes (the blob is used up) or a tail's in a context, which is current, and hands it to
    /// `finish`.
    ///
    /// # Errors
    /// What a node is refused for, or `finish` comes to.
    pub(crate) fn make_graph<T>(
        &mut self,
        context: &Arc<Context>,
        number: u32,
        node_count: u32,
        (blob, tail): (u64, &[u8]),
        finish: impl FnOnce(&Builder<'_>) -> CuResult<T>,
    ) -> Result<(T, Parts), Refusal> {
        let taken = self.blobs.take(blob)?;
        let bytes = taken.as_ref().map_or(tail, |blob| &blob.bytes);
        let driver = Arc::clone(&self.driver);
        let builder = Builder::new(&driver.api, context, &self.memory).map_err(refused("an empty graph"))?;
        let mut site = Site { context, number, builder, lanes: Lanes::default() };
        let made = for_each_node(node_count, bytes, |node| self.add_node(&mut site, &node));
        let finished = made.and_then(|()| finish(&site.builder).map_err(refused("a graph")));
        let parts = site.builder.into_parts();
        match finished {
            Ok(finished) => Ok((finished, parts)),
            Err(refusal) => {
                self.bury(context, parts_to_go(parts));
                Err(refusal)
            }
        }
    }

    fn add_node(&mut self, site: &mut Site<'_>, node: &Node<'_>) -> Result<(), Refusal> {
        let settings = match node.op {
            Op::Gemm => Some(read::<Gemm>(node)?.settings),
            Op::Trsm => Some(read::<Trsm>(node)?.settings),
            _ => None,
        };
        // A workspace of the guest's own is the guest's care.
        let own = settings.map_or(Ok(None), |settings| workspace_of(&settings, &self.memory))?;
        let turn = match settings {
            Some(_) if own.is_none() => site.lanes.take(&node.dependencies),
            _ => {
                site.lanes.pass(&node.dependencies);
                Turn::default()
            }
        };
        let before = site.builder.before(node.dependencies.iter().copied().chain(turn.after));
        let (builder, ground, memory) = (&mut site.builder, self.ground(), &self.memory);
        let added = match node.op {
            Op::Launch => {
                let launch = read::<Launch>(node)?;
                return self.add_launch(site, &before, &launch, Attributes::of(&launch)?, node.tail);
            }
            Op::LaunchEx => {
                let launch = read::<LaunchEx>(node)?;
                let (attributes, tail) = Attributes::split(&launch, node.tail, memory)?;
                return self.add_launch(site, &before, &launch.plain(), attributes, tail);
            }
            Op::CopyIn => builder.copy(&before, Rows::of_copy_in(&read::<CopyIn>(node)?, ground)?.as_ref(), memory),
            Op::CopyOut => builder.copy(&before, Rows::of_copy_out(&read::<CopyOut>(node)?, ground)?.as_ref(), memory),
            Op::Copy => builder.copy(&before, Rows::of_copy(&read::<Copy>(node)?, ground)?.as_ref(), memory),
            Op::CopyBox => builder.copy(&before, Rows::of_box(&read::<CopyBox>(node)?, ground)?.as_ref(), memory),
            Op::CopyArray => {
                let copy = ArrayCopy::decode(&read::<CopyArray>(node)?, ground, &self.arrays)?;
                builder.array_copy(&before, copy.as_ref(), memory)
            }
            Op::CopyInline => {
                let bytes: Box<[u8]> = node.tail.into();
                let rows = Rows::of_bytes(read::<CopyInline>(node)?.target, &bytes, ground)?;
                builder.parts.bytes.push(bytes);
                builder.copy(&before, rows.as_ref(), memory)
            }
            Op::Fill => builder.fill(&before, Filled::of(&read::<Fill>(node)?, memory)?.as_ref(), memory),
            Op::EventRecord => {
                let slot = read::<EventRecord>(node)?.event;
                let event = self.event(site.number, slot)?;
                site.builder.event(&before, event)
            }
            Op::Marker => builder.empty(&before),
            Op::HostCall => {
                let token = read::<HostCall>(node)?.token;
                builder.call(&before, self.host_calls.of_node(site.context, token))
            }
            Op::Gemm => {
                let product = read::<Gemm>(node)?;
                let (math_mode, workspace) = (product.settings.math_mode, own.ok_or(turn.lane));
                return self
                    .add_product(site, math_mode, workspace, &before, |blas, handle| blas.gemm(handle, &product));
            }
            Op::Trsm => {
                let solve = read::<Trsm>(node)?;
                let (math_mode, workspace) = (solve.settings.math_mode, own.ok_or(turn.lane));
                return self.add_product(site, math_mode, workspace, &before, |blas, handle| blas.trsm(handle, &solve));
            }
            other => return Err((CuError::INVALID_VALUE, format!("{other:?} cannot be a node of a graph"))),
        };
        added.map_err(|error| (error, format!("the driver refuses the node of a {:?}: {error}", node.op)))
    }

    fn add_launch(
        &mut self,
        site: &mut Site<'_>,
        before: &[GraphNode],
        launch: &Launch,
        attributes: Attributes,
        tail: &[u8],
    ) -> Result<(), Refusal> {
        let mut attributes = attributes.of_node();
        let stream = (!attributes.is_empty()).then(|| self.capturing(site.number)).transpose()?;
        let handle = launch.function;
        let unknown = || (CuError::INVALID_HANDLE, format!("no function has handle {handle:#x}"));
        let function = self.functions.get(handle).ok_or_else(unknown)?;
        let packed = function.packed(tail)?;
        let api = &self.driver.api;
        match stream {
            None => site.builder.kernel(before, function, launch, packed).map_err(|error| function.refused(error)),
            // As programs come by such nodes: release 580 has refused one that was added and then made cooperative.
            Some(stream) => add_captured(api, stream, &mut site.builder, before, "launch", || {
                function.launch(api, stream, launch, &mut attributes, packed)
            }),
        }
    }

    /// Adds what cuBLAS does for `work`, with memory of the guest's or of a lane.
    fn add_product(
        &mut self,
        site: &mut Site<'_>,
        math_mode: u32,
        workspace: Result<Workspace, usize>,
        before: &[GraphNode],
        work: impl FnOnce(&Blas, BlasHandle) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        let driver = Arc::clone(&self.driver);
        let blas = blas_of(&driver)?;
        // Before the memory: a failure leaves nothing behind.
        self.session(site.number, blas)?;
        let workspace = match workspace {
            Ok(own) => {
                site.builder.parts.touched.push((Place::Device(own.0), own.1));
                own
            }
            Err(lane) => {
                if lane == site.builder.parts.workspaces.len() {
                    let len_bytes = self.workspace_bytes(site.number);
                    let address = self.take_memory(site.number, len_bytes)?;
                    site.builder.parts.workspaces.push((address, len_bytes));
                }
                site.builder.parts.workspaces[lane]
            }
        };
        let (stream, session) = self.session(site.number, blas)?;
        blas.prepare(session, math_mode, Some(workspace))?;
        let handle = session.handle;
        add_captured(&driver.api, stream, &mut site.builder, before, "product", || work(blas, handle))
    }
}

/// Adds what `work` puts into a stream, as a graph in the graph.
fn add_captured(
    api: &Api,
    stream: Stream,
    builder: &mut Builder<'_>,
    before: &[GraphNode],
    what: &str,
    work: impl FnOnce() -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    let (capture, captured) = (format!("to capture a {what}"), format!("a captured {what}"));
    let (capture, captured) = (refused(&capture), refused(&captured));
    api.cuStreamBeginCapture_v2(stream, CAPTURE_RELAXED).map_err(&capture)?;
    let worked = work();
    let mut child = Handle::default();
    // SAFETY: the second argument leads to a local.
    let ended = unsafe { api.cuStreamEndCapture(stream, &raw mut child) };
    let added = worked.and_then(|()| {
        ended.map_err(&capture)?;
        builder.child(before, child).map_err(captured)
    });
    if ended.is_ok() && child != Handle::default() {
        log_failure("a captured graph", api.cuGraphDestroy(child));
    }
    added
}

impl DriverDevice {
    /// The stream on which work for a context's graphs is captured.
    fn capturing(&mut self, number: u32) -> Result<Stream, Refusal> {
        let owned = self.contexts.get_mut(&number).expect("its context was entered");
        match owned.capturing.stream {
            Some(stream) => Ok(stream),
            None => {
                let stream = self.driver.api.cuStreamCreateWithPriority(CUstream_flags::CU_STREAM_NON_BLOCKING.0, 0);
                Ok(*owned.capturing.stream.insert(stream.map_err(refused("a stream"))?))
            }
        }
    }

    /// That stream, and what captures a context's products in it.
    fn session(&mut self, number: u32, blas: &Blas) -> Result<(Stream, &mut Session), Refusal> {
        let stream = self.capturing(number)?;
        let owned = self.contexts.get_mut(&number).expect("its context was entered");
        match &mut owned.capturing.session {
            Some(session) => Ok((stream, session)),
            none => Ok((stream, none.insert(blas.start(stream)?))),
        }
    }

    fn workspace_bytes(&self, number: u32) -> u64 {
        let device = self.contexts[&number].device;
        let major = Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR;
        let is_recent = self.driver.api.cuDeviceGetAttribute(major.0, device).is_ok_and(|major| major >= 9);
        if is_recent { WORKSPACE_BYTES.0 } else { WORKSPACE_BYTES.1 }
    }
}

fn read<M: Message>(node: &Node<'_>) -> Result<M, Refusal> {
    node.message().map_err(|error| (error, format!("{:?} is no node of a graph", node.op)))
}
