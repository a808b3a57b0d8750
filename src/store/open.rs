//! Opens a root: chooses the store by the URL and reads credentials, endpoint and timeouts from the clouds' own environment variables.

use super::timeouts::{DEADLINE, Timeouts, options, retries};
use crate::error::{Error, Kind, Result};
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreScheme};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// An opened root. The fields are those of `Store`.
pub(super) struct OpenedStore {
    pub objects: Arc<dyn ObjectStore>,
    pub root: Path,
    pub name: String,
    pub folder: Option<PathBuf>,
    pub write_policy: WritePolicy,
    pub timeouts: Timeouts,
}

/// How a root is written to.
#[derive(Clone, Copy)]
pub(super) struct WritePolicy {
    /// Published files are flushed to the disk (local roots only).
    pub fsync: bool,
    /// Writes are conditional PUTs. If false, the operator must see to it that one run writes at a time.
    pub conditional: bool,
}

impl Default for WritePolicy {
    fn default() -> WritePolicy {
        WritePolicy { fsync: true, conditional: true }
    }
}

/// The environment variables of the clouds and of this module, by lower-case name. A variable with an empty value counts as not set.
pub(super) struct StoreVariables(BTreeMap<String, String>);

impl StoreVariables {
    /// Keeps the variables with a known prefix.
    pub(super) fn new(all: impl IntoIterator<Item = (String, String)>) -> StoreVariables {
        let known = ["aws_", "google_", "azure_", "kefu_store_"];
        let lower = all.into_iter().map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()));
        StoreVariables(lower.filter(|(name, value)| !value.is_empty() && known.iter().any(|prefix| name.starts_with(prefix))).collect())
    }

    /// The value of the first of several variables that is set.
    fn first(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|name| self.0.get(*name)).map(String::as_str)
    }

    /// Whether the value of a variable is `1`, `true`, `yes`, `y` or `on`; `None` if it is not set.
    fn is_yes(&self, name: &str) -> Option<bool> {
        let text = self.first(&[name])?;
        Some(["1", "true", "yes", "y", "on"].iter().any(|yes| text.eq_ignore_ascii_case(yes)))
    }

    /// How long one operation is tried. Errors: `KEFU_STORE_DEADLINE` is not a whole number.
    fn deadline(&self) -> Result<Duration> {
        let Some(text) = self.first(&["kefu_store_deadline"]) else { return Ok(DEADLINE) };
        let seconds = text.parse().map_err(|_| {
            Error::new(Kind::Usage, format!("KEFU_STORE_DEADLINE = {text} is not a number of seconds")).hint("the default is 60")
        })?;
        Ok(Duration::from_secs(seconds))
    }

    /// The variables with a prefix that a store's builder knows as settings, HTTP options included.
    fn settings<K: FromStr>(&self, prefix: &str) -> Vec<(K, String)> {
        let prefixed = self.0.iter().filter(|(name, _)| name.starts_with(prefix));
        prefixed.filter_map(|(name, value)| Some((name.parse().ok()?, value.clone()))).collect()
    }
}

/// Opens a root. Errors: a location that is no path or known URL; settings that are missing or wrong.
pub(super) fn open(location: &str, variables: &StoreVariables) -> Result<OpenedStore> {
    let url = match location.contains("://") {
        true => Url::parse(location).map_err(|e| unusable(location, &e.to_string()))?,
        false => {
            let path = without_parent_parts(&std::path::absolute(location)?);
            Url::from_directory_path(&path).map_err(|()| unusable(location, "not an absolute path"))?
        }
    };
    let write_policy = WritePolicy {
        fsync: variables.is_yes("kefu_store_fsync").unwrap_or(true),
        conditional: !variables.is_yes("kefu_store_unfenced").unwrap_or(false),
    };
    let (scheme, root) = ObjectStoreScheme::parse(&url).map_err(|_| unusable(location, "no store has this scheme"))?;
    // What fails on a local disk or in memory does not pass by itself.
    let is_local = matches!(scheme, ObjectStoreScheme::Local | ObjectStoreScheme::Memory);
    let deadline = if is_local { Duration::ZERO } else { variables.deadline()? };
    let timeouts = Timeouts { deadline, health: Arc::default() };
    let built: object_store::Result<Arc<dyn ObjectStore>> = match scheme {
        // Files are flushed to the disk, so that what is reported as published survives a power cut.
        ObjectStoreScheme::Local => Ok(Arc::new(LocalFileSystem::new().with_fsync(write_policy.fsync))),
        ObjectStoreScheme::Memory => Ok(Arc::new(InMemory::new())),
        ObjectStoreScheme::AmazonS3 => s3(&url, variables, &timeouts)?.build().map(|store| Arc::new(store) as _),
        ObjectStoreScheme::GoogleCloudStorage => gcs(&url, variables, &timeouts)?.build().map(|store| Arc::new(store) as _),
        ObjectStoreScheme::MicrosoftAzure => azure(&url, variables, &timeouts)?.build().map(|store| Arc::new(store) as _),
        _ => return Err(unusable(location, "a web server is not a store")),
    };
    let objects = built.map_err(|e| misconfigured(&url, &e))?;
    let name = if location.contains("://") { redacted(&url) } else { location.to_owned() };
    let folder = (url.scheme() == "file").then(|| url.to_file_path().ok()).flatten();
    Ok(OpenedStore { objects, root, name, folder, write_policy, timeouts })
}

/// The builder of a bucket in S3 or a store with its protocol.
fn s3(url: &Url, variables: &StoreVariables, timeouts: &Timeouts) -> Result<AmazonS3Builder> {
    let settings = variables.settings("aws_");
    let options = settings.iter().fold(options(), |options, (key, value)| match key {
        AmazonS3ConfigKey::Client(key) => options.with_config(*key, value),
        _ => options,
    });
    let mut builder = AmazonS3Builder::new().with_client_options(options).with_http_connector(timeouts.clone());
    for (key, value) in settings.into_iter().filter(|(key, _)| !matches!(key, AmazonS3ConfigKey::Client(_))) {
        builder = builder.with_config(key, value);
    }
    // The variable of the service overrides the general one, as in AWS's own tools.
    if let Some(endpoint) = variables.first(&["aws_endpoint_url_s3", "aws_endpoint_url", "aws_endpoint"]) {
        let endpoint = Endpoint::parse(endpoint)?;
        let in_host = variables.is_yes("aws_virtual_hosted_style_request").unwrap_or(endpoint.is_oss());
        let address = if in_host { endpoint.with_bucket(url.host_str().unwrap_or_default())? } else { endpoint.0.to_string() };
        builder = builder
            .with_config(AmazonS3ConfigKey::S3Endpoint, address.trim_end_matches('/'))
            .with_virtual_hosted_style_request(in_host)
            .with_allow_http(endpoint.is_plain());
        if endpoint.is_oss() {
            builder = builder.with_disable_bulk_delete(true);
        }
    }
    Ok(builder.with_retry(retries(timeouts.deadline)).with_url(url.as_str()))
}

/// A custom endpoint of the S3 protocol.
struct Endpoint(Url);

impl Endpoint {
    /// Parses a URL. Errors: not an http or https URL with a host.
    fn parse(text: &str) -> Result<Endpoint> {
        let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        // The message does not repeat the text, which may hold a password.
        let wrong =
            || Error::new(Kind::Config, "the endpoint is not a URL").hint("write AWS_ENDPOINT_URL=https://oss-cn-hangzhou.aliyuncs.com");
        Ok(Endpoint(url.ok_or_else(wrong)?))
    }

    /// Whether the endpoint speaks http without TLS.
    fn is_plain(&self) -> bool {
        self.0.scheme() == "http"
    }

    /// Whether the endpoint is Alibaba Cloud OSS, which takes the bucket only in the host name, and no bulk deletes.
    fn is_oss(&self) -> bool {
        self.0.host_str().is_some_and(|host| host.ends_with(".aliyuncs.com"))
    }

    /// The endpoint with the bucket put before its host, unless the host begins with it already. Errors: the host is an IP address.
    fn with_bucket(&self, bucket: &str) -> Result<String> {
        let host = self.0.host_str().unwrap_or_default();
        if host.starts_with(&format!("{bucket}.")) {
            return Ok(self.0.to_string());
        }
        let mut url = self.0.clone();
        url.set_host(Some(&format!("{bucket}.{host}"))).map_err(|e| {
            Error::new(Kind::Config, format!("the bucket cannot go before the endpoint's host {host}: {e}"))
                .hint("leave AWS_VIRTUAL_HOSTED_STYLE_REQUEST out, or give an endpoint with a host name")
        })?;
        Ok(url.to_string())
    }
}

/// The builder of a bucket in Google Cloud Storage.
fn gcs(url: &Url, variables: &StoreVariables, timeouts: &Timeouts) -> Result<GoogleCloudStorageBuilder> {
    let settings = variables.settings("google_");
    // The metadata server and emulators need plain http; every other address is https unless it is configured as `http://`.
    let options = settings.iter().fold(options().with_allow_http(true), |options, (key, value)| match key {
        GoogleConfigKey::Client(key) => options.with_config(*key, value),
        _ => options,
    });
    let builder = GoogleCloudStorageBuilder::new().with_client_options(options).with_http_connector(timeouts.clone());
    let settings = settings.into_iter().filter(|(key, _)| !matches!(key, GoogleConfigKey::Client(_)));
    let builder = settings.fold(builder, |builder, (key, value)| builder.with_config(key, value));
    Ok(builder.with_retry(retries(timeouts.deadline)).with_url(url.as_str()))
}

/// The builder of a container in Azure Blob Storage.
fn azure(url: &Url, variables: &StoreVariables, timeouts: &Timeouts) -> Result<MicrosoftAzureBuilder> {
    let mut settings: BTreeMap<&str, String> = BTreeMap::new();
    if let Some(connection) = variables.first(&["azure_storage_connection_string"]) {
        settings = connection_string(connection);
    }
    // The names that Azure's own command line reads.
    for (name, key) in [("azure_storage_account", "azure_storage_account_name"), ("azure_storage_key", "azure_storage_account_key")] {
        if let Some(value) = variables.first(&[name]) {
            settings.insert(key, value.to_owned());
        }
    }
    let settings = settings.into_iter().filter_map(|(name, value)| Some((name.parse::<AzureConfigKey>().ok()?, value)));
    let settings = settings.chain(variables.settings("azure_")).collect::<Vec<_>>();
    let is_plain = settings.iter().any(|(key, value)| *key == AzureConfigKey::Endpoint && value.starts_with("http://"));
    let base = options().with_allow_http(is_plain);
    let options = settings.iter().fold(base, |options, (key, value)| match key {
        AzureConfigKey::Client(key) => options.with_config(*key, value),
        _ => options,
    });
    let builder = MicrosoftAzureBuilder::new().with_client_options(options).with_http_connector(timeouts.clone());
    let settings = settings.into_iter().filter(|(key, _)| !matches!(key, AzureConfigKey::Client(_)));
    let builder = settings.fold(builder, |builder, (key, value)| builder.with_config(key, value));
    Ok(builder.with_retry(retries(timeouts.deadline)).with_url(url.as_str()))
}

/// Parses `AccountName=…;AccountKey=…;BlobEndpoint=…` into settings by the builder's names. Unknown parts are ignored.
fn connection_string(text: &str) -> BTreeMap<&'static str, String> {
    let parts = text.split(';').filter_map(|part| part.split_once('=')).collect::<BTreeMap<_, _>>();
    let endpoint = match (parts.get("BlobEndpoint"), parts.get("AccountName"), parts.get("EndpointSuffix")) {
        (Some(endpoint), ..) => Some((*endpoint).to_owned()),
        (None, Some(account), Some(suffix)) => {
            Some(format!("{}://{account}.blob.{suffix}", parts.get("DefaultEndpointsProtocol").unwrap_or(&"https")))
        }
        _ => None,
    };
    let part = |name: &str| parts.get(name).map(|value| (*value).to_owned());
    let known = [
        ("azure_storage_account_name", part("AccountName")),
        ("azure_storage_account_key", part("AccountKey")),
        ("azure_storage_sas_token", part("SharedAccessSignature")),
        ("azure_storage_endpoint", endpoint),
    ];
    known.into_iter().filter_map(|(key, value)| Some((key, value?))).collect()
}

/// Resolves `a/../b` to `b`, because keys of a store have no `..`. A path that exists is resolved by the file system, links included.
fn without_parent_parts(path: &std::path::Path) -> PathBuf {
    use std::path::Component;
    if let Ok(resolved) = path.canonicalize() {
        return resolved;
    }
    let mut folded = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                folded.pop();
            }
            other => folded.push(other),
        }
    }
    folded
}

/// The error of a location that cannot be a root.
fn unusable(location: &str, why: &str) -> Error {
    // Only the scheme is repeated: the rest may hold a password or a signature.
    let (scheme, _) = location.split_once("://").unwrap_or((location, ""));
    let why = if location.contains("://") && why.contains(location) { "it cannot be parsed" } else { why };
    Error::new(Kind::Config, format!("cannot use `{scheme}` as a root: {why}"))
        .hint("give a local path or a URL such as s3://bucket/folder, gs://…, az://…, file:///…, memory:///")
}

/// The error of a store whose settings are missing or wrong. The library's text may quote a secret, so it is replaced by a known meaning.
fn misconfigured(url: &Url, error: &object_store::Error) -> Error {
    let text = error.to_string();
    let known = [
        ("Missing AccessKeyId", "AWS_SECRET_ACCESS_KEY is set without AWS_ACCESS_KEY_ID"),
        ("Missing SecretAccessKey", "AWS_ACCESS_KEY_ID is set without AWS_SECRET_ACCESS_KEY"),
        ("Account must be specified", "the account is not set"),
        ("Configuration key", "a setting is not known"),
    ];
    let known = known.iter().find(|(part, _)| text.contains(part)).map(|(_, meaning)| *meaning);
    let hint = match url.scheme() {
        "s3" | "s3a" => "set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION",
        "gs" => "set GOOGLE_APPLICATION_CREDENTIALS to the path of a credentials file",
        _ => "set AZURE_STORAGE_ACCOUNT and AZURE_STORAGE_KEY, or AZURE_STORAGE_CONNECTION_STRING",
    };
    let message = format!("cannot open {}: {}", redacted(url), known.unwrap_or("a setting in the environment is wrong"));
    Error::new(Kind::Config, message).hint(hint)
}

/// A URL without password and query, which may hold a signature.
fn redacted(url: &Url) -> String {
    let mut shown = url.clone();
    let _ = shown.set_password(None);
    shown.set_query(None);
    shown.to_string()
}
