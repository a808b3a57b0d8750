//! Columns and words by which an export may mark what is not said to the buyer. A run says nothing of them.

use crate::ingest::Sample;
use crate::model::InputTable;
use crate::privacy::mask;
use crate::suggest::toml_key;

/// Words of column names that mark private notes, in lower case.
const MARKS: [&str; 7] = ["private", "isprivate", "internal", "isinternal", "note", "isnote", "notes"];

/// The same inside of Chinese names.
const CHINESE_MARKS: [&str; 2] = ["内部", "备注"];

/// The kinds of an agent's lines that are what their name says.
const KNOWN_KINDS: [&str; 20] = [
    "", "text", "image", "picture", "photo", "emoji", "sticker", "audio", "voice", "video", "file", "link", "location", "card", "goods",
    "item", "product", "order", "coupon", "note",
];

/// The most kinds in one line.
const MAX_KINDS: usize = 20;

/// What is worth a look in the messages, each with a line of TOML to paste below the table's heading.
pub(super) fn hints(table: InputTable, sample: &Sample) -> Vec<String> {
    if table != InputTable::Messages {
        return Vec::new();
    }
    let columns = sample.unused.iter().filter(|name| marks_notes(name)).map(|name| {
        format!(
            "nobody reads the column {name}; if it marks lines that are not said to the buyer, write: drop = {{ {} = [\"true\"] }}",
            toml_key(name)
        )
    });
    let unknown = sample.agent_kinds.iter().filter(|kind| !KNOWN_KINDS.contains(&kind.to_lowercase().as_str()));
    let unknown = unknown.take(MAX_KINDS).map(|kind| format!("{:?}", mask(kind))).collect::<Vec<_>>().join(", ");
    let kinds = (!unknown.is_empty()).then(|| {
        format!(
            "no rule knows these kinds of agents' lines; if some are not said to the buyer, write: values.kind = {{ note = [{unknown}] }}"
        )
    });
    columns.chain(kinds).collect()
}

/// Whether the name of a column says that it marks private notes.
fn marks_notes(column: &str) -> bool {
    let name = column.to_lowercase();
    let mut words = name.split(|letter: char| !letter.is_alphanumeric());
    CHINESE_MARKS.iter().any(|mark| name.contains(mark)) || words.any(|word| MARKS.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_private_notes_are_known_by_their_names() {
        for name in ["private", "isPrivate", "is_private", "message.private", "internal", "is_note", "Note", "内部", "内部备注", "是否备注"]
        {
            assert!(marks_notes(name), "{name}");
        }
        for name in ["text", "notebook_id", "privateer", "noted_at", "消息"] {
            assert!(!marks_notes(name), "{name}");
        }
    }
}
