//! How much calls can use, read from bodies of every kind.

use super::*;

fn chat(body: &str) -> Bounds {
    Bounds::of_json(body.as_bytes(), Operation::ChatCompletions)
}

#[test]
fn text_is_bounded_by_its_bytes() {
    for body in [
        r#"{"model":"m","messages":[{"role":"user","content":"hello"}]}"#,
        r#"{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"hello"}]}]}"#,
        r#"{"model":"m","messages":[],"tools":[{"type":"function","function":{"name":"f","parameters":
            {"type":"object","properties":{"type":{"type":["string","null"]}}}}}]}"#,
        r#"{"model":"m","prompt":[1,2,3],"temperature":0.5,"made_up":null}"#,
    ] {
        assert_eq!(chat(body).input, Some(body.len() as u64 + ADDED), "{body}");
    }
}

#[test]
fn what_brings_in_more_than_the_body_is_not() {
    for body in [
        r#"{"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://x"}}]}]}"#,
        r#"{"model":"m","messages":[{"role":"user","content":[{"\u0074ype":"input_file","file_id":"f"}]}]}"#,
        r#"{"model":"m","input":"x","previous_response_id":"resp_1"}"#,
        r#"{"model":"m","input":"x","tools":[{"type":"web_search"}]}"#,
        r#"{"model":"m","prompt":{"id":"pmpt_1"}}"#,
        r#"{"model":"m","messages":[],"plugins":[{"id":"web"}]}"#,
        r#"{"model":"m","messages":[{"content":[{"type":"text"},{"type":"document"}]}]}"#,
    ] {
        assert_eq!(chat(body).input, None, "{body}");
    }
}

#[test]
fn the_most_output_is_read_by_the_names_that_the_route_knows() {
    let most = |body: &str, operation| Bounds::of_json(body.as_bytes(), operation).output;
    let both = r#"{"model":"m","max_tokens":5,"max_completion_tokens":7,"max_output_tokens":9}"#;
    assert_eq!(most(both, Operation::ChatCompletions), Some(7));
    assert_eq!(most(both, Operation::Messages), Some(5));
    assert_eq!(most(both, Operation::Responses), Some(9));
    assert_eq!(most(r#"{"model":"m","max_tokens":5}"#, Operation::Responses), None);
    for nothing in ["null", "-1", "1e3", "\"5\"", "[5]"] {
        let body = format!(r#"{{"model":"m","max_tokens":{nothing}}}"#);
        assert_eq!(most(&body, Operation::Messages), None, "{body}");
    }
    assert_eq!(most(r#"{"max_tokens":5,"max_tokens":7}"#, Operation::Messages), None);
}

#[test]
fn several_answers_count_several_times() {
    let answers = |body: &str| chat(body).answers;
    assert_eq!(answers(r#"{"model":"m"}"#), Some(1));
    assert_eq!(answers(r#"{"model":"m","n":0}"#), Some(1));
    assert_eq!(answers(r#"{"model":"m","n":3,"best_of":5}"#), Some(5));
    assert_eq!(answers(r#"{"model":"m","n":"3"}"#), None);
}

#[test]
fn an_embedding_has_no_output() {
    let body = br#"{"model":"m","input":["x"],"max_tokens":5}"#;
    assert_eq!(Bounds::of_json(body, Operation::Embeddings).output, Some(0));
    assert_eq!(Bounds::of_json(body, Operation::Rerank).output, None);
}
