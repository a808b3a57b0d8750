//! Finds the files of a table: glob patterns, templates of paths, and the partitions that overlap a range of business days.

use super::file_order::natural_order;
use crate::config::path_template::{has_wildcards, literal_folder, matcher};
use crate::config::{OnMissing, Plan, SourceConfig, zone};
use crate::error::{Error, Kind, Result};
use crate::model::InputTable;
use crate::store::StoredObject;
use jiff::civil::Time;
use kefu_kernel::calendar::{Calendar, Day};
use std::ops::{Range, RangeInclusive};

/// The files of a table that may hold rows of business days `first..=last`, ordered by partition and then by path in natural order, each with
/// the date of its partition. Without a date in the path, every file that matches, with no date. Errors: the path is not valid, the store
/// fails.
pub fn files_of(plan: &Plan, table: InputTable, source: &SourceConfig, first: Day, last: Day) -> Result<Vec<(Option<Day>, StoredObject)>> {
    let template = plan.path(table)?;
    if !template.is_dated() {
        return Ok(matching(plan, &template.glob_of(None)?)?.into_iter().map(|file| (None, file)).collect());
    }
    partitions_of(plan, table, read_dates(plan, source, first, last)?)
}

/// The most days whose partitions are looked for one by one. For more, all files are listed once.
const LOOKED_FOR: i32 = 366;

/// The files of some partitions, ordered by partition and then by path.
pub(super) fn partitions_of(plan: &Plan, table: InputTable, days: RangeInclusive<Day>) -> Result<Vec<(Option<Day>, StoredObject)>> {
    if days.end().0 - days.start().0 > LOOKED_FOR {
        return listed_partitions(plan, table, &days);
    }
    let template = plan.path(table)?;
    let mut files = Vec::new();
    for day in days.start().through(*days.end()) {
        files.extend(matching(plan, &template.glob_of(Some(day))?)?.into_iter().map(|file| (Some(day), file)));
    }
    Ok(files)
}

fn listed_partitions(plan: &Plan, table: InputTable, days: &RangeInclusive<Day>) -> Result<Vec<(Option<Day>, StoredObject)>> {
    let mut dated = partition_files(plan, table)?.into_iter().filter(|(day, _)| days.contains(day)).collect::<Vec<_>>();
    dated.sort_by(|(day, file), (other_day, other)| day.cmp(other_day).then_with(|| natural_order(&file.key, &other.key)));
    let (days, files): (Vec<_>, Vec<_>) = dated.into_iter().map(|(day, file)| (Some(day), file)).unzip();
    Ok(days.into_iter().zip(refuse_outside_links(plan, files)?).collect())
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
    let missing = match source.is_dated() {
        true => partition_dates(plan, source, first, last)?.find(|day| files.iter().all(|(date, _)| *date != Some(*day))),
        false => files.is_empty().then_some(first),
    };
    match missing {
        Some(day) => Err(no_files(plan, table, day)?),
        None => Ok(()),
    }
}

/// The error of a table that has no file for a day. Errors: the pipeline does not have the table.
pub fn no_files(plan: &Plan, table: InputTable, day: Day) -> Result<Error> {
    Ok(Error::new(Kind::NotReady, format!("no {} for {day}", table.name()))
        .with("looked for", plan.input.describe(&plan.path(table)?.glob_of(Some(day))?))
        .hint("has the export landed? If days without files are normal, set [quality] on_missing = \"empty\""))
}

/// All files of a table whose path has a date, each with the date of its partition; empty for other tables.
pub fn partition_files(plan: &Plan, table: InputTable) -> Result<Vec<(Day, StoredObject)>> {
    let template = plan.path(table)?;
    let listed = plan.input.list(template.folder())?.into_iter().filter(|object| !is_hidden(&object.key));
    Ok(listed.filter_map(|object| Some((template.day_of(&object.key)?, object))).collect())
}

/// The first and last business day that the chat log has partitions for; `None` without a date in its path or without files.
pub fn partition_range(plan: &Plan) -> Result<Option<(Day, Day)>> {
    let source = &plan.config.messages;
    let dates = partition_files(plan, InputTable::Messages)?.into_iter().map(|(day, _)| day).collect::<Vec<_>>();
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

/// The dates of the partitions in which rows of business days `first..=last` are looked for: those that overlap them, and as many later ones
/// as the source's `lateness` says.
pub fn read_dates(plan: &Plan, source: &SourceConfig, first: Day, last: Day) -> Result<RangeInclusive<Day>> {
    let mut own = partition_dates(plan, source, first, last)?;
    let first_own = own.next().unwrap_or(first);
    let last_own = own.next_back().unwrap_or(first_own);
    Ok(first_own..=last_own.plus(source.lateness.0))
}

/// The instants (UTC ms) that a partition covers.
pub(super) fn partition_bounds(plan: &Plan, source: &SourceConfig, day: Day) -> Result<Range<i64>> {
    Ok(partition_calendar(plan, source)?.bounds(day)?)
}

/// The date of the partition that an instant (UTC ms) belongs to.
pub(super) fn partition_of(plan: &Plan, source: &SourceConfig, at: i64) -> Result<Day> {
    Ok(partition_calendar(plan, source)?.day_of(at)?)
}

fn partition_calendar(plan: &Plan, source: &SourceConfig) -> Result<Calendar> {
    let zone = zone(source.partition_timezone.as_deref().unwrap_or(&plan.config.timezone))?;
    Ok(Calendar { zone, day_starts_at: Time::midnight(), ..plan.calendar.clone() })
}

/// The files that a path pattern matches, in the natural order of their paths. Errors: the pattern leaves the input folder, or a file is a link that does.
fn matching(plan: &Plan, pattern: &str) -> Result<Vec<StoredObject>> {
    let pattern = pattern.trim_start_matches("./");
    if pattern.starts_with('/') || pattern.split('/').any(|part| part == "..") {
        return Err(Error::new(Kind::Config, format!("path = \"{pattern}\" does not lie below `input`"))
            .hint("paths of tables are relative to `input`; set `input` to the folder that holds them"));
    }
    if !has_wildcards(pattern) {
        return refuse_outside_links(plan, plan.input.head(pattern)?.into_iter().collect());
    }
    let matcher = matcher(pattern)?;
    let listed = plan.input.list(literal_folder(pattern))?.into_iter().filter(|object| !is_hidden(&object.key));
    let mut files = listed.filter(|object| matcher.is_match(&object.key)).collect::<Vec<_>>();
    files.sort_by(|file, other| natural_order(&file.key, &other.key));
    refuse_outside_links(plan, files)
}

/// Whether a file is a marker that an engine leaves beside its data, such as `_SUCCESS` or `.part-0.crc`, or not yet committed.
fn is_hidden(key: &str) -> bool {
    let name = key.rsplit('/').next().unwrap_or(key);
    name.starts_with(['_', '.']) || key.split('/').any(|folder| folder == "_temporary")
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
