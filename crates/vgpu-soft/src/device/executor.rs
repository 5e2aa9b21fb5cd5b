//! The device protocol: what each message does.

use std::sync::Arc;

use vgpu_core::abi::{CUjitInputType, CUstream_flags};
use vgpu_core::host::Refusal;
use vgpu_core::host::blob::Blob;
use vgpu_core::wire::messages::*;
use vgpu_core::wire::{Answer, Executor, JitOption, Pod, Seq, Span, StreamSlot, milliseconds};
use vgpu_core::{CuError, CuResult};

use super::config::Identity;
use super::engine::Deferred;
use super::function::Function;
use super::graph::Graph;
use super::link::Link;
use super::module::{Image, Module};
use super::setup::{Context, SoftDevice};
use super::statistics::Statistics as Counts;
use super::step::Step;
use super::stream::Work;
use super::{decode, profile};
use crate::memory::MemoryMap;

impl SoftDevice {
    /// Keeps the text for [`Executor::error_text`].
    pub(super) fn refuse(&mut self, refusal: Refusal) -> CuError {
        self.last_refusal.keep(refusal)
    }

    /// Posts a step that has been decoded, or retires the number of one that has been refused.
    fn post_step(&mut self, stream: StreamSlot, seq: Seq, step: Result<Step, Refusal>) -> CuResult {
        match step {
            Ok(step) => {
                let memory = self.memory_of(stream);
                match decode::check_now(&step, &memory) {
                    Ok(()) => self.engine.post(stream, seq, Work::Step(Arc::new(step), memory)),
                    Err(refusal) => self.post_refused(stream, seq, refusal),
                }
            }
            Err(refusal) => self.post_refused(stream, seq, refusal),
        }
    }

    fn post_refused(&mut self, stream: StreamSlot, seq: Seq, refusal: Refusal) -> CuResult {
        self.engine.completions.refuse(seq, refusal.0, &refusal.1);
        let error = self.refuse(refusal);
        // The first error counts; that the stream is unknown too does not matter.
        let _ = self.engine.post(stream, seq, Work::Nothing);
        Err(error)
    }

    /// Retires the number of a record that is carried out at once.
    fn post_done(&mut self, stream: StreamSlot, seq: Seq, result: CuResult) -> CuResult {
        let posted = self.engine.post(stream, seq, Work::Nothing);
        result.and(posted)
    }

    /// Decodes a graph from a blob (which is used up) or a tail.
    fn decode_graph(&mut self, context: u32, node_count: u32, blob: u64, tail: &[u8]) -> CuResult<Graph> {
        let taken = self.take_blob(blob)?;
        let bytes = taken.as_ref().map_or(tail, |blob| &blob.bytes);
        let graph = Graph::decode(context, node_count, bytes, |node| self.node_step(node));
        graph.map_err(|refusal| self.refuse(refusal))
    }

    fn take_blob(&mut self, blob: u64) -> CuResult<Option<Blob>> {
        self.blobs.take(blob).map_err(|refusal| self.refuse(refusal))
    }

    /// None of a compiler's options changes anything here, but they must be such.
    fn check_options(&mut self, tail: &[u8]) -> CuResult {
        let options = JitOption::all_of(tail).map(drop);
        options.map_err(|error| self.refuse((error, "options that are none".to_owned())))
    }

    fn unknown_handle(&mut self, what: &str, handle: u64) -> CuError {
        self.refuse((CuError::INVALID_HANDLE, format!("no {what} has handle {handle:#x}")))
    }

    /// Where a part of the pinned heap lies.
    fn heap_address(&mut self, span: Span) -> CuResult<u64> {
        let completions = &self.engine.completions;
        let start = completions.span(span).map(|start| start.expose_provenance() as u64);
        let in_heap = start.ok().filter(|start| completions.pinned_heap().contains(start));
        in_heap.ok_or_else(|| self.refuse((CuError::INVALID_VALUE, format!("{span:?} is no part of the pinned heap"))))
    }

    /// Refuses what only a guest of this process may ask for: another's addresses are not ours.
    fn require_guest_here(&mut self) -> CuResult {
        if self.config.is_in_guest {
            return Ok(());
        }
        Err(self.refuse((CuError::NOT_SUPPORTED, "the guest's own memory is not in this process".to_owned())))
    }

    /// The device of an open context.
    pub(super) fn require_context(&mut self, context: u32) -> CuResult<usize> {
        match self.contexts.get(&context) {
            Some(context) => Ok(context.device),
            None => Err(self.refuse((CuError::INVALID_CONTEXT, format!("context {context} is not open")))),
        }
    }

    /// What work of a stream that is queued now may touch.
    fn memory_of(&self, stream: StreamSlot) -> Arc<MemoryMap> {
        let device = match self.config.devices.len() {
            1 => 0,
            _ => self.engine.streams(|streams| streams.device_of(stream)) as usize,
        };
        self.engine.heap.lock().map(device)
    }
}

impl Executor for SoftDevice {
    fn device_info(&mut self, _: Seq, message: &DeviceInfo, _: &[u8]) -> CuResult<Answer<DeviceInfoReply>> {
        let mut reply = DeviceInfoReply {
            device_count: u32::try_from(self.config.devices.len()).unwrap_or(u32::MAX),
            driver_version: 0,
            uuid: [0; 16],
            name: [0; 256],
            total_mem_bytes: 0,
            pci_domain: 0,
            pci_bus: 0,
            pci_device: 0,
            wants: 0,
            attributes: [0; DEVICE_ATTRIBUTE_COUNT],
        };
        let config = &self.config;
        if let Some(Identity { uuid, pci, ledger }) = config.devices.get(message.device as usize) {
            let name = config.name.as_bytes();
            let len = name.len().min(reply.name.len() - 1);
            reply.name[..len].copy_from_slice(&name[..len]);
            reply.driver_version = config.driver_version;
            reply.uuid = *uuid;
            reply.total_mem_bytes = ledger.free_and_total().1;
            (reply.pci_domain, reply.pci_bus, reply.pci_device) = *pci;
            reply.attributes = profile::attributes(config, *pci, &self.limits);
        }
        Ok(reply.into())
    }

    fn context_create(&mut self, seq: Seq, message: &ContextCreate, _: &[u8]) -> CuResult {
        let &ContextCreate { context, device, legacy_stream, .. } = message;
        let result = match (device as usize) < self.config.devices.len() {
            true => self.engine.streams(|streams| streams.open_context(context, device, legacy_stream)),
            false => Err(CuError::INVALID_DEVICE),
        };
        if result.is_ok() {
            self.contexts.insert(context, Context::on(device as usize));
        }
        self.post_done(message.legacy_stream, seq, result)
    }

    fn context_destroy(&mut self, _: Seq, message: &ContextDestroy, _: &[u8]) -> CuResult {
        let context = message.context;
        self.require_context(context)?;
        let heap = self.contexts.remove(&context).and_then(|context| context.heap.into_inner());
        self.engine.streams(|streams| streams.close_context(context))?;
        let functions = self.functions.remove_where(|function| function.module.context == context);
        let mut modules = self.modules.remove_where(|module| module.context == context);
        modules.extend(functions.into_iter().map(|function| function.module));
        let graphs = self.graphs.remove_where(|graph| graph.context == context);
        self.links.remove_where(|link| link.context == context);
        let addresses = {
            let mut heap = self.engine.heap.lock();
            heap.change_textures(|textures| textures.end_context(context));
            heap.retire_context(context)
        };
        self.engine.defer(Deferred::DropGraphs(graphs));
        self.engine.defer(Deferred::Unload(modules));
        self.engine.defer(Deferred::Reclaim(addresses));
        self.engine.defer(Deferred::DropHeap(heap));
        Ok(())
    }

    fn event_elapsed(&mut self, _: Seq, message: &EventElapsed, _: &[u8]) -> CuResult<Answer<EventElapsedReply>> {
        let [from_ns, to_ns] = [message.from, message.to].map(|event| self.engine.completions.event_ns(event));
        if from_ns == 0 || to_ns == 0 {
            return Err(self.refuse((CuError::INVALID_HANDLE, "an event was never recorded".to_owned())));
        }
        Ok(EventElapsedReply { ms_bits: milliseconds(from_ns, to_ns).to_bits(), reserved: 0 }.into())
    }

    fn context_facts(&mut self, _: Seq, message: &ContextFacts, _: &[u8]) -> CuResult<Answer<ContextFactsReply>> {
        Ok(self.context_facts_of(message.context)?.into())
    }

    fn context_limit(&mut self, _: Seq, message: &ContextLimit, _: &[u8]) -> CuResult<Answer<ContextLimitReply>> {
        self.set_limit(message.context, message.limit, message.value)?;
        Ok(ContextLimitReply { reserved: 0 }.into())
    }

    fn stream_create(&mut self, seq: Seq, message: &StreamCreate, _: &[u8]) -> CuResult {
        let is_blocking = message.flags & CUstream_flags::CU_STREAM_NON_BLOCKING.0 == 0;
        let result = self.engine.streams(|streams| streams.open(message.context, message.stream, is_blocking));
        self.post_done(message.stream, seq, result)
    }

    fn stream_destroy(&mut self, seq: Seq, message: &StreamDestroy, _: &[u8]) -> CuResult {
        // Posted first: a closed stream takes nothing.
        let posted = self.engine.post(message.stream, seq, Work::Nothing);
        posted.and(self.engine.streams(|streams| streams.close(message.stream)))
    }

    fn stream_wait(&mut self, seq: Seq, message: &StreamWait, _: &[u8]) -> CuResult {
        self.engine.post_after(message.stream, seq, Work::Nothing, Some((message.other, message.until)))
    }

    fn event_record(&mut self, seq: Seq, message: &EventRecord, _: &[u8]) -> CuResult {
        self.engine.post(message.stream, seq, Work::Event(message.event))
    }

    fn marker(&mut self, seq: Seq, message: &Marker, _: &[u8]) -> CuResult {
        self.engine.post(message.stream, seq, Work::Nothing)
    }

    fn host_call(&mut self, seq: Seq, message: &HostCall, _: &[u8]) -> CuResult {
        self.engine.post(message.stream, seq, Work::HostCall(message.token))
    }

    fn host_calls_done(&mut self, number: u64) {
        self.engine.finish_host_calls(number);
    }

    fn mem_alloc(&mut self, _: Seq, message: &MemAlloc, _: &[u8]) -> CuResult<Answer<MemAllocReply>> {
        let device = self.require_context(message.context)?;
        let result = self.engine.alloc(message.len_bytes, device, message.context);
        let address =
            result.map_err(|error| self.refuse((error, format!("{} bytes of device memory", message.len_bytes))))?;
        Ok(MemAllocReply { address }.into())
    }

    fn mem_free(&mut self, _: Seq, message: &MemFree, _: &[u8]) -> CuResult {
        let result = self.engine.heap.lock().retire(message.address);
        result.map_err(|error| {
            self.refuse((error, format!("{:#x} is not the start of an allocation", message.address)))
        })?;
        self.engine.defer(Deferred::Reclaim(vec![message.address]));
        Ok(())
    }

    fn mem_info(&mut self, _: Seq, message: &MemInfo, _: &[u8]) -> CuResult<Answer<MemInfoReply>> {
        let device = self.require_context(message.context)?;
        let (free_bytes, total_bytes) = self.engine.heap.lock().free_and_total(device);
        Ok(MemInfoReply { free_bytes, total_bytes }.into())
    }

    fn copy_in(&mut self, seq: Seq, message: &CopyIn, _: &[u8]) -> CuResult {
        let step = decode::copy_in_step(&self.engine, message);
        self.post_step(message.stream, seq, step)
    }

    fn copy_inline(&mut self, seq: Seq, message: &CopyInline, tail: &[u8]) -> CuResult {
        self.post_step(message.stream, seq, Ok(decode::copy_inline_step(message, tail)))
    }

    fn copy_out(&mut self, seq: Seq, message: &CopyOut, _: &[u8]) -> CuResult {
        let step = decode::copy_out_step(&self.engine, message);
        self.post_step(message.stream, seq, step)
    }

    fn copy(&mut self, seq: Seq, message: &Copy, _: &[u8]) -> CuResult {
        self.post_step(message.stream, seq, Ok(decode::copy_step(message)))
    }

    fn copy_box(&mut self, seq: Seq, message: &CopyBox, _: &[u8]) -> CuResult {
        let step = decode::copy_box_step(&self.engine, message);
        self.post_step(message.stream, seq, step)
    }

    fn fill(&mut self, seq: Seq, message: &Fill, _: &[u8]) -> CuResult {
        self.post_step(message.stream, seq, decode::fill_step(message))
    }

    fn pinned_open(&mut self, _: Seq, message: &PinnedOpen, _: &[u8]) -> CuResult<Answer<PinnedOpenReply>> {
        let device_address = self.heap_address(message.span)?;
        // All of the heap is mapped here for good.
        Ok(PinnedOpenReply { device_address, holds_pages: 0 }.into())
    }

    fn pinned_close(&mut self, _: Seq, message: &PinnedClose, _: &[u8]) -> CuResult {
        self.heap_address(message.span).map(drop)
    }

    fn host_open(&mut self, _: Seq, message: &HostOpen, _: &[u8]) -> CuResult<Answer<HostOpenReply>> {
        let HostOpen { address, len_bytes } = *message;
        self.require_guest_here()?;
        let end = address.checked_add(len_bytes).ok_or(CuError::INVALID_VALUE);
        let opened = end.and_then(|end| self.engine.heap.lock().open_foreign(address..end));
        opened.map_err(|error| self.refuse((error, format!("{len_bytes} bytes at {address:#x} cannot be opened"))))?;
        Ok(HostOpenReply { reserved: 0 }.into())
    }

    fn host_close(&mut self, _: Seq, message: &HostClose, _: &[u8]) -> CuResult {
        self.require_guest_here()?;
        let closed = self.engine.heap.lock().close_foreign(message.address);
        closed.map_err(|error| self.refuse((error, format!("nothing was opened at {:#x}", message.address))))
    }

    fn blob_create(&mut self, _: Seq, message: &BlobCreate, _: &[u8]) -> CuResult<Answer<BlobCreateReply>> {
        let blob = self.blobs.create(message.len_bytes).map_err(|refusal| self.refuse(refusal))?;
        Ok(BlobCreateReply { blob }.into())
    }

    fn blob_write(&mut self, _: Seq, message: &BlobWrite, _: &[u8]) -> CuResult {
        let written = self.blobs.write(message, &*self.engine.completions);
        let len_bytes = written.map_err(|refusal| self.refuse(refusal))?;
        Counts::add(&self.engine.statistics.blob_bytes, len_bytes);
        Ok(())
    }

    fn blob_keeping(&mut self, _: Seq, _: &BlobKeeping, _: &[u8]) -> CuResult<Answer<BlobKeepingReply>> {
        Ok(BlobKeepingReply { min_bytes: self.blobs.kept_from() }.into())
    }

    fn blob_find(&mut self, _: Seq, message: &BlobFind, _: &[u8]) -> CuResult<Answer<BlobFindReply>> {
        let blob = self.blobs.find(&message.hash, message.len_bytes);
        if blob != 0 {
            Counts::count(&self.engine.statistics.blobs_found);
        }
        Ok(BlobFindReply { blob }.into())
    }

    fn module_load(&mut self, _: Seq, message: &ModuleLoad, tail: &[u8]) -> CuResult<Answer<ModuleLoadReply>> {
        let taken = self.take_blob(message.blob)?;
        let device = self.require_context(message.context)?;
        let kind = ImageKind::from_code(message.kind).ok_or_else(|| {
            self.refuse((CuError::INVALID_IMAGE, format!("no kind of image has number {}", message.kind)))
        })?;
        let hash = taken.as_ref().and_then(|blob| self.blobs.hash_of(blob));
        let image = Image { kind, bytes: taken.as_ref().map_or(tail, |blob| &blob.bytes), hash };
        let module = Module::load((message.context, device), &image, &self.compile_options, &self.engine.heap);
        let module = module.map_err(|refusal| self.refuse(refusal))?;
        if let (Some(blob), Some(hash)) = (&taken, &hash) {
            self.blobs.keep(blob, hash);
        }
        Counts::count(&self.engine.statistics.modules_loaded);
        Ok(ModuleLoadReply { module: self.modules.insert(Arc::new(module)) }.into())
    }

    fn module_unload(&mut self, _: Seq, message: &ModuleUnload, _: &[u8]) -> CuResult {
        let handle = message.module;
        let module = self.modules.remove(handle).ok_or_else(|| self.unknown_handle("module", handle))?;
        self.functions.remove_where(|function| function.module_handle == handle);
        self.engine.defer(Deferred::Unload(vec![module]));
        Ok(())
    }

    fn module_function(&mut self, _: Seq, message: &ModuleFunction, tail: &[u8]) -> CuResult<Answer<FunctionReply>> {
        let name = String::from_utf8_lossy(tail).into_owned();
        let Some(module) = self.modules.get(message.module).cloned() else {
            return Err(self.unknown_handle("module", message.module));
        };
        let known =
            self.functions.find(|function| function.module_handle == message.module && function.kernel.name() == name);
        let handle = match known {
            Some(handle) => handle,
            None => {
                let kernel = module.compile(&name, &self.compile_options).map_err(|refusal| self.refuse(refusal))?;
                Counts::count(&self.engine.statistics.kernels_decoded);
                self.functions.insert(Function::new(message.module, module, Arc::new(kernel), &self.limits))
            }
        };
        let function = self.functions.get(handle).expect("the handle was just found or made");
        let layout = |param: &crate::exec::ParamLayout| ParamLayout {
            offset_bytes: param.offset_bytes,
            len_bytes: param.len_bytes,
        };
        let tail = function.kernel.params().iter().flat_map(|param| layout(param).as_bytes().to_vec()).collect();
        Ok(Answer { reply: function.reply(handle, &self.limits), tail })
    }

    fn module_global(&mut self, _: Seq, message: &ModuleGlobal, tail: &[u8]) -> CuResult<Answer<ModuleGlobalReply>> {
        let name = String::from_utf8_lossy(tail).into_owned();
        let Some(module) = self.modules.get(message.module) else {
            return Err(self.unknown_handle("module", message.module));
        };
        let found = module.variable(&name);
        let (address, len_bytes) = found
            .ok_or_else(|| self.refuse((CuError::NOT_FOUND, format!("the module has no variable named {name}"))))?;
        Ok(ModuleGlobalReply { address, len_bytes }.into())
    }

    fn function_attribute(&mut self, _: Seq, message: &FunctionAttribute, _: &[u8]) -> CuResult {
        let Some(function) = self.functions.get_mut(message.function) else {
            return Err(self.unknown_handle("function", message.function));
        };
        let result = function.set(message.attribute, message.value, &self.limits);
        result.map_err(|error| {
            self.refuse((error, format!("function attribute {} cannot be {}", message.attribute, message.value)))
        })
    }

    fn occupancy(&mut self, _: Seq, message: &Occupancy, _: &[u8]) -> CuResult<Answer<OccupancyReply>> {
        let Some(function) = self.functions.get(message.function) else {
            return Err(self.unknown_handle("function", message.function));
        };
        let blocks = function.occupancy(message.block_threads, message.dynamic_shared_bytes, &self.limits);
        Ok(OccupancyReply { blocks, reserved: 0 }.into())
    }

    fn cluster_occupancy(
        &mut self,
        _: Seq,
        message: &ClusterOccupancy,
        tail: &[u8],
    ) -> CuResult<Answer<ClusterOccupancyReply>> {
        let count = self.cluster_count(message, tail).map_err(|refusal| self.refuse(refusal))?;
        Ok(ClusterOccupancyReply { count: u32::try_from(count).unwrap_or(u32::MAX), reserved: 0 }.into())
    }

    fn launch(&mut self, seq: Seq, message: &Launch, tail: &[u8]) -> CuResult {
        let step = self.launch_step(message, None, tail);
        self.post_step(message.stream, seq, step)
    }

    fn launch_ex(&mut self, seq: Seq, message: &LaunchEx, tail: &[u8]) -> CuResult {
        let step = self.launch_ex_step(message, tail);
        self.post_step(message.stream, seq, step)
    }

    fn error_text(&mut self, _: Seq, _: &ErrorText, _: &[u8]) -> CuResult<Answer<ErrorTextReply>> {
        Ok(self.last_refusal.answer())
    }

    fn module_kernels(&mut self, _: Seq, message: &ModuleKernels, _: &[u8]) -> CuResult<Answer<ModuleKernelsReply>> {
        let Some(module) = self.modules.get(message.module) else {
            return Err(self.unknown_handle("module", message.module));
        };
        let tail: Vec<u8> = module.kernel_names().flat_map(|name| name.bytes().chain([0])).collect();
        Ok(Answer { reply: ModuleKernelsReply { count: module.kernel_names().count() as u64 }, tail })
    }

    fn graph_create(&mut self, _: Seq, message: &GraphCreate, tail: &[u8]) -> CuResult<Answer<GraphCreateReply>> {
        self.require_context(message.context)?;
        let graph = self.decode_graph(message.context, message.node_count, message.blob, tail)?;
        Ok(GraphCreateReply { graph: self.graphs.insert(Arc::new(graph)) }.into())
    }

    fn graph_update(&mut self, _: Seq, message: &GraphUpdate, tail: &[u8]) -> CuResult<Answer<GraphUpdateReply>> {
        let Some(before) = self.graphs.get(message.graph).cloned() else {
            return Err(self.unknown_handle("graph", message.graph));
        };
        let graph = self.decode_graph(before.context, message.node_count, message.blob, tail)?;
        if !graph.has_shape_of(&before) {
            return Err(self
                .refuse((CuError::GRAPH_EXEC_UPDATE_FAILURE, "the graph has other nodes or dependencies".to_owned())));
        }
        *self.graphs.get_mut(message.graph).expect("it was found above") = Arc::new(graph);
        Ok(GraphUpdateReply { reserved: 0 }.into())
    }

    fn graph_launch(&mut self, seq: Seq, message: &GraphLaunch, _: &[u8]) -> CuResult {
        let Some(graph) = self.graphs.get(message.graph).cloned() else {
            let refusal = (CuError::INVALID_HANDLE, format!("no graph has handle {:#x}", message.graph));
            return self.post_refused(message.stream, seq, refusal);
        };
        Counts::count(&self.engine.statistics.graph_launches);
        let memory = self.memory_of(message.stream);
        self.engine.post(message.stream, seq, Work::Graph(graph, memory))
    }

    fn graph_destroy(&mut self, _: Seq, message: &GraphDestroy, _: &[u8]) -> CuResult {
        let graph = self.graphs.remove(message.graph).ok_or_else(|| self.unknown_handle("graph", message.graph))?;
        self.engine.defer(Deferred::DropGraphs(vec![graph]));
        Ok(())
    }

    fn gemm(&mut self, seq: Seq, message: &Gemm, _: &[u8]) -> CuResult {
        self.post_step(message.stream, seq, decode::gemm_step(message))
    }

    fn trsm(&mut self, seq: Seq, message: &Trsm, _: &[u8]) -> CuResult {
        self.post_step(message.stream, seq, decode::trsm_step(message))
    }

    fn link_create(&mut self, _: Seq, message: &LinkCreate, tail: &[u8]) -> CuResult<Answer<LinkCreateReply>> {
        self.require_context(message.context)?;
        self.check_options(tail)?;
        let link = Link::new(message.context, self.limits.capability);
        Ok(LinkCreateReply { link: self.links.insert(link) }.into())
    }

    fn link_add(&mut self, _: Seq, message: &LinkAdd, tail: &[u8]) -> CuResult<Answer<LinkAddReply>> {
        let taken = self.take_blob(message.blob)?;
        let parts = message.parts(tail).map_err(|error| self.refuse((error, "an input without a name".to_owned())))?;
        self.check_options(parts.options)?;
        let Some(link) = self.links.get_mut(message.link) else {
            return Err(self.unknown_handle("link", message.link));
        };
        let bytes = taken.as_ref().map_or(parts.bytes, |blob| &blob.bytes);
        let added = link.add(CUjitInputType(message.kind), &String::from_utf8_lossy(parts.name), bytes);
        added.map_err(|refusal| self.refuse(refusal))?;
        Ok(LinkAddReply { reserved: 0 }.into())
    }

    fn link_complete(&mut self, _: Seq, message: &LinkComplete, _: &[u8]) -> CuResult<Answer<LinkCompleteReply>> {
        let Some(link) = self.links.get_mut(message.link) else {
            return Err(self.unknown_handle("link", message.link));
        };
        let answer = link.image().map(|image| message.answer(image));
        let answer = answer.map_err(|refusal| self.refuse(refusal))?;
        // The linker has nothing to remark.
        self.last_refusal.remark(String::new());
        Ok(answer)
    }

    fn link_destroy(&mut self, _: Seq, message: &LinkDestroy, _: &[u8]) -> CuResult {
        match self.links.remove(message.link) {
            Some(_) => Ok(()),
            None => Err(self.unknown_handle("link", message.link)),
        }
    }

    fn array_create(&mut self, _: Seq, message: &ArrayCreate, _: &[u8]) -> CuResult<Answer<ArrayCreateReply>> {
        Ok(ArrayCreateReply { array: self.make_array(message)? }.into())
    }

    fn array_level(&mut self, _: Seq, message: &ArrayLevel, _: &[u8]) -> CuResult<Answer<ArrayLevelReply>> {
        Ok(ArrayLevelReply { array: self.find_level(message)? }.into())
    }

    fn array_destroy(&mut self, _: Seq, message: &ArrayDestroy, _: &[u8]) -> CuResult {
        self.end_array(message.array)
    }

    fn copy_array(&mut self, seq: Seq, message: &CopyArray, _: &[u8]) -> CuResult {
        let step = decode::copy_array_step(&self.engine, message);
        self.post_step(message.stream, seq, step)
    }

    fn texture_create(&mut self, _: Seq, message: &TextureCreate, _: &[u8]) -> CuResult<Answer<TextureCreateReply>> {
        Ok(TextureCreateReply { texture: self.make_texture(message)? }.into())
    }

    fn texture_destroy(&mut self, _: Seq, message: &TextureDestroy, _: &[u8]) -> CuResult {
        self.change_textures(|textures| textures.end_texture(message.texture))
    }

    fn surface_create(&mut self, _: Seq, message: &SurfaceCreate, _: &[u8]) -> CuResult<Answer<SurfaceCreateReply>> {
        Ok(SurfaceCreateReply { surface: self.make_surface(message)? }.into())
    }

    fn surface_destroy(&mut self, _: Seq, message: &SurfaceDestroy, _: &[u8]) -> CuResult {
        self.change_textures(|textures| textures.end_surface(message.surface))
    }

    fn managed_variables(
        &mut self,
        _: Seq,
        message: &ManagedVariables,
        _: &[u8],
    ) -> CuResult<Answer<ManagedVariablesReply>> {
        let module = self.modules.get(message.module).map(|module| module.managed_bytes());
        let len_bytes = module.ok_or_else(|| self.unknown_handle("module", message.module))?;
        Ok(ManagedVariablesReply { len_bytes }.into())
    }

    fn managed_place(&mut self, _: Seq, message: &ManagedPlace, _: &[u8]) -> CuResult<Answer<ManagedPlaceReply>> {
        let Some(module) = self.modules.get_mut(message.module) else {
            return Err(self.unknown_handle("module", message.module));
        };
        let placed = match Arc::get_mut(module) {
            Some(module) => module.place_managed(message.address),
            None => Err((CuError::INVALID_VALUE, "managed variables of a module that is in use already".to_owned())),
        };
        placed.map_err(|refusal| self.refuse(refusal))?;
        Ok(ManagedPlaceReply { reserved: 0 }.into())
    }

    fn output_take(&mut self, _: Seq, message: &OutputTake, _: &[u8]) -> CuResult<Answer<OutputTakeReply>> {
        Ok(self.engine.output.take(message.room_bytes))
    }

    fn statistics(
        &mut self,
        _: Seq,
        _: &vgpu_core::wire::messages::Statistics,
        _: &[u8],
    ) -> CuResult<Answer<StatisticsReply>> {
        Ok(self.engine.statistics.reply().into())
    }
}
