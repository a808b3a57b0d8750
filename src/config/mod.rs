//! The pipeline file as written, and the plan to which it resolves: time zone, stores, rule sets, limits and judgement settings.

mod bilingual;
mod buyer_key;
mod effective;
mod flag_rules;
mod judgement;
mod limits;
mod pipeline;
mod plan;
pub mod presets;
mod rule_sets;
mod scorecards;
mod shop_set;

pub use bilingual::BilingualText;
pub use buyer_key::{BuyerKey, KeyedIds, PrivacyConfig};
pub use effective::{effective_rules, known_presets};
pub use flag_rules::{FlagCheck, FlagRule, SampleFloor};
pub use judgement::{Direction, JudgementConfig, JudgementSettings, Remedy, parse_flags, parse_scorecards};
pub use limits::Limits;
pub(crate) use limits::{
    BAD_ROWS, BATCH_BYTES, CELL, COLUMNS, DELTA_VALUES, FOOTER, LimitExceeded, MIB, PAGE, ROWS_PER_BYTE, SCHEMA_DEPTH, ZSTD_WINDOW_LOG,
};
pub use pipeline::{EpochUnit, InputFormat, OnMissing, SourceConfig};
pub use plan::{Overrides, Plan, zone};
pub use rule_sets::{RuleSetId, RuleSets};
pub use scorecards::{Scorecard, ScorecardItem, is_within};
pub use shop_set::{ShopSet, ShopSetMembers};
