//! What a function says of the clusters that it may be launched with.

use vgpu_core::CuError;
use vgpu_core::abi::CUfunction_attribute_enum as Attribute;

use super::profile::Limits;
use crate::exec::Kernel;

/// A function's attributes that tell of clusters.
#[derive(Clone, Copy, Debug)]
pub(super) struct ClusterAttributes {
    /// Blocks in x, y, z that every launch has; 0 where nothing is required.
    pub(super) required: [u32; 3],
    pub(super) allows_non_portable: bool,
}

impl ClusterAttributes {
    /// As the kernel's text says.
    pub(super) fn of(kernel: &Kernel) -> Self {
        Self { required: kernel.required_cluster().unwrap_or_default(), allows_non_portable: false }
    }

    /// Those that a guest is told of.
    pub(super) fn values(&self, kernel: &Kernel) -> [(Attribute, u32); 5] {
        let [width, height, depth] = self.required;
        [
            (Attribute::CU_FUNC_ATTRIBUTE_CLUSTER_SIZE_MUST_BE_SET, kernel.must_have_cluster().into()),
            (Attribute::CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH, width),
            (Attribute::CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_HEIGHT, height),
            (Attribute::CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_DEPTH, depth),
            (Attribute::CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED, self.allows_non_portable.into()),
        ]
    }

    /// Sets one of them.
    ///
    /// # Errors
    /// `NOT_SUPPORTED` on a device without clusters, `NOT_PERMITTED` for a size that the kernel was compiled for, `INVALID_VALUE` for a
    /// value that there is not.
    pub(super) fn set(
        &mut self,
        kernel: &Kernel,
        attribute: Attribute,
        value: i32,
        limits: &Limits,
    ) -> Result<(), CuError> {
        if !limits.has_clusters() {
            return Err(CuError::NOT_SUPPORTED);
        }
        let axis = match attribute {
            Attribute::CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH => 0,
            Attribute::CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_HEIGHT => 1,
            Attribute::CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_DEPTH => 2,
            Attribute::CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED if matches!(value, 0 | 1) => {
                self.allows_non_portable = value == 1;
                return Ok(());
            }
            // In which order clusters are spread over multiprocessors, which there are not.
            Attribute::CU_FUNC_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE if matches!(value, 0..=2) => {
                return Ok(());
            }
            _ => return Err(CuError::INVALID_VALUE),
        };
        if kernel.required_cluster().is_some() {
            return Err(CuError::NOT_PERMITTED);
        }
        self.required[axis] = u32::try_from(value).map_err(|_| CuError::INVALID_VALUE)?;
        Ok(())
    }
}
