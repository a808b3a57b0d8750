use super::nights::{FOLLOWED, copy, differing, names, night, place, published, put_day, put_whole};
use super::{dice, trials};
use crate::support::place::Place;
use bytes::Bytes;
use rand::RngExt;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The night over the output of which one bit is another.
const NIGHT: i64 = 2;

/// How the keys of each kind of file begin.
const KINDS: [&str; 13] = [
    "reports/",
    "details/",
    "dims/",
    "quarantine/",
    "_meta/partitions/",
    "state/chats/shop_sums/",
    "state/chats/shop_persons/",
    "state/chats/agent_waits/",
    "state/chats/agent_hours/",
    "state/sales/shop_sums/",
    "state/sales/shop_persons/",
    "state/replies/",
    "state/platforms/",
];

/// Two nights that ran, the files of the third, and what it publishes where nothing was harmed.
struct Flips {
    place: Place,
    before: BTreeMap<String, Bytes>,
    expected: BTreeMap<String, Bytes>,
}

impl Flips {
    fn new() -> Flips {
        let place = place("");
        FOLLOWED.iter().for_each(|table| put_whole(&place, table, true));
        for after in 0..NIGHT {
            put_day(&place, after);
            night(&place, after).expect(0, &[]);
        }
        let before = published(&place);
        copy(&place.path("out"), &place.path("before"));
        put_day(&place, NIGHT);
        night(&place, NIGHT).expect(0, &[]);
        let expected = published(&place);
        Flips { place, before, expected }
    }

    /// Flips a bit of a file and runs the night: its numbers are right, or it says which file is not, and so does `verify` of a file that
    /// stays as it is. Returns what is wrong.
    fn flip(&self, key: &str, bit: usize) -> Option<String> {
        copy(&self.place.path("before"), &self.place.path("out"));
        let path = self.place.path(&format!("out/{key}"));
        let mut harmed = fs::read(&path).unwrap();
        harmed[bit / 8] ^= 1 << (bit % 8);
        fs::write(&path, &harmed).unwrap();
        let ran = night(&self.place, NIGHT);
        let when = format!("bit {bit} of {key}: exit {}", ran.code);
        if ran.code != 0 && !names(&ran.said, key) {
            return Some(format!("{when}, and the file is not named: {}", ran.said));
        }
        let found = published(&self.place);
        let stays = fs::read(&path).is_ok_and(|bytes| bytes == harmed);
        for other in differing(&found, &self.expected) {
            let is_old = ran.code != 0 && found.get(&other) == self.before.get(&other);
            if !(is_old || stays && other == key) {
                return Some(format!("{when}, and {other} is another"));
            }
        }
        let verified = self.place.kefu(&["verify", "p.toml"]);
        let told = format!("{}{}", verified.stdout, verified.said);
        let is_told = !stays || verified.code != 0 && names(&told, key);
        (!is_told).then(|| format!("{when}, and verify does not name it: {told}"))
    }
}

/// The bits that are flipped, counted over all files of a kind: so many that the dice choose, or every one where that is more.
fn chosen(kind: u64, all: usize) -> Vec<usize> {
    let (mut dice, wanted) = (dice(2_000 + kind), trials(1));
    if wanted >= all { (0..all).collect() } else { (0..wanted).map(|_| dice.random_range(0..all)).collect() }
}

/// The files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

#[test]
fn a_flipped_bit_of_any_kind_of_file_is_no_wrong_number() {
    let (flips, mut wrong) = (Flips::new(), Vec::new());
    let root = flips.place.path("before");
    for (number, kind) in KINDS.iter().enumerate() {
        let files = files(&root.join(kind)).into_iter().map(|path| (fs::metadata(&path).unwrap().len() as usize * 8, path));
        let files = files.collect::<Vec<_>>();
        assert!(!files.is_empty(), "no file of {kind}");
        for mut bit in chosen(number as u64, files.iter().map(|(bits, _)| bits).sum()) {
            let mut files = files.iter();
            let path = loop {
                let (bits, path) = files.next().unwrap();
                if bit < *bits {
                    break path;
                }
                bit -= bits;
            };
            wrong.extend(flips.flip(path.strip_prefix(&root).unwrap().to_str().unwrap(), bit));
        }
    }
    assert!(wrong.is_empty(), "{} flips end badly:\n{}", wrong.len(), wrong.join("\n"));
}
