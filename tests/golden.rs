//! The demo's numbers as a person reads them, kept in `tests/golden/`. `UPDATE_GOLDEN=1 cargo test golden` writes them anew.
//! These files say what changed; whether it is right, the oracle says.

use crate::support::company::{DEMO, repository};
use crate::support::date;
use crate::support::tables::{Row, Value};

const LEADING: &[&str] = &["report_date", "platform", "shop_id", "shop_name"];
const TRAILING: &[&str] = &["rule_set", "complete", "data_through", "matures_on"];

fn csv_of(table: &str, metrics: &[&str]) -> String {
    let agent: &[&str] = if table.starts_with("agent") { &["agent_id", "agent_name"] } else { &[] };
    let columns = [LEADING, agent, metrics, TRAILING].concat();
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(&columns).unwrap();
    for row in DEMO.tables.rows(&format!("reports/{table}")) {
        writer.write_record(columns.iter().map(|column| shown(&row, column))).unwrap();
    }
    String::from_utf8(writer.into_inner().unwrap()).unwrap()
}

/// Four decimals: the file is for people.
fn shown(row: &Row, column: &str) -> String {
    match row.get(column).unwrap_or_else(|| panic!("no column {column}")) {
        Value::Null => String::new(),
        Value::Text(text) => text.clone(),
        Value::Truth(truth) => truth.to_string(),
        Value::Number(day) if ["report_date", "data_through", "matures_on"].contains(&column) => date(*day as i64),
        Value::Number(value) => ((value * 1e4).round() / 1e4).to_string(),
    }
}

fn compare(table: &str, metrics: &[&str]) {
    let path = repository().join(format!("tests/golden/{table}.csv"));
    let got = csv_of(table, metrics);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &got).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    let differing = expected.lines().zip(got.lines()).find(|(expected, got)| expected != got);
    assert!(expected == got, "{table} changed (UPDATE_GOLDEN=1 accepts it); first: {differing:#?}");
}

#[test]
fn the_demos_months_by_shop() {
    compare(
        "shop_month",
        &[
            "consult_buyers",
            "receive_buyers",
            "filtered_buyers",
            "sessions",
            "manual_sessions",
            "buyer_msgs",
            "agent_msgs",
            "auto_msgs",
            "rounds",
            "unanswered_rounds",
            "first_resp_avg_s",
            "resp_avg_s",
            "resp_avg_s_assessed",
            "resp_p90_s",
            "resp_max_s",
            "reply_3min_round_rate",
            "reply_3min_person_rate",
            "reply_3min_session_rate",
            "reply_rate",
            "leave_messages",
            "inquiry_buyers",
            "order_final_rate",
            "pay_final_rate",
            "consult_rate",
            "silent_rate",
            "sales_amount",
            "silent_amount",
            "shop_amount",
            "sales_share",
            "atv",
            "shop_atv",
        ],
    );
}

#[test]
fn the_demos_weeks_by_agent() {
    compare(
        "agent_week",
        &[
            "consult_buyers",
            "receive_buyers",
            "receptions",
            "transfer_in_buyers",
            "transfer_out_buyers",
            "buyer_msgs",
            "agent_msgs",
            "answer_ask_ratio",
            "max_concurrent",
            "rounds",
            "unanswered_rounds",
            "first_resp_avg_s",
            "resp_avg_s",
            "reply_3min_round_rate",
            "slow_buyers",
            "no_service_sessions",
            "inquiry_buyers",
            "pay_final_rate",
            "sales_amount",
            "sales_orders",
            "assist_orders",
            "atv",
            "sales_share",
        ],
    );
}
