//! `CUDA_VISIBLE_DEVICES`: which devices a process sees, and in which order.
//!
//! Source: CUDA programming guide, environment variables. The list ends at the first entry that is not a device, or
//! that names one again.

/// Indices of the visible devices among all, in the program's order. `uuids` has one entry per device.
pub(crate) fn visible_devices(setting: Option<&str>, uuids: &[[u8; 16]]) -> Vec<usize> {
    let Some(setting) = setting else {
        return (0..uuids.len()).collect();
    };
    let mut visible = Vec::new();
    for entry in setting.split(',') {
        match device_of(entry.trim(), uuids) {
            Some(device) if !visible.contains(&device) => visible.push(device),
            _ => break,
        }
    }
    visible
}

/// Whether the setting leaves nothing to see, whatever devices there are: its first entry is none that a device can have.
pub(crate) fn hides_all(setting: Option<&str>) -> bool {
    let first = setting.and_then(|setting| setting.split(',').next()).map(str::trim);
    first.is_some_and(|entry| !entry.starts_with("GPU-") && index_of(entry).is_none())
}

fn index_of(entry: &str) -> Option<usize> {
    entry.strip_prefix('+').unwrap_or(entry).parse().ok()
}

fn device_of(entry: &str, uuids: &[[u8; 16]]) -> Option<usize> {
    if let Some(prefix) = entry.strip_prefix("GPU-") {
        return by_uuid_prefix(prefix, uuids);
    }
    index_of(entry).filter(|index| *index < uuids.len())
}

/// The one device whose UUID starts with `prefix`; dashes do not count.
fn by_uuid_prefix(prefix: &str, uuids: &[[u8; 16]]) -> Option<usize> {
    let prefix: String = prefix.chars().filter(|c| *c != '-').map(|c| c.to_ascii_lowercase()).collect();
    if prefix.is_empty() {
        return None;
    }
    let mut matches = uuids.iter().enumerate().filter(|(_, uuid)| hex(uuid).starts_with(&prefix));
    let (index, _) = matches.next()?;
    matches.next().is_none().then_some(index)
}

fn hex(uuid: &[u8; 16]) -> String {
    uuid.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::{hides_all, visible_devices};

    fn uuids() -> [[u8; 16]; 3] {
        let mut uuids = [[0x11; 16], [0x12; 16], [0xab; 16]];
        uuids[2][15] = 0xcd;
        uuids
    }

    fn visible(setting: &str) -> Vec<usize> {
        visible_devices(Some(setting), &uuids())
    }

    #[test]
    fn all_devices_are_visible_without_a_setting() {
        assert_eq!(visible_devices(None, &uuids()), [0, 1, 2]);
    }

    #[test]
    fn the_order_of_the_list_is_the_order_of_devices() {
        assert_eq!(visible("2,0"), [2, 0]);
        assert_eq!(visible(" 1 , 2"), [1, 2]);
    }

    #[test]
    fn an_invalid_entry_ends_the_list() {
        assert_eq!(visible("1,7,0"), [1]);
        assert_eq!(visible("-1"), [0; 0]);
        assert_eq!(visible("1,x,0"), [1]);
    }

    #[test]
    fn a_repeated_entry_ends_the_list() {
        assert_eq!(visible("0,0,1"), [0]);
    }

    #[test]
    fn an_empty_setting_hides_all() {
        assert_eq!(visible(""), [0; 0]);
    }

    #[test]
    fn a_setting_that_no_device_can_match_is_known_before_the_devices_are() {
        for setting in ["", "-1", "none", "-1,0", "MIG-1", " "] {
            assert!(hides_all(Some(setting)), "{setting:?}");
            assert_eq!(visible(setting), [0; 0]);
        }
        for setting in [None, Some("0"), Some("+0"), Some("7"), Some("GPU-"), Some("GPU-ff,0"), Some(" 1")] {
            assert!(!hides_all(setting), "{setting:?}");
        }
    }

    #[test]
    fn a_uuid_or_its_unique_prefix_selects_a_device() {
        assert_eq!(visible("GPU-abababab-abab-abab-abab-abababababcd"), [2]);
        assert_eq!(visible("GPU-AB,0"), [2, 0]);
        assert_eq!(visible("GPU-12"), [1]);
    }

    #[test]
    fn an_ambiguous_or_unknown_uuid_ends_the_list() {
        assert_eq!(visible("GPU-1,0"), [0; 0]);
        assert_eq!(visible("GPU-,0"), [0; 0]);
        assert_eq!(visible("0,GPU-ff"), [0]);
    }
}
