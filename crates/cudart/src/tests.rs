//! The runtime against the driver of [`crate::mock`], through its C interface where that has something to add.

use std::ffi::{c_int, c_uint, c_void};
use std::ptr::null_mut;

use vgpu_core::abi::runtime::{
    cudaError_t, cudaEvent_t, cudaFuncAttribute, cudaKernel_t, cudaLibrary_t, cudaMemcpyKind, cudaStream_t, dim3,
};

use crate::mock::{self, Launch};
use crate::registry::{self, Kind};

unsafe extern "C" {
    fn cudaLaunchKernel(
        func: *const c_void,
        grid: dim3,
        block: dim3,
        args: *mut *mut c_void,
        shared: usize,
        stream: cudaStream_t,
    ) -> cudaError_t;
    fn cudaLaunchKernel_ptsz(
        func: *const c_void,
        grid: dim3,
        block: dim3,
        args: *mut *mut c_void,
        shared: usize,
        stream: cudaStream_t,
    ) -> cudaError_t;
    fn cudaSetDevice(device: c_int) -> cudaError_t;
    fn cudaGetDevice(device: *mut c_int) -> cudaError_t;
    fn cudaSetValidDevices(devices: *mut c_int, len: c_int) -> cudaError_t;
    fn cudaDeviceReset() -> cudaError_t;
    fn cudaMalloc(address: *mut *mut c_void, bytes: usize) -> cudaError_t;
    fn cudaFree(address: *mut c_void) -> cudaError_t;
    fn cudaMemcpyToSymbol(
        symbol: *const c_void,
        source: *const c_void,
        count: usize,
        offset: usize,
        kind: cudaMemcpyKind,
    ) -> cudaError_t;
    fn cudaGetLastError() -> cudaError_t;
    fn cudaEventQuery(event: cudaEvent_t) -> cudaError_t;
    fn cudaEventSynchronize(event: cudaEvent_t) -> cudaError_t;
    fn cudaEventElapsedTime(ms: *mut f32, start: cudaEvent_t, end: cudaEvent_t) -> cudaError_t;
    fn cudaEventDestroy(event: cudaEvent_t) -> cudaError_t;
    fn cudaStreamDestroy(stream: cudaStream_t) -> cudaError_t;
    fn cudaLibraryGetKernelCount(count: *mut c_uint, library: cudaLibrary_t) -> cudaError_t;
    fn cudaLibraryUnload(library: cudaLibrary_t) -> cudaError_t;
    fn cudaKernelSetAttributeForDevice(
        kernel: cudaKernel_t,
        attribute: cudaFuncAttribute,
        value: c_int,
        device: c_int,
    ) -> cudaError_t;
}

const ONE: dim3 = dim3 { x: 1, y: 1, z: 1 };

/// An address that is a test's own.
fn stub(number: usize) -> *const c_void {
    std::ptr::without_provenance(0x5000_0000 + number * 16)
}

/// A program with one fatbin: its wrapper, as the compiler lays it out, leaks like a program's own data.
fn register(image: usize) -> *mut *mut c_void {
    let wrapper: &'static [usize; 3] = Box::leak(Box::new([0x1_4662_43b1, image, 0]));
    registry::add_fatbin(wrapper.as_ptr().cast())
}

fn launch(host: *const c_void) -> cudaError_t {
    // SAFETY: the mock reads no arguments.
    unsafe { cudaLaunchKernel(host, ONE, ONE, null_mut(), 0, null_mut()) }
}

fn launches_of(image: usize) -> Vec<Launch> {
    mock::look(|record| record.launches.iter().filter(|launch| launch.image == image).cloned().collect())
}

fn loads_of(image: usize) -> usize {
    mock::look(|record| record.loaded.iter().filter(|&&loaded| loaded == image).count())
}

#[test]
fn a_fatbin_is_loaded_at_its_first_launch_and_only_then() {
    let (used, unused) = (0xa001, 0xa002);
    registry::add_symbol(register(used), Kind::Function, stub(1), c"kernel".as_ptr());
    registry::add_symbol(register(unused), Kind::Function, stub(2), c"kernel".as_ptr());
    assert_eq!(loads_of(used), 0);
    assert_eq!([launch(stub(1)), launch(stub(1))], [cudaError_t::cudaSuccess; 2]);
    assert_eq!((loads_of(used), loads_of(unused), launches_of(used).len()), (1, 0, 2));
}

#[test]
fn a_kernel_name_means_the_kernel_of_its_own_fatbin() {
    let (first, second) = (0xb001, 0xb002);
    registry::add_symbol(register(first), Kind::Function, stub(11), c"same".as_ptr());
    registry::add_symbol(register(second), Kind::Function, stub(12), c"same".as_ptr());
    assert_eq!(launch(stub(12)), cudaError_t::cudaSuccess);
    assert_eq!((launches_of(first).len(), launches_of(second).len()), (0, 1));
}

#[test]
fn the_module_of_an_unregistered_fatbin_goes_with_the_next_call_and_the_context_stays() {
    let (gone, other) = (0xb101, 0xb102);
    let fatbin = register(gone);
    registry::add_symbol(fatbin, Kind::Function, stub(13), c"kernel".as_ptr());
    registry::add_symbol(register(other), Kind::Function, stub(14), c"kernel".as_ptr());
    assert_eq!(launch(stub(13)), cudaError_t::cudaSuccess);
    let unloads = || mock::look(|record| record.unloaded.iter().filter(|&&image| image == gone).count());

    registry::remove_fatbin(fatbin);
    // The calls of other tests unload it, too, and one of them may be about to.
    let calls = (0..1000).take_while(|_| unloads() == 0).map(|_| launch(stub(14))).collect::<Vec<_>>();

    assert!(calls.iter().all(|result| *result == cudaError_t::cudaSuccess));
    assert_eq!(unloads(), 1);
    assert_eq!(launch(stub(13)), cudaError_t::cudaErrorInvalidDeviceFunction);
    assert_eq!(launch(stub(14)), cudaError_t::cudaSuccess);
    assert!(launches_of(other).iter().all(|launch| launch.context == launches_of(gone)[0].context));
}

#[test]
fn a_kernel_that_the_image_lacks_is_an_invalid_device_function() {
    registry::add_symbol(register(0xc001), Kind::Function, stub(21), c"missing".as_ptr());
    assert_eq!(launch(stub(21)), cudaError_t::cudaErrorInvalidDeviceFunction);
    // SAFETY: takes nothing.
    let last = unsafe { cudaGetLastError() };
    assert_eq!(last, cudaError_t::cudaErrorInvalidDeviceFunction);
}

#[test]
fn the_null_stream_of_a_per_thread_program_is_the_threads_own() {
    let image = 0xd001;
    registry::add_symbol(register(image), Kind::Function, stub(31), c"kernel".as_ptr());
    // SAFETY: the mock reads no arguments.
    let launched = unsafe { cudaLaunchKernel_ptsz(stub(31), ONE, ONE, null_mut(), 0, null_mut()) };
    assert_eq!((launched, launch(stub(31))), (cudaError_t::cudaSuccess, cudaError_t::cudaSuccess));
    assert_eq!(launches_of(image).iter().map(|launch| launch.stream).collect::<Vec<_>>(), [2, 0]);
}

#[test]
fn an_empty_grid_is_an_invalid_configuration() {
    registry::add_symbol(register(0xe001), Kind::Function, stub(41), c"kernel".as_ptr());
    // SAFETY: the mock reads no arguments.
    let launched = unsafe { cudaLaunchKernel(stub(41), dim3 { x: 0, ..ONE }, ONE, null_mut(), 0, null_mut()) };
    assert_eq!(launched, cudaError_t::cudaErrorInvalidConfiguration);
}

#[test]
fn each_thread_starts_on_the_first_device_and_keeps_its_choice() {
    let mut device = -1;
    // SAFETY: the slot is a local.
    unsafe {
        assert_eq!((cudaGetDevice(&raw mut device), device), (cudaError_t::cudaSuccess, 0));
        assert_eq!(cudaSetDevice(7), cudaError_t::cudaErrorInvalidDevice);
    }
}

#[test]
fn after_a_reset_every_thread_gets_a_new_context_and_modules_are_loaded_anew() {
    let image = 0xf001;
    registry::add_symbol(register(image), Kind::Function, stub(51), c"kernel".as_ptr());
    let (start, wait) = (std::sync::mpsc::channel(), std::sync::mpsc::channel());
    let other = std::thread::spawn(move || {
        // SAFETY: takes a number.
        assert_eq!(unsafe { cudaSetDevice(1) }, cudaError_t::cudaSuccess);
        assert_eq!(launch(stub(51)), cudaError_t::cudaSuccess);
        start.0.send(()).expect("the test waits");
        wait.1.recv().expect("the test tells when");
        assert_eq!(launch(stub(51)), cudaError_t::cudaSuccess);
    });
    start.1.recv().expect("the thread tells when");
    // SAFETY: takes a number; takes nothing.
    let reset = unsafe { (cudaSetDevice(1), cudaDeviceReset()) };
    wait.0.send(()).expect("the thread waits");
    other.join().expect("the thread does not panic");
    assert_eq!(reset, (cudaError_t::cudaSuccess, cudaError_t::cudaSuccess));
    assert_eq!(loads_of(image), 2);
    let contexts: Vec<_> = launches_of(image).into_iter().map(|launch| launch.context).collect();
    assert_ne!(contexts[0], contexts[1]);
}

#[test]
fn no_bytes_are_no_memory_and_null_is_nothing_to_free() {
    let mut address = std::ptr::dangling_mut();
    // SAFETY: the slot is a local.
    let results = unsafe { (cudaMalloc(&raw mut address, 0), cudaFree(null_mut())) };
    assert_eq!((results, address), ((cudaError_t::cudaSuccess, cudaError_t::cudaSuccess), null_mut()));
}

#[test]
fn a_copy_must_stay_within_its_symbol() {
    registry::add_symbol(register(0x1001), Kind::Variable, stub(61), c"table".as_ptr());
    let bytes = [0u8; 64];
    // SAFETY: the mock's symbol is as long as the array, and a longer copy is refused.
    let copy =
        |count, offset, kind| unsafe { cudaMemcpyToSymbol(stub(61), bytes.as_ptr().cast(), count, offset, kind) };
    assert_eq!(copy(64, 0, cudaMemcpyKind::cudaMemcpyHostToDevice), cudaError_t::cudaSuccess);
    assert_eq!(copy(64, 1, cudaMemcpyKind::cudaMemcpyHostToDevice), cudaError_t::cudaErrorInvalidValue);
    assert_eq!(copy(1, usize::MAX, cudaMemcpyKind::cudaMemcpyHostToDevice), cudaError_t::cudaErrorInvalidValue);
    assert_eq!(copy(1, 0, cudaMemcpyKind::cudaMemcpyDeviceToHost), cudaError_t::cudaErrorInvalidMemcpyDirection);
}

#[test]
fn a_driver_function_that_is_not_there_needs_a_newer_driver() {
    let mut address = null_mut();
    // SAFETY: the slot is a local.
    let allocated = unsafe { cudaMalloc(&raw mut address, 8) };
    assert_eq!(allocated, cudaError_t::cudaErrorCallRequiresNewerDriver);
}

#[test]
fn a_list_of_devices_has_no_negative_length() {
    let mut devices = [0];
    // SAFETY: the list has one device, and no call reads more.
    let results = [-1, 1].map(|len| unsafe { cudaSetValidDevices(devices.as_mut_ptr(), len) });
    assert_eq!(results, [cudaError_t::cudaErrorInvalidValue, cudaError_t::cudaSuccess]);
}

#[test]
fn what_takes_a_handle_works_on_a_thread_without_a_context() {
    let calls: [fn() -> cudaError_t; 6] = [
        // SAFETY: the mock follows no handles, and slots outlive their calls.
        || unsafe { cudaEventQuery(null_mut()) },
        // SAFETY: as above.
        || unsafe { cudaEventSynchronize(null_mut()) },
        // SAFETY: as above.
        || unsafe { cudaEventElapsedTime(&mut 0.0, null_mut(), null_mut()) },
        // SAFETY: as above.
        || unsafe { cudaEventDestroy(null_mut()) },
        // SAFETY: as above.
        || unsafe { cudaStreamDestroy(null_mut()) },
        // SAFETY: as above.
        || unsafe { cudaLibraryGetKernelCount(&mut 0, null_mut()) },
    ];
    let results = calls.map(|call| std::thread::spawn(call).join().expect("it does not panic"));
    assert_eq!(results, [cudaError_t::cudaSuccess; 6]);
}

#[test]
fn a_library_that_does_not_load_can_be_unloaded() {
    let mut count = 0;
    // SAFETY: the mock follows no handles, and the slot is a local.
    let counted = unsafe { cudaLibraryGetKernelCount(&raw mut count, mock::FOREIGN_LIBRARY) };
    assert_eq!(counted, cudaError_t::cudaErrorNoKernelImageForDevice);
    // SAFETY: as above.
    assert_eq!(unsafe { cudaLibraryUnload(mock::FOREIGN_LIBRARY) }, cudaError_t::cudaSuccess);
}

#[test]
fn a_programs_own_kernel_has_attributes_on_a_device_that_is_not_the_threads() {
    let image = 0xf091;
    registry::add_symbol(register(image), Kind::Function, stub(91), c"kernel".as_ptr());
    let mut device = -1;
    // SAFETY: takes numbers and a stub's address; the slot is a local.
    let results = unsafe {
        [
            cudaKernelSetAttributeForDevice(stub(91).cast_mut().cast(), cudaFuncAttribute(8), 1, 1),
            cudaKernelSetAttributeForDevice(stub(92).cast_mut().cast(), cudaFuncAttribute(8), 1, 1),
            cudaGetDevice(&raw mut device),
        ]
    };
    let (success, none) = (cudaError_t::cudaSuccess, cudaError_t::cudaErrorInvalidResourceHandle);
    assert_eq!((results, device), ([success, none, success], 0));
    let set = mock::look(|record| record.attributes.iter().find(|set| set.0 == image).copied());
    assert!(set.is_some_and(|(_, context)| context != 0), "{set:?}");
}
