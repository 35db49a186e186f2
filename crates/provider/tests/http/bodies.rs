//! Responses as they should be: framing, headers, ends.

use bytes::Bytes;
use http::Method;
use keyward_provider::http::BodyError;

use super::support::{Provider, both, call, call_as, client, post, text, within};

#[tokio::test]
async fn a_body_with_a_length_arrives_whole() {
    let response = call("HTTP/1.1 201 Created\r\ncontent-length: 5\r\nx-a: b\r\n\r\nhello").await.unwrap();
    assert_eq!(response.status, 201);
    assert_eq!(response.body.exact_length(), Some(5));
    assert!(!response.body.ends_by_close());
    assert_eq!(response.headers.len(), 1, "{:?}", response.headers);
    assert_eq!(response.headers["x-a"], "b");
    assert_eq!(text(response).await, "hello");
}

#[tokio::test]
async fn a_chunked_body_arrives_without_its_coding() {
    let response = call(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n\
         5;ext=\"1\"\r\nhello\r\n00a\r\n, wonderfu\r\n1\r\nl\r\n0\r\nx-t: v\r\n\r\n",
    )
    .await
    .unwrap();
    assert_eq!(response.body.exact_length(), None);
    assert!(response.headers.is_empty());
    assert_eq!(text(response).await, "hello, wonderful");
}

#[tokio::test]
async fn a_body_that_ends_by_close_says_so() {
    let response = call("HTTP/1.1 200 OK\r\n\r\nuntil the end").await.unwrap();
    assert!(response.body.ends_by_close());
    assert_eq!(response.body.exact_length(), None);
    assert_eq!(text(response).await, "until the end");
}

#[tokio::test]
async fn what_one_read_brings_is_one_piece_and_the_end_is_known_with_the_last() {
    let provider = Provider::start().await;
    let client = client();
    let (mut peer, mut body) = {
        let theirs = provider.answer("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
        let (response, peer) = both(post(&client, &provider.endpoint), theirs).await;
        (peer, response.unwrap().body)
    };
    peer.say("3\r\nabc\r\n2\r\nde\r\n").await;
    assert_eq!(within(body.next()).await, Some(Ok(Bytes::from("abcde"))));
    assert!(!body.is_complete());

    peer.say("1\r\nf\r\n0\r\n\r\n").await;
    assert_eq!(within(body.next()).await, Some(Ok(Bytes::from("f"))));
    assert!(body.is_complete());
    assert_eq!(within(body.next()).await, None);
    assert_eq!(within(body.next()).await, None);
}

#[tokio::test]
async fn responses_that_never_have_a_body_have_none_whatever_they_say() {
    for (method, status) in
        [(Method::POST, "204 No Content"), (Method::GET, "304 Not Modified"), (Method::HEAD, "200 OK")]
    {
        let response = call_as(method, format!("HTTP/1.1 {status}\r\ncontent-length: 7\r\n\r\n")).await.unwrap();
        assert!(response.body.is_complete(), "{status}");
        assert_eq!(response.body.exact_length(), Some(0));
        assert_eq!(text(response).await, "");
    }
}

#[tokio::test]
async fn interim_responses_are_skipped() {
    let response = call(
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n\
         HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
    )
    .await
    .unwrap();
    assert_eq!(response.status, 200);
    assert!(response.headers.is_empty());
    assert_eq!(text(response).await, "ok");
}

#[tokio::test]
async fn headers_of_the_connection_stay_on_the_connection() {
    let response = call(
        "HTTP/1.1 200 OK\r\nconnection: Keep-Alive, X-Hop, ,\r\nconnection: close\r\n\
         keep-alive: timeout=5\r\nx-hop: 1\r\nX-Kept: 1\r\nproxy-authenticate: x\r\n\
         upgrade: h2\r\ntrailer: t\r\nset-cookie: a\r\nset-cookie: b\r\ncontent-length: 0\r\n\r\n",
    )
    .await
    .unwrap();
    let names: Vec<_> = response.headers.iter().map(|(n, v)| (n.as_str(), v)).collect();
    assert_eq!(names.len(), 3, "{names:?}");
    assert_eq!(response.headers["x-kept"], "1");
    assert_eq!(response.headers.get_all("set-cookie").iter().count(), 2);
}

#[tokio::test]
async fn a_response_shows_no_header_and_no_body_when_debugged() {
    let response = call("HTTP/1.1 200 OK\r\nx-a: hush\r\ncontent-length: 4\r\n\r\nhush").await.unwrap();
    assert!(!format!("{response:?}").contains("hush"));
}

#[tokio::test]
async fn a_body_cut_short_is_truncated_and_stays_so() {
    for response in [
        "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
    ] {
        let mut body = call(response).await.unwrap().body;
        assert_eq!(within(body.next()).await, Some(Ok(Bytes::from("hello"))));
        for _ in 0..3 {
            assert_eq!(within(body.next()).await, Some(Err(BodyError::Truncated)));
            assert!(!body.is_complete());
        }
    }
}

#[tokio::test]
async fn a_body_that_ends_by_close_is_truncated_by_a_reset() {
    let provider = Provider::start().await;
    let client = client();
    let theirs = provider.answer("HTTP/1.1 200 OK\r\n\r\nsome");
    let (response, peer) = both(post(&client, &provider.endpoint), theirs).await;
    let mut body = response.unwrap().body;
    assert_eq!(within(body.next()).await, Some(Ok(Bytes::from("some"))));
    peer.reset();
    assert_eq!(within(body.next()).await, Some(Err(BodyError::Truncated)));
}

#[tokio::test]
async fn collect_gives_exactly_the_limit_and_refuses_one_byte_more() {
    for head in
        ["content-length: 6\r\n\r\nabcdef", "transfer-encoding: chunked\r\n\r\n6\r\nabcdef\r\n0\r\n\r\n", "\r\nabcdef"]
    {
        let response = format!("HTTP/1.1 200 OK\r\n{head}");
        let whole = call(&response).await.unwrap().body.collect(6).await;
        assert_eq!(whole, Ok(Bytes::from("abcdef")));
        let refused = call(&response).await.unwrap().body.collect(5).await;
        assert_eq!(refused, Err(BodyError::TooLarge));
    }
}

#[tokio::test]
async fn a_large_body_arrives_byte_for_byte_in_every_framing() {
    let body: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
    let mut chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    for (n, chunk) in body.chunks(7001).enumerate() {
        // A small chunk now and then, so that sizes and reads don't align.
        for part in [&chunk[..n % 5], &chunk[n % 5..]] {
            if !part.is_empty() {
                chunked.extend(format!("{:x}\r\n", part.len()).into_bytes());
                chunked.extend(part);
                chunked.extend(b"\r\n");
            }
        }
    }
    chunked.extend(b"0\r\n\r\n");
    let sized = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
    let mut sized = sized.into_bytes();
    sized.extend(&body);
    let mut closed = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
    closed.extend(&body);

    for response in [chunked, sized, closed] {
        let provider = Provider::start().await;
        let client = client();
        let ours = async {
            let response = post(&client, &provider.endpoint).await.unwrap();
            response.body.collect(1 << 24).await
        };
        let theirs = async {
            let mut peer = provider.accept().await;
            peer.request().await;
            peer.say(&response).await;
        };
        let (received, ()) = both(ours, theirs).await;
        assert!(received.unwrap() == body);
    }
}

#[tokio::test]
async fn dropping_next_half_way_loses_nothing() {
    let provider = Provider::start().await;
    let client = client();
    let theirs = provider.answer("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
    let (response, mut peer) = both(post(&client, &provider.endpoint), theirs).await;
    let mut body = response.unwrap().body;
    let mut received = Vec::new();
    let wire = "4\r\nabcd\r\n2\r\nef\r\n0\r\n\r\n";
    for byte in wire.as_bytes() {
        // Polled once before the byte comes, then dropped.
        tokio::select! {
            biased;
            piece = body.next() => received.extend(piece.unwrap().unwrap()),
            () = std::future::ready(()) => {}
        }
        peer.say([*byte]).await;
        peer.pause().await;
    }
    while let Some(piece) = within(body.next()).await {
        received.extend(piece.unwrap());
    }
    assert_eq!(received, b"abcdef");
}
