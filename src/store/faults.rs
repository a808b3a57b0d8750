//! What a store's error means to a person: one plain line and what to do. A server's own words are never repeated, for they may
//! quote the request, credentials included; only its error code and the names of a region are taken from them.

use crate::error::{Error, Kind};
use std::error::Error as Cause;

/// The library's error as one of ours.
pub(crate) fn explain(error: &object_store::Error) -> Error {
    use object_store::Error as E;
    let text = chain(error);
    let remote = Remote::new(&text);
    match error {
        // A local disk's fault has the system's own words.
        _ if !is_request(error, &text) => match disk_fault(error) {
            Some(fault) => disk(fault),
            None => local(error),
        },
        E::NotFound { .. } if !remote.has(&["NoSuchBucket", "ContainerNotFound", "bucket does not exist"]) => {
            Error::new(Kind::NotReady, "there is no such object")
        }
        E::AlreadyExists { .. } | E::Precondition { .. } => {
            Error::new(Kind::Failed, remote.say("the object is there already, or is not the one it was"))
                .hint("another run may be writing to the same output")
        }
        _ => remote.error(),
    }
}

fn is_request(error: &object_store::Error, text: &str) -> bool {
    match error {
        object_store::Error::Generic { store, .. } => !matches!(*store, "LocalFileSystem" | "InMemory" | "URL"),
        _ => ["Error performing ", "HTTP error", "status code: "].iter().any(|sign| text.contains(sign)),
    }
}

/// A fault with no request behind it: a key that cannot be, or what the store's client does not do.
fn local(error: &object_store::Error) -> Error {
    use object_store::Error as E;
    match error {
        E::NotFound { .. } => Error::new(Kind::NotReady, "there is no such file"),
        E::AlreadyExists { .. } => Error::new(Kind::Failed, "the file is there already"),
        E::NotImplemented { operation, .. } => Error::new(Kind::Config, format!("this store cannot do `{operation}`")),
        E::PermissionDenied { .. } | E::Unauthenticated { .. } => Error::new(Kind::Config, "access is refused"),
        other => Error::new(Kind::Failed, plain(&other.to_string())),
    }
}

fn disk(fault: &std::io::Error) -> Error {
    use std::io::ErrorKind as K;
    let error = Error::new(Kind::Failed, fault.to_string());
    match fault.kind() {
        K::PermissionDenied | K::ReadOnlyFilesystem => error.hint("may this user read and write there?"),
        K::StorageFull | K::QuotaExceeded => error.hint("make room and run again: what was not finished was not published"),
        _ => error,
    }
}

fn disk_fault<'a>(error: &'a (dyn Cause + 'static)) -> Option<&'a std::io::Error> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

fn causes<'a>(error: &'a (dyn Cause + 'static)) -> impl Iterator<Item = &'a (dyn Cause + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn Cause + 'static)| (**error).source())
}

/// All that is said, addresses without path and query: those hold keys, which may read like anything, and signatures.
fn chain(error: &object_store::Error) -> String {
    let said = causes(error).map(ToString::to_string).collect::<Vec<_>>().join(" \n ");
    let words = said.split(' ').map(|word| match url::Url::parse(word) {
        Ok(url) if url.has_host() => url[..url::Position::BeforePath].to_owned(),
        _ => word.to_owned(),
    });
    words.collect::<Vec<_>>().join(" ")
}

/// What the text of a failed request tells.
struct Remote<'a> {
    text: &'a str,
    status: Option<u16>,
    /// The server's word for what is wrong, e.g. `AccessDenied`.
    code: Option<&'a str>,
}

/// A cause by the server's codes or the client's words; what is said of it; what to do.
struct Known {
    signs: &'static [&'static str],
    kind: Kind,
    says: &'static str,
    hint: &'static str,
}

/// The first that fits counts.
const KNOWN: &[Known] = &[
    Known {
        signs: &[
            "ExpiredToken",
            "TokenRefreshRequired",
            "token has expired",
            "SecurityTokenExpired",
            "Signed expiry time",
            "invalid_grant",
        ],
        kind: Kind::Config,
        says: "the credentials have expired",
        hint: "get new ones (AWS_SESSION_TOKEN, a SAS, a bearer token) and run again",
    },
    Known {
        signs: &["RequestTimeTooSkewed", "RequestExpired"],
        kind: Kind::Config,
        says: "the store refuses this machine's clock",
        hint: "set the clock; a store allows 15 minutes",
    },
    Known {
        signs: &["InvalidAccessKeyId", "InvalidToken", "InvalidClientTokenId"],
        kind: Kind::Config,
        says: "the store does not know these credentials",
        hint: "is AWS_ACCESS_KEY_ID (and AWS_SESSION_TOKEN) of this store?",
    },
    Known {
        signs: &["SignatureDoesNotMatch", "AuthenticationFailed"],
        kind: Kind::Config,
        says: "the store refuses the signature",
        hint: "is the secret (AWS_SECRET_ACCESS_KEY, AZURE_STORAGE_KEY) the one of this key, without a blank at its end?",
    },
    Known {
        signs: &["NoSuchBucket", "ContainerNotFound", "bucket does not exist", "InvalidBucketName"],
        kind: Kind::Config,
        says: "there is no such bucket or container",
        hint: "is its name spelled right, and the endpoint or account the one it is in? kefu makes no buckets",
    },
    Known {
        signs: &["PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraint", "without LOCATION", "TemporaryRedirect"],
        kind: Kind::Config,
        says: "the bucket is in another region",
        hint: "set AWS_REGION to the bucket's region",
    },
    Known {
        signs: &["SecondLevelDomainForbidden", "virtual hosted style", "virtual-hosted style"],
        kind: Kind::Config,
        says: "the store wants the bucket in the host name",
        hint: "set AWS_VIRTUAL_HOSTED_STYLE_REQUEST=true",
    },
    Known {
        signs: &["169.254.169.254", "169.254.170.2", "metadata.google.internal", "az account", "AssumeRole", "oauth2"],
        kind: Kind::Config,
        says: "no credentials were found in the environment, and this machine gives none",
        hint: "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, GOOGLE_APPLICATION_CREDENTIALS, or AZURE_STORAGE_ACCOUNT and AZURE_STORAGE_KEY; profiles (AWS_PROFILE) are not read",
    },
    Known {
        signs: &["status code: 501"],
        kind: Kind::Config,
        says: "the store does not know this sort of request",
        hint: "an output needs conditional writes (If-None-Match, If-Match); `kefu check` tries them",
    },
    Known {
        signs: &["dns error", "failed to lookup address"],
        kind: Kind::NotReady,
        says: "the store's host name is not known",
        hint: "is the endpoint or region spelled right, and the network up?",
    },
    Known {
        signs: &["Connection refused"],
        kind: Kind::NotReady,
        says: "the store refuses the connection",
        hint: "is the endpoint's port right, and the store running?",
    },
    Known {
        signs: &["certificate", "InvalidContentType", "received corrupt message"],
        kind: Kind::Config,
        says: "no safe connection to the store",
        hint: "is its certificate valid here, and is the endpoint https rather than http?",
    },
    Known {
        signs: &["URL scheme is not allowed"],
        kind: Kind::Config,
        says: "plain http is not allowed here",
        hint: "write the endpoint with https://, or with http:// if it is meant",
    },
    Known {
        signs: &["no answer within", "timed out", "deadline has elapsed", "TimedOut"],
        kind: Kind::NotReady,
        says: "the store does not answer",
        hint: "is the endpoint right, and does a firewall or proxy stand between?",
    },
    Known {
        signs: &["Network is unreachable", "No route to host", "network unreachable"],
        kind: Kind::NotReady,
        says: "there is no way to the store's host",
        hint: "is the network up?",
    },
];

impl<'a> Remote<'a> {
    fn new(text: &'a str) -> Remote<'a> {
        let code = element(text, "Code").or_else(|| after(text, "(code: ").and_then(|rest| Some(rest.split_once(')')?.0)));
        let code = code.filter(|code| !code.is_empty() && code.len() <= 64 && code.bytes().all(|b| b.is_ascii_alphanumeric()));
        let status = after(text, "status code: ").and_then(|rest| rest.get(..3)?.parse().ok());
        Remote {
            text,
            // One key of a bulk delete is refused without a status of its own.
            status: status.or((code == Some("AccessDenied")).then_some(403)),
            code,
        }
    }

    fn has(&self, signs: &[&str]) -> bool {
        signs.iter().any(|sign| self.text.contains(sign))
    }

    fn error(&self) -> Error {
        if let Some(known) = KNOWN.iter().find(|known| self.has(known.signs)) {
            let hint = match self.region() {
                Some(region) if known.hint.contains("AWS_REGION") => format!("set AWS_REGION={region}"),
                _ => known.hint.to_owned(),
            };
            return Error::new(known.kind, self.say(known.says)).hint(hint);
        }
        let (kind, says, hint) = match self.status {
            Some(401) => (Kind::Config, "the store does not take these credentials", "are they set, and of this store?"),
            Some(403) => {
                (Kind::Config, "the store refuses access", "may these credentials list, read, write and delete below this folder?")
            }
            Some(404) => (Kind::Config, "there is nothing at this address", "are bucket and endpoint right?"),
            Some(400) => (
                Kind::Config,
                "the store refuses the request",
                "often an expired token or another region: are AWS_SESSION_TOKEN and AWS_REGION right?",
            ),
            Some(300..400) => {
                (Kind::Config, "the store sends the request elsewhere", "is AWS_REGION the bucket's, and the endpoint right?")
            }
            Some(429 | 503) => (Kind::NotReady, "the store is overloaded", "run again later; KEFU_STORE_DEADLINE gives it longer"),
            Some(500..) => (Kind::NotReady, "the store failed", "run again later"),
            Some(_) => (Kind::Failed, "the store refuses the request", "is this the store it is meant to be?"),
            None => (
                Kind::NotReady,
                "what the store sent is not an answer, or was cut off",
                "is the endpoint a store, and the network sound? then run again",
            ),
        };
        Error::new(kind, self.say(says)).hint(hint)
    }

    /// The sentence, with what was seen: `(403 AccessDenied, http://127.0.0.1:9000, after 3 retries)`.
    fn say(&self, sentence: &str) -> String {
        let answer = match (self.status, self.code) {
            (Some(status), Some(code)) => Some(format!("{status} {code}")),
            (Some(status), None) => Some(status.to_string()),
            (None, code) => code.map(str::to_owned),
        };
        let retries = after(self.text, ", after ").and_then(|rest| rest.split_once(" retries"));
        let retries = retries.filter(|(count, _)| count.bytes().all(|b| b.is_ascii_digit()));
        let seen = [answer, self.origin(), retries.map(|(count, _)| format!("after {count} retries"))];
        let seen = seen.into_iter().flatten().collect::<Vec<_>>();
        if seen.is_empty() { sentence.to_owned() } else { format!("{sentence} ({})", seen.join(", ")) }
    }

    /// Whom the request went to: never its path or query, which may be signed.
    fn origin(&self) -> Option<String> {
        let rest = after(self.text, "Error performing ")?;
        let address = rest.split_whitespace().nth(1)?;
        let url = url::Url::parse(address).ok().filter(|url| url.has_host())?;
        let host = url.host_str()?;
        Some(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
    }

    /// The region the server names as the right one.
    fn region(&self) -> Option<&'a str> {
        let named =
            element(self.text, "Region").or_else(|| after(self.text, "expecting '").and_then(|rest| Some(rest.split_once('\'')?.0)))?;
        let is_name = named.len() <= 32 && named.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        (is_name && !named.is_empty()).then_some(named)
    }
}

fn after<'a>(text: &'a str, sign: &str) -> Option<&'a str> {
    Some(text.split_once(sign)?.1)
}

fn element<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let rest = after(text, &format!("<{name}>"))?;
    Some(rest.split_once(&format!("</{name}>"))?.0)
}

/// One line of bounded length.
fn plain(text: &str) -> String {
    text.lines().next().unwrap_or_default().chars().take(300).collect()
}
