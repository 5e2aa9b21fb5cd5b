//! Who a service's processes are, and which files they may open: owner, group and mode, from the machine's own lists of
//! users and groups.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::machine::Machine;
use crate::unit::{Unit, words};

const PASSWD: &str = "/etc/passwd";
const GROUP: &str = "/etc/group";
/// Of those that a unit names.
const GROUPS_MAX: usize = 100;
/// What is asked of a file or folder, as in one digit of its mode.
pub(super) const READ: u32 = 4;
pub(super) const WRITE: u32 = 2;
const SEARCH: u32 = 1;

/// A service's user and groups.
#[derive(Debug)]
pub(super) struct Account {
    pub(super) name: String,
    /// `None` for a user whose number is made up when the service starts.
    uid: Option<u32>,
    gids: Vec<u32>,
    /// Modes do not count.
    overrides: bool,
    /// What is wrong with the unit's words about it: cause and place.
    pub(super) unknown: Option<String>,
}

/// One line of the list of users.
struct User {
    uid: u32,
    gid: u32,
}

impl Account {
    pub(super) fn of(unit: &Unit, machine: &Machine) -> Self {
        let is_dynamic = unit.on("DynamicUser").is_some();
        let setting = unit.last("User");
        let name = match setting {
            Some(setting) => setting.value.clone(),
            None if is_dynamic => unit.name.trim_end_matches(".service").to_owned(),
            None => "root".to_owned(),
        };
        let user = user(machine, &name);
        let mut unknown = None;
        if let (None, false, Some(setting)) = (&user, is_dynamic, setting) {
            unknown = Some(format!("there is no user {name}, whom {} names", setting.place()));
        }
        let mut account =
            Self { uid: user.as_ref().map(|user| user.uid), gids: Vec::new(), overrides: false, unknown, name };
        account.gids.extend(user.map(|user| user.gid));
        if setting.is_some() {
            account.gids.extend(memberships(machine, &account.name));
        }
        if let Some(setting) = unit.last("Group") {
            match group(machine, &setting.value) {
                Some(gid) => account.gids.push(gid),
                None if is_dynamic => {}
                None => account.no_group(&setting.value, &setting.place()),
            }
        }
        let lists = unit.list("SupplementaryGroups").into_iter();
        let names = lists.flat_map(|setting| words(&setting.value).into_iter().map(|name| (name, setting.place())));
        for (name, place) in names.take(GROUPS_MAX) {
            match group(machine, &name) {
                Some(gid) => account.gids.push(gid),
                None => account.no_group(&name, &place),
            }
        }
        account.gids.sort_unstable();
        account.gids.dedup();
        account.overrides = account.uid == Some(0) && keeps_override(unit);
        account
    }

    fn no_group(&mut self, name: &str, place: &str) {
        self.unknown.get_or_insert(format!("there is no group {name}, which {place} names"));
    }

    /// Who it is, as evidence.
    pub(super) fn show(&self, machine: &Machine) -> String {
        let groups: Vec<_> = self.gids.iter().map(|gid| group_name(machine, *gid)).collect();
        let of = if groups.is_empty() { String::new() } else { format!(", of {}", groups.join(", ")) };
        format!("user {}{of}", self.name)
    }

    /// Whether it may do all of `wanted` with something.
    fn may(&self, metadata: &Metadata, wanted: u32) -> bool {
        let mode = metadata.mode();
        let granted = match self.uid {
            Some(uid) if uid == metadata.uid() => mode >> 6,
            _ if self.gids.contains(&metadata.gid()) => mode >> 3,
            _ => mode,
        };
        self.overrides || granted & wanted == wanted
    }

    /// What keeps it from doing `wanted` with the file at `path`: the cause, and the place where modes are to be changed.
    /// `None` if nothing does, or if there is no such file.
    pub(super) fn obstacle(&self, machine: &Machine, path: &Path, wanted: u32) -> Option<Obstacle> {
        let walk = machine.walk(path).ok()?;
        let ends = walk.folders.iter().map(|folder| (folder.as_path(), SEARCH));
        for (at, wanted) in ends.chain([(walk.path.as_path(), wanted)]) {
            let Ok(metadata) = machine.metadata(at) else { continue };
            if self.may(&metadata, wanted) {
                continue;
            }
            let owner = user_name(machine, metadata.uid());
            let group = group_name(machine, metadata.gid());
            let verb = match wanted {
                SEARCH => "look into",
                READ => "read",
                WRITE => "connect to",
                _ => "write to",
            };
            let mode = metadata.mode() & 0o7777;
            return Some(Obstacle {
                cause: format!(
                    "user {} may not {verb} {}: it has mode {mode:04o}, owner {owner} and group {group}",
                    self.name,
                    at.display()
                ),
                at: at.to_owned(),
                is_folder: wanted == SEARCH,
                group: (metadata.gid() != 0 && mode >> 3 & wanted == wanted).then_some(group),
                has_access_list: has_access_list(&machine.host(at)),
            });
        }
        None
    }
}

/// What denies access.
pub(super) struct Obstacle {
    pub(super) cause: String,
    pub(super) at: std::path::PathBuf,
    pub(super) is_folder: bool,
    /// The group whose members may.
    pub(super) group: Option<String>,
    /// The mode is not all there is to it.
    pub(super) has_access_list: bool,
}

fn has_access_list(path: &Path) -> bool {
    let mut nothing: [u8; 0] = [];
    rustix::fs::getxattr(path, "system.posix_acl_access", &mut nothing).is_ok_and(|len_bytes| len_bytes > 0)
}

/// Root without this capability is a user like others.
fn keeps_override(unit: &Unit) -> bool {
    let mut has = None;
    for setting in unit.settings.iter().filter(|setting| setting.key == "CapabilityBoundingSet") {
        let names = |text: &str| text.split_whitespace().any(|name| name.eq_ignore_ascii_case("CAP_DAC_OVERRIDE"));
        // The first line says whether the list is of what stays or of what goes; an empty one takes all.
        has = Some(match setting.value.strip_prefix('~') {
            _ if setting.value.is_empty() => false,
            Some(taken) => has.unwrap_or(true) && !names(taken),
            None => has.unwrap_or(false) || names(&setting.value),
        });
    }
    has.unwrap_or(true)
}

fn text(machine: &Machine, path: &str) -> String {
    machine.read(Path::new(path)).ok().flatten().unwrap_or_default()
}

/// What the name service knows beyond the files, on the machine itself.
fn ask_names(machine: &Machine, list: &str, key: &str) -> Option<String> {
    if !machine.is_real() || key.starts_with('-') {
        return None;
    }
    let output = Command::new("getent").args([list, key]).stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    String::from_utf8(output.stdout).ok()
}

fn find<T>(machine: &Machine, list: &str, path: &str, key: &str, read: impl Fn(&[&str]) -> Option<T>) -> Option<T> {
    let look = |text: &str| {
        text.lines().find_map(|line| {
            let fields: Vec<_> = line.split(':').collect();
            read(&fields)
        })
    };
    look(&text(machine, path)).or_else(|| look(&ask_names(machine, list, key)?))
}

fn user(machine: &Machine, name: &str) -> Option<User> {
    let number = name.parse::<u32>().ok();
    let found = find(machine, "passwd", PASSWD, name, |fields| {
        let [known, _, uid, gid, ..] = fields else { return None };
        let uid = uid.parse().ok()?;
        (*known == name || Some(uid) == number).then_some(User { uid, gid: gid.parse().ok()? })
    });
    let of_number = || number.map(|uid| User { uid, gid: uid });
    found.or_else(of_number).or_else(|| (name == "root").then_some(User { uid: 0, gid: 0 }))
}

fn group(machine: &Machine, name: &str) -> Option<u32> {
    let found = find(machine, "group", GROUP, name, |fields| {
        (*fields.first()? == name).then(|| fields.get(2)?.parse().ok())?
    });
    found.or_else(|| name.parse().ok()).or_else(|| (name == "root").then_some(0))
}

fn memberships(machine: &Machine, name: &str) -> Vec<u32> {
    let lists = text(machine, GROUP);
    let gid_of = |line: &str| {
        let fields: Vec<_> = line.split(':').collect();
        let [_, _, gid, members] = fields[..] else { return None };
        members.split(',').any(|member| member.trim() == name).then(|| gid.parse().ok())?
    };
    lists.lines().filter_map(gid_of).collect()
}

fn name_of(machine: &Machine, path: &str, number: u32) -> String {
    let number_text = number.to_string();
    let lists = text(machine, path);
    let mut lines = lines_of(&lists);
    let found = lines.find(|fields| fields.get(2) == Some(&number_text.as_str()));
    match found.and_then(|fields| fields.first().copied()) {
        Some(name) => name.to_owned(),
        None if number == 0 => "root".to_owned(),
        None => number_text,
    }
}

fn lines_of(text: &str) -> impl Iterator<Item = Vec<&str>> {
    text.lines().map(|line| line.split(':').collect())
}

fn user_name(machine: &Machine, uid: u32) -> String {
    name_of(machine, PASSWD, uid)
}

fn group_name(machine: &Machine, gid: u32) -> String {
    name_of(machine, GROUP, gid)
}
