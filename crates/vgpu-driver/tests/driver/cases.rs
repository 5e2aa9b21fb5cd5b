//! One exchange for every message, and the calls that it comes to.
//!
//! A message that is added to the table does not compile here until it has one.

use vgpu_core::wire::launch_attributes::LaunchAttribute;
use vgpu_core::wire::messages::*;
use vgpu_core::wire::{JitOption, Op, Pod, Span, StreamSlot};
use vgpu_core::{CuError, CuResult};

use crate::guest::{CONTEXT, Guest, LEGACY, PTX, STREAM, launch};
use crate::{arrays, managed};

/// A message to a guest's executor that is [ready](Guest::ready).
pub(crate) struct Case {
    /// What comes before.
    pub(crate) before: fn(&mut Guest),
    pub(crate) send: fn(&mut Guest) -> CuResult,
    /// The stream that retires its number.
    pub(crate) slot: Option<StreamSlot>,
    /// What the thread that serves the ring asks of the driver, the point behind the record included.
    pub(crate) calls: &'static [&'static str],
}

pub(crate) const SERVED: &str = "what comes before a message is served";
const NOTHING: fn(&mut Guest) = |_| ();

/// A message that names no stream.
pub(crate) const fn apart(send: fn(&mut Guest) -> CuResult, calls: &'static [&'static str]) -> Case {
    Case { before: NOTHING, send, slot: None, calls }
}

/// A record of [`STREAM`].
pub(crate) const fn record(send: fn(&mut Guest) -> CuResult, calls: &'static [&'static str]) -> Case {
    Case { before: NOTHING, send, slot: Some(STREAM), calls }
}

/// The case of a message.
pub(crate) fn of(op: Op) -> Case {
    match op {
        Op::DeviceInfo => apart(
            |guest| guest.call(DeviceInfo { device: 0, reserved: 0 }, &[]).map(drop),
            &[
                "cuDeviceGetAttribute(1, 0)",
                "cuDeviceGetUuid_v2(0)",
                "cuDeviceTotalMem_v2(0)",
                "cuDeviceGetName(256, 0)",
            ],
        ),
        Op::ContextCreate => Case {
            slot: Some(2),
            ..apart(
                // Of the flags only CU_CTX_LMEM_RESIZE_TO_MAX, 16, matters here.
                |guest| guest.post(ContextCreate { context: 2, device: 0, legacy_stream: 2, flags: 16 | 8 }),
                &[
                    "cuCtxCreate_v2(16, 0) -> context2",
                    "cuCtxSetCurrent(context2)",
                    "cuCtxSetCurrent(context2)",
                    "cuEventRecord(point, legacy)",
                ],
            )
        },
        Op::ContextDestroy => Case {
            before: |guest| {
                guest.post(ContextCreate { context: 2, device: 0, legacy_stream: 2, flags: 0 }).expect(SERVED)
            },
            // The point of the default stream's record; all else is the reaper's.
            ..apart(|guest| guest.post(ContextDestroy { context: 2, reserved: 0 }), &["cuEventRecord(point, legacy)"])
        },
        Op::StreamCreate => Case {
            slot: Some(2),
            ..apart(
                |guest| guest.post(StreamCreate { context: CONTEXT, stream: 2, flags: 1, priority: -2 }),
                &["cuStreamCreateWithPriority(1, -2) -> stream2", "cuEventRecord(point, stream2)"],
            )
        },
        Op::StreamDestroy => record(
            |guest| guest.post(StreamDestroy { stream: STREAM, reserved: 0 }),
            &["cuEventRecord(point, stream1)"],
        ),
        Op::StreamWait => Case {
            before: |guest| {
                guest.fake.hold("legacy", true);
                guest.post(Fill { stream: LEGACY, ..fill(guest) }).expect(SERVED);
            },
            ..record(
                |guest| guest.post(StreamWait { stream: STREAM, other: LEGACY, until: guest.seq }),
                &[
                    "cuEventRecord(point, legacy)",
                    "cuStreamWaitEvent(stream1, point, 0)",
                    "cuEventRecord(point, stream1)",
                ],
            )
        },
        Op::EventRecord => record(
            |guest| guest.post(EventRecord { stream: STREAM, event: 9 }),
            &["cuEventCreate(0) -> event1", "cuEventRecord(event1, stream1)", "cuEventRecord(point, stream1)"],
        ),
        Op::Marker => {
            record(|guest| guest.post(Marker { stream: STREAM, reserved: 0 }), &["cuEventRecord(point, stream1)"])
        }
        Op::EventElapsed => Case {
            before: |guest| {
                guest.post(EventRecord { stream: STREAM, event: 8 }).expect(SERVED);
                guest.post(EventRecord { stream: STREAM, event: 9 }).expect(SERVED);
            },
            ..apart(
                |guest| {
                    let (from_context, to_context) = (CONTEXT, CONTEXT);
                    guest.call(EventElapsed { from_context, from: 8, to_context, to: 9 }, &[]).map(drop)
                },
                // The fake's clock goes on by a millisecond with each event that is reached: there is a point between them.
                &["cuEventElapsedTime(event1, event2) -> 2"],
            )
        },
        Op::ContextFacts => apart(
            |guest| guest.call(ContextFacts { context: CONTEXT, reserved: 0 }, &[]).map(drop),
            &[
                "cuCtxGetStreamPriorityRange()",
                "cuCtxGetLimit(0) -> 1000",
                "cuCtxGetLimit(1) -> 1001",
                "cuCtxGetLimit(2) -> 1002",
                "cuCtxGetLimit(3) -> 1003",
                "cuCtxGetLimit(4) -> 1004",
                "cuCtxGetLimit(5) -> 1005",
                "cuCtxGetLimit(6) -> 1006",
                "cuCtxGetLimit(7) !215",
                "cuCtxGetLimit(8) !215",
                "cuCtxGetLimit(9) !215",
                "cuCtxGetLimit(10) !215",
            ],
        ),
        Op::ContextLimit => apart(
            |guest| guest.call(ContextLimit { context: CONTEXT, limit: 1, value: 2 << 20 }, &[]).map(drop),
            &["cuCtxSetLimit(1, 2097152)"],
        ),
        Op::HostCall => record(
            |guest| {
                // The guest has carried it out before it is asked.
                guest.window.seen.lock().calls_done = 1;
                guest.post(HostCall { stream: STREAM, reserved: 0, token: 7 })
            },
            &["cuLaunchHostFunc(stream1)", "cuEventRecord(point, stream1)"],
        ),
        Op::MemAlloc => apart(|guest| guest.alloc(512).map(drop), &["cuMemAlloc_v2(512) -> memory2"]),
        Op::MemFree => apart(|guest| guest.post(MemFree { address: guest.memory }), &[]),
        Op::MemInfo => {
            apart(|guest| guest.call(MemInfo { context: CONTEXT, reserved: 0 }, &[]).map(drop), &["cuMemGetInfo_v2()"])
        }
        Op::CopyIn => record(
            |guest| {
                let source = Span { offset: 64, len_bytes: 32 };
                guest.post(CopyIn { stream: STREAM, flags: 0, target: guest.memory + 16, source })
            },
            &["cuMemcpyHtoDAsync_v2(memory1+16, registered1+64, 32, stream1)", "cuEventRecord(point, stream1)"],
        ),
        Op::CopyInline => record(
            |guest| {
                let target = guest.memory + 8;
                guest.post_with(CopyInline { stream: STREAM, reserved: 0, target }, &[1, 2, 3, 4])
            },
            // From a place where the bytes stay, and not from the record.
            &["cuMemcpyHtoDAsync_v2(memory1+8, registered2, 4, stream1)", "cuEventRecord(point, stream1)"],
        ),
        Op::CopyOut => record(
            |guest| {
                let target = Span { offset: 64, len_bytes: 32 };
                guest.post(CopyOut { stream: STREAM, reserved: 0, source: guest.memory + 16, target })
            },
            &["cuMemcpyDtoHAsync_v2(registered1+64, memory1+16, 32, stream1)", "cuEventRecord(point, stream1)"],
        ),
        Op::Copy => record(
            |guest| {
                let (target, source) = (guest.memory + 2048, guest.memory);
                guest.post(Copy { stream: STREAM, reserved: 0, target, source, len_bytes: 16 })
            },
            &["cuMemcpyDtoDAsync_v2(memory1+2048, memory1, 16, stream1)", "cuEventRecord(point, stream1)"],
        ),
        Op::CopyBox => record(
            |guest| guest.post(copy_box(guest)),
            &["cuMemcpy3DAsync_v2(8x2x3 memory1 16/4 <- registered1+8 8/4, stream1)", "cuEventRecord(point, stream1)"],
        ),
        Op::Fill => record(
            |guest| guest.post(fill(guest)),
            &["cuMemsetD2D16Async(memory1, 16, 513, 4, 3, stream1)", "cuEventRecord(point, stream1)"],
        ),
        Op::PinnedOpen => apart(
            |guest| guest.open_pinned(4096, 8192),
            &[
                // PORTABLE and DEVICEMAP.
                "cuMemHostRegister_v2(host, 8192, 3) -> registered3",
                "cuMemHostGetDevicePointer_v2(registered3, 0)",
            ],
        ),
        Op::PinnedClose => Case {
            before: |guest| guest.open_pinned(4096, 8192).expect(SERVED),
            ..apart(|guest| guest.close_pinned(4096, 8192), &[])
        },
        Op::HostOpen => apart(
            |guest| {
                let mine = [0_u8; 64];
                let address = mine.as_ptr().expose_provenance() as u64;
                not_supported(guest.call(HostOpen { address, len_bytes: 64 }, &[]).map(drop))
            },
            &[],
        ),
        Op::HostClose => apart(|guest| not_supported(guest.post(HostClose { address: guest.memory })), &[]),
        Op::BlobCreate => apart(|guest| guest.call(BlobCreate { len_bytes: 100 }, &[]).map(drop), &[]),
        Op::BlobWrite => Case { before: |guest| guest.graph = blob(guest, 32), ..apart(write_blob, &[]) },
        Op::ModuleLoad => apart(
            |guest| guest.load(PTX).map(drop),
            // Up to the NUL that the guest has not sent; with a buffer for the compiler's complaints.
            &["cuModuleLoadDataEx(145, [5, 6]) -> module2"],
        ),
        Op::ModuleUnload => apart(|guest| guest.post(ModuleUnload { module: guest.module }), &[]),
        Op::ModuleFunction => apart(
            |guest| guest.find("fault_700").map(drop),
            &[
                "cuModuleGetFunction(module1, fault_700) -> function2",
                "cuFuncGetParamInfo(function2, 0) !1",
                "cuFuncGetAttribute(0, function2)",
            ],
        ),
        Op::ModuleGlobal => apart(
            |guest| guest.call(ModuleGlobal { module: guest.module }, b"variable").map(drop),
            &["cuModuleGetGlobal_v2(module1, variable) -> module1.variable"],
        ),
        Op::FunctionAttribute => apart(
            |guest| guest.post(FunctionAttribute { function: guest.function, attribute: 8, value: 65536 }),
            &["cuFuncSetAttribute(function1, 8, 65536)"],
        ),
        Op::Occupancy => apart(
            |guest| {
                let (function, flags) = (guest.function, 1);
                let message =
                    Occupancy { function, block_threads: 128, dynamic_shared_bytes: 1024, flags, reserved: 0 };
                guest.call(message, &[]).map(drop)
            },
            &["cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(function1, 128, 1024, 1)"],
        ),
        Op::ClusterOccupancy => apart(
            |guest| guest.call(clusters(guest, CLUSTERS_AT_A_TIME), &attribute(4, &[2, 1, 1])).map(drop),
            &["cuOccupancyMaxActiveClusters(function1, 2x1x1, 32x4x1, 16, none, {4: [2, 1, 1]})"],
        ),
        Op::Launch => record(
            |guest| guest.post_with(launch(guest.function), &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
            &[
                "cuLaunchKernel(function1, 2x1x1, 32x4x1, 16, stream1, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])",
                "cuEventRecord(point, stream1)",
            ],
        ),
        Op::LaunchEx => record(
            |guest| guest.post_with(launch_ex(guest), &launch_ex_tail(guest)),
            &[
                "cuLaunchKernelEx(function1, 2x1x1, 32x4x1, 16, stream1, {2: [1], 4: [2, 1, 1], 8: [4294967291], 6: [1], \
                    1: memory1+256 [512, 0, 1056964608, 2, 1]}, one by one \
                     [[9, 9, 9, 9, 9, 9, 9, 9], [9, 9, 9, 9]])",
                "cuEventRecord(point, stream1)",
            ],
        ),
        Op::ManagedVariables | Op::ManagedPlace => managed::case(op),
        Op::ErrorText => apart(|guest| guest.call(ErrorText { reserved: 0 }, &[]).map(drop), &[]),
        Op::ModuleKernels => apart(
            |guest| guest.call(ModuleKernels { module: guest.module }, &[]).map(drop),
            &[
                "cuModuleGetFunctionCount(module1)",
                "cuModuleEnumerateFunctions(2, module1)",
                "cuFuncGetName(function2)",
                "cuFuncGetName(function3)",
            ],
        ),
        Op::BlobKeeping => apart(|guest| guest.call(BlobKeeping { reserved: 0 }, &[]).map(drop), &[]),
        Op::BlobFind => apart(|guest| guest.call(BlobFind { hash: [0; 32], len_bytes: 8 }, &[]).map(drop), &[]),
        Op::GraphCreate => apart(|guest| create_graph(guest, &every_node(guest)), &GRAPH_CREATE),
        Op::GraphUpdate => Case {
            before: |guest| create_graph(guest, &[node(&marker(), &[], &[])]).expect(SERVED),
            ..apart(
                |guest| update_graph(guest, &[node(&fill(guest), &[], &[])]),
                &[
                    "cuGraphCreate(0) -> graph2",
                    "cuGraphAddMemsetNode(graph2, [], memory1, 16, 513 of 2, 4, 3, context1) -> node2",
                    "cuGraphExecUpdate_v2(exec1, graph2)",
                    "cuGraphDestroy(graph2)",
                ],
            )
        },
        Op::GraphLaunch => Case {
            before: |guest| create_graph(guest, &[node(&marker(), &[], &[])]).expect(SERVED),
            ..record(
                |guest| guest.post(GraphLaunch { graph: guest.graph, stream: STREAM, reserved: 0 }),
                &["cuGraphLaunch(exec1, stream1)", "cuEventRecord(point, stream1)"],
            )
        },
        Op::GraphDestroy => Case {
            before: |guest| create_graph(guest, &[node(&marker(), &[], &[])]).expect(SERVED),
            ..apart(|guest| guest.post(GraphDestroy { graph: guest.graph }), &[])
        },
        Op::Gemm => record(
            |guest| guest.post(gemm(guest)),
            &[
                "cublasCreate_v2() -> blas1",
                "cublasSetStream_v2(blas1, stream1)",
                "cublasSetMathMode(blas1, 3)",
                "cublasSetPointerMode_v2(blas1, 0)",
                "cublasGemmEx(blas1, 1, 0, 2, 3, 4, 1.5, memory1, 0, 5, memory1+256, 2, 6, -0.5, memory1+512, 14, 7, 68, 99)",
                "cuEventRecord(point, stream1)",
            ],
        ),
        Op::Trsm => record(
            |guest| guest.post(trsm(guest)),
            &[
                "cublasCreate_v2() -> blas1",
                "cublasSetStream_v2(blas1, stream1)",
                "cublasSetWorkspace_v2(blas1, memory1+1024, 512)",
                "cublasSetPointerMode_v2(blas1, 0)",
                "cublasStrsmBatched(blas1, 1, 0, 2, 1, 2, 3, 1.5, memory1, 5, memory1+64, 6, 4)",
                "cuEventRecord(point, stream1)",
            ],
        ),
        Op::Statistics => apart(|guest| guest.call(Statistics { reserved: 0 }, &[]).map(drop), &[]),
        Op::OutputTake => apart(|guest| guest.call(OutputTake { room_bytes: 64 }, &[]).map(drop), &[]),
        Op::LinkCreate => apart(
            |guest| guest.open_link(REGISTERS.as_bytes()).map(drop),
            // With logs, and the guest's limit of registers.
            &["cuLinkCreate_v2([3, 4, 5, 6, 0]) -> link1"],
        ),
        Op::LinkAdd => Case {
            before: open_link,
            // Text that ends with a NUL.
            ..apart(|guest| guest.add_to_link(b"text"), &["cuLinkAddData_v2(link1, 1, 5, input, [7], [4])"])
        },
        Op::LinkComplete => Case {
            before: |guest| {
                open_link(guest);
                guest.add_to_link(b"text").expect(SERVED);
                guest.add_to_link(b"text").expect(SERVED);
            },
            ..apart(
                |guest| {
                    let link = guest.graph;
                    let part = guest.call(LinkComplete { link, offset: 5 }, &[])?;
                    assert_eq!((part.reply.image_bytes, part.tail.as_slice()), (11, &b"+input"[..]));
                    guest.call(LinkComplete { link, offset: 0 }, &[]).map(drop)
                },
                &["cuLinkComplete(link1)"],
            )
        },
        Op::LinkDestroy => {
            Case { before: open_link, ..apart(|guest| guest.post(LinkDestroy { link: guest.graph }), &[]) }
        }
        Op::ArrayCreate
        | Op::ArrayLevel
        | Op::ArrayDestroy
        | Op::CopyArray
        | Op::TextureCreate
        | Op::TextureDestroy
        | Op::SurfaceCreate
        | Op::SurfaceDestroy => arrays::case(op),
    }
}

/// At most 32 registers.
const REGISTERS: JitOption = JitOption { id: 0, value: 32 };

fn open_link(guest: &mut Guest) {
    guest.graph = guest.open_link(&[]).expect(SERVED);
}

/// What no driver is asked for, the guest is told of.
fn not_supported(result: CuResult) -> CuResult {
    match result {
        Err(CuError::NOT_SUPPORTED) => Ok(()),
        other => panic!("{other:?} where nothing is done"),
    }
}

/// What a graph of [every kind of node](every_node) comes to: a chain, but for the solve, which may run beside the product.
const GRAPH_CREATE: [&str; 40] = [
    "cuGraphCreate(0) -> graph1",
    "cuGraphAddEmptyNode(graph1, []) -> node1",
    "cuGraphAddKernelNode_v2(graph1, [node1], function1, 2x1x1, 32x4x1, 16, [9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9]) -> node2",
    "cuGraphAddMemcpyNode(graph1, [node2], 32x1x1 memory1 32/1 <- registered1+64 32/1, context1) -> node3",
    "cuGraphAddMemcpyNode(graph1, [node3], 4x1x1 memory1+8 4/1 <- host 4/1, context1) -> node4",
    "cuGraphAddMemcpyNode(graph1, [node4], 32x1x1 registered1+64 32/1 <- memory1 32/1, context1) -> node5",
    "cuGraphAddMemcpyNode(graph1, [node5], 16x1x1 memory1+2048 16/1 <- memory1 16/1, context1) -> node6",
    "cuGraphAddMemcpyNode(graph1, [node6], 8x2x3 memory1 16/4 <- registered1+8 8/4, context1) -> node7",
    "cuGraphAddMemsetNode(graph1, [node7], memory1, 16, 513 of 2, 4, 3, context1) -> node8",
    "cuEventCreate(0) -> event1",
    "cuGraphAddEventRecordNode(graph1, [node8], event1) -> node9",
    "cuStreamCreateWithPriority(1, 0) -> stream2",
    "cublasCreate_v2() -> blas1",
    "cublasSetStream_v2(blas1, stream2)",
    "cuDeviceGetAttribute(75, 0)",
    "cuMemAlloc_v2(4194304) -> memory2",
    "cublasSetMathMode(blas1, 3)",
    "cublasSetWorkspace_v2(blas1, memory2, 4194304)",
    "cuStreamBeginCapture_v2(stream2, 2)",
    "cublasSetPointerMode_v2(blas1, 0)",
    "cublasGemmEx(blas1, 1, 0, 2, 3, 4, 1.5, memory1, 0, 5, memory1+256, 2, 6, -0.5, memory1+512, 14, 7, 68, 99)",
    "cuStreamEndCapture(stream2) -> graph2",
    "cuGraphAddChildGraphNode(graph1, [node9], graph2) -> node10",
    "cuGraphDestroy(graph2)",
    // Its workspace is the guest's own.
    "cublasSetMathMode(blas1, 0)",
    "cublasSetWorkspace_v2(blas1, memory1+1024, 512)",
    "cuStreamBeginCapture_v2(stream2, 2)",
    "cublasSetPointerMode_v2(blas1, 0)",
    "cublasStrsmBatched(blas1, 1, 0, 2, 1, 2, 3, 1.5, memory1, 5, memory1+64, 6, 4)",
    "cuStreamEndCapture(stream2) -> graph3",
    "cuGraphAddChildGraphNode(graph1, [node9], graph3) -> node11",
    "cuGraphDestroy(graph3)",
    "cuGraphAddHostNode(graph1, [node11]) -> node12",
    // That it may overlap the launch before it is for streams.
    "cuStreamBeginCapture_v2(stream2, 2)",
    "cuLaunchKernelEx(function1, 2x1x1, 32x4x1, 16, stream2, {2: [1], 4: [2, 1, 1], 8: [4294967291], \
     1: memory1+256 [512, 0, 1056964608, 2, 1]}, one by one \
                     [[9, 9, 9, 9, 9, 9, 9, 9], [9, 9, 9, 9]])",
    "cuStreamEndCapture(stream2) -> graph4",
    "cuGraphAddChildGraphNode(graph1, [node12], graph4) -> node13",
    "cuGraphDestroy(graph4)",
    "cuGraphInstantiateWithFlags(graph1, 0) -> exec1",
    "cuGraphDestroy(graph1)",
];

// ---- messages -------------------------------------------------------------------------------------------------------

pub(crate) const fn marker() -> Marker {
    Marker { stream: STREAM, reserved: 0 }
}

pub(crate) fn fill(guest: &Guest) -> Fill {
    let (target, value) = (guest.memory, 0x0201);
    Fill { stream: STREAM, element_bytes: 2, target, pitch: 16, value, reserved: 0, width: 4, height: 3 }
}

pub(crate) fn copy_box(guest: &Guest) -> CopyBox {
    CopyBox {
        stream: STREAM,
        // The source is in the window.
        window: SOURCE_IN_WINDOW,
        target: guest.memory,
        target_pitch: 16,
        target_slice_pitch: 64,
        source: 8,
        source_pitch: 8,
        source_slice_pitch: 32,
        width_bytes: 8,
        height: 2,
        depth: 3,
    }
}

/// A cooperative launch with an attribute of every form: a cluster, a priority of -5, an overlap, and a policy for half of
/// the accesses to 512 bytes.
pub(crate) fn launch_ex(guest: &Guest) -> LaunchEx {
    Launch { flags: LAUNCH_COOPERATIVE, ..launch(guest.function) }.with_attributes(4)
}

fn launch_ex_tail(guest: &Guest) -> Vec<u8> {
    let policy = guest.memory + 256;
    let attributes = [
        attribute(4, &[2, 1, 1]),
        attribute(8, &[-5_i32 as u32]),
        attribute(6, &[1]),
        attribute(1, &[policy as u32, (policy >> 32) as u32, 512, 0, 0.5_f32.to_bits(), 2, 1]),
    ];
    [&attributes.concat()[..], &[9; 12]].concat()
}

/// A question about a launch with one attribute.
pub(crate) fn clusters(guest: &Guest, question: u32) -> ClusterOccupancy {
    let Launch { function, flags, grid, block, dynamic_shared_bytes, .. } = launch(guest.function);
    ClusterOccupancy { function, question, flags, grid, block, dynamic_shared_bytes, attribute_count: 1 }
}

/// A launch attribute, with bytes behind its value that mean nothing.
pub(crate) fn attribute(id: u32, words: &[u32]) -> Vec<u8> {
    let mut value = [0xee; 64];
    for (bytes, word) in value.as_chunks_mut().0.iter_mut().zip(words) {
        *bytes = word.to_le_bytes();
    }
    LaunchAttribute { id, reserved: 0, value }.as_bytes().to_vec()
}

fn scalar(value: f32) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..4].copy_from_slice(&value.to_le_bytes());
    bytes
}

pub(crate) fn gemm(guest: &Guest) -> Gemm {
    Gemm {
        stream: STREAM,
        flags: 0,
        op_a: 1,
        op_b: 0,
        a_type: 0,
        b_type: 2,
        c_type: 14,
        compute: 68,
        scale_type: 0,
        batch: 1,
        m: 2,
        n: 3,
        k: 4,
        lda: 5,
        ldb: 6,
        ldc: 7,
        stride_a: 8,
        stride_b: 9,
        stride_c: 10,
        a: guest.memory,
        b: guest.memory + 256,
        c: guest.memory + 512,
        alpha: scalar(1.5),
        beta: scalar(-0.5),
        settings: BlasSettings { math_mode: 3, algorithm: 99, ..BlasSettings::DEFAULT },
    }
}

pub(crate) fn trsm(guest: &Guest) -> Trsm {
    Trsm {
        stream: STREAM,
        flags: BLAS_POINTER_ARRAYS,
        side: 1,
        fill: 0,
        op_a: 2,
        diag: 1,
        data_type: 0,
        batch: 4,
        m: 2,
        n: 3,
        lda: 5,
        ldb: 6,
        a: guest.memory,
        b: guest.memory + 64,
        alpha: scalar(1.5),
        settings: BlasSettings { workspace: guest.memory + 1024, workspace_bytes: 512, ..BlasSettings::DEFAULT },
    }
}

/// A blob of that length.
fn blob(guest: &mut Guest, len_bytes: u64) -> u64 {
    guest.call(BlobCreate { len_bytes }, &[]).expect(SERVED).reply.blob
}

fn write_blob(guest: &mut Guest) -> CuResult {
    guest.post(BlobWrite { blob: guest.graph, offset: 0, source: Span { offset: 0, len_bytes: 32 } })
}

// ---- graphs ---------------------------------------------------------------------------------------------------------

/// A node of a graph.
pub(crate) fn node<M: vgpu_core::wire::Message>(message: &M, tail: &[u8], before: &[u32]) -> Vec<u8> {
    let body =
        [&before.iter().flat_map(|index| index.to_le_bytes()).collect::<Vec<u8>>(), message.as_bytes(), tail].concat();
    let len = (size_of::<GraphNode>() + body.len()).next_multiple_of(8);
    let header = GraphNode {
        len_bytes: len as u32,
        op: M::OP as u16,
        reserved: 0,
        dependency_count: before.len() as u32,
        tail_bytes: tail.len() as u32,
    };
    let mut bytes = [header.as_bytes(), &body].concat();
    bytes.resize(len, 0);
    bytes
}

/// A node of every kind that there is, each behind the one before.
pub(crate) fn every_node(guest: &Guest) -> Vec<Vec<u8>> {
    let (memory, span) = (guest.memory, Span { offset: 64, len_bytes: 32 });
    vec![
        node(&marker(), &[], &[]),
        node(&launch(guest.function), &[9; 12], &[0]),
        node(&CopyIn { stream: STREAM, flags: 0, target: memory, source: span }, &[], &[1]),
        node(&CopyInline { stream: STREAM, reserved: 0, target: memory + 8 }, &[1, 2, 3, 4], &[2]),
        node(&CopyOut { stream: STREAM, reserved: 0, source: memory, target: span }, &[], &[3]),
        node(&Copy { stream: STREAM, reserved: 0, target: memory + 2048, source: memory, len_bytes: 16 }, &[], &[4]),
        node(&copy_box(guest), &[], &[5]),
        node(&fill(guest), &[], &[6]),
        node(&EventRecord { stream: STREAM, event: 9 }, &[], &[7]),
        node(&gemm(guest), &[], &[8]),
        node(&trsm(guest), &[], &[8]),
        node(&HostCall { stream: STREAM, reserved: 0, token: 7 }, &[], &[10]),
        node(&launch_ex(guest), &launch_ex_tail(guest), &[11]),
    ]
}

/// Makes a graph of nodes.
pub(crate) fn create_graph(guest: &mut Guest, nodes: &[Vec<u8>]) -> CuResult {
    let message = GraphCreate { context: CONTEXT, node_count: nodes.len() as u32, blob: 0 };
    guest.graph = guest.call(message, &nodes.concat())?.reply.graph;
    Ok(())
}

/// Puts nodes in the place of a graph's.
pub(crate) fn update_graph(guest: &mut Guest, nodes: &[Vec<u8>]) -> CuResult {
    let message = GraphUpdate { graph: guest.graph, node_count: nodes.len() as u32, reserved: 0, blob: 0 };
    guest.call(message, &nodes.concat()).map(drop)
}
