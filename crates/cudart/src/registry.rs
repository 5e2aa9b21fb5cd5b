//! What the compiler's start-up code registers: fatbins with their functions and variables.
//!
//! Registering appends and nothing else: a program may register thousands of functions before `main` and use twenty.
//! The address of a function's host stub is its key; kernel names are only unique within their fatbin. A fatbin becomes a
//! driver module at the first use of something in it, once per context, and libcuda selects its image.
//!
//! Unregistering only sets a flag (see [`Unregistered`]): what it leaves behind goes when the registry is next used, and its
//! modules with the next call that has a context.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ffi::{CStr, c_char, c_void};
use std::io::{self, Write};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::{Mutex, MutexGuard};
use vgpu_core::abi::{CUcontext, CUdeviceptr, CUfunction, CUkernel, CUmodule, CUstreamCaptureMode};
use vgpu_core::fatbin::WRAPPER_MAGIC;

use crate::driver as cu;
use crate::error::{RtError, RtResult};
use crate::prelinked;
use crate::unregistered::Unregistered;

/// What `__cudaRegisterFatBinary` is given: the compiler's wrapper around a fatbin's bytes.
#[repr(C)]
struct Wrapper {
    magic: u32,
    version: u32,
    data: *const c_void,
    /// Of a linked one, addresses of fatbins, and a null behind them.
    filename_or_fatbins: *const c_void,
}

/// The version of a wrapper that comes of linking: it has a list of the fatbins that were linked.
const LINKED_VERSION: u32 = 2;

/// A registered function or variable. Names are pointers into the registering object, valid until it unregisters.
struct Symbol {
    host: usize,
    name: *const c_char,
    /// Managed variables: the program's pointer variable, to be filled with the managed address.
    managed: *mut *mut c_void,
    /// What it is in each context that has used it: a function's handle, or a variable's address and size.
    resolved: Vec<(usize, Resolved)>,
}

// SAFETY: the pointers are only followed while the object that they lie in is registered.
unsafe impl Send for Symbol {}

#[derive(Clone, Copy)]
struct Resolved {
    value: u64,
    bytes: usize,
}

#[derive(Default)]
struct Fatbin {
    wrapper: usize,
    symbols: Vec<Symbol>,
    /// The module in each context, or why it could not be loaded there.
    modules: Vec<(usize, Result<usize, RtError>)>,
}

#[derive(Default)]
struct Registry {
    /// By number: a handle is made of it.
    fatbins: BTreeMap<usize, Fatbin>,
    /// Where the symbol with a host address is: (fatbin, symbol). Filled from the fatbins at the first look-up.
    index: HashMap<usize, (usize, usize)>,
    /// Symbols that are registered and not yet in `index`.
    pending: Vec<(usize, usize)>,
    /// Modules of fatbins that are gone, as (context, module), to be unloaded.
    orphans: Vec<(usize, usize)>,
}

static REGISTRY: Mutex<Option<Registry>> = Mutex::new(None);
/// Changes whenever an answer in a thread's cache may have become wrong.
static EPOCH: AtomicU64 = AtomicU64::new(1);
static UNREGISTERED: Unregistered = Unregistered::new();
/// Whether the registry holds fatbins that are unregistered.
static STALE: AtomicBool = AtomicBool::new(false);
/// Whether there may be modules that nothing is registered for.
static ORPHANED: AtomicBool = AtomicBool::new(false);

/// What kind of variable a registration is about.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// `__global__`: the key is the host stub.
    Function,
    /// `__device__` or `__constant__`: the key is the host's shadow variable.
    Variable,
    /// `__managed__`: the key is the program's pointer variable.
    Managed,
}

/// The registry, without what was unregistered before.
fn lock() -> MutexGuard<'static, Option<Registry>> {
    swept(REGISTRY.lock())
}

fn swept(mut guard: MutexGuard<'static, Option<Registry>>) -> MutexGuard<'static, Option<Registry>> {
    if let Some(registry) = guard.as_mut()
        && STALE.swap(false, Ordering::AcqRel)
    {
        registry.sweep();
    }
    guard
}

/// Notes a fatbin and returns its handle: a number that the program hands back, never an address.
pub(crate) fn add_fatbin(wrapper: *const c_void) -> *mut *mut c_void {
    let mut guard = lock();
    let registry = guard.get_or_insert_default();
    let number = UNREGISTERED.next_number();
    registry.fatbins.insert(number, Fatbin { wrapper: wrapper as usize, ..Fatbin::default() });
    // Spaced like pointers, for programs that look at the low bits.
    std::ptr::without_provenance_mut((number + 1) * 16)
}

fn fatbin_number(handle: *mut *mut c_void) -> Option<usize> {
    let spaced = handle as usize;
    if spaced.is_multiple_of(16) { (spaced / 16).checked_sub(1) } else { None }
}

/// Notes a function or variable of a fatbin. An unknown handle is ignored, as there is nobody to tell.
pub(crate) fn add_symbol(handle: *mut *mut c_void, kind: Kind, host: *const c_void, name: *const c_char) {
    let mut guard = lock();
    let registry = guard.get_or_insert_default();
    let known = fatbin_number(handle).and_then(|number| Some((number, registry.fatbins.get_mut(&number)?)));
    let Some((number, fatbin)) = known else {
        log::error!("a symbol was registered for a fatbin that is not");
        return;
    };
    let managed = match kind {
        Kind::Managed => host.cast::<*mut c_void>().cast_mut(),
        Kind::Function | Kind::Variable => null_mut(),
    };
    registry.pending.push((number, fatbin.symbols.len()));
    fatbin.symbols.push(Symbol { host: host as usize, name, managed, resolved: Vec::new() });
}

/// Forgets a fatbin: its object is being unloaded, or the process is at its end.
///
/// Takes no lock, allocates and frees nothing, and calls nobody: see [`Unregistered`].
pub(crate) fn remove_fatbin(handle: *mut *mut c_void) {
    if fatbin_number(handle).is_some_and(|number| UNREGISTERED.note(number)) {
        EPOCH.fetch_add(1, Ordering::Release);
        STALE.store(true, Ordering::Release);
        ORPHANED.store(true, Ordering::Release);
    }
}

/// Whether [`unload_orphans`] has something to do. Costs a load, so every call can afford it.
#[inline]
pub(crate) fn has_orphans() -> bool {
    ORPHANED.load(Ordering::Relaxed)
}

/// Unloads the modules of fatbins that are gone, if nobody is using the registry just now.
#[cold]
pub(crate) fn unload_orphans() {
    // A program's exit handlers may come here on a thread that was interrupted while it held the lock.
    let Some(guard) = REGISTRY.try_lock() else {
        return;
    };
    ORPHANED.store(false, Ordering::Release);
    let mut guard = swept(guard);
    let orphans = guard.as_mut().map(|registry| std::mem::take(&mut registry.orphans)).unwrap_or_default();
    drop(guard);
    if orphans.is_empty() {
        return;
    }
    let mut current = null_mut();
    if cu::cuCtxGetCurrent(&mut current).is_err() {
        return;
    }
    // The program has not asked for this now, so a capture of its must not suffer.
    outside_captures(|| {
        for (context, module) in orphans {
            // A module of a context that is gone is gone with it.
            let _ = cu::cuCtxSetCurrent(context as CUcontext).and_then(|()| cu::cuModuleUnload(module as CUmodule));
        }
    });
    if let Err(error) = cu::cuCtxSetCurrent(current) {
        log::error!("the thread's context could not be made current again: {error:?}");
    }
}

/// Does what a capture that the program has open must not forbid, and must not be broken by.
fn outside_captures<T>(work: impl FnOnce() -> T) -> T {
    let mut mode = CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_RELAXED;
    let relaxed = cu::cuThreadExchangeStreamCaptureMode(&mut mode);
    let done = work();
    if relaxed.is_ok() {
        let _ = cu::cuThreadExchangeStreamCaptureMode(&mut mode);
    }
    done
}

/// Forgets what was loaded into a context that is being reset.
pub(crate) fn forget_context(context: CUcontext) {
    let context = context as usize;
    if let Some(registry) = lock().as_mut() {
        registry.orphans.retain(|orphan| orphan.0 != context);
        for fatbin in registry.fatbins.values_mut() {
            fatbin.modules.retain(|entry| entry.0 != context);
            for symbol in &mut fatbin.symbols {
                symbol.resolved.retain(|entry| entry.0 != context);
            }
        }
    }
    EPOCH.fetch_add(1, Ordering::Release);
}

/// Answers of a thread's latest look-ups, by a hash of the host address. A hit takes about 2 ns; the locked map about 40.
const CACHE_LEN: usize = 64;

#[derive(Clone, Copy)]
struct Cached {
    host: usize,
    context: usize,
    epoch: u64,
    function: usize,
}

thread_local! {
    static CACHE: [Cell<Cached>; CACHE_LEN] =
        const { [const { Cell::new(Cached { host: 0, context: 0, epoch: 0, function: 0 }) }; CACHE_LEN] };
}

/// The driver's function for a host stub, loading its module if this is the first use of it in `context`.
///
/// # Errors
/// `INVALID_DEVICE_FUNCTION`: nothing is registered under that address, or its image has no such kernel;
/// what loading the module came to otherwise.
pub(crate) fn function(host: *const c_void, context: CUcontext) -> RtResult<CUfunction> {
    let (host, context) = (host as usize, context as usize);
    let epoch = EPOCH.load(Ordering::Acquire);
    CACHE.with(|cache| {
        // Host stubs are 16-byte aligned; fold the bits above so that neighbours do not collide.
        let slot = &cache[((host >> 4) ^ (host >> 10)) % CACHE_LEN];
        let cached = slot.get();
        if cached.host == host && cached.context == context && cached.epoch == epoch {
            return Ok(cached.function as CUfunction);
        }
        let function = resolve(host, context, |module, name| {
            let mut function = null_mut();
            // SAFETY: the name is a string of the registered object.
            unsafe { cu::cuModuleGetFunction(&mut function, module, name) }?;
            Ok(Resolved { value: function as u64, bytes: 0 })
        });
        let function = match function {
            Ok(found) => found.value,
            Err(RtError::INVALID_SYMBOL) if KERNELS.lock().contains(&host) => function_of_kernel(host)?,
            Err(RtError::SYMBOL_NOT_FOUND | RtError::INVALID_SYMBOL) => {
                return Err(RtError::INVALID_DEVICE_FUNCTION);
            }
            Err(error) => return Err(error),
        };
        slot.set(Cached { host, context, epoch, function: function as usize });
        Ok(function as usize as CUfunction)
    })
}

/// The kernels of libraries that a program loaded itself: it may pass their handles where a host stub is expected.
static KERNELS: Mutex<BTreeSet<usize>> = Mutex::new(BTreeSet::new());

/// Notes a kernel of a library.
pub(crate) fn add_kernel(kernel: CUkernel) {
    KERNELS.lock().insert(kernel as usize);
}

/// Forgets kernels whose library is unloaded.
pub(crate) fn remove_kernels(kernels: &[CUkernel]) {
    let mut known = KERNELS.lock();
    for &kernel in kernels {
        known.remove(&(kernel as usize));
    }
    EPOCH.fetch_add(1, Ordering::Release);
}

fn function_of_kernel(kernel: usize) -> RtResult<u64> {
    let mut function = null_mut();
    cu::cuKernelGetFunction(&mut function, kernel as CUkernel)?;
    Ok(function as u64)
}

/// The device address and size in bytes of a registered variable.
///
/// # Errors
/// `INVALID_SYMBOL`: nothing is registered under that address; what loading the module came to otherwise.
pub(crate) fn variable(host: *const c_void, context: CUcontext) -> RtResult<(CUdeviceptr, usize)> {
    let found = resolve(host as usize, context as usize, |module, name| {
        // SAFETY: the name is a string of the registered object.
        let (value, bytes) = cu::global(module, unsafe { CStr::from_ptr(name) })?;
        Ok(Resolved { value, bytes })
    });
    match found {
        Ok(found) => Ok((found.value, found.bytes)),
        Err(RtError::SYMBOL_NOT_FOUND) => Err(RtError::INVALID_SYMBOL),
        Err(error) => Err(error),
    }
}

/// The host stub that `function` of `context` was resolved from, for queries that answer in the runtime's terms.
pub(crate) fn host_of(function: CUfunction, context: CUcontext) -> Option<*const c_void> {
    let guard = lock();
    let symbols = guard.as_ref()?.fatbins.values().flat_map(|fatbin| &fatbin.symbols);
    let wanted = (context as usize, function as u64);
    symbols
        .filter(|symbol| {
            symbol.resolved.iter().any(|(context, found)| (*context, found.value) == wanted && found.bytes == 0)
        })
        .map(|symbol| std::ptr::with_exposed_provenance(symbol.host))
        .next()
}

/// Whether a host stub of that address is registered.
pub(crate) fn is_registered(host: *const c_void) -> bool {
    let mut guard = lock();
    guard.as_mut().is_some_and(|registry| registry.find(host as usize).is_some())
}

/// Loads a fatbin's module into `context` now, and fills the program's managed pointers.
pub(crate) fn load_fatbin(handle: *mut *mut c_void, context: CUcontext) -> RtResult {
    let mut guard = lock();
    let registry = guard.as_mut().ok_or(RtError::INVALID_VALUE)?;
    let number = fatbin_number(handle).ok_or(RtError::INVALID_VALUE)?;
    let fatbin = registry.fatbins.get_mut(&number).ok_or(RtError::INVALID_VALUE)?;
    fatbin.module(context as usize).map(drop)
}

fn resolve(
    host: usize,
    context: usize,
    look_up: impl FnOnce(CUmodule, *const c_char) -> RtResult<Resolved>,
) -> RtResult<Resolved> {
    let mut guard = lock();
    let registry = guard.get_or_insert_default();
    let (number, symbol) = registry.find(host).ok_or(RtError::INVALID_SYMBOL)?;
    let fatbin = registry.fatbins.get_mut(&number).ok_or(RtError::INVALID_SYMBOL)?;
    if let Some((_, found)) = fatbin.symbols[symbol].resolved.iter().find(|entry| entry.0 == context) {
        return Ok(*found);
    }
    let module = fatbin.module(context)?;
    let symbol = &mut fatbin.symbols[symbol];
    let found = look_up(module, symbol.name)?;
    symbol.resolved.push((context, found));
    Ok(found)
}

impl Registry {
    /// Where the symbol of a host address is.
    fn find(&mut self, host: usize) -> Option<(usize, usize)> {
        if !self.pending.is_empty() {
            self.index_pending();
        }
        self.index.get(&host).copied()
    }

    fn index_pending(&mut self) {
        for (number, symbol) in self.pending.drain(..) {
            if let Some(fatbin) = self.fatbins.get(&number) {
                self.index.insert(fatbin.symbols[symbol].host, (number, symbol));
            }
        }
        let fatbins = self.fatbins.len();
        log::debug!("registered: {fatbins} fat binaries, {} functions and variables", self.index.len());
    }

    /// Drops what was unregistered; its modules are kept to be unloaded.
    fn sweep(&mut self) {
        let gone: Vec<usize> = self.fatbins.keys().copied().filter(|&number| UNREGISTERED.contains(number)).collect();
        for number in gone {
            let Some(fatbin) = self.fatbins.remove(&number) else { continue };
            for symbol in &fatbin.symbols {
                if self.index.get(&symbol.host).is_some_and(|found| found.0 == number) {
                    self.index.remove(&symbol.host);
                }
            }
            let loaded = fatbin.modules.into_iter().filter_map(|(context, module)| Some((context, module.ok()?)));
            self.orphans.extend(loaded);
        }
        let fatbins = &self.fatbins;
        self.pending.retain(|(number, _)| fatbins.contains_key(number));
    }
}

impl Fatbin {
    /// The module of this fatbin in `context`, loaded if need be. A refusal that will not change is remembered.
    fn module(&mut self, context: usize) -> RtResult<CUmodule> {
        if let Some((_, module)) = self.modules.iter().find(|entry| entry.0 == context) {
            return module.map(|module| module as CUmodule);
        }
        // The program launches or names a symbol, which captures allow; that this loads something is ours.
        let module = outside_captures(|| self.load());
        if !matches!(module, Err(error) if !is_final(error)) {
            self.modules.push((context, module.map(|module| module as usize)));
        }
        let module = module?;
        self.fill_managed(module);
        Ok(module)
    }

    fn load(&self) -> RtResult<CUmodule> {
        let wrapper: *const Wrapper = std::ptr::with_exposed_provenance(self.wrapper);
        if wrapper.is_null() {
            return Err(RtError::INVALID_KERNEL_IMAGE);
        }
        // SAFETY: the compiler's start-up code registered this wrapper, and its object is still loaded.
        let Wrapper { magic, version, data, filename_or_fatbins } = unsafe { wrapper.read() };
        if magic != WRAPPER_MAGIC || data.is_null() {
            return Err(RtError::INVALID_KERNEL_IMAGE);
        }
        let mut module = null_mut();
        // SAFETY: the wrapper's data is a fatbin, which says its own length.
        match unsafe { cu::cuModuleLoadData(&mut module, data) } {
            Ok(()) => Ok(module),
            // What the compiler linked is machine code for other devices: what it was made of may hold more.
            Err(RtError::NO_KERNEL_IMAGE) if version == LINKED_VERSION && !filename_or_fatbins.is_null() => {
                log::info!("what the compiler has linked is not for this device: what it was made of is linked now");
                // SAFETY: a wrapper of that version has such a list there.
                unsafe { prelinked::load(filename_or_fatbins.cast()) }
            }
            Err(error) => Err(error),
        }
    }

    /// Points the program's managed variables at their memory, where the driver gives them memory that the host can reach.
    fn fill_managed(&self, module: CUmodule) {
        for symbol in self.symbols.iter().filter(|symbol| !symbol.managed.is_null()) {
            // SAFETY: the name is a string of the registered object.
            let name = unsafe { CStr::from_ptr(symbol.name) };
            match cu::global(module, name) {
                Ok((address, _)) if crate::pointer::is_managed(address) => {
                    let address = std::ptr::with_exposed_provenance_mut(usize::try_from(address).unwrap_or(0));
                    // SAFETY: the compiler registered this pointer variable to be filled here.
                    unsafe { symbol.managed.write(address) };
                }
                Ok(_) | Err(_) => {
                    unreachable_managed(name);
                }
            }
        }
    }
}

/// Says that the host cannot reach a managed variable: once per process on standard error, for an access to it is the program's end.
fn unreachable_managed(name: &CStr) {
    static IS_SAID: AtomicBool = AtomicBool::new(false);
    let text = format!("the managed variable {} is out of the host's reach on this device", name.to_string_lossy());
    if log::log_enabled!(log::Level::Error) {
        log::error!("{text}");
    } else if !IS_SAID.swap(true, Ordering::Relaxed) {
        // A closed standard error is the program's affair.
        let _ = io::stderr().write_all(format!("vgpu: {text}: an access to it will end the program\n").as_bytes());
    }
}

/// Whether loading the same image again would end the same way.
fn is_final(error: RtError) -> bool {
    matches!(
        error,
        RtError::INVALID_KERNEL_IMAGE | RtError::NO_KERNEL_IMAGE | RtError::INVALID_PTX | RtError::UNSUPPORTED_PTX
    )
}

/// A name that a registered function goes by on the device.
pub(crate) fn name_of(host: *const c_void) -> Option<*const c_char> {
    let mut guard = lock();
    let registry = guard.as_mut()?;
    let (number, symbol) = registry.find(host as usize)?;
    let name = registry.fatbins.get(&number)?.symbols[symbol].name;
    if name.is_null() { None } else { Some(name) }
}

#[cfg(test)]
mod tests {
    use std::ptr::null;

    use super::*;

    fn stub(number: usize) -> *const c_void {
        std::ptr::without_provenance(0x7000_0000 + number * 16)
    }

    #[test]
    fn the_same_kernel_name_in_two_fatbins_stays_two_functions() {
        let (first, second) = (add_fatbin(null()), add_fatbin(null()));
        add_symbol(first, Kind::Function, stub(1), c"kernel".as_ptr());
        add_symbol(second, Kind::Function, stub(2), c"kernel".as_ptr());
        let mut guard = lock();
        let registry = guard.as_mut().expect("symbols were added");
        let (a, b) = (registry.find(stub(1) as usize), registry.find(stub(2) as usize));
        assert_eq!(a.map(|found| found.0), fatbin_number(first));
        assert_eq!(b.map(|found| found.0), fatbin_number(second));
    }

    #[test]
    fn an_unregistered_fatbin_takes_its_functions_along() {
        let fatbin = add_fatbin(null());
        add_symbol(fatbin, Kind::Function, stub(3), c"kernel".as_ptr());
        assert!(is_registered(stub(3)));
        remove_fatbin(fatbin);
        assert!(!is_registered(stub(3)));
    }

    #[test]
    fn a_symbol_unregistered_before_its_first_look_up_is_not_found() {
        let fatbin = add_fatbin(null());
        add_symbol(fatbin, Kind::Variable, stub(4), c"variable".as_ptr());
        remove_fatbin(fatbin);
        assert!(!is_registered(stub(4)));
    }

    #[test]
    fn unregistering_twice_or_a_stranger_is_harmless() {
        let fatbin = add_fatbin(null());
        remove_fatbin(fatbin);
        remove_fatbin(fatbin);
        remove_fatbin(std::ptr::without_provenance_mut(0xdead));
        remove_fatbin(null_mut());
    }

    #[test]
    fn a_thread_that_holds_the_registry_can_unregister_all_the_same() {
        let fatbin = add_fatbin(null());
        add_symbol(fatbin, Kind::Function, stub(8), c"kernel".as_ptr());
        let guard = lock();
        remove_fatbin(fatbin);
        unload_orphans();
        drop(guard);
        assert!(!is_registered(stub(8)));
    }

    #[test]
    fn a_stub_that_another_object_registers_again_belongs_to_the_new_one() {
        let (old, new) = (add_fatbin(null()), add_fatbin(null()));
        add_symbol(old, Kind::Function, stub(5), c"kernel".as_ptr());
        assert!(is_registered(stub(5)));
        add_symbol(new, Kind::Function, stub(5), c"kernel".as_ptr());
        assert!(is_registered(stub(5)));
        remove_fatbin(old);
        assert!(is_registered(stub(5)));
    }

    #[test]
    fn an_address_that_nobody_registered_is_an_invalid_device_function() {
        let error = function(stub(6), std::ptr::without_provenance_mut(8)).unwrap_err();
        assert_eq!(error, RtError::INVALID_DEVICE_FUNCTION);
    }

    #[test]
    fn a_wrapper_without_its_magic_is_an_invalid_image() {
        let wrapper = Wrapper { magic: 1, version: 1, data: null(), filename_or_fatbins: null() };
        let fatbin = add_fatbin((&raw const wrapper).cast());
        add_symbol(fatbin, Kind::Function, stub(7), c"kernel".as_ptr());
        let error = function(stub(7), std::ptr::without_provenance_mut(8)).unwrap_err();
        assert_eq!(error, RtError::INVALID_KERNEL_IMAGE);
        remove_fatbin(fatbin);
        assert_eq!((wrapper.version, wrapper.filename_or_fatbins), (1, null()));
    }

    #[test]
    fn registering_a_large_program_takes_milliseconds() {
        let start = std::time::Instant::now();
        let handles: Vec<_> = (0..143).map(|_| add_fatbin(null())).collect();
        for number in 0..6_741 {
            add_symbol(handles[number % handles.len()], Kind::Function, stub(100 + number), c"kernel".as_ptr());
        }
        let taken = start.elapsed();
        for handle in handles {
            remove_fatbin(handle);
        }
        assert!(taken.as_millis() < 10, "{taken:?}");
    }
}
