//! Blobs: bytes that come in pieces, and images that were kept and need not come again.

use std::sync::Arc;

use vgpu_core::sha256::{Digest, sha256};
use vgpu_core::{CuError, CuResult};

use super::ImageStore;
use super::module::Refusal;
use super::table::Table;

/// The longest blob, and the most bytes of all blobs that are not used up.
const BLOBS_MAX_BYTES: u64 = 2 << 30;

/// A blob; whole once it has been taken out, to be used up.
pub(super) struct Blob {
    /// Those that have come: a long blob costs memory when its bytes come and not when it is announced.
    pub(super) bytes: Vec<u8>,
    len_bytes: usize,
    /// Of a blob whose bytes came from the store, and have not been written to since.
    hash: Option<Digest>,
}

/// A guest's blobs.
#[derive(Default)]
pub(super) struct Blobs {
    table: Table<Blob>,
    total_bytes: u64,
    store: Option<Arc<dyn ImageStore>>,
}

impl Blobs {
    /// No blobs, and where images are kept.
    pub(super) fn new(store: Option<Arc<dyn ImageStore>>) -> Self {
        Self { store, ..Self::default() }
    }

    /// Announces a blob.
    ///
    /// # Errors
    /// `INVALID_VALUE` for no bytes, `OUT_OF_MEMORY` for too many.
    pub(super) fn create(&mut self, len_bytes: u64) -> Result<u64, Refusal> {
        if len_bytes == 0 {
            // Bytes are what limits the number of blobs.
            return Err((CuError::INVALID_VALUE, "a blob of no bytes".to_owned()));
        }
        let too_long = || (CuError::OUT_OF_MEMORY, format!("a blob of {len_bytes} bytes is too long"));
        self.room(len_bytes).ok_or_else(too_long)?;
        let mut bytes = Vec::new();
        let len = usize::try_from(len_bytes).map_err(|_| too_long())?;
        bytes.try_reserve_exact(len).map_err(|_| too_long())?;
        Ok(self.insert(Blob { bytes, len_bytes: len, hash: None }))
    }

    /// A part of a blob, to be written; `None` when there is no such blob.
    ///
    /// # Errors
    /// `INVALID_VALUE` when the part does not lie in the blob.
    pub(super) fn part(&mut self, blob: u64, offset: u64, len_bytes: u64) -> Option<CuResult<&mut [u8]>> {
        let blob = self.table.get_mut(blob)?;
        // What is written to is not what was found any more.
        blob.hash = None;
        let range = || {
            let start = usize::try_from(offset).ok()?;
            let end = start.checked_add(usize::try_from(len_bytes).ok()?)?;
            (end <= blob.len_bytes).then_some(start..end)
        };
        Some(range().ok_or(CuError::INVALID_VALUE).map(|range| {
            if blob.bytes.len() < range.end {
                blob.bytes.resize(range.end, 0);
            }
            &mut blob.bytes[range]
        }))
    }

    /// Takes a blob out of the table; `None` when there is no such blob.
    ///
    /// # Errors
    /// `INVALID_VALUE` when its end has not come.
    pub(super) fn take(&mut self, blob: u64) -> Option<Result<Blob, Refusal>> {
        let blob = self.table.remove(blob)?;
        self.total_bytes -= blob.len_bytes as u64;
        let (come, whole) = (blob.bytes.len(), blob.len_bytes);
        if come < whole {
            return Some(Err((CuError::INVALID_VALUE, format!("{come} of the blob's {whole} bytes have come"))));
        }
        Some(Ok(blob))
    }

    /// From what length on images are kept; `u64::MAX` when none are.
    pub(super) fn kept_from(&self) -> u64 {
        self.store.as_ref().map_or(u64::MAX, |store| store.min_bytes())
    }

    /// Makes a blob of a kept image; 0 when there is none of that hash and length.
    pub(super) fn find(&mut self, hash: &Digest, len_bytes: u64) -> u64 {
        let Some(store) = self.store.as_ref().filter(|store| len_bytes >= store.min_bytes()) else {
            return 0;
        };
        if self.room(len_bytes).is_none() {
            return 0;
        }
        match store.find(hash, len_bytes).filter(|bytes| bytes.len() as u64 == len_bytes) {
            Some(bytes) => self.insert(Blob { len_bytes: bytes.len(), bytes, hash: Some(*hash) }),
            None => 0,
        }
    }

    /// The hash of an image, if it is one that would be kept.
    pub(super) fn hash_of(&self, blob: &Blob) -> Option<Digest> {
        let is_kept = blob.bytes.len() as u64 >= self.kept_from();
        blob.hash.or_else(|| is_kept.then(|| sha256(&blob.bytes)))
    }

    /// Keeps an image under the hash that [`hash_of`](Self::hash_of) gave, unless it came from there.
    pub(super) fn keep(&self, blob: &Blob, hash: &Digest) {
        if let Some(store) = self.store.as_ref().filter(|_| blob.hash.is_none()) {
            store.keep(hash, &blob.bytes);
        }
    }

    fn room(&self, len_bytes: u64) -> Option<()> {
        self.total_bytes.checked_add(len_bytes).filter(|&total| total <= BLOBS_MAX_BYTES).map(drop)
    }

    fn insert(&mut self, blob: Blob) -> u64 {
        self.total_bytes += blob.len_bytes as u64;
        self.table.insert(blob)
    }
}
