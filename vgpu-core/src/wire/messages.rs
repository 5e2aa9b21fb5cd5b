//! The table of messages: opcode, name, fixed part, answer. Everything else about them is derived from here.
//!
//! To add one: take the next free number of its group, never reuse one (9 is used up), state units, and write the executor's method.
//! A row is a `call`, or a `post`, or `ordered`: a post that is work of the stream that it names.
//! Addresses are device addresses of the executor unless a field is a [`Span`]; pinned and managed memory is where the
//! executor has the pinned heap.
//! An executor retires the sequence number of every record that names a stream, also of one it refuses: after it has said
//! so.

pub use super::arrays::{ArrayShape, BoxEnd, Resource, Sampling, TextureView};
pub use super::blas_settings::BlasSettings;
pub use super::decode::{DecodeError, Outcome};
pub use super::parts::{GraphNode, ImageKind, ParamLayout};

use super::decode::split;
use super::{Answer, EventSlot, Pod, RecordHeader, Seq, Span, StreamSlot};
use crate::error::CuResult;

macro_rules! messages {
    ($(
        $(#[doc = $doc:literal])+
        $kind:ident $code:literal $name:ident fn $method:ident { $($(#[doc = $fdoc:literal])* $field:ident: $ty:ty),* $(,)? }
        $(-> $reply:ident { $($(#[doc = $rdoc:literal])* $rfield:ident: $rty:ty),* $(,)? })? ;
    )*) => {
        /// Opcodes, as they stand in [`RecordHeader::op`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u16)]
        pub enum Op { $($(#[doc = $doc])+ $name = $code,)* }

        impl Op {
            /// The opcode of that number, if the table has one.
            pub const fn from_code(code: u16) -> Option<Self> {
                match code { $($code => Some(Self::$name),)* _ => None }
            }

            /// Every opcode with its name, in table order.
            pub const ALL: &[(u16, &str)] = &[$(($code, stringify!($name)),)*];

            /// Every opcode with the bytes of its fixed part and of its fixed reply, in table order.
            pub const SIZES: &[(u16, usize, usize)] =
                &[$(($code, size_of::<$name>(), size_of::<<$name as Message>::Reply>()),)*];

            /// Where in its fixed part work names its stream, in bytes; `None` for a message that no stream orders.
            pub const fn stream_offset(self) -> Option<usize> {
                match self { $(Self::$name => messages!(@stream $kind $name),)* }
            }
        }

        $(
            $(#[doc = $doc])+
            #[repr(C)]
            #[derive(Clone, Copy, Debug, PartialEq)]
            #[allow(missing_docs, reason = "fields are documented where their name does not say it")]
            pub struct $name { $($(#[doc = $fdoc])* pub $field: $ty),* }
            const _: () = assert!(size_of::<$name>() == 0 $(+ size_of::<$ty>())*, "padding in a message");
            // SAFETY: repr(C), integer fields only, and the assertion above shows that there is no padding.
            unsafe impl Pod for $name {}
            messages!(@reply $kind $name $($reply { $($(#[doc = $rdoc])* $rfield: $rty),* })?);
        )*

        /// A GPU, as the device protocol sees it: one method per message.
        ///
        /// Methods are called in ring order from one thread and must not wait for device work, except where a call's
        /// answer needs it.
        pub trait Executor {
            $(messages!(@method $kind $(#[doc = $doc])+ $name $method $($reply)?);)*

            /// The guest has carried out all [`HostCall`]s up to that number.
            fn host_calls_done(&mut self, _number: u64) {}

            /// The ring is empty, or many records have come since the last time: an executor that publishes completions
            /// for several records at once does so now.
            fn settle(&mut self) {}
        }

        /// Decodes one record's body and hands it to `executor`.
        ///
        /// # Errors
        /// [`DecodeError`] when the opcode is unknown or the body shorter than its message and tail.
        pub fn dispatch(executor: &mut dyn Executor, header: &RecordHeader, body: &[u8]) -> Result<Outcome, DecodeError> {
            let Some(op) = Op::from_code(header.op) else {
                return Err(DecodeError { op: header.op, body_bytes: body.len(), needed_bytes: 0 });
            };
            match op {
                $(Op::$name => {
                    let (message, tail) = split::<$name>(header, body)?;
                    Ok(messages!(@dispatch $kind executor $method header message tail))
                })*
            }
        }
    };
    (@stream ordered $name:ident) => { Some(std::mem::offset_of!($name, stream)) };
    (@stream $kind:ident $name:ident) => { None };
    (@reply post $name:ident) => {
        impl Message for $name { const OP: Op = Op::$name; type Reply = (); }
        impl Post for $name {}
        impl Unordered for $name {}
    };
    (@reply ordered $name:ident) => {
        impl Message for $name { const OP: Op = Op::$name; type Reply = (); }
        impl Post for $name {}
        impl Ordered for $name {
            fn on(self, stream: StreamSlot) -> Self {
                Self { stream, ..self }
            }
        }
    };
    (@reply call $name:ident $reply:ident { $($(#[doc = $rdoc:literal])* $rfield:ident: $rty:ty),* }) => {
        /// The answer to the message of the same name.
        #[repr(C)]
        #[derive(Clone, Copy, Debug, PartialEq)]
        #[allow(missing_docs, reason = "fields are documented where their name does not say it")]
        pub struct $reply { $($(#[doc = $rdoc])* pub $rfield: $rty),* }
        const _: () = assert!(size_of::<$reply>() == 0 $(+ size_of::<$rty>())*, "padding in a reply");
        // SAFETY: repr(C), integer fields only, and the assertion above shows that there is no padding.
        unsafe impl Pod for $reply {}
        impl Message for $name { const OP: Op = Op::$name; type Reply = $reply; }
        impl Call for $name {}
    };
    (@method post $(#[doc = $doc:literal])+ $name:ident $method:ident) => {
        $(#[doc = $doc])+
        ///
        /// # Errors
        /// What the message is refused for; see [`Completions::refuse`](super::Completions::refuse).
        fn $method(&mut self, seq: Seq, message: &$name, tail: &[u8]) -> CuResult;
    };
    (@method ordered $($row:tt)*) => { messages!(@method post $($row)*); };
    (@method call $(#[doc = $doc:literal])+ $name:ident $method:ident $reply:ident) => {
        $(#[doc = $doc])+
        ///
        /// # Errors
        /// The status of the answer.
        fn $method(&mut self, seq: Seq, message: &$name, tail: &[u8]) -> CuResult<Answer<$reply>>;
    };
    (@dispatch post $executor:ident $method:ident $header:ident $message:ident $tail:ident) => {
        Outcome::Posted($executor.$method($header.seq, &$message, $tail))
    };
    (@dispatch ordered $($row:tt)*) => { messages!(@dispatch post $($row)*) };
    (@dispatch call $executor:ident $method:ident $header:ident $message:ident $tail:ident) => {
        Outcome::Called($executor.$method($header.seq, &$message, $tail).map(|answer| Answer {
            reply: answer.reply.as_bytes().to_vec(),
            tail: answer.tail,
        }))
    };
}

/// A message's place in the table.
pub trait Message: Pod {
    /// The opcode of its records.
    const OP: Op;
    /// The fixed part of its answer; `()` for posts.
    type Reply: Pod;
}

/// A message that is queued and not answered: [`Ordered`] or [`Unordered`].
pub trait Post: Message<Reply = ()> {}

/// A post that is work of the stream it names, and waits for that stream's earlier work.
pub trait Ordered: Post {
    /// The same work for the stream of that slot.
    fn on(self, stream: StreamSlot) -> Self;
}

/// A post that no stream orders: it is carried out when its turn in the ring comes.
pub trait Unordered: Post {}

/// A message that is answered.
pub trait Call: Message {}

/// Room for every `CUdevice_attribute` of the headers that the types come from.
pub const DEVICE_ATTRIBUTE_COUNT: usize = 192;

/// The same for every `CUlimit`.
pub const LIMIT_COUNT: usize = 16;

/// And for every `CUfunction_attribute`.
pub const FUNCTION_ATTRIBUTE_COUNT: usize = 32;

/// CUDA's own bound on packed kernel parameters.
pub const PARAMS_MAX_BYTES: u32 = 32_764;

messages! {
    // ---- devices, contexts, streams, events -------------------------------------------------------------------

    /// Describes a device. Attributes are indexed by `CUdevice_attribute`.
    call 1 DeviceInfo fn device_info { device: u32, reserved: u32 }
        -> DeviceInfoReply {
            /// Number of devices of this executor; the other fields are zero when `device` is not below it.
            device_count: u32,
            /// What `cuDriverGetVersion` reports, 1000 × major + 10 × minor.
            driver_version: u32,
            uuid: [u8; 16],
            /// NUL-padded.
            name: [u8; 256],
            total_mem_bytes: u64,
            pci_domain: u32, pci_bus: u32, pci_device: u32,
            /// What this executor asks of its guests: [`WANTS_POINTS`], [`WANTS_MACHINE_CODE`], [`WANTS_ELAPSED`].
            wants: u32,
            attributes: [i32; DEVICE_ATTRIBUTE_COUNT],
        };

    /// Opens a context on a device; `legacy_stream` becomes its default stream.
    post 2 ContextCreate fn context_create { context: u32, device: u32, legacy_stream: StreamSlot, flags: u32 };

    /// Ends a context: its streams, memory, modules and graphs go once its queued work is done.
    post 3 ContextDestroy fn context_destroy { context: u32, reserved: u32 };

    /// Opens a stream. `flags` is `CUstream_flags`; a blocking stream (0) keeps order with the legacy default stream.
    /// Its work starts after that of an earlier stream of the same slot.
    post 4 StreamCreate fn stream_create { context: u32, stream: StreamSlot, flags: u32, priority: i32 };

    /// Closes a stream once its queued work is done.
    post 5 StreamDestroy fn stream_destroy { stream: StreamSlot, reserved: u32 };

    /// Later work on `stream` waits until `other` has retired `until`.
    ordered 6 StreamWait fn stream_wait { stream: StreamSlot, other: StreamSlot, until: Seq };

    /// Publishes the time at which the work before it on `stream` was done.
    ordered 7 EventRecord fn event_record { stream: StreamSlot, event: EventSlot };

    /// Does nothing, in order: a point on a stream to wait for.
    ordered 8 Marker fn marker { stream: StreamSlot, reserved: u32 };

    /// Has the guest carry out what it knows by `token`; later work on `stream` waits until it has. The guest is called even
    /// where work has failed, but for a call of a graph.
    ordered 10 HostCall fn host_call { stream: StreamSlot, reserved: u32, token: u64 };

    /// The time between the last records of two events, which are done.
    call 11 EventElapsed fn event_elapsed { from_context: u32, from: EventSlot, to_context: u32, to: EventSlot }
        -> EventElapsedReply {
            /// Milliseconds: the bits of an `f32`.
            ms_bits: u32,
            reserved: u32,
        };

    /// What a context's limits are, by `CUlimit`, and which priorities its streams have.
    call 12 ContextFacts fn context_facts { context: u32, reserved: u32 }
        -> ContextFactsReply {
            limits: [u64; LIMIT_COUNT],
            /// For each limit the code with which the question for it is refused, or 0.
            limit_codes: [u32; LIMIT_COUNT],
            least_priority: i32,
            greatest_priority: i32,
        };

    /// Sets a `CUlimit` of a context.
    call 13 ContextLimit fn context_limit { context: u32, limit: u32, value: u64 } -> ContextLimitReply { reserved: u64 };

    // ---- memory -----------------------------------------------------------------------------------------------

    /// Reserves device memory, aligned to [`ALLOCATION_ALIGN_BYTES`](super::ALLOCATION_ALIGN_BYTES), not cleared for the same guest but never another guest's.
    call 16 MemAlloc fn mem_alloc { context: u32, reserved: u32, len_bytes: u64 } -> MemAllocReply { address: u64 };

    /// Gives memory back once all work queued before is done.
    post 17 MemFree fn mem_free { address: u64 };

    /// Free and total bytes of the context's device.
    call 18 MemInfo fn mem_info { context: u32, reserved: u32 } -> MemInfoReply { free_bytes: u64, total_bytes: u64 };

    /// Copies from the window to the device. `flags`: [`COPY_OF_LONG`].
    ordered 19 CopyIn fn copy_in { stream: StreamSlot, flags: u32, target: u64, source: Span };

    /// Copies the tail to the device.
    ordered 20 CopyInline fn copy_inline { stream: StreamSlot, reserved: u32, target: u64 };

    /// Copies from the device to the window.
    ordered 21 CopyOut fn copy_out { stream: StreamSlot, reserved: u32, source: u64, target: Span };

    /// Copies between device addresses.
    ordered 22 Copy fn copy { stream: StreamSlot, reserved: u32, target: u64, source: u64, len_bytes: u64 };

    /// Copies a box of rows. Pitches in bytes; `window`: [`TARGET_IN_WINDOW`], [`SOURCE_IN_WINDOW`].
    ordered 23 CopyBox fn copy_box {
        stream: StreamSlot, window: u32, target: u64, target_pitch: u64, target_slice_pitch: u64,
        source: u64, source_pitch: u64, source_slice_pitch: u64, width_bytes: u64, height: u64, depth: u64,
    };

    /// Fills `height` rows of `width` elements of 1, 2 or 4 bytes; `pitch` in bytes.
    ordered 24 Fill fn fill {
        stream: StreamSlot, element_bytes: u32, target: u64, pitch: u64, value: u32, reserved: u32, width: u64, height: u64,
    };

    /// Opens a part of the pinned heap, whole pages that are not open yet: for copies and fills, which must not touch what is not
    /// open, and for kernels, where the device reaches it.
    call 25 PinnedOpen fn pinned_open { span: Span }
        -> PinnedOpenReply {
            /// Where kernels find it; 0 where they do not.
            device_address: u64,
            /// 1 where the device holds the pages themselves: a page that is given back while the part is open is another for
            /// host and device from then on.
            holds_pages: u64,
        };

    /// Closes what was opened by that very span, once work queued before is done.
    post 26 PinnedClose fn pinned_close { span: Span };

    /// Opens memory of the guest's own, at its addresses, as if it were pinned: where the executor is in the guest's process.
    call 27 HostOpen fn host_open { address: u64, len_bytes: u64 } -> HostOpenReply { reserved: u64 };

    /// Closes what was opened at that address, for work that is queued later.
    post 28 HostClose fn host_close { address: u64 };

    // ---- modules and launches ---------------------------------------------------------------------------------

    /// Reserves room for an image that is too long for one record.
    call 32 BlobCreate fn blob_create { len_bytes: u64 } -> BlobCreateReply { blob: u64 };

    /// Fills a part of a blob from the window.
    post 33 BlobWrite fn blob_write { blob: u64, offset: u64, source: Span };

    /// Loads an image: `kind` is an [`ImageKind`] number, the bytes are the blob (which is used up) or, when `blob` is 0, the tail.
    call 34 ModuleLoad fn module_load { context: u32, kind: u32, blob: u64 } -> ModuleLoadReply { module: u64 };

    /// Unloads a module once work queued before is done.
    post 35 ModuleUnload fn module_unload { module: u64 };

    /// Finds a kernel by the name in the tail and makes it ready to launch. The answer's tail is one [`ParamLayout`] per parameter.
    call 36 ModuleFunction fn module_function { module: u64 }
        -> FunctionReply {
            function: u64,
            param_count: u32,
            /// Length of the packed parameters.
            param_bytes: u32,
            /// The only block that the kernel can be launched with; zeros when it takes others, or the executor cannot tell.
            required_block: [u32; 3],
            reserved: u32,
            /// Indexed by `CUfunction_attribute`, as they are until one is set.
            attributes: [i32; FUNCTION_ATTRIBUTE_COUNT],
        };

    /// Finds a variable by the name in the tail.
    call 37 ModuleGlobal fn module_global { module: u64 } -> ModuleGlobalReply { address: u64, len_bytes: u64 };

    /// Sets a `CUfunction_attribute`.
    post 38 FunctionAttribute fn function_attribute { function: u64, attribute: u32, value: i32 };

    /// Blocks of `block_threads` threads that one multiprocessor holds at a time. `flags` is `CUoccupancy_flags`.
    call 39 Occupancy fn occupancy { function: u64, block_threads: u32, dynamic_shared_bytes: u32, flags: u32, reserved: u32 } -> OccupancyReply { blocks: u32, reserved: u32 };

    /// Launches a kernel; the tail is its packed parameters. `flags`: [`LAUNCH_COOPERATIVE`].
    ordered 40 Launch fn launch { function: u64, stream: StreamSlot, flags: u32, grid: [u32; 3], block: [u32; 3], dynamic_shared_bytes: u32, reserved: u32 };

    /// The text that explains the last refused call (a PTX error with its line, say): the answer's tail, UTF-8.
    call 41 ErrorText fn error_text { reserved: u64 } -> ErrorTextReply { len_bytes: u64 };

    /// The names of a module's kernels, each ended by a NUL: the answer's tail.
    call 42 ModuleKernels fn module_kernels { module: u64 } -> ModuleKernelsReply { count: u64 };

    /// Whether images are kept beyond this process, by their SHA-256: those of at least `min_bytes` are, and are worth
    /// asking for. `u64::MAX` when none are.
    call 43 BlobKeeping fn blob_keeping { reserved: u64 } -> BlobKeepingReply { min_bytes: u64 };

    /// Looks for a kept image by its SHA-256 and length: a blob with its bytes, or 0.
    call 44 BlobFind fn blob_find { hash: [u8; 32], len_bytes: u64 } -> BlobFindReply { blob: u64 };

    /// Launches a kernel with attributes: the tail is `attribute_count` [`LaunchAttribute`]s and then the packed parameters. All
    /// else is as in [`Launch`].
    ///
    /// [`LaunchAttribute`]: super::launch_attributes::LaunchAttribute
    ordered 45 LaunchEx fn launch_ex { function: u64, stream: StreamSlot, flags: u32, grid: [u32; 3], block: [u32; 3], dynamic_shared_bytes: u32, attribute_count: u32 };

    /// How clusters of a launch, which is described as in [`LaunchEx`] but without its parameters, fit the device. `question`:
    /// [`CLUSTERS_AT_A_TIME`] or [`CLUSTER_BLOCKS_MOST`].
    call 46 ClusterOccupancy fn cluster_occupancy { function: u64, question: u32, flags: u32, grid: [u32; 3], block: [u32; 3], dynamic_shared_bytes: u32, attribute_count: u32 } -> ClusterOccupancyReply { count: u32, reserved: u32 };

    // ---- graphs -----------------------------------------------------------------------------------------------

    /// Prepares a graph: the tail, or the blob when `blob` is not 0, is a sequence of [`GraphNode`] records.
    call 48 GraphCreate fn graph_create { context: u32, node_count: u32, blob: u64 } -> GraphCreateReply { graph: u64 };

    /// Replaces a graph's nodes by others of the same shape; later launches use them.
    call 49 GraphUpdate fn graph_update { graph: u64, node_count: u32, reserved: u32, blob: u64 } -> GraphUpdateReply { reserved: u64 };

    /// Runs a graph's nodes in dependency order as one piece of work on `stream`.
    ordered 50 GraphLaunch fn graph_launch { graph: u64, stream: StreamSlot, reserved: u32 };

    /// Drops a graph once its launches are done.
    post 51 GraphDestroy fn graph_destroy { graph: u64 };

    // ---- linear algebra ---------------------------------------------------------------------------------------

    /// C = alpha · op(A) · op(B) + beta · C, column-major, for each member of a batch. Types are `cudaDataType_t`,
    /// `compute` is `cublasComputeType_t`, `op_*` is `cublasOperation_t`; strides count elements between batch members.
    ordered 56 Gemm fn gemm {
        stream: StreamSlot,
        /// [`BLAS_POINTER_ARRAYS`], [`BLAS_SCALARS_ON_DEVICE`].
        flags: u32,
        op_a: u32, op_b: u32, a_type: u32, b_type: u32, c_type: u32, compute: u32,
        /// Type of the bytes in `alpha` and `beta`.
        scale_type: u32, batch: u32,
        m: u64, n: u64, k: u64,
        lda: i64, ldb: i64, ldc: i64, stride_a: i64, stride_b: i64, stride_c: i64,
        a: u64, b: u64, c: u64,
        /// Little-endian value of `scale_type` in the first bytes.
        alpha: [u8; 16], beta: [u8; 16],
        settings: BlasSettings,
    };

    /// Solves op(A) · X = alpha · B or, on the other `cublasSideMode_t`, X · op(A) = alpha · B in place of B, for a batch of pointers.
    /// Type f32 or f64; `fill` is `cublasFillMode_t`, `diag` is `cublasDiagType_t`.
    ordered 57 Trsm fn trsm {
        stream: StreamSlot,
        /// As in [`Gemm`].
        flags: u32,
        side: u32, fill: u32, op_a: u32, diag: u32, data_type: u32, batch: u32,
        m: u64, n: u64, lda: i64, ldb: i64, a: u64, b: u64, alpha: [u8; 16], settings: BlasSettings,
    };

    // ---- observation ------------------------------------------------------------------------------------------

    /// What this guest has had executed so far.
    call 64 Statistics fn statistics { reserved: u64 }
        -> StatisticsReply {
            launches: u64, graph_launches: u64, warp_instructions: u64, thread_instructions: u64,
            /// Nanoseconds that worker threads spent in kernels.
            kernel_ns: u64, copied_bytes: u64, modules_loaded: u64, kernels_decoded: u64,
            /// Bytes that came in blobs.
            blob_bytes: u64,
            /// Blobs that did not have to come, because their bytes had been kept.
            blobs_found: u64,
        };

    /// Takes up to `room_bytes` of what kernels have printed, the oldest first: the answer's tail is what goes to standard output,
    /// then what goes to standard error.
    call 65 OutputTake fn output_take { room_bytes: u64 }
        -> OutputTakeReply {
            stdout_bytes: u64, stderr_bytes: u64,
            /// What is there to be taken next.
            left_bytes: u64,
        };

    // ---- linking ----------------------------------------------------------------------------------------------

    /// Opens a link whose result is for a context's device. The tail is [`JitOption`](super::JitOption)s.
    call 72 LinkCreate fn link_create { context: u32, reserved: u32 } -> LinkCreateReply { link: u64 };

    /// Adds an input of a `CUjitInputType`. The tail is `option_count` [`JitOption`](super::JitOption)s for it alone, a name for
    /// texts of errors, and the input's bytes, unless these are the blob (which is used up).
    call 73 LinkAdd fn link_add { link: u64, kind: u32, option_count: u32, name_bytes: u32, reserved: u32, blob: u64 } -> LinkAddReply { reserved: u64 };

    /// Links what was added, once. The answer's tail is a part of the image, from `offset` on; of the first answer, [`ErrorText`]
    /// then has what is to be known about the image.
    call 74 LinkComplete fn link_complete { link: u64, offset: u64 } -> LinkCompleteReply { image_bytes: u64 };

    /// Ends a link.
    post 75 LinkDestroy fn link_destroy { link: u64 };

    // ---- arrays, textures, surfaces ---------------------------------------------------------------------------

    /// Makes an array of zeros; with `levels`, a mip map of so many.
    call 80 ArrayCreate fn array_create { context: u32, levels: u32, shape: ArrayShape } -> ArrayCreateReply { array: u64 };

    /// The array that is a level of a mip map. It goes with that.
    call 81 ArrayLevel fn array_level { array: u64, level: u32, reserved: u32 } -> ArrayLevelReply { array: u64 };

    /// Ends an array or a mip map once all work queued before is done.
    post 82 ArrayDestroy fn array_destroy { array: u64 };

    /// Copies a box of rows with an array at an end or both. `ends`: [`TARGET_IN_WINDOW`], [`SOURCE_IN_WINDOW`], [`TARGET_IN_ARRAY`],
    /// [`SOURCE_IN_ARRAY`].
    ordered 83 CopyArray fn copy_array {
        stream: StreamSlot, ends: u32, target: BoxEnd, source: BoxEnd, width_bytes: u64, height: u64, depth: u64,
    };

    /// Makes a texture: its number is what kernels know it by.
    call 84 TextureCreate fn texture_create {
        context: u32, reserved: u32, resource: Resource, sampling: Sampling, view: TextureView,
    } -> TextureCreateReply { texture: u64 };

    /// Ends a texture for work that is queued later.
    post 85 TextureDestroy fn texture_destroy { texture: u64 };

    /// Makes a surface of an array: its number is what kernels know it by.
    call 86 SurfaceCreate fn surface_create { context: u32, reserved: u32, array: u64 } -> SurfaceCreateReply { surface: u64 };

    /// Ends a surface for work that is queued later.
    post 87 SurfaceDestroy fn surface_destroy { surface: u64 };

    // ---- managed variables ------------------------------------------------------------------------------------

    /// How many bytes a module's managed variables take together, for which the guest is to give memory. 0 where there are none, and
    /// where they lie where no guest reaches.
    call 88 ManagedVariables fn managed_variables { module: u64 } -> ManagedVariablesReply { len_bytes: u64 };

    /// Moves them to memory of the guest's that the device reaches, and gives all variables of the module their initial values. Comes
    /// before anything else is asked of the module.
    call 89 ManagedPlace fn managed_place { module: u64, address: u64 } -> ManagedPlaceReply { reserved: u64 };
}

/// Flag of [`DeviceInfoReply::wants`]: a [`Marker`] for every event that is recorded without a time, so that one may wait for the
/// event without waiting for what its stream was given later.
pub const WANTS_POINTS: u32 = 1;

/// Flag of [`DeviceInfoReply::wants`]: of a container of images, what this device can run as it stands, beside the best PTX.
pub const WANTS_MACHINE_CODE: u32 = 2;

/// Flag of [`DeviceInfoReply::wants`]: an [`EventElapsed`] for the time between two events; none is published.
pub const WANTS_ELAPSED: u32 = 4;

/// [`ClusterOccupancy::question`]: how many clusters the device holds at a time.
pub const CLUSTERS_AT_A_TIME: u32 = 0;

/// [`ClusterOccupancy::question`]: how many blocks the largest cluster could have.
pub const CLUSTER_BLOCKS_MOST: u32 = 1;

/// Flag of [`CopyIn::flags`]: a piece of a copy that is too long to stay in the caches.
pub const COPY_OF_LONG: u32 = 1;

/// Flag of [`CopyBox::window`]: the target is an offset in the window.
pub const TARGET_IN_WINDOW: u32 = 1;

/// Flag of [`CopyBox::window`]: the source is one.
pub const SOURCE_IN_WINDOW: u32 = 2;

/// Flag of [`CopyArray::ends`]: the target is an array.
pub const TARGET_IN_ARRAY: u32 = 4;

/// Flag of [`CopyArray::ends`]: the source is one.
pub const SOURCE_IN_ARRAY: u32 = 8;

/// Flag of [`Launch::flags`]: all blocks must be resident at once.
pub const LAUNCH_COOPERATIVE: u32 = 1;

/// Flag of [`Gemm::flags`] and [`Trsm::flags`]: matrices are device arrays of `batch` pointers, read when the work runs.
pub const BLAS_POINTER_ARRAYS: u32 = 1;

/// Flag of [`Gemm::flags`] and [`Trsm::flags`]: scalars are device addresses.
pub const BLAS_SCALARS_ON_DEVICE: u32 = 2;

#[cfg(test)]
mod tests;
