//! Why a window that an executor has made is of no use here.

use std::{fmt, io};

use crate::window::AddressRange;
use crate::window::layout::LayoutError;
use crate::window::mapping::MappingError;

/// What is wrong with a window.
#[derive(Debug)]
pub(crate) enum WindowError {
    /// Its object cannot be mapped, or is not what it should be.
    Mapping(MappingError),
    /// The PCI function cannot be mapped; in words, for they say what to do.
    Function(String),
    /// Its header cannot be read.
    Unread(io::Error),
    /// Its header is shorter than one.
    ShortHeader,
    /// What its header says cannot be.
    Layout(LayoutError),
    /// Device memory lies there, which this side has not proposed.
    DeviceMemory(AddressRange),
    /// This process has mapped it before.
    MappedAlready,
}

impl fmt::Display for WindowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mapping(error) => error.fmt(f),
            Self::Function(text) => f.write_str(text),
            Self::Unread(error) => write!(f, "reading its header: {error}"),
            Self::ShortHeader => f.write_str("its header is too short"),
            Self::Layout(error) => error.fmt(f),
            Self::DeviceMemory(range) => write!(f, "device memory in {range:x?}, which this side has not proposed"),
            Self::MappedAlready => f.write_str("it is mapped already"),
        }
    }
}

impl std::error::Error for WindowError {}

impl From<MappingError> for WindowError {
    fn from(error: MappingError) -> Self {
        Self::Mapping(error)
    }
}

impl From<LayoutError> for WindowError {
    fn from(error: LayoutError) -> Self {
        Self::Layout(error)
    }
}
