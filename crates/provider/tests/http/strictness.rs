//! Responses that two readers could read differently are refused.

use http::Method;
use keyward_provider::http::{BodyError, SendError};

use super::support::{call, call_as, within};

#[tokio::test]
async fn a_malformed_head_is_refused() {
    let long = format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "a".repeat(17_000));
    let endless = format!("HTTP/1.1 200 OK\r\nx: {}", "a".repeat(40_000));
    let crowded = format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: b\r\n".repeat(101));
    let heads: &[&[u8]] = &[
        b"SSH-2.0-OpenSSH_9.9\r\n",
        b"\r\nHTTP/1.1 200 OK\r\n\r\n",
        b"<html>",
        b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/1.2 200 OK\r\n\r\n",
        b"HTTP/1.1200 OK\r\n\r\n",
        b"HTTP/1.1  200 OK\r\n\r\n",
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 099 OK\r\n\r\n",
        b"HTTP/1.1 600 OK\r\n\r\n",
        b"HTTP/1.1 +20 OK\r\n\r\n",
        b"HTTP/1.1 200 O\0K\r\n\r\n",
        b"HTTP/1.1 200 OK\n\n",
        b"HTTP/1.1 200 OK\r\na: b\nc: d\r\n\r\n",
        b"HTTP/1.1 200 OK\r\na: b\r\n\n",
        b"HTTP/1.1 200 OK\r\na: b\rc: d\r\n\r\n",
        b"HTTP/1.1 200 OK\r\na: b\r\n c\r\n\r\n",
        b"HTTP/1.1 200 OK\r\na : b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n a: b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\na b: c\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n: b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\na: b\0c\r\n\r\n",
        b"HTTP/1.1 200 OK\r\na: b\x7fc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\na: b\x1bc\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        long.as_bytes(),
        endless.as_bytes(),
        crowded.as_bytes(),
    ];
    for head in heads {
        refused(Method::POST, head).await;
    }
}

#[tokio::test]
async fn framing_that_could_be_read_in_two_ways_is_refused() {
    for framing in [
        "content-length: 2\r\ntransfer-encoding: chunked",
        "transfer-encoding: chunked\r\ncontent-length: 2",
        "content-length: 2\r\ncontent-length: 2",
        "content-length: 2\r\ncontent-length: 3",
        "content-length: 2, 2",
        "content-length: ",
        "content-length: +2",
        "content-length: -2",
        "content-length: 0x2",
        "content-length: 2 ;",
        "content-length: 2.0",
        "content-length: 99999999999999999999",
        "content-length: 18446744073709551618",
        "transfer-encoding: gzip",
        "transfer-encoding: gzip, chunked",
        "transfer-encoding: chunked, chunked",
        "transfer-encoding: chunked\r\ntransfer-encoding: chunked",
        "transfer-encoding: chunked\r\ntransfer-encoding: identity",
        "transfer-encoding: identity",
        "transfer-encoding: xchunked",
        "transfer-encoding: chunked;q=1",
        "transfer-encoding: \"chunked\"",
        "transfer-encoding: ",
    ] {
        let head = format!("HTTP/1.1 200 OK\r\n{framing}\r\n\r\nhello");
        refused(Method::POST, head.as_bytes()).await;
        // Nor do they pass where the body wouldn't be looked at.
        refused(Method::HEAD, head.as_bytes()).await;
    }
    refused(Method::POST, b"HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n").await;
}

#[tokio::test]
async fn interim_responses_without_end_are_refused() {
    let mut response = "HTTP/1.1 102 Processing\r\n\r\n".repeat(9);
    response.push_str("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    refused(Method::POST, response.as_bytes()).await;
}

async fn refused(method: Method, response: &[u8]) {
    let shown = String::from_utf8_lossy(response.get(..80).unwrap_or(response)).into_owned();
    match call_as(method, response).await {
        Err(error @ SendError::Malformed { .. }) => {
            assert!(error.was_sent());
            assert!(error.to_string().starts_with("127.0.0.1 answered"), "{error}");
        }
        other => panic!("{shown:?} gave {other:?}"),
    }
}

#[tokio::test]
async fn a_broken_chunked_body_is_malformed_and_stays_so() {
    let long_extension = format!("1;{}\r\na\r\n", "e".repeat(2000));
    let long_trailer = format!("0\r\nt: {}\r\n\r\n", "e".repeat(9000));
    for body in [
        "x\r\n",
        "\r\n",
        ";\r\n",
        "-1\r\n",
        "+1\r\na\r\n0\r\n\r\n",
        "0x1\r\na\r\n0\r\n\r\n",
        " 1\r\na\r\n0\r\n\r\n",
        "1 \r\na\r\n0\r\n\r\n",
        "1\na\n0\n\n",
        "1\r\na\n0\r\n\r\n",
        "1\r\nab\r\n0\r\n\r\n",
        "1\rXa\r\n0\r\n\r\n",
        "1;a\nb\r\na\r\n0\r\n\r\n",
        "1;a\0b\r\na\r\n0\r\n\r\n",
        "10000000000000000\r\n",
        "00000000000000001\r\na\r\n0\r\n\r\n",
        "0\r\nnot a field\r\n\r\n",
        "0\r\n: v\r\n\r\n",
        "0\r\nt: v\n\r\n",
        "0\r\n folded\r\n\r\n",
        "1\r\na\rX0\r\n\r\n",
        "0\r\nt: v\rX\r\n",
        "0\r\n\rX",
        &long_extension,
        &long_trailer,
    ] {
        let response = format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{body}");
        let mut body_of = call(&response).await.unwrap().body;
        loop {
            match within(body_of.next()).await {
                Some(Ok(_)) => {}
                Some(Err(BodyError::Malformed(_))) => break,
                other => panic!("{body:?} gave {other:?}"),
            }
        }
        let again = within(body_of.next()).await;
        assert!(matches!(again, Some(Err(BodyError::Malformed(_)))));
        assert!(!body_of.is_complete());
    }
}
