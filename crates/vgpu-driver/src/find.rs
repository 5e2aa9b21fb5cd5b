//! Where the driver's libraries lie: a path that was named, the loader's configuration, the usual folders, PyPI's wheels.
//!
//! Our own libraries bear NVIDIA's names, and a machine may have them in the loader's configuration: they are passed over by
//! what is in them, before anything is loaded.

use std::path::{Path, PathBuf};

use memchr::memmem;
use thiserror::Error;
use vgpu_core::loader_cache::LoaderCache;
use vgpu_core::private_table::PRIVATE_TABLE_UUID;

/// Where distributions, containers and WSL put the driver's libraries.
const DRIVER_FOLDERS: &[&str] = &[
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/x86_64-linux-gnu/nvidia/current",
    "/usr/lib64",
    "/usr/lib64/nvidia",
    "/usr/lib",
    "/usr/local/nvidia/lib64",
    "/usr/lib/wsl/lib",
    "/run/opengl-driver/lib",
];
/// Where the toolkit's packages put its libraries.
const TOOLKIT_FOLDERS: &[&str] = &[
    "/usr/local/cuda/lib64",
    "/usr/local/cuda/targets/x86_64-linux/lib",
    "/opt/cuda/lib64",
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib64",
];
/// Folders of Python installations, each with `python3.N` folders in it.
const PYTHON_FOLDERS: &[&str] = &["/usr/lib", "/usr/local/lib", "/opt/conda/lib", "/opt/venv/lib", "/venv/lib"];
/// Where a wheel has the library of that major version, below a folder of Python's packages.
const WHEELS: &[(u32, &str)] = &[(13, "nvidia/cu13/lib"), (12, "nvidia/cublas/lib")];

/// A library that is nowhere.
#[derive(Debug, Error)]
pub enum NotFound {
    /// One of the driver's, by its name.
    #[error("no {0} of a driver in the loader's configuration, {first} and other usual folders", first = DRIVER_FOLDERS[0])]
    Driver(&'static str),
    /// cuBLAS, by the names that would do.
    #[error("no {} on this machine", .0.join(" or "))]
    Blas(Vec<String>),
}

/// The libcuda of a real driver.
///
/// # Errors
/// When there is none.
pub(crate) fn driver() -> Result<PathBuf, NotFound> {
    drivers("libcuda.so.1")
}

fn drivers(name: &'static str) -> Result<PathBuf, NotFound> {
    let mut places = configured(name);
    places.extend(DRIVER_FOLDERS.iter().map(|folder| Path::new(folder).join(name)));
    first_foreign(places).ok_or(NotFound::Driver(name))
}

/// The NVML of a real driver: it comes with its libcuda.
///
/// # Errors
/// As [`driver`].
pub(crate) fn nvml() -> Result<PathBuf, NotFound> {
    drivers("libnvidia-ml.so.1")
}

/// The cuBLAS to use with a driver of that CUDA version (1000 × major + 10 × minor), the newest first.
///
/// # Errors
/// When there is none.
pub(crate) fn blas(driver_version: u32) -> Result<PathBuf, NotFound> {
    let majors = if driver_version >= 13_000 { &[13, 12][..] } else { &[12] };
    let names: Vec<String> = majors.iter().map(|major| format!("libcublas.so.{major}")).collect();
    let places = majors.iter().zip(&names).flat_map(|(major, name)| {
        let mut places = configured(name);
        places.extend(TOOLKIT_FOLDERS.iter().map(|folder| Path::new(folder).join(name)));
        places.extend(wheels(*major).map(|folder| folder.join(name)));
        places
    });
    first_foreign(places).ok_or(NotFound::Blas(names))
}

/// What the loader would take for that name, the preferred one first.
fn configured(name: &str) -> Vec<PathBuf> {
    LoaderCache::read(Path::new("/etc/ld.so.cache"), &[]).paths(name).to_vec()
}

fn wheels(major: u32) -> impl Iterator<Item = PathBuf> {
    let versions = PYTHON_FOLDERS.iter().filter_map(|folder| std::fs::read_dir(folder).ok()).flatten().flatten();
    let pythons = versions
        .map(|entry| entry.path())
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("python3")));
    let packages = pythons.flat_map(|python| [python.join("site-packages"), python.join("dist-packages")]);
    let below = WHEELS.iter().find(|(known, _)| *known == major).map(|(_, below)| *below);
    packages.filter_map(move |packages| Some(packages.join(below?)))
}

/// The first of `places` that is there and not ours.
fn first_foreign(places: impl IntoIterator<Item = PathBuf>) -> Option<PathBuf> {
    places.into_iter().filter_map(|place| place.canonicalize().ok()).find(|place| {
        let is_ours = is_ours(place);
        if is_ours {
            log::debug!("{} is vgpu's own and no driver", place.display());
        }
        !is_ours
    })
}

/// Whether a file is one of our libraries: all of them hold the name of the table that they share.
fn is_ours(path: &Path) -> bool {
    std::fs::read(path).is_ok_and(|bytes| memmem::find(&bytes, &PRIVATE_TABLE_UUID).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_hold_our_tables_name_are_passed_over() {
        let folder = std::env::temp_dir().join(format!("vgpu-find-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let (ours, other, absent) = (folder.join("ours"), folder.join("other"), folder.join("absent"));
        std::fs::write(&ours, [&[7; 100][..], &PRIVATE_TABLE_UUID, &[7; 100]].concat()).expect("a file");
        std::fs::write(&other, [&[7; 100][..], &PRIVATE_TABLE_UUID[1..], &[7; 100]].concat()).expect("a file");
        let found = first_foreign([absent, ours, other.clone()]);
        assert_eq!(found, Some(other.canonicalize().expect("it exists")));
        std::fs::remove_dir_all(&folder).expect("our own folder");
    }
}
