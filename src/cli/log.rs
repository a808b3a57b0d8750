//! The log on stderr: text for a person, or one JSON object a line for a collector.

use crate::error::Error;
use crate::say;
use clap::ValueEnum;
use std::sync::OnceLock;
use tracing::Span;
use tracing_subscriber::fmt::format::FmtSpan;

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum LogFormat {
    Text,
    Json,
}

/// The run of this process.
static RUN: OnceLock<Span> = OnceLock::new();

pub(super) fn start(format: LogFormat, verbose: u8) {
    let level = ["warn", "info", "debug"][usize::from(verbose.min(2))];
    let filter = tracing_subscriber::EnvFilter::builder().with_env_var("KEFU_LOG").try_from_env();
    let default = || tracing_subscriber::EnvFilter::new(format!("kefu={level},{}=info", say::TARGET));
    let log = tracing_subscriber::fmt().with_env_filter(filter.unwrap_or_else(|_| default())).with_writer(|| crate::privacy::Stderr);
    say::in_json(matches!(format, LogFormat::Json));
    // A second start, as in tests of the library, keeps the first.
    let _ = match format {
        LogFormat::Text => log.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).try_init(),
        LogFormat::Json => log.json().with_span_events(FmtSpan::CLOSE).try_init(),
    };
}

/// The span of a run, in which every line of its log stands, at every level.
pub(super) fn run(run_id: &str) -> &'static Span {
    RUN.get_or_init(|| tracing::error_span!("run", run_id))
}

/// Reports the error that a command failed with, as the last lines on stderr.
pub(super) fn report(error: Error) {
    let error = error.redacted();
    if !say::is_json() {
        eprintln!("{:?}", miette::Report::new(error));
        return;
    }
    let _run = RUN.get().map(Span::enter);
    let context = error.context().iter().map(|(key, value)| format!("{key}: {value}")).collect::<Vec<_>>().join("; ");
    tracing::error!(exit_code = error.exit_code(), context, hint = error.to_do(), "{}", error.message());
}
