//! HTTP/1.1 on one connection: only what our own clients send.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::TcpStream,
    thread::sleep,
    time::Duration,
};

/// One request, as it came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// The headers, names in lowercase.
    pub headers: Vec<(String, String)>,
    /// What was sent.
    pub body: Vec<u8>,
}

impl Request {
    /// The value of a header, by its name in lowercase.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// The path without the query.
    pub fn path(&self) -> &str {
        self.target.split_once('?').map_or(&self.target, |(path, _)| path)
    }

    /// The query, without the question mark.
    pub fn query(&self) -> &str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }

    /// The repository that the path names.
    pub fn repository(&self) -> &str {
        let rest = self.path().strip_prefix("/v2/").unwrap_or_default();
        let ends = ["/manifests/", "/blobs/", "/referrers/", "/tags/"];
        ends.iter().find_map(|end| rest.rsplit_once(end)).map_or("", |(repository, _)| repository)
    }

    pub(crate) fn need(&self) -> &'static str {
        if matches!(self.method.as_str(), "GET" | "HEAD") { "pull" } else { "pull,push" }
    }
}

/// One answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers, besides the length.
    pub headers: Vec<(String, String)>,
    /// The content.
    pub body: Body,
}

/// What follows the headers.
#[derive(Clone, Debug)]
pub enum Body {
    /// These bytes.
    Bytes(Vec<u8>),
    /// These bytes, then a closed connection, although more were promised.
    Cut(Vec<u8>),
    /// A byte at a time, without end.
    Drip,
    /// Bytes without end, and without a length.
    Endless,
    /// These bytes, one a second.
    Slow(Vec<u8>),
}

impl Body {
    /// The bytes that it consists of, if it ends.
    pub fn into_bytes(self) -> Vec<u8> {
        match self {
            Self::Bytes(bytes) | Self::Cut(bytes) | Self::Slow(bytes) => bytes,
            Self::Drip | Self::Endless => Vec::new(),
        }
    }
}

impl Answer {
    /// An answer without content.
    pub fn new(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Body::Bytes(Vec::new()) }
    }

    /// An answer with JSON.
    pub fn json(status: u16, text: impl Into<Vec<u8>>) -> Self {
        Self { body: Body::Bytes(text.into()), ..Self::new(status) }
            .with("Content-Type", "application/json")
    }

    /// The answer with a header more.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The answer with other content.
    #[must_use]
    pub fn body(self, body: Body) -> Self {
        Self { body, ..self }
    }
}

pub(crate) fn basic(user: &str, password: &str) -> String {
    use base64::{Engine, engine::general_purpose::STANDARD};
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

pub(crate) struct Connection {
    reader: BufReader<TcpStream>,
    writer: TcpStream,
}

impl Connection {
    pub(crate) fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self { reader: BufReader::new(stream.try_clone()?), writer: stream })
    }

    /// The next request; `None` once the client hung up.
    pub(crate) fn read(&mut self) -> io::Result<Option<Request>> {
        let mut line = String::new();
        if self.reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let mut words = line.split_ascii_whitespace().map(str::to_owned);
        let mut request = Request {
            method: words.next().unwrap_or_default(),
            target: words.next().unwrap_or_default(),
            ..Request::default()
        };
        loop {
            let mut line = String::new();
            self.reader.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            request.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let length = request.header("content-length").and_then(|text| text.parse().ok());
        (&mut self.reader).take(length.unwrap_or(0)).read_to_end(&mut request.body)?;
        Ok(Some(request))
    }

    pub(crate) fn raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.writer.write_all(bytes)
    }

    pub(crate) fn write(&mut self, request: &Request, answer: &Answer) -> io::Result<()> {
        let mut head = format!("HTTP/1.1 {} Status\r\n", answer.status);
        for (name, value) in &answer.headers {
            head += &format!("{name}: {value}\r\n");
        }
        let bytes = match &answer.body {
            Body::Bytes(bytes) => {
                head += &format!("Content-Length: {}\r\n\r\n", bytes.len());
                if request.method == "HEAD" { &[] } else { bytes.as_slice() }
            }
            Body::Cut(bytes) => {
                head += &format!("Content-Length: {}\r\n\r\n", bytes.len() + 1);
                bytes.as_slice()
            }
            Body::Slow(bytes) => {
                head += &format!("Content-Length: {}\r\n\r\n", bytes.len());
                &[]
            }
            Body::Drip | Body::Endless => {
                head += "Connection: close\r\n\r\n";
                &[]
            }
        };
        self.writer.write_all(head.as_bytes())?;
        self.writer.write_all(bytes)?;
        match &answer.body {
            Body::Bytes(_) => Ok(()),
            Body::Cut(_) => Err(io::ErrorKind::ConnectionAborted.into()),
            Body::Slow(bytes) => bytes.iter().try_for_each(|byte| {
                sleep(Duration::from_secs(1));
                self.writer.write_all(&[*byte])
            }),
            Body::Drip => loop {
                sleep(Duration::from_millis(20));
                self.writer.write_all(b" ")?;
            },
            Body::Endless => loop {
                self.writer.write_all(&[b' '; 64 * 1024])?;
            },
        }
    }
}
