//! Compiles parts of llama.cpp's sources, once for each release, way of compiling and compiler.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Mutex,
    thread,
    time::Instant,
};

use anyhow::{Context, Result, anyhow};
use sha2::{Digest, Sha256};

use crate::{llama_source, workspace};

/// How sources are compiled.
pub(crate) struct Recipe<'a> {
    /// What they become, for messages and in the cache.
    pub(crate) name: &'a str,
    pub(crate) flags: &'a [&'a str],
    /// Folders of headers, below that of the sources.
    pub(crate) includes: &'a [&'a str],
}

/// What the compiler is called with once.
pub(crate) struct Unit {
    /// For messages, and of the object.
    pub(crate) name: String,
    pub(crate) file: PathBuf,
    pub(crate) is_c: bool,
}

impl Unit {
    /// A C++ source, by its path below the folder of the sources.
    pub(crate) fn of(source: &Path, path: &str) -> Self {
        Self { name: path.to_owned(), file: source.join(path), is_c: false }
    }

    /// Many small sources with the same headers, as one: `file`, which is written here, includes them.
    pub(crate) fn including(name: &str, file: PathBuf, paths: &[String]) -> Result<Self> {
        let text: String = paths.iter().map(|path| format!("#include \"{path}\"\n")).collect();
        fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
        Ok(Self { name: name.to_owned(), file, is_c: false })
    }

    fn object(&self, folder: &Path) -> PathBuf {
        folder.join(self.name.replace('/', "-")).with_added_extension("o")
    }
}

/// Paths of the C++ sources in a folder, sorted; both below that of the sources.
pub(crate) fn sources_in(source: &Path, folder: &str) -> Result<Vec<String>> {
    let path = source.join(folder);
    let entries = fs::read_dir(&path).with_context(|| path.display().to_string())?;
    let mut paths = Vec::new();
    for entry in entries {
        let name = entry?.file_name();
        let name = name.to_str().with_context(|| format!("{}: a name that is not UTF-8", path.display()))?;
        if name.ends_with(".cpp") {
            paths.push(format!("{folder}/{name}"));
        }
    }
    paths.sort();
    Ok(paths)
}

impl Recipe<'_> {
    /// The file or folder that `make` makes in a folder of its own, or made before. `more` are texts that decide, besides the
    /// recipe, what it becomes.
    pub(crate) fn product<'t>(
        &self,
        root: &Path,
        source: &Path,
        more: impl IntoIterator<Item = &'t str>,
        make: impl FnOnce(&Path) -> Result<PathBuf>,
    ) -> Result<PathBuf> {
        let product = root.join(format!("{}-{}", self.name, self.key(source, more)?));
        workspace::once(&product, |unfinished| {
            let started = Instant::now();
            let made = make(unfinished)?;
            println!("llama.cpp: {} is compiled, in {:.0} s", self.name, started.elapsed().as_secs_f64());
            Ok(made)
        })?;
        Ok(product)
    }

    /// Names what is built: the sources' commit, how they are compiled, and by what.
    fn key<'t>(&self, source: &Path, more: impl IntoIterator<Item = &'t str>) -> Result<String> {
        let compiler = Command::new(llama_source::compiler())
            .arg("--version")
            .output()
            .with_context(|| format!("{} needs a C++ compiler: apt-get install g++", self.name))?;
        let mut hash = Sha256::new();
        hash.update(llama_source::commit(source)?);
        hash.update(compiler.stdout);
        let mut add = |text: &str| {
            hash.update(text);
            hash.update("\n");
        };
        self.flags.iter().chain(self.includes).for_each(|text| add(text));
        more.into_iter().for_each(add);
        Ok(hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect())
    }

    /// Compiles every unit, on all processors, but after whatever else they have to do. Returns the objects, which are in
    /// `folder`, as are headers that are not llama.cpp's.
    pub(crate) fn compile(&self, source: &Path, folder: &Path, units: &[Unit]) -> Result<Vec<PathBuf>> {
        let next = Mutex::new(0);
        let take = || {
            let mut next = next.lock().expect("no thread panics while it holds the lock");
            let number = *next;
            *next += 1;
            (number < units.len()).then_some(number)
        };
        let work = || -> Result<()> {
            while let Some(number) = take() {
                let unit = &units[number];
                println!("llama.cpp: compiling {}, {} of {}: {}", self.name, number + 1, units.len(), unit.name);
                workspace::check(&mut self.compiler_of(unit, source, folder))
                    .with_context(|| format!("compiling {}: {}", self.name, unit.name))?;
            }
            Ok(())
        };
        let threads = thread::available_parallelism().map_or(1, usize::from);
        thread::scope(|scope| {
            let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
            workers.into_iter().try_for_each(|worker| worker.join().map_err(|_| anyhow!("a thread panicked"))?)
        })?;
        Ok(units.iter().map(|unit| unit.object(folder)).collect())
    }

    fn compiler_of(&self, unit: &Unit, source: &Path, folder: &Path) -> Command {
        let mut command = Command::new("nice");
        command.current_dir(source).arg("-n10").arg(llama_source::compiler());
        command
            .args(["-x", if unit.is_c { "c" } else { "c++" }])
            .args(self.flags.iter().filter(|flag| !(unit.is_c && flag.starts_with("-std"))));
        command.arg("-I").arg(folder).args(self.includes.iter().map(|include| format!("-I{include}")));
        command.arg("-c").arg(&unit.file).arg("-o").arg(unit.object(folder));
        command
    }
}
