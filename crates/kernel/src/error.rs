//! The errors of the kernel. The pipeline decides which exit code each has.

use std::fmt;

/// The result of a kernel function.
pub type Result<T> = std::result::Result<T, KernelError>;

/// What the kernel refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KernelError {
    /// An instant or a day is outside the range of the calendar. Holds the reason.
    OutsideCalendar(String),
    /// A string is not a date. Holds the string.
    NotADate(String),
    /// The value of a rule is outside its bounds.
    RuleOutOfBounds { message: &'static str, hint: &'static str },
}

impl KernelError {
    /// What the user can write instead, if the kernel knows it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            KernelError::OutsideCalendar(_) => None,
            KernelError::NotADate(_) => Some("write 2026-11-20, 20261120, yesterday or today"),
            KernelError::RuleOutOfBounds { hint, .. } => Some(hint),
        }
    }
}

impl fmt::Display for KernelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KernelError::OutsideCalendar(reason) => write!(f, "a time outside the calendar: {reason}"),
            KernelError::NotADate(text) => write!(f, "`{text}` is not a date"),
            KernelError::RuleOutOfBounds { message, .. } => f.write_str(message),
        }
    }
}

impl std::error::Error for KernelError {}
