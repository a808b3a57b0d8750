//! What other products call a metric of ours, and how theirs differs (平台叫法). The words stand in `dialects.toml`.

use crate::error::{Error, Kind, Result};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The products whose words are known, in the order of the columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Product {
    Chitu,
    Feige,
    Dongdong,
    Pdd,
    Kuaishou,
    #[serde(rename = "1688")]
    Alibaba,
    Xiaohongshu,
    Taobao,
}

impl Product {
    pub const ALL: [Product; 8] = [
        Product::Chitu,
        Product::Feige,
        Product::Dongdong,
        Product::Pdd,
        Product::Kuaishou,
        Product::Alibaba,
        Product::Xiaohongshu,
        Product::Taobao,
    ];

    /// Its name in Chinese and English.
    pub fn name(self) -> [&'static str; 2] {
        match self {
            Product::Chitu => ["赤兔", "Chitu"],
            Product::Feige => ["飞鸽", "Feige (Douyin)"],
            Product::Dongdong => ["咚咚", "Dongdong (JD)"],
            Product::Pdd => ["拼多多", "Pinduoduo"],
            Product::Kuaishou => ["快手", "Kuaishou"],
            Product::Alibaba => ["1688", "1688"],
            Product::Xiaohongshu => ["小红书", "Xiaohongshu"],
            Product::Taobao => ["淘宝", "Taobao"],
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Differs {
    pub zh: String,
    pub en: String,
}

/// The words for one metric. A product whose word is not known is left out.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dialect {
    pub id: String,
    pub names: BTreeMap<Product, String>,
    pub differs: Differs,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    metric: Vec<Dialect>,
}

/// Every entry of the file. That each names a declared metric, once, is a test.
pub fn dialects() -> Result<Vec<Dialect>> {
    let file: std::result::Result<File, _> = toml::from_str(include_str!("dialects.toml"));
    Ok(file.map_err(|e| Error::new(Kind::Failed, e.message()).with("file", "src/metrics/dialects.toml"))?.metric)
}
