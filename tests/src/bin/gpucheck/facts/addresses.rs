//! Where device memory lies, what it costs, and whether an executor may choose.

use vgpu_core::abi::{
    CUmemAccess_flags_enum, CUmemAccessDesc, CUmemAllocationProp, CUmemAllocationType_enum, CUmemLocation,
    CUmemLocation_st__bindgen_ty_1, CUmemLocationType_enum,
};

use super::{fact, timed};
use crate::{
    cuda::Code,
    device::{Device, ms_since},
    setup::Setup,
};

/// Of an arena that a window's header would name.
const ARENA_BYTES: [usize; 2] = [1 << 38, 1 << 40];
const ARENAS: [u64; 5] = [0x2100_0000_0000, 0x3000_0000_0000, 0x0100_0000_0000, 0x4800_0000_0000, 0x7000_0000_0000];

pub(super) fn addresses(device: &Device, _setup: &Setup) -> Result<(), String> {
    let cuda = &device.cuda;
    for bits in [12, 18, 24, 30] {
        let mut address = 0;
        let (code, us) = timed(|| cuda.cuMemAlloc_v2(&mut address, 1 << bits));
        let (_, free_us) = timed(|| cuda.cuMemFree_v2(address));
        fact(
            format_args!("cuMemAlloc of 2^{bits}"),
            format_args!("{code} at {address:#x}, {us:.0} us; cuMemFree {free_us:.0} us"),
        );
    }
    let mut small = [0; 4];
    for address in &mut small {
        *address = device.alloc(100)?;
    }
    let distances: Vec<String> = small.windows(2).map(|pair| format!("{:+}", pair[1].wrapping_sub(pair[0]))).collect();
    fact("four allocations of 100 bytes", format_args!("{:#x} {}", small[0], distances.join(" ")));
    let heap = vec![0u8; 1 << 20];
    let library = cuda.address("cuInit").unwrap_or_default();
    fact(
        "this process",
        format_args!("stack {:p}, heap {:p}, library {library:p}", std::ptr::from_ref(&small), heap.as_ptr()),
    );
    for (hint, len) in ARENAS.into_iter().flat_map(|hint| ARENA_BYTES.map(|len| (hint, len))) {
        let mut address = 0;
        let code = cuda.cuMemAddressReserve(&mut address, len, 0, hint, 0);
        let place = if address == hint { "there".to_owned() } else { format!("at {address:#x}") };
        fact(format_args!("{} GiB reserved at {hint:#x}", len >> 30), format_args!("{code}, {place}"));
        if code.is_ok() {
            cuda.cuMemAddressFree(address, len).check("cuMemAddressFree")?;
        }
    }
    mapping(device)
}

/// Memory that is made and mapped as two things, and taken away while a kernel runs.
fn mapping(device: &Device) -> Result<(), String> {
    const RESERVED: usize = 1 << 32;
    const KERNEL_MS: u64 = 20;
    let cuda = &device.cuda;
    let location = CUmemLocation {
        type_: CUmemLocationType_enum::CU_MEM_LOCATION_TYPE_DEVICE,
        __bindgen_anon_1: CUmemLocation_st__bindgen_ty_1 { id: 0 },
    };
    let properties = CUmemAllocationProp {
        type_: CUmemAllocationType_enum::CU_MEM_ALLOCATION_TYPE_PINNED,
        location,
        ..CUmemAllocationProp::default()
    };
    let access = CUmemAccessDesc { location, flags: CUmemAccess_flags_enum::CU_MEM_ACCESS_FLAGS_PROT_READWRITE };
    let mut base = 0;
    let code = cuda.cuMemAddressReserve(&mut base, RESERVED, 0, ARENAS[0], 0);
    if !code.is_ok() {
        fact("memory that is mapped", format_args!("not tried: cuMemAddressReserve: {code}"));
        return Ok(());
    }
    for bits in [21, 26] {
        let (len, mut handle) = (1usize << bits, 0);
        let (created, create_us) = timed(|| cuda.cuMemCreate(&mut handle, len, &properties, 0));
        let (mapped, map_us) = timed(|| match cuda.cuMemMap(base, len, 0, handle, 0) {
            Code::OK => cuda.cuMemSetAccess(base, len, &access, 1),
            code => code,
        });
        device.wait(device.stream, KERNEL_MS).check("cuLaunchKernel")?;
        let started = std::time::Instant::now();
        let (unmapped, unmap_us) = timed(|| cuda.cuMemUnmap(base, len));
        let (_, release_us) = timed(|| cuda.cuMemRelease(handle));
        device.synchronize(device.stream).check("cuStreamSynchronize")?;
        fact(
            format_args!("2^{bits} mapped"),
            format_args!(
                "created {created} {create_us:.0} us, mapped {mapped} {map_us:.0} us; while a kernel of {KERNEL_MS} ms runs: \
                 unmapped {unmapped} {unmap_us:.0} us, released {release_us:.0} us, the kernel was done after {:.1} ms",
                ms_since(started)
            ),
        );
    }
    cuda.cuMemAddressFree(base, RESERVED).check("cuMemAddressFree")
}
