use super::{counted, line, lines, set_aside, with, with_pipeline};
use crate::support::place::{CHATS, PIPELINE};
use crate::support::scratch::scratch;
use crate::support::sheet::{Packing, packed};

fn gzip(text: &str) -> Vec<u8> {
    packed(text.as_bytes(), Packing::Gzip)
}

#[test]
fn a_packed_file_that_is_not_whole_is_refused_and_named() {
    let whole = gzip(&lines(2_000));
    let mut crc = whole.clone();
    let end = crc.len();
    crc[end - 6] ^= 1;
    let mut inside = whole.clone();
    inside[end / 2] ^= 0x10;
    let zstd = packed(lines(2_000).as_bytes(), Packing::Zstd);
    let cases = [
        ("cut.ndjson.gz", whole[..end / 2].to_vec(), "ends early"),
        ("crc.ndjson.gz", crc, "damaged"),
        ("inside.ndjson.gz", inside, "damaged"),
        ("garbage.ndjson.gz", [&whole[..], b"garbage"].concat(), "damaged"),
        ("cut.ndjson.zst", zstd[..zstd.len() / 2].to_vec(), "ends early"),
        ("plain.ndjson.gz", lines(3).into_bytes(), "Name it as it is"),
        ("plain.ndjson.zst", lines(3).into_bytes(), "Name it as it is"),
        ("twice.ndjson.gz", packed(&whole, Packing::Gzip), "packed by gzip"),
        ("unnamed.ndjson", whole, "packed by gzip"),
        ("nothing.ndjson.gz", gzip(""), "empty"),
        ("newlines.csv", b"\n\n\r\n".to_vec(), "no header line"),
        ("book.csv", b"PK\x03\x04 and so on".to_vec(), "workbook"),
    ];
    for (name, bytes, says) in cases {
        let place = with(name, bytes);
        place.run().expect(3, &[name, says]);
        assert!(!place.is_published(), "{name}");
    }
}

/// What `cat a.gz b.gz > c.gz` makes is a gzip file.
#[test]
fn packed_files_one_after_the_other_are_read_to_the_end() {
    for (name, packing) in [("two.ndjson.gz", Packing::Gzip), ("two.ndjson.zst", Packing::Zstd)] {
        let members = [&lines(30)[..], &lines(70)[lines(30).len()..]].map(|text| packed(text.as_bytes(), packing));
        let place = with(name, members.concat());
        place.run().expect(0, &[]);
        assert_eq!(counted(&place), 70.0, "{name}");
    }
}

#[test]
fn a_file_of_line_ends_is_a_quiet_day() {
    let place = with("chats.ndjson", "\n\n\r\n");
    place.run().expect(0, &[]);
    assert_eq!(place.tables().rows("reports/shop_day").len(), 0);
}

#[test]
fn byte_order_marks_and_carriage_returns_are_no_part_of_the_first_line() {
    let utf16 = |text: &str| [0xfeffu16].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect::<Vec<_>>();
    let ways = [
        ("bom.ndjson", format!("\u{feff}{}", lines(2)).into_bytes()),
        ("crlf.ndjson", lines(2).replace('\n', "\r\n").into_bytes()),
        ("utf16.ndjson", utf16(&lines(2))),
    ];
    for (name, bytes) in ways {
        let place = with(name, bytes);
        place.run().expect(0, &[]);
        assert_eq!((counted(&place), set_aside(&place).len()), (2.0, 0), "{name}");
    }
}

/// A file is of one encoding: bytes of another in a few lines are bad lines.
#[test]
fn a_line_of_gbk_in_a_file_of_utf8_is_set_aside() {
    let (gbk, ..) = encoding_rs::GBK.encode("客服");
    let odd = line(0).into_bytes();
    let place = with_pipeline(
        &format!("{PIPELINE}[quality]\nmax_bad_ratio = 0.5\n"),
        "chats.ndjson",
        [lines(50).replace("\"s1\"", "\"旗舰店\"").as_bytes(), &odd[..13], &gbk, &odd[13..]].concat(),
    );
    place.run().expect(0, &[]);
    let aside = set_aside(&place);
    assert_eq!((aside.len(), aside[0].0), (1, 51.0));
    assert!(aside[0].2.contains("not UTF-8"), "{aside:?}");
}

/// In pieces, so that a character lies across the edge of one somewhere.
#[test]
fn a_long_file_of_gbk_is_read_without_a_loss() {
    let text = (0..4_000).map(|n| line(n).replace("\"s1\"", "\"旗舰店\"")).collect::<String>();
    let (gbk, ..) = encoding_rs::GB18030.encode(&text);
    let place = with("chats.ndjson.gz", packed(&gbk, Packing::Gzip));
    place.run().expect(0, &[]);
    assert_eq!((counted(&place), set_aside(&place).len()), (4_000.0, 0));
}

#[test]
#[cfg(unix)]
fn a_link_out_of_the_input_folder_is_not_followed() {
    let elsewhere = scratch();
    std::fs::write(elsewhere.path().join("secret.csv"), CHATS).unwrap();
    let place = with("chats.csv", CHATS);
    let link = |to: std::path::PathBuf, name: &str| std::os::unix::fs::symlink(to, place.path(name)).unwrap();
    // Within the folder a link is as good as a file.
    place.put("kept/chats.csv", CHATS.replace("b1", "b2"));
    link(place.path("kept/chats.csv"), "messages/date=2026-09-01/inside.csv");
    place.run().expect(0, &[]);
    link(elsewhere.path().join("secret.csv"), "messages/date=2026-09-01/out.csv");
    place.run().expect(3, &["leads out of the input folder", "out.csv"]);
    place.remove("messages/date=2026-09-01/out.csv");
    link(elsewhere.path().to_owned(), "messages/date=2026-09-02");
    place.kefu(&["run", "p.toml", "--date", "2026-09-02"]).expect(3, &["leads out of the input folder", "secret.csv"]);
}

#[test]
fn a_path_out_of_the_input_folder_is_refused() {
    for path in ["../chats.csv", "messages/../../chats.csv", "/etc/passwd"] {
        let place = with_pipeline(&format!("name = \"out\"\n[messages]\npath = \"{path}\"\n"), "chats.csv", CHATS);
        place.run().expect(2, &["does not lie below"]);
    }
}
