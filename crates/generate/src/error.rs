//! Why logs could not be written, and what the caller can do about it.

use std::path::PathBuf;

/// The result of everything here that can fail.
pub type GenerateResult<T> = std::result::Result<T, GenerateError>;

/// The reason why logs could not be written.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// The request asks for logs that cannot exist; the text says which settings are wrong.
    #[error("{0}")]
    InvalidRequest(&'static str),
    /// The request reaches beyond the years that the calendar knows.
    #[error("a time out of range: {0}")]
    TimeOutOfRange(jiff::Error),
    /// The output folder holds logs already. Nothing was written.
    #[error("there are logs in this folder already")]
    FolderTaken {
        /// The folder of messages or orders that stands in the way.
        folder: PathBuf,
    },
    /// A file or a folder could not be written.
    #[error("cannot write: {problem}")]
    Unwritable {
        /// The file or folder.
        path: PathBuf,
        /// What the file system or the encoder of the file's format reported.
        problem: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The generator contradicts itself. This is a fault of the crate, not of the request.
    #[error("{0}")]
    Internal(String),
}

impl GenerateError {
    /// Whether another request would succeed: true when the arguments are wrong, false when writing failed.
    pub fn is_usage(&self) -> bool {
        match self {
            GenerateError::InvalidRequest(_) | GenerateError::TimeOutOfRange(_) | GenerateError::FolderTaken { .. } => true,
            GenerateError::Unwritable { .. } | GenerateError::Internal(_) => false,
        }
    }

    /// What the caller can do about it, where that is known.
    pub fn hint(&self) -> Option<&'static str> {
        matches!(self, GenerateError::FolderTaken { .. }).then_some("name a new folder")
    }

    /// Any error that only a mistake in this crate can cause.
    pub(crate) fn internal(problem: &impl std::fmt::Display) -> GenerateError {
        GenerateError::Internal(problem.to_string())
    }
}
