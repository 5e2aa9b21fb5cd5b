//! One question to a server of Ollama's over HTTP. Whoever answers may be anybody: time and length are bounded, and only this
//! machine is asked.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(2);
const ANSWER_MAX_BYTES: usize = 1 << 20;
const PORT: u16 = 11434;

/// Where a server listens whose OLLAMA_HOST is `host`; `None` if that is not this machine.
pub(super) fn address(host: &str) -> Option<SocketAddr> {
    let host = host.trim().trim_matches(['"', '\'']);
    let (scheme, rest) = host.split_once("://").unwrap_or(("", host));
    let rest = rest.split('/').next().unwrap_or("");
    let own_port = match scheme {
        "http" => 80,
        "https" => 443,
        _ => PORT,
    };
    let (name, port) = match rest.rsplit_once(':') {
        // An address of IPv6 without its brackets has more colons.
        Some((name, port)) if !name.contains(':') || name.ends_with(']') => (name, port.parse().ok()?),
        _ => (rest, own_port),
    };
    let ip = match name.trim_start_matches('[').trim_end_matches(']') {
        "" | "localhost" => Ipv4Addr::LOCALHOST.into(),
        name => name.parse().ok()?,
    };
    let ip = match ip {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    let is_own = ip.is_loopback() || UdpSocket::bind((ip, 0)).is_ok();
    is_own.then_some(SocketAddr::new(ip, port))
}

/// The body of the answer to `GET path`.
///
/// # Errors
/// When there is none in time, or it says that something is wrong.
pub(super) fn get(address: SocketAddr, path: &str) -> io::Result<Vec<u8>> {
    let deadline = Instant::now() + LIMIT;
    let left = || {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(too_late()) } else { Ok(left) }
    };
    let mut stream = TcpStream::connect_timeout(&address, left()?)?;
    stream.set_write_timeout(Some(left()?))?;
    // After an answer in HTTP 1.0 the server closes. It may do so at the first bytes that it sees, so they are sent at once.
    stream.write_all(format!("GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n").as_bytes())?;
    let mut answer = Vec::new();
    let mut part = [0; 4096];
    while answer.len() < ANSWER_MAX_BYTES {
        stream.set_read_timeout(Some(left()?))?;
        match stream.read(&mut part) {
            Ok(0) => break,
            Ok(len) => answer.extend_from_slice(&part[..len]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                return Err(too_late());
            }
            Err(error) => return Err(error),
        }
    }
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n");
    let head_len = end.ok_or_else(|| io::Error::other("its answer is not one of HTTP"))?;
    let head = String::from_utf8_lossy(&answer[..head_len]).into_owned();
    if head.split(' ').nth(1) != Some("200") {
        return Err(io::Error::other(format!("it answered {}", head.lines().next().unwrap_or(""))));
    }
    Ok(answer.split_off(head_len + 4))
}

fn too_late() -> io::Error {
    io::Error::other(format!("it did not answer within {} s", LIMIT.as_secs()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;
    use std::thread;

    #[test]
    fn an_address_is_read_as_ollama_reads_it_and_must_be_this_machines() {
        let shown = |host: &str| address(host).map(|address| address.to_string());
        for (host, expected) in [
            ("", "127.0.0.1:11434"),
            ("0.0.0.0", "127.0.0.1:11434"),
            ("127.0.0.1:1234", "127.0.0.1:1234"),
            (":5678", "127.0.0.1:5678"),
            ("http://localhost:8080/api", "127.0.0.1:8080"),
            ("https://0.0.0.0", "127.0.0.1:443"),
            ("[::]:11435", "[::1]:11435"),
            ("::1", "[::1]:11434"),
        ] {
            assert_eq!(shown(host).as_deref(), Some(expected), "{host}");
        }
        for host in ["192.0.2.1:11434", "example.org", "127.0.0.1:99999", "[::1", "a:b:c:d"] {
            let is_refused = address(host).is_none() || host == "[::1";
            assert!(is_refused, "{host}");
        }
    }

    /// What comes of a server that answers with this, and then waits for its client to go.
    fn answered(text: &'static [u8]) -> io::Result<Vec<u8>> {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a client");
            let _ = stream.write_all(text);
            let _ = stream.shutdown(std::net::Shutdown::Write);
            let _ = stream.read_to_end(&mut Vec::new());
        });
        get(address, "/api/ps")
    }

    #[test]
    fn an_answer_is_its_body_and_anything_else_an_error() {
        assert_eq!(answered(b"HTTP/1.0 200 OK\r\nA: b\r\n\r\n{}").expect("an answer"), b"{}");
        for (text, why) in [
            (&b"HTTP/1.0 500 no\r\n\r\n{}"[..], "500"),
            (b"nonsense", "not one of HTTP"),
            (b"", "not one of HTTP"),
            (b"\xff\r\n\r\n", "answered"),
        ] {
            let error = answered(text).expect_err("no answer").to_string();
            assert!(error.contains(why), "{error}");
        }
    }

    #[test]
    fn a_server_that_says_nothing_is_given_up() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let error = get(listener.local_addr().expect("an address"), "/").expect_err("nobody answers");
        assert!(error.to_string().contains("did not answer within"), "{error}");
    }
}
