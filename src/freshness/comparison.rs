//! Freshness: compares every business day with the inputs, rules and version that it was computed from. A day is fresh, or it is stale for
//! one or more reasons. The work of a run follows from that, and `kefu plan` prints it.

use super::gone_inputs::GoneInputs;
use super::known_orders::KnownOrders;
use super::partitions::DatedPartitions;
use super::reasons::StaleReason;
use super::stored_states::{chats_in_doubt, days_with_states, interrupted_days, parse};
use crate::config::{AmountMeaning, Plan};
use crate::error::{Error, Result};
use crate::fingerprints::{TableFingerprints, reference_fingerprint};
use crate::ingest;
use crate::ingest::{PersonRows, Reference};
use crate::metrics;
use crate::metrics::Landed;
use crate::model::InputTable;
use crate::model::Level;
use crate::publish::{DayRecord, Manifest};
use crate::state::each_published_buyer;
use kefu_kernel::calendar::{Day, Span};
use std::collections::{BTreeMap, BTreeSet};
use xxhash_rust::xxh3::xxh3_64;

/// Days before a business day whose rows or partitions can still concern it, such as the order that a refund of the day refers to.
pub(super) const LOOKBACK_DAYS: i32 = 31;

/// The version of the meaning of numbers. Whatever changes a number of the same input raises it, and DECISIONS #60 says what follows:
///
/// 2: ids of messages are compared within a buyer, an event without an agent hands back, quantities have decimals, wrappings of ids come off.
/// 3: robots answer, persons answer without a name, notes are no lines, hours are those of the wall clock (DECISIONS #61 to #77); a day without
/// a row has no visitors, a repeated contact is a later ticket, `+86` may stand before a number, who only assists under another rule has no row.
pub const SEMANTICS_VERSION: u32 = 3;

/// What fingerprints have held of versions from the beginning. They stay as they are, because a change of them alone is no change of a number.
const FIRST_VERSIONS: (&str, &str) = ("0.1.0", "4");

/// The name under which a day's record keeps the teams of dated rows of `staff`. They change its reports alone, not what is read of its chats.
const STAFF_TEAMS: &str = "staff.team";

/// The name under which a day's record keeps the fingerprint of the whole table `buyers`. While the table stays the same, nobody has to look at
/// who is in the day.
const ALL_BUYERS: &str = "buyers.all";

/// Passes on the id of every buyer that a day holds.
pub(crate) type EachBuyer<'a> = &'a dyn Fn(&mut dyn FnMut(&str)) -> Result<()>;

/// Rules that came later, as they are written at their defaults. Fingerprints leave them out there, so that a new rule that nobody sets makes no
/// published day look as if it had been computed under other rules.
const LATER_RULES: [&str; 7] = [
    r#","wait_clock":"calendar""#,
    r#","robot_answers":"out""#,
    r#","robot_clock":"asked""#,
    r#","excluded_from":["sales"]"#,
    r#","excluded_skus":[]"#,
    r#","credit_needs_buyer_line":false"#,
    r#","agent_initiated_inquiry":true"#,
];

/// Days of a hundred years.
const CENTURY: i32 = 36_525;

/// The name under which a day's record keeps what is in effect of staff, of rows with dates and without.
fn in_effect(name: &str) -> String {
    format!("{name}.in_effect")
}

/// The number of input tables that fingerprints name even where the pipeline has none of them. Tables that came later are named where it has them.
const FIRST_TABLES: usize = 14;

/// The present state of inputs, rules and output, with which days are compared.
pub struct Freshness<'a> {
    pub(crate) plan: &'a Plan,
    /// Days whose state files exist, as far as can be told without reading them.
    pub(super) days_with_states: BTreeSet<Day>,
    /// Days with files that the last publication may not have written completely, or that are damaged.
    interrupted: BTreeSet<Day>,
    /// Those among them whose chat states it may not have written completely.
    pub(super) chats_in_doubt: BTreeSet<Day>,
    /// By input table whose changes a day follows by itself.
    pub(super) fingerprints: BTreeMap<InputTable, TableFingerprints>,
    /// The partitions of those of them that are dated.
    pub(super) partitions: DatedPartitions,
    /// The reference tables, of which the blocklist and the dated rows of staff matter by day.
    reference: Reference,
    /// The rows of `buyers`, of which those that name a buyer of the day matter.
    persons: PersonRows,
    /// The fingerprint of everything that a day follows only if it is requested.
    reference_fingerprint: String,
    pub(crate) landed: Landed,
    /// What is known of the orders that periods look back on.
    pub(super) known_orders: KnownOrders,
    /// The longest delay in days of the metrics that are final once payments are.
    pub(super) payment_delay: i32,
    /// The delays in days of the metrics that take longer.
    longer_delays: BTreeSet<i32>,
}

impl<'a> Freshness<'a> {
    /// Lists the files of partitioned input tables and reads the others.
    /// Errors: an input cannot be listed or read, or the output cannot be listed.
    pub fn gather(plan: &'a Plan, manifest: &Manifest, landed: Landed) -> Result<Freshness<'a>> {
        let mut fingerprints = BTreeMap::new();
        let reference_days = (landed.through.plus(-LOOKBACK_DAYS), landed.through);
        for table in InputTable::ALL.into_iter().filter(|table| is_followed(*table)) {
            if let Some(source) = plan.source(table) {
                fingerprints.insert(table, TableFingerprints::read(plan, table, source, reference_days)?);
            }
        }
        let (days_with_states, interrupted) = (days_with_states(plan, manifest)?, interrupted_days(manifest));
        let (chats_in_doubt, partitions) = (chats_in_doubt(manifest), DatedPartitions::of(plan, &fingerprints, manifest)?);
        let mut records = ingest::Records::default();
        for table in [
            InputTable::Shops,
            InputTable::Staff,
            InputTable::Blocklist,
            InputTable::Standards,
            InputTable::Targets,
            InputTable::Trainings,
            InputTable::Buyers,
        ] {
            records.extend(ingest::read_table(plan, table, reference_days.0, reference_days.1)?);
        }
        let reference = Reference::of(&records, plan.buyer_key.as_ref())?;
        let reference_fingerprint = reference_fingerprint(plan, &reference, &records)?;
        let (payment_delay, longer_delays) = delays(&landed, plan);
        let known_orders = KnownOrders::of(plan, fingerprints.get(&InputTable::Orders), &manifest.orders);
        Ok(Freshness {
            known_orders,
            plan,
            days_with_states,
            interrupted,
            chats_in_doubt,
            fingerprints,
            partitions,
            persons: PersonRows::of(&reference.persons),
            reference,
            reference_fingerprint,
            landed,
            payment_delay,
            longer_delays,
        })
    }

    /// The reasons why a day is not fresh. Empty if it is fresh. Errors: a partition of an input lies outside the calendar.
    pub fn reasons(&self, manifest: &Manifest, day: Day) -> Result<Vec<StaleReason>> {
        Ok(self.compare(manifest, day)?.0)
    }

    /// The same, and what is gone of the input of a day that is published.
    pub(super) fn compare(&self, manifest: &Manifest, day: Day) -> Result<(Vec<StaleReason>, GoneInputs)> {
        let nothing = GoneInputs::default();
        let Some(record) = manifest.days.get(&day) else { return Ok((vec![StaleReason::Missing], nothing)) };
        let failed = record.failed.clone().map(StaleReason::Failed);
        if !record.reported {
            return Ok((vec![failed.unwrap_or(StaleReason::Missing)], nothing));
        }
        let before = parse(&record.landed).unwrap_or(day);
        let now = self.landed.through;
        let is_usable = |key: &str, bytes: &[u8]| manifest.is_usable(&self.plan.output, key, bytes);
        let buyers = |each: &mut dyn FnMut(&str)| each_published_buyer(&self.plan.output, day, &is_usable, each);
        let inputs = self.inputs(day, before, Some(record), &buyers)?;
        let gone = self.gone_inputs(day, record, &inputs)?;
        if let Some(failed) = failed.filter(|_| gone.is_empty()) {
            let is_lost = (!self.has_states(day)).then_some(StaleReason::StatesGone);
            return Ok(([failed].into_iter().chain(is_lost).collect(), gone));
        }
        let differs = |name: &str| record.inputs.get(name) != inputs.get(name);
        // Rows of staff without dates change no day by themselves, and dated rows that say what was said before change none either.
        let is_staff = |name: &str| [InputTable::Staff.name(), STAFF_TEAMS].contains(&name);
        let has_changed = |name: &&str| differs(name) && (!is_staff(name) || differs(&in_effect(name))) && !gone.explains(name);
        let late = InputTable::ALL.into_iter().map(InputTable::name).chain([STAFF_TEAMS]).filter(has_changed).collect::<Vec<_>>();
        let has_other_rules = record.made_with != self.made_with(day)?;
        let checks = [
            (StaleReason::Interrupted, self.is_interrupted(day)),
            (StaleReason::StatesGone, !self.has_states(day)),
            (StaleReason::Rules, has_other_rules && gone.is_empty()),
            (StaleReason::OlderVersion, record.semantics != SEMANTICS_VERSION || has_other_rules && !gone.is_empty()),
            (StaleReason::Maturing, self.matures(day, before, now)),
            (StaleReason::Reference, record.reference != self.reference_on(day)),
            (StaleReason::AsOf, now < before),
        ];
        let mut reasons = checks.into_iter().filter(|(_, holds)| *holds).map(|(why, _)| why).collect::<Vec<_>>();
        reasons.extend((!late.is_empty()).then_some(StaleReason::Late(late)));
        let is_in_the_way = !reasons.is_empty() && gone.blocks(reasons.iter().any(|why| self.reads_chats(day, why, &gone)));
        let is_said = is_in_the_way || !gone.is_empty() && !self.is_normal(&gone);
        reasons.extend(is_said.then(|| StaleReason::InputGone(gone.names())));
        Ok((reasons, gone))
    }

    /// Whether a run may have died while it was publishing the day, or files of it are damaged.
    pub fn is_interrupted(&self, day: Day) -> bool {
        self.interrupted.contains(&day)
    }

    /// The record of a day that is computed now, for the manifest. `files` and `rows` are those of its messages, `buyers` are in its states.
    /// `unread`: its record before, if its messages are not read again.
    pub(crate) fn record(&self, day: Day, (files, rows): (usize, i64), buyers: EachBuyer, unread: Option<&DayRecord>) -> Result<DayRecord> {
        let landed = self.landed.through;
        let made_with = self.made_with(day)?;
        let (mut inputs, reference) = (self.inputs(day, landed, None, buyers)?, self.reference_on(day));
        // It is still made of the messages that were there when it was read.
        let messages = InputTable::Messages.name();
        if let Some(read) = unread.and_then(|record| record.inputs.get(messages)) {
            inputs.insert(messages.to_owned(), read.clone());
        }
        Ok(DayRecord {
            reported: true,
            made_with,
            semantics: SEMANTICS_VERSION,
            landed: landed.to_string(),
            inputs,
            reference,
            files,
            rows,
            profile: None,
            forced: None,
            failed: None,
        })
    }

    /// Days whose stored chat states are those that would be computed now.
    pub fn days_with_chat_states(&self, manifest: &Manifest) -> Result<BTreeSet<Day>> {
        let mut days = BTreeSet::new();
        for (day, record) in manifest.days.iter().filter(|(day, _)| self.days_with_states.contains(day)) {
            // What an older version or other rules have stored is better than nothing where the files are gone.
            let is_current = record.semantics == SEMANTICS_VERSION && record.made_with == self.made_with(*day)?;
            if is_current || self.has_lost_messages(*day, record)? {
                days.insert(*day);
            }
        }
        Ok(days)
    }

    /// Periods whose reports were not made of what they would be made of now, because a run ended before it reached them, because more or fewer
    /// orders are known, or because the calendar of the output is another. Errors: a partition of an input lies outside the calendar.
    pub fn stale_spans(&self, manifest: &Manifest) -> Result<BTreeSet<Span>> {
        let reports = &self.plan.config.reports;
        let spans = manifest.reported().into_iter().filter(|day| *day <= self.landed.through);
        let spans = spans.flat_map(|day| reports.periods.iter().map(move |period| self.plan.calendar.span(*period, day)));
        let unsure = self.damaged_spans(manifest);
        let is_recut = self.calendar_changes(manifest).is_some();
        let is_stale = |span: &Span| {
            let made_of = self.made_of(manifest, *span)?;
            let is_current = |level: &Level| {
                let key = format!("reports/{}_{}/dt={}/data.parquet", level.name(), span.period.name(), span.first);
                manifest.files.get(&key).is_some_and(|file| file.days_fingerprint == made_of)
            };
            Ok::<_, Error>(is_recut || unsure.contains(span) || !reports.levels.iter().all(is_current))
        };
        let mut stale = BTreeSet::new();
        for span in spans.collect::<BTreeSet<_>>() {
            if is_stale(&span)? {
                stale.insert(span);
            }
        }
        Ok(stale)
    }

    /// Whether a table has a file in a partition. Without dates in its path its files can contain rows of any day.
    pub fn has_files(&self, table: InputTable, partition: Day) -> bool {
        self.fingerprints.get(&table).and_then(|files| files.has_files(std::iter::once(partition))).unwrap_or(true)
    }

    /// Whether the message files are partitioned by day and a day has none.
    pub(super) fn has_no_files(&self, day: Day) -> Result<bool> {
        let Some(messages) = self.fingerprints.get(&InputTable::Messages) else { return Ok(false) };
        Ok(messages.has_files(ingest::partition_dates(self.plan, &self.plan.config.messages, day, day)?) == Some(false))
    }

    /// Whether a metric of the day that was unknown when `before` had landed is known now that `now` has.
    pub(super) fn matures(&self, day: Day, before: Day, now: Day) -> bool {
        let later = now > before;
        let delayed = |delay: &i32| before < day.plus(*delay) && day.plus(*delay) <= now;
        later && (day.plus(self.payment_delay) > before || self.longer_delays.iter().any(delayed))
    }

    /// Input table → fingerprint of the files or rows that concern a day, as far as they lie within what had `landed`. `recorded`: what the day
    /// was computed from.
    fn inputs(&self, day: Day, landed: Day, recorded: Option<&DayRecord>, buyers: EachBuyer) -> Result<BTreeMap<String, String>> {
        let mut inputs = BTreeMap::new();
        for (table, fingerprints) in &self.fingerprints {
            let source = self.plan.source(*table);
            let fingerprint = match (table, fingerprints, source) {
                (InputTable::Buyers, _, _) => {
                    inputs.insert(ALL_BUYERS.to_owned(), self.persons.whole_fingerprint());
                    self.persons_fingerprint(recorded, buyers)?
                }
                (InputTable::Blocklist, TableFingerprints::Rows(_), _) => self.reference.blocked_fingerprint(day),
                (_, TableFingerprints::Files(_), Some(source)) => {
                    let (first, last) = self.window(*table, day, landed, false);
                    if first > last {
                        continue;
                    }
                    let partitions = ingest::read_dates(self.plan, source, first, last)?;
                    fingerprints.of((*partitions.start(), *partitions.end()))
                }
                _ => fingerprints.of(self.window(*table, day, landed, true)),
            };
            inputs.insert(table.name().to_owned(), fingerprint);
        }
        let staff = &self.reference.staff;
        if let Some(dated) = staff.dated_fingerprints(day) {
            inputs.insert(InputTable::Staff.name().to_owned(), dated.own);
            inputs.insert(STAFF_TEAMS.to_owned(), dated.teams);
        }
        if self.plan.source(InputTable::Staff).is_some() {
            let all = staff.fingerprints(day);
            inputs.insert(in_effect(InputTable::Staff.name()), all.own);
            inputs.insert(in_effect(STAFF_TEAMS), all.teams);
        }
        Ok(inputs)
    }

    /// The fingerprint of the rows of `buyers` that name one of a day's buyers.
    fn persons_fingerprint(&self, recorded: Option<&DayRecord>, buyers: EachBuyer) -> Result<String> {
        let recorded =
            recorded.map(|record| &record.inputs).filter(|inputs| inputs.get(ALL_BUYERS) == Some(&self.persons.whole_fingerprint()));
        if let Some(known) = recorded.and_then(|inputs| inputs.get(InputTable::Buyers.name())) {
            return Ok(known.clone());
        }
        let mut rows: BTreeSet<u32> = BTreeSet::new();
        buyers(&mut |buyer| rows.extend(self.persons.naming(buyer)))?;
        Ok(self.persons.fingerprint(rows.into_iter()))
    }

    /// The fingerprint of everything that a day follows only if it is requested.
    fn reference_on(&self, day: Day) -> String {
        let dated = self.reference.staff.dated_fingerprints(day).map(|staff| staff.rest);
        dated.map_or_else(|| self.reference_fingerprint.clone(), |rest| format!("{}{rest}", self.reference_fingerprint))
    }

    /// The first and last day whose rows (`rows`) or whose partitions concern a business day.
    pub(super) fn window(&self, table: InputTable, day: Day, landed: Day, rows: bool) -> (Day, Day) {
        let retention = self.plan.rules.widest.retention_days as i32;
        let loyalty_days = if day.plus(retention) <= landed { retention } else { 0 };
        let is_after_refunds = self.plan.source(InputTable::Orders).is_some_and(|orders| orders.amount_is == AmountMeaning::AfterRefunds);
        let (back, ahead) = match table {
            InputTable::Messages | InputTable::Visits | InputTable::Videos | InputTable::Blocklist | InputTable::Holidays => {
                return (day, day);
            }
            // What is added back to the amounts of the orders that the day sees.
            InputTable::Refunds if is_after_refunds => (LOOKBACK_DAYS, self.payment_delay),
            InputTable::Refunds | InputTable::Evaluations if rows => (0, 0),
            // A payment or a refund of the day may be of an order of any age.
            InputTable::ExchangeRates => (CENTURY, self.payment_delay),
            InputTable::AgentStatus => (LOOKBACK_DAYS, 0),
            InputTable::Orders => (self.orders_lookback(), self.payment_delay.max(loyalty_days)),
            InputTable::Tickets => (LOOKBACK_DAYS, self.payment_delay.max(loyalty_days)),
            _ => (LOOKBACK_DAYS, self.payment_delay),
        };
        (day.plus(-back), day.plus(ahead).min(landed.max(day)))
    }

    /// The fingerprint of the rules that hold on a day and of how the inputs are read.
    /// It hashes the `Debug` text of the sources, which is therefore fixed.
    fn made_with(&self, day: Day) -> Result<String> {
        let config = &self.plan.config;
        let sources = InputTable::ALL.into_iter().enumerate().map(|(place, table)| (place, self.plan.source(table)));
        let sources = sources.filter(|(place, source)| *place < FIRST_TABLES || source.is_some());
        let sources = sources.map(|(_, source)| source).collect::<Vec<_>>();
        let mut inputs = format!("{:?}", (&config.timezone, &config.business_day_starts_at, sources));
        // Amounts in two currencies have nothing in common either. The first one is not named, as no setting is at its default.
        if config.reports.currency != "CNY" {
            inputs += &config.reports.currency;
        }
        // Buyer ids under two keys have nothing in common, so a change of the key is a change of everything.
        let key = self.plan.buyer_key.as_ref().map(|key| key.fingerprint());
        let version = (FIRST_VERSIONS.0, FIRST_VERSIONS.1, key);
        let text = serde_json::to_string(&(self.plan.rules.active_on(day), inputs, version))?;
        let text = LATER_RULES.iter().fold(text, |text, default| text.replace(default, ""));
        Ok(format!("{:016x}", xxh3_64(text.as_bytes())))
    }
}

/// Whether a day is recomputed by itself when rows of the table change.
fn is_followed(table: InputTable) -> bool {
    !matches!(table, InputTable::Shops | InputTable::Staff | InputTable::Standards | InputTable::Targets | InputTable::Trainings)
}

/// The longest delay of any metric up to the rule `final_pay_days`, and the delays beyond it of the metrics whose inputs are configured.
fn delays(landed: &Landed, plan: &Plan) -> (i32, BTreeSet<i32>) {
    let rules = &plan.rules.widest;
    let (mut payment_delay, mut longer_delays) = (0, BTreeSet::new());
    for level in Level::ALL {
        for metric in metrics::of_level(level) {
            let delay = metrics::delay(metric, level, rules);
            if delay <= rules.final_pay_days as i32 {
                payment_delay = delay.max(payment_delay);
            } else if metrics::facts(metric, level, rules).into_iter().all(|fact| landed.has(fact)) {
                longer_delays.insert(delay);
            }
        }
    }
    (payment_delay, longer_delays)
}
