//! The job as a script for the guest's shell.

use std::{
    ffi::{OsStr, OsString},
    os::unix::ffi::OsStrExt,
    path::Path,
};

/// What the guest runs, and how.
pub(super) struct Job<'a> {
    pub(super) program: &'a OsStr,
    pub(super) arguments: &'a [OsString],
    pub(super) folder: &'a Path,
    pub(super) variables: &'a [(&'a str, &'a OsStr)],
    /// Where the guest's shell is.
    pub(super) shell: &'a str,
}

impl Job<'_> {
    pub(super) fn script(&self) -> Vec<u8> {
        let mut text = format!("#!{}\n", self.shell).into_bytes();
        for (name, value) in self.variables {
            text.extend(format!("export {name}=").bytes());
            text.extend(quoted(value));
            text.push(b'\n');
        }
        text.extend(b"cd ");
        text.extend(quoted(self.folder.as_os_str()));
        text.extend(b" || exit 126\nexec ");
        text.extend(quoted(self.program));
        for argument in self.arguments {
            text.push(b' ');
            text.extend(quoted(argument));
        }
        text.push(b'\n');
        text
    }
}

/// `text` as one word of a shell: in single quotes, which nothing but a single quote ends.
fn quoted(text: &OsStr) -> Vec<u8> {
    let mut word = vec![b'\''];
    for &byte in text.as_bytes() {
        if byte == b'\'' { word.extend(br"'\''") } else { word.push(byte) }
    }
    word.push(b'\'');
    word
}

#[cfg(test)]
mod tests {
    use std::{os::unix::ffi::OsStringExt, process::Command};

    use super::*;

    #[test]
    fn a_shell_reads_back_every_argument_that_was_quoted() {
        let awkward = ["", "a b", "'", "''a'b", "$HOME `id` \\ \" \n\t*", "-n", "ü"].map(OsString::from);
        for argument in awkward.into_iter().chain([OsString::from_vec(vec![0xff, b'\'', 0xfe])]) {
            let mut line = b"printf %s ".to_vec();
            line.extend(quoted(&argument));
            let output = Command::new("sh").arg("-c").arg(OsString::from_vec(line)).output().expect("sh runs");
            assert_eq!(output.stdout, argument.as_bytes());
        }
    }

    #[test]
    fn a_script_sets_variables_and_starts_the_program_in_its_folder() {
        let job = Job {
            program: OsStr::new("printenv"),
            arguments: &["A".into(), "PWD".into()],
            folder: Path::new("/"),
            variables: &[("A", OsStr::new("b'c"))],
            shell: "/bin/sh",
        };
        let output = Command::new("sh").arg("-c").arg(OsString::from_vec(job.script())).output().expect("sh runs");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "b'c\n/\n");
    }
}
