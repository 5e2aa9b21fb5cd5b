//! The programs of `tests/kernels`, compiled once for each content.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fmt::Write as _,
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    thread,
};

use anyhow::{Context, Result, ensure};
use sha2::{Digest, Sha256};

use super::toolkit::Toolkit;
use crate::workspace;

/// As a program is compiled that reaches CUDA through the shared libraries.
const OPTIONS: [&str; 8] = [
    "-std=c++20",
    "--extended-lambda",
    "--expt-relaxed-constexpr",
    "-cudart",
    "shared",
    "-cudadevrt",
    "none",
    // A call that the compiler only warns of is one that it leaves out.
    "-Werror=all-warnings",
];

/// What stands in a program before options that it needs alone.
const OWN_OPTIONS: &str = "// nvcc: ";

/// A program, and for what it is compiled.
struct Program {
    /// Its place among the products: `sm_75/heap`.
    name: String,
    /// The digits of its capability.
    capability: String,
    /// One file, or several that are compiled apart and linked.
    sources: Vec<PathBuf>,
}

impl Program {
    /// All that there are: `sm_NN/NAME.cu`, and folders `sm_NN/NAME` with files of one program.
    fn all(folder: &Path) -> Result<Vec<Self>> {
        let mut programs = Vec::new();
        for of_capability in files(folder)? {
            let digits = of_capability.file_name().and_then(OsStr::to_str).and_then(|name| name.strip_prefix("sm_"));
            let Some(capability) = digits else { continue };
            for path in files(&of_capability)? {
                let stem = path.file_stem().and_then(OsStr::to_str).context("a program's name")?;
                let name = format!("sm_{capability}/{stem}");
                let sources = if path.is_dir() { files(&path)? } else { vec![path] };
                let sources = sources.into_iter().filter(|path| path.extension() == Some(OsStr::new("cu"))).collect();
                programs.push(Self { name, capability: capability.to_owned(), sources });
            }
        }
        Ok(programs)
    }

    fn options(&self) -> Result<Vec<String>> {
        let mut options = OPTIONS.map(str::to_owned).to_vec();
        let Self { capability, .. } = self;
        options.extend(["-gencode".to_owned(), format!("arch=compute_{capability},code=compute_{capability}")]);
        if self.sources.len() > 1 {
            options.push("-rdc=true".to_owned());
        }
        for source in &self.sources {
            let text = fs::read_to_string(source).with_context(|| source.display().to_string())?;
            let own = text.lines().filter_map(|line| line.strip_prefix(OWN_OPTIONS));
            options.extend(own.flat_map(str::split_whitespace).map(str::to_owned));
        }
        Ok(options)
    }

    /// The file in the cache that this content becomes.
    fn product(&self, toolkit: &Toolkit, headers: &[PathBuf], cache: &Path) -> Result<PathBuf> {
        let mut hash = Sha256::new();
        hash.update(toolkit.identity());
        hash.update(self.options()?.join(" "));
        for file in headers.iter().chain(&self.sources) {
            hash.update(fs::read(file).with_context(|| file.display().to_string())?);
        }
        let hash = hash.finalize()[..8].iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        });
        Ok(cache.join(format!("{}-{hash}", self.name.replace('/', "-"))))
    }

    fn compile(&self, toolkit: &Toolkit, product: &Path) -> Result<()> {
        workspace::once(product, |folder| {
            let program = folder.join("program");
            let mut nvcc = toolkit.nvcc();
            nvcc.args(self.options()?).arg("-o").arg(&program).args(&self.sources);
            let done = nvcc.output().context("cannot start nvcc")?;
            let said = String::from_utf8_lossy(&done.stderr) + String::from_utf8_lossy(&done.stdout);
            ensure!(done.status.success(), "{} does not compile:\n{said}", self.name);
            Ok(program)
        })
    }
}

/// Compiles all programs whose names contain `only`, as many at a time as there are processors; the folder with them, each in the
/// folder of its capability.
pub(super) fn all(toolkit: &Toolkit, only: &str) -> Result<PathBuf> {
    let folder = workspace::root().join("tests/kernels");
    let cache = workspace::cache_dir()?.join("kernels");
    let mut programs = Program::all(&folder)?;
    programs.retain(|program| program.name.contains(only));
    ensure!(!programs.is_empty(), "no program's name contains {only:?}");
    let headers = headers(&folder)?;
    let mut products = BTreeMap::new();
    for program in &programs {
        products.insert(&program.name, program.product(toolkit, &headers, &cache)?);
    }
    let waiting = Mutex::new(programs.iter().filter(|program| !products[&program.name].exists()).collect::<Vec<_>>());
    let count = waiting.lock().unwrap_or_else(PoisonError::into_inner).len();
    if count > 0 {
        println!("compiling {count} programs with nvcc");
    }
    let work = || {
        let mut failures = Vec::new();
        loop {
            let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let Some(program) = next else { return failures };
            failures.extend(program.compile(toolkit, &products[&program.name]).err().map(|error| format!("{error:#}")));
        }
    };
    let failures = thread::scope(|scope| {
        let workers = thread::available_parallelism().map_or(1, usize::from);
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        let failures = workers.into_iter().flat_map(|worker| worker.join().expect("a worker does not panic"));
        failures.collect::<Vec<_>>()
    });
    ensure!(failures.is_empty(), "{}", failures.join("\n"));

    let links = workspace::target_dir().join("kernels");
    for (name, product) in products {
        let link = links.join(name);
        fs::create_dir_all(link.parent().context("a program lies in a folder")?)?;
        if link.is_symlink() {
            fs::remove_file(&link)?;
        }
        symlink(&product, &link).with_context(|| link.display().to_string())?;
    }
    Ok(links)
}

/// The files that any program may include.
fn headers(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut headers = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for path in files(&folder)? {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension() == Some(OsStr::new("h")) {
                headers.push(path);
            }
        }
    }
    headers.sort();
    Ok(headers)
}

/// What is in a folder, in order.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let mut files = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    files.sort();
    Ok(files)
}
