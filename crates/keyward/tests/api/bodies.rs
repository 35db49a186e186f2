//! Bodies that make no sense, sent to every operation that takes one.

use http::Method;
use keyward_testkit::TestApp;

use crate::document::administration;

keyward_testkit::on_both_databases!(a_body_that_makes_no_sense_is_refused_everywhere);

const JSON: &str = "application/json";

/// Type, body, and the answer: status, code and field.
type Wrong<'a> = (&'a str, &'a [u8], u16, &'a str, Option<&'static str>);

async fn a_body_that_makes_no_sense_is_refused_everywhere(app: &TestApp) {
    let oversized = format!("{{\"x\":\"{}\"}}", "x".repeat(1 << 20));
    let deep = format!("{{\"x\":{}1{}}}", "[".repeat(5000), "]".repeat(5000));
    let bodies: &[Wrong<'_>] = &[
        (JSON, b"{", 400, "invalid_json", None),
        (JSON, b"hello", 400, "invalid_json", None),
        (JSON, b"{} {}", 400, "invalid_json", None),
        (JSON, b"{\"x\":\"\xff\"}", 400, "invalid_json", None),
        (JSON, deep.as_bytes(), 400, "invalid_json", None),
        (JSON, b"[]", 400, "invalid_type", None),
        (JSON, b"7", 400, "invalid_type", None),
        (JSON, b"null", 400, "invalid_type", None),
        (JSON, b"{\"nonsense\":1}", 400, "unknown_parameter", Some("nonsense")),
        (JSON, b"{\"x\":1,\"x\":1}", 400, "duplicate_parameter", Some("x")),
        (JSON, b"{\"x\":{\"y\":1,\"\\u0079\":2}}", 400, "duplicate_parameter", Some("y")),
        (JSON, oversized.as_bytes(), 413, "body_too_large", None),
        ("text/plain", b"{}", 415, "unsupported_media_type", None),
        ("application/x-www-form-urlencoded", b"name=x", 415, "unsupported_media_type", None),
        ("application/jsonp", b"{}", 415, "unsupported_media_type", None),
        ("application/json; charset=iso-8859-1", b"{}", 415, "unsupported_media_type", None),
    ];
    let mut tried = 0;
    for operation in administration() {
        let Some(_) = operation.least_body() else {
            assert_ne!(operation.method, Method::POST, "{}: a POST takes a body", operation.path);
            continue;
        };
        tried += 1;
        let path = operation.path.replace(['{', '}'], "");
        let ask = || app.admin.asking(operation.method.clone(), &path);
        for (content_type, body, status, code, param) in bodies {
            let answer = ask().body(content_type, body.to_vec()).send().await;
            answer.assert_error(*status, code, *param);
        }
        for encoding in ["gzip", "br", "gzip, identity"] {
            let answer = ask().header("content-encoding", encoding).body(JSON, "{}").send().await;
            answer.assert_error(415, "unsupported_media_type", None);
        }
        let answer = ask().body(JSON, "{}").header("content-type", JSON).send().await;
        answer.assert_error(415, "unsupported_media_type", None);
        let answer =
            ask().header("content-encoding", "identity").body("application/json; charset=UTF-8", "{\"nonsense\":1}");
        answer.send().await.assert_error(400, "unknown_parameter", "nonsense");
        if operation.takes("If-Match") {
            let answer = ask().header("if-match", "abc").body(JSON, "{}").send().await;
            answer.assert_error(400, "invalid_value", "If-Match");
        }
    }
    assert!(tried > 10, "{tried}");
}
