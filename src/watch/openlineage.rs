//! A run as OpenLineage events: START, then COMPLETE, FAIL or ABORT, appended to a file or posted to a server. Model: spec 2-0-2.

use crate::error::{Error, Kind, Result};
use crate::publish::RunRecord;
use crate::store::wait;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const PRODUCER: &str = concat!("urn:kefu:", env!("CARGO_PKG_VERSION"));
const EVENT: &str = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent";
/// A server that is down must not keep a run waiting.
const DEADLINE: Duration = Duration::from_secs(5);

/// Where events go.
#[derive(Clone, Debug)]
pub enum Target {
    File(PathBuf),
    Server { url: reqwest::Url, key: Option<String> },
}

impl Target {
    /// A path, or the server's URL to which the endpoint is added unless it has it. Errors: no such URL.
    pub fn new(location: &str, endpoint: &str, key: Option<String>) -> Result<Target> {
        let wrong = |why: &dyn std::fmt::Display| {
            Error::new(Kind::Usage, format!("--openlineage is not a URL: {why}")).hint("write a file's path or http://host:5000")
        };
        if !location.contains("://") {
            return Ok(Target::File(location.into()));
        }
        let mut url = reqwest::Url::parse(location).map_err(|e| wrong(&e))?;
        match url.scheme() {
            "file" => url.to_file_path().map(Target::File).map_err(|()| wrong(&"no path")),
            "http" | "https" => {
                let (base, endpoint) = (url.path().trim_end_matches('/').to_owned(), endpoint.trim_matches('/'));
                if !base.ends_with(endpoint) {
                    url.set_path(&format!("{base}/{endpoint}"));
                }
                Ok(Target::Server { url, key })
            }
            other => Err(wrong(&format!("`{other}` is neither file, http nor https"))),
        }
    }

    fn send(&self, event: &Value) -> std::result::Result<(), String> {
        match self {
            Target::File(path) => {
                let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path).map_err(|e| e.to_string())?;
                // One write a line: runs that end together must not mix their lines.
                file.write_all(format!("{event}\n").as_bytes()).map_err(|e| e.to_string())
            }
            Target::Server { url, key } => {
                let post = async {
                    let client = reqwest::Client::builder().timeout(DEADLINE).build()?;
                    let request = client.post(url.clone()).header("content-type", "application/json").body(event.to_string());
                    let request = if let Some(key) = key { request.bearer_auth(key) } else { request };
                    request.send().await?.error_for_status()
                };
                // The URL may hold a password.
                let answer = wait(post).map_err(|e| e.message().to_owned())?;
                answer.map(drop).map_err(|e| causes(&e.without_url()))
            }
        }
    }
}

fn causes(error: &dyn std::error::Error) -> String {
    std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// The events of one run.
pub struct Lineage {
    target: Target,
    namespace: String,
    warned: AtomicBool,
}

impl Lineage {
    pub fn new(target: Target, namespace: &str) -> Lineage {
        Lineage { target, namespace: namespace.to_owned(), warned: AtomicBool::new(false) }
    }

    /// The run begins. Of the record only what it is called is known yet.
    pub fn start(&self, record: &RunRecord) {
        self.emit("START", &record.started_at, record);
    }

    /// The run has ended as its record says.
    pub fn end(&self, record: &RunRecord, at: &str) {
        let state = match (record.exit_code, &record.error) {
            (130 | 143, _) => "ABORT",
            (_, Some(_)) => "FAIL",
            // Published, if with a hold.
            _ => "COMPLETE",
        };
        self.emit(state, at, record);
    }

    fn emit(&self, state: &str, at: &str, record: &RunRecord) {
        let event = event(&self.namespace, state, at, record);
        if let Err(why) = self.target.send(&event)
            && !self.warned.swap(true, Ordering::Relaxed)
        {
            tracing::warn!(event = state, why, "lineage events cannot be delivered; the run goes on without");
        }
    }
}

fn facet(schema: &str, mut content: Value) -> Value {
    content["_producer"] = PRODUCER.into();
    content["_schemaURL"] = format!("https://openlineage.io/spec/facets/{schema}").into();
    content
}

fn event(namespace: &str, state: &str, at: &str, record: &RunRecord) -> Value {
    let mut facets = json!({ "processing_engine": facet("1-1-1/ProcessingEngineRunFacet.json#/$defs/ProcessingEngineRunFacet",
        json!({ "name": "kefu", "version": env!("CARGO_PKG_VERSION") })) });
    if let Some(error) = &record.error {
        let context = error.context.iter().map(|(key, value)| format!("\n  {key}: {value}")).collect::<String>();
        facets["errorMessage"] = facet(
            "1-0-1/ErrorMessageRunFacet.json#/$defs/ErrorMessageRunFacet",
            json!({ "message": format!("{}{context}", error.message), "programmingLanguage": "Rust" }),
        );
    }
    let kind = json!({ "processingType": "BATCH", "integration": "KEFU", "jobType": "JOB" });
    let kind = facet("2-0-3/JobTypeJobFacet.json#/$defs/JobTypeJobFacet", kind);
    json!({
        "eventType": state,
        "eventTime": at,
        "producer": PRODUCER,
        "schemaURL": EVENT,
        "run": { "runId": record.run_id, "facets": facets },
        "job": { "namespace": namespace, "name": record.pipeline, "facets": { "jobType": kind } },
        "inputs": datasets(&inputs(record), "inputFacets", "inputStatistics", "1-0-0/InputStatisticsInputDatasetFacet"),
        "outputs": datasets(&outputs(record), "outputFacets", "outputStatistics", "1-0-2/OutputStatisticsOutputDatasetFacet"),
    })
}

/// Rows, bytes and files.
type Sums = [u64; 3];

/// Datasets by namespace and name.
type Datasets = BTreeMap<(String, String), Sums>;

fn datasets(datasets: &Datasets, facets: &str, statistics: &str, schema: &str) -> Vec<Value> {
    let kind = schema.rsplit('/').next().unwrap_or(schema);
    let dataset = |((namespace, name), [rows, bytes, files]): (&(String, String), &Sums)| {
        let content = json!({ "rowCount": rows, "size": bytes, "fileCount": files });
        let mut dataset = json!({ "namespace": namespace, "name": name });
        dataset[facets] = json!({ statistics: facet(&format!("{schema}.json#/$defs/{kind}"), content) });
        dataset
    };
    datasets.iter().map(dataset).collect()
}

/// A dataset is a folder of files, without the partitions below it.
fn inputs(record: &RunRecord) -> Datasets {
    let mut found = Datasets::new();
    for input in &record.inputs {
        add(&mut found, &record.input, folder(&input.file), [input.rows.max(0) as u64, input.bytes, 1]);
    }
    found
}

fn outputs(record: &RunRecord) -> Datasets {
    let mut found = Datasets::new();
    for partition in &record.partitions.written {
        add(&mut found, &record.output, folder(&partition.key), [partition.rows as u64, partition.bytes as u64, 1]);
    }
    // What was made again and came out the same is an output too, with nothing written.
    for partition in &record.partitions.unchanged {
        add(&mut found, &record.output, folder(&partition.key), [0; 3]);
    }
    found
}

fn add(found: &mut Datasets, root: &str, folder: &str, more: Sums) {
    let (namespace, name) = dataset(root, folder);
    let sums = found.entry((namespace, name)).or_default();
    sums.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
}

/// The folders of a key that name no partition: those before the first with a `=` or a date, without the file's name.
fn folder(key: &str) -> &str {
    let mut end = 0;
    for (at, _) in key.match_indices('/') {
        let part = key[end..at].trim_start_matches('/');
        if part.contains('=') || part.get(..10).is_some_and(|text| text.parse::<jiff::civil::Date>().is_ok()) {
            break;
        }
        end = at;
    }
    &key[..end]
}

/// Namespace and name of a folder below a root, by OpenLineage's naming: `s3://bucket` and the key; `file` and the absolute path.
pub(super) fn dataset(root: &str, folder: &str) -> (String, String) {
    let below = |base: &str| [base.trim_matches('/'), folder].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/");
    let local = |path: &str| ("file".to_owned(), format!("/{}", below(path)));
    match root.split_once("://") {
        Some(("file", path)) => local(path),
        Some((scheme, rest)) => {
            let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
            let scheme = match scheme {
                "s3a" => "s3",
                "gcs" => "gs",
                other => other,
            };
            // An account's name may go before the host; it names no data.
            let host = if matches!(scheme, "s3" | "gs") { host.rsplit('@').next().unwrap_or(host) } else { host };
            (format!("{scheme}://{host}"), below(path))
        }
        None => {
            let path = std::path::absolute(root).unwrap_or_else(|_| root.into());
            local(&path.to_string_lossy())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn datasets_are_named_as_openlineage_names_them() {
        let named = |root, folder| dataset(root, folder);
        assert_eq!(named("s3://bucket/reports/", "reports/shop_day"), ("s3://bucket".into(), "reports/reports/shop_day".into()));
        assert_eq!(named("s3a://bucket", "details/rounds"), ("s3://bucket".into(), "details/rounds".into()));
        assert_eq!(named("gs://bucket/a", "b"), ("gs://bucket".into(), "a/b".into()));
        assert_eq!(
            named("abfss://box@account.dfs.core.windows.net/a", "b"),
            ("abfss://box@account.dfs.core.windows.net".into(), "a/b".into())
        );
        assert_eq!(named("file:///data/out", "dims/shop"), ("file".into(), "/data/out/dims/shop".into()));
        assert_eq!(named("/data/out", "dims/shop"), ("file".into(), "/data/out/dims/shop".into()));
        assert_eq!(named("/data/raw", ""), ("file".into(), "/data/raw".into()));
    }

    #[test]
    fn a_dataset_is_a_folder_without_its_partitions() {
        assert_eq!(folder("reports/shop_day/dt=2026-09-01/data.parquet"), "reports/shop_day");
        assert_eq!(folder("messages/2026-09-01/chats.csv"), "messages");
        assert_eq!(folder("dims/shop/data.parquet"), "dims/shop");
        assert_eq!(folder("chat_2026-09-01.csv"), "");
        assert_eq!(folder("dt=2026-09-01/chats.csv"), "");
    }

    #[test]
    fn the_endpoint_is_added_once() {
        let url = |location| match Target::new(location, "api/v1/lineage", None) {
            Ok(Target::Server { url, .. }) => url.to_string(),
            other => format!("{other:?}"),
        };
        assert_eq!(url("http://marquez:5000"), "http://marquez:5000/api/v1/lineage");
        assert_eq!(url("http://marquez:5000/"), "http://marquez:5000/api/v1/lineage");
        assert_eq!(url("https://host/base/api/v1/lineage"), "https://host/base/api/v1/lineage");
        assert!(Target::new("ftp://host", "x", None).is_err());
    }
}
