//! The short form of a log, as in `kefu::metrics::examples`: one line a line of chat, one line an order.
//!
//! Lines: `time session buyer who words`. `who` is `buyer`, `buyer>A` (addressed to agent A), `buyer:image>A`, `buyer:thanks`
//! (needs no reply), `A` (a reply), `A:assist`, `A:auto`, `-` (a reply of a person without a name), `robot`, `note>A` (a note of agent A), or an
//! event `assign>A`, `transfer>B`, `close`. Orders: `id buyer created paid amount quantity postage`.
//! Times of another day are written `+1/09:00:00`. `-` is none.

use super::instant;
use crate::oracle::{Line, Mode, Order, Sender};

const SHANGHAI: i64 = 8 * 3_600_000;

/// A line of a shop's log; day 0 is `base`, days since 1970.
pub(crate) fn line(text: &str, base: i64, shop: &str) -> Line {
    let cells: Vec<&str> = text.splitn(5, ' ').collect();
    let [time, session, buyer, who, words] = cells[..] else { panic!("`{text}` is not a line") };
    let line = Line {
        shop: shop.to_owned(),
        buyer: buyer.to_owned(),
        session: some(session),
        sent_at: at(time, base),
        text: some(words),
        ..Line::default()
    };
    spoken_by(who, line)
}

fn spoken_by(who: &str, line: Line) -> Line {
    let event =
        |kind: &str, agent: Option<String>| Line { sender: Sender::System, kind: Some(kind.to_owned()), agent, text: None, ..line.clone() };
    match who.split_once('>').unwrap_or((who, "")) {
        ("buyer", agent) => Line { sender: Sender::Buyer, agent: some(agent), ..line },
        ("buyer:image", agent) => Line { sender: Sender::Buyer, agent: some(agent), kind: some("image"), ..line },
        ("buyer:thanks", agent) => Line { sender: Sender::Buyer, agent: some(agent), needs_reply: Some(false), ..line },
        ("note", agent) => Line { sender: Sender::Agent, agent: some(agent), kind: some("note"), ..line },
        ("robot", agent) => Line { sender: Sender::Robot, agent: some(agent), ..line },
        (kind @ ("assign" | "transfer" | "close"), agent) => event(kind, some(agent)),
        (agent, _) => {
            let (agent, mode) = agent.split_once(':').unwrap_or((agent, "human"));
            let mode = match mode {
                "human" => None,
                "assist" => Some(Mode::Assist),
                "auto" => Some(Mode::Auto),
                other => panic!("`{other}` is no reply mode"),
            };
            Line { sender: Sender::Agent, agent: some(agent), mode, ..line }
        }
    }
}

pub(crate) fn order(text: &str, base: i64, shop: &str) -> Order {
    let cells: Vec<&str> = text.split(' ').collect();
    let [id, buyer, created, paid, amount, quantity, postage] = cells[..] else { panic!("`{text}` is not an order") };
    Order {
        shop: shop.to_owned(),
        order_id: id.to_owned(),
        buyer: buyer.to_owned(),
        created_at: at(created, base),
        paid_at: some(paid).map(|paid| at(&paid, base)),
        amount_fen: fen(amount),
        quantity: quantity.parse().unwrap(),
        postage_fen: some(postage).map(|postage| fen(&postage)),
        ..Order::default()
    }
}

fn some(cell: &str) -> Option<String> {
    (!matches!(cell, "-" | "")).then(|| cell.to_owned())
}

fn fen(yuan: &str) -> i64 {
    yuan.replace('.', "").parse().unwrap()
}

/// `10:30:10.001` or `-3/09:00:00` on Shanghai's clock, as UTC ms.
pub(crate) fn at(time: &str, base: i64) -> i64 {
    let (days, clock) = time.split_once('/').unwrap_or(("0", time));
    let clock: jiff::civil::Time = clock.parse().unwrap();
    let ms = clock.duration_since(jiff::civil::Time::midnight()).as_millis() as i64;
    instant(base + days.parse::<i64>().unwrap(), ms, SHANGHAI)
}

/// A further table of a shop as CSV: the table, a name for the file, and its text. The first row names the columns.
pub(crate) fn table(table: &str, rows: &[&str], base: i64, shop: &str) -> (String, String, String) {
    let (columns, rows) = rows.split_first().unwrap();
    let cell = |cell: &str| match cell.strip_prefix('@') {
        Some(days) => super::date(base + days.parse::<i64>().unwrap()),
        None if is_time(cell) => super::sheet::rfc3339(at(cell, base), SHANGHAI),
        None => cell.to_owned(),
    };
    let row = |row: &&str| format!("{shop},{}\n", row.split(',').map(cell).collect::<Vec<_>>().join(","));
    (table.to_owned(), shop.replace(' ', "-"), format!("shop_id,{columns}\n{}", rows.iter().map(row).collect::<String>()))
}

fn is_time(cell: &str) -> bool {
    let clock = cell.split_once('/').map_or(cell, |(_, clock)| clock);
    clock.split(':').count() == 3 && clock.bytes().all(|byte| byte.is_ascii_digit() || b":.".contains(&byte))
}
