//! Suggestions: what is most likely meant, as a pipeline file writes it.

/// The candidate most similar to a word by Jaro-Winkler similarity, whatever their case. `None` if none is more similar than 0.8.
pub(crate) fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |text: &str| text.trim().to_lowercase();
    let scored = candidates.map(|candidate| (strsim::jaro_winkler(&plain(word), &plain(candidate)), candidate));
    scored.filter(|(score, _)| *score > 0.8).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, candidate)| candidate)
}

/// A name as a key of TOML, quoted where it must be.
pub(crate) fn toml_key(name: &str) -> String {
    let is_bare = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    if is_bare { name.to_owned() } else { format!("{name:?}") }
}
