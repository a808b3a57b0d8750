//! A folder with a pipeline and files of any kind, and the binary run in it.

use super::company::kefu;
use super::tables::{Row, Tables, Value};
use crate::support::scratch::scratch;
use std::fs;
use std::path::PathBuf;
use tempfile::TempDir;

/// Two lines of chat on 1 September 2026: a question and its answer 20 s later.
pub(crate) const CHATS: &str = include_str!("../../fuzz/seeds/csv/chats.csv");
pub(crate) const CHATS_PATH: &str = "messages/date=2026-09-01/chats.csv";
pub(crate) const PIPELINE: &str = "\
name = \"small\"
[messages]
path = \"messages/date={date}/*\"
";

pub(crate) struct Place {
    folder: TempDir,
}

pub(crate) struct Ran {
    pub code: i32,
    pub stdout: String,
    /// What was said on stderr, without frames and line breaks.
    pub said: String,
}

impl Place {
    /// With the pipeline as `p.toml` and the two lines of chat.
    pub(crate) fn new(pipeline: &str) -> Place {
        let place = Place { folder: scratch() };
        place.put("p.toml", pipeline);
        place.put(CHATS_PATH, CHATS);
        place
    }

    /// With these chats instead, under the default pipeline.
    pub(crate) fn with_chats(chats: impl AsRef<[u8]>) -> Place {
        let place = Place::new(PIPELINE);
        place.put(CHATS_PATH, chats);
        place
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn put(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), bytes).unwrap();
    }

    pub(crate) fn remove(&self, name: &str) {
        fs::remove_file(self.path(name)).unwrap();
    }

    pub(crate) fn kefu(&self, args: &[&str]) -> Ran {
        self.kefu_with(args, &[])
    }

    pub(crate) fn kefu_with(&self, args: &[&str], settings: &[(&str, &str)]) -> Ran {
        let ran = kefu().current_dir(self.folder.path()).args(args).envs(settings.iter().copied()).output().unwrap();
        let stderr = String::from_utf8(ran.stderr).unwrap();
        assert!(!stderr.contains("panicked"), "{stderr}");
        let said = stderr.replace('│', " ").split_whitespace().collect::<Vec<_>>().join(" ");
        Ran { code: ran.status.code().unwrap(), stdout: String::from_utf8(ran.stdout).unwrap(), said }
    }

    /// Runs 1 September 2026.
    pub(crate) fn run(&self) -> Ran {
        self.kefu(&["run", "p.toml", "--date", "2026-09-01"])
    }

    pub(crate) fn tables(&self) -> Tables {
        Tables::in_folder(&self.path("out"))
    }

    /// The cells of some columns of a folder of tables, row by row and parted by `|`, sorted. Null is nothing.
    pub(crate) fn told(&self, folder: &str, columns: &[&str]) -> Vec<String> {
        let cell = |row: &Row, column: &str| match row.get(column) {
            Some(Value::Number(number)) => number.to_string(),
            Some(Value::Text(text)) => text.clone(),
            Some(Value::Truth(truth)) => truth.to_string(),
            Some(Value::Null) => String::new(),
            None => panic!("{folder} has no column `{column}`"),
        };
        let rows = self.tables().rows(folder);
        let mut told =
            rows.iter().map(|row| columns.iter().map(|column| cell(row, column)).collect::<Vec<_>>().join("|")).collect::<Vec<_>>();
        told.sort();
        told
    }

    pub(crate) fn is_published(&self) -> bool {
        self.path("out").exists() && !self.tables().files(&["reports", "details"]).is_empty()
    }
}

impl Ran {
    pub(crate) fn expect(&self, code: i32, says: &[&str]) -> &Ran {
        assert_eq!(self.code, code, "{}", self.said);
        for word in says {
            assert!(self.said.contains(word), "`{word}` is not in: {}", self.said);
        }
        self
    }
}
