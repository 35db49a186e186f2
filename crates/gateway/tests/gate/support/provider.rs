//! A provider that does what a test tells it: each request waits for the test,
//! which answers it byte by byte.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::JoinSet,
};

use super::client::{find, within};

pub struct TestProvider {
    port: u16,
    requests: mpsc::UnboundedReceiver<Exchange>,
    seen: Arc<AtomicUsize>,
    tasks: JoinSet<()>,
}

/// One request, and the connection that waits for its answer.
pub struct Exchange {
    pub head: String,
    pub body: Vec<u8>,
    stream: TcpStream,
    again: mpsc::UnboundedSender<TcpStream>,
}

impl TestProvider {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (asked, requests) = mpsc::unbounded_channel();
        let seen = Arc::new(AtomicUsize::new(0));
        let mut tasks = JoinSet::new();
        let counter = Arc::clone(&seen);
        tasks.spawn(async move {
            let (again, mut free) = mpsc::unbounded_channel();
            let mut connections = JoinSet::new();
            loop {
                let stream = tokio::select! {
                    accepted = listener.accept() => accepted.unwrap().0,
                    Some(stream) = free.recv() => stream,
                };
                let (asked, again, counter) = (asked.clone(), again.clone(), Arc::clone(&counter));
                connections.spawn(async move {
                    if let Some((head, body, stream)) = read_request(stream).await {
                        counter.fetch_add(1, Ordering::SeqCst);
                        let _ = asked.send(Exchange { head, body, stream, again });
                    }
                });
            }
        });
        Self { port, requests, seen, tasks }
    }

    pub fn origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The next request.
    pub async fn next(&mut self) -> Exchange {
        within(self.requests.recv()).await.unwrap()
    }

    /// How many requests came.
    pub fn seen(&self) -> usize {
        self.seen.load(Ordering::SeqCst)
    }

    /// Answers every request with this JSON from now on.
    pub fn always_answer(&mut self, body: &'static str) {
        let (_, empty) = mpsc::unbounded_channel();
        let mut requests = std::mem::replace(&mut self.requests, empty);
        self.tasks.spawn(async move {
            while let Some(exchange) = requests.recv().await {
                exchange.json(200, body).await;
            }
        });
    }
}

impl Exchange {
    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        lines.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    pub fn request_line(&self) -> &str {
        self.head.lines().next().unwrap()
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
    }

    /// A whole answer; the connection stays open for the next request.
    pub async fn json(self, status: u16, body: &str) {
        self.answer(status, "content-type: application/json\r\n", body).await;
    }

    /// The same with any header lines.
    pub async fn answer(mut self, status: u16, headers: &str, body: &str) {
        let length = body.len();
        self.send(format!("HTTP/1.1 {status} X\r\n{headers}content-length: {length}\r\n\r\n{body}")).await;
        let _ = self.again.send(self.stream);
    }

    /// The head of a stream of events.
    pub async fn begin_stream(&mut self) {
        self.send("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n").await;
    }

    /// One chunk of it.
    pub async fn frame(&mut self, text: &str) {
        self.send(format!("{:x}\r\n{text}\r\n", text.len())).await;
    }

    /// How many bytes of chunks Keyward takes, of `most`, before it closes.
    pub async fn taken_until_closed(&mut self, text: &str, most: usize) -> usize {
        let chunk = format!("{:x}\r\n{text}\r\n", text.len());
        let mut taken = 0;
        while taken < most {
            match within(self.stream.write(chunk.get(taken % chunk.len()..).unwrap().as_bytes())).await {
                Ok(written) => taken += written,
                Err(_) => break,
            }
        }
        taken
    }

    /// Its clean end.
    pub async fn end_stream(mut self) {
        self.send("0\r\n\r\n").await;
        let _ = self.again.send(self.stream);
    }

    /// Waits until Keyward closes this connection.
    pub async fn closed(&mut self) {
        let mut rest = Vec::new();
        let _ = within(self.stream.read_to_end(&mut rest)).await;
        assert!(rest.is_empty());
    }

    /// Closes the connection.
    pub fn break_off(self) {}
}

async fn read_request(mut stream: TcpStream) -> Option<(String, Vec<u8>, TcpStream)> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(at) = find(&bytes, b"\r\n\r\n") {
            break at + 4;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let mut body = bytes.split_off(end);
    let head = String::from_utf8(bytes).unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).map_or(0, |n| n.parse().unwrap());
    while body.len() < length {
        if stream.read_buf(&mut body).await.ok()? == 0 {
            return None;
        }
    }
    Some((head, body, stream))
}
