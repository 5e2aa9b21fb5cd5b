//! A service's unit as systemd puts it together: the first unit file of its name, then every drop-in in the order of their
//! names, of which those in `/etc` hide those of the same name in `/run`, and these those in `/usr`.
//!
//! **Source:** systemd.unit(5), systemd.syntax(7).

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

use crate::machine::Machine;

/// Where units are looked for, in order.
pub(crate) const FOLDERS: [&str; 13] = [
    "/etc/systemd/system.control",
    "/run/systemd/system.control",
    "/run/systemd/transient",
    "/run/systemd/generator.early",
    "/etc/systemd/system",
    "/etc/systemd/system.attached",
    "/run/systemd/system",
    "/run/systemd/system.attached",
    "/run/systemd/generator",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
    "/run/systemd/generator.late",
];
const FILES_MAX: usize = 100;
const SETTINGS_MAX: usize = 20_000;

/// One line that sets something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Setting {
    pub(crate) key: String,
    pub(crate) value: String,
    file: PathBuf,
    line: usize,
}

impl Setting {
    /// File and line, for messages.
    pub(crate) fn place(&self) -> String {
        format!("{}:{}", self.file.display(), self.line)
    }

    pub(crate) fn is_in(&self, file: &Path) -> bool {
        self.file == file
    }

    /// The setting as it is written, with its place.
    pub(crate) fn show(&self) -> String {
        format!("{}={} ({})", self.key, self.value, self.place())
    }
}

/// A service's settings.
#[derive(Debug)]
pub(crate) struct Unit {
    /// With `.service`.
    pub(crate) name: String,
    /// The unit file and its drop-ins, as they are read.
    pub(crate) files: Vec<PathBuf>,
    pub(crate) is_masked: bool,
    /// Files that could not be read, and why.
    pub(crate) unread: Vec<String>,
    /// Of the section `[Service]`, in order.
    pub(crate) settings: Vec<Setting>,
}

impl Unit {
    /// Reads a service's unit; `None` if it has no unit file.
    ///
    /// # Errors
    /// When the name is none.
    pub(crate) fn read(machine: &Machine, name: &str) -> Result<Option<Self>> {
        let name = full_name(name)?;
        let mut unit = Self { name, files: Vec::new(), is_masked: false, unread: Vec::new(), settings: Vec::new() };
        let template = unit.name.split_once('@').map(|(start, _)| format!("{start}@.service"));
        let found = [Some(unit.name.clone()), template.clone()].into_iter().flatten().find_map(|name| {
            FOLDERS.iter().map(|folder| Path::new(folder).join(&name)).find(|path| is_there(machine, path))
        });
        let Some(file) = found else { return Ok(None) };
        unit.is_masked = is_empty(machine, &file);
        unit.add(machine, file);
        for file in drop_ins(machine, &unit.name, template.as_deref()) {
            unit.add(machine, file);
        }
        Ok(Some(unit))
    }

    fn add(&mut self, machine: &Machine, file: PathBuf) {
        if is_empty(machine, &file) {
            return;
        }
        match machine.read(&file) {
            Ok(Some(text)) => self.settings.extend(parse(&text, "Service", &file)),
            Ok(None) => self.unread.push(format!("{}: it leads nowhere", file.display())),
            Err(error) => self.unread.push(format!("{}: {error}", file.display())),
        }
        self.settings.truncate(SETTINGS_MAX);
        self.files.push(file);
    }

    /// What a setting of one value is set to. Setting it to nothing takes it back.
    pub(crate) fn last(&self, key: &str) -> Option<&Setting> {
        self.settings.iter().rfind(|setting| setting.key == key).filter(|setting| !setting.value.is_empty())
    }

    /// The lines that add to a list. Setting it to nothing empties it.
    pub(crate) fn list(&self, key: &str) -> Vec<&Setting> {
        let all: Vec<_> = self.settings.iter().filter(|setting| setting.key == key).collect();
        let reset = all.iter().rposition(|setting| setting.value.is_empty()).map_or(0, |at| at + 1);
        all[reset..].to_vec()
    }

    /// A switch that is on, and where.
    pub(crate) fn on(&self, key: &str) -> Option<&Setting> {
        // Systemd passes over what is neither on nor off.
        let is_boolean = |setting: &&Setting| setting.key == key && boolean(&setting.value).is_some();
        self.settings.iter().rfind(is_boolean).filter(|setting| boolean(&setting.value) == Some(true))
    }
}

/// A service's name with `.service`.
///
/// # Errors
/// When it is none.
pub(crate) fn full_name(name: &str) -> Result<String> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"@._-:\\".contains(&byte);
    ensure!(
        !name.is_empty() && name.len() <= 200 && !name.starts_with('.') && name.bytes().all(is_plain),
        "{name:?}: a service's name has letters, digits and @ . _ - : \\ only"
    );
    Ok(if name.ends_with(".service") { name.to_owned() } else { format!("{name}.service") })
}

/// What systemd takes for on and off.
fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "yes" | "y" | "true" | "t" | "on" => Some(true),
        "0" | "no" | "n" | "false" | "f" | "off" => Some(false),
        _ => None,
    }
}

fn is_there(machine: &Machine, path: &Path) -> bool {
    fs::symlink_metadata(machine.host_of(path)).is_ok_and(|metadata| !metadata.is_dir())
        || fs::read_link(machine.host(path)).is_ok()
}

/// An empty file, or a link to `/dev/null`, says that there is none.
fn is_empty(machine: &Machine, path: &Path) -> bool {
    let parent = path.parent().and_then(|parent| machine.walk(parent).ok());
    let name = path.file_name().unwrap_or_default();
    let target = parent.and_then(|walk| fs::read_link(machine.host(&walk.path.join(name))).ok());
    target.as_deref() == Some(Path::new("/dev/null"))
        || machine.metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.len() == 0)
}

/// A service's drop-ins. Of files of one name, only the one in the first folder counts.
fn drop_ins(machine: &Machine, name: &str, template: Option<&str>) -> Vec<PathBuf> {
    let mut names = vec![name.to_owned()];
    // A name's parts before each dash have folders, too, as has a template.
    let stem = name.trim_end_matches(".service");
    let dashes = stem.char_indices().rev().filter(|(at, c)| *c == '-' && at + 1 < stem.len());
    names.extend(dashes.map(|(at, _)| format!("{}.service", &stem[..=at])));
    names.extend(template.map(str::to_owned));
    let in_folder = |folder: &str, name: &str| Path::new(folder).join(format!("{name}.d"));
    let own = FOLDERS.iter().flat_map(|folder| names.iter().map(|name| in_folder(folder, name)));
    // Those of all services together come last, wherever they lie.
    let shared = FOLDERS.iter().map(|folder| in_folder(folder, "service"));
    let mut by_name: BTreeMap<String, PathBuf> = BTreeMap::new();
    for folder in own.chain(shared) {
        for file in machine.list(&folder).into_iter().filter(|file| file.ends_with(".conf")) {
            if by_name.len() < FILES_MAX {
                by_name.entry(file.clone()).or_insert_with(|| folder.join(file));
            }
        }
    }
    by_name.into_values().collect()
}

/// The assignments of one section.
pub(crate) fn parse(text: &str, section: &str, file: &Path) -> Vec<Setting> {
    let mut all = Vec::new();
    let mut is_in_section = false;
    let mut joined: Option<(String, usize)> = None;
    for (at, line) in text.lines().enumerate() {
        let begins = line.trim_start();
        // Within a line that goes on, comments are passed over.
        if begins.starts_with(['#', ';']) {
            continue;
        }
        let (mut whole, first) = joined.take().unwrap_or((String::new(), at + 1));
        match line.trim_end().strip_suffix('\\') {
            Some(start) => {
                whole.push_str(start);
                whole.push(' ');
                joined = Some((whole, first));
                continue;
            }
            None => whole.push_str(line),
        }
        take(whole.trim(), first, section, file, &mut is_in_section, &mut all);
    }
    if let Some((whole, first)) = joined {
        take(whole.trim(), first, section, file, &mut is_in_section, &mut all);
    }
    all
}

fn take(line: &str, number: usize, section: &str, file: &Path, is_in_section: &mut bool, all: &mut Vec<Setting>) {
    if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        *is_in_section = name == section;
    } else if let Some((key, value)) = line.split_once('=')
        && *is_in_section
        && all.len() < SETTINGS_MAX
    {
        let (key, value) = (key.trim().to_owned(), value.trim().to_owned());
        all.push(Setting { key, value, file: file.to_owned(), line: number });
    }
}

/// A value's words, with quotes and escapes taken away. What follows a quote without an end is lost, as it is to systemd.
pub(crate) fn words(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut rest = text.trim_start().chars().peekable();
    while rest.peek().is_some() {
        let mut word = String::new();
        let mut quote = None;
        loop {
            match rest.next() {
                None if quote.is_some() => return all,
                None => break,
                Some(c) if quote.is_none() && c.is_whitespace() => break,
                Some(c) if Some(c) == quote => quote = None,
                Some(c @ ('"' | '\'')) if quote.is_none() => quote = Some(c),
                Some('\\') => match rest.next() {
                    None => return all,
                    Some(c) => word.push(match c {
                        'n' => '\n',
                        't' => '\t',
                        'r' => '\r',
                        's' => ' ',
                        'x' => {
                            let code: String = rest.by_ref().take(2).collect();
                            u8::from_str_radix(&code, 16).map_or('\u{fffd}', char::from)
                        }
                        other => other,
                    }),
                },
                Some(c) => word.push(c),
            }
        }
        all.push(word);
        while rest.next_if(|c| c.is_whitespace()).is_some() {}
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn machine(files: &[(&str, &str)]) -> (tempfile::TempDir, Machine) {
        let root = tempfile::tempdir().expect("a temporary folder");
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, text).expect("a file");
        }
        let machine = Machine::new(root.path()).expect("a folder");
        (root, machine)
    }

    fn values(settings: &[&Setting]) -> Vec<String> {
        settings.iter().map(|setting| setting.value.clone()).collect()
    }

    #[test]
    fn lines_are_joined_and_comments_and_other_sections_passed_over() {
        let text = "[Unit]\nUser=a\n[Service]\n# User=b\n ; User=c\n Environment = A=1 \\\n# between\n B=2\nUser=d\nnonsense\n[Install]\nUser=e\n[Service]\nGroup=f\\";
        let settings = parse(text, "Service", Path::new("/u"));
        let shown: Vec<_> = settings.iter().map(Setting::show).collect();
        assert_eq!(shown, ["Environment=A=1   B=2 (/u:6)", "User=d (/u:9)", "Group=f (/u:14)"]);
    }

    #[test]
    fn words_lose_their_quotes_and_escapes() {
        assert_eq!(words(r#" A=1 "B=2 3" 'C=\x41' D="x"y \"z  "#), ["A=1", "B=2 3", "C=A", "D=xy", "\"z"]);
        assert_eq!(words(r#"A=1 "B=2"#), ["A=1"]);
        assert!(words("").is_empty() && words("  ").is_empty());
        assert_eq!(words("\"\""), [""]);
    }

    #[test]
    fn words_of_any_text_end() {
        const SIGNS: [char; 8] = ['a', ' ', '"', '\'', '\\', 'x', '=', 'é'];
        for number in 0..8_usize.pow(5) {
            let text: String = (0..5).map(|place| SIGNS[number >> (3 * place) & 7]).collect();
            assert!(words(&text).iter().map(String::len).sum::<usize>() <= 10, "{text:?}");
        }
    }

    #[test]
    fn etc_comes_before_run_and_run_before_usr() {
        let (root, machine) = machine(&[
            ("usr/lib/systemd/system/x.service", "[Service]\nUser=usr\nBindPaths=/a\n"),
            ("run/systemd/system/x.service.d/20.conf", "[Service]\nUser=run\n"),
            ("etc/systemd/system/x.service.d/20.conf", "[Service]\nUser=etc\nBindPaths=/b\n"),
            ("usr/lib/systemd/system/x.service.d/10.conf", "[Service]\nUser=first\n"),
            ("usr/lib/systemd/system/x.service.d/15.conf", "[Service]\nUser=hidden\nGroup=g\n"),
            ("usr/lib/systemd/system/service.d/30.conf", "[Service]\nBindPaths=/c /d\n"),
            ("usr/lib/systemd/system/x.service.d/readme", "[Service]\nUser=none\n"),
        ]);
        let unit = || Unit::read(&machine, "x").expect("a name").expect("a unit");
        assert_eq!(unit().last("Group").map(|setting| setting.value.as_str()), Some("g"));
        symlink("/dev/null", root.path().join("etc/systemd/system/x.service.d/15.conf")).expect("a link");
        let unit = unit();
        assert_eq!(unit.last("User").expect("one").show(), "User=etc (/etc/systemd/system/x.service.d/20.conf:2)");
        assert!(unit.last("Group").is_none(), "hidden by a link to /dev/null");
        assert_eq!(values(&unit.list("BindPaths")), ["/a", "/b", "/c /d"]);
        fs::write(root.path().join("etc/systemd/system/x.service"), "[Service]\n").expect("a file");
        let unit = Unit::read(&machine, "x.service").expect("a name").expect("a unit");
        assert_eq!(values(&unit.list("BindPaths")), ["/b", "/c /d"], "the unit of /usr does not count");
    }

    #[test]
    fn an_empty_assignment_takes_back_what_came_before() {
        let text = "[Service]\nReadOnlyPaths=/a\nReadOnlyPaths=\nReadOnlyPaths=/b\nUser=x\nUser=\nPrivateTmp=yes\nPrivateTmp=perhaps\n";
        let (_root, machine) = machine(&[("etc/systemd/system/x.service", text)]);
        let unit = Unit::read(&machine, "x").expect("a name").expect("a unit");
        assert_eq!(values(&unit.list("ReadOnlyPaths")), ["/b"]);
        assert!(unit.last("User").is_none());
        assert!(unit.on("PrivateTmp").is_some(), "nonsense changes nothing");
    }

    #[test]
    fn templates_masks_and_missing_units_are_told_apart() {
        let (root, machine) = machine(&[
            ("etc/systemd/system/llama@.service", "[Service]\nUser=t\n"),
            ("etc/systemd/system/llama@.service.d/a.conf", "[Service]\nGroup=g\n"),
            ("etc/systemd/system/a-b.service", "[Service]\n"),
            ("etc/systemd/system/a-.service.d/a.conf", "[Service]\nGroup=dash\n"),
            ("usr/lib/systemd/system/a-b.service.d/a.conf", "[Service]\nGroup=later\n"),
            ("usr/lib/systemd/system/m.service", "[Service]\nUser=m\n"),
        ]);
        let read = |name: &str| Unit::read(&machine, name).expect("a name");
        let unit = read("llama@one").expect("a template");
        assert!(unit.last("User").is_some() && unit.last("Group").is_some());
        assert_eq!(read("a-b").expect("a unit").last("Group").expect("one").value, "dash");
        assert!(read("nothing").is_none());
        symlink("/dev/null", root.path().join("etc/systemd/system/m.service")).expect("a link");
        assert!(read("m").expect("a unit").is_masked);
        for name in ["", "../x", "a b", ".x", "a/b"] {
            assert!(Unit::read(&machine, name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn what_is_no_text_is_named_and_passed_over() {
        let (root, machine) = machine(&[("etc/systemd/system/x.service", "[Service]\nUser=u\n")]);
        fs::create_dir_all(root.path().join("etc/systemd/system/x.service.d/dir.conf")).expect("a folder");
        let unit = Unit::read(&machine, "x").expect("a name").expect("a unit");
        assert!(unit.last("User").is_some());
        assert!(unit.unread.iter().any(|text| text.contains("dir.conf")), "{:?}", unit.unread);
    }
}
