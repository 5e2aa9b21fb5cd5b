//! A compiled kernel: ops, blocks, slots to fill, and what a launch must know about its memory.

use std::fmt;

use super::code::Code;
use super::op::Isa;

/// Where the module's variables in global and constant memory lie.
pub trait Symbols {
    /// The device address of a module-scope variable.
    fn address(&self, name: &str) -> Option<u64>;
}

impl<F: Fn(&str) -> Option<u64>> Symbols for F {
    fn address(&self, name: &str) -> Option<u64> {
        self(name)
    }
}

/// How to compile.
#[derive(Clone, Copy, Debug)]
pub struct CompileOptions {
    /// Which lane functions to use; the CPU must have the features.
    pub isa: Isa,
    /// Check shared memory accesses for races between warps (slow).
    pub race_check: bool,
    /// 10 × major + minor of the device that is pretended.
    pub capability: u32,
}

impl Default for CompileOptions {
    fn default() -> Self {
        Self { isa: Isa::detect(), race_check: false, capability: 75 }
    }
}

/// A parameter's place in the packed parameter block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParamLayout {
    /// From the block's start.
    pub offset_bytes: u32,
    /// Size of the parameter.
    pub len_bytes: u32,
}

/// Why a kernel cannot run here. The text names kernel, line and instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompileError {
    /// The kernel's name.
    pub kernel: String,
    /// Line in the module's text; 0 when no single line is to blame.
    pub line: u32,
    /// The opcode to blame; empty when it is none.
    pub opcode: String,
    /// What is wrong.
    pub reason: String,
}

impl fmt::Display for CompileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kernel, line, opcode, reason } = self;
        write!(f, "kernel {kernel}")?;
        if *line != 0 {
            write!(f, ", line {line}")?;
        }
        if !opcode.is_empty() {
            write!(f, ", {opcode}")?;
        }
        write!(f, ": {reason}")
    }
}

impl std::error::Error for CompileError {}

/// A kernel that is ready to launch. Immutable; shared by launches.
pub struct Kernel {
    pub(crate) name: String,
    pub(crate) params: Vec<ParamLayout>,
    pub(crate) param_bytes: u32,
    /// Where the dynamic part begins.
    pub(crate) static_shared_bytes: u32,
    /// Without the stack.
    pub(crate) local_bytes: u32,
    /// It has a stack at the end of its local memory, of a length that is its launch's.
    pub(crate) has_stack: bool,
    pub(crate) register_count: u32,
    pub(crate) max_threads: u32,
    pub(crate) required_threads: Option<[u32; 3]>,
    /// `.reqnctapercluster`
    pub(crate) required_cluster: Option<[u32; 3]>,
    /// `.maxclusterrank`
    pub(crate) max_cluster_rank: Option<u32>,
    /// `.explicitcluster`: it is not launched without a size of clusters.
    pub(crate) must_have_cluster: bool,
    /// `.blocksareclusters`: its launches say how many clusters there are, not how many blocks.
    pub(crate) grids_are_of_clusters: bool,
    pub(crate) arch: u32,
    pub(crate) code: Code,
}

impl Kernel {
    /// The name in its module.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// In the order of the signature.
    pub fn params(&self) -> &[ParamLayout] {
        &self.params
    }

    /// Length of the packed parameters.
    pub fn param_bytes(&self) -> u32 {
        self.param_bytes
    }

    /// Shared memory of a block besides the dynamic part of a launch.
    pub fn static_shared_bytes(&self) -> u32 {
        self.static_shared_bytes
    }

    /// Local memory of a thread, without the stack.
    pub(crate) fn local_bytes(&self) -> u32 {
        self.local_bytes
    }

    /// Whether it allocates memory.
    pub(crate) fn allocates(&self) -> bool {
        self.code.allocates
    }

    /// A warp's register block in this process.
    pub fn register_bytes(&self) -> u32 {
        self.code.register_bytes
    }

    /// 32-bit registers per thread, as a GPU's compiler might report (1 to 255).
    pub(crate) fn register_count(&self) -> u32 {
        self.register_count
    }

    /// `.maxntid` or `.reqntid` as a product; 1024 when the kernel names neither.
    pub fn max_threads(&self) -> u32 {
        self.max_threads
    }

    /// `.reqntid`: the only block shape that may be launched.
    pub(crate) fn required_threads(&self) -> Option<[u32; 3]> {
        self.required_threads
    }

    /// `.reqnctapercluster`: the only clusters that may be launched, in blocks.
    pub(crate) fn required_cluster(&self) -> Option<[u32; 3]> {
        self.required_cluster
    }

    /// `.maxclusterrank`: the most blocks of a cluster.
    pub(crate) fn max_cluster_rank(&self) -> Option<u32> {
        self.max_cluster_rank
    }

    /// `.explicitcluster`: whether somebody must say how large clusters are.
    pub(crate) fn must_have_cluster(&self) -> bool {
        self.must_have_cluster
    }

    /// The number of the module's `.target sm_NN`.
    pub fn arch(&self) -> u32 {
        self.arch
    }
}

impl fmt::Debug for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kernel").field("name", &self.name).field("arch", &self.arch).finish_non_exhaustive()
    }
}
