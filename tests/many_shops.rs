//! More shops than are reported or judged together.

use crate::support::place::{PIPELINE, Place};
use crate::support::tables::{number, text};
use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

/// Shops of one agent and one buyer each, who waits 1 to 50 s. `rest`: further sections of the pipeline.
fn place(shops: u32, rest: &str) -> Place {
    let line = |shop: u32| {
        format!(
            "s{shop:05},x,b1,buyer,2026-09-01T10:00:00+08:00,,m1\n\
             s{shop:05},x,b1,agent,2026-09-01T10:00:{:02}+08:00,A{shop},m2\n",
            shop % 50 + 1
        )
    };
    let head = "shop_id,platform,buyer_id,sender,sent_at,agent_id,message_id\n".to_owned();
    let place = Place::with_chats(head + &(0..shops).map(line).collect::<String>());
    place.put("p.toml", format!("{PIPELINE}[reports]\nperiods = [\"day\"]\n{rest}"));
    place.run().expect(0, &[]);
    place
}

/// Six thousand shops are judged in two parts, and every agent is ranked among those of both.
#[test]
fn agents_are_ranked_among_those_of_shops_that_are_judged_apart() {
    let tables = place(6000, "[judgement]\ntables = [\"ranking\", \"uplift\"]\n").tables();
    let ranking = tables.rows("reports/ranking_day");
    let ranked = ranking.iter().filter(|row| text(row, "metric").as_deref() == Some("resp_avg_s"));
    let ranked = ranked.filter(|row| text(row, "scope").as_deref() == Some("platform")).collect::<Vec<_>>();
    assert_eq!(ranked.len(), 6000);
    for row in ranked {
        let shop = text(row, "shop_id").unwrap().trim_start_matches('s').parse::<u32>().unwrap();
        assert_eq!((number(row, "rank"), number(row, "mean")), (Some(f64::from(shop % 50 + 1)), Some(25.5)), "{shop}");
    }
    let shops = tables.rows("reports/uplift_day").iter().map(|row| text(row, "shop_id").unwrap()).collect::<Vec<_>>();
    assert!(shops.is_sorted() && shops.len() == 12_000, "{}", shops.len());
}

/// Seventeen thousand shops are reported in two parts: each once, in order, with its own agent.
#[test]
fn reports_in_parts_have_every_shop_once_and_in_order() {
    let tables = place(17_000, "[judgement]\ntables = []\n").tables();
    for (table, rows) in [("shop_day", 17_000), ("agent_day", 17_000), ("wait_histogram_day", 34_000), ("hourly_day", 34_000)] {
        let (mut shops, mut answered) = (Vec::new(), 0);
        let column = if table.ends_with("histogram_day") || table.starts_with("hourly") { "rounds" } else { "answered_rounds" };
        for bytes in tables.files(&[&format!("reports/{table}")]).into_values() {
            for batch in ParquetRecordBatchReaderBuilder::try_new(bytes.clone()).unwrap().build().unwrap() {
                let batch = batch.unwrap();
                let ids = batch.column_by_name("shop_id").unwrap().as_string::<i32>();
                shops.extend(ids.iter().flatten().map(str::to_owned));
                answered += batch.column_by_name(column).unwrap().as_primitive::<Int64Type>().values().iter().sum::<i64>();
            }
        }
        assert!(shops.is_sorted(), "{table}");
        assert_eq!((shops.len(), answered), (rows, rows as i64), "{table}");
    }
}
