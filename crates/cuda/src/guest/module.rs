//! Modules: an image loaded in a context, and the names that were asked of it.

use std::collections::HashMap;
use std::ffi::CString;
use std::sync::Arc;

use parking_lot::Mutex;
use vgpu_core::wire::messages::{
    ManagedPlace, ManagedVariables, ModuleGlobal, ModuleKernels, ModuleUnload, WANTS_MACHINE_CODE,
};
use vgpu_core::{CuError, CuResult};

use super::allocation::Kind;
use super::context::Context;
use super::function::Function;
use super::handle::{Slab, Tag};
use super::image::Image;
use super::output;
use super::pinned;
use super::process::Process;

static MODULES: Slab<Arc<Module>> = Slab::new(Tag::Module);

/// A loaded module.
pub(crate) struct Module {
    pub(crate) handle: u64,
    /// The wire number of its context.
    pub(crate) context: u32,
    ordinal: usize,
    wire: u64,
    /// The memory of its managed variables, which goes with it.
    managed: Option<u64>,
    functions: Mutex<HashMap<CString, Arc<Function>>>,
    globals: Mutex<HashMap<CString, (u64, u64)>>,
}

impl Module {
    /// Loads an image in a context.
    ///
    /// # Errors
    /// `NO_BINARY_FOR_GPU`, `INVALID_IMAGE`, `INVALID_PTX` and the like; the executor keeps a text that explains it.
    pub(crate) fn load(process: &Process, context: &Context, image: &Image<'_>) -> CuResult<Arc<Self>> {
        output::flush(process);
        let number = context.live()?.number;
        let device = context.device(process);
        let (kind, bytes) = image.for_device(device.capability(), device.wants(WANTS_MACHINE_CODE))?;
        let wire = process.link.load_image(number, kind, &bytes)?.module;
        let managed = place_managed(process, context, wire).inspect_err(|_| {
            // It is of no use, and that is said already.
            let _ = process.link.post(&ModuleUnload { module: wire }, &[]);
        })?;
        let make = |handle| {
            Arc::new(Self {
                handle,
                context: number,
                ordinal: device.ordinal,
                wire,
                managed,
                functions: Mutex::new(HashMap::new()),
                globals: Mutex::new(HashMap::new()),
            })
        };
        Ok(MODULES.insert_with(make))
    }

    /// The module that a program means.
    ///
    /// # Errors
    /// `INVALID_HANDLE` when there is none of that handle.
    pub(crate) fn find(_process: &Process, handle: u64) -> CuResult<Arc<Self>> {
        MODULES.get(handle).ok_or(CuError::INVALID_HANDLE)
    }

    /// All modules of the context of that wire number.
    pub(super) fn all_of(_process: &Process, context: u32) -> Vec<Arc<Self>> {
        MODULES.filtered(|module| module.context == context)
    }

    /// A kernel by name.
    ///
    /// # Errors
    /// `NOT_FOUND` when there is none; those of the executor when it cannot be made ready.
    pub(crate) fn function(&self, process: &Process, name: CString) -> CuResult<Arc<Function>> {
        // Held over the call: two threads that ask for one kernel get one function.
        let mut functions = self.functions.lock();
        if let Some(function) = functions.get(&name) {
            return Ok(function.clone());
        }
        let device = &process.devices[self.ordinal];
        let function = Function::resolve(process, device, self.handle, self.context, self.wire, name.clone())?;
        functions.insert(name, function.clone());
        Ok(function)
    }

    /// Address and length in bytes of a variable by name.
    ///
    /// # Errors
    /// `NOT_FOUND` when there is none, `OUT_OF_MEMORY` when the program has something at its address.
    pub(crate) fn global(&self, process: &Process, name: CString) -> CuResult<(u64, u64)> {
        let mut globals = self.globals.lock();
        if let Some(found) = globals.get(&name) {
            return Ok(*found);
        }
        let reply = process.link.call(&ModuleGlobal { module: self.wire }, name.as_bytes())?.reply;
        let found = (reply.address, reply.len_bytes);
        match process.allocations.insert(reply.address, reply.len_bytes, Kind::Variable, self.context) {
            // Known already when two modules share it: that does not change what it is.
            Ok(()) | Err(CuError::HOST_MEMORY_ALREADY_REGISTERED) => {}
            Err(error) => return Err(error),
        }
        globals.insert(name, found);
        Ok(found)
    }

    /// Names of all kernels.
    ///
    /// # Errors
    /// Those of the link.
    pub(crate) fn kernel_names(&self, process: &Process) -> CuResult<Vec<CString>> {
        let tail = process.link.call(&ModuleKernels { module: self.wire }, &[])?.tail;
        let names = tail.split(|byte| *byte == 0).filter(|name| !name.is_empty());
        names.map(|name| CString::new(name).map_err(|_| CuError::UNKNOWN)).collect()
    }

    /// Ends the module's handle and those of its functions.
    pub(crate) fn forget(&self, process: &Process) {
        MODULES.remove(self.handle);
        for (_, function) in self.functions.lock().drain() {
            function.forget();
        }
        for (_, (address, _)) in self.globals.lock().drain() {
            process.allocations.remove(address, |range| range.kind == Kind::Variable);
        }
    }

    /// Unloads the module.
    ///
    /// # Errors
    /// Those of the link.
    pub(crate) fn unload(&self, process: &Process) -> CuResult {
        output::flush(process);
        self.forget(process);
        process.link.post(&ModuleUnload { module: self.wire }, &[])?;
        let of_managed = |address| process.allocations.remove(address, |range| range.kind == Kind::Managed);
        match self.managed.and_then(of_managed) {
            Some(range) => pinned::free(process, range.base),
            None => Ok(()),
        }
    }
}

/// Gives a module's managed variables memory that the program reaches as kernels do, where there is any.
///
/// # Errors
/// As [`pinned::alloc_managed`], and those of the link.
fn place_managed(process: &Process, context: &Context, module: u64) -> CuResult<Option<u64>> {
    let len_bytes = process.link.call(&ManagedVariables { module }, &[])?.reply.len_bytes;
    if len_bytes == 0 {
        return Ok(None);
    }
    let len_bytes = usize::try_from(len_bytes).map_err(|_| CuError::OUT_OF_MEMORY)?;
    match pinned::alloc_managed(process, context, len_bytes) {
        Ok(address) => {
            process.link.call(&ManagedPlace { module, address }, &[])?;
            Ok(Some(address))
        }
        // They stay where kernels have them.
        Err(CuError::NOT_SUPPORTED) => Ok(None),
        Err(error) => Err(error),
    }
}
