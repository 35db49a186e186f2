//! Whatever a provider sends: nothing panics, nothing is lost or changed, and
//! where it is cut makes no difference.

use keyward_provider::Operation;
use proptest::prelude::*;

use super::support::streamed;

/// Bytes that are often almost a stream.
fn noise() -> impl Strategy<Value = Vec<u8>> {
    let word = prop::sample::select(
        [
            "data: ",
            "data",
            "event: error",
            "event: message_delta",
            ":",
            "\n",
            "\r",
            "\r\n",
            "\n\n",
            "\r\n\r\n",
            "\u{feff}",
            "[DONE]",
            "{\"choices\":[],",
            "\"usage\":{\"prompt_tokens\":",
            "{\"type\":\"response.completed\",\"response\":{",
            "{\"usage\":",
            "-1",
            "1e400",
            "\"x_groq\":[",
            "}}",
            "}",
        ]
        .map(str::as_bytes)
        .to_vec(),
    );
    let piece = prop_oneof![
        8 => word.prop_map(<[u8]>::to_vec),
        1 => prop::collection::vec(any::<u8>(), 0..8),
        2 => Just(b"data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3}}\n\n".to_vec()),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn cut<'a>(bytes: &'a [u8], at: &[usize]) -> Vec<&'a [u8]> {
    let mut at: Vec<usize> = at.iter().map(|at| at % (bytes.len() + 1)).chain([0, bytes.len()]).collect();
    at.sort_unstable();
    at.windows(2).map(|window| &bytes[window[0]..window[1]]).collect()
}

fn operation() -> impl Strategy<Value = Operation> {
    prop::sample::select(Operation::ALL.to_vec())
}

proptest! {
    #[test]
    fn without_stripping_every_byte_is_forwarded_at_once(
        bytes in noise(), at in prop::collection::vec(any::<usize>(), 0..8), operation in operation(),
    ) {
        let (out, outcome) = streamed(operation, false, cut(&bytes, &at));
        prop_assert_eq!(&out, &bytes);
        prop_assert!(outcome.rest.is_empty());
        let (_, whole) = streamed(operation, false, [&bytes[..]]);
        prop_assert_eq!(outcome, whole);
    }

    #[test]
    fn stripping_gives_the_same_bytes_wherever_the_stream_is_cut(
        bytes in noise(), at in prop::collection::vec(any::<usize>(), 0..8),
    ) {
        let (out, outcome) = streamed(Operation::ChatCompletions, true, cut(&bytes, &at));
        let (whole, expected) = streamed(Operation::ChatCompletions, true, [&bytes[..]]);
        prop_assert_eq!(&out, &whole);
        prop_assert_eq!((outcome.usage, outcome.clean), (expected.usage, expected.clean));
        let mut rest = bytes.iter();
        prop_assert!(out.iter().all(|byte| rest.any(|other| other == byte)), "bytes were made up");
        let unstripped = streamed(Operation::ChatCompletions, false, [&bytes[..]]).1;
        prop_assert_eq!(expected.usage, unstripped.usage);
    }
}
