//! The pipeline file as written, and the plan to which it resolves: time zone, stores, rule sets, limits and judgement settings.

mod bilingual;
mod buyer_key;
mod effective;
mod flag_rules;
mod judgement;
mod limits;
pub mod path_template;
mod pipeline;
mod plan;
pub mod presets;
mod rule_sets;
mod scorecards;
mod shop_set;
mod source;
mod source_check;

pub use bilingual::BilingualText;
pub use buyer_key::{BuyerKey, KeyedIds, PrivacyConfig};
pub use effective::{effective_rules, known_presets};
pub use flag_rules::{FlagCheck, FlagRule, SampleFloor};
pub use judgement::{Direction, JudgementConfig, JudgementSettings, Remedy, parse_flags, parse_scorecards};
pub use limits::Limits;
pub(crate) use limits::{
    BAD_ROWS, BATCH_BYTES, CELL, COLUMNS, DELTA_VALUES, FOOTER, LimitExceeded, MIB, ROWS_PER_BYTE, SCHEMA_DEPTH, ZSTD_WINDOW_LOG,
};
pub use pipeline::{OnMissing, OnWarning};
pub use plan::{Overrides, Plan, weekday, zone};
pub use rule_sets::{RuleSetId, RuleSets};
pub use scorecards::{Scorecard, ScorecardItem, is_within};
pub use shop_set::{ShopSet, ShopSetMembers};
pub use source::{AmountMeaning, EpochUnit, InputFormat, LineOrder, Mark, MoneyUnit, NullWords, RowOrder, RowUnit, SourceConfig};
pub use source_check::unused_setting;
