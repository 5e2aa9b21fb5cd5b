//! `ollama gpu-discover --lib-dir DIR`, versions from 0.30 on: asks the backend in DIR, the driver and the management library,
//! each for itself.

use std::{env, error::Error, path::Path};

use serde_json::{Value, json};

use crate::{
    cuda,
    ggml::{self, Ggml},
};

pub(crate) fn run(folder: &Path) -> Result<(), Box<dyn Error>> {
    let ggml = Ggml::open()?;
    let backend = env::var_os("GGML_BACKEND_PATH").map_or_else(|| folder.join("libggml-cuda.so"), Into::into);
    let registration = ggml::load_with_ggml(&backend)?;
    let (driver, described) = cuda::ask_driver()?;
    let devices = ggml.devices(registration).into_iter().zip(described).map(|(named, device)| {
        let (major, minor) = device.capability;
        json!({
            "name": named.name,
            "description": device.name,
            "compute": format!("{major}.{minor}"),
            "integrated": device.is_integrated,
            "pci_id": device.pci_id.to_lowercase(),
            "total": device.total_bytes,
        })
    });
    let answer = json!({
        "driver": format!("{}.{}", driver / 1000, driver % 1000 / 10),
        "driver_version": cuda::managed_driver_version(),
        "architectures": ggml.architectures(registration),
        "devices": devices.collect::<Vec<Value>>(),
    });
    println!("{answer}");
    Ok(())
}
