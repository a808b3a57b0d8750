use super::nights::{
    ASKED, DATED, FOLLOWED, backfill, differing, file, night, of, place, published, put_day, put_whole, short, text, whole,
};
use super::{dice, trials};
use crate::support::place::Place;
use bytes::Bytes;
use rand::RngExt;
use std::collections::{BTreeMap, BTreeSet};

const DAYS: i64 = 4;

/// What lands before a night.
type Arrivals = BTreeMap<i64, Vec<(String, String)>>;

/// When each file lands: most on their day, some short first, some nights later, the last of them after the last night.
fn arrivals(seed: u64) -> Arrivals {
    let mut dice = dice(1_000 + seed);
    let mut arrivals = Arrivals::new();
    for (table, _) in DATED {
        for after in 0..DAYS {
            let (name, all) = (file(table, after), text(table, after));
            let late = after + dice.random_range(1..=DAYS - after);
            match dice.random_range(0..4) {
                0 => arrivals.entry(late).or_default().push((name, all)),
                1 => {
                    arrivals.entry(after).or_default().push((name.clone(), short(&all)));
                    arrivals.entry(late).or_default().push((name, all));
                }
                _ => arrivals.entry(after).or_default().push((name, all)),
            }
        }
    }
    for table in &FOLLOWED {
        let late = dice.random_range(1..=DAYS);
        arrivals.entry(late).or_default().push((format!("{}.csv", table.0), whole(table, true)));
    }
    arrivals
}

/// The files that land before each night.
fn names_of(arrivals: &Arrivals) -> BTreeMap<i64, Vec<&str>> {
    arrivals.iter().map(|(after, files)| (*after, files.iter().map(|(name, _)| name.as_str()).collect())).collect()
}

/// What one run over everything publishes.
fn from_scratch(is_asked: bool) -> BTreeMap<String, Bytes> {
    let clean = place("");
    (0..DAYS).for_each(|after| put_day(&clean, after));
    FOLLOWED.iter().for_each(|table| put_whole(&clean, table, true));
    ASKED.iter().for_each(|table| put_whole(&clean, table, is_asked));
    backfill(&clean, DAYS - 1, &[]).expect(0, &[]);
    published(&clean)
}

fn nights(seed: u64) -> Place {
    let (place, arrivals) = (place(""), arrivals(seed));
    for after in 0..=DAYS {
        arrivals.get(&after).into_iter().flatten().for_each(|(name, text)| place.put(name, text));
        let ran = night(&place, after.min(DAYS - 1));
        assert_eq!(ran.code, 0, "seed {seed}, night of {}: {}", of(after), ran.said);
    }
    place
}

/// In whatever order files land, the night after the last of them ends where one run over everything does.
#[test]
fn late_files_of_every_table_end_where_one_run_over_all_does() {
    let expected = from_scratch(false);
    for seed in 0..trials(2) as u64 {
        let place = nights(seed);
        assert_eq!(differing(&published(&place), &expected), BTreeSet::new(), "seed {seed}: {:?}", names_of(&arrivals(seed)));
    }
}

/// A changed row of a table that days follow only when they are asked for.
#[test]
fn tables_that_restate_nothing_are_followed_by_a_backfill() {
    let place = place("");
    (0..DAYS).for_each(|after| put_day(&place, after));
    FOLLOWED.iter().for_each(|table| put_whole(&place, table, true));
    backfill(&place, DAYS - 1, &[]).expect(0, &[]);
    let before = published(&place);
    let expected = from_scratch(true);
    for table in &ASKED {
        put_whole(&place, table, true);
        night(&place, DAYS - 1).expect(0, &[]);
        let days =
            differing(&published(&place), &before).into_iter().filter(|key| key.contains("_day/dt=") && !key.contains(&of(DAYS - 1)));
        assert_eq!(days.collect::<Vec<_>>(), Vec::<String>::new(), "{}", table.0);
    }
    backfill(&place, DAYS - 1, &["--only", "all"]).expect(0, &[]);
    assert_eq!(differing(&published(&place), &expected), BTreeSet::new());
}
