//! The last stage of a stretch: publishes everything that it staged, and records in the manifest what each day was computed from.

use super::chats::ChatsRead;
use super::stretch::{RunContext, Stretch};
use crate::error::{Error, Kind, Result};
use crate::freshness::SEMANTICS_VERSION;
use crate::observability::Gate;
use crate::publish::{DayRecord, JudgedPartitions, Manifest, OutputCalendar, Publisher};
use std::collections::BTreeSet;

/// Publishes a stretch. Errors: the schema gate holds it back, the lease is lost, or the output cannot be written.
pub(super) fn publish(stretch: &Stretch, chats: &ChatsRead, judged: JudgedPartitions, manifest: &mut Manifest) -> Result<()> {
    let (context, publisher) = (stretch.context, stretch.publisher);
    let partitions = publisher.partitions();
    let made = publisher.staged_keys();
    let kept = publisher.skipped();
    let reportable = stretch.reportable_days();
    for day in reportable.intersection(stretch.days.restated).chain(chats.rows.keys().filter(|day| !reportable.contains(day))) {
        // A day that was not read again keeps its files, its rows and the note that it was forced.
        let unread = manifest.days.get(day).filter(|_| !chats.rows.contains_key(day));
        let before = unread.map_or((0, 0, None), |record| (record.files, record.rows, record.profile.clone()));
        let read = chats.rows.get(day).map(|(files, rows, profile)| (*files, *rows, Some(profile.clone())));
        let (files, rows, profile) = read.unwrap_or(before);
        let buyers = |each: &mut dyn FnMut(&str)| stretch.states.each_buyer(*day, each);
        let record = DayRecord { profile, ..context.freshness.record(*day, (files, rows), &buyers, unread)? };
        let forced = context.recorder.force_reason(&format!("business day {day}")).or(unread.and_then(|record| record.forced.clone()));
        let reported = stretch.days.restated.contains(day) || manifest.days.get(day).is_some_and(|record| record.reported);
        manifest.days.insert(*day, DayRecord { reported, forced, ..record });
    }
    for (day, error) in &chats.failed {
        manifest.days.entry(*day).or_default().failed = Some(error.in_one_line());
    }
    let calendar = OutputCalendar::of(context.plan);
    let withdrawn = if context.covers_output { manifest.recut(calendar.clone())? } else { BTreeSet::new() };
    // An output of a version that kept no calendar has that of the pipeline from now on.
    manifest.calendar.get_or_insert(calendar);
    schema_gate(publisher, manifest, context)?;
    publisher.publish(&context.plan.output, manifest, &withdrawn, &context.recorder.run_id(), context.lease)?;
    manifest.judged = judged;
    // `--as-of` holds for this run only, but a day that was requested once has landed for all later runs.
    manifest.landed = Some(manifest.landed.map_or(context.request.to, |day| day.max(context.request.to)));
    let first = stretch.days.restated.first().copied().unwrap_or(context.request.from);
    context.freshness.note_orders(first, &mut manifest.orders)?;
    context.freshness.note_inputs(&mut manifest.inputs_seen);
    let files = partitions.written.iter().chain(&partitions.unchanged).map(|file| file.key.as_str());
    manifest.set_made_of(files, &context.plan.calendar, |manifest, span| context.freshness.made_of(manifest, span))?;
    manifest.save(&context.plan.output, |key| made.contains(key))?;
    context.recorder.update(|record| {
        record.files_written += partitions.written.len();
        record.files_unchanged += partitions.unchanged.len() + kept;
        record.files_withdrawn += withdrawn.len();
        record.partitions.written.extend(partitions.written);
        record.partitions.unchanged.extend(partitions.unchanged);
    });
    Ok(())
}

/// Holds a stretch back if it would leave a table with files of different schemas, because readers take the folder of a table as one table.
/// Errors: a new file has another schema than one that stays, and the run is not forced. Days of an older version never stop a run: what
/// is said of them names the backfill that gives all files one schema again.
fn schema_gate(publisher: &Publisher, manifest: &Manifest, context: &RunContext) -> Result<()> {
    let has_older = manifest.days.values().any(|day| day.reported && day.semantics != SEMANTICS_VERSION);
    let (is_forced, recorder) = (context.request.force || has_older, context.recorder);
    let Some((made, stays)) = publisher.schema_conflict(manifest) else { return Ok(()) };
    let why = format!("its columns differ from those of {stays}, which is published and stays");
    let gate = Gate { name: "schema".to_owned(), partition: made.clone(), held: !is_forced, why: why.clone(), forced: is_forced };
    recorder.update(|record| record.gates.push(gate));
    if is_forced {
        return Ok(());
    }
    Err(Error::new(Kind::Refused, format!("held back: {why}"))
        .with("file", made)
        .hint("compute all days of the table again with `kefu backfill … --only all`, or pass --force"))
}
