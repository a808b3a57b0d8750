//! Family I, satisfaction: invitations and ratings, counted on the day the card was sent (§11).

use super::{Cells, Evaluation, ServiceInput, ServiceRow, Source, known_if, ratio, set, share};
use std::collections::BTreeMap;

/// Invitations, the ratings that count, and the same by session.
pub(super) fn satisfaction(row: &ServiceRow) -> Cells {
    let given = row.given;
    let cards = cards(row);
    let valid: Vec<&Evaluation> = cards.iter().copied().filter(|card| is_valid(given, card)).collect();
    // A shop's row counts the ratings of each agent, so a unit is always one agent's.
    let counted = last_rated(&valid, |card| Some(peer_day(given, card)));
    let by_session = last_rated(&valid, |card| Some((peer_day(given, card), card.session.as_deref()?)));
    let mut cells = Cells::new();
    let invitations = first_cards(given, &cards);
    set(&mut cells, "invite_count", invitations.len());
    for (id, source) in
        [("invite_by_agent_count", Source::Agent), ("invite_by_buyer_count", Source::Buyer), ("invite_by_system_count", Source::System)]
    {
        set(&mut cells, id, invitations.iter().filter(|card| card.source == Some(source)).count());
    }
    share(&mut cells, "invite_rate", invitations.len(), row.row_days().iter().map(|told| told.consulted.len()).sum());
    set(&mut cells, "eval_count", counted.len());
    share(&mut cells, "eval_rate", counted.len(), invitations.len());
    ratings(&counted, &mut cells);
    sessions(&by_session, &mut cells);
    promoters(&cards, &mut cells);
    known_if(given.evaluations.is_some(), cells)
}

/// The cards of the row. A robot's cards count only under the rule `robots_rated`, and cards of filtered peer-days never do (§8).
fn cards<'a>(row: &ServiceRow<'a>) -> Vec<&'a Evaluation> {
    let given = row.given;
    let counts = |card: &&Evaluation| {
        let filtered = given.is_peer_filtered(&card.shop, &card.buyer, &card.agent, given.business_day(card.sent_at));
        let of_whom = !card.robot || given.rules.robots_rated;
        row.holds(&card.shop, Some(card.agent.as_str())) && row.counts(card.sent_at) && of_whom && !filtered
    };
    given.evaluations.iter().flatten().filter(counts).collect()
}

/// The shop, the buyer, the agent and the day on which the card was sent.
type PeerDayKey<'a> = (&'a str, &'a str, &'a str, i64);

fn peer_day<'a>(given: &ServiceInput, card: &'a Evaluation) -> PeerDayKey<'a> {
    (card.shop.as_str(), card.buyer.as_str(), card.agent.as_str(), given.business_day(card.sent_at))
}

/// One invitation per buyer, agent and day: the card sent first, and among equals the one read first.
fn first_cards<'a>(given: &ServiceInput, cards: &[&'a Evaluation]) -> Vec<&'a Evaluation> {
    let mut first: BTreeMap<PeerDayKey<'a>, &'a Evaluation> = BTreeMap::new();
    for &card in cards {
        let kept = first.entry(peer_day(given, card)).or_insert(card);
        if card.sent_at < kept.sent_at {
            *kept = card;
        }
    }
    first.into_values().collect()
}

/// Whether the card was sent in assessed hours and graded within the rating window, both ends included.
fn is_valid(given: &ServiceInput, card: &Evaluation) -> bool {
    let in_time = card.rated_at.is_some_and(|at| (0..=given.rules.rating_window).contains(&(at - card.sent_at)));
    card.grade.is_some() && in_time && given.in_assessed_hours(&card.shop, card.sent_at)
}

/// The rating of each unit that was given last, and among equals the one read last. A card without a unit does not count.
fn last_rated<'a, Unit: Ord>(valid: &[&'a Evaluation], unit: impl Fn(&'a Evaluation) -> Option<Unit>) -> Vec<&'a Evaluation> {
    let mut last: BTreeMap<Unit, &'a Evaluation> = BTreeMap::new();
    for &card in valid {
        let Some(unit) = unit(card) else {
            continue;
        };
        let kept = last.entry(unit).or_insert(card);
        if kept.rated_at <= card.rated_at {
            *kept = card;
        }
    }
    last.into_values().collect()
}

/// The number of ratings with a grade from `low` to `high`.
fn graded(counted: &[&Evaluation], low: i64, high: i64) -> usize {
    counted.iter().filter(|card| card.grade.is_some_and(|grade| (low..=high).contains(&grade))).count()
}

fn ratings(counted: &[&Evaluation], cells: &mut Cells) {
    let (good, mid, bad) = (graded(counted, 4, 5), graded(counted, 3, 3), graded(counted, 1, 2));
    set(cells, "good_count", good);
    set(cells, "mid_count", mid);
    set(cells, "bad_count", bad);
    share(cells, "good_rate", good, counted.len());
    share(cells, "mid_rate", mid, counted.len());
    share(cells, "bad_rate", bad, counted.len());
    share(cells, "dissatisfied_rate", mid + bad, counted.len());
    for (id, grade) in [("sat_1", 1), ("sat_2", 2), ("sat_3", 3), ("sat_4", 4), ("sat_5", 5)] {
        set(cells, id, graded(counted, grade, grade));
    }
    let sum: i64 = counted.iter().filter_map(|card| card.grade).sum();
    ratio(cells, "csat_score", sum as f64, counted.len() as f64);
    let of_attitude = |card: &&Evaluation| card.grade.is_some_and(|grade| grade <= 3) && card.reason.as_deref() == Some("attitude");
    share(cells, "attitude_bad_rate", counted.iter().copied().filter(of_attitude).count(), mid + bad);
}

fn sessions(counted: &[&Evaluation], cells: &mut Cells) {
    let (good, mid, bad) = (graded(counted, 4, 5), graded(counted, 3, 3), graded(counted, 1, 2));
    set(cells, "session_eval_count", counted.len());
    share(cells, "session_good_rate", good, counted.len());
    share(cells, "session_mid_rate", mid, counted.len());
    share(cells, "session_bad_rate", bad, counted.len());
    share(cells, "session_dissatisfied_rate", mid + bad, counted.len());
}

/// `nps` counts every card that has one, whatever else it holds.
fn promoters(cards: &[&Evaluation], cells: &mut Cells) {
    let answers: Vec<i64> = cards.iter().filter_map(|card| card.nps).collect();
    let promoters = answers.iter().filter(|nps| (9..=10).contains(*nps)).count();
    let detractors = answers.iter().filter(|nps| (0..=6).contains(*nps)).count();
    ratio(cells, "nps", 100.0 * (promoters as f64 - detractors as f64), answers.len() as f64);
}

// ---------------------------------------------------------------------------------------------
// Worked examples
// ---------------------------------------------------------------------------------------------

mod worked {
    use super::super::example::{MONDAY, SHOP, WEEK, agent, at, check, check_null, given, shop, told};
    use super::super::{Cells, Clock, DAY_MS, Evaluation, HOUR_MS, ServiceInput, ServiceRules, Source, cells};

    /// A card of an agent to a buyer. If there is a grade, it was given at once.
    fn card(buyer: &str, agent: &str, sent_at: i64, grade: Option<i64>) -> Evaluation {
        Evaluation {
            shop: SHOP.to_string(),
            buyer: buyer.to_string(),
            agent: agent.to_string(),
            sent_at,
            rated_at: grade.map(|_| sent_at),
            grade,
            ..Evaluation::default()
        }
    }

    fn rated(sent_at: i64, rated_at: i64) -> Evaluation {
        Evaluation { rated_at: Some(rated_at), ..card("b1", "A", sent_at, Some(5)) }
    }

    fn with(evaluations: Vec<Evaluation>) -> ServiceInput<'static> {
        ServiceInput { evaluations: Some(evaluations), ..given() }
    }

    fn week_of_shop(evaluations: Vec<Evaluation>) -> Cells {
        cells(&with(evaluations), &shop(), &WEEK)
    }

    /// T19 (Kuaishou): b1 rates A bad at 10:00 and good at 15:00, and B mid; b2 rates A 25 h after the card.
    /// Two ratings count, A's good one and B's mid one. There are three invitations: A to b1 (two cards), B to b1, A to b2.
    #[test]
    fn t19_the_last_rating_of_a_day_counts_and_the_late_one_is_void() {
        let late = Evaluation { rated_at: Some(at(1, "12:00")), ..card("b2", "A", at(0, "11:00"), Some(1)) };
        let cards = vec![
            card("b1", "A", at(0, "10:00"), Some(1)),
            card("b1", "A", at(0, "15:00"), Some(5)),
            card("b1", "B", at(0, "15:30"), Some(3)),
            late,
        ];
        let given = with(cards);
        let of_shop = cells(&given, &shop(), &[MONDAY]);
        check(&of_shop, &[("invite_count", 3.0), ("eval_count", 2.0), ("eval_rate", 2.0 / 3.0)]);
        check(&of_shop, &[("good_count", 1.0), ("mid_count", 1.0), ("bad_count", 0.0), ("good_rate", 0.5), ("bad_rate", 0.0)]);
        check(
            &cells(&given, &agent("A"), &[MONDAY]),
            &[("invite_count", 2.0), ("eval_count", 1.0), ("eval_rate", 0.5), ("good_rate", 1.0)],
        );
        check(&cells(&given, &agent("B"), &[MONDAY]), &[("eval_count", 1.0), ("mid_rate", 1.0), ("dissatisfied_rate", 1.0)]);
        // Tuesday, when b2 rated, has no card.
        check(&cells(&given, &shop(), &[MONDAY + 1]), &[("invite_count", 0.0), ("eval_count", 0.0)]);
        check_null(&cells(&given, &shop(), &[MONDAY + 1]), &["eval_rate", "good_rate", "csat_score", "attitude_bad_rate", "nps"]);
    }

    /// T7 (Kuaishou) with five times the ratings, so that 10 % of the mid ones are a whole number: of 1000, 60 are mid and 40 are bad.
    /// Attitude is the reason of 10 % of the 60 and 25 % of the 40: 6 + 10 = 16 of 100. The good rate is 90 %.
    #[test]
    fn t7_attitude_is_the_reason_of_16_percent_of_the_mid_and_bad() {
        let grade = |n: usize| match n {
            0..60 => 3,
            60..100 => 2,
            _ => 4,
        };
        let reason = |n: usize| match n {
            0..6 | 60..70 => "attitude",
            _ => "slow",
        };
        let cards = (0..1000)
            .map(|n| Evaluation { reason: Some(reason(n).to_string()), ..card(&format!("b{n}"), "A", at(0, "12:00"), Some(grade(n))) });
        let monday = week_of_shop(cards.collect());
        check(&monday, &[("eval_count", 1000.0), ("attitude_bad_rate", 0.16), ("good_rate", 0.9), ("mid_rate", 0.06), ("bad_rate", 0.04)]);
        check(&monday, &[("dissatisfied_rate", 0.1), ("mid_count", 60.0), ("bad_count", 40.0), ("good_count", 900.0)]);
    }

    /// The mean is (5 + 4 + 3 + 1) / 4 = 3.25.
    #[test]
    fn grades_5_4_3_and_1_have_a_mean_of_3_25() {
        let grades = [("b1", 5), ("b2", 4), ("b3", 3), ("b4", 1)];
        let cards = grades.map(|(buyer, grade)| card(buyer, "A", at(0, "12:00"), Some(grade)));
        let week = week_of_shop(cards.to_vec());
        check(&week, &[("csat_score", 3.25), ("good_rate", 0.5), ("mid_rate", 0.25), ("bad_rate", 0.25), ("dissatisfied_rate", 0.5)]);
        check(&week, &[("sat_1", 1.0), ("sat_2", 0.0), ("sat_3", 1.0), ("sat_4", 1.0), ("sat_5", 1.0)]);
    }

    /// The time of the card must lie in [08:00, 23:00), and the rating may come 24 h later to the millisecond.
    #[test]
    fn a_rating_is_valid_for_24_hours_of_a_card_sent_in_assessed_hours() {
        let noon = at(0, "12:00");
        for (sent_at, rated_at, valid) in [
            (noon, noon, 1.0),
            (noon, noon - 1, 0.0),
            (noon, noon + DAY_MS, 1.0),
            (noon, noon + DAY_MS + 1, 0.0),
            (at(0, "08:00"), at(0, "08:01"), 1.0),
            (at(0, "08:00") - 1, at(0, "08:01"), 0.0),
            (at(0, "23:00") - 1, at(0, "23:30"), 1.0),
            (at(0, "23:00"), at(0, "23:01"), 0.0),
        ] {
            check(&week_of_shop(vec![rated(sent_at, rated_at)]), &[("invite_count", 1.0), ("eval_count", valid)]);
        }
    }

    /// A void rating does not hide a valid one. Of two ratings at one instant the one read last counts.
    #[test]
    fn the_last_valid_rating_counts_and_of_two_at_once_the_one_read_last() {
        let late = Evaluation { grade: Some(1), ..rated(at(0, "09:00"), at(1, "09:30")) };
        check(&week_of_shop(vec![late, rated(at(0, "12:00"), at(0, "12:05"))]), &[("eval_count", 1.0), ("sat_5", 1.0)]);
        let [first, second] = [2, 4].map(|grade| card("b1", "A", at(0, "12:00"), Some(grade)));
        check(&week_of_shop(vec![first, second]), &[("eval_count", 1.0), ("sat_4", 1.0), ("sat_2", 0.0)]);
    }

    /// The system sends b1's first card and the agent the second, so that invitation is the system's. There are four invitations: one of
    /// the agent, one of the buyer, one of the system, and one without a source.
    #[test]
    fn an_invitation_is_the_days_first_card_and_says_who_sent_it() {
        let from = |buyer: &str, clock: &str, source| Evaluation { source, ..card(buyer, "A", at(0, clock), None) };
        let cards = vec![
            from("b1", "12:00", Some(Source::Agent)),
            from("b1", "11:00", Some(Source::System)),
            from("b2", "12:00", Some(Source::Agent)),
            from("b3", "12:00", Some(Source::Buyer)),
            from("b4", "12:00", None),
        ];
        let ids = ["invite_count", "invite_by_agent_count", "invite_by_buyer_count", "invite_by_system_count"];
        let week = week_of_shop(cards);
        check(&week, &[(ids[0], 4.0), (ids[1], 1.0), (ids[2], 1.0), (ids[3], 1.0), ("eval_count", 0.0), ("eval_rate", 0.0)]);
    }

    /// b1 and b2 consult on Monday and b1 on Tuesday: 3 person-days. b1 is invited on both days: 2 / 3.
    #[test]
    fn two_invitations_in_three_person_days_are_a_rate_of_2_in_3() {
        let cards = vec![card("b1", "A", at(0, "12:00"), None), card("b1", "A", at(1, "12:00"), None)];
        let row_days = vec![
            told(Some("A"), 0, &["b1", "b2"]),
            told(Some("A"), 1, &["b1"]),
            told(None, 0, &["b1", "b2", "b3"]),
            told(None, 1, &["b1"]),
        ];
        let given = ServiceInput { row_days, ..with(cards) };
        check(&cells(&given, &agent("A"), &WEEK), &[("invite_count", 2.0), ("invite_rate", 2.0 / 3.0)]);
        check(&cells(&given, &shop(), &WEEK), &[("invite_count", 2.0), ("invite_rate", 0.5)]);
        check_null(&week_of_shop(vec![card("b1", "A", at(0, "12:00"), None)]), &["invite_rate"]);
    }

    /// Session s1 is rated 1 and then 5, session s2 of the same buyer and day is rated 3, and one rating of 2 names no session. By
    /// session 5 and 3 count, by day the last rating, 2.
    #[test]
    fn by_session_the_last_rating_of_each_session_counts() {
        let in_session = |session: Option<&str>, clock: &str, grade| Evaluation {
            session: session.map(str::to_string),
            ..card("b1", "A", at(0, clock), Some(grade))
        };
        let cards = vec![
            in_session(Some("s1"), "10:00", 1),
            in_session(Some("s1"), "10:05", 5),
            in_session(Some("s2"), "12:00", 3),
            in_session(None, "13:00", 2),
        ];
        let week = week_of_shop(cards);
        check(&week, &[("session_eval_count", 2.0), ("session_good_rate", 0.5), ("session_mid_rate", 0.5), ("session_bad_rate", 0.0)]);
        check(&week, &[("session_dissatisfied_rate", 0.5), ("eval_count", 1.0), ("sat_2", 1.0)]);
        check_null(&week_of_shop(Vec::new()), &["session_good_rate", "session_mid_rate", "session_bad_rate", "session_dissatisfied_rate"]);
    }

    /// 10 and 9 are promoters, 3 is a detractor and 8 is neither: 100 × (2 - 1) / 4 = 25. A grade is not needed.
    #[test]
    fn two_promoters_and_one_detractor_of_four_are_25() {
        let answers = [("b1", Some(10)), ("b2", Some(9)), ("b3", Some(8)), ("b4", Some(3)), ("b5", None)];
        let cards = answers.map(|(buyer, nps)| Evaluation { nps, ..card(buyer, "A", at(0, "12:00"), None) });
        check(&week_of_shop(cards.to_vec()), &[("nps", 25.0), ("eval_count", 0.0)]);
    }

    #[test]
    fn robots_are_rated_only_if_the_rule_says_so() {
        let cards = || vec![Evaluation { robot: true, nps: Some(10), ..card("b1", "bot", at(0, "12:00"), Some(5)) }];
        let robots = ServiceRules { robots_rated: true, ..ServiceRules::default() };
        check(&week_of_shop(cards()), &[("invite_count", 0.0), ("eval_count", 0.0)]);
        check_null(&week_of_shop(cards()), &["nps"]);
        let given = ServiceInput { rules: robots, ..with(cards()) };
        check(&cells(&given, &shop(), &WEEK), &[("invite_count", 1.0), ("eval_count", 1.0), ("nps", 100.0)]);
    }

    /// Cards of filtered buyers are in no metric (§8). b2 is blocked from Tuesday on.
    #[test]
    fn ratings_of_filtered_buyers_do_not_count() {
        let cards = vec![
            card("b1", "A", at(1, "12:00"), Some(5)),
            card("b2", "A", at(1, "12:00"), Some(1)),
            card("b2", "A", at(0, "12:00"), Some(1)),
        ];
        let blocked = |_: &str, buyer: &str, day: i64| buyer == "b2" && day > MONDAY;
        let given = ServiceInput { filtered: &blocked, ..with(cards) };
        check(&cells(&given, &shop(), &WEEK), &[("invite_count", 2.0), ("good_count", 1.0), ("bad_count", 1.0)]);
    }

    /// Business days begin at 04:00, so a card of Tuesday 03:00 is Monday's. It is not assessed, since the wall clock says 03:00.
    #[test]
    fn a_card_belongs_to_the_business_day_it_was_sent_in() {
        let business_day = |at: i64| (at - 4 * HOUR_MS).div_euclid(DAY_MS);
        let start_of_day = |day: i64| day * DAY_MS + 4 * HOUR_MS;
        let in_assessed_hours = given().clock.in_assessed_hours;
        let clock = Clock { business_day: &business_day, start_of_day: &start_of_day, in_assessed_hours };
        let given = ServiceInput { clock, ..with(vec![card("b1", "A", at(1, "03:00"), Some(5))]) };
        check(&cells(&given, &shop(), &[MONDAY]), &[("invite_count", 1.0), ("eval_count", 0.0)]);
        check(&cells(&given, &shop(), &[MONDAY + 1]), &[("invite_count", 0.0)]);
    }

    #[test]
    fn without_evaluations_all_is_null() {
        let week = cells(&given(), &shop(), &WEEK);
        check_null(&week, &["invite_count", "eval_count", "good_count", "sat_5", "session_eval_count", "nps", "invite_rate", "csat_score"]);
    }
}
