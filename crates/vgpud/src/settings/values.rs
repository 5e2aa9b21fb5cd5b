//! What an option can say, in flags and in the file alike: times, sizes, which GPU, capabilities, orders of warps, modes and
//! owners of sockets.

use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;
use std::time::Duration;

use serde::Deserialize;
use vgpu_driver::Signals;

use super::value_error::{ValueError, nonsense};

/// A time; a number of seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Deserialize)]
#[serde(transparent)]
pub(crate) struct Seconds(pub(crate) u64);

impl Seconds {
    /// The same for those who wait.
    pub(crate) fn duration(self) -> Duration {
        Duration::from_secs(self.0)
    }
}

impl FromStr for Seconds {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, ParseIntError> {
        text.parse().map(Self)
    }
}

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An amount of memory; text such as `8GiB`, `512MiB`, `4096`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
pub(crate) struct Bytes(pub(crate) u64);

impl FromStr for Bytes {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(split);
        let no_size = || nonsense(text, "is no size", "8GiB, 512MiB or a number of bytes");
        let shift = match unit.trim().to_ascii_lowercase().as_str() {
            "" | "b" => 0,
            "k" | "kib" => 10,
            "m" | "mib" => 20,
            "g" | "gib" => 30,
            "t" | "tib" => 40,
            _ => return Err(no_size()),
        };
        let number: u64 = number.parse().map_err(|_| no_size())?;
        number.checked_mul(1 << shift).map(Self).ok_or_else(|| ValueError::TooLarge(text.to_owned()))
    }
}

/// In the largest unit that fits; `{:#}` is the exact number.
impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            return write!(f, "{} bytes", self.0);
        }
        let units = [(40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")];
        match units.into_iter().find(|(shift, _)| self.0 != 0 && self.0.is_multiple_of(1 << shift)) {
            Some((shift, unit)) => write!(f, "{}{unit}", self.0 >> shift),
            None => write!(f, "{}", self.0),
        }
    }
}

/// What executes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Choice {
    /// The software GPU.
    Soft,
    /// GPUs of the host's NVIDIA driver: all of them, or the one of that number.
    Driver(Option<u32>),
    /// Those, if the driver has any; else the software GPU.
    #[default]
    Auto,
}

impl FromStr for Choice {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        match text.split_once(':') {
            None if text == "soft" => Ok(Self::Soft),
            None if text == "driver" => Ok(Self::Driver(None)),
            None if text == "auto" => Ok(Self::Auto),
            Some(("driver", number)) if number.parse::<u32>().is_ok() => Ok(Self::Driver(number.parse().ok())),
            _ => Err(nonsense(text, "is no device", "soft, driver, driver:NUMBER or auto")),
        }
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Soft => f.write_str("soft"),
            Self::Driver(None) => f.write_str("driver"),
            Self::Driver(Some(number)) => write!(f, "driver:{number}"),
            Self::Auto => f.write_str("auto"),
        }
    }
}

/// How a driver's GPU says that work is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Completions(pub(crate) Signals);

impl FromStr for Completions {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        match text {
            "auto" => Ok(Self(Signals::Auto)),
            "events" => Ok(Self(Signals::Events)),
            "words" => Ok(Self(Signals::Words)),
            _ => Err(nonsense(text, "says no completions", "auto, events or words")),
        }
    }
}

impl fmt::Display for Completions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Signals::Auto => "auto",
            Signals::Events => "events",
            Signals::Words => "words",
        })
    }
}

/// A compute capability; text such as `7.5`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Capability(pub(crate) u32, pub(crate) u32);

impl FromStr for Capability {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let parts = text.split_once('.').and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)));
        parts.map(|(major, minor)| Self(major, minor)).ok_or_else(|| nonsense(text, "is no capability", "7.5"))
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

/// The order of a block's warps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Schedule {
    /// The next warp every few instructions.
    #[default]
    Interleaved,
    /// Each warp until it waits.
    ToBarrier,
}

impl FromStr for Schedule {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        match text {
            "interleaved" => Ok(Self::Interleaved),
            "to-barrier" => Ok(Self::ToBarrier),
            _ => Err(nonsense(text, "is no schedule", "interleaved or to-barrier")),
        }
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Interleaved => "interleaved",
            Self::ToBarrier => "to-barrier",
        })
    }
}

/// File permissions, in octal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mode(pub(crate) u32);

impl FromStr for Mode {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let mode = u32::from_str_radix(text, 8).ok().filter(|mode| *mode <= 0o777);
        mode.map(Self).ok_or_else(|| nonsense(text, "is no mode", "0600 or 0660"))
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04o}", self.0)
    }
}

/// Whom a socket's file belongs to; text such as `libvirt-qemu`, `libvirt-qemu:kvm`, `:kvm` or `64055:108`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Owner {
    /// A user's name or number.
    pub(crate) user: Option<String>,
    /// A group's name or number.
    pub(crate) group: Option<String>,
}

impl FromStr for Owner {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let (user, group) = text.split_once(':').unwrap_or((text, ""));
        let given = |part: &str| (!part.is_empty()).then(|| part.to_owned());
        if text.trim_end_matches(':').is_empty() || text.contains(char::is_whitespace) || group.contains(':') {
            return Err(nonsense(text, "is no owner", "USER, USER:GROUP or :GROUP"));
        }
        Ok(Self { user: given(user), group: given(group) })
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.user.as_deref().unwrap_or_default())?;
        self.group.as_deref().map_or(Ok(()), |group| write!(f, ":{group}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_are_read_with_and_without_a_group() {
        let owner = |user: &str, group: &str| {
            let given = |part: &str| (!part.is_empty()).then(|| part.to_owned());
            Ok(Owner { user: given(user), group: given(group) })
        };
        assert_eq!("qemu".parse(), owner("qemu", ""));
        assert_eq!("qemu:kvm".parse(), owner("qemu", "kvm"));
        assert_eq!(":kvm".parse(), owner("", "kvm"));
        assert_eq!("0:0".parse(), owner("0", "0"));
        for text in ["qemu", "qemu:kvm", ":kvm"] {
            assert_eq!(text.parse::<Owner>().map(|owner| owner.to_string()), Ok(text.to_owned()));
        }
        for text in ["", ":", "a b", "a:b:c", "::"] {
            assert!(text.parse::<Owner>().is_err(), "{text}");
        }
    }

    #[test]
    fn devices_are_read_and_written_alike() {
        for (text, choice) in [
            ("soft", Choice::Soft),
            ("driver", Choice::Driver(None)),
            ("driver:2", Choice::Driver(Some(2))),
            ("auto", Choice::Auto),
        ] {
            assert_eq!(text.parse(), Ok(choice));
            assert_eq!(choice.to_string(), text);
        }
        for text in ["", "gpu", "driver:", "driver:-1", "driver:x", "soft:0", "auto:1"] {
            assert!(text.parse::<Choice>().is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_are_written_as_they_are_read() {
        for text in ["1TiB", "8GiB", "1536MiB", "3KiB", "4097", "0"] {
            assert_eq!(text.parse::<Bytes>().map(|bytes| bytes.to_string()), Ok(text.to_owned()));
        }
    }

    #[test]
    fn sizes_are_read_with_their_unit() {
        for (text, bytes) in
            [("8GiB", 8 << 30), ("512MiB", 512 << 20), ("4096", 4096), ("2 gib", 2 << 30), ("3k", 3072)]
        {
            assert_eq!(text.parse(), Ok(Bytes(bytes)));
        }
        for text in ["", "GiB", "8XB", "99999999999TiB", "-1", "1.5GiB"] {
            assert!(text.parse::<Bytes>().is_err(), "{text}");
        }
    }
}
