//! Writes the archive format that the kernel unpacks into its first file system: cpio, "newc".
//!
//! Source: Documentation/driver-api/early-userspace/buffer-format.rst in the kernel.

use std::io::{self, Write};

/// File types in a mode.
const FOLDER: u32 = 0o040_000;
const FILE: u32 = 0o100_000;
const LINK: u32 = 0o120_000;

/// An archive that is being written.
pub(super) struct Writer<W> {
    to: W,
    entries: u32,
}

impl<W: Write> Writer<W> {
    pub(super) fn new(to: W) -> Self {
        Self { to, entries: 0 }
    }

    /// `path` has no leading slash, here and below.
    pub(super) fn folder(&mut self, path: &[u8], mode: u32, uid: u32) -> io::Result<()> {
        self.header(path, FOLDER | mode, uid, 0)
    }

    pub(super) fn file(&mut self, path: &[u8], mode: u32, bytes: &[u8]) -> io::Result<()> {
        let len_bytes = u32::try_from(bytes.len())
            .map_err(|_| io::Error::other("a file of 4 GiB or more does not fit the archive"))?;
        self.header(path, FILE | mode, 0, len_bytes)?;
        self.padded(bytes)
    }

    pub(super) fn link(&mut self, path: &[u8], target: &[u8]) -> io::Result<()> {
        let len_bytes = u32::try_from(target.len()).map_err(io::Error::other)?;
        self.header(path, LINK | 0o777, 0, len_bytes)?;
        self.padded(target)
    }

    /// Ends the archive.
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.header(b"TRAILER!!!", 0, 0, 0)?;
        self.to.flush()
    }

    fn header(&mut self, path: &[u8], mode: u32, uid: u32, len_bytes: u32) -> io::Result<()> {
        let name_len = u32::try_from(path.len() + 1).map_err(io::Error::other)?;
        self.entries += 1;
        let links = if mode & FOLDER == FOLDER { 2 } else { 1 };
        // inode, mode, uid, gid, links, time, length, device (major, minor), device node (major, minor), name, checksum
        let fields = [self.entries, mode, uid, uid, links, 0, len_bytes, 0, 0, 0, 0, name_len, 0];
        self.to.write_all(b"070701")?;
        for field in fields {
            write!(self.to, "{field:08x}")?;
        }
        self.to.write_all(path)?;
        // The name ends with a NUL; header and name together are filled up to four bytes.
        let filled = (110 + path.len() + 1).next_multiple_of(4) - 110 - path.len();
        self.to.write_all(&[0; 4][..filled])
    }

    fn padded(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.to.write_all(bytes)?;
        self.to.write_all(&[0; 3][..bytes.len().next_multiple_of(4) - bytes.len()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The folder `d`, the file `d/f` with `hello` and the link `d/l` to `f`, spelled out after the format's description.
    const SPELLED_OUT: &str = concat!(
        "070701",
        "00000001",
        "000041ed",
        "000003e8",
        "000003e8",
        "00000002",
        "00000000",
        "00000000",
        "00000000",
        "00000000",
        "00000000",
        "00000000",
        "00000002",
        "00000000",
        "d\0",
        "070701",
        "00000002",
        "000081a4",
        "00000000",
        "00000000",
        "00000001",
        "00000000",
        "00000005",
        "00000000",
        "00000000",
        "00000000",
        "00000000",
        "00000004",
        "00000000",
        "d/f\0\0\0",
        "hello\0\0\0",
        "070701",
        "00000003",
        "0000a1ff",
        "00000000",
        "00000000",
        "00000001",
        "00000000",
        "00000001",
        "00000000",
        "00000000",
        "00000000",
        "00000000",
        "00000004",
        "00000000",
        "d/l\0\0\0",
        "f\0\0\0",
        "070701",
        "00000004",
        "00000000",
        "00000000",
        "00000000",
        "00000001",
        "00000000",
        "00000000",
        "00000000",
        "00000000",
        "00000000",
        "00000000",
        "0000000b",
        "00000000",
        "TRAILER!!!\0\0\0\0",
    );

    #[test]
    fn an_archive_is_what_the_description_says() {
        let mut bytes = Vec::new();
        let mut writer = Writer::new(&mut bytes);
        writer.folder(b"d", 0o755, 1000).expect("a Vec takes all");
        writer.file(b"d/f", 0o644, b"hello").expect("a Vec takes all");
        writer.link(b"d/l", b"f").expect("a Vec takes all");
        writer.finish().expect("a Vec takes all");
        assert_eq!(String::from_utf8_lossy(&bytes), SPELLED_OUT);
    }

    #[test]
    fn every_entry_starts_at_a_multiple_of_four() {
        for name_len in 1..9 {
            for content_len in 0..5 {
                let mut bytes = Vec::new();
                let mut writer = Writer::new(&mut bytes);
                writer.file(&vec![b'n'; name_len], 0o644, &vec![b'c'; content_len]).expect("a Vec takes all");
                assert_eq!(bytes.len() % 4, 0, "{name_len} {content_len}");
                let content = (110 + name_len + 1).next_multiple_of(4);
                assert_eq!(&bytes[content..content + content_len], vec![b'c'; content_len]);
            }
        }
    }
}
