//! Which GPU a process asks for, and where that is said: in `VGPU`, or in the file that an installation keeps.
//!
//! The difference matters where there is none: a process that was told to have a GPU is told why it has not, while one
//! that nobody has told anything is left in peace.

use std::fmt;
use std::fs::OpenOptions;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::connect_error::ConnectError;
use super::embedded;

/// The variable that says which GPU to use.
pub const SELECTION_VARIABLE: &str = "VGPU";

/// How a selection is written.
pub(super) const FORMS: &str = "unix:PATH, pci:ADDRESS, pci or embedded";
/// The file beside an installation's versions that names its device.
pub const RECORD: &str = "device";
/// A path, its prefix, and the end of the line.
const RECORD_MAX_BYTES: u64 = 4200;

/// Which GPU a process asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// Whatever this machine offers: a PCI function, else the daemon at [`DEFAULT_SOCKET`](super::DEFAULT_SOCKET).
    Default,
    /// A daemon's socket.
    Unix(PathBuf),
    /// An executor of one's own, as a child process.
    Embedded,
    /// A PCI function, by its address.
    Pci(String),
    /// The first PCI function that can be used.
    AnyPci,
    /// Something that cannot be understood.
    Invalid(String),
}

impl Selection {
    /// Reads `VGPU` from the environment.
    pub fn from_env() -> Self {
        match std::env::var_os(SELECTION_VARIABLE) {
            None => Self::Default,
            Some(value) => Self::parse(&value.to_string_lossy()),
        }
    }

    /// Reads `unix:PATH`, `pci:ADDRESS`, `pci` or `embedded`; an empty text is the default.
    pub fn parse(text: &str) -> Self {
        match text.split_once(':') {
            _ if text.is_empty() => Self::Default,
            _ if text == "embedded" => Self::Embedded,
            _ if text == "pci" => Self::AnyPci,
            Some(("unix", path)) if !path.is_empty() => Self::Unix(path.into()),
            Some(("pci", address)) if !address.is_empty() => Self::Pci(address.into()),
            _ => Self::Invalid(text.into()),
        }
    }
}

impl fmt::Display for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => Ok(()),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Embedded => f.write_str("embedded"),
            Self::Pci(address) => write!(f, "pci:{address}"),
            Self::AnyPci => f.write_str("pci"),
            Self::Invalid(text) => f.write_str(text),
        }
    }
}

/// What this process asks for, and who says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    selection: Selection,
    record: Option<Record>,
}

/// An installation's file.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Record {
    path: PathBuf,
    /// Why nothing can be made of it.
    fault: Option<String>,
}

impl Request {
    /// `VGPU`, where it is set; else what is recorded beside the installation that this library belongs to.
    pub fn of_process() -> Self {
        match Selection::from_env() {
            Selection::Default => Self::recorded(&embedded::own_library().unwrap_or_default()),
            selection => Self { selection, record: None },
        }
    }

    /// What is recorded for the library at that path, which holds no links: `PREFIX/VERSION/lib/NAME`.
    fn recorded(library: &Path) -> Self {
        let nothing = Self { selection: Selection::Default, record: None };
        let folder = library.parent().filter(|folder| folder.ends_with("lib"));
        let Some(path) = folder.and_then(|lib| Some(lib.parent()?.parent()?.join(RECORD))) else {
            return nothing;
        };
        let (selection, fault) = match read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return nothing,
            Err(error) => (Selection::Default, Some(error.to_string())),
            Ok(text) => match Selection::parse(text.strip_suffix('\n').unwrap_or(&text)) {
                _ if text.trim_end_matches('\n').contains(char::is_control) => {
                    (Selection::Default, Some("it is more than one line of text".to_owned()))
                }
                Selection::Default => (Selection::Default, Some("it is empty".to_owned())),
                Selection::Invalid(text) => (Selection::Default, Some(format!("{text:?} is not understood"))),
                selection => (selection, None),
            },
        };
        Self { selection, record: Some(Record { path, fault }) }
    }

    /// Whether somebody wants this process to have a GPU.
    pub fn is_explicit(&self) -> bool {
        self.selection != Selection::Default || self.record.is_some()
    }

    /// Whether that is an executor of the process's own.
    pub fn is_embedded(&self) -> bool {
        self.selection == Selection::Embedded
    }

    /// Connects by `connect` to what is asked for.
    ///
    /// # Errors
    /// [`ConnectError`], whose text says where was looked and what to do.
    pub fn connect<T>(&self, connect: impl FnOnce(&Selection) -> Result<T, ConnectError>) -> Result<T, ConnectError> {
        let Some(Record { path, fault }) = &self.record else {
            return connect(&self.selection);
        };
        let path = path.display();
        match fault {
            Some(fault) => Err(ConnectError::new(format!(
                "{path} cannot be used: {fault}; run `vgpu install --device` with {FORMS} again, or set {SELECTION_VARIABLE}"
            ))),
            None => connect(&self.selection)
                .map_err(|error| ConnectError::new(format!("{error} ({path} asks for {})", self.selection))),
        }
    }
}

/// The text of a file that may be anything. Nobody waits for it.
fn read(path: &Path) -> io::Result<String> {
    // Without O_NONBLOCK opening a pipe that nobody writes to would hang the program.
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file"));
    }
    let mut bytes = Vec::new();
    file.take(RECORD_MAX_BYTES).read_to_end(&mut bytes)?;
    if bytes.len() as u64 == RECORD_MAX_BYTES {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it is too long"));
    }
    String::from_utf8(bytes).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is no text"))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[test]
    fn selections_are_read_from_their_text_and_written_the_same() {
        assert_eq!(Selection::parse(""), Selection::Default);
        for (text, selection) in [
            ("embedded", Selection::Embedded),
            ("unix:/a:b", Selection::Unix("/a:b".into())),
            ("pci:0000:00:05.0", Selection::Pci("0000:00:05.0".into())),
            ("pci", Selection::AnyPci),
        ] {
            assert_eq!(Selection::parse(text), selection);
            assert_eq!(selection.to_string(), text);
        }
        for text in ["unix:", "pci:", "tcp:host", "embedded:", "/run/x", "PCI", "pci "] {
            assert_eq!(Selection::parse(text), Selection::Invalid(text.into()));
        }
    }

    /// An installation of one version, in the system's temporary folder.
    struct Installation(PathBuf);

    impl Installation {
        fn new(record: Option<&[u8]>) -> Self {
            static NEXT: AtomicU32 = AtomicU32::new(0);
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let prefix = std::env::temp_dir().join(format!("vgpu-record-{}-{number}", std::process::id()));
            std::fs::create_dir(&prefix).expect("a folder");
            let installation = Self(prefix);
            if let Some(bytes) = record {
                std::fs::write(installation.record(), bytes).expect("a file");
            }
            installation
        }

        fn record(&self) -> PathBuf {
            self.0.join(RECORD)
        }

        fn request(&self) -> Request {
            Request::recorded(&self.0.join("0.1.0/lib/libcuda.so.1"))
        }
    }

    impl Drop for Installation {
        fn drop(&mut self) {
            // What is left is in a folder for such things.
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn found(request: &Request) -> Result<Selection, String> {
        request.connect(|selection| Ok(selection.clone())).map_err(|error| error.to_string())
    }

    #[test]
    fn what_an_installation_records_is_asked_for() {
        for text in ["unix:/run/x.sock\n", "unix:/run/x.sock"] {
            let request = Installation::new(Some(text.as_bytes())).request();
            assert!(request.is_explicit());
            assert_eq!(found(&request), Ok(Selection::Unix("/run/x.sock".into())));
        }
    }

    #[test]
    fn without_a_record_nobody_asks() {
        let elsewhere = ["", "/libcuda.so.1", "/lib/libcuda.so.1", "/opt/vgpu/0.1.0/bin/program"];
        for request in elsewhere
            .map(|library| Request::recorded(Path::new(library)))
            .into_iter()
            .chain([Installation::new(None).request()])
        {
            assert!(!request.is_explicit());
            assert_eq!(found(&request), Ok(Selection::Default));
        }
    }

    #[test]
    fn a_record_that_is_none_is_an_error_that_names_it() {
        let endless = vec![b'x'; 1 << 20];
        for (record, says) in [
            (&b""[..], "empty"),
            (b"\n", "empty"),
            (b"tcp:1\n", "\"tcp:1\" is not understood"),
            (b"unix:/a\nunix:/b\n", "more than one line"),
            (b"unix:/\x1b[2J", "more than one line"),
            (b"\xff\xfe", "no text"),
            (&endless, "too long"),
        ] {
            let installation = Installation::new(Some(record));
            let request = installation.request();
            let text = found(&request).expect_err("it cannot be used");
            assert!(request.is_explicit());
            assert!(text.contains(&installation.record().display().to_string()) && text.contains(says), "{text}");
        }
    }

    #[test]
    fn a_record_that_is_no_file_hangs_nobody() {
        let installation = Installation::new(None);
        let path = std::ffi::CString::new(installation.record().display().to_string()).expect("no NUL");
        // SAFETY: the path is NUL-terminated.
        assert_eq!(unsafe { libc::mkfifo(path.as_ptr(), 0o600) }, 0);
        let text = found(&installation.request()).expect_err("a pipe");
        assert!(text.contains("no regular file"), "{text}");
    }

    #[test]
    fn an_error_names_the_record_that_asked() {
        let installation = Installation::new(Some(b"pci\n"));
        let refuse = |_: &Selection| Err::<(), _>(ConnectError::new("there is none"));
        let text = installation.request().connect(refuse).expect_err("refused").to_string();
        assert_eq!(text, format!("there is none ({} asks for pci)", installation.record().display()));
    }
}
