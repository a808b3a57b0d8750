//! Timeouts of requests to a store. A store that has answered before is retried until the deadline; one that has never answered is given
//! up within seconds, because its address is probably wrong.

use object_store::ClientOptions;
use object_store::client::{HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService, ReqwestConnector};
use object_store::{BackoffConfig, RetryConfig};
use std::pin::Pin;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// The default of `KEFU_STORE_DEADLINE`: how long one request is retried while the store is overloaded or cannot be reached.
pub(super) const DEADLINE: Duration = Duration::from_secs(60);
/// A store that has not answered any request within this time is taken for a wrong address rather than a temporary fault.
const FIRST_ANSWER: Duration = Duration::from_secs(5);
/// The limit on the TCP and TLS handshake.
const CONNECT: Duration = Duration::from_secs(3);
/// A request fails when no byte arrives for this long, before its answer begins or in the middle of it.
const SILENCE: Duration = Duration::from_secs(30);
/// The slowest acceptable upload, in bytes per second; each such portion of a body adds a second to the limit.
const SLOWEST: usize = 100_000;

/// The retry policy: exponential backoff from 100 ms to 5 s, at most 20 times and until the deadline.
pub(super) fn retries(deadline: Duration) -> RetryConfig {
    let backoff = BackoffConfig { init_backoff: Duration::from_millis(100), max_backoff: Duration::from_secs(5), base: 2.0 };
    RetryConfig { backoff, max_retries: 20, retry_timeout: deadline }
}

/// The HTTP client's options. There is no limit on a whole request: a large object may take long as long as bytes arrive.
pub(super) fn options() -> ClientOptions {
    ClientOptions::new().with_connect_timeout(CONNECT).with_timeout_disabled()
}

/// Creates HTTP clients with the timeouts of this module.
#[derive(Debug)]
pub(super) struct Timeouts {
    /// How long one request is retried.
    pub deadline: Duration,
}

impl HttpConnector for Timeouts {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let reqwest = ReqwestConnector::default();
        // reqwest's read timeout also counts the time in which a body is sent, so it is only set for requests without one.
        let without_body = reqwest.connect(&options.clone().with_read_timeout(SILENCE))?;
        let with_body = reqwest.connect(&options.clone().with_read_timeout_disabled())?;
        let first_answer = self.deadline.min(FIRST_ANSWER);
        let (answered, first_request) = (AtomicBool::new(false), OnceLock::new());
        Ok(HttpClient::new(TimedClient { without_body, with_body, first_answer, answered, first_request }))
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
    /// Sends a request. Errors of kind `Unknown` are not retried by `object_store`, those of kind `Timeout` are.
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
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
