//! Functions: a kernel of a loaded module, with what a guest is told of it.

use std::ffi::{CStr, CString, c_char, c_void};
use std::sync::Arc;

use vgpu_core::abi::{CUfunction_attribute_enum as Attribute, CUshared_carveout};
use vgpu_core::host::Refusal;
use vgpu_core::wire::Pod;
use vgpu_core::wire::messages::{FUNCTION_ATTRIBUTE_COUNT, FunctionReply, PARAMS_MAX_BYTES, ParamLayout};
use vgpu_core::{CuError, CuResult};

use crate::api::{Api, Function as Handle, Module as ModuleHandle};
use crate::context::Context;
use crate::module::Module;

/// No preference.
const CARVEOUT_DEFAULT: i32 = CUshared_carveout::CU_SHAREDMEM_CARVEOUT_DEFAULT.0;

/// A kernel that can be launched.
pub(crate) struct Function {
    pub(crate) handle: Handle,
    /// The guest's handle of its module.
    pub(crate) module: u64,
    pub(crate) context: Arc<Context>,
    pub(crate) name: Box<CStr>,
    params: Vec<ParamLayout>,
    /// The only block that it takes; zeros when it takes others, or nobody knows.
    required_block: [u32; 3],
    /// Length of the packed parameters.
    pub(crate) param_bytes: u32,
}

impl Function {
    /// Finds a kernel of a module, whose context is current.
    ///
    /// # Errors
    /// `NOT_FOUND` for an unknown name, `NOT_SUPPORTED` when nobody knows its parameters, or the driver's.
    pub(crate) fn resolve(api: &Api, module: &Module, module_handle: u64, name: &CStr) -> Result<Self, Refusal> {
        let mut handle = Handle::default();
        // SAFETY: the first argument leads to a local, and the name ends with a NUL.
        let found = unsafe { api.cuModuleGetFunction(&raw mut handle, module.handle, name.as_ptr()) };
        found.map_err(|error| (error, format!("the driver has no kernel {name:?}: {error}")))?;
        let said = name.to_str().ok().and_then(|name| module.layouts.kernel(name));
        let required_block = said.map_or([0; 3], |said| said.required_block);
        let params = if api.has_param_info() {
            asked(api, handle).map_err(|error| (error, format!("the parameters of {name:?}: {error}")))?
        } else {
            let unknown =
                || format!("the parameters of {name:?}: this driver (before 12.4) does not tell, nor does the image");
            said.ok_or_else(|| (CuError::NOT_SUPPORTED, unknown()))?.params.clone()
        };
        let ends = params.iter().map(|param| param.offset_bytes.saturating_add(param.len_bytes));
        let param_bytes = ends.max().unwrap_or(0);
        let context = Arc::clone(&module.context);
        Ok(Self { handle, module: module_handle, context, name: name.into(), params, required_block, param_bytes })
    }

    /// What a guest is told, as far as the driver knows it; the context is current.
    pub(crate) fn reply(&self, api: &Api, function: u64) -> FunctionReply {
        let mut attributes = [0; FUNCTION_ATTRIBUTE_COUNT];
        for (number, value) in (0..Attribute::CU_FUNC_ATTRIBUTE_MAX.0).zip(&mut attributes) {
            // What an older driver does not know is as it is until it is set.
            *value = api.cuFuncGetAttribute(number, self.handle).unwrap_or_else(|_| unset(Attribute(number)));
        }
        FunctionReply {
            function,
            param_count: self.params.len() as u32,
            param_bytes: self.param_bytes,
            required_block: self.required_block,
            reserved: 0,
            attributes,
        }
    }

    /// Where each parameter lies among packed ones, of which there are [`param_bytes`](Self::param_bytes).
    pub(crate) fn params_in(&self, packed: &[u8]) -> Vec<*mut c_void> {
        self.params.iter().map(|param| packed[param.offset_bytes as usize..].as_ptr().cast_mut().cast()).collect()
    }

    /// The parameters' places, as an answer's tail.
    pub(crate) fn layout_bytes(&self) -> Vec<u8> {
        self.params.iter().flat_map(|param| param.as_bytes().to_vec()).collect()
    }
}

/// The names of all kernels of a module, whose context is current; since 12.4.
pub(crate) fn kernel_names(api: &Api, module: ModuleHandle) -> CuResult<Vec<CString>> {
    let count = api.cuModuleGetFunctionCount(module)?;
    let mut functions = vec![Handle::default(); count as usize];
    // SAFETY: the first argument leads to as many handles as the second says.
    unsafe { api.cuModuleEnumerateFunctions(functions.as_mut_ptr(), count, module) }?;
    let name = |function: &Handle| {
        let mut name: *const c_char = std::ptr::null();
        // SAFETY: the first argument leads to a local.
        unsafe { api.cuFuncGetName(&raw mut name, *function) }?;
        // SAFETY: a name that the driver gives ends with a NUL and lives as long as the function.
        Ok(unsafe { CStr::from_ptr(name) }.to_owned())
    };
    functions.iter().map(name).collect()
}

/// What stands in an attribute that nobody has set.
fn unset(attribute: Attribute) -> i32 {
    if attribute == Attribute::CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT { CARVEOUT_DEFAULT } else { 0 }
}

/// Asks the driver, since 12.4, where the parameters lie.
fn asked(api: &Api, function: Handle) -> CuResult<Vec<ParamLayout>> {
    let mut params = Vec::new();
    // None is shorter than a byte.
    for index in 0..PARAMS_MAX_BYTES as usize {
        let (mut offset, mut len) = (0_usize, 0_usize);
        // SAFETY: the last two arguments lead to locals.
        match unsafe { api.cuFuncGetParamInfo(function, index, &raw mut offset, &raw mut len) } {
            Ok(()) => {
                let offset_bytes = u32::try_from(offset).map_err(|_| CuError::UNKNOWN)?;
                params.push(ParamLayout { offset_bytes, len_bytes: u32::try_from(len).map_err(|_| CuError::UNKNOWN)? });
            }
            // There is no parameter of that number.
            Err(CuError::INVALID_VALUE) => break,
            Err(error) => return Err(error),
        }
    }
    Ok(params)
}
