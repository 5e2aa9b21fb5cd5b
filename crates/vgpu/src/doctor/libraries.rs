//! Our own libraries: which files they are, told from NVIDIA's and from other builds of ours, and whether each is whole.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use vgpu_core::sha256::{Digest, sha256};

use super::check::Check;
use super::search::{Environment, Process};
use crate::elf::Object;

/// A name under which programs look for one of our libraries.
pub(super) struct Library {
    pub(super) soname: &'static str,
    /// The version node that its functions carry.
    node: Option<&'static str>,
}

pub(super) const LIBRARIES: [Library; 5] = [
    Library { soname: "libcuda.so.1", node: None },
    Library { soname: "libcudart.so.12", node: Some("libcudart.so.12") },
    Library { soname: "libcublas.so.12", node: Some("libcublas.so.12") },
    Library { soname: PLACEHOLDER, node: None },
    Library { soname: "libnvidia-ml.so.1", node: None },
];
/// It only has to exist, and exports nothing.
const PLACEHOLDER: &str = "libcublasLt.so.12";

/// Text in every library of ours: the name of the crate that they share.
const MARK: &[u8] = b"vgpu_core::";
/// Ours are a fiftieth of this; NVIDIA's are larger.
const FILE_MAX_BYTES: u64 = 64 << 20;

/// Whose a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// The very library that this vgpu came with.
    Ours,
    /// A library of another build of vgpu.
    OtherBuild,
    /// Somebody else's.
    Foreign,
}

/// The checksums that came with a folder of libraries.
#[derive(Deserialize)]
struct Manifest {
    version: String,
    file: Vec<ManifestFile>,
}

#[derive(Deserialize)]
struct ManifestFile {
    path: String,
    sha256: String,
}

/// The folder that holds our libraries, against which all others are held.
pub(super) struct Reference {
    pub(super) folder: PathBuf,
    manifest: Result<Manifest, String>,
    digests: Vec<(&'static str, Option<Digest>)>,
}

impl Reference {
    pub(super) fn new(folder: &Path) -> Self {
        let digest = |soname| contents(&folder.join(soname)).map(|bytes| sha256(&bytes));
        Self {
            folder: folder.to_owned(),
            manifest: read_manifest(folder),
            digests: LIBRARIES.iter().map(|library| (library.soname, digest(library.soname))).collect(),
        }
    }

    /// Whose the file at `path` is, which goes by the name `soname`.
    pub(super) fn origin(&self, path: &Path, soname: &str) -> Origin {
        let Some(bytes) = contents(path) else { return Origin::Foreign };
        let known = self.digests.iter().find(|(name, _)| *name == soname).and_then(|(_, digest)| *digest);
        if known == Some(sha256(&bytes)) {
            return Origin::Ours;
        }
        // A placeholder has no code in which the mark could be; one is as good as another.
        let is_placeholder =
            || soname == PLACEHOLDER && Object::read(path).is_ok_and(|object| object.exports.len() <= 1);
        if is_placeholder() {
            Origin::Ours
        } else if has_mark(&bytes) {
            Origin::OtherBuild
        } else {
            Origin::Foreign
        }
    }

    /// One check for each library of the folder.
    pub(super) fn checks(&self, program: &Path) -> Vec<Check> {
        LIBRARIES.iter().map(|library| self.check(library, program)).collect()
    }

    fn check(&self, library: &Library, program: &Path) -> Check {
        let path = self.folder.join(library.soname);
        let shown = path.display();
        let check = Check::ok(format!("libraries.{}", library.soname), format!("our library {shown}"));
        const AGAIN: &str = "install vgpu's libraries again, all of one build (`cargo xtask dist` makes them)";
        if !path.exists() {
            let cause = format!("{shown} does not exist");
            return check.failed(cause, format!("{AGAIN}, or name their folder with --libraries"));
        }
        let object = match Object::read(&path) {
            Ok(object) => object,
            Err(error) => return check.failed(format!("{shown}: {error}"), AGAIN),
        };
        match &object.soname {
            None => {
                return check.failed(
                    format!("{shown} has no SONAME: a program that is linked with it looks for a file"),
                    AGAIN,
                );
            }
            Some(soname) if soname != library.soname => {
                return check.failed(format!("{shown} is {soname} under another name{}", link_note(&path)), AGAIN);
            }
            Some(_) => {}
        }
        let bytes = contents(&path).unwrap_or_default();
        if library.soname != PLACEHOLDER && !has_mark(&bytes) {
            return check.failed(format!("{shown} is not vgpu's"), AGAIN);
        }
        let check = match self.listed(library.soname) {
            Ok(Some((version, wanted))) if wanted == hex(&sha256(&bytes)) => {
                check.saw(format!("of vgpu {version}, as its manifest says"))
            }
            Ok(Some(_)) => {
                return check
                    .failed(format!("{shown} is not the one that the manifest lists: stale or damaged"), AGAIN);
            }
            Ok(None) => check.saw("its manifest does not list it"),
            Err(why) => check.saw(format!("not held against a manifest: {why}")),
        };
        if let Some(node) = library.node
            && let Some((name, other)) = wrong_node(&object, node)
        {
            let has = other.map_or("none".to_owned(), |other| format!("{other:?}"));
            return check.failed(format!("{shown}: {name} has the version node {has} instead of {node:?}"), AGAIN);
        }
        let lacks = unresolved(&path, program);
        if !lacks.is_empty() {
            let cause = format!("{shown} cannot be loaded: {}", lacks[0]);
            return check.saw_all(lacks.into_iter().skip(1)).failed(cause, AGAIN);
        }
        check
    }

    /// What the manifest says about a library: version, and checksum in hexadecimal.
    fn listed(&self, soname: &str) -> Result<Option<(&str, &str)>, &str> {
        let manifest = self.manifest.as_ref().map_err(String::as_str)?;
        let is_it = |file: &&ManifestFile| Path::new(&file.path).file_name().is_some_and(|name| name == soname);
        Ok(manifest.file.iter().find(is_it).map(|file| (manifest.version.as_str(), file.sha256.as_str())))
    }
}

/// What keeps a library from being loaded by itself.
fn unresolved(path: &Path, program: &Path) -> Vec<String> {
    let library_path = std::env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
    let Ok(mut process) = Process::start(program, Environment::with_library_path(library_path)) else {
        return Vec::new();
    };
    let Some(scope) = process.open(&path.to_string_lossy()) else { return Vec::new() };
    let missing = process.missing.iter().map(|missing| format!("{} is not found", missing.name)).collect::<Vec<_>>();
    let symbols = process
        .unresolved(&scope)
        .into_iter()
        .map(|symbol| format!("undefined symbol {symbol}, needed by {}", symbol.needed_by.display()));
    missing.into_iter().chain(symbols.take(20)).collect()
}

/// A function that lacks the version node that programs ask for.
fn wrong_node<'a>(object: &'a Object, node: &str) -> Option<(&'a str, Option<&'a str>)> {
    let mut all: Vec<_> = object.exports.iter().filter(|(name, _)| *name != node).collect();
    all.sort_by_key(|(name, _)| *name);
    all.into_iter().find_map(|(name, exports)| {
        let is_right = exports.iter().any(|export| export.version.as_deref() == Some(node));
        (!is_right).then(|| (name.as_str(), exports.first().and_then(|export| export.version.as_deref())))
    })
}

/// Where a link leads, for a sentence.
pub(super) fn link_note(path: &Path) -> String {
    fs::read_link(path).map_or_else(|_| String::new(), |target| format!(" (a link to {})", target.display()))
}

/// A file's bytes, if it can be one of ours.
fn contents(path: &Path) -> Option<Vec<u8>> {
    let metadata = path.metadata().ok()?;
    if !metadata.is_file() || metadata.len() > FILE_MAX_BYTES {
        return None;
    }
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(FILE_MAX_BYTES).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

fn has_mark(bytes: &[u8]) -> bool {
    bytes.windows(MARK.len()).any(|window| window == MARK)
}

/// The manifest of dist/ lies beside the folder of the libraries, that of a folder alone in it.
fn read_manifest(folder: &Path) -> Result<Manifest, String> {
    let places = [folder.parent().map(|parent| parent.join("manifest.toml")), Some(folder.join("manifest.toml"))];
    let Some(path) = places.into_iter().flatten().find(|path| path.is_file()) else {
        return Err(format!("there is no manifest.toml in or beside {}", folder.display()));
    };
    let bytes = contents(&path).ok_or_else(|| format!("{} cannot be read", path.display()))?;
    let text = String::from_utf8_lossy(&bytes);
    toml::from_str(&text).map_err(|error| format!("{}: {}", path.display(), error.message()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
