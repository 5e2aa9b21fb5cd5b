//! Libraries and kernels: an image without a context, loaded in each context where it is first used.

use std::collections::HashMap;
use std::ffi::CString;
use std::sync::{Arc, Weak};

use parking_lot::{Mutex, RwLock};
use vgpu_core::{CuError, CuResult};

use super::context::Context;
use super::function::Function;
use super::handle::{self, Slab, Tag};
use super::image::OwnedImage;
use super::module::Module;
use super::process::Process;

static LIBRARIES: Slab<Arc<Library>> = Slab::new(Tag::Library);
static KERNELS: Slab<Arc<Kernel>> = Slab::new(Tag::Kernel);

/// A library.
pub(crate) struct Library {
    pub(crate) handle: u64,
    image: OwnedImage,
    /// Its module in each context, by wire number.
    modules: Mutex<Vec<(u32, Arc<Module>)>>,
    kernels: Mutex<HashMap<CString, Arc<Kernel>>>,
    weak: Weak<Self>,
}

/// A kernel of a library.
pub(crate) struct Kernel {
    pub(crate) handle: u64,
    pub(crate) name: CString,
    /// Its library's handle.
    pub(crate) library: u64,
    owner: Weak<Library>,
    /// Its function in each context, by wire number.
    functions: RwLock<Vec<(u32, Arc<Function>)>>,
}

impl Library {
    /// Keeps an image; nothing is loaded.
    pub(crate) fn create(_process: &Process, image: OwnedImage) -> Arc<Self> {
        LIBRARIES.insert_with(|handle| {
            Arc::new_cyclic(|weak| Self {
                handle,
                image,
                modules: Mutex::new(Vec::new()),
                kernels: Mutex::new(HashMap::new()),
                weak: weak.clone(),
            })
        })
    }

    /// The library that a program means.
    ///
    /// # Errors
    /// `INVALID_HANDLE` when there is none of that handle.
    pub(crate) fn find(_process: &Process, handle: u64) -> CuResult<Arc<Self>> {
        LIBRARIES.get(handle).ok_or(CuError::INVALID_HANDLE)
    }

    /// All libraries.
    pub(crate) fn all(_process: &Process) -> Vec<Arc<Self>> {
        LIBRARIES.filtered(|_| true)
    }

    /// The library's module in a context, loaded at first use.
    ///
    /// # Errors
    /// As [`Module::load`].
    pub(crate) fn module(&self, process: &Process, context: &Context) -> CuResult<Arc<Module>> {
        let number = context.live()?.number;
        let mut modules = self.modules.lock();
        if let Some((_, module)) = modules.iter().find(|(known, _)| *known == number) {
            return Ok(module.clone());
        }
        let module = Module::load(process, context, &self.image.view())?;
        modules.push((number, module.clone()));
        Ok(module)
    }

    /// Whether it has loaded that module, and will unload it.
    pub(crate) fn owns(&self, module: &Arc<Module>) -> bool {
        self.modules.lock().iter().any(|(_, own)| Arc::ptr_eq(own, module))
    }

    /// A kernel by name, checked against the image in `context`.
    ///
    /// # Errors
    /// As [`Module::function`].
    pub(crate) fn kernel(&self, process: &Process, context: &Context, name: CString) -> CuResult<Arc<Kernel>> {
        if let Some(kernel) = self.kernels.lock().get(&name) {
            return Ok(kernel.clone());
        }
        let module = self.module(process, context)?;
        let function = module.function(process, name.clone())?;
        let mut kernels = self.kernels.lock();
        let kernel = kernels.entry(name.clone()).or_insert_with(|| {
            KERNELS.insert_with(|handle| {
                Arc::new(Kernel {
                    handle,
                    name,
                    library: self.handle,
                    owner: self.weak.clone(),
                    functions: RwLock::new(vec![(module.context, function)]),
                })
            })
        });
        Ok(kernel.clone())
    }

    /// Ends the library, its kernels and its modules.
    ///
    /// # Errors
    /// Those of the link.
    pub(crate) fn unload(&self, process: &Process) -> CuResult {
        LIBRARIES.remove(self.handle);
        for (_, kernel) in self.kernels.lock().drain() {
            KERNELS.remove(kernel.handle);
        }
        // Modules of contexts that are gone went with them.
        let modules: Vec<_> = self.modules.lock().drain(..).collect();
        let mut result = Ok(());
        for (_, module) in modules {
            if Module::find(process, module.handle).is_ok() {
                result = result.and(module.unload(process));
            }
        }
        result
    }
}

impl Kernel {
    /// The kernel that a program means.
    ///
    /// # Errors
    /// `INVALID_HANDLE` when there is none of that handle.
    pub(crate) fn find(_process: &Process, handle: u64) -> CuResult<Arc<Self>> {
        KERNELS.get(handle).ok_or(CuError::INVALID_HANDLE)
    }

    /// The kernel's function in a context.
    ///
    /// # Errors
    /// `INVALID_HANDLE` when the library is unloaded, else as [`Module::function`].
    pub(crate) fn function(&self, process: &Process, context: &Context) -> CuResult<Arc<Function>> {
        let number = context.number();
        let known = self.functions.read().iter().find(|(known, _)| *known == number).map(|(_, f)| f.clone());
        if let Some(function) = known {
            return Ok(function);
        }
        let library = self.owner.upgrade().ok_or(CuError::INVALID_HANDLE)?;
        let module = library.module(process, context)?;
        let function = module.function(process, self.name.clone())?;
        self.functions.write().push((module.context, function.clone()));
        Ok(function)
    }
}

/// The function that a `CUfunction` names in a context; it may be a `CUkernel`, which is found or loaded there.
///
/// # Errors
/// `INVALID_HANDLE` when it is neither or of another context.
#[inline]
pub(crate) fn find_function(
    process: &'static Process,
    context: &'static Context,
    function: u64,
) -> CuResult<Arc<Function>> {
    if handle::has_tag(function, Tag::Kernel) {
        return Kernel::find(process, function)?.function(process, context);
    }
    Function::find(process, function)
}
