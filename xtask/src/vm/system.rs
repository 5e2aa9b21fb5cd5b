//! The systems that a guest can have.

use std::{
    ffi::{OsStr, OsString},
    path::Path,
};

/// What a guest has of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum System {
    /// A kernel and busybox: it starts in two seconds.
    Minimal,
    /// Debian with systemd and udev.
    Debian,
}

impl System {
    /// Where dist/ is; in Debian not where `vgpu install` puts things.
    pub(super) fn dist(self) -> &'static Path {
        Path::new(match self {
            Self::Minimal => "/opt/vgpu",
            Self::Debian => "/opt/dist",
        })
    }

    pub(super) fn shell(self) -> &'static str {
        match self {
            Self::Minimal => "/opt/vm/bin/sh",
            Self::Debian => "/bin/sh",
        }
    }

    /// What CMD finds in its environment, besides what it is given. A program's name means what it means here, where the guest
    /// has it; then it is one of the guest's own. Debian's come first.
    pub(super) fn variables(self, path: &OsStr, uid: u32) -> Vec<(&'static str, OsString)> {
        let join =
            |before: &str, after: &str| [before.as_ref(), path, after.as_ref()].into_iter().collect::<OsString>();
        let user = if uid == 0 { "root" } else { "guest" };
        match self {
            Self::Minimal => vec![
                ("HOME", "/tmp".into()),
                ("USER", "guest".into()),
                ("LD_LIBRARY_PATH", "/opt/vgpu/lib".into()),
                ("PATH", join("/opt/vgpu/bin:", ":/opt/vm/bin")),
            ],
            Self::Debian => vec![
                ("HOME", if uid == 0 { "/root" } else { "/tmp" }.into()),
                ("USER", user.into()),
                ("PATH", join("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:", "")),
            ],
        }
    }
}
