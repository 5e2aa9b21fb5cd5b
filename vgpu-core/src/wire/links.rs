//! The tails of messages about links.

use super::messages::{LinkAdd, LinkComplete, LinkCompleteReply};
use super::{Answer, JitOption};
use crate::error::{CuError, CuResult};

/// As much of an image as one answer has.
pub const LINK_PIECE_BYTES: usize = 8 << 20;

/// The tail of a [`LinkAdd`], taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkAddParts<'a> {
    /// [`JitOption`]s.
    pub options: &'a [u8],
    /// The input's name.
    pub name: &'a [u8],
    /// The input, unless it came as a blob.
    pub bytes: &'a [u8],
}

impl LinkAdd {
    /// Takes its tail apart.
    ///
    /// # Errors
    /// `INVALID_VALUE` where the tail is too short.
    pub fn parts<'a>(&self, tail: &'a [u8]) -> CuResult<LinkAddParts<'a>> {
        let option_bytes = (self.option_count as usize).checked_mul(size_of::<JitOption>());
        let (options, rest) = option_bytes.and_then(|len| tail.split_at_checked(len)).ok_or(CuError::INVALID_VALUE)?;
        let (name, bytes) = rest.split_at_checked(self.name_bytes as usize).ok_or(CuError::INVALID_VALUE)?;
        Ok(LinkAddParts { options, name, bytes })
    }
}

impl LinkComplete {
    /// The answer, of an image's part that is asked for.
    pub fn answer(&self, image: &[u8]) -> Answer<LinkCompleteReply> {
        let rest = usize::try_from(self.offset).ok().and_then(|offset| image.get(offset..)).unwrap_or_default();
        let reply = LinkCompleteReply { image_bytes: image.len() as u64 };
        Answer { reply, tail: rest[..rest.len().min(LINK_PIECE_BYTES)].to_vec() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADD: LinkAdd = LinkAdd { link: 1, kind: 1, option_count: 1, name_bytes: 2, reserved: 0, blob: 0 };

    #[test]
    fn a_tail_has_its_parts_in_order() {
        let parts = ADD.parts(b"12345678abtext").expect("it is long enough");
        assert_eq!(parts, LinkAddParts { options: b"12345678", name: b"ab", bytes: b"text" });
        assert_eq!(ADD.parts(b"12345678a"), Err(CuError::INVALID_VALUE));
        let many = LinkAdd { option_count: u32::MAX, ..ADD };
        assert_eq!(many.parts(b"12345678ab"), Err(CuError::INVALID_VALUE));
    }

    #[test]
    fn an_image_comes_in_pieces() {
        let image = vec![7; LINK_PIECE_BYTES + 1];
        let lens = [0, LINK_PIECE_BYTES as u64, u64::MAX].map(|offset| {
            let answer = LinkComplete { link: 1, offset }.answer(&image);
            (answer.reply.image_bytes, answer.tail.len())
        });
        let whole = image.len() as u64;
        assert_eq!(lens, [(whole, LINK_PIECE_BYTES), (whole, 1), (whole, 0)]);
    }
}
