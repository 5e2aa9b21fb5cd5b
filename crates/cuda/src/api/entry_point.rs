//! Entry points by name, and the one table that our own libraries share. They work before `cuInit`.

use std::ffi::{c_int, c_void};

use vgpu_core::abi::{CUdriverProcAddressQueryResult, CUuuid, cuuint64_t};
use vgpu_core::ffi::{In, Out, OutOpt, Str};
use vgpu_core::private_table::{PRIVATE_TABLE_UUID, PRIVATE_TABLE_VERSION, PrivateTable};
use vgpu_core::wire::messages::{MemInfo, MemInfoReply, Statistics, StatisticsReply};
use vgpu_core::{CuError, CuResult, ffi};

use crate::generated::proc_table::ROWS;
use crate::guest::context::Context;
use crate::guest::current;
use crate::guest::{launch, process};
use crate::proc_address::{Lookup, lookup};

/// Finds a function by base name and CUDA version; what is not found is an error and leaves `pfn` alone.
pub(crate) fn cuGetProcAddress(
    symbol: Str<'_>,
    pfn: Out<'_, *mut c_void>,
    cudaVersion: c_int,
    flags: cuuint64_t,
) -> CuResult {
    match lookup(&ROWS, symbol.to_bytes(), cudaVersion, flags) {
        Lookup::Found { address, .. } => {
            pfn.write(address.cast_mut().cast());
            Ok(())
        }
        Lookup::InvalidFlags => Err(CuError::INVALID_VALUE),
        Lookup::UnknownName | Lookup::TooOld => Err(CuError::NOT_FOUND),
    }
}

/// Finds a function by base name and CUDA version; what is not found is null, a reason and success.
pub(crate) fn cuGetProcAddress_v2(
    symbol: Str<'_>,
    pfn: Out<'_, *mut c_void>,
    cudaVersion: c_int,
    flags: cuuint64_t,
    symbolStatus: OutOpt<'_, CUdriverProcAddressQueryResult>,
) -> CuResult {
    use CUdriverProcAddressQueryResult as Status;
    let (address, status) = match lookup(&ROWS, symbol.to_bytes(), cudaVersion, flags) {
        Lookup::Found { address, .. } => (address, Status::CU_GET_PROC_ADDRESS_SUCCESS),
        Lookup::InvalidFlags => return Err(CuError::INVALID_VALUE),
        Lookup::UnknownName => (std::ptr::null(), Status::CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND),
        Lookup::TooOld => (std::ptr::null(), Status::CU_GET_PROC_ADDRESS_VERSION_NOT_SUFFICIENT),
    };
    pfn.write(address.cast_mut().cast());
    symbolStatus.write(status);
    Ok(())
}

static TABLE: PrivateTable = PrivateTable {
    version: PRIVATE_TABLE_VERSION,
    size_bytes: size_of::<PrivateTable>() as u32,
    post_on_stream,
    statistics,
    execute_here: vgpu_core::transport::execute_here,
    memory,
};

/// Gives our libraries' own table for our own UUID; there are no other tables.
pub(crate) fn cuGetExportTable(ppExportTable: Out<'_, *const c_void>, pExportTableId: In<'_, CUuuid>) -> CuResult {
    let id = pExportTableId.get().bytes.map(|byte| byte.cast_unsigned());
    if id != PRIVATE_TABLE_UUID {
        return Err(CuError::INVALID_VALUE);
    }
    ppExportTable.write((&raw const TABLE).cast());
    Ok(())
}

unsafe extern "C" fn post_on_stream(
    stream: *mut c_void,
    op: u16,
    fixed: *const u8,
    fixed_bytes: usize,
    tail: *const u8,
    tail_bytes: usize,
) -> u32 {
    ffi::entry("private post_on_stream", || {
        let (process, context) = current::healthy()?;
        let stream = context.stream(process, super::id(stream))?;
        // SAFETY: the table's caller promises a readable message of that length.
        let fixed = unsafe { ffi::InSlice::new(fixed, fixed_bytes) }?;
        // SAFETY: and as much of its tail.
        let tail = unsafe { ffi::InSlice::new(tail, tail_bytes) }?;
        launch::post_for_library(process, &stream, op, fixed.as_slice(), tail.as_slice())
    })
}

unsafe extern "C" fn statistics(out: *mut StatisticsReply) -> u32 {
    ffi::entry("private statistics", || {
        // SAFETY: the table's caller promises a writable result.
        let out = unsafe { Out::new(out) }?;
        out.write(process()?.link.call(&Statistics { reserved: 0 }, &[])?.reply);
        Ok(())
    })
}

unsafe extern "C" fn memory(uuid: *const [u8; 16], out: *mut MemInfoReply) -> u32 {
    ffi::entry("private memory", || {
        // SAFETY: the table's caller promises a readable name.
        let uuid = unsafe { In::new(uuid) }?;
        // SAFETY: and a writable result.
        let out = unsafe { Out::new(out) }?;
        let process = process()?;
        let is_on_it = |context: &Context| context.device(process).uuid == *uuid.get();
        let mut contexts = Context::all(process).into_iter();
        let alive = contexts.find(|context| is_on_it(context) && context.number() != 0);
        let context = alive.ok_or(CuError::NOT_FOUND)?.number();
        out.write(process.link.call(&MemInfo { context, reserved: 0 }, &[])?.reply);
        Ok(())
    })
}
