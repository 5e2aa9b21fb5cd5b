//! The device protocol: what each message does.

use std::ffi::CString;
use std::ops::Range;
use std::sync::Arc;

use vgpu_core::host::Refusal;
use vgpu_core::wire::messages::*;
use vgpu_core::wire::{Answer, Executor, Seq, Span, StreamSlot};
use vgpu_core::{CuError, CuResult};

use crate::api::Stream;
use crate::copy::Rows;
use crate::counts::Counts;
use crate::device::{DriverDevice, parts_to_go, refused};
use crate::facts;
use crate::fill::Filled;
use crate::function::{self, Function};
use crate::graph::Graph;
use crate::host_call;
use crate::info;
use crate::launch::Attributes;
use crate::memory::Owner;
use crate::module::Module;
use crate::reaper::What;
use crate::stream::Kind;

impl DriverDevice {
    /// Counts a record among those of its stream and makes its context current.
    fn order(&mut self, slot: StreamSlot, seq: Seq) -> CuResult<Stream> {
        let entered = self.streams.enter(slot, seq);
        entered.map_err(|error| self.refuse((error, format!("stream {slot} takes no records: {error}"))))
    }

    /// Where a part of the window lies that should be one of its pinned heap.
    fn pinned_part(&mut self, span: Span) -> CuResult<Range<u64>> {
        let start = self.completions.span(span).map(|start| start.expose_provenance() as u64);
        start
            .map(|start| start..start + span.len_bytes)
            .map_err(|error| self.refuse((error, format!("{span:?} is no part of the window"))))
    }

    fn launch_on(
        &mut self,
        stream: Stream,
        launch: &Launch,
        attributes: Result<Attributes, Refusal>,
        tail: &[u8],
    ) -> CuResult {
        let Some(function) = self.functions.get(launch.function) else {
            return Err(self.unknown_handle("function", launch.function));
        };
        let launched = attributes.and_then(|mut attributes| {
            function.launch(&self.driver.api, stream, launch, &mut attributes, function.packed(tail)?)
        });
        Counts::add(&self.counts.launches, 1);
        self.queued(launch.stream, launched)
    }

    /// A name that came as a message's tail.
    fn name(&mut self, tail: &[u8]) -> CuResult<CString> {
        let no_name = |_| self.refuse((CuError::NOT_FOUND, "a name with a NUL in it".to_owned()));
        CString::new(tail).map_err(no_name)
    }
}

impl Executor for DriverDevice {
    fn device_info(&mut self, _: Seq, message: &DeviceInfo, _: &[u8]) -> CuResult<Answer<DeviceInfoReply>> {
        let mut info = match self.driver.devices.get(message.device as usize) {
            Some(device) => info::describe(&self.driver, *device)?,
            None => info::none(&self.driver),
        };
        if let Some(ledger) = self.ledgers.get(message.device as usize) {
            info.total_mem_bytes = info.total_mem_bytes.min(ledger.free_and_total().1);
        }
        Ok(info.into())
    }

    fn context_create(&mut self, seq: Seq, message: &ContextCreate, _: &[u8]) -> CuResult {
        let opened = self.open_context(message);
        self.order_opening(message.legacy_stream, seq, opened)
    }

    fn context_destroy(&mut self, _: Seq, message: &ContextDestroy, _: &[u8]) -> CuResult {
        let number = message.context;
        let Some(owned) = self.contexts.remove(&number) else {
            return Err(self.refuse((CuError::INVALID_CONTEXT, format!("context {number} is not open"))));
        };
        self.close_context(number, owned);
        Ok(())
    }

    fn stream_create(&mut self, seq: Seq, message: &StreamCreate, _: &[u8]) -> CuResult {
        let opened = self.open_stream(message);
        self.order_opening(message.stream, seq, opened)
    }

    fn stream_destroy(&mut self, seq: Seq, message: &StreamDestroy, _: &[u8]) -> CuResult {
        self.order(message.stream, seq)?;
        if self.streams.get(message.stream).is_some_and(|open| open.kind == Kind::Legacy) {
            return Err(self.refuse((CuError::INVALID_VALUE, "a default stream goes with its context".to_owned())));
        }
        let open = self.streams.close(message.stream).expect("the stream was entered");
        let what = open.blas.map(|session| What::Blas(session.handle)).into_iter().chain([What::Stream(open.stream)]);
        self.bury(&open.context, what);
        Ok(())
    }

    fn stream_wait(&mut self, seq: Seq, message: &StreamWait, _: &[u8]) -> CuResult {
        self.order(message.stream, seq)?;
        let waits = self.streams.wait_for(message.stream, message.other, message.until);
        self.queued(message.stream, waits.map_err(refused("a wait")))
    }

    fn event_record(&mut self, seq: Seq, message: &EventRecord, _: &[u8]) -> CuResult {
        let stream = self.order(message.stream, seq)?;
        let number = self.streams.get(message.stream).expect("the stream was entered").number;
        let recorded = self
            .event(number, message.event)
            .and_then(|event| self.driver.api.cuEventRecord(event, stream).map_err(refused("an event")));
        self.queued(message.stream, recorded)?;
        // The event itself may be recorded anew before anybody waits for this record.
        self.streams.mark_for_waits(message.stream);
        Ok(())
    }

    fn event_elapsed(&mut self, _: Seq, message: &EventElapsed, _: &[u8]) -> CuResult<Answer<EventElapsedReply>> {
        let context = self.enter_context(message.from_context)?;
        let from = self.recorded_event(message.from_context, message.from)?;
        let to = self.recorded_event(message.to_context, message.to)?;
        let ms = self.driver.api.cuEventElapsedTime(from, to);
        let ms = self.answered(&context, ms.map_err(refused("to tell the time between events")))?;
        Ok(EventElapsedReply { ms_bits: ms.to_bits(), reserved: 0 }.into())
    }

    fn marker(&mut self, seq: Seq, message: &Marker, _: &[u8]) -> CuResult {
        self.order(message.stream, seq)?;
        self.streams.mark_for_waits(message.stream);
        Ok(())
    }

    fn context_facts(&mut self, _: Seq, message: &ContextFacts, _: &[u8]) -> CuResult<Answer<ContextFactsReply>> {
        let context = self.enter_context(message.context)?;
        let facts = facts::of_current(&self.driver.api);
        Ok(self.answered(&context, facts)?.into())
    }

    fn context_limit(&mut self, _: Seq, message: &ContextLimit, _: &[u8]) -> CuResult<Answer<ContextLimitReply>> {
        let context = self.enter_context(message.context)?;
        let value = usize::try_from(message.value).unwrap_or(usize::MAX);
        let set = self.driver.api.cuCtxSetLimit(message.limit, value);
        let explain = |error| (error, format!("limit {} cannot be {value}", message.limit));
        self.answered(&context, set.map_err(explain))?;
        Ok(ContextLimitReply { reserved: 0 }.into())
    }

    fn host_call(&mut self, seq: Seq, message: &HostCall, _: &[u8]) -> CuResult {
        let stream = self.order(message.stream, seq)?;
        let data = self.host_calls.expect(message.stream, seq, message.token);
        // SAFETY: the function takes any data.
        let queued = unsafe { self.driver.api.cuLaunchHostFunc(stream, Some(host_call::function), data) };
        let queued = queued.inspect_err(|_| self.host_calls.forget(seq));
        self.queued(message.stream, queued.map_err(refused("a host function")))
    }

    fn host_calls_done(&mut self, number: u64) {
        self.host_calls.done(number);
    }

    fn output_take(&mut self, _: Seq, message: &OutputTake, _: &[u8]) -> CuResult<Answer<OutputTakeReply>> {
        Ok(self.output.take(message.room_bytes))
    }

    fn mem_alloc(&mut self, _: Seq, message: &MemAlloc, _: &[u8]) -> CuResult<Answer<MemAllocReply>> {
        let context = self.enter_context(message.context)?;
        if message.len_bytes == 0 {
            return Err(self.refuse((CuError::INVALID_VALUE, "an allocation of no bytes".to_owned())));
        }
        let taken = self.take_memory(message.context, message.len_bytes);
        let address = self.answered(&context, taken)?;
        self.own(address, message.len_bytes, message.context, Owner::Guest);
        Ok(MemAllocReply { address }.into())
    }

    fn mem_free(&mut self, _: Seq, message: &MemFree, _: &[u8]) -> CuResult {
        let address = message.address;
        let Some(stretch) = self.memory.remove(address) else {
            let text = format!("{address:#x} is not the start of an allocation");
            return Err(self.refuse((CuError::INVALID_VALUE, text)));
        };
        self.give_memory(address, &stretch);
        Ok(())
    }

    fn mem_info(&mut self, _: Seq, message: &MemInfo, _: &[u8]) -> CuResult<Answer<MemInfoReply>> {
        // To the program, what it has given back is free: the call that gives it back waits for the work before it.
        if !self.dead.is_empty() {
            self.publish();
        }
        self.retirer.wait_for_burials();
        let context = self.enter_context(message.context)?;
        let (mut free, mut total) = (0, 0);
        // SAFETY: both arguments lead to locals.
        let asked = unsafe { self.driver.api.cuMemGetInfo_v2(&raw mut free, &raw mut total) };
        self.answered(&context, asked.map_err(refused("to tell about memory")))?;
        let (granted, quota) = context.ledger.free_and_total();
        let device = self.contexts.get(&message.context).expect("it was entered").device;
        let free = free as u64 + self.space.kept_bytes(device);
        Ok(MemInfoReply { free_bytes: granted.min(free), total_bytes: quota.min(total as u64) }.into())
    }

    fn copy_in(&mut self, seq: Seq, message: &CopyIn, _: &[u8]) -> CuResult {
        let stream = self.order(message.stream, seq)?;
        let copied = Rows::of_copy_in(message, self.ground()).and_then(|rows| self.queue_rows(stream, rows));
        self.queued(message.stream, copied)
    }

    fn copy_inline(&mut self, seq: Seq, message: &CopyInline, tail: &[u8]) -> CuResult {
        let stream = self.order(message.stream, seq)?;
        let copied = Rows::of_bytes(message.target, tail, self.ground()).and_then(|rows| {
            // Without a place the driver takes the bytes from the record before it returns.
            let place = rows.and_then(|_| self.pinning.place(tail, message.stream, seq, &self.retirer));
            let rows = rows.map(|rows| place.map_or(rows, |place| rows.with_source(place)));
            self.queue_rows(stream, rows)
        });
        self.queued(message.stream, copied)
    }

    fn copy_out(&mut self, seq: Seq, message: &CopyOut, _: &[u8]) -> CuResult {
        let stream = self.order(message.stream, seq)?;
        let copied = Rows::of_copy_out(message, self.ground()).and_then(|rows| self.queue_rows(stream, rows));
        self.queued(message.stream, copied)
    }

    fn copy(&mut self, seq: Seq, message: &Copy, _: &[u8]) -> CuResult {
        let stream = self.order(message.stream, seq)?;
        let copied = Rows::of_copy(message, self.ground()).and_then(|rows| self.queue_rows(stream, rows));
        self.queued(message.stream, copied)
    }

    fn copy_box(&mut self, seq: Seq, message: &CopyBox, _: &[u8]) -> CuResult {
        let stream = self.order(message.stream, seq)?;
        let copied = Rows::of_box(message, self.ground()).and_then(|rows| self.queue_rows(stream, rows));
        self.queued(message.stream, copied)
    }

    fn fill(&mut self, seq: Seq, message: &Fill, _: &[u8]) -> CuResult {
        let stream = self.order(message.stream, seq)?;
        let filled = Filled::of(message, &self.memory).and_then(|fill| self.queue_fill(stream, fill));
        self.queued(message.stream, filled)
    }

    fn pinned_open(&mut self, _: Seq, message: &PinnedOpen, _: &[u8]) -> CuResult<Answer<PinnedOpenReply>> {
        let part = self.pinned_part(message.span)?;
        self.memory.check_closed(&part).map_err(|refusal| self.refuse(refusal))?;
        let Some(holder) = self.pinning.holder() else {
            return Err(self.refuse((CuError::INVALID_CONTEXT, "pinned memory is opened in a context".to_owned())));
        };
        if self.pinning.is_ending(&part) {
            self.bury_and_wait();
        }
        self.enter(&holder)?;
        let device = self.pinning.open(&self.driver.api, &part);
        self.memory.open(&part, device);
        Ok(PinnedOpenReply { device_address: device.unwrap_or(0), holds_pages: 1 }.into())
    }

    fn pinned_close(&mut self, _: Seq, message: &PinnedClose, _: &[u8]) -> CuResult {
        let part = self.pinned_part(message.span)?;
        self.memory.close(&part).map_err(|refusal| self.refuse(refusal))?;
        self.dead.extend(self.pinning.close(&part));
        Ok(())
    }

    fn host_open(&mut self, _: Seq, _: &HostOpen, _: &[u8]) -> CuResult<Answer<HostOpenReply>> {
        Err(self.refuse((CuError::NOT_SUPPORTED, "the guest's own memory is not in this process".to_owned())))
    }

    fn host_close(&mut self, _: Seq, _: &HostClose, _: &[u8]) -> CuResult {
        Err(self.refuse((CuError::NOT_SUPPORTED, "the guest's own memory is not in this process".to_owned())))
    }

    fn blob_create(&mut self, _: Seq, message: &BlobCreate, _: &[u8]) -> CuResult<Answer<BlobCreateReply>> {
        let blob = self.blobs.create(message.len_bytes).map_err(|refusal| self.refuse(refusal))?;
        Ok(BlobCreateReply { blob }.into())
    }

    fn blob_write(&mut self, _: Seq, message: &BlobWrite, _: &[u8]) -> CuResult {
        let written = self.blobs.write(message, &*self.completions);
        let len_bytes = written.map_err(|refusal| self.refuse(refusal))?;
        Counts::add(&self.counts.blob_bytes, len_bytes);
        Ok(())
    }

    fn blob_keeping(&mut self, _: Seq, _: &BlobKeeping, _: &[u8]) -> CuResult<Answer<BlobKeepingReply>> {
        Ok(BlobKeepingReply { min_bytes: self.blobs.kept_from() }.into())
    }

    fn blob_find(&mut self, _: Seq, message: &BlobFind, _: &[u8]) -> CuResult<Answer<BlobFindReply>> {
        let blob = self.blobs.find(&message.hash, message.len_bytes);
        if blob != 0 {
            Counts::add(&self.counts.blobs_found, 1);
        }
        Ok(BlobFindReply { blob }.into())
    }

    fn module_load(&mut self, _: Seq, message: &ModuleLoad, tail: &[u8]) -> CuResult<Answer<ModuleLoadReply>> {
        let taken = self.blobs.take(message.blob).map_err(|refusal| self.refuse(refusal))?;
        let context = self.enter_context(message.context)?;
        let kind = ImageKind::from_code(message.kind).ok_or_else(|| {
            self.refuse((CuError::INVALID_IMAGE, format!("no kind of image has number {}", message.kind)))
        })?;
        let bytes = taken.as_ref().map_or(tail, |blob| &blob.bytes);
        let module = Module::load(&self.driver.api, &context, message.context, kind, bytes);
        let module = self.answered(&context, module)?;
        if let Some(blob) = &taken
            && let Some(hash) = self.blobs.hash_of(blob)
        {
            self.blobs.keep(blob, &hash);
        }
        Counts::add(&self.counts.modules_loaded, 1);
        Ok(ModuleLoadReply { module: self.modules.insert(module) }.into())
    }

    fn module_unload(&mut self, _: Seq, message: &ModuleUnload, _: &[u8]) -> CuResult {
        let handle = message.module;
        let Some(module) = self.modules.remove(handle) else {
            return Err(self.unknown_handle("module", handle));
        };
        self.functions.remove_where(|function| function.module == handle);
        self.memory.remove_where(|stretch| stretch.owner == Owner::Module(handle));
        self.bury(&module.context, [What::Module(module.handle)]);
        Ok(())
    }

    fn module_function(&mut self, _: Seq, message: &ModuleFunction, tail: &[u8]) -> CuResult<Answer<FunctionReply>> {
        let Some(module) = self.modules.get(message.module) else {
            return Err(self.unknown_handle("module", message.module));
        };
        let context = Arc::clone(&module.context);
        self.enter(&context)?;
        let name = self.name(tail)?;
        let known = self.functions.find(|function| function.module == message.module && *function.name == *name);
        let handle = match known {
            Some(handle) => handle,
            None => {
                let module = self.modules.get(message.module).expect("it was found above");
                let function = Function::resolve(&self.driver.api, module, message.module, &name);
                let function = self.answered(&context, function)?;
                Counts::add(&self.counts.functions_found, 1);
                self.functions.insert(function)
            }
        };
        let function = self.functions.get(handle).expect("the handle was just found or made");
        Ok(Answer { reply: function.reply(&self.driver.api, handle), tail: function.layout_bytes() })
    }

    fn module_global(&mut self, _: Seq, message: &ModuleGlobal, tail: &[u8]) -> CuResult<Answer<ModuleGlobalReply>> {
        let Some(module) = self.modules.get(message.module) else {
            return Err(self.unknown_handle("module", message.module));
        };
        let (handle, number, context) = (module.handle, module.number, Arc::clone(&module.context));
        self.enter(&context)?;
        let name = self.name(tail)?;
        let (mut address, mut len) = (0, 0);
        // SAFETY: the first two arguments lead to locals, and the name ends with a NUL.
        let found =
            unsafe { self.driver.api.cuModuleGetGlobal_v2(&raw mut address, &raw mut len, handle, name.as_ptr()) };
        let explain = |error| (error, format!("the driver has no variable {name:?} in the module: {error}"));
        self.answered(&context, found.map_err(explain))?;
        let len_bytes = len as u64;
        self.own(address, len_bytes, number, Owner::Module(message.module));
        Ok(ModuleGlobalReply { address, len_bytes }.into())
    }

    fn function_attribute(&mut self, _: Seq, message: &FunctionAttribute, _: &[u8]) -> CuResult {
        let Some(function) = self.functions.get(message.function) else {
            return Err(self.unknown_handle("function", message.function));
        };
        let (handle, context) = (function.handle, Arc::clone(&function.context));
        self.enter(&context)?;
        let set = self.driver.api.cuFuncSetAttribute(handle, message.attribute, message.value);
        let explain = |error| (error, format!("function attribute {} cannot be {}", message.attribute, message.value));
        self.answered(&context, set.map_err(explain))
    }

    fn occupancy(&mut self, _: Seq, message: &Occupancy, _: &[u8]) -> CuResult<Answer<OccupancyReply>> {
        let Some(function) = self.functions.get(message.function) else {
            return Err(self.unknown_handle("function", message.function));
        };
        let (handle, context) = (function.handle, Arc::clone(&function.context));
        self.enter(&context)?;
        let threads = i32::try_from(message.block_threads).unwrap_or(i32::MAX);
        let shared = message.dynamic_shared_bytes as usize;
        let blocks = self.driver.api.cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(
            handle,
            threads,
            shared,
            message.flags,
        );
        let blocks = self.answered(&context, blocks.map_err(refused("to tell the occupancy")))?;
        Ok(OccupancyReply { blocks: u32::try_from(blocks).unwrap_or(0), reserved: 0 }.into())
    }

    fn cluster_occupancy(
        &mut self,
        _: Seq,
        message: &ClusterOccupancy,
        tail: &[u8],
    ) -> CuResult<Answer<ClusterOccupancyReply>> {
        let Some(function) = self.functions.get(message.function) else {
            return Err(self.unknown_handle("function", message.function));
        };
        let context = Arc::clone(&function.context);
        self.enter(&context)?;
        let function = self.functions.get(message.function).expect("it was found above");
        let launch = message.launch();
        let count = Attributes::split(&launch, tail, &self.memory).and_then(|(mut attributes, _)| {
            let count = function.clusters(&self.driver.api, message.question, &launch.plain(), &mut attributes);
            count.map_err(refused("to tell of clusters"))
        });
        let count = self.answered(&context, count)?;
        Ok(ClusterOccupancyReply { count: u32::try_from(count).unwrap_or(0), reserved: 0 }.into())
    }

    fn launch(&mut self, seq: Seq, message: &Launch, tail: &[u8]) -> CuResult {
        let stream = self.order(message.stream, seq)?;
        self.launch_on(stream, message, Attributes::of(message), tail)
    }

    fn launch_ex(&mut self, seq: Seq, message: &LaunchEx, tail: &[u8]) -> CuResult {
        let stream = self.order(message.stream, seq)?;
        match Attributes::split(message, tail, &self.memory) {
            Ok((attributes, packed)) => self.launch_on(stream, &message.plain(), Ok(attributes), packed),
            Err(refusal) => self.queued(message.stream, Err(refusal)),
        }
    }

    fn error_text(&mut self, _: Seq, _: &ErrorText, _: &[u8]) -> CuResult<Answer<ErrorTextReply>> {
        Ok(self.last_refusal.answer())
    }

    /// The driver's managed variables lie in this process's memory, where no guest reaches.
    fn managed_variables(
        &mut self,
        _: Seq,
        message: &ManagedVariables,
        _: &[u8],
    ) -> CuResult<Answer<ManagedVariablesReply>> {
        match self.modules.get(message.module) {
            Some(_) => Ok(ManagedVariablesReply { len_bytes: 0 }.into()),
            None => Err(self.unknown_handle("module", message.module)),
        }
    }

    fn managed_place(&mut self, _: Seq, _: &ManagedPlace, _: &[u8]) -> CuResult<Answer<ManagedPlaceReply>> {
        Err(CuError::NOT_SUPPORTED)
    }

    fn module_kernels(&mut self, _: Seq, message: &ModuleKernels, _: &[u8]) -> CuResult<Answer<ModuleKernelsReply>> {
        let Some(module) = self.modules.get(message.module) else {
            return Err(self.unknown_handle("module", message.module));
        };
        let names: Vec<CString> = if self.driver.api.has_param_info() {
            let (handle, context) = (module.handle, Arc::clone(&module.context));
            self.enter(&context)?;
            let names = function::kernel_names(&self.driver.api, handle);
            self.answered(&context, names.map_err(refused("the names of kernels")))?
        } else {
            module.layouts.kernels().filter_map(|name| CString::new(name).ok()).collect()
        };
        let tail: Vec<u8> = names.iter().flat_map(|name| name.as_bytes_with_nul().to_vec()).collect();
        Ok(Answer { reply: ModuleKernelsReply { count: names.len() as u64 }, tail })
    }

    fn link_create(&mut self, _: Seq, message: &LinkCreate, tail: &[u8]) -> CuResult<Answer<LinkCreateReply>> {
        Ok(LinkCreateReply { link: self.open_link(message.context, tail)? }.into())
    }

    fn link_add(&mut self, _: Seq, message: &LinkAdd, tail: &[u8]) -> CuResult<Answer<LinkAddReply>> {
        self.add_to_link(message, tail)?;
        Ok(LinkAddReply { reserved: 0 }.into())
    }

    fn link_complete(&mut self, _: Seq, message: &LinkComplete, _: &[u8]) -> CuResult<Answer<LinkCompleteReply>> {
        self.linked_part(message)
    }

    fn link_destroy(&mut self, _: Seq, message: &LinkDestroy, _: &[u8]) -> CuResult {
        self.close_link(message.link)
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
        let stream = self.order(message.stream, seq)?;
        let copied = self.queue_array_copy(stream, message);
        self.queued(message.stream, copied)
    }

    fn texture_create(&mut self, _: Seq, message: &TextureCreate, _: &[u8]) -> CuResult<Answer<TextureCreateReply>> {
        Ok(TextureCreateReply { texture: self.make_texture(message)? }.into())
    }

    fn texture_destroy(&mut self, _: Seq, message: &TextureDestroy, _: &[u8]) -> CuResult {
        self.end_texture(message.texture)
    }

    fn surface_create(&mut self, _: Seq, message: &SurfaceCreate, _: &[u8]) -> CuResult<Answer<SurfaceCreateReply>> {
        Ok(SurfaceCreateReply { surface: self.make_surface(message)? }.into())
    }

    fn surface_destroy(&mut self, _: Seq, message: &SurfaceDestroy, _: &[u8]) -> CuResult {
        self.end_surface(message.surface)
    }

    fn graph_create(&mut self, _: Seq, message: &GraphCreate, tail: &[u8]) -> CuResult<Answer<GraphCreateReply>> {
        let number = message.context;
        let context = self.enter_context(number)?;
        let made = self
            .make_graph(&context, number, message.node_count, (message.blob, tail), |builder| builder.instantiate());
        let (exec, made_of) = self.answered(&context, made)?;
        Ok(GraphCreateReply { graph: self.graphs.insert(Graph { exec, context, number, made_of }) }.into())
    }

    fn graph_update(&mut self, _: Seq, message: &GraphUpdate, tail: &[u8]) -> CuResult<Answer<GraphUpdateReply>> {
        let Some(graph) = self.graphs.get(message.graph) else {
            return Err(self.unknown_handle("graph", message.graph));
        };
        let (before, number, context) = (graph.exec, graph.number, Arc::clone(&graph.context));
        self.enter(&context)?;
        let made = self.make_graph(&context, number, message.node_count, (message.blob, tail), |builder| {
            // What the driver cannot change in place it can make anew.
            builder.update(before).map(|()| before).or_else(|_| builder.instantiate())
        });
        let (exec, made_of) = self.answered(&context, made)?;
        let graph = self.graphs.get_mut(message.graph).expect("it was found above");
        graph.exec = exec;
        let parts = std::mem::replace(&mut graph.made_of, made_of);
        let old = (exec != before).then_some(What::Graph(before));
        self.bury(&context, old.into_iter().chain(parts_to_go(parts)));
        Ok(GraphUpdateReply { reserved: 0 }.into())
    }

    fn graph_launch(&mut self, seq: Seq, message: &GraphLaunch, _: &[u8]) -> CuResult {
        let stream = self.order(message.stream, seq)?;
        let Some(graph) = self.graphs.get_mut(message.graph) else {
            return Err(self.unknown_handle("graph", message.graph));
        };
        let launched = graph
            .made_of
            .check(&self.memory)
            .and_then(|()| self.driver.api.cuGraphLaunch(graph.exec, stream).map_err(refused("the launch of a graph")));
        Counts::add(&self.counts.graph_launches, 1);
        self.queued(message.stream, launched)
    }

    fn graph_destroy(&mut self, _: Seq, message: &GraphDestroy, _: &[u8]) -> CuResult {
        let Some(graph) = self.graphs.remove(message.graph) else {
            return Err(self.unknown_handle("graph", message.graph));
        };
        self.bury(&graph.context, [What::Graph(graph.exec)].into_iter().chain(parts_to_go(graph.made_of)));
        Ok(())
    }

    fn gemm(&mut self, seq: Seq, message: &Gemm, _: &[u8]) -> CuResult {
        self.order(message.stream, seq)?;
        let work = self.compute(message.stream, &message.settings, |blas, handle| blas.gemm(handle, message));
        self.queued(message.stream, work)
    }

    fn trsm(&mut self, seq: Seq, message: &Trsm, _: &[u8]) -> CuResult {
        self.order(message.stream, seq)?;
        let work = self.compute(message.stream, &message.settings, |blas, handle| blas.trsm(handle, message));
        self.queued(message.stream, work)
    }

    fn statistics(&mut self, _: Seq, _: &Statistics, _: &[u8]) -> CuResult<Answer<StatisticsReply>> {
        Ok(self.counts.reply().into())
    }

    fn settle(&mut self) {
        self.publish();
    }
}
