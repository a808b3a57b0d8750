//! OpenLineage events of a run: START, then COMPLETE, FAIL or ABORT, appended to a file or posted to a server. They follow spec 2-0-2.

use super::run_record::RunRecord;
use crate::error::{Error, Kind, Result};
use crate::store::wait;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The producer that every event and facet names.
const PRODUCER: &str = concat!("urn:kefu:", env!("CARGO_PKG_VERSION"));
/// The schema of an event.
const EVENT: &str = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent";
/// The limit on posting one event: a server that is down must not delay a run.
const DEADLINE: Duration = Duration::from_secs(5);

/// The receiver of events.
#[derive(Clone, Debug)]
pub enum LineageTarget {
    /// A file, to which every event is appended as a line.
    File(PathBuf),
    /// A server that events are posted to, with an API key if it needs one.
    Server { url: reqwest::Url, key: Option<String> },
}

impl LineageTarget {
    /// Parses a path or the URL of a server, to which `endpoint` is added unless the URL ends in it. Errors: the URL is not valid or its
    /// scheme is not `file`, `http` or `https`.
    pub fn new(location: &str, endpoint: &str, key: Option<String>) -> Result<LineageTarget> {
        let wrong = |why: &dyn std::fmt::Display| {
            Error::new(Kind::Usage, format!("--openlineage is not a URL: {why}")).hint("write a file's path or http://host:5000")
        };
        if !location.contains("://") {
            return Ok(LineageTarget::File(location.into()));
        }
        let mut url = reqwest::Url::parse(location).map_err(|e| wrong(&e))?;
        match url.scheme() {
            "file" => url.to_file_path().map(LineageTarget::File).map_err(|()| wrong(&"no path")),
            "http" | "https" => {
                let (base, endpoint) = (url.path().trim_end_matches('/').to_owned(), endpoint.trim_matches('/'));
                if !base.ends_with(endpoint) {
                    url.set_path(&format!("{base}/{endpoint}"));
                }
                Ok(LineageTarget::Server { url, key })
            }
            other => Err(wrong(&format!("`{other}` is neither file, http nor https"))),
        }
    }

    /// Delivers an event. Errors: a message without the URL, which may hold a password.
    fn send(&self, event: &Value) -> std::result::Result<(), String> {
        match self {
            LineageTarget::File(path) => {
                let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path).map_err(|e| e.to_string())?;
                // One write per line, so that runs that end at the same time do not mix their lines.
                file.write_all(format!("{event}\n").as_bytes()).map_err(|e| e.to_string())
            }
            LineageTarget::Server { url, key } => {
                let post = async {
                    let client = reqwest::Client::builder().timeout(DEADLINE).build()?;
                    let request = client.post(url.clone()).header("content-type", "application/json").body(event.to_string());
                    let request = if let Some(key) = key { request.bearer_auth(key) } else { request };
                    request.send().await?.error_for_status()
                };
                // The URL is left out of the message, because it may hold a password.
                let answer = wait(post).map_err(|e| e.message().to_owned())?;
                answer.map(drop).map_err(|e| causes(&e.without_url()))
            }
        }
    }
}

/// The messages of an error and its causes.
fn causes(error: &dyn std::error::Error) -> String {
    std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Sends the events of one run.
pub struct Lineage {
    target: LineageTarget,
    namespace: String,
    /// A failure has been logged; further ones are not.
    warned: AtomicBool,
}

impl Lineage {
    /// A sender to a target. `namespace`: that of the pipeline's job.
    pub fn new(target: LineageTarget, namespace: &str) -> Lineage {
        Lineage { target, namespace: namespace.to_owned(), warned: AtomicBool::new(false) }
    }

    /// Sends the START event. Of the record only the id, the pipeline's name and the start are used, because no more is known yet.
    pub fn start(&self, record: &RunRecord) {
        self.emit("START", &record.started_at, record);
    }

    /// Sends the last event of a run: ABORT after a signal, FAIL after an error, or else COMPLETE. `at`: the end, in RFC 3339.
    pub fn end(&self, record: &RunRecord, at: &str) {
        let state = match (record.exit_code, &record.error) {
            (130 | 143, _) => "ABORT",
            (_, Some(_)) => "FAIL",
            // Some partitions may have been held back; the rest is published.
            _ => "COMPLETE",
        };
        self.emit(state, at, record);
    }

    /// Sends an event. The first failure is logged as a warning.
    fn emit(&self, state: &str, at: &str, record: &RunRecord) {
        let event = event(&self.namespace, state, at, record);
        if let Err(why) = self.target.send(&event)
            && !self.warned.swap(true, Ordering::Relaxed)
        {
            tracing::warn!(event = state, why, "lineage events cannot be delivered; the run goes on without them");
        }
    }
}

/// A facet: some content with its producer and schema.
fn facet(schema: &str, mut content: Value) -> Value {
    content["_producer"] = PRODUCER.into();
    content["_schemaURL"] = format!("https://openlineage.io/spec/facets/{schema}").into();
    content
}

/// The JSON of an event.
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

/// The rows, bytes and files of a dataset.
type Sums = [u64; 3];

/// The sums of datasets by namespace and name.
type Datasets = BTreeMap<(String, String), Sums>;

/// The JSON of datasets, each with a facet of its sums.
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

/// The input datasets of a run. A dataset is a folder of files, without the partitions below it.
fn inputs(record: &RunRecord) -> Datasets {
    let mut found = Datasets::new();
    for input in &record.inputs {
        add(&mut found, &record.input, folder(&input.file), [input.rows.max(0) as u64, input.bytes, 1]);
    }
    found
}

/// The output datasets of a run.
fn outputs(record: &RunRecord) -> Datasets {
    let mut found = Datasets::new();
    for partition in &record.partitions.written {
        add(&mut found, &record.output, folder(&partition.key), [partition.rows as u64, partition.bytes as u64, 1]);
    }
    // A file that was computed again with the same bytes is an output too, with nothing written.
    for partition in &record.partitions.unchanged {
        add(&mut found, &record.output, folder(&partition.key), [0; 3]);
    }
    found
}

/// Adds to the sums of a folder's dataset.
fn add(found: &mut Datasets, root: &str, folder: &str, more: Sums) {
    let (namespace, name) = dataset(root, folder);
    let sums = found.entry((namespace, name)).or_default();
    sums.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
}

/// The folder of a key without its partitions: it ends before the first part that has a `=` or begins with a date.
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

/// The namespace and name of a dataset by OpenLineage's naming rules: `s3://bucket` and the key, or `file` and the absolute path.
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
            // A URL may name an account before the host; it is not part of the dataset's name.
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
        let url = |location| match LineageTarget::new(location, "api/v1/lineage", None) {
            Ok(LineageTarget::Server { url, .. }) => url.to_string(),
            other => format!("{other:?}"),
        };
        assert_eq!(url("http://marquez:5000"), "http://marquez:5000/api/v1/lineage");
        assert_eq!(url("http://marquez:5000/"), "http://marquez:5000/api/v1/lineage");
        assert_eq!(url("https://host/base/api/v1/lineage"), "https://host/base/api/v1/lineage");
        assert!(LineageTarget::new("ftp://host", "x", None).is_err());
    }
}
