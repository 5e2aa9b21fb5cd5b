//! Drivers: what older ones lack, and those that nothing can be executed on.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use object::{Object, ObjectSymbol};
use vgpu_core::wire::messages::*;
use vgpu_core::{CuError, fatbin};
use vgpu_driver::{Driver, OpenError, Wanted};

use crate::cases::{create_graph, gemm, node};
use crate::fake::Fake;
use crate::guest::{CONTEXT, Guest, PTX, STREAM};

/// What libcuda lacks of the functions that the executor can do without: 535.261.03, 545, 550.163.01 and 555.58.02.
///
/// **Source:** the symbols of the libraries in Debian's packages; for 545 the versions in `cuda_typedefs.h`.
const ABSENT: [(&str, &[&str]); 4] = [
    ("535", &["cuFuncGetParamInfo", "cuFuncGetName", "cuModuleGetFunctionCount", "cuModuleEnumerateFunctions"]),
    ("545", &["cuFuncGetParamInfo", "cuModuleGetFunctionCount", "cuModuleEnumerateFunctions"]),
    ("550", &[]),
    ("555", &[]),
];

/// The functions that map memory at addresses of our choice. All of those drivers have them, and a device need not honour them.
pub(crate) const VIRTUAL_MEMORY: [&str; 8] = [
    "cuMemAddressReserve",
    "cuMemAddressFree",
    "cuMemGetAllocationGranularity",
    "cuMemCreate",
    "cuMemRelease",
    "cuMemMap",
    "cuMemUnmap",
    "cuMemSetAccess",
];

/// Where a real driver's library is, for the one test that needs it.
const REAL_DRIVER: &str = "VGPU_REAL_DRIVER";

/// The functions that a library exports.
fn exported(library: &Path) -> BTreeSet<String> {
    let bytes = std::fs::read(library).expect("a library's file");
    let file = object::File::parse(&*bytes).expect("a library");
    let names = file.dynamic_symbols().filter(|symbol| symbol.is_definition()).filter_map(|symbol| symbol.name().ok());
    names.map(str::to_owned).collect()
}

/// The functions of libcuda that the executor uses, as far as the fake is complete: without one it would not open.
fn used() -> BTreeSet<String> {
    let names = exported(Fake::new().path()).into_iter();
    names.filter(|name| name.starts_with("cu") && !name.starts_with("cublas")).collect()
}

/// A refusal, which is one line.
fn refusal(result: Result<impl Sized, OpenError>) -> String {
    let text = result.map(drop).expect_err("it must be refused").to_string();
    assert_eq!(text.lines().count(), 1, "{text}");
    text
}

#[test]
fn kernels_and_parameters_are_known_with_every_driver() {
    for (driver, absent) in ABSENT {
        let fake = Fake::without(absent);
        let mut guest = Guest::ready(&fake);
        let (reply, layout) = guest.find("add__8_4").unwrap();
        assert_eq!((reply.param_count, reply.param_bytes), (2, 12), "{driver}");
        assert_eq!(layout, [(0, 8), (8, 4)], "{driver}");
        let answer = guest.call(ModuleKernels { module: guest.module }, &[]).unwrap();
        assert_eq!((answer.reply.count, answer.tail), (2, b"add__8_4\0fault_700\0".to_vec()), "{driver}");
        guest.launch().unwrap();
        guest.wait_for(STREAM, guest.seq);
        guest.end();
    }
}

#[test]
fn machine_code_tells_its_parameters_where_the_driver_does_not() {
    for (driver, absent) in ABSENT {
        let fake = Fake::without(absent);
        let mut guest = Guest::ready(&fake);
        let load = ModuleLoad { context: CONTEXT, kind: ImageKind::Cubin as u32, blob: 0 };
        guest.module = guest.call(load, &machine_code(".nv.info.mix__1_8_4")).unwrap().reply.module;
        let (_, layout) = guest.find("mix__1_8_4").unwrap();
        assert_eq!(layout, [(0, 1), (8, 8), (16, 4)], "{driver}");
        guest.end();
    }
}

#[test]
fn a_fatbin_reaches_the_driver_whole_and_tells_its_parameters() {
    for (driver, absent) in ABSENT {
        let fake = Fake::without(absent);
        let mut guest = Guest::ready(&fake);
        let load = ModuleLoad { context: CONTEXT, kind: ImageKind::Fatbin as u32, blob: 0 };
        let code = machine_code(".nv.info.mix__1_8_4");
        let image = fatbin::container([&entry(2, 0x11, &code)[..], &packed_entry(PTX)]);
        guest.module = guest.call(load, &image).unwrap().reply.module;
        let whole = String::from_utf8_lossy(&image).len();
        let loaded = format!("cuModuleLoadDataEx({whole}, [5, 6]) -> module2");
        assert!(guest.calls_of("ring").contains(&loaded), "{driver}");
        let (_, layout) = guest.find("mix__1_8_4").unwrap();
        assert_eq!(layout, [(0, 1), (8, 8), (16, 4)], "{driver}");
        let (_, layout) = guest.find("add__8_4").unwrap();
        assert_eq!(layout, [(0, 8), (8, 4)], "{driver}");
        guest.end();
    }
}

/// A fatbin's entry.
pub(crate) fn entry(kind: u16, flags: u64, payload: &[u8]) -> Vec<u8> {
    let padded = payload.len().next_multiple_of(8);
    let mut entry = vec![0; 64];
    entry[..2].copy_from_slice(&kind.to_le_bytes());
    entry[4] = 64;
    entry[8..16].copy_from_slice(&(padded as u64).to_le_bytes());
    entry[16..20].copy_from_slice(&(payload.len() as u32).to_le_bytes());
    entry[28] = 80;
    entry[40..48].copy_from_slice(&flags.to_le_bytes());
    entry.extend(payload);
    entry.resize(64 + padded, 0);
    entry
}

/// PTX in an entry that says that it is packed by LZ4. The block holds the text as it is, where the fake finds its kernels.
fn packed_entry(text: &[u8]) -> Vec<u8> {
    let more = text.len() - 15;
    let mut block = vec![0xf0];
    block.extend(std::iter::repeat_n(0xff, more / 255));
    block.push((more % 255) as u8);
    block.extend(text);
    let mut entry = entry(1, 0x2011, &block);
    entry[56..64].copy_from_slice(&(text.len() as u64).to_le_bytes());
    entry
}

/// An ELF with a kernel of three parameters, described in a section of that name.
fn machine_code(section_name: &str) -> Vec<u8> {
    const HEADER_BYTES: u16 = 64;
    let param = |ordinal: u16, offset: u16, len: u32| {
        let head =
            [[4, 0x17], 12_u16.to_le_bytes(), [0; 2], [0; 2], ordinal.to_le_bytes(), offset.to_le_bytes()].concat();
        [head, (len << 18).to_le_bytes().to_vec()].concat()
    };
    let info = [param(2, 16, 4), param(1, 8, 8), param(0, 0, 1)].concat();
    let names = format!("\0.shstrtab\0{section_name}\0").into_bytes();
    let section = |name: u32, kind: u32, at: usize, len: usize| {
        let words = [0, 0, at as u64, len as u64].map(u64::to_le_bytes).concat();
        [[name, kind].map(u32::to_le_bytes).concat(), words, vec![0; 24]].concat()
    };
    let names_at = usize::from(HEADER_BYTES);
    let info_at = names_at + names.len();
    let sections_at = (info_at + info.len()).next_multiple_of(8);
    let sections =
        [section(0, 0, 0, 0), section(1, 3, names_at, names.len()), section(11, 1, info_at, info.len())].concat();
    let mut file = [b"\x7fELF\x02\x01\x01".as_slice(), &[0; 9]].concat();
    file.extend([1_u16, 190].map(u16::to_le_bytes).concat());
    file.extend(1_u32.to_le_bytes());
    file.extend([0, 0, sections_at as u64].map(u64::to_le_bytes).concat());
    file.extend(0_u32.to_le_bytes());
    file.extend([HEADER_BYTES, 0, 0, 64, 3, 1].map(u16::to_le_bytes).concat());
    file.extend([names.as_slice(), &info].concat());
    file.resize(sections_at, 0);
    [file, sections].concat()
}

#[test]
fn a_kernel_whose_parameters_nobody_tells_is_not_supported() {
    let (_, absent) = ABSENT[0];
    let fake = Fake::without(absent);
    let mut guest = Guest::ready(&fake);
    // Machine code without the section that names it; the fake finds the kernel in it all the same.
    let code = machine_code(".entry mix__1_8_4");
    let load = ModuleLoad { context: CONTEXT, kind: ImageKind::Cubin as u32, blob: 0 };
    guest.module = guest.call(load, &code).unwrap().reply.module;
    assert_eq!(guest.find("mix__1_8_4").map(drop), Err(CuError::NOT_SUPPORTED));
    assert!(guest.error_text().contains("before 12.4"), "{}", guest.error_text());
    guest.end();
}

#[test]
fn a_driver_without_what_is_needed_is_refused_by_name() {
    let optional = ABSENT[0].1.iter().chain(&["cuGetExportTable", "cuStreamWriteValue64_v2"]).chain(&VIRTUAL_MEMORY);
    let optional: BTreeSet<String> = optional.map(|name| (*name).to_owned()).collect();
    let needed = &used() - &optional;
    let names: Vec<&str> = needed.iter().map(String::as_str).collect();
    let opened = Fake::without(&names).open();
    let Err(OpenError::TooOld { missing, .. }) = &opened else { panic!("it lacks all that is needed") };
    assert_eq!(missing.iter().copied().collect::<BTreeSet<_>>(), names.into_iter().collect());
    let text = refusal(opened);
    assert!(text.contains("too old (525 or later is needed): it has no cuInit, cuDriverGetVersion"), "{text}");
    let text = refusal(Fake::without(&["cuGraphExecUpdate_v2"]).open());
    assert!(text.ends_with("it has no cuGraphExecUpdate_v2"), "{text}");
}

#[test]
fn a_driver_without_cublas_refuses_products_only() {
    let fake = Fake::without(&["cublasGemmEx", "cublasDtrsmBatched"]);
    let mut guest = Guest::ready(&fake);
    assert_eq!(guest.post(gemm(&guest)), Err(CuError::NOT_SUPPORTED));
    guest.wait_for(STREAM, guest.seq);
    let text = guest.error_text();
    assert!(
        text.contains("products need cuBLAS") && text.ends_with("has no cublasGemmEx, cublasDtrsmBatched"),
        "{text}"
    );
    let product = node(&gemm(&guest), &[], &[]);
    assert_eq!(create_graph(&mut guest, &[product]), Err(CuError::NOT_SUPPORTED));
    guest.launch().unwrap();
    guest.wait_for(STREAM, guest.seq);
    guest.end();
}

#[test]
fn an_older_cublas_refuses_what_it_lacks() {
    let fake = Fake::without(&["cublasSetWorkspace_v2", "cublasGemmStridedBatchedEx_64", "cublasGemmBatchedEx_64"]);
    let mut guest = Guest::ready(&fake);
    guest.post(gemm(&guest)).unwrap();
    assert_eq!(guest.post(Gemm { stride_a: 1 << 40, m: 1 << 31, ..gemm(&guest) }), Err(CuError::NOT_SUPPORTED));
    assert_eq!(guest.post(Gemm { flags: 1, m: 1 << 31, ..gemm(&guest) }), Err(CuError::NOT_SUPPORTED));
    let product = node(&gemm(&guest), &[], &[]);
    assert_eq!(create_graph(&mut guest, &[product]), Err(CuError::NOT_SUPPORTED));
    guest.end();
}

#[test]
fn a_driver_that_cannot_be_used_is_refused_in_one_line() {
    let fake = Fake::new();
    fake.set_gpus(0, 8);
    assert_eq!(refusal(fake.open()), "the driver finds no GPU");
    fake.set_gpus(2, 8);
    assert_eq!(refusal(Driver::open(&Wanted { gpu: Some(2), ..fake.wanted() })), "there is no GPU 2: the driver has 2");
    for (call, code, text) in [
        ("cuInit(", 803, "the driver does not start: CUDA_ERROR_SYSTEM_DRIVER_MISMATCH"),
        ("cuInit(", 100, "the driver finds no GPU"),
        ("cuDeviceGetCount(", 999, "the driver does not start: CUDA_ERROR_UNKNOWN"),
        ("cuDeviceGet(", 999, "the driver does not start: CUDA_ERROR_UNKNOWN"),
        ("cuDriverGetVersion(", 999, "the driver does not start: CUDA_ERROR_UNKNOWN"),
    ] {
        fake.fail("ring", call, 0, code);
        assert_eq!(refusal(fake.open()), text, "{call}");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let (absent, text) = (folder.path().join("absent"), folder.path().join("text"));
    std::fs::write(&text, "no library").expect("a file");
    for path in [absent, text, PathBuf::from("/dev/null")] {
        let said = refusal(Driver::open(&Wanted { driver: Some(path.clone()), ..Wanted::default() }));
        assert!(said.starts_with(&format!("the driver {} cannot be loaded: ", path.display())), "{said}");
    }
}

#[test]
fn one_gpu_of_several_is_the_guests_first() {
    let fake = Fake::new();
    fake.set_gpus(3, 8);
    let driver = Driver::open(&Wanted { gpu: Some(2), ..fake.wanted() }).expect("it has three");
    fake.take_log();
    let described = driver.describe_gpus().expect("a description");
    assert_eq!(described.len(), 1);
    assert_eq!(described[0].device_count, 1);
    let calls: Vec<String> = fake.take_log().into_iter().map(|call| call.line).collect();
    assert!(calls.contains(&"cuDeviceTotalMem_v2(2)".to_owned()), "{calls:?}");
}

#[test]
fn a_guest_is_told_what_the_driver_says_but_for_what_nobody_honours() {
    let fake = Fake::new();
    let mut guest = Guest::ready(&fake);
    let info = guest.call(DeviceInfo { device: 0, reserved: 0 }, &[]).unwrap().reply;
    assert_eq!((info.device_count, info.driver_version), (1, 12_040));
    assert!(info.name.starts_with(b"Fake GPU\0"));
    assert_eq!(&info.uuid, b"a fake GPU's own");
    assert_eq!(info.total_mem_bytes, crate::guest::QUOTA_BYTES, "the guest's share");
    // The fake's value of an attribute is its number and 1000. CU_DEVICE_ATTRIBUTE_WARP_SIZE, _PCI_BUS_ID.
    assert_eq!((info.attributes[10], info.attributes[33]), (1010, 1033));
    assert_eq!(info.pci_bus, 1033);
    // CU_DEVICE_ATTRIBUTE_PAGEABLE_MEMORY_ACCESS, _MEMORY_POOLS_SUPPORTED.
    assert_eq!((info.attributes[88], info.attributes[115]), (0, 0));
    let none = guest.call(DeviceInfo { device: 1, reserved: 0 }, &[]).unwrap().reply;
    assert_eq!((none.device_count, none.driver_version, none.total_mem_bytes), (1, 0, 0));
    guest.end();
}

#[test]
fn newer_gpus_have_more_room_for_intermediate_results() {
    let fake = Fake::new();
    for (major, workspace_bytes) in [(8, 4 << 20), (9, 32 << 20), (10, 32 << 20)] {
        fake.set_gpus(1, major);
        let mut guest = Guest::ready(&fake);
        let product = node(&gemm(&guest), &[], &[]);
        create_graph(&mut guest, &[product]).unwrap();
        let calls = guest.calls_of("ring");
        let expected = format!("cublasSetWorkspace_v2(blas1, memory2, {workspace_bytes})");
        assert!(calls.contains(&expected), "{calls:?}");
        guest.end();
    }
}

#[test]
#[ignore = "needs a real driver's library, and no GPU: cargo xtask test"]
fn a_real_driver_has_what_is_needed_and_finds_no_gpu() {
    let path = PathBuf::from(std::env::var_os(REAL_DRIVER).expect("VGPU_REAL_DRIVER names a libcuda.so.1"));
    let path = path.canonicalize().expect("it is there");
    // libcuda.so.550.163.01
    let name = path.file_name().expect("a file").to_string_lossy().into_owned();
    let version = name.split('.').nth(2).expect("the version is in the name");
    let (_, absent) = ABSENT.iter().find(|(driver, _)| *driver == version).expect("a version of the table");
    let lacks = &used() - &exported(&path);
    assert_eq!(lacks.iter().map(String::as_str).collect::<BTreeSet<_>>(), absent.iter().copied().collect());
    let wanted = Wanted { driver: Some(path), ..Wanted::default() };
    assert_eq!(refusal(Driver::open(&wanted)), "the driver finds no GPU");
}
