//! How a grid falls into clusters. Its blocks are numbered by cluster, so those of one are taken one after another.

use super::kernel::Kernel;
use super::memory::CLUSTER_BLOCKS_MAX;
use super::shape::Shape;

/// The clusters of a grid: of one block each, where nobody has said more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Clusters {
    /// Clusters in x, y, z.
    grid: [u32; 3],
    /// Blocks of a cluster in x, y, z.
    blocks: [u32; 3],
    size: u32,
    is_explicit: bool,
}

/// Where a block is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct InCluster {
    /// The cluster's position in the grid.
    pub(crate) position: [u32; 3],
    /// The block's position in the cluster.
    pub(crate) block: [u32; 3],
    /// The same as a number.
    pub(crate) rank: u32,
}

/// A position's number, x first, as a position.
fn position(number: u64, [width, height, _]: [u32; 3]) -> [u32; 3] {
    let (width, height) = (u64::from(width), u64::from(height));
    let narrow = |value: u64| u32::try_from(value).expect("within a dimension of the grid");
    [narrow(number % width), narrow(number / width % height), narrow(number / (width * height))]
}

impl Clusters {
    /// The clusters of a launch whose grid and block fit a GPU. `wanted`: what the launch itself says of them.
    ///
    /// # Errors
    /// What does not fit.
    pub(super) fn of(kernel: &Kernel, shape: &Shape, wanted: Option<[u32; 3]>) -> Result<Self, String> {
        let asked = wanted.or(kernel.required_cluster);
        if asked.is_none() && !kernel.must_have_cluster {
            return Ok(Self { grid: shape.grid, blocks: [1; 3], size: 1, is_explicit: false });
        }
        let name = &kernel.name;
        let blocks = asked.unwrap_or([1; 3]);
        if kernel.required_cluster.is_some_and(|required| required != blocks) {
            return Err(format!(
                "clusters of {blocks:?} blocks for {name}, which requires {:?}",
                kernel.required_cluster
            ));
        }
        if kernel.must_have_cluster && asked.is_none() {
            return Err(format!("no size of clusters for {name}, which must be told one"));
        }
        let size: u64 = blocks.iter().map(|&n| u64::from(n)).fold(1, u64::saturating_mul);
        let most = kernel.max_cluster_rank.unwrap_or(CLUSTER_BLOCKS_MAX).min(CLUSTER_BLOCKS_MAX);
        if !(1..=u64::from(most)).contains(&size) {
            return Err(format!("clusters of {blocks:?} blocks for {name}, where 1 to {most} may be"));
        }
        if shape.grid.iter().zip(blocks).any(|(grid, blocks)| !grid.is_multiple_of(blocks)) {
            return Err(format!("clusters of {blocks:?} blocks in a grid of {:?}", shape.grid));
        }
        let grid = std::array::from_fn(|axis| shape.grid[axis] / blocks[axis]);
        let size = u32::try_from(size).expect("16 at most");
        Ok(Self { grid, blocks, size, is_explicit: asked.is_some() })
    }

    /// Clusters in x, y, z.
    pub(super) fn grid(&self) -> [u32; 3] {
        self.grid
    }

    /// Blocks of a cluster in x, y, z.
    pub(super) fn blocks(&self) -> [u32; 3] {
        self.blocks
    }

    /// Blocks of a cluster.
    pub(crate) fn size(&self) -> u32 {
        self.size
    }

    /// Whether somebody has said how large clusters are.
    pub(super) fn is_explicit(&self) -> bool {
        self.is_explicit
    }

    /// Where a block is, by its number.
    pub(super) fn of_block(&self, number: u64) -> InCluster {
        let size = u64::from(self.size);
        let rank = number % size;
        InCluster {
            position: position(number / size, self.grid),
            block: position(rank, self.blocks),
            rank: u32::try_from(rank).expect("16 at most"),
        }
    }

    /// A block's position in the grid, by its number.
    pub(super) fn position(&self, number: u64) -> [u32; 3] {
        if self.size == 1 {
            return position(number, self.grid);
        }
        let InCluster { position, block, .. } = self.of_block(number);
        std::array::from_fn(|axis| position[axis] * self.blocks[axis] + block[axis])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_numbered_by_cluster() {
        let clusters = Clusters { grid: [2, 2, 1], blocks: [2, 1, 3], size: 6, is_explicit: true };
        let mut seen = std::collections::BTreeSet::new();
        for number in 0..24 {
            let InCluster { position, block, rank } = clusters.of_block(number);
            assert_eq!((u64::from(rank), number / 6), (number % 6, u64::from(position[0] + 2 * position[1])));
            assert_eq!(u64::from(block[0] + 2 * block[2]), number % 6);
            let [x, y, z] = clusters.position(number);
            assert_eq!([x / 2, y, z / 3], position);
            assert!(x < 4 && y < 2 && z < 3 && seen.insert([x, y, z]));
        }
        assert_eq!(seen.len(), 24);
    }
}
