//! Family K, loyalty: which of the buyers served in the period paid again (§12).

use super::{Cells, ServiceRow, held_back_unless, known_if, share, tickets};
use std::collections::{BTreeMap, BTreeSet};

/// The rates of buyers who came back, who left, and who came back after a ticket.
pub(super) fn loyalty(row: &ServiceRow) -> Cells {
    // For each distinct buyer received in the period, the last day on which that was so.
    let mut last_served: BTreeMap<&str, i64> = BTreeMap::new();
    for told in row.row_days() {
        for buyer in &told.received {
            let last = last_served.entry(buyer.as_str()).or_insert(told.day);
            *last = told.day.max(*last);
        }
    }
    let with_ticket: BTreeSet<&str> = tickets::opened(row).into_iter().map(|ticket| ticket.buyer.as_str()).collect();
    let mut cells = Cells::new();
    let (mut back, mut helped, mut helped_back) = (0, 0, 0);
    for (buyer, day) in &last_served {
        let again = pays_again(row, buyer, *day);
        let ticket = with_ticket.contains(buyer);
        back += usize::from(again);
        helped += usize::from(ticket);
        helped_back += usize::from(ticket && again);
    }
    share(&mut cells, "retention_rate", back, last_served.len());
    share(&mut cells, "churn_rate", last_served.len() - back, last_served.len());
    share(&mut cells, "repurchase_rate", helped_back, helped);
    if row.given.tickets.is_none() {
        cells.insert("repurchase_rate", None);
    }
    let mature = row.mature(row.given.rules.retention_days);
    held_back_unless(mature, &mut cells, &["retention_rate", "churn_rate", "repurchase_rate"]);
    known_if(row.given.payments.is_some(), cells)
}

/// Whether an order of the buyer was paid in the `retention_days` business days after the last served one.
fn pays_again(row: &ServiceRow, buyer: &str, last_served: i64) -> bool {
    let given = row.given;
    let (from, to) = (given.end_of_day(last_served), given.end_of_day(last_served + given.rules.retention_days));
    let key = (row.shop.to_string(), buyer.to_string());
    let mut payments = given.payments.iter().filter_map(|payments| payments.get(&key)).flatten();
    payments.any(|paid_at| from <= *paid_at && *paid_at < to)
}

// ---------------------------------------------------------------------------------------------
// Worked examples
// ---------------------------------------------------------------------------------------------

mod worked {
    use super::super::example::{MONDAY, SHOP, WEEK, agent, at, check, check_null, given, shop, told};
    use super::super::{ServiceInput, Ticket, cells};
    use std::collections::BTreeMap;

    const IDS: [&str; 3] = ["retention_rate", "churn_rate", "repurchase_rate"];

    fn paid(buyer: &str, instants: &[i64]) -> ((String, String), Vec<i64>) {
        ((SHOP.to_string(), buyer.to_string()), instants.to_vec())
    }

    fn ticket(buyer: &str, agent: &str) -> Ticket {
        Ticket {
            shop: SHOP.to_string(),
            ticket_id: format!("of {buyer}"),
            buyer: buyer.to_string(),
            agent: Some(agent.to_string()),
            opened_at: at(0, "12:00"),
            ..Ticket::default()
        }
    }

    /// A serves b1 on Monday and Tuesday and b2 on Monday; B serves b3 on Monday. b1 pays on Tuesday and in the last millisecond of
    /// Tuesday + 90, b2 in the first millisecond of Tuesday, b3 on Monday and in the first millisecond of Monday + 91. A has a ticket of
    /// b1, B one of b3 and one of b9, who was never served.
    fn example() -> ServiceInput<'static> {
        let payments = [
            paid("b1", &[at(1, "12:00"), at(92, "00:00") - 1]),
            paid("b2", &[at(1, "00:00")]),
            paid("b3", &[at(0, "23:59"), at(91, "00:00")]),
        ];
        let row_days = vec![
            told(Some("A"), 0, &["b1", "b2"]),
            told(Some("A"), 1, &["b1"]),
            told(Some("B"), 0, &["b3"]),
            told(None, 0, &["b1", "b2", "b3"]),
            told(None, 1, &["b1"]),
        ];
        let tickets = Some(vec![ticket("b1", "A"), ticket("b3", "B"), ticket("b9", "B")]);
        ServiceInput { payments: Some(BTreeMap::from(payments)), row_days, tickets, ..given() }
    }

    /// Of three buyers b1 and b2 came back: 2 / 3. Of b1 and b3, who had a ticket, b1 came back: 1 / 2.
    #[test]
    fn two_of_three_served_buyers_pay_within_90_days() {
        check(&cells(&example(), &shop(), &WEEK), &[("retention_rate", 2.0 / 3.0), ("churn_rate", 1.0 / 3.0), ("repurchase_rate", 0.5)]);
        check(&cells(&example(), &agent("A"), &WEEK), &[("retention_rate", 1.0), ("churn_rate", 0.0), ("repurchase_rate", 1.0)]);
        check(&cells(&example(), &agent("B"), &WEEK), &[("retention_rate", 0.0), ("churn_rate", 1.0), ("repurchase_rate", 0.0)]);
    }

    /// In the week b1's window begins after Tuesday, so Tuesday's payment is outside. In Monday's row the window begins after Monday.
    #[test]
    fn the_window_begins_after_the_last_day_served_in_the_period() {
        let payments = Some(BTreeMap::from([paid("b1", &[at(1, "12:00")])]));
        let given = ServiceInput { payments, ..example() };
        check(&cells(&given, &agent("A"), &WEEK), &[("retention_rate", 0.0)]);
        check(&cells(&given, &agent("A"), &[MONDAY]), &[("retention_rate", 0.5), ("churn_rate", 0.5)]);
    }

    /// The rates of a week are null until Sunday + 90 has landed.
    #[test]
    fn loyalty_is_known_after_90_days() {
        check_null(&cells(&ServiceInput { landed: MONDAY + 95, ..example() }, &shop(), &WEEK), &IDS);
        check(&cells(&ServiceInput { landed: MONDAY + 96, ..example() }, &shop(), &WEEK), &[("retention_rate", 2.0 / 3.0)]);
    }

    #[test]
    fn nobody_served_or_no_orders_is_null() {
        check_null(&cells(&example(), &shop(), &[MONDAY + 3]), &IDS);
        check_null(&cells(&ServiceInput { payments: None, ..example() }, &shop(), &WEEK), &IDS);
        let no_tickets = cells(&ServiceInput { tickets: None, ..example() }, &shop(), &WEEK);
        check(&no_tickets, &[("retention_rate", 2.0 / 3.0)]);
        check_null(&no_tickets, &["repurchase_rate"]);
        check_null(&cells(&ServiceInput { tickets: Some(Vec::new()), ..example() }, &shop(), &WEEK), &["repurchase_rate"]);
    }
}
