//! Images, variables, kernels and launches through the protocol.

use vgpu_core::abi::CUfunction_attribute_enum as Attribute;

use super::*;

#[test]
fn a_kernel_runs_over_many_blocks() {
    let mut rig = Rig::new();
    let function = rig.function("add_one");
    let address = rig.alloc(4 * 10_000);
    for _ in 0..3 {
        rig.launch(FREE, function, 100, 128, &params(address, &[10_000])).unwrap();
    }
    let bytes = rig.read(FREE, address, 40_000);
    assert!(bytes.chunks(4).all(|word| word == [3, 0, 0, 0]));
    let statistics = rig.run(|device, seq| device.statistics(seq, &Statistics { reserved: 0 }, &[])).unwrap().reply;
    assert_eq!((statistics.launches, statistics.modules_loaded, statistics.kernels_decoded), (3, 1, 1));
    assert!(statistics.thread_instructions > 0);
}

#[test]
fn a_function_says_what_it_is() {
    let mut rig = Rig::new();
    let module = rig.load(KERNELS).unwrap();
    let answer = rig.run(|device, seq| device.module_function(seq, &ModuleFunction { module }, b"slow_store")).unwrap();
    let words: Vec<u32> = answer.tail.chunks(4).map(|word| u32::from_le_bytes(word.try_into().unwrap())).collect();
    assert_eq!(words, [0, 8, 8, 4, 12, 4]);
    let reply = answer.reply;
    assert_eq!((reply.param_count, reply.param_bytes), (3, 16));
    let of = |attribute: Attribute| reply.attributes[attribute.0 as usize];
    assert_eq!(of(Attribute::CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK), 1024);
    assert_eq!(of(Attribute::CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES), 48 << 10);
    assert_eq!(of(Attribute::CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT), -1);
    assert!((1..=64).contains(&of(Attribute::CU_FUNC_ATTRIBUTE_NUM_REGS)));
    assert_eq!(rig.function_of(module, "slow_store").unwrap().function, reply.function, "asked twice, made once");
}

#[test]
fn variables_have_initial_values_and_kernels_find_them() {
    let mut rig = Rig::new();
    let module = rig.load(KERNELS).unwrap();
    let global = |rig: &mut Rig, name: &str| {
        rig.run(|device, seq| device.module_global(seq, &ModuleGlobal { module }, name.as_bytes()))
    };
    let counter = global(&mut rig, "counter").unwrap().reply;
    let table = global(&mut rig, "table").unwrap().reply;
    let bytes = global(&mut rig, "bytes").unwrap().reply;
    assert_eq!((counter.len_bytes, table.len_bytes), (4, 16));
    assert_eq!(rig.read_u32(FREE, counter.address), 5);
    assert_eq!(rig.read(FREE, table.address, 16), [counter.address.to_le_bytes(), 3u64.to_le_bytes()].concat());
    assert_eq!(rig.read(FREE, bytes.address, 4), [1, 2, 3, 4]);
    assert_eq!(global(&mut rig, "nothing").unwrap_err(), CuError::NOT_FOUND);
    let bump = rig.function_of(module, "bump").unwrap().function;
    rig.launch(FREE, bump, 1, 1, &[]).unwrap();
    assert_eq!(rig.read_u32(FREE, counter.address), 6);
}

#[test]
fn a_table_of_functions_is_called_through_and_what_cannot_run_takes_nothing_with_it() {
    let mut rig = Rig::new();
    let module = rig
        .load(
            ".version 7.0\n.target sm_70\n.address_size 64\n
            .func (.param .b32 r) five(.param .b32 a) { .reg .b32 %r<3>; ld.param.u32 %r1, [a]; add.u32 %r2, %r1, 5; st.param.b32 [r], %r2; ret; }
            .func (.param .b32 r) six(.param .b32 a) { .reg .b32 %r<3>; ld.param.u32 %r1, [a]; add.u32 %r2, %r1, 6; st.param.b32 [r], %r2; ret; }
            .func strange() { frobnicate; ret; }
            .global .align 8 .u64 table[3] = {five, generic(six), strange};
            .visible .entry through(.param .u64 at, .param .u32 which) {
                .reg .b64 %rd<4>; .reg .b32 %r<4>;
                ld.param.u64 %rd1, [at]; ld.param.u32 %r1, [which]; mul.wide.u32 %rd2, %r1, 8; mov.u64 %rd3, table; add.u64 %rd2, %rd2, %rd3;
                ld.global.u64 %rd2, [%rd2];
                { .param .b32 p0; .param .b32 q0; st.param.b32 [p0], 100;
                  one: .callprototype (.param .b32 _) _ (.param .b32 _); call (q0), %rd2, (p0), one; ld.param.b32 %r2, [q0]; }
                st.global.u32 [%rd1], %r2; ret; }
            .visible .entry strays() { call.uni strange; ret; }",
        )
        .unwrap();
    assert_eq!(rig.function_of(module, "strays").unwrap_err(), CuError::INVALID_PTX);
    let through = rig.function_of(module, "through").unwrap().function;
    let result = rig.alloc(4);
    for (which, expected) in [(0u32, 105), (1, 106)] {
        let params = [&result.to_le_bytes()[..], &which.to_le_bytes()].concat();
        rig.launch(FREE, through, 1, 1, &params).unwrap();
        assert_eq!(rig.read_u32(FREE, result), expected);
    }
}

#[test]
fn a_call_leads_to_a_function_whose_address_another_kernel_has_taken() {
    let mut rig = Rig::new();
    let module = rig
        .load(
            ".version 7.0\n.target sm_70\n.address_size 64\n
            .func (.param .b32 r) five(.param .b32 a) { .reg .b32 %r<3>; ld.param.u32 %r1, [a]; add.u32 %r2, %r1, 5; st.param.b32 [r], %r2; ret; }
            .visible .entry take(.param .u64 at) {
                .reg .b64 %rd<3>; ld.param.u64 %rd1, [at]; mov.u64 %rd2, five; st.global.u64 [%rd1], %rd2; ret; }
            .visible .entry through(.param .u64 at) {
                .reg .b64 %rd<3>; .reg .b32 %r<2>; ld.param.u64 %rd1, [at]; ld.global.u64 %rd2, [%rd1];
                { .param .b32 p0; .param .b32 q0; st.param.b32 [p0], 100;
                  one: .callprototype (.param .b32 _) _ (.param .b32 _); call (q0), %rd2, (p0), one; ld.param.b32 %r1, [q0]; }
                st.global.u32 [%rd1], %r1; ret; }",
        )
        .unwrap();
    let memory = rig.alloc(8);
    for kernel in ["take", "through"] {
        let function = rig.function_of(module, kernel).unwrap().function;
        rig.launch(FREE, function, 1, 1, &memory.to_le_bytes()).unwrap();
    }
    assert_eq!(rig.read_u32(FREE, memory), 105);
}

#[test]
fn managed_variables_lie_where_the_guest_wants_them_and_keep_their_values() {
    let mut rig = Rig::new();
    let module = rig
        .load(
            ".version 7.0\n.target sm_70\n.address_size 64\n
            .global .align 4 .u32 plain = 1;
            .global .attribute(.managed) .align 4 .u32 count = 5;
            .global .attribute(.managed) .align 8 .u64 leads_to = generic(count);
            .global .attribute(.managed) .align 4 .b8 rest[100];
            .visible .entry k() { .reg .b32 %r<4>; .reg .b64 %rd<3>;
                ld.global.u64 %rd1, [leads_to]; ld.u32 %r1, [%rd1]; ld.global.u32 %r2, [plain]; add.u32 %r1, %r1, %r2;
                st.global.u32 [count], %r1; st.global.u32 [rest+96], %r1; ret; }",
        )
        .unwrap();
    let asked = rig.run(|device, seq| device.managed_variables(seq, &ManagedVariables { module }, &[]));
    assert_eq!(asked.unwrap().reply.len_bytes, 32 + 100);
    let memory = rig.alloc(512);
    let place = |rig: &mut Rig, address| {
        rig.run(|device, seq| device.managed_place(seq, &ManagedPlace { module, address }, &[])).map(drop)
    };
    assert_eq!(place(&mut rig, memory + 4), Err(CuError::INVALID_VALUE));
    assert_eq!(place(&mut rig, 1 << 40), Err(CuError::INVALID_VALUE));
    assert_eq!(place(&mut rig, memory), Ok(()));
    assert_eq!((rig.read_u32(FREE, memory), rig.read_u32(FREE, memory + 128)), (5, 0));
    let function = rig.function_of(module, "k").unwrap().function;
    rig.launch(FREE, function, 1, 1, &[]).unwrap();
    assert_eq!((rig.read_u32(FREE, memory), rig.read_u32(FREE, memory + 128)), (6, 6));
    assert_eq!(place(&mut rig, memory), Err(CuError::INVALID_VALUE), "a kernel knows where they are");
}

#[test]
fn each_load_has_variables_of_its_own_and_unloading_gives_them_back() {
    let mut rig = Rig::new();
    let (first, second) = (rig.load(KERNELS).unwrap(), rig.load(KERNELS).unwrap());
    let bump = rig.function_of(first, "bump").unwrap().function;
    rig.launch(FREE, bump, 1, 1, &[]).unwrap();
    let counter =
        rig.run(|device, seq| device.module_global(seq, &ModuleGlobal { module: second }, b"counter")).unwrap().reply;
    assert_eq!(rig.read_u32(FREE, counter.address), 5);
    assert_eq!(rig.free(counter.address), Err(CuError::INVALID_VALUE), "a program cannot free a module's variables");
    for module in [first, second] {
        rig.run(|device, seq| device.module_unload(seq, &ModuleUnload { module }, &[])).unwrap();
    }
    rig.alloc(MEMORY_BYTES);
    assert_eq!(rig.launch(FREE, bump, 1, 1, &[]), Err(CuError::INVALID_HANDLE));
}

#[test]
fn refused_images_and_kernels_are_explained() {
    let mut rig = Rig::new();
    assert_eq!(rig.load(".version 7.0\n.target sm_70\n.bogus"), Err(CuError::INVALID_PTX));
    assert!(rig.error_text().contains(".bogus"), "{}", rig.error_text());
    assert_eq!(rig.load(".version 8.0\n.target sm_80\n.address_size 64\n"), Err(CuError::NO_BINARY_FOR_GPU));
    assert!(rig.error_text().contains("sm_80"), "{}", rig.error_text());
    let module = rig.load(KERNELS).unwrap();
    assert_eq!(rig.function_of(module, "unknown_op").unwrap_err(), CuError::INVALID_PTX);
    let text = rig.error_text();
    assert!(text.contains("unknown_op") && text.contains("frobnicate.u32") && text.contains("line"), "{text}");
    assert_eq!(rig.function_of(module, "nothing").unwrap_err(), CuError::NOT_FOUND);
    let message = ModuleLoad { context: CONTEXT, kind: ImageKind::Cubin as u32, blob: 0 };
    let cubin = rig.run(|device, seq| device.module_load(seq, &message, b"\x7fELF..."));
    assert_eq!(cubin.unwrap_err(), CuError::NO_BINARY_FOR_GPU);
}

#[test]
fn an_image_may_come_in_pieces() {
    let mut rig = Rig::new();
    let text = KERNELS.as_bytes();
    let blob = rig
        .run(|device, seq| device.blob_create(seq, &BlobCreate { len_bytes: text.len() as u64 }, &[]))
        .unwrap()
        .reply
        .blob;
    for (index, piece) in text.chunks(500).enumerate() {
        rig.recorder.put(0, piece);
        let message =
            BlobWrite { blob, offset: 500 * index as u64, source: Span { offset: 0, len_bytes: piece.len() as u64 } };
        rig.run(|device, seq| device.blob_write(seq, &message, &[])).unwrap();
    }
    let message = ModuleLoad { context: CONTEXT, kind: ImageKind::Ptx as u32, blob };
    let module = rig.run(|device, seq| device.module_load(seq, &message, &[])).unwrap().reply.module;
    rig.function_of(module, "bump").unwrap();
    assert_eq!(
        rig.run(|device, seq| device.module_load(seq, &message, &[])).unwrap_err(),
        CuError::INVALID_HANDLE,
        "a blob is used up"
    );
    let kernels = rig.run(|device, seq| device.module_kernels(seq, &ModuleKernels { module }, &[])).unwrap();
    assert_eq!(kernels.reply.count, 6);
    assert!(kernels.tail.starts_with(b"add_one\0slow_store\0"));
}

#[test]
fn a_blob_is_not_written_outside_and_not_longer_than_memory() {
    let mut rig = Rig::new();
    let blob = rig.run(|device, seq| device.blob_create(seq, &BlobCreate { len_bytes: 10 }, &[])).unwrap().reply.blob;
    for offset in [1, 11, u64::MAX] {
        let message = BlobWrite { blob, offset, source: Span { offset: 0, len_bytes: 10 } };
        assert_eq!(rig.run(|device, seq| device.blob_write(seq, &message, &[])), Err(CuError::INVALID_VALUE));
    }
    let huge = rig.run(|device, seq| device.blob_create(seq, &BlobCreate { len_bytes: u64::MAX }, &[]));
    assert_eq!(huge.unwrap_err(), CuError::OUT_OF_MEMORY);
    let empty = rig.run(|device, seq| device.blob_create(seq, &BlobCreate { len_bytes: 0 }, &[]));
    assert_eq!(empty.unwrap_err(), CuError::INVALID_VALUE, "there could be any number of them");
}

#[test]
fn announcing_long_blobs_costs_no_memory_and_using_them_unsent_is_refused() {
    let mut rig = Rig::new();
    let resident_kib = || {
        let text = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap()
    };
    let before = resident_kib();
    let create = |device: &mut SoftDevice, seq| device.blob_create(seq, &BlobCreate { len_bytes: 2 << 30 }, &[]);
    let blob = rig.run(create).unwrap().reply.blob;
    // Other tests of this process take memory too, but not as much.
    assert!(resident_kib() < before + (1 << 20));
    assert_eq!(rig.run(create).unwrap_err(), CuError::OUT_OF_MEMORY, "one is all that may be announced");
    assert_eq!(load_blob(&mut rig, blob), Err(CuError::INVALID_VALUE));
    rig.run(create).unwrap();
}

#[test]
fn launches_that_do_not_fit_are_refused_and_retired() {
    let mut rig = Rig::new();
    let function = rig.function("add_one");
    let address = rig.alloc(4);
    let good = params(address, &[1]);
    let base = launch(FREE, function, 1, 32);
    let cases = [
        (Launch { grid: [0, 1, 1], ..base }, &good[..], CuError::INVALID_VALUE),
        (Launch { grid: [1, 65_536, 1], ..base }, &good, CuError::INVALID_VALUE),
        (Launch { block: [32, 33, 1], ..base }, &good, CuError::INVALID_VALUE),
        (Launch { block: [1, 1, 65], ..base }, &good, CuError::INVALID_VALUE),
        (Launch { dynamic_shared_bytes: (48 << 10) + 1, ..base }, &good, CuError::INVALID_VALUE),
        (base, &good[..11], CuError::INVALID_VALUE),
        (Launch { function: function + 1, ..base }, &good, CuError::INVALID_HANDLE),
        (Launch { flags: 2, ..base }, &good, CuError::INVALID_VALUE),
    ];
    for (message, params, error) in cases {
        assert_eq!(rig.run(|device, seq| device.launch(seq, &message, params)), Err(error), "{message:?}");
        assert_eq!(rig.refusals().last(), Some(&(rig.seq, error)));
        assert!(rig.is_retired(FREE, rig.seq));
    }
    assert!(rig.failures().is_empty(), "what is refused leaves the context alone");
    rig.launch(FREE, function, 1, 32, &good).unwrap();
    assert_eq!(rig.read_u32(FREE, address), 1);
}

#[test]
fn dynamic_shared_memory_can_be_raised_to_the_devices_limit() {
    let mut rig = Rig::new();
    let function = rig.function("bump");
    let mut set = |attribute, value| {
        rig.run(|device, seq| device.function_attribute(seq, &FunctionAttribute { function, attribute, value }, &[]))
    };
    assert_eq!(set(8, 64 << 10), Ok(()));
    assert_eq!(set(8, (64 << 10) + 1), Err(CuError::INVALID_VALUE));
    assert_eq!(set(8, -1), Err(CuError::INVALID_VALUE));
    assert_eq!(set(9, 50), Ok(()));
    assert_eq!(set(0, 5), Err(CuError::INVALID_VALUE));
    let message = Launch { dynamic_shared_bytes: 64 << 10, ..launch(FREE, function, 1, 1) };
    rig.run(|device, seq| device.launch(seq, &message, &[])).unwrap();
    rig.sync(FREE);
    assert!(rig.failures().is_empty());
    let mut occupancy = |block_threads, dynamic_shared_bytes| {
        let message = Occupancy { function, block_threads, dynamic_shared_bytes, flags: 0, reserved: 0 };
        rig.run(|device, seq| device.occupancy(seq, &message, &[])).unwrap().reply.blocks
    };
    assert_eq!([occupancy(256, 0), occupancy(256, 32 << 10), occupancy(0, 0), occupancy(2048, 0)], [4, 2, 0, 0]);
}

#[test]
fn the_device_describes_itself() {
    let mut rig = Rig::with(|config| config.devices[0].uuid = [9; 16]);
    let reply =
        rig.run(|device, seq| device.device_info(seq, &DeviceInfo { device: 0, reserved: 0 }, &[])).unwrap().reply;
    assert_eq!((reply.device_count, reply.uuid, reply.total_mem_bytes), (1, [9; 16], MEMORY_BYTES));
    assert_eq!(
        (reply.attributes[75], reply.attributes[76], reply.attributes[10], reply.attributes[97]),
        (7, 5, 32, 64 << 10)
    );
    let none =
        rig.run(|device, seq| device.device_info(seq, &DeviceInfo { device: 1, reserved: 0 }, &[])).unwrap().reply;
    assert_eq!((none.device_count, none.total_mem_bytes), (1, 0));
}

/// A store in memory that keeps images from a length on.
#[derive(Default)]
struct Kept(Mutex<HashMap<[u8; 32], Vec<u8>>>);

impl ImageStore for Kept {
    fn min_bytes(&self) -> u64 {
        100
    }

    fn find(&self, hash: &[u8; 32], len_bytes: u64) -> Option<Vec<u8>> {
        self.0.lock().get(hash).filter(|bytes| bytes.len() as u64 == len_bytes).cloned()
    }

    fn keep(&self, hash: &[u8; 32], bytes: &[u8]) {
        self.0.lock().insert(*hash, bytes.to_vec());
    }
}

/// Sends bytes as a blob.
fn upload(rig: &mut Rig, bytes: &[u8]) -> u64 {
    let message = BlobCreate { len_bytes: bytes.len() as u64 };
    let blob = rig.run(|device, seq| device.blob_create(seq, &message, &[])).unwrap().reply.blob;
    rig.recorder.put(0, bytes);
    let message = BlobWrite { blob, offset: 0, source: Span { offset: 0, len_bytes: bytes.len() as u64 } };
    rig.run(|device, seq| device.blob_write(seq, &message, &[])).unwrap();
    blob
}

fn find(rig: &mut Rig, hash: [u8; 32], len_bytes: u64) -> u64 {
    rig.run(|device, seq| device.blob_find(seq, &BlobFind { hash, len_bytes }, &[])).unwrap().reply.blob
}

fn load_blob(rig: &mut Rig, blob: u64) -> CuResult<u64> {
    let message = ModuleLoad { context: CONTEXT, kind: ImageKind::Ptx as u32, blob };
    Ok(rig.run(|device, seq| device.module_load(seq, &message, &[]))?.reply.module)
}

fn keeping_rig() -> (Rig, Arc<Kept>) {
    let kept = Arc::new(Kept::default());
    let images = Some(Arc::clone(&kept) as Arc<dyn ImageStore>);
    (Rig::with(|config| config.images = images), kept)
}

#[test]
fn an_image_that_loaded_is_found_by_the_next_device() {
    let (mut first, kept) = keeping_rig();
    let (hash, len_bytes) = (sha256(KERNELS.as_bytes()), KERNELS.len() as u64);
    assert_eq!(find(&mut first, hash, len_bytes), 0);
    let blob = upload(&mut first, KERNELS.as_bytes());
    load_blob(&mut first, blob).unwrap();

    let mut second = Rig::with(|config| config.images = Some(kept));
    assert_eq!(find(&mut second, hash, len_bytes - 1), 0, "the length is part of the name");
    let blob = find(&mut second, hash, len_bytes);
    let module = load_blob(&mut second, blob).unwrap();
    second.function_of(module, "bump").unwrap();
    let counts = second.run(|device, seq| device.statistics(seq, &Statistics { reserved: 0 }, &[])).unwrap().reply;
    assert_eq!((counts.blob_bytes, counts.blobs_found, counts.modules_loaded), (0, 1, 1));
}

#[test]
fn an_image_is_kept_under_the_hash_that_it_has_and_not_the_one_that_was_asked_for() {
    let (mut rig, kept) = keeping_rig();
    let other = KERNELS.replace("bump", "jump");
    assert_eq!(find(&mut rig, sha256(KERNELS.as_bytes()), KERNELS.len() as u64), 0);
    let blob = upload(&mut rig, other.as_bytes());
    load_blob(&mut rig, blob).unwrap();
    assert_eq!(kept.0.lock().keys().copied().collect::<Vec<_>>(), [sha256(other.as_bytes())]);
}

#[test]
fn a_found_image_that_is_written_to_is_another_image() {
    let (mut rig, kept) = keeping_rig();
    let (hash, len_bytes) = (sha256(KERNELS.as_bytes()), KERNELS.len() as u64);
    let blob = upload(&mut rig, KERNELS.as_bytes());
    load_blob(&mut rig, blob).unwrap();
    let blob = find(&mut rig, hash, len_bytes);
    let at = KERNELS.find("bump").unwrap() as u64;
    rig.recorder.put(0, b"jump");
    let message = BlobWrite { blob, offset: at, source: Span { offset: 0, len_bytes: 4 } };
    rig.run(|device, seq| device.blob_write(seq, &message, &[])).unwrap();
    let module = load_blob(&mut rig, blob).unwrap();
    rig.function_of(module, "jump").unwrap();

    assert!(kept.0.lock().iter().all(|(hash, bytes)| sha256(bytes) == *hash));
    let blob = find(&mut rig, hash, len_bytes);
    let module = load_blob(&mut rig, blob).unwrap();
    rig.function_of(module, "bump").unwrap();
}

#[test]
fn images_that_do_not_load_and_short_ones_are_not_kept() {
    let (mut rig, kept) = keeping_rig();
    let bad = "// no PTX\n".repeat(20);
    let blob = upload(&mut rig, bad.as_bytes());
    assert_eq!(load_blob(&mut rig, blob), Err(CuError::INVALID_PTX));
    let short = ".version 7.0\n.target sm_70\n.address_size 64\n";
    let blob = upload(&mut rig, short.as_bytes());
    load_blob(&mut rig, blob).unwrap();
    assert!(kept.0.lock().is_empty());
}

#[test]
fn a_device_without_a_store_says_so_and_finds_nothing() {
    let mut rig = Rig::new();
    let keeping = rig.run(|device, seq| device.blob_keeping(seq, &BlobKeeping { reserved: 0 }, &[])).unwrap();
    assert_eq!(keeping.reply.min_bytes, u64::MAX);
    for len_bytes in [0, 1 << 20, u64::MAX] {
        assert_eq!(find(&mut rig, [0; 32], len_bytes), 0);
    }
}
