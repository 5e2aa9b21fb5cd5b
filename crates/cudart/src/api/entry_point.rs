//! Ways from the runtime to the driver.

use std::ffi::{CString, c_int, c_uint, c_ulonglong, c_void};
use std::ptr::null_mut;

use vgpu_core::abi::CUdriverProcAddressQueryResult;
use vgpu_core::abi::runtime::{
    cudaDriverEntryPointQueryResult, cudaFunction_t, cudaGetDriverEntryPointFlags as Flags, cudaUUID_t,
};
use vgpu_core::ffi::{self, In, Out, OutOpt, Str};

use super::version::RUNTIME_VERSION;
use crate::error::{RtError, RtResult};
use crate::{driver as cu, launch};

const DEFAULT: c_ulonglong = Flags::cudaEnableDefault.0 as c_ulonglong;
const PER_THREAD: c_ulonglong = Flags::cudaEnablePerThreadDefaultStream.0 as c_ulonglong;

/// Finds the driver's function as of the version that this runtime is of.
pub(crate) fn cudaGetDriverEntryPoint(
    symbol: Str,
    funcPtr: Out<*mut c_void>,
    flags: c_ulonglong,
    driverStatus: OutOpt<cudaDriverEntryPointQueryResult>,
) -> RtResult {
    find(&symbol, funcPtr, RUNTIME_VERSION, flags, driverStatus)
}

pub(crate) fn cudaGetDriverEntryPointByVersion(
    symbol: Str,
    funcPtr: Out<*mut c_void>,
    cudaVersion: c_uint,
    flags: c_ulonglong,
    driverStatus: OutOpt<cudaDriverEntryPointQueryResult>,
) -> RtResult {
    // The driver compares versions unsigned, so a number over the range of `int` only has to stay large.
    find(&symbol, funcPtr, c_int::try_from(cudaVersion).unwrap_or(c_int::MAX), flags, driverStatus)
}

fn find(
    symbol: &Str,
    funcPtr: Out<*mut c_void>,
    version: c_int,
    flags: c_ulonglong,
    driverStatus: OutOpt<cudaDriverEntryPointQueryResult>,
) -> RtResult {
    cu::init()?;
    let flags = if flags == DEFAULT && ffi::is_per_thread_default() { PER_THREAD } else { flags };
    let symbol = CString::new(symbol.to_bytes()).map_err(|_| RtError::INVALID_VALUE)?;
    let mut function = null_mut();
    let mut status = CUdriverProcAddressQueryResult(0);
    // SAFETY: the name is terminated.
    unsafe { cu::cuGetProcAddress_v2(symbol.as_ptr(), &mut function, version, flags, &mut status) }?;
    funcPtr.write(function);
    driverStatus.write(cudaDriverEntryPointQueryResult(status.0));
    Ok(())
}

/// There are no private tables of this library.
///
/// # Errors
/// `INVALID_VALUE` for every table.
pub(crate) fn cudaGetExportTable(ppExportTable: Out<*const c_void>, pExportTableId: In<cudaUUID_t>) -> RtResult {
    log::debug!("no export table has the id {:02x?}", pExportTableId.get().bytes);
    ppExportTable.write(std::ptr::null());
    Err(RtError::INVALID_VALUE)
}

/// The driver's function of the current context for a host stub.
pub(crate) unsafe fn cudaGetFuncBySymbol(functionPtr: Out<cudaFunction_t>, symbolPtr: *const c_void) -> RtResult {
    let (_, function) = launch::find(symbolPtr)?;
    functionPtr.write(function);
    Ok(())
}
