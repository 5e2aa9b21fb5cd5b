//! What the tests of the linked libraries share.

pub mod activation;
pub mod bridge;
pub mod daemon;
pub mod documents;
pub mod driver;
pub mod ollama;
pub mod program;
pub mod qmp;
pub mod registration;
pub mod service;
pub mod vm;

use std::{
    env,
    path::{Path, PathBuf},
};

/// Variables that give a daemon of a test, or an executor of a guest's own, the device that `$VGPU_TEST_DEVICE` names: `soft`,
/// which is the default on a machine with a GPU too, or `nested`, the executor of a driver's GPUs with our own libcuda and a
/// software GPU in the driver's place.
///
/// # Panics
/// When it names another one.
pub fn device_variables() -> &'static [(&'static str, &'static str)] {
    match env::var("VGPU_TEST_DEVICE").as_deref() {
        Err(_) | Ok("soft") => &[("VGPU_DEVICE", "soft")],
        Ok("nested") => &[("VGPU_DEVICE", "driver"), ("VGPU_NESTED", "1")],
        Ok(other) => panic!("VGPU_TEST_DEVICE: soft or nested, not {other}"),
    }
}

/// The folder that `cargo xtask dist` writes: `$VGPU_DIST`, else `dist` at the repository's root.
///
/// # Panics
/// When it holds no libraries.
pub fn dist() -> PathBuf {
    let default = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../dist");
    let dist = env::var_os("VGPU_DIST").map_or_else(default, PathBuf::from);
    assert!(
        dist.join("lib/libcuda.so.1").exists(),
        "{} holds no libraries: run `cargo xtask dist` first",
        dist.display()
    );
    dist
}
