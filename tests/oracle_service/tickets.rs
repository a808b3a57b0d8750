//! K. After-sales tickets, in the period of the day they were opened (§12).

use super::{Cells, DAY_MS, Given, Key, Row, Ticket, held_back_unless, known_if, mean_hours, newest, row, set, share};
use std::collections::{BTreeMap, BTreeSet};

/// 重复服务: within so many days, which is also the delay.
const REPEAT_DAYS: i64 = 7;

pub(super) fn tickets(row: &Row) -> Cells {
    let mine = opened(row);
    let transferred = part(&mine, is_transferred);
    let mut cells = Cells::new();
    set(&mut cells, "tickets", mine.len());
    share(&mut cells, "resolve_rate", part(&mine, is_resolved), mine.len());
    share(&mut cells, "complaint_rate", part(&mine, |ticket| ticket.complaint), mine.len());
    share(&mut cells, "kb_use_rate", part(&mine, |ticket| ticket.knowledge_base_used), mine.len());
    share(&mut cells, "transfer_rate", transferred, mine.len());
    share(&mut cells, "transfer_correct_rate", part(&mine, |ticket| is_transferred(ticket) && ticket.transfer_correct), transferred);
    agreed(&mine, &mut cells);
    let resolve: Vec<i64> = mine.iter().filter_map(|ticket| Some(ticket.resolved_at? - ticket.opened_at)).collect();
    let respond: Vec<i64> = mine.iter().filter_map(|ticket| Some(ticket.first_response_at? - ticket.opened_at)).collect();
    mean_hours(&mut cells, "avg_resolve_h", &resolve);
    mean_hours(&mut cells, "first_response_h", &respond);
    let followed = followed(row.given);
    let comes_back = |ticket: &Ticket| followed.contains(&(ticket.shop.as_str(), ticket.ticket_id.as_str()));
    let at_one_touch = |ticket: &Ticket| is_resolved(ticket) && !is_transferred(ticket) && !comes_back(ticket);
    share(&mut cells, "repeat_contact_rate", part(&mine, comes_back), mine.len());
    share(&mut cells, "one_touch_rate", part(&mine, at_one_touch), mine.len());
    held_back_unless(row.mature(REPEAT_DAYS), &mut cells, &["repeat_contact_rate", "one_touch_rate"]);
    known_if(row.given.tickets.is_some(), cells)
}

fn part(tickets: &[&Ticket], test: impl Fn(&Ticket) -> bool) -> usize {
    tickets.iter().filter(|ticket| test(ticket)).count()
}

/// The row's tickets: by the day they were opened and by their agent.
pub(super) fn opened<'a>(row: &Row<'a>) -> Vec<&'a Ticket> {
    let mine = |ticket: &&Ticket| row.holds(&ticket.shop, ticket.agent.as_deref()) && row.counts(ticket.opened_at);
    every(row.given).into_iter().filter(mine).collect()
}

fn every<'a>(given: &'a Given<'a>) -> Vec<&'a Ticket> {
    newest(given.tickets.as_deref().unwrap_or_default(), |ticket| (ticket.shop.as_str(), ticket.ticket_id.as_str()))
}

/// Where nothing says whether it was resolved, an instant of resolution does.
fn is_resolved(ticket: &Ticket) -> bool {
    ticket.resolved.unwrap_or(ticket.resolved_at.is_some())
}

fn is_transferred(ticket: &Ticket) -> bool {
    ticket.transferred_to.is_some()
}

/// Done by what was agreed, that instant included.
fn kept(done_at: Option<i64>, due_at: Option<i64>) -> bool {
    matches!((done_at, due_at), (Some(done_at), Some(due_at)) if done_at <= due_at)
}

fn resolved_in_time(ticket: &Ticket) -> bool {
    is_resolved(ticket) && kept(ticket.resolved_at, ticket.sla_resolve_due_at)
}

fn responded_in_time(ticket: &Ticket) -> bool {
    kept(ticket.first_response_at, ticket.sla_response_due_at)
}

/// SLA: each rate over the tickets for which something was agreed.
fn agreed(tickets: &[&Ticket], cells: &mut Cells) {
    let resolve_due = part(tickets, |ticket| ticket.sla_resolve_due_at.is_some());
    let response_due = part(tickets, |ticket| ticket.sla_response_due_at.is_some());
    let both_due = part(tickets, |ticket| ticket.sla_resolve_due_at.is_some() && ticket.sla_response_due_at.is_some());
    let both_kept = part(tickets, |ticket| resolved_in_time(ticket) && responded_in_time(ticket));
    share(cells, "resolve_in_time_rate", part(tickets, resolved_in_time), resolve_due);
    share(cells, "sla_resolve_rate", part(tickets, resolved_in_time), resolve_due);
    share(cells, "sla_response_rate", part(tickets, responded_in_time), response_due);
    share(cells, "sla_rate", both_kept, both_due);
}

/// Shop and id of the tickets followed by another of the same buyer and kind, whosever, less than 7 days later.
fn followed<'a>(given: &'a Given<'a>) -> BTreeSet<(&'a str, &'a str)> {
    let mut every = every(given);
    every.sort_by_key(|ticket| ticket.opened_at);
    let mut followed = BTreeSet::new();
    for (place, ticket) in every.iter().enumerate() {
        let within = |later: &&&Ticket| later.opened_at - ticket.opened_at < REPEAT_DAYS * DAY_MS;
        let same = |later: &&Ticket| later.shop == ticket.shop && later.buyer == ticket.buyer && later.kind == ticket.kind;
        if every[place + 1..].iter().take_while(within).any(same) {
            followed.insert((ticket.shop.as_str(), ticket.ticket_id.as_str()));
        }
    }
    followed
}

/// 问题类型分布: `count` and `share` of each kind among the row's tickets; those without a kind are one of their own.
pub(crate) fn ticket_kinds(given: &Given, key: &Key, days: &[i64]) -> BTreeMap<Option<String>, Cells> {
    let row = row(given, key, days);
    let mine = opened(&row);
    let mut counts: BTreeMap<Option<String>, usize> = BTreeMap::new();
    for ticket in &mine {
        *counts.entry(ticket.kind.clone()).or_default() += 1;
    }
    let mut kinds = BTreeMap::new();
    for (kind, count) in counts {
        let mut cells = Cells::new();
        set(&mut cells, "count", count);
        share(&mut cells, "share", count, mine.len());
        kinds.insert(kind, cells);
    }
    kinds
}

// ---------------------------------------------------------------------------------------------
// Worked examples
// ---------------------------------------------------------------------------------------------

mod worked {
    use super::super::example::{MONDAY, SHOP, WEEK, agent, at, check, check_null, given, shop};
    use super::super::{Given, Ticket, cells};
    use super::{DAY_MS, ticket_kinds};

    fn ticket(id: &str, buyer: &str, agent: Option<&str>, kind: &str, opened_at: i64) -> Ticket {
        Ticket {
            shop: SHOP.to_string(),
            ticket_id: id.to_string(),
            buyer: buyer.to_string(),
            agent: agent.map(str::to_string),
            kind: Some(kind.to_string()),
            opened_at,
            ..Ticket::default()
        }
    }

    /// t1, A, Monday 09:00: answered after 0.5 h and solved after 2 h, both in time, out of the knowledge base; its buyer is back on Wednesday (t4).
    /// t2, A, 10:00: answered after 2 h, an hour late, solved after 10 h, 2 h late; passed on to B, rightly.
    /// t3, A, 11:00: unsolved, a complaint, passed on to C, wrongly; nothing was agreed.   t4, B: solved, nobody knows when.
    fn example() -> Given<'static> {
        let t1 = Ticket {
            first_response_at: Some(at(0, "09:30")),
            resolved_at: Some(at(0, "11:00")),
            resolved: Some(true),
            sla_response_due_at: Some(at(0, "10:00")),
            sla_resolve_due_at: Some(at(0, "12:00")),
            knowledge_base_used: true,
            ..ticket("t1", "b1", Some("A"), "return", at(0, "09:00"))
        };
        let t2 = Ticket {
            first_response_at: Some(at(0, "12:00")),
            resolved_at: Some(at(0, "20:00")),
            resolved: Some(true),
            sla_response_due_at: Some(at(0, "11:00")),
            sla_resolve_due_at: Some(at(0, "18:00")),
            transferred_to: Some("B".to_string()),
            transfer_correct: true,
            ..ticket("t2", "b2", Some("A"), "repair", at(0, "10:00"))
        };
        let t3 = Ticket {
            resolved: Some(false),
            transferred_to: Some("C".to_string()),
            complaint: true,
            ..ticket("t3", "b3", Some("A"), "exchange", at(0, "11:00"))
        };
        let t4 = Ticket { resolved: Some(true), ..ticket("t4", "b1", Some("B"), "return", at(2, "09:00")) };
        Given { tickets: Some(vec![t1, t2, t3, t4]), ..given() }
    }

    /// A: 2 of 3 solved, 1 of the 2 with a date in time, (2 + 10) / 2 = 6 h to solve, (0.5 + 2) / 2 = 1.25 h to answer; 2 of 3 passed on, 1 of 2 rightly;
    /// 1 of 3 came back; and none was done at one touch: t1 came back, t2 was passed on, t3 is unsolved.
    #[test]
    fn three_tickets_of_an_agent_two_solved_after_6_hours_on_average() {
        let week = cells(&example(), &agent("A"), &WEEK);
        check(&week, &[("tickets", 3.0), ("resolve_rate", 2.0 / 3.0), ("resolve_in_time_rate", 0.5), ("avg_resolve_h", 6.0)]);
        check(&week, &[("first_response_h", 1.25), ("sla_response_rate", 0.5), ("sla_resolve_rate", 0.5), ("sla_rate", 0.5)]);
        check(
            &week,
            &[("transfer_rate", 2.0 / 3.0), ("transfer_correct_rate", 0.5), ("complaint_rate", 1.0 / 3.0), ("kb_use_rate", 1.0 / 3.0)],
        );
        check(&week, &[("repeat_contact_rate", 1.0 / 3.0), ("one_touch_rate", 0.0)]);
    }

    /// The shop: 3 of 4 solved; t1 of 4 came back; t4 of 4 at one touch. B's row is t4 alone, of which no instant is known.
    #[test]
    fn a_shop_has_all_tickets_and_a_mean_over_those_that_have_the_instant() {
        let week = cells(&example(), &shop(), &WEEK);
        check(&week, &[("tickets", 4.0), ("resolve_rate", 0.75), ("repeat_contact_rate", 0.25), ("one_touch_rate", 0.25)]);
        check(&week, &[("avg_resolve_h", 6.0), ("sla_rate", 0.5), ("transfer_rate", 0.5), ("complaint_rate", 0.25)]);
        let of_b = cells(&example(), &agent("B"), &WEEK);
        check(
            &of_b,
            &[("tickets", 1.0), ("resolve_rate", 1.0), ("one_touch_rate", 1.0), ("repeat_contact_rate", 0.0), ("transfer_rate", 0.0)],
        );
        check_null(
            &of_b,
            &["avg_resolve_h", "first_response_h", "sla_rate", "sla_response_rate", "sla_resolve_rate", "resolve_in_time_rate"],
        );
        check_null(&of_b, &["transfer_correct_rate"]);
        check(&cells(&example(), &shop(), &[MONDAY]), &[("tickets", 3.0), ("repeat_contact_rate", 1.0 / 3.0)]);
    }

    /// Sunday + 7 must have landed; what waits for nothing is there before.
    #[test]
    fn who_comes_back_is_known_after_seven_days() {
        let early = cells(&Given { landed: MONDAY + 12, ..example() }, &shop(), &WEEK);
        check(&early, &[("tickets", 4.0), ("resolve_rate", 0.75)]);
        check_null(&early, &["repeat_contact_rate", "one_touch_rate"]);
        let in_time = cells(&Given { landed: MONDAY + 13, ..example() }, &shop(), &WEEK);
        check(&in_time, &[("repeat_contact_rate", 0.25), ("one_touch_rate", 0.25)]);
    }

    /// Back one millisecond before 7 days are over: again. Then, not. Nor with another question; nor does an earlier ticket follow.
    #[test]
    fn coming_back_is_the_same_kind_less_than_seven_days_later() {
        let opened = at(0, "09:00");
        for (kind, later, expected) in [
            ("return", 7 * DAY_MS - 1, 1.0),
            ("return", 7 * DAY_MS, 0.0),
            ("repair", DAY_MS, 0.0),
            ("return", 0, 1.0),
            ("return", -DAY_MS, 0.0),
        ] {
            let tickets = vec![ticket("t1", "b1", Some("A"), "return", opened), ticket("t2", "b1", Some("B"), kind, opened + later)];
            let given = Given { tickets: Some(tickets), ..given() };
            check(&cells(&given, &agent("A"), &[MONDAY]), &[("tickets", 1.0), ("repeat_contact_rate", expected)]);
        }
    }

    /// Answered and solved at the very instant agreed: kept.
    #[test]
    fn an_agreement_is_kept_at_its_instant_and_broken_a_millisecond_later() {
        let due = at(0, "12:00");
        let solved = |at: i64| Ticket {
            first_response_at: Some(due),
            sla_response_due_at: Some(due),
            resolved_at: Some(at),
            sla_resolve_due_at: Some(due),
            ..ticket("t1", "b1", None, "return", due - 1_000)
        };
        let sla = |at: i64| cells(&Given { tickets: Some(vec![solved(at)]), ..given() }, &shop(), &WEEK);
        check(&sla(due), &[("resolve_in_time_rate", 1.0), ("sla_rate", 1.0), ("sla_response_rate", 1.0), ("resolve_rate", 1.0)]);
        check(&sla(due + 1), &[("resolve_in_time_rate", 0.0), ("sla_rate", 0.0), ("sla_response_rate", 1.0), ("resolve_rate", 1.0)]);
    }

    /// The export of Tuesday says that Monday's ticket is solved: one ticket, solved.
    #[test]
    fn a_ticket_exported_twice_is_one_and_what_was_read_last() {
        let first = ticket("t1", "b1", Some("A"), "return", at(0, "09:00"));
        let second = Ticket { resolved: Some(true), ..first.clone() };
        let week = cells(&Given { tickets: Some(vec![first, second]), ..given() }, &shop(), &WEEK);
        check(&week, &[("tickets", 1.0), ("resolve_rate", 1.0), ("repeat_contact_rate", 0.0)]);
    }

    /// Of 4 tickets 2 are returns: 50 %, and 25 % each of the others. A has one of each.
    #[test]
    fn two_returns_of_four_tickets_are_half() {
        let kind = |name: &str| Some(name.to_string());
        let of_shop = ticket_kinds(&example(), &shop(), &WEEK);
        assert!(of_shop.len() == 3);
        check(&of_shop[&kind("return")], &[("count", 2.0), ("share", 0.5)]);
        check(&of_shop[&kind("repair")], &[("count", 1.0), ("share", 0.25)]);
        check(&ticket_kinds(&example(), &agent("A"), &WEEK)[&kind("exchange")], &[("count", 1.0), ("share", 1.0 / 3.0)]);
        let unnamed = Ticket { kind: None, ..ticket("t1", "b1", None, "", at(0, "09:00")) };
        let given = Given { tickets: Some(vec![unnamed]), ..given() };
        let nameless: Option<String> = None;
        check(&ticket_kinds(&given, &shop(), &WEEK)[&nameless], &[("count", 1.0), ("share", 1.0)]);
        assert!(ticket_kinds(&example(), &shop(), &[MONDAY + 6]).is_empty());
    }

    #[test]
    fn no_tickets_make_no_rates_and_no_table_makes_no_numbers() {
        let quiet = cells(&Given { tickets: Some(Vec::new()), ..given() }, &shop(), &WEEK);
        check(&quiet, &[("tickets", 0.0)]);
        check_null(&quiet, &["resolve_rate", "transfer_rate", "complaint_rate", "kb_use_rate", "repeat_contact_rate", "one_touch_rate"]);
        check_null(&cells(&given(), &shop(), &WEEK), &["tickets", "resolve_rate", "avg_resolve_h", "one_touch_rate"]);
    }
}
