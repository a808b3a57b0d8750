//! Persons and secrets: nothing that is written or said holds one.

use crate::support::company::{DEMO, FIRST, LAST, kefu, repository};
use crate::support::place::{CHATS_PATH, PIPELINE, Place, Ran};
use crate::support::tables::{Tables, number, text};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use bytes::Bytes;
use kefu::config::{BuyerKey, PrivacyConfig};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;

/// Of 32 characters: a key of any text works.
const KEY: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";
const SECRETS: [(&str, &str); 4] = [
    ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
    ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
    ("AWS_SESSION_TOKEN", "IQoJb3JpZ2luX2VjEXAMPLE//token+of=="),
    ("AZURE_STORAGE_SAS_KEY", "sv=2024-11-04&sp=rl&sig=Zm9vYmFyYmF6cXV4%2BEXAMPLE%3D"),
];

/// What a talk, a rating, or a row gone wrong may hold of a person.
const PERSONAL: [&str; 10] = [
    "13800138000",
    "138 0013 8000",
    "１３９００１３９０００",
    "+86-13700137000",
    "010-88886666",
    "11010519491231002X",
    "6228480402564890018",
    "li.lei@example.com",
    "文三路138号3幢2单元501室",
    "请尽快给我发货不然我就要投诉你们了",
];
const NICKNAMES: [&str; 3] = ["小明爱购物", "tb_hanmeimei88", "店小二"];

/// Every file below a folder: its path, its bytes, and the cells of all its columns if it is Parquet.
fn everything_in(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(everything_in(&path));
            continue;
        }
        let mut bytes = std::fs::read(&path).unwrap();
        if path.extension().is_some_and(|ending| ending == "parquet") {
            let cells = cells(bytes.clone().into());
            bytes.extend(cells.into_bytes());
        }
        found.push((path.display().to_string(), bytes));
    }
    found
}

fn cells(file: Bytes) -> String {
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let mut told = format!("{:?}", builder.metadata());
    for batch in builder.build().unwrap() {
        let batch = batch.unwrap();
        for column in batch.columns() {
            // Only as numbers: the formatter knows no zones.
            let instants = matches!(column.data_type(), DataType::Timestamp(..));
            let column = if instants { cast(column, &DataType::Int64).unwrap() } else { Arc::clone(column) };
            let shown = ArrayFormatter::try_new(&column, &FormatOptions::default()).unwrap();
            (0..batch.num_rows()).for_each(|row| write!(told, "\n{}", shown.value(row)).unwrap());
        }
    }
    told
}

/// What a run said; also without the breaks of its lines, which may lie in a secret.
fn said(ran: Ran) -> [(String, Vec<u8>); 3] {
    let joined = ran.said.replace(' ', "");
    [("stdout", ran.stdout), ("stderr", ran.said), ("stderr, joined", joined)].map(|(name, text)| (name.to_owned(), text.into_bytes()))
}

fn assert_absent(needles: &[&str], told: &[(String, Vec<u8>)]) {
    for (place, bytes) in told {
        for needle in needles {
            let found = bytes.windows(needle.len()).position(|window| window == needle.as_bytes());
            let around = found.map(|at| String::from_utf8_lossy(&bytes[at.saturating_sub(120)..(at + 80).min(bytes.len())]));
            assert!(found.is_none(), "`{needle}` is in {place}: {around:?}");
        }
    }
}

/// Talk, a rating, and bad rows that hold all of it, in rows that slipped and ids too long.
fn personal_place(more: &str) -> Place {
    let tables = "[evaluations]\npath = \"evaluations.csv\"\n[staff]\npath = \"staff.csv\"\n[orders]\npath = \"orders.csv\"\n";
    let place = Place::new(&format!("{PIPELINE}{tables}[quality]\nmax_bad_ratio = 1.0\n{more}"));
    let mut chats = "shop_id,buyer_id,sender,sent_at,agent_id,message_id,text,recalled\n".to_owned();
    let (mut ratings, mut orders) = ("shop_id,buyer_id,agent_id,sent_at,grade,reason\n".to_owned(), String::new());
    for (n, text) in PERSONAL.into_iter().enumerate() {
        for (nth, buyer) in NICKNAMES.into_iter().enumerate() {
            let at = |second: usize| format!("2026-09-01T{:02}:00:{second:02}+08:00", 9 + n);
            // A rating's reason is no talk: it is published, masked.
            let reason = if text.contains("投诉") { "态度" } else { text };
            let said = format!("亲，{text} {}", PERSONAL.join("，"));
            writeln!(chats, "s1,{buyer},buyer,{},A,q{n}-{nth},{said},\ns1,{buyer},agent,{},A,,好的 {text},", at(0), at(20)).unwrap();
            writeln!(ratings, "s1,{buyer},A,{},2,{reason}，太差了", at(40)).unwrap();
        }
        let long = "x".repeat(260);
        for bad in [
            format!("s1,b,buyer,{text},A,m,t,"),
            format!("s1,b,{text},2026-09-01T10:00:00+08:00,A,m,t,"),
            format!("s1,b,buyer,2026-09-01T10:00:00+08:00,A,{text} {long},t,"),
            format!("s1,{}{long},buyer,2026-09-01T10:00:00+08:00,A,m,t,", NICKNAMES[0]),
            format!("s1,b,buyer,{},A,m,t,", NICKNAMES[1]),
            format!("s1,b,buyer,2026-09-01T10:00:00+08:00,A,m,t,{} {text}", NICKNAMES[0]),
        ] {
            writeln!(chats, "{bad}").unwrap();
        }
        writeln!(orders, "s1,o{n},{},{text},1,1", NICKNAMES[n % 3]).unwrap();
    }
    place.put(CHATS_PATH, chats);
    place.put("evaluations.csv", ratings);
    place.put("orders.csv", format!("shop_id,order_id,buyer_id,created_at,amount,quantity\n{orders}"));
    // An account of the shop that also buys there.
    place.put("staff.csv", format!("shop_id,agent_id,name\ns1,A,Ann\ns1,{},Shop\n", NICKNAMES[2]));
    place
}

#[test]
fn what_is_said_by_and_of_persons_is_written_nowhere() {
    let keyed = "[privacy]\nbuyer_key_env = \"TEST_KEY\"\n";
    for (more, needles) in [("", PERSONAL.to_vec()), (keyed, [PERSONAL.to_vec(), NICKNAMES.to_vec(), vec![KEY]].concat())] {
        let place = personal_place(more);
        let settings = [SECRETS.as_slice(), &[("KEFU_LOG", "trace"), ("TEST_KEY", KEY)]].concat();
        let ran = place.kefu_with(&["run", "p.toml", "--date", "2026-09-01", "-vv", "--json"], &settings);
        ran.expect(0, &[]);
        let mut told = everything_in(&place.path("out"));
        assert!(told.iter().any(|(path, _)| path.contains("state/")) && told.iter().any(|(path, _)| path.contains("quarantine/messages")));
        told.extend(said(ran));
        // A nickname that staff go by is an agent's id in dims and team reports; as a buyer's it is keyed.
        let needles =
            needles.into_iter().filter(|needle| *needle != NICKNAMES[2]).chain(SECRETS.map(|(_, secret)| secret)).collect::<Vec<_>>();
        assert_absent(&needles, &told);
        let rows = place.tables().rows("quarantine/messages");
        assert_eq!(rows.len(), PERSONAL.len() * 6, "every bad row is there, with its place");
        let filtered = place.tables().rows("details/peer_days").iter().filter(|row| text(row, "filtered").is_some()).count();
        assert!(filtered > 0, "who is staff is known under a key too");
    }
}

/// A header that is missing: the first row is of a person.
#[test]
fn a_first_line_that_is_data_is_not_shown() {
    let place = Place::with_chats("s1,小明爱购物,buyer,2026-09-01T10:00:00+08:00,A,打13800138000\n");
    let ran = place.run();
    ran.expect(3, &["looks like data"]);
    assert!(!ran.said.contains("小明") && !ran.said.contains("13800138000"), "{}", ran.said);
    let place = Place::new(&PIPELINE.replace("/*", "/*.jsonl"));
    place.put("messages/date=2026-09-01/c.jsonl", "\"小明爱购物 13800138000\"\n");
    let ran = place.run();
    assert!(ran.code == 3 && !ran.said.contains("小明") && !ran.said.contains("1380"), "{}", ran.said);
}

fn key() -> BuyerKey {
    let section: PrivacyConfig = toml::from_str(&format!("buyer_key = \"{KEY}\"")).unwrap();
    BuyerKey::from_config(&section).unwrap().unwrap()
}

/// Numbers know nothing of the key; details have the same rows under keyed ids; another key is another output.
#[test]
fn a_key_changes_ids_and_no_number() {
    let place = Place::new("");
    let demo = std::fs::read_to_string(repository().join("pipelines/demo.toml")).unwrap();
    place.put("p.toml", format!("{demo}\n[privacy]\nbuyer_key = \"{KEY}\"\n"));
    let (output, pipeline, input) = (place.path("out"), place.path("p.toml"), repository().join("sample_data"));
    let run = |from: &str, pipeline: &Path| {
        let mut command = kefu();
        command.arg("backfill").arg(pipeline).args(["--from", from, "--to", LAST]).arg("--output").arg(&output).arg("--input").arg(&input);
        command.output().unwrap()
    };
    let ran = run(FIRST, &pipeline);
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let tables = Tables::in_folder(&output);
    let (plain, keyed) = (DEMO.tables.files(&["reports", "dims"]), tables.files(&["reports", "dims"]));
    assert_eq!(plain.keys().collect::<Vec<_>>(), keyed.keys().collect::<Vec<_>>());
    for (file, bytes) in &plain {
        assert!(*bytes == keyed[file], "{file} is another with a key");
    }
    let key = key();
    for table in ["details/rounds", "details/credits", "details/ratings", "details/peer_days"] {
        let ids = |tables: &Tables, id: &dyn Fn(&str) -> String| -> Vec<String> {
            let told = |row| {
                (number(&row, "dt").unwrap() as i64, text(&row, "shop_id"), id(&text(&row, "buyer_id").unwrap()), text(&row, "agent_id"))
            };
            let mut ids = tables.rows(table).into_iter().map(|row| format!("{:?}", told(row))).collect::<Vec<_>>();
            ids.sort_unstable();
            ids
        };
        let expected = ids(&DEMO.tables, &|id| key.id(id));
        assert!(!expected.is_empty() && expected == ids(&tables, &str::to_owned), "{table}");
    }
    let staff = std::fs::read_to_string(input.join("staff.csv")).unwrap();
    let rounds = DEMO.tables.rows("details/rounds");
    let buyers = rounds.iter().filter_map(|row| text(row, "buyer_id")).filter(|id| !staff.contains(id));
    let buyers = buyers.collect::<BTreeSet<_>>();
    assert!(!buyers.is_empty());
    for (path, told) in everything_in(&output) {
        let plain = String::from_utf8_lossy(&told).lines().find(|cell| buyers.contains(*cell)).map(str::to_owned);
        assert_eq!(plain, None, "a buyer's own id is in {path}");
    }
    place.put("other.toml", format!("{demo}\n[privacy]\nbuyer_key = \"another key, as long as it takes\"\n"));
    let refused = run(LAST, &place.path("other.toml"));
    assert_eq!(refused.status.code(), Some(2), "days of two keys do not mix: {}", String::from_utf8_lossy(&refused.stderr));
}

/// A store that answers everything with 403 and the whole request, credentials and all.
fn echo() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let mut head = vec![0; 1 << 16];
            let read = stream.read(&mut head).unwrap_or_default();
            let told = String::from_utf8_lossy(&head[..read]).into_owned();
            let secrets = SECRETS.map(|(_, secret)| secret).join(" ");
            let body = format!(
                "<Error><Code>SignatureDoesNotMatch</Code><CanonicalRequest>{told}</CanonicalRequest><Echo>{secrets}</Echo></Error>"
            );
            let head = format!("HTTP/1.1 403 Forbidden\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            let _ = stream.write_all((head + &body).as_bytes());
        }
    });
    address
}

#[test]
fn no_secret_is_said_at_any_log_level() {
    let address = echo();
    let signature = "Zm9vYmFyYmF6cXV4";
    let urls = ["s3://AKIDUSER:hunter2-passw0rd@bucket/in", "az://container/in", "s3://bucket/in?X-Amz-Signature=5ec7e7f00dba11"];
    for (url, format) in urls.into_iter().flat_map(|url| [(url, "text"), (url, "json")]) {
        let place = Place::new(&format!("{PIPELINE}[privacy]\nbuyer_key = \"{KEY}\"\n"));
        let more = [
            ("AWS_ENDPOINT", address.as_str()),
            ("AWS_ALLOW_HTTP", "true"),
            ("AWS_REGION", "us-east-1"),
            ("AZURE_ENDPOINT", &address),
            ("AZURE_ALLOW_HTTP", "true"),
            ("AZURE_STORAGE_ACCOUNT_NAME", "account"),
            ("KEFU_LOG", "trace"),
            ("KEFU_LOG_FORMAT", format),
            ("RUST_BACKTRACE", "1"),
        ];
        for side in ["--input", "--output"] {
            let ran = place.kefu_with(&["run", "p.toml", "--date", "2026-09-01", "-vv", side, url], &[SECRETS.as_slice(), &more].concat());
            assert!(![0, 101].contains(&ran.code) && ran.said.len() > 100, "{}", ran.said);
            let needles = [&SECRETS.map(|(_, secret)| secret)[..], &["hunter2-passw0rd", "5ec7e7f00dba11", signature, KEY]].concat();
            let mut told = said(ran).to_vec();
            if place.path("out").exists() {
                told.extend(everything_in(&place.path("out")));
            }
            assert_absent(&needles, &told);
        }
    }
}

/// What is typed wrong is quoted, and help shows settings: both may be URLs with a password.
#[test]
fn no_secret_is_said_of_what_was_typed() {
    let place = Place::new(PIPELINE);
    let url = "s3://AKIDUSER:hunter2-passw0rd@bucket/x?sig=5ec7e7f00dba11";
    let cases: [&[&str]; 5] = [
        &["run", "p.toml", url],
        &["run", "p.toml", "--date", url],
        &["run", "--help"],
        &["run", "p.toml", "--output", "s4://AKIDUSER:hunter2-passw0rd@bucket?sig=5ec7e7f00dba11"],
        &["run", url],
    ];
    for args in cases {
        let ran = place.kefu_with(args, &[("KEFU_OUTPUT", url), ("KEFU_INPUT", url)]);
        assert_absent(
            &["hunter2", "5ec7e7f00dba11"],
            &[("stdout".into(), ran.stdout.into_bytes()), ("stderr".into(), ran.said.into_bytes())],
        );
    }
}

#[test]
fn a_wrong_pipeline_file_is_shown_without_its_secrets() {
    for wrong in [
        format!("[privacy]\nbuyer_key = \"{KEY}\"\nbuyer_kee = 1\n"),
        format!("[privacy]\nbuyer_key = \"{KEY}\n"),
        format!("[privacy]\nbuyer_key = [\"{KEY}\"]\n"),
        format!("[quality]\nbuyer_key = \"{KEY}\"\n"),
        format!("[privacy]\nbuyer_key = '{KEY}'\nbuyer_key_env = 'X'\n"),
    ] {
        let place = Place::new(&format!("{PIPELINE}{wrong}"));
        let ran = place.run();
        ran.expect(2, &[]);
        assert!(!ran.said.contains(&KEY[..12]), "{}", ran.said);
    }
    let place = Place::new(&format!("inpt = 1\ninput = \"s3://u:hunter2-passw0rd@b\"\n{PIPELINE}"));
    let ran = place.run();
    assert!(ran.code == 2 && ran.said.contains("inpt") && !ran.said.contains("hunter2"), "{}", ran.said);
}

/// Names that a spreadsheet would run are kept byte for byte: Parquet is no spreadsheet.
#[test]
fn names_that_begin_like_a_formula_are_kept() {
    let names = ["=HYPERLINK(\"http://x\")", "+1", "-1", "@x", "\t=1", "＝1", "|cmd"];
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let lines =
        names.map(|name| format!("{0},b1,buyer,2026-09-01T10:00:00+08:00,A,\n{0},b1,agent,2026-09-01T10:00:20+08:00,A,\n", quoted(name)));
    let place = Place::with_chats(format!("shop_id,buyer_id,sender,sent_at,agent_id,message_id\n{}", lines.concat()));
    place.put("p.toml", format!("{PIPELINE}exact_ids = true\n"));
    place.run().expect(0, &[]);
    let rows = place.tables().rows("reports/shop_day");
    let shops = rows.iter().filter_map(|row| text(row, "shop_id")).collect::<BTreeSet<_>>();
    assert_eq!(shops, names.map(str::to_owned).into());
}
