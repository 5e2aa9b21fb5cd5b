//! Modules, functions and launches.

use std::ffi::c_void;

use vgpu_core::abi::*;

use super::{ADD_ONE, TestContext, add_one, download, launch, name, ok, outcome, upload};
use crate::generated::exports::*;

const NULL: CUstream = std::ptr::null_mut();

#[test]
fn a_kernel_changes_what_its_parameter_points_to() {
    let _context = TestContext::new();
    let data = upload(&[10; 1000]);
    let function = add_one();
    assert_eq!(name(launch(function, data, 999, NULL)), "CUDA_SUCCESS");
    let mut expected = vec![11; 999];
    expected.push(10);
    assert_eq!(download(data, 1000), expected);
}

#[test]
fn parameters_may_come_in_one_buffer() {
    let _context = TestContext::new();
    let data = upload(&[1, 2]);
    let mut buffer = [0u8; 16];
    buffer[..8].copy_from_slice(&data.to_le_bytes());
    buffer[8..12].copy_from_slice(&2u32.to_le_bytes());
    let mut len = buffer.len();
    let key = std::ptr::without_provenance_mut::<c_void>;
    let mut extra = [key(1), buffer.as_mut_ptr().cast(), key(2), (&raw mut len).cast(), key(0)];
    ok!(cuLaunchKernel(add_one(), 1, 1, 1, 32, 1, 1, 0, NULL, std::ptr::null_mut(), extra.as_mut_ptr()));
    assert_eq!(download(data, 2), [2, 3]);
}

#[test]
fn bad_launches_are_refused_before_they_are_queued() {
    let _context = TestContext::new();
    let function = add_one();
    let none = std::ptr::null_mut();
    assert_eq!(outcome!(cuLaunchKernel(function, 0, 1, 1, 1, 1, 1, 0, NULL, none, none)), "CUDA_ERROR_INVALID_VALUE");
    assert_eq!(
        outcome!(cuLaunchKernel(function, 1, 1, 1, 4096, 1, 1, 0, NULL, none, none)),
        "CUDA_ERROR_INVALID_VALUE"
    );
    assert_eq!(outcome!(cuLaunchKernel(function, 1, 1, 1, 1, 1, 1, 0, NULL, none, none)), "CUDA_ERROR_INVALID_VALUE");
    let invented = std::ptr::without_provenance_mut(0x1234_5678);
    assert_eq!(name(launch(invented, 0, 1, NULL)), "CUDA_ERROR_INVALID_HANDLE");
    assert_eq!(name(launch(function, 0, 1, std::ptr::without_provenance_mut(77))), "CUDA_ERROR_INVALID_HANDLE");
    ok!(cuCtxSynchronize());
}

#[test]
fn a_function_knows_its_parameters_and_attributes() {
    let _context = TestContext::new();
    let function = add_one();
    let (mut offset, mut size, mut count, mut value) = (0, 0, 0, 0);
    ok!(cuFuncGetParamInfo(function, 1, &mut offset, &mut size));
    assert_eq!((offset, size), (8, 4));
    assert_eq!(outcome!(cuFuncGetParamInfo(function, 2, &mut offset, &mut size)), "CUDA_ERROR_INVALID_VALUE");
    ok!(cuFuncGetParamCount(function, &mut count));
    assert_eq!(count, 2);
    ok!(cuFuncGetAttribute(&mut value, CUfunction_attribute::CU_FUNC_ATTRIBUTE_PTX_VERSION, function));
    assert_eq!(value, 70);
    let shared = CUfunction_attribute::CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES;
    ok!(cuFuncSetAttribute(function, shared, 60_000));
    ok!(cuFuncGetAttribute(&mut value, shared, function));
    assert_eq!(value, 60_000);
    assert_eq!(outcome!(cuFuncSetAttribute(function, shared, 1 << 30)), "CUDA_ERROR_INVALID_VALUE");
    assert_eq!(outcome!(cuFuncSetAttribute(function, shared, -1)), "CUDA_ERROR_INVALID_VALUE");
    let carveout = CUfunction_attribute::CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT;
    ok!(cuFuncGetAttribute(&mut value, carveout, function));
    assert_eq!(value, -1);
    ok!(cuFuncSetAttribute(function, carveout, 50));
    ok!(cuFuncGetAttribute(&mut value, carveout, function));
    assert_eq!(value, 50);
    for wrong in [101, -2] {
        assert_eq!(outcome!(cuFuncSetAttribute(function, carveout, wrong)), "CUDA_ERROR_INVALID_VALUE");
    }
    // A cluster, on a device without; what can only be read; what there is not.
    let set = |attribute| outcome!(cuFuncSetAttribute(function, CUfunction_attribute(attribute), 1));
    assert_eq!([11, 14, 15].map(set), ["CUDA_ERROR_NOT_SUPPORTED"; 3]);
    assert_eq!([0, 7, 10, 18, u32::MAX].map(set), ["CUDA_ERROR_INVALID_VALUE"; 5]);
    let unknown = CUfunction_attribute::CU_FUNC_ATTRIBUTE_MAX;
    assert_eq!(outcome!(cuFuncGetAttribute(&mut value, unknown, function)), "CUDA_ERROR_INVALID_VALUE");
    ok!(cuCtxSynchronize());
}

#[test]
fn a_module_has_variables_and_only_its_own_names() {
    let _context = TestContext::new();
    let mut module = std::ptr::null_mut();
    ok!(cuModuleLoadData(&mut module, ADD_ONE.as_ptr().cast()));
    let (mut address, mut bytes) = (0, 0);
    ok!(cuModuleGetGlobal_v2(&mut address, &mut bytes, module, c"counter".as_ptr()));
    assert_eq!((bytes, download(address, 1)), (4, vec![7]));
    let mut function = std::ptr::null_mut();
    assert_eq!(outcome!(cuModuleGetFunction(&mut function, module, c"missing".as_ptr())), "CUDA_ERROR_NOT_FOUND");
    let mut count = 0;
    ok!(cuModuleGetFunctionCount(&mut count, module));
    assert_eq!(count, 1);
    ok!(cuModuleUnload(module));
    assert_eq!(outcome!(cuModuleUnload(module)), "CUDA_ERROR_INVALID_HANDLE");
}

#[test]
fn a_refused_image_is_explained_in_the_programs_log_buffer() {
    let _context = TestContext::new();
    let mut module = std::ptr::null_mut();
    let mut log = [0u8; 256];
    let mut options = [CUjit_option::CU_JIT_ERROR_LOG_BUFFER, CUjit_option::CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES];
    let mut values = [log.as_mut_ptr().cast(), std::ptr::without_provenance_mut::<c_void>(log.len())];
    let image = c".version 7.0\n.target sm_70\n.address_size 64\n.visible .entrance f() {}\n";
    let result =
        outcome!(cuModuleLoadDataEx(&mut module, image.as_ptr().cast(), 2, options.as_mut_ptr(), values.as_mut_ptr()));
    assert_ne!(result, "CUDA_SUCCESS");
    let used = values[1].addr();
    assert!(used > 1 && used <= log.len(), "{used} bytes of log");
    assert_eq!(log[used - 1], 0);
}

#[test]
fn a_librarys_kernel_can_be_launched_as_a_function() {
    let _context = TestContext::new();
    let (mut library, mut kernel) = (std::ptr::null_mut(), std::ptr::null_mut());
    let (options, values) = (std::ptr::null_mut(), std::ptr::null_mut());
    let (more, more_values) = (std::ptr::null_mut(), std::ptr::null_mut());
    ok!(cuLibraryLoadData(&mut library, ADD_ONE.as_ptr().cast(), options, values, 0, more, more_values, 0));
    ok!(cuLibraryGetKernel(&mut kernel, library, c"add_one".as_ptr()));
    let data = upload(&[1]);
    assert_eq!(name(launch(kernel.cast(), data, 1, NULL)), "CUDA_SUCCESS");
    assert_eq!(download(data, 1), [2]);
    ok!(cuLibraryUnload(library));
    assert_eq!(name(launch(kernel.cast(), data, 1, NULL)), "CUDA_ERROR_INVALID_HANDLE");
}

#[test]
fn a_librarys_module_is_unloaded_with_it_only() {
    let _context = TestContext::new();
    let (mut library, mut module) = (std::ptr::null_mut(), std::ptr::null_mut());
    let (options, values) = (std::ptr::null_mut(), std::ptr::null_mut());
    let (more, more_values) = (std::ptr::null_mut(), std::ptr::null_mut());
    ok!(cuLibraryLoadData(&mut library, ADD_ONE.as_ptr().cast(), options, values, 0, more, more_values, 0));
    ok!(cuLibraryGetModule(&mut module, library));
    assert_eq!(outcome!(cuModuleUnload(module)), "CUDA_ERROR_NOT_PERMITTED");
    ok!(cuLibraryUnload(library));
    assert_eq!(outcome!(cuModuleUnload(module)), "CUDA_ERROR_INVALID_HANDLE");
}

#[test]
fn nothing_has_no_name_and_is_no_handle_either() {
    let _context = TestContext::new();
    let mut name = std::ptr::null();
    assert_eq!(outcome!(cuFuncGetName(&mut name, std::ptr::null_mut())), "CUDA_ERROR_INVALID_VALUE");
    assert_eq!(outcome!(cuKernelGetName(&mut name, std::ptr::null_mut())), "CUDA_ERROR_INVALID_VALUE");
    let invented = std::ptr::without_provenance_mut::<c_void>(0x7fff_0000_1234);
    assert_eq!(outcome!(cuFuncGetName(&mut name, invented.cast())), "CUDA_ERROR_INVALID_HANDLE");
    assert_eq!(outcome!(cuKernelGetName(&mut name, invented.cast())), "CUDA_ERROR_INVALID_HANDLE");
}

#[test]
fn occupancy_is_positive_and_bounded_by_the_device() {
    let _context = TestContext::new();
    let (mut blocks, mut grid, mut block) = (0, 0, 0);
    ok!(cuOccupancyMaxActiveBlocksPerMultiprocessor(&mut blocks, add_one(), 128, 0));
    assert!((1..=32).contains(&blocks), "{blocks}");
    ok!(cuOccupancyMaxPotentialBlockSize(&mut grid, &mut block, add_one(), None, 0, 0));
    assert!(block > 0 && block % 32 == 0 && grid > 0, "{block} {grid}");
}
