//! The edge cases of the story, written by hand: one table entry per case, so that the data, the
//! README of `sample_data/` and this code cannot tell three different stories.

mod attendance;
mod bad_rows;
mod buyers;
mod ratings;
mod refunds;
mod sales;
mod sessions;
mod tickets;
mod transfers;
mod waits;
mod write;

pub(super) use self::write::add;

use crate::people::YUNDUO;

/// Every case, under the headings of the README.
pub(super) static CHAPTERS: [(&str, &[Case]); 10] = [
    ("Waiting (等待)", &waits::CASES),
    ("Changing hands (转接)", &transfers::CASES),
    ("Sessions without ids (会话切分)", &sessions::CASES),
    ("Buyers (买家)", &buyers::CASES),
    ("Inquiry and sales (询单与销售)", &sales::CASES),
    ("Ratings (评价)", &ratings::CASES),
    ("Refunds (退款)", &refunds::CASES),
    ("Tickets (工单)", &tickets::CASES),
    ("Attendance (出勤)", &attendance::CASES),
    ("Bad rows (坏行)", &bad_rows::CASES),
];

/// One thing that goes wrong in real logs. Its messages are `edge-<id>-1`, `-2`, …, its orders
/// `edge-<id>-o1`, …, its refunds `-r1`, its tickets `-t1`, its buyer `b-<id>`, and its session, where the
/// shop has them, `edge-<id>`.
pub(super) struct Case {
    pub(super) id: &'static str,
    pub(super) zh: &'static str,
    /// What happens, in one sentence.
    pub(super) happens: &'static str,
    /// The number that shows it, worked by hand under the default rules.
    pub(super) shows: &'static str,
    pub(super) shop: &'static str,
    pub(super) lines: &'static [Said],
    pub(super) orders: &'static [Placed],
    pub(super) cards: &'static [Sent],
    pub(super) refunds: &'static [Refunded],
    pub(super) tickets: &'static [Opened],
    pub(super) turns: &'static [Turned],
}

/// A line. Times are `MM-DD hh:mm:ss` of 2026 in Shanghai.
#[derive(Clone, Copy)]
pub(super) struct Said {
    at: &'static str,
    text: Option<&'static str>,
    sender: &'static str,
    mode: Option<&'static str>,
    kind: &'static str,
    agent: Option<&'static str>,
    shop: Option<&'static str>,
    buyer: Option<&'static str>,
    /// Which of several sessions of the case.
    part: Option<&'static str>,
    seq: Option<i64>,
    /// The number of the line whose message id this one repeats.
    repeats: Option<usize>,
    recalled: bool,
    at_text: Option<&'static str>,
}

/// One version of an order.
#[derive(Clone, Copy)]
pub(super) struct Placed {
    at: &'static str,
    /// Fen.
    amount: i64,
    amount_text: Option<&'static str>,
    quantity: i64,
    paid: Option<&'static str>,
    cancelled: Option<&'static str>,
    shipped: Option<&'static str>,
    flag: Option<&'static str>,
    /// The number of the order that this is another version of.
    pub(super) version_of: Option<usize>,
}

/// A satisfaction card.
#[derive(Clone, Copy)]
pub(super) struct Sent {
    at: &'static str,
    agent: &'static str,
    rated: Option<&'static str>,
    grade: Option<i64>,
    source: &'static str,
    reason: Option<&'static str>,
    robot: bool,
    nps: Option<i64>,
    pub(super) buyer: Option<&'static str>,
    session: Option<&'static str>,
}

/// A refund.
#[derive(Clone, Copy)]
pub(super) struct Refunded {
    order: &'static str,
    applied: &'static str,
    finished: Option<&'static str>,
    /// Fen.
    amount: i64,
    quantity: i64,
    kind: &'static str,
    reason: &'static str,
    disputed: bool,
}

/// A ticket.
#[derive(Clone, Copy)]
pub(super) struct Opened {
    at: &'static str,
    agent: Option<&'static str>,
    kind: &'static str,
    responded: Option<&'static str>,
    resolved: Option<&'static str>,
    response_due: Option<&'static str>,
    resolve_due: Option<&'static str>,
    transferred: Option<(&'static str, bool)>,
    knowledge_base: bool,
    complaint: bool,
}

/// A change of an agent's status.
#[derive(Clone, Copy)]
pub(super) struct Turned {
    pub(super) at: &'static str,
    pub(super) agent: &'static str,
    status: &'static str,
}

/// What a case is unless it says otherwise.
const CASE: Case = Case {
    id: "",
    zh: "",
    happens: "",
    shows: "",
    shop: YUNDUO,
    lines: &[],
    orders: &[],
    cards: &[],
    refunds: &[],
    tickets: &[],
    turns: &[],
};

const fn line(at: &'static str, sender: &'static str, kind: &'static str) -> Said {
    Said {
        at,
        text: None,
        sender,
        mode: None,
        kind,
        agent: None,
        shop: None,
        buyer: None,
        part: None,
        seq: None,
        repeats: None,
        recalled: false,
        at_text: None,
    }
}

const fn ask(at: &'static str, text: &'static str) -> Said {
    Said { text: Some(text), ..line(at, "buyer", "text") }
}

const fn reply(at: &'static str, agent: &'static str, text: &'static str) -> Said {
    Said { text: Some(text), mode: Some("human"), agent: Some(agent), ..line(at, "agent", "text") }
}

const fn robot(at: &'static str, text: &'static str) -> Said {
    Said { text: Some(text), mode: Some("auto"), ..line(at, "robot", "text") }
}

const fn event(at: &'static str, kind: &'static str, agent: &'static str) -> Said {
    Said { agent: Some(agent), ..line(at, "system", kind) }
}

const fn close(at: &'static str) -> Said {
    line(at, "system", "close")
}

impl Said {
    /// Addressed to an agent; without this a buyer line is in the queue.
    const fn to(self, agent: &'static str) -> Said {
        Said { agent: Some(agent), ..self }
    }

    const fn mode(self, mode: &'static str) -> Said {
        Said { mode: Some(mode), ..self }
    }

    const fn in_shop(self, shop: &'static str) -> Said {
        Said { shop: Some(shop), ..self }
    }

    const fn by(self, buyer: &'static str) -> Said {
        Said { buyer: Some(buyer), ..self }
    }

    const fn part(self, part: &'static str) -> Said {
        Said { part: Some(part), ..self }
    }

    const fn seq(self, seq: i64) -> Said {
        Said { seq: Some(seq), ..self }
    }

    const fn repeats(self, line: usize) -> Said {
        Said { repeats: Some(line), ..self }
    }

    const fn recalled(self) -> Said {
        Said { recalled: true, ..self }
    }

    const fn at_text(self, text: &'static str) -> Said {
        Said { at_text: Some(text), ..self }
    }

    const fn sender(self, sender: &'static str) -> Said {
        Said { sender, ..self }
    }
}

const fn placed(at: &'static str, amount: i64) -> Placed {
    Placed { at, amount, amount_text: None, quantity: 1, paid: None, cancelled: None, shipped: None, flag: None, version_of: None }
}

impl Placed {
    const fn paid(self, at: &'static str) -> Placed {
        Placed { paid: Some(at), ..self }
    }

    const fn cancelled(self, at: &'static str) -> Placed {
        Placed { cancelled: Some(at), ..self }
    }

    const fn shipped(self, at: &'static str) -> Placed {
        Placed { shipped: Some(at), ..self }
    }

    const fn flag(self, flag: &'static str) -> Placed {
        Placed { flag: Some(flag), ..self }
    }

    const fn quantity(self, quantity: i64) -> Placed {
        Placed { quantity, ..self }
    }

    const fn version_of(self, order: usize) -> Placed {
        Placed { version_of: Some(order), ..self }
    }

    const fn amount_text(self, text: &'static str) -> Placed {
        Placed { amount_text: Some(text), ..self }
    }
}
