//! What several tests need: a tap driven to its end, a clock that stands
//! still, a way out, and a provider that follows a script.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use keyward_domain::{Clock, Timestamp};
use keyward_provider::{
    Operation, Upstream,
    demo::Demo,
    http::{Client, ClientOptions, Tls},
    tap::{ResponseTap, TapOutcome},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    task::JoinSet,
};

/// 2025-10-09.
pub const NOW: i64 = 1_760_000_000;

pub struct StoppedClock;

impl Clock for StoppedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(NOW).unwrap()
    }
}

/// Sends `pieces` through a tap; answers all that it forwards, and its outcome.
pub fn forwarded<'a>(mut tap: ResponseTap, pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<u8>, TapOutcome) {
    let mut out = Vec::new();
    for piece in pieces {
        out.extend(tap.take(Bytes::copy_from_slice(piece)));
    }
    let outcome = tap.end();
    out.extend(&outcome.rest);
    (out, outcome)
}

/// The same for a stream.
pub fn streamed<'a>(
    operation: Operation,
    strip: bool,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> (Vec<u8>, TapOutcome) {
    forwarded(ResponseTap::new(operation, true, strip), pieces)
}

/// A way out that may go to this machine; the demo doesn't pause.
pub fn upstream() -> Upstream {
    upstream_with(true, Duration::ZERO)
}

pub fn upstream_with(allow_private: bool, pace: Duration) -> Upstream {
    let options = ClientOptions { allow_private, ..ClientOptions::default() };
    let tls = Tls::with_roots(tokio_rustls::rustls::RootCertStore::empty());
    Upstream::new(Client::new(options, tls), Demo::with_pace(Arc::new(StoppedClock), pace))
}

/// A provider on this machine that answers one call as written here, then closes.
pub struct Scripted {
    pub base_url: String,
    call: JoinSet<String>,
}

impl Scripted {
    pub async fn start(answer: impl Into<Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}/base", listener.local_addr().unwrap());
        let answer = answer.into();
        let mut call = JoinSet::new();
        call.spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            let call = read_call(&mut socket).await;
            socket.write_all(&answer).await.unwrap();
            call
        });
        Self { base_url, call }
    }

    /// The call that came, head and body.
    pub async fn call(mut self) -> String {
        self.call.join_next().await.unwrap().unwrap()
    }
}

async fn read_call(socket: &mut tokio::net::TcpStream) -> String {
    let mut call = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&call).to_lowercase();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return String::from_utf8(call).unwrap();
            }
        }
        assert_ne!(socket.read_buf(&mut call).await.unwrap(), 0, "the call is cut off");
    }
}
