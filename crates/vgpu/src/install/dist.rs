//! A folder that `cargo xtask dist` has filled: what its manifest says it holds, checked against what is there.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::tree::TEXT_MAX_BYTES;

/// The name of the manifest in it.
pub(super) const MANIFEST: &str = "manifest.toml";
const LIBRARIES: [&str; 2] = ["lib/libcuda.so.1", "lib/libnvidia-ml.so.1"];

/// A checked dist folder.
pub(super) struct Dist {
    folder: PathBuf,
    /// Names exactly these bytes: the version's number, and a digest of the manifest.
    pub(super) name: String,
    pub(super) manifest: Vec<u8>,
    pub(super) files: Vec<Part>,
    pub(super) links: Vec<Link>,
}

/// One file.
#[derive(Deserialize)]
pub(super) struct Part {
    /// `lib/NAME` or `bin/NAME`.
    pub(super) path: String,
    pub(super) len_bytes: u64,
    sha256: String,
}

/// One symbolic link.
#[derive(Deserialize)]
pub(super) struct Link {
    pub(super) path: String,
    pub(super) target: String,
}

#[derive(Deserialize)]
struct Manifest {
    version: String,
    file: Vec<Part>,
    #[serde(default)]
    link: Vec<Link>,
}

impl Dist {
    /// Reads a dist folder's manifest and checks every file against it.
    pub(super) fn read(folder: &Path) -> Result<Self> {
        let path = folder.join(MANIFEST);
        let mut manifest = Vec::new();
        let file = File::open(&path).with_context(|| {
            format!("{}: --dist must name a folder that `cargo xtask dist` has filled", path.display())
        })?;
        file.take(TEXT_MAX_BYTES + 1).read_to_end(&mut manifest).with_context(|| path.display().to_string())?;
        ensure!(manifest.len() as u64 <= TEXT_MAX_BYTES, "{} is too long", path.display());
        let damaged = || format!("{} is damaged", path.display());
        let text = std::str::from_utf8(&manifest).with_context(damaged)?;
        let Manifest { version, file, link } = toml::from_str(text).with_context(damaged)?;
        ensure!(is_name(&version), "{}: {version:?} is no version", path.display());
        let targets = link.iter().map(|link| &link.target);
        ensure!(targets.clone().all(|target| is_name(target)), "{}: a link leaves its folder", path.display());
        let mut paths = file.iter().map(|file| &file.path).chain(link.iter().map(|link| &link.path));
        if let Some(odd) = paths.find(|path| !is_part(path)) {
            anyhow::bail!("{}: {odd:?} is neither in lib/ nor in bin/", path.display());
        }
        for library in LIBRARIES {
            ensure!(file.iter().any(|file| file.path == library), "{}: it lists no {library}", path.display());
        }
        let digest = hex(&Sha256::digest(&manifest));
        let name = format!("{version}-{}", &digest[..8]);
        let dist = Self { folder: folder.to_owned(), name, manifest, files: file, links: link };
        for file in &dist.files {
            dist.check(file)?;
        }
        Ok(dist)
    }

    fn check(&self, part: &Part) -> Result<()> {
        let path = self.folder.join(&part.path);
        let file = self.open(part)?;
        ensure!(part.matches(&file)?, "{} is not what {MANIFEST} lists: make the dist folder anew", path.display());
        Ok(())
    }

    /// Opens a file of it.
    pub(super) fn open(&self, part: &Part) -> Result<File> {
        let path = self.folder.join(&part.path);
        let is_plain = fs::metadata(&path).with_context(|| path.display().to_string())?.is_file();
        ensure!(is_plain, "{} is no plain file", path.display());
        File::open(&path).with_context(|| path.display().to_string())
    }

    /// Whether it has a file of that name in `lib`.
    pub(super) fn has_library(&self, name: &str) -> bool {
        self.has(&format!("lib/{name}"))
    }

    /// Whether it has that file.
    pub(super) fn has(&self, path: &str) -> bool {
        self.files.iter().any(|file| file.path == path)
    }

    /// Every path in it, below its folder.
    pub(super) fn paths(&self) -> Vec<String> {
        let files = self.files.iter().map(|file| file.path.clone());
        files.chain(self.links.iter().map(|link| link.path.clone())).chain([MANIFEST.to_owned()]).collect()
    }
}

impl Part {
    /// Whether a file has the bytes that are listed.
    pub(super) fn matches(&self, mut file: &File) -> Result<bool> {
        if file.metadata()?.len() != self.len_bytes {
            return Ok(false);
        }
        let mut hash = Sha256::new();
        io::copy(&mut file, &mut hash)?;
        Ok(hex(&hash.finalize()) == self.sha256)
    }
}

/// Whether it is `lib/NAME` or `bin/NAME`.
pub(super) fn is_part(path: &str) -> bool {
    path.strip_prefix("lib/").or_else(|| path.strip_prefix("bin/")).is_some_and(is_name)
}

/// Whether it can be a file's name, and is not hidden.
pub(super) fn is_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._+-".contains(&byte);
    (1..=100).contains(&name.len()) && !name.starts_with('.') && name.bytes().all(is_plain)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
