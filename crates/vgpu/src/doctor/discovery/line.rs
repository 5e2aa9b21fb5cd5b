//! The line about a device in Ollama's log.

use std::path::Path;

use super::super::ollama::Ollama;
use super::super::probe::BackendDevice;
use super::era::Era;
use super::found::Found;

/// Where no device was found.
pub(super) const NO_DEVICE: &str = "inference compute id=cpu library=cpu";

/// What Ollama would log.
pub(super) fn device(era: Era, ollama: &Ollama, found: &Found<'_>) -> String {
    let (device, driver) = (&found.device, &found.device.driver);
    let (major, minor) = driver.capability;
    let version = found.driver_version;
    let index = found.index.to_string();
    let (id, filter_id) = match era {
        Era::Runner => (driver.uuid.as_str(), ""),
        // Nothing that this Ollama asks gives it the UUID. By the number it was found, it is selected later on.
        Era::LlamaServer => (index.as_str(), index.as_str()),
    };
    let kind = if driver.is_integrated { "iGPU" } else { "discrete" };
    format!(
        "inference compute id={} filter_id={} library=CUDA compute={major}.{minor} name={} description={} libdirs={} driver={}.{} \
         pci_id={} type={kind} total={} available={}",
        quoted(id),
        quoted(filter_id),
        quoted(&device.name),
        quoted(&device.description),
        quoted(&folders([ollama.folder.as_path(), &found.folder.path])),
        version / 1000,
        version % 1000 / 10,
        quoted(&driver.pci_address),
        quoted(&size(device.total_bytes)),
        quoted(&size(device.free_bytes)),
    )
}

/// The facts about a device of a backend that is not Ollama's.
pub(super) fn alone(device: &BackendDevice) -> String {
    let (major, minor) = device.driver.capability;
    let (free, total) = (size(device.free_bytes), size(device.total_bytes));
    format!("{}: {}, capability {major}.{minor}, {free} of {total} free", device.name, device.description)
}

/// The names of Ollama's own folders.
fn folders(paths: [&Path; 2]) -> String {
    let is_ollamas = |path: &&Path| path.to_string_lossy().contains("lib/ollama");
    let [above, folder] = paths;
    let paths = [above].into_iter().chain((folder != above).then_some(folder));
    let names = paths.filter(is_ollamas).filter_map(Path::file_name);
    names.map(|name| name.to_string_lossy()).collect::<Vec<_>>().join(",")
}

/// A value as Go's text logger writes it.
fn quoted(value: &str) -> String {
    let is_plain = |c: char| c.is_ascii_graphic() && c != '"' && c != '=';
    if !value.is_empty() && value.chars().all(is_plain) { value.to_owned() } else { format!("{value:?}") }
}

/// Bytes in binary units, one decimal.
fn size(bytes: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    match UNITS.iter().find(|(unit, _)| bytes >= *unit) {
        Some((unit, name)) => format!("{:.1} {name}", bytes as f64 / *unit as f64),
        None => format!("{bytes} B"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_quoted_where_a_reader_needs_it() {
        assert_eq!(quoted("CUDA0"), "CUDA0");
        assert_eq!(quoted("ollama,cuda_v12"), "ollama,cuda_v12");
        assert_eq!(quoted("software GPU"), "\"software GPU\"");
        assert_eq!(quoted(""), "\"\"");
        assert_eq!(quoted("a=\u{1b}"), "\"a=\\u{1b}\"");
    }

    #[test]
    fn sizes_have_one_decimal() {
        assert_eq!(size(8 << 30), "8.0 GiB");
        assert_eq!(size(1_610_612_736), "1.5 GiB");
        assert_eq!(size(512), "512 B");
    }

    #[test]
    fn only_ollamas_own_folders_are_named() {
        let names = |one, other| folders([Path::new(one), Path::new(other)]);
        assert_eq!(names("/usr/lib/ollama", "/usr/lib/ollama/cuda_v12"), "ollama,cuda_v12");
        assert_eq!(names("/x/build", "/x/lib/ollama/cuda_v12"), "cuda_v12");
        assert_eq!(names("/usr/lib/ollama", "/usr/lib/ollama"), "ollama");
    }
}
