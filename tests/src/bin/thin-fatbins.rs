//! Makes a library small: of each of its fat binaries only the PTX stays that a device of one capability compiles. Bytes that
//! nothing needs any more become zeros, so that nothing moves and the file compresses to what is left.
//!
//! usage: `thin-fatbins LIBRARY CAPABILITY OUTPUT`. Prints what is left of what.

use std::{env, error::Error, fs};

use object::{Object, ObjectSection, read::elf::ElfFile64};
use vgpu_core::fatbin::{self, Compression, Container, Entry};

/// The section that holds the fat binaries, one after the other.
const SECTION: &str = ".nv_fatbin";

// Fields of an entry's header.
const PAYLOAD_BYTES_AT: usize = 8;
const COMPRESSED_BYTES_AT: usize = 16;
const FLAGS_AT: usize = 40;
const UNCOMPRESSED_BYTES_AT: usize = 56;
const FLAG_LZ4: u64 = 0x2000;
/// Field of a container's header.
const BODY_BYTES_AT: usize = 8;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = env::args().skip(1).collect();
    let [library, capability, output] = args.as_slice() else {
        return Err("usage: thin-fatbins LIBRARY CAPABILITY OUTPUT".into());
    };
    let capability = capability.parse()?;
    let mut bytes = fs::read(library)?;
    let (start, len) = {
        let object: ElfFile64<'_> = ElfFile64::parse(&*bytes)?;
        let section = object.section_by_name(SECTION).ok_or("the library holds no fat binaries")?;
        section.file_range().ok_or("the fat binaries are not in the file")?
    };
    let section = usize::try_from(start)?..usize::try_from(start + len)?;
    let counts = thin(&mut bytes[section], capability)?;
    fs::write(output, &bytes)?;
    println!("{} fat binaries, {} of {} bytes are left", counts.containers, counts.left_bytes, len);
    Ok(())
}

#[derive(Default)]
struct Counts {
    containers: usize,
    left_bytes: usize,
}

/// Thins all containers of the section, each in its place.
fn thin(section: &mut [u8], capability: u32) -> Result<Counts, Box<dyn Error>> {
    let mut counts = Counts::default();
    let mut at = 0;
    while at < section.len() {
        // Containers begin at multiples of eight.
        if !fatbin::is_fatbin(&section[at..]) {
            at += 8;
            continue;
        }
        let place = &mut section[at..];
        let old_bytes = Container::parse(place)?.bytes().len();
        let thinned = container(place, capability)?;
        if thinned.len() > old_bytes {
            return Err(format!("what is to stay of the container at {at} does not fit into its place").into());
        }
        place[..thinned.len()].copy_from_slice(&thinned);
        place[thinned.len()..old_bytes].fill(0);
        counts.containers += 1;
        counts.left_bytes += thinned.len();
        at += old_bytes.next_multiple_of(8);
    }
    Ok(counts)
}

/// The container with one entry: uncompressed where there is room, because text compresses better than what was compressed.
fn container(bytes: &[u8], capability: u32) -> Result<Vec<u8>, Box<dyn Error>> {
    let old = Container::parse(bytes)?;
    let entry = fatbin::select(bytes, capability)?;
    let header_bytes = old.bytes().len()
        - old.entries().map(|entry| entry.map(|entry| entry.bytes().len())).sum::<Result<usize, _>>()?;
    let unpacked = unpacked(&entry)?;
    let fits = header_bytes + unpacked.len() <= old.bytes().len();
    let body = if fits { &unpacked } else { entry.bytes() };
    let mut thinned = bytes[..header_bytes].to_vec();
    put(&mut thinned, BODY_BYTES_AT, body.len() as u64);
    thinned.extend_from_slice(body);
    Ok(thinned)
}

/// The entry with its image as it is.
fn unpacked(entry: &Entry<'_>) -> Result<Vec<u8>, Box<dyn Error>> {
    match entry.compression() {
        Compression::None => return Ok(entry.bytes().to_vec()),
        Compression::Lz4 => {}
        Compression::Zstd => return Err("an image is compressed with zstd, which this does not unpack".into()),
    }
    let len = usize::try_from(entry.uncompressed_len())?;
    let mut image = lz4_flex::block::decompress(entry.payload(), len)?;
    image.resize(image.len().next_multiple_of(8), 0);
    let mut bytes = entry.header().to_vec();
    let flags = entry.header()[FLAGS_AT..].first_chunk().map(|bytes| u64::from_le_bytes(*bytes)).ok_or("no flags")?;
    put(&mut bytes, PAYLOAD_BYTES_AT, image.len() as u64);
    bytes[COMPRESSED_BYTES_AT..COMPRESSED_BYTES_AT + 4].fill(0);
    put(&mut bytes, FLAGS_AT, flags & !FLAG_LZ4);
    put(&mut bytes, UNCOMPRESSED_BYTES_AT, 0);
    bytes.extend(image);
    Ok(bytes)
}

fn put(bytes: &mut [u8], at: usize, value: u64) {
    bytes[at..at + 8].copy_from_slice(&value.to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &[u8] = b"// PTX that says the same again and again, again and again, again and again.\0";

    fn entry(kind: u16, sm: u32, flags: u64, payload: &[u8], unpacked_bytes: usize) -> Vec<u8> {
        let mut bytes = vec![0; 64];
        bytes[..2].copy_from_slice(&kind.to_le_bytes());
        bytes[4] = 64;
        put(&mut bytes, PAYLOAD_BYTES_AT, payload.len().next_multiple_of(8) as u64);
        bytes[COMPRESSED_BYTES_AT] = u8::try_from(payload.len()).expect("short");
        bytes[28] = u8::try_from(sm).expect("a capability");
        put(&mut bytes, FLAGS_AT, flags);
        put(&mut bytes, UNCOMPRESSED_BYTES_AT, unpacked_bytes as u64);
        bytes.extend(payload);
        bytes.resize(bytes.len().next_multiple_of(8), 0);
        bytes
    }

    fn section(entries: &[Vec<u8>]) -> Vec<u8> {
        let body = entries.concat();
        let mut bytes = fatbin::MAGIC.to_le_bytes().to_vec();
        bytes.extend([1, 0, 16, 0]);
        bytes.extend((body.len() as u64).to_le_bytes());
        bytes.extend(body);
        bytes
    }

    #[test]
    fn the_right_ptx_stays_as_text_and_everything_else_becomes_zeros() {
        let packed = lz4_flex::block::compress(TEXT);
        let one = section(&[
            entry(1, 50, FLAG_LZ4 | 0x11, &packed, TEXT.len()),
            entry(1, 80, FLAG_LZ4 | 0x11, &packed, TEXT.len()),
            entry(2, 86, 0x11, &[7; 200], 0),
        ]);
        let mut bytes = [one.clone(), vec![0; 8], one.clone()].concat();
        let counts = thin(&mut bytes, 90).expect("sound containers");
        assert_eq!(counts.containers, 2);
        for start in [0, one.len() + 8] {
            let container = Container::parse(&bytes[start..]).expect("a container is still there");
            let entries: Vec<Entry<'_>> = container.entries().collect::<Result<_, _>>().expect("sound entries");
            assert_eq!(entries.len(), 1);
            assert_eq!((entries[0].sm(), entries[0].compression()), (80, Compression::None));
            assert!(entries[0].payload().starts_with(TEXT));
            assert!(bytes[start..start + one.len()][container.bytes().len()..].iter().all(|byte| *byte == 0));
        }
    }

    #[test]
    fn what_would_not_fit_as_text_stays_compressed() {
        let packed = lz4_flex::block::compress(&TEXT.repeat(3));
        let mut bytes = section(&[entry(1, 80, FLAG_LZ4, &packed, 3 * TEXT.len())]);
        let before = bytes.clone();
        thin(&mut bytes, 80).expect("a sound container");
        assert_eq!(bytes, before);
    }

    #[test]
    fn a_library_without_the_right_ptx_is_refused() {
        let mut bytes = section(&[entry(2, 86, 0, &[7; 200], 0)]);
        assert!(thin(&mut bytes, 90).is_err());
    }
}
