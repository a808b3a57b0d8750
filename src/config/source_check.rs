//! Finds settings of a source that are well formed and make no sense: columns that the table does not have, marks that clash, formats of times
//! that are none.

use super::path_template::PathTemplate;
use super::pipeline::PipelineConfig;
use super::source::{AmountMeaning, InputFormat, LineOrder, NullWords, RowUnit, SourceConfig};
use crate::error::{Error, Kind};
use crate::model::InputTable;

/// The first setting of a source that makes no sense: its key, and why. `None` if all do.
pub(super) fn fault(table: InputTable, source: &SourceConfig) -> Option<(&'static str, Error)> {
    wrong_path(table, source)
        .or_else(|| unknown_column(table, source))
        .or_else(|| wrong_table(table, source))
        .or_else(|| wrong_marks(source))
        .or_else(|| wrong_time_format(source))
        .or_else(|| wrong_lateness(source))
        .or_else(|| empty_filter(source))
}

fn config(message: String, hint: impl Into<String>) -> Error {
    Error::new(Kind::Config, message).hint(hint.into())
}

/// A column that the table does not have, most likely a typing error.
fn unknown_column(table: InputTable, source: &SourceConfig) -> Option<(&'static str, Error)> {
    let nulls = match &source.nulls {
        NullWords::Everywhere(_) => Vec::new(),
        NullWords::InColumns(columns) => columns.keys().collect(),
    };
    let lists: [(&'static str, Vec<&String>); 5] = [
        ("columns", source.columns.keys().collect()),
        ("constants", source.constants.keys().collect()),
        ("values", source.values.keys().collect()),
        ("nulls", nulls),
        ("whole", source.whole.iter().collect()),
    ];
    let named = lists.into_iter().flat_map(|(key, names)| names.into_iter().map(move |name| (key, name)));
    let canonical = || table.columns().iter().map(|column| column.name);
    let (key, name) = named.into_iter().find(|(_, name)| canonical().all(|column| column != *name))?;
    let hint = match crate::suggest::nearest(name, canonical()) {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None => format!("the columns are {}", canonical().collect::<Vec<_>>().join(", ")),
    };
    Some((key, config(format!("`{name}` is not a column of {}", table.name()), hint)))
}

/// A column of `drop` or `keep` without a value, which takes out nothing or everything.
fn empty_filter(source: &SourceConfig) -> Option<(&'static str, Error)> {
    let filters = [("drop", &source.drop), ("keep", &source.keep)];
    let (key, name) = filters.into_iter().find_map(|(key, columns)| {
        let (name, _) = columns.iter().find(|(_, values)| values.is_empty())?;
        Some((key, name))
    })?;
    Some((
        key,
        config(
            format!("{key} looks for no value in the column {name}"),
            format!("write {key} = {{ {name} = [\"true\"] }}, or leave it out"),
        ),
    ))
}

/// A setting that belongs to one table and stands in another.
fn wrong_table(table: InputTable, source: &SourceConfig) -> Option<(&'static str, Error)> {
    if source.rows == RowUnit::Item && table != InputTable::Orders {
        return Some(("rows", config("rows = \"item\" is for [orders] alone".to_owned(), "leave it out")));
    }
    if source.amount_is != AmountMeaning::BeforeRefunds && table != InputTable::Orders {
        return Some(("amount_is", config("amount_is is for [orders] alone".to_owned(), "leave it out")));
    }
    if source.order_by != LineOrder::Time && table != InputTable::Messages {
        return Some(("order_by", config("order_by is for [messages] alone".to_owned(), "leave it out")));
    }
    if !source.whole.is_empty() && source.rows == RowUnit::Order {
        return Some(("whole", config("`whole` names columns of item rows".to_owned(), "set rows = \"item\" too, or leave it out")));
    }
    None
}

/// The first setting of a source that clashes with the rest of the pipeline: its key, and why. `None` if none does.
pub(super) fn clash(source: &SourceConfig, pipeline: &PipelineConfig) -> Option<(&'static str, Error)> {
    if source.amount_is == AmountMeaning::AfterRefunds && pipeline.refunds.is_none() {
        let message = "amount_is = \"after_refunds\" needs the refunds that the amounts no longer hold".to_owned();
        return Some(("amount_is", config(message, "add [refunds], or leave it out if the amounts are those that were paid")));
    }
    if source.whole.iter().any(|column| column == "amount") && !pipeline.rules.excluded_skus.is_empty() {
        let message = "with `amount` in `whole` nothing says what the items of excluded_skus cost".to_owned();
        return Some(("whole", config(message, "leave `amount` out and map the amount of each item, or leave out excluded_skus")));
    }
    None
}

/// The first setting that files of a format do not have: its key, and why.
pub fn unused_setting(source: &SourceConfig, format: InputFormat) -> Option<(&'static str, Error)> {
    let is_book = matches!(format, InputFormat::Xlsx | InputFormat::Xls);
    let settings = [
        ("delimiter", source.delimiter.is_some(), format == InputFormat::Csv, "CSV"),
        ("quote", source.quote.is_some(), format == InputFormat::Csv, "CSV"),
        ("escape", source.escape.is_some(), format == InputFormat::Csv, "CSV"),
        ("comment", source.comment.is_some(), format == InputFormat::Csv, "CSV"),
        ("skip_rows", source.skip_rows > 0, format.is_sheet(), "CSV and of workbooks"),
        ("skip_end", source.skip_end > 0, format.is_sheet(), "CSV and of workbooks"),
        ("header", !source.header, format.is_sheet(), "CSV and of workbooks"),
        ("sheet", source.sheet.is_some(), is_book, "workbooks"),
    ];
    let (key, .., of) = settings.into_iter().find(|(_, is_set, has, _)| *is_set && !has)?;
    Some((
        key,
        config(format!("`{key}` is a setting of {of}, and the file is another"), "leave it out, or set `format` to what the file is"),
    ))
}

/// Two marks that are the same character, or marks of a format that has none.
fn wrong_marks(source: &SourceConfig) -> Option<(&'static str, Error)> {
    let quote = Some(source.quote.map_or(b'"', |mark| mark.0));
    let delimiter = Some(source.delimiter.map_or(b',', |mark| mark.0));
    let escape = source.escape.map(|mark| mark.0);
    let comment = source.comment.map(|mark| mark.0);
    let clash = |key, one: Option<u8>, other: Option<u8>, name: &str| {
        (one.is_some() && one == other).then(|| (key, config(format!("`{key}` is the same character as the {name}"), "set another")))
    };
    let clashes = clash("quote", quote, delimiter, "delimiter")
        .or_else(|| clash("escape", escape, delimiter, "delimiter"))
        .or_else(|| clash("comment", comment, delimiter, "delimiter"))
        .or_else(|| clash("comment", comment, quote, "quote"));
    let is_unnamed = source.sheet.as_ref().is_some_and(String::is_empty);
    let unnamed = is_unnamed.then(|| ("sheet", config("`sheet` names no sheet".to_owned(), "leave it out to read the first")));
    clashes.or(unnamed).or_else(|| unused_setting(source, source.format?))
}

/// A format of times that `strptime` does not know.
fn wrong_time_format(source: &SourceConfig) -> Option<(&'static str, Error)> {
    let sample = jiff::civil::date(2026, 9, 1).at(8, 5, 6, 0).to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    let fault = |format: &String| Some((format.clone(), jiff::fmt::strtime::format(format, &sample).err()?.to_string()));
    let (format, why) = source.datetime_format.0.iter().find_map(fault)?;
    Some(("datetime_format", config(format!("`{format}` is no format of times: {why}"), "write it like \"%Y/%m/%d %H:%M:%S\"")))
}

fn wrong_path(table: InputTable, source: &SourceConfig) -> Option<(&'static str, Error)> {
    Some(("path", PathTemplate::new(table, &source.path).err()?))
}

fn wrong_lateness(source: &SourceConfig) -> Option<(&'static str, Error)> {
    let wrong = source.lateness.0 > 0 && !source.is_dated();
    wrong.then(|| ("lateness", config("`lateness` needs a {date} in `path`".to_owned(), "without one every run reads all files")))
}
