//! The assessed hours of a shop's business days, and the part of a wait that lies in them (§4).

use super::input::Input;
use super::rules::{Rules, WaitClock};
use super::time::{DAY_MS, in_hours};

impl Input {
    /// The spans of a business day: those of the shop's holiday, else of everybody's, else of the weekday.
    fn assessed_spans<'a>(&'a self, rules: &'a Rules, shop: &str, day: i64) -> &'a [(i64, i64)] {
        let mut of_shop = None;
        let mut of_all = None;
        for holiday in self.holidays.iter().flatten().filter(|holiday| holiday.day == day) {
            match &holiday.shop {
                Some(name) if name == shop => of_shop = Some(holiday),
                Some(_) => {}
                None => of_all = Some(holiday),
            }
        }
        // 1970-01-01 was a Thursday: three days after a Monday.
        let weekday = (day + 3).rem_euclid(7) as usize;
        of_shop.or(of_all).map_or(rules.assessed_hours[weekday].as_slice(), |holiday| holiday.spans.as_slice())
    }

    /// Whether the wall clock of an instant lies in a span of the instant's business day.
    pub(crate) fn in_assessed_hours(&self, rules: &Rules, shop: &str, at: i64) -> bool {
        let spans = self.assessed_spans(rules, shop, self.business_day(at));
        spans.iter().any(|span| in_hours(self.local_clock(at), *span))
    }

    /// How long a wait was on the clock of the rules. One that ends before it begins is 0.
    pub(super) fn waited(&self, rules: &Rules, shop: &str, from: i64, to: i64) -> i64 {
        if rules.wait_clock == WaitClock::Calendar {
            return (to - from).max(0);
        }
        // Between two neighbouring edges the hours are open throughout, or closed.
        let mut edges = vec![from, to];
        for day in self.business_day(from)..=self.business_day(to) {
            let start = self.start_of_day(day);
            edges.push(start);
            for (open, close) in self.assessed_spans(rules, shop, day) {
                edges.extend([*open, *close].map(|clock| start + (clock - self.day_starts_ms).rem_euclid(DAY_MS)));
            }
        }
        edges.retain(|edge| from <= *edge && *edge <= to);
        edges.sort();
        let stretches = edges.windows(2).filter(|pair| self.in_assessed_hours(rules, shop, pair[0]));
        stretches.map(|pair| pair[1] - pair[0]).sum()
    }
}
