//! Which system calls and kinds of sockets a service's sandbox leaves it.
//!
//! What our libraries need: for a daemon's socket `socket`, `connect`, `sendmsg`, `recvmsg` and `poll` on a unix socket, and
//! for everything `mmap` and `futex`, which no filter takes away. A PCI function is files in `/sys`, so `PrivateDevices=`,
//! `DevicePolicy=` and `DeviceAllow=` do not concern it. Unix sockets with paths are not part of a network namespace, so
//! `PrivateNetwork=` does not concern the daemon's. Nothing here writes code into memory or locks memory, so
//! `MemoryDenyWriteExecute=` and `LimitMEMLOCK=` may be as they like.

use crate::unit::{Setting, Unit, words};

/// The line of `RestrictAddressFamilies=` that keeps a service from unix sockets.
pub(super) fn no_unix_sockets(unit: &Unit) -> Option<&Setting> {
    let lines = unit.list("RestrictAddressFamilies");
    let mut denied = lines.first().filter(|line| !line.value.starts_with('~')).copied();
    for line in lines {
        let (adds, names) = match line.value.strip_prefix('~') {
            Some(names) => (false, names),
            None => (true, line.value.as_str()),
        };
        if names == "none" {
            denied = adds.then_some(line);
        } else if names.split_whitespace().any(|name| matches!(name, "AF_UNIX" | "AF_LOCAL")) {
            denied = (!adds).then_some(line);
        }
    }
    denied
}

/// A call that a daemon's socket needs and the filter takes away, with the line that does it.
pub(super) fn no_call(unit: &Unit) -> Option<(&'static str, &Setting)> {
    const NEEDED: [(&str, &str); 5] = [
        ("socket", "@network-io"),
        ("connect", "@network-io"),
        ("sendmsg", "@network-io"),
        ("recvmsg", "@network-io"),
        ("poll", "@io-event"),
    ];
    let lines = unit.list("SystemCallFilter");
    NEEDED.into_iter().find_map(|(call, set)| {
        let mut denied = lines.first().filter(|line| !line.value.starts_with('~')).copied();
        for line in &lines {
            let (adds, names) = match line.value.strip_prefix('~') {
                Some(names) => (false, names),
                None => (true, line.value.as_str()),
            };
            let is_meant = words(names).iter().any(|word| {
                let name = word.split(':').next().unwrap_or("");
                name == call || name == set || name == "@system-service" || name == "@known"
            });
            if is_meant {
                denied = (!adds).then_some(*line);
            }
        }
        Some((call, denied?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::Machine;

    fn unit(settings: &str) -> Unit {
        let root = tempfile::tempdir().expect("a temporary folder");
        let folder = root.path().join("etc/systemd/system");
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join("x.service"), format!("[Service]\n{settings}\n")).expect("a file");
        let machine = Machine::new(root.path()).expect("a folder");
        Unit::read(&machine, "x").expect("a name").expect("a unit")
    }

    #[test]
    fn lists_of_address_families_add_up() {
        for (settings, line) in [
            ("", None),
            ("RestrictAddressFamilies=AF_INET AF_UNIX", None),
            ("RestrictAddressFamilies=AF_INET\nRestrictAddressFamilies=AF_UNIX", None),
            ("RestrictAddressFamilies=AF_INET AF_INET6", Some(2)),
            ("RestrictAddressFamilies=~AF_UNIX", Some(2)),
            ("RestrictAddressFamilies=~AF_PACKET", None),
            ("RestrictAddressFamilies=none", Some(2)),
            ("RestrictAddressFamilies=AF_UNIX AF_INET\nRestrictAddressFamilies=~AF_UNIX", Some(3)),
            ("RestrictAddressFamilies=none\nRestrictAddressFamilies=", None),
        ] {
            let unit = unit(settings);
            let expected = line.map(|line| format!("x.service:{line}"));
            let found = no_unix_sockets(&unit).map(Setting::place);
            assert_eq!(found.map(|place| place.replace("/etc/systemd/system/", "")), expected, "{settings}");
        }
    }

    #[test]
    fn filters_of_system_calls_add_up() {
        for (settings, call) in [
            ("", None),
            ("SystemCallFilter=@system-service", None),
            ("SystemCallFilter=@network-io @io-event", None),
            ("SystemCallFilter=~@privileged @resources", None),
            ("SystemCallFilter=~@network-io:EPERM", Some("socket")),
            ("SystemCallFilter=@system-service\nSystemCallFilter=~connect", Some("connect")),
            ("SystemCallFilter=~@network-io\nSystemCallFilter=@network-io", None),
            ("SystemCallFilter=@network-io read write", Some("poll")),
        ] {
            assert_eq!(no_call(&unit(settings)).map(|(call, _)| call), call, "{settings}");
        }
    }
}
