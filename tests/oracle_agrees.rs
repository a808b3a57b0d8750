//! Every metric of families A to G, at both levels and for all five periods, and every round, session and credit behind them, equals
//! the row-loop oracle on logs made to be nasty.

use crate::oracle::Rules;
use crate::support::agreement::config;
use crate::support::company::{self, DEMO};
use crate::support::compare::{disagreements, untraced};
use crate::support::nasty::cases;
use proptest::test_runner::{TestError, TestRunner};

#[test]
fn the_pipeline_and_the_oracle_agree() {
    let result = TestRunner::new(config(20_260_831)).run(&cases(), |case| {
        let given = case.given();
        let tables = given.run_in_parts(&case.parts(&given.input));
        let mut wrong = untraced(&given.input, &case.rules, &tables);
        wrong.extend(disagreements(&given.input, &case.rules, &tables));
        if wrong.is_empty() { Ok(()) } else { Err(proptest::test_runner::TestCaseError::fail(wrong.join("\n"))) }
    });
    if let Err(TestError::Fail(reason, case)) = result {
        let given = case.given();
        panic!("{}\nlines {:#?}\norders {:#?}\nrules\n{}", reason, given.input.lines, given.input.orders, given.rules);
    }
}

/// The whole demo, five weeks of three shops, at once.
#[test]
fn the_sample_company_is_what_the_oracle_says() {
    let input = company::input();
    let mut wrong = untraced(&input, &Rules::default(), &DEMO.tables);
    wrong.extend(disagreements(&input, &Rules::default(), &DEMO.tables));
    assert!(wrong.is_empty(), "{} cells differ:\n{}", wrong.len(), wrong[..wrong.len().min(20)].join("\n"));
}
