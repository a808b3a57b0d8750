//! A proxy before a store that does what networks and stores do on a bad day, to the request that a test names.
//!
//! ```ignore
//! let proxy = Proxy::start(moto);                                             // use proxy.url() as the endpoint
//! proxy.rule(Rule::new("PUT", "reports/", Fault::LoseAck).nth(3));            // the third PUT below reports/: done, but not answered
//! proxy.rule(Rule::new("", "", Fault::Hold).nth(17));                         // the 17th request of all stops before the store sees it
//! assert!(proxy.wait_until_held(Duration::from_secs(30)));                    // … now kill the run
//! proxy.release();                                                            // the held request goes on, late
//! assert_eq!(proxy.count("PUT", "reports/"), 0);
//! ```

use super::http::{self, Message};
use std::io::{self, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What happens to a request. "After" is after the store has done it.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// Answered with this status and S3 error code; the store never sees it. E.g. `Status(400, "ExpiredToken")`.
    Status(u16, &'static str),
    StatusAfter(u16, &'static str),
    /// The connection ends; the store never sees the request.
    Drop,
    /// The connection ends where the answer should come.
    LoseAck,
    /// The answer's body ends half way.
    CutBody,
    /// One bit of the middle byte of the answer's body is another.
    FlipByte,
    /// 200 and a web page, as a captive portal gives.
    Html,
    /// 200 and a listing of nothing.
    EmptyListing,
    Delay(Duration),
    /// Waits before the store sees it until `release`, and then goes there even if the client is gone.
    Hold,
    HoldAfter,
}

/// Which requests a fault befalls: those of a method whose key holds a text, all of them unless said otherwise.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    method: &'static str,
    key: String,
    fault: Fault,
    matches: std::ops::RangeInclusive<usize>,
    seen: usize,
}

impl Rule {
    /// A method (`""` is any, `"PUT|POST"` either) and a part of path and query, decoded: `reports/shop_day/dt=2026-09-01`, `list-type=2`.
    pub(crate) fn new(method: &'static str, key: &str, fault: Fault) -> Rule {
        Rule { method, key: key.to_owned(), fault, matches: 1..=usize::MAX, seen: 0 }
    }

    /// Only the n-th that matches, counted from 1 when the rule was given.
    pub(crate) fn nth(self, n: usize) -> Rule {
        Rule { matches: n..=n, ..self }
    }

    /// Only the first n that match.
    pub(crate) fn first(self, n: usize) -> Rule {
        Rule { matches: 1..=n, ..self }
    }

    fn strikes(&mut self, request: &Request) -> bool {
        if !request.is(self.method, &self.key) {
            return false;
        }
        self.seen += 1;
        self.matches.contains(&self.seen)
    }
}

/// A request that came, whatever became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub method: String,
    /// Path and query, decoded.
    pub key: String,
}

impl Request {
    fn is(&self, method: &str, key: &str) -> bool {
        (method.is_empty() || method.split('|').any(|method| method == self.method)) && self.key.contains(key)
    }
}

#[derive(Default)]
struct State {
    rules: Vec<Rule>,
    requests: Vec<Request>,
    held: usize,
    /// Counts the calls of `release`: who was held before one goes on.
    releases: usize,
}

struct Shared {
    upstream: SocketAddr,
    state: Mutex<State>,
    changed: Condvar,
}

pub(crate) struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl Proxy {
    /// Listens on a free port of the loopback until the test process ends.
    pub(crate) fn start(upstream: SocketAddr) -> Proxy {
        let shared = Arc::new(Shared { upstream, state: Mutex::default(), changed: Condvar::new() });
        let serving = Arc::clone(&shared);
        Proxy { address: http::serve(move |request, client| serving.pass(&request, client)), shared }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// As an endpoint: `http://127.0.0.1:40123`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Adds a rule. Of several that strike a request the one given first counts; each counts its own matches.
    pub(crate) fn rule(&self, rule: Rule) {
        self.shared.lock().rules.push(rule);
    }

    /// Forgets the rules and the requests seen. What is held stays so.
    pub(crate) fn clear(&self) {
        let mut state = self.shared.lock();
        state.rules.clear();
        state.requests.clear();
    }

    /// Every request that came, in order.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.shared.lock().requests.clone()
    }

    /// How many came of a method and a part of a key, as in a rule.
    pub(crate) fn count(&self, method: &str, key: &str) -> usize {
        self.shared.lock().requests.iter().filter(|request| request.is(method, key)).count()
    }

    /// True as soon as a request is held; false after the limit.
    pub(crate) fn wait_until_held(&self, limit: Duration) -> bool {
        let waited = self.shared.changed.wait_timeout_while(self.shared.lock(), limit, |state| state.held == 0);
        waited.unwrap_or_else(PoisonError::into_inner).0.held > 0
    }

    /// Lets go what is held, and waits until the store has done it.
    pub(crate) fn release(&self) {
        let mut state = self.shared.lock();
        state.releases += 1;
        self.shared.changed.notify_all();
        drop(self.shared.changed.wait_while(state, |state| state.held > 0));
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fault_of(&self, request: &Message) -> Option<Fault> {
        let mut state = self.lock();
        let request = Request { method: request.method().to_owned(), key: request.target() };
        // Each rule counts, whether another has struck before it or not.
        let struck = state.rules.iter_mut().filter_map(|rule| rule.strikes(&request).then(|| rule.fault.clone())).collect::<Vec<_>>();
        state.requests.push(request);
        struck.into_iter().next()
    }

    fn pass(&self, request: &Message, client: &mut TcpStream) -> io::Result<()> {
        let method = request.method();
        let forward = || http::forward(self.upstream, request);
        let hung_up = || Err(io::ErrorKind::ConnectionReset.into());
        let answer = match self.fault_of(request) {
            None => forward()?,
            Some(Fault::Status(status, code)) => refusal(status, code),
            Some(Fault::StatusAfter(status, code)) => forward().map(|_| refusal(status, code))?,
            Some(Fault::Drop) => return hung_up(),
            Some(Fault::LoseAck) => return forward().and_then(|_| hung_up()),
            Some(Fault::CutBody) => return cut(&forward()?, client),
            Some(Fault::FlipByte) => flipped(forward()?),
            Some(Fault::Html) => Message::answer(200, "text/html", "<html><body>Please sign in</body></html>"),
            Some(Fault::EmptyListing) => Message::answer(200, "application/xml", EMPTY),
            Some(Fault::Delay(time)) => {
                std::thread::sleep(time);
                forward()?
            }
            Some(Fault::Hold) => self.held(forward)?,
            Some(Fault::HoldAfter) => {
                let answer = forward()?;
                self.held(|| Ok(answer))?
            }
        };
        http::send(&answer, method, client)
    }

    /// What follows a release.
    fn held(&self, follows: impl FnOnce() -> io::Result<Message>) -> io::Result<Message> {
        let mut state = self.lock();
        state.held += 1;
        self.changed.notify_all();
        let before = state.releases;
        drop(self.changed.wait_while(state, |state| state.releases == before));
        let followed = follows();
        self.lock().held -= 1;
        self.changed.notify_all();
        followed
    }
}

const EMPTY: &str = "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
    <Name>any</Name><Prefix></Prefix><KeyCount>0</KeyCount><MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated></ListBucketResult>";

fn refusal(status: u16, code: &str) -> Message {
    let body = format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>Ordered by a test</Message></Error>");
    Message::answer(status, "application/xml", body)
}

fn flipped(mut answer: Message) -> Message {
    let middle = answer.body.len() / 2;
    if let Some(byte) = answer.body.get_mut(middle) {
        *byte ^= 1;
    }
    answer
}

fn cut(answer: &Message, client: &mut TcpStream) -> io::Result<()> {
    client.write_all(&answer.head(false))?;
    client.write_all(&answer.body[..answer.body.len() / 2])?;
    Err(io::ErrorKind::ConnectionReset.into())
}
