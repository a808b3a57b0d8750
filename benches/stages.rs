//! Stages alone. `read`: a day's logs → its lines, checked and by shop. `pass`: → its day states of families A to C, nothing published.
//! `benches/run` measures each as a process of its own.

use kefu::config::{Overrides, Plan};
use kefu::error::Result;
use kefu::facts;
use kefu::memory;
use kefu::memory::{DEFAULT_LIMIT, DayResources, MemoryBudget};
use kefu::model::Level;
use kefu::state;
use kefu::{ingest, parallel};
use kefu_kernel::calendar::Day;
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
    memory::configure_allocator(DEFAULT_LIMIT);
    let plan = Plan::load(Some(Path::new(pipeline)), &Overrides::default())?;
    let day = kefu_kernel::calendar::parse_day(date, Day(0))?;
    let means = DayResources { budget: MemoryBudget::of_limit(DEFAULT_LIMIT), workers: parallel::workers() };
    let mut read = ingest::read_messages(&plan, &BTreeSet::from([day]), &means, &Default::default(), false)?;
    let Some(mut chats) = read.days.remove(&day) else { return Ok(()) };
    let rows = match command.as_str() {
        "pass" => pass(&plan, day, &mut chats, means.workers)?,
        _ => chats.audit.total().read as usize,
    };
    Ok(writeln!(std::io::stdout(), "{rows} rows")?)
}

/// Returns the rows of the states.
fn pass(plan: &Plan, day: Day, chats: &mut ingest::DayChats, workers: usize) -> Result<usize> {
    let reference = ingest::Reference::of(&ingest::read_records(plan, day, day, None)?, plan.buyer_key.as_ref())?;
    let shards = chats.partitions.shards(&chats.names, |_| 0)?;
    let (rules, order_by) = (plan.rules.rules(0), plan.config.messages.order_by);
    let context = facts::FactContext::new((day, &plan.calendar), &chats.names, rules, &reference, order_by)?;
    let (mut peaks, mut states, mut rows) = (facts::ConcurrencyPeaks::default(), Level::ALL.map(state::ChatAccumulators::new), 0);
    let mut counted = 0;
    let mut count = |_, _, rows: DataFrame| {
        counted += rows.height();
        Ok(())
    };
    let work = |shard: &ingest::Shard, emit: &mut dyn FnMut(_) -> Result<()>| {
        let facts = facts::chat_facts(&context, &chats.partitions, shard)?;
        let [shops, agents] = Level::ALL.map(|level| state::shard_states(level, &facts, rules));
        let [persons, peers] = Level::ALL.map(|level| state::shard_persons(level, &facts, rules));
        let last_shop = shard.last().map_or(0, |piece| chats.partitions.shop(*piece));
        emit((last_shop, facts.open_receptions, [shops?, agents?], persons?.height() + peers?.height()))
    };
    parallel::for_each_ordered(&shards, workers, work, |(last_shop, edges, shard, persons)| {
        peaks.add(edges, &chats.names);
        rows += persons;
        states.iter_mut().zip(&shard).try_for_each(|(states, shard)| {
            states.merge(shard);
            states.emit_complete(last_shop, &chats.names, &mut count)
        })
    })?;
    let peaks = peaks.frame(&chats.names)?;
    states.into_iter().try_for_each(|states| states.emit_all(&peaks, &chats.names, rules, &mut count))?;
    Ok(rows + counted)
}
