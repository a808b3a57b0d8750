//! Family K, after-sales tickets: counted on the day they were opened (§12).

use super::{Cells, DAY_MS, EntityKey, ServiceInput, ServiceRow, Ticket, held_back_unless, known_if, mean_hours, newest, row, set, share};
use std::collections::{BTreeMap, BTreeSet};

/// 重复服务: a buyer who comes back within so many days. The metric has the same delay.
const REPEAT_DAYS: i64 = 7;

/// How tickets were resolved, in what time, and whether the buyer came back.
pub(super) fn tickets(row: &ServiceRow) -> Cells {
    let mine = opened(row);
    let transferred = count(&mine, is_transferred);
    let mut cells = Cells::new();
    set(&mut cells, "tickets", mine.len());
    share(&mut cells, "resolve_rate", count(&mine, is_resolved), mine.len());
    share(&mut cells, "complaint_rate", count(&mine, |ticket| ticket.complaint), mine.len());
    share(&mut cells, "kb_use_rate", count(&mine, |ticket| ticket.knowledge_base_used), mine.len());
    share(&mut cells, "transfer_rate", transferred, mine.len());
    share(&mut cells, "transfer_correct_rate", count(&mine, |ticket| is_transferred(ticket) && ticket.transfer_correct), transferred);
    agreed(&mine, &mut cells);
    let resolve: Vec<i64> = mine.iter().filter_map(|ticket| Some(ticket.resolved_at? - ticket.opened_at)).collect();
    let respond: Vec<i64> = mine.iter().filter_map(|ticket| Some(ticket.first_response_at? - ticket.opened_at)).collect();
    mean_hours(&mut cells, "avg_resolve_h", &resolve);
    mean_hours(&mut cells, "first_response_h", &respond);
    let followed = followed(row.given);
    let comes_back = |ticket: &Ticket| followed.contains(&(ticket.shop.as_str(), ticket.ticket_id.as_str()));
    let at_one_touch = |ticket: &Ticket| is_resolved(ticket) && !is_transferred(ticket) && !comes_back(ticket);
    share(&mut cells, "repeat_contact_rate", count(&mine, comes_back), mine.len());
    share(&mut cells, "one_touch_rate", count(&mine, at_one_touch), mine.len());
    held_back_unless(row.mature(REPEAT_DAYS), &mut cells, &["repeat_contact_rate", "one_touch_rate"]);
    known_if(row.given.tickets.is_some(), cells)
}

fn count(tickets: &[&Ticket], test: impl Fn(&Ticket) -> bool) -> usize {
    tickets.iter().filter(|ticket| test(ticket)).count()
}

/// The tickets of the row, by the day they were opened and by their agent.
pub(super) fn opened<'a>(row: &ServiceRow<'a>) -> Vec<&'a Ticket> {
    let mine = |ticket: &&Ticket| row.holds(&ticket.shop, ticket.agent.as_deref()) && row.counts(ticket.opened_at);
    every(row.given).into_iter().filter(mine).collect()
}

fn every<'a>(given: &'a ServiceInput<'a>) -> Vec<&'a Ticket> {
    newest(given.tickets.as_deref().unwrap_or_default(), |ticket| (ticket.shop.as_str(), ticket.ticket_id.as_str()))
}

/// If the column `resolved` is empty, an instant of resolution tells.
fn is_resolved(ticket: &Ticket) -> bool {
    ticket.resolved.unwrap_or(ticket.resolved_at.is_some())
}

fn is_transferred(ticket: &Ticket) -> bool {
    ticket.transferred_to.is_some()
}

/// Whether it was done by the instant that was agreed, that instant included.
fn kept(done_at: Option<i64>, due_at: Option<i64>) -> bool {
    matches!((done_at, due_at), (Some(done_at), Some(due_at)) if done_at <= due_at)
}

fn resolved_in_time(ticket: &Ticket) -> bool {
    is_resolved(ticket) && kept(ticket.resolved_at, ticket.sla_resolve_due_at)
}

fn responded_in_time(ticket: &Ticket) -> bool {
    kept(ticket.first_response_at, ticket.sla_response_due_at)
}

/// The SLA rates, each over the tickets for which an instant was agreed.
fn agreed(tickets: &[&Ticket], cells: &mut Cells) {
    let resolve_due = count(tickets, |ticket| ticket.sla_resolve_due_at.is_some());
    let response_due = count(tickets, |ticket| ticket.sla_response_due_at.is_some());
    let both_due = count(tickets, |ticket| ticket.sla_resolve_due_at.is_some() && ticket.sla_response_due_at.is_some());
    let both_kept = count(tickets, |ticket| resolved_in_time(ticket) && responded_in_time(ticket));
    share(cells, "resolve_in_time_rate", count(tickets, resolved_in_time), resolve_due);
    share(cells, "sla_resolve_rate", count(tickets, resolved_in_time), resolve_due);
    share(cells, "sla_response_rate", count(tickets, responded_in_time), response_due);
    share(cells, "sla_rate", both_kept, both_due);
}

/// The shop and id of the tickets that another of the same buyer and kind follows later, by less than 7 days, whoever its agent is.
fn followed<'a>(given: &'a ServiceInput<'a>) -> BTreeSet<(&'a str, &'a str)> {
    let mut every = every(given);
    every.sort_by_key(|ticket| ticket.opened_at);
    let mut followed = BTreeSet::new();
    for (place, ticket) in every.iter().enumerate() {
        let within = |later: &&&Ticket| later.opened_at - ticket.opened_at < REPEAT_DAYS * DAY_MS;
        let same = |later: &&Ticket| {
            let of_buyer = later.shop == ticket.shop && later.buyer == ticket.buyer && later.kind == ticket.kind;
            of_buyer && later.opened_at > ticket.opened_at
        };
        if every[place + 1..].iter().take_while(within).any(same) {
            followed.insert((ticket.shop.as_str(), ticket.ticket_id.as_str()));
        }
    }
    followed
}

/// 问题类型分布: the `count` and `share` of each kind among the tickets of the row. Tickets without a kind are a kind of their own.
pub(crate) fn ticket_kinds(given: &ServiceInput, key: &EntityKey, days: &[i64]) -> BTreeMap<Option<String>, Cells> {
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
    use super::super::{ServiceInput, Ticket, cells};
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

    /// t1 of A, Monday 09:00: answered after 0.5 h and resolved after 2 h, both in time, with the knowledge base. The buyer is back in t4.
    /// t2 of A, Monday 10:00: answered after 2 h, an hour late, resolved after 10 h, 2 h late, and rightly transferred to B.
    /// t3 of A, Monday 11:00: a complaint, unresolved, wrongly transferred to C. Nothing was agreed.
    /// t4 of B, Wednesday 09:00: resolved, but no instant is known.
    fn example() -> ServiceInput<'static> {
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
        ServiceInput { tickets: Some(vec![t1, t2, t3, t4]), ..given() }
    }

    /// A resolved 2 of 3, 1 of the 2 with a due instant in time, after (2 + 10) / 2 = 6 h; the first answer took (0.5 + 2) / 2 = 1.25 h.
    /// A transferred 2 of 3, 1 of the 2 rightly. One buyer of 3 came back. None was resolved at one touch: t1 came back, t2 was
    /// transferred, t3 is unresolved.
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

    /// The shop resolved 3 of 4; t1 of the 4 came back, and t4 was resolved at one touch. B has t4 alone, with no instant.
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

    /// The two metrics with a delay are null until Sunday + 7 has landed; the others are known before.
    #[test]
    fn who_comes_back_is_known_after_seven_days() {
        let early = cells(&ServiceInput { landed: MONDAY + 12, ..example() }, &shop(), &WEEK);
        check(&early, &[("tickets", 4.0), ("resolve_rate", 0.75)]);
        check_null(&early, &["repeat_contact_rate", "one_touch_rate"]);
        let in_time = cells(&ServiceInput { landed: MONDAY + 13, ..example() }, &shop(), &WEEK);
        check(&in_time, &[("repeat_contact_rate", 0.25), ("one_touch_rate", 0.25)]);
    }

    /// A ticket one millisecond before the end of 7 days is a repeat, one at the end is not. Nor is one of another kind, one at the same
    /// instant or an earlier one.
    #[test]
    fn coming_back_is_the_same_kind_less_than_seven_days_later() {
        let opened = at(0, "09:00");
        for (kind, later, expected) in [
            ("return", 7 * DAY_MS - 1, 1.0),
            ("return", 7 * DAY_MS, 0.0),
            ("repair", DAY_MS, 0.0),
            ("return", 0, 0.0),
            ("return", 1, 1.0),
            ("return", -DAY_MS, 0.0),
        ] {
            let tickets = vec![ticket("t1", "b1", Some("A"), "return", opened), ticket("t2", "b1", Some("B"), kind, opened + later)];
            let given = ServiceInput { tickets: Some(tickets), ..given() };
            check(&cells(&given, &agent("A"), &[MONDAY]), &[("tickets", 1.0), ("repeat_contact_rate", expected)]);
        }
    }

    /// An answer and a resolution at the very instant that was agreed are in time.
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
        let sla = |at: i64| cells(&ServiceInput { tickets: Some(vec![solved(at)]), ..given() }, &shop(), &WEEK);
        check(&sla(due), &[("resolve_in_time_rate", 1.0), ("sla_rate", 1.0), ("sla_response_rate", 1.0), ("resolve_rate", 1.0)]);
        check(&sla(due + 1), &[("resolve_in_time_rate", 0.0), ("sla_rate", 0.0), ("sla_response_rate", 1.0), ("resolve_rate", 1.0)]);
    }

    /// A later export says that Monday's ticket is resolved. It is one ticket, and it is resolved.
    #[test]
    fn a_ticket_exported_twice_is_one_and_what_was_read_last() {
        let first = ticket("t1", "b1", Some("A"), "return", at(0, "09:00"));
        let second = Ticket { resolved: Some(true), ..first.clone() };
        let week = cells(&ServiceInput { tickets: Some(vec![first, second]), ..given() }, &shop(), &WEEK);
        check(&week, &[("tickets", 1.0), ("resolve_rate", 1.0), ("repeat_contact_rate", 0.0)]);
    }

    /// Of 4 tickets 2 are returns, which is 50 %; the other kinds have 25 % each. A has one ticket of each kind.
    #[test]
    fn two_returns_of_four_tickets_are_half() {
        let kind = |name: &str| Some(name.to_string());
        let of_shop = ticket_kinds(&example(), &shop(), &WEEK);
        assert!(of_shop.len() == 3);
        check(&of_shop[&kind("return")], &[("count", 2.0), ("share", 0.5)]);
        check(&of_shop[&kind("repair")], &[("count", 1.0), ("share", 0.25)]);
        check(&ticket_kinds(&example(), &agent("A"), &WEEK)[&kind("exchange")], &[("count", 1.0), ("share", 1.0 / 3.0)]);
        let unnamed = Ticket { kind: None, ..ticket("t1", "b1", None, "", at(0, "09:00")) };
        let given = ServiceInput { tickets: Some(vec![unnamed]), ..given() };
        let nameless: Option<String> = None;
        check(&ticket_kinds(&given, &shop(), &WEEK)[&nameless], &[("count", 1.0), ("share", 1.0)]);
        assert!(ticket_kinds(&example(), &shop(), &[MONDAY + 6]).is_empty());
    }

    #[test]
    fn no_tickets_make_no_rates_and_no_table_makes_no_numbers() {
        let quiet = cells(&ServiceInput { tickets: Some(Vec::new()), ..given() }, &shop(), &WEEK);
        check(&quiet, &[("tickets", 0.0)]);
        check_null(&quiet, &["resolve_rate", "transfer_rate", "complaint_rate", "kb_use_rate", "repeat_contact_rate", "one_touch_rate"]);
        check_null(&cells(&given(), &shop(), &WEEK), &["tickets", "resolve_rate", "avg_resolve_h", "one_touch_rate"]);
    }
}
