//! A caller that says exactly what a test wants, byte for byte, and reads what
//! comes back as strictly.

use std::net::SocketAddr;

use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpStream,
};

/// What a caller talks over.
trait Line: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Line for T {}

pub struct Client {
    stream: Box<dyn Line>,
    buffer: Vec<u8>,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
    /// The body ended as its framing says.
    pub clean: bool,
}

impl Answer {
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {:?}", self.text()))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Status and `error.code`; and all that every refusal has.
    #[track_caller]
    pub fn assert_error(&self, status: u16, code: &str) {
        let json = self.json();
        assert_eq!((self.status, json["error"]["code"].as_str()), (status, Some(code)), "{json}");
        let error = &json["error"];
        assert!(error["message"].as_str().is_some_and(|message| message.len() > 20), "{json}");
        assert!(error["type"].as_str().is_some_and(|kind| kind.ends_with("_error") || kind == "request_too_large"));
        assert!(self.header("x-request-id").is_some_and(|id| id.starts_with("req_")));
        assert_eq!(self.header("content-type"), Some("application/json"));
    }
}

impl Client {
    pub async fn connect(address: SocketAddr) -> Self {
        Self::on(TcpStream::connect(address).await.unwrap())
    }

    pub fn on(stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) -> Self {
        Self { stream: Box::new(stream), buffer: Vec::new() }
    }

    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    /// Sends without reading; whether the other side closes before all is taken.
    pub async fn closed_while_sending(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        within(self.stream.write_all(bytes.as_ref())).await.is_err()
    }

    /// A request's text, its length told.
    pub fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> String {
        let mut text = format!("{method} {path} HTTP/1.1\r\nhost: keyward.example\r\n");
        for (name, value) in headers {
            text += &format!("{name}: {value}\r\n");
        }
        if !body.is_empty() && !headers.iter().any(|(name, _)| *name == "content-type") {
            text += "content-type: application/json\r\n";
        }
        text + &format!("content-length: {}\r\n\r\n{body}", body.len())
    }

    pub async fn post(&mut self, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        self.send(Self::request("POST", path, headers, body)).await;
        self.answer().await
    }

    pub async fn get(&mut self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send(Self::request("GET", path, headers, "")).await;
        self.answer().await
    }

    /// The next answer, whole or broken off.
    pub async fn answer(&mut self) -> Answer {
        let (status, headers) = self.head().await;
        let mut body = Vec::new();
        let clean = self.rest(&headers, &mut body).await;
        Answer { status, headers, body, clean }
    }

    /// The next answer's head.
    pub async fn head(&mut self) -> (u16, HeaderMap) {
        let end = loop {
            if let Some(at) = find(&self.buffer, b"\r\n\r\n") {
                break at + 4;
            }
            assert!(self.fill().await, "closed before an answer: {:?}", String::from_utf8_lossy(&self.buffer));
        };
        let head = String::from_utf8(self.buffer.drain(..end).collect()).unwrap();
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let mut headers = HeaderMap::new();
        for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
            headers.append(name.parse::<HeaderName>().unwrap(), value.parse::<HeaderValue>().unwrap());
        }
        (status, headers)
    }

    /// The next chunk of a chunked body; `None` at its clean end, an error when
    /// the connection breaks.
    pub async fn chunk(&mut self) -> Result<Option<Vec<u8>>, ()> {
        let line = loop {
            if let Some(at) = find(&self.buffer, b"\r\n") {
                break self.buffer.drain(..at + 2).collect::<Vec<_>>();
            }
            if !self.fill().await {
                return Err(());
            }
        };
        let length = usize::from_str_radix(std::str::from_utf8(&line).unwrap().trim(), 16).unwrap();
        while self.buffer.len() < length + 2 {
            if !self.fill().await {
                return Err(());
            }
        }
        let chunk: Vec<u8> = self.buffer.drain(..length).collect();
        self.buffer.drain(..2);
        Ok((length > 0).then_some(chunk))
    }

    /// Whether the other side has closed without another byte.
    pub async fn is_closed(&mut self) -> bool {
        self.buffer.is_empty() && !self.fill().await
    }

    /// Closes the connection.
    pub fn hang_up(self) {}

    async fn rest(&mut self, headers: &HeaderMap, body: &mut Vec<u8>) -> bool {
        if let Some(length) = headers.get("content-length") {
            let length: usize = length.to_str().unwrap().parse().unwrap();
            while self.buffer.len() < length {
                if !self.fill().await {
                    body.append(&mut self.buffer);
                    return false;
                }
            }
            body.extend(self.buffer.drain(..length));
            return true;
        }
        if !headers.contains_key("transfer-encoding") {
            return true;
        }
        loop {
            match self.chunk().await {
                Ok(Some(chunk)) => body.extend(chunk),
                Ok(None) => return true,
                Err(()) => return false,
            }
        }
    }

    async fn fill(&mut self) -> bool {
        within(self.stream.read_buf(&mut self.buffer)).await.is_ok_and(|read| read > 0)
    }
}

/// A test that waits for what never comes fails.
pub async fn within<T>(wait: impl Future<Output = T>) -> T {
    tokio::time::timeout(std::time::Duration::from_secs(30), wait).await.expect("nothing came for 30 seconds")
}

pub fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    memchr::memmem::find(bytes, wanted)
}
