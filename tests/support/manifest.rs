//! Manifests as a version before wrote them, which sealed nothing, kept no list of pages and named no state files.

use kefu::store::Store;
use serde_json::Value;

/// Takes the seals, the list of pages and the state files out of the manifest of an output.
pub(crate) fn unseal(store: &Store) {
    let documents = store.list("_meta/partitions").unwrap().into_iter().map(|object| object.key);
    for key in documents.chain(["_meta/publishing.json".to_owned()]) {
        let mut document: Value = serde_json::from_slice(&store.get(&key).unwrap()).unwrap();
        let members = document.as_object_mut().unwrap();
        members.remove("sha256");
        members.remove("pages");
        members.remove("version");
        if let Some(files) = members.get_mut("files").filter(|_| key != "_meta/publishing.json").and_then(Value::as_object_mut) {
            files.retain(|file, _| !file.starts_with("state/"));
        }
        store.put(&key, document.to_string().into_bytes()).unwrap();
    }
}

/// As `unseal`, for an output in a folder.
pub(crate) fn unseal_folder(folder: &std::path::Path) {
    unseal(&Store::open(folder.to_str().unwrap()).unwrap());
}
