//! Forms as clients write them, and forms written to be read in two ways.

use bytes::Bytes;
use http::HeaderValue;
use proptest::prelude::*;

use super::*;
use crate::splice::splice;

const B: &str = "----WebKitFormBoundary7MA4YWxk";

/// A form of `(headers, content)`.
fn form(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (headers, content) in parts {
        body.extend(format!("--{B}\r\n{headers}\r\n\r\n").as_bytes());
        body.extend(*content);
        body.extend(b"\r\n");
    }
    body.extend(format!("--{B}--\r\n").as_bytes());
    body
}

const MODEL_PART: &str = "Content-Disposition: form-data; name=\"model\"";
const FILE_PART: &str = "Content-Disposition: form-data; name=\"file\"; filename=\"a.mp3\"\r\nContent-Type: audio/mpeg";

fn read(body: &[u8]) -> Result<BodyHead<'_>, BadBody> {
    BodyHead::read_form(body, B, false)
}

fn boundary_of(content_type: &str) -> Option<String> {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_bytes(content_type.as_bytes()).unwrap());
    boundary(&headers).map(str::to_owned)
}

#[test]
fn a_boundary_is_named_once_and_plainly() {
    for (content_type, found) in [
        ("multipart/form-data; boundary=abc", "abc"),
        ("Multipart/Form-Data;boundary=\"a b\"", ""),
        ("multipart/form-data; boundary=\"a:b/c\"", "a:b/c"),
        ("multipart/form-data; charset=utf-8; boundary=----x1", "----x1"),
    ] {
        assert_eq!(boundary_of(content_type).unwrap_or_default(), found, "{content_type}");
    }
    let long = format!("multipart/form-data; boundary={}", "a".repeat(71));
    for wrong in [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=a; boundary=b",
        "multipart/form-data; boundary=a; Boundary=b",
        "multipart/form-data; boundary*=utf-8''a",
        "multipart/form-data; boundary=\"a",
        "multipart/form-data; boundary=\"a\\\"b\"",
        "multipart/form-data; boundary=--",
        "multipart/form-data; boundary=a, multipart/form-data; boundary=b",
        "multipart/form-data; charset=utf-7; boundary=a",
        "multipart/form-data; boundary=a; x=y",
        "multipart/mixed; boundary=a",
        "application/json; boundary=a",
        "multipart/form-data; boundary=\u{e4}",
        &long,
    ] {
        assert_eq!(boundary_of(wrong), None, "{wrong}");
    }
    let mut twice = HeaderMap::new();
    for boundary in ["a", "b"] {
        let value = format!("multipart/form-data; boundary={boundary}");
        twice.append(header::CONTENT_TYPE, value.parse().unwrap());
    }
    assert_eq!(boundary(&twice), None);
}

#[test]
fn forms_as_clients_write_them_are_read() {
    let file = b"\xff\x00--\r\n\r\n model=x\r\n--";
    let body = form(&[(FILE_PART, file), (MODEL_PART, b"whisper-1")]);
    let head = read(&body).unwrap();
    assert_eq!((head.model.as_ref(), head.stream, head.further_models), ("whisper-1", false, None));
    assert_eq!(&body[head.model_at], b"whisper-1");

    let text = "Content-Type: text/plain; charset=UTF-8\r\nContent-Disposition: form-data; name=model\r\nContent-Length: 1\r\nContent-Transfer-Encoding: 8bit";
    let stream = "content-disposition: form-data; name=\"stream\"";
    let body = form(&[(text, b"m"), (stream, b"true"), (FILE_PART, b"")]);
    assert!(read(&body).unwrap().stream);
    assert!(!read(&form(&[(MODEL_PART, b"m"), (stream, b"False")])).unwrap().stream);
    let models = "content-disposition: form-data; name=\"models\"";
    assert_eq!(read(&form(&[(MODEL_PART, b"m"), (models, b"x")])).unwrap().further_models, Some("models"));
    let images = "Content-Disposition: form-data; name=\"image[]\"; filename=\"1.png\"";
    assert!(read(&form(&[(images, b"1"), (images, b"2"), (MODEL_PART, b"m")])).is_ok());
    // Without the last line break.
    let body = form(&[(MODEL_PART, b"m")]);
    assert!(read(&body[..body.len() - 2]).is_ok());
}

#[test]
fn a_missing_model_is_refused_unless_the_provider_has_one() {
    let body = form(&[(FILE_PART, b"x")]);
    assert_eq!(read(&body).unwrap_err().param, Some("model"));
    assert_eq!(BodyHead::read_form(&body, B, true).unwrap().model, "");
}

#[test]
fn what_a_field_may_not_be_names_it() {
    let name = |name: &str| format!("Content-Disposition: form-data; {name}");
    for (headers, content, field) in [
        (name(r#"name="model"; filename="m""#), &b"m"[..], "model"),
        (name(r#"name="model"; filename*=utf-8''m"#), b"m", "model"),
        (name(r#"name="model""#) + "\r\nContent-Type: application/json", b"\"m\"", "model"),
        (name(r#"name="model""#) + "\r\nContent-Type: text/plain; charset=utf-16", b"m", "model"),
        (name(r#"name="model""#), b"\xffm", "model"),
        (name(r#"name="model""#), b"", "model"),
        (name(r#"name="model""#), b" m", "model"),
        (name(r#"name="model""#), b"m\r\n", "model"),
        (name(r#"name="model""#), B.as_bytes(), "model"),
        (name(r#"name="Model""#), b"m", "model"),
        (name(r#"name="model[]""#), b"m", "model"),
        (name(r#"name="model[0]""#), b"m", "model"),
        (name(r#"name="mo_del""#), b"m", "model"),
        (name(r#"name="STREAM""#), b"true", "stream"),
        (name(r#"name="stream""#), b"1", "stream"),
        (name(r#"name="fallbacks[]""#), b"x", "fallbacks"),
    ] {
        let shown = String::from_utf8_lossy(content).into_owned();
        for parts in [[(&*headers, content), (MODEL_PART, b"m")], [(MODEL_PART, b"m"), (&*headers, content)]] {
            let error = read(&form(&parts)).unwrap_err();
            // A boundary within a part is refused as a whole.
            if content != B.as_bytes() {
                assert_eq!(error.param, Some(field), "{headers} {shown:?}");
            }
        }
        let alone = BodyHead::read_form(&form(&[(&headers, content)]), B, true).err().map(|error| error.param);
        assert_eq!(alone, Some(Some(field)), "{headers} {shown:?}");
    }
    let twice = form(&[(MODEL_PART, b"a"), (FILE_PART, b"x"), (MODEL_PART, b"a")]);
    assert_eq!(read(&twice).unwrap_err().param, Some("model"));
}

#[test]
fn what_readers_could_take_differently_is_refused_as_a_whole() {
    let good = String::from_utf8(form(&[(MODEL_PART, b"m")])).unwrap();
    let part = |headers: &str| String::from_utf8(form(&[(headers, b"x"), (MODEL_PART, b"m")])).unwrap();
    let long = format!("Content-Disposition: form-data; name=\"f\"\r\ncontent-type: {}", "x".repeat(MAX_HEAD));
    let long = part(&long);
    let many = form(&vec![(FILE_PART, &b"x"[..]); MAX_PARTS + 2]);
    for (body, what) in [
        (String::new(), "empty"),
        ("--".to_owned() + B, "cut in the boundary"),
        (format!("--{B}--\r\n"), "no part"),
        (format!("\r\n{good}"), "a line before"),
        (format!("preamble\r\n{good}"), "a preamble"),
        (format!("{good}epilogue"), "an epilogue"),
        (format!("{good}{good}"), "a second form behind the first"),
        (good.replace("--\r\n", ""), "no end"),
        (good.replace("--\r\n", "-\r\n"), "half an end"),
        (good.replace("\r\n", "\n"), "bare line feeds"),
        (good.replace(&format!("m\r\n--{B}"), &format!("m\n--{B}")), "a bare line feed before the boundary"),
        (good.replace(&format!("{B}\r\nC"), &format!("{B} \r\nC")), "blanks behind the boundary"),
        (good.replace(&format!("{B}\r\nC"), &format!("{B}x\r\nC")), "a longer boundary"),
        (good.replace("m\r\n", &format!("m--{B}\r\n")), "the boundary in the middle of a line"),
        (good.replace("m\r\n", &format!("m\n--{B}\nx\r\n")), "the boundary after a line feed"),
        (good.replace("\r\n\r\nm\r\n", "\r\n\r\n"), "a part that ends with its headers"),
        (good.replace("\r\n\r\nm", "\r\nm"), "a part without a body"),
        (good.replace("name=\"model\"", "name=\"model\"\r\n ; x=y"), "a folded header"),
        (good.replace("Disposition:", "Disposition :"), "a blank before the colon"),
        (good.replace("Content-D", " Content-D"), "a blank before a header"),
        (good.replace("name=\"model\"", "name=\"model\"\n"), "a line feed in a header"),
        (good.replace("name=\"model\"", "name=\"model\0\""), "a zero in a header"),
        (part("Content-Type: text/plain"), "no disposition"),
        (part(&format!("{FILE_PART}\r\n{MODEL_PART}")), "two dispositions"),
        (part(&format!("{FILE_PART}\r\nContent-Type: text/plain")), "two types"),
        (part(&format!("{MODEL_PART}2\r\nContent-Type: multipart/mixed; boundary=x")), "a form in the form"),
        (part(&format!("{FILE_PART}\r\nContent-Transfer-Encoding: base64")), "a transfer encoding"),
        (part(&format!("{FILE_PART}\r\nContent-Encoding: gzip")), "a content encoding"),
        (part(&format!("{FILE_PART}\r\nContent-Length: 7")), "another length"),
        (part(&format!("{FILE_PART}\r\nX-A: form-data; name=\"model\"")), "a name in another header"),
        (
            part("Content-Disposition: form-data; name=\"f\"\r\nContent-Type: text/plain; name=\"model\""),
            "a name in the type",
        ),
        (part("Content-Disposition: form-data; name=\"_charset_\""), "a field that tells the charset"),
        (part("Content-Disposition: form-data; name=\"a\"; name=\"model\""), "two names"),
        (part("Content-Disposition: form-data; name=\"a\"; name*=utf-8''model"), "an encoded name"),
        (part("Content-Disposition: form-data; name=\"f\"; filename=\"a\\\"; name=\\\"model\""), "an escaped quote"),
        (part("Content-Disposition: form-data; name=\"f\"; filename=\"a; name=model\""), "a name within a file's name"),
        (long, "a long head"),
        (String::from_utf8(many).unwrap(), "many parts"),
    ] {
        let error = BodyHead::read_form(body.as_bytes(), B, true).expect_err(what);
        assert_eq!(error.param, None, "{what}: {error}");
        assert!(error.message.len() > 50, "{what}: {error}");
    }
}

#[test]
fn only_the_models_bytes_change() {
    let body = Bytes::from(form(&[(FILE_PART, b"\x00model"), (MODEL_PART, b"mine"), (FILE_PART, b"mine")]));
    let head = read(&body).unwrap();
    assert_eq!(splice(&body, &head, None, false).as_ptr(), body.as_ptr());
    let renamed = splice(&body, &head, Some("theirs"), false);
    assert_eq!(renamed, form(&[(FILE_PART, b"\x00model"), (MODEL_PART, b"theirs"), (FILE_PART, b"mine")]));
}

/// All values of `model` that a careless reader could find: it takes any line
/// break, any place of the boundary, letters of any case and the first thing
/// that looks like a name.
fn careless(body: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(body).replace("\r\n", "\n");
    let mut found = Vec::new();
    for part in text.split(&format!("--{B}")).skip(1) {
        let Some((head, content)) = part.split_once("\n\n") else { continue };
        let head = head.to_lowercase();
        let is_model = |rest: &str| {
            let name = rest.trim_start_matches(['*', '=', ' ', '"', '\'']);
            let name = name.strip_prefix("utf-8''").unwrap_or(name);
            name.split(|c: char| !c.is_alphanumeric() && !"-_".contains(c)).next() == Some("model")
        };
        if head.split("name").skip(1).any(is_model) {
            found.push(content.strip_suffix('\n').unwrap_or(content).to_owned());
        }
    }
    found
}

fn piece() -> impl Strategy<Value = Vec<u8>> {
    let texts = [
        &format!("--{B}"),
        &format!("--{B}--"),
        "\r\n",
        "\n",
        "\r\n\r\n",
        "--",
        "Content-Disposition: form-data; name=\"model\"",
        "Content-Disposition: form-data; name=\"file\"; filename=\"a\"",
        "content-type: text/plain",
        "; name=model",
        "whisper",
        "gpt",
        " ",
    ]
    .map(|text| text.as_bytes().to_vec());
    prop_oneof![8 => prop::sample::select(texts.to_vec()), 1 => prop::collection::vec(any::<u8>(), 1..3)]
}

proptest! {
    #[test]
    fn any_body_is_answered(body in prop::collection::vec(any::<u8>(), 0..200), model in any::<bool>()) {
        let _ = BodyHead::read_form(&body, B, model);
    }

    /// What is taken shows no other model, however carelessly it is read.
    #[test]
    fn what_is_taken_is_unambiguous(
        pieces in prop::collection::vec(piece(), 0..6),
        at in 0..400_usize,
        drop in 0..4_usize,
    ) {
        let mut body = form(&[(FILE_PART, b"x"), (MODEL_PART, b"whisper-1")]);
        let at = at.min(body.len());
        let until = (at + drop).min(body.len());
        body.splice(at..until, pieces.concat());
        if let Ok(head) = BodyHead::read_form(&body, B, true) {
            for model in careless(&body) {
                prop_assert_eq!(head.model.as_ref(), model);
            }
        }
    }

    /// Whatever stands in a form's files: the model is found, and a change of
    /// it changes nothing else.
    #[test]
    fn files_of_any_content_pass(
        files in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), 0..4),
        place in 0..5_usize,
        model in "[!-~]{1,20}",
        other in "[a-z]{1,20}",
    ) {
        let mut parts: Vec<(&str, &[u8])> = files.iter().map(|file| (FILE_PART, file.as_slice())).collect();
        let place = place.min(parts.len());
        parts.insert(place, (MODEL_PART, model.as_bytes()));
        let body = Bytes::from(form(&parts));
        let head = read(&body).unwrap();
        prop_assert_eq!(head.model.as_ref(), model.as_str());
        let renamed = splice(&body, &head, Some(&other), false);
        parts[place] = (MODEL_PART, other.as_bytes());
        prop_assert_eq!(renamed.to_vec(), form(&parts));
    }
}
