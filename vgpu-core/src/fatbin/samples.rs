//! Containers for tests, written byte by byte.

use super::parse::MAGIC;

/// An entry with that payload, of version 8.4; its header says that it is 1000 bytes long when it is unpacked.
pub(super) fn entry(kind: u16, sm: u32, flags: u64, payload: &[u8]) -> Vec<u8> {
    let padded = payload.len().next_multiple_of(8);
    let mut bytes = vec![0; 64 + padded];
    bytes[0..2].copy_from_slice(&kind.to_le_bytes());
    bytes[4..8].copy_from_slice(&64u32.to_le_bytes());
    bytes[8..16].copy_from_slice(&(padded as u64).to_le_bytes());
    bytes[16..20].copy_from_slice(&u32::try_from(payload.len()).expect("short").to_le_bytes());
    bytes[24..26].copy_from_slice(&4u16.to_le_bytes());
    bytes[26..28].copy_from_slice(&8u16.to_le_bytes());
    bytes[28..32].copy_from_slice(&sm.to_le_bytes());
    bytes[40..48].copy_from_slice(&flags.to_le_bytes());
    bytes[56..64].copy_from_slice(&1000u64.to_le_bytes());
    bytes[64..64 + payload.len()].copy_from_slice(payload);
    bytes
}

/// A container of those entries.
pub(super) fn container(entries: &[Vec<u8>]) -> Vec<u8> {
    let body = entries.concat();
    let mut bytes = MAGIC.to_le_bytes().to_vec();
    bytes.extend(1u16.to_le_bytes());
    bytes.extend(16u16.to_le_bytes());
    bytes.extend((body.len() as u64).to_le_bytes());
    bytes.extend(body);
    bytes
}
