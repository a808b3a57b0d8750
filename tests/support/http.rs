//! As much HTTP/1.1 as a test's server and a proxy need: whole messages, one after the other, on threads.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;

/// A request or an answer, its body whole and no longer chunked.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    /// `GET /bucket/key HTTP/1.1` or `HTTP/1.1 200 OK`.
    pub start: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Message {
    pub(crate) fn answer(status: u16, kind: &str, body: impl Into<Vec<u8>>) -> Message {
        let headers = vec![("Content-Type".to_owned(), kind.to_owned())];
        Message { start: format!("HTTP/1.1 {status} Said"), headers, body: body.into() }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub(crate) fn method(&self) -> &str {
        self.start.split(' ').next().unwrap()
    }

    /// Path and query as they are meant: `%3D` is `=`.
    pub(crate) fn target(&self) -> String {
        let mut bytes = self.start.split(' ').nth(1).unwrap().bytes();
        let mut decoded = Vec::new();
        while let Some(byte) = bytes.next() {
            let hex = if byte == b'%' { bytes.next().zip(bytes.next()) } else { None };
            let hex = hex.and_then(|(a, b)| u8::from_str_radix(&String::from_utf8(vec![a, b]).ok()?, 16).ok());
            decoded.push(hex.unwrap_or(byte));
        }
        String::from_utf8_lossy(&decoded).into_owned()
    }

    pub(crate) fn status(&self) -> u16 {
        self.start.split(' ').nth(1).unwrap().parse().unwrap()
    }

    /// None: the other side hung up.
    pub(crate) fn read_request(from: &mut impl BufRead) -> io::Result<Option<Message>> {
        let Some(mut message) = head(from)? else { return Ok(None) };
        message.body = body(&message, from, Vec::new())?;
        Ok(Some(message))
    }

    pub(crate) fn read_answer(from: &mut impl BufRead, to: &str) -> io::Result<Message> {
        let mut message = head(from)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        let is_bare = to == "HEAD" || matches!(message.status(), 204 | 304);
        if !is_bare {
            let until_closed = message.header("Content-Length").is_none() && message.header("Transfer-Encoding").is_none();
            message.body = if until_closed { rest(from)? } else { body(&message, from, Vec::new())? };
        }
        Ok(message)
    }

    /// The head as it goes over the wire. The answer to a HEAD names the size of a body that it does not have.
    pub(crate) fn head(&self, keeps_length: bool) -> Vec<u8> {
        let ours = |name: &str| {
            ["Transfer-Encoding", "Connection"].iter().any(|own| name.eq_ignore_ascii_case(own))
                || (!keeps_length && name.eq_ignore_ascii_case("Content-Length"))
        };
        let mut head = format!("{}\r\n", self.start);
        for (name, value) in self.headers.iter().filter(|(name, _)| !ours(name)) {
            head += &format!("{name}: {value}\r\n");
        }
        if !keeps_length {
            head += &format!("Content-Length: {}\r\n", self.body.len());
        }
        (head + "\r\n").into_bytes()
    }
}

fn head(from: &mut impl BufRead) -> io::Result<Option<Message>> {
    let Some(start) = line(from)?.filter(|start| !start.is_empty()) else { return Ok(None) };
    let mut headers = Vec::new();
    while let Some(header) = line(from)?.filter(|header| !header.is_empty()) {
        let (name, value) = header.split_once(':').ok_or(io::ErrorKind::InvalidData)?;
        headers.push((name.to_owned(), value.trim().to_owned()));
    }
    Ok(Some(Message { start, headers, body: Vec::new() }))
}

fn line(from: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = String::new();
    Ok((from.read_line(&mut line)? > 0).then(|| line.trim_end().to_owned()))
}

fn body(message: &Message, from: &mut impl BufRead, mut whole: Vec<u8>) -> io::Result<Vec<u8>> {
    if message.header("Transfer-Encoding").is_none() {
        whole.resize(message.header("Content-Length").map_or(0, |size| size.parse().unwrap()), 0);
        from.read_exact(&mut whole)?;
        return Ok(whole);
    }
    loop {
        let size =
            line(from)?.and_then(|size| usize::from_str_radix(size.split(';').next()?, 16).ok()).ok_or(io::ErrorKind::InvalidData)?;
        let mut chunk = vec![0; size];
        from.read_exact(&mut chunk)?;
        whole.extend(chunk);
        line(from)?;
        if size == 0 {
            return Ok(whole);
        }
    }
}

fn rest(from: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut whole = Vec::new();
    from.read_to_end(&mut whole)?;
    Ok(whole)
}

/// Serves on a free port of the loopback until the test process ends. The handler answers one request on the client's stream;
/// an error closes the connection.
pub(crate) fn serve(handler: impl Fn(Message, &mut TcpStream) -> io::Result<()> + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let handler = Arc::new(handler);
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let handler = Arc::clone(&handler);
            std::thread::spawn(move || converse(stream, &*handler));
        }
    });
    address
}

fn converse(mut stream: TcpStream, handler: &dyn Fn(Message, &mut TcpStream) -> io::Result<()>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    while let Some(request) = Message::read_request(&mut reader)? {
        handler(request, &mut stream)?;
    }
    Ok(())
}

/// Sends a whole answer.
pub(crate) fn send(answer: &Message, to: &str, stream: &mut TcpStream) -> io::Result<()> {
    let is_bare = to == "HEAD";
    let mut bytes = answer.head(is_bare && answer.header("Content-Length").is_some());
    if !is_bare {
        bytes.extend(&answer.body);
    }
    stream.write_all(&bytes)
}

/// One request on a connection of its own.
pub(crate) fn ask(address: SocketAddr, method: &str, target: &str, body: &[u8]) -> io::Result<Message> {
    let start = format!("{method} {target} HTTP/1.1");
    let headers = [("Host", address.to_string()), ("Connection", "close".to_owned())];
    let headers = headers.map(|(name, value)| (name.to_owned(), value)).to_vec();
    forward(address, &Message { start, headers, body: body.to_vec() })
}

/// Sends a request on, on a connection of its own.
pub(crate) fn forward(to: SocketAddr, request: &Message) -> io::Result<Message> {
    let mut stream = TcpStream::connect(to)?;
    stream.set_nodelay(true)?;
    let mut bytes = request.head(false);
    bytes.truncate(bytes.len() - 2);
    bytes.extend(b"Connection: close\r\n\r\n");
    bytes.extend(&request.body);
    stream.write_all(&bytes)?;
    Message::read_answer(&mut BufReader::new(stream.take(u64::MAX)), request.method())
}
