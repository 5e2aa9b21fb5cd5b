//! Bytes that are too long for a record: images, which an executor may have kept from an earlier process, and graphs.

use super::link::Link;
use crate::error::{CuError, CuResult};
use crate::sha256::sha256;
use crate::wire::messages::{
    BlobCreate, BlobFind, BlobKeeping, BlobWrite, ImageKind, LinkAdd, LinkComplete, ModuleLoad, ModuleLoadReply,
};
use crate::wire::{JitOption, Pod, RECORD_MAX_BYTES};

/// Images up to this travel in the record that loads them.
const IMAGE_TAIL_MAX_BYTES: usize = RECORD_MAX_BYTES - 256;
/// Inputs of a link leave room for options and a name.
const INPUT_TAIL_MAX_BYTES: usize = IMAGE_TAIL_MAX_BYTES / 2;
/// As much of a name as travels.
const NAME_MAX_BYTES: usize = 1024;
/// Longer ones in pieces of this.
const PIECE_BYTES: usize = 1 << 20;

impl Link {
    /// Loads an image into a context: in one record if it is short, else as a blob.
    ///
    /// # Errors
    /// `INVALID_IMAGE` when there are no bytes; the executor's answer; those of the channel.
    pub fn load_image(&self, context: u32, kind: ImageKind, image: &[u8]) -> CuResult<ModuleLoadReply> {
        if image.is_empty() {
            return Err(CuError::INVALID_IMAGE);
        }
        let kind = kind as u32;
        if image.len() <= IMAGE_TAIL_MAX_BYTES {
            return Ok(self.call(&ModuleLoad { context, kind, blob: 0 }, image)?.reply);
        }
        let blob = match self.find_kept(image)? {
            0 => self.send_blob(image)?,
            kept => kept,
        };
        Ok(self.call(&ModuleLoad { context, kind, blob }, &[])?.reply)
    }

    /// Sends bytes that are too long for a record (an image, a graph) and returns the blob's name for the call that
    /// uses it up.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY` when the executor takes no blob of that length; those of the channel.
    pub fn send_blob(&self, bytes: &[u8]) -> CuResult<u64> {
        let blob = self.call(&BlobCreate { len_bytes: bytes.len() as u64 }, &[])?.reply.blob;
        let mut offset = 0;
        for piece in bytes.chunks(PIECE_BYTES.min(self.stage_limit())) {
            let mut chunk = self.stage(piece.len())?;
            chunk.bytes_mut().copy_from_slice(piece);
            let seq = self.post(&BlobWrite { blob, offset, source: chunk.span() }, &[])?;
            chunk.commit_when_handled(seq);
            offset += piece.len() as u64;
        }
        Ok(blob)
    }

    /// Adds an input to a link, of a `CUjitInputType` and under a name, with options of its own.
    ///
    /// # Errors
    /// The executor's answer; those of the channel.
    pub fn add_input(&self, link: u64, kind: u32, name: &[u8], options: &[JitOption], input: &[u8]) -> CuResult {
        let name = &name[..name.len().min(NAME_MAX_BYTES)];
        let mut tail: Vec<u8> = options.iter().flat_map(|option| option.as_bytes()).copied().collect();
        tail.extend(name);
        let mut blob = 0;
        if input.len() <= INPUT_TAIL_MAX_BYTES {
            tail.extend(input);
        } else {
            blob = self.send_blob(input)?;
        }
        let (option_count, name_bytes) = (options.len() as u32, name.len() as u32);
        self.call(&LinkAdd { link, kind, option_count, name_bytes, reserved: 0, blob }, &tail).map(drop)
    }

    /// The image that a link results in.
    ///
    /// # Errors
    /// The executor's answer; those of the channel.
    pub fn linked_image(&self, link: u64) -> CuResult<Vec<u8>> {
        let mut image = Vec::new();
        loop {
            let answer = self.call(&LinkComplete { link, offset: image.len() as u64 }, &[])?;
            image.extend(&answer.tail);
            if image.len() as u64 >= answer.reply.image_bytes {
                return Ok(image);
            }
            if answer.tail.is_empty() {
                return Err(CuError::UNKNOWN);
            }
        }
    }

    /// A blob with an image's bytes if the executor has kept them; 0 if not, or if it keeps no such images: then the
    /// image is not hashed.
    fn find_kept(&self, image: &[u8]) -> CuResult<u64> {
        let len_bytes = image.len() as u64;
        let ask = || Ok(self.call(&BlobKeeping { reserved: 0 }, &[])?.reply.min_bytes);
        if len_bytes < self.keeping.min_bytes(ask)? {
            return Ok(0);
        }
        Ok(self.call(&BlobFind { hash: sha256(image), len_bytes }, &[])?.reply.blob)
    }
}
