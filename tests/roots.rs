//! Roots that cannot be used: found by `check` within seconds, told in a line with what to do.

use crate::support::http::{Message, send, serve};
use crate::support::place::{PIPELINE, Place, Ran};
use crate::support::proxy::{Fault, Proxy, Rule};
use kefu::error::{Error, Kind};
use std::net::SocketAddr;
use std::sync::mpsc;

const SECRET: &str = "topsecretkey";

fn check(output: &str, endpoint: &str, more: &[(&str, &str)]) -> Ran {
    let place = Place::new(PIPELINE);
    let settings = [
        ("AWS_ENDPOINT_URL", endpoint),
        ("AWS_ACCESS_KEY_ID", "someone"),
        ("AWS_SECRET_ACCESS_KEY", SECRET),
        ("AWS_REGION", "us-east-1"),
        ("KEFU_STORE_DEADLINE", "1"),
        ("NO_PROXY", "127.0.0.1"),
        ("KEFU_LOG", "trace"),
    ];
    let ran = place.kefu_with(&["check", "p.toml", "--date", "2026-09-01", "--output", output], &[&settings, more].concat());
    assert!(!ran.stdout.contains(SECRET) && !ran.said.contains(SECRET), "a secret was told: {} {}", ran.stdout, ran.said);
    ran
}

/// The line of a probe of the output.
fn line<'a>(ran: &'a Ran, probe: &str) -> &'a str {
    let lines = ran.stdout.lines().filter(|line| line.trim_start().starts_with("output"));
    lines.into_iter().find(|line| line.contains(&format!(" {probe} "))).unwrap_or_else(|| panic!("no {probe}: {}", ran.stdout))
}

fn nobody() -> SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

#[test]
fn every_fault_of_a_store_has_its_line_hint_and_exit_code() {
    let cases = [
        (Fault::Status(403, "AccessDenied"), 2, "refuses access (403 AccessDenied", "may these credentials"),
        (Fault::Status(400, "ExpiredToken"), 2, "credentials have expired", "AWS_SESSION_TOKEN"),
        (Fault::Status(404, "NoSuchBucket"), 2, "no such bucket", "spelled right"),
        (Fault::Status(301, "PermanentRedirect"), 2, "another region", "AWS_REGION"),
        (Fault::Status(503, "SlowDown"), 75, "overloaded (503 SlowDown", "run again later"),
        (Fault::Drop, 75, "cut off", "run again"),
        (Fault::Hold, 75, "does not answer", "endpoint"),
    ];
    for (fault, code, says, hint) in cases {
        let proxy = Proxy::start(nobody());
        proxy.rule(Rule::new("", "", fault.clone()));
        let ran = check("s3://bucket/out", &proxy.url(), &[]);
        assert_eq!(ran.code, code, "{fault:?}: {}", ran.stdout);
        let told = line(&ran, "list");
        assert!(told.contains(says) && told.contains(hint), "{fault:?}: {told}");
        assert!(ran.said.contains(says), "{fault:?}: {}", ran.said);
        assert!(ran.stdout.contains("input  list") && ran.stdout.contains("messages"), "the rest is looked at: {}", ran.stdout);
    }
}

#[test]
fn a_store_that_is_not_there_is_given_up() {
    let refused = check("s3://bucket/out", &format!("http://{}", nobody()), &[]);
    refused.expect(75, &["refuses the connection"]);
    assert!(line(&refused, "create").contains("not tried"), "{}", refused.stdout);
    check("s3://bucket/out", "http://store.invalid:9", &[]).expect(75, &["host name is not known"]);
}

#[test]
fn settings_that_cannot_be_are_named_without_their_values() {
    check("s3://bucket/out", "topsecretkey", &[]).expect(2, &["the endpoint is not a URL"]);
    check("s3://bucket/out", "http://127.0.0.1:9", &[("AWS_VIRTUAL_HOSTED_STYLE_REQUEST", "true")]).expect(2, &["cannot go before"]);
    check("az://container/out", "", &[("AZURE_STORAGE_KEY", SECRET)]).expect(2, &["the account is not set"]);
    check("s3://bucket/out", "", &[("KEFU_STORE_DEADLINE", "soon")]).expect(2, &["KEFU_STORE_DEADLINE"]);
}

/// A store with an empty listing that answers every PUT as told, remembers the last body, and reports each request's host and path.
fn simple(put: fn(&Message) -> u16) -> (SocketAddr, mpsc::Receiver<(String, String)>) {
    let (sender, seen) = mpsc::channel();
    let body = std::sync::Mutex::new(Vec::new());
    let address = serve(move |request, client| {
        let _ = sender.send((request.header("Host").unwrap().to_owned(), request.target()));
        let mut answer = match request.method() {
            "PUT" if put(&request) == 200 => {
                *body.lock().unwrap() = request.body.clone();
                Message::answer(200, "text/plain", "")
            }
            "PUT" => Message::answer(put(&request), "application/xml", "<Error><Code>NotImplemented</Code></Error>"),
            "GET" if request.target().contains("list-type") => {
                Message::answer(200, "application/xml", "<ListBucketResult></ListBucketResult>")
            }
            "GET" => Message::answer(200, "text/plain", body.lock().unwrap().clone()),
            "POST" => Message::answer(200, "application/xml", "<DeleteResult><Deleted><Key>any</Key></Deleted></DeleteResult>"),
            _ => Message::answer(204, "text/plain", ""),
        };
        let headers = [("ETag", "\"1\""), ("Last-Modified", "Tue, 01 Sep 2026 00:00:00 GMT")];
        answer.headers.extend(headers.map(|(name, value)| (name.to_owned(), value.to_owned())));
        send(&answer, request.method(), client)
    });
    (address, seen)
}

#[test]
fn a_store_that_overwrites_against_a_condition_is_refused() {
    let (store, _) = simple(|_| 200);
    let ran = check("s3://bucket/out", &format!("http://{store}"), &[]);
    ran.expect(2, &["overwrites although it was told not to"]);
    let oks = ["list", "create", "read back", "delete"].map(|probe| line(&ran, probe).contains(" ok"));
    assert_eq!(oks, [true; 4], "{}", ran.stdout);
    assert!(
        line(&ran, "second create refused").contains("failed") && line(&ran, "outdated update refused").contains("failed"),
        "{}",
        ran.stdout
    );
}

#[test]
fn a_store_without_conditional_writes_is_refused_at_once() {
    let (store, _) = simple(|request| if request.header("If-None-Match").is_some() { 501 } else { 200 });
    let ran = check("s3://bucket/out", &format!("http://{store}"), &[]);
    ran.expect(2, &["does not know this sort of request", "conditional writes"]);
    assert!(line(&ran, "update").contains("not tried"), "{}", ran.stdout);
}

/// Aliyun's endpoint is one; elsewhere it is asked for.
#[test]
fn the_bucket_stands_in_the_host_where_the_store_wants_it_there() {
    let asked = ("AWS_VIRTUAL_HOSTED_STYLE_REQUEST", "true");
    let cases = [
        ("http://oss-cn-hangzhou.aliyuncs.com", None, "bucket.oss-cn-hangzhou.aliyuncs.com", "/?"),
        ("http://store.example", Some(asked), "bucket.store.example", "/?"),
        ("http://bucket.store.example", Some(asked), "bucket.store.example", "/?"),
        ("http://store.example", None, "store.example", "/bucket?"),
    ];
    for (endpoint, more, host, path) in cases {
        let (store, seen) = simple(|_| 200);
        let through = format!("http://{store}");
        check("s3://bucket/out", endpoint, &more.into_iter().chain([("AWS_PROXY_URL", through.as_str())]).collect::<Vec<_>>());
        let (seen_host, target) = seen.recv().unwrap();
        assert_eq!(seen_host, host, "{endpoint}");
        assert!(target.contains(&format!("{host}{path}")), "{endpoint}: {target}");
    }
}

#[test]
fn a_folder_that_cannot_be_is_told_in_the_systems_words() {
    let place = Place::new(PIPELINE);
    let ran = place.kefu(&["check", "p.toml", "--date", "2026-09-01", "--output", "p.toml/out"]);
    ran.expect(1, &["Not a directory", "output: list"]);
}

#[test]
fn check_tries_a_folder_and_leaves_it_as_it_was() {
    let place = Place::new(PIPELINE);
    place.put("kept/mine", "x");
    let ran = place.kefu(&["check", "p.toml", "--date", "2026-09-01", "--output", "kept", "--json"]);
    ran.expect(0, &[]);
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let outcomes = report["probes"].as_array().unwrap().iter();
    let outcomes = outcomes.map(|p| format!("{} {}: {}", p["root"], p["what"], p["outcome"]).replace('"', "")).collect::<Vec<_>>();
    let expected = [
        "input list: ok",
        "input read: ok",
        "output list: ok",
        "output create: ok",
        "output second create refused: ok",
        "output update: not_tried",
        "output outdated update refused: not_tried",
        "output read back: ok",
        "output delete: ok",
    ];
    assert_eq!(outcomes, expected);
    let left = std::fs::read_dir(place.path("kept")).unwrap().map(|entry| entry.unwrap().file_name()).collect::<Vec<_>>();
    assert_eq!(left, ["mine"]);
}

/// A request that failed as the library tells it, in all its words.
fn request(answer: &str) -> Error {
    let text = format!(
        "Error performing GET https://b.oss.example/certificate/NoSuchBucket?sig=hunter2 in 1.2s, after 3 retries, max_retries: 9, retry_timeout: 60s  - {answer}"
    );
    object_store::Error::Generic { store: "S3", source: text.into() }.into()
}

#[test]
fn a_servers_words_are_not_repeated() {
    let body = "Server returned non-2xx status code: 403 Forbidden: <Error><Code>SignatureDoesNotMatch</Code><Token>hunter2</Token></Error>\nhunter2";
    let error = request(body);
    let said = error.to_string();
    assert_eq!(error.kind(), Kind::Config);
    assert_eq!(said, "the store refuses the signature (403 SignatureDoesNotMatch, b.oss.example, after 3 retries)");
    assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
}

#[test]
fn a_code_that_is_not_a_word_is_left_out() {
    let said = request("Server returned non-2xx status code: 418 Teapot: <Code>hunter2=1 x</Code>").to_string();
    assert_eq!(said, "the store refuses the request (418, b.oss.example, after 3 retries)");
}

#[test]
fn each_cause_has_its_sentence() {
    let cases = [
        ("status code: 400 Bad Request: <Code>ExpiredToken</Code>", "the credentials have expired", Kind::Config),
        ("DeleteObjects request failed for key x: hunter2 (code: AccessDenied)", "refuses access (403 AccessDenied", Kind::Config),
        ("status code: 404 Not Found: <Code>NoSuchBucket</Code>", "there is no such bucket", Kind::Config),
        ("Received redirect without LOCATION, this normally indicates", "the bucket is in another region", Kind::Config),
        ("HTTP error: error sending request: dns error", "host name is not known", Kind::NotReady),
        ("HTTP error: tcp connect error: Connection refused (os error 111)", "refuses the connection", Kind::NotReady),
        ("HTTP error: no answer within 5s", "does not answer", Kind::NotReady),
        ("Server returned non-2xx status code: 503 Service Unavailable: <Code>SlowDown</Code>", "overloaded", Kind::NotReady),
        ("HTTP error: status code: 501 Not Implemented", "does not know this sort of request", Kind::Config),
        ("Server returned non-2xx status code: 403 Forbidden: <Code>AccessDenied</Code>", "refuses access", Kind::Config),
    ];
    for (answer, says, kind) in cases {
        let error = request(answer);
        assert!(error.to_string().contains(says), "{answer}: {error}");
        assert_eq!(error.kind(), kind, "{answer}");
        assert!(!error.to_string().contains('\n'), "{error}");
    }
}

#[test]
fn the_right_region_is_named() {
    let error = request("status code: 400 Bad Request: <Code>AuthorizationHeaderMalformed</Code><Region>eu-west-1</Region>");
    assert!(miette::Diagnostic::help(&error).is_some_and(|hint| hint.to_string() == "set AWS_REGION=eu-west-1"));
}
