//! A model of glibc's dynamic loader: which file it takes for each library that a program needs, and which it passes over.
//!
//! In this order: what is loaded already; DT_RPATH of the object that needs the library and of those that brought it, if
//! it has no DT_RUNPATH; LD_LIBRARY_PATH; its DT_RUNPATH; the loader's cache; the default directories. Each directory's
//! `glibc-hwcaps` folders come before itself. Not modelled: programs with more rights than their user, auditing, and the
//! processor folders that glibc before 2.37 also looked in.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use vgpu_core::loader_cache::LoaderCache;

use crate::elf::{Object, Unusable};

/// More objects than this are not followed.
const OBJECTS_MAX: usize = 2000;
const DIRECTORIES_MAX: usize = 1000;

/// What of a process's environment the loader looks at.
pub(super) struct Environment {
    pub(super) library_path: OsString,
    pub(super) preload: OsString,
    pub(super) working_directory: PathBuf,
    cache: Rc<LoaderCache>,
    defaults: Vec<PathBuf>,
    /// Names of `glibc-hwcaps` folders that this processor can use, best first.
    levels: Rc<[&'static str]>,
}

impl Environment {
    /// This process's own, with another LD_LIBRARY_PATH.
    pub(super) fn with_library_path(library_path: OsString) -> Self {
        let levels = processor_levels();
        let multiarch = Path::new("/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2").exists();
        let defaults: &[&str] = match multiarch {
            true => &["/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib", "/usr/lib"],
            false => &["/lib64", "/usr/lib64"],
        };
        Self {
            library_path,
            preload: preload(),
            working_directory: std::env::current_dir().unwrap_or_else(|_| "/".into()),
            cache: Rc::new(LoaderCache::read(Path::new("/etc/ld.so.cache"), &levels)),
            defaults: defaults.iter().map(PathBuf::from).collect(),
            levels: levels.into(),
        }
    }
}

fn processor_levels() -> Vec<&'static str> {
    use std::arch::is_x86_feature_detected as has;
    let v2 = has!("sse4.2") && has!("ssse3") && has!("popcnt") && has!("cmpxchg16b");
    let v3 = v2 && has!("avx2") && has!("bmi1") && has!("bmi2") && has!("fma") && has!("lzcnt") && has!("movbe");
    let v4 = v3 && has!("avx512f") && has!("avx512bw") && has!("avx512cd") && has!("avx512dq") && has!("avx512vl");
    [(v4, "x86-64-v4"), (v3, "x86-64-v3"), (v2, "x86-64-v2")]
        .into_iter()
        .filter(|(has, _)| *has)
        .map(|(_, n)| n)
        .collect()
}

/// Why a file was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// It was named with its path.
    Named,
    /// LD_PRELOAD names it.
    Preloaded,
    /// A DT_RPATH, and whose.
    Rpath(PathBuf),
    LibraryPath,
    /// A DT_RUNPATH, and whose.
    Runpath(PathBuf),
    Cache,
    Default,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named => f.write_str("named by its path"),
            Self::Preloaded => f.write_str("LD_PRELOAD"),
            Self::Rpath(whose) => write!(f, "DT_RPATH of {}", whose.display()),
            Self::LibraryPath => f.write_str("LD_LIBRARY_PATH"),
            Self::Runpath(whose) => write!(f, "DT_RUNPATH of {}", whose.display()),
            Self::Cache => f.write_str("the loader's cache, /etc/ld.so.cache"),
            Self::Default => f.write_str("a default directory"),
        }
    }
}

/// A file that could be taken for a name.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) path: PathBuf,
    pub(super) place: Place,
}

/// An object that the loader has mapped.
pub(super) struct Mapped {
    pub(super) path: PathBuf,
    pub(super) place: Place,
    pub(super) object: Rc<Object>,
    /// The names that lead to it.
    names: Vec<String>,
    identity: (u64, u64),
    /// The object that brought it.
    brought_by: Option<usize>,
    /// Files of the same name that come later in the order.
    pub(super) passed_over: Vec<Candidate>,
}

/// A library that could not be had.
#[derive(Clone, Debug)]
pub(super) struct Missing {
    pub(super) name: String,
    /// The object that needs it; none when a program opens it by its name.
    pub(super) needed_by: Option<PathBuf>,
    /// The file at which the loader stopped, and why; none when there was no file at all.
    pub(super) stopped_at: Option<(Candidate, String)>,
}

/// A symbol without a value.
#[derive(Clone, Debug)]
pub(super) struct Unresolved {
    pub(super) name: String,
    pub(super) version: Option<String>,
    /// The library that should have it, where versions tell.
    pub(super) library: Option<String>,
    pub(super) needed_by: PathBuf,
}

impl fmt::Display for Unresolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        self.version.as_ref().map_or(Ok(()), |version| write!(f, "@{version}"))
    }
}

/// A version node that a library lacks.
#[derive(Clone, Debug)]
pub(super) struct MissingNode {
    pub(super) library: String,
    pub(super) path: PathBuf,
    pub(super) version: String,
    pub(super) needed_by: PathBuf,
}

/// A process as the loader makes it.
pub(super) struct Process {
    environment: Environment,
    pub(super) objects: Vec<Mapped>,
    pub(super) missing: Vec<Missing>,
    /// The program and what it began with: every object sees their symbols.
    global: usize,
}

impl Process {
    /// Starts `program`.
    ///
    /// # Errors
    /// When it is no program.
    pub(super) fn start(program: &Path, environment: Environment) -> Result<Self, Unusable> {
        let mut process = Self { environment, objects: Vec::new(), missing: Vec::new(), global: 0 };
        let object = Object::read(program)?;
        process.add(Candidate { path: program.to_owned(), place: Place::Named }, Rc::new(object), "", None);
        for name in preload_names(&process.environment.preload) {
            // The loader only warns about what it cannot preload.
            let missing = process.missing.len();
            if let Some(index) = process.request(&name, 0)
                && index + 1 == process.objects.len()
            {
                process.objects[index].place = Place::Preloaded;
            }
            process.missing.truncate(missing);
        }
        process.follow(0);
        // What the program itself lacks is no concern of what it opens later.
        process.missing.clear();
        process.global = process.objects.len();
        Ok(process)
    }

    /// Opens a library by path or by name, as the program would, with all that it needs. The result are the objects that
    /// it sees besides the program's: itself first.
    pub(super) fn open(&mut self, name: &str) -> Option<Vec<usize>> {
        let first = self.objects.len();
        let root = self.request(name, 0)?;
        if root >= first {
            self.follow(first);
        }
        Some(self.scope(root))
    }

    /// An object and what it needs, breadth first: the order in which symbols are looked up.
    fn scope(&self, root: usize) -> Vec<usize> {
        let mut scope = vec![root];
        let mut at = 0;
        while let Some(&index) = scope.get(at) {
            for name in &self.objects[index].object.needed {
                if let Some(found) = self.loaded(name)
                    && !scope.contains(&found)
                {
                    scope.push(found);
                }
            }
            at += 1;
        }
        scope
    }

    /// Maps what objects from `first` on need, breadth first.
    fn follow(&mut self, first: usize) {
        let mut index = first;
        while index < self.objects.len() && self.objects.len() < OBJECTS_MAX {
            let object = Rc::clone(&self.objects[index].object);
            for name in &object.needed {
                self.request(name, index);
            }
            index += 1;
        }
    }

    /// The loaded object that answers to `name`.
    pub(super) fn loaded(&self, name: &str) -> Option<usize> {
        let answers = |mapped: &Mapped| {
            mapped.names.iter().any(|known| known == name) || mapped.object.soname.as_deref() == Some(name)
        };
        self.objects.iter().position(answers)
    }

    fn request(&mut self, name: &str, needed_by: usize) -> Option<usize> {
        if let Some(index) = self.loaded(name) {
            return Some(index);
        }
        let mut chosen = None;
        let mut passed_over = Vec::new();
        for candidate in self.candidates(name, needed_by) {
            if chosen.is_some() {
                passed_over.push(candidate);
                continue;
            }
            match Object::read(&candidate.path) {
                Ok(object) => chosen = Some((candidate, object)),
                Err(Unusable::Malformed(why)) => {
                    self.lacks(name, needed_by, Some((candidate, why)));
                    return None;
                }
                Err(Unusable::Unopened(_) | Unusable::OtherMachine) => {}
            }
        }
        let Some((candidate, object)) = chosen else {
            self.lacks(name, needed_by, None);
            return None;
        };
        let index = self.add(candidate, Rc::new(object), name, Some(needed_by));
        self.objects[index].passed_over.extend(passed_over);
        Some(index)
    }

    fn lacks(&mut self, name: &str, needed_by: usize, stopped_at: Option<(Candidate, String)>) {
        let needed_by = (needed_by > 0).then(|| self.objects[needed_by].path.clone());
        if !self.missing.iter().any(|missing| missing.name == name) && self.missing.len() < OBJECTS_MAX {
            self.missing.push(Missing { name: name.to_owned(), needed_by, stopped_at });
        }
    }

    fn add(&mut self, candidate: Candidate, object: Rc<Object>, name: &str, brought_by: Option<usize>) -> usize {
        let identity = fs::metadata(&candidate.path).map_or((0, 0), |metadata| (metadata.dev(), metadata.ino()));
        // One file under two names is one object.
        if let Some(known) = self.objects.iter().position(|known| known.identity == identity && identity != (0, 0)) {
            self.objects[known].names.push(name.to_owned());
            return known;
        }
        let Candidate { path, place } = candidate;
        let names = vec![name.to_owned()];
        self.objects.push(Mapped { path, place, object, names, identity, brought_by, passed_over: Vec::new() });
        self.objects.len() - 1
    }

    /// The files that exist for `name`, in the loader's order.
    fn candidates(&self, name: &str, needed_by: usize) -> Vec<Candidate> {
        if name.contains('/') {
            let path = PathBuf::from(OsString::from_vec(self.expand(name.as_bytes(), &self.objects[needed_by].path)));
            return vec![Candidate { path: self.absolute(&path), place: Place::Named }];
        }
        let mut found: Vec<Candidate> = Vec::new();
        let mut offer = |path: PathBuf, place: &Place| {
            // Looking at a name must not follow it into a device; metadata does not open anything.
            if path.exists() && !found.iter().any(|known| known.path == path) {
                found.push(Candidate { path, place: place.clone() });
            }
        };
        let cached = self.environment.cache.paths(name);
        for (directory, place) in self.directories(needed_by) {
            if place == Place::Default {
                break;
            }
            for folder in self.with_levels(&directory) {
                offer(folder.join(name), &place);
            }
        }
        if !self.objects[needed_by].object.without_defaults {
            for path in cached {
                offer(path.clone(), &Place::Cache);
            }
            for directory in &self.environment.defaults {
                for folder in self.with_levels(directory) {
                    offer(folder.join(name), &Place::Default);
                }
            }
        }
        found
    }

    fn with_levels(&self, directory: &Path) -> Vec<PathBuf> {
        let capabilities = directory.join("glibc-hwcaps");
        let levels = if capabilities.is_dir() { &self.environment.levels[..] } else { &[] };
        levels.iter().map(|level| capabilities.join(level)).chain([directory.to_owned()]).collect()
    }

    /// Where libraries that `needed_by` needs are looked for, in order, the cache apart.
    pub(super) fn directories(&self, needed_by: usize) -> Vec<(PathBuf, Place)> {
        let mut all = Vec::new();
        let asker = &self.objects[needed_by];
        if asker.object.runpath.is_none() {
            let mut next = Some(needed_by);
            let mut chain = Vec::new();
            while let Some(index) = next {
                chain.push(index);
                next = self.objects[index].brought_by;
            }
            for index in chain {
                let of = &self.objects[index];
                // A DT_RUNPATH makes the loader forget the same object's DT_RPATH.
                if let (Some(rpath), None) = (&of.object.rpath, &of.object.runpath) {
                    self.split(rpath, &of.path, false, &Place::Rpath(of.path.clone()), &mut all);
                }
            }
        }
        self.split(&self.environment.library_path, &self.objects[0].path, true, &Place::LibraryPath, &mut all);
        if let Some(runpath) = &asker.object.runpath {
            self.split(runpath, &asker.path, false, &Place::Runpath(asker.path.clone()), &mut all);
        }
        all.extend(self.environment.defaults.iter().map(|directory| (directory.clone(), Place::Default)));
        all
    }

    /// The entries of a search path; an empty one is the working directory.
    fn split(&self, path: &OsStr, origin: &Path, semicolons: bool, place: &Place, all: &mut Vec<(PathBuf, Place)>) {
        if path.is_empty() {
            return;
        }
        for entry in path.as_bytes().split(|byte| *byte == b':' || (semicolons && *byte == b';')) {
            if all.len() >= DIRECTORIES_MAX {
                return;
            }
            let entry = PathBuf::from(OsString::from_vec(self.expand(entry, origin)));
            all.push((self.absolute(&entry), place.clone()));
        }
    }

    fn absolute(&self, path: &Path) -> PathBuf {
        self.environment.working_directory.join(path)
    }

    /// Replaces `$ORIGIN`, `$LIB` and `$PLATFORM`.
    fn expand(&self, text: &[u8], origin: &Path) -> Vec<u8> {
        let origin = self.absolute(origin);
        let origin = origin.parent().unwrap_or(Path::new("/")).as_os_str().as_bytes();
        let multiarch = self.environment.defaults.iter().any(|folder| folder.ends_with("x86_64-linux-gnu"));
        let lib: &[u8] = if multiarch { b"lib/x86_64-linux-gnu" } else { b"lib64" };
        let tokens: [(&[u8], &[u8]); 6] = [
            (b"${ORIGIN}", origin),
            (b"$ORIGIN", origin),
            (b"${LIB}", lib),
            (b"$LIB", lib),
            (b"${PLATFORM}", b"x86_64"),
            (b"$PLATFORM", b"x86_64"),
        ];
        let mut out = Vec::new();
        let mut rest = text;
        while let Some((first, tail)) = rest.split_first() {
            match tokens.iter().find_map(|(token, value)| Some((rest.strip_prefix(*token)?, value))) {
                Some((after, value)) => {
                    out.extend_from_slice(value);
                    rest = after;
                }
                None => {
                    out.push(*first);
                    rest = tail;
                }
            }
            // Each token grows the text: no path is longer than this.
            if out.len() > 1 << 16 {
                break;
            }
        }
        out
    }

    /// What of `scope` has no value, were it bound at once.
    pub(super) fn unresolved(&self, scope: &[usize]) -> Vec<Unresolved> {
        let visible: Vec<_> = (0..self.global).chain(scope.iter().copied()).collect();
        let mut all = Vec::new();
        for &index in scope.iter().filter(|index| **index >= self.global) {
            for import in self.objects[index].object.imports.iter().filter(|import| !import.weak) {
                let version = import.version.as_deref();
                if !visible.iter().any(|at| self.objects[*at].object.provides(&import.name, version)) {
                    all.push(Unresolved {
                        name: import.name.clone(),
                        version: import.version.clone(),
                        library: import.library.clone(),
                        needed_by: self.objects[index].path.clone(),
                    });
                }
            }
        }
        all
    }

    /// Version nodes that objects of `scope` need and the libraries that were found do not have. A library without any
    /// node is taken as it is.
    pub(super) fn missing_nodes(&self, scope: &[usize]) -> Vec<MissingNode> {
        let mut all = Vec::new();
        for &index in scope.iter().filter(|index| **index >= self.global) {
            for need in self.objects[index].object.requirements.iter().filter(|need| !need.weak) {
                let Some(found) = self.loaded(&need.library) else { continue };
                let nodes = &self.objects[found].object.nodes;
                if !nodes.is_empty() && !nodes.contains(&need.version) {
                    all.push(MissingNode {
                        library: need.library.clone(),
                        path: self.objects[found].path.clone(),
                        version: need.version.clone(),
                        needed_by: self.objects[index].path.clone(),
                    });
                }
            }
        }
        all
    }
}

/// What is loaded into every program: LD_PRELOAD, and the machine's own list.
fn preload() -> OsString {
    let mut all = std::env::var_os("LD_PRELOAD").unwrap_or_default();
    if let Ok(list) = fs::read("/etc/ld.so.preload") {
        all.push(" ");
        all.push(OsStr::from_bytes(&list));
    }
    all
}

/// The entries of such a list.
pub(super) fn preload_names(preload: &OsStr) -> Vec<String> {
    let names = preload.as_bytes().split(|byte| *byte == b':' || byte.is_ascii_whitespace());
    names.filter(|name| !name.is_empty()).take(100).map(|name| String::from_utf8_lossy(name).into_owned()).collect()
}
