//! One HTTP/1.1 message, found in the stream and kept byte for byte (RFC 9112 §6).

use std::io::{self, BufRead, Read};

/// The longest head that is read.
const HEAD: usize = 1024 * 1024;

/// A request or an answer.
#[derive(Debug, Default)]
pub(crate) struct Message {
    /// All of it.
    pub(crate) bytes: Vec<u8>,
    /// Whether nothing can follow it on this connection.
    pub(crate) is_last: bool,
    start: String,
    length: Option<u64>,
    is_chunked: bool,
}

impl Message {
    /// The next request; `None` once the client hung up.
    pub(crate) fn request(from: &mut impl BufRead) -> io::Result<Option<Self>> {
        let Some(mut request) = Self::head(from)? else { return Ok(None) };
        if request.is_chunked || request.length.is_some() {
            request.body(from)?;
        }
        Ok(Some(request))
    }

    /// Whether no request comes but a TLS handshake, which begins with this byte (RFC 8446 §5.1).
    pub(crate) fn is_tls(from: &mut impl BufRead) -> io::Result<bool> {
        Ok(from.fill_buf()?.first() == Some(&22))
    }

    /// The answer to a request.
    pub(crate) fn answer(from: &mut impl BufRead, request: &Self) -> io::Result<Self> {
        let mut answer = Self::head(from)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        let status = answer.start.split(' ').nth(1).unwrap_or_default();
        let is_empty = request.start.starts_with("HEAD ") || matches!(status, "204" | "304");
        if !is_empty {
            answer.body(from)?;
        }
        Ok(answer)
    }

    /// The method, the path and the query.
    pub(crate) fn target(&self) -> String {
        self.start.rsplit_once(' ').map_or(self.start.as_str(), |(target, _)| target).to_owned()
    }

    fn head(from: &mut impl BufRead) -> io::Result<Option<Self>> {
        let mut message = Self::default();
        let Some(start) = message.line(from)? else { return Ok(None) };
        message.start = start;
        loop {
            let line = message.line(from)?.ok_or(io::ErrorKind::UnexpectedEof)?;
            if line.is_empty() {
                return Ok(Some(message));
            }
            let (name, value) = line.split_once(':').ok_or(io::ErrorKind::InvalidData)?;
            let value = value.trim();
            match name.to_ascii_lowercase().as_str() {
                "content-length" => message.length = value.parse().ok(),
                "transfer-encoding" => message.is_chunked = value.eq_ignore_ascii_case("chunked"),
                "connection" => message.is_last = value.eq_ignore_ascii_case("close"),
                _ => {}
            }
        }
    }

    fn body(&mut self, from: &mut impl BufRead) -> io::Result<()> {
        if self.is_chunked {
            return self.chunks(from);
        }
        match self.length {
            Some(length) => self.exactly(from, length),
            // Neither: it ends with the connection.
            None => {
                self.is_last = true;
                from.read_to_end(&mut self.bytes).map(drop)
            }
        }
    }

    fn chunks(&mut self, from: &mut impl BufRead) -> io::Result<()> {
        loop {
            let line = self.line(from)?.ok_or(io::ErrorKind::UnexpectedEof)?;
            let size = line.split(';').next().unwrap_or_default();
            let size = u64::from_str_radix(size, 16).map_err(io::Error::other)?;
            if size == 0 {
                break;
            }
            // The chunk and the line end after it.
            self.exactly(from, size.saturating_add(2))?;
        }
        while self.line(from)?.is_some_and(|trailer| !trailer.is_empty()) {}
        Ok(())
    }

    fn exactly(&mut self, from: &mut impl BufRead, length: u64) -> io::Result<()> {
        let read = from.take(length).read_to_end(&mut self.bytes)?;
        if u64::try_from(read).is_ok_and(|read| read == length) {
            return Ok(());
        }
        Err(io::ErrorKind::UnexpectedEof.into())
    }

    /// The next line without its end, all of it kept in `bytes`; `None` at the end of the stream.
    fn line(&mut self, from: &mut impl BufRead) -> io::Result<Option<String>> {
        let before = self.bytes.len();
        let most = u64::try_from(HEAD).unwrap_or(u64::MAX);
        from.take(most).read_until(b'\n', &mut self.bytes)?;
        let line = self.bytes.get(before..).unwrap_or_default();
        if line.is_empty() {
            return Ok(None);
        }
        let line = line.strip_suffix(b"\n").ok_or(io::ErrorKind::UnexpectedEof)?;
        Ok(Some(String::from_utf8_lossy(line).trim_end().to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(request: &str, text: &str) -> (Message, String) {
        let request = Message::request(&mut request.as_bytes()).unwrap().unwrap();
        let mut stream = text.as_bytes();
        let answer = Message::answer(&mut stream, &request).unwrap();
        (answer, String::from_utf8(stream.to_vec()).unwrap())
    }

    const GET: &str = "GET /v2/a:1?b=c HTTP/1.1\r\nHost: x:1\r\n\r\n";

    #[test]
    fn each_message_ends_where_it_says() {
        for text in [
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
            "HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n1;x=y\r\nc\r\n0\r\nT: u\r\n\r\n",
        ] {
            let (answer, rest) = answer(GET, &format!("{text}HTTP/1.1 500"));
            assert_eq!(answer.bytes, text.as_bytes());
            assert_eq!(rest, "HTTP/1.1 500");
            assert!(!answer.is_last);
        }
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n";
        let (answer, _) = answer(&GET.replace("GET", "HEAD"), head);
        assert_eq!(answer.bytes, head.as_bytes());
    }

    #[test]
    fn without_a_length_the_connection_ends_it() {
        let text = "HTTP/1.1 200 OK\r\n\r\nabc";
        let (answer, rest) = answer(GET, text);
        assert_eq!((answer.bytes.as_slice(), rest.as_str()), (text.as_bytes(), ""));
        assert!(answer.is_last);
    }

    #[test]
    fn a_request_is_named_by_method_path_and_query() {
        let mut stream = GET.as_bytes();
        let request = Message::request(&mut stream).unwrap().unwrap();
        assert_eq!(request.target(), "GET /v2/a:1?b=c");
        assert!(Message::request(&mut stream).unwrap().is_none());
    }

    #[test]
    fn what_breaks_off_is_no_message() {
        let request = Message::request(&mut GET.as_bytes()).unwrap().unwrap();
        for text in [
            "",
            "HTTP/1.1 200 OK\r\nContent-Le",
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n",
        ] {
            assert!(Message::answer(&mut text.as_bytes(), &request).is_err(), "{text:?}");
        }
    }
}
