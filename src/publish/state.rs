//! State files: a day's mergeable states and its reply index. Internal; whatever is missing or of other rules is made again.

use super::details::{Spelling, column};
use super::parquet::{Sheet, decode, decode_each, decode_pieces, decode_some};
use super::stage::Stage;
use crate::calendar::Day;
use crate::error::Result;
use crate::facts::{Asked, ChatFacts, no_replies};
use crate::frames::{from_arrow, to_arrow};
use crate::job::Level;
use crate::names::Names;
use crate::reports::{ChatStates, Kind, Part, States, Table, shard_persons};
use crate::rules::{Members, Rules};
use arrow::array::types::Int32Type;
use arrow::array::{Array, AsArray, BooleanArray, RecordBatch};
use arrow::datatypes::{Field, Schema};
use polars::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

/// States under an output root.
pub struct StateStore {
    stage: Arc<Stage>,
}

/// The state files of the chats of a day while their rows come.
pub struct ChatSheets(Vec<((Level, Kind), Sheet)>);

impl ChatSheets {
    pub fn append(&self, level: Level, kind: Kind, rows: &DataFrame) -> Result<()> {
        let rows = to_arrow(rows)?;
        let mut sheets = self.0.iter().filter(|(of, _)| *of == (level, kind));
        sheets.try_for_each(|(_, sheet)| sheet.append(sheet.encode(&rows)?))
    }
}

fn folder(name: &str) -> String {
    format!("state/{name}")
}

impl StateStore {
    pub fn new(stage: &Arc<Stage>) -> StateStore {
        StateStore { stage: Arc::clone(stage) }
    }

    /// Ends a state file.
    pub fn close(&self, sheet: Sheet) -> Result<()> {
        sheet.close(&self.stage).map(drop)
    }

    /// Begins the state files of the chats of a day.
    pub fn open_chats(&self, day: Day, names: &Names) -> Result<ChatSheets> {
        let mut sheets = Vec::new();
        for level in Level::ALL {
            for (kind, none) in ChatStates::none(level, names)? {
                sheets.push(((level, kind), self.sheet(&name_of(Part::Chats, level, kind), day, to_arrow(&none)?)?));
            }
        }
        Ok(ChatSheets(sheets))
    }

    /// Ends them.
    pub fn close_chats(&self, sheets: ChatSheets) -> Result<()> {
        sheets.0.into_iter().try_for_each(|(_, sheet)| self.close(sheet))
    }

    pub fn get(&self, day: Day, part: Part, level: Level, kind: Kind) -> Result<DataFrame> {
        self.read(&name_of(part, level, kind), day)
    }

    /// As Arrow rows in pieces, with `shop_id` and `agent_id` as dictionaries.
    pub fn rows(&self, day: Day, part: Part, level: Level, kind: Kind) -> Result<impl Iterator<Item = Result<RecordBatch>>> {
        let key = format!("{}/dt={day}/data.parquet", folder(&name_of(part, level, kind)));
        decode_pieces(self.stage.get(&key)?, &["shop_id", "agent_id"])
    }

    /// The flags of the persons of some, piece by piece, with `shop_id` and `agent_id` as dictionaries.
    pub fn flags_of(&self, of: (Day, Part, Level), members: &Members, each: &mut dyn FnMut(RecordBatch) -> Result<()>) -> Result<()> {
        let columns = ["shop_id", "agent_id", "buyer_id", "flags"];
        let own = members.clone();
        let wanted = move |rows: &RecordBatch| {
            let shops = rows.column(0).as_dictionary::<Int32Type>();
            let by_key = shops.values().as_string::<i32>().iter().map(|shop| own.has_shop(shop.unwrap_or_default())).collect::<Vec<_>>();
            wanted(rows, &own, |row| shops.key(row).is_some_and(|key| by_key[key]))
        };
        let key = self.persons_key(of.0, of.1, of.2);
        decode_some(&self.stage, &key, &["shop_id", "agent_id"], (&columns, looked_at(members)), 1, wanted, each)
    }

    /// The persons of a group, with all their columns.
    pub fn persons_of(&self, day: Day, level: Level, members: &Members) -> Result<DataFrame> {
        if members.has_everyone() {
            return self.get(day, Part::Chats, level, Kind::Persons);
        }
        let columns = ["shop_id", "agent_id", "buyer_id", "flags", "first_buyer_at", "last_buyer_at"];
        let own = members.clone();
        let wanted = move |rows: &RecordBatch| {
            let shops = rows.column(0).as_string::<i32>();
            // Rows of a shop follow one another.
            let mut last = None;
            wanted(rows, &own, |row| match last {
                Some((known, has)) if known == shops.value(row) => has,
                _ => last.insert((shops.value(row), own.has_shop(shops.value(row)))).1,
            })
        };
        let mut persons = nobody(level)?;
        let key = self.persons_key(day, Part::Chats, level);
        decode_some(&self.stage, &key, &[], (&columns, looked_at(members)), 1, wanted, &mut |rows| {
            persons.vstack_mut(&from_arrow(&rows)?)?;
            Ok(())
        })?;
        Ok(persons)
    }

    /// How many persons each shop has.
    pub fn persons_by_shop(&self, day: Day, level: Level) -> Result<BTreeMap<String, usize>> {
        let mut persons: BTreeMap<String, usize> = BTreeMap::new();
        decode_each(&self.stage, &self.persons_key(day, Part::Chats, level), &["shop_id"], &mut |rows| {
            let mut shops = rows.column(0).as_string::<i32>().iter().flatten().peekable();
            while let Some(shop) = shops.next() {
                let more = std::iter::from_fn(|| shops.next_if(|next| *next == shop)).count();
                *persons.entry(shop.to_owned()).or_default() += more + 1;
            }
            Ok(())
        })?;
        Ok(persons)
    }

    /// The persons of a level with their flags, piece by piece.
    pub fn each_persons(&self, day: Day, part: Part, level: Level, each: &mut dyn FnMut(DataFrame) -> Result<()>) -> Result<()> {
        let columns = ["shop_id", "agent_id", "buyer_id", "flags"];
        decode_each(&self.stage, &self.persons_key(day, part, level), &columns, &mut |rows| each(from_arrow(&rows)?))
    }

    /// Bytes of a day's persons.
    pub fn persons_size(&self, day: Day, part: Part, level: Level) -> Result<u64> {
        Ok(self.stage.head(&self.persons_key(day, part, level))?.map_or(0, |object| object.size()))
    }

    fn persons_key(&self, day: Day, part: Part, level: Level) -> String {
        format!("{}/dt={day}/data.parquet", folder(&name_of(part, level, Kind::Persons)))
    }

    /// Begins the state files that chat facts fill piece by piece, with the rows of the first.
    pub fn open(&self, day: Day, pieces: Vec<(String, RecordBatch)>) -> Result<Vec<Sheet>> {
        pieces.into_iter().map(|(name, rows)| self.sheet(&name, day, rows)).collect()
    }

    /// The reply lines of a day that may earn a credit, read on some threads.
    /// Columns: `shop_id`, `buyer_id`, `agent_id`, `at`, `place`, `message_id`.
    pub fn replies(&self, day: Day, asked: &Arc<Asked>, workers: usize) -> Result<DataFrame> {
        let key = format!("{}/dt={day}/data.parquet", folder("replies"));
        let asked = Arc::clone(asked);
        let wanted = move |rows: &RecordBatch| BooleanArray::from(asked.answers(rows));
        let columns = ["shop_id", "buyer_id", "agent_id", "at", "place", "message_id"];
        let mut replies = no_replies()?;
        decode_some(&self.stage, &key, &[], (&columns, &columns[..4]), workers, wanted, &mut |rows| {
            replies.vstack_mut(&from_arrow(&rows)?)?;
            Ok(())
        })?;
        Ok(replies)
    }

    /// The platform that each shop's lines of a day name.
    pub fn put_platforms(&self, day: Day, names: &Names) -> Result<()> {
        let named = names.platforms().filter_map(|(shop, platform)| Some((shop, platform?))).collect::<Vec<_>>();
        let columns = [("shop_id", named.iter().map(|n| n.0).collect::<Vec<_>>()), ("platform", named.iter().map(|n| n.1).collect())];
        let columns = columns.map(|(name, values)| Column::new(name.into(), values)).to_vec();
        self.write("platforms", day, &DataFrame::new_infer_height(columns)?)
    }

    pub fn platforms(&self, day: Day) -> Result<Vec<(String, String)>> {
        let frame = self.read("platforms", day)?;
        let (shops, platforms) = (frame.column("shop_id")?.str()?, frame.column("platform")?.str()?);
        Ok(shops.iter().zip(platforms.iter()).filter_map(|(shop, platform)| Some((shop?.to_owned(), platform?.to_owned()))).collect())
    }

    fn write(&self, name: &str, day: Day, frame: &DataFrame) -> Result<()> {
        self.close(self.sheet(name, day, to_arrow(frame)?)?)
    }

    fn sheet(&self, name: &str, day: Day, rows: RecordBatch) -> Result<Sheet> {
        let (folder, grain, rule_sets) = (folder(name), "internal".into(), String::new());
        let table = Table { folder, dt: Some(day), grain, rows, sorted_by: vec![], rule_sets };
        Sheet::open(&self.stage, &super::key_of(&table), &table)
    }

    fn read(&self, name: &str, day: Day) -> Result<DataFrame> {
        let key = format!("{}/dt={day}/data.parquet", folder(name));
        from_arrow(&decode(self.stage.get(&key)?)?)
    }
}

/// The columns that tell whose a person is.
fn looked_at(members: &Members) -> &'static [&'static str] {
    if members.has_all_buyers() { &["shop_id"] } else { &["shop_id", "buyer_id"] }
}

/// Which persons are of some; `of_shop`: whether the row's shop is.
fn wanted(rows: &RecordBatch, members: &Members, mut of_shop: impl FnMut(usize) -> bool) -> BooleanArray {
    let buyers = (!members.has_all_buyers()).then(|| rows.column(1).as_string::<i32>());
    let mut is_own = |row| of_shop(row) && buyers.is_none_or(|buyers| members.has_buyer(buyers.value(row)));
    (0..rows.num_rows()).map(|row| Some(is_own(row))).collect()
}

/// The columns of persons.
fn nobody(level: Level) -> Result<DataFrame> {
    let ids = ["shop_id", "agent_id", "buyer_id"].into_iter().filter(|id| level == Level::Agent || *id != "agent_id");
    let ids = ids.map(|id| Column::new_empty(id.into(), &DataType::String));
    let rest = ["flags", "first_buyer_at", "last_buyer_at"].map(|name| Column::new_empty(name.into(), &DataType::Int64));
    Ok(DataFrame::new_infer_height(ids.chain(rest).collect())?)
}

/// The states of a part as files: the name and rows of each.
pub fn pieces(part: Part, level: Level, states: &States) -> Result<Vec<(String, RecordBatch)>> {
    states.iter().map(|(kind, frame)| Ok((name_of(part, level, *kind), to_arrow(frame)?))).collect()
}

fn name_of(part: Part, level: Level, kind: Kind) -> String {
    format!("{}/{}_{}", part.name(), level.name(), kind.name())
}

/// The rows of a shard that states keep one by one: the persons of each level, and the replies. With the name of each.
pub fn kept(facts: &ChatFacts, names: &Names, rules: &Rules) -> Result<Vec<(String, RecordBatch)>> {
    let spelling = Spelling { names, talkers: &facts.talkers, texts: &facts.texts };
    let mut pieces = vec![("replies".to_owned(), spelled(&facts.replies, spelling)?)];
    for level in Level::ALL {
        let persons = shard_persons(level, facts, rules)?;
        pieces.push((format!("{}/{}_{}", Part::Chats.name(), level.name(), Kind::Persons.name()), spelled(&persons, spelling)?));
    }
    Ok(pieces)
}

fn spelled(frame: &DataFrame, spelling: Spelling) -> Result<RecordBatch> {
    let batch = to_arrow(frame)?;
    let mut fields = Vec::new();
    let mut arrays = Vec::new();
    for (field, array) in batch.schema().fields().iter().zip(batch.columns()) {
        let array = match field.name().as_str() {
            "shop" | "agent" | "buyer" | "message" => column(field.name(), array, Some(spelling))?,
            own => Some((own.to_owned(), Arc::clone(array))),
        };
        fields.extend(array.iter().map(|(name, array)| Field::new(name, array.data_type().clone(), true)));
        arrays.extend(array.map(|(_, array)| array));
    }
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?)
}
