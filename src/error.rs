//! What can go wrong, said once: what it is, where it is, what to do about it, and the exit code it means.

use crate::privacy;
use std::fmt;

pub type Result<T> = std::result::Result<T, Error>;

/// What sort of failure it is. It decides the exit code and whether trying again can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The command line asks for something that cannot be: exit 2.
    Usage,
    /// The pipeline file is wrong: exit 2.
    Config,
    /// The data was read and refused: exit 3.
    Refused,
    /// Input that is not there yet, or storage that does not answer: exit 75, try again.
    NotReady,
    /// Anything else that stopped a partition: exit 1.
    Failed,
}

/// A place in a text the user wrote: the text's name, the text, and the bytes meant.
#[derive(Debug)]
pub struct Snippet {
    pub name: String,
    pub text: String,
    pub span: std::ops::Range<usize>,
}

/// An error that a person can act on: a message, the context added by the callers that know it, and a hint.
#[derive(Debug)]
pub struct Error {
    kind: Kind,
    message: String,
    context: Vec<(&'static str, String)>,
    hint: Option<String>,
    snippet: Option<Box<Snippet>>,
}

impl Error {
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        let message = message.into();
        Error { kind, message, context: Vec::new(), hint: None, snippet: None }
    }

    /// Adds a piece of context, e.g. `("file", path)`. Each caller adds only what it alone knows.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: impl fmt::Display) -> Self {
        self.context.push((key, value.to_string()));
        self
    }

    #[must_use]
    pub fn hint(mut self, text: impl Into<String>) -> Self {
        self.hint = Some(text.into());
        self
    }

    #[must_use]
    pub fn at(mut self, snippet: Snippet) -> Self {
        self.snippet = Some(Box::new(snippet));
        self
    }

    /// The same without secrets, whoever put them in.
    #[must_use]
    pub fn redacted(mut self) -> Self {
        let clean = |text: &mut String| *text = privacy::redacted(text).into_owned();
        clean(&mut self.message);
        self.context.iter_mut().map(|(_, value)| value).chain(&mut self.hint).for_each(clean);
        self.snippet.iter_mut().for_each(|snippet| snippet.text = privacy::blanked(&snippet.text));
        self
    }

    pub fn kind(&self) -> Kind {
        self.kind
    }

    pub fn exit_code(&self) -> u8 {
        match self.kind {
            Kind::Failed => 1,
            Kind::Usage | Kind::Config => 2,
            Kind::Refused => 3,
            Kind::NotReady => 75,
        }
    }

    /// True when the same command may succeed later without a change.
    pub fn retryable(&self) -> bool {
        self.kind == Kind::NotReady
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.message)?;
        for (key, value) in &self.context {
            write!(f, "\n  {key}: {value}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

impl miette::Diagnostic for Error {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.hint.as_ref().map(|hint| Box::new(hint) as _)
    }

    fn source_code(&self) -> Option<&dyn miette::SourceCode> {
        self.snippet.as_ref().map(|s| &s.text as _)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = miette::LabeledSpan> + '_>> {
        let snippet = self.snippet.as_ref()?;
        let label = Some(format!("in {}", snippet.name));
        let span = miette::LabeledSpan::new(label, snippet.span.start, snippet.span.len());
        Some(Box::new(std::iter::once(span)))
    }
}

/// Libraries' errors enter here with the kind they have for a user; the caller adds what was being done.
macro_rules! from {
    ($source:ty, $kind:expr) => {
        impl From<$source> for Error {
            fn from(e: $source) -> Self {
                Error::new($kind, e.to_string())
            }
        }
    };
}
from!(std::io::Error, Kind::Failed);
from!(arrow::error::ArrowError, Kind::Failed);
from!(parquet::errors::ParquetError, Kind::Failed);
from!(polars::error::PolarsError, Kind::Failed);
from!(csv::Error, Kind::Failed);
from!(serde_json::Error, Kind::Failed);
from!(object_store::path::Error, Kind::Config);

impl From<object_store::Error> for Error {
    fn from(e: object_store::Error) -> Self {
        use object_store::Error as E;
        let kind = match &e {
            // A local disk's fault does not heal by itself; a remote store's may.
            E::Generic { source, .. } if is_local_fault(source.as_ref()) => Kind::Failed,
            E::NotFound { .. } | E::Generic { .. } => Kind::NotReady,
            E::PermissionDenied { .. } | E::Unauthenticated { .. } => Kind::Config,
            _ => Kind::Failed,
        };
        Error::new(kind, e.to_string())
    }
}

fn is_local_fault(error: &(dyn std::error::Error + 'static)) -> bool {
    use std::io::ErrorKind as K;
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(io) = error.downcast_ref::<std::io::Error>() {
            return !matches!(
                io.kind(),
                K::TimedOut
                    | K::ConnectionRefused
                    | K::ConnectionReset
                    | K::ConnectionAborted
                    | K::BrokenPipe
                    | K::UnexpectedEof
                    | K::Interrupted
            );
        }
        cause = error.source();
    }
    false
}

/// Adds context to the error of a result, where the caller knows more than the callee.
pub trait Context<T> {
    fn with(self, key: &'static str, value: impl fmt::Display) -> Result<T>;
}

impl<T, E: Into<Error>> Context<T> for std::result::Result<T, E> {
    fn with(self, key: &'static str, value: impl fmt::Display) -> Result<T> {
        self.map_err(|e| e.into().with(key, value))
    }
}
