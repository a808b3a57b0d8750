//! Removes secrets from everything that is printed. No message should contain one; this module is the safety net. The secrets of the
//! environment, the pipeline file and URLs are learned and replaced wherever they appear, and text in the form of a secret is replaced too.

use super::mask::MASK;
use regex::{Captures, Regex};
use std::borrow::Cow;
use std::io::Write;
use std::sync::{LazyLock, PoisonError, RwLock};

/// Bytes of the shortest value that is replaced. A shorter one is part of too many ordinary words.
const MIN_BYTES: usize = 6;
/// Bytes above which a file cannot be that of a key.
const MAX_KEY_FILE_BYTES: u64 = 1 << 20;

/// The learned secrets, the longest first, each in every spelling in which it can appear.
static LEARNED: RwLock<Vec<String>> = RwLock::new(Vec::new());

/// Learns a secret, so that it is never printed.
pub(crate) fn learn(secret: &str) {
    if secret.trim().len() < MIN_BYTES {
        return;
    }
    let json = serde_json::to_string(secret).unwrap_or_default();
    let debug = format!("{secret:?}");
    let encoded = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect::<String>();
    let spellings = [secret.to_owned(), secret.trim().to_owned(), inner(&json), inner(&debug), encoded.replace('+', "%20"), encoded];
    let mut known = LEARNED.write().unwrap_or_else(PoisonError::into_inner);
    known.extend(spellings);
    known.sort_by(|a, b| (b.len(), a).cmp(&(a.len(), b)));
    known.dedup();
}

/// The text between the quotes.
fn inner(quoted: &str) -> String {
    quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default().to_owned()
}

/// Learns the credentials of cloud providers and the passwords in URLs from the environment variables.
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

/// Learns the value of a variable: the secret itself, or the path of a file with the secret.
fn learn_value(value: &str) {
    let file = std::path::Path::new(value);
    match std::fs::metadata(file).ok().filter(|found| file.is_absolute() && found.is_file()) {
        Some(found) if found.len() < MAX_KEY_FILE_BYTES => learn_account(&std::fs::read_to_string(file).unwrap_or_default()),
        Some(_) => {}
        None => learn_account(value),
    }
}

/// Learns a secret, a signed query, or a service account as JSON. Of the latter it learns every field that is a credential, and a private key
/// also line by line.
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

/// Learns the password and the signature of a URL.
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

/// Learns the secret parameters of a query.
fn learn_query(query: &str) {
    const NAMED: [&str; 6] = ["sig", "token", "key", "secret", "password", "credential"];
    for (name, value) in query.trim_start_matches('?').split('&').filter_map(|pair| pair.split_once('=')) {
        let name = name.to_lowercase();
        if NAMED.iter().any(|word| name.contains(word)) {
            learn_encoded(value);
        }
    }
}

/// Learns a secret that may be percent-encoded, as written and decoded.
fn learn_encoded(value: &str) {
    learn(value);
    let decoded =
        url::form_urlencoded::parse(format!("v={}", value.replace('+', "%2B")).as_bytes()).map(|(_, value)| value.into_owned()).next();
    decoded.into_iter().for_each(|value| learn(&value));
}

/// Learns the key of a pipeline file and the passwords of its URLs. To be called before any message about the file.
pub fn learn_pipeline(text: &str) {
    let Some(forms) = &*FORMS else { return };
    for found in forms.key.captures_iter(text) {
        learn(found[2].trim().trim_matches(['"', '\'']));
    }
    text.split(['"', '\'', ' ', '\n']).filter(|word| word.contains("://")).for_each(learn_url);
}

/// Patterns of secrets.
struct Forms {
    /// `buyer_key = …` to the end of its line or of its quotes.
    key: Regex,
    /// User and password in a URL such as `s3://user:password@host`; signatures in a query; headers and XML elements with a credential.
    shown: [Regex; 3],
}

static FORMS: LazyLock<Option<Forms>> = LazyLock::new(|| {
    let key = r#"(buyer_key["']?\s*=\s*)("""(?:[^"]|"[^"]|""[^"])*(?:""")?|'''[^']*(?:''')?|"[^"\n]*"?|'[^'\n]*'?|[^\s}]+)"#;
    let user = r#"([A-Za-z][A-Za-z0-9+.-]*://)([^\s/?#@"'<>]+:[^\s/?#@"'<>]*)@"#;
    let signed = r#"(?i-u:([?&;](?:sig|signature|token|access_token|sas|password|secret|key|x-amz-signature|x-amz-security-token|x-amz-credential|x-goog-signature|x-goog-credential)=))([^&\s"'<>]+)"#;
    let header = r#"(?i-u:((?:authorization|x-amz-security-token|x-ms-copy-source-authorization)["']?\s*[:=>]\s*["']?(?:bearer |basic |sharedkey |aws4-hmac-sha256 )?))([^\s"',<][^\s"'<]*)"#;
    Some(Forms { key: Regex::new(key).ok()?, shown: [Regex::new(user).ok()?, Regex::new(signed).ok()?, Regex::new(header).ok()?] })
});

/// Replaces every secret in a text by [`MASK`].
pub fn redacted(text: &str) -> Cow<'_, str> {
    replaced(text, &|_| MASK.to_owned())
}

/// The text of a pipeline file with every character of a secret replaced by `*` for each of its bytes, so that lines and byte offsets stay
/// the same.
pub fn blanked(text: &str) -> String {
    let letter = |letter: char| if letter == '\n' { "\n".to_owned() } else { "*".repeat(letter.len_utf8()) };
    let blank = |secret: &str| secret.chars().map(letter).collect::<String>();
    let text = match &*FORMS {
        Some(forms) => forms.key.replace_all(text, |found: &Captures| format!("{}{}", &found[1], blank(&found[2]))),
        None => Cow::Borrowed(text),
    };
    replaced(&text, &blank).into_owned()
}

/// Replaces every learned secret and everything in the form of a secret.
fn replaced<'a>(text: &'a str, with: &dyn Fn(&str) -> String) -> Cow<'a, str> {
    let mut text = Cow::Borrowed(text);
    for secret in LEARNED.read().unwrap_or_else(PoisonError::into_inner).iter() {
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

/// Standard error without secrets. The log writes one event at a time to it.
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

/// The panic hook: prints what Rust prints, without secrets.
pub fn on_panic(panic: &std::panic::PanicHookInfo<'_>) {
    let trace = std::backtrace::Backtrace::capture();
    let captured = trace.status() == std::backtrace::BacktraceStatus::Captured;
    let _ = Stderr.write(format!("{panic}\n{}", if captured { format!("{trace}\n") } else { String::new() }).as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_learned_secret_is_replaced_in_every_spelling() {
        learn("wJalr/K7+\"bPx\nRfi");
        for text in ["key=wJalr/K7+\"bPx\nRfi!", "{\"key\":\"wJalr/K7+\\\"bPx\\nRfi\"}", "?x=wJalr%2FK7%2B%22bPx%0ARfi&y=1"] {
            let shown = redacted(text);
            assert!(shown.contains("***") && !shown.contains("wJalr") && !shown.contains("Rfi"), "{shown}");
        }
    }

    #[test]
    fn of_a_service_account_only_the_private_key_is_learned() {
        learn_account(r#"{"type":"service_account","private_key":"-----BEGIN-----\nMIIEvQ-first\nsecond-line\n"}"#);
        assert_eq!(redacted("MIIEvQ-first second-line service_account"), "*** *** service_account");
    }
}
