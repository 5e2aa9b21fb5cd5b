//! The linked libraries as programs see them: names, versions, SONAMEs, dependencies, and honest refusals.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::CString;
use std::path::PathBuf;
use std::{env, fs};

use libloading::os::unix::Library as Loaded;
use object::elf;
use object::read::elf::{Dyn, ElfFile64, FileHeader, SectionHeader};
use object::{Endianness, Object, ObjectSymbol};

/// One library of dist/, and what must hold for it.
struct Library {
    soname: &'static str,
    /// The version node that all its functions carry.
    node: Option<&'static str>,
    /// What NVIDIA's own exports; empty where no list is at hand.
    real: &'static str,
    /// The code of a function that is not done.
    not_supported: u32,
}

const LIBRARIES: [Library; 4] = [
    Library { soname: "libcuda.so.1", node: None, real: include_str!("../abi/exports_cuda.txt"), not_supported: 801 },
    Library {
        soname: "libcudart.so.12",
        node: Some("libcudart.so.12"),
        real: include_str!("../abi/exports_cudart.txt"),
        not_supported: 801,
    },
    Library {
        soname: "libnvidia-ml.so.1",
        node: None,
        real: include_str!("../abi/exports_nvml.txt"),
        not_supported: 3,
    },
    Library { soname: "libcublas.so.12", node: Some("libcublas.so.12"), real: "", not_supported: 15 },
];

/// Libraries that every Linux system with glibc and gcc's runtime has.
const ALLOWED_DEPENDENCIES: [&str; 7] =
    ["libc.so.6", "libgcc_s.so.1", "ld-linux-x86-64.so.2", "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1"];

const SPEC: &str = include_str!("../../headers/spec/STATUS.md");

fn workspace() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests lie one level below the root").to_owned()
}

fn path(name: &str) -> PathBuf {
    let dist = env::var_os("VGPU_DIST").map_or_else(|| workspace().join("dist"), PathBuf::from);
    let path = dist.join("lib").join(name);
    assert!(
        path.exists(),
        "{} is missing: run `cargo xtask dist` first, or name the folder in VGPU_DIST",
        path.display()
    );
    path
}

/// Function name to kind, from the section of `soname` in STATUS.md; twins have entries of their own.
fn spec(soname: &str) -> BTreeMap<String, String> {
    let mut kinds = BTreeMap::new();
    let section = SPEC
        .split("\n## ")
        .find(|section| section.lines().next() == Some(soname))
        .expect("STATUS.md has a section for each library");
    for line in section.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        let mut words = cells[1].split_whitespace();
        let name = words.next().expect("a row starts with a name").trim_matches('`');
        for twin in words {
            kinds.insert(format!("{name}_{}", &twin[1..]), cells[3].to_owned());
        }
        kinds.insert(name.to_owned(), cells[3].to_owned());
    }
    kinds
}

/// What the dynamic linker reads of a library.
struct Dynamic {
    exports: BTreeMap<String, Option<String>>,
    soname: String,
    needed: Vec<String>,
    flags_1: u64,
    init_array_bytes: u64,
}

fn read(name: &str) -> Dynamic {
    let bytes = fs::read(path(name)).expect("the library is readable");
    let file = ElfFile64::<Endianness>::parse(&*bytes).expect("the library is ELF");
    let (endian, header) = (file.endian(), file.elf_header());
    let sections = header.sections(endian, &*bytes).expect("it has sections");
    let versions = sections.versions(endian, &*bytes).expect("its versions are well-formed");

    let mut exports = BTreeMap::new();
    for symbol in file.dynamic_symbols().filter(|s| s.is_definition() && s.is_global()) {
        let version = versions.as_ref().and_then(|table| {
            let index = table.version_index(endian, symbol.index());
            let version = table.version(index).expect("the version index is valid")?;
            Some(String::from_utf8_lossy(version.name()).into_owned())
        });
        let name = symbol.name().expect("names are UTF-8").to_owned();
        // The linker defines each version node as an absolute symbol of its name.
        if Some(&name) != version.as_ref() {
            exports.insert(name, version);
        }
    }

    let (entries, link) =
        sections.dynamic(endian, &*bytes).expect("its dynamic section is well-formed").expect("it is a shared library");
    let strings = sections.strings(endian, &*bytes, link).expect("it has dynamic strings");
    let mut dynamic = Dynamic { exports, soname: String::new(), needed: Vec::new(), flags_1: 0, init_array_bytes: 0 };
    for entry in entries {
        let tag = u32::try_from(entry.d_tag(endian)).unwrap_or(0);
        let text = || String::from_utf8_lossy(entry.string(endian, strings).unwrap_or(b"?")).into_owned();
        match tag {
            elf::DT_SONAME => dynamic.soname = text(),
            elf::DT_NEEDED => dynamic.needed.push(text()),
            elf::DT_FLAGS_1 => dynamic.flags_1 = entry.d_val(endian),
            elf::DT_INIT_ARRAYSZ => dynamic.init_array_bytes = entry.d_val(endian),
            _ => {}
        }
    }
    assert!(sections.iter().any(|s| s.sh_type(endian) == elf::SHT_DYNSYM));
    dynamic
}

#[test]
fn each_library_exports_what_the_spec_says_and_nothing_else() {
    for library in LIBRARIES {
        let exported: BTreeSet<_> = read(library.soname).exports.into_keys().collect();
        let wanted: BTreeSet<_> = spec(library.soname).into_keys().collect();
        let missing: Vec<_> = wanted.difference(&exported).collect();
        let extra: Vec<_> = exported.difference(&wanted).collect();
        assert!(missing.is_empty(), "{} lacks {missing:?}", library.soname);
        assert!(extra.is_empty(), "{} also shows {extra:?}", library.soname);
    }
}

#[test]
fn each_library_exports_what_the_real_one_does() {
    for library in LIBRARIES {
        let exports = read(library.soname).exports;
        let missing: Vec<_> =
            library.real.lines().filter(|line| !line.starts_with('#') && !exports.contains_key(*line)).collect();
        assert!(missing.is_empty(), "{} lacks {missing:?}", library.soname);
    }
}

#[test]
fn functions_carry_the_real_librarys_version_node() {
    for library in LIBRARIES {
        for (name, version) in read(library.soname).exports {
            assert_eq!(version.as_deref(), library.node, "{name} of {}", library.soname);
        }
    }
}

#[test]
fn libraries_know_their_own_names_and_need_only_the_system() {
    for library in LIBRARIES {
        let dynamic = read(library.soname);
        assert_eq!(dynamic.soname, library.soname);
        for needed in dynamic.needed {
            assert!(ALLOWED_DEPENDENCIES.contains(&needed.as_str()), "{} needs {needed}", library.soname);
        }
    }
}

#[test]
fn closing_a_library_does_not_unload_it() {
    for library in LIBRARIES {
        let flags = read(library.soname).flags_1;
        assert_ne!(flags & u64::from(elf::DF_1_NODELETE), 0, "{}", library.soname);
    }
}

#[test]
fn loading_a_library_runs_no_code_of_ours() {
    for library in LIBRARIES {
        // One pointer is the C runtime's, one is the Rust library's, which notes the program's arguments.
        assert!(read(library.soname).init_array_bytes <= 16, "{}", library.soname);
    }
}

#[test]
fn unversioned_names_lead_to_the_libraries() {
    for (link, target) in [
        ("libcuda.so", "libcuda.so.1"),
        ("libcudart.so", "libcudart.so.12"),
        ("libnvidia-ml.so", "libnvidia-ml.so.1"),
        ("libcublas.so", "libcublas.so.12"),
        ("libcublasLt.so", "libcublasLt.so.12"),
    ] {
        assert_eq!(fs::read_link(path(link)).expect(link), PathBuf::from(target));
    }
}

#[test]
fn the_cublaslt_placeholder_exports_nothing() {
    let dynamic = read("libcublasLt.so.12");
    assert_eq!(dynamic.soname, "libcublasLt.so.12");
    assert!(dynamic.exports.is_empty(), "{:?}", dynamic.exports.keys());
    assert!(dynamic.needed.is_empty());
}

/// Functions whose result is not a code, so that a refusal cannot be told from it.
fn returns_no_code(name: &str) -> bool {
    const NAMES: [&str; 8] = [
        "cudaCreateChannelDesc",
        "cudaGetErrorName",
        "cudaGetErrorString",
        "nvmlErrorString",
        "cublasGetStatusName",
        "cublasGetStatusString",
        "cublasGetCudartVersion",
        "cublasXerbla",
    ];
    name.starts_with("__cuda") || NAMES.contains(&name)
}

#[test]
fn unsupported_functions_say_so() {
    for library in LIBRARIES {
        // SAFETY: our libraries' initialisers do nothing but note the program's arguments.
        let loaded = unsafe { Loaded::new(path(library.soname)) }.expect("the library loads");
        let refusals =
            spec(library.soname).into_iter().filter(|(name, kind)| kind == "unsupported" && !returns_no_code(name));
        for (name, _) in refusals {
            let code = call_with_zeros(&loaded, &name);
            assert_eq!(code, library.not_supported, "{name}");
        }
    }
}

/// Calls an unsupported function; whatever its signature, it looks at none of its arguments.
fn call_with_zeros(library: &Loaded, name: &str) -> u32 {
    type Function = unsafe extern "C" fn(usize, usize, usize, usize, usize, usize) -> u32;
    let symbol = CString::new(name).expect("function names hold no NUL");
    // SAFETY: the spec says that this is a function; the C calling convention lets a caller pass too few or too many
    // words to one that reads none of them.
    let function = unsafe { library.get::<Function>(symbol.as_bytes_with_nul()) }.expect(name);
    // SAFETY: as above.
    unsafe { function(0, 0, 0, 0, 0, 0) }
}
