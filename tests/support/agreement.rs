//! How many logs are drawn where the pipeline and an oracle have to agree.

use proptest::test_runner::{Config, RngSeed};

/// Few cases, the same each time, since each runs the whole pipeline. `PROPTEST_CASES` and `PROPTEST_RNG_SEED` ask for more and others.
pub(crate) fn config(seed: u64) -> Config {
    let config = Config { failure_persistence: None, ..Config::default() };
    let set = |name| std::env::var_os(name).is_some();
    Config {
        max_shrink_iters: if set("PROPTEST_MAX_SHRINK_ITERS") { config.max_shrink_iters } else { 300 },
        cases: if set("PROPTEST_CASES") { config.cases } else { 16 },
        rng_seed: if set("PROPTEST_RNG_SEED") { config.rng_seed } else { RngSeed::Fixed(seed) },
        ..config
    }
}
