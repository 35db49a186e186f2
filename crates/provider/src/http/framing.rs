//! Taking a body out of a read buffer, as its head framed it. Pure. It never
//! copies: what is handed out shares the buffer's memory.

use bytes::{Buf, Bytes, BytesMut};

use super::chunked::ChunkDecoder;
use super::error::Malformed;
use super::head::BodyKind;

/// How much of a body is still to come.
pub(super) enum Framing {
    Length(u64),
    Chunked(ChunkDecoder),
    UntilClose,
}

impl Framing {
    /// The framing of a body that follows; a body that is empty has no bytes
    /// to come.
    pub(super) fn new(kind: BodyKind) -> Self {
        match kind {
            BodyKind::Empty => Self::Length(0),
            BodyKind::Length(length) => Self::Length(length),
            BodyKind::Chunked => Self::Chunked(ChunkDecoder::new()),
            BodyKind::UntilClose => Self::UntilClose,
        }
    }

    /// Whether the body has ended. One that ends by close never knows.
    pub(super) fn is_done(&self) -> bool {
        match self {
            Self::Length(left) => *left == 0,
            Self::Chunked(decoder) => decoder.is_done(),
            Self::UntilClose => false,
        }
    }

    /// All of the body that `buffer` holds, possibly nothing. Leaves in
    /// `buffer` only what comes after the body's end.
    pub(super) fn take(&mut self, buffer: &mut BytesMut) -> Result<Bytes, Malformed> {
        let (data, consumed) = match self {
            Self::Length(left) => {
                let held = buffer.len();
                let take = usize::try_from(*left).map_or(held, |left| left.min(held));
                *left -= take as u64;
                (take, take)
            }
            Self::Chunked(decoder) => {
                let decoded = decoder.decode(buffer)?;
                (decoded.data, decoded.consumed)
            }
            Self::UntilClose => (buffer.len(), buffer.len()),
        };
        if data == 0 {
            buffer.advance(consumed);
            return Ok(Bytes::new());
        }
        let body = buffer.split_to(data).freeze();
        buffer.advance(consumed - data);
        Ok(body)
    }
}
