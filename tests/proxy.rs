//! The proxy that other tests break requests with, tried on a server that counts.

use crate::support::http::{Message, ask, send, serve};
use crate::support::proxy::{Fault, Proxy, Request, Rule};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const BODY: &str = "a body of some length";

struct Behind {
    proxy: Proxy,
    done: Arc<AtomicUsize>,
}

impl Behind {
    fn new(rules: impl IntoIterator<Item = Rule>) -> Behind {
        let done = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&done);
        let server = serve(move |request, client| {
            counted.fetch_add(1, Ordering::SeqCst);
            let body = if request.body.is_empty() { BODY.as_bytes().to_vec() } else { request.body.clone() };
            send(&Message::answer(200, "text/plain", body), request.method(), client)
        });
        let proxy = Proxy::start(server);
        rules.into_iter().for_each(|rule| proxy.rule(rule));
        Behind { proxy, done }
    }

    /// The status and the body; none where the connection broke.
    fn ask(&self, method: &str, key: &str, body: &str) -> Option<(u16, String)> {
        let answer = ask(self.proxy.address(), method, key, body.as_bytes()).ok()?;
        Some((answer.status(), String::from_utf8(answer.body).unwrap()))
    }

    fn done(&self) -> usize {
        self.done.load(Ordering::SeqCst)
    }
}

#[test]
fn what_no_rule_meets_passes_unchanged() {
    let behind = Behind::new([Rule::new("PUT", "reports/", Fault::Drop)]);
    assert_eq!(behind.ask("GET", "/b/reports/x", ""), Some((200, BODY.to_owned())));
    assert_eq!(behind.ask("PUT", "/b/details/x", "sent"), Some((200, "sent".to_owned())));
    assert_eq!(behind.ask("HEAD", "/b/details/x", ""), Some((200, String::new())));
    assert_eq!(behind.done(), 3);
}

#[test]
fn a_status_comes_before_or_after_the_store_has_done_it() {
    let behind = Behind::new([
        Rule::new("PUT", "before", Fault::Status(503, "SlowDown")),
        Rule::new("PUT", "after", Fault::StatusAfter(500, "InternalError")),
    ]);
    let (status, body) = behind.ask("PUT", "/before", "x").unwrap();
    assert_eq!((status, body.contains("<Code>SlowDown</Code>"), behind.done()), (503, true, 0));
    assert_eq!((behind.ask("PUT", "/after", "x").unwrap().0, behind.done()), (500, 1));
}

#[test]
fn a_connection_ends_before_or_after_the_store_has_done_it() {
    let behind = Behind::new([Rule::new("PUT", "before", Fault::Drop), Rule::new("PUT", "after", Fault::LoseAck)]);
    assert_eq!((behind.ask("PUT", "/before", "x"), behind.done()), (None, 0));
    assert_eq!((behind.ask("PUT", "/after", "x"), behind.done()), (None, 1));
}

#[test]
fn a_body_is_cut_or_flipped() {
    let behind = Behind::new([Rule::new("GET", "cut", Fault::CutBody), Rule::new("GET", "flip", Fault::FlipByte)]);
    assert_eq!(behind.ask("GET", "/cut", ""), None);
    let flipped = behind.ask("GET", "/flip", "").unwrap().1;
    assert_eq!(flipped.len(), BODY.len());
    assert_eq!(flipped.bytes().zip(BODY.bytes()).filter(|(a, b)| a != b).count(), 1);
}

#[test]
fn a_listing_is_a_web_page_or_empty() {
    let behind =
        Behind::new([Rule::new("GET", "list-type=2", Fault::Html).nth(1), Rule::new("GET", "list-type=2", Fault::EmptyListing).nth(2)]);
    assert!(behind.ask("GET", "/b?list-type=2&prefix=x", "").unwrap().1.contains("<html>"));
    assert!(behind.ask("GET", "/b?list-type=2&prefix=x", "").unwrap().1.contains("<KeyCount>0</KeyCount>"));
    assert_eq!(behind.ask("GET", "/b?list-type=2&prefix=x", "").unwrap().1, BODY);
}

#[test]
fn only_the_match_that_is_named_is_struck() {
    let behind = Behind::new([
        Rule::new("PUT|POST", "k=1", Fault::Status(409, "Conflict")).nth(2),
        Rule::new("GET", "", Fault::Status(500, "X")).first(2),
    ]);
    let statuses = |method| (0..3).map(|_| behind.ask(method, "/b/k%3D1", "x").unwrap().0).collect::<Vec<_>>();
    assert_eq!(statuses("PUT"), [200, 409, 200]);
    assert_eq!(statuses("GET"), [500, 500, 200]);
    assert_eq!((behind.proxy.count("PUT", "k=1"), behind.proxy.count("", ""), behind.proxy.count("DELETE", "")), (3, 6, 0));
    assert_eq!(behind.proxy.requests()[0], Request { method: "PUT".to_owned(), key: "/b/k=1".to_owned() });
}

#[test]
fn a_delayed_request_is_answered_as_any() {
    let behind = Behind::new([Rule::new("", "", Fault::Delay(Duration::from_millis(5)))]);
    assert_eq!(behind.ask("GET", "/x", ""), Some((200, BODY.to_owned())));
}

/// What the store has done when a request is held, and again once it was released after its client went away.
fn held(fault: Fault) -> (usize, usize) {
    let behind = Behind::new([Rule::new("PUT", "", fault).nth(1)]);
    let gone = hang_up_after_sending(behind.proxy.address());
    assert!(behind.proxy.wait_until_held(Duration::from_secs(30)));
    drop(gone);
    let before = behind.done();
    behind.proxy.release();
    while behind.done() == 0 {
        std::thread::yield_now();
    }
    (before, behind.done())
}

fn hang_up_after_sending(address: SocketAddr) -> std::net::TcpStream {
    use std::io::Write;
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    stream.write_all(b"PUT /late HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx").unwrap();
    stream
}

#[test]
fn a_held_request_reaches_the_store_late_even_without_its_client() {
    assert_eq!(held(Fault::Hold), (0, 1));
}

#[test]
fn an_answer_that_is_held_was_done_before() {
    assert_eq!(held(Fault::HoldAfter), (1, 1));
}

#[test]
fn rules_and_counts_can_be_forgotten() {
    let behind = Behind::new([Rule::new("GET", "", Fault::Drop)]);
    assert_eq!(behind.ask("GET", "/x", ""), None);
    behind.proxy.clear();
    assert_eq!(behind.ask("GET", "/x", ""), Some((200, BODY.to_owned())));
    assert_eq!(behind.proxy.count("GET", "/x"), 1);
}
