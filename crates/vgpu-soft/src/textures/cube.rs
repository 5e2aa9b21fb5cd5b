//! Cubes: which face a direction meets, and where.

/// The face, and the place on it, normalised.
///
/// **Source:** "Cubemap Textures" in NVIDIA's CUDA C++ Programming Guide, the table of faces.
pub(super) fn face([x, y, z]: [f32; 3]) -> (u64, [f32; 2]) {
    let (face, m, s, t) = if x.abs() >= y.abs() && x.abs() >= z.abs() {
        if x >= 0.0 { (0, x, -z, -y) } else { (1, -x, z, -y) }
    } else if y.abs() >= z.abs() {
        if y >= 0.0 { (2, y, x, z) } else { (3, -y, x, -z) }
    } else if z >= 0.0 {
        (4, z, x, -y)
    } else {
        (5, -z, -x, -y)
    };
    (face, [s, t].map(|along| (along / m + 1.0) / 2.0))
}
