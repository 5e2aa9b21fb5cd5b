//! A guest that gets as far as its start-up code: loads a library that registers fat binaries, or registers some itself.
//! System calls other than those of memory (and, for a library, of the loader) end it with SIGSYS.
//! Prints `name<TAB>value<TAB>unit` lines.
//!
//! usage: `guest-dlopen LIBRARY` or `guest-dlopen FATBINS FUNCTIONS`

use std::{env, error::Error, fs, path::Path, time::Instant};

use libloading::os::unix::Library;
use object::{
    Endianness, Object, ObjectSection,
    elf::FileHeader64,
    read::elf::{Dyn, ElfFile64, FileHeader},
};
use vgpu_tests::{
    dist,
    registration::{Io, IoCounts, LOADER_CALLS, MEMORY_CALLS, Registrar, with_only},
};

/// Of the wrapper that the compiler puts around each fat binary.
const WRAPPER_BYTES: u64 = 24;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = env::args().skip(1).collect();
    let runtime = Registrar::load(&dist().join("lib/libcudart.so.12"))?;
    match args.as_slice() {
        [library] => load(&runtime, Path::new(library)),
        [fatbins, functions] => register(&runtime, fatbins.parse()?, functions.parse()?),
        _ => Err("usage: guest-dlopen LIBRARY | guest-dlopen FATBINS FUNCTIONS".into()),
    }
}

fn register(runtime: &Registrar, fatbins: usize, functions: usize) -> Result<(), Box<dyn Error>> {
    let counts = IoCounts::open()?;
    let registering = || {
        let started = Instant::now();
        runtime.register(fatbins, functions);
        started.elapsed()
    };
    let (time, io) = counts.of(|| with_only(&[MEMORY_CALLS], registering))?;
    report_time("registration", time?.as_secs_f64() * 1e3);
    report_io(io);
    if let Some(number) = (0..functions).find(|number| !runtime.knows(*number)) {
        return Err(format!("function {number} is not registered").into());
    }
    Ok(())
}

fn load(runtime: &Registrar, path: &Path) -> Result<(), Box<dyn Error>> {
    let bytes = fs::read(path)?;
    let object = ElfFile64::<Endianness>::parse(&*bytes)?;
    let segment = object.section_by_name(".nvFatBinSegment").ok_or("the library holds no fat binaries")?;
    report("fat binaries in the file", segment.size() / WRAPPER_BYTES, "");
    let needed = needed(&object)?;
    // What the library needs is there before it, so that what is observed is its own.
    let mut before = Vec::new();
    for name in needed {
        // SAFETY: these are the libraries that the dynamic loader would load itself.
        before.push(unsafe { Library::open(Some(&name), libc::RTLD_NOW | libc::RTLD_LOCAL) }?);
    }
    drop(bytes);

    let counts = IoCounts::open()?;
    let loading = || {
        let started = Instant::now();
        // SAFETY: loading the library is what is under test; it is the one that programs load.
        let library = unsafe { Library::open(Some(path), libc::RTLD_NOW | libc::RTLD_LOCAL) };
        (library, started.elapsed())
    };
    let descriptors = descriptors()?;
    let (loaded, io) = counts.of(|| with_only(&[MEMORY_CALLS, LOADER_CALLS], loading))?;
    let (library, time) = loaded?;
    // Its destructors are not under test.
    std::mem::forget(library?);
    report_time("dlopen", time.as_secs_f64() * 1e3);
    report_io(io);
    report("descriptors left open", self::descriptors()?.saturating_sub(descriptors), "");
    let (resident_bytes, mapped_bytes) = mapping(path)?;
    report("resident after loading", resident_bytes, "B");
    report("mapped", mapped_bytes, "B");
    runtime.log_registered();
    Ok(())
}

/// Names of the libraries that the dynamic section asks for.
fn needed(object: &ElfFile64<'_, Endianness>) -> Result<Vec<String>, Box<dyn Error>> {
    let (endian, data) = (object.endian(), object.data());
    let header: &FileHeader64<Endianness> = object.elf_header();
    let sections = header.sections(endian, data)?;
    let (entries, strings) = sections.dynamic(endian, data)?.ok_or("the library has no dynamic section")?;
    let strings = sections.strings(endian, data, strings)?;
    let names = entries.iter().filter(|entry| entry.tag32(endian) == Some(object::elf::DT_NEEDED));
    names.map(|entry| Ok(String::from_utf8(entry.string(endian, strings)?.to_vec())?)).collect()
}

fn descriptors() -> Result<usize, std::io::Error> {
    fs::read_dir("/proc/self/fd").map(Iterator::count)
}

/// Bytes of the file's mappings that are in memory, and of all of them.
fn mapping(path: &Path) -> Result<(u64, u64), Box<dyn Error>> {
    let path = fs::canonicalize(path)?;
    let path = path.to_str().ok_or("the path is not text")?;
    let (mut resident, mut mapped, mut is_ours) = (0, 0, false);
    for line in fs::read_to_string("/proc/self/smaps")?.lines() {
        let first = line.split_whitespace().next().unwrap_or("");
        if !first.ends_with(':') {
            is_ours = line.ends_with(path);
        }
        let kib = || line.split_whitespace().nth(1).and_then(|text| text.parse::<u64>().ok());
        match first {
            "Rss:" if is_ours => resident += kib().ok_or("Rss")? << 10,
            "Size:" if is_ours => mapped += kib().ok_or("Size")? << 10,
            _ => {}
        }
    }
    if mapped == 0 { Err("the library is not mapped".into()) } else { Ok((resident, mapped)) }
}

fn report(name: &str, value: impl std::fmt::Display, unit: &str) {
    println!("{name}\t{value}\t{unit}");
}

fn report_time(name: &str, ms: f64) {
    report(name, format_args!("{ms:.4}"), "ms");
}

fn report_io(io: Io) {
    report("read calls", io.read_calls, "");
    report("bytes read", io.read_bytes, "B");
    report("write calls", io.write_calls, "");
    report("bytes written", io.written_bytes, "B");
}
