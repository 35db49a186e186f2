//! A mail server that takes every mail, unless it is told to refuse one, and
//! hands them to the test as they come.

use std::{collections::VecDeque, net::SocketAddr, sync::Arc, time::Duration};

use parking_lot::Mutex;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
    sync::mpsc,
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;

/// How long a test waits for a mail.
const PATIENCE: Duration = Duration::from_secs(20);

/// A mail as it arrived.
#[derive(Debug, Clone)]
pub struct Letter {
    /// Whom it is for, as the envelope says.
    pub to: String,
    /// What the sender signed in with, in base64.
    pub login: Option<String>,
    /// Whether it came over TLS.
    pub is_encrypted: bool,
    /// Head and body, byte for byte.
    pub raw: String,
}

impl Letter {
    /// The body, as people read it.
    pub fn text(&self) -> String {
        let (head, body) = self.raw.split_once("\r\n\r\n").expect("a mail has a head and a body");
        let head = head.to_ascii_lowercase();
        assert!(!head.contains("content-transfer-encoding: base64"), "plain mails are readable as they are: {head}");
        if head.contains("content-transfer-encoding: quoted-printable") {
            let mut bytes = Vec::new();
            let joined = body.replace("=\r\n", "");
            let mut rest = joined.as_bytes();
            while let Some((first, behind)) = rest.split_first() {
                if *first == b'=' {
                    let hex = std::str::from_utf8(&behind[..2]).unwrap();
                    bytes.push(u8::from_str_radix(hex, 16).unwrap());
                    rest = &behind[2..];
                } else {
                    bytes.push(*first);
                    rest = behind;
                }
            }
            return String::from_utf8(bytes).unwrap();
        }
        body.to_owned()
    }

    /// The link in it.
    pub fn link(&self) -> String {
        let text = self.text();
        let link = text.split_whitespace().find(|word| word.starts_with("http"));
        link.unwrap_or_else(|| panic!("there is no link in {text}")).to_owned()
    }
}

/// How connections are encrypted.
#[derive(Clone)]
pub enum Encryption {
    /// Not at all.
    None,
    /// From the first byte.
    Whole(TlsAcceptor),
    /// When the sender asks for it.
    StartTls(TlsAcceptor),
}

/// A mail server on the loopback; it is gone when this is dropped.
pub struct Mailbox {
    address: SocketAddr,
    arrived: tokio::sync::Mutex<mpsc::UnboundedReceiver<Letter>>,
    told: Arc<Mutex<VecDeque<String>>>,
    _serving: JoinSet<()>,
}

/// What connections share.
#[derive(Clone)]
struct Desk {
    encryption: Encryption,
    arrived: mpsc::UnboundedSender<Letter>,
    told: Arc<Mutex<VecDeque<String>>>,
}

impl Mailbox {
    /// Starts one.
    pub async fn start(encryption: Encryption) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, receiver) = mpsc::unbounded_channel();
        let told = Arc::<Mutex<VecDeque<String>>>::default();
        let desk = Desk { encryption, arrived: sender, told: told.clone() };
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(desk.clone().serve(stream));
            }
        });
        Self { address, arrived: receiver.into(), told, _serving: serving }
    }

    /// Where it is.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers the next mail's recipient with this line instead of taking it.
    pub fn tell(&self, line: &str) {
        self.told.lock().push_back(line.to_owned());
    }

    /// The next mail. Panics if none comes.
    pub async fn next(&self) -> Letter {
        let mut arrived = self.arrived.lock().await;
        let next = tokio::time::timeout(PATIENCE, arrived.recv()).await.expect("a mail arrives");
        next.expect("the mail server is there")
    }

    /// Whether no mail is here that the test hasn't taken.
    pub async fn is_empty(&self) -> bool {
        self.arrived.lock().await.is_empty()
    }
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

impl Desk {
    async fn serve(self, stream: tokio::net::TcpStream) {
        let mut is_encrypted = false;
        let mut stream: Box<dyn Stream> = Box::new(stream);
        if let Encryption::Whole(acceptor) = &self.encryption {
            let Ok(encrypted) = acceptor.accept(stream).await else { return };
            (stream, is_encrypted) = (Box::new(encrypted), true);
        }
        say(&mut stream, "220 test").await;
        let (mut to, mut login) = (String::new(), None);
        while let Some(line) = read_line(&mut stream).await {
            match line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase().as_str() {
                "EHLO" => {
                    let offers = matches!(self.encryption, Encryption::StartTls(_)) && !is_encrypted;
                    let more = if offers { "250-STARTTLS\r\n" } else { "250-AUTH PLAIN\r\n" };
                    say(&mut stream, &format!("250-test\r\n{more}250 8BITMIME")).await;
                }
                "STARTTLS" => {
                    let Encryption::StartTls(acceptor) = &self.encryption else { return };
                    say(&mut stream, "220 go ahead").await;
                    let Ok(encrypted) = acceptor.accept(stream).await else { return };
                    (stream, is_encrypted) = (Box::new(encrypted), true);
                }
                "AUTH" => {
                    login = line.rsplit(' ').next().map(str::to_owned);
                    say(&mut stream, "235 welcome").await;
                }
                "RCPT" => {
                    to = line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
                    let told = self.told.lock().pop_front();
                    say(&mut stream, told.as_deref().unwrap_or("250 ok")).await;
                }
                "DATA" => {
                    say(&mut stream, "354 go ahead").await;
                    let mut raw = String::new();
                    while let Some(line) = read_line(&mut stream).await
                        && line != "."
                    {
                        raw.push_str(line.strip_prefix('.').unwrap_or(&line));
                        raw.push_str("\r\n");
                    }
                    say(&mut stream, "250 taken").await;
                    let _ = self.arrived.send(Letter { to: to.clone(), login: login.clone(), is_encrypted, raw });
                }
                "QUIT" => return say(&mut stream, "221 bye").await,
                _ => say(&mut stream, "250 ok").await,
            }
        }
    }
}

/// Says a line; whoever hung up doesn't hear it.
async fn say(stream: &mut Box<dyn Stream>, line: &str) {
    let _ = stream.write_all(format!("{line}\r\n").as_bytes()).await;
    let _ = stream.flush().await;
}

/// A line without its end; byte by byte, since what follows STARTTLS is TLS.
async fn read_line(stream: &mut Box<dyn Stream>) -> Option<String> {
    let mut line = Vec::new();
    while !line.ends_with(b"\r\n") {
        line.push(stream.read_u8().await.ok()?);
    }
    line.truncate(line.len() - 2);
    String::from_utf8(line).ok()
}
