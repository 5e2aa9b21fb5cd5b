//! The virtual machine's parts, fetched once into the cache: QEMU with its libraries, a kernel, and the guest's programs.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail, ensure};

use super::{
    apt::{self, Apt, Source},
    cache,
};
use crate::workspace;

/// Changes with what [`fetch`] leaves in the folder.
const LAYOUT: &str = "2";
/// The first Debian release whose backports have a QEMU that is a vfio-user client (10.1 or later).
const QEMU_RELEASE: &str = "trixie";
const QEMU_SUITE: &str = "trixie-backports";
/// Modules that the guest needs for the line to us and for disks; kernels that have them built in are as good.
const MODULES: [&str; 5] = ["virtio_pci", "virtio_console", "virtio_blk", "isofs", "ext4"];
/// What packages bring along that nobody reads here.
pub(super) const UNREAD: [&str; 5] =
    ["usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/lintian", "usr/share/info"];

/// The folder with the parts.
pub(super) struct Kit {
    dir: PathBuf,
}

impl Kit {
    /// Fetches the parts, or finds them: about 90 MB of downloads the first time.
    pub(super) fn ready() -> Result<Self> {
        let codename = machine_codename()?;
        let recipe = format!("{LAYOUT} {codename} {QEMU_SUITE} {}", MODULES.join(" "));
        let dir = cache::folder("vm", &recipe, |dir| {
            eprintln!("vm: fetching a kernel and QEMU (90 MB, 200 MB unpacked), once");
            fetch(dir, &codename)
        })?;
        Ok(Self { dir })
    }

    /// Why the parts cannot be had on this machine, if that is certain beforehand.
    pub(super) fn unavailable() -> Option<String> {
        let os_release = fs::read_to_string("/etc/os-release").unwrap_or_default();
        if !os_release.lines().any(|line| line.trim_matches('"') == "ID=debian") {
            return Some("its parts are Debian packages, and this machine is not a Debian".to_owned());
        }
        PROGRAMS.iter().find(|program| !is_there(program)).map(|program| format!("{program} is missing"))
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(super) fn kernel(&self) -> PathBuf {
        self.dir.join("vmlinuz")
    }

    /// The modules in the order in which they load.
    pub(super) fn modules(&self) -> PathBuf {
        self.dir.join("modules")
    }

    /// A static busybox, and lspci with its libraries.
    pub(super) fn programs(&self) -> PathBuf {
        self.dir.join("programs")
    }

    /// QEMU, without arguments.
    pub(super) fn qemu(&self) -> Result<Command> {
        let tree = Tree(self.dir.join("qemu"));
        let mut qemu = tree.run("usr/bin/qemu-system-x86_64")?;
        qemu.env("QEMU_MODULE_DIR", tree.0.join("usr/lib/x86_64-linux-gnu/qemu"));
        for folder in ["usr/share/qemu", "usr/share/seabios", "usr/lib/ipxe/qemu"] {
            qemu.arg("-L").arg(tree.0.join(folder));
        }
        Ok(qemu)
    }
}

/// The name of this machine's release, as apt's suites are called.
pub(super) fn machine_codename() -> Result<String> {
    codename(&fs::read_to_string("/etc/os-release").context("/etc/os-release")?)
}

fn codename(os_release: &str) -> Result<String> {
    let value = os_release.lines().find_map(|line| line.strip_prefix("VERSION_CODENAME="));
    let name = value.context("/etc/os-release has no VERSION_CODENAME: the virtual machine needs a Debian machine")?;
    Ok(name.trim_matches('"').to_owned())
}

/// What fetching the parts needs.
const PROGRAMS: [&str; 4] = ["apt-get", "apt-cache", "apt-config", "dpkg-deb"];

fn is_there(program: &str) -> bool {
    let asked = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    asked.is_ok_and(|status| status.success())
}

/// Fetches packages of the non-free part of the release that QEMU comes from, and unpacks them into `dir`.
pub(crate) fn fetch_non_free(dir: &Path, packages: &[&str]) -> Result<()> {
    let codename = machine_codename()?;
    let machine = apt::machine_sources(&codename)?;
    let mirror = machine.iter().find(|source| source.suite == codename).expect("machine_sources has it").base.clone();
    let apt = Apt::of(&dir.join("apt"), &[Source { base: mirror, suite: QEMU_RELEASE.to_owned() }], "non-free")?;
    let mut files = Vec::new();
    for package in packages {
        // It returns all that was downloaded before, too.
        files = apt.download(package)?;
    }
    Tree::unpack(dir.to_owned(), &files, &mut Vec::new())?;
    fs::remove_dir_all(dir.join("apt"))?;
    Ok(())
}

/// Fetches everything into `dir`.
fn fetch(dir: &Path, codename: &str) -> Result<()> {
    for program in PROGRAMS {
        ensure!(
            is_there(program),
            "{program} is missing: the virtual machine's parts are Debian packages, fetched with the packages apt and dpkg"
        );
    }
    let machine = apt::machine_sources(codename)?;
    let mirror = machine.iter().find(|source| source.suite == codename).expect("machine_sources has it").base.clone();
    let newer = [QEMU_RELEASE, QEMU_SUITE].map(|suite| Source { base: mirror.clone(), suite: suite.to_owned() });

    eprintln!("vm: lists of packages of {codename} and {QEMU_SUITE}");
    let own = Apt::new(&dir.join("apt"), &machine)?;
    let backports = Apt::new(&dir.join("apt-backports"), &newer)?;

    let mut names = Vec::new();
    eprintln!("vm: kernel");
    let kernel = own.dependency("linux-image-cloud-amd64", "linux-image-")?;
    let packages = own.download(&kernel)?;
    let tree = Tree::unpack(dir.join("kernel"), &packages, &mut names)?;
    take_kernel(&tree, dir)?;
    fs::remove_dir_all(&tree.0)?;

    eprintln!("vm: the guest's programs");
    let packages = own.closure(codename, &["busybox-static", "pciutils"])?;
    let tree = Tree::unpack(dir.join("guest"), &packages, &mut names)?;
    take_programs(&tree, &dir.join("programs"))?;
    fs::remove_dir_all(&tree.0)?;

    let packages = backports.closure(QEMU_SUITE, &["qemu-system-x86"])?;
    eprintln!("vm: QEMU, {} packages", packages.len());
    Tree::unpack(dir.join("qemu"), &packages, &mut names)?;
    for path in ["apt", "apt-backports"] {
        fs::remove_dir_all(dir.join(path))?;
    }
    let client = Kit { dir: dir.to_owned() }.qemu()?.args(["-device", "vfio-user-pci,help"]).output()?;
    ensure!(
        client.status.success(),
        "the QEMU of {QEMU_SUITE} does not run, or is no vfio-user client: {}",
        String::from_utf8_lossy(&client.stderr)
    );
    fs::write(dir.join("packages.txt"), names.join("\n") + "\n")?;
    Ok(())
}

/// Keeps vmlinuz and the modules that the guest loads.
fn take_kernel(tree: &Tree, dir: &Path) -> Result<()> {
    let boot = tree.0.join("boot");
    let image = files_under(&boot)?.into_iter().find(|path| name(path).starts_with("vmlinuz"));
    fs::rename(image.context("the kernel's package has no vmlinuz")?, dir.join("vmlinuz"))?;

    let root = ["lib/modules", "usr/lib/modules"].map(|path| tree.0.join(path)).into_iter().find(|path| path.exists());
    let files = files_under(&root.context("the kernel's package has no modules")?)?;
    let listing = files.iter().find(|path| name(path) == "modules.builtin").context("modules.builtin")?;
    let built_in = fs::read_to_string(listing)?;
    let built_in: Vec<String> = built_in.lines().map(|line| module_name(Path::new(line))).collect();
    let mut order = Vec::new();
    for module in MODULES {
        order_module(module, &files, &built_in, &mut order)?;
    }
    let modules = dir.join("modules");
    fs::create_dir_all(&modules)?;
    for (index, (name, bytes)) in order.iter().enumerate() {
        fs::write(modules.join(format!("{index:02}-{name}.ko")), bytes)?;
    }
    Ok(())
}

/// Appends `wanted` after the modules it depends on.
fn order_module(
    wanted: &str,
    files: &[PathBuf],
    built_in: &[String],
    order: &mut Vec<(String, Vec<u8>)>,
) -> Result<()> {
    if order.iter().any(|(name, _)| name == wanted) || built_in.iter().any(|name| name == wanted) {
        return Ok(());
    }
    let is_module = |path: &&PathBuf| name(path).contains(".ko") && module_name(path) == wanted;
    let file = files.iter().find(is_module).with_context(|| format!("the kernel has no module {wanted}"))?;
    let bytes = match file.extension().and_then(OsStr::to_str) {
        Some("ko") => fs::read(file)?,
        Some("xz") => {
            let done = Command::new("xz").args(["--decompress", "--stdout"]).arg(file).output();
            let done = done.context("cannot start xz, which unpacks the kernel's modules: install xz-utils")?;
            ensure!(done.status.success(), "xz cannot unpack {}", file.display());
            done.stdout
        }
        _ => bail!("{} is compressed in a way that is not known", file.display()),
    };
    for needed in dependencies(&bytes) {
        order_module(&needed, files, built_in, order)?;
    }
    order.push((wanted.to_owned(), bytes));
    Ok(())
}

/// The names after `depends=` among a module's NUL-terminated information strings.
fn dependencies(module: &[u8]) -> Vec<String> {
    let key = b"depends=";
    let list = module.split(|&byte| byte == 0).find_map(|text| text.strip_prefix(key)).unwrap_or_default();
    let list = String::from_utf8_lossy(list);
    list.split(',').filter(|name| !name.is_empty()).map(|name| name.replace('-', "_")).collect()
}

/// `kernel/a/virtio-rng.ko.xz` is `virtio_rng`.
fn module_name(path: &Path) -> String {
    name(path).split('.').next().unwrap_or_default().replace('-', "_")
}

/// Keeps busybox, and lspci in one folder with its libraries and its names of devices.
fn take_programs(tree: &Tree, programs: &Path) -> Result<()> {
    let lspci = programs.join("lspci");
    fs::create_dir_all(&lspci)?;
    fs::copy(tree.find(&["bin/busybox", "usr/bin/busybox"])?, programs.join("busybox"))?;
    fs::copy(tree.find(&["usr/share/misc/pci.ids"])?, lspci.join("pci.ids"))?;
    fs::copy(tree.find(&["usr/bin/lspci"])?, lspci.join("lspci"))?;
    fs::copy(tree.loader()?, lspci.join("ld.so"))?;
    let listing = workspace::output(tree.run_with("usr/bin/lspci", &["--list"])?.env_remove("LD_LIBRARY_PATH"))?;
    for library in super::closure::paths(&listing) {
        if library.starts_with(&tree.0) && !name(&library).starts_with("ld-linux") {
            fs::copy(&library, lspci.join(name(&library)))?;
        }
    }
    Ok(())
}

/// Packages unpacked into one folder, which are run without being installed.
pub(super) struct Tree(PathBuf);

impl Tree {
    /// Packages that are unpacked already.
    pub(super) fn at(dir: &Path) -> Self {
        Self(dir.to_owned())
    }

    /// Unpacks `packages` and appends their names.
    fn unpack(dir: PathBuf, packages: &[PathBuf], names: &mut Vec<String>) -> Result<Self> {
        fs::create_dir_all(&dir)?;
        for package in packages {
            workspace::check(Command::new("dpkg-deb").arg("--extract").arg(package).arg(&dir))?;
            names.push(name(package));
        }
        for folder in UNREAD.map(|folder| dir.join(folder)) {
            if folder.exists() {
                fs::remove_dir_all(folder)?;
            }
        }
        Ok(Self(dir))
    }

    fn find(&self, candidates: &[&str]) -> Result<PathBuf> {
        let found = candidates.iter().map(|path| self.0.join(path)).find(|path| path.is_file());
        found.with_context(|| format!("the packages have no {}", candidates[0]))
    }

    fn loader(&self) -> Result<PathBuf> {
        // Not the one in lib64: releases differ on whether that is a link that leads out of the tree.
        self.find(&["lib/x86_64-linux-gnu/ld-linux-x86-64.so.2", "usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"])
    }

    /// A program of the tree, with the tree's libraries.
    pub(super) fn run(&self, program: &str) -> Result<Command> {
        self.run_with(program, &[])
    }

    fn run_with(&self, program: &str, loader_options: &[&str]) -> Result<Command> {
        // systemd's programs keep a library in a folder of its own.
        let folders = ["lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu/systemd"];
        let folders = folders.map(|path| self.0.join(path));
        let mut command = Command::new(self.loader()?);
        command.arg("--library-path").arg(std::env::join_paths(folders).context("the cache folder's name")?);
        command.args(loader_options).arg(self.find(&[program])?);
        Ok(command)
    }
}

/// All files in and below `dir`.
fn files_under(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            let entry = entry?;
            if entry.file_type()?.is_dir() { folders.push(entry.path()) } else { files.push(entry.path()) }
        }
    }
    files.sort();
    Ok(files)
}

/// A path's last part.
pub(super) fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_without_a_codename_is_refused() {
        assert_eq!(codename("ID=debian\nVERSION_CODENAME=bookworm\n").expect("it has one"), "bookworm");
        assert!(codename("ID=arch\n").is_err());
    }

    #[test]
    fn a_module_loads_after_those_it_depends_on() {
        let dir = tempfile::tempdir().expect("a folder");
        let module = |name: &str, depends: &str| {
            let path = dir.path().join(name);
            fs::write(&path, format!("\x7fELF\0license=GPL\0depends={depends}\0name=x\0")).expect("a file");
            path
        };
        let files = [module("a-b.ko", "c,d,e"), module("c.ko", "d"), module("d.ko", "")];
        let mut order = Vec::new();
        order_module("a_b", &files, &["e".to_owned()], &mut order).expect("all are there");
        let names: Vec<&str> = order.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["d", "c", "a_b"]);
    }

    #[test]
    fn a_module_that_is_nowhere_is_named() {
        let error = order_module("virtio_pci", &[], &[], &mut Vec::new()).expect_err("there is none");
        assert!(error.to_string().contains("virtio_pci"));
    }
}
