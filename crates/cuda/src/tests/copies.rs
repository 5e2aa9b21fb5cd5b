//! Copies, fills and pointer queries.

use vgpu_core::abi::*;

use super::{TestContext, alloc, download, ok, outcome, stream, upload};
use crate::generated::exports::*;

#[test]
fn bytes_survive_the_way_there_and_back() {
    let _context = TestContext::new();
    for count in [1, 1023, 1024, 1025, 3_000_000] {
        let values: Vec<u32> = (0..count).map(|i: u32| i.wrapping_mul(2_654_435_761)).collect();
        let address = upload(&values);
        assert_eq!(download(address, values.len()), values);
        ok!(cuMemFree_v2(address));
    }
}

#[test]
fn a_copy_past_the_end_of_an_allocation_is_invalid() {
    let _context = TestContext::new();
    let (address, mut bytes) = (alloc(16), [0u8; 17]);
    assert_eq!(outcome!(cuMemcpyHtoD_v2(address, bytes.as_ptr().cast(), 17)), "CUDA_ERROR_INVALID_VALUE");
    assert_eq!(outcome!(cuMemcpyDtoH_v2(bytes.as_mut_ptr().cast(), address + 1, 16)), "CUDA_ERROR_INVALID_VALUE");
    assert_eq!(outcome!(cuMemsetD8_v2(address, 0, 17)), "CUDA_ERROR_INVALID_VALUE");
}

#[test]
fn the_source_of_a_pageable_copy_may_change_on_return() {
    let _context = TestContext::new();
    let stream = stream();
    let (address, mut values) = (alloc(1 << 20), vec![5u32; 1 << 18]);
    ok!(cuMemcpyHtoDAsync_v2(address, values.as_ptr().cast(), 1 << 20, stream));
    values.fill(6);
    ok!(cuStreamSynchronize(stream));
    assert_eq!(download(address, 1 << 18), vec![5; 1 << 18]);
}

#[test]
fn pinned_memory_is_copied_in_stream_order() {
    let _context = TestContext::new();
    let stream = stream();
    let mut host = std::ptr::null_mut();
    ok!(cuMemAllocHost_v2(&mut host, 4096));
    let host = host.cast::<u32>();
    let address = alloc(4096);
    ok!(cuMemsetD32Async(address, 9, 1024, stream));
    ok!(cuMemcpyDtoHAsync_v2(host.cast(), address, 4096, stream));
    ok!(cuStreamSynchronize(stream));
    // SAFETY: the allocation holds 1024 words, and no copy is under way.
    let words = unsafe { std::slice::from_raw_parts(host, 1024) };
    assert_eq!(words, [9; 1024]);
    ok!(cuMemFreeHost(host.cast()));
    assert_eq!(outcome!(cuMemFreeHost(host.cast())), "CUDA_ERROR_INVALID_VALUE");
}

#[test]
fn rows_are_packed_and_unpacked_by_their_pitches() {
    let _context = TestContext::new();
    let (mut pitched, mut pitch) = (0, 0);
    ok!(cuMemAllocPitch_v2(&mut pitched, &mut pitch, 12, 3, 4));
    let source: Vec<u32> = (0..15).collect();
    let mut target = [0u32; 12];
    let copy = CUDA_MEMCPY2D {
        srcMemoryType: CUmemorytype::CU_MEMORYTYPE_HOST,
        srcHost: source.as_ptr().cast(),
        srcXInBytes: 4,
        srcPitch: 20,
        dstMemoryType: CUmemorytype::CU_MEMORYTYPE_DEVICE,
        dstDevice: pitched,
        dstPitch: pitch,
        WidthInBytes: 12,
        Height: 3,
        ..Default::default()
    };
    ok!(cuMemcpy2D_v2(&copy));
    let back = CUDA_MEMCPY2D {
        srcMemoryType: CUmemorytype::CU_MEMORYTYPE_UNIFIED,
        srcDevice: pitched,
        srcPitch: pitch,
        dstMemoryType: CUmemorytype::CU_MEMORYTYPE_HOST,
        dstHost: target.as_mut_ptr().cast(),
        dstPitch: 16,
        WidthInBytes: 12,
        Height: 3,
        ..Default::default()
    };
    ok!(cuMemcpy2DAsync_v2(&back, std::ptr::null_mut()));
    assert_eq!(target, [1, 2, 3, 0, 6, 7, 8, 0, 11, 12, 13, 0]);
}

#[test]
fn unified_copies_find_out_where_addresses_lead() {
    let _context = TestContext::new();
    let source = [1u32, 2, 3, 4];
    let mut target = [0u32; 4];
    let device = alloc(16);
    ok!(cuMemcpy(device, source.as_ptr().expose_provenance() as u64, 16));
    ok!(cuMemcpy(target.as_mut_ptr().expose_provenance() as u64, device, 16));
    assert_eq!(target, source);
}

#[test]
fn pointer_queries_tell_device_pinned_and_unknown_memory_apart() {
    let context = TestContext::new();
    let address = alloc(100);
    let mut host = std::ptr::null_mut();
    ok!(cuMemHostAlloc(&mut host, 100, 2));
    let mut kind = 0u32;
    let mut owner: CUcontext = std::ptr::null_mut();
    let attribute = CUpointer_attribute::CU_POINTER_ATTRIBUTE_MEMORY_TYPE;
    ok!(cuPointerGetAttribute((&raw mut kind).cast(), attribute, address + 99));
    assert_eq!(kind, CUmemorytype::CU_MEMORYTYPE_DEVICE.0);
    ok!(cuPointerGetAttribute((&raw mut owner).cast(), CUpointer_attribute::CU_POINTER_ATTRIBUTE_CONTEXT, address));
    assert_eq!(owner, context.0);
    ok!(cuPointerGetAttribute((&raw mut kind).cast(), attribute, host.addr() as u64));
    assert_eq!(kind, CUmemorytype::CU_MEMORYTYPE_HOST.0);
    let unknown = (&raw const kind).addr() as u64;
    assert_eq!(outcome!(cuPointerGetAttribute((&raw mut kind).cast(), attribute, unknown)), "CUDA_ERROR_INVALID_VALUE");
    let (mut base, mut len) = (0, 0);
    ok!(cuMemGetAddressRange_v2(&mut base, &mut len, address + 7));
    assert_eq!((base, len), (address, 100));
}

#[test]
fn registered_memory_is_reached_where_it_lies_until_it_is_unregistered() {
    let _context = TestContext::new();
    let (stream, address) = (stream(), alloc(4096));
    let mut memory = vec![0u8; 4096];
    let host = memory.as_mut_ptr().cast();
    ok!(cuMemHostRegister_v2(host, 4096, CU_MEMHOSTREGISTER_DEVICEMAP));
    assert_eq!(outcome!(cuMemHostRegister_v2(host, 16, 1)), "CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED");
    let mut device = 0;
    ok!(cuMemHostGetDevicePointer_v2(&mut device, host.wrapping_byte_add(8), 0));
    assert_eq!(device, host.addr() as u64 + 8);
    // Filled, copied away and back further on, all in order.
    ok!(cuMemsetD8Async(device, 7, 8, stream));
    ok!(cuMemcpyHtoDAsync_v2(address, host, 32, stream));
    ok!(cuMemcpyDtoHAsync_v2(host.wrapping_byte_add(32), address, 32, stream));
    ok!(cuStreamSynchronize(stream));
    let expected = [[0; 8], [7; 8], [0; 8], [0; 8], [0; 8], [7; 8], [0; 8], [0; 8]].concat();
    assert_eq!(memory[..64], expected);
    // Partly registered.
    assert_eq!(outcome!(cuMemcpyHtoD_v2(address, host.wrapping_byte_add(4090), 8)), "CUDA_ERROR_INVALID_VALUE");
    ok!(cuMemHostUnregister(host));
    assert_eq!(outcome!(cuMemHostUnregister(host)), "CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED");
    assert_eq!(outcome!(cuMemsetD8_v2(device, 1, 1)), "CUDA_ERROR_INVALID_VALUE");
    ok!(cuMemcpyHtoD_v2(address, host, 32));
}

#[test]
fn memory_that_the_device_must_not_write_to_stays_out_of_its_reach() {
    let _context = TestContext::new();
    let mut memory = vec![0u8; 4096];
    let host = memory.as_mut_ptr().cast();
    let mut device = 0;
    ok!(cuMemHostRegister_v2(host, 4096, CU_MEMHOSTREGISTER_READ_ONLY));
    assert_eq!(outcome!(cuMemHostGetDevicePointer_v2(&mut device, host, 0)), "CUDA_ERROR_NOT_SUPPORTED");
    ok!(cuMemHostUnregister(host));
    for more in [CU_MEMHOSTREGISTER_DEVICEMAP, CU_MEMHOSTREGISTER_IOMEMORY] {
        let flags = CU_MEMHOSTREGISTER_READ_ONLY | more;
        assert_eq!(outcome!(cuMemHostRegister_v2(host, 4096, flags)), "CUDA_ERROR_NOT_SUPPORTED");
    }
}

#[test]
fn managed_memory_is_attached_globally_or_to_the_host() {
    let _context = TestContext::new();
    let mut address = 0;
    for flags in [0, 3, 4] {
        assert_eq!(outcome!(cuMemAllocManaged(&mut address, 64, flags)), "CUDA_ERROR_INVALID_VALUE", "{flags}");
    }
}
