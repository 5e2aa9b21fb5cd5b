//! What is compared with what: a program on the machine's own libcuda, and the same through vgpu.

use std::{
    env,
    ffi::{OsStr, OsString},
    fs,
    ops::Deref,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use tempfile::TempDir;
use vgpu_tests::daemon::Daemon;

use crate::{
    process::{self, End},
    record::fact,
};

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
    /// What vgpud is told besides
    #[arg(long, value_name = "FLAGS", global = true, hide = true, allow_hyphen_values = true)]
    more: Option<String>,
}

/// A vgpud, whose log is said when it is dropped.
pub(crate) struct Host {
    daemon: Daemon,
    folder: TempDir,
}

/// Lines of the log that are said, of its beginning and of its end.
const LOG_LINES: usize = 8;
const LOG: &str = "log";
/// How long vgpud may take to say what it finds.
const PROBE_MAX: Duration = Duration::from_secs(20);

impl Deref for Host {
    type Target = Daemon;

    fn deref(&self) -> &Daemon {
        &self.daemon
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let log = fs::read_to_string(self.folder.path().join(LOG)).unwrap_or_else(|error| error.to_string());
        let lines: Vec<&str> = log.lines().collect();
        let left_out = LOG_LINES..lines.len().saturating_sub(LOG_LINES).max(LOG_LINES);
        for (number, line) in lines.iter().enumerate() {
            if !left_out.contains(&number) {
                fact("vgpud's log", line);
            } else if number == left_out.start {
                fact("vgpud's log", format_args!("... {} lines ...", left_out.len()));
            }
        }
    }
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
        if let Some(flags) = &self.more {
            command.arg(format!("--more={flags}"));
        }
        if let Some(libcuda) = &self.libcuda {
            command.arg("--libcuda").arg(libcuda);
        }
        Ok(command)
    }

    /// The same with these further flags for vgpud.
    pub(crate) fn with(&self, more: Option<&str>) -> Self {
        Self { more: more.map(str::to_owned), ..self.clone() }
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

    /// What vgpud is told: of the machine's GPU, unless somebody says something else.
    fn flags(&self) -> Vec<String> {
        let split = |flags: &String| flags.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let mut flags = match (&self.daemon, &self.libcuda) {
            (Some(told), _) => split(told),
            (None, None) => vec!["--device=driver".to_owned()],
            // A chosen library may be our own.
            (None, Some(path)) => {
                let library = format!("--driver-library={}", path.display());
                vec!["--device=driver".to_owned(), library, "--nested".to_owned()]
            }
        };
        flags.extend(self.more.iter().flat_map(split));
        flags
    }

    /// A vgpud on the machine's GPU.
    pub(crate) fn start_daemon(&self) -> Result<Host, String> {
        let folder = tempfile::tempdir().map_err(|error| format!("a folder for vgpud's log: {error}"))?;
        let flags = self.flags();
        fact("vgpud's flags", flags.join(" "));
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        Ok(Host { daemon: Daemon::start_with_log(&flags, &folder.path().join(LOG)), folder })
    }

    /// What vgpud itself finds on the machine, by lines.
    pub(crate) fn probe(&self) -> Result<Vec<String>, String> {
        let mut command = Command::new(dist()?.join("bin/vgpud"));
        // Others are the daemon's only.
        let is_its = |flag: &String| ["--device", "--driver", "--nested"].iter().any(|start| flag.starts_with(start));
        let flags = self.flags().into_iter().filter(is_its);
        let (mut lines, end) = process::lines(command.arg("probe").args(flags), PROBE_MAX)?;
        if !matches!(end, End::Status(status) if status.success()) {
            lines.push(format!("it ended: {end}"));
        }
        Ok(lines)
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
