//! Whether a service can reach the device, and the libraries: as its user, from within its sandbox.

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use vgpu_core::transport::{DEFAULT_SOCKET, SELECTION_VARIABLE};

use super::account::{Account, READ, WRITE};
use super::namespace::{Namespace, Sight};
use super::restart::restart;
use super::sandbox;
use crate::doctor::check::Check;
use crate::doctor::libraries::LIBRARIES;
use crate::doctor::selection::{Chosen, functions};
use crate::doctor::surroundings::Surroundings;
use crate::doctor::variables::Variables;
use crate::machine::Machine;
use crate::unit::Unit;

const LINKER_CONFIG: &str = "/etc/ld.so.conf.d/vgpu.conf";

/// A service as it is looked at.
pub(super) struct Scene<'a> {
    pub(super) machine: &'a Machine,
    pub(super) unit: &'a Unit,
    pub(super) variables: &'a Variables,
    pub(super) account: &'a Account,
    /// The device that its programs are told to use.
    pub(super) chosen: Chosen,
    /// Ollama's folders with libraries, as paths of the machine.
    pub(super) folders: Vec<PathBuf>,
}

/// A way to the device.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Route {
    Socket(PathBuf),
    /// A PCI function, by the files that must be written to.
    Function(String, Vec<PathBuf>),
    /// An executor of each program's own, started from this file.
    Embedded,
    /// None, and why.
    Nowhere(String),
}

/// What something is hindered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Area {
    Existence,
    User,
    Files,
    Sockets,
    Calls,
}

struct Trouble {
    area: Area,
    cause: String,
    fix: String,
    evidence: Option<String>,
    /// Whether it may be none after all.
    is_doubtful: bool,
}

/// The checks of the device and of the libraries.
pub(super) fn checks(scene: &Scene<'_>) -> Vec<Check> {
    let unit = &scene.unit.name;
    let namespace = Namespace::of(scene.unit, scene.machine);
    let (route, troubles) = route(scene, &namespace);
    let way = match &route {
        Route::Socket(path) => format!("by the daemon's socket {}", path.display()),
        Route::Function(address, _) => format!("by PCI function {address}"),
        Route::Embedded => "by an executor of each program's own".to_owned(),
        Route::Nowhere(_) => "by nothing that is there".to_owned(),
    };
    let who = scene.account.show(scene.machine);
    let selection = scene.variables.show(SELECTION_VARIABLE);
    let areas = [
        (Area::Existence, "service.device", "the device is there"),
        (Area::User, "service.user", "its user may use the device"),
        (Area::Files, "service.sandbox.files", "its sandbox shows the device"),
        (Area::Sockets, "service.sandbox.sockets", "its sandbox lets it use unix sockets"),
        (Area::Calls, "service.sandbox.calls", "its sandbox lets it make the system calls"),
    ];
    let mut all = Vec::new();
    for (area, id, title) in areas {
        let check = Check::ok(id, format!("{unit}: {title}"));
        let check = match area {
            Area::Existence => check.saw(format!("{way}; {selection}")),
            Area::User => check.saw(who.clone()),
            _ => check,
        };
        all.push(judge(check, troubles.iter().filter(|trouble| trouble.area == area)));
    }
    all.push(libraries(scene, &namespace));
    if let Some(cause) = &scene.account.unknown {
        let check = Check::ok("service.account", format!("{unit}: its user and groups"));
        let fix = format!("make the user or group, or correct the setting; then {}", restart(scene.unit));
        all.insert(0, check.failed(format!("{cause}; so the service does not start"), fix));
    }
    all
}

fn judge<'a>(check: Check, mut troubles: impl Iterator<Item = &'a Trouble>) -> Check {
    let Some(first) = troubles.next() else { return check };
    let check = check.saw_all(first.evidence.clone()).saw_all(troubles.map(|also| format!("also: {}", also.cause)));
    match first.is_doubtful {
        true => check.warning(&first.cause, &first.fix),
        false => check.failed(&first.cause, &first.fix),
    }
}

/// The way that the service's programs take, and what hinders them.
fn route(scene: &Scene<'_>, namespace: &Namespace) -> (Route, Vec<Trouble>) {
    let with_troubles = |route: Route| {
        let troubles = troubles(scene, namespace, &route);
        (route, troubles)
    };
    let socket = || with_troubles(Route::Socket(DEFAULT_SOCKET.into()));
    match &scene.chosen {
        Chosen::Embedded => with_troubles(Route::Embedded),
        Chosen::Socket(path) => with_troubles(Route::Socket(path.clone())),
        Chosen::Function(address) => with_troubles(match find_function(scene, address.as_deref()) {
            Some(route) => route,
            None => {
                let which = address.as_ref().map_or_else(String::new, |address| format!(" {address}"));
                Route::Nowhere(format!("this machine has no vgpu function{which}"))
            }
        }),
        Chosen::Unknown(text) => with_troubles(Route::Nowhere(format!(
            "{SELECTION_VARIABLE}={text} is not understood: it must be unix:PATH, pci:ADDRESS, pci or embedded"
        ))),
        // A function first; a daemon is as good where the function cannot be used.
        Chosen::Default => match find_function(scene, None).map(with_troubles) {
            None => socket(),
            Some((route, troubles)) if troubles.is_empty() => (route, troubles),
            Some(function) => {
                let socket = socket();
                if socket.1.is_empty() { socket } else { function }
            }
        },
    }
}

fn find_function(scene: &Scene<'_>, address: Option<&str>) -> Option<Route> {
    let functions = functions(scene.machine, address);
    let function = functions.first()?;
    let files = ["resource0", "resource1"].map(|name| PathBuf::from(function.path(name)));
    Some(Route::Function(function.address.clone(), files.into()))
}

fn troubles(scene: &Scene<'_>, namespace: &Namespace, route: &Route) -> Vec<Trouble> {
    let mut all = Vec::new();
    match route {
        Route::Nowhere(cause) => all.push(Trouble::new(
            Area::Existence,
            cause,
            scene.variables.fix(SELECTION_VARIABLE, format!("name another device in {SELECTION_VARIABLE}")),
        )),
        Route::Embedded => {}
        Route::Socket(path) => socket_troubles(scene, namespace, path, &mut all),
        Route::Function(_, files) => {
            for file in files {
                function_troubles(scene, namespace, file, &mut all);
            }
        }
    }
    all
}

fn socket_troubles(scene: &Scene<'_>, namespace: &Namespace, path: &Path, all: &mut Vec<Trouble>) {
    let shown = path.display();
    let restart = restart(scene.unit);
    match scene.machine.metadata(path) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => all.push(Trouble {
            is_doubtful: true,
            ..Trouble::new(
                Area::Existence,
                format!("{shown} cannot be looked at: {error}"),
                "run doctor with sudo, so that it can see what the service sees",
            )
        }),
        Err(error) => all.push(Trouble::new(
            Area::Existence,
            format!("there is no daemon's socket at {shown}: {error}"),
            Surroundings::of(scene.machine, &scene.chosen).fix(),
        )),
        Ok(metadata) if !metadata.file_type().is_socket() => all.push(Trouble::new(
            Area::Existence,
            format!("{shown} is no socket"),
            format!("remove it, and start `vgpud --socket {shown}`"),
        )),
        Ok(_) => {}
    }
    hidden(scene, namespace, path, all);
    if let Some(obstacle) = scene.account.obstacle(scene.machine, path, WRITE) {
        let at = obstacle.at.display();
        let fix = match &obstacle.group {
            Some(group) => format!("{} (it adds SupplementaryGroups={group}); then {restart}", install(scene.unit)),
            None if obstacle.is_folder => format!("chmod o+x {at}, or start vgpud with a socket elsewhere"),
            None => "start vgpud with --socket-mode 0666, or 0660 and a group of which the service is".to_owned(),
        };
        all.push(Trouble { is_doubtful: obstacle.has_access_list, ..Trouble::new(Area::User, obstacle.cause, fix) });
    }
    if let Some(setting) = sandbox::no_unix_sockets(scene.unit) {
        let cause = format!("{} keeps the service from unix sockets, and so from {shown}", setting.show());
        let fix = match setting.value.starts_with('~') || setting.value == "none" {
            true => format!("take that line away, or add AF_UNIX after it; then {restart}"),
            false => format!("{} (it adds RestrictAddressFamilies=AF_UNIX); then {restart}", install(scene.unit)),
        };
        all.push(Trouble::new(Area::Sockets, cause, fix));
    }
    if let Some((call, setting)) = sandbox::no_call(scene.unit) {
        all.push(Trouble::new(
            Area::Calls,
            format!("{} keeps the service from the system call {call}", setting.show()),
            format!("add SystemCallFilter=@network-io @io-event after it (`systemctl edit`); then {restart}"),
        ));
    }
}

fn function_troubles(scene: &Scene<'_>, namespace: &Namespace, file: &Path, all: &mut Vec<Trouble>) {
    let Ok(walk) = scene.machine.walk(file) else { return };
    let restart = restart(scene.unit);
    hidden(scene, namespace, file, all);
    if let Some(because) = namespace.read_only(&walk.path) {
        let fix = format!("{} (it adds ReadWritePaths=-/sys/devices); then {restart}", install(scene.unit));
        let cause = format!("{} makes {} read-only for the service", because.named, walk.path.display());
        all.push(Trouble { evidence: Some(because.shown), ..Trouble::new(Area::Files, cause, fix) });
    }
    if let Some(obstacle) = scene.account.obstacle(scene.machine, file, READ | WRITE) {
        let fix = match &obstacle.group {
            Some(group) => format!("{} (it adds SupplementaryGroups={group}); then {restart}", install(scene.unit)),
            None => format!("`vgpu guest-setup` as root, then {}; then {restart}", install(scene.unit)),
        };
        all.push(Trouble { is_doubtful: obstacle.has_access_list, ..Trouble::new(Area::User, obstacle.cause, fix) });
    }
}

/// Adds what hides a file, at any of the folders on the way to it.
fn hidden(scene: &Scene<'_>, namespace: &Namespace, path: &Path, all: &mut Vec<Trouble>) {
    if let Some((cause, evidence)) = unseen(scene, namespace, path) {
        let folder = path.parent().unwrap_or(path).display();
        let fix = match evidence {
            Some(_) => format!(
                "`systemctl edit {}`: BindPaths={folder} (for InaccessiblePaths= and ProtectHome=, take the setting away \
                 instead); then {}",
                scene.unit.name,
                restart(scene.unit)
            ),
            None => {
                format!("`systemctl edit {}`: BindPaths={folder}; then {}", scene.unit.name, restart(scene.unit))
            }
        };
        all.push(Trouble { evidence, ..Trouble::new(Area::Files, cause, fix) });
    }
}

/// Why the service does not see the file that others see under a path: the cause, and the setting.
fn unseen(scene: &Scene<'_>, namespace: &Namespace, path: &Path) -> Option<(String, Option<String>)> {
    let walk = scene.machine.walk(path).ok();
    let named = walk.as_ref().map_or(path, |walk| &walk.path);
    let folders = walk.iter().flat_map(|walk| &walk.folders).map(PathBuf::as_path);
    for at in folders.chain([named]) {
        match namespace.sight(at) {
            // Folders may be empty, as long as what lies in them is bound there.
            Sight::Nothing(_) if at != named && named.starts_with(at) && is_seen(namespace, named) => {}
            Sight::Nothing(because) => {
                return Some((
                    format!("{} hides {} from the service", because.named, path.display()),
                    Some(because.shown),
                ));
            }
            Sight::From(from) if at == named && !scene.machine.exists(&from) => {
                let cause = format!(
                    "the service sees {} in the place of {}, and it does not exist",
                    from.display(),
                    path.display()
                );
                return Some((cause, None));
            }
            Sight::From(_) | Sight::Same => {}
        }
    }
    let root = [scene.unit.last("RootDirectory"), scene.unit.last("RootImage")].into_iter().flatten();
    let root = root.into_iter().find(|setting| setting.value != "/")?;
    // The kernel's own file systems are mounted there as well.
    if named.starts_with("/sys") || namespace.is_bound(named) {
        return None;
    }
    let inside = Path::new(&root.value).join(named.strip_prefix("/").unwrap_or(named));
    if root.key == "RootDirectory" && scene.machine.exists(&inside) {
        return None;
    }
    let cause =
        format!("{}={} gives the service other files, and {} is not among them", root.key, root.value, path.display());
    Some((cause, Some(root.show())))
}

fn is_seen(namespace: &Namespace, path: &Path) -> bool {
    matches!(namespace.sight(path), Sight::Same | Sight::From(_))
}

/// The libraries that the service's programs come to, as far as names tell.
fn libraries(scene: &Scene<'_>, namespace: &Namespace) -> Check {
    let unit = &scene.unit.name;
    let check = Check::ok("service.libraries", format!("{unit}: it may read the libraries"));
    let mut folders = scene.folders.clone();
    let path = scene.variables.value("LD_LIBRARY_PATH").unwrap_or_default().as_bytes();
    folders.extend(path.split(|byte| *byte == b':').map(|entry| PathBuf::from(OsStr::from_bytes(entry))));
    let config = scene.machine.read(Path::new(LINKER_CONFIG)).ok().flatten().unwrap_or_default();
    folders.extend(config.lines().map(|line| PathBuf::from(line.trim())));
    folders.retain(|folder| folder.is_absolute());
    let files = folders.iter().flat_map(|folder| LIBRARIES.iter().map(|library| folder.join(library.soname)));
    let files = files.filter(|file| scene.machine.exists(file));
    let restart = restart(scene.unit);
    let mut seen = 0;
    for file in files {
        seen += 1;
        let shown = file.display().to_string();
        if let Some((cause, evidence)) = unseen(scene, namespace, &file) {
            let fix = format!(
                "install vgpu's libraries where the service sees them (`vgpu install`, into /opt/vgpu), or change that \
                 setting; then {restart}"
            );
            return check.saw_all(evidence).failed(cause, fix);
        }
        let real = scene.machine.walk(&file).map_or_else(|_| file.clone(), |walk| walk.path);
        if let Some(because) = namespace.not_executable(&real) {
            let fix = format!("`systemctl edit {unit}`: ExecPaths={}; then {restart}", parent(&real));
            return check.saw(because.shown).failed(format!("{} keeps {shown} from being loaded", because.named), fix);
        }
        if let Some(obstacle) = scene.account.obstacle(scene.machine, &file, READ) {
            let fix = match obstacle.is_folder {
                true => {
                    format!("chmod o+x {}, or `vgpu install` into a folder that all may read", obstacle.at.display())
                }
                false => format!("chmod o+r {}", obstacle.at.display()),
            };
            let check = check.saw(format!("for {shown}"));
            return match obstacle.has_access_list {
                true => check.warning(obstacle.cause, fix),
                false => check.failed(obstacle.cause, fix),
            };
        }
    }
    if seen == 0 {
        return check.skipped("none of ours is in a folder that the unit or Ollama names");
    }
    check.saw(format!("{seen} files are seen and may be read"))
}

fn parent(path: &Path) -> std::path::Display<'_> {
    path.parent().unwrap_or(path).display()
}

/// The command that gives a service what it lacks.
fn install(unit: &Unit) -> String {
    format!("`vgpu install --service {}`", unit.name)
}

impl Trouble {
    fn new(area: Area, cause: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { area, cause: cause.into(), fix: fix.into(), evidence: None, is_doubtful: false }
    }
}
