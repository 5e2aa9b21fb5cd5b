//! What the driver says about itself and the device.

use vgpu_core::abi::{CUdevice_attribute, CUdevice_attribute_enum as Attribute};

use super::fact;
use crate::{device::Device, setup::Setup};

/// Those that decide what an executor can do.
const DECISIVE: [(&str, CUdevice_attribute); 17] = [
    ("compute capability, major", Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR),
    ("compute capability, minor", Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR),
    ("unified addressing", Attribute::CU_DEVICE_ATTRIBUTE_UNIFIED_ADDRESSING),
    ("can map host memory", Attribute::CU_DEVICE_ATTRIBUTE_CAN_MAP_HOST_MEMORY),
    ("host pointers for registered memory", Attribute::CU_DEVICE_ATTRIBUTE_CAN_USE_HOST_POINTER_FOR_REGISTERED_MEM),
    ("host register", Attribute::CU_DEVICE_ATTRIBUTE_HOST_REGISTER_SUPPORTED),
    ("pageable memory access (HMM or ATS)", Attribute::CU_DEVICE_ATTRIBUTE_PAGEABLE_MEMORY_ACCESS),
    ("... by the host's page tables", Attribute::CU_DEVICE_ATTRIBUTE_PAGEABLE_MEMORY_ACCESS_USES_HOST_PAGE_TABLES),
    ("concurrent managed access", Attribute::CU_DEVICE_ATTRIBUTE_CONCURRENT_MANAGED_ACCESS),
    ("64-bit stream memory operations, v1", Attribute::CU_DEVICE_ATTRIBUTE_CAN_USE_64_BIT_STREAM_MEM_OPS_V1),
    ("64-bit stream memory operations, v2", Attribute::CU_DEVICE_ATTRIBUTE_CAN_USE_64_BIT_STREAM_MEM_OPS),
    ("virtual memory management", Attribute::CU_DEVICE_ATTRIBUTE_VIRTUAL_MEMORY_MANAGEMENT_SUPPORTED),
    ("memory pools", Attribute::CU_DEVICE_ATTRIBUTE_MEMORY_POOLS_SUPPORTED),
    ("clusters", Attribute::CU_DEVICE_ATTRIBUTE_CLUSTER_LAUNCH),
    ("cooperative launch", Attribute::CU_DEVICE_ATTRIBUTE_COOPERATIVE_LAUNCH),
    ("compute mode", Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_MODE),
    ("copy engines", Attribute::CU_DEVICE_ATTRIBUTE_ASYNC_ENGINE_COUNT),
];

/// Functions that drivers of some age lack.
const YOUNG: [&str; 12] = [
    "cuFuncGetParamInfo",
    "cuFuncGetName",
    "cuModuleEnumerateFunctions",
    "cuStreamWriteValue64_v2",
    "cuStreamBatchMemOp_v2",
    "cuLaunchKernelEx",
    "cuGraphAddNode_v2",
    "cuStreamBeginCaptureToGraph",
    "cuEventElapsedTime_v2",
    "cuMemcpyBatchAsync",
    "cuCheckpointProcessLock",
    "cuGreenCtxCreate",
];

/// More numbers than any driver knows.
const NUMBERS_MAX: u32 = 200;

pub(super) fn start(device: &Device, _setup: &Setup) -> Result<(), String> {
    let opened = &device.opened;
    fact("cuInit", format_args!("{:.0} ms", opened.init_ms));
    fact("primary context", format_args!("{:.0} ms", opened.context_ms));
    fact("module, streams and memory", format_args!("{:.0} ms", opened.module_ms));
    let (free, total) = device.memory_info()?;
    fact("memory", format_args!("{} of {} MiB free", free >> 20, total >> 20));
    Ok(())
}

pub(super) fn attributes(device: &Device, _setup: &Setup) -> Result<(), String> {
    let mut version = 0;
    device.cuda.cuDriverGetVersion(&mut version).check("cuDriverGetVersion")?;
    fact("device", device.cuda.device_name()?);
    fact("driver API", version);
    for (name, attribute) in DECISIVE {
        let value = device.cuda.attribute(attribute).map_or_else(|code| code.to_string(), |value| value.to_string());
        fact(format_args!("attribute {} {name}", attribute.0), value);
    }
    let numbers = (1..NUMBERS_MAX).filter_map(|number| {
        let value = device.cuda.attribute(Attribute(number)).ok()?;
        Some(format!("{number}={value}"))
    });
    fact("all attributes", numbers.collect::<Vec<_>>().join(" "));
    for name in YOUNG {
        fact(format_args!("function {name}"), if device.cuda.exports(name) { "there" } else { "absent" });
    }
    Ok(())
}
