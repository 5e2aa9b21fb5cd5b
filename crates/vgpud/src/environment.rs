//! The environment of a process that opens the driver: made from nothing.
//!
//! The driver reads many variables, some of which load code or change what it answers; none of a guest's or of an operator's
//! shell is meant for it.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::settings::{Choice, DeviceSettings};

/// Our own that are kept.
const KEPT: [&str; 2] = ["VGPU_LOG", "RUST_BACKTRACE"];

/// Whose code the driver's compiler may have kept from earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JitCache<'a> {
    /// The user's whose process this is.
    Own,
    /// That of a tenant's processes, in this folder. Tenants must not share code: one could put another's in its place.
    In(&'a Path),
    /// Nobody's.
    None,
}

/// What the compiler may keep for a tenant; the driver's own limit is 1 GiB.
const TENANT_CACHE_MAX_BYTES: u64 = 512 << 20;

/// Gives a command that environment.
pub(crate) fn make(command: &mut Command, settings: &DeviceSettings, cache: JitCache<'_>) {
    command.env_clear();
    for name in KEPT {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command.env("CUDA_DEVICE_ORDER", "PCI_BUS_ID").env("CUDA_MODULE_LOADING", "LAZY");
    let folder = match cache {
        JitCache::Own => cache_folder(),
        JitCache::In(folder) => {
            command.env("CUDA_CACHE_MAXSIZE", TENANT_CACHE_MAX_BYTES.to_string());
            Some(folder.to_owned())
        }
        JitCache::None => None,
    };
    match folder.filter(|folder| std::fs::create_dir_all(folder).is_ok()) {
        Some(folder) => command.env("CUDA_CACHE_PATH", folder),
        None => command.env("CUDA_CACHE_DISABLE", "1"),
    };
    if settings.nested {
        nest(command, settings);
    }
}

/// Where this user's programs keep such things.
fn cache_folder() -> Option<PathBuf> {
    let folder = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|folder| folder.is_absolute());
    let caches = folder("XDG_CACHE_HOME").or_else(|| Some(folder("HOME")?.join(".cache")))?;
    Some(caches.join("vgpu/cuda"))
}

/// What our own libraries, taken for a driver's, need: a software GPU of these settings. libcuda has it in the process itself.
fn nest(command: &mut Command, settings: &DeviceSettings) {
    let soft = DeviceSettings { device: Choice::Soft, nested: false, ..settings.clone() };
    command.envs(soft.to_variables());
    command.env("VGPU", "embedded").envs(std::env::current_exe().map(|program| ("VGPU_EXECUTOR", program)));
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn made(settings: &DeviceSettings) -> BTreeMap<String, String> {
        made_with(settings, JitCache::None)
    }

    fn made_with(settings: &DeviceSettings, cache: JitCache<'_>) -> BTreeMap<String, String> {
        let mut command = Command::new("x");
        make(&mut command, settings, cache);
        let text = |part: &std::ffi::OsStr| part.to_string_lossy().into_owned();
        command.get_envs().filter_map(|(name, value)| Some((text(name), text(value?)))).collect()
    }

    #[test]
    fn nothing_is_inherited_but_what_is_ours() {
        let made = made(&DeviceSettings::default());
        let expected = ["CUDA_CACHE_DISABLE", "CUDA_DEVICE_ORDER", "CUDA_MODULE_LOADING"];
        assert!(expected.iter().all(|name| made.contains_key(*name)));
        assert!(made.keys().all(|name| expected.contains(&name.as_str()) || KEPT.contains(&name.as_str())), "{made:?}");
    }

    #[test]
    fn a_tenants_processes_keep_code_in_its_folder() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let folder = folder.path().join("user-1");
        let made = made_with(&DeviceSettings::default(), JitCache::In(&folder));
        assert_eq!(made.get("CUDA_CACHE_PATH").map(String::as_str), folder.to_str());
        assert!(folder.is_dir() && !made.contains_key("CUDA_CACHE_DISABLE"));
    }

    #[test]
    fn a_nested_device_is_a_software_gpu_of_the_same_settings() {
        let made = made(&DeviceSettings { nested: true, threads: 3, devices: 2, ..Default::default() });
        let of = |name: &str| made.get(name).map(String::as_str);
        assert_eq!((of("VGPU"), of("VGPU_DEVICE"), of("VGPU_NESTED")), (Some("embedded"), Some("soft"), Some("false")));
        assert_eq!((of("VGPU_THREADS"), of("VGPU_DEVICES")), (Some("3"), Some("2")));
        assert!(made.contains_key("VGPU_EXECUTOR"));
    }
}
