//! `vgpu-function.service`: opens a VM's functions at every boot, before the services start that use them.

use super::super::entry::Content;
use super::UNITS;

/// Its name.
pub(in crate::install) const UNIT: &str = "vgpu-function.service";

/// The unit and its enablement, in the order of writing.
pub(in crate::install) fn entries(prefix: &str, group: &str) -> Vec<(String, Content)> {
    let path = format!("{UNITS}/{UNIT}");
    vec![
        (path.clone(), Content::Text(text(prefix, group))),
        (format!("{UNITS}/multi-user.target.wants/{UNIT}"), Content::Link(path)),
    ]
}

/// The group that a unit of ours opens functions to.
pub(in crate::install) fn group(text: &str) -> Option<&str> {
    let command = text.lines().find(|line| line.starts_with("ExecStart="))?;
    command.split_whitespace().find_map(|word| word.strip_prefix("--group="))
}

fn text(prefix: &str, group: &str) -> String {
    format!(
        "\
# Written by `vgpu install --vm`, removed by `vgpu uninstall`.
[Unit]
Description=Open the vgpu functions of this VM to group {group}
Documentation=man:vgpu-guest-setup(1)
# The kernel has found the functions before systemd runs: nothing need be waited for, and so this costs a boot no time of its own.
# Udev opens them as well, but nothing says when it has come so far.
DefaultDependencies=no
RequiresMountsFor={prefix}
Conflicts=shutdown.target
Before=shutdown.target

[Service]
Type=oneshot
# Ends at once where there is no function, and after 10 seconds where none answers.
ExecStart={prefix}/current/bin/vgpu guest-setup --wait=10 --group={group}
TimeoutStartSec=30
# It writes to /sys, and nowhere else.
ProtectSystem=strict
NoNewPrivileges=yes

[Install]
# For users; services that use the GPU want it themselves, each time that they start.
WantedBy=multi-user.target
"
    )
}
