//! What comes with the libraries into strangers' processes.

use super::tree::Tree;

/// The libraries' crates, and the one that all of them are made on.
const SHIMS: [&str; 5] = ["vgpu-core", "crates/cuda", "crates/cudart", "crates/cublas", "crates/nvml"];
const ALLOWED: [&str; 8] =
    ["env_logger", "libc", "libloading", "log", "memmap2", "once_cell", "parking_lot", "vgpu-core"];

pub(super) fn faults(tree: &Tree) -> Vec<String> {
    let mut faults = Vec::new();
    for shim in SHIMS {
        let path = format!("{shim}/Cargo.toml");
        match tree.text(&path).map(str::parse::<toml::Table>) {
            None => faults.push(format!("{path} is not there")),
            Some(Err(error)) => faults.push(format!("{path}: {error}")),
            Some(Ok(package)) => {
                let of = |section: &str| package.get(section).and_then(toml::Value::as_table).into_iter().flatten();
                let names = of("dependencies").chain(of("build-dependencies")).map(|(name, _)| name.as_str());
                faults.extend(
                    names
                        .filter(|name| !ALLOWED.contains(name))
                        .map(|name| format!("{path}: {name} may not come into a stranger's process")),
                );
            }
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(dependencies: &str) -> Tree {
        let paths = SHIMS.map(|shim| format!("{shim}/Cargo.toml"));
        Tree::of(&paths.each_ref().map(|path| (path.as_str(), dependencies)))
    }

    #[test]
    fn only_the_listed_packages_may_be_named() {
        assert_eq!(faults(&tree("[dependencies]\nlibc.workspace = true\n[dev-dependencies]\nrand = \"1\"")), [""; 0]);
        assert_eq!(faults(&tree("[dependencies]\nrand = \"1\"")).len(), SHIMS.len());
        assert_eq!(faults(&tree("[build-dependencies]\ncc = \"1\"")).len(), SHIMS.len());
        assert_eq!(faults(&Tree::default()).len(), SHIMS.len());
    }
}
