//! An executor that has memory, answers a few calls, and refuses the rest.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Barrier};

use parking_lot::Mutex;

use crate::error::{CuError, CuResult};
use crate::sha256::sha256;
use crate::wire::messages::*;
use crate::wire::{Answer, Completions, Executor, Pod, Seq, Span, StreamSlot};

/// Device address of the mock's memory.
pub(crate) const DEVICE_BASE: u64 = 0x1_0000_0000;

/// Images from this length on are kept.
pub(super) const KEPT_MIN_BYTES: usize = 80_000;

/// `reserved` of a marker that is retired when the mock settles, and not before.
pub(super) const UNTIL_SETTLED: u32 = 1;
/// `reserved` of a marker that waits for the test.
pub(super) const HELD: u32 = 2;

pub(crate) struct Mock {
    completions: Arc<dyn Completions>,
    memory: Vec<u8>,
    blob: Vec<u8>,
    blob_written: u64,
    /// Images that were loaded from a blob, by their hash.
    kept: HashMap<[u8; 32], Vec<u8>>,
    /// Records that wait for the guest, by the number of their call.
    called: BTreeMap<u64, (StreamSlot, Seq)>,
    printed: String,
    unsettled: Vec<(StreamSlot, Seq)>,
    /// What is open of the pinned heap; the mock says that it holds the pages.
    pub(super) opened: Arc<Mutex<Vec<Span>>>,
    /// How many markers were retired each time that the mock settled.
    pub(super) batches: Arc<Mutex<Vec<usize>>>,
    /// Where a marker meets the test.
    pub(super) gate: Arc<Barrier>,
}

impl Mock {
    pub(crate) fn new(completions: Arc<dyn Completions>, memory_bytes: usize) -> Self {
        Self {
            completions,
            memory: vec![0; memory_bytes],
            blob: Vec::new(),
            blob_written: 0,
            kept: HashMap::new(),
            called: BTreeMap::new(),
            printed: String::new(),
            unsettled: Vec::new(),
            opened: Arc::default(),
            batches: Arc::default(),
            gate: Arc::new(Barrier::new(1)),
        }
    }

    fn device(&mut self, address: u64, len: usize) -> CuResult<&mut [u8]> {
        let start = address.checked_sub(DEVICE_BASE).ok_or(CuError::ILLEGAL_ADDRESS)? as usize;
        start.checked_add(len).and_then(|end| self.memory.get_mut(start..end)).ok_or(CuError::ILLEGAL_ADDRESS)
    }

    fn retire_after(&self, stream: StreamSlot, seq: Seq, result: CuResult) -> CuResult {
        if let Err(error) = result {
            self.completions.fail(error, "the mock refuses");
        }
        self.completions.retire(stream, seq);
        Ok(())
    }
}

macro_rules! refused {
    (posts: $($post:ident($pt:ty)),*; calls: $($call:ident($ct:ty) -> $cr:ty),*) => {
        $(fn $post(&mut self, _: Seq, _: &$pt, _: &[u8]) -> CuResult { Err(CuError::NOT_SUPPORTED) })*
        $(fn $call(&mut self, _: Seq, _: &$ct, _: &[u8]) -> CuResult<Answer<$cr>> { Err(CuError::NOT_SUPPORTED) })*
    };
}

impl Executor for Mock {
    fn marker(&mut self, seq: Seq, message: &Marker, _: &[u8]) -> CuResult {
        match message.reserved {
            666 => panic!("the test asks the mock to panic"),
            719 => return Err(CuError::LAUNCH_FAILED),
            UNTIL_SETTLED => self.unsettled.push((message.stream, seq)),
            HELD => {
                self.gate.wait();
            }
            _ => return self.retire_after(message.stream, seq, Ok(())),
        }
        Ok(())
    }

    fn settle(&mut self) {
        self.batches.lock().push(self.unsettled.len());
        for (stream, seq) in self.unsettled.drain(..) {
            self.completions.retire(stream, seq);
        }
    }

    fn host_call(&mut self, seq: Seq, message: &HostCall, _: &[u8]) -> CuResult {
        self.called.insert(self.completions.call_host(message.token), (message.stream, seq));
        Ok(())
    }

    fn host_calls_done(&mut self, number: u64) {
        let later = self.called.split_off(&(number + 1));
        for (stream, seq) in std::mem::replace(&mut self.called, later).into_values() {
            self.completions.retire(stream, seq);
        }
    }

    /// Prints the limit.
    fn context_limit(&mut self, _: Seq, message: &ContextLimit, _: &[u8]) -> CuResult<Answer<ContextLimitReply>> {
        self.printed.push_str(&message.value.to_string());
        self.completions.output_waits();
        Ok(ContextLimitReply { reserved: 0 }.into())
    }

    /// Gives a digit at a time.
    fn output_take(&mut self, _: Seq, _: &OutputTake, _: &[u8]) -> CuResult<Answer<OutputTakeReply>> {
        let tail = [self.printed.remove(0) as u8, b'!'].to_vec();
        let left_bytes = self.printed.len() as u64;
        Ok(Answer { reply: OutputTakeReply { stdout_bytes: 1, stderr_bytes: 1, left_bytes }, tail })
    }

    fn event_record(&mut self, seq: Seq, message: &EventRecord, _: &[u8]) -> CuResult {
        self.completions.event_reached(message.event, 77);
        self.retire_after(message.stream, seq, Ok(()))
    }

    fn copy_in(&mut self, seq: Seq, message: &CopyIn, _: &[u8]) -> CuResult {
        let len = message.source.len_bytes as usize;
        let result = self.completions.span(message.source).and_then(|source| {
            let target = self.device(message.target, len)?;
            // SAFETY: the span was checked to lie in the window, and the target is private memory of that length.
            unsafe { std::ptr::copy_nonoverlapping(source, target.as_mut_ptr(), len) };
            Ok(())
        });
        self.retire_after(message.stream, seq, result)
    }

    fn copy_inline(&mut self, seq: Seq, message: &CopyInline, tail: &[u8]) -> CuResult {
        let result = self.device(message.target, tail.len()).map(|target| target.copy_from_slice(tail));
        self.retire_after(message.stream, seq, result)
    }

    fn copy_out(&mut self, seq: Seq, message: &CopyOut, _: &[u8]) -> CuResult {
        let len = message.target.len_bytes as usize;
        let result = self.completions.span(message.target).and_then(|target| {
            let source = self.device(message.source, len)?;
            // SAFETY: as above.
            unsafe { std::ptr::copy_nonoverlapping(source.as_ptr(), target, len) };
            Ok(())
        });
        self.retire_after(message.stream, seq, result)
    }

    fn pinned_open(&mut self, _: Seq, message: &PinnedOpen, _: &[u8]) -> CuResult<Answer<PinnedOpenReply>> {
        self.opened.lock().push(message.span);
        let device_address = self.completions.span(message.span)?.expose_provenance() as u64;
        Ok(PinnedOpenReply { device_address, holds_pages: 1 }.into())
    }

    fn pinned_close(&mut self, _: Seq, message: &PinnedClose, _: &[u8]) -> CuResult {
        self.opened.lock().retain(|span| *span != message.span);
        Ok(())
    }

    fn mem_info(&mut self, seq: Seq, message: &MemInfo, _: &[u8]) -> CuResult<Answer<MemInfoReply>> {
        Ok(MemInfoReply { free_bytes: u64::from(message.context), total_bytes: seq }.into())
    }

    fn blob_create(&mut self, _: Seq, message: &BlobCreate, _: &[u8]) -> CuResult<Answer<BlobCreateReply>> {
        self.blob = vec![0; message.len_bytes as usize];
        Ok(BlobCreateReply { blob: 1 }.into())
    }

    fn blob_write(&mut self, _: Seq, message: &BlobWrite, _: &[u8]) -> CuResult {
        let source = self.completions.span(message.source)?;
        let len = message.source.len_bytes as usize;
        let target = self.blob.get_mut(message.offset as usize..).ok_or(CuError::INVALID_VALUE)?;
        let target = target.get_mut(..len).ok_or(CuError::INVALID_VALUE)?;
        // SAFETY: as above.
        unsafe { std::ptr::copy_nonoverlapping(source, target.as_mut_ptr(), len) };
        self.blob_written += len as u64;
        Ok(())
    }

    fn module_load(&mut self, _: Seq, message: &ModuleLoad, tail: &[u8]) -> CuResult<Answer<ModuleLoadReply>> {
        let image = if message.blob == 0 { tail } else { &self.blob };
        if image.len() >= KEPT_MIN_BYTES {
            self.kept.insert(sha256(image), image.to_vec());
        }
        Ok(ModuleLoadReply { module: image.iter().map(|byte| u64::from(*byte)).sum() }.into())
    }

    fn blob_keeping(&mut self, _: Seq, _: &BlobKeeping, _: &[u8]) -> CuResult<Answer<BlobKeepingReply>> {
        Ok(BlobKeepingReply { min_bytes: KEPT_MIN_BYTES as u64 }.into())
    }

    fn blob_find(&mut self, _: Seq, message: &BlobFind, _: &[u8]) -> CuResult<Answer<BlobFindReply>> {
        let Some(image) = self.kept.get(&message.hash).filter(|image| image.len() as u64 == message.len_bytes) else {
            return Ok(BlobFindReply { blob: 0 }.into());
        };
        self.blob.clone_from(image);
        Ok(BlobFindReply { blob: 1 }.into())
    }

    fn statistics(&mut self, _: Seq, _: &Statistics, _: &[u8]) -> CuResult<Answer<StatisticsReply>> {
        Ok(StatisticsReply { blob_bytes: self.blob_written, ..StatisticsReply::from_bytes(&[0; 256]).expect("enough") }
            .into())
    }

    fn module_kernels(&mut self, _: Seq, message: &ModuleKernels, _: &[u8]) -> CuResult<Answer<ModuleKernelsReply>> {
        let tail = (0..message.module).map(|at| at as u8).collect();
        Ok(Answer { reply: ModuleKernelsReply { count: message.module }, tail })
    }

    refused! {
        posts: context_create(ContextCreate), context_destroy(ContextDestroy), stream_create(StreamCreate),
            stream_destroy(StreamDestroy), stream_wait(StreamWait), mem_free(MemFree), host_close(HostClose), copy(Copy), copy_box(CopyBox),
            fill(Fill), module_unload(ModuleUnload), function_attribute(FunctionAttribute), launch(Launch), launch_ex(LaunchEx),
            graph_launch(GraphLaunch), graph_destroy(GraphDestroy), link_destroy(LinkDestroy), array_destroy(ArrayDestroy),
            copy_array(CopyArray), texture_destroy(TextureDestroy), surface_destroy(SurfaceDestroy), gemm(Gemm), trsm(Trsm);
        calls: device_info(DeviceInfo) -> DeviceInfoReply, mem_alloc(MemAlloc) -> MemAllocReply, host_open(HostOpen) -> HostOpenReply,
            event_elapsed(EventElapsed) -> EventElapsedReply, context_facts(ContextFacts) -> ContextFactsReply,
            module_function(ModuleFunction) -> FunctionReply, module_global(ModuleGlobal) -> ModuleGlobalReply,
            occupancy(Occupancy) -> OccupancyReply, cluster_occupancy(ClusterOccupancy) -> ClusterOccupancyReply,
            error_text(ErrorText) -> ErrorTextReply,
            graph_create(GraphCreate) -> GraphCreateReply, graph_update(GraphUpdate) -> GraphUpdateReply,
            link_create(LinkCreate) -> LinkCreateReply, link_add(LinkAdd) -> LinkAddReply,
            link_complete(LinkComplete) -> LinkCompleteReply, array_create(ArrayCreate) -> ArrayCreateReply,
            array_level(ArrayLevel) -> ArrayLevelReply, texture_create(TextureCreate) -> TextureCreateReply,
            surface_create(SurfaceCreate) -> SurfaceCreateReply, managed_variables(ManagedVariables) -> ManagedVariablesReply,
            managed_place(ManagedPlace) -> ManagedPlaceReply
    }
}
