//! The command line: every command with its help and examples.

use super::log::{self, LogFormat};
use super::{dictionary, generate, inspect, repair, run, shell};
use crate::error::Result;
use crate::freshness::DaySelection;
use clap::{CommandFactory, Parser, Subcommand};

const EXIT_CODES: &str = "Exit codes: 0 done · 1 another failure, such as the disk · 2 wrong command line, pipeline file or credentials · 3 data refused or held back · 75 input not there, storage unreachable or another run at work: try again · 130/143 signals";

/// kefu (客服): customer-service report tables from raw chat and order logs.
#[derive(Debug, Parser)]
#[command(version, after_help = EXIT_CODES, arg_required_else_help = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Print one JSON object on stdout
    #[arg(long, global = true)]
    json: bool,
    /// Format of the log on stderr: text, or one JSON object per line
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text, env = "KEFU_LOG_FORMAT")]
    log_format: LogFormat,
    /// Log more: -v for progress, -vv for everything
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the nightly job: one business day, days before it that were missed, days that mature with it, and the periods they lie in
    #[command(
        after_help = "Examples:\n  kefu run pipelines/nightly.toml\n  kefu run pipelines/nightly.toml --date 20261120 --output s3://bucket/reports\n  kefu run pipelines/nightly.toml --date 20261120 --only-date\n  kefu run --date 2026-10-04          the demo"
    )]
    Run(run::RunArgs),
    /// Runs a range of business days, first and last included, and every period they lie in
    #[command(
        after_help = "Example:\n  kefu backfill pipelines/nightly.toml --from 2026-01-01 --to 2026-10-31\n  kefu backfill pipelines/nightly.toml --from 2026-01-01 --to 2026-10-31 --jobs 2 --memory-limit 1GB\n  kefu backfill --from 2026-08-31 --to 2026-10-04          the demo"
    )]
    Backfill(run::BackfillArgs),
    /// Checks the pipeline file, the files and columns of its inputs, and access to both roots, without computing anything
    #[command(after_help = "Example:\n  kefu check pipelines/nightly.toml --date yesterday")]
    Check(run::CheckArgs),
    /// Shows which days are fresh, missing, stale or maturing, why, and what a run would do about it
    #[command(
        after_help = "Examples:\n  kefu plan pipelines/nightly.toml\n  kefu plan pipelines/nightly.toml --from 2026-01-01 --to 2026-10-31 --json"
    )]
    Plan(inspect::PlanArgs),
    /// Shows a calendar of the published days (状态日历)
    #[command(after_help = "Example:\n  kefu status pipelines/nightly.toml --from 2026-01-01")]
    Status(inspect::PlanArgs),
    /// Reads every published file again and names those that are not as they were published (核对)
    #[command(
        after_help = "Examples:\n  kefu verify pipelines/nightly.toml\n  kefu verify pipelines/nightly.toml --repair          makes again what is damaged"
    )]
    Verify(repair::VerifyArgs),
    /// Rebuilds a manifest that is lost or damaged from the files that are there, and settles files that it does not name (修复清单)
    #[command(after_help = "Examples:\n  kefu repair pipelines/nightly.toml\n  kefu repair pipelines/nightly.toml --wait --json")]
    Repair(repair::RepairArgs),
    /// Shows the rules of a platform's preset on a day, with their sources (平台口径)
    #[command(after_help = "Examples:\n  kefu rules\n  kefu rules kuaishou --date 2023-02-28\n  kefu rules jd --json")]
    Rules(dictionary::RulesArgs),
    /// Prints the dictionary: every metric with its definition, unit, null rule and worked example (指标字典)
    #[command(after_help = "Examples:\n  kefu metrics\n  kefu metrics resp_avg_s --lang zh\n  kefu metrics --json")]
    Metrics(dictionary::MetricsArgs),
    /// Writes the dictionary as pages: every metric, how it is computed, and what other products call it (指标字典)
    #[command(after_help = "Examples:\n  kefu docs\n  kefu docs --format html --out /srv/dictionary\n  kefu docs --stdout | less")]
    Docs(dictionary::DocsArgs),
    /// Generates logs: the small company of sample_data, or large ones to measure with
    #[command(
        after_help = "Examples:\n  kefu generate --company --out sample_data\n  kefu generate --out /tmp/logs --from 2026-09-01 --days 3 --shops 200 --messages-per-day 1000000 --format parquet"
    )]
    Generate(generate::GenerateArgs),
    /// Prints a completion script for a shell
    #[command(after_help = "Example:\n  kefu completions bash > /etc/bash_completion.d/kefu")]
    Completions(shell::CompletionsArgs),
    /// Writes the man pages into a folder
    #[command(after_help = "Example:\n  kefu man --out man")]
    Man(shell::ManArgs),
}

impl Cli {
    /// Runs the command, reports an error on stderr, and returns the exit code.
    pub fn main(self) -> u8 {
        match self.run() {
            Ok(()) => 0,
            Err(error) => {
                let code = error.exit_code();
                log::report(error);
                code
            }
        }
    }

    fn run(self) -> Result<()> {
        log::start(self.log_format, self.verbose);
        let (now, json) = (now(), self.json);
        match self.command {
            Command::Run(args) => args.run(now, json),
            Command::Backfill(args) => args.run(now, json),
            Command::Plan(args) => args.plan(now, json, DaySelection::Due),
            Command::Status(args) => args.status(now, json),
            Command::Verify(args) => args.run(now, json),
            Command::Repair(args) => args.run(now, json),
            Command::Check(args) => args.run(now, json),
            Command::Rules(args) => args.run(now, json),
            Command::Metrics(args) => args.run(json),
            Command::Docs(args) => args.run(json),
            Command::Generate(args) => args.run(json),
            Command::Completions(args) => args.run(Cli::command()),
            Command::Man(args) => args.run(Cli::command()),
        }
    }
}

/// The instant at which the command started.
#[expect(clippy::disallowed_methods, reason = "the clock is read once, here, and passed on")]
fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}
