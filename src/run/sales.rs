//! The stage `sales`: computes from orders and the service tables the states and detail tables of every restated day.

use super::periods::SALES_BYTES_PER_FILE_BYTE;
use super::stretch::Stretch;
use crate::config::ShopSet;
use crate::error::{Context, Error, Result};
use crate::facts;
use crate::frames::{collect, stack};
use crate::memory;
use crate::metrics::has_flag;
use crate::model::Fact;
use crate::model::InputTable;
use crate::model::Level;
use crate::parallel;
use crate::reports::detail;
use crate::staging::{ROW_GROUP, TableWriter};
use crate::state;
use crate::state::{StateKind, StatePart};
use kefu_kernel::calendar::Day;
use polars::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Days whose sales are computed together. Each window reads the replies of the days before it again and holds those of all its orders in
/// memory.
const SALES_WINDOW: usize = 8;

impl Stretch<'_> {
    /// Computes inquiries, credits, refunds, ratings and the other facts of every restated day whose chat states are stored, and stages them as
    /// states and detail tables. Errors: a state cannot be read, or a file cannot be written.
    pub(super) fn compute_sales(&self) -> Result<()> {
        self.check_buyers()?;
        let days = self.days.restated.intersection(self.days.with_chat_states).copied().collect::<Vec<_>>();
        for window in days.chunks(SALES_WINDOW) {
            let lines = self.credit_lines(window)?;
            let compute = |day: &Day, emit: &mut dyn FnMut(()) -> Result<()>| {
                self.compute_day_sales(*day, &lines).with("business day", day)?;
                emit(())
            };
            parallel::for_each_ordered(window, self.context.request.jobs, compute, |()| Ok(()))?;
        }
        self.context.recorder.update(|record| record.days_restated += days.len());
        self.check_staff()
    }

    /// The lines that decide who earned the orders of some days. The replies of each day are read once, and only those within the lookback
    /// of an order are kept.
    fn credit_lines(&self, window: &[Day]) -> Result<facts::CreditLines> {
        let rules = &self.context.plan.rules.widest;
        let instants = window.iter().map(|day| Ok(self.instants(*day)?.lazy())).collect::<Result<Vec<_>>>()?;
        let instants = collect(stack(instants)?)?;
        let days = facts::reply_days(&instants, &self.context.plan.calendar, rules)?;
        let days = days.intersection(self.days.with_chat_states).copied().collect::<Vec<_>>();
        let windows = Arc::new(facts::AttributionWindows::of(&instants, rules.credit_lookback.0)?);
        let workers = memory::workers(self.context.request.memory).div_ceil(days.len().max(1));
        let read = |day: &Day, emit: &mut dyn FnMut(DataFrame) -> Result<()>| emit(self.states.replies(*day, &windows, workers)?);
        let mut replies = facts::no_replies()?;
        parallel::for_each_ordered(&days, self.context.request.jobs, read, |of_day| {
            replies.vstack_mut_owned(of_day)?;
            Ok(())
        })?;
        let questions = if rules.credit_needs_buyer_line { self.questions(&days, instants.lazy())? } else { facts::no_questions()? };
        Ok(facts::CreditLines { replies, questions })
    }

    /// The received peer-days of some days whose buyers have an order event. Columns: those of [`facts::no_questions`].
    fn questions(&self, days: &[Day], instants: LazyFrame) -> Result<DataFrame> {
        let buyer = [col("shop_id"), col("buyer_id")];
        let buyers = collect(instants.select(buyer.clone()).unique(None, UniqueKeepStrategy::Any))?;
        let mut questions = facts::no_questions()?;
        for day in days {
            let persons = self.states.get(*day, StatePart::Chats, Level::Agent, StateKind::Persons)?.lazy();
            let asked = persons.filter(has_flag("receive")).join(buyers.clone().lazy(), &buyer, &buyer, JoinArgs::new(JoinType::Semi));
            let columns = ["shop_id", "buyer_id", "agent_id", "first_buyer_at", "last_buyer_at"];
            questions.vstack_mut_owned(collect(asked.select(columns.map(col)))?)?;
        }
        Ok(questions)
    }

    /// Computes the sales of a day. `lines`: those that its orders may be credited to.
    fn compute_day_sales(&self, day: Day, lines: &facts::CreditLines) -> Result<()> {
        let _span = tracing::info_span!("partition", table = "sales", level = "all", period = "day", dt = %day).entered();
        let shop_sets = ShopSet::all(&self.context.plan.rules, &self.platforms(day)?, day);
        let compute = |shops: &ShopSet| Ok::<_, Error>((self.credits(shops, day, lines)?, self.service(shops, day, lines)?));
        let by_set = shop_sets.iter().map(compute).collect::<Result<Vec<_>>>()?;
        let credits = by_set.iter().filter_map(|(credits, _)| Some(credits.clone()?.lazy()));
        self.stage_detail("credits", "one row per order event, rule and agent", credits.collect(), day)?;
        let ratings = by_set.iter().filter_map(|(_, service)| Some(service.ratings.clone()?.lazy()));
        self.stage_detail("ratings", "one row per satisfaction card", ratings.collect(), day)?;
        let limit = self.persons_at_once(day)?;
        let mut writers: Option<Vec<TableWriter>> = None;
        for (shops, (credits, service)) in shop_sets.iter().zip(by_set) {
            let credits = credits.map(|credits| credits.drop_many(facts::TRACED));
            let parts = limit.as_ref().map(|(persons, most)| shops.parts(persons, *most));
            for part in parts.as_deref().unwrap_or(std::slice::from_ref(shops)) {
                let mut pieces = Vec::new();
                for level in Level::ALL {
                    let sources = [self.sources(level, day, credits.as_ref(), part)?, service.sources(level)].concat();
                    let own = sources.into_iter().map(|(fact, rows)| Ok((fact, part.of(rows)?))).collect::<Result<Vec<_>>>()?;
                    let states = state::sales_states(level, &own, part.rules)?;
                    pieces.extend(state::state_files(StatePart::Sales, level, &states)?);
                }
                match &writers {
                    None => writers = Some(self.states.open(day, pieces)?),
                    Some(writers) => writers.iter().zip(&pieces).try_for_each(|(writer, (_, rows))| writer.append(writer.encode(rows)?))?,
                }
            }
        }
        writers.into_iter().flatten().try_for_each(|writer| self.states.close(writer))
    }

    /// Stages a detail table. `rows`: one frame per shop set; empty if the input table is not configured, and then nothing is staged.
    fn stage_detail(&self, name: &str, grain: &str, rows: Vec<LazyFrame>, day: Day) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        // The rows of each shop set are in order already, so a stable sort by shop is enough.
        let by_shop = SortMultipleOptions::default().with_maintain_order(true);
        let rows = if rows.len() == 1 { stack(rows)? } else { stack(rows)?.sort(["shop_id"], by_shop) };
        let rows = collect(rows)?;
        // Converted one row group at a time, because the columns of the file take as much memory as the frame.
        let starts = (0..rows.height().max(1)).step_by(ROW_GROUP);
        self.publisher.stage_pieces(starts.map(|start| detail(name, grain, &rows.slice(start as i64, ROW_GROUP), None, day)))
    }

    /// Shop → persons of a day, and how many persons fit in memory at once. `None` if all do.
    fn persons_at_once(&self, day: Day) -> Result<Option<(BTreeMap<String, usize>, usize)>> {
        let shares = self.shares(&[day], SALES_BYTES_PER_FILE_BYTE)?;
        if shares == 1 {
            return Ok(None);
        }
        let persons = self.states.rows_by_shop((day, StatePart::Chats, Level::Agent, StateKind::Persons))?;
        let most = persons.values().sum::<usize>().div_ceil(shares).max(1);
        Ok(Some((persons, most)))
    }

    /// The persons of a shop set on a day, one row per buyer (agent level: per agent and buyer).
    pub(super) fn persons_of(&self, shops: &ShopSet, day: Day, level: Level) -> Result<LazyFrame> {
        Ok(self.states.persons_of(day, level, shops.members())?.lazy())
    }

    /// The credits (绩效判定) of a day for a shop set. `None` if the pipeline has no orders.
    fn credits(&self, shops: &ShopSet, day: Day, lines: &facts::CreditLines) -> Result<Option<DataFrame>> {
        let Some(orders) = self.orders() else { return Ok(None) };
        let (calendar, rules, landed) = (&self.context.plan.calendar, shops.rules, self.context.landed.through);
        let instants = shops.of(facts::instants(orders, calendar, rules, day)?)?;
        collect(facts::credits(instants, lines, calendar, rules, day, landed)?).map(Some)
    }

    /// Shop → platform, for shops whose platform is known on a day: from the table `shops`, or else from the chat lines of the day or the
    /// nearest day before it on which orders look back.
    fn platforms(&self, day: Day) -> Result<BTreeMap<String, String>> {
        let mut platforms = BTreeMap::new();
        let first = self.context.plan.rules.widest.lookback_start(&self.context.plan.calendar, day)?;
        for day in first.through(day).filter(|day| self.days.with_chat_states.contains(day)) {
            platforms.extend(self.states.platforms(day)?);
        }
        let of_table = self.inputs.reference.shops.iter().filter_map(|(shop, known)| Some((shop.clone(), known.platform.clone()?)));
        platforms.extend(of_table);
        Ok(platforms)
    }

    /// The rows of every fact of a day that needs more than the chat log. Facts whose input tables are not configured are missing.
    fn sources(&self, level: Level, day: Day, credits: Option<&DataFrame>, shops: &ShopSet) -> Result<Vec<(Fact, LazyFrame)>> {
        let (calendar, rules) = (&self.context.plan.calendar, shops.rules);
        let mut sources = Vec::new();
        if let Some(orders) = self.orders() {
            let persons = self.persons_of(shops, day, level)?;
            sources.push((Fact::Inquiries, facts::inquiries(level, persons, orders, calendar, shops, day)?));
        }
        if let Some(credits) = credits {
            let credits = credits.clone().lazy();
            // Who only assists under a rule that is not the shop's own is in no metric, and so has no row.
            let is_counted = col("agent_id").is_not_null().and(col("own").or(col("role").neq(lit("assist"))));
            sources.push((Fact::Credits, if level == Level::Agent { credits.filter(is_counted) } else { credits }));
        }
        if level == Level::Shop {
            if let Some(orders) = self.orders() {
                let days = rules.lookback_start(calendar, day)?.through(day).filter(|day| self.days.with_chat_states.contains(day));
                let persons = days.map(|day| self.persons_of(shops, day, level));
                let persons = stack(persons.collect::<Result<Vec<_>>>()?)?;
                sources.push((Fact::Payments, facts::paid(persons, orders, calendar, shops, day)?));
            }
            if let Some(visits) = self.inputs.records.of(InputTable::Visits) {
                sources.push((Fact::Visits, facts::visits(visits, day)));
            }
        }
        sources.extend(self.work_sources(level, day, shops)?);
        Ok(sources)
    }
}
