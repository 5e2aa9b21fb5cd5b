//! What can go wrong in a kernel, and what is said about it.

/// What went wrong in a kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// An access outside every allocation (and outside shared, local and parameter memory).
    IllegalAddress,
    /// An access that is not a multiple of its size.
    MisalignedAddress,
    /// `trap`.
    Trap,
    /// A failed `assert`.
    Assert,
    /// The watchdog ended the launch, or no warp of a block could ever go on.
    Timeout,
    /// An instruction that cannot be carried out (`brkpt` and the like).
    IllegalInstruction,
    /// A call through a pointer that leads to no function.
    InvalidPc,
    /// Local memory ran out.
    HardwareStackError,
}

/// A kernel's failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Which error code it becomes.
    pub kind: FaultKind,
    /// Kernel, line, opcode, address, thread and block, as far as they apply.
    pub detail: String,
}
