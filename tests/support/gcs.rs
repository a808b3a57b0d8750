//! As much of Google Cloud Storage's XML API as a run asks for: objects with generations, preconditions on them, ranges, listings in
//! pages. A generation is never given twice, so that a request that comes late is told apart even where the bytes are the same again.

use super::http::{Message, send, serve};
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

/// Short, so that a listing takes several.
const PAGE: usize = 40;

#[derive(Default)]
struct Objects {
    /// By bucket and key, with their generation.
    of: BTreeMap<String, (u64, Vec<u8>)>,
    last: u64,
}

/// Serves a bucket of any name on a free port of the loopback until the test process ends.
pub(crate) fn start() -> SocketAddr {
    let objects = Mutex::new(Objects::default());
    serve(move |request, client| {
        let answer = objects.lock().unwrap_or_else(PoisonError::into_inner).answer(&request);
        send(&answer, request.method(), client)
    })
}

impl Objects {
    fn answer(&mut self, request: &Message) -> Message {
        let target = request.target();
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let key = path.trim_start_matches('/');
        match request.method() {
            "GET" if !key.contains('/') => self.listing(key, query),
            "GET" | "HEAD" => self.of.get(key).map_or_else(missing, |object| read(object, request)),
            "PUT" => self.put(key, request),
            "DELETE" => self.of.remove(key).map_or_else(missing, |_| Message::answer(204, "text/plain", "")),
            method => Message::answer(405, "text/plain", method),
        }
    }

    fn put(&mut self, key: &str, request: &Message) -> Message {
        let there = self.of.get(key).map_or(0, |(generation, _)| *generation);
        if request.header("x-goog-if-generation-match").is_some_and(|wanted| wanted != there.to_string()) {
            return refusal(412, "PreconditionFailed");
        }
        self.last += 1;
        let object = (self.last, request.body.clone());
        let answer = described(Message::answer(200, "application/xml", ""), &object);
        self.of.insert(key.to_owned(), object);
        answer
    }

    fn listing(&self, bucket: &str, query: &str) -> Message {
        let asked = query.split('&').filter_map(|pair| pair.split_once('=')).collect::<BTreeMap<_, _>>();
        let prefix = format!("{bucket}/{}", asked.get("prefix").unwrap_or(&""));
        let after = asked.get("continuation-token").map_or(String::new(), |token| format!("{bucket}/{token}"));
        let mut found = self.of.iter().filter(|(key, _)| key.starts_with(&prefix) && **key > after);
        let page = found.by_ref().take(PAGE).collect::<Vec<_>>();
        let name = |key: &str| key[bucket.len() + 1..].to_owned();
        let mut text = format!("<?xml version=\"1.0\"?><ListBucketResult><Name>{bucket}</Name>");
        for (key, object) in &page {
            let (key, tag, size) = (name(key), tag(object), object.1.len());
            text += &format!(
                "<Contents><Key>{key}</Key><LastModified>2026-09-07T00:00:00.000Z</LastModified><ETag>{tag}</ETag><Size>{size}</Size></Contents>"
            );
        }
        if let Some((last, _)) = page.last().filter(|_| found.next().is_some()) {
            text += &format!("<IsTruncated>true</IsTruncated><NextContinuationToken>{}</NextContinuationToken>", name(last));
        }
        Message::answer(200, "application/xml", text + "</ListBucketResult>")
    }
}

fn read(object: &(u64, Vec<u8>), request: &Message) -> Message {
    let whole = &object.1;
    if request.method() == "HEAD" {
        let mut answer = Message::answer(200, "application/octet-stream", "");
        answer.headers.push(("Content-Length".to_owned(), whole.len().to_string()));
        return described(answer, object);
    }
    let Some((from, to)) = request.header("Range").and_then(|range| range.strip_prefix("bytes=")?.split_once('-')) else {
        return described(Message::answer(200, "application/octet-stream", whole.clone()), object);
    };
    let (from, to) = match (from.parse::<usize>(), to.parse::<usize>()) {
        (Ok(from), Ok(to)) => (from, whole.len().min(to + 1)),
        (Ok(from), Err(_)) => (from, whole.len()),
        (Err(_), Ok(last)) => (whole.len().saturating_sub(last), whole.len()),
        (Err(_), Err(_)) => return refusal(416, "InvalidRange"),
    };
    let Some(part) = whole.get(from..to) else { return refusal(416, "InvalidRange") };
    let mut answer = Message::answer(206, "application/octet-stream", part);
    answer.headers.push(("Content-Range".to_owned(), format!("bytes {from}-{}/{}", to - 1, whole.len())));
    described(answer, object)
}

fn described(mut answer: Message, object: &(u64, Vec<u8>)) -> Message {
    let own =
        [("ETag", tag(object)), ("x-goog-generation", object.0.to_string()), ("Last-Modified", "Mon, 07 Sep 2026 00:00:00 GMT".to_owned())];
    answer.headers.extend(own.map(|(name, value)| (name.to_owned(), value)));
    answer
}

/// Of the bytes alone, as there.
fn tag((_, bytes): &(u64, Vec<u8>)) -> String {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    format!("\"{:016x}\"", hasher.finish())
}

fn missing() -> Message {
    refusal(404, "NoSuchKey")
}

fn refusal(status: u16, code: &str) -> Message {
    Message::answer(status, "application/xml", format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code></Error>"))
}
