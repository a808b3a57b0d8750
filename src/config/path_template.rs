//! The path of a source: a glob with `{date}`, `{date:FORMAT}` and the names of text columns, such as `dt={date:%Y%m%d}/shop={shop_id}/*.csv`.

use crate::error::{Error, Kind, Result};
use crate::model::{ColumnType, InputTable};
use globset::{GlobBuilder, GlobMatcher};
use kefu_kernel::calendar::Day;
use percent_encoding::percent_decode_str;
use regex::bytes::Regex;
use std::collections::BTreeMap;

/// What a path is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    /// Text and wildcards of a glob.
    Glob(String),
    /// The date of a partition in a `strftime` format.
    Date(String),
    /// The value of a canonical column.
    Column(String),
}

/// The format of `{date}`.
const DATE: &str = "%Y-%m-%d";

/// Parts the dates that a path holds while they are parsed together.
const BETWEEN: &str = "\u{1f}";

/// The path of a source, understood.
#[derive(Clone, Debug)]
pub struct PathTemplate {
    pieces: Vec<Piece>,
    /// Matches the files of every day; its groups are the dates and the columns.
    files: Regex,
}

/// The error for braces in a path that stand for nothing.
fn unknown(table: InputTable, name: &str) -> Error {
    let columns = || table.columns().iter().filter(|column| is_text(column.of)).map(|column| column.name);
    let error = Error::new(Kind::Config, format!("`{{{name}}}` in `path` is neither a date nor a text column of {}", table.name()));
    match crate::suggest::nearest(name, columns().chain(["date"])) {
        Some(nearest) => error.hint(format!("did you mean {{{nearest}}}?")),
        None => error.hint(format!("write {{date}}, {{date:%Y%m%d}}, or one of {}", columns().collect::<Vec<_>>().join(", "))),
    }
}

fn is_text(of: ColumnType) -> bool {
    matches!(of, ColumnType::Key | ColumnType::Id | ColumnType::Text | ColumnType::Label | ColumnType::Word(_))
}

impl PathTemplate {
    /// Understands a path. Errors: braces that stand for nothing, a format that does not tell the day, a glob that is none.
    pub fn new(table: InputTable, path: &str) -> Result<PathTemplate> {
        let mut pieces: Vec<Piece> = Vec::new();
        let mut rest = path.trim_start_matches("./");
        while let Some((before, (inner, after))) = rest.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?))) {
            let piece = match inner.split_once(':') {
                Some(("date", format)) => Piece::Date(format.to_owned()),
                None if inner == "date" => Piece::Date(DATE.to_owned()),
                None if table.columns().iter().any(|column| column.name == inner && is_text(column.of)) => Piece::Column(inner.to_owned()),
                // A list in braces is a part of the glob.
                None if inner.contains(',') => Piece::Glob(format!("{{{inner}}}")),
                _ => return Err(unknown(table, inner)),
            };
            push(&mut pieces, Piece::Glob(before.to_owned()));
            push(&mut pieces, piece);
            rest = after;
        }
        push(&mut pieces, Piece::Glob(rest.to_owned()));
        let template = PathTemplate { files: pattern(&pieces)?, pieces };
        template.check_dates()?;
        Ok(template)
    }

    /// Errors: the formats do not tell the day.
    fn check_dates(&self) -> Result<()> {
        if !self.is_dated() {
            return Ok(());
        }
        let day = Day::from(jiff::civil::date(2026, 11, 30));
        let formats = self.pieces.iter().filter_map(|piece| if let Piece::Date(format) = piece { Some(format.as_str()) } else { None });
        let formats = formats.collect::<Vec<_>>();
        let texts = formats.iter().map(|format| written(format, day)).collect::<Result<Vec<_>>>()?;
        let parsed = jiff::civil::Date::strptime(formats.join(BETWEEN), texts.join(BETWEEN));
        if parsed.is_ok_and(|date| Day::from(date) == day) {
            return Ok(());
        }
        Err(Error::new(Kind::Config, "the dates in `path` do not tell year, month and day")
            .hint("write {date}, {date:%Y%m%d}, or year={date:%Y}/month={date:%m}/day={date:%d}"))
    }

    /// Whether the path has a date.
    pub fn is_dated(&self) -> bool {
        self.pieces.iter().any(|piece| matches!(piece, Piece::Date(_)))
    }

    /// The glob of a day's files, or of every day's. Errors: a format is none.
    pub fn glob_of(&self, day: Option<Day>) -> Result<String> {
        let mut glob = String::new();
        for piece in &self.pieces {
            match (piece, day) {
                (Piece::Glob(text), _) => glob += text,
                (Piece::Date(format), Some(day)) => glob += &written(format, day)?,
                (Piece::Date(_) | Piece::Column(_), _) => glob.push('*'),
            }
        }
        Ok(glob)
    }

    /// The folder below which all files of the source lie.
    pub fn folder(&self) -> &str {
        match self.pieces.first() {
            Some(Piece::Glob(text)) => literal_folder(text),
            _ => "",
        }
    }

    /// The date of the partition that a file lies in; `None` if it is no file of this source or the path has no date.
    pub fn day_of(&self, key: &str) -> Option<Day> {
        let found = self.files.captures(key.as_bytes())?;
        let mut formats = Vec::new();
        let mut texts = Vec::new();
        for (index, piece) in self.pieces.iter().enumerate() {
            if let Piece::Date(format) = piece {
                formats.push(format.as_str());
                texts.push(std::str::from_utf8(found.name(&format!("p{index}"))?.as_bytes()).ok()?);
            }
        }
        if formats.is_empty() {
            return None;
        }
        let date = jiff::civil::Date::strptime(formats.join(BETWEEN), texts.join(BETWEEN)).ok()?;
        let day = Day::from(date);
        // A format that stands twice has to tell the same day both times.
        let same = formats.iter().zip(&texts).all(|(format, text)| written(format, day).is_ok_and(|written| written == *text));
        same.then_some(day)
    }

    /// The canonical columns that the path of a file gives, decoded.
    pub fn columns_of(&self, key: &str) -> BTreeMap<&str, String> {
        let Some(found) = self.files.captures(key.as_bytes()).filter(|_| self.has_columns()) else { return BTreeMap::new() };
        let columns = self.pieces.iter().enumerate().filter_map(|(index, piece)| match piece {
            Piece::Column(name) => {
                let text = std::str::from_utf8(found.name(&format!("p{index}"))?.as_bytes()).ok()?;
                Some((name.as_str(), percent_decode_str(text).decode_utf8_lossy().into_owned()))
            }
            _ => None,
        });
        columns.collect()
    }

    fn has_columns(&self) -> bool {
        self.pieces.iter().any(|piece| matches!(piece, Piece::Column(_)))
    }

    /// Whether the path gives a column.
    pub fn gives(&self, column: &str) -> bool {
        self.pieces.iter().any(|piece| matches!(piece, Piece::Column(name) if name == column))
    }
}

/// Adds a piece; globs that touch become one.
fn push(pieces: &mut Vec<Piece>, piece: Piece) {
    match (pieces.last_mut(), piece) {
        (_, Piece::Glob(text)) if text.is_empty() => {}
        (Some(Piece::Glob(last)), Piece::Glob(text)) => last.push_str(&text),
        (_, piece) => pieces.push(piece),
    }
}

fn written(format: &str, day: Day) -> Result<String> {
    jiff::fmt::strtime::format(format, day.date()).map_err(|e| {
        Error::new(Kind::Config, format!("{{date:{format}}} in `path` is no format of dates: {e}")).hint("write {date:%Y%m%d}")
    })
}

/// The pattern of all files, in which each date and column is a group.
fn pattern(pieces: &[Piece]) -> Result<Regex> {
    let mut text = "(?-u)^".to_owned();
    for (index, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Glob(glob) => {
                let regex = build(glob)?.regex().to_owned();
                text += regex.trim_start_matches("(?-u)").trim_start_matches('^').trim_end_matches('$');
            }
            Piece::Date(format) => text += &format!("(?P<p{index}>{})", digits(format)),
            Piece::Column(_) => text += &format!("(?P<p{index}>[^/]+)"),
        }
    }
    Regex::new(&(text + "$")).map_err(|e| Error::new(Kind::Config, format!("`path` is not valid: {e}")))
}

/// The pattern of a date in a format: its numbers have a fixed width.
fn digits(format: &str) -> String {
    let mut pattern = String::new();
    let mut letters = format.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '%' => match letters.next() {
                Some('Y') => pattern += "[0-9]{4}",
                Some('m' | 'd' | 'y') => pattern += "[0-9]{2}",
                Some('j') => pattern += "[0-9]{3}",
                _ => pattern += "[^/]+?",
            },
            letter => pattern += &regex::escape(letter.encode_utf8(&mut [0; 4])),
        }
    }
    pattern
}

fn build(glob: &str) -> Result<globset::Glob> {
    let built = GlobBuilder::new(glob).literal_separator(true).build();
    built.map_err(|e| Error::new(Kind::Config, format!("path = \"{glob}\": {e}")))
}

/// Compiles a glob. Errors: it is none.
pub fn matcher(glob: &str) -> Result<GlobMatcher> {
    Ok(build(glob)?.compile_matcher())
}

/// Whether a glob has wildcards.
pub fn has_wildcards(glob: &str) -> bool {
    glob.contains(['*', '?', '[', '{'])
}

/// The folder before a glob's first wildcard: only what lies below it needs to be listed.
pub fn literal_folder(glob: &str) -> &str {
    let plain = &glob[..glob.find(['*', '?', '[', '{']).unwrap_or(glob.len())];
    plain.rsplit_once('/').map_or("", |(folder, _)| folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(path: &str) -> PathTemplate {
        PathTemplate::new(InputTable::Messages, path).unwrap()
    }

    fn day(date: &str) -> Day {
        Day::from(date.parse::<jiff::civil::Date>().unwrap())
    }

    #[test]
    fn a_path_tells_its_day_and_its_columns() {
        let cases = [
            ("dt={date}/*.csv", "dt=2026-09-01/a.csv", Some("2026-09-01")),
            ("pt={date:%Y%m%d}/*", "pt=20260901/000000_0", Some("2026-09-01")),
            ("year={date:%Y}/month={date:%m}/day={date:%d}/*.parquet", "year=2026/month=09/day=01/p.parquet", Some("2026-09-01")),
            ("dt={date}/chat_{date}.csv", "dt=2026-09-01/chat_2026-09-01.csv", Some("2026-09-01")),
            ("dt={date}/chat_{date}.csv", "dt=2026-09-01/chat_2026-09-02.csv", None),
            ("**/dt={date}/*.{csv,gz}", "a/b/dt=2026-09-01/x.gz", Some("2026-09-01")),
            ("pt={date:%Y%m%d}/part-[0-9].{csv,gz}", "pt=20260901/part-7.gz", Some("2026-09-01")),
            ("聊天/{date}.csv", "聊天/2026-09-01.csv", Some("2026-09-01")),
            ("dt={date}/*.csv", "dt=2026-13-01/a.csv", None),
            ("*.csv", "a.csv", None),
        ];
        for (path, key, expected) in cases {
            assert_eq!(template(path).day_of(key), expected.map(day), "{path} {key}");
        }
        let path = template("shop={shop_id}/{platform}/{date}.csv");
        let columns = path.columns_of("shop=%E5%BA%97+1/jd/2026-09-01.csv");
        assert_eq!(columns, BTreeMap::from([("shop_id", "店+1".to_owned()), ("platform", "jd".to_owned())]));
    }

    #[test]
    fn a_day_is_written_into_its_glob() {
        let glob = |path: &str| template(path).glob_of(Some(day("2026-09-01"))).unwrap();
        assert_eq!(glob("pt={date:%Y%m%d}/{shop_id}/*.csv"), "pt=20260901/*/*.csv");
        assert_eq!(glob("{a,b}/{date}.csv"), "{a,b}/2026-09-01.csv");
    }

    #[test]
    fn what_a_path_cannot_mean_is_said() {
        for (path, says) in [("{shop}/*", "neither a date"), ("{date:%Y-%m}/*", "do not tell"), ("{sent_at}/*", "neither a date")] {
            let error = PathTemplate::new(InputTable::Messages, path).unwrap_err().to_string();
            assert!(error.contains(says), "{path}: {error}");
        }
    }
}
