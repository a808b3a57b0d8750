//! The log on stderr: text for a person, or one JSON object per line for a collector.

use crate::console;
use crate::error::Error;
use clap::ValueEnum;
use std::sync::OnceLock;
use tracing::Span;
use tracing_subscriber::fmt::format::FmtSpan;

/// The format of the log.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum LogFormat {
    Text,
    Json,
}

/// The span of the run of this process. There is one run per process.
static RUN: OnceLock<Span> = OnceLock::new();

/// Starts the log. `verbose`: the number of -v. The variable KEFU_LOG overrides it.
pub(super) fn start(format: LogFormat, verbose: u8) {
    let level = ["warn", "info", "debug"][usize::from(verbose.min(2))];
    let filter = tracing_subscriber::EnvFilter::builder().with_env_var("KEFU_LOG").try_from_env();
    let default = || tracing_subscriber::EnvFilter::new(format!("kefu={level},{}=info", console::TARGET));
    let log = tracing_subscriber::fmt().with_env_filter(filter.unwrap_or_else(|_| default())).with_writer(|| crate::privacy::Stderr);
    console::set_json(matches!(format, LogFormat::Json));
    // Tests of the library start it more than once; the first start stays.
    let _ = match format {
        LogFormat::Text => log.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).try_init(),
        LogFormat::Json => log.json().with_span_events(FmtSpan::CLOSE).try_init(),
    };
}

/// The span of a run. It has the level error, so that every event of the log carries the id of the run at every verbosity.
pub(super) fn run(run_id: &str) -> &'static Span {
    RUN.get_or_init(|| tracing::error_span!("run", run_id))
}

/// Reports the error with which a command failed, as the last lines on stderr.
pub(super) fn report(error: Error) {
    let error = error.redacted();
    if !console::is_json() {
        // Commands in hints are there to be pasted, so that no line is broken within one. A hook that is set already stays.
        let _ = miette::set_hook(Box::new(|_| Box::new(miette::MietteHandlerOpts::new().wrap_lines(false).build())));
        console::say(&format!("{:?}", miette::Report::new(error)));
        return;
    }
    let _run = RUN.get().map(Span::enter);
    let context = error.context().iter().map(|(key, value)| format!("{key}: {value}")).collect::<Vec<_>>().join("; ");
    tracing::error!(exit_code = error.exit_code(), context, hint = error.hint_text(), "{}", error.message());
}
