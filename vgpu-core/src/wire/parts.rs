//! What some messages are made of: kinds of images, parameters' places, nodes of graphs.

use super::Pod;

/// How an image's bytes are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum ImageKind {
    /// PTX text, with or without its final NUL.
    Ptx = 1,
    /// A CUDA ELF.
    Cubin = 2,
    /// One entry of a fatbin: its header and payload as they stand in the container, possibly compressed.
    FatbinEntry = 3,
    /// A fatbin, of whose entries the executor takes the best; for those that want machine code.
    Fatbin = 4,
}

impl ImageKind {
    /// The kind of that number.
    pub const fn from_code(code: u32) -> Option<Self> {
        match code {
            1 => Some(Self::Ptx),
            2 => Some(Self::Cubin),
            3 => Some(Self::FatbinEntry),
            4 => Some(Self::Fatbin),
            _ => None,
        }
    }
}

/// Where a kernel parameter lies in the packed parameters.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ParamLayout {
    /// Bytes from the start.
    pub offset_bytes: u32,
    /// Its size.
    pub len_bytes: u32,
}

// SAFETY: two u32 fields.
unsafe impl Pod for ParamLayout {}

/// Header of one node in a graph's bytes. It is followed by `dependency_count` little-endian u32 indices of earlier nodes, the fixed part of the
/// message `op` (with any stream; it is ignored), its tail, and zero padding to `len_bytes`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GraphNode {
    /// The whole node in bytes, header included: a multiple of 8.
    pub len_bytes: u32,
    /// `Op` of an ordered post, but neither StreamWait nor GraphLaunch.
    pub op: u16,
    /// Zero.
    pub reserved: u16,
    /// How many indices follow.
    pub dependency_count: u32,
    /// Bytes of the message's tail.
    pub tail_bytes: u32,
}

// SAFETY: u32, u16, u16, u32, u32 leave no gap.
unsafe impl Pod for GraphNode {}
