//! Reads HTTP/1.1 answers and makes the few plain requests that setting up
//! needs. It serves our own load and our own targets only: one answer at a
//! time, no pipelining, no body that ends with the connection.

use anyhow::{Context, Result, bail, ensure};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// Longest head that is accepted.
const MAX_HEAD: usize = 16 * 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Head,
    Length(u64),
    ChunkSize(u64),
    ChunkExtension(u64),
    ChunkData(u64),
    ChunkEnd,
    /// Trailers; the number of bytes since the last line began.
    Trailer(u64),
    Complete,
}

/// Reads one answer, however it is cut into reads.
#[derive(Debug)]
pub struct AnswerReader {
    part: Part,
    head: Vec<u8>,
    status: u16,
    close: bool,
}

impl AnswerReader {
    /// A reader at the start of an answer.
    pub fn new() -> Self {
        Self { part: Part::Head, head: Vec::new(), status: 0, close: false }
    }

    /// Reads on and hands the body's bytes, without framing, to `body`.
    /// Answers whether the answer is complete.
    ///
    /// # Errors
    /// When this is no HTTP/1.1, or more comes than the answer holds.
    pub fn feed(&mut self, mut input: &[u8], body: &mut impl FnMut(&[u8])) -> Result<bool> {
        while !input.is_empty() {
            input = self.step(input, body)?;
        }
        Ok(self.part == Part::Complete)
    }

    /// The status; 0 before the head is complete.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// A header's first value, once the head is complete.
    pub fn header(&self, name: &str) -> Option<String> {
        let head = std::str::from_utf8(&self.head).ok()?;
        let mut lines = head.lines().filter_map(|line| line.split_once(':'));
        lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim().to_owned())
    }

    /// Whether the other side closes the connection after this answer.
    pub fn closes(&self) -> bool {
        self.close
    }

    /// Takes what belongs to the current part and answers the rest.
    fn step<'a>(&mut self, input: &'a [u8], body: &mut impl FnMut(&[u8])) -> Result<&'a [u8]> {
        let (first, tail) = input.split_first().context("no input")?;
        match self.part {
            Part::Head => return self.head(input),
            Part::Length(left) => {
                let (data, rest) = split(input, left);
                body(data);
                self.part = after_length(left - data.len() as u64);
                return Ok(rest);
            }
            Part::ChunkData(left) => {
                let (data, rest) = split(input, left);
                body(data);
                let left = left - data.len() as u64;
                self.part = if left == 0 { Part::ChunkEnd } else { Part::ChunkData(left) };
                return Ok(rest);
            }
            Part::ChunkSize(size) => self.part = chunk_size(size, *first)?,
            Part::ChunkExtension(size) => {
                if *first == b'\n' {
                    self.part = if size == 0 { Part::Trailer(0) } else { Part::ChunkData(size) };
                }
            }
            Part::ChunkEnd => match *first {
                b'\r' => {}
                b'\n' => self.part = Part::ChunkSize(0),
                _ => bail!("a chunk is longer than it says"),
            },
            Part::Trailer(length) => {
                self.part = match *first {
                    b'\n' if length == 0 => Part::Complete,
                    b'\n' => Part::Trailer(0),
                    b'\r' => Part::Trailer(length),
                    _ => Part::Trailer(length + 1),
                }
            }
            Part::Complete => bail!("{} bytes after the end of an answer", input.len()),
        }
        Ok(tail)
    }

    fn head<'a>(&mut self, input: &'a [u8]) -> Result<&'a [u8]> {
        let before = self.head.len();
        self.head.extend_from_slice(input);
        let Some(end) = memchr::memmem::find(&self.head, b"\r\n\r\n") else {
            ensure!(self.head.len() <= MAX_HEAD, "the head of an answer is longer than {MAX_HEAD} bytes");
            return Ok(&[]);
        };
        self.head.truncate(end + 4);
        let mut headers = [httparse::EMPTY_HEADER; 64];
        let mut answer = httparse::Response::new(&mut headers);
        ensure!(answer.parse(&self.head)?.is_complete(), "an incomplete head");
        self.status = answer.code.unwrap_or_default();
        let mut part = None;
        for header in answer.headers.iter() {
            if header.name.eq_ignore_ascii_case("content-length") {
                part = Some(after_length(std::str::from_utf8(header.value)?.parse()?));
            } else if header.name.eq_ignore_ascii_case("transfer-encoding") {
                part = Some(Part::ChunkSize(0));
            } else if header.name.eq_ignore_ascii_case("connection") {
                self.close = header.value.eq_ignore_ascii_case(b"close");
            }
        }
        let empty = (self.status == 204).then_some(Part::Complete);
        self.part = part.or(empty).context("an answer with neither length nor chunks")?;
        Ok(input.get(end + 4 - before..).unwrap_or_default())
    }
}

fn split(input: &[u8], left: u64) -> (&[u8], &[u8]) {
    input.split_at(usize::try_from(left).unwrap_or(usize::MAX).min(input.len()))
}

fn after_length(left: u64) -> Part {
    if left == 0 { Part::Complete } else { Part::Length(left) }
}

fn chunk_size(size: u64, byte: u8) -> Result<Part> {
    if let Some(digit) = char::from(byte).to_digit(16) {
        let size = size.checked_mul(16).and_then(|size| size.checked_add(u64::from(digit)));
        return Ok(Part::ChunkSize(size.context("a chunk is too long")?));
    }
    match byte {
        b'\r' | b';' => Ok(Part::ChunkExtension(size)),
        _ => bail!("not the size of a chunk: byte {byte:#04x}"),
    }
}

/// A plain request with a key and a JSON body, connection closed afterwards:
/// status and body.
///
/// # Errors
/// When nobody answers within `timeout`, or not in HTTP.
pub fn ask(
    to: SocketAddr,
    method: &str,
    path: &str,
    key: &str,
    body: &str,
    timeout: Duration,
) -> Result<(u16, Vec<u8>)> {
    let authorization = if key.is_empty() { String::new() } else { format!("authorization: Bearer {key}\r\n") };
    let headers = format!("{authorization}content-type: application/json\r\n");
    let (answer, body) = send(to, (method, path), &headers, body, timeout)?;
    Ok((answer.status(), body))
}

/// A plain request with these header lines, connection closed afterwards: the
/// answer's head and body.
///
/// # Errors
/// When nobody answers within `timeout`, or not in HTTP.
pub fn send(
    to: SocketAddr,
    (method, path): (&str, &str),
    headers: &str,
    body: &str,
    timeout: Duration,
) -> Result<(AnswerReader, Vec<u8>)> {
    let deadline = Instant::now() + timeout;
    let mut stream = TcpStream::connect_timeout(&to, timeout)?;
    stream.set_nodelay(true)?;
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {to}\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes())?;
    let mut reader = AnswerReader::new();
    let mut answer = Vec::new();
    let mut buffer = [0; 8192];
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        ensure!(!left.is_zero(), "{method} {path} took longer than {timeout:?}");
        stream.set_read_timeout(Some(left))?;
        let read = stream.read(&mut buffer)?;
        ensure!(read > 0, "the connection ended in the middle of an answer");
        let (read, _) = buffer.split_at(read);
        if reader.feed(read, &mut |part| answer.extend_from_slice(part))? {
            return Ok((reader, answer));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHUNKED: &str =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nt: 1\r\n\r\n";
    const LENGTH: &str = "HTTP/1.1 404 Not Found\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello";

    fn read_in(text: &str, cut: usize) -> Result<(bool, u16, bool, String)> {
        let mut reader = AnswerReader::new();
        let mut body = Vec::new();
        let mut complete = false;
        for part in text.as_bytes().chunks(cut) {
            complete = reader.feed(part, &mut |data| body.extend_from_slice(data))?;
        }
        Ok((complete, reader.status(), reader.closes(), String::from_utf8(body)?))
    }

    #[test]
    fn answers_are_read_in_any_cut() -> Result<()> {
        for cut in [1, 2, 3, 5, 17, 1000] {
            assert_eq!(read_in(CHUNKED, cut)?, (true, 200, false, "abc0123456789".to_owned()), "cut by {cut}");
            assert_eq!(read_in(LENGTH, cut)?, (true, 404, true, "hello".to_owned()), "cut by {cut}");
        }
        Ok(())
    }

    #[test]
    fn a_header_is_found_in_any_case() -> Result<()> {
        let mut reader = AnswerReader::new();
        reader.feed(LENGTH.as_bytes(), &mut |_| ())?;
        assert_eq!(reader.header("Connection").as_deref(), Some("close"));
        assert_eq!(reader.header("cookie"), None);
        Ok(())
    }

    #[test]
    fn an_answer_that_is_cut_off_is_not_complete() -> Result<()> {
        for text in [CHUNKED, LENGTH] {
            for length in 1..text.len() {
                assert!(!read_in(&text[..length], 1000)?.0, "complete after {length} bytes");
            }
        }
        Ok(())
    }

    #[test]
    fn what_is_not_an_answer_is_an_error() {
        assert!(read_in("SSH-2.0-OpenSSH\r\n\r\n", 100).is_err());
        assert!(read_in("HTTP/1.1 200 OK\r\n\r\n", 100).is_err());
        assert!(read_in(&format!("{LENGTH}more"), 100).is_err());
        assert!(read_in("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n", 100).is_err());
        assert!(read_in("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nab\r\n", 100).is_err());
    }
}
