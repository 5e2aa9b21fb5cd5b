//! Since when something has been there that a server needs, by the times that the kernel keeps; and how long that is in words.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::time::{ClockId, clock_gettime};
use vgpu_core::transport::DEFAULT_SOCKET;

use crate::doctor::libraries::LIBRARIES;
use crate::doctor::selection::{Chosen, functions};
use crate::machine::Machine;
use crate::ollama::layout::Layout;

const DROP_IN: &str = "50-vgpu.conf";
const LINKER_CONFIG: &str = "/etc/ld.so.conf.d/vgpu.conf";
/// What the kernel counts the times of processes in, on every platform that we run on.
const TICKS_PER_S: u64 = 100;

/// When something came, in words that follow "before".
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) at: SystemTime,
    pub(super) what: String,
}

/// The time of the machine's start, and now.
pub(super) struct Clock {
    boot: SystemTime,
    now: SystemTime,
}

impl Clock {
    pub(super) fn of(machine: &Machine) -> Self {
        let now = SystemTime::now();
        let since_boot = clock_gettime(ClockId::Boottime);
        let own = || now.checked_sub(Duration::try_from(since_boot).ok()?);
        let kept = || {
            let text = machine.read(Path::new("/proc/stat")).ok()??;
            let s = text.lines().find_map(|line| line.strip_prefix("btime ")?.trim().parse().ok())?;
            UNIX_EPOCH.checked_add(Duration::from_secs(s))
        };
        // What the kernel tells as text is in whole seconds.
        let boot = if machine.is_real() { own() } else { kept() };
        Self { boot: boot.unwrap_or(UNIX_EPOCH), now }
    }

    pub(super) fn of_ticks(&self, ticks: u64) -> SystemTime {
        let whole = Duration::from_secs(ticks / TICKS_PER_S);
        let rest = Duration::from_millis(ticks % TICKS_PER_S * 1000 / TICKS_PER_S);
        self.boot.checked_add(whole + rest).unwrap_or(self.now)
    }

    pub(super) fn age(&self, ticks: u64) -> Duration {
        self.now.duration_since(self.of_ticks(ticks)).unwrap_or_default()
    }
}

/// A duration for people.
pub(super) fn show(duration: Duration) -> String {
    let s = duration.as_secs();
    match s {
        0..60 => format!("{:.1} s", duration.as_secs_f64()),
        60..3600 => format!("{} min {} s", s / 60, s % 60),
        3600..86_400 => format!("{} h {} min", s / 3600, s % 3600 / 60),
        _ => format!("{} days {} h", s / 86_400, s % 86_400 / 3600),
    }
}

/// Since when the device has been there; `None` where it always is, or nobody can tell.
pub(super) fn device(machine: &Machine, chosen: &Chosen) -> Option<Moment> {
    let socket = |path: &Path| {
        let what = format!("the daemon's socket {} was there", path.display());
        Some(Moment { at: changed(machine, path)?, what })
    };
    match chosen {
        Chosen::Embedded | Chosen::Unknown(_) => None,
        Chosen::Socket(path) => socket(path),
        Chosen::Function(address) => function(machine, address.as_deref()),
        Chosen::Default => function(machine, None).or_else(|| socket(Path::new(DEFAULT_SOCKET))),
    }
}

/// When udev let others than root use the function. Where it has not, the server is root's, and the function has been there for
/// it all along.
fn function(machine: &Machine, address: Option<&str>) -> Option<Moment> {
    let function = functions(machine, address).into_iter().next()?;
    let file = PathBuf::from(function.path("resource0"));
    let is_opened = machine.metadata(&file).ok()?.mode() & 0o066 != 0;
    let at = changed(machine, &file).filter(|_| is_opened)?;
    Some(Moment { at, what: format!("PCI function {} was open to others than root", function.address) })
}

/// Since when an Ollama leads to vgpu's libraries, and its service to the device.
pub(super) fn installed(machine: &Machine, ollama: Option<&Path>, service: Option<&str>) -> Option<Moment> {
    let folders = ollama.into_iter().flat_map(|folder| {
        let variants = Layout::read(&machine.host_of(folder)).variants;
        variants.into_iter().map(|name| folder.join(name)).chain([folder.to_owned()])
    });
    let links = folders.flat_map(|folder| LIBRARIES.iter().map(move |library| folder.join(library.soname)));
    let links = links.filter(|path| leads_elsewhere(machine, path)).filter_map(|path| changed(machine, &path));
    let config = changed(machine, Path::new(LINKER_CONFIG));
    let drop_in = service.map(|name| Path::new("/etc/systemd/system").join(format!("{name}.d")).join(DROP_IN));
    let drop_in = drop_in.and_then(|path| changed(machine, &path));
    // One way to the libraries is enough; and the service must have been told.
    let libraries = [links.max(), config].into_iter().flatten().min();
    let at = [libraries, drop_in].into_iter().flatten().max()?;
    Some(Moment { at, what: "`vgpu install` had led it to vgpu's libraries".to_owned() })
}

/// Whether it is a link out of its folder. What Ollama bundles is a file, or a link beside one.
fn leads_elsewhere(machine: &Machine, path: &Path) -> bool {
    let real = own_place(machine, path);
    real.and_then(|real| fs::read_link(real).ok()).is_some_and(|target| target.components().count() > 1)
}

/// Where a file lies, with the links to its folder followed, and not its own.
fn own_place(machine: &Machine, path: &Path) -> Option<PathBuf> {
    let folder = machine.walk(path.parent()?).ok()?.path;
    Some(machine.host(&folder.join(path.file_name()?)))
}

/// When a file was put under its name, or changed last.
fn changed(machine: &Machine, path: &Path) -> Option<SystemTime> {
    let metadata = fs::symlink_metadata(own_place(machine, path)?).ok()?;
    let s = u64::try_from(metadata.ctime()).ok()?;
    let ns = u32::try_from(metadata.ctime_nsec()).ok()?;
    UNIX_EPOCH.checked_add(Duration::new(s, ns))
}

/// The name, or else the number, of the user that a process belongs to.
pub(super) fn user(machine: &Machine, pid: u32) -> String {
    let Ok(metadata) = fs::metadata(machine.host(&Path::new("/proc").join(pid.to_string()))) else {
        return "unknown".to_owned();
    };
    let uid = metadata.uid().to_string();
    let users = machine.read(Path::new("/etc/passwd")).ok().flatten().unwrap_or_default();
    let name = users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1) == Some(uid.as_str())).then(|| name.to_owned())
    });
    name.unwrap_or(uid)
}
