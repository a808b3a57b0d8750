//! The error type of the crate: what went wrong, where, what the user can do about it, and the exit code.

use crate::privacy;
use std::fmt;
use std::io;

/// The result of a function of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// The kind of a failure. It decides the exit code and whether a later retry can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The command line is wrong: exit 2.
    Usage,
    /// The pipeline file or the credentials are wrong: exit 2.
    Config,
    /// The data was read and refused, or a gate held it back: exit 3.
    Refused,
    /// The input has not arrived or went away, the storage does not answer, or another run is writing: exit 75, try again.
    NotReady,
    /// Anything else, such as a disk that is full: exit 1.
    Failed,
    /// A signal stopped the run: exit code 128 plus the number of the signal.
    Interrupted(i32),
}

impl Kind {
    /// The rank among several failures. The user has to deal with the highest first, because waiting helps with the lower ones.
    pub(crate) fn rank(self) -> u8 {
        match self {
            Kind::NotReady => 0,
            Kind::Failed => 1,
            Kind::Refused => 2,
            Kind::Usage | Kind::Config => 3,
            Kind::Interrupted(_) => 4,
        }
    }
}

/// A place in a text that the user wrote.
#[derive(Debug)]
pub struct Snippet {
    /// The name of the text, such as that of its file.
    pub name: String,
    /// The whole text.
    pub text: String,
    /// The range of bytes.
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
    /// An error without context and hint.
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

    /// Sets what the user can do about it. A later hint replaces an earlier one.
    #[must_use]
    pub fn hint(mut self, text: impl Into<String>) -> Self {
        self.hint = Some(text.into());
        self
    }

    /// Sets the place in the text that the user wrote.
    #[must_use]
    pub fn at(mut self, snippet: Snippet) -> Self {
        self.snippet = Some(Box::new(snippet));
        self
    }

    /// The same error with every secret removed.
    #[must_use]
    pub fn redacted(mut self) -> Self {
        let clean = |text: &mut String| *text = privacy::redacted(text).into_owned();
        clean(&mut self.message);
        self.context.iter_mut().map(|(_, value)| value).chain(&mut self.hint).for_each(clean);
        self.snippet.iter_mut().for_each(|snippet| snippet.text = privacy::blanked(&snippet.text));
        self
    }

    /// The kind of the failure.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What went wrong, without the context.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The pieces of context, the innermost first.
    pub fn context(&self) -> &[(&'static str, String)] {
        &self.context
    }

    /// What the user can do about it.
    pub fn hint_text(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// The exit code of the process.
    pub fn exit_code(&self) -> u8 {
        match self.kind {
            Kind::Failed => 1,
            Kind::Usage | Kind::Config => 2,
            Kind::Refused => 3,
            Kind::NotReady => 75,
            Kind::Interrupted(signal) => 128 + signal as u8,
        }
    }

    /// Message, context and hint in one line, for a list of errors.
    pub fn in_one_line(&self) -> String {
        let context = self.context.iter().map(|(key, value)| format!(" · {key}: {value}")).collect::<String>();
        let hint = self.hint.as_ref().map(|hint| format!(" → {hint}")).unwrap_or_default();
        format!("{}{context}{hint}", self.message)
    }

    /// Whether the same command may succeed later without a change.
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

impl Error {
    /// An error of the operating system, in its own words, with what to do about it. The caller adds the file and what it was doing.
    pub(crate) fn of_system(fault: &io::Error) -> Error {
        use io::ErrorKind as K;
        let hint = match fault.kind() {
            K::PermissionDenied | K::ReadOnlyFilesystem => "check that this user may read and write there",
            K::StorageFull | K::QuotaExceeded => "free some space and run again; nothing was half published",
            K::FileTooLarge => "raise the limit on the size of a file (`ulimit -f`) and run again; nothing was half published",
            K::NotFound => "something else has removed it, or a folder above it is not there: look, and run again",
            K::NotADirectory => "a part of the path is a file: write the path of a folder",
            _ => "the words are the operating system's: look at the disk and its mount, then run again; nothing was half published",
        };
        Error::new(Kind::Failed, fault.to_string()).hint(hint)
    }

    /// Adds what was being done, if the machine or kefu itself has failed. Other errors say by themselves what is wrong with what.
    #[must_use]
    pub(crate) fn during(self, what: &str) -> Error {
        let is_said = self.context.iter().any(|(key, _)| *key == "while");
        if self.kind == Kind::Failed && !is_said { self.with("while", what) } else { self }
    }
}

/// What to do about an error that no disk, store or setting can cause.
const FAULT: &str = "this is a fault of kefu: please report it, with the lines that `-vv` prints";

impl From<io::Error> for Error {
    /// An error of this crate that went through an interface of `std` is that error again.
    fn from(e: io::Error) -> Error {
        e.downcast::<Error>().unwrap_or_else(|e| Error::of_system(&e))
    }
}

impl From<arrow::error::ArrowError> for Error {
    fn from(e: arrow::error::ArrowError) -> Error {
        use arrow::error::ArrowError as E;
        match e {
            E::IoError(_, fault) => fault.into(),
            E::ExternalError(cause) => match cause.downcast::<io::Error>() {
                Ok(fault) => (*fault).into(),
                Err(cause) => Error::new(Kind::Failed, format!("a table cannot be computed: {cause}")).hint(FAULT),
            },
            other => Error::new(Kind::Failed, format!("a table cannot be computed: {other}")).hint(FAULT),
        }
    }
}

/// Converts errors of libraries to the kind of failure that they are for a user. The caller adds what it was doing.
macro_rules! from {
    ($source:ty, $kind:expr, $what:expr, $hint:expr) => {
        impl From<$source> for Error {
            fn from(e: $source) -> Self {
                Error::new($kind, format!("{}: {e}", $what)).hint($hint)
            }
        }
    };
}
from!(polars::error::PolarsError, Kind::Failed, "a table cannot be computed", FAULT);
from!(serde_json::Error, Kind::Failed, "JSON cannot be written or read", FAULT);
from!(
    object_store::path::Error,
    Kind::Config,
    "a store takes no such path",
    "name folders and files without `.`, `..` and control characters"
);

impl From<kefu_kernel::error::KernelError> for Error {
    fn from(e: kefu_kernel::error::KernelError) -> Self {
        use kefu_kernel::error::KernelError as Refusal;
        let kind = match e {
            Refusal::OutsideCalendar(_) => Kind::Failed,
            Refusal::NotADate(_) => Kind::Usage,
            Refusal::RuleOutOfBounds { .. } => Kind::Config,
        };
        let error = Error::new(kind, e.to_string());
        match e.hint() {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }
}

/// Adds context to the error of a result.
pub trait Context<T> {
    /// Adds a piece of context that the caller knows, e.g. `("file", path)`.
    fn with(self, key: &'static str, value: impl fmt::Display) -> Result<T>;
}

impl<T, E: Into<Error>> Context<T> for std::result::Result<T, E> {
    fn with(self, key: &'static str, value: impl fmt::Display) -> Result<T> {
        self.map_err(|e| e.into().with(key, value))
    }
}
