//! Why a container gives no image.

use std::fmt;

use crate::error::CuError;

/// What is wrong with a container, or why none of its images fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// Not a fatbin, or a damaged one.
    Malformed {
        /// Byte of the container at which reading failed.
        offset: usize,
        /// What was expected there.
        reason: &'static str,
    },
    /// A sound container without an image that a device of this capability can run.
    NoImage {
        /// The capability that was asked for, 10 × major + minor.
        capability: u32,
        /// The architectures of the PTX images.
        ptx: Vec<u32>,
        /// The architectures of the machine code images.
        machine_code: Vec<u32>,
    },
}

impl Error {
    /// What CUDA reports in this case.
    pub fn to_cuda(&self) -> CuError {
        match self {
            Self::Malformed { .. } => CuError::INVALID_IMAGE,
            Self::NoImage { .. } => CuError::NO_BINARY_FOR_GPU,
        }
    }
}

impl From<Error> for CuError {
    fn from(error: Error) -> Self {
        error.to_cuda()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed { offset, reason } => {
                write!(f, "malformed fatbin at byte {offset}: {reason}")
            }
            Self::NoImage { capability, ptx, machine_code } if ptx.is_empty() => write!(
                f,
                "the fatbin has no PTX, only machine code for {machine_code:?}; a device of capability {capability} that runs PTX cannot use it"
            ),
            Self::NoImage { capability, ptx, machine_code } => write!(
                f,
                "no PTX for capability {capability} or less in the fatbin: PTX for {ptx:?}, machine code for {machine_code:?}"
            ),
        }
    }
}

impl std::error::Error for Error {}
