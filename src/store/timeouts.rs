//! Timeouts of requests to a store. A store that has answered before is retried until the deadline; one that has never answered is given
//! up within seconds, because its address is probably wrong.

use super::patience::{Access, Health};
use object_store::ClientOptions;
use object_store::client::{HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService, ReqwestConnector};
use object_store::{BackoffConfig, RetryConfig};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// The default of `KEFU_STORE_DEADLINE`: how long one operation is tried while the store is overloaded or cannot be reached.
pub(super) const DEADLINE: Duration = Duration::from_secs(60);
/// A store that has not answered any request within this time is taken for a wrong address rather than a temporary fault.
const FIRST_ANSWER: Duration = Duration::from_secs(5);
/// The limit on the TCP and TLS handshake.
const CONNECT: Duration = Duration::from_secs(3);
/// A request fails when no byte arrives for this long, before its answer begins or in the middle of it.
const SILENCE: Duration = Duration::from_secs(30);
/// Bytes of a failing answer that are kept: its error code stands at its beginning.
const TEXT: usize = 2000;
/// The slowest acceptable upload, in bytes per second; each such portion of a body adds a second to the limit.
const SLOWEST: usize = 100_000;

/// The retry policy of a single request: exponential backoff from 100 ms to 2 s until the deadline.
pub(super) fn retries(deadline: Duration) -> RetryConfig {
    let backoff = BackoffConfig { init_backoff: Duration::from_millis(100), max_backoff: Duration::from_secs(2), base: 2.0 };
    RetryConfig { backoff, max_retries: 1000, retry_timeout: deadline }
}

/// The HTTP client's options. There is no limit on a whole request: a large object may take long as long as bytes arrive.
pub(super) fn options() -> ClientOptions {
    ClientOptions::new().with_connect_timeout(CONNECT).with_timeout_disabled()
}

/// Creates HTTP clients with the timeouts of this module.
#[derive(Clone, Debug)]
pub(super) struct Timeouts {
    /// How long one operation is tried.
    pub deadline: Duration,
    /// What all clients of the store find out about it.
    pub health: Arc<Health>,
}

impl HttpConnector for Timeouts {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let reqwest = ReqwestConnector::default();
        // reqwest's read timeout also counts the time in which a body is sent, so it is only set for requests without one.
        let without_body = reqwest.connect(&options.clone().with_read_timeout(SILENCE))?;
        let with_body = reqwest.connect(&options.clone().with_read_timeout_disabled())?;
        let first_answer = self.deadline.min(FIRST_ANSWER);
        let (answered, first_request) = (AtomicBool::new(false), OnceLock::new());
        let timeouts = self.clone();
        Ok(HttpClient::new(TimedClient { without_body, with_body, first_answer, answered, first_request, timeouts }))
    }
}

/// An HTTP client that limits the time to the first answer and the silence after it.
#[derive(Debug)]
struct TimedClient {
    /// Sends requests that have no body.
    without_body: HttpClient,
    /// Sends requests that have a body.
    with_body: HttpClient,
    /// The limit on the time to the store's first answer.
    first_answer: Duration,
    /// Whether the store has answered any request.
    answered: AtomicBool,
    /// When the first request was sent.
    first_request: OnceLock<Instant>,
    /// The deadline, and what all clients of the store know of it.
    timeouts: Timeouts,
}

/// Why this client ended a request.
#[derive(Debug, thiserror::Error)]
pub(super) enum DeadlineExceeded {
    /// No byte arrived within the limit.
    #[error("no answer within {0:?}")]
    Silent(Duration),
    /// The store does not implement the request, so a retry cannot succeed.
    #[error("status code: 501 Not Implemented")]
    NotImplemented,
    /// The store has been failing for longer than the deadline: its status and the text of its answer.
    #[error("status code: {0}: {1}")]
    Failing(u16, String),
}

impl HttpService for TimedClient {
    // The signature is the expansion of `async_trait`, which is not a dependency outside tests.
    fn call<'s, 'f>(&'s self, request: HttpRequest) -> Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'f>>
    where
        's: 'f,
        Self: 'f,
    {
        Box::pin(self.send(request))
    }
}

impl TimedClient {
    /// Sends a request and notes what its answer says of the store. Errors of kind `Unknown` are not retried by `object_store`: those of a store
    /// that has been failing for longer than the deadline are of that kind, whatever time the single request has left.
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let access = if request.method().is_safe() { Access::Read } else { Access::Write };
        let Timeouts { deadline, health } = &self.timeouts;
        let outcome = self.send_once(request).await;
        if outcome.is_ok() {
            health.note_answer();
        }
        if outcome.as_ref().is_ok_and(|answer| !is_overload(answer.status().as_u16())) {
            health.note_success(access);
            return outcome;
        }
        match outcome {
            outcome if !health.note_failure(access, *deadline) => outcome,
            Ok(answer) => Err(HttpError::new(HttpErrorKind::Unknown, failing(answer).await)),
            Err(fault) => Err(HttpError::new(HttpErrorKind::Unknown, fault)),
        }
    }

    /// Sends a request. Errors of kind `Timeout` are retried by `object_store` if the request may be repeated.
    async fn send_once(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let first_request = *self.first_request.get_or_init(Instant::now);
        let size = request.body().content_length();
        let client = if size == 0 { &self.without_body } else { &self.with_body };
        let silence = if self.has_answered() { SILENCE } else { self.first_answer };
        let limit = silence + Duration::from_secs((size / SLOWEST) as u64);
        match tokio::time::timeout(limit, client.execute(request)).await {
            Ok(Ok(answer)) => {
                self.answered.store(true, Ordering::Relaxed);
                // `object_store` would retry a 501 as it retries every server error, until the deadline.
                if answer.status().as_u16() == 501 {
                    return Err(HttpError::new(HttpErrorKind::Unknown, DeadlineExceeded::NotImplemented));
                }
                Ok(answer)
            }
            Ok(Err(fault)) if self.has_answered() || first_request.elapsed() < self.first_answer => Err(fault),
            // The store has never answered: the kind `Unknown` prevents a retry.
            Ok(Err(fault)) => Err(HttpError::new(HttpErrorKind::Unknown, fault)),
            Err(_) if self.has_answered() => Err(HttpError::new(HttpErrorKind::Timeout, DeadlineExceeded::Silent(limit))),
            Err(_) => Err(HttpError::new(HttpErrorKind::Unknown, DeadlineExceeded::Silent(limit))),
        }
    }

    fn has_answered(&self) -> bool {
        self.answered.load(Ordering::Relaxed)
    }
}

/// Whether a status is one with which a store says that it cannot deal with a request now.
fn is_overload(status: u16) -> bool {
    matches!(status, 408 | 429 | 500..)
}

/// The error of a store that is given up, with the text of its last answer.
async fn failing(answer: HttpResponse) -> DeadlineExceeded {
    let status = answer.status().as_u16();
    let text = answer.into_body().bytes().await.unwrap_or_default();
    let start = text.get(..TEXT).unwrap_or(&text);
    DeadlineExceeded::Failing(status, String::from_utf8_lossy(start).into_owned())
}
