//! What is known of one step.

use crate::ptx::ast::Reg;

/// Byte offset of a register in its warp's register block.
pub type Slot = u32;

/// Where a thread goes after a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Control {
    /// To the next step.
    Fallthrough,
    /// To `target` (a position; the end of the list is allowed and means exit), or, when conditional, perhaps to the next step.
    Branch { target: u32, conditional: bool },
    /// To one of several targets (`brx.idx`), or, when conditional, perhaps to the next step.
    Table { targets: Vec<u32>, conditional: bool },
    /// Nowhere: the thread ends here (`exit`, `ret`, `trap`), unless the step is conditional and does not apply.
    Exit { conditional: bool },
}

/// What a step does to registers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DefUse {
    /// Registers whose values it sets.
    pub defs: Vec<Reg>,
    /// Registers whose values it needs. A register that it sets only for some threads (a guarded instruction) is here
    /// too, for the others keep their values.
    pub uses: Vec<Reg>,
    /// It may write a destination before it has read all sources, or reads lanes other than the one it writes: no
    /// destination shares a slot with a source. Otherwise a destination may lie in the slot of a source of the same
    /// width whose value ends here.
    pub early_clobber: bool,
}
