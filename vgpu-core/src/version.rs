//! Which build each side is of, and which of them has to be started anew when they do not agree.

use std::cmp::Ordering;
use std::fmt;

use crate::wire::PROTOCOL_VERSION;

/// What a side says of its build. Builds of one version may still be of other sources: their ABI hashes differ then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version {
    /// vgpu's version, as [`RELEASE`]; 0 from builds that did not say so yet.
    pub release: u32,
    /// The [`PROTOCOL_VERSION`].
    pub protocol: u32,
}

/// This build's version: three numbers of ten bits each.
pub const RELEASE: u32 = {
    let [major, minor, patch] =
        [env!("CARGO_PKG_VERSION_MAJOR"), env!("CARGO_PKG_VERSION_MINOR"), env!("CARGO_PKG_VERSION_PATCH")];
    number(major) << 20 | number(minor) << 10 | number(patch)
};

const fn number(text: &str) -> u32 {
    match u32::from_str_radix(text, 10) {
        Ok(number) if number < 1 << 10 => number,
        _ => panic!("a version's numbers fit ten bits"),
    }
}

impl Version {
    /// This build's.
    pub const OWN: Self = Self { release: RELEASE, protocol: PROTOCOL_VERSION };

    /// `None` when it cannot be told which is the older one.
    fn age(self, other: Self) -> Option<Ordering> {
        // Whoever does not say its version was built before all that do.
        let age = self.protocol.cmp(&other.protocol).then(self.release.cmp(&other.release));
        (age != Ordering::Equal).then_some(age)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (major, minor, patch) = (self.release >> 20, self.release >> 10 & 0x3ff, self.release & 0x3ff);
        match self.release {
            0 => f.write_str("unknown")?,
            _ => write!(f, "{major}.{minor}.{patch}")?,
        }
        write!(f, ", protocol {}", self.protocol)
    }
}

/// Why guest and host cannot work together, and what to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The program's libraries.
    pub guest: Version,
    /// The daemon.
    pub host: Version,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { guest, host } = self;
        write!(f, "guest and host were built from different versions of vgpu (guest {guest}; host {host}); ")?;
        f.write_str(match guest.age(*host) {
            Some(Ordering::Less) => {
                "the program's libraries are older: install the host's version where the program runs, if it is not there \
                 yet, and restart the program"
            }
            Some(_) => {
                "the host's vgpud is older: install the program's version there, if it is not there yet, and restart vgpud"
            }
            None => "install one build of vgpu on both sides, and restart vgpud and the program",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(guest: Version, host: Version) -> String {
        Mismatch { guest, host }.to_string()
    }

    #[test]
    fn the_older_side_is_the_one_to_restart() {
        let [old, new] = [1 << 10, 2 << 10].map(|release| Version { release, protocol: 1 });
        let text = says(old, new);
        assert!(text.contains("guest 0.1.0, protocol 1; host 0.2.0, protocol 1"), "{text}");
        assert!(text.ends_with("restart the program"), "{text}");
        assert!(says(new, old).ends_with("restart vgpud"));
    }

    #[test]
    fn a_side_that_does_not_say_its_version_is_the_older_one() {
        let silent = Version { release: 0, protocol: PROTOCOL_VERSION };
        assert!(says(silent, Version::OWN).contains("guest unknown, protocol"));
        assert!(says(silent, Version::OWN).ends_with("restart the program"));
        assert!(says(Version::OWN, silent).ends_with("restart vgpud"));
    }

    #[test]
    fn protocols_decide_and_equals_are_told_to_agree() {
        let next = Version { protocol: PROTOCOL_VERSION + 1, ..Version::OWN };
        assert!(says(Version::OWN, next).ends_with("restart the program"));
        assert!(says(next, Version::OWN).ends_with("restart vgpud"));
        assert!(says(next, next).ends_with("restart vgpud and the program"));
    }
}
