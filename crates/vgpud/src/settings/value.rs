//! What it takes to be something that an option can say: text that is read and written alike, in flags and in the file.

use std::ffi::OsString;
use std::path::PathBuf;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::values::{Bytes, Capability, Choice, Completions, Mode, Owner, Schedule, Seconds};

/// Something that an option can say.
pub(super) trait Value {
    /// As its flag takes it.
    fn to_text(&self) -> OsString;
}

impl Value for PathBuf {
    fn to_text(&self) -> OsString {
        self.into()
    }
}

macro_rules! written_as_read {
    ($($value:ty),+) => {$(
        impl Value for $value {
            fn to_text(&self) -> OsString {
                self.to_string().into()
            }
        }
    )+};
}

written_as_read!(bool, u32, Seconds, Bytes, Choice, Completions, Capability, Schedule, Mode, Owner);

macro_rules! text_in_the_file {
    ($($value:ty),+) => {$(
        impl<'de> Deserialize<'de> for $value {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
            }
        }
    )+};
}

text_in_the_file!(Bytes, Choice, Completions, Capability, Schedule, Mode, Owner);
