//! Object stores on the loopback, started once for all tests and gone with the test process. Without them the tests that need one
//! say so in one line and pass; with `KEFU_EMULATORS=required` they fail.

use super::company::repository;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;

/// The bucket and the container there are.
pub(crate) const BUCKET: &str = "kefu";

pub(crate) struct Emulators {
    pub s3: SocketAddr,
    /// Azure's connection string.
    pub azure: String,
    /// Where Python finds DuckDB.
    pub python: PathBuf,
    /// The stores end when its standard input does.
    _serving: Child,
}

static EMULATORS: LazyLock<Result<Emulators, String>> = LazyLock::new(|| {
    let started = start();
    if let Err(why) = &started {
        // Past the test harness, which keeps what a passing test prints.
        let _ =
            writeln!(std::io::stderr(), "the tests on object stores are left out: {why} (KEFU_EMULATORS=required makes this a failure)");
    }
    started
});

/// None where they cannot be had and need not be.
pub(crate) fn emulators() -> Option<&'static Emulators> {
    match &*EMULATORS {
        Ok(emulators) => Some(emulators),
        Err(why) if std::env::var_os("KEFU_EMULATORS").is_some_and(|wanted| wanted == "required") => panic!("{why}"),
        Err(_) => None,
    }
}

/// Outside the clone where `KEFU_EMULATORS_HOME` says so, else beside what cargo builds.
fn home() -> PathBuf {
    let beside = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("emulators");
    std::env::var_os("KEFU_EMULATORS_HOME").map_or(beside, PathBuf::from)
}

fn start() -> Result<Emulators, String> {
    let mut script = Command::new("bash");
    script.arg(repository().join("tests/support/emulators.sh")).arg("serve").arg(home());
    script.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut serving = script.spawn().map_err(|e| format!("bash cannot be started: {e}"))?;
    let said = BufReader::new(serving.stdout.take().unwrap()).lines().map_while(Result::ok);
    let said = said.take_while(|line| line != "ready").collect::<Vec<_>>();
    let part = |name: &str| said.iter().find_map(|line| Some(line.strip_prefix(name)?.trim().to_owned()));
    match (part("s3 http://"), part("azure "), part("python ")) {
        (Some(s3), Some(azure), Some(python)) => Ok(Emulators { s3: s3.parse().unwrap(), azure, python: python.into(), _serving: serving }),
        _ => Err(last_words(serving)),
    }
}

fn last_words(mut script: Child) -> String {
    let mut said = String::new();
    let _ = script.stderr.take().unwrap().read_to_string(&mut said);
    let _ = script.wait();
    said.lines().last().unwrap_or("the emulators' script said nothing").to_owned()
}
