//! What of the machine's files a service sees, as its sandbox leaves them: hidden, read-only, not executable, or replaced by
//! others.
//!
//! **Source:** systemd.exec(5). Of settings for a path and for a folder that holds it, the one for the longer path counts;
//! for the same path, the stricter one; and nothing comes back from below a path that is inaccessible. `ProtectSystem=` is
//! not modelled: it makes folders read-only that are only read here, and even `strict` leaves `/sys`, `/dev` and `/proc`
//! alone. A socket that lies on a read-only file system can still be connected to.

use std::path::{Path, PathBuf};

use super::environment::expand;
use crate::machine::Machine;
use crate::unit::{Setting, Unit, words};

/// No sane unit has more.
const RULES_MAX: usize = 2000;

/// What a setting does to the files below a path.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Effect {
    Inaccessible,
    /// Something empty is in its place.
    Empty,
    /// Another folder is in its place.
    From(PathBuf),
    ReadOnly,
    ReadWrite,
    NotExecutable,
    Executable,
}

struct Rule {
    path: PathBuf,
    effect: Effect,
    /// The setting, as evidence.
    shown: String,
    /// Its name and value, for sentences.
    named: String,
}

/// What a service sees under a path.
pub(super) enum Sight {
    /// What there is.
    Same,
    /// Something else: where it comes from.
    From(PathBuf),
    /// Nothing, because of a setting.
    Nothing(Because),
}

/// The setting that something is owed to.
#[derive(Clone)]
pub(super) struct Because {
    /// `Key=value`.
    pub(super) named: String,
    /// With file and line.
    pub(super) shown: String,
}

/// A service's view of the files.
pub(super) struct Namespace {
    rules: Vec<Rule>,
}

impl Namespace {
    pub(super) fn of(unit: &Unit, machine: &Machine) -> Self {
        let mut all = Self { rules: Vec::new() };
        let mut fixed = |setting: &Setting, paths: &[&str], effect: Effect| {
            for path in paths {
                all.rules.push(Rule::new(Path::new(path), effect.clone(), setting));
            }
        };
        if let Some(setting) = unit.on("PrivateDevices") {
            fixed(setting, &["/dev"], Effect::Empty);
        }
        if let Some(setting) = unit.on("PrivateTmp").or_else(|| unit.on("DynamicUser")) {
            fixed(setting, &["/tmp", "/var/tmp"], Effect::Empty);
        }
        if let Some(setting) = unit.last("PrivateTmp").filter(|setting| setting.value == "disconnected") {
            fixed(setting, &["/tmp", "/var/tmp"], Effect::Empty);
        }
        if let Some(setting) = unit.on("ProtectKernelTunables") {
            fixed(setting, &["/sys"], Effect::ReadOnly);
        }
        const HOMES: [&str; 3] = ["/home", "/root", "/run/user"];
        match (unit.on("ProtectHome"), unit.last("ProtectHome")) {
            (Some(setting), _) => fixed(setting, &HOMES, Effect::Inaccessible),
            (None, Some(setting)) if setting.value == "tmpfs" => fixed(setting, &HOMES, Effect::Empty),
            (None, Some(setting)) if setting.value == "read-only" => fixed(setting, &HOMES, Effect::ReadOnly),
            _ => {}
        }
        let kinds = [
            ("InaccessiblePaths", Effect::Inaccessible),
            ("TemporaryFileSystem", Effect::Empty),
            ("ReadOnlyPaths", Effect::ReadOnly),
            ("ReadWritePaths", Effect::ReadWrite),
            ("NoExecPaths", Effect::NotExecutable),
            ("ExecPaths", Effect::Executable),
            // Of old.
            ("InaccessibleDirectories", Effect::Inaccessible),
            ("ReadOnlyDirectories", Effect::ReadOnly),
            ("ReadWriteDirectories", Effect::ReadWrite),
        ];
        for (key, effect) in kinds {
            for setting in unit.list(key) {
                for word in words(&setting.value) {
                    let word = expand(word.trim_start_matches(['-', '+']), unit);
                    // Only here do options follow; PCI addresses have colons, too.
                    let options = if key == "TemporaryFileSystem" { ':' } else { '\0' };
                    let path = word.split(options).next().unwrap_or("");
                    all.add(machine, path, effect.clone(), setting);
                }
            }
        }
        for (key, is_read_only) in [("BindPaths", false), ("BindReadOnlyPaths", true)] {
            for setting in unit.list(key) {
                for word in words(&setting.value) {
                    let word = expand(word.trim_start_matches(['-', '+']), unit);
                    let mut parts = word.split(':');
                    let source = parts.next().unwrap_or("");
                    let target = parts.next().filter(|target| !target.is_empty()).unwrap_or(source);
                    all.add(machine, target, Effect::From(source.into()), setting);
                    let effect = if is_read_only { Effect::ReadOnly } else { Effect::ReadWrite };
                    all.add(machine, target, effect, setting);
                }
            }
        }
        all
    }

    fn add(&mut self, machine: &Machine, path: &str, effect: Effect, setting: &Setting) {
        if path.starts_with('/') && self.rules.len() < RULES_MAX {
            let real = machine.walk(Path::new(path)).map_or_else(|_| path.into(), |walk| walk.path);
            self.rules.push(Rule::new(&real, effect, setting));
        }
    }

    /// The rule of those that `counts` with the longest path around `path`; of several, the first that is as long.
    fn nearest(&self, path: &Path, counts: impl Fn(&Effect) -> bool) -> Option<&Rule> {
        let rules = self.rules.iter().filter(|rule| path.starts_with(&rule.path) && counts(&rule.effect));
        rules.reduce(|best, rule| if depth(&rule.path) > depth(&best.path) { rule } else { best })
    }

    /// What it sees under a path without links.
    pub(super) fn sight(&self, path: &Path) -> Sight {
        if let Some(rule) = self.nearest(path, |effect| *effect == Effect::Inaccessible) {
            return Sight::Nothing(rule.because());
        }
        // What is bound at a place lies above what is put there empty.
        let bound = self.nearest(path, |effect| matches!(effect, Effect::From(_)));
        let empty = self.nearest(path, |effect| *effect == Effect::Empty);
        match (bound, empty) {
            (Some(bound), empty) if empty.is_none_or(|empty| depth(&bound.path) >= depth(&empty.path)) => {
                let Effect::From(source) = &bound.effect else { return Sight::Same };
                let rest = path.strip_prefix(&bound.path).unwrap_or(Path::new(""));
                let from = if rest.as_os_str().is_empty() { source.clone() } else { source.join(rest) };
                if from == path { Sight::Same } else { Sight::From(from) }
            }
            (_, Some(empty)) => Sight::Nothing(empty.because()),
            (_, None) => Sight::Same,
        }
    }

    /// Whether the machine's own files are bound at a path, whatever lies around it.
    pub(super) fn is_bound(&self, path: &Path) -> bool {
        self.nearest(path, |effect| matches!(effect, Effect::From(_))).is_some()
            && !matches!(self.sight(path), Sight::Nothing(_))
    }

    /// The setting that makes a path read-only.
    pub(super) fn read_only(&self, path: &Path) -> Option<Because> {
        self.stricter(path, &Effect::ReadOnly, &Effect::ReadWrite)
    }

    /// The setting that keeps code at a path from being run or loaded.
    pub(super) fn not_executable(&self, path: &Path) -> Option<Because> {
        self.stricter(path, &Effect::NotExecutable, &Effect::Executable)
    }

    fn stricter(&self, path: &Path, strict: &Effect, lenient: &Effect) -> Option<Because> {
        let strict = self.nearest(path, |effect| effect == strict)?;
        let lenient = self.nearest(path, |effect| effect == lenient);
        lenient.is_none_or(|lenient| depth(&lenient.path) <= depth(&strict.path)).then(|| strict.because())
    }
}

impl Rule {
    fn new(path: &Path, effect: Effect, setting: &Setting) -> Self {
        let named = format!("{}={}", setting.key, setting.value);
        Self { path: path.to_owned(), effect, shown: setting.show(), named }
    }

    fn because(&self) -> Because {
        Because { named: self.named.clone(), shown: self.shown.clone() }
    }
}

fn depth(path: &Path) -> usize {
    path.components().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn namespace(settings: &str) -> Namespace {
        let root = tempfile::tempdir().expect("a temporary folder");
        let folder = root.path().join("etc/systemd/system");
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join("x.service"), format!("[Service]\n{settings}\n")).expect("a file");
        let machine = Machine::new(root.path()).expect("a folder");
        let unit = Unit::read(&machine, "x").expect("a name").expect("a unit");
        Namespace::of(&unit, &machine)
    }

    fn sees(settings: &str, path: &str) -> bool {
        matches!(namespace(settings).sight(Path::new(path)), Sight::Same)
    }

    #[test]
    fn what_is_hidden_is_hidden_until_it_is_bound_back() {
        assert!(sees("", "/run/vgpu/s"));
        assert!(!sees("TemporaryFileSystem=/run:ro", "/run/vgpu/s"));
        assert!(sees("TemporaryFileSystem=/run\nBindPaths=/run/vgpu", "/run/vgpu/s"));
        assert!(sees("TemporaryFileSystem=/run\nBindReadOnlyPaths=-/run/vgpu/s", "/run/vgpu/s"));
        assert!(!sees("TemporaryFileSystem=/run\nBindPaths=/run/other", "/run/vgpu/s"));
        assert!(!sees("InaccessiblePaths=-/run\nBindPaths=/run/vgpu", "/run/vgpu/s"), "nothing comes back");
        assert!(!sees("ProtectHome=true", "/home/me/lib") && !sees("ProtectHome=tmpfs", "/root/lib"));
        assert!(sees("ProtectHome=read-only\nProtectSystem=strict\nPrivateDevices=yes", "/root/lib"));
        assert!(!sees("PrivateTmp=yes", "/tmp/s") && !sees("DynamicUser=1", "/var/tmp/s"));
        assert!(!sees("PrivateDevices=yes", "/dev/s"));
        let bound = namespace("BindPaths=/srv/run:/run").sight(Path::new("/run/vgpu/s"));
        assert!(matches!(bound, Sight::From(from) if from == Path::new("/srv/run/vgpu/s")));
    }

    #[test]
    fn the_longer_path_counts_and_of_equals_the_stricter_one() {
        let device = Path::new("/sys/devices/pci0000:00/0000:00:05.0/resource0");
        let read_only = |settings: &str| namespace(settings).read_only(device).is_some();
        assert!(!read_only("ProtectSystem=strict"), "it leaves /sys alone");
        assert!(read_only("ProtectKernelTunables=yes"));
        assert!(!read_only("ProtectKernelTunables=yes\nReadWritePaths=-/sys/devices/pci0000:00/0000:00:05.0"));
        assert!(read_only("ProtectKernelTunables=yes\nReadWritePaths=/sys"));
        assert!(read_only("ReadOnlyPaths=/sys/devices\nReadWritePaths=/sys"));
        assert!(!read_only("ReadOnlyPaths=/sys\nReadOnlyPaths="));
        let library = Path::new("/opt/vgpu/1/lib/libcuda.so.1");
        assert!(namespace("NoExecPaths=/\nExecPaths=/usr").not_executable(library).is_some());
        assert!(namespace("NoExecPaths=/\nExecPaths=/usr /opt").not_executable(library).is_none());
    }
}
