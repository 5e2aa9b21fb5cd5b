//! As much of HTTP as Ollama and llama-server are asked with: one question a connection, and an answer that is read as it comes.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::TcpStream,
    time::Duration,
};

/// What a server says; its body is read as it comes. Dropping it tells the server that nobody listens any more.
pub struct Answer {
    /// Such as 200.
    pub status: u16,
    body: Box<dyn BufRead + Send>,
}

/// Asks the server at `address`. `patience` is how long it may be silent.
///
/// # Errors
/// When it cannot be reached, says nothing for too long, or does not speak HTTP.
pub fn ask(address: &str, method: &str, path: &str, body: &str, patience: Duration) -> io::Result<Answer> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(patience))?;
    let len_bytes = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Content-Length: {len_bytes}\r\n\r\n{body}"
    )?;
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let status = line.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.ok_or_else(|| io::Error::other(format!("not an answer: {line:?}")))?;
    let (mut is_chunked, mut len_bytes) = (false, None);
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.split_once(':') else { break };
        match (name.to_ascii_lowercase().as_str(), value.trim()) {
            ("transfer-encoding", "chunked") => is_chunked = true,
            ("content-length", value) => len_bytes = value.parse().ok(),
            _ => {}
        }
    }
    let body: Box<dyn BufRead + Send> = match (is_chunked, len_bytes) {
        (true, _) => Box::new(BufReader::new(Chunks { inner: reader, left_bytes: 0, has_ended: false })),
        (false, Some(len_bytes)) => Box::new(reader.take(len_bytes)),
        (false, None) => Box::new(reader),
    };
    Ok(Answer { status, body })
}

impl Answer {
    /// The whole body.
    ///
    /// # Errors
    /// When the server falls silent or the body is not text.
    pub fn text(mut self) -> io::Result<String> {
        let mut text = String::new();
        self.body.read_to_string(&mut text)?;
        Ok(text)
    }

    /// The next line of the body without its end; `None` at the body's end.
    ///
    /// # Errors
    /// When the server falls silent or the line is not text.
    pub fn line(&mut self) -> io::Result<Option<String>> {
        let mut line = String::new();
        let len_bytes = self.body.read_line(&mut line)?;
        Ok((len_bytes > 0).then(|| line.trim_end().to_owned()))
    }
}

/// A body in pieces, each after a line with its length in hexadecimal digits.
struct Chunks<R> {
    inner: R,
    left_bytes: u64,
    has_ended: bool,
}

impl<R: BufRead> Read for Chunks<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.left_bytes == 0 && !self.has_ended {
            let mut line = String::new();
            if self.inner.read_line(&mut line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            // Between two pieces there is an end of a line.
            if line.trim().is_empty() {
                continue;
            }
            self.left_bytes = u64::from_str_radix(line.trim(), 16).map_err(io::Error::other)?;
            self.has_ended = self.left_bytes == 0;
        }
        let len_bytes = (&mut self.inner).take(self.left_bytes).read(buffer)?;
        if len_bytes == 0 && self.left_bytes > 0 && !buffer.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left_bytes -= len_bytes as u64;
        Ok(len_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(pieces: &str) -> io::Result<String> {
        let mut text = String::new();
        Chunks { inner: pieces.as_bytes(), left_bytes: 0, has_ended: false }.read_to_string(&mut text).map(|_| text)
    }

    #[test]
    fn pieces_are_joined() {
        assert_eq!(joined("4\r\nabc\n\r\nA\r\n0123456789\r\n0\r\n\r\n").expect("a whole body"), "abc\n0123456789");
    }

    #[test]
    fn a_body_that_breaks_off_is_an_error() {
        for cut in ["4\r\nab", "4\r\nabcd\r\n", ""] {
            let error = joined(cut).expect_err("it is cut");
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "{cut:?}");
        }
    }
}
