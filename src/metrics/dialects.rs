//! The names that other products give a metric, and how their definitions differ (平台叫法). The entries are in `dialects.toml`.

use crate::error::{Error, Kind, Result};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The products whose names are listed, in the order of the published columns.
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
    /// Every product.
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

    /// The product's name in Chinese and English.
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

/// How the definitions of other products differ, in Chinese and English.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Differs {
    pub zh: String,
    pub en: String,
}

/// The entry of one metric.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dialect {
    /// The id of the metric.
    pub id: String,
    /// Its name in each product; a product whose name is unknown is missing.
    pub names: BTreeMap<Product, String>,
    /// How their definitions differ from ours.
    pub differs: Differs,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    metric: Vec<Dialect>,
}

/// Every entry of the file. A test checks that each names a declared metric and that none is named twice. Errors: the file is malformed.
pub fn dialects() -> Result<Vec<Dialect>> {
    let file: std::result::Result<File, _> = toml::from_str(include_str!("dialects.toml"));
    Ok(file.map_err(|e| Error::new(Kind::Failed, e.message()).with("file", "src/metrics/dialects.toml"))?.metric)
}
