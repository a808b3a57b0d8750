//! State files: a day's states and its reply index. They are internal; a missing file, or one of other rules, is recomputed.

use super::chats::ChatAccumulators;
use super::schema::{StateFrames, StateKind, StatePart, shard_persons};
use crate::config::ShopSetMembers;
use crate::error::{Context, Result};
use crate::facts::{AttributionWindows, ChatFacts, no_replies};
use crate::facts::{CodeNames, named_column};
use crate::frames::{from_arrow, to_arrow};
use crate::model::Level;
use crate::model::OutputTable;
use crate::names::Names;
use crate::staging::{StagingArea, TableReader};
use crate::staging::{TableWriter, decode, decode_each, decode_pieces, decode_some};
use crate::store::Store;
use arrow::array::types::Int32Type;
use arrow::array::{Array, AsArray, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{Field, Schema};
use kefu_kernel::calendar::Day;
use kefu_kernel::rules::Rules;
use polars::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The state files under an output root. Errors of its methods: a file cannot be read or written, or is not as it was published.
pub struct StateStore {
    staging: Arc<StagingArea>,
}

/// Which state of which day.
pub(super) type StateName = (Day, StatePart, Level, StateKind);

/// The open files of a day's chat states.
pub struct ChatStateWriters(Vec<((Level, StateKind), TableWriter)>);

impl ChatStateWriters {
    /// Appends rows to the file of a level and kind.
    pub fn append(&self, level: Level, kind: StateKind, rows: &DataFrame) -> Result<()> {
        let rows = to_arrow(rows)?;
        let mut writers = self.0.iter().filter(|(file, _)| *file == (level, kind));
        writers.try_for_each(|(_, writer)| writer.append(writer.encode(&rows)?))
    }
}

fn folder(name: &str) -> String {
    format!("state/{name}")
}

impl StateStore {
    /// A store over a staging area.
    pub fn new(staging: &Arc<StagingArea>) -> StateStore {
        StateStore { staging: Arc::clone(staging) }
    }

    /// Closes a state file and stages it.
    pub fn close(&self, writer: TableWriter) -> Result<()> {
        writer.close(&self.staging).map(drop)
    }

    /// Opens the files of a day's chat states, each with its columns.
    pub fn open_chats(&self, day: Day, names: &Names) -> Result<ChatStateWriters> {
        let mut writers = Vec::new();
        for level in Level::ALL {
            for (kind, empty) in ChatAccumulators::empty_frames(level, names)? {
                writers.push(((level, kind), self.open_file(&name_of(StatePart::Chats, level, kind), day, to_arrow(&empty)?)?));
            }
        }
        Ok(ChatStateWriters(writers))
    }

    /// Closes the files of a day's chat states and stages them.
    pub fn close_chats(&self, writers: ChatStateWriters) -> Result<()> {
        writers.0.into_iter().try_for_each(|(_, writer)| self.close(writer))
    }

    /// Whether a state of a day is stored, by this version or an older one.
    pub fn has(&self, day: Day, part: StatePart, level: Level, kind: StateKind) -> Result<bool> {
        let key = state_key(day, part, level, kind);
        Ok(self.staging.has_staged(&key) || self.staging.head(&key)?.is_some())
    }

    /// Reads a state as one frame. Columns: see [`StateKind`].
    pub fn get(&self, day: Day, part: StatePart, level: Level, kind: StateKind) -> Result<DataFrame> {
        self.read(&name_of(part, level, kind), day)
    }

    /// Reads the rows of some shops of a state in pieces, with `shop_id`, `agent_id` and `video_id` as dictionary columns.
    pub fn rows(
        &self,
        (day, part, level, kind): StateName,
        shops: &ShopSetMembers,
    ) -> Result<impl Iterator<Item = Result<RecordBatch>> + use<>> {
        let (key, shops) = (state_key(day, part, level, kind), shops.clone());
        let rows = decode_pieces(self.staging.get(&key)?, &["shop_id", "agent_id", "video_id"]);
        Ok(rows.with("file", self.staging.describe(&key))?.map(move |rows| of_shops(rows?, &shops)))
    }

    /// The number of rows of a state; 0 if there is none.
    pub fn count(&self, (day, part, level, kind): StateName) -> Result<usize> {
        Ok(TableReader::open(&self.staging, &state_key(day, part, level, kind))?.map_or(0, |table| table.rows()))
    }

    /// Reads the flags of a shop set's persons in pieces: `shop_id` and `agent_id` (dictionary), `buyer_id`, `flags`.
    pub fn flags_of(
        &self,
        (day, part, level): (Day, StatePart, Level),
        members: &ShopSetMembers,
        each: &mut dyn FnMut(RecordBatch) -> Result<()>,
    ) -> Result<()> {
        let columns = ["shop_id", "agent_id", "buyer_id", "flags"];
        let shop_set = members.clone();
        let filter = move |rows: &RecordBatch| are_members(rows, &shop_set, has_shop_of(rows, &shop_set));
        let key = persons_key(day, part, level);
        decode_some(&self.staging, &key, &["shop_id", "agent_id"], (&columns, member_columns(members)), 1, filter, each)
    }

    /// Reads the persons of a shop set, with all columns.
    pub fn persons_of(&self, day: Day, level: Level, members: &ShopSetMembers) -> Result<DataFrame> {
        if members.has_everyone() {
            return self.get(day, StatePart::Chats, level, StateKind::Persons);
        }
        let columns = ["shop_id", "agent_id", "buyer_id", "flags", "first_buyer_at", "last_buyer_at"];
        let shop_set = members.clone();
        let filter = move |rows: &RecordBatch| {
            let shops = rows.column(0).as_string::<i32>();
            // Rows of a shop are mostly adjacent, so that its membership is looked up once for each run.
            let mut last = None;
            are_members(rows, &shop_set, |row| match last {
                Some((known, has)) if known == shops.value(row) => has,
                _ => last.insert((shops.value(row), shop_set.has_shop(shops.value(row)))).1,
            })
        };
        let mut persons = no_persons(level)?;
        let key = persons_key(day, StatePart::Chats, level);
        decode_some(&self.staging, &key, &[], (&columns, member_columns(members)), 1, filter, &mut |rows| {
            persons.vstack_mut(&from_arrow(&rows)?)?;
            Ok(())
        })?;
        Ok(persons)
    }

    /// The number of rows of each shop in a state, such as its persons. A state that does not exist has none.
    pub fn rows_by_shop(&self, (day, part, level, kind): StateName) -> Result<BTreeMap<String, usize>> {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        decode_each(&self.staging, &state_key(day, part, level, kind), &["shop_id"], &mut |rows| {
            let mut shops = rows.column(0).as_string::<i32>().iter().flatten().peekable();
            while let Some(shop) = shops.next() {
                let following = std::iter::from_fn(|| shops.next_if(|next| *next == shop)).count();
                *counts.entry(shop.to_owned()).or_default() += following + 1;
            }
            Ok(())
        })?;
        Ok(counts)
    }

    /// Reads the flags of a level's persons in pieces: `shop_id`, `agent_id`, `buyer_id`, `flags`.
    pub fn each_persons(&self, day: Day, part: StatePart, level: Level, each: &mut dyn FnMut(DataFrame) -> Result<()>) -> Result<()> {
        let columns = ["shop_id", "agent_id", "buyer_id", "flags"];
        decode_each(&self.staging, &persons_key(day, part, level), &columns, &mut |rows| each(from_arrow(&rows)?))
    }

    /// Reads the persons of a level in pieces, without their flags: `buyer_id` (String).
    pub fn each_buyers(&self, day: Day, part: StatePart, level: Level, each: &mut dyn FnMut(DataFrame) -> Result<()>) -> Result<()> {
        decode_each(&self.staging, &persons_key(day, part, level), &["buyer_id"], &mut |rows| each(from_arrow(&rows)?))
    }

    /// Passes on the id of every buyer that a day holds: who chatted, ordered, opened a ticket or had a card. An id may come several times.
    pub fn each_buyer(&self, day: Day, each: &mut dyn FnMut(&str)) -> Result<()> {
        for key in buyer_keys(day) {
            if self.staging.head(&key)?.is_none() {
                continue;
            }
            decode_each(&self.staging, &key, &["buyer_id"], &mut |rows| {
                from_arrow(&rows)?.column("buyer_id")?.str()?.iter().flatten().for_each(&mut *each);
                Ok(())
            })?;
        }
        Ok(())
    }

    /// The size in bytes of the file of a day's persons; 0 if there is none.
    pub fn persons_size(&self, day: Day, part: StatePart, level: Level) -> Result<u64> {
        Ok(self.staging.head(&persons_key(day, part, level))?.map_or(0, |object| object.size()))
    }

    /// Opens state files with their first rows. `files`: name and rows of each.
    pub fn open(&self, day: Day, files: Vec<(String, RecordBatch)>) -> Result<Vec<TableWriter>> {
        files.into_iter().map(|(name, rows)| self.open_file(&name, day, rows)).collect()
    }

    /// Reads the reply lines of a day that can earn a credit for an order event of `windows`, on `workers` threads.
    /// Columns: those of [`no_replies`].
    pub fn replies(&self, day: Day, windows: &Arc<AttributionWindows>, workers: usize) -> Result<DataFrame> {
        let key = format!("{}/dt={day}/data.parquet", folder("replies"));
        let windows = Arc::clone(windows);
        let filter = move |rows: &RecordBatch| BooleanArray::from(windows.can_earn(rows));
        let columns = ["shop_id", "buyer_id", "agent_id", "at", "place", "message_id"];
        let mut replies = no_replies()?;
        decode_some(&self.staging, &key, &[], (&columns, &columns[..4]), workers, filter, &mut |rows| {
            replies.vstack_mut(&from_arrow(&rows)?)?;
            Ok(())
        })?;
        Ok(replies)
    }

    /// Writes the platform that each shop's lines of a day name. Columns: `shop_id`, `platform` (String, never null).
    pub fn put_platforms(&self, day: Day, names: &Names) -> Result<()> {
        let named = names.platforms().filter_map(|(shop, platform)| Some((shop, platform?))).collect::<Vec<_>>();
        let columns = [("shop_id", named.iter().map(|n| n.0).collect::<Vec<_>>()), ("platform", named.iter().map(|n| n.1).collect())];
        let columns = columns.map(|(name, values)| Column::new(name.into(), values)).to_vec();
        self.write("platforms", day, &DataFrame::new_infer_height(columns)?)
    }

    /// Reads the pairs of shop id and platform of a day.
    pub fn platforms(&self, day: Day) -> Result<Vec<(String, String)>> {
        let frame = self.read("platforms", day)?;
        let (shops, platforms) = (frame.column("shop_id")?.str()?, frame.column("platform")?.str()?);
        Ok(shops.iter().zip(platforms.iter()).filter_map(|(shop, platform)| Some((shop?.to_owned(), platform?.to_owned()))).collect())
    }

    fn write(&self, name: &str, day: Day, frame: &DataFrame) -> Result<()> {
        self.close(self.open_file(name, day, to_arrow(frame)?)?)
    }

    /// Opens a state file with its first rows, which also give its schema.
    fn open_file(&self, name: &str, day: Day, rows: RecordBatch) -> Result<TableWriter> {
        let (folder, grain, rule_sets) = (folder(name), "internal".into(), String::new());
        let table = OutputTable { folder, dt: Some(day), grain, rows, sorted_by: vec![], rule_sets };
        TableWriter::open(&self.staging, &table.key(), &table)
    }

    fn read(&self, name: &str, day: Day) -> Result<DataFrame> {
        let key = format!("{}/dt={day}/data.parquet", folder(name));
        let rows = decode(self.staging.get(&key)?).with("file", self.staging.describe(&key))?;
        from_arrow(&rows)
    }
}

/// The key of a state's file.
fn state_key(day: Day, part: StatePart, level: Level, kind: StateKind) -> String {
    format!("{}/dt={day}/data.parquet", folder(&name_of(part, level, kind)))
}

fn persons_key(day: Day, part: StatePart, level: Level) -> String {
    state_key(day, part, level, StateKind::Persons)
}

/// Says of a row whether its shop belongs to a shop set. Each value of the dictionary column `shop_id` is looked up once.
fn has_shop_of<'r>(rows: &'r RecordBatch, members: &ShopSetMembers) -> impl Fn(usize) -> bool + use<'r> {
    let shops = rows.column_by_name("shop_id").and_then(|shops| shops.as_dictionary_opt::<Int32Type>());
    let values = shops.into_iter().flat_map(|shops| shops.values().as_string::<i32>());
    let by_key = values.map(|shop| members.has_shop(shop.unwrap_or_default())).collect::<Vec<_>>();
    move |row| shops.and_then(|shops| shops.key(row)).is_some_and(|key| by_key[key])
}

/// The rows of a shop set's shops.
fn of_shops(rows: RecordBatch, members: &ShopSetMembers) -> Result<RecordBatch> {
    if members.has_all_shops() {
        return Ok(rows);
    }
    let has_shop = has_shop_of(&rows, members);
    let own = (0..rows.num_rows()).map(|row| Some(has_shop(row))).collect::<BooleanArray>();
    Ok(filter_record_batch(&rows, &own)?)
}

/// The files that hold the buyers of a day: the persons of its states, and its cards, whose buyers may have done nothing else.
fn buyer_keys(day: Day) -> [String; 3] {
    let [chats, sales] = [StatePart::Chats, StatePart::Sales].map(|part| persons_key(day, part, Level::Shop));
    [chats, sales, format!("details/ratings/dt={day}/data.parquet")]
}

/// Does what [`StateStore::each_buyer`] does for a published day, without a staging area. `is_usable` is asked about the key and the bytes of
/// each file. Errors: those of `is_usable`; a file cannot be read.
pub fn each_published_buyer(
    output: &Store,
    day: Day,
    is_usable: &dyn Fn(&str, &[u8]) -> Result<bool>,
    each: &mut dyn FnMut(&str),
) -> Result<()> {
    for key in buyer_keys(day) {
        if output.head(&key)?.is_none() {
            continue;
        }
        let bytes = output.get(&key)?;
        if !is_usable(&key, &bytes)? {
            continue;
        }
        for rows in decode_pieces(bytes, &[]).with("file", output.describe(&key))? {
            let rows = rows.with("file", output.describe(&key))?;
            let buyers = rows.column_by_name("buyer_id").and_then(|buyers| buyers.as_string_opt::<i32>());
            buyers.into_iter().flat_map(|buyers| buyers.iter().flatten()).for_each(&mut *each);
        }
    }
    Ok(())
}

/// The columns that decide whether a person belongs to a shop set.
fn member_columns(members: &ShopSetMembers) -> &'static [&'static str] {
    if members.has_all_buyers() { &["shop_id"] } else { &["shop_id", "buyer_id"] }
}

/// Which persons belong to a shop set. `has_shop`: whether the shop of a row does.
fn are_members(rows: &RecordBatch, members: &ShopSetMembers, mut has_shop: impl FnMut(usize) -> bool) -> BooleanArray {
    let buyers = (!members.has_all_buyers()).then(|| rows.column(1).as_string::<i32>());
    let mut is_member = |row| has_shop(row) && buyers.is_none_or(|buyers| members.has_buyer(buyers.value(row)));
    (0..rows.num_rows()).map(|row| Some(is_member(row))).collect()
}

/// The columns of chat persons without rows.
fn no_persons(level: Level) -> Result<DataFrame> {
    let ids = ["shop_id", "agent_id", "buyer_id"].into_iter().filter(|id| level == Level::Agent || *id != "agent_id");
    let ids = ids.map(|id| Column::new_empty(id.into(), &DataType::String));
    let rest = ["flags", "first_buyer_at", "last_buyer_at"].map(|name| Column::new_empty(name.into(), &DataType::Int64));
    Ok(DataFrame::new_infer_height(ids.chain(rest).collect())?)
}

/// The states of a part as files: the name and the rows of each.
pub fn state_files(part: StatePart, level: Level, states: &StateFrames) -> Result<Vec<(String, RecordBatch)>> {
    states.iter().map(|(kind, frame)| Ok((name_of(part, level, *kind), to_arrow(frame)?))).collect()
}

/// The name of a state's file below `state/`.
fn name_of(part: StatePart, level: Level, kind: StateKind) -> String {
    format!("{}/{}_{}", part.name(), level.name(), kind.name())
}

/// The files that a shard adds rows to without aggregation, with its rows: the reply index, and the persons of each level.
pub fn shard_files(facts: &ChatFacts, names: &Names, rules: &Rules) -> Result<Vec<(String, RecordBatch)>> {
    let code_names = CodeNames { names, conversation_names: &facts.conversation_names, message_ids: &facts.message_ids };
    let mut files = vec![("replies".to_owned(), with_ids(&facts.replies, code_names)?)];
    for level in Level::ALL {
        let persons = shard_persons(level, facts, rules)?;
        files
            .push((format!("{}/{}_{}", StatePart::Chats.name(), level.name(), StateKind::Persons.name()), with_ids(&persons, code_names)?));
    }
    Ok(files)
}

/// A frame with ids instead of codes; all other columns stay as they are.
fn with_ids(frame: &DataFrame, code_names: CodeNames) -> Result<RecordBatch> {
    let batch = to_arrow(frame)?;
    let mut fields = Vec::new();
    let mut arrays = Vec::new();
    for (field, array) in batch.schema().fields().iter().zip(batch.columns()) {
        let array = match field.name().as_str() {
            "shop" | "agent" | "buyer" | "message" => named_column(field.name(), array, Some(code_names))?,
            other => Some((other.to_owned(), Arc::clone(array))),
        };
        fields.extend(array.iter().map(|(name, array)| Field::new(name, array.data_type().clone(), true)));
        arrays.extend(array.map(|(_, array)| array));
    }
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?)
}
