use super::{set_aside, with, with_pipeline};
use crate::support::place::PIPELINE;
use crate::support::scratch::scratch;
use crate::support::sheet::{Format, Sheet, Style};
use arrow::array::{ArrayRef, BinaryArray, Float64Array, ListArray, RecordBatch, StringArray, UInt64Array};
use arrow::datatypes::Int64Type;
use kefu::fuzz;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use std::sync::Arc;

/// 200 lines of typed columns.
fn chats() -> RecordBatch {
    let cell = |column: &str, n: usize| match column {
        "sent_at" => format!("2026-09-01T02:{:02}:{:02}Z", n / 60, n % 60),
        "sender" => ["buyer", "agent"][n % 2].to_owned(),
        _ => format!("{column}{}", n % 17),
    };
    let columns = &["shop_id", "buyer_id", "agent_id", "message_id", "text", "sender", "sent_at"];
    let row = |n: usize| columns.iter().map(|column| Some(cell(column, n))).collect();
    let folder = scratch();
    let path = folder.path().join("chats.parquet");
    Sheet { columns, rows: (0..200).map(row).collect() }.write(&path, Style { format: Format::Parquet, ..Style::default() });
    let file = bytes::Bytes::from(std::fs::read(path).unwrap());
    let mut batches = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap();
    batches.next().unwrap().unwrap()
}

fn written(batch: &RecordBatch, properties: Option<WriterProperties>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), properties).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
    bytes
}

/// The ways in which files come: dictionaries and plain values, both page versions, packed and not, some with several row groups.
fn kinds() -> Vec<Vec<u8>> {
    let properties = || WriterProperties::builder().set_statistics_enabled(EnabledStatistics::None);
    let kinds = [
        properties().set_compression(Compression::SNAPPY).set_max_row_group_row_count(Some(50)),
        properties().set_dictionary_enabled(false).set_encoding(Encoding::PLAIN),
        properties().set_writer_version(WriterVersion::PARQUET_2_0).set_compression(Compression::ZSTD(Default::default())),
        properties().set_writer_version(WriterVersion::PARQUET_2_0).set_dictionary_enabled(false),
    ];
    let chats = chats();
    kinds.map(|kind| written(&chats, Some(kind.build()))).into()
}

/// Three bits of each of 300 files: an error that names the file, or rows that are all accounted for. Nothing else.
#[test]
fn flipped_bits_are_an_error_or_rows_that_add_up() {
    let kinds = kinds();
    let mut refused = 0;
    for seed in 0..300u64 {
        let mut bytes = kinds[(seed % kinds.len() as u64) as usize].clone();
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        for _ in 0..3 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let at = (state >> 33) as usize % bytes.len();
            bytes[at] ^= 1 << (state >> 29 & 7);
        }
        eprintln!("seed {seed}");
        refused += usize::from(!fuzz::table("parquet", &bytes));
    }
    assert!((30..300).contains(&refused), "{refused} of 300 were refused");
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    for whole in kinds() {
        assert!(fuzz::table("parquet", &whole));
        for end in (1..whole.len()).step_by(97) {
            assert!(!fuzz::table("parquet", &whole[..end]), "cut at {end}");
        }
    }
}

#[test]
fn what_is_no_parquet_is_refused_and_named() {
    let whole = written(&chats(), None);
    let end = whole.len();
    let patched = |at: usize, with: &[u8]| [&whole[..at], with, &whole[at + with.len()..]].concat();
    // A schema of groups within groups, each saying that it has one child: its parser would call itself for each.
    let nested = [&[0x15, 2, 0x19, 0xfc, 0xa0, 0x8d, 6][..], &[0x48, 1, b'g', 0x15, 2, 0].repeat(100_000), &[0]].concat();
    let footer = |footer: &[u8]| [b"PAR1", footer, &(footer.len() as u32).to_le_bytes()[..], b"PAR1"].concat();
    let cases = [
        ("magic.parquet", patched(end - 4, b"PAR2"), "does not end in PAR1"),
        ("encrypted.parquet", patched(end - 4, b"PARE"), "encrypted"),
        ("longer.parquet", patched(end - 8, &[0xff; 4]), "does not end in PAR1"),
        ("nofooter.parquet", patched(end - 8, &[0; 4]), "damaged"),
        ("short.parquet", b"PAR1".to_vec(), "does not end in PAR1"),
        ("deep.parquet", footer(&nested), "levels deep"),
    ];
    for (name, bytes, says) in cases {
        with(name, bytes).run().expect(3, &[name, says]);
    }
}

fn column(name: &str, array: ArrayRef) -> (&str, ArrayRef) {
    (name, array)
}

/// The chats with a column in place of its own.
fn with_column(name: &str, array: ArrayRef) -> Vec<u8> {
    let chats = chats();
    let columns = chats.schema().fields().iter().map(|f| f.name().clone()).zip(chats.columns().to_vec()).collect::<Vec<_>>();
    let columns = columns.iter().filter(|(own, _)| own != name).map(|(own, array)| column(own, Arc::clone(array)));
    written(&RecordBatch::try_from_iter(columns.chain([(name, array)])).unwrap(), None)
}

#[test]
fn a_nested_column_is_named_where_it_is_read_and_no_matter_elsewhere() {
    let lists = ListArray::from_iter_primitive::<Int64Type, _, _>((0..200).map(|n| Some(vec![Some(n)])));
    let lists: ArrayRef = Arc::new(lists);
    with("chats.parquet", with_column("buyer_id", Arc::clone(&lists))).run().expect(3, &["buyer_id", "List", "chats.parquet"]);
    with("chats.parquet", with_column("likes", lists)).run().expect(0, &["columns that no metric uses", "likes"]);
}

/// Never nulls without a word: of 200 cells one does not fit.
#[test]
fn a_cell_that_does_not_fit_its_column_is_set_aside() {
    let texts = (0..200).map(|n| if n == 7 { Some(&b"b\xff"[..]) } else { Some(&b"b"[..]) }).collect::<BinaryArray>();
    let nan = (0..200).map(|n| Some(if n == 7 { f64::NAN } else { 5.0 })).collect::<Float64Array>();
    let huge = (0..200).map(|n| Some(if n == 7 { u64::MAX } else { 1_788_228_000_000 })).collect::<UInt64Array>();
    let long = (0..200).map(|n| Some(if n == 7 { "x".repeat(257) } else { "b".into() })).collect::<StringArray>();
    let cases: [(&str, ArrayRef); 4] =
        [("session_id", Arc::new(texts)), ("buyer_id", Arc::new(nan)), ("sent_at", Arc::new(huge)), ("agent_id", Arc::new(long))];
    for (name, array) in cases {
        let place = with_pipeline(&format!("{PIPELINE}[quality]\nmax_bad_ratio = 0.1\n"), "chats.parquet", with_column(name, array));
        place.run().expect(0, &[]);
        let aside = set_aside(&place).into_iter().map(|(row, column, _)| (row, column)).collect::<Vec<_>>();
        assert_eq!(aside, [(8.0, name.to_owned())]);
    }
}
