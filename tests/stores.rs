//! Inputs and outputs in object storage: the same tables as on a disk, readable where they lie.

use crate::support::company::{kefu, repository};
use crate::support::emulators::{BUCKET, Emulators, emulators};
use crate::support::gcs;
use crate::support::http::{Message, forward, send, serve};
use crate::support::proxy::Proxy;
use crate::support::scratch::scratch;
use crate::support::tables::{Tables, number};
use kefu::error::{Error, Kind};
use kefu::store::Store;
use object_store::aws::AmazonS3Builder;
use object_store::memory::InMemory;
use object_store::{ObjectStoreExt, path::Path as Key};
use std::io::Read;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, LazyLock};

const DAY: &str = "2026-10-04";

pub(crate) type Settings = Vec<(&'static str, String)>;

/// A day of the sample company, from one root to another.
fn run(roots: &[(&str, &str)], settings: &Settings) {
    let roots = roots.iter().flat_map(|(flag, root)| [*flag, *root]);
    let ran = kefu().args(["run", "--date", DAY]).args(roots).envs(settings.iter().cloned()).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
}

pub(crate) fn tables(root: &str, settings: &Settings) -> Tables {
    let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
    Tables::of(&Store::open_with(root, settings).unwrap())
}

static LOCAL: LazyLock<Tables> = LazyLock::new(|| {
    let folder = scratch();
    run(&[("--output", folder.path().to_str().unwrap())], &Settings::new());
    Tables::in_folder(folder.path())
});

fn assert_same(tables: &Tables) {
    let published = ["reports", "details", "dims", "quarantine"];
    let (expected, got) = (LOCAL.files(&published), tables.files(&published));
    assert!(!expected.is_empty());
    let keys = |files: &std::collections::BTreeMap<&str, &bytes::Bytes>| files.keys().map(|key| (*key).to_owned()).collect::<Vec<_>>();
    assert_eq!(keys(&got), keys(&expected));
    let differing = expected.iter().find(|(key, bytes)| got[*key] != **bytes);
    assert!(differing.is_none(), "{} differs", differing.unwrap().0);
}

pub(crate) fn s3(url: String) -> Settings {
    let fixed = [("AWS_ACCESS_KEY_ID", "any"), ("AWS_SECRET_ACCESS_KEY", "any"), ("AWS_REGION", "us-east-1"), ("NO_PROXY", "127.0.0.1")];
    let fixed = fixed.map(|(name, value)| (name, value.to_owned()));
    fixed.into_iter().chain([("AWS_ENDPOINT_URL", url)]).collect()
}

/// The sample's files below `in/` of the bucket.
fn upload(emulators: &Emulators) {
    let store = AmazonS3Builder::new().with_endpoint(format!("http://{}", emulators.s3)).with_allow_http(true);
    let store = store.with_bucket_name(BUCKET).with_access_key_id("any").with_secret_access_key("any").build().unwrap();
    let samples = repository().join("sample_data");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for file in files(&samples) {
        let key = Key::parse(format!("in/{}", file.strip_prefix(&samples).unwrap().to_str().unwrap())).unwrap();
        runtime.block_on(store.put(&key, std::fs::read(&file).unwrap().into())).unwrap();
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// The day from S3 to S3, run once for all tests, its requests counted.
struct Bucket {
    settings: Settings,
    requests: Proxy,
    emulators: &'static Emulators,
}

const ROOTS: [(&str, &str); 2] = [("--input", "s3://kefu/in"), ("--output", "s3://kefu/out")];

static S3: LazyLock<Option<Bucket>> = LazyLock::new(|| {
    let emulators = emulators()?;
    upload(emulators);
    let requests = Proxy::start(emulators.s3);
    let settings = s3(requests.url());
    run(&ROOTS, &settings);
    Some(Bucket { settings, requests, emulators })
});

#[test]
fn a_day_from_s3_to_s3_is_the_day_on_a_disk() {
    let Some(bucket) = &*S3 else { return };
    assert_same(&tables(ROOTS[1].1, &bucket.settings));
}

#[test]
fn a_second_run_writes_no_report() {
    let Some(bucket) = &*S3 else { return };
    let before = tables(ROOTS[1].1, &bucket.settings);
    bucket.requests.clear();
    run(&ROOTS, &bucket.settings);
    for folder in ["reports", "details", "dims", "quarantine"] {
        assert_eq!(bucket.requests.count("PUT|POST|DELETE", &format!("/out/{folder}/")), 0, "{folder}");
    }
    assert!(bucket.requests.count("GET", "/in/") > 0, "the second run reads through the same proxy");
    assert_same(&before);
}

const QUERY: &str = "
import duckdb, pathlib, sys
site, endpoint, reports = sys.argv[1:]
extension = next(pathlib.Path(site).glob('duckdb_extension_httpfs/**/httpfs.duckdb_extension'))
db = duckdb.connect()
db.execute(f\"LOAD '{extension}'\")
db.execute(f\"CREATE SECRET (TYPE s3, KEY_ID 'any', SECRET 'any', REGION 'us-east-1', ENDPOINT '{endpoint}', URL_STYLE 'path', USE_SSL false)\")
rows, buyers, amount = db.execute(f\"SELECT count(*), sum(consult_buyers), sum(sales_amount) FROM '{reports}'\").fetchone()
print(rows, buyers, amount)
";

#[test]
fn duckdb_reads_the_same_sums_from_s3() {
    let Some(Bucket { emulators, .. }) = &*S3 else { return };
    let mut python = Command::new("python3");
    python.args(["-c", QUERY]).arg(&emulators.python).arg(emulators.s3.to_string()).arg("s3://kefu/out/reports/shop_day/dt=*/data.parquet");
    let ran = python.env("PYTHONPATH", &emulators.python).env("NO_PROXY", "127.0.0.1").output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let rows = LOCAL.rows("reports/shop_day");
    let sum = |column: &str| rows.iter().filter_map(|row| number(row, column)).sum::<f64>();
    let expected = format!("{} {} {:.2}", rows.len(), sum("consult_buyers"), sum("sales_amount"));
    assert_eq!(String::from_utf8(ran.stdout).unwrap().trim(), expected);
    assert!(!rows.is_empty() && sum("consult_buyers") > 0.0, "{expected}");
}

#[test]
fn a_day_to_azure_is_the_day_on_a_disk() {
    let Some(emulators) = emulators() else { return };
    let settings = vec![("AZURE_STORAGE_CONNECTION_STRING", emulators.azure.clone()), ("NO_PROXY", "127.0.0.1".to_owned())];
    run(&[("--output", "az://kefu/out")], &settings);
    assert_same(&tables("az://kefu/out", &settings));
}

/// A store that does not know conditional writes is asked for none, where the user says so.
#[test]
fn a_day_to_a_store_without_conditional_writes_is_the_day_on_a_disk() {
    let Some(emulators) = emulators() else { return };
    let behind = emulators.s3;
    let store = serve(move |request, client| {
        let has_condition = ["If-Match", "If-None-Match"].iter().any(|name| request.header(name).is_some());
        let answer = if request.method() == "PUT" && has_condition {
            Message::answer(501, "application/xml", "<Error><Code>NotImplemented</Code></Error>")
        } else {
            forward(behind, &request)?
        };
        send(&answer, request.method(), client)
    });
    let mut settings = s3(format!("http://{store}"));
    settings.push(("KEFU_STORE_UNFENCED", "true".to_owned()));
    run(&[("--output", "s3://kefu/unfenced")], &settings);
    assert_same(&tables("s3://kefu/unfenced", &settings));
}

fn google(server: SocketAddr) -> Settings {
    let account = serde_json::json!({
        "gcs_base_url": format!("http://{server}"),
        "disable_oauth": true,
        "client_email": "",
        "private_key": "",
        "private_key_id": "",
    });
    vec![("GOOGLE_SERVICE_ACCOUNT_KEY", account.to_string()), ("NO_PROXY", "127.0.0.1".to_owned())]
}

#[test]
fn a_day_from_google_to_google_is_the_day_on_a_disk() {
    let settings = google(gcs::start());
    let named = settings.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
    let input = Store::open_with("gs://kefu/in", named).unwrap();
    let samples = repository().join("sample_data");
    for file in files(&samples) {
        input.put(file.strip_prefix(&samples).unwrap().to_str().unwrap(), std::fs::read(&file).unwrap()).unwrap();
    }
    let roots = [("--input", "gs://kefu/in"), ("--output", "gs://kefu/out")];
    run(&roots, &settings);
    assert_same(&tables("gs://kefu/out", &settings));
    // Once more for what reads its own states back.
    run(&roots, &settings);
    assert_same(&tables("gs://kefu/out", &settings));
}

#[test]
fn check_finds_every_store_fit_for_output() {
    let Some(emulators) = emulators() else { return };
    let azure = vec![("AZURE_STORAGE_CONNECTION_STRING", emulators.azure.clone())];
    let stores = [
        ("s3://kefu/checked", s3(format!("http://{}", emulators.s3))),
        ("az://kefu/checked", azure),
        ("gs://kefu/checked", google(gcs::start())),
    ];
    for (output, settings) in stores {
        let ran = kefu().args(["check", "--date", DAY, "--output", output]).envs(settings.iter().cloned()).output().unwrap();
        let said = String::from_utf8(ran.stdout).unwrap();
        assert!(ran.status.success(), "{output}: {said}");
        assert_eq!(said.lines().filter(|line| line.starts_with("  output") && line.ends_with(" ok")).count(), 7, "{said}");
        assert!(tables(output, &settings).0.is_empty(), "the probe is gone again");
    }
}

#[test]
fn a_bucket_that_is_not_there_is_told() {
    let Some(emulators) = emulators() else { return };
    let settings = s3(format!("http://{}", emulators.s3));
    let ran = kefu().args(["check", "--date", DAY, "--output", "s3://kefv/out"]).envs(settings).output().unwrap();
    let said = String::from_utf8(ran.stdout).unwrap();
    assert!(ran.status.code() == Some(2) && said.contains("there is no such bucket or container (404 NoSuchBucket"), "{said}");
}

/// A store in memory with one file of 40 MB, and the file.
fn large() -> (Store, kefu::store::StoredObject, Vec<u8>) {
    let store = Store::within(Arc::new(InMemory::new()), "memory");
    let bytes = (0..40_000_000_u32).map(|n| (n % 251) as u8).collect::<Vec<_>>();
    store.put("large", bytes.clone()).unwrap();
    let object = store.list("").unwrap().remove(0);
    (store, object, bytes)
}

#[test]
fn a_large_file_is_read_piece_by_piece() {
    let (store, object, bytes) = large();
    let mut read = Vec::new();
    store.reader(&object).read_to_end(&mut read).unwrap();
    assert!(read == bytes);
}

#[test]
fn a_file_that_is_written_anew_while_it_is_read_is_no_mixture() {
    let (store, object, mut bytes) = large();
    let mut reader = store.reader(&object);
    reader.read_exact(&mut [0; 1000]).unwrap();
    bytes.reverse();
    store.put("large", bytes).unwrap();
    let error = reader.read_to_end(&mut Vec::new()).unwrap_err().downcast::<Error>().unwrap();
    assert_eq!((error.kind(), error.exit_code()), (Kind::NotReady, 75), "{error}");
}
