//! The structure of the code: who may import whom, and one name for one thing. The order of the modules is that of src/lib.rs.

use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A source file with the path of its module; tests inside it are cut off.
struct SourceFile {
    module: Vec<String>,
    path: PathBuf,
    code: String,
}

/// The crates whose files are looked at.
const CRATES: [(&str, &str); 3] = [("kefu", "src"), ("kefu_kernel", "crates/kernel/src"), ("kefu_generate", "crates/generate/src")];

fn source_files() -> Vec<SourceFile> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    CRATES.into_iter().flat_map(|(name, folder)| files_below(&root.join(folder), name, &root.join(folder))).collect()
}

fn files_below(folder: &Path, name: &str, top: &Path) -> Vec<SourceFile> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_below(&path, name, top));
        } else if path.extension().is_some_and(|ending| ending == "rs") && !path.ends_with("main.rs") && !path.ends_with("tests.rs") {
            let below = path.strip_prefix(top).unwrap().with_extension("");
            let parts = below.iter().map(|part| part.to_str().unwrap().to_owned()).filter(|part| part != "mod" && part != "lib");
            let module = std::iter::once(name.to_owned()).chain(parts).collect();
            let text = std::fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]\nmod tests").next().unwrap().to_owned();
            let code = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
            files.push(SourceFile { module, path, code });
        }
    }
    files
}

/// Every path that a tree of `use` names: `a::{b, c::d}` is `a::b` and `a::c::d`.
fn paths_of(tree: &str) -> Vec<Vec<String>> {
    let tree = tree.trim();
    let segments = |text: &str| text.split("::").map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect::<Vec<_>>();
    let Some((head, rest)) = tree.split_once('{') else {
        return vec![segments(tree.split(" as ").next().unwrap())];
    };
    let (mut depth, mut parts) = (0, vec![String::new()]);
    for letter in rest[..rest.rfind('}').unwrap()].chars() {
        match letter {
            ',' if depth == 0 => parts.push(String::new()),
            letter => {
                depth += i32::from(letter == '{') - i32::from(letter == '}');
                parts.last_mut().unwrap().push(letter);
            }
        }
    }
    let parts = parts.iter().filter(|part| !part.trim().is_empty());
    parts.flat_map(|part| paths_of(part)).map(|path| [segments(head), path].concat()).collect()
}

/// The modules of all files, and the names that a module hands on from its children.
struct Modules {
    files: BTreeMap<Vec<String>, usize>,
    handed_on: BTreeMap<Vec<String>, Vec<String>>,
}

impl Modules {
    fn of(files: &[SourceFile]) -> Modules {
        let mut modules = Modules { files: BTreeMap::new(), handed_on: BTreeMap::new() };
        for (index, file) in files.iter().enumerate() {
            modules.files.insert(file.module.clone(), index);
        }
        let hands_on = Regex::new(r"(?m)^pub(?:\([^)]*\))? use ([^;]+);").unwrap();
        for file in files {
            for found in hands_on.captures_iter(&file.code) {
                for path in paths_of(&found[1]) {
                    let own = [file.module.clone(), path.clone()].concat();
                    if path.len() > 1 && modules.files.contains_key(&own[..own.len() - 1]) {
                        modules.handed_on.insert([file.module.as_slice(), &path[path.len() - 1..]].concat(), own);
                    }
                }
            }
        }
        modules
    }

    /// The file that defines what a path names, as far as it lies in one of the crates.
    fn target(&self, path: &[String]) -> Option<usize> {
        let known = (1..=path.len()).rev().find(|length| self.files.contains_key(&path[..*length]))?;
        if known < path.len()
            && let Some(defined) = self.handed_on.get(&path[..=known])
        {
            return self.target(defined);
        }
        Some(self.files[&path[..known]])
    }
}

/// Who imports whom, file by file. A module file that only hands names on imports nothing by that.
fn imports(files: &[SourceFile], modules: &Modules) -> Vec<BTreeSet<usize>> {
    let uses = Regex::new(r"(?m)^\s*use ([^;]+);").unwrap();
    let inline = Regex::new(r"\b(?:crate|super|kefu_kernel|kefu_generate)(?:::\w+)+").unwrap();
    let mut all = Vec::new();
    for (index, file) in files.iter().enumerate() {
        let of_uses = uses.captures_iter(&file.code).flat_map(|found| paths_of(&found[1])).collect::<Vec<_>>();
        let without_uses = uses.replace_all(&file.code, "");
        let of_code = inline.find_iter(&without_uses).map(|found| found.as_str().split("::").map(str::to_owned).collect());
        let mut targets = BTreeSet::new();
        for path in of_uses.into_iter().chain(of_code) {
            let absolute = match path[0].as_str() {
                "crate" => [&file.module[..1], &path[1..]].concat(),
                "super" => [&file.module[..file.module.len() - 1], &path[1..]].concat(),
                "kefu_kernel" | "kefu_generate" => path,
                _ => [file.module.clone(), path].concat(),
            };
            targets.extend(modules.target(&absolute).filter(|target| *target != index));
        }
        all.push(targets);
    }
    all
}

/// A circle of files, if there is one.
fn circle(imports: &[BTreeSet<usize>]) -> Option<Vec<usize>> {
    fn visit(file: usize, imports: &[BTreeSet<usize>], way: &mut Vec<usize>, done: &mut BTreeSet<usize>) -> Option<Vec<usize>> {
        if let Some(start) = way.iter().position(|known| *known == file) {
            return Some(way[start..].to_vec());
        }
        if done.contains(&file) {
            return None;
        }
        way.push(file);
        let found = imports[file].iter().find_map(|next| visit(*next, imports, way, done));
        way.pop();
        done.insert(file);
        found
    }
    let mut done = BTreeSet::new();
    (0..imports.len()).find_map(|file| visit(file, imports, &mut Vec::new(), &mut done))
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let files = source_files();
    let found = circle(&imports(&files, &Modules::of(&files)));
    let names = found.map(|circle| circle.into_iter().map(|file| files[file].path.clone()).collect::<Vec<_>>());
    assert_eq!(names, None, "these files import each other");
}

#[test]
fn no_module_imports_one_that_stands_below_it_in_lib_rs() {
    let files = source_files();
    let imports = imports(&files, &Modules::of(&files));
    let declared = Regex::new(r"(?m)^(?:pub )?mod (\w+);").unwrap();
    let mut upwards = Vec::new();
    for (name, folder) in CRATES {
        let lib = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder).join("lib.rs")).unwrap();
        let order = declared.captures_iter(&lib).map(|found| found[1].to_owned()).collect::<Vec<_>>();
        let place = |file: &SourceFile| file.module.get(1).and_then(|top| order.iter().position(|module| module == top));
        for (file, targets) in files.iter().zip(&imports).filter(|(file, _)| file.module[0] == name) {
            for target in targets.iter().map(|target| &files[*target]).filter(|target| target.module[0] == name) {
                let upward = place(file).zip(place(target)).is_some_and(|(own, other)| other > own);
                if upward {
                    upwards.push(format!("{} imports {}", file.path.display(), target.path.display()));
                }
            }
        }
    }
    assert!(upwards.is_empty(), "each imports one that stands below it in lib.rs:\n{}", upwards.join("\n"));
}

#[test]
fn a_module_file_only_hands_names_on() {
    let line = Regex::new(r"^(pub(\([^)]*\))? )?(mod \w+|use [^;]+);$").unwrap();
    for file in source_files().iter().filter(|file| file.module[0] == "kefu" && file.path.ends_with("mod.rs")) {
        let whole = file.code.replace("\n    ", " ").replace("{ ", "{").replace("\n}", "}");
        for code in whole.lines().filter(|code| !code.trim().is_empty() && !code.starts_with("#[")) {
            assert!(line.is_match(code), "{}: `{code}` belongs into a file of its own", file.path.display());
        }
    }
}

#[test]
fn no_two_types_that_other_files_can_see_share_a_name() {
    let visible = Regex::new(r"(?m)^\s*pub(?:\([^)]*\))? (?:struct|enum|trait|type|union) (\w+)").unwrap();
    let mut places: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for file in source_files() {
        for found in visible.captures_iter(&file.code) {
            places.entry(found[1].to_owned()).or_default().push(file.path.clone());
        }
    }
    // Every crate may have a `Result` of its own, as the standard library's modules do.
    places.remove("Result");
    places.retain(|_, files| files.len() > 1);
    assert!(places.is_empty(), "{places:#?}");
}

/// The lint alone would let any file expect unsafe code.
#[test]
fn unsafe_code_stands_in_two_modules() {
    let word = Regex::new(r"\bunsafe\b").unwrap();
    let files = source_files();
    let found = files.iter().filter(|file| word.is_match(&file.code)).map(|file| file.module.join("::")).collect::<BTreeSet<_>>();
    assert_eq!(found, BTreeSet::from(["kefu::frames", "kefu::memory"].map(str::to_owned)));
}
