//! A provider's answer as bytes: read in one way only, however it is cut, and
//! nothing of the connection reaches the caller.

use bytes::Bytes;
use keyward_provider::http::{
    chunked::ChunkDecoder,
    head::{self, BodyKind, ResponseHead},
};

/// The first byte says whether it answers a HEAD and how it is cut, the rest is
/// what came.
pub fn response(data: &[u8]) {
    let Some((how, bytes)) = data.split_first() else { return };
    let found = head::find_end(bytes, 0);
    let step = usize::from(how >> 1) % 17 + 1;
    let mut scanned = 0;
    let mut cut = None;
    for end in (step..bytes.len()).step_by(step).chain([bytes.len()]) {
        match head::find_end(&bytes[..end], scanned) {
            Ok(None) => scanned = end,
            other => {
                cut = Some(other);
                break;
            }
        }
    }
    match (&found, cut) {
        (Ok(found), None) => assert_eq!(*found, None),
        (Ok(found), Some(Ok(cut))) => assert_eq!(*found, cut),
        (Err(_), Some(Err(_))) => {}
        (found, cut) => panic!("{found:?} as a whole, {cut:?} in pieces"),
    }
    if let Ok(Some(end)) = found {
        assert!(end <= head::MAX_HEAD && bytes[..end].ends_with(b"\r\n\r\n"));
        let (head, body) = bytes.split_at(end);
        if let Ok(parsed) = head::parse(&Bytes::copy_from_slice(head), how & 1 != 0) {
            check_head(&String::from_utf8_lossy(head), &parsed, how & 1 != 0);
            chunks(body, step);
        }
    } else {
        chunks(bytes, step);
    }
}

fn check_head(text: &str, parsed: &ResponseHead, bodiless: bool) {
    assert!((100..600).contains(&parsed.status.as_u16()));
    for name in ["connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "content-length"] {
        assert!(!parsed.headers.contains_key(name), "{name} is passed on");
    }
    // As somebody reads it who takes any line for a header.
    let values = |name: &str| -> Vec<&str> {
        let lines = text.lines().filter_map(|line| line.split_once(':'));
        lines.filter(|(key, _)| key.trim().eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).collect()
    };
    let (lengths, codings) = (values("content-length"), values("transfer-encoding"));
    assert!(lengths.len() + codings.len() <= 1, "two ways to tell where the body ends");
    let never = bodiless || parsed.status.is_informational() || [204, 304].contains(&parsed.status.as_u16());
    match parsed.body {
        BodyKind::Empty => assert!(never || lengths[0].trim_start_matches('0').is_empty()),
        BodyKind::Length(length) => assert_eq!(lengths[0].trim_start_matches('0'), length.to_string()),
        BodyKind::Chunked => assert!(codings[0].eq_ignore_ascii_case("chunked")),
        BodyKind::UntilClose => assert!(lengths.is_empty() && codings.is_empty()),
    }
}

/// The chunked coding undone, as a whole, in pieces, and by a reader of lines.
fn chunks(body: &[u8], step: usize) {
    let whole = decode([body].into_iter());
    let cut = decode(body.chunks(step));
    match (&whole, &cut) {
        (Ok(whole), Ok(cut)) => assert_eq!(whole, cut),
        // What came before the mistake has gone out, or not: it never looks whole.
        (Err(()), Err(())) => {}
        (whole, cut) => panic!("{whole:?} as a whole, {cut:?} in pieces"),
    }
    if let Ok((data, consumed, true)) = whole {
        assert_eq!(by_lines(&body[..consumed]), data);
    }
}

/// The data, how many bytes it took, and whether the body came to its end.
fn decode<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Result<(Vec<u8>, usize, bool), ()> {
    let mut decoder = ChunkDecoder::new();
    let (mut data, mut consumed) = (Vec::new(), 0);
    for piece in pieces {
        let mut piece = piece.to_vec();
        let decoded = decoder.decode(&mut piece).map_err(drop)?;
        assert!(decoded.data <= decoded.consumed && decoded.consumed <= piece.len());
        assert!(decoder.is_done() || decoded.consumed == piece.len());
        data.extend_from_slice(&piece[..decoded.data]);
        consumed += decoded.consumed;
        if decoder.is_done() {
            return Ok((data, consumed, true));
        }
    }
    Ok((data, consumed, false))
}

fn by_lines(mut body: &[u8]) -> Vec<u8> {
    let mut data = Vec::new();
    loop {
        let end = body.windows(2).position(|two| two == b"\r\n").expect("a size's line ends");
        let line = std::str::from_utf8(&body[..end]).unwrap_or_else(|error| {
            std::str::from_utf8(&body[..error.valid_up_to()]).expect("it was valid up to there")
        });
        let size = line.split(';').next().unwrap_or_default();
        let size = usize::from_str_radix(size, 16).expect("a size is a number");
        body = &body[end + 2..];
        if size == 0 {
            return data;
        }
        data.extend_from_slice(&body[..size]);
        assert_eq!(&body[size..size + 2], b"\r\n");
        body = &body[size + 2..];
    }
}
