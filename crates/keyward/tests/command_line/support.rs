//! A server that plays a script, and a shell whose streams a test reads.

use std::io::BufReader;

use clap::Parser;
use keyward::cli::{AdminCommand, Exit, Shell, execute};
use keyward_domain::Timestamp;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// The admin key that every command is given.
pub const ADMIN_KEY: &str = "sk-admin-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLM";

#[derive(Debug, Parser)]
struct Line {
    #[command(subcommand)]
    command: AdminCommand,
}

/// One answer of the script.
pub struct Reply(String);

/// A JSON answer with status 200.
pub fn ok(body: impl ToString) -> Reply {
    answer("200 OK", &body.to_string())
}

/// A JSON answer.
pub fn answer(status: &str, body: &str) -> Reply {
    Reply(format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\nx-request-id: req_7\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    ))
}

/// An answer byte for byte; the connection closes behind it.
pub fn raw(bytes: &str) -> Reply {
    Reply(bytes.to_owned())
}

/// A request as it came.
#[derive(Debug)]
pub struct Request {
    /// Such as `GET /v1/organization/projects?limit=2`.
    pub line: String,
    pub head: String,
    pub body: String,
}

impl Request {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// How a command ended, and all that was seen of it.
#[derive(Debug)]
pub struct Seen {
    pub exit: Exit,
    pub output: String,
    pub errors: String,
    pub requests: Vec<Request>,
}

impl Seen {
    /// The request lines.
    pub fn lines(&self) -> Vec<&str> {
        self.requests.iter().map(|request| request.line.as_str()).collect()
    }

    #[track_caller]
    pub fn assert_done(&self) {
        assert_eq!(self.exit, Exit::Done, "{}", self.errors);
    }
}

/// A command in the making.
pub struct Command {
    arguments: Vec<String>,
    script: Vec<Reply>,
    input: String,
    interactive: bool,
    admin_key: Option<String>,
    url: Option<String>,
}

/// `keyward` with these arguments, in a script without a terminal.
pub fn keyward(arguments: &[&str]) -> Command {
    Command {
        arguments: arguments.iter().map(ToString::to_string).collect(),
        script: Vec::new(),
        input: String::new(),
        interactive: false,
        admin_key: Some(ADMIN_KEY.to_owned()),
        url: None,
    }
}

impl Command {
    /// The server answers with this next.
    pub fn replies(mut self, reply: Reply) -> Self {
        self.script.push(reply);
        self
    }

    /// Standard input holds this.
    pub fn input(mut self, text: &str) -> Self {
        self.input = text.to_owned();
        self
    }

    /// A person at a terminal types this.
    pub fn person_types(mut self, text: &str) -> Self {
        self.interactive = true;
        self.input(text)
    }

    /// The variable holds this, or isn't set.
    pub fn admin_key(mut self, key: Option<&str>) -> Self {
        self.admin_key = key.map(str::to_owned);
        self
    }

    /// Somewhere else than the scripted server.
    pub fn url(mut self, url: &str) -> Self {
        self.url = Some(url.to_owned());
        self
    }

    /// Runs it to its end.
    pub async fn run(self) -> Seen {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = self.url.unwrap_or_else(|| format!("http://{}", listener.local_addr().unwrap()));
        let arguments = std::iter::once("keyward".to_owned()).chain(self.arguments).chain(["--url".to_owned(), url]);
        let line = Line::try_parse_from(arguments).unwrap();
        let (mut output, mut errors, mut requests) = (Vec::new(), Vec::new(), Vec::new());
        let mut input = BufReader::new(self.input.as_bytes());
        let mut shell = Shell {
            input: &mut input,
            output: &mut output,
            errors: &mut errors,
            interactive: self.interactive,
            admin_key: self.admin_key.map(Into::into),
            database_url: None,
            now: Timestamp::from_second(1_800_000_000).unwrap(),
        };
        let exit = tokio::select! {
            biased;
            () = serve(&listener, self.script, &mut requests) => unreachable!("it serves without end"),
            exit = execute(line.command, &mut shell) => exit,
        };
        Seen { exit, output: String::from_utf8(output).unwrap(), errors: String::from_utf8(errors).unwrap(), requests }
    }
}

/// Whether clap takes these arguments.
pub fn is_accepted(arguments: &[&str]) -> bool {
    Line::try_parse_from(std::iter::once(&"keyward").chain(arguments)).is_ok()
}

async fn serve(listener: &TcpListener, script: Vec<Reply>, requests: &mut Vec<Request>) {
    for Reply(bytes) in script {
        let (mut stream, _) = listener.accept().await.unwrap();
        requests.push(read(&mut stream).await);
        stream.write_all(bytes.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
    }
    let (mut stream, _) = listener.accept().await.unwrap();
    let request = read(&mut stream).await;
    panic!("nothing was to be asked any more: {}", request.line);
}

async fn read(stream: &mut TcpStream) -> Request {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body).await.unwrap();
    let line = head.lines().next().unwrap().strip_suffix(" HTTP/1.1").unwrap().to_owned();
    Request { line, head, body: String::from_utf8(body).unwrap() }
}
