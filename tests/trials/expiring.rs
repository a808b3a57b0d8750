use super::nights::{FOLLOWED, UNJUDGED, backfill, differing, file, of, published, put_whole, short, text};
use super::{dice, trials};
use crate::support::day;
use crate::support::place::{Place, Ran};
use crate::support::tables::{Key, number};
use bytes::Bytes;
use rand::RngExt;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

const NIGHTS: i64 = 30;
/// The tables of the trial, all of which expire. Fewer make a night quick.
const TABLES: [&str; 3] = ["messages", "orders", "refunds"];
/// So many nights later than the rest of their file some orders come: after the chats of their day are gone.
const LATE: i64 = 6;
/// What the chats of a day give by themselves.
const OF_CHATS: [&str; 4] = ["rounds", "buyer_msgs", "receive_buyers", "resp_avg_s"];

/// For how many nights the files of each table live.
type Lives = BTreeMap<&'static str, i64>;

fn lives(seed: u64, chats: RangeInclusive<i64>, others: RangeInclusive<i64>) -> Lives {
    let mut dice = dice(4_000 + seed);
    let mut life = |table| dice.random_range(if table == "messages" { chats.clone() } else { others.clone() });
    TABLES.into_iter().map(|table| (table, life(table))).collect()
}

fn place() -> Place {
    let sections = TABLES.map(|table| format!("[{table}]\npath = \"{table}/{{date}}.csv\"\n")).concat();
    let reports = "[reports]\nperiods = [\"day\", \"week\"]\nlevels = [\"shop\"]\n[quality]\nmax_bad_ratio = 0.5\n";
    let rates = "[exchange_rates]\npath = \"exchange_rates.csv\"\n";
    let place = Place::new(&format!("name = \"expiring\"\n{sections}{rates}{reports}{UNJUDGED}"));
    FOLLOWED.iter().for_each(|table| put_whole(&place, table, true));
    place
}

fn put_day(place: &Place, after: i64) {
    TABLES.iter().for_each(|table| place.put(&file(table, after), text(table, after)));
}

fn night(place: &Place, after: i64) -> Ran {
    place.kefu(&["run", "p.toml", "--date", &of(after)])
}

/// What inputs give that nothing is ever taken from.
fn kept(nights: i64) -> Place {
    let kept = place();
    (0..nights).for_each(|after| put_day(&kept, after));
    backfill(&kept, nights - 1, &[]).expect(0, &[]);
    kept
}

/// What lands before a night and what is gone by then. Of one of four days the later half of the orders comes when its chats are gone.
fn turn(place: &Place, after: i64, lives: &Lives, is_short: impl Fn(i64) -> bool) {
    put_day(place, after);
    if is_short(after) {
        place.put(&file("orders", after), short(&text("orders", after)));
    }
    if after >= LATE && is_short(after - LATE) {
        place.put(&file("orders", after - LATE), text("orders", after - LATE));
    }
    for (table, life) in lives.iter().filter(|(_, life)| after >= **life) {
        place.remove(&file(table, after - life));
    }
}

/// The days of which it is said that they are left although something would change them, spans unfolded.
fn left(said: &str) -> BTreeSet<i64> {
    let mut days = BTreeSet::new();
    for part in said.split("input gone").skip(1) {
        let Some((named, _)) = part.split_once("although").or_else(|| part.split_once("look back")) else { continue };
        let words = named.split_whitespace().collect::<Vec<_>>();
        let is_date = |word: &str| word.len() == 10 && word.starts_with("20");
        days.extend(words.iter().filter(|word| is_date(word)).map(|word| day(word)));
        let spans = words.windows(3).filter(|span| is_date(span[0]) && span[1] == "to" && is_date(span[2]));
        spans.for_each(|span| days.extend(day(span[0])..=day(span[2])));
    }
    days
}

/// The days of a key's partition.
fn days_of(key: &str) -> Option<RangeInclusive<i64>> {
    let (table, rest) = key.split_once("/dt=")?;
    let first = day(&rest[..10]);
    Some(first..=first + if table.ends_with("_week") { 6 } else { 0 })
}

/// Every file that differs from what kept inputs give and holds no day that was said to be left.
fn unsaid(place: &Place, expected: &BTreeMap<String, Bytes>, left: &BTreeSet<i64>) -> Vec<String> {
    let is_said = |key: &String| days_of(key).is_some_and(|mut days| days.any(|day| left.contains(&day)));
    differing(&published(place), expected).into_iter().filter(|key| !is_said(key)).collect()
}

/// Chats live a few nights, everything else as long as a day looks back: every number is that of inputs which nothing is taken from, and late
/// orders restate their days from kept states.
#[test]
fn thirty_nights_over_chats_that_expire() {
    let expected = published(&kept(NIGHTS));
    for seed in 0..trials(1) as u64 {
        let (place, lives) = (place(), lives(seed, 2..=5, 21..=26));
        let (mut all_left, mut of_states) = (BTreeSet::new(), 0);
        for after in 0..NIGHTS {
            turn(&place, after, &lives, |after| (after + seed as i64) % 4 == 1 && after + LATE < NIGHTS);
            let ran = night(&place, after);
            assert_eq!(ran.code, 0, "seed {seed}, {lives:?}, night of {}: {}", of(after), ran.said);
            all_left.extend(left(&ran.said));
            of_states += usize::from(ran.said.contains("made of kept states"));
        }
        assert_eq!(unsaid(&place, &expected, &all_left), Vec::<String>::new(), "seed {seed}, {lives:?}");
        assert!(of_states > 0, "seed {seed}: nothing was made of kept states");
        place.kefu(&["verify", "p.toml"]).expect(0, &[]);
    }
}

/// What chats alone give, of each shop and day.
fn of_chats(place: &Place) -> BTreeMap<Key, Vec<Option<f64>>> {
    let report = place.tables().report("shop", "day");
    report.into_iter().map(|(key, row)| (key, OF_CHATS.map(|metric| number(&row, metric)).to_vec())).collect()
}

/// The reports and details of one day.
fn day_files(files: &BTreeMap<String, Bytes>, wanted: i64) -> BTreeMap<String, Bytes> {
    let is_wanted = |key: &String| !key.contains("_week/") && days_of(key).is_some_and(|days| days.contains(&wanted));
    files.iter().filter(|(key, _)| is_wanted(key)).map(|(key, bytes)| (key.clone(), bytes.clone())).collect()
}

/// Everything lives a few nights: new days have their chats right, and a day whose chats are gone changes only where that is said.
#[test]
fn nights_over_inputs_that_all_expire() {
    let nights = if super::set("KEFU_TRIALS").is_some() { NIGHTS } else { 10 };
    let expected = of_chats(&kept(nights));
    for seed in 0..trials(1) as u64 {
        let (place, lives) = (place(), lives(100 + seed, 2..=6, 2..=6));
        let mut before = BTreeMap::new();
        for after in 0..nights {
            turn(&place, after, &lives, |_| false);
            let ran = night(&place, after);
            assert_eq!(ran.code, 0, "seed {seed}, {lives:?}, night of {}: {}", of(after), ran.said);
            let now = published(&place);
            for gone in 0..=after - lives["messages"] {
                let [was, is] = [&before, &now].map(|files| day_files(files, day(&of(gone))));
                let changed = differing(&is, &was);
                let is_said = ran.said.contains("made of kept states");
                assert!(changed.is_empty() || is_said, "seed {seed}, {lives:?}, night of {}: {changed:?}: {}", of(after), ran.said);
            }
            before = now;
        }
        assert_eq!(of_chats(&place), expected, "seed {seed}, {lives:?}");
        place.kefu(&["verify", "p.toml"]).expect(0, &[]);
    }
}
