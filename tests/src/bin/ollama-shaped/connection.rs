//! A client's connection: one request is read from it, and an answer is written, whole or line by line.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::TcpStream,
    time::Duration,
};

use serde_json::{Value, json};

/// How large a request may be, its head and its body each.
const REQUEST_MAX_BYTES: u64 = 16 << 20;
/// How long a client may take to ask.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a client asks.
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) body: String,
}

/// The way back to the client.
pub(crate) struct Connection(TcpStream);

impl Connection {
    /// Reads the request that begins a connection.
    pub(crate) fn accept(stream: TcpStream) -> io::Result<(Self, Request)> {
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut reader = BufReader::new(stream.try_clone()?).take(REQUEST_MAX_BYTES);
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let mut words = line.split_whitespace().map(str::to_owned);
        let (Some(method), Some(path)) = (words.next(), words.next()) else {
            return Err(io::Error::other("not a request of HTTP"));
        };
        let mut len_bytes = 0;
        loop {
            line.clear();
            reader.read_line(&mut line)?;
            let Some((name, value)) = line.split_once(':') else { break };
            if name.eq_ignore_ascii_case("content-length") {
                len_bytes = value.trim().parse().map_err(io::Error::other)?;
            } else if name.eq_ignore_ascii_case("expect") {
                (&stream).write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
            }
        }
        let mut body = String::new();
        reader.set_limit(REQUEST_MAX_BYTES.min(len_bytes));
        reader.read_to_string(&mut body)?;
        Ok((Self(stream), Request { method, path, body }))
    }

    /// Whether the client has closed it.
    pub(crate) fn is_gone(&self) -> bool {
        let is_closed = || {
            self.0.set_nonblocking(true)?;
            let read = self.0.peek(&mut [0]);
            self.0.set_nonblocking(false)?;
            read
        };
        match is_closed() {
            Ok(len_bytes) => len_bytes == 0,
            Err(error) => error.kind() != io::ErrorKind::WouldBlock,
        }
    }

    /// Answers with text.
    pub(crate) fn say(&self, status: u16, text: &str) -> io::Result<()> {
        self.write(status, "text/plain; charset=utf-8", text)
    }

    /// Answers with JSON.
    pub(crate) fn answer(&self, status: u16, value: &Value) -> io::Result<()> {
        self.write(status, "application/json; charset=utf-8", &value.to_string())
    }

    /// Answers that it went wrong.
    pub(crate) fn fail(&self, status: u16, error: &str) -> io::Result<()> {
        self.answer(status, &json!({ "error": error }))
    }

    /// Begins an answer of lines, which ends with the connection.
    pub(crate) fn begin_lines(&self) -> io::Result<()> {
        (&self.0).write_all(b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nConnection: close\r\n\r\n")
    }

    /// One line of such an answer.
    pub(crate) fn line(&self, value: &Value) -> io::Result<()> {
        (&self.0).write_all(format!("{value}\n").as_bytes())
    }

    fn write(&self, status: u16, kind: &str, body: &str) -> io::Result<()> {
        let reason = match status {
            200 => "OK",
            400 => "Bad Request",
            404 => "Not Found",
            _ => "Internal Server Error",
        };
        let len_bytes = body.len();
        let head = format!(
            "HTTP/1.1 {status} {reason}\r\nContent-Type: {kind}\r\nContent-Length: {len_bytes}\r\nConnection: close\r\n\r\n"
        );
        (&self.0).write_all((head + body).as_bytes())
    }
}
