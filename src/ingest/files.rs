//! Finds the files of a table: glob patterns, `{date}` templates, and the partitions that overlap a range of business days.

use crate::config::{OnMissing, Plan, SourceConfig, zone};
use crate::error::{Error, Kind, Result};
use crate::model::InputTable;
use crate::store::StoredObject;
use globset::{GlobBuilder, GlobMatcher};
use jiff::civil::Time;
use kefu_kernel::calendar::{Calendar, Day};

const DATE: &str = "{date}";

/// The files of a source that may hold rows of business days `first..=last`, ordered by partition and then by path, each with the date of
/// its partition. Without `{date}` in the path, every file that matches, with no date. Errors: the path is not valid, the store fails.
pub fn files_of(plan: &Plan, source: &SourceConfig, first: Day, last: Day) -> Result<Vec<(Option<Day>, StoredObject)>> {
    if !source.path.contains(DATE) {
        return Ok(matching(plan, &source.path)?.into_iter().map(|file| (None, file)).collect());
    }
    let mut files = Vec::new();
    for day in partition_dates(plan, source, first, last)? {
        files.extend(matching(plan, &source.path.replace(DATE, &day.to_string()))?.into_iter().map(|file| (Some(day), file)));
    }
    Ok(files)
}

/// Checks that a configured table has a file, or with `{date}` a file in every partition that overlaps the days: with a file missing,
/// numbers would silently be zero or cover half a day. Errors: the input folder does not exist; a file is missing and `on_missing` is not
/// "empty".
pub fn require_files(
    plan: &Plan,
    table: InputTable,
    source: &SourceConfig,
    files: &[(Option<Day>, StoredObject)],
    first: Day,
    last: Day,
) -> Result<()> {
    if plan.input.folder().is_some_and(|folder| !folder.is_dir()) {
        return Err(Error::new(Kind::NotReady, "the input folder is not there")
            .with("looked for", plan.input.name())
            .hint("is the disk mounted, and `input` (or --input) spelled right?"));
    }
    if plan.config.quality.on_missing == OnMissing::Empty {
        return Ok(());
    }
    let missing = match source.path.contains(DATE) {
        true => partition_dates(plan, source, first, last)?.find(|day| files.iter().all(|(date, _)| *date != Some(*day))),
        false => files.is_empty().then_some(first),
    };
    let Some(day) = missing else { return Ok(()) };
    Err(Error::new(Kind::NotReady, format!("no {} for {day}", table.name()))
        .with("looked for", plan.input.describe(&source.path.replace(DATE, &day.to_string())))
        .hint("has the export landed? If days without files are normal, set [quality] on_missing = \"empty\""))
}

/// All files of a source whose path has `{date}`, each with the date of its partition; empty for other sources.
pub fn partition_files(plan: &Plan, source: &SourceConfig) -> Result<Vec<(Day, StoredObject)>> {
    let Some((before, after)) = source.path.split_once(DATE) else { return Ok(Vec::new()) };
    let matcher = glob(&source.path.replace(DATE, "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]"))?;
    let depth = before.matches('/').count();
    let (head, tail) = (before.rsplit('/').next().unwrap_or(before), after.split('/').next().unwrap_or(after));
    let listed = plan.input.list(literal_folder(before))?.into_iter().filter(|object| matcher.is_match(&object.key));
    Ok(listed.filter_map(|object| Some((date_in(object.key.split('/').nth(depth)?, head, tail)?, object))).collect())
}

/// The first and last business day that a source has partitions for; `None` without `{date}` in its path or without files.
pub fn partition_range(plan: &Plan, source: &SourceConfig) -> Result<Option<(Day, Day)>> {
    let dates = partition_files(plan, source)?.into_iter().map(|(day, _)| day).collect::<Vec<_>>();
    let (Some(first), Some(last)) = (dates.iter().min().copied(), dates.iter().max().copied()) else { return Ok(None) };
    if source.partition_timezone.is_none() {
        return Ok(Some((first, last)));
    }
    // In another zone a partition may start during the business day before its date.
    let start = partition_calendar(plan, source)?.bounds(first)?.start;
    Ok(Some((plan.calendar.day_of(start)?, last)))
}

/// The dates of the partitions that overlap business days `first..=last`; a partition covers its date in the source's `partition_timezone`.
pub fn partition_dates(plan: &Plan, source: &SourceConfig, first: Day, last: Day) -> Result<impl DoubleEndedIterator<Item = Day> + use<>> {
    let calendar = partition_calendar(plan, source)?;
    let start = plan.calendar.bounds(first)?.start;
    let end = plan.calendar.bounds(last)?.end - 1;
    Ok(calendar.day_of(start)?.through(calendar.day_of(end)?))
}

fn partition_calendar(plan: &Plan, source: &SourceConfig) -> Result<Calendar> {
    let zone = zone(source.partition_timezone.as_deref().unwrap_or(&plan.config.timezone))?;
    Ok(Calendar { zone, day_starts_at: Time::midnight(), ..plan.calendar.clone() })
}

/// The files that a path pattern matches, in path order. Errors: the pattern leaves the input folder, or a file is a link that does.
fn matching(plan: &Plan, pattern: &str) -> Result<Vec<StoredObject>> {
    let pattern = pattern.trim_start_matches("./");
    if pattern.starts_with('/') || pattern.split('/').any(|part| part == "..") {
        return Err(Error::new(Kind::Config, format!("path = \"{pattern}\" does not lie below `input`"))
            .hint("paths of tables are relative to `input`; set `input` to the folder that holds them"));
    }
    if !pattern.contains(['*', '?', '[', '{']) {
        return refuse_outside_links(plan, plan.input.head(pattern)?.into_iter().collect());
    }
    let matcher = glob(pattern)?;
    let listed = plan.input.list(literal_folder(pattern))?;
    refuse_outside_links(plan, listed.into_iter().filter(|object| matcher.is_match(&object.key)).collect())
}

/// Returns the files unchanged. Errors: one of them is a link that leads out of the input folder.
fn refuse_outside_links(plan: &Plan, files: Vec<StoredObject>) -> Result<Vec<StoredObject>> {
    match files.iter().find(|file| plan.input.leads_outside(&file.key)) {
        None => Ok(files),
        Some(file) => Err(Error::new(Kind::Refused, "the file is a link that leads out of the input folder: it is not followed")
            .with("file", plan.input.describe(&file.key))
            .hint("set `input` to the folder that really holds the files, or copy them in")),
    }
}

fn glob(pattern: &str) -> Result<GlobMatcher> {
    let glob = GlobBuilder::new(pattern).literal_separator(true).build();
    let glob = glob.map_err(|e| Error::new(Kind::Config, format!("path = \"{pattern}\": {e}")))?;
    Ok(glob.compile_matcher())
}

/// The folder before a pattern's first glob character: only what lies below it needs to be listed.
fn literal_folder(pattern: &str) -> &str {
    let plain = &pattern[..pattern.find(['*', '?', '[', '{']).unwrap_or(pattern.len())];
    plain.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The date in a path segment, between the literal text that the template has before and after `{date}`.
fn date_in(part: &str, head: &str, tail: &str) -> Option<Day> {
    let is_literal = |text: &str| !text.contains(['*', '?', '[', '{']);
    let rest = if is_literal(head) { part.strip_prefix(head)? } else { part };
    let rest = if is_literal(tail) { rest.strip_suffix(tail)? } else { rest };
    (0..rest.len()).filter_map(|i| rest.get(i..i + 10)).find_map(|text| text.parse::<jiff::civil::Date>().ok()).map(Day::from)
}
