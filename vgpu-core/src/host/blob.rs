//! Blobs: bytes that come in pieces, and images that were kept and need not come again.

use std::sync::Arc;

use super::refusal::Refusal;
use super::table::Table;
use crate::error::{CuError, CuResult};
use crate::sha256::{Digest, sha256};
use crate::wire::Completions;
use crate::wire::messages::BlobWrite;

/// The longest blob, and the most bytes of all blobs that are not used up.
const BLOBS_MAX_BYTES: u64 = 2 << 30;

/// Who keeps images beyond the life of this process, so that a later one need not be sent them.
pub trait ImageStore: Send + Sync {
    /// Shorter images are not kept.
    fn min_bytes(&self) -> u64;
    /// The bytes of a kept image. The implementation has verified that they are as long and have that SHA-256.
    fn find(&self, hash: &Digest, len_bytes: u64) -> Option<Vec<u8>>;
    /// Keeps an image that has loaded, as far as there is room. `hash` is the SHA-256 of `bytes`.
    fn keep(&self, hash: &Digest, bytes: &[u8]);
}

/// A blob; whole once it has been taken out, to be used up.
pub struct Blob {
    /// Those that have come: a long blob costs memory when its bytes come and not when it is announced.
    pub bytes: Vec<u8>,
    len_bytes: usize,
    /// Of a blob whose bytes came from the store, and have not been written to since.
    hash: Option<Digest>,
}

impl Blob {
    /// A part, to be written.
    fn part(&mut self, offset: u64, len_bytes: u64) -> CuResult<&mut [u8]> {
        // What is written to is not what was found any more.
        self.hash = None;
        let start = usize::try_from(offset).map_err(|_| CuError::INVALID_VALUE)?;
        let len = usize::try_from(len_bytes).map_err(|_| CuError::INVALID_VALUE)?;
        let end = start.checked_add(len).filter(|end| *end <= self.len_bytes).ok_or(CuError::INVALID_VALUE)?;
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
        }
        Ok(&mut self.bytes[start..end])
    }
}

/// A guest's blobs.
#[derive(Default)]
pub struct Blobs {
    table: Table<Blob>,
    total_bytes: u64,
    store: Option<Arc<dyn ImageStore>>,
}

impl Blobs {
    /// No blobs, and where images are kept.
    pub fn new(store: Option<Arc<dyn ImageStore>>) -> Self {
        Self { store, ..Self::default() }
    }

    /// Announces a blob.
    ///
    /// # Errors
    /// `INVALID_VALUE` for no bytes, `OUT_OF_MEMORY` for too many.
    pub fn create(&mut self, len_bytes: u64) -> Result<u64, Refusal> {
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

    /// Fills a part of a blob from the window; returns its length.
    ///
    /// # Errors
    /// `INVALID_HANDLE` when there is no such blob, `INVALID_VALUE` when the part does not lie in the blob or its bytes not
    /// in the window.
    pub fn write(&mut self, message: &BlobWrite, completions: &dyn Completions) -> Result<u64, Refusal> {
        let outside = |error| (error, "the part lies outside the blob or the window".to_owned());
        let source = completions.span(message.source).map_err(outside)?;
        let blob = self.table.get_mut(message.blob).ok_or_else(|| unknown(message.blob))?;
        let part = blob.part(message.offset, message.source.len_bytes).map_err(outside)?;
        // SAFETY: `span` vouches for as many bytes of the window at `source`, and the blob does not lie in the window.
        unsafe { std::ptr::copy_nonoverlapping(source, part.as_mut_ptr(), part.len()) }
        Ok(message.source.len_bytes)
    }

    /// Takes a blob out of the table; `None` for handle 0.
    ///
    /// # Errors
    /// `INVALID_HANDLE` when there is no such blob, `INVALID_VALUE` when its end has not come.
    pub fn take(&mut self, handle: u64) -> Result<Option<Blob>, Refusal> {
        if handle == 0 {
            return Ok(None);
        }
        let blob = self.table.remove(handle).ok_or_else(|| unknown(handle))?;
        self.total_bytes -= blob.len_bytes as u64;
        let (come, whole) = (blob.bytes.len(), blob.len_bytes);
        if come < whole {
            return Err((CuError::INVALID_VALUE, format!("{come} of the blob's {whole} bytes have come")));
        }
        Ok(Some(blob))
    }

    /// From what length on images are kept; `u64::MAX` when none are.
    pub fn kept_from(&self) -> u64 {
        self.store.as_ref().map_or(u64::MAX, |store| store.min_bytes())
    }

    /// Makes a blob of a kept image; 0 when there is none of that hash and length.
    pub fn find(&mut self, hash: &Digest, len_bytes: u64) -> u64 {
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
    pub fn hash_of(&self, blob: &Blob) -> Option<Digest> {
        let is_kept = blob.bytes.len() as u64 >= self.kept_from();
        blob.hash.or_else(|| is_kept.then(|| sha256(&blob.bytes)))
    }

    /// Keeps an image under the hash that [`hash_of`](Self::hash_of) gave, unless it came from there.
    pub fn keep(&self, blob: &Blob, hash: &Digest) {
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

fn unknown(blob: u64) -> Refusal {
    (CuError::INVALID_HANDLE, format!("no blob has handle {blob:#x}"))
}
