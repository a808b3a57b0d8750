use super::{HEAD, LENIENT, beside, chats, in_every_format, of_shop, set_aside};
use crate::support::place::Place;
use crate::support::tables::{Row, Value};

/// Whether a kept row says that it is a cell.
fn is_cell(row: &Row) -> bool {
    row.values().any(|value| *value == Value::Text("cell".to_owned()))
}

const CARDS: &str = "shop_id,buyer_id,agent_id,sent_at,rated_at,grade\n";

/// A bot asks for a rating when nobody is in charge.
#[test]
fn a_card_without_an_agent_counts_in_the_shops_row_alone() {
    let card = |n: usize, agent: &str, grade: u8| format!("s1,b{n},{agent},2026-09-01 10:1{n}:00,2026-09-01 10:2{n}:00,{grade}\n");
    let cards = card(1, "A", 5) + &card(2, "", 1) + &card(3, "A", 4) + &card(4, "", 2) + &card(5, "", 3);
    let place = beside("evaluations", "cards.csv", format!("{CARDS}{cards}"), "");
    place.run().expect(0, &[]);
    assert_eq!(of_shop(&place, &["invite_count", "eval_count", "csat_score"]), "5|5|3");
    assert_eq!(place.told("reports/agent_day", &["agent_id", "invite_count", "eval_count", "csat_score"]), ["A|2|2|4.5"]);
    assert!(set_aside(&place, "evaluations").is_empty());
}

/// Of one buyer too: the last rating of a buyer and nobody counts once.
#[test]
fn nobodys_cards_are_counted_as_an_agents_are() {
    let cards = "s1,b1,,2026-09-01 10:10:00,2026-09-01 10:11:00,1\ns1,b1,,2026-09-01 10:30:00,2026-09-01 10:31:00,5\n";
    let place = beside("evaluations", "cards.csv", format!("{CARDS}{cards}"), "");
    place.run().expect(0, &[]);
    assert_eq!(of_shop(&place, &["invite_count", "eval_count", "sat_5", "sat_1"]), "1|1|1|0");
}

#[test]
fn cards_may_lack_the_column_of_agents() {
    let rows =
        [vec!["shop_id", "buyer_id", "sent_at", "rated_at", "grade"], vec!["s1", "b1", "2026-09-01 10:10:00", "2026-09-01 10:11:00", "4"]];
    for (name, bytes) in in_every_format(&rows) {
        let place = beside("evaluations", name, bytes, "");
        place.run().expect(0, &[]);
        assert_eq!(of_shop(&place, &["eval_count", "csat_score"]), "1|4", "{name}");
    }
}

/// Table, a file with one cell that makes no sense, its column, and what the day says all the same.
const CELLS: &[(&str, &str, &str, &str, &str)] = &[
    (
        "evaluations",
        "shop_id,buyer_id,agent_id,sent_at,rated_at,grade,nps\ns1,b1,A,2026-09-01 10:10:00,2026-09-01 10:11:00,5,好\n",
        "nps",
        "eval_count",
        "1",
    ),
    (
        "evaluations",
        "shop_id,buyer_id,agent_id,sent_at,rated_at,grade,source\ns1,b1,A,2026-09-01 10:10:00,2026-09-01 10:11:00,5,广告\n",
        "source",
        "eval_count",
        "1",
    ),
    (
        "orders",
        "shop_id,order_id,buyer_id,created_at,paid_at,amount,quantity,postage\n\
         s1,o1,b1,2026-09-01 10:05:00,2026-09-01 10:06:00,9.00,1,包邮\n",
        "postage",
        "shop_amount",
        "9",
    ),
    (
        "refunds",
        "shop_id,refund_id,order_id,applied_at,amount,quantity\ns1,r1,o1,2026-09-01 12:00:00,4.00,一件\n",
        "quantity",
        "refund_apply_amount",
        "4",
    ),
    ("tickets", "shop_id,ticket_id,buyer_id,opened_at,complaint\ns1,t1,b1,2026-09-01 12:00:00,也许\n", "complaint", "tickets", "1"),
    ("visits", "shop_id,date,visitors,page_views\ns1,2026-09-01,10,约三百\n", "page_views", "visitors", "10"),
    ("videos", "shop_id,video_id,date,plays,likes,shares\ns1,v1,2026-09-01,10,3,1w+\n", "shares", "likes", "3"),
    ("staff", "shop_id,agent_id,name,hired_on\ns1,A,林溪,去年\n", "hired_on", "rounds", "1"),
];

#[test]
fn a_bad_cell_of_an_optional_column_empties_the_cell() {
    for (table, csv, column, metric, expected) in CELLS {
        let place = beside(table, "beside.csv", csv, "");
        // One of one: a large share of its column.
        place.run().expect(0, &[*column]);
        assert_eq!(of_shop(&place, &[*metric]), *expected, "{table}.{column}");
        let kept = place.tables().rows(&format!("quarantine/{table}"));
        assert_eq!(set_aside(&place, table), [format!("1|{column}")]);
        assert!(kept.iter().all(is_cell), "{kept:?}");
    }
}

#[test]
fn an_emptied_cell_is_no_quarantined_row() {
    let lines = "s1,b1,buyer,2026-09-01 10:00:00,A,m1,erste\ns1,b1,agent,2026-09-01 10:00:20,A,m2,2\nx\n";
    let csv = format!("{},seq\n{lines}", HEAD.trim_end());
    let place = chats("chats.csv", csv, LENIENT);
    place.run().expect(0, &[]);
    assert_eq!(place.told("_meta/audit", &["read", "used", "quarantined", "duplicates", "outside", "ignored"]), ["3|2|1|0|0|0"]);
    let kept = place.tables().rows("quarantine/messages");
    assert_eq!(kept.iter().filter(|row| is_cell(row)).count(), 1);
    assert_eq!(kept.len(), 2);
}

/// A staff of 200: one cell of its column is half a percent.
#[test]
fn a_rare_bad_cell_is_kept_without_a_warning() {
    let person = |n: usize| format!("s1,a{n},{}\n", if n == 7 { "去年" } else { "2024-06-17" });
    let csv = format!("shop_id,agent_id,hired_on\n{}", (0..200).map(person).collect::<String>());
    let place = beside("staff", "staff.csv", csv, "");
    let ran = place.run();
    ran.expect(0, &[]);
    assert!(!ran.said.contains("hired_on"), "{}", ran.said);
    assert_eq!(set_aside(&place, "staff"), ["8|hired_on"]);
}

/// Table, a good row and one with a bad cell in the last column: nothing says something there, so the row is set aside.
const ROWS: &[(&str, &str, &str)] = &[
    ("messages", "shop_id,buyer_id,sender,sent_at,recalled", "s1,b1,buyer,2026-09-01 10:00:00,也许"),
    ("messages", "shop_id,buyer_id,sender,sent_at,reply_mode", "s1,b1,agent,2026-09-01 10:00:00,half"),
    ("messages", "shop_id,buyer_id,sender,sent_at,agent_id", "s1,b1,agent,2026-09-01 10:00:00,LONG"),
    ("messages", "shop_id,buyer_id,sender,sent_at,session_id", "s1,b1,agent,2026-09-01 10:00:00,1.2E+15"),
    ("orders", "shop_id,order_id,buyer_id,created_at,amount,quantity,paid_at", "s1,o1,b1,2026-09-01 10:05:00,9.00,1,昨天"),
    ("orders", "shop_id,order_id,buyer_id,created_at,amount,quantity,cancelled_at", "s1,o1,b1,2026-09-01 10:05:00,9.00,1,昨天"),
    ("orders", "shop_id,order_id,buyer_id,created_at,amount,quantity,updated_at", "s1,o1,b1,2026-09-01 10:05:00,9.00,1,昨天"),
    ("orders", "shop_id,order_id,buyer_id,created_at,amount,quantity,status", "s1,o1,b1,2026-09-01 10:05:00,9.00,1,风控"),
    ("refunds", "shop_id,refund_id,order_id,applied_at,amount,finished_at", "s1,r1,o1,2026-09-01 12:00:00,4.00,昨天"),
    ("evaluations", "shop_id,buyer_id,sent_at,rated_at", "s1,b1,2026-09-01 10:10:00,昨天"),
    ("evaluations", "shop_id,buyer_id,sent_at,agent_id", "s1,b1,2026-09-01 10:10:00,LONG"),
    ("tickets", "shop_id,ticket_id,buyer_id,opened_at,resolved", "s1,t1,b1,2026-09-01 12:00:00,也许"),
    ("tickets", "shop_id,ticket_id,buyer_id,opened_at,resolved_at", "s1,t1,b1,2026-09-01 12:00:00,昨天"),
    ("tickets", "shop_id,ticket_id,buyer_id,opened_at,first_response_at", "s1,t1,b1,2026-09-01 12:00:00,昨天"),
    ("tickets", "shop_id,ticket_id,buyer_id,opened_at,sla_response_due_at", "s1,t1,b1,2026-09-01 12:00:00,昨天"),
    ("tickets", "shop_id,ticket_id,buyer_id,opened_at,sla_resolve_due_at", "s1,t1,b1,2026-09-01 12:00:00,昨天"),
    ("blocklist", "shop_id,buyer_id,from", "s1,b7,昨天"),
    ("blocklist", "shop_id,buyer_id,to", "s1,b7,昨天"),
    ("shops", "shop_id,closed_on", "s1,昨天"),
];

#[test]
fn a_bad_cell_that_would_say_something_when_empty_sets_its_row_aside() {
    for (table, head, row) in ROWS {
        let column = head.rsplit(',').next().unwrap();
        let good = row.rsplit_once(',').unwrap().0;
        let csv = format!("{head}\n{good},\n{}\n", row.replace("LONG", &"x".repeat(257)));
        let place = match *table {
            "messages" => chats("chats.csv", csv, LENIENT),
            table => beside(table, "beside.csv", csv, LENIENT),
        };
        place.run().expect(0, &[]);
        assert_eq!(set_aside(&place, table), [format!("2|{column}")], "{table}.{column}");
        assert!(!place.tables().rows(&format!("quarantine/{table}")).iter().any(is_cell), "{table}.{column}");
    }
}

/// Lines of sessions: buyer, agent, session, sender, kind, time.
fn sessions(lines: &[&str]) -> Place {
    let line = |(n, line): (usize, &&str)| {
        let cells = line.split(' ').map(|cell| if cell == "-" { "" } else { cell }).collect::<Vec<_>>();
        let [buyer, agent, session, sender, kind, time] = cells[..] else { panic!("`{line}` is no line") };
        format!("s1,{buyer},{agent},{session},m{n},{sender},{kind},2026-09-01 {time}\n")
    };
    let head = "shop_id,buyer_id,agent_id,session_id,message_id,sender,kind,sent_at\n";
    chats("chats.csv", format!("{head}{}", (0..).zip(lines).map(line).collect::<String>()), "")
}

const OUTCOMES: [&str; 4] = ["buyer_id", "agent_id", "outcome", "wait_ms"];

#[test]
fn a_conversation_that_is_handed_back_is_nobodys() {
    for event in ["transfer", "assign"] {
        let back = format!("b1 - z1 system {event} 10:02:00");
        let place = sessions(&["b1 A z1 system assign 10:00:00", "b1 - z1 buyer - 10:00:10", &back]);
        place.run().expect(0, &[]);
        assert_eq!(place.told("details/rounds", &OUTCOMES), ["b1|A|handed_over|", "b1||unanswered|"], "{event}");
        assert_eq!(of_shop(&place, &["rounds", "unanswered_rounds"]), "1|1", "{event}");
        let agents = place.told("reports/agent_day", &["agent_id", "rounds", "unanswered_rounds", "handed_over_rounds"]);
        assert!(agents.iter().any(|row| row.starts_with("A|") && row.ends_with("|0|1")), "{event}: {agents:?}");
    }
}

#[test]
fn who_is_assigned_after_that_has_the_round() {
    let place = sessions(&[
        "b1 A z1 system assign 10:00:00",
        "b1 - z1 buyer - 10:00:10",
        "b1 - z1 system transfer 10:01:00",
        "b1 B z1 system assign 10:09:00",
        "b1 B z1 agent - 10:10:10",
    ]);
    place.run().expect(0, &[]);
    assert_eq!(place.told("details/rounds", &OUTCOMES), ["b1|A|handed_over|", "b1|B|answered|600000"]);
}

/// Not the one's who was in charge before.
#[test]
fn a_question_after_the_hand_back_is_nobodys() {
    let place = sessions(&[
        "b1 A z1 system assign 10:00:00",
        "b1 - z1 buyer - 10:00:10",
        "b1 A z1 agent - 10:00:30",
        "b1 - z1 system transfer 10:01:00",
        "b1 - z1 buyer - 10:05:00",
    ]);
    place.run().expect(0, &[]);
    assert_eq!(place.told("details/rounds", &OUTCOMES), ["b1|A|answered|20000", "b1||unanswered|"]);
    assert_eq!(place.told("reports/agent_day", &["agent_id", "answered_rounds", "unanswered_rounds", "handed_over_rounds"]), ["A|1|0|0"]);
}
