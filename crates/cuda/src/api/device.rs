//! Devices: all answered from what the executor said at `cuInit`.

use std::ffi::{c_char, c_int, c_uint};

use vgpu_core::abi::{CUarray_format, CUdevice, CUdevice_attribute, CUdevprop, CUexecAffinityType, CUuuid};
use vgpu_core::ffi::{Out, OutSlice, Str};
use vgpu_core::wire::texel_bytes;
use vgpu_core::{CuError, CuResult};

use crate::guest::device::PciAddress;
use crate::guest::process;

/// Gives the device of that ordinal.
pub(crate) fn cuDeviceGet(device: Out<'_, CUdevice>, ordinal: c_int) -> CuResult {
    device.write(process()?.device(ordinal)?.handle());
    Ok(())
}

/// Counts the visible devices.
pub(crate) fn cuDeviceGetCount(count: Out<'_, c_int>) -> CuResult {
    count.write(super::clamp(process()?.devices.len() as u64));
    Ok(())
}

/// Gives a device's name, cut to the buffer.
pub(crate) fn cuDeviceGetName(name: OutSlice<'_, c_char>, len: c_int, dev: CUdevice) -> CuResult {
    let mut name = name;
    let device = process()?.device(dev)?;
    if len <= 0 {
        return Err(CuError::INVALID_VALUE);
    }
    name.write_str(&device.name);
    Ok(())
}

/// Gives a device's UUID.
pub(crate) fn cuDeviceGetUuid_v2(uuid: Out<'_, CUuuid>, dev: CUdevice) -> CuResult {
    let device = process()?.device(dev)?;
    uuid.write(CUuuid { bytes: device.uuid.map(|byte| byte.cast_signed()) });
    Ok(())
}

/// Gives a device's UUID.
pub(crate) fn cuDeviceGetUuid(uuid: Out<'_, CUuuid>, dev: CUdevice) -> CuResult {
    cuDeviceGetUuid_v2(uuid, dev)
}

/// Gives the size of a device's memory in bytes.
pub(crate) fn cuDeviceTotalMem_v2(bytes: Out<'_, usize>, dev: CUdevice) -> CuResult {
    let total = process()?.device(dev)?.total_mem_bytes;
    bytes.write(usize::try_from(total).unwrap_or(usize::MAX));
    Ok(())
}

/// Gives the size of a device's memory in bytes, at most 4 GiB - 1.
pub(crate) fn cuDeviceTotalMem(bytes: Out<'_, u32>, dev: CUdevice) -> CuResult {
    bytes.write(super::clamp(process()?.device(dev)?.total_mem_bytes));
    Ok(())
}

/// Gives an attribute of a device.
pub(crate) fn cuDeviceGetAttribute(pi: Out<'_, c_int>, attrib: CUdevice_attribute, dev: CUdevice) -> CuResult {
    pi.write(process()?.device(dev)?.attribute(attrib)?);
    Ok(())
}

/// Gives a device's compute capability.
pub(crate) fn cuDeviceComputeCapability(major: Out<'_, c_int>, minor: Out<'_, c_int>, dev: CUdevice) -> CuResult {
    let device = process()?.device(dev)?;
    major.write(device.attribute(CUdevice_attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)?);
    minor.write(device.attribute(CUdevice_attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR)?);
    Ok(())
}

/// Gives a few properties of a device in the oldest form.
pub(crate) fn cuDeviceGetProperties(prop: Out<'_, CUdevprop>, dev: CUdevice) -> CuResult {
    use CUdevice_attribute as A;
    let device = process()?.device(dev)?;
    let three = |x, y, z| CuResult::Ok([device.attribute(x)?, device.attribute(y)?, device.attribute(z)?]);
    prop.write(CUdevprop {
        maxThreadsPerBlock: device.attribute(A::CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK)?,
        maxThreadsDim: three(
            A::CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X,
            A::CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Y,
            A::CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Z,
        )?,
        maxGridSize: three(
            A::CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X,
            A::CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Y,
            A::CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Z,
        )?,
        sharedMemPerBlock: device.attribute(A::CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK)?,
        totalConstantMemory: device.attribute(A::CU_DEVICE_ATTRIBUTE_TOTAL_CONSTANT_MEMORY)?,
        SIMDWidth: device.attribute(A::CU_DEVICE_ATTRIBUTE_WARP_SIZE)?,
        memPitch: device.attribute(A::CU_DEVICE_ATTRIBUTE_MAX_PITCH)?,
        regsPerBlock: device.attribute(A::CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_BLOCK)?,
        clockRate: device.attribute(A::CU_DEVICE_ATTRIBUTE_CLOCK_RATE)?,
        textureAlign: device.attribute(A::CU_DEVICE_ATTRIBUTE_TEXTURE_ALIGNMENT)?,
    });
    Ok(())
}

/// Says how many texels of linear memory a texture may have.
pub(crate) fn cuDeviceGetTexture1DLinearMaxWidth(
    maxWidthInElements: Out<'_, usize>,
    format: CUarray_format,
    numChannels: c_uint,
    dev: CUdevice,
) -> CuResult {
    let device = process()?.device(dev)?;
    texel_bytes(format.0, numChannels)?;
    let width = device.attribute(CUdevice_attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE1D_LINEAR_WIDTH)?;
    maxWidthInElements.write(usize::try_from(width).unwrap_or(0));
    Ok(())
}

/// Gives the device at a PCI address.
pub(crate) fn cuDeviceGetByPCIBusId(dev: Out<'_, CUdevice>, pciBusId: Str<'_>) -> CuResult {
    let address = PciAddress::parse(pciBusId.to_str()?).ok_or(CuError::INVALID_VALUE)?;
    let found = process()?.devices.iter().find(|device| device.pci == address);
    dev.write(found.ok_or(CuError::INVALID_DEVICE)?.handle());
    Ok(())
}

/// Gives a device's PCI address as `domain:bus:device.function`, cut to the buffer.
pub(crate) fn cuDeviceGetPCIBusId(pciBusId: OutSlice<'_, c_char>, len: c_int, dev: CUdevice) -> CuResult {
    let mut pciBusId = pciBusId;
    let device = process()?.device(dev)?;
    if len <= 0 {
        return Err(CuError::INVALID_VALUE);
    }
    pciBusId.write_str(&device.pci.to_string());
    Ok(())
}

/// Says that contexts cannot be bound to a part of the multiprocessors.
pub(crate) fn cuDeviceGetExecAffinitySupport(pi: Out<'_, c_int>, type_: CUexecAffinityType, dev: CUdevice) -> CuResult {
    process()?.device(dev)?;
    if type_ != CUexecAffinityType::CU_EXEC_AFFINITY_TYPE_SM_COUNT {
        return Err(CuError::INVALID_VALUE);
    }
    pi.write(0);
    Ok(())
}
