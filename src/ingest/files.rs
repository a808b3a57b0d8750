//! Which files hold a table's rows: globs, `{date}` templates and the partitions that overlap a business day.

use super::table::Table;
use crate::calendar::{Calendar, Day};
use crate::error::{Error, Kind, Result};
use crate::job::{OnMissing, Plan, Source, zone};
use crate::store::Object;
use globset::{GlobBuilder, GlobMatcher};
use jiff::civil::Time;

const DATE: &str = "{date}";

/// The files of a source that may hold rows of business days `first..=last`, in path order, each with its partition's date.
/// Without `{date}` that is every file the path matches, with no date.
pub fn files_of(plan: &Plan, source: &Source, first: Day, last: Day) -> Result<Vec<(Option<Day>, Object)>> {
    if !source.path.contains(DATE) {
        return Ok(matching(plan, &source.path)?.into_iter().map(|file| (None, file)).collect());
    }
    let mut files = Vec::new();
    for day in partitions(plan, source, first, last)? {
        files.extend(matching(plan, &source.path.replace(DATE, &day.to_string()))?.into_iter().map(|file| (Some(day), file)));
    }
    Ok(files)
}

/// A table that is configured has files, and every partition that overlaps the days asked for: without, its numbers would be silent
/// zeros or half a day. Errors: one is missing, unless [quality] on_missing = "empty"; the folder of them all is not there, always.
pub fn require_files(plan: &Plan, table: Table, source: &Source, files: &[(Option<Day>, Object)], first: Day, last: Day) -> Result<()> {
    if plan.input.folder().is_some_and(|folder| !folder.is_dir()) {
        return Err(Error::new(Kind::NotReady, "the input folder is not there")
            .with("looked for", plan.input.name())
            .hint("is the disk mounted, and `input` (or --input) spelled right?"));
    }
    if plan.job.quality.on_missing == OnMissing::Empty {
        return Ok(());
    }
    let missing = match source.path.contains(DATE) {
        true => partitions(plan, source, first, last)?.find(|day| files.iter().all(|(date, _)| *date != Some(*day))),
        false => files.is_empty().then_some(first),
    };
    let Some(day) = missing else { return Ok(()) };
    Err(Error::new(Kind::NotReady, format!("no {} for {day}", table.name()))
        .with("looked for", plan.input.describe(&source.path.replace(DATE, &day.to_string())))
        .hint("has the export landed? If days without files are normal, set [quality] on_missing = \"empty\""))
}

/// Every file of a source with the date of its partition; none without `{date}`.
pub fn partition_files(plan: &Plan, source: &Source) -> Result<Vec<(Day, Object)>> {
    let Some((before, after)) = source.path.split_once(DATE) else { return Ok(Vec::new()) };
    let matcher = glob(&source.path.replace(DATE, "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]"))?;
    let depth = before.matches('/').count();
    let (head, tail) = (before.rsplit('/').next().unwrap_or(before), after.split('/').next().unwrap_or(after));
    let listed = plan.input.list(literal_folder(before))?.into_iter().filter(|object| matcher.is_match(&object.key));
    Ok(listed.filter_map(|object| Some((date_in(object.key.split('/').nth(depth)?, head, tail)?, object))).collect())
}

/// The first and last partition date there is, as business days; none without `{date}` or without files.
pub fn dates(plan: &Plan, source: &Source) -> Result<Option<(Day, Day)>> {
    let dates = partition_files(plan, source)?.into_iter().map(|(day, _)| day).collect::<Vec<_>>();
    let (Some(first), Some(last)) = (dates.iter().min().copied(), dates.iter().max().copied()) else { return Ok(None) };
    if source.partition_timezone.is_none() {
        return Ok(Some((first, last)));
    }
    // A partition of another zone's day may begin within the business day before it.
    let begins = partition_calendar(plan, source)?.bounds(first)?.start;
    Ok(Some((plan.calendar.day_of(begins)?, last)))
}

/// Partition dates whose own day overlaps any of the business days.
pub fn partitions(plan: &Plan, source: &Source, first: Day, last: Day) -> Result<impl DoubleEndedIterator<Item = Day> + use<>> {
    let calendar = partition_calendar(plan, source)?;
    let start = plan.calendar.bounds(first)?.start;
    let end = plan.calendar.bounds(last)?.end - 1;
    Ok(calendar.day_of(start)?.through(calendar.day_of(end)?))
}

fn partition_calendar(plan: &Plan, source: &Source) -> Result<Calendar> {
    let zone = zone(source.partition_timezone.as_deref().unwrap_or(&plan.job.timezone))?;
    Ok(Calendar { zone, day_starts_at: Time::midnight(), ..plan.calendar.clone() })
}

fn matching(plan: &Plan, pattern: &str) -> Result<Vec<Object>> {
    let pattern = pattern.trim_start_matches("./");
    if pattern.starts_with('/') || pattern.split('/').any(|part| part == "..") {
        return Err(Error::new(Kind::Config, format!("path = \"{pattern}\" does not lie below `input`"))
            .hint("paths of tables are relative to `input`; set `input` to the folder that holds them"));
    }
    if !pattern.contains(['*', '?', '[', '{']) {
        return inside(plan, plan.input.head(pattern)?.into_iter().collect());
    }
    let matcher = glob(pattern)?;
    let listed = plan.input.list(literal_folder(pattern))?;
    inside(plan, listed.into_iter().filter(|object| matcher.is_match(&object.key)).collect())
}

/// The files as they are. Errors: one is a link to somewhere else.
fn inside(plan: &Plan, files: Vec<Object>) -> Result<Vec<Object>> {
    match files.iter().find(|file| plan.input.leads_out(&file.key)) {
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

/// The folders of a pattern before its first glob character: all that need be listed.
fn literal_folder(pattern: &str) -> &str {
    let plain = &pattern[..pattern.find(['*', '?', '[', '{']).unwrap_or(pattern.len())];
    plain.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn date_in(part: &str, head: &str, tail: &str) -> Option<Day> {
    let plain = |text: &str| !text.contains(['*', '?', '[', '{']);
    let rest = if plain(head) { part.strip_prefix(head)? } else { part };
    let rest = if plain(tail) { rest.strip_suffix(tail)? } else { rest };
    (0..rest.len()).filter_map(|i| rest.get(i..i + 10)).find_map(|text| text.parse::<jiff::civil::Date>().ok()).map(Day::from)
}
