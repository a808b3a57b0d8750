//! The command line. Data goes to stdout, everything else to stderr.

use crate::calendar::{Day, parse_day};
use crate::check;
use crate::docs;
use crate::error::{Error, Kind, Result};
use crate::generate::{self, Compression, Encoding, Format, Spec};
use crate::job::{Level, Overrides, Plan, zone};
use crate::memory;
use crate::metrics;
use crate::publish::RunRecord;
use crate::rules;
use crate::run::{Request, run};
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use std::io::Write;
use std::path::{Path, PathBuf};

const EXIT_CODES: &str = "Exit codes: 0 done · 1 something stopped the run · 2 usage or configuration · 3 data refused · 75 input not there or storage unreachable: try again · 130/143 signals";

/// kefu (客服): customer-service report tables from raw chat and order logs.
#[derive(Debug, Parser)]
#[command(version, after_help = EXIT_CODES, arg_required_else_help = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Print one JSON object on stdout
    #[arg(long, global = true)]
    json: bool,
    /// Logs on stderr as text or as JSON lines
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text, env = "KEFU_LOG_FORMAT")]
    log_format: LogFormat,
    /// Say more: -v for progress, -vv for everything
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum LogFormat {
    Text,
    Json,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The nightly job: one business day, the days that mature with it, and the open week, month, quarter and year
    #[command(
        after_help = "Examples:\n  kefu run pipelines/nightly.toml\n  kefu run pipelines/nightly.toml --date 20261120 --output s3://bucket/reports\n  kefu run --date 2026-10-04          the demo"
    )]
    Run {
        #[command(flatten)]
        pipeline: Pipeline,
        /// The business day: 2026-11-20, 20261120, yesterday, today [default: yesterday in the pipeline's zone]
        #[arg(long, env = "KEFU_DATE")]
        date: Option<String>,
        /// What has landed: the last business day whose orders are all there [default: the latest day any run was given]
        #[arg(long)]
        as_of: Option<String>,
        #[command(flatten)]
        means: Means,
    },
    /// A range of business days, both included, and every period they lie in
    #[command(
        after_help = "Example:\n  kefu backfill pipelines/nightly.toml --from 2026-01-01 --to 2026-10-31\n  kefu backfill pipelines/nightly.toml --from 2026-01-01 --to 2026-10-31 --jobs 2 --memory-limit 1GB\n  kefu backfill --from 2026-08-31 --to 2026-10-04          the demo"
    )]
    Backfill {
        #[command(flatten)]
        pipeline: Pipeline,
        /// First business day: 2026-11-20, 20261120, yesterday, today
        #[arg(long)]
        from: String,
        /// Last business day, included
        #[arg(long)]
        to: String,
        /// What has landed [default: the latest day any run was given]
        #[arg(long)]
        as_of: Option<String>,
        #[command(flatten)]
        means: Means,
    },
    /// Checks the pipeline file and what its inputs look like, without computing anything
    #[command(after_help = "Example:\n  kefu check pipelines/nightly.toml --date yesterday")]
    Check {
        #[command(flatten)]
        pipeline: Pipeline,
        /// The business day whose files are looked at [default: yesterday in the pipeline's zone]
        #[arg(long, env = "KEFU_DATE")]
        date: Option<String>,
    },
    /// What a platform's preset holds on a day, and where it is said (平台口径)
    #[command(after_help = "Examples:\n  kefu rules\n  kefu rules kuaishou --date 2023-02-28\n  kefu rules jd --json")]
    Rules {
        /// default, taobao, 1688, jd, pdd, douyin, kuaishou or xiaohongshu [default: lists them]
        preset: Option<String>,
        /// The day: 2026-11-20, 20261120, yesterday, today
        #[arg(long, default_value = "today")]
        date: String,
    },
    /// The dictionary: every metric with its definition, unit, null rule and worked example (指标字典)
    #[command(after_help = "Examples:\n  kefu metrics\n  kefu metrics resp_avg_s --lang zh\n  kefu metrics --json")]
    Metrics {
        /// One metric's id
        id: Option<String>,
        /// Language of names and definitions
        #[arg(long, value_enum, default_value_t = Lang::En, env = "KEFU_LANG")]
        lang: Lang,
    },
    /// Writes the dictionary as pages: every metric, how it is made, and what other products call it (指标字典)
    #[command(after_help = "Examples:\n  kefu docs\n  kefu docs --format html --out /srv/dictionary\n  kefu docs --stdout | less")]
    Docs(Docs),
    /// Makes logs: the small company of sample_data, or large ones to measure with
    #[command(
        after_help = "Examples:\n  kefu generate --company --out sample_data\n  kefu generate --out /tmp/logs --from 2026-09-01 --days 3 --shops 200 --messages-per-day 1000000 --format parquet"
    )]
    Generate(Generate),
    /// Prints a completion script
    #[command(after_help = "Example:\n  kefu completions bash > /etc/bash_completion.d/kefu")]
    Completions { shell: clap_complete::Shell },
    /// Writes the man pages into a folder
    #[command(after_help = "Example:\n  kefu man --out man")]
    Man {
        /// The folder to write into
        #[arg(long)]
        out: PathBuf,
    },
}

#[derive(Debug, Args)]
struct Pipeline {
    /// The pipeline file [default: the demo on ./sample_data]
    pipeline: Option<PathBuf>,
    /// Goes before the file's `input`: a path or an object_store URL
    #[arg(long, env = "KEFU_INPUT", hide_env_values = true)]
    input: Option<String>,
    /// Goes before the file's `output`
    #[arg(long, env = "KEFU_OUTPUT", hide_env_values = true)]
    output: Option<String>,
}

#[derive(Debug, Args)]
struct Means {
    /// Days worked on side by side [default: one per core]
    #[arg(long, env = "KEFU_JOBS", value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..=1024))]
    jobs: Option<usize>,
    /// Memory to keep within, 512MB or more: what does not fit waits on disk [default: 1536MB]
    #[arg(long, env = "KEFU_MEMORY_LIMIT")]
    memory_limit: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Lang {
    Zh,
    En,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Page {
    Markdown,
    Html,
}

#[derive(Debug, Args)]
struct Docs {
    /// Only this one [default: both; on stdout, Markdown]
    #[arg(long, value_enum)]
    format: Option<Page>,
    /// The folder to write metrics.md and metrics.html into; - is stdout
    #[arg(long, default_value = "docs")]
    out: PathBuf,
    /// Print the page instead of writing it
    #[arg(long, conflicts_with = "out")]
    stdout: bool,
}

#[derive(Debug, Args)]
struct Generate {
    /// The folder to write into
    #[arg(long)]
    out: PathBuf,
    /// The invented company of sample_data: fixed days and shops, every edge case
    #[arg(long, conflicts_with_all = ["from", "days", "shops", "giant_percent", "messages_per_day", "format", "compression", "encoding"])]
    company: bool,
    /// First day, in Asia/Shanghai
    #[arg(long, default_value = "2026-09-01")]
    from: String,
    /// Days to make
    #[arg(long, default_value_t = 1)]
    days: u32,
    /// Shops, of very different sizes
    #[arg(long, default_value_t = 20)]
    shops: u32,
    /// Per cent of all lines that the first shop has [default: as large as its rank makes it]
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=90))]
    giant_percent: Option<u64>,
    /// Lines of a day, all shops together
    #[arg(long, default_value_t = 100_000)]
    messages_per_day: u64,
    /// The same seed gives the same bytes [default: 1; the company's own with --company]
    #[arg(long)]
    seed: Option<u64>,
    /// Of the tables cut by day: messages, orders and what surrounds them; the small ones are CSV
    #[arg(long, default_value = "parquet")]
    format: Format,
    /// Of CSV and NDJSON
    #[arg(long, default_value = "none")]
    compression: Compression,
    /// Of CSV and NDJSON
    #[arg(long, default_value = "utf8")]
    encoding: Encoding,
}

impl Pipeline {
    fn load(&self) -> Result<Plan> {
        let overrides = Overrides { input: self.input.clone(), output: self.output.clone() };
        Plan::load(self.pipeline.as_deref(), &overrides)
    }
}

impl Cli {
    pub fn run(self) -> Result<()> {
        self.start_log();
        let now = now();
        let json = self.json;
        match self.command {
            Command::Run { pipeline, date, as_of, means } => {
                let plan = pipeline.load()?;
                let day = plan.day(date.as_deref(), now)?;
                execute(&plan, (day, day), as_of.as_deref(), &means, now, json)
            }
            Command::Backfill { pipeline, from, to, as_of, means } => {
                let plan = pipeline.load()?;
                let days = (plan.day(Some(&from), now)?, plan.day(Some(&to), now)?);
                execute(&plan, days, as_of.as_deref(), &means, now, json)
            }
            Command::Check { pipeline, date } => {
                let plan = pipeline.load()?;
                let day = plan.day(date.as_deref(), now)?;
                show(&check::check(&plan, day)?, json)
            }
            Command::Rules { preset: None, .. } => show(&rules::known_presets()?, json),
            Command::Rules { preset: Some(preset), date } => {
                let today = Day::from(now.to_zoned(zone("Asia/Shanghai")?).date());
                show(&rules::holds(&preset, parse_day(&date, today)?)?, json)
            }
            Command::Metrics { id, lang } => dictionary(id.as_deref(), lang, json),
            Command::Docs(wanted) => wanted.run(json),
            Command::Generate(wanted) => wanted.run(json),
            Command::Completions { shell } => {
                let mut script = Vec::new();
                clap_complete::generate(shell, &mut Cli::command(), "kefu", &mut script);
                print(&String::from_utf8_lossy(&script))
            }
            Command::Man { out } => {
                std::fs::create_dir_all(&out)?;
                Ok(clap_mangen::generate_to(Cli::command(), &out)?)
            }
        }
    }

    fn start_log(&self) {
        let level = ["warn", "info", "debug"][usize::from(self.verbose.min(2))];
        let filter = tracing_subscriber::EnvFilter::builder().with_env_var("KEFU_LOG").try_from_env();
        let filter = filter.unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(format!("kefu={level}")));
        let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(|| crate::privacy::Stderr);
        // A second start, as in tests of the library, keeps the first.
        let _ = match self.log_format {
            LogFormat::Text => log.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).try_init(),
            LogFormat::Json => log.json().try_init(),
        };
    }
}

#[expect(clippy::disallowed_methods, reason = "the clock is read once, here, and passed on")]
fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

fn execute(plan: &Plan, (from, to): (Day, Day), as_of: Option<&str>, means: &Means, now: jiff::Timestamp, json: bool) -> Result<()> {
    let memory = means.memory_limit.as_deref().map_or(Ok(memory::DEFAULT_LIMIT), memory::limit)?;
    if from > to {
        return Err(Error::new(Kind::Usage, format!("--from {from} is after --to {to}: the range is empty")));
    }
    let today = plan.calendar.day_of(now.as_millisecond())?;
    if to > today {
        return Err(Error::new(Kind::Usage, format!("{to} lies after today, {today} in {}", plan.job.timezone)).hint("is the year right?"));
    }
    let as_of = as_of.map(|text| plan.day(Some(text), now)).transpose()?;
    let zone = (&plan.job.timezone, &plan.job.business_day_starts_at);
    let days = to.0 - from.0 + 1;
    eprintln!("kefu {} · {} · {days} day(s): {from} .. {to} ({}, day starts {})", env!("CARGO_PKG_VERSION"), plan.job.name, zone.0, zone.1);
    eprintln!("input  {}\noutput {}", plan.input.name(), plan.output.name());
    let record = run(plan, Request { from, to, as_of, started: now, jobs: means.jobs.unwrap_or_else(crate::pipe::workers), memory })?;
    if json { print(&serde_json::to_string(&record)?) } else { summarize(&record) }
}

/// The last lines of a run: what was read and what was written.
fn summarize(record: &RunRecord) -> Result<()> {
    let mut table = comfy_table::Table::new();
    table.load_preset(comfy_table::presets::UTF8_BORDERS_ONLY);
    table.set_header(["table", "read", "= used", "+ quarantined", "+ duplicates", "+ outside", "+ ignored"]);
    for (name, counts) in &record.audit {
        table.add_row(std::iter::once(name.clone()).chain(counts.iter().map(i64::to_string)));
    }
    eprintln!("{table}");
    let (written, unchanged) = (record.files_written, record.files_unchanged);
    print(&format!(
        "{} day(s) read, {} restated, landed through {}: {written} files written, {unchanged} unchanged under {} in {:.1} s\n",
        record.days_read, record.days_restated, record.landed, record.output, record.seconds
    ))
}

/// Prints to stdout; a reader that went away is no error.
fn print(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| if text.ends_with('\n') { Ok(()) } else { out.write_all(b"\n") }) {
        Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        done => Ok(done?),
    }
}

fn show(report: &(impl serde::Serialize + std::fmt::Display), json: bool) -> Result<()> {
    print(&if json { serde_json::to_string(report)? } else { report.to_string() })
}

fn dictionary(id: Option<&str>, lang: Lang, json: bool) -> Result<()> {
    let chosen = metrics::all().iter().filter(|m| id.map_or(json || !m.component, |id| m.id == id)).collect::<Vec<_>>();
    if let (true, Some(id)) = (chosen.is_empty(), id) {
        let error = Error::new(Kind::Usage, format!("no metric `{id}`"));
        return Err(match crate::nearest(id, metrics::all().iter().map(|m| m.id.as_str())) {
            Some(nearest) => error.hint(format!("did you mean `{nearest}`?")),
            None => error.hint("`kefu metrics` lists them all"),
        });
    }
    if json {
        return print(&serde_json::to_string(&chosen.iter().map(|m| entry(m)).collect::<Vec<_>>())?);
    }
    if id.is_some() {
        return chosen.iter().try_for_each(|metric| print(&page(metric, lang)));
    }
    let mut table = comfy_table::Table::new();
    table.load_preset(comfy_table::presets::UTF8_BORDERS_ONLY).set_content_arrangement(comfy_table::ContentArrangement::Dynamic);
    table.set_header(["metric", "中文", "levels", "unit", "definition"]);
    for metric in chosen {
        let text = match lang {
            Lang::Zh => metric.about.zh,
            Lang::En => metric.about.en,
        };
        table.add_row([metric.id.as_str(), metric.name.zh, &levels(metric), metric.unit.name(), text]);
    }
    print(&table.to_string())
}

fn levels(metric: &metrics::Metric) -> String {
    metrics::levels(metric).map(Level::name).collect::<Vec<_>>().join(" ")
}

fn entry(metric: &metrics::Metric) -> serde_json::Value {
    let rules = crate::rules::Rules::default();
    let delay = |level: &Level| metrics::delay(metric, *level, &rules);
    serde_json::json!({
        "id": metric.id, "family": metric.family, "component": metric.component,
        "levels": metrics::levels(metric).map(Level::name).collect::<Vec<_>>(),
        "name": { "zh": metric.name.zh, "en": metric.name.en },
        "definition": { "zh": metric.about.zh, "en": metric.about.en },
        "unit": metric.unit.name(), "delay_days": metric.levels.iter().map(delay).max(), "source": metric.source,
        "example": { "log": metric.example.log.name, "lines": metric.example.log.lines, "orders": metric.example.log.orders,
            "agent": metric.example.agent, "value": metric.example.value },
    })
}

fn page(metric: &metrics::Metric, lang: Lang) -> String {
    let log = metric.example.log;
    let lines = log.lines.iter().chain(log.orders).map(|line| format!("    {line}\n"));
    let tables = log.tables.iter().flat_map(|(table, rows)| rows.iter().map(move |row| format!("    {table}: {row}\n")));
    let lines = lines.chain(tables).collect::<String>();
    let (id, unit, levels, value) = (&metric.id, metric.unit.name(), levels(metric), metric.example.value);
    let (family, source, name, about) = (metric.family, metric.source, metric.name, metric.about);
    match lang {
        Lang::En => {
            let row = metric.example.agent.map_or("the shop's row".to_owned(), |agent| format!("agent {agent}'s row"));
            format!(
                "{id} · {} · {}\n  {}\n  unit {unit} · levels {levels} · {family} · {source}\n  example, {}:\n{lines}    → {row}: {value}\n",
                name.zh, name.en, about.en, log.name
            )
        }
        Lang::Zh => {
            let row = metric.example.agent.map_or("店铺行".to_owned(), |agent| format!("客服 {agent} 行"));
            format!(
                "{id} · {}\n  {}\n  单位 {unit} · 层级 {levels} · {family} · {source}\n  示例：\n{lines}    → {row}: {value}\n",
                name.zh, about.zh
            )
        }
    }
}

impl Page {
    fn file(self) -> &'static str {
        match self {
            Page::Markdown => "metrics.md",
            Page::Html => "metrics.html",
        }
    }

    fn text(self) -> Result<String> {
        match self {
            Page::Markdown => docs::markdown(),
            Page::Html => docs::html(),
        }
    }
}

impl Docs {
    fn run(self, json: bool) -> Result<()> {
        if self.stdout || self.out == Path::new("-") {
            return print(&self.format.unwrap_or(Page::Markdown).text()?);
        }
        std::fs::create_dir_all(&self.out)?;
        let pages = self.format.map_or(vec![Page::Markdown, Page::Html], |page| vec![page]);
        let mut files = Vec::new();
        for page in pages {
            let file = self.out.join(page.file());
            std::fs::write(&file, page.text()?)?;
            files.push(file.display().to_string());
        }
        print(&if json { serde_json::json!({ "files": files }).to_string() } else { files.join("\n") })
    }
}

impl Generate {
    fn run(self, json: bool) -> Result<()> {
        let summary = if self.company {
            generate::company(&self.out, self.seed.unwrap_or(generate::COMPANY_SEED))?
        } else {
            let from = self
                .from
                .parse()
                .map_err(|_| Error::new(Kind::Usage, format!("`{}` is not a date", self.from)).hint("write 2026-09-01"))?;
            let Generate { out, days, shops, giant_percent, messages_per_day, seed, format, compression, encoding, .. } = self;
            let seed = seed.unwrap_or(1);
            generate::load(&Spec { out, from, days, shops, giant_percent, messages_per_day, seed, format, compression, encoding })?
        };
        let generate::Summary { files, messages, orders, bytes } = summary;
        if json {
            return print(&serde_json::json!({ "files": files, "messages": messages, "orders": orders, "bytes": bytes }).to_string());
        }
        print(&format!("{messages} messages and {orders} orders in {files} files, {bytes} bytes"))
    }
}
