//! Turns an error of a store into one plain line with a hint. The server's own text is never repeated, because it may quote the request
//! with its credentials; only the error code and the name of a region are taken from it.

use crate::error::{Error, Kind};
use std::error::Error as Cause;

/// Converts an error of `object_store` into one with a kind (and so an exit code), a message and a hint.
pub(crate) fn diagnose(error: &object_store::Error) -> Error {
    use object_store::Error as E;
    let text = chain(error);
    let response = ErrorResponse::new(&text);
    match error {
        // For a local disk the operating system's message is the best there is.
        _ if !is_request(error, &text) => match disk_fault(error) {
            // A file that was listed and is gone may come again, on a disk as in a store.
            Some(fault) if fault.kind() == std::io::ErrorKind::NotFound => {
                Error::new(Kind::NotReady, "there is no such file").hint("something else has removed it: run again once it is there")
            }
            Some(fault) => Error::of_system(fault),
            None => of_client(error),
        },
        E::NotFound { .. } if !response.contains_any(&["NoSuchBucket", "ContainerNotFound", "bucket does not exist"]) => {
            Error::new(Kind::NotReady, "there is no such object")
        }
        E::AlreadyExists { .. } | E::Precondition { .. } => {
            Error::new(Kind::Failed, response.describe("the object exists already, or has changed since it was read"))
                .hint("another run may be writing to the same output")
        }
        _ => response.error(),
    }
}

/// Whether a request to a server failed, and not the local disk or the client itself.
fn is_request(error: &object_store::Error, text: &str) -> bool {
    match error {
        object_store::Error::Generic { store, .. } => !matches!(*store, "LocalFileSystem" | "InMemory" | "URL"),
        _ => ["Error performing ", "HTTP error", "status code: "].iter().any(|sign| text.contains(sign)),
    }
}

/// An error that no request caused: a key that is not valid, or an operation that the client does not support.
fn of_client(error: &object_store::Error) -> Error {
    use object_store::Error as E;
    match error {
        E::NotFound { .. } => Error::new(Kind::NotReady, "there is no such file"),
        E::AlreadyExists { .. } => Error::new(Kind::Failed, "the file exists already"),
        E::NotImplemented { operation, .. } => Error::new(Kind::Config, format!("this store cannot do `{operation}`")),
        E::PermissionDenied { .. } | E::Unauthenticated { .. } => Error::new(Kind::Config, "access is refused"),
        other => Error::new(Kind::Failed, first_line(&other.to_string())),
    }
}

/// The operating system's error among the causes of an error.
fn disk_fault<'a>(error: &'a (dyn Cause + 'static)) -> Option<&'a std::io::Error> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

/// An error and its causes, the outermost first.
fn causes<'a>(error: &'a (dyn Cause + 'static)) -> impl Iterator<Item = &'a (dyn Cause + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn Cause + 'static)| (**error).source())
}

/// The messages of an error and its causes. Addresses lose their path and query, which may hold a signature, or a key that reads like an
/// error code.
fn chain(error: &object_store::Error) -> String {
    let messages = causes(error).map(ToString::to_string).collect::<Vec<_>>().join(" \n ");
    let words = messages.split(' ').map(|word| match url::Url::parse(word) {
        Ok(url) if url.has_host() => url[..url::Position::BeforePath].to_owned(),
        _ => word.to_owned(),
    });
    words.collect::<Vec<_>>().join(" ")
}

/// A failed request, parsed from the text of its error.
struct ErrorResponse<'a> {
    text: &'a str,
    /// The HTTP status; `None` if no answer came.
    status: Option<u16>,
    /// The server's error code, e.g. `AccessDenied`.
    code: Option<&'a str>,
}

/// A cause of failure that is recognised by an error code of the server or a phrase of the client.
struct KnownCause {
    /// The codes and phrases, of which one is enough.
    signs: &'static [&'static str],
    kind: Kind,
    message: &'static str,
    hint: &'static str,
}

/// The known causes; the first one that matches is reported.
const KNOWN_CAUSES: &[KnownCause] = &[
    KnownCause {
        signs: &[
            "ExpiredToken",
            "TokenRefreshRequired",
            "token has expired",
            "SecurityTokenExpired",
            "Signed expiry time",
            "invalid_grant",
        ],
        kind: Kind::Config,
        message: "the credentials have expired",
        hint: "get new ones (AWS_SESSION_TOKEN, a SAS, a bearer token) and run again",
    },
    KnownCause {
        signs: &["RequestTimeTooSkewed", "RequestExpired"],
        kind: Kind::Config,
        message: "the store refuses this machine's clock",
        hint: "set the clock; a store allows 15 minutes",
    },
    KnownCause {
        signs: &["InvalidAccessKeyId", "InvalidToken", "InvalidClientTokenId"],
        kind: Kind::Config,
        message: "the store does not know these credentials",
        hint: "check that AWS_ACCESS_KEY_ID (and AWS_SESSION_TOKEN) belong to this store",
    },
    KnownCause {
        signs: &["SignatureDoesNotMatch", "AuthenticationFailed"],
        kind: Kind::Config,
        message: "the store refuses the signature",
        hint: "check that the secret (AWS_SECRET_ACCESS_KEY, AZURE_STORAGE_KEY) belongs to this key and has no space at its end",
    },
    KnownCause {
        signs: &["NoSuchBucket", "ContainerNotFound", "bucket does not exist", "InvalidBucketName"],
        kind: Kind::Config,
        message: "there is no such bucket or container",
        hint: "check that its name is spelled right and that the endpoint or account is the right one; kefu creates no buckets",
    },
    KnownCause {
        signs: &["PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraint", "without LOCATION", "TemporaryRedirect"],
        kind: Kind::Config,
        message: "the bucket is in another region",
        hint: "set AWS_REGION to the bucket's region",
    },
    KnownCause {
        signs: &["SecondLevelDomainForbidden", "virtual hosted style", "virtual-hosted style"],
        kind: Kind::Config,
        message: "the store wants the bucket in the host name",
        hint: "set AWS_VIRTUAL_HOSTED_STYLE_REQUEST=true",
    },
    KnownCause {
        signs: &["169.254.169.254", "169.254.170.2", "metadata.google.internal", "az account", "AssumeRole", "oauth2"],
        kind: Kind::Config,
        message: "no credentials were found in the environment, and this machine provides none",
        hint: "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, GOOGLE_APPLICATION_CREDENTIALS, or AZURE_STORAGE_ACCOUNT and AZURE_STORAGE_KEY; profiles (AWS_PROFILE) are not read",
    },
    KnownCause {
        signs: &["status code: 501"],
        kind: Kind::Config,
        message: "the store does not know this sort of request",
        hint: "an output needs conditional writes (If-None-Match, If-Match); `kefu check` tries them",
    },
    KnownCause {
        signs: &["dns error", "failed to lookup address"],
        kind: Kind::NotReady,
        message: "the store's host name is not known",
        hint: "check that the endpoint or region is spelled right and that the network is up",
    },
    KnownCause {
        signs: &["Connection refused"],
        kind: Kind::NotReady,
        message: "the store refuses the connection",
        hint: "check that the port of the endpoint is right and that the store is running",
    },
    KnownCause {
        signs: &["certificate", "InvalidContentType", "received corrupt message"],
        kind: Kind::Config,
        message: "a secure connection to the store could not be made",
        hint: "check that its certificate is valid on this machine and whether the endpoint speaks http rather than https",
    },
    KnownCause {
        signs: &["URL scheme is not allowed"],
        kind: Kind::Config,
        message: "plain http is not allowed here",
        hint: "write the endpoint with https://, or with http:// if plain http is intended",
    },
    KnownCause {
        signs: &["no answer within", "timed out", "deadline has elapsed", "TimedOut"],
        kind: Kind::NotReady,
        message: "the store does not answer",
        hint: "check that the endpoint is right and that no firewall or proxy blocks it",
    },
    KnownCause {
        signs: &["Network is unreachable", "No route to host", "network unreachable"],
        kind: Kind::NotReady,
        message: "the store's host cannot be reached over the network",
        hint: "check that the network is up",
    },
];

impl<'a> ErrorResponse<'a> {
    fn new(text: &'a str) -> ErrorResponse<'a> {
        let code = element(text, "Code").or_else(|| after(text, "(code: ").and_then(|rest| Some(rest.split_once(')')?.0)));
        let code = code.filter(|code| !code.is_empty() && code.len() <= 64 && code.bytes().all(|b| b.is_ascii_alphanumeric()));
        let status = after(text, "status code: ").and_then(|rest| rest.get(..3)?.parse().ok());
        ErrorResponse {
            text,
            // A bulk delete refuses a single key by code alone, without a status of its own.
            status: status.or((code == Some("AccessDenied")).then_some(403)),
            code,
        }
    }

    fn contains_any(&self, signs: &[&str]) -> bool {
        signs.iter().any(|sign| self.text.contains(sign))
    }

    /// The error of a known cause, or else one by the status alone.
    fn error(&self) -> Error {
        if let Some(known) = KNOWN_CAUSES.iter().find(|known| self.contains_any(known.signs)) {
            let hint = match self.region() {
                Some(region) if known.hint.contains("AWS_REGION") => format!("set AWS_REGION={region}"),
                _ => known.hint.to_owned(),
            };
            return Error::new(known.kind, self.describe(known.message)).hint(hint);
        }
        let (kind, message, hint) = match self.status {
            Some(401) => (Kind::Config, "the store does not accept these credentials", "check that they are set and belong to this store"),
            Some(403) => {
                (Kind::Config, "the store refuses access", "may these credentials list, read, write and delete below this folder?")
            }
            Some(404) => (Kind::Config, "there is nothing at this address", "check the bucket and the endpoint"),
            Some(400) => (
                Kind::Config,
                "the store refuses the request",
                "often a token has expired or the region is wrong: check AWS_SESSION_TOKEN and AWS_REGION",
            ),
            Some(300..400) => (
                Kind::Config,
                "the store redirects the request",
                "check that AWS_REGION is the bucket's region and that the endpoint is right",
            ),
            Some(429 | 503) => (Kind::NotReady, "the store is overloaded", "run again later; a larger KEFU_STORE_DEADLINE waits longer"),
            Some(500..) => (Kind::NotReady, "the store failed", "run again later"),
            Some(_) => (Kind::Failed, "the store refuses the request", "check that this is the intended store"),
            None => (
                Kind::NotReady,
                "the store's answer is not valid HTTP or was cut off",
                "check that the endpoint is a store and that the network is stable, then run again",
            ),
        };
        Error::new(kind, self.describe(message)).hint(hint)
    }

    /// A message followed by the details of the answer, e.g. `(403 AccessDenied, 127.0.0.1:9000, after 3 retries)`.
    fn describe(&self, message: &str) -> String {
        let answer = match (self.status, self.code) {
            (Some(status), Some(code)) => Some(format!("{status} {code}")),
            (Some(status), None) => Some(status.to_string()),
            (None, code) => code.map(str::to_owned),
        };
        let retries = after(self.text, ", after ").and_then(|rest| rest.split_once(" retries"));
        let retries = retries.filter(|(count, _)| count.bytes().all(|b| b.is_ascii_digit()));
        let details = [answer, self.origin(), retries.map(|(count, _)| format!("after {count} retries"))];
        let details = details.into_iter().flatten().collect::<Vec<_>>();
        if details.is_empty() { message.to_owned() } else { format!("{message} ({})", details.join(", ")) }
    }

    /// The host and port that the request went to. Path and query are left out, because they may be signed.
    fn origin(&self) -> Option<String> {
        let rest = after(self.text, "Error performing ")?;
        let address = rest.split_whitespace().nth(1)?;
        let url = url::Url::parse(address).ok().filter(|url| url.has_host())?;
        let host = url.host_str()?;
        Some(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
    }

    /// The region that the server names as the bucket's.
    fn region(&self) -> Option<&'a str> {
        let named =
            element(self.text, "Region").or_else(|| after(self.text, "expecting '").and_then(|rest| Some(rest.split_once('\'')?.0)))?;
        let is_name = named.len() <= 32 && named.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        (is_name && !named.is_empty()).then_some(named)
    }
}

/// The text after the first occurrence of a marker.
fn after<'a>(text: &'a str, sign: &str) -> Option<&'a str> {
    Some(text.split_once(sign)?.1)
}

/// The content of the first XML element of a name.
fn element<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let rest = after(text, &format!("<{name}>"))?;
    Some(rest.split_once(&format!("</{name}>"))?.0)
}

/// The first line of a text, cut at 300 characters.
fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().chars().take(300).collect()
}

impl From<object_store::Error> for Error {
    fn from(e: object_store::Error) -> Self {
        diagnose(&e)
    }
}

impl From<parquet::errors::ParquetError> for Error {
    fn from(e: parquet::errors::ParquetError) -> Self {
        let of_store = causes(&e).find_map(|cause| cause.downcast_ref::<object_store::Error>());
        match (of_store, disk_fault(&e)) {
            (Some(error), _) => diagnose(error),
            (None, Some(fault)) => Error::of_system(fault),
            (None, None) => {
                Error::new(Kind::Failed, format!("a table cannot be written as Parquet or read from it: {}", first_line(&e.to_string())))
                    .hint("`kefu verify` tells whether a published file is damaged; else this is a fault of kefu: please report it")
            }
        }
    }
}
