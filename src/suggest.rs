//! Suggestions for mistyped words.

/// The candidate most similar to a word by Jaro-Winkler similarity, whatever their case. `None` if none is more similar than 0.8.
pub(crate) fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |text: &str| text.trim().to_lowercase();
    let scored = candidates.map(|candidate| (strsim::jaro_winkler(&plain(word), &plain(candidate)), candidate));
    scored.filter(|(score, _)| *score > 0.8).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, candidate)| candidate)
}
