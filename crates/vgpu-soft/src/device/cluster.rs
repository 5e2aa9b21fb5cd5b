//! Clusters that a function may be launched with, and how many of them a device holds.

use vgpu_core::CuError;
use vgpu_core::host::Refusal;
use vgpu_core::wire::messages::{CLUSTER_BLOCKS_MOST, CLUSTERS_AT_A_TIME};

use super::function::Function;
use super::profile::Limits;
use crate::exec::{CLUSTER_BLOCKS_MAX, Shape};

/// Blocks of the largest cluster that every GPU with clusters takes. Source: CUDA C++ Programming Guide, "Thread Block Clusters".
const PORTABLE_MAX: u32 = 8;
/// A cluster is resident in one of the groups that multiprocessors come in (GPCs), which on an H100 have 16 or 18.
const GROUP_MULTIPROCESSORS: u32 = 16;

/// Blocks of a cluster.
fn product(blocks: [u32; 3]) -> u64 {
    blocks.iter().map(|&n| u64::from(n)).fold(1, u64::saturating_mul)
}

impl Function {
    /// The blocks of a launch's clusters: what it says itself (`wanted`), else what the function requires, if anything.
    ///
    /// # Errors
    /// `NOT_SUPPORTED` on a device without clusters, `INVALID_CLUSTER_SIZE` for any that are not to be had, with the reason.
    pub(super) fn cluster(
        &self,
        wanted: Option<[u32; 3]>,
        shape: &Shape,
        multiprocessors: u32,
        limits: &Limits,
    ) -> Result<Option<[u32; 3]>, Refusal> {
        let Some(blocks) = self.cluster_size(wanted, limits)? else { return Ok(None) };
        // A device without clusters has the one kind that is none.
        if !limits.has_clusters() {
            return Ok(Some(blocks));
        }
        let invalid = |reason: String| {
            let text = format!("launch of {}: clusters of {blocks:?} blocks {reason}", self.kernel.name());
            Err((CuError::INVALID_CLUSTER_SIZE, text))
        };
        let grid = shape.grid;
        if grid.iter().zip(blocks).any(|(grid, blocks)| !grid.is_multiple_of(blocks)) {
            return invalid(format!("do not make up a grid of {grid:?}"));
        }
        if self.clusters_at_a_time(blocks, shape, multiprocessors, limits) == 0 {
            return invalid(format!("do not fit a device of {multiprocessors} multiprocessors"));
        }
        Ok(Some(blocks))
    }

    /// The same without a look at the grid and the device.
    fn cluster_size(&self, wanted: Option<[u32; 3]>, limits: &Limits) -> Result<Option<[u32; 3]>, Refusal> {
        let name = self.kernel.name();
        let required = Some(self.clusters.required).filter(|required| *required != [0; 3]);
        let Some(blocks) = wanted.or(required) else {
            return match self.kernel.must_have_cluster() {
                true => Err((CuError::INVALID_CLUSTER_SIZE, format!("launch of {name} without a size of clusters"))),
                false => Ok(None),
            };
        };
        let invalid = |reason: String| {
            Err((
                CuError::INVALID_CLUSTER_SIZE,
                format!("launch of {name} with clusters of {blocks:?} blocks: {reason}"),
            ))
        };
        if !limits.has_clusters() && blocks != [1; 3] {
            let text = format!("launch of {name} with clusters of {blocks:?} blocks: this device has none");
            return Err((CuError::NOT_SUPPORTED, text));
        }
        if let Some(required) = required.filter(|required| *required != blocks) {
            return invalid(format!("it requires {required:?}"));
        }
        let most = self.cluster_blocks_max();
        if !(1..=u64::from(most)).contains(&product(blocks)) {
            return invalid(format!("1 to {most} may be in one"));
        }
        Ok(Some(blocks))
    }

    /// Blocks of the largest cluster that it may have.
    fn cluster_blocks_max(&self) -> u32 {
        let most = if self.clusters.allows_non_portable { CLUSTER_BLOCKS_MAX } else { PORTABLE_MAX };
        self.kernel.max_cluster_rank().map_or(most, |rank| rank.min(most))
    }

    /// Blocks of a launch that a group of so many multiprocessors holds.
    fn resident_in_group(&self, shape: &Shape, multiprocessors: u32, limits: &Limits) -> u64 {
        let threads = u32::try_from(product(shape.block)).unwrap_or(u32::MAX);
        let of_one = self.occupancy(threads, shape.dynamic_shared_bytes, limits);
        u64::from(of_one) * u64::from(multiprocessors.min(GROUP_MULTIPROCESSORS))
    }

    /// Clusters of so many blocks that a device holds: each lies in one of its groups.
    fn clusters_at_a_time(&self, blocks: [u32; 3], shape: &Shape, multiprocessors: u32, limits: &Limits) -> u64 {
        let size = product(blocks).max(1);
        let of_group = |multiprocessors: u32| self.resident_in_group(shape, multiprocessors, limits) / size;
        let (groups, rest) = (multiprocessors / GROUP_MULTIPROCESSORS, multiprocessors % GROUP_MULTIPROCESSORS);
        u64::from(groups) * of_group(GROUP_MULTIPROCESSORS) + of_group(rest)
    }

    /// Answers one of the two questions about a launch's clusters.
    ///
    /// # Errors
    /// `NOT_SUPPORTED` on a device without clusters, `INVALID_VALUE` for a question that there is not and for clusters whose size nobody
    /// says, `INVALID_CLUSTER_SIZE` for a size that is not to be had.
    pub(super) fn cluster_occupancy(
        &self,
        question: u32,
        wanted: Option<[u32; 3]>,
        shape: &Shape,
        multiprocessors: u32,
        limits: &Limits,
    ) -> Result<u64, Refusal> {
        if !limits.has_clusters() {
            return Err((CuError::NOT_SUPPORTED, "blocks of this device form no clusters".to_owned()));
        }
        match question {
            CLUSTERS_AT_A_TIME => {
                let blocks = self.cluster_size(wanted, limits)?;
                let blocks = blocks.ok_or((CuError::INVALID_VALUE, "clusters whose size nobody says".to_owned()))?;
                Ok(self.clusters_at_a_time(blocks, shape, multiprocessors, limits))
            }
            // What the launch wants does not matter here.
            CLUSTER_BLOCKS_MOST => Ok(match product(self.clusters.required) {
                0 => {
                    let resident = self.resident_in_group(shape, multiprocessors, limits);
                    u64::from(self.cluster_blocks_max()).min(resident)
                }
                required => required,
            }),
            _ => Err((CuError::INVALID_VALUE, format!("there is no question {question} about clusters"))),
        }
    }
}
