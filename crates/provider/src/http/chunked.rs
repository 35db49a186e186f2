//! The chunked coding (RFC 9112, 7.1), undone in place. Pure: bytes in, bytes
//! out, state between. Strict where two readers could disagree: lines end in
//! CRLF only, a size is 1–16 hexadecimal digits and nothing else, what comes
//! before the end is never given out as a whole body. Extensions and trailers
//! are bounded and dropped; a trailer must still look like a field, else data
//! behind a size damaged to 0 would pass as one.

use super::error::Malformed;

/// Bytes of extension allowed on one chunk.
const MAX_EXTENSION: u16 = 1024;
/// Bytes of trailer section allowed, separators not counted.
const MAX_TRAILERS: u16 = 8 * 1024;

/// Where in the coding the next byte stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Size { digits: u8, size: u64 },
    Extension { size: u64, seen: u16 },
    SizeLf { size: u64 },
    Data { left: u64 },
    DataCr,
    DataLf,
    TrailerStart { seen: u16 },
    TrailerName { seen: u16 },
    TrailerValue { seen: u16 },
    TrailerLf { seen: u16 },
    LastLf,
    Done,
}

/// Decodes one body. Feed it what comes, in order, until [`Self::is_done`].
#[derive(Clone, Debug)]
pub struct ChunkDecoder {
    state: State,
}

/// What one [`ChunkDecoder::decode`] did to its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// This many bytes at the front are body.
    pub data: usize,
    /// This many bytes were read: all of them, unless the body ended before.
    pub consumed: usize,
}

impl Default for ChunkDecoder {
    fn default() -> Self {
        Self::new()
    }
}

impl ChunkDecoder {
    /// A decoder at the first byte of a body.
    #[must_use]
    pub const fn new() -> Self {
        Self { state: State::Size { digits: 0, size: 0 } }
    }

    /// Whether the body, its last chunk and its trailers have been read.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Moves the body in `bytes` to their front. After an error the decoder
    /// must not be used again.
    pub fn decode(&mut self, bytes: &mut [u8]) -> Result<Decoded, Malformed> {
        let mut data = 0;
        let mut consumed = 0;
        loop {
            if let State::Data { left } = self.state {
                let available = bytes.len() - consumed;
                let take = usize::try_from(left).map_or(available, |left| left.min(available));
                if take > 0 && data != consumed {
                    bytes.copy_within(consumed..consumed + take, data);
                }
                data += take;
                consumed += take;
                let left = left - take as u64;
                if left > 0 {
                    self.state = State::Data { left };
                    break;
                }
                self.state = State::DataCr;
            }
            if self.state == State::Done {
                break;
            }
            let Some(&byte) = bytes.get(consumed) else {
                break;
            };
            self.state = step(self.state, byte)?;
            consumed += 1;
        }
        Ok(Decoded { data, consumed })
    }
}

/// One byte of anything but data.
fn step(state: State, byte: u8) -> Result<State, Malformed> {
    let next = match (state, byte) {
        (State::Size { digits: 1.., size }, b'\r') => State::SizeLf { size },
        (State::Size { digits: 1.., size }, b';') => State::Extension { size, seen: 0 },
        (State::Size { digits, size }, _) => {
            let digit =
                char::from(byte).to_digit(16).ok_or(Malformed::new("a chunk's size is not a hexadecimal number"))?;
            if digits == 16 {
                return Err(Malformed::new("a chunk's size has more than 16 digits"));
            }
            State::Size { digits: digits + 1, size: size << 4 | u64::from(digit) }
        }

        (State::Extension { size, .. }, b'\r') => State::SizeLf { size },
        (State::Extension { size, seen }, _) if is_text(byte) => {
            if seen == MAX_EXTENSION {
                return Err(Malformed::new("a chunk's extension is too long"));
            }
            State::Extension { size, seen: seen + 1 }
        }
        (State::SizeLf { size: 0 }, b'\n') => State::TrailerStart { seen: 0 },
        (State::SizeLf { size }, b'\n') => State::Data { left: size },

        (State::DataCr, b'\r') => State::DataLf,
        (State::DataLf, b'\n') => State::Size { digits: 0, size: 0 },
        (State::DataCr | State::DataLf, _) => {
            return Err(Malformed::new("a chunk is longer than its size says"));
        }

        (State::TrailerStart { .. }, b'\r') => State::LastLf,
        (State::TrailerStart { seen } | State::TrailerName { seen }, _) if is_name(byte) => {
            State::TrailerName { seen: more_trailer(seen)? }
        }
        (State::TrailerName { seen }, b':') => State::TrailerValue { seen },
        (State::TrailerValue { seen }, b'\r') => State::TrailerLf { seen },
        (State::TrailerValue { seen }, _) if is_text(byte) => State::TrailerValue { seen: more_trailer(seen)? },
        (State::TrailerLf { seen }, b'\n') => State::TrailerStart { seen },
        (State::LastLf, b'\n') => State::Done,

        (State::TrailerStart { .. } | State::TrailerName { .. }, _) => {
            return Err(Malformed::new("a trailer is not a header field"));
        }
        _ => {
            return Err(Malformed::new("a line of the chunked coding has a control character or doesn't end in CRLF"));
        }
    };
    Ok(next)
}

fn more_trailer(seen: u16) -> Result<u16, Malformed> {
    if seen == MAX_TRAILERS {
        return Err(Malformed::new("the trailers are too long"));
    }
    Ok(seen + 1)
}

/// What a header's name may hold (RFC 9110, 5.6.2).
fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Visible ASCII, space, tab and the upper half: what a header value may hold.
fn is_text(byte: u8) -> bool {
    byte == b'\t' || (byte >= b' ' && byte != 0x7f)
}
