//! The chunk decoder, by property: cuts don't matter, damage never passes for
//! a whole body.

use keyward_provider::http::Malformed;
use keyward_provider::http::chunked::ChunkDecoder;
use proptest::prelude::*;

/// The body in `wire` when it comes in pieces cut at `cuts`, how much of
/// `wire` was read, and whether the end was.
fn decode(wire: &[u8], cuts: &[usize]) -> Result<(Vec<u8>, usize, bool), Malformed> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (wire.len() + 1)).collect();
    cuts.extend([0, wire.len()]);
    cuts.sort_unstable();
    let mut decoder = ChunkDecoder::new();
    let (mut body, mut read) = (Vec::new(), 0);
    for window in cuts.windows(2) {
        let mut piece = wire[window[0]..window[1]].to_vec();
        let decoded = decoder.decode(&mut piece)?;
        assert!(decoded.data <= decoded.consumed && decoded.consumed <= piece.len());
        assert!(decoder.is_done() || decoded.consumed == piece.len());
        body.extend(&piece[..decoded.data]);
        read += decoded.consumed;
        if decoder.is_done() {
            break;
        }
    }
    Ok((body, read, decoder.is_done()))
}

/// A well-formed body of chunks, with extensions and trailers.
fn encode(chunks: &[Vec<u8>], extension: &str, trailer: bool) -> Vec<u8> {
    let mut wire = Vec::new();
    for (n, chunk) in chunks.iter().enumerate() {
        let size = match n % 3 {
            0 => format!("{:x}\r\n", chunk.len()),
            1 => format!("{:X}{extension}\r\n", chunk.len()),
            _ => format!("{:05x}\r\n", chunk.len()),
        };
        wire.extend(size.into_bytes());
        wire.extend(chunk);
        wire.extend(b"\r\n");
    }
    wire.extend(b"0\r\n");
    if trailer {
        wire.extend(b"x-sum: 1\r\ny:\r\n");
    }
    wire.extend(b"\r\n");
    wire
}

fn chunks_of(byte: impl Strategy<Value = u8> + Clone) -> impl Strategy<Value = Vec<Vec<u8>>> {
    prop::collection::vec(prop::collection::vec(byte, 1..60), 0..8)
}

/// Bytes that can't pass for a size, a line end or a trailer's name. Any
/// coding is blind to damage that makes a body look like its own framing.
fn opaque() -> impl Strategy<Value = u8> + Clone {
    prop::sample::select(b"{}()[]\"\\ \0\xff".to_vec())
}

proptest! {
    #[test]
    fn any_cut_gives_the_same_body_and_stops_at_its_end(
        chunks in chunks_of(any::<u8>()),
        extension in "(;[a-z]{1,9}(=\"[a-z; ]{0,9}\")?){0,2}",
        trailer in any::<bool>(),
        after in prop::collection::vec(any::<u8>(), 0..20),
        cuts in prop::collection::vec(any::<usize>(), 0..30),
    ) {
        let wire = encode(&chunks, &extension, trailer);
        let all = [&wire[..], &after].concat();
        prop_assert_eq!(decode(&all, &cuts), Ok((chunks.concat(), wire.len(), true)));
        let bytewise: Vec<usize> = (0..all.len()).collect();
        prop_assert_eq!(decode(&all, &bytewise), Ok((chunks.concat(), wire.len(), true)));
    }

    #[test]
    fn a_body_cut_short_has_no_end(
        chunks in chunks_of(any::<u8>()),
        trailer in any::<bool>(),
        at in any::<prop::sample::Index>(),
    ) {
        let wire = encode(&chunks, "", trailer);
        let front = &wire[..at.index(wire.len())];
        let (body, _, ended) = decode(front, &[]).unwrap();
        prop_assert!(!ended);
        prop_assert!(chunks.concat().starts_with(&body));
    }

    #[test]
    fn a_damaged_body_never_ends_cleanly_with_data_missing(
        chunks in chunks_of(opaque()),
        trailer in any::<bool>(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        cuts in prop::collection::vec(any::<usize>(), 0..5),
    ) {
        let mut wire = encode(&chunks, ";a=b", trailer);
        let at = at.index(wire.len());
        wire[at] = byte;
        if let Ok((body, _, true)) = decode(&wire, &cuts) {
            prop_assert_eq!(body.len(), chunks.concat().len());
        }
    }

    #[test]
    fn a_body_with_a_byte_lost_never_ends_cleanly_with_data_missing(
        chunks in chunks_of(opaque()),
        at in any::<prop::sample::Index>(),
    ) {
        let mut wire = encode(&chunks, "", true);
        wire.remove(at.index(wire.len()));
        if let Ok((body, _, true)) = decode(&wire, &[]) {
            prop_assert_eq!(body.len(), chunks.concat().len());
        }
    }

    #[test]
    fn no_bytes_make_it_panic(
        bytes in prop::collection::vec(prop::sample::select(b"0123fF;:\r\n \tax\0\xff".to_vec()), 0..200),
        cuts in prop::collection::vec(any::<usize>(), 0..10),
    ) {
        let whole = decode(&bytes, &[]);
        prop_assert_eq!(decode(&bytes, &cuts), whole);
    }
}

#[test]
fn the_largest_size_is_counted_and_a_longer_one_refused() {
    let (body, _, ended) = decode(b"ffffffffffffffff\r\nabc", &[]).unwrap();
    assert_eq!((body.as_slice(), ended), (&b"abc"[..], false));
    assert!(decode(b"10000000000000000\r\n", &[]).is_err());
}
