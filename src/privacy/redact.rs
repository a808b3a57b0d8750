//! Secrets are taken out of whatever is said. Nothing should say one; this is the net below: what the environment, the pipeline file and
//! the URLs hold is known and replaced wherever it appears, and what has the form of a secret is replaced unknown.

use super::mask::MASK;
use regex::{Captures, Regex};
use std::borrow::Cow;
use std::io::Write;
use std::sync::{LazyLock, PoisonError, RwLock};

/// A shorter value is part of too many words to be replaced.
const LEAST: usize = 6;
/// A larger file holds no key.
const LARGEST: u64 = 1 << 20;

/// Secrets that are known, the longest first, each in the spellings it may appear in.
static KNOWN: RwLock<Vec<String>> = RwLock::new(Vec::new());

/// Marks a value as one that must never be shown.
pub(super) fn learn(secret: &str) {
    if secret.trim().len() < LEAST {
        return;
    }
    let json = serde_json::to_string(secret).unwrap_or_default();
    let debug = format!("{secret:?}");
    let encoded = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect::<String>();
    let spellings = [secret.to_owned(), secret.trim().to_owned(), inner(&json), inner(&debug), encoded.replace('+', "%20"), encoded];
    let mut known = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
    known.extend(spellings);
    known.sort_by(|a, b| (b.len(), a).cmp(&(a.len(), b)));
    known.dedup();
}

/// What stands between the quotes.
fn inner(quoted: &str) -> String {
    quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default().to_owned()
}

/// Learns the clouds' credentials, and the passwords of the URLs that are set.
pub fn learn_environment() {
    const NAMED: [&str; 9] = ["KEY", "SECRET", "TOKEN", "SAS", "PASSWORD", "CREDENTIAL", "SIGNATURE", "SERVICE_ACCOUNT", "CONNECTION"];
    let variables =
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?.to_uppercase(), value.into_string().ok()?)));
    for (name, value) in variables {
        let cloud = ["AWS_", "AZURE_", "GOOGLE_", "GCP_"].iter().any(|prefix| name.starts_with(prefix));
        if cloud && NAMED.iter().any(|word| name.contains(word)) && !name.ends_with("_NAME") && !name.ends_with("_URI") {
            learn_value(&value);
        }
        if value.contains("://") {
            learn_url(&value);
        }
    }
}

/// A secret as a variable holds it: itself, or the file that holds it.
fn learn_value(value: &str) {
    let file = std::path::Path::new(value);
    match std::fs::metadata(file).ok().filter(|found| file.is_absolute() && found.is_file()) {
        Some(found) if found.len() < LARGEST => learn_account(&std::fs::read_to_string(file).unwrap_or_default()),
        Some(_) => {}
        None => learn_account(value),
    }
}

/// A secret, a query that is signed, or a service account as JSON: of that every text that opens something, a private key also line by line.
fn learn_account(value: &str) {
    let Ok(serde_json::Value::Object(fields)) = serde_json::from_str(value) else {
        learn(value);
        // A connection string's parts are `name=value;…`.
        return value.split(';').for_each(learn_query);
    };
    let secret = |name: &str| ["key", "secret", "token"].iter().any(|word| name.contains(word));
    for text in fields.iter().filter(|(name, _)| secret(name)).filter_map(|(_, value)| value.as_str()) {
        learn(text);
        text.lines().filter(|line| !line.starts_with("-----")).for_each(learn);
    }
}

/// Learns the password and the signature of a URL, if it has any.
pub fn learn_url(location: &str) {
    let Some((_, rest)) = location.split_once("://") else { return };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if let Some((_, password)) = authority.rsplit_once('@').and_then(|(user, _)| user.split_once(':')) {
        learn_encoded(password);
    }
    if let Some((_, query)) = location.split_once('?') {
        learn_query(query);
    }
}

fn learn_query(query: &str) {
    const NAMED: [&str; 6] = ["sig", "token", "key", "secret", "password", "credential"];
    for (name, value) in query.trim_start_matches('?').split('&').filter_map(|pair| pair.split_once('=')) {
        let name = name.to_lowercase();
        if NAMED.iter().any(|word| name.contains(word)) {
            learn_encoded(value);
        }
    }
}

fn learn_encoded(value: &str) {
    learn(value);
    let decoded =
        url::form_urlencoded::parse(format!("v={}", value.replace('+', "%2B")).as_bytes()).map(|(_, value)| value.into_owned()).next();
    decoded.into_iter().for_each(|value| learn(&value));
}

/// Learns what a pipeline file holds, before anything is said of it: its key, and the passwords of its URLs.
pub fn learn_pipeline(text: &str) {
    let Some(forms) = &*FORMS else { return };
    for found in forms.key.captures_iter(text) {
        learn(found[2].trim().trim_matches(['"', '\'']));
    }
    text.split(['"', '\'', ' ', '\n']).filter(|word| word.contains("://")).for_each(learn_url);
}

/// What has the form of a secret.
struct Forms {
    /// `buyer_key = …`, to the end of its line or of its quotes.
    key: Regex,
    /// In `s3://user:password@host`, all before the `@`; signatures of a query; headers and elements that carry a credential.
    shown: [Regex; 3],
}

static FORMS: LazyLock<Option<Forms>> = LazyLock::new(|| {
    let key = r#"(buyer_key["']?\s*=\s*)("""(?:[^"]|"[^"]|""[^"])*(?:""")?|'''[^']*(?:''')?|"[^"\n]*"?|'[^'\n]*'?|[^\s}]+)"#;
    let user = r#"([A-Za-z][A-Za-z0-9+.-]*://)([^\s/?#@"'<>]+:[^\s/?#@"'<>]*)@"#;
    let signed = r#"(?i-u:([?&;](?:sig|signature|token|access_token|sas|password|secret|key|x-amz-signature|x-amz-security-token|x-amz-credential|x-goog-signature|x-goog-credential)=))([^&\s"'<>]+)"#;
    let header = r#"(?i-u:((?:authorization|x-amz-security-token|x-ms-copy-source-authorization)["']?\s*[:=>]\s*["']?(?:bearer |basic |sharedkey |aws4-hmac-sha256 )?))([^\s"',<][^\s"'<]*)"#;
    Some(Forms { key: Regex::new(key).ok()?, shown: [Regex::new(user).ok()?, Regex::new(signed).ok()?, Regex::new(header).ok()?] })
});

/// The text without secrets: [`MASK`] in their place.
pub fn redacted(text: &str) -> Cow<'_, str> {
    replaced(text, &|_| MASK.to_owned())
}

/// The text of a pipeline file without secrets, each letter in its place, so that a line and column still mean the same.
pub fn blanked(text: &str) -> String {
    let letter = |letter: char| if letter == '\n' { "\n".to_owned() } else { "*".repeat(letter.len_utf8()) };
    let blank = |secret: &str| secret.chars().map(letter).collect::<String>();
    let text = match &*FORMS {
        Some(forms) => forms.key.replace_all(text, |found: &Captures| format!("{}{}", &found[1], blank(&found[2]))),
        None => Cow::Borrowed(text),
    };
    replaced(&text, &blank).into_owned()
}

fn replaced<'a>(text: &'a str, with: &dyn Fn(&str) -> String) -> Cow<'a, str> {
    let mut text = Cow::Borrowed(text);
    for secret in KNOWN.read().unwrap_or_else(PoisonError::into_inner).iter() {
        if text.contains(secret.as_str()) {
            text = Cow::Owned(text.replace(secret.as_str(), &with(secret)));
        }
    }
    for form in FORMS.iter().flat_map(|forms| &forms.shown) {
        if form.is_match(&text) {
            let place = |found: &Captures| format!("{}{}{}", &found[1], with(&found[2]), if found[0].ends_with('@') { "@" } else { "" });
            text = Cow::Owned(form.replace_all(&text, place).into_owned());
        }
    }
    text
}

/// Standard error without secrets: where the log goes, an event at a time.
pub struct Stderr;

impl Write for Stderr {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        std::io::stderr().lock().write_all(redacted(&text).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        std::io::stderr().flush()
    }
}

/// Says of a panic what Rust says, without secrets.
pub fn on_panic(panic: &std::panic::PanicHookInfo<'_>) {
    let trace = std::backtrace::Backtrace::capture();
    let captured = trace.status() == std::backtrace::BacktraceStatus::Captured;
    let _ = Stderr.write(format!("{panic}\n{}", if captured { format!("{trace}\n") } else { String::new() }).as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_secret_is_taken_out_in_every_spelling() {
        learn("wJalr/K7+\"bPx\nRfi");
        for said in ["key=wJalr/K7+\"bPx\nRfi!", "{\"key\":\"wJalr/K7+\\\"bPx\\nRfi\"}", "?x=wJalr%2FK7%2B%22bPx%0ARfi&y=1"] {
            let shown = redacted(said);
            assert!(shown.contains("***") && !shown.contains("wJalr") && !shown.contains("Rfi"), "{shown}");
        }
    }

    #[test]
    fn a_service_account_teaches_its_private_key_alone() {
        learn_account(r#"{"type":"service_account","private_key":"-----BEGIN-----\nMIIEvQ-first\nsecond-line\n"}"#);
        assert_eq!(redacted("MIIEvQ-first second-line service_account"), "*** *** service_account");
    }
}
