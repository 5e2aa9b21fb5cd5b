//! Runs bindgen over one wrapper header. The text it returns goes to the cache, not into the repository.

use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::wheels::Unpacked;
use crate::workspace;

/// bindgen's view of `headers/<view>.h`: types, constants and function declarations.
pub(super) fn generate(view: &str, wheels: &Unpacked) -> Result<String> {
    let libclang = wheels.folder("libclang", "libclang-18.1.1.data/platlib/clang/native")?;
    // SAFETY: this program has one thread here, so nothing reads the environment meanwhile.
    unsafe { std::env::set_var("LIBCLANG_PATH", libclang) };

    let headers = workspace::root().join("headers");
    let mut builder = bindgen::builder()
        .header(headers.join(view).with_extension("h").to_string_lossy())
        .use_core()
        .ctypes_prefix("::core::ffi")
        .generate_comments(false)
        .default_enum_style(bindgen::EnumVariation::NewType { is_bitfield: false, is_global: false })
        .prepend_enum_name(false)
        .merge_extern_blocks(true)
        .derive_default(true)
        .derive_eq(true)
        .derive_hash(true)
        .formatter(bindgen::Formatter::None)
        // libclang from PyPI comes without its own stddef.h and friends.
        .clang_arg("-isystem")
        .clang_arg(compiler_headers()?)
        .clang_arg("-isystem")
        .clang_arg(headers.join("stubs").to_string_lossy());

    for folder in include_folders(view, wheels)? {
        builder = builder.clang_arg("-isystem").clang_arg(folder);
    }
    builder = match view {
        "cuda" => builder.allowlist_function("cu.*").allowlist_type("(CU|cu|GL|EGL|Vdp).*").allowlist_var("(CU|cu).*"),
        "cuda_typedefs" => builder.allowlist_type("PFN_cu.*").allowlist_recursively(false),
        // Types that both APIs share are the driver's: a stream is one thing.
        "cudart" => builder
            .allowlist_function("(cuda|__cuda).*")
            .allowlist_type("(cuda|dim3|uint3).*")
            .allowlist_var("cuda.*")
            .blocklist_type("(EGL|GL|Vdp).*")
            .blocklist_type("CU(egl|event|func|graph|kern|lib|mem|stream|user|uuid).*_st"),
        "nvml" => builder.allowlist_function("nvml.*").allowlist_type("nvml.*").allowlist_var("NVML.*"),
        other => anyhow::bail!("no bindgen options for {other}"),
    };
    let bindings = builder.generate().with_context(|| format!("bindgen on headers/{view}.h"))?;
    Ok(bindings.to_string())
}

/// Include folders, first match first: the 12.9 runtime, the 13.5 driver API and NVML.
fn include_folders(view: &str, wheels: &Unpacked) -> Result<Vec<String>> {
    let wanted: &[(&str, &str)] = match view {
        "cudart" => &[
            ("nvidia-cuda-runtime-cu12", "nvidia/cuda_runtime/include"),
            ("nvidia-cuda-nvcc-cu12", "nvidia/cuda_nvcc/include"),
            ("nvidia-cuda-profiler-api", "nvidia/cu13/include"),
        ],
        "nvml" => &[("nvidia-nvml-dev", "nvidia/cu13/include")],
        _ => &[
            ("nvidia-cuda-runtime", "nvidia/cu13/include"),
            ("nvidia-cuda-crt", "nvidia/cu13/include"),
            ("nvidia-cuda-profiler-api", "nvidia/cu13/include"),
        ],
    };
    wanted.iter().map(|(wheel, below)| Ok(wheels.folder(wheel, below)?.to_string_lossy().into_owned())).collect()
}

/// Where gcc keeps its stddef.h.
fn compiler_headers() -> Result<String> {
    let done = Command::new("gcc").arg("-print-file-name=include").output().context("cannot start gcc")?;
    ensure!(done.status.success(), "gcc -print-file-name: {}", done.status);
    Ok(String::from_utf8(done.stdout)?.trim().to_owned())
}
