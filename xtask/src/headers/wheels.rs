//! Fetches the wheels of headers/SOURCES.toml, checks their digests and unpacks what bindgen needs.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::workspace;

#[derive(Deserialize)]
struct Sources {
    wheel: Vec<Wheel>,
}

#[derive(Deserialize)]
struct Wheel {
    name: String,
    version: String,
    sha256: String,
}

/// Folders of unpacked wheels, by package name.
pub(super) struct Unpacked {
    folders: Vec<(String, PathBuf)>,
}

impl Unpacked {
    /// How many wheels there are.
    #[cfg(not(feature = "bindgen"))]
    pub(super) fn len(&self) -> usize {
        self.folders.len()
    }

    /// The folder `below` of the wheel `name`.
    #[cfg(feature = "bindgen")]
    pub(super) fn folder(&self, name: &str, below: &str) -> Result<PathBuf> {
        let (_, root) = self
            .folders
            .iter()
            .find(|(package, _)| package == name)
            .with_context(|| format!("headers/SOURCES.toml does not list {name}"))?;
        let folder = root.join(below);
        ensure!(folder.is_dir(), "{} is missing", folder.display());
        Ok(folder)
    }
}

/// Makes every wheel of SOURCES.toml present, verified and unpacked in the cache.
pub(super) fn fetch_and_unpack() -> Result<Unpacked> {
    let text = fs::read_to_string(workspace::root().join("headers/SOURCES.toml"))?;
    let sources: Sources = toml::from_str(&text).context("headers/SOURCES.toml")?;
    let cache = workspace::cache_dir()?;
    let mut folders = Vec::new();
    for wheel in sources.wheel {
        let folder = cache.join("wheels").join(format!("{}-{}", wheel.name, wheel.version));
        if !folder.join(".complete").is_file() {
            let file = wheel.fetch(&cache.join("downloads"))?;
            unpack(&file, &folder)?;
            fs::write(folder.join(".complete"), &wheel.sha256)?;
        }
        folders.push((wheel.name, folder));
    }
    Ok(Unpacked { folders })
}

impl Wheel {
    /// The verified wheel file, downloaded when the cache lacks it.
    fn fetch(&self, downloads: &Path) -> Result<PathBuf> {
        fs::create_dir_all(downloads)?;
        if let Some(file) = self.find(downloads)? {
            return Ok(file);
        }
        println!("fetching {} {}", self.name, self.version);
        workspace::check(
            Command::new("python3")
                .args(["-m", "pip", "download", "--quiet", "--no-deps"])
                .args(["--only-binary", ":all:", "--dest"])
                .arg(downloads)
                .arg(format!("{}=={}", self.name, self.version)),
        )?;
        self.find(downloads)?.with_context(|| format!("pip fetched no wheel of {} {}", self.name, self.version))
    }

    fn find(&self, downloads: &Path) -> Result<Option<PathBuf>> {
        let prefix = format!("{}-{}-", self.name.replace('-', "_"), self.version);
        for entry in fs::read_dir(downloads)? {
            let entry = entry?;
            if !entry.file_name().to_string_lossy().starts_with(&prefix) {
                continue;
            }
            let digest: String =
                Sha256::digest(fs::read(entry.path())?).iter().map(|byte| format!("{byte:02x}")).collect();
            ensure!(
                digest == self.sha256,
                "{} has sha256 {digest}, headers/SOURCES.toml says {}",
                entry.path().display(),
                self.sha256
            );
            return Ok(Some(entry.path()));
        }
        Ok(None)
    }
}

/// Unpacks headers and libclang; the compilers and static libraries in the wheels stay packed.
fn unpack(wheel: &Path, folder: &Path) -> Result<()> {
    let file = fs::File::open(wheel)?;
    let mut archive = zip::ZipArchive::new(file).with_context(|| format!("{} is no wheel", wheel.display()))?;
    for index in 0..archive.len() {
        let mut member = archive.by_index(index)?;
        let Some(name) = member.enclosed_name() else {
            bail!("{} holds the path {:?}", wheel.display(), member.name());
        };
        let wanted = name.extension().is_some_and(|e| e == "h" || e == "hpp")
            || name.file_name().is_some_and(|n| n == "libclang.so");
        if !wanted || !member.is_file() {
            continue;
        }
        let path = folder.join(name);
        fs::create_dir_all(path.parent().context("a wheel member without a folder")?)?;
        io::copy(&mut member, &mut fs::File::create(path)?)?;
    }
    Ok(())
}
