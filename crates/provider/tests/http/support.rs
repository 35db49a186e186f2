//! A provider whose connections a test plays by hand, and short ways to call it.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method};
use keyward_provider::http::{
    Client, ClientOptions, Endpoint, OutgoingRequest, Response, SendError, Tls,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::rustls::RootCertStore;

/// The listening side.
pub struct Provider {
    listener: TcpListener,
    pub endpoint: Endpoint,
}

impl Provider {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        Self {
            listener,
            endpoint: Endpoint::parse(&format!("http://{address}/v1")).unwrap(),
        }
    }

    pub fn port(&self) -> u16 {
        self.listener.local_addr().unwrap().port()
    }

    pub async fn accept(&self) -> Peer {
        let (stream, _) = self.listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        Peer { stream }
    }

    /// Answers the first request of a fresh connection and leaves it open.
    pub async fn answer(&self, response: &str) -> Peer {
        let mut peer = self.accept().await;
        peer.answer(response).await;
        peer
    }
}

/// The provider's side of one connection.
pub struct Peer {
    pub stream: TcpStream,
}

/// A request as it stood on the wire.
pub struct Received {
    pub head: String,
    pub body: Vec<u8>,
}

impl Peer {
    /// Reads one request with its `content-length` body.
    pub async fn request(&mut self) -> Received {
        let head = self.head().await;
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).await.unwrap();
        Received { head, body }
    }

    pub async fn head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.stream.read_u8().await.expect("a request"));
        }
        String::from_utf8(head).unwrap()
    }

    pub async fn say(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
    }

    /// Lets the other side read what was said before.
    pub async fn pause(&self) {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }

    pub async fn answer(&mut self, response: &str) -> Received {
        let request = self.request().await;
        self.say(response).await;
        request
    }

    /// Waits until the client has closed the connection.
    pub async fn closed(&mut self) {
        let mut sink = [0; 1024];
        while !matches!(self.stream.read(&mut sink).await, Ok(0) | Err(_)) {}
    }

    /// Closes with a reset, as a crashed process's kernel does.
    pub fn reset(self) {
        socket2::SockRef::from(&self.stream)
            .set_linger(Some(Duration::ZERO))
            .unwrap();
    }
}

pub fn options() -> ClientOptions {
    ClientOptions {
        allow_private: true,
        ..ClientOptions::default()
    }
}

pub fn no_tls() -> Tls {
    Tls::with_roots(RootCertStore::empty())
}

pub fn client() -> Client {
    Client::new(options(), no_tls())
}

pub async fn send(
    client: &Client,
    endpoint: &Endpoint,
    method: Method,
    body: impl Into<Bytes>,
) -> Result<Response, SendError> {
    let request = OutgoingRequest {
        method,
        target: "/v1/chat/completions",
        headers: &HeaderMap::new(),
        body: body.into(),
    };
    client.send(endpoint, request).await
}

pub async fn post(client: &Client, endpoint: &Endpoint) -> Result<Response, SendError> {
    send(client, endpoint, Method::POST, "{}").await
}

/// Runs both sides of a conversation. The limit only ends a test that would
/// hang for ever.
pub fn both<A, B>(
    ours: impl Future<Output = A>,
    theirs: impl Future<Output = B>,
) -> Pin<Box<impl Future<Output = (A, B)>>> {
    Box::pin(within(async { tokio::join!(ours, theirs) }))
}

pub async fn within<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), work)
        .await
        .expect("both sides come to an end")
}

/// One call to a fresh provider that gives `response` and then closes.
pub async fn call(response: impl AsRef<[u8]>) -> Result<Response, SendError> {
    call_as(Method::POST, response).await
}

pub async fn call_as(method: Method, response: impl AsRef<[u8]>) -> Result<Response, SendError> {
    let provider = Provider::start().await;
    let client = client();
    let theirs = async {
        let mut peer = provider.accept().await;
        peer.request().await;
        // The client may refuse and close before all is written.
        let _ = peer.stream.write_all(response.as_ref()).await;
        let _ = peer.stream.shutdown().await;
        peer
    };
    let (response, _peer) = both(send(&client, &provider.endpoint, method, "{}"), theirs).await;
    response
}

pub async fn text(response: Response) -> String {
    let body = within(response.body.collect(1 << 20)).await.unwrap();
    String::from_utf8(body.to_vec()).unwrap()
}
