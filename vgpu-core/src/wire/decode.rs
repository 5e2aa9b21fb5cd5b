//! From a record's bytes to a message, and what became of it.

use super::{Answer, Pod, RecordHeader};
use crate::error::CuResult;

/// What became of a dispatched record.
#[derive(Debug)]
pub enum Outcome {
    /// A post was accepted or refused.
    Posted(CuResult),
    /// A call's answer: the fixed part as bytes, and the tail.
    Called(CuResult<Answer<Vec<u8>>>),
}

/// A record that is not a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecodeError {
    /// The opcode that was read.
    pub op: u16,
    /// How long the body was.
    pub body_bytes: usize,
    /// How long it had to be; 0 when the opcode is unknown.
    pub needed_bytes: usize,
}

impl std::fmt::Display for DecodeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { op, body_bytes, needed_bytes } = self;
        match needed_bytes {
            0 => write!(f, "no message has opcode {op}"),
            _ => write!(f, "record of opcode {op} has {body_bytes} bytes where {needed_bytes} are needed"),
        }
    }
}

impl std::error::Error for DecodeError {}

/// A record's message and its tail. Every record of every guest comes by here, and the table has a call for each message.
#[inline]
pub(super) fn split<'a, M: Pod>(header: &RecordHeader, body: &'a [u8]) -> Result<(M, &'a [u8]), DecodeError> {
    let needed_bytes = size_of::<M>().saturating_add(header.tail_bytes as usize);
    let too_short = DecodeError { op: header.op, body_bytes: body.len(), needed_bytes };
    let message = M::from_bytes(body).ok_or(too_short)?;
    let tail = body.get(size_of::<M>()..needed_bytes).ok_or(too_short)?;
    Ok((message, tail))
}
