use crate::support::day;
use crate::support::place::{CHATS, Place, Ran};
use crate::support::tables::{number, text};

/// What these tests do not look at is not made.
const LEAN: &str = "[reports]\nperiods = [\"day\"]\n[judgement]\ntables = []\n";
const LENIENT: &str = "[quality]\nmax_bad_ratio = 0.9\n";
/// Days without chats, and partitions without files, are quiet ones.
const QUIET: &str = "[quality]\non_missing = \"empty\"\nmin_volume = 0.0\n";
const HEAD: &str = "shop_id,order_id,buyer_id,created_at,paid_at,amount,quantity";
const REFUNDS: &str = "shop_id,refund_id,order_id,applied_at,finished_at,amount";
const RATES: &str = "date,currency,rate\n2026-08-01,USD,7.00\n2026-09-02,USD,9.00\n2026-08-01,JPY,0.05\n";

/// The question of b1 at 10:00 on 1 September and the answer of A, in a file of all days, with further tables.
fn beside_chats(settings: &str) -> Place {
    let place = Place::new(&format!("name = \"small\"\n[messages]\npath = \"chats.csv\"\n{settings}"));
    place.put("chats.csv", CHATS);
    place
}

/// The orders of a file beside the question of b1 at 10:00 and the answer of A, with further settings.
fn orders(rows: &[String], columns: &str, settings: &str) -> Place {
    let place = beside_chats(&format!("[orders]\npath = \"orders.csv\"\n{settings}"));
    place.put("orders.csv", table(rows, columns));
    place
}

fn table(rows: &[String], columns: &str) -> String {
    format!("{HEAD}{columns}\n{}", rows.concat())
}

/// An order of b1 at 10:05, paid at 10:06, of one item; with the cells of further columns.
fn order(id: &str, amount: &str, further: &str) -> String {
    format!("s1,{id},b1,2026-09-01 10:05:00,2026-09-01 10:06:00,{amount},1{further}\n")
}

fn with_rates(settings: &str) -> String {
    format!("{settings}[exchange_rates]\npath = \"rates.csv\"\n{LEAN}")
}

/// Runs days of September up to one, after those in which their buyers may still pay.
fn run(place: &Place, last: &str) -> Ran {
    let as_of = ["--from", "2026-09-01", "--to", last, "--as-of", "2026-09-09"];
    let ran = place.kefu(&[["backfill", "p.toml"].as_slice(), &as_of].concat());
    assert_eq!(ran.code, 0, "{}", ran.said);
    ran
}

/// A metric of shop s1 on a day, 0 where it has no row or no value.
fn of_shop(place: &Place, date: &str, metric: &str) -> f64 {
    let report = place.tables().report("shop", "day");
    let row = report.get(&(day(date), "s1".to_owned(), None));
    row.map_or(0.0, |row| {
        assert!(row.contains_key(metric), "no column {metric}");
        number(row, metric).unwrap_or_default()
    })
}

fn sales(place: &Place) -> f64 {
    of_shop(place, "2026-09-01", "shop_amount")
}

/// All that was said, on either stream.
fn spoken(ran: &Ran) -> String {
    format!("{} {}", ran.said, ran.stdout.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// That `check` and a run refuse it with these words, and that nothing is published.
fn assert_refused(place: &Place, words: &[&str]) {
    for command in ["check", "run"] {
        let ran = place.kefu(&[command, "p.toml", "--date", "2026-09-01"]);
        let said = spoken(&ran);
        assert_eq!(ran.code, 3, "{said}");
        assert!(words.iter().all(|word| said.contains(word)), "{words:?} are not in: {said}");
    }
    assert!(!place.is_published());
}

/// The audit of a table's one file for a day: read, used, quarantined, duplicates, outside, ignored.
fn audit(place: &Place, of: &str) -> Vec<f64> {
    let rows = place.tables().rows("_meta/audit");
    let row = rows.iter().find(|row| text(row, "table").is_some_and(|table| table == of)).unwrap();
    ["read", "used", "quarantined", "duplicates", "outside", "ignored"].map(|count| number(row, count).unwrap()).to_vec()
}

fn in_three_currencies() -> [String; 3] {
    [order("o1", "100.00", ",CNY"), order("o2", "50.00", ", usd "), order("o3", "3000", ",JPY")]
}

#[test]
fn amounts_are_converted_at_the_rate_of_the_day_of_the_order() {
    let place = orders(&in_three_currencies(), ",currency", &with_rates(""));
    place.put("rates.csv", RATES);
    run(&place, "2026-09-01");
    assert_eq!(sales(&place), 600.0);
}

#[test]
fn each_money_of_a_row_is_rounded_by_itself() {
    // 0.03 and 0.01 at 1.5 are 0.045 and 0.015.
    let rows = ["i1", "i2"].map(|item| order("o1", "0.03", &format!(",USD,{item},0.01")));
    let place = orders(&rows, ",currency,item_id,postage", &with_rates("rows = \"item\"\n"));
    place.put("rates.csv", "date,currency,rate\n2026-09-01,USD,1.5\n");
    run(&place, "2026-09-01");
    assert_eq!((sales(&place), of_shop(&place, "2026-09-01", "postage")), (0.1, 0.04));
}

#[test]
fn several_currencies_without_rates_are_refused_before_anything_is_published() {
    let words = ["several currencies", "orders.currency", "USD", "[exchange_rates]", "[reports] currency = \"CNY\"", "orders.csv row 2"];
    assert_refused(&orders(&in_three_currencies(), ",currency", LEAN), &words);
    // Without a currency the first row is in that of the reports.
    let rows = [order("o1", "100.00", ","), order("o2", "50.00", ",USD")];
    assert_refused(&orders(&rows, ",currency", LEAN), &words[..5]);
    let rows = [order("o1", "100.00", ""), order("o2", "50.00", "").replace("s1,", "s2,")];
    let place = orders(&rows, "", &format!("[shops]\npath = \"shops.csv\"\n{LEAN}"));
    place.put("shops.csv", "shop_id,currency\ns1,CNY\ns2,USD\n");
    assert_refused(&place, &["several currencies", "shops.currency", "USD", "[exchange_rates]"]);
}

#[test]
fn one_currency_other_than_that_of_the_reports_is_refused() {
    let rows = [order("o1", "100.00", ",USD")];
    assert_refused(&orders(&rows, ",currency", LEAN), &["in USD", "[reports] currency = \"USD\"", "[exchange_rates]"]);
    let place = orders(&rows, ",currency", "[reports]\nperiods = [\"day\"]\ncurrency = \"usd\"\n");
    run(&place, "2026-09-01");
    assert_eq!(sales(&place), 100.0);
    // A spelling is mapped.
    let rows = [order("o1", "100.00", ",人民币")];
    assert_refused(&orders(&rows, ",currency", LEAN), &["values.currency"]);
    let place = orders(&rows, ",currency", &format!("values.currency = {{ CNY = [\"人民币\"] }}\n{LEAN}"));
    run(&place, "2026-09-01");
    assert_eq!(sales(&place), 100.0);
}

#[test]
fn refunds_in_several_currencies_are_refused_too() {
    let settings = format!("[refunds]\npath = \"refunds.csv\"\n{LEAN}");
    let place = orders(&[order("o1", "100.00", "")], "", &settings);
    let rows = "s1,r1,o1,2026-09-01 11:00:00,2026-09-01 12:00:00,10.00,CNY\ns1,r2,o1,2026-09-01 11:00:00,2026-09-01 12:00:00,10.00,USD\n";
    place.put("refunds.csv", format!("{REFUNDS},currency\n{rows}"));
    assert_refused(&place, &["refunds", "several currencies", "refunds.currency", "[exchange_rates]"]);
}

#[test]
fn an_order_has_its_own_currency_then_that_of_its_shop() {
    for (own, expected) in [("", 350.0), ("CNY", 50.0), ("JPY", 2.5)] {
        let settings = with_rates("[shops]\npath = \"shops.csv\"\n");
        let place = orders(&[order("o1", "50.00", &format!(",{own}"))], ",currency", &settings);
        place.put("shops.csv", "shop_id,currency\ns1,USD\n");
        place.put("rates.csv", RATES);
        run(&place, "2026-09-01");
        assert_eq!(sales(&place), expected, "{own}");
    }
}

#[test]
fn a_row_in_a_currency_without_a_rate_is_bad() {
    let rows = [order("o1", "100.00", ","), order("o2", "50.00", ",EUR"), order("o3", "50.00", ",GBP")];
    let place = orders(&rows, ",currency", &with_rates(LENIENT));
    // The rate of the pound holds from the next day on.
    place.put("rates.csv", format!("{RATES}2026-09-02,GBP,9.5\n"));
    run(&place, "2026-09-01");
    assert_eq!(sales(&place), 100.0);
    let aside = place.tables().rows("quarantine/orders");
    let told = aside.iter().map(|row| (text(row, "column").unwrap(), text(row, "reason").unwrap())).collect::<Vec<_>>();
    assert_eq!(told.len(), 2, "{told:?}");
    for (column, reason) in told {
        assert!(column == "currency" && reason.contains("on or before 2026-09-01") && reason.contains("exchange_rates"), "{reason}");
    }
    let place = orders(&rows, ",currency", &with_rates(""));
    place.put("rates.csv", RATES);
    assert_refused(&place, &["no rate of EUR", "exchange_rates"]);
}

#[test]
fn a_rate_has_eight_decimals_at_most() {
    for (rate, is_good) in [("7.12345678", true), ("7.123456789", false), ("0", false), ("-7", false), ("seven", false)] {
        let place = orders(&[order("o1", "100.00", ",USD")], ",currency", &with_rates(""));
        place.put("rates.csv", format!("date,currency,rate\n2026-09-01,USD,{rate}\n"));
        let ran = place.run();
        assert_eq!(ran.code, if is_good { 0 } else { 3 }, "{rate}: {}", ran.said);
    }
}

/// The order is in dollars; refunds are applied for on 2 September, when the rate has changed, and on 20 October, when the order is no longer
/// within sight.
#[test]
fn a_refund_has_the_currency_and_the_rate_of_its_order() {
    let settings = with_rates(&format!("[refunds]\npath = \"refunds.csv\"\n{QUIET}"));
    let place = orders(&[order("o1", "50.00", ",USD")], ",currency", &settings);
    place.put("rates.csv", RATES);
    let refund =
        |id: &str, order: &str, date: &str, currency: &str| format!("s1,{id},{order},{date} 11:00:00,{date} 12:00:00,10.00,{currency}\n");
    let rows = [
        refund("r1", "o1", "2026-09-02", ""),
        refund("r2", "o9", "2026-09-03", "USD"),
        refund("r3", "o9", "2026-09-04", ""),
        refund("r4", "o1", "2026-09-05", "JPY"),
    ];
    place.put("refunds.csv", format!("{REFUNDS},currency\n{}", rows.concat()));
    run(&place, "2026-09-05");
    let dates = ["2026-09-02", "2026-09-03", "2026-09-04", "2026-09-05"];
    assert_eq!(dates.map(|date| of_shop(&place, date, "refund_amount")), [70.0, 90.0, 10.0, 0.5]);
    place.put("refunds.csv", format!("{REFUNDS},currency\n{}", refund("r1", "o1", "2026-10-20", "")));
    place.kefu(&["run", "p.toml", "--date", "2026-10-20"]).expect(0, &[]);
    assert_eq!(of_shop(&place, "2026-10-20", "refund_amount"), 90.0);
}

#[test]
fn a_changed_rate_restates_the_days_with_orders_of_its_currency() {
    for path in ["orders.csv", "orders/{date}.csv"] {
        let place = beside_chats(&format!("[orders]\npath = \"{path}\"\n{QUIET}{}", with_rates("")));
        let next_day = CHATS.lines().skip(1).map(|line| line.replace("2026-09-01", "2026-09-02").replace(",m", ",n") + "\n");
        place.put("chats.csv", format!("{CHATS}{}", next_day.collect::<String>()));
        place.put(&path.replace("{date}", "2026-09-01"), table(&in_three_currencies(), ",currency"));
        place.put("rates.csv", RATES);
        run(&place, "2026-09-01");
        assert_eq!(sales(&place), 600.0, "{path}");
        place.put("rates.csv", RATES.replace("7.00", "8.00"));
        // The day is not asked for.
        place.kefu(&["run", "p.toml", "--date", "2026-09-02", "--as-of", "2026-09-09"]).expect(0, &[]);
        assert_eq!(sales(&place), 650.0, "{path}");
    }
}

/// A presale of June is paid in September: a corrected rate of June restates September.
#[test]
fn a_changed_rate_restates_days_however_old_their_orders_are() {
    let place = beside_chats(&format!("[orders]\npath = \"orders/{{date}}.csv\"\n{QUIET}{}", with_rates("")));
    let presale = "s1,o1,b1,2026-06-10 10:00:00,2026-09-01 12:00:00,50.00,1,USD\n".to_owned();
    place.put("orders/2026-09-01.csv", table(&[presale], ",currency"));
    place.put("rates.csv", "date,currency,rate\n2026-06-01,USD,7\n2026-07-01,USD,8\n");
    run(&place, "2026-09-01");
    assert_eq!(sales(&place), 350.0);
    place.put("rates.csv", "date,currency,rate\n2026-06-01,USD,7.5\n2026-07-01,USD,8\n");
    run(&place, "2026-09-01");
    assert_eq!(sales(&place), 375.0);
}

/// b1 asks, and orders with a flag.
fn flagged(rules: &str) -> Place {
    let settings = format!("{QUIET}[refunds]\npath = \"refunds.csv\"\n[rules]\nexcluded_flags = [\"刷单\"]\n{rules}{LEAN}");
    let place = orders(&[order("o1", "300.00", ",刷单")], ",flag", &settings);
    place.put("refunds.csv", format!("{REFUNDS}\ns1,r1,o1,2026-09-02 10:00:00,2026-09-02 11:00:00,300.00\n"));
    run(&place, "2026-09-02");
    place
}

#[test]
fn flagged_orders_are_out_of_what_the_rule_names() {
    let told = |place: &Place| {
        let first = ["inquiry_buyers", "order_final_buyers", "pay_final_buyers", "shop_amount"].map(|id| of_shop(place, "2026-09-01", id));
        (first, of_shop(place, "2026-09-02", "refund_amount"))
    };
    assert_eq!(told(&flagged("")), ([1.0, 1.0, 1.0, 0.0], 300.0));
    assert_eq!(told(&flagged("excluded_from = [\"conversion\"]\n")), ([1.0, 0.0, 0.0, 0.0], 300.0));
    assert_eq!(told(&flagged("excluded_from = [\"refunds\"]\n")), ([1.0, 1.0, 1.0, 0.0], 0.0));
    assert_eq!(told(&flagged("excluded_from = [\"sales\", \"conversion\", \"refunds\"]\n")), ([1.0, 0.0, 0.0, 0.0], 0.0));
}

const NO_FEES: &str = "[rules]\nexcluded_skus = [\"fee\"]\n";

#[test]
fn items_of_an_excluded_sku_count_nowhere() {
    let rows = [order("o1", "30.00", ",i1,coat"), order("o1", "1.00", ",i2,fee"), order("o2", "1.00", ",i1,fee")];
    let place = orders(&rows, ",item_id,sku_id", &format!("rows = \"item\"\n{NO_FEES}{LEAN}"));
    run(&place, "2026-09-01");
    let ids = ["shop_orders", "shop_qty", "shop_amount"];
    assert_eq!(ids.map(|id| of_shop(&place, "2026-09-01", id)), [1.0, 1.0, 30.0]);
    assert_eq!(audit(&place, "orders"), [3.0, 1.0, 0.0, 0.0, 0.0, 2.0]);
}

/// The order was one of the fee until its last version.
#[test]
fn the_version_that_counts_says_the_sku() {
    for (skus, expected) in [(["fee", "coat"], 30.0), (["coat", "fee"], 0.0)] {
        let version = |(sku, minute): (&str, &str)| order("o1", "30.00", &format!(",{sku},2026-09-01 11:{minute}:00"));
        let place = orders(&[version((skus[0], "01")), version((skus[1], "02"))], ",sku_id,updated_at", &format!("{NO_FEES}{LEAN}"));
        run(&place, "2026-09-01");
        assert_eq!(sales(&place), expected, "{skus:?}");
        let ignored = if expected == 0.0 { 1.0 } else { 0.0 };
        assert_eq!(audit(&place, "orders"), [2.0, 1.0 - ignored, 0.0, 1.0, 0.0, ignored]);
    }
}

#[test]
fn refunds_of_an_excluded_sku_count_nowhere() {
    let place = orders(&[order("o1", "30.00", ",coat")], ",sku_id", &format!("[refunds]\npath = \"refunds.csv\"\n{NO_FEES}{LEAN}"));
    let refund = |id: &str, sku: &str| format!("s1,{id},o1,2026-09-01 11:00:00,2026-09-01 12:00:00,1.00,{sku}\n");
    place.put("refunds.csv", format!("{REFUNDS},sku_id\n{}{}{}", refund("r1", "fee"), refund("r2", "coat"), refund("r3", "")));
    run(&place, "2026-09-01");
    assert_eq!(of_shop(&place, "2026-09-01", "refund_amount"), 2.0);
    assert_eq!(audit(&place, "refunds"), [3.0, 2.0, 0.0, 0.0, 0.0, 1.0]);
}

#[test]
fn excluded_skus_without_any_sku_are_warned_of() {
    let place = orders(&[order("o1", "30.00", "")], "", &format!("{NO_FEES}{LEAN}"));
    assert!(run(&place, "2026-09-01").said.contains("map sku_id under [orders]"));
}

#[test]
fn settings_of_orders_that_cannot_be_are_errors() {
    let cases = [
        (format!("rows = \"item\"\nwhole = [\"amount\"]\n{NO_FEES}"), "excluded_skus"),
        ("amount_is = \"after_refunds\"\n".to_owned(), "[refunds]"),
        ("[reports]\ncurrency = \"RMB元\"\n".to_owned(), "three letters"),
    ];
    for (settings, word) in cases {
        orders(&[order("o1", "30.00", "")], "", &settings).run().expect(2, &[word, "p.toml"]);
    }
}

/// An order that is unpaid in the file of September and paid in that of October.
fn in_monthly_files(pattern: &str, [september, october]: [&str; 2], columns: &str, updated: [&str; 2]) -> Place {
    let place = beside_chats(&format!("[orders]\npath = \"{pattern}\"\n{QUIET}{LEAN}"));
    let paid = order("o1", "30.00", "");
    let unpaid = paid.replace("2026-09-01 10:06:00", "");
    for (name, row, updated) in [(september, unpaid, updated[0]), (october, paid, updated[1])] {
        place.put(name, format!("{HEAD}{columns}\n{}{updated}\n", row.trim_end()));
    }
    place
}

#[test]
fn files_are_read_in_natural_order_and_versions_that_nothing_orders_are_warned_of() {
    let monthly = ["orders_2026-9.csv", "orders_2026-10.csv"];
    for (updated, is_told) in
        [([",", ","], true), ([",2026-09-01 10:05:00", ",2026-09-01 10:05:00"], true), ([",", ",2026-09-01 10:06:00"], false)]
    {
        let place = in_monthly_files("orders_*.csv", monthly, ",updated_at", updated);
        let warning = "1 orders have several versions that differ, and no updated_at tells which is newer";
        let checked = spoken(&place.kefu(&["check", "p.toml", "--date", "2026-09-01"]));
        let ran = run(&place, "2026-09-01");
        assert_eq!(sales(&place), 30.0);
        for said in [checked, ran.said] {
            assert_eq!(said.contains(warning), is_told, "{updated:?}: {said}");
        }
    }
}

#[test]
fn the_later_of_two_partitions_is_newer() {
    let place = in_monthly_files("orders/{date}.csv", ["orders/2026-09-01.csv", "orders/2026-09-02.csv"], "", ["", ""]);
    let ran = run(&place, "2026-09-01");
    assert_eq!(sales(&place), 30.0);
    assert!(!ran.said.contains("which is newer"), "{}", ran.said);
    // Two of one date are not ordered.
    let one_date = ["orders/2026-09-01_9.csv", "orders/2026-09-01_10.csv"];
    let place = in_monthly_files("orders/{date}_*.csv", one_date, "", ["", ""]);
    let ran = run(&place, "2026-09-01");
    assert_eq!(sales(&place), 30.0);
    assert!(ran.said.contains("which is newer"), "{}", ran.said);
}

/// 100 yuan were paid. 30 of them are refunded on the 3rd, 20 on the 5th.
fn after_refunds(orders_path: &str, file: &str, rows: &str) -> Place {
    let settings = format!("amount_is = \"after_refunds\"\n[refunds]\npath = \"refunds.csv\"\n{QUIET}{LEAN}");
    let place = beside_chats(&format!("[orders]\npath = \"{orders_path}\"\n{settings}"));
    place.put(file, format!("{HEAD},updated_at\n{rows}"));
    let refunds = "s1,r1,o1,2026-09-02 10:00:00,2026-09-03 12:00:00,30.00\ns1,r2,o1,2026-09-04 10:00:00,2026-09-05 12:00:00,20.00\ns1,r3,o1,2026-09-04 10:00:00,,50.00\n";
    place.put("refunds.csv", format!("{REFUNDS}\n{refunds}"));
    place
}

#[test]
fn refunds_that_an_amount_no_longer_holds_are_added_back() {
    for (amount, updated) in [("100.00", "2026-09-03 11:59:59"), ("70.00", "2026-09-03 12:00:00"), ("50.00", "2026-09-06 09:00:00")] {
        let place = after_refunds("orders.csv", "orders.csv", &order("o1", amount, &format!(",{updated}")));
        run(&place, "2026-09-03");
        assert_eq!(sales(&place), 100.0, "{updated}");
        assert_eq!(of_shop(&place, "2026-09-03", "refund_amount"), 30.0);
    }
}

#[test]
fn an_amount_after_refunds_is_as_old_as_its_file() {
    for (date, amount) in [("2026-09-02", "100.00"), ("2026-09-03", "70.00"), ("2026-09-05", "50.00")] {
        let place = after_refunds("orders/{date}.csv", &format!("orders/{date}.csv"), &order("o1", amount, ","));
        run(&place, "2026-09-01");
        assert_eq!(sales(&place), 100.0, "{date}");
    }
    assert_refused(&after_refunds("orders.csv", "orders.csv", &order("o1", "100.00", ",")), &["after_refunds", "updated_at"]);
}
