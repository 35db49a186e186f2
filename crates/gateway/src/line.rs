//! A caller's connection as bytes: plain, or in TLS.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{sleep, timeout},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

/// How long a caller may take to begin TLS.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// What a connection in HTTP/2 begins with, as far as no other does.
const PREFACE: &[u8] = b"PRI ";
/// How long a caller may take to say the first word, and between two looks
/// while only some of it is there.
const FIRST_WORD: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(5);
/// The first byte of every TLS connection.
const TLS_HANDSHAKE: u8 = 22;

/// The connection.
pub(crate) enum Line {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// Why there is no connection.
pub(crate) enum NoLine {
    /// The caller is gone, too slow, or speaks no TLS that we do.
    Gone,
    /// The caller speaks HTTP where TLS is asked for.
    Unencrypted(TcpStream),
}

impl Line {
    /// Begins TLS.
    pub(crate) async fn secure(stream: TcpStream, acceptor: &TlsAcceptor) -> Result<Self, NoLine> {
        let secured = timeout(HANDSHAKE, async {
            let mut first = [0];
            match stream.peek(&mut first).await {
                Ok(1) if first != [TLS_HANDSHAKE] && first[0].is_ascii_uppercase() => Err(NoLine::Unencrypted(stream)),
                Ok(1..) => acceptor.accept(stream).await.map_err(|error| {
                    tracing::debug!(%error, "a caller's TLS didn't come about");
                    NoLine::Gone
                }),
                _ => Err(NoLine::Gone),
            }
        });
        let secured = secured.await.unwrap_or(Err(NoLine::Gone))?;
        Ok(Self::Tls(Box::new(secured)))
    }
}

/// What a caller speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spoken {
    Http1,
    Http2,
}

impl Line {
    /// What the caller speaks: agreed on in TLS, or seen by its first bytes.
    /// `None` if it is gone or says nothing.
    pub(crate) async fn spoken(&self) -> Option<Spoken> {
        match self {
            Self::Tls(stream) if stream.get_ref().1.alpn_protocol() == Some(b"h2") => Some(Spoken::Http2),
            Self::Tls(_) => Some(Spoken::Http1),
            Self::Plain(stream) => timeout(FIRST_WORD, first_word(stream)).await.ok().flatten(),
        }
    }
}

async fn first_word(stream: &TcpStream) -> Option<Spoken> {
    let mut first = [0; PREFACE.len()];
    loop {
        let there = stream.peek(&mut first).await.ok().filter(|there| *there > 0)?;
        match first.get(..there)? {
            PREFACE => return Some(Spoken::Http2),
            some if !PREFACE.starts_with(some) => return Some(Spoken::Http1),
            // Three bytes at most: nobody sends so little but to be a nuisance.
            _ => sleep(LOOK).await,
        }
    }
}

impl AsyncRead for Line {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Line {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write_vectored(cx, parts),
            Self::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, parts),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
