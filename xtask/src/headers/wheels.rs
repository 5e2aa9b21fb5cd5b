//! Fetches wheels by a list of sources, checks their digests and unpacks what is needed of them: headers for bindgen, the real
//! libraries for comparison, and the assembler.

use std::{
    fs::{self, Permissions},
    io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::workspace;

const HEADERS: &str = "headers/SOURCES.toml";
const LIBRARIES: &str = "headers/codes/SOURCES.toml";

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
    let cache = workspace::cache_dir()?;
    let mut folders = Vec::new();
    for wheel in read(HEADERS)? {
        let folder = cache.join("wheels").join(format!("{}-{}", wheel.name, wheel.version));
        if !folder.join(".complete").is_file() {
            let file = wheel.fetch(&cache.join("downloads"))?;
            // The compilers and static libraries in the wheels stay packed.
            unpack(&file, &folder, |name| {
                name.extension().is_some_and(|e| e == "h" || e == "hpp")
                    || name.file_name().is_some_and(|n| n == "libclang.so")
            })?;
            fs::write(folder.join(".complete"), &wheel.sha256)?;
        }
        folders.push((wheel.name, folder));
    }
    Ok(Unpacked { folders })
}

/// Wheels of headers/codes/SOURCES.toml: their shared libraries, to be compared with ours.
pub(crate) struct Libraries(Wheel);

impl Libraries {
    /// The wheel of that name.
    pub(crate) fn of(name: &str) -> Result<Self> {
        let found = read(LIBRARIES)?.into_iter().find(|wheel| wheel.name == name);
        found.map(Self).with_context(|| format!("{LIBRARIES} does not list {name}"))
    }

    /// Which wheel it is, to be part of a recipe.
    pub(crate) fn identity(&self) -> String {
        self.0.identity()
    }

    /// Whether the cache has the wheel.
    pub(crate) fn is_downloaded(&self) -> Result<bool> {
        let downloads = workspace::cache_dir()?.join("downloads");
        Ok(downloads.exists() && self.0.find(&downloads)?.is_some())
    }

    /// Unpacks the libraries into `folder`.
    pub(crate) fn unpack(&self, folder: &Path) -> Result<()> {
        let file = self.0.fetch(&workspace::cache_dir()?.join("downloads"))?;
        unpack(&file, folder, |name| name.file_name().is_some_and(|n| n.to_string_lossy().contains(".so")))
    }
}

/// All wheels of a list, to be unpacked into one folder.
pub(crate) struct Wheels(Vec<Wheel>);

impl Wheels {
    /// Those of a list of this repository.
    pub(crate) fn of(sources: &str) -> Result<Self> {
        read(sources).map(Self)
    }

    /// Which wheels they are, to be part of a recipe.
    pub(crate) fn identity(&self) -> String {
        self.0.iter().map(Wheel::identity).collect::<Vec<_>>().join(" ")
    }

    /// Unpacks the members whose paths are `wanted` into `folder`.
    pub(crate) fn unpack(&self, folder: &Path, mut wanted: impl FnMut(&Path) -> bool) -> Result<()> {
        let downloads = workspace::cache_dir()?.join("downloads");
        self.0.iter().try_for_each(|wheel| unpack(&wheel.fetch(&downloads)?, folder, &mut wanted))
    }
}

/// Whether wheels can be fetched here.
pub(crate) fn has_pip() -> bool {
    let asked = Command::new("python3").args(["-m", "pip", "--version"]).output();
    asked.is_ok_and(|output| output.status.success())
}

/// A program of a wheel of headers/SOURCES.toml, unpacked in the cache.
///
/// # Errors
/// The list has no such wheel, the wheel no such program, or it can neither be found in the cache nor fetched.
pub(crate) fn program(package: &str, name: &str) -> Result<PathBuf> {
    let found = read(HEADERS)?.into_iter().find(|wheel| wheel.name == package);
    let wheel = found.with_context(|| format!("{HEADERS} does not list {package}"))?;
    let cache = workspace::cache_dir()?;
    let program = cache.join("wheels").join(format!("{}-{}-{name}", wheel.name, wheel.version));
    workspace::once(&program, |folder| {
        let mut found = None;
        unpack(&wheel.fetch(&cache.join("downloads"))?, folder, |path| {
            let is_it = path.file_name().is_some_and(|file| file == name);
            if is_it {
                found = Some(folder.join(path));
            }
            is_it
        })?;
        let found = found.with_context(|| format!("{package} has no {name}"))?;
        fs::set_permissions(&found, Permissions::from_mode(0o755))?;
        Ok(found)
    })?;
    Ok(program)
}

fn read(sources: &str) -> Result<Vec<Wheel>> {
    let text = fs::read_to_string(workspace::root().join(sources)).with_context(|| sources.to_owned())?;
    let sources: Sources = toml::from_str(&text).with_context(|| sources.to_owned())?;
    Ok(sources.wheel)
}

impl Wheel {
    fn identity(&self) -> String {
        format!("{} {} {}", self.name, self.version, self.sha256)
    }

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
                "{} has sha256 {digest}, not the {} that the list of sources says",
                entry.path().display(),
                self.sha256
            );
            return Ok(Some(entry.path()));
        }
        Ok(None)
    }
}

/// Unpacks the members whose paths are `wanted`.
fn unpack(wheel: &Path, folder: &Path, mut wanted: impl FnMut(&Path) -> bool) -> Result<()> {
    let file = fs::File::open(wheel)?;
    let mut archive = zip::ZipArchive::new(file).with_context(|| format!("{} is no wheel", wheel.display()))?;
    for index in 0..archive.len() {
        let mut member = archive.by_index(index)?;
        let Some(name) = member.enclosed_name() else {
            bail!("{} holds the path {:?}", wheel.display(), member.name());
        };
        if !member.is_file() || !wanted(&name) {
            continue;
        }
        let path = folder.join(name);
        fs::create_dir_all(path.parent().context("a wheel member without a folder")?)?;
        io::copy(&mut member, &mut fs::File::create(path)?)?;
    }
    Ok(())
}
