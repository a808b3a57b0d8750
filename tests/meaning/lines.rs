//! Lines that make a number of their day doubtful: answers without a name, and numbers that contradict the instants.

use crate::support::place::{PIPELINE, Place};

const LEAN: &str = "[reports]\nperiods = [\"day\"]\n[judgement]\ntables = []\n";

/// So many questions, each answered after 20 s. The first answers have no name; of the first conversations `seq` runs against the time.
fn chats(settings: &str, rounds: usize, nameless: usize, against: usize) -> Place {
    let place = Place::new(&format!("{PIPELINE}{settings}{LEAN}"));
    let round = |n: usize| {
        let agent = if n < nameless { "" } else { "A" };
        let (asked, replied) = if n < against { (2, 1) } else { (1, 2) };
        let at = |second: u32| format!("2026-09-01T{:02}:{:02}:{second:02}+08:00", 8 + n / 60, n % 60);
        format!("s1,b{n},buyer,{},,{asked}\ns1,b{n},agent,{},{agent},{replied}\n", at(0), at(20))
    };
    let rows = (0..rounds).map(round).collect::<String>();
    place.put("messages/date=2026-09-01/chats.csv", format!("shop_id,buyer_id,sender,sent_at,agent_id,seq\n{rows}"));
    place
}

/// That it is said by `check` and by a run, and holds the day back where warnings are errors; and that it is not said without reason.
fn assert_warned(deserving: [usize; 3], innocent: [usize; 3], words: &[&str]) {
    let of = |settings: &str, [rounds, nameless, against]: [usize; 3]| chats(settings, rounds, nameless, against);
    let place = of("", deserving);
    for args in [["check", "p.toml", "--date", "2026-09-01"], ["run", "p.toml", "--date", "2026-09-01"]] {
        let ran = place.kefu(&args);
        let said = format!("{} {}", ran.said, ran.stdout);
        assert!(ran.code == 0 && words.iter().all(|word| said.contains(word)), "{args:?}: {words:?} are not in {said}");
    }
    let place = of("[quality]\nwarnings = \"error\"\n", deserving);
    place.run().expect(3, words);
    assert!(!place.is_published());
    let ran = of("[quality]\nwarnings = \"error\"\n", innocent).run();
    assert_eq!(ran.code, 0, "{}", ran.said);
}

#[test]
fn more_than_one_answer_in_a_hundred_without_a_name_is_warned_of() {
    assert_warned([100, 2, 0], [100, 1, 0], &["2 of 100 human lines have no agent_id", "[messages].columns"]);
}

#[test]
fn more_than_one_neighbour_in_a_thousand_against_its_number_is_warned_of() {
    assert_warned([500, 0, 1], [500, 0, 0], &["seq contradicts sent_at in 1 of 500 neighbouring lines", "order_by = \"seq\""]);
}
