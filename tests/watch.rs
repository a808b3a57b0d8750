//! What a run leaves for those who watch it: its record, its log, metrics, lineage events; and how it takes signals.

use crate::support::company::kefu;
use crate::support::exposition::{Samples, samples};
use crate::support::listener::Listener;
use crate::support::place::{CHATS, CHATS_PATH, PIPELINE, Place};
use serde_json::Value;
use std::process::{Child, Command, Stdio};

const RUN: [&str; 4] = ["run", "p.toml", "--date", "2026-09-01"];
/// No file has landed for it.
const NOT_READY: [&str; 4] = ["run", "p.toml", "--date", "2026-09-02"];

/// The records of all runs, oldest first, each with its name.
fn records(place: &Place) -> Vec<(String, Value)> {
    let Ok(folder) = std::fs::read_dir(place.path("out/_meta/runs")) else { return Vec::new() };
    let mut files = folder.map(|file| file.unwrap().path()).collect::<Vec<_>>();
    files.sort();
    let record = |file: &std::path::PathBuf| serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    files.iter().map(|file| (file.file_stem().unwrap().to_string_lossy().into_owned(), record(file))).collect()
}

fn keys(partitions: &Value) -> Vec<&str> {
    partitions.as_array().unwrap().iter().map(|partition| partition["key"].as_str().unwrap()).collect()
}

#[test]
fn a_run_is_recorded_with_what_it_read_and_wrote() {
    let place = Place::new(PIPELINE);
    let said: Value = serde_json::from_str(&place.kefu(&[&RUN[..], &["--json"]].concat()).expect(0, &[]).stdout).unwrap();
    let [(name, record)] = &records(&place)[..] else { panic!("one record") };
    assert_eq!((record, record["run_id"].as_str()), (&said, Some(name.as_str())));
    assert_eq!(name.as_bytes()[14], b'7', "{name} is a UUID that sorts by time");
    let input = serde_json::json!({ "table": "messages", "file": CHATS_PATH, "bytes": CHATS.len(), "rows": 2 });
    assert_eq!(record["inputs"], serde_json::json!([input]));
    assert_eq!((&record["exit_code"], &record["error"]), (&0.into(), &Value::Null));
    let stages = record["stages"].as_array().unwrap().iter().map(|stage| stage["name"].as_str().unwrap()).collect::<Vec<_>>();
    assert_eq!(stages, ["plan", "open", "read", "sales", "reports", "judgements", "publish"]);
    let report = "reports/shop_day/dt=2026-09-01/data.parquet";
    assert!(keys(&record["partitions"]["written"]).contains(&report), "{record}");
    let machine = place.path("").to_string_lossy().into_owned();
    assert!(!record.to_string().contains(machine.trim_end_matches('/')), "{record}");
    place.kefu(&[&RUN[..], &["--only", "all"]].concat()).expect(0, &[]);
    let again = &records(&place)[1].1;
    assert_eq!(again["partitions"]["written"], serde_json::json!([]));
    assert!(keys(&again["partitions"]["unchanged"]).contains(&report), "{again}");
}

#[test]
fn a_run_that_fails_is_recorded_with_its_error_and_named_in_it() {
    let place = Place::new(PIPELINE);
    let ran = place.kefu(&NOT_READY);
    let [(name, record)] = &records(&place)[..] else { panic!("one record") };
    ran.expect(75, &[&format!("run: {name}")]);
    assert_eq!((&record["exit_code"], &record["error"]["message"]), (&75.into(), &"no messages for 2026-09-02".into()));
    place.put(CHATS_PATH, CHATS.replace("s1,b1,agent", "s1,,agent"));
    place.kefu(&RUN).expect(3, &[]);
    let failed = &records(&place)[1].1["partitions"]["failed"];
    assert_eq!(failed[0]["partition"], "business day 2026-09-01", "{failed}");
}

// ---- the log ----------------------------------------------------------------------------------

fn log(place: &Place, args: &[&str]) -> Vec<Value> {
    let ran = kefu().current_dir(place.path("")).args(args).args(["--log-format", "json"]).output().unwrap();
    let lines = String::from_utf8(ran.stderr).unwrap();
    lines.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"))).collect()
}

#[test]
fn every_line_of_a_json_log_is_an_object_that_names_the_run() {
    let place = Place::new(PIPELINE);
    for args in [[&RUN[..], &["-v"]].concat(), NOT_READY.to_vec(), RUN.to_vec()] {
        let lines = log(&place, &args);
        let run_id = records(&place).last().unwrap().1["run_id"].clone();
        assert!(!lines.is_empty() && lines.iter().all(|line| line["spans"][0]["run_id"] == run_id), "{lines:?}");
    }
    let last = log(&place, &NOT_READY).pop().unwrap();
    assert_eq!((&last["level"], &last["fields"]["exit_code"]), (&"ERROR".into(), &75.into()), "{last}");
}

/// So that a collector can tell which partition of a night was slow.
#[test]
fn every_partition_is_a_span_that_tells_when_it_closes() {
    let lines = log(&Place::new(PIPELINE), &[&RUN[..], &["-v"]].concat());
    let closed = lines.iter().filter(|line| line["fields"]["message"] == "close" && line["fields"]["time.busy"].is_string());
    let spans = closed.map(|line| ["table", "period", "dt"].map(|field| line["span"][field].as_str().unwrap_or_default().to_owned()));
    let spans = spans.collect::<std::collections::BTreeSet<_>>();
    for wanted in [["chats", "day", "2026-09-01"], ["sales", "day", "2026-09-01"], ["reports", "month", "2026-09-01"]] {
        assert!(spans.contains(&wanted.map(str::to_owned)), "{wanted:?} is not in {spans:?}");
    }
}

// ---- metrics ----------------------------------------------------------------------------------

fn metrics(place: &Place) -> Samples {
    samples(&std::fs::read_to_string(place.path("kefu.prom")).unwrap())
}

fn with_metrics(place: &Place, args: &[&str], code: i32) -> Samples {
    place.kefu_with(args, &[("KEFU_METRICS_FILE", "kefu.prom")]).expect(code, &[]);
    metrics(place)
}

#[test]
fn the_last_run_is_exposed_to_prometheus() {
    let place = Place::new(&PIPELINE.replace("small", "a \\\"small\\\" one"));
    let found = with_metrics(&place, &RUN, 0);
    let of = |name: &str, labels: &[(&str, &str)]| found.get(name, &[&[("pipeline", "a \"small\" one")], labels].concat());
    assert_eq!((of("kefu_run_success", &[]), of("kefu_run_exit_code", &[])), (1.0, 0.0));
    assert_eq!(of("kefu_run_rows", &[("table", "messages"), ("fate", "used")]), 2.0);
    assert!(of("kefu_run_files_written", &[]) > 10.0 && of("kefu_run_stage_seconds", &[("stage", "read")]) > 0.0);
    assert!(of("kefu_run_last_success_timestamp_seconds", &[]) >= of("kefu_run_start_timestamp_seconds", &[]));
    let left =
        std::fs::read_dir(place.path("")).unwrap().filter(|file| file.as_ref().unwrap().file_name().to_string_lossy().contains("tmp"));
    assert_eq!(left.count(), 0);
}

/// Also where not even the pipeline file can be read; when a run last succeeded is not forgotten.
#[test]
fn a_run_that_fails_is_exposed_with_the_last_success_before_it() {
    let place = Place::new(PIPELINE);
    let small = [("pipeline", "small")];
    assert_eq!(with_metrics(&place, &NOT_READY, 75).get("kefu_run_last_success_timestamp_seconds", &small), 0.0);
    let succeeded = with_metrics(&place, &RUN, 0).get("kefu_run_last_success_timestamp_seconds", &small);
    place.put("p.toml", format!("{PIPELINE}nonsense = 1\n"));
    for (args, code) in [(RUN, 2), (NOT_READY, 2)] {
        let found = with_metrics(&place, &args, code);
        assert_eq!((found.get("kefu_run_success", &small), found.get("kefu_run_exit_code", &small)), (0.0, 2.0));
        assert_eq!(found.get("kefu_run_last_success_timestamp_seconds", &small), succeeded);
    }
}

#[test]
fn a_metrics_file_that_cannot_be_written_is_a_warning() {
    let place = Place::new(PIPELINE);
    place.kefu(&[&RUN[..], &["--metrics-file", "nowhere/kefu.prom"]].concat()).expect(0, &["WARN", "metrics file cannot be written"]);
}

// ---- lineage ----------------------------------------------------------------------------------

/// The events of a file, checked as far as the specification says what must be there.
fn events(text: &str) -> Vec<Value> {
    let events = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<Value>>();
    for event in &events {
        let is_text = |value: &Value| value.as_str().is_some_and(|text| !text.is_empty());
        let required = [&event["producer"], &event["schemaURL"], &event["job"]["namespace"], &event["job"]["name"]];
        assert!(required.into_iter().all(is_text), "{event}");
        assert!(event["eventTime"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok(), "{event}");
        let id = event["run"]["runId"].as_str().unwrap();
        assert_eq!(id.split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12], "{id}");
        let datasets = ["inputs", "outputs"].into_iter().flat_map(|side| event[side].as_array().unwrap());
        assert!(datasets.clone().all(|dataset| is_text(&dataset["namespace"]) && is_text(&dataset["name"])), "{event}");
        let facets = [&event["run"]["facets"], &event["job"]["facets"]].into_iter();
        let facets = facets.chain(datasets.flat_map(|dataset| [&dataset["inputFacets"], &dataset["outputFacets"]]));
        for facet in facets.filter_map(Value::as_object).flat_map(|facets| facets.values()) {
            assert!(is_text(&facet["_producer"]) && facet["_schemaURL"].as_str().unwrap().contains("/spec/facets/"), "{facet}");
        }
    }
    events
}

#[test]
fn a_run_is_told_to_openlineage_in_a_file() {
    let place = Place::new(PIPELINE);
    for (args, code) in [(RUN, 0), (NOT_READY, 75)] {
        place.kefu(&[&args[..], &["--openlineage", "lineage.ndjson"]].concat()).expect(code, &[]);
    }
    let events = events(&std::fs::read_to_string(place.path("lineage.ndjson")).unwrap());
    let states = events.iter().map(|event| event["eventType"].as_str().unwrap()).collect::<Vec<_>>();
    assert_eq!(states, ["START", "COMPLETE", "START", "FAIL"]);
    assert!(events[0]["run"]["runId"] == events[1]["run"]["runId"] && events[1]["run"]["runId"] != events[2]["run"]["runId"]);
    let folder = place.path("").canonicalize().unwrap();
    let input = &events[1]["inputs"][0];
    assert_eq!((&input["namespace"], &input["name"]), (&"file".into(), &folder.join("messages").to_str().unwrap().into()));
    assert_eq!(input["inputFacets"]["inputStatistics"]["size"], CHATS.len());
    let report = folder.join("out/reports/agent_day");
    let output = events[1]["outputs"].as_array().unwrap().iter().find(|output| output["name"] == report.to_str().unwrap()).unwrap();
    assert_eq!(output["outputFacets"]["outputStatistics"]["rowCount"], 1, "{output}");
    let message = &events[3]["run"]["facets"]["errorMessage"]["message"];
    assert!(message.as_str().unwrap().starts_with("no messages for 2026-09-02"), "{message}");
}

#[test]
fn a_run_is_told_to_an_openlineage_server() {
    let place = Place::new(PIPELINE);
    let listener = Listener::new();
    let settings = [("OPENLINEAGE_URL", listener.url.as_str()), ("OPENLINEAGE_API_KEY", "k3y"), ("OPENLINEAGE_NAMESPACE", "shops")];
    let server = std::thread::spawn({
        let listener = listener.clone();
        move || [listener.next().answer(201), listener.next().answer(500)]
    });
    place.kefu_with(&RUN, &settings).expect(0, &["lineage events cannot be delivered"]);
    let requests = server.join().unwrap();
    for (request, state) in requests.iter().zip(["START", "COMPLETE"]) {
        assert!(request.head.starts_with("POST /api/v1/lineage HTTP/1.1"), "{}", request.head);
        assert!(request.head.to_ascii_lowercase().contains("authorization: bearer k3y"), "{}", request.head);
        let event = &events(&request.body)[0];
        assert_eq!((&event["eventType"], &event["job"]["namespace"]), (&state.into(), &"shops".into()));
    }
}

#[test]
fn a_lineage_server_that_is_down_is_one_warning() {
    let place = Place::new(PIPELINE);
    let nobody = Listener::new().url.replace("http://", "http://user:s3cret@");
    let ran = place.kefu(&[&RUN[..], &["--openlineage", &nobody]].concat());
    ran.expect(0, &[]);
    assert_eq!(ran.said.matches("lineage events cannot be delivered").count(), 1, "{}", ran.said);
    assert!(!ran.said.contains("s3cret"), "{}", ran.said);
    assert!(place.is_published());
}

// ---- signals ----------------------------------------------------------------------------------

/// A run that waits for the lineage server's answer to its START.
fn waiting(place: &Place, listener: &Listener) -> Child {
    let args = [&RUN[..], &["--openlineage", &listener.url]].concat();
    kefu().current_dir(place.path("")).args(args).stderr(Stdio::null()).spawn().unwrap()
}

fn signal(child: &Child, name: &str) {
    assert!(Command::new("kill").args(["-s", name, &child.id().to_string()]).status().unwrap().success());
}

#[test]
fn a_run_that_is_asked_to_stop_leaves_a_record_and_no_report() {
    for (name, code) in [("TERM", 143), ("INT", 130)] {
        let (place, listener) = (Place::new(PIPELINE), Listener::new());
        let mut child = waiting(&place, &listener);
        let start = listener.next();
        signal(&child, name);
        start.answer(201);
        let end = listener.next().answer(201);
        assert_eq!(child.wait().unwrap().code(), Some(code));
        assert_eq!(events(&end.body)[0]["eventType"], "ABORT");
        let [(_, record)] = &records(&place)[..] else { panic!("one record") };
        assert_eq!((&record["exit_code"], &record["error"]["message"]), (&code.into(), &format!("stopped by SIG{name}").into()));
        assert!(!place.is_published());
    }
}

/// While the server still keeps it waiting: there is not even a record.
#[test]
fn a_run_that_is_asked_twice_ends_at_once() {
    let (place, listener) = (Place::new(PIPELINE), Listener::new());
    let mut child = waiting(&place, &listener);
    let _start = listener.next();
    signal(&child, "INT");
    signal(&child, "TERM");
    // Where both wait to be handled, either may be the second.
    assert!(matches!(child.wait().unwrap().code(), Some(130 | 143)));
    assert!(records(&place).is_empty() && !place.is_published());
}
