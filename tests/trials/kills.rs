use super::nights::{UNJUDGED, copy, differing, file, names, night, of, place, published, put_day, text};
use super::tracer::{self, Ended};
use super::{dice, trials};
use crate::support::company::kefu;
use crate::support::place::Place;
use bytes::Bytes;
use rand::RngExt;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::process::Stdio;

/// The night that is killed: a day comes, and a late file for one before.
const NIGHT: i64 = 2;

struct Kills {
    place: Place,
    before: BTreeMap<String, Bytes>,
    expected: BTreeMap<String, Bytes>,
}

impl Kills {
    fn new() -> Kills {
        let place = place(UNJUDGED);
        for after in 0..NIGHT {
            put_day(&place, after);
            let all = text("messages", after);
            // The last line of the first day comes late.
            let cut = all.trim_end().rfind('\n').unwrap() + 1;
            place.put(&file("messages", after), if after == 0 { &all[..cut] } else { &all });
            night(&place, after).expect(0, &[]);
        }
        let before = published(&place);
        copy(&place.path("out"), &place.path("before"));
        (0..=NIGHT).for_each(|after| put_day(&place, after));
        night(&place, NIGHT).expect(0, &[]);
        let expected = published(&place);
        Kills { place, before, expected }
    }

    /// Runs the night over the output of before, and kills it at its n-th write.
    fn traced(&self, n: usize) -> io::Result<Ended> {
        copy(&self.place.path("before"), &self.place.path("out"));
        fs::create_dir_all(self.place.path("tmp")).unwrap();
        let mut run = kefu();
        run.current_dir(self.place.path("")).args(["run", "p.toml", "--date", &of(NIGHT), "--force"]).env("TMPDIR", self.place.path("tmp"));
        run.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        tracer::run(run, n)
    }

    /// Every file is old or new, and `verify` has nothing to say, or names what is not as it was published.
    fn assert_whole(&self, when: &str) {
        let found = published(&self.place);
        for key in found.keys().chain(self.before.keys()) {
            let bytes = found.get(key);
            let is_whole = bytes.is_some() && (bytes == self.before.get(key) || bytes == self.expected.get(key));
            assert!(is_whole, "{when}: {key} is neither old nor new");
        }
        let verified = self.place.kefu(&["verify", "p.toml"]);
        let told = format!("{}{}", verified.stdout, verified.said);
        let new = differing(&found, &self.before);
        let is_named = names(&told, "_meta/publishing.json") || new.iter().any(|key| names(&told, key));
        assert!(verified.code == 0 || is_named, "{when}: exit {}: {told}", verified.code);
        assert!(verified.code != 0 || new.is_empty() || found == self.expected, "{when}: verify does not see {new:?}");
    }

    fn trial(&self, n: usize) {
        let ended = self.traced(n).unwrap();
        // Threads meet in another order each time, so that a night may end before its n-th write.
        let when = format!("killed at write {n} of {}", ended.writes);
        assert!(ended.code.is_none_or(|code| code == 0), "{when}: exit {:?}", ended.code);
        self.assert_whole(&when);
        let again = night(&self.place, NIGHT);
        assert_eq!(again.code, 0, "{when}: {}", again.said);
        assert_eq!(differing(&published(&self.place), &self.expected), BTreeSet::new(), "{when}: the next run ends elsewhere");
        self.place.kefu(&["verify", "p.toml"]).expect(0, &[]);
        let left = fs::read_dir(self.place.path("out")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        assert_eq!(left.filter(|name| name.starts_with("_staging")).collect::<Vec<_>>(), Vec::<String>::new(), "{when}");
    }
}

/// Every write where `KEFU_TRIALS` is as large as their number; else so many, spread over the night.
#[test]
fn a_night_that_is_killed_at_any_write_is_ended_by_the_next() {
    let kills = Kills::new();
    let whole = match kills.traced(0) {
        Ok(whole) => whole,
        Err(e) => return eprintln!("no process may be traced here ({e}): nothing is tried"),
    };
    assert_eq!(whole.code, Some(0));
    assert!(whole.writes > 100, "only {} writes", whole.writes);
    assert_eq!(differing(&published(&kills.place), &kills.expected), BTreeSet::new());
    let (wanted, mut dice) = (trials(6).min(whole.writes), dice(3_000));
    for part in 0..wanted {
        let [from, to] = [part, part + 1].map(|part| 1 + part * whole.writes / wanted);
        kills.trial(dice.random_range(from..to));
    }
}
