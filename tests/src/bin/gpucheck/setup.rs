//! What is compared with what: a program on the machine's own libcuda, and the same through vgpu.

use std::{
    env,
    ffi::{OsStr, OsString},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use vgpu_tests::daemon::Daemon;

/// How the loader knows the driver.
const LIBCUDA: &str = "libcuda.so.1";

/// Where things are, as the command line says.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Setup {
    /// The native libcuda, where it is not the loader's
    #[arg(long, value_name = "PATH", global = true, hide = true)]
    libcuda: Option<PathBuf>,
    /// What vgpud is told about its device, where it is not just that driver
    #[arg(long, value_name = "FLAGS", global = true, hide = true, allow_hyphen_values = true)]
    daemon: Option<String>,
}

/// On which side a worker is.
#[derive(Clone, Copy)]
pub(crate) enum Side<'a> {
    Native,
    Vgpu(&'a Daemon),
}

impl Side<'_> {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Vgpu(_) => "vgpu",
        }
    }
}

/// The folder that this program lies in, with everything that was packed with it.
pub(crate) fn pack() -> Result<PathBuf, String> {
    let program = env::current_exe().map_err(|error| format!("this program's path: {error}"))?;
    program.parent().map(Path::to_owned).ok_or_else(|| "this program lies in no folder".to_owned())
}

/// The libraries and programs of vgpu: `$VGPU_DIST`, else `dist` beside this program.
fn dist() -> Result<PathBuf, String> {
    env::var_os("VGPU_DIST").map_or_else(|| Ok(pack()?.join("dist")), |dist| Ok(dist.into()))
}

impl Setup {
    /// The libcuda that this process is to use.
    pub(crate) fn library(&self) -> OsString {
        self.libcuda.as_ref().map_or_else(|| LIBCUDA.into(), |path| path.clone().into_os_string())
    }

    /// Whether the native library was chosen by somebody: then it may be any.
    pub(crate) fn is_chosen(&self) -> bool {
        self.libcuda.is_some()
    }

    /// The libcuda of that side.
    pub(crate) fn library_of(&self, side: Side<'_>) -> Result<OsString, String> {
        match side {
            Side::Native => Ok(self.library()),
            Side::Vgpu(_) => Ok(dist()?.join("lib").join(LIBCUDA).into_os_string()),
        }
    }

    /// This program once more, told the same.
    pub(crate) fn again(&self) -> Result<Command, String> {
        let mut command = Command::new(env::current_exe().map_err(|error| format!("this program's path: {error}"))?);
        command.env("VGPU_DIST", dist()?);
        if let Some(flags) = &self.daemon {
            command.arg(format!("--daemon={flags}"));
        }
        if let Some(libcuda) = &self.libcuda {
            command.arg("--libcuda").arg(libcuda);
        }
        Ok(command)
    }

    /// A command that does `worker` on that side.
    pub(crate) fn worker(&self, side: Side<'_>, worker: &str) -> Result<Command, String> {
        let mut command = match side {
            Side::Native => self.again()?,
            Side::Vgpu(_) => Self { libcuda: Some(self.library_of(side)?.into()), ..self.clone() }.again()?,
        };
        self.on(side, &mut command, &[])?;
        command.args(["--worker", worker]);
        Ok(command)
    }

    /// Gives a program the libraries and the device of that side; `more` are folders of libraries that come after them.
    pub(crate) fn on(&self, side: Side<'_>, command: &mut Command, more: &[PathBuf]) -> Result<(), String> {
        let first = match side {
            Side::Native => self.libcuda.as_ref().and_then(|path| Some(path.parent()?.to_owned())),
            Side::Vgpu(daemon) => {
                command.env("VGPU", daemon.device());
                Some(dist()?.join("lib"))
            }
        };
        let rest = env::var_os("LD_LIBRARY_PATH").filter(|rest| !rest.is_empty());
        let folders = first.into_iter().chain(more.iter().cloned()).map(PathBuf::into_os_string).chain(rest);
        let folders: Vec<OsString> = folders.collect();
        if !folders.is_empty() {
            command.env("LD_LIBRARY_PATH", folders.join(OsStr::new(":")));
        }
        Ok(())
    }

    /// A vgpud on the machine's GPU.
    pub(crate) fn start_daemon(&self) -> Daemon {
        let library = self.libcuda.as_ref().map(|path| format!("--driver-library={}", path.display()));
        let mut flags = vec!["--device=driver"];
        // A chosen library may be our own.
        flags.extend(library.iter().flat_map(|library| [library.as_str(), "--nested"]));
        Daemon::start(&self.daemon.as_ref().map_or(flags, |told| told.split_whitespace().collect()))
    }

    /// A libcublas that works with the native libcuda, by path or by name.
    pub(crate) fn find_cublas(&self) -> Option<PathBuf> {
        const NAMES: [&str; 2] = ["libcublas.so.13", "libcublas.so.12"];
        let mut folders: Vec<PathBuf> =
            self.libcuda.iter().filter_map(|path| Some(path.parent()?.to_owned())).collect();
        // Where CUDA's own installer puts it, the newest first.
        let installed = fs::read_dir("/usr/local").into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
        let is_cuda =
            |path: &PathBuf| path.file_name().and_then(OsStr::to_str).is_some_and(|name| name.starts_with("cuda"));
        let mut installed: Vec<PathBuf> = installed.filter(is_cuda).collect();
        installed.sort();
        folders.extend(installed.into_iter().rev().map(|folder| folder.join("lib64")));
        let in_folders = folders.iter().flat_map(|folder| NAMES.map(|name| folder.join(name)));
        in_folders
            .into_iter()
            .find(|path| path.exists())
            .or_else(|| NAMES.map(PathBuf::from).into_iter().find(|name| loads(name)))
    }
}

/// Whether the loader finds a library of that name.
pub(crate) fn loads(name: &Path) -> bool {
    // SAFETY: the libraries that are asked for have no constructors that harm.
    unsafe { libloading::os::unix::Library::open(Some(name), libc::RTLD_LAZY | libc::RTLD_LOCAL) }.is_ok()
}
