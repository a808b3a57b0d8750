//! What is given for schedulers is sound, and every `kefu …` that is written there, in the README or for operations is a command line.

use crate::support::company::repository;
use crate::support::scratch::scratch;
use clap::Parser;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn read(name: &str) -> String {
    std::fs::read_to_string(repository().join(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// A command that this machine may lack: none with a line that says so.
fn checked(program: &str, args: &[&str]) -> Option<Output> {
    let ran = Command::new(program).args(args).output();
    if ran.is_err() {
        eprintln!("not checked: there is no {program} here");
    }
    ran.ok()
}

/// Python with its yaml module: what a file is, as JSON.
fn yaml(name: &str) -> Option<serde_json::Value> {
    let script = "import json, sys\ntry: import yaml\nexcept ImportError: sys.exit(9)\nprint(json.dumps(list(yaml.safe_load_all(open(sys.argv[1])))))";
    let path = repository().join(name);
    let ran = checked("python3", &["-c", script, path.to_str().unwrap()])?;
    if ran.status.code() == Some(9) {
        eprintln!("{name} not checked: python3 has no yaml module here");
        return None;
    }
    assert!(ran.status.success(), "{name}: {}", String::from_utf8_lossy(&ran.stderr));
    Some(serde_json::from_slice(&ran.stdout).unwrap())
}

// ---- command lines ----------------------------------------------------------------------------

/// The words of a shell's line up to where the command ends: at a pipe, a comment, a redirection, the next command.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for c in line.chars() {
        match (c, quote) {
            (c, Some(q)) if c == q => quote = None,
            ('"' | '\'', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (c, None) if c.is_whitespace() => words.extend(word.take()),
            ('>', None) => {
                // `2>>file`: a number, not a word.
                word.take_if(|word| *word == "1" || *word == "2");
                break;
            }
            ('|' | ';' | '&' | '<', None) => break,
            ('#', None) if word.is_none() => break,
            (c, _) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// A date stands where a scheduler, a shell or a person puts one in.
fn filled(word: &str) -> String {
    let placeholder = word.starts_with("$(") || word.starts_with("${") || word.starts_with('{');
    if placeholder { "2026-11-20".to_owned() } else { word.to_owned() }
}

/// Every line of a text that calls kefu, from that word on: at the line's start, after a shell's keyword or a program's path, or as a list.
fn command_lines(text: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for line in text.replace("\\\n", " ").lines().map(str::trim) {
        if let Some((_, list)) = line.split_once("command: [") {
            let list = list.trim_end_matches(']').split(',').map(|word| word.trim().trim_matches('"').to_owned());
            found.push(list.collect());
            continue;
        }
        let line = line.trim_start_matches("$ ");
        let starts = line.match_indices("kefu ").map(|(at, _)| at);
        // A path before it is its own, `cron.d`'s column before it is a user, and a comment is no call.
        let is_call = |at: &usize| {
            let before = line[..*at].trim_end_matches("/usr/local/bin/").trim_end();
            let own_path = line[..*at].ends_with("/usr/local/bin/");
            let opens = ["", "=", "do", "&&", "|", "COMMAND = \"", "(", "sudo -u kefu"]
                .iter()
                .any(|end| before == *end || !end.is_empty() && before.ends_with(end));
            !line.starts_with('#') && (own_path || opens)
        };
        found.extend(starts.filter(is_call).map(|at| words(line[at..].trim_end_matches('"'))));
    }
    found
}

/// The shell lines of a page: its fenced blocks, and what stands in single backticks.
fn of_markdown(page: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for (place, block) in page.split("```").enumerate() {
        match place % 2 {
            1 if block.starts_with("sh\n") => found.extend(command_lines(&block[3..])),
            0 => {
                let spans = block.split('`').skip(1).step_by(2).map(|span| span.replace('\n', " "));
                let calls = spans.filter(|span| span.starts_with("kefu ")).map(|span| words(&span));
                // A command that is only named.
                let named = |call: Vec<String>| if call.len() == 2 { [call, vec!["--help".to_owned()]].concat() } else { call };
                found.extend(calls.map(named));
            }
            _ => {}
        }
    }
    found
}

fn assert_parses(file: &str, line: &[String]) {
    // `…` stands for whatever goes there.
    if line.iter().any(|word| word.contains('…')) {
        return;
    }
    let parsed = kefu::cli::Cli::try_parse_from(line.iter().map(|word| filled(word)));
    if let Err(e) = parsed
        && e.use_stderr()
    {
        panic!("{file}: `{}`: {e}", line.join(" "));
    }
}

#[test]
fn every_command_line_for_a_scheduler_is_one() {
    let files = files(&repository().join("deploy"));
    assert!(files.len() >= 7, "{files:?}");
    for file in files.iter().filter(|file| file.extension().is_none_or(|e| e != "timer" && e != "dockerignore" && e != "pyc")) {
        let name = file.strip_prefix(repository()).unwrap().to_str().unwrap();
        let lines = if name.ends_with("Dockerfile") { entry_points(&read(name)) } else { command_lines(&read(name)) };
        assert!(!lines.is_empty(), "{name} calls nothing");
        lines.iter().for_each(|line| assert_parses(name, line));
    }
}

fn entry_points(dockerfile: &str) -> Vec<Vec<String>> {
    let list = |head: &str| {
        let line = dockerfile.lines().find_map(|line| line.strip_prefix(head)).unwrap_or_else(|| panic!("no {head}"));
        serde_json::from_str::<Vec<String>>(line).unwrap()
    };
    let documented =
        dockerfile.lines().filter_map(|line| line.split_once("kefu:0.1.0 run ")).map(|(_, rest)| words(&format!("kefu run {rest}")));
    std::iter::once([list("ENTRYPOINT "), list("CMD ")].concat()).chain(documented).collect()
}

#[test]
fn every_command_line_that_a_page_shows_is_one() {
    for name in ["README.md", "README.zh.md", "docs/operations.md"] {
        let lines = of_markdown(&read(name));
        assert!(lines.len() >= 3, "{name}: {lines:?}");
        lines.iter().for_each(|line| assert_parses(name, line));
    }
}

#[test]
fn a_command_line_is_found_with_its_words() {
    let text =
        "x: kefu  /usr/local/bin/kefu run \\\n a.toml --date \"$(date +%F)\" 2>>x; ls\nkefu check 'b c' # why\n# kefu runs\nthe kefu is";
    assert_eq!(command_lines(text), [vec!["kefu", "run", "a.toml", "--date", "$(date +%F)"], vec!["kefu", "check", "b c"]]);
}

// ---- files ------------------------------------------------------------------------------------

/// By systemd itself where it is; else, and besides, its sections and lines.
#[test]
fn the_systemd_units_are_sound() {
    let folder = scratch();
    let mut args = vec!["verify".to_owned()];
    for name in ["kefu.service", "kefu.timer"] {
        let unit = read(&format!("deploy/systemd/{name}"));
        for line in unit.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let section = line.starts_with('[') && line.ends_with(']');
            let setting = line.split_once('=').is_some_and(|(key, _)| key.chars().all(|c| c.is_ascii_alphanumeric()));
            assert!(section || setting, "{name}: {line}");
        }
        let file = folder.path().join(name);
        std::fs::write(&file, unit.replace("/usr/local/bin/kefu", env!("CARGO_BIN_EXE_kefu"))).unwrap();
        args.push(file.to_str().unwrap().to_owned());
    }
    let Some(ran) = checked("systemd-analyze", &args.iter().map(String::as_str).collect::<Vec<_>>()) else { return };
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success() && !said.contains("kefu."), "{said}");
}

/// What a night's memory may be is said in two places that must agree: ours, and a quarter more for everything.
fn memory_limit(text: &str) -> f64 {
    let line = text.split("--memory-limit").nth(1).unwrap();
    let amount = line.trim_start_matches([',', ' ']).split([' ', ',', ']', '"']).next().unwrap();
    kefu::memory::parse_limit(amount.trim()).unwrap() as f64 / f64::from(1 << 30)
}

#[test]
fn the_unit_tries_again_on_75_alone_and_has_room() {
    let unit = read("deploy/systemd/kefu.service");
    let of = |key: &str| unit.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('=')).unwrap();
    assert_eq!((of("Restart"), of("RestartForceExitStatus"), of("MemoryMax")), ("no", "75", "2G"));
    assert!(memory_limit(&unit) * 1.25 <= 2.0);
}

#[test]
fn the_cron_job_is_sound_and_tries_again_on_75_alone() {
    let table = read("deploy/cron");
    let jobs = table.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_digit() || c == '*')).collect::<Vec<_>>();
    assert_eq!(jobs.len(), 2, "{table}");
    for job in jobs {
        let fields = job.split_whitespace().collect::<Vec<_>>();
        for (field, most) in fields.iter().zip([59, 23, 31, 12, 7]) {
            assert!(*field == "*" || field.parse::<u32>().is_ok_and(|n| n <= most), "{job}");
        }
        assert_eq!(fields[5], "kefu", "the user: {job}");
        assert_eq!(job.matches('%').count(), job.matches("\\%").count(), "a bare per cent sign ends the line: {job}");
    }
    assert!(table.contains("[ $code -eq 75 ] || exit $code"));
}

#[test]
fn the_cron_job_of_kubernetes_is_sound() {
    let Some(documents) = yaml("deploy/kubernetes/cronjob.yaml") else { return };
    let job = &documents[1]["spec"];
    assert_eq!((&documents[1]["kind"], &job["concurrencyPolicy"]), (&"CronJob".into(), &"Forbid".into()));
    assert_eq!((&job["timeZone"], &job["schedule"]), (&"Asia/Shanghai".into(), &"30 5 * * *".into()));
    let rules = &job["jobTemplate"]["spec"]["podFailurePolicy"]["rules"];
    assert_eq!((&rules[0]["action"], &rules[1]["action"]), (&"Ignore".into(), &"FailJob".into()));
    assert_eq!(rules[1]["onExitCodes"], serde_json::json!({ "containerName": "kefu", "operator": "NotIn", "values": [75] }));
    let pod = &job["jobTemplate"]["spec"]["template"]["spec"];
    let container = &pod["containers"][0];
    assert_eq!((&pod["restartPolicy"], &container["name"]), (&"Never".into(), &"kefu".into()));
    assert!(pod["terminationGracePeriodSeconds"].as_u64().is_some_and(|seconds| seconds >= 60));
    assert_eq!(
        (&pod["securityContext"]["runAsNonRoot"], &container["securityContext"]["readOnlyRootFilesystem"]),
        (&true.into(), &true.into())
    );
    let command = container["command"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect::<Vec<_>>().join(" ");
    assert!(container["resources"]["limits"]["memory"] == "2Gi" && memory_limit(&command) * 1.25 <= 2.0);
    let folder = scratch();
    let pipeline = folder.path().join("nightly.toml");
    std::fs::write(&pipeline, documents[0]["data"]["nightly.toml"].as_str().unwrap()).unwrap();
    let plan = kefu::config::Plan::load(Some(&pipeline), &kefu::config::Overrides::default());
    assert!(plan.is_ok(), "{}", plan.err().unwrap());
}

#[test]
fn the_workflow_of_dolphinscheduler_is_sound() {
    let Some(documents) = yaml("deploy/dolphinscheduler/kefu_nightly.yaml") else { return };
    let (workflow, task) = (&documents[0]["workflow"], &documents[0]["tasks"][0]);
    assert_eq!(workflow["schedule"].as_str().unwrap().split(' ').count(), 7, "Quartz: from seconds to years");
    assert_eq!((&workflow["timezone"], &workflow["execution_type"]), (&"Asia/Shanghai".into(), &"SERIAL_WAIT".into()));
    let command = task["command"].as_str().unwrap();
    assert!(command.contains("[ \"$code\" -eq 75 ] || exit \"$code\"") && command.contains("${system.biz.date}"), "{command}");
    if let Some(ran) = checked("sh", &["-n", "-c", command]) {
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    }
}

#[test]
fn the_airflow_dag_compiles() {
    let (path, folder) = (repository().join("deploy/airflow/kefu_nightly.py"), scratch());
    let script = "import py_compile, sys\npy_compile.compile(sys.argv[1], cfile=sys.argv[2], doraise=True)";
    let compiled = folder.path().join("dag.pyc");
    let Some(ran) = checked("python3", &["-c", script, path.to_str().unwrap(), compiled.to_str().unwrap()]) else { return };
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let dag = std::fs::read_to_string(path).unwrap();
    assert!(dag.contains("max_active_runs=1") && dag.contains("TRY_AGAIN = 75"));
}

#[test]
fn the_image_is_built_in_two_stages_and_runs_as_nobody() {
    let dockerfile = read("deploy/Dockerfile").replace("\\\n", " ");
    let lines = dockerfile.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    let known = ["FROM", "WORKDIR", "COPY", "RUN", "USER", "ENV", "STOPSIGNAL", "ENTRYPOINT", "CMD"];
    let instructions = lines.map(|line| line.split_once(' ').unwrap()).collect::<Vec<_>>();
    assert!(instructions.iter().all(|(name, _)| known.contains(name)), "{instructions:?}");
    let stages = instructions.iter().filter(|(name, _)| *name == "FROM").map(|(_, image)| *image).collect::<Vec<_>>();
    assert!(stages.len() == 2 && stages[0].ends_with(" AS build"), "{stages:?}");
    let rust = env!("CARGO_PKG_RUST_VERSION");
    assert!(stages[0].contains(&format!("rust:{rust}-")), "{} is not the Rust of Cargo.toml, {rust}", stages[0]);
    let user = instructions.iter().rfind(|(name, _)| *name == "USER").unwrap().1;
    assert!(user.split(':').next().is_some_and(|id| id.parse::<u32>().is_ok_and(|id| id > 0)), "{user}");
    let copied = instructions.iter().any(|(name, what)| *name == "COPY" && what.starts_with("--from=build"));
    assert!(copied && dockerfile.contains("--locked"));
}
