//! A server that is told to, request by request, what to answer.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

#[derive(Clone)]
pub(crate) struct Listener {
    socket: Arc<TcpListener>,
    pub url: String,
}

/// A request that waits for its answer.
pub(crate) struct Request {
    stream: TcpStream,
    pub head: String,
    pub body: String,
}

impl Listener {
    pub(crate) fn new() -> Listener {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", socket.local_addr().unwrap());
        Listener { socket: Arc::new(socket), url }
    }

    /// Waits for a whole request.
    pub(crate) fn next(&self) -> Request {
        let (stream, _) = self.socket.accept().unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let (mut head, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line.trim().is_empty() {
                break;
            }
            head.push_str(&line);
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        Request { stream, head, body: String::from_utf8(body).unwrap() }
    }
}

impl Request {
    pub(crate) fn answer(mut self, status: u16) -> Request {
        write!(self.stream, "HTTP/1.1 {status} -\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").unwrap();
        self
    }
}
