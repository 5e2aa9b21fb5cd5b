//! State spaces and kinds of access, and how ops name them.

use std::fmt;

/// State spaces as accesses tell them apart. Global and constant memory are generic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Space {
    Linear = 0,
    Shared = 1,
    Local = 2,
    Param = 3,
    /// As instructions name it: their ops get generic addresses, which lie in [`Self::Linear`].
    Cluster = 4,
}

impl Space {
    pub(crate) const LINEAR: u8 = Self::Linear as u8;
    pub(crate) const SHARED: u8 = Self::Shared as u8;
    pub(crate) const LOCAL: u8 = Self::Local as u8;
    pub(crate) const PARAM: u8 = Self::Param as u8;
}

/// Bit of `Op::c`: the address register is 32 bits wide.
pub(crate) const NARROW: u32 = 1;

/// What an access does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum AccessKind {
    #[default]
    Read,
    Write,
    Atomic,
}

impl AccessKind {
    pub(super) fn verb(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Atomic => "atomic access",
        }
    }
}

impl fmt::Display for AccessKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "reads",
            Self::Write => "writes",
            Self::Atomic => "changes atomically",
        })
    }
}

/// `Op::c` is the flags plus the space, shifted by so much.
pub(crate) const SPACE_SHIFT: u32 = 8;
