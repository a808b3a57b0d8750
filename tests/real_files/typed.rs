use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, FixedLenByteArray, FixedLenByteArrayType, Int64Type, Int96, Int96Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use std::sync::Arc;

/// The cells of a column of a physical type.
#[derive(Clone, Copy)]
pub(super) enum Cells<'a> {
    Text(&'a [&'a str]),
    Fixed(&'a [Vec<u8>]),
    Long(&'a [i64]),
    Double(&'a [f64]),
    /// Instants in ms, written as INT96.
    Int96(&'a [i64]),
}

/// 10:00:00 on Shanghai's clock on 1 September 2026, in UTC ms, and 20 s later.
pub(super) const INSTANTS: Cells<'static> = Cells::Long(&[1_788_228_000_000, 1_788_228_020_000]);

/// A file of required columns, each with its type in the words of a Parquet schema: `INT64 order_id (DECIMAL (18,0))`.
pub(super) fn file(columns: &[(&str, Cells)]) -> Vec<u8> {
    file_with(columns, WriterProperties::builder().set_compression(Compression::SNAPPY).build())
}

pub(super) fn file_with(columns: &[(&str, Cells)], properties: WriterProperties) -> Vec<u8> {
    let fields = columns.iter().map(|(of, _)| format!("REQUIRED {of}; ")).collect::<String>();
    let schema = parse_message_type(&format!("message rows {{ {fields} }}")).unwrap();
    let mut writer = SerializedFileWriter::new(Vec::new(), Arc::new(schema), Arc::new(properties)).unwrap();
    let mut group = writer.next_row_group().unwrap();
    for (_, cells) in columns {
        let mut column = group.next_column().unwrap().unwrap();
        let written = match cells {
            Cells::Text(texts) => {
                let values = texts.iter().map(|text| ByteArray::from(*text)).collect::<Vec<_>>();
                column.typed::<ByteArrayType>().write_batch(&values, None, None)
            }
            Cells::Fixed(fixed) => {
                let values = fixed.iter().map(|bytes| FixedLenByteArray::from(bytes.clone())).collect::<Vec<_>>();
                column.typed::<FixedLenByteArrayType>().write_batch(&values, None, None)
            }
            Cells::Long(values) => column.typed::<Int64Type>().write_batch(values, None, None),
            Cells::Double(values) => column.typed::<DoubleType>().write_batch(values, None, None),
            Cells::Int96(instants) => {
                let values = instants.iter().map(|ms| int96(*ms)).collect::<Vec<_>>();
                column.typed::<Int96Type>().write_batch(&values, None, None)
            }
        };
        written.unwrap();
        column.close().unwrap();
    }
    group.close().unwrap();
    writer.into_inner().unwrap()
}

/// The question of b1 and the answer of A in shop s1, with some columns in place of their own.
pub(super) fn one_round(changed: &[(&str, Cells)]) -> Vec<u8> {
    let own = [
        ("shop_id", "BYTE_ARRAY shop_id (STRING)", Cells::Text(&["s1", "s1"])),
        ("buyer_id", "BYTE_ARRAY buyer_id (STRING)", Cells::Text(&["b1", "b1"])),
        ("sender", "BYTE_ARRAY sender (STRING)", Cells::Text(&["buyer", "agent"])),
        ("sent_at", "INT64 sent_at (TIMESTAMP (MILLIS,true))", INSTANTS),
        ("agent_id", "BYTE_ARRAY agent_id (STRING)", Cells::Text(&["A", "A"])),
    ];
    let is_changed = |name: &str| changed.iter().any(|(of, _)| of.split(' ').any(|word| word == name));
    let kept = own.into_iter().filter(|(name, ..)| !is_changed(name)).map(|(_, of, cells)| (of, cells));
    file(&kept.chain(changed.iter().copied()).collect::<Vec<_>>())
}

/// Nanoseconds of the day, then the Julian day.
fn int96(ms: i64) -> Int96 {
    let nanos = (ms.rem_euclid(86_400_000) * 1_000_000) as u64;
    let day = (ms.div_euclid(86_400_000) + 2_440_588) as u32;
    Int96::from(vec![nanos as u32, (nanos >> 32) as u32, day])
}
