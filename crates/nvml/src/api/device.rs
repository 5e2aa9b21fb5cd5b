//! Device queries.

use std::ffi::{c_char, c_int, c_uint};

use vgpu_core::abi::CUdevice_attribute;
use vgpu_core::abi::nvml::{
    nvmlBrandType_t, nvmlComputeMode_t, nvmlDevice_t, nvmlDeviceArchitecture_t, nvmlEnableState_t, nvmlMemory_t,
    nvmlMemory_v2_t, nvmlPciInfo_t, nvmlPciInfoExt_t, nvmlPcieUtilCounter_t, nvmlProcessInfo_v1_t,
    nvmlProcessInfo_v2_t,
};
use vgpu_core::ffi::{InOut, Out, OutSlice, Str};
use vgpu_core::reading::Reading;

use super::reading::{Number, numbers, texts};
use super::write_text;
use crate::device::{Device, PciAddress};
use crate::error::{NvmlError, NvmlResult};
use crate::session;

pub(crate) fn nvmlDeviceGetCount_v2(deviceCount: Out<c_uint>) -> NvmlResult {
    let count = session::current()?.devices().len();
    deviceCount.write(c_uint::try_from(count).map_err(|_| NvmlError::UNKNOWN)?);
    Ok(())
}

pub(crate) fn nvmlDeviceGetHandleByIndex_v2(index: c_uint, device: Out<nvmlDevice_t>) -> NvmlResult {
    session::current()?.device(index)?;
    device.write(session::handle_of(usize::try_from(index).map_err(|_| NvmlError::INVALID_ARGUMENT)?));
    Ok(())
}

pub(crate) fn nvmlDeviceGetHandleByUUID(uuid: Str, device: Out<nvmlDevice_t>) -> NvmlResult {
    let wanted = uuid.to_bytes();
    device.write(session::current()?.find(|found| found.uuid().as_bytes().eq_ignore_ascii_case(wanted))?);
    Ok(())
}

/// `pciBusId` as `[domain:]bus:device[.function]`, hexadecimal.
pub(crate) fn nvmlDeviceGetHandleByPciBusId_v2(pciBusId: Str, device: Out<nvmlDevice_t>) -> NvmlResult {
    let session = session::current()?;
    let wanted = PciAddress::parse(pciBusId.to_str()?).ok_or(NvmlError::INVALID_ARGUMENT)?;
    device.write(session.find(|found| found.pci() == wanted)?);
    Ok(())
}

pub(crate) fn nvmlDeviceGetName(device: nvmlDevice_t, name: OutSlice<c_char>, _length: c_uint) -> NvmlResult {
    session::with_device(device, |device| write_text(name, device.name()))
}

pub(crate) fn nvmlDeviceGetUUID(device: nvmlDevice_t, uuid: OutSlice<c_char>, _length: c_uint) -> NvmlResult {
    session::with_device(device, |device| write_text(uuid, device.uuid()))
}

pub(crate) fn nvmlDeviceGetIndex(device: nvmlDevice_t, index: Out<c_uint>) -> NvmlResult {
    session::with_device(device, |_| Ok(()))?;
    index.write(session::index_of(device)?);
    Ok(())
}

/// There are no device files, so the number is the index, as on a machine with one driver.
pub(crate) fn nvmlDeviceGetMinorNumber(device: nvmlDevice_t, minorNumber: Out<c_uint>) -> NvmlResult {
    nvmlDeviceGetIndex(device, minorNumber)
}

pub(crate) fn nvmlDeviceGetCudaComputeCapability(
    device: nvmlDevice_t,
    major: Out<c_int>,
    minor: Out<c_int>,
) -> NvmlResult {
    let capability = session::with_device(device, |device| Ok(device.capability()))?;
    major.write(capability.0);
    minor.write(capability.1);
    Ok(())
}

pub(crate) fn nvmlDeviceGetArchitecture(device: nvmlDevice_t, arch: Out<nvmlDeviceArchitecture_t>) -> NvmlResult {
    arch.write(session::with_device(device, |device| Ok(device.architecture()))?);
    Ok(())
}

pub(crate) fn nvmlDeviceGetComputeMode(device: nvmlDevice_t, mode: Out<nvmlComputeMode_t>) -> NvmlResult {
    let found = session::with_device(device, |device| {
        Ok(device.attribute(CUdevice_attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_MODE))
    })?;
    mode.write(nvmlComputeMode_t(found.cast_unsigned()));
    Ok(())
}

pub(crate) fn nvmlDeviceGetMultiGpuBoard(device: nvmlDevice_t, multiGpuBool: Out<c_uint>) -> NvmlResult {
    let found = session::with_device(device, |device| {
        Ok(device.attribute(CUdevice_attribute::CU_DEVICE_ATTRIBUTE_MULTI_GPU_BOARD))
    })?;
    multiGpuBool.write(c_uint::from(found != 0));
    Ok(())
}

// ---- PCI -------------------------------------------------------------------------------------------------------

/// Device and subsystem numbers are 0 where the device does not state any.
pub(crate) fn nvmlDeviceGetPciInfo_v3(device: nvmlDevice_t, pci: Out<nvmlPciInfo_t>) -> NvmlResult {
    pci.write(session::with_device(device, |device| Ok(pci_info(device)))?);
    Ok(())
}

/// The struct of that time ends before the long bus id.
pub(crate) unsafe fn nvmlDeviceGetPciInfo_v2(device: nvmlDevice_t, pci: *mut nvmlPciInfo_t) -> NvmlResult {
    // SAFETY: the caller's struct has room for the members up to the subsystem's number.
    unsafe { write_front(device, pci, std::mem::offset_of!(nvmlPciInfo_t, busId)) }
}

/// The struct of that time ends before the subsystem's number.
pub(crate) unsafe fn nvmlDeviceGetPciInfo(device: nvmlDevice_t, pci: *mut nvmlPciInfo_t) -> NvmlResult {
    // SAFETY: the caller's struct has room for the members up to the device's number.
    unsafe { write_front(device, pci, std::mem::offset_of!(nvmlPciInfo_t, pciSubSystemId)) }
}

/// # Safety
/// A non-null `pci` is writable for `len_bytes`.
unsafe fn write_front(device: nvmlDevice_t, pci: *mut nvmlPciInfo_t, len_bytes: usize) -> NvmlResult {
    let found = session::with_device(device, |device| Ok(pci_info(device)))?;
    if pci.is_null() {
        return Err(NvmlError::INVALID_ARGUMENT);
    }
    // SAFETY: the length is within the struct that is read, and the caller has room for it.
    unsafe { std::ptr::copy_nonoverlapping((&raw const found).cast::<u8>(), pci.cast(), len_bytes) };
    Ok(())
}

pub(crate) fn nvmlDeviceGetPciInfoExt(device: nvmlDevice_t, mut pci: InOut<nvmlPciInfoExt_t>) -> NvmlResult {
    let found = session::with_device(device, |device| Ok(pci_info(device)))?;
    let mut info = pci.read();
    check_version::<nvmlPciInfoExt_t>(info.version, 1)?;
    (info.domain, info.bus, info.device) = (found.domain, found.bus, found.device);
    (info.pciDeviceId, info.pciSubSystemId) = (found.pciDeviceId, found.pciSubSystemId);
    // A 3D controller, as GPUs without a display are.
    (info.baseClass, info.subClass) = (3, 2);
    info.busId = found.busId;
    pci.write(info);
    Ok(())
}

fn pci_info(device: &Device) -> nvmlPciInfo_t {
    let address = device.pci();
    let number = |attribute| device.attribute(attribute).cast_unsigned();
    nvmlPciInfo_t {
        busIdLegacy: chars(&address.legacy_text()),
        domain: address.domain,
        bus: address.bus,
        device: address.device,
        pciDeviceId: number(CUdevice_attribute::CU_DEVICE_ATTRIBUTE_GPU_PCI_DEVICE_ID),
        pciSubSystemId: number(CUdevice_attribute::CU_DEVICE_ATTRIBUTE_GPU_PCI_SUBSYSTEM_ID),
        busId: chars(&address.text()),
    }
}

/// A text in a struct: as much as fits, always ended by a NUL.
fn chars<const N: usize>(text: &str) -> [c_char; N] {
    let mut chars = [0; N];
    for (slot, byte) in chars.iter_mut().take(N - 1).zip(text.bytes()) {
        *slot = byte.cast_signed();
    }
    chars
}

// ---- memory and processes --------------------------------------------------------------------------------------

pub(crate) fn nvmlDeviceGetMemoryInfo(device: nvmlDevice_t, memory: Out<nvmlMemory_t>) -> NvmlResult {
    let (total, free) = memory_of(device)?;
    memory.write(nvmlMemory_t { total, free, used: total.saturating_sub(free) });
    Ok(())
}

/// The caller says which version of the struct it has. No memory is reserved.
pub(crate) fn nvmlDeviceGetMemoryInfo_v2(device: nvmlDevice_t, mut memory: InOut<nvmlMemory_v2_t>) -> NvmlResult {
    let version = memory.read().version;
    check_version::<nvmlMemory_v2_t>(version, 2)?;
    let (total, free) = memory_of(device)?;
    memory.write(nvmlMemory_v2_t { version, total, reserved: 0, free, used: total.saturating_sub(free) });
    Ok(())
}

/// Total and free bytes over all users of the device.
fn memory_of(device: nvmlDevice_t) -> NvmlResult<(u64, u64)> {
    let session = session::current()?;
    let index = session::index_of(device)?;
    let found = session.memory(index)?;
    Ok((found.total_bytes, found.free_bytes))
}

/// A struct's version is its size with a number in the highest byte.
fn check_version<T>(version: c_uint, number: u32) -> NvmlResult {
    let wanted = u32::try_from(size_of::<T>()).map_or(0, |size| size | number << 24);
    if version == wanted { Ok(()) } else { Err(NvmlError::VERSION_MISMATCH) }
}

/// A struct that describes a process, in one of its versions.
pub(crate) trait ProcessInfo: Copy {
    fn new(pid: c_uint, used_bytes: u64) -> Self;
}

impl ProcessInfo for nvmlProcessInfo_v1_t {
    fn new(pid: c_uint, used_bytes: u64) -> Self {
        Self { pid, usedGpuMemory: used_bytes }
    }
}

impl ProcessInfo for nvmlProcessInfo_v2_t {
    /// Without instances their numbers are all ones.
    fn new(pid: c_uint, used_bytes: u64) -> Self {
        Self { pid, usedGpuMemory: used_bytes, gpuInstanceId: c_uint::MAX, computeInstanceId: c_uint::MAX }
    }
}

/// Lists processes into the caller's array of `infoCount` structs, and says how many there are.
///
/// # Errors
/// `INSUFFICIENT_SIZE`: there are more, and `infoCount` says how many.
///
/// # Safety
/// `infos` has room for as many structs as `infoCount` says.
unsafe fn list<P: ProcessInfo>(processes: &[P], mut infoCount: InOut<c_uint>, infos: *mut P) -> NvmlResult {
    let room = infoCount.read();
    let count = c_uint::try_from(processes.len()).map_err(|_| NvmlError::UNKNOWN)?;
    infoCount.write(count);
    if count > room {
        return Err(NvmlError::INSUFFICIENT_SIZE);
    }
    if count > 0 && infos.is_null() {
        return Err(NvmlError::INVALID_ARGUMENT);
    }
    if count > 0 {
        // SAFETY: the caller's array has room for `count` structs.
        unsafe { std::ptr::copy_nonoverlapping(processes.as_ptr(), infos, processes.len()) };
    }
    Ok(())
}

fn processes_of<P: ProcessInfo>(device: nvmlDevice_t) -> NvmlResult<Vec<P>> {
    let session = session::current()?;
    let index = session::index_of(device)?;
    let found = session.processes(index)?;
    Ok(found.into_iter().map(|process| P::new(process.pid, process.used_bytes)).collect())
}

pub(crate) unsafe fn nvmlDeviceGetComputeRunningProcesses(
    device: nvmlDevice_t,
    infoCount: InOut<c_uint>,
    infos: *mut nvmlProcessInfo_v1_t,
) -> NvmlResult {
    // SAFETY: the caller's array is passed through.
    unsafe { list(&processes_of(device)?, infoCount, infos) }
}

pub(crate) unsafe fn nvmlDeviceGetComputeRunningProcesses_v3(
    device: nvmlDevice_t,
    infoCount: InOut<c_uint>,
    infos: *mut nvmlProcessInfo_v2_t,
) -> NvmlResult {
    // SAFETY: as above.
    unsafe { list(&processes_of(device)?, infoCount, infos) }
}

/// Nothing draws on these devices, and no server shares them.
pub(crate) unsafe fn nvmlDeviceGetGraphicsRunningProcesses(
    device: nvmlDevice_t,
    infoCount: InOut<c_uint>,
    infos: *mut nvmlProcessInfo_v1_t,
) -> NvmlResult {
    session::with_device(device, |_| Ok(()))?;
    // SAFETY: as above.
    unsafe { list(&[], infoCount, infos) }
}

pub(crate) unsafe fn nvmlDeviceGetGraphicsRunningProcesses_v3(
    device: nvmlDevice_t,
    infoCount: InOut<c_uint>,
    infos: *mut nvmlProcessInfo_v2_t,
) -> NvmlResult {
    session::with_device(device, |_| Ok(()))?;
    // SAFETY: as above.
    unsafe { list(&[], infoCount, infos) }
}

// ---- what the host says ----------------------------------------------------------------------------------------

numbers! {
    nvmlDeviceGetBoardId(device; boardId: c_uint) = BoardId;
    nvmlDeviceGetPersistenceMode(device; mode: nvmlEnableState_t) = PersistenceMode;
    nvmlDeviceGetDisplayMode(device; display: nvmlEnableState_t) = DisplayMode;
    nvmlDeviceGetDisplayActive(device; isActive: nvmlEnableState_t) = DisplayActive;
    nvmlDeviceGetEccMode(device; current: nvmlEnableState_t, pending: nvmlEnableState_t) = EccMode;
    nvmlDeviceGetCurrPcieLinkGeneration(device; currLinkGen: c_uint) = PcieGeneration;
    nvmlDeviceGetCurrPcieLinkWidth(device; currLinkWidth: c_uint) = PcieWidth;
    nvmlDeviceGetMaxPcieLinkGeneration(device; maxLinkGen: c_uint) = MaxPcieGeneration;
    nvmlDeviceGetMaxPcieLinkWidth(device; maxLinkWidth: c_uint) = MaxPcieWidth;
    nvmlDeviceGetPcieThroughput(device, counter: nvmlPcieUtilCounter_t; value: c_uint) = PcieThroughput;
    nvmlDeviceGetNumGpuCores(device; numCores: c_uint) = GpuCores;
    nvmlDeviceGetMemoryBusWidth(device; busWidth: c_uint) = MemoryBusWidth;
}

texts! {
    nvmlDeviceGetSerial(serial) = Serial;
    nvmlDeviceGetVbiosVersion(version) = VbiosVersion;
    nvmlDeviceGetBoardPartNumber(partNumber) = BoardPartNumber;
}

/// A device is of no brand where nobody knows it.
pub(crate) fn nvmlDeviceGetBrand(device: nvmlDevice_t, type_: Out<nvmlBrandType_t>) -> NvmlResult {
    let brand = match session::read(device, Reading::Brand, 0) {
        Ok(read) => Number::of(read.values[0])?,
        Err(NvmlError::NOT_SUPPORTED) => nvmlBrandType_t::NVML_BRAND_UNKNOWN,
        Err(error) => return Err(error),
    };
    type_.write(brand);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::tests::device;

    #[test]
    fn a_text_in_a_struct_is_cut_to_leave_its_nul() {
        assert_eq!(chars::<4>("abcdef"), [0x61, 0x62, 0x63, 0]);
        assert_eq!(chars::<4>("a"), [0x61, 0, 0, 0]);
    }

    #[test]
    fn pci_info_is_written_in_both_lengths() {
        let info = pci_info(&device((7, 5)));
        assert_eq!(info.busIdLegacy, chars("0001:2B:03.0"));
        assert_eq!(info.busId, chars("00000001:2B:03.0"));
        assert_eq!((info.pciDeviceId, info.pciSubSystemId), (0, 0));
    }

    #[test]
    fn a_struct_version_is_its_size_and_number() {
        assert_eq!(check_version::<nvmlMemory_v2_t>(0x0200_0028, 2), Ok(()));
        assert_eq!(check_version::<nvmlMemory_v2_t>(0x0300_0028, 2), Err(NvmlError::VERSION_MISMATCH));
    }

    #[test]
    fn too_small_a_list_says_how_many_processes_there_are() {
        let processes = [nvmlProcessInfo_v1_t::new(1, 2), nvmlProcessInfo_v1_t::new(3, 4)];
        let mut count = 1;
        // SAFETY: the count is a local.
        let slot = unsafe { InOut::new(&raw mut count) }.expect("it is not null");
        // SAFETY: nothing is written to an array that is too small.
        let listed = unsafe { list(&processes, slot, std::ptr::null_mut()) };
        assert_eq!(listed, Err(NvmlError::INSUFFICIENT_SIZE));
        assert_eq!(count, 2);
    }

    #[test]
    fn every_query_needs_init() {
        let mut count = 0;
        assert_eq!(nvmlDeviceGetCount_v2((&mut count).into()), Err(NvmlError::UNINITIALIZED));
        assert_eq!(memory_of(session::handle_of(0)), Err(NvmlError::UNINITIALIZED));
    }
}
