//! A stream of events, however it is cut: the same events, the same use, and
//! the same bytes but for usage frames that Keyward asked for.

use bytes::Bytes;
use keyward_provider::{
    Operation, Usage,
    sse::{Event, Splitter},
    tap::ResponseTap,
};
use serde_json::Value;

/// The first byte says whose stream it is and whether usage frames are taken
/// out, the second how it is cut, the rest is the stream.
pub fn stream(data: &[u8]) {
    let [how, cut, text @ ..] = data else { return };
    let operation = Operation::ALL[usize::from(how & 0x7f) % Operation::ALL.len()];
    let strips = how & 0x80 != 0;

    let told = events(&[text]);
    assert_eq!(told, events(&pieces(text, *cut)));
    let mut at = 0;
    for (_, data, range) in &told {
        assert!(range.start >= at && range.end > range.start && range.end <= text.len());
        assert!(data.len() <= range.len());
        at = range.end;
    }

    let whole = pass(operation, strips, &[text]);
    assert_eq!(whole, pass(operation, strips, &pieces(text, *cut)));
    let (passed, usage, _) = &whole;
    if strips && operation.usage_is_asked_for() {
        check_kept(text, passed, &told);
        // Taking frames out changes nothing about what they say.
        assert_eq!(*usage, pass(operation, false, &[text]).1);
    } else {
        assert_eq!(passed, text);
    }
}

type Told = (Vec<u8>, Vec<u8>, std::ops::Range<usize>);

fn events(pieces: &[&[u8]]) -> Vec<Told> {
    let (mut splitter, mut told) = (Splitter::default(), Vec::new());
    let place = |at: u64| usize::try_from(at).unwrap();
    let mut note = |event: Event<'_>| {
        told.push((event.name.to_vec(), event.data.to_vec(), place(event.range.start)..place(event.range.end)));
    };
    for piece in pieces {
        splitter.push(piece, &mut note);
    }
    splitter.finish(&mut note);
    told
}

/// All that is handed on, what was used, and whether it ended well.
fn pass(operation: Operation, strips: bool, pieces: &[&[u8]]) -> (Vec<u8>, Option<Usage>, bool) {
    let mut tap = ResponseTap::new(operation, true, strips);
    let (mut passed, mut has_ended) = (Vec::new(), false);
    for piece in pieces {
        passed.extend_from_slice(&tap.take(Bytes::copy_from_slice(piece)));
        assert!(!has_ended || tap.has_ended(), "what is over begins again");
        has_ended = tap.has_ended();
    }
    let outcome = tap.end();
    assert!(!has_ended || outcome.clean);
    passed.extend_from_slice(&outcome.rest);
    (passed, outcome.usage, outcome.clean)
}

/// Nothing is missing but whole events without a choice, which tell a use.
fn check_kept(text: &[u8], passed: &[u8], told: &[Told]) {
    let mut rest = passed;
    let mut at = 0;
    for (_, data, range) in told {
        rest = rest.strip_prefix(&text[at..range.start]).expect("what stands between events is kept");
        at = range.end;
        match rest.strip_prefix(&text[range.clone()]) {
            Some(behind) => rest = behind,
            None => {
                let frame: Value = serde_json::from_slice(data).expect("only usage frames are taken out");
                assert_eq!(frame["choices"], Value::Array(Vec::new()));
                assert!(frame["usage"].is_object());
            }
        }
    }
    assert_eq!(rest, &text[at..]);
}

/// Cut at places that `seed` decides.
pub fn pieces(mut text: &[u8], seed: u8) -> Vec<&[u8]> {
    let (mut pieces, mut state) = (Vec::new(), u32::from(seed));
    while !text.is_empty() {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let most = if seed.is_multiple_of(4) { 1 } else { u32::from(seed) + 1 };
        let length = usize::try_from((state >> 16) % most + 1).unwrap().min(text.len());
        let (piece, behind) = text.split_at(length);
        pieces.push(piece);
        text = behind;
    }
    pieces
}
