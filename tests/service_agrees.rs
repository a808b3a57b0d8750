//! Every metric of families H to K and M and of the targets, at both levels and for all five periods, equals the row-loop oracle on
//! logs and tables made to be nasty.

use crate::oracle_service;
use crate::support::agreement::config;
use crate::support::service::{ALL_DECLARED, cases, compared, disagreements};
use kefu::model::Level;
use proptest::test_runner::{TestCaseError, TestError, TestRunner};

#[test]
fn service_is_what_the_oracle_says() {
    let result = TestRunner::new(config(20_260_907)).run(&cases(), |case| {
        let (given, told) = case.given();
        let tables = given.run_in_parts(&case.log.parts(&given.input));
        let wrong = disagreements(&given.input, &case.log.rules, &told, &tables);
        if wrong.is_empty() { Ok(()) } else { Err(TestCaseError::fail(wrong.join("\n"))) }
    });
    if let Err(TestError::Fail(reason, case)) = result {
        let (given, told) = case.given();
        let input = &given.input;
        let days = format!("{} to {}", crate::support::date(input.first_day), crate::support::date(input.landed));
        panic!("{reason}\n{days}\nlines {:#?}\norders {:#?}\n{told:#?}\nrules\n{}", input.lines, input.orders, given.rules);
    }
}

/// A metric that the oracle knows and nobody declares is missing; one that nobody knows is found in `metrics`.
#[test]
fn every_metric_of_service_is_compared() {
    for level in [Level::Shop, Level::Agent] {
        let (compared, known) = (compared(level).len(), oracle_service::ids(level == Level::Agent).len());
        assert!(compared == known || !ALL_DECLARED, "{} of {known} at {}", compared, level.name());
    }
}
