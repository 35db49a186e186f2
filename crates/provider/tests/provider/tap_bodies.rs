//! Answers that come whole.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use keyward_provider::{
    Operation,
    tap::{MAX_WHOLE, ResponseTap, is_event_stream},
};

use super::support::forwarded;

fn whole(operation: Operation, pieces: &[&str]) -> (String, Option<(u64, u64)>, bool) {
    let tap = ResponseTap::new(operation, false, true);
    let (out, outcome) = forwarded(tap, pieces.iter().map(|piece| piece.as_bytes()));
    let usage = outcome.usage.map(|usage| (usage.input_tokens, usage.output_tokens));
    (String::from_utf8(out).unwrap(), usage, outcome.clean)
}

#[test]
fn every_dialects_use_is_found_in_one_piece_and_in_many() {
    for (operation, body, usage) in [
        (
            Operation::ChatCompletions,
            r#"{"id":"x","choices":[{"message":{"content":"\"usage\":{}"}}],"usage":{"prompt_tokens":3,"completion_tokens":4}}"#,
            Some((3, 4)),
        ),
        (
            Operation::Completions,
            r#"{"usage":{"prompt_tokens":3,"completion_tokens":1,"total_tokens":4}}"#,
            Some((3, 1)),
        ),
        (
            Operation::Responses,
            r#"{"output":[],"usage":{"input_tokens":5,"output_tokens":6,"total_tokens":11}}"#,
            Some((5, 6)),
        ),
        (Operation::Responses, r#"{"status":"in_progress","usage":{"input_tokens":5,"output_tokens":6}}"#, None),
        (Operation::Responses, r#"{"status":"cancelled","usage":{"input_tokens":5,"output_tokens":6}}"#, Some((5, 6))),
        (Operation::Embeddings, r#"{"data":[],"usage":{"prompt_tokens":8,"total_tokens":8}}"#, Some((8, 0))),
        (
            Operation::Messages,
            r#"{"type":"message","usage":{"input_tokens":1,"cache_read_input_tokens":10,"output_tokens":2}}"#,
            Some((11, 2)),
        ),
        (
            Operation::ImageGenerations,
            r#"{"created":1,"data":[{"b64_json":"AA=="}],"usage":{"input_tokens":13,"output_tokens":196,"total_tokens":209,
                "input_tokens_details":{"text_tokens":13,"image_tokens":0}}}"#,
            Some((13, 196)),
        ),
        (Operation::Moderations, r#"{"id":"modr-1","results":[]}"#, None),
        (Operation::Rerank, r#"{"results":[],"usage":{"total_tokens":56}}"#, Some((56, 0))),
        (
            Operation::Rerank,
            r#"{"results":[],"meta":{"billed_units":{"search_units":1},"tokens":{"input_tokens":7}}}"#,
            Some((7, 0)),
        ),
        (Operation::Rerank, r#"{"results":[],"meta":{"api_version":{"version":"2"}}}"#, None),
        (
            Operation::Transcriptions,
            r#"{"text":"x","usage":{"type":"tokens","input_tokens":14,"input_token_details":{"audio_tokens":14},"output_tokens":45,"total_tokens":59}}"#,
            Some((14, 45)),
        ),
        (Operation::Transcriptions, r#"{"text":"x","usage":{"type":"duration","seconds":3}}"#, None),
        (Operation::CountTokens, r#"{"input_tokens":2095}"#, None),
        (Operation::ChatCompletions, r#"{"usage":"a lot"}"#, None),
        (Operation::Messages, r#"{"type":"error","error":{"message":"x"}}"#, None),
        (Operation::ChatCompletions, r#"{"choices":[],"usage":null}"#, None),
    ] {
        assert_eq!(whole(operation, &[body]), (body.into(), usage, true), "{body}");
        for cut in 1..body.len() {
            assert_eq!(whole(operation, &[&body[..cut], &body[cut..]]), (body.into(), usage, true));
        }
    }
}

#[test]
fn a_body_cut_short_is_not_clean() {
    let body = r#"{"choices":[],"usage":{"prompt_tokens":3}}"#;
    for cut in 0..body.len() {
        assert!(!whole(Operation::ChatCompletions, &[&body[..cut]]).2, "{cut}");
    }
    assert!(!whole(Operation::ChatCompletions, &["<html>"]).2);
}

#[test]
fn a_body_too_large_to_keep_is_passed_on_unread() {
    let piece = vec![b' '; MAX_WHOLE / 2 + 1];
    let tap = ResponseTap::new(Operation::Embeddings, false, false);
    let (out, outcome) = forwarded(tap, [&piece[..], &piece, br#"{"usage":{"prompt_tokens":3}}"#]);
    assert_eq!(out.len(), 2 * piece.len() + 29);
    assert_eq!((outcome.usage, outcome.clean), (None, true));
}

#[test]
fn the_content_type_tells_a_stream() {
    for (value, streamed) in [
        ("text/event-stream", true),
        ("Text/Event-Stream ; charset=utf-8", true),
        ("application/json", false),
        ("text/event-streams", false),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", HeaderValue::from_static(value));
        assert_eq!(is_event_stream(&headers), streamed, "{value}");
    }
    assert!(!is_event_stream(&HeaderMap::new()));
}

#[test]
fn an_encoded_body_is_passed_on_unread() {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("text/event-stream"));
    headers.insert("content-encoding", HeaderValue::from_static("gzip"));
    let text: &[u8] = b"data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1}}\n\n";
    let tap = ResponseTap::for_response(Operation::ChatCompletions, &headers, true);
    let (out, outcome) = forwarded(tap, [text]);
    assert_eq!((&out[..], outcome.usage, outcome.clean), (text, None, true));

    headers.insert("content-encoding", HeaderValue::from_static("identity"));
    let mut tap = ResponseTap::for_response(Operation::ChatCompletions, &headers, true);
    assert_eq!(tap.take(Bytes::from_static(text)), "");
}

#[test]
fn sound_is_passed_on_unread_and_never_kept() {
    let headers = |kind: &'static str| {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", HeaderValue::from_static(kind));
        headers
    };
    for (kind, body, clean) in [
        ("audio/mpeg", "\u{fffd}", true),
        ("application/octet-stream", "x", true),
        ("application/json", "{", false),
        ("application/json; charset=utf-8", "{}", true),
    ] {
        let tap = ResponseTap::for_response(Operation::Speech, &headers(kind), false);
        let (out, outcome) = forwarded(tap, [body.as_bytes()]);
        assert_eq!((out.as_slice(), outcome.clean), (body.as_bytes(), clean), "{kind}");
    }
    let tap = ResponseTap::for_response(Operation::ChatCompletions, &headers("audio/mpeg"), false);
    assert!(!forwarded(tap, [&b"x"[..]]).1.clean);
}
