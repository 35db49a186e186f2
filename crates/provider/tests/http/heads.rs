//! The head parser, by property.

use bytes::Bytes;
use keyward_provider::http::head::{self, BodyKind, MAX_HEAD};
use proptest::prelude::*;

const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nx-request-id: 1\r\n\r\n";

#[test]
fn the_end_of_a_head_is_found_wherever_the_search_was_left() {
    let bytes = [HEAD, b"\r\n\r\nbody\n\n"].concat();
    for seen in 0..HEAD.len() {
        assert_eq!(head::find_end(&bytes[..seen], 0), Ok(None));
        assert_eq!(head::find_end(&bytes, seen), Ok(Some(HEAD.len())));
    }
}

#[test]
fn a_head_of_16_kb_passes_and_one_byte_more_does_not() {
    let sized = |size: usize| {
        let frame = "HTTP/1.1 200 OK\r\na: \r\n\r\n".len();
        format!("HTTP/1.1 200 OK\r\na: {}\r\n\r\n", "x".repeat(size - frame))
    };
    assert_eq!(head::find_end(sized(MAX_HEAD).as_bytes(), 0), Ok(Some(MAX_HEAD)));
    assert!(head::find_end(sized(MAX_HEAD + 1).as_bytes(), 0).is_err());
    // Nor is it waited for.
    assert!(head::find_end(&sized(MAX_HEAD + 1).as_bytes()[..MAX_HEAD], 0).is_err());
}

#[test]
fn values_are_trimmed_and_kept_byte_for_byte() {
    let bytes = Bytes::from_static(b"HTTP/1.1 200 OK\r\nA: \t b  c\xff \r\nempty:\r\n\r\n");
    let parsed = head::parse(&bytes, false).unwrap();
    assert_eq!(parsed.headers["a"].as_bytes(), b"b  c\xff");
    assert_eq!(parsed.headers["empty"].as_bytes(), b"");
    assert_eq!(parsed.body, BodyKind::UntilClose);
    assert!(parsed.keep_alive);
}

#[test]
fn the_longest_length_that_fits_is_read_exactly() {
    let bytes = Bytes::from_static(b"HTTP/1.1 200 OK\r\ncontent-length: 0009223372036854775\r\n\r\n");
    let parsed = head::parse(&bytes, false).unwrap();
    assert_eq!(parsed.body, BodyKind::Length(9_223_372_036_854_775));
}

/// What the client does with bytes, as far as a head goes.
fn read(bytes: &[u8]) -> Option<head::ResponseHead> {
    let end = head::find_end(bytes, 0).ok()??;
    let found = Bytes::copy_from_slice(&bytes[..end]);
    head::parse(&found, false).ok()
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        read(&bytes);
        read(&[b"HTTP/1.1 200 OK\r\n", &bytes[..], b"\r\n\r\n"].concat());
        // Also when they aren't a head at all.
        let _ = head::parse(&Bytes::from(bytes), true);
    }

    #[test]
    fn what_passes_holds_no_line_break_and_no_framing(
        noise in prop::collection::vec(
            prop::sample::select(vec![
                "\r\n", "\n", "\r", " ", "\t", ":", ",", "\0", "a", "content-length", "5",
                "transfer-encoding", "chunked", "connection", "close", "x-a", "keep-alive",
            ]),
            0..40,
        )
    ) {
        let bytes = format!("HTTP/1.1 200 OK\r\n{}\r\n\r\n", noise.concat());
        if let Some(parsed) = read(bytes.as_bytes()) {
            for (name, value) in &parsed.headers {
                prop_assert!(!value.as_bytes().iter().any(|b| matches!(b, b'\r' | b'\n' | 0)));
                prop_assert!(!["content-length", "transfer-encoding", "connection", "keep-alive"]
                    .contains(&name.as_str()));
            }
        }
    }
}
