//! Folders of Ollama's in which nothing can be put, and how its programs are led to vgpu's libraries instead.

use std::path::{Path, PathBuf};

use rustix::fs::{StatVfsMountFlags, statvfs};

use super::layout::Layout;
use crate::machine::Machine;
use crate::unit::{Unit, words};

const NIX: &str = "/nix/store";
const SNAP: &str = "/snap";

/// Why nobody can change a folder of the machine, in words that follow its name; `None` where it can be changed.
pub(crate) fn why(machine: &Machine, folder: &Path) -> Option<&'static str> {
    let is_read_only = || {
        let flags = statvfs(machine.host(folder)).map(|found| found.f_flag);
        flags.is_ok_and(|flags| flags.contains(StatVfsMountFlags::RDONLY))
    };
    match () {
        () if folder.starts_with(NIX) => Some("lies in Nix's store, which is never changed"),
        () if folder.starts_with(SNAP) => Some("lies in a snap, which is never changed"),
        () if is_read_only() => Some("lies in a read-only file system"),
        () => None,
    }
}

/// Whether the environment of a service leads to vgpu's libraries by itself.
pub(crate) fn is_led(machine: &Machine, service: &str, prefix: &str) -> bool {
    let Ok(Some(unit)) = Unit::read(machine, service) else { return false };
    let ours = format!("{prefix}/current/lib");
    let words = unit.list("Environment").into_iter().flat_map(|setting| words(&setting.value));
    let mut paths = words.filter_map(|word| word.strip_prefix("LD_LIBRARY_PATH=").map(str::to_owned));
    paths.next_back().is_some_and(|path| path.split(':').any(|folder| folder.trim_end_matches('/') == ours))
}

/// How an Ollama in such a folder gets the GPU, as an order that ends a sentence.
///
/// Its processes look into its own folders first and then where the environment says, so that helps only where no library
/// of NVIDIA's lies in the first. And a snap sees no folder of ours.
pub(crate) fn cure(machine: &Machine, folder: &Path, prefix: &str) -> String {
    let host = machine.host(folder);
    let layout = Layout::read(&host);
    let folders = layout.variants.iter().map(|name| host.join(name)).chain([host.clone()]);
    let is_bundled = folders.into_iter().any(|folder| has_runtime(&folder));
    if is_bundled || folder.starts_with(SNAP) {
        let home = folder.ancestors().nth(2).unwrap_or(folder);
        return format!(
            "copy it (`cp -a {}/. /opt/ollama`), let /opt/ollama/bin/ollama be the server, and run `vgpu install --ollama \
             /opt/ollama`",
            home.display()
        );
    }
    format!(
        "let its environment lead to vgpu's libraries: LD_LIBRARY_PATH={prefix}/current/lib for `ollama serve` (on NixOS \
         services.ollama.environmentVariables), then restart it"
    )
}

fn has_runtime(folder: &Path) -> bool {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name()).any(|name| name.to_string_lossy().starts_with("libcudart.so"))
}

/// The folders above which packages of Nix and snaps show themselves.
pub(super) fn profiles() -> [PathBuf; 3] {
    ["/run/current-system/sw", "/nix/var/nix/profiles/default", "/snap/ollama/current"].map(PathBuf::from)
}
