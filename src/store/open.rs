//! How a root is opened: which store, with whose credentials, how long it is waited for.

use super::patience::{self, Patience};
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

pub(super) struct Opened {
    pub objects: Arc<dyn ObjectStore>,
    pub root: Path,
    pub name: String,
    pub folder: Option<PathBuf>,
    pub manners: Manners,
}

/// How a root is written to.
#[derive(Clone, Copy)]
pub(super) struct Manners {
    /// What is published is on the disk itself.
    pub synced: bool,
    /// The store keeps to the conditions of a write. Without, one writer at a time is up to whoever schedules.
    pub fenced: bool,
}

impl Default for Manners {
    fn default() -> Manners {
        Manners { synced: true, fenced: true }
    }
}

/// The clouds' own variables, by their names in small letters. An empty one is as good as none.
pub(super) struct Variables(BTreeMap<String, String>);

impl Variables {
    pub(super) fn new(all: impl IntoIterator<Item = (String, String)>) -> Variables {
        let ours = ["aws_", "google_", "azure_", "kefu_store_"];
        let lower = all.into_iter().map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()));
        Variables(lower.filter(|(name, value)| !value.is_empty() && ours.iter().any(|prefix| name.starts_with(prefix))).collect())
    }

    /// The first of several names that is set.
    fn first(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|name| self.0.get(*name)).map(String::as_str)
    }

    fn is_yes(&self, name: &str) -> Option<bool> {
        let text = self.first(&[name])?;
        Some(["1", "true", "yes", "y", "on"].iter().any(|yes| text.eq_ignore_ascii_case(yes)))
    }

    fn deadline(&self) -> Result<Duration> {
        let Some(text) = self.first(&["kefu_store_deadline"]) else { return Ok(patience::DEADLINE) };
        let seconds = text.parse().map_err(|_| {
            Error::new(Kind::Usage, format!("KEFU_STORE_DEADLINE = {text} is not a number of seconds")).hint("the default is 60")
        })?;
        Ok(Duration::from_secs(seconds))
    }

    /// The settings a store's builder knows, with the HTTP options among them.
    fn settings<K: FromStr>(&self, prefix: &str) -> Vec<(K, String)> {
        let ours = self.0.iter().filter(|(name, _)| name.starts_with(prefix));
        ours.filter_map(|(name, value)| Some((name.parse().ok()?, value.clone()))).collect()
    }
}

pub(super) fn open(location: &str, variables: &Variables) -> Result<Opened> {
    let url = match location.contains("://") {
        true => Url::parse(location).map_err(|e| unusable(location, &e.to_string()))?,
        false => {
            let path = tidy(&std::path::absolute(location)?);
            Url::from_directory_path(&path).map_err(|()| unusable(location, "not an absolute path"))?
        }
    };
    let manners = Manners {
        synced: variables.is_yes("kefu_store_fsync").unwrap_or(true),
        fenced: !variables.is_yes("kefu_store_unfenced").unwrap_or(false),
    };
    let (scheme, root) = ObjectStoreScheme::parse(&url).map_err(|_| unusable(location, "no store is known by this name"))?;
    let built: object_store::Result<Arc<dyn ObjectStore>> = match scheme {
        // Written through to the disk: what is said to be published survives a power cut.
        ObjectStoreScheme::Local => Ok(Arc::new(LocalFileSystem::new().with_fsync(manners.synced))),
        ObjectStoreScheme::Memory => Ok(Arc::new(InMemory::new())),
        ObjectStoreScheme::AmazonS3 => s3(&url, variables)?.build().map(|store| Arc::new(store) as _),
        ObjectStoreScheme::GoogleCloudStorage => gcs(&url, variables)?.build().map(|store| Arc::new(store) as _),
        ObjectStoreScheme::MicrosoftAzure => azure(&url, variables)?.build().map(|store| Arc::new(store) as _),
        _ => return Err(unusable(location, "a web server is not a store")),
    };
    let objects = built.map_err(|e| misconfigured(&url, &e))?;
    let name = if location.contains("://") { redacted(&url) } else { location.to_owned() };
    let folder = (url.scheme() == "file").then(|| url.to_file_path().ok()).flatten();
    Ok(Opened { objects, root, name, folder, manners })
}

fn s3(url: &Url, variables: &Variables) -> Result<AmazonS3Builder> {
    let settings = variables.settings("aws_");
    let options = settings.iter().fold(patience::options(), |options, (key, value)| match key {
        AmazonS3ConfigKey::Client(key) => options.with_config(*key, value),
        _ => options,
    });
    let mut builder = AmazonS3Builder::new().with_client_options(options).with_http_connector(Patience { deadline: variables.deadline()? });
    for (key, value) in settings.into_iter().filter(|(key, _)| !matches!(key, AmazonS3ConfigKey::Client(_))) {
        builder = builder.with_config(key, value);
    }
    // The service's own variable goes before the general one, as in AWS's tools.
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
    Ok(builder.with_retry(patience::retries(variables.deadline()?)).with_url(url.as_str()))
}

/// A custom endpoint of the S3 protocol.
struct Endpoint(Url);

impl Endpoint {
    fn parse(text: &str) -> Result<Endpoint> {
        let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        // What was given may hold a password.
        let wrong =
            || Error::new(Kind::Config, "the endpoint is not a URL").hint("write AWS_ENDPOINT_URL=https://oss-cn-hangzhou.aliyuncs.com");
        Ok(Endpoint(url.ok_or_else(wrong)?))
    }

    fn is_plain(&self) -> bool {
        self.0.scheme() == "http"
    }

    /// Aliyun takes the bucket in the host only, and no bulk deletes.
    fn is_oss(&self) -> bool {
        self.0.host_str().is_some_and(|host| host.ends_with(".aliyuncs.com"))
    }

    /// The bucket goes before the host, unless it stands there already.
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

fn gcs(url: &Url, variables: &Variables) -> Result<GoogleCloudStorageBuilder> {
    let settings = variables.settings("google_");
    // Plain HTTP is used only where an endpoint is written so: the machine's own metadata, an emulator.
    let options = settings.iter().fold(patience::options().with_allow_http(true), |options, (key, value)| match key {
        GoogleConfigKey::Client(key) => options.with_config(*key, value),
        _ => options,
    });
    let builder =
        GoogleCloudStorageBuilder::new().with_client_options(options).with_http_connector(Patience { deadline: variables.deadline()? });
    let settings = settings.into_iter().filter(|(key, _)| !matches!(key, GoogleConfigKey::Client(_)));
    let builder = settings.fold(builder, |builder, (key, value)| builder.with_config(key, value));
    Ok(builder.with_retry(patience::retries(variables.deadline()?)).with_url(url.as_str()))
}

fn azure(url: &Url, variables: &Variables) -> Result<MicrosoftAzureBuilder> {
    let mut settings: BTreeMap<&str, String> = BTreeMap::new();
    if let Some(connection) = variables.first(&["azure_storage_connection_string"]) {
        settings = connection_string(connection);
    }
    // As Azure's own command line calls them.
    for (name, key) in [("azure_storage_account", "azure_storage_account_name"), ("azure_storage_key", "azure_storage_account_key")] {
        if let Some(value) = variables.first(&[name]) {
            settings.insert(key, value.to_owned());
        }
    }
    let settings = settings.into_iter().filter_map(|(name, value)| Some((name.parse::<AzureConfigKey>().ok()?, value)));
    let settings = settings.chain(variables.settings("azure_")).collect::<Vec<_>>();
    let is_plain = settings.iter().any(|(key, value)| *key == AzureConfigKey::Endpoint && value.starts_with("http://"));
    let plain = patience::options().with_allow_http(is_plain);
    let options = settings.iter().fold(plain, |options, (key, value)| match key {
        AzureConfigKey::Client(key) => options.with_config(*key, value),
        _ => options,
    });
    let builder =
        MicrosoftAzureBuilder::new().with_client_options(options).with_http_connector(Patience { deadline: variables.deadline()? });
    let settings = settings.into_iter().filter(|(key, _)| !matches!(key, AzureConfigKey::Client(_)));
    let builder = settings.fold(builder, |builder, (key, value)| builder.with_config(key, value));
    Ok(builder.with_retry(patience::retries(variables.deadline()?)).with_url(url.as_str()))
}

/// `AccountName=…;AccountKey=…;BlobEndpoint=…`, in the builder's names.
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

/// Folds `a/../b` to `b`: a store's keys know no `..`. What exists is resolved as the file system sees it.
fn tidy(path: &std::path::Path) -> PathBuf {
    use std::path::Component;
    if let Ok(resolved) = path.canonicalize() {
        return resolved;
    }
    let mut tidied = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                tidied.pop();
            }
            other => tidied.push(other),
        }
    }
    tidied
}

fn unusable(location: &str, why: &str) -> Error {
    // What comes after the scheme may hold a password or a signature.
    let (scheme, _) = location.split_once("://").unwrap_or((location, ""));
    let why = if location.contains("://") && why.contains(location) { "it cannot be parsed" } else { why };
    Error::new(Kind::Config, format!("cannot use `{scheme}` as a root: {why}"))
        .hint("give a local path or a URL such as s3://bucket/folder, gs://…, az://…, file:///…, memory:///")
}

/// A store whose settings do not do. The library's text may quote a setting, so only what is known of it is said.
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
    let message = format!("cannot open {}: {}", redacted(url), known.unwrap_or("a setting in the environment is not as it should be"));
    Error::new(Kind::Config, message).hint(hint)
}

fn redacted(url: &Url) -> String {
    let mut shown = url.clone();
    let _ = shown.set_password(None);
    shown.set_query(None);
    shown.to_string()
}
