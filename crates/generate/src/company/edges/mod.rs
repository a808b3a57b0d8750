//! The edge cases of the story, written by hand: one table entry per case. The logs and the README of `sample_data/` are both made
//! from these entries, so that they cannot tell different stories.

mod abroad;
mod agent_status;
mod answers;
mod bad_rows;
mod buyers;
mod evaluations;
mod refunds;
mod sales;
mod sessions;
mod tickets;
mod transfers;
mod waiting;

use super::edge_case::EdgeCase;

/// Every case, under the headings of the README.
pub(super) static CHAPTERS: [(&str, &[EdgeCase]); 12] = [
    ("Waiting (等待)", &waiting::CASES),
    ("Changing hands (转接)", &transfers::CASES),
    ("Sessions without ids (会话切分)", &sessions::CASES),
    ("Buyers (买家)", &buyers::CASES),
    ("Inquiry and sales (询单与销售)", &sales::CASES),
    ("Ratings (评价)", &evaluations::CASES),
    ("Refunds (退款)", &refunds::CASES),
    ("Tickets (工单)", &tickets::CASES),
    ("Attendance (出勤)", &agent_status::CASES),
    ("Who answers (谁在回答)", &answers::CASES),
    ("Days, money and teams (日历、币种与团队)", &abroad::CASES),
    ("Bad rows (坏行)", &bad_rows::CASES),
];
