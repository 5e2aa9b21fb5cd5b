//! Opening the driver: libcuda first and for everybody, and cuBLAS, which finds it, when it is needed.

use std::ffi::c_void;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use vgpu_core::CuError;
use vgpu_core::private_table::PRIVATE_TABLE_UUID;

use crate::api::Api;
use crate::blas::{Blas, BlasError};
use crate::find::{self, NotFound};
use crate::library::{self, Scope};
use crate::nested::Nested;

/// What is to be opened.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// libcuda, where it is not to be looked for.
    pub driver: Option<PathBuf>,
    /// libcublas, likewise.
    pub blas: Option<PathBuf>,
    /// Of the driver's GPUs only this one.
    pub gpu: Option<u32>,
    /// Take vgpu's own libcuda, too, and serve it so: for tests where there is no GPU.
    pub nested: Option<Nested>,
}

/// Why there is nothing to execute on.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// No library.
    #[error("there is no NVIDIA driver: {0}")]
    NoDriver(NotFound),
    /// A library that does not load.
    #[error("the driver {} cannot be loaded: {reason}", path.display())]
    Load {
        /// The library.
        path: PathBuf,
        /// What the loader says, or the file system.
        reason: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A guest's library.
    #[error("{} is vgpu's own libcuda for guests, and no driver", .0.display())]
    Own(PathBuf),
    /// A library without functions that are needed.
    #[error("the driver {} is too old (525 or later is needed): it has no {}", path.display(), few(missing))]
    TooOld {
        /// The library.
        path: PathBuf,
        /// What it lacks.
        missing: Vec<&'static str>,
    },
    /// A driver without a GPU.
    #[error("the driver finds no GPU")]
    NoGpu,
    /// A driver that does not start.
    #[error("the driver does not start: {0}")]
    Start(CuError),
    /// A GPU that there is not.
    #[error("there is no GPU {wanted}: the driver has {count}")]
    NoSuchGpu {
        /// The one that was asked for.
        wanted: u32,
        /// How many there are.
        count: u32,
    },
}

/// The opened libraries. They stay open for as long as the process lives.
pub struct Driver {
    pub(crate) api: Api,
    /// The driver's devices, by the guest's numbers.
    pub(crate) devices: Vec<i32>,
    /// 1000 × major + 10 × minor of the driver's CUDA.
    pub(crate) version: u32,
    /// Where libcuda lies.
    pub(crate) path: PathBuf,
    /// cuBLAS, or why there is none; opened for the first product, as it takes its time.
    blas: OnceLock<Result<Blas, BlasError>>,
    wanted_blas: Option<PathBuf>,
}

impl Driver {
    /// Opens the driver and counts its GPUs.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(wanted: &Wanted) -> Result<Self, OpenError> {
        let path = match &wanted.driver {
            Some(path) => path.canonicalize().map_err(|error| load_error(path, error))?,
            None => find::driver().map_err(OpenError::NoDriver)?,
        };
        let library = library::open(&path, Scope::Global).map_err(|error| load_error(&path, error))?;
        let api = Api::find(&library).map_err(|missing| OpenError::TooOld { path: path.clone(), missing })?;
        if let Some(table) = own_table(&api) {
            let Some(nested) = &wanted.nested else {
                return Err(OpenError::Own(path));
            };
            // SAFETY: the table is of the library that has just been opened.
            unsafe { nested.serve(table) };
        }
        let no_gpu = |error| if error == CuError::NO_DEVICE { OpenError::NoGpu } else { OpenError::Start(error) };
        api.cuInit(0).map_err(no_gpu)?;
        let count = u32::try_from(api.cuDeviceGetCount().map_err(no_gpu)?).unwrap_or(0);
        let numbers = match wanted.gpu {
            _ if count == 0 => return Err(OpenError::NoGpu),
            Some(wanted) if wanted >= count => return Err(OpenError::NoSuchGpu { wanted, count }),
            Some(gpu) => gpu..gpu + 1,
            None => 0..count,
        };
        let devices = numbers.map(|number| api.cuDeviceGet(number.cast_signed())).collect::<Result<_, _>>();
        let version = api.cuDriverGetVersion().map_err(OpenError::Start)?.cast_unsigned();
        let devices = devices.map_err(OpenError::Start)?;
        Ok(Self { api, devices, version, path, blas: OnceLock::new(), wanted_blas: wanted.blas.clone() })
    }

    /// Whether products can be computed; says once in the log why not.
    pub fn has_blas(&self) -> bool {
        self.blas().is_ok()
    }

    /// cuBLAS.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) fn blas(&self) -> Result<&Blas, &BlasError> {
        let opened = self.blas.get_or_init(|| {
            let opened = open_blas(self.wanted_blas.as_deref(), self.version);
            opened.inspect_err(|reason| log::warn!("products are not supported: {reason}"))
        });
        opened.as_ref()
    }
}

/// Some names, and how many more there are.
fn few(names: &[&str]) -> String {
    match names {
        [first, second, rest @ ..] if rest.len() > 1 => format!("{first}, {second} and {} more", rest.len()),
        _ => names.join(", "),
    }
}

fn load_error(path: &Path, reason: impl std::error::Error + Send + Sync + 'static) -> OpenError {
    OpenError::Load { path: path.to_owned(), reason: Box::new(reason) }
}

/// The private table of a libcuda that is a guest's: it would ask a vgpud, in the end this very process.
fn own_table(api: &Api) -> Option<*const c_void> {
    let mut table = std::ptr::null();
    // SAFETY: the first argument leads to a local, the second to sixteen bytes.
    let found = unsafe { api.cuGetExportTable(&raw mut table, &PRIVATE_TABLE_UUID) };
    found.is_ok().then_some(table)
}

fn open_blas(wanted: Option<&Path>, version: u32) -> Result<Blas, BlasError> {
    let path = match wanted {
        Some(path) => path.canonicalize().map_err(|error| BlasError::NotThere { path: path.to_owned(), error })?,
        None => find::blas(version)?,
    };
    Blas::open(&path)
}
