//! Runs of consecutive days, as the manifest keeps many days and as messages name them.

use kefu_kernel::calendar::Day;

/// The first and last day of each run of consecutive days. `days`: in order.
pub fn day_runs(days: impl IntoIterator<Item = Day>) -> Vec<(Day, Day)> {
    let mut runs: Vec<(Day, Day)> = Vec::new();
    for day in days {
        match runs.last_mut() {
            Some((_, last)) if last.plus(1) == day => *last = day,
            _ => runs.push((day, day)),
        }
    }
    runs
}

/// The first and last day of a run as a sentence names them.
pub fn named((first, last): (Day, Day)) -> String {
    if first == last { first.to_string() } else { format!("{first} to {last}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_in_a_row_are_one_run() {
        let runs = |days: &[i32]| day_runs(days.iter().copied().map(Day)).into_iter().map(|(first, last)| (first.0, last.0)).collect();
        let cases: [(&[i32], Vec<(i32, i32)>); 4] =
            [(&[], vec![]), (&[3], vec![(3, 3)]), (&[1, 2, 3], vec![(1, 3)]), (&[1, 3, 4, 9], vec![(1, 1), (3, 4), (9, 9)])];
        for (days, expected) in cases {
            let found: Vec<(i32, i32)> = runs(days);
            assert_eq!(found, expected, "{days:?}");
        }
    }
}
