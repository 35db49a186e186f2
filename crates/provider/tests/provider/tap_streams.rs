//! Every dialect's streams, cut anywhere: forwarded unchanged, understood alike.

use bytes::Bytes;
use keyward_provider::{Operation, sse::MAX_EVENT, tap::ResponseTap};

use super::{
    fixtures::FIXTURES,
    support::{forwarded, streamed},
};

#[test]
fn streams_are_forwarded_unchanged_and_understood_wherever_they_are_cut() {
    for fixture in FIXTURES {
        for line_end in ["\n", "\r\n", "\r"] {
            let text = fixture.text.replace('\n', line_end);
            for cut in 0..=text.len() {
                let (head, tail) = text.as_bytes().split_at(cut);
                let (out, outcome) = streamed(fixture.operation, false, [head, tail]);
                assert!(out == text.as_bytes(), "{} cut at {cut}", fixture.name);
                assert_eq!((outcome.usage, outcome.clean), (fixture.usage, fixture.clean), "{} at {cut}", fixture.name);
                assert!(outcome.rest.is_empty());
            }
        }
    }
}

#[test]
fn only_added_usage_frames_are_taken_out_wherever_the_stream_is_cut() {
    let mut taken_out = 0;
    for fixture in FIXTURES {
        let expected = fixture.stripped();
        taken_out += usize::from(expected != fixture.text);
        for line_end in ["\n", "\r\n", "\r"] {
            let (text, expected) = (fixture.text.replace('\n', line_end), expected.replace('\n', line_end));
            for cut in 0..=text.len() {
                let (head, tail) = text.as_bytes().split_at(cut);
                let (out, outcome) = streamed(fixture.operation, true, [head, tail]);
                assert!(out == expected.as_bytes(), "{} cut at {cut}", fixture.name);
                assert_eq!((outcome.usage, outcome.clean), (fixture.usage, fixture.clean), "{}", fixture.name);
            }
            let (out, _) = streamed(fixture.operation, true, text.as_bytes().chunks(1));
            assert!(out == expected.as_bytes(), "{} bytewise", fixture.name);
        }
    }
    assert_eq!(taken_out, 4, "the fixtures with a frame of usage alone");
}

#[test]
fn whole_events_are_never_held_back() {
    for fixture in FIXTURES {
        let mut tap = ResponseTap::new(fixture.operation, true, true);
        for event in fixture.stripped().split_inclusive("\n\n").filter(|event| event.ends_with("\n\n")) {
            assert_eq!(tap.take(Bytes::copy_from_slice(event.as_bytes())), event, "{}", fixture.name);
            assert!(tap.is_between_events());
        }
    }
}

#[test]
fn the_end_is_known_as_soon_as_its_event_has_come() {
    let mut tap = ResponseTap::new(Operation::ChatCompletions, true, false);
    tap.take(Bytes::from_static(b"data: {\"choices\":[]}\n\ndata: [DO"));
    assert!(!tap.has_ended() && !tap.is_between_events());
    tap.take(Bytes::from_static(b"NE]\n\n"));
    assert!(tap.has_ended() && tap.is_between_events());
    assert_eq!(tap.events(), 2);
}

#[test]
fn a_null_error_is_no_end() {
    for (data, ended) in [
        (r#"{"error":null,"choices":[]}"#, false),
        (r#"{ "error" : {"message":"x"}}"#, true),
        (r#"{"id":"x","choices":[{"delta":{"content":"{\"error\":{}}"}}]}"#, false),
    ] {
        let mut tap = ResponseTap::new(Operation::ChatCompletions, true, false);
        tap.take(format!("data: {data}\n\n").into());
        assert_eq!(tap.has_ended(), ended, "{data}");
    }
}

#[test]
fn only_completions_are_stripped() {
    let frame = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1}}\n\n";
    for operation in Operation::ALL {
        let (out, _) = streamed(operation, true, [frame.as_bytes()]);
        let stripped = matches!(operation, Operation::ChatCompletions | Operation::Completions);
        assert_eq!(out.is_empty(), stripped, "{operation:?}");
    }
}

#[test]
fn an_event_too_large_to_keep_is_passed_on_and_the_rest_is_understood() {
    for strip in [false, true] {
        let mut text = b"data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9},\"x\":\"".to_vec();
        text.resize(text.len() + MAX_EVENT + (1 << 17), b'x');
        text.extend(b"\"}\n\n");
        let large = text.len();
        text.extend(b"data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1}}\n\ndata: [DONE]\n\n");
        let tap = ResponseTap::new(Operation::ChatCompletions, true, strip);
        let (out, outcome) = forwarded(tap, text.chunks(1 << 16));
        assert!(out.starts_with(&text[..large]));
        assert_eq!(out.len() < text.len(), strip);
        assert_eq!(outcome.usage.unwrap().input_tokens, 1);
        assert!(outcome.clean);
    }
}
