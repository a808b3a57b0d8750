//! How long a store is waited for. One that has answered is retried within the budget; one that never has is given up soon.

use object_store::ClientOptions;
use object_store::client::{HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService, ReqwestConnector};
use object_store::{BackoffConfig, RetryConfig};
use std::pin::Pin;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How long one request is tried again while the store is overloaded or out of reach: `KEFU_STORE_DEADLINE`, in seconds.
pub(super) const DEADLINE: Duration = Duration::from_secs(60);
/// A store that has not answered once in this time is not there: a wrong address, not a bad moment.
const FIRST_ANSWER: Duration = Duration::from_secs(5);
const CONNECT: Duration = Duration::from_secs(3);
/// Silence that ends a request, before its answer or between two pieces of it.
const SILENCE: Duration = Duration::from_secs(30);
/// Bytes a second below which a sent body is taken for stuck.
const SLOWEST: usize = 100_000;

pub(super) fn retries(deadline: Duration) -> RetryConfig {
    let backoff = BackoffConfig { init_backoff: Duration::from_millis(100), max_backoff: Duration::from_secs(5), base: 2.0 };
    RetryConfig { backoff, max_retries: 20, retry_timeout: deadline }
}

/// No limit on the whole request: a large object may take its time as long as it moves.
pub(super) fn options() -> ClientOptions {
    ClientOptions::new().with_connect_timeout(CONNECT).with_timeout_disabled()
}

/// Makes clients that give up as this file says.
#[derive(Debug)]
pub(super) struct Patience {
    pub deadline: Duration,
}

impl HttpConnector for Patience {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let reqwest = ReqwestConnector::default();
        // The library's limit on silence counts the time a body takes to be sent, so only what sends none may have it.
        let asking = reqwest.connect(&options.clone().with_read_timeout(SILENCE))?;
        let sending = reqwest.connect(&options.clone().with_read_timeout_disabled())?;
        let patience = self.deadline.min(FIRST_ANSWER);
        Ok(HttpClient::new(Patient { asking, sending, patience, answered: AtomicBool::new(false), first: OnceLock::new() }))
    }
}

#[derive(Debug)]
struct Patient {
    asking: HttpClient,
    sending: HttpClient,
    /// How long a first answer is waited for.
    patience: Duration,
    answered: AtomicBool,
    /// When the first request was made.
    first: OnceLock<Instant>,
}

/// Why a request was given up here.
#[derive(Debug, thiserror::Error)]
pub(super) enum GivenUp {
    #[error("no answer within {0:?}")]
    Silent(Duration),
    /// An answer that another try cannot change.
    #[error("status code: 501 Not Implemented")]
    NotImplemented,
}

impl HttpService for Patient {
    // Written out, as the trait's macro would: it is not among our dependencies.
    fn call<'s, 'f>(&'s self, request: HttpRequest) -> Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'f>>
    where
        's: 'f,
        Self: 'f,
    {
        Box::pin(self.ask(request))
    }
}

impl Patient {
    async fn ask(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let first = *self.first.get_or_init(Instant::now);
        let size = request.body().content_length();
        let client = if size == 0 { &self.asking } else { &self.sending };
        let silence = if self.has_answered() { SILENCE } else { self.patience };
        let limit = silence + Duration::from_secs((size / SLOWEST) as u64);
        match tokio::time::timeout(limit, client.execute(request)).await {
            Ok(Ok(answer)) => {
                self.answered.store(true, Ordering::Relaxed);
                // A server error like others to the library, which would ask again until the budget is spent.
                if answer.status().as_u16() == 501 {
                    return Err(HttpError::new(HttpErrorKind::Unknown, GivenUp::NotImplemented));
                }
                Ok(answer)
            }
            Ok(Err(fault)) if self.has_answered() || first.elapsed() < self.patience => Err(fault),
            // This kind is not tried again.
            Ok(Err(fault)) => Err(HttpError::new(HttpErrorKind::Unknown, fault)),
            Err(_) if self.has_answered() => Err(HttpError::new(HttpErrorKind::Timeout, GivenUp::Silent(limit))),
            Err(_) => Err(HttpError::new(HttpErrorKind::Unknown, GivenUp::Silent(limit))),
        }
    }

    fn has_answered(&self) -> bool {
        self.answered.load(Ordering::Relaxed)
    }
}
