//! Where an Ollama has its backends: in a folder for each variant, as its own packages have it, or in `lib/ollama` itself, as
//! some distributions do.
//!
//! Ollama looks for folders with backends, and only where there is none does it look into `lib/ollama` by itself. What lies
//! there besides is loaded as well, by every process that looks into a folder.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::elf::Object;

/// The backend's name.
pub(crate) const BACKEND: &str = "libggml-cuda.so";
const RUNTIME_STEM: &str = "libcudart.so.";

/// What a `lib/ollama` holds.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    /// Folders with backends of any kind, by name.
    pub(crate) variants: Vec<String>,
    /// The CUDA backend in `lib/ollama` itself.
    pub(crate) above: Option<Above>,
}

/// What a CUDA backend is that lies in `lib/ollama` itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Above {
    /// The only one.
    Only,
    /// A file of its own, where a variant has one, too.
    Another,
    /// A variant's, by another name.
    Same,
}

impl Layout {
    /// Looks into a `lib/ollama`.
    pub(crate) fn read(folder: &Path) -> Self {
        let variants = variants(folder);
        let identity = |path: &Path| fs::metadata(path).ok().map(|found| (found.dev(), found.ino()));
        let others: Vec<_> = variants.iter().filter_map(|name| identity(&folder.join(name).join(BACKEND))).collect();
        let above = identity(&folder.join(BACKEND)).map(|own| match others.contains(&own) {
            true => Above::Same,
            false if others.is_empty() => Above::Only,
            false => Above::Another,
        });
        Self { variants, above }
    }

    /// Whether there is a backend that lies in `lib/ollama` itself and nowhere else.
    pub(crate) fn is_flat(&self) -> bool {
        matches!(self.above, Some(Above::Only | Above::Another))
    }
}

fn variants(folder: &Path) -> Vec<String> {
    let entries = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten();
    let has_backend =
        |folder: &Path| entries(folder).any(|entry| entry.file_name().to_string_lossy().contains("ggml-"));
    let found = entries(folder).filter(|entry| has_backend(&entry.path()));
    let mut names: Vec<_> = found.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// The CUDA version in a variant's name.
pub(crate) fn major(variant: &str) -> Option<&str> {
    variant.strip_prefix("cuda_v").filter(|digits| is_number(digits))
}

/// The CUDA version whose runtime a backend needs; `None` if it needs none.
///
/// # Errors
/// When the file is no library.
pub(crate) fn major_of_backend(path: &Path) -> Result<Option<String>, String> {
    let object = Object::read(path).map_err(|why| why.to_string())?;
    let needed = object.needed.iter().find_map(|name| name.strip_prefix(RUNTIME_STEM));
    Ok(needed.filter(|major| is_number(major)).map(str::to_owned))
}

fn is_number(text: &str) -> bool {
    (1..=3).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn folder(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, file).expect("a file");
        }
        folder
    }

    #[test]
    fn a_backend_for_each_variant_is_told_from_one_in_the_folder_itself() {
        let packaged =
            folder(&["libggml-base.so", "cuda_v12/libggml-cuda.so", "vulkan/libggml-vulkan.so", "mlx/libmlx.so"]);
        let layout = Layout::read(packaged.path());
        assert_eq!(layout, Layout { variants: vec!["cuda_v12".into(), "vulkan".into()], above: None });
        let flat = folder(&["libggml-base.so", BACKEND]);
        assert_eq!(Layout::read(flat.path()), Layout { variants: Vec::new(), above: Some(Above::Only) });
        let both = folder(&[BACKEND, "cuda_v12/libggml-cuda.so"]);
        assert_eq!(Layout::read(both.path()).above, Some(Above::Another));
        let nothing = Layout::read(&packaged.path().join("nothing"));
        assert_eq!(nothing, Layout { variants: Vec::new(), above: None });
    }

    #[test]
    fn a_variants_backend_under_a_second_name_is_no_layout_of_its_own() {
        let linked = folder(&["cuda_v12/libggml-cuda.so"]);
        symlink("cuda_v12/libggml-cuda.so", linked.path().join(BACKEND)).expect("a link");
        let layout = Layout::read(linked.path());
        assert_eq!(layout.above, Some(Above::Same));
        assert!(!layout.is_flat());
        let same_file = folder(&["cuda_v12/libggml-cuda.so"]);
        let path = same_file.path().join("cuda_v12/libggml-cuda.so");
        fs::hard_link(path, same_file.path().join(BACKEND)).expect("a second name");
        assert_eq!(Layout::read(same_file.path()).above, Some(Above::Same));
        let dangling = folder(&["vulkan/libggml-vulkan.so"]);
        symlink("cuda_v12/libggml-cuda.so", dangling.path().join(BACKEND)).expect("a link");
        assert_eq!(Layout::read(dangling.path()).above, None);
    }

    #[test]
    fn versions_are_read_off_names() {
        assert_eq!(major("cuda_v12"), Some("12"));
        for name in ["cuda_v", "cuda_v12_new", "cuda_v1234", "cuda_vx", "rocm_v6", "cuda_jetpack5"] {
            assert_eq!(major(name), None, "{name}");
        }
    }
}
