//! Modules: an image's text scanned once per process, its variables placed in device memory, its kernels compiled on demand.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, LazyLock};

use parking_lot::Mutex;
use vgpu_core::CuError;
use vgpu_core::host::Refusal;
use vgpu_core::sha256::Digest;
use vgpu_core::wire::ALLOCATION_ALIGN_BYTES;
use vgpu_core::wire::messages::ImageKind;

use super::heap::Heap;
use crate::exec::{CompileOptions, Kernel};
use crate::ptx::ast::{self, Space};
use crate::{image, ptx};

/// Texts of images that are not loaded any more are kept up to this many bytes.
const CACHE_BYTES: usize = 512 << 20;

/// A module's text and its scan. The scan borrows the text, which never moves or changes.
pub(super) struct Scanned {
    // Dropped before the text that it borrows.
    module: ast::Module<'static>,
    text: Arc<str>,
}

impl Scanned {
    /// Scans a text.
    ///
    /// # Errors
    /// `INVALID_PTX` where it is none.
    pub(super) fn new(text: String) -> Result<Self, Refusal> {
        let text: Arc<str> = text.into();
        // SAFETY: the text is on the heap, immutable, and kept by this struct, which drops the scan first. `module` hands
        // the scan out only for as long as this struct is borrowed.
        let borrowed: &'static str = unsafe { &*std::ptr::from_ref::<str>(&text) };
        let parsed = contain("scanning the module", || ptx::parse_module(borrowed))?;
        let module = parsed.map_err(|error| (CuError::INVALID_PTX, error.to_string()))?;
        Ok(Self { module, text })
    }

    /// The scan.
    pub(super) fn module(&self) -> &ast::Module<'_> {
        &self.module
    }
}

/// An image as a guest sent it.
pub(super) struct Image<'a> {
    pub(super) kind: ImageKind,
    pub(super) bytes: &'a [u8],
    /// Of its bytes, where it was computed for another reason.
    pub(super) hash: Option<Digest>,
}

/// What an image is known by in this process.
#[derive(PartialEq, Eq, Hash)]
enum Name {
    Sha256(Digest),
    /// Length, and two hashes with keys of this process's own: faster than the other.
    Keyed(usize, [u64; 2]),
}

/// Scans by content, so that an image that is loaded again is not read again.
#[derive(Default)]
struct Cache {
    hashers: [RandomState; 2],
    scans: HashMap<(u32, Name), Arc<Scanned>>,
    text_bytes: usize,
}

static CACHE: LazyLock<Mutex<Cache>> = LazyLock::new(Mutex::default);

/// Reads an image, or finds it read.
fn scan(image: &Image<'_>) -> Result<Arc<Scanned>, Refusal> {
    let &Image { kind, bytes, hash } = image;
    let name = hash.map_or_else(
        || {
            let hashers = CACHE.lock().hashers.clone();
            Name::Keyed(bytes.len(), hashers.map(|hasher| hasher.hash_one(bytes)))
        },
        Name::Sha256,
    );
    let key = (kind as u32, name);
    if let Some(scanned) = CACHE.lock().scans.get(&key) {
        return Ok(scanned.clone());
    }
    let text = contain("reading the image", || image::ptx_text(kind, bytes))?.map_err(refuse_image)?;
    let scanned = Arc::new(Scanned::new(text)?);
    let mut cache = CACHE.lock();
    cache.text_bytes += scanned.text.len();
    if cache.text_bytes > CACHE_BYTES {
        // Scans in use stay with their modules; only the cache lets go of them.
        cache.scans.retain(|_, scanned| Arc::strong_count(scanned) > 1);
        cache.text_bytes = scanned.text.len() + cache.scans.values().map(|scanned| scanned.text.len()).sum::<usize>();
    }
    cache.scans.insert(key, scanned.clone());
    Ok(scanned)
}

fn refuse_image(error: image::ImageError) -> Refusal {
    (error.to_cuda(), error.to_string())
}

/// Runs the front end so that a bug in it is an error of the module and not the end of the process.
pub(super) fn contain<T>(what: &str, body: impl FnOnce() -> T) -> Result<T, Refusal> {
    catch_unwind(AssertUnwindSafe(body))
        .map_err(|_| (CuError::UNKNOWN, format!("internal error while {what}; this is a bug in vgpu")))
}

/// A loaded module. Its variables are given back when the last user of it is gone.
pub(super) struct Module {
    pub(super) context: u32,
    device: usize,
    scanned: Arc<Scanned>,
    heap: Arc<Mutex<Heap>>,
    /// Start of the allocation that holds all variables.
    memory: Option<u64>,
    /// Address and length by name.
    variables: HashMap<String, (u64, u64)>,
    const_bytes: u64,
    /// The kernel that was compiled to see whether the image is PTX, until somebody asks for it.
    tried: Mutex<Option<Kernel>>,
}

/// Kernels of a text that are tried before it is found to be none.
const TRIED_KERNELS: usize = 16;

impl Module {
    /// Reads an image and places its variables on the context's device.
    ///
    /// # Errors
    /// What is wrong with the image, or `OUT_OF_MEMORY`.
    pub(super) fn load(
        (context, device): (u32, usize),
        image: &Image<'_>,
        options: &CompileOptions,
        heap: &Arc<Mutex<Heap>>,
    ) -> Result<Self, Refusal> {
        let capability = options.capability;
        let scanned = scan(image)?;
        if scanned.module().target > capability {
            let text = format!("the image is for sm_{}, the device is sm_{capability}", scanned.module().target);
            return Err((CuError::NO_BINARY_FOR_GPU, text));
        }
        let places = place_variables(scanned.module())?;
        let mut module = Self {
            context,
            device,
            scanned,
            heap: heap.clone(),
            memory: None,
            variables: HashMap::new(),
            const_bytes: places.const_bytes,
            tried: Mutex::new(None),
        };
        if places.len_bytes > 0 {
            let allocated = heap.lock().alloc(places.len_bytes, device, None);
            let start =
                allocated.map_err(|error| (error, format!("no room for {} bytes of variables", places.len_bytes)))?;
            module.memory = Some(start);
            module.variables =
                places.offsets.into_iter().map(|(name, (offset, len))| (name, (start + offset, len))).collect();
            module.initialise()?;
        }
        // A program that brings text has just made it, and asks here what is wrong with it.
        if image.kind == ImageKind::Ptx {
            module.try_kernels(options)?;
        }
        Ok(module)
    }

    /// Refuses a text none of whose kernels compiles. One that does not takes no others with it.
    fn try_kernels(&self, options: &CompileOptions) -> Result<(), Refusal> {
        let mut first = Ok(());
        for name in self.kernel_names().take(TRIED_KERNELS) {
            match self.compile(name, options) {
                Ok(kernel) => {
                    *self.tried.lock() = Some(kernel);
                    return Ok(());
                }
                Err(refusal) => first = first.and(Err(refusal)),
            }
        }
        first
    }

    /// Address and length of a variable.
    pub(super) fn variable(&self, name: &str) -> Option<(u64, u64)> {
        self.variables.get(name).copied()
    }

    /// Bytes of its managed variables together.
    pub(super) fn managed_bytes(&self) -> u64 {
        managed_places(self.scanned.module()).1
    }

    /// Moves its managed variables to memory that kernels and the program reach, before anybody knows where they are.
    ///
    /// # Errors
    /// `INVALID_VALUE` where there is not so much memory.
    pub(super) fn place_managed(&mut self, start: u64) -> Result<(), Refusal> {
        let scanned = self.scanned.clone();
        let (places, len_bytes) = managed_places(scanned.module());
        let map = self.heap.lock().map(self.device);
        if !start.is_multiple_of(ALLOCATION_ALIGN_BYTES) || !map.admits(start, len_bytes) {
            return Err((CuError::INVALID_VALUE, format!("no {len_bytes} bytes of memory at {start:#x}")));
        }
        for (name, offset) in places {
            if let Some((address, _)) = self.variables.get_mut(name) {
                *address = start + offset;
            }
        }
        // What was compiled knows of other places.
        *self.tried.lock() = None;
        let target: *mut u8 = std::ptr::with_exposed_provenance_mut(start as usize);
        // SAFETY: the map admits so many bytes there, and the guest has given them for this.
        unsafe { std::ptr::write_bytes(target, 0, len_bytes as usize) };
        self.initialise()
    }

    /// Names of the kernels, in the text's order.
    pub(super) fn kernel_names(&self) -> impl Iterator<Item = &str> {
        self.scanned.module().kernels.iter().map(|kernel| kernel.name)
    }

    /// Bytes of constant memory.
    pub(super) fn const_bytes(&self) -> u64 {
        self.const_bytes
    }

    /// Compiles a kernel.
    ///
    /// # Errors
    /// `NOT_FOUND`, or `INVALID_PTX` with line and instruction.
    pub(super) fn compile(&self, name: &str, options: &CompileOptions) -> Result<Kernel, Refusal> {
        if let Some(kernel) = self.tried.lock().take_if(|kernel| kernel.name() == name) {
            return Ok(kernel);
        }
        let module = self.scanned.module();
        let text = module
            .kernels
            .iter()
            .find(|kernel| kernel.name == name)
            .ok_or_else(|| (CuError::NOT_FOUND, format!("the module has no kernel named {name}")))?;
        let symbols = |name: &str| self.variable(name).map(|(address, _)| address);
        let compiled = contain(&format!("compiling {name}"), || Kernel::compile(module, text, &symbols, options))?;
        compiled.map_err(|error| (CuError::INVALID_PTX, error.to_string()))
    }

    /// Writes initial values; the memory is zero before.
    fn initialise(&self) -> Result<(), Refusal> {
        let scanned = self.scanned.clone();
        for variable in scanned.module().variables.iter().filter(|variable| is_placed(variable)) {
            let Some((address, len_bytes)) = self.variable(variable.name) else {
                continue;
            };
            let mut bytes = variable.init.clone();
            for relocation in &variable.relocations {
                let variable_address = self.variable(relocation.symbol).map(|(address, _)| address);
                let symbol = variable_address.or_else(|| scanned.module().function_address(relocation.symbol));
                let symbol = symbol.ok_or_else(|| {
                    let text = format!(
                        "the initial value of {} names {}, which is no variable and no function",
                        variable.name, relocation.symbol
                    );
                    (CuError::INVALID_PTX, text)
                })?;
                let value = symbol.wrapping_add_signed(relocation.addend);
                let end = relocation.offset_bytes.checked_add(8).filter(|&end| end <= len_bytes);
                let end = end.ok_or_else(|| {
                    (CuError::INVALID_PTX, format!("an address in {} lies outside it", variable.name))
                })?;
                if (bytes.len() as u64) < end {
                    bytes.resize(end as usize, 0);
                }
                bytes[relocation.offset_bytes as usize..end as usize].copy_from_slice(&value.to_le_bytes());
            }
            let target: *mut u8 = std::ptr::with_exposed_provenance_mut(address as usize);
            let len = bytes.len().min(len_bytes as usize);
            // SAFETY: `place_variables` or `place_managed` gave the variable `len_bytes` bytes of memory that is accessible, and that
            // nobody else knows of yet.
            unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), target, len) }
        }
        Ok(())
    }
}

impl Drop for Module {
    fn drop(&mut self) {
        if let Some(start) = self.memory {
            self.heap.lock().release(start);
        }
    }
}

/// Offsets of variables within one allocation.
struct Places {
    len_bytes: u64,
    const_bytes: u64,
    offsets: HashMap<String, (u64, u64)>,
}

fn is_placed(variable: &ast::Variable<'_>) -> bool {
    matches!(variable.space, Space::Global | Space::Const) && !variable.is_extern && variable.len_bytes > 0
}

/// Managed variables and where they lie in memory of their own, and how long that is.
fn managed_places<'m>(module: &'m ast::Module<'_>) -> (Vec<(&'m str, u64)>, u64) {
    let mut len_bytes = 0u64;
    let managed = module.variables.iter().filter(|variable| is_placed(variable) && variable.is_managed);
    let place = |variable: &'m ast::Variable<'_>| {
        let offset = len_bytes.next_multiple_of(u64::from(variable.align_bytes.max(16)));
        len_bytes = offset + variable.len_bytes;
        (variable.name, offset)
    };
    (managed.map(place).collect(), len_bytes)
}

fn place_variables(module: &ast::Module<'_>) -> Result<Places, Refusal> {
    let mut places = Places { len_bytes: 0, const_bytes: 0, offsets: HashMap::new() };
    for variable in module.variables.iter().filter(|variable| is_placed(variable)) {
        let align_bytes = u64::from(variable.align_bytes.max(1));
        if align_bytes > ALLOCATION_ALIGN_BYTES || !align_bytes.is_power_of_two() {
            return Err((
                CuError::INVALID_PTX,
                format!("{} asks for an alignment of {align_bytes} bytes", variable.name),
            ));
        }
        // Sixteen at least: vector accesses to byte arrays are common and harmless.
        let offset = places.len_bytes.next_multiple_of(align_bytes.max(16));
        let end = offset.checked_add(variable.len_bytes).filter(|&end| end <= 1 << 40);
        places.len_bytes = end.ok_or_else(|| (CuError::OUT_OF_MEMORY, format!("{} is too large", variable.name)))?;
        if variable.space == Space::Const {
            places.const_bytes += variable.len_bytes;
        }
        if places.offsets.insert(variable.name.to_owned(), (offset, variable.len_bytes)).is_some() {
            return Err((CuError::INVALID_PTX, format!("{} is defined twice", variable.name)));
        }
    }
    Ok(places)
}
