//! What a dist folder holds besides the libraries of the spec.

/// Names by which programs look for a library besides its SONAME.
pub(super) const LINKS: [(&str, &str); 5] = [
    ("libcuda.so", "libcuda.so.1"),
    ("libcudart.so", "libcudart.so.12"),
    ("libnvidia-ml.so", "libnvidia-ml.so.1"),
    ("libcublas.so", "libcublas.so.12"),
    ("libcublasLt.so", "libcublasLt.so.12"),
];

/// The programs beside the libraries.
pub(super) const PROGRAMS: [&str; 2] = ["vgpud", "vgpu"];

/// What the programs write about themselves.
pub(super) const DOCUMENTS: [&str; 2] = ["man/man1", "completions"];
