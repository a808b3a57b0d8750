//! Stages alone. `read`: a day's logs → its lines, checked and by shop. `pass`: → its day states of families A to C, nothing published.
//! `benches/run` measures each as a process of its own.

use kefu::calendar::Day;
use kefu::error::Result;
use kefu::job::{Level, Overrides, Plan};
use kefu::memory::{self, Budget, DEFAULT_LIMIT, Means};
use kefu::{conversation, facts, ingest, pipe, reports};
use polars::prelude::DataFrame;
use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<()> {
    let arguments = std::env::args().skip(1).filter(|argument| argument != "--bench").collect::<Vec<_>>();
    let [command, pipeline, date] = arguments.as_slice() else {
        return Ok(writeln!(std::io::stdout(), "Usage: stages read|pass PIPELINE DATE")?);
    };
    memory::hold(DEFAULT_LIMIT);
    let plan = Plan::load(Some(Path::new(pipeline)), &Overrides::default())?;
    let day = kefu::calendar::parse_day(date, Day(0))?;
    let means = Means { budget: Budget::of_limit(DEFAULT_LIMIT), workers: pipe::workers() };
    let Some(mut chats) = ingest::read_messages(&plan, &BTreeSet::from([day]), &means)?.days.remove(&day) else { return Ok(()) };
    let rows = match command.as_str() {
        "pass" => pass(&plan, day, &mut chats, means.workers)?,
        _ => chats.audit.total().read as usize,
    };
    Ok(writeln!(std::io::stdout(), "{rows} rows")?)
}

/// Returns the rows of the states.
fn pass(plan: &Plan, day: Day, chats: &mut ingest::Chats, workers: usize) -> Result<usize> {
    let reference = ingest::read_reference(plan, day, day)?;
    let shards = chats.shelf.shards(&chats.names, |_| 0)?;
    let (calendar, rules) = (&plan.calendar, plan.rules.rules(0));
    let rules_of_day = conversation::Day { rules, starts_at: calendar.bounds(day)?.start, assessed: rules.assessed(calendar, day)? };
    let context = facts::Context { day, names: &chats.names, rules: rules_of_day, reference: &reference };
    let (mut peaks, mut states, mut rows) = (facts::Peaks::default(), Level::ALL.map(reports::ChatStates::new), 0);
    let mut counted = 0;
    let mut count = |_, _, rows: DataFrame| {
        counted += rows.height();
        Ok(())
    };
    let work = |shard: &ingest::Shard, emit: &mut dyn FnMut(_) -> Result<()>| {
        let facts = facts::chat_facts(&context, &chats.shelf, shard)?;
        let [shops, agents] = Level::ALL.map(|level| reports::shard_states(level, &facts, rules));
        let [persons, peers] = Level::ALL.map(|level| reports::shard_persons(level, &facts, rules));
        let last_shop = shard.last().map_or(0, |piece| chats.shelf.shop(*piece));
        emit((last_shop, facts.edges, [shops?, agents?], persons?.height() + peers?.height()))
    };
    pipe::in_order(&shards, workers, work, |(last_shop, edges, shard, persons)| {
        peaks.add(edges, &chats.names);
        rows += persons;
        states.iter_mut().zip(&shard).try_for_each(|(states, shard)| {
            states.merge(shard);
            states.take_ended(last_shop, &chats.names, &mut count)
        })
    })?;
    let peaks = peaks.frame(&chats.names)?;
    states.into_iter().try_for_each(|states| states.take_all(&peaks, &chats.names, rules, &mut count))?;
    Ok(rows + counted)
}
