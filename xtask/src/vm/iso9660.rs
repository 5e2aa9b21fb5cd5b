//! Writes a disk that the kernel reads as a file system: ISO 9660, with nothing but files in one folder, called by number.
//!
//! It is the format that takes the least to write: each file's bytes follow one another as they are. Its names and rights
//! do not matter, since the guest binds each file to the path it is meant for.
//!
//! Source: ECMA-119; section numbers refer to its fourth edition.

use std::{
    fs::File,
    io::{self, Seek, SeekFrom, Write},
    path::PathBuf,
};

const SECTOR_BYTES: u64 = 2048;
/// The first 16 sectors are for systems that boot from the disk (6.2.1).
const VOLUME_SECTOR: u64 = 16;
const END_SECTOR: u64 = 17;
/// The table of folders, once for each byte order (6.9).
const TABLE_SECTORS: [u64; 2] = [18, 19];
const TABLE_BYTES: u64 = 10;
const FOLDER_SECTOR: u64 = 20;
/// A longer file has several extents, each of whole sectors but the last.
const EXTENT_MAX_BYTES: u64 = 4 << 30;
const EXTENT_BYTES: u64 = EXTENT_MAX_BYTES - SECTOR_BYTES;
/// Flags of a folder's record (9.1.6).
const IS_FOLDER: u8 = 2;
const GOES_ON: u8 = 0x80;

/// One record of the folder: a run of sectors, and what it belongs to.
struct Record {
    sector: u64,
    len_bytes: u64,
    flags: u8,
    name: Vec<u8>,
}

/// What the kernel calls the file of this number.
pub(super) fn name(number: usize) -> String {
    format!("{number:08}")
}

/// Writes a disk with `files`; the first one's number is 0.
pub(super) fn write(to: &mut File, files: &[PathBuf]) -> io::Result<()> {
    let mut lens = Vec::new();
    for file in files {
        lens.push(file.metadata()?.len());
    }
    let (records, end_sector) = layout(&lens);
    let folder = folder(&records);
    write_front(to, &folder, end_sector)?;
    for (number, file) in files.iter().enumerate() {
        let first = records.iter().find(|record| record.name == identifier(number)).expect("each file has a record");
        to.seek(SeekFrom::Start(first.sector * SECTOR_BYTES))?;
        let copied = io::copy(&mut File::open(file)?, to)?;
        if copied != lens[number] {
            return Err(io::Error::other(format!("{} changes its length", file.display())));
        }
    }
    to.set_len(end_sector * SECTOR_BYTES)
}

/// Where each file lies, and where the disk ends.
fn layout(lens: &[u64]) -> (Vec<Record>, u64) {
    // Their number decides the folder's length, which decides where the first one begins.
    let extents = lens.iter().map(|len| len.div_ceil(EXTENT_BYTES).max(1)).sum::<u64>();
    let per_sector = SECTOR_BYTES / record_bytes(identifier(0).len()) as u64;
    let folder_sectors = (extents + 2).div_ceil(per_sector);
    let mut sector = FOLDER_SECTOR + folder_sectors;
    let of_folder = |name: u8| Record {
        sector: FOLDER_SECTOR,
        len_bytes: folder_sectors * SECTOR_BYTES,
        flags: IS_FOLDER,
        name: vec![name],
    };
    // The folder itself, and the one above it, which it is as well.
    let mut records = vec![of_folder(0), of_folder(1)];
    for (number, &len) in lens.iter().enumerate() {
        let mut left = len;
        loop {
            let len_bytes = left.min(EXTENT_BYTES);
            left -= len_bytes;
            let flags = if left > 0 { GOES_ON } else { 0 };
            records.push(Record { sector, len_bytes, flags, name: identifier(number) });
            sector += len_bytes.div_ceil(SECTOR_BYTES);
            if left == 0 {
                break;
            }
        }
    }
    (records, sector)
}

/// The folder's sectors; no record lies in two of them (6.8.1.1).
fn folder(records: &[Record]) -> Vec<u8> {
    let mut bytes: Vec<u8> = Vec::new();
    for record in records {
        let record = record.bytes();
        let room = SECTOR_BYTES as usize - bytes.len() % SECTOR_BYTES as usize;
        if room < record.len() {
            bytes.resize(bytes.len() + room, 0);
        }
        bytes.extend(record);
    }
    bytes.resize(bytes.len().next_multiple_of(SECTOR_BYTES as usize), 0);
    bytes
}

fn write_front(to: &mut File, folder: &[u8], end_sector: u64) -> io::Result<()> {
    to.seek(SeekFrom::Start(VOLUME_SECTOR * SECTOR_BYTES))?;
    to.write_all(&volume(folder.len() as u64, end_sector))?;
    let mut end = vec![0; SECTOR_BYTES as usize];
    end[..7].copy_from_slice(b"\xffCD001\x01");
    to.seek(SeekFrom::Start(END_SECTOR * SECTOR_BYTES))?;
    to.write_all(&end)?;
    let at = (FOLDER_SECTOR as u32).to_le_bytes();
    for (sector, at, above) in [(TABLE_SECTORS[0], at, [1, 0]), (TABLE_SECTORS[1], flipped(at), [0, 1])] {
        to.seek(SeekFrom::Start(sector * SECTOR_BYTES))?;
        to.write_all(&[&[1, 0][..], &at, &above, &[0, 0]].concat())?;
    }
    to.seek(SeekFrom::Start(FOLDER_SECTOR * SECTOR_BYTES))?;
    to.write_all(folder)
}

/// The primary volume descriptor (8.4).
fn volume(folder_bytes: u64, end_sector: u64) -> Vec<u8> {
    let root = Record { sector: FOLDER_SECTOR, len_bytes: folder_bytes, flags: IS_FOLDER, name: vec![0] };
    let mut bytes = b"\x01CD001\x01\0".to_vec();
    bytes.extend([b' '; 64]);
    bytes.extend([0; 8]);
    bytes.extend(both32(end_sector));
    bytes.extend([0; 32]);
    // One disk, which is the first, of sectors as long as blocks.
    for number in [1, 1, SECTOR_BYTES as u16] {
        bytes.extend(both16(number));
    }
    bytes.extend(both32(TABLE_BYTES));
    bytes.extend((TABLE_SECTORS[0] as u32).to_le_bytes());
    bytes.extend([0; 4]);
    bytes.extend((TABLE_SECTORS[1] as u32).to_be_bytes());
    bytes.extend([0; 4]);
    bytes.extend(root.bytes());
    // Names of who made it.
    bytes.extend([b' '; 4 * 128 + 3 * 37]);
    // Four dates that are not given.
    for _ in 0..4 {
        bytes.extend([b'0'; 16]);
        bytes.push(0);
    }
    bytes.push(1);
    bytes.resize(SECTOR_BYTES as usize, 0);
    bytes
}

impl Record {
    /// A folder's record (9.1).
    fn bytes(&self) -> Vec<u8> {
        let len = record_bytes(self.name.len());
        let mut bytes = vec![len as u8, 0];
        bytes.extend(both32(self.sector));
        bytes.extend(both32(self.len_bytes));
        // The first day of 1970.
        bytes.extend([70, 1, 1, 0, 0, 0, 0]);
        bytes.extend([self.flags, 0, 0]);
        bytes.extend(both16(1));
        bytes.push(self.name.len() as u8);
        bytes.extend(&self.name);
        bytes.resize(len, 0);
        bytes
    }
}

fn record_bytes(name_len: usize) -> usize {
    (33 + name_len).next_multiple_of(2)
}

/// A file's name on the disk; the kernel shows it without the dot and the version.
fn identifier(number: usize) -> Vec<u8> {
    format!("{}.;1", name(number)).into_bytes()
}

/// In both byte orders (7.2.3, 7.3.3). A disk of 8 TiB has as many sectors as fit.
fn both16(number: u16) -> [u8; 4] {
    let [a, b] = number.to_le_bytes();
    [a, b, b, a]
}

fn both32(number: u64) -> [u8; 8] {
    let low = (number as u32).to_le_bytes();
    let mut both = [0; 8];
    both[..4].copy_from_slice(&low);
    both[4..].copy_from_slice(&flipped(low));
    both
}

fn flipped([a, b, c, d]: [u8; 4]) -> [u8; 4] {
    [d, c, b, a]
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::FileExt};

    use super::*;

    #[test]
    fn each_files_record_leads_to_its_bytes() {
        let dir = tempfile::tempdir().expect("a folder");
        let contents = [vec![], b"one".to_vec(), vec![7; 2048], vec![9; 5000]];
        let mut files = Vec::new();
        for (index, content) in contents.iter().enumerate() {
            files.push(dir.path().join(index.to_string()));
            fs::write(&files[index], content).expect("a file");
        }
        let mut disk = tempfile::tempfile().expect("a file");
        write(&mut disk, &files).expect("it is written");

        let read = |at: u64, len: usize| {
            let mut bytes = vec![0; len];
            disk.read_exact_at(&mut bytes, at).expect("the disk has it");
            bytes
        };
        let number = |bytes: &[u8]| u64::from(u32::from_le_bytes(bytes[..4].try_into().expect("four bytes")));
        let volume = read(16 * 2048, 2048);
        assert_eq!(&volume[..7], b"\x01CD001\x01");
        assert_eq!(number(&volume[80..]) * 2048, disk.metadata().expect("a file").len());
        let folder = read(number(&volume[156 + 2..]) * 2048, number(&volume[156 + 10..]) as usize);
        let mut found = Vec::new();
        let mut at = 0;
        while folder[at] != 0 {
            let record = &folder[at..at + folder[at] as usize];
            assert_eq!(record[2..6].iter().rev().collect::<Vec<_>>(), record[6..10].iter().collect::<Vec<_>>());
            if record[25] & IS_FOLDER == 0 {
                let name = String::from_utf8(record[33..33 + record[32] as usize].to_vec()).expect("ASCII");
                found.push((name, read(number(&record[2..]) * 2048, number(&record[10..]) as usize)));
            }
            at += record.len();
        }
        let expected: Vec<(String, Vec<u8>)> = (0..).map(|n| format!("{n:08}.;1")).zip(contents).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_file_too_long_for_one_extent_has_several_that_follow_one_another() {
        let (records, end) = layout(&[1, 9 << 30]);
        let long: Vec<&Record> = records.iter().filter(|record| record.name == identifier(1)).collect();
        assert_eq!(long.iter().map(|record| record.len_bytes).sum::<u64>(), 9 << 30);
        assert_eq!(long.iter().map(|record| record.flags).collect::<Vec<_>>(), [GOES_ON, GOES_ON, 0]);
        for pair in long.windows(2) {
            assert_eq!(pair[0].sector * 2048 + pair[0].len_bytes, pair[1].sector * 2048);
        }
        assert!(long.iter().all(|record| record.len_bytes <= u64::from(u32::MAX)));
        assert_eq!(end, long[2].sector + long[2].len_bytes.div_ceil(2048));
    }

    #[test]
    fn many_files_fit_a_folder_of_many_sectors_and_no_record_lies_in_two() {
        let (records, _) = layout(&[1; 1000]);
        let bytes = folder(&records);
        assert_eq!(bytes.len() as u64, records[0].len_bytes);
        let mut count = 0;
        for sector in bytes.chunks(2048) {
            let mut at = 0;
            while at < 2048 && sector[at] != 0 {
                at += sector[at] as usize;
                count += 1;
            }
            assert!(at <= 2048);
        }
        assert_eq!(count, 1002);
    }
}
