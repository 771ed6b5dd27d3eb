//! What the registry holds, and its right answers.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::Path,
};

use evidence::{
    Digest,
    json::{self, Value, json},
};

use super::wire::{Answer, Body, Request};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";

/// What the registry holds.
#[derive(Clone, Debug, Default)]
pub struct Store {
    /// Whether `/referrers/` is there.
    pub referrers_api: bool,
    /// Whether a PUT of a manifest with a subject is answered without `OCI-Subject`.
    pub mute: bool,
    /// Whether blobs are mounted from other repositories.
    pub mounts: bool,
    /// Whether manifests with `data` are refused.
    pub no_data: bool,
    /// How many entries a page of a list has; all if 0.
    pub page: usize,
    repositories: BTreeMap<String, Repository>,
}

#[derive(Clone, Debug, Default)]
struct Repository {
    blobs: BTreeMap<String, Vec<u8>>,
    manifests: BTreeMap<String, Vec<u8>>,
    tags: BTreeMap<String, String>,
}

impl Store {
    /// Stores a blob.
    pub fn put_blob(&mut self, repository: &str, bytes: &[u8]) -> Digest {
        let digest = Digest::sha256(bytes);
        self.of(repository).blobs.insert(digest.to_string(), bytes.to_vec());
        digest
    }

    /// Stores a manifest, under a tag or by its digest alone.
    pub fn put_manifest(&mut self, repository: &str, tag: Option<&str>, bytes: &[u8]) -> Digest {
        let digest = Digest::sha256(bytes);
        let repository = self.of(repository);
        repository.manifests.insert(digest.to_string(), bytes.to_vec());
        if let Some(tag) = tag {
            repository.tags.insert(tag.to_owned(), digest.to_string());
        }
        digest
    }

    /// Forgets what has that digest, manifest or blob.
    pub fn remove(&mut self, repository: &str, digest: &Digest) {
        let repository = self.of(repository);
        repository.blobs.remove(&digest.to_string());
        repository.manifests.remove(&digest.to_string());
    }

    /// Puts other bytes in the place of what has that digest.
    pub fn replace(&mut self, repository: &str, digest: &Digest, bytes: &[u8]) {
        let repository = self.of(repository);
        for store in [&mut repository.blobs, &mut repository.manifests] {
            if let Some(stored) = store.get_mut(&digest.to_string()) {
                *stored = bytes.to_vec();
            }
        }
    }

    /// The tags of a repository.
    pub fn tags(&self, repository: &str) -> BTreeSet<String> {
        self.repositories
            .get(repository)
            .map(|repository| repository.tags.keys().cloned().collect())
            .unwrap_or_default()
    }

    /// Lets another repository, of another registry perhaps, hold all blobs and manifests of this one.
    pub fn copy(&self, repository: &str, into: &mut Self, target: &str) {
        let Some(repository) = self.repositories.get(repository) else { return };
        let target = into.of(target);
        target.blobs.extend(repository.blobs.clone());
        target.manifests.extend(repository.manifests.clone());
    }

    /// The manifest under a tag or digest.
    pub fn manifest(&self, repository: &str, reference: &str) -> Option<&[u8]> {
        let repository = self.repositories.get(repository)?;
        let digest = repository.tags.get(reference).map_or(reference, String::as_str);
        repository.manifests.get(digest).map(Vec::as_slice)
    }

    pub(super) fn load(&mut self, repository: &str, layout: &Path) -> io::Result<()> {
        let blobs = layout.join("blobs/sha256");
        for entry in fs::read_dir(blobs)? {
            let bytes = fs::read(entry?.path())?;
            let is_manifest = json::parse(&bytes).is_ok_and(|value| {
                value.get("schemaVersion").is_some() && value.get("mediaType").is_some()
            });
            if is_manifest {
                self.put_manifest(repository, None, &bytes);
            } else {
                self.put_blob(repository, &bytes);
            }
        }
        let index = fs::read(layout.join("index.json"))?;
        let index = json::parse(&index).map_err(io::Error::other)?;
        for entry in index.get("manifests").and_then(Value::as_array).into_iter().flatten() {
            let tag = entry.pointer("/annotations/org.opencontainers.image.ref.name");
            let digest = entry.get("digest").and_then(Value::as_str);
            if let (Some(tag), Some(digest)) = (tag.and_then(Value::as_str), digest) {
                self.of(repository).tags.insert(tag.to_owned(), digest.to_owned());
            }
        }
        Ok(())
    }

    pub(super) fn answer(&mut self, request: &Request) -> Answer {
        let name = request.repository().to_owned();
        let rest = request.path().strip_prefix(&format!("/v2/{name}/")).unwrap_or_default();
        let (room, reference) = rest.split_once('/').unwrap_or((rest, ""));
        match (request.method.as_str(), room) {
            ("GET" | "HEAD", "manifests") => match self.manifest(&name, reference) {
                Some(bytes) => Answer::new(200)
                    .with("Content-Type", &media_type(bytes))
                    .body(Body::Bytes(bytes.to_vec())),
                None => unknown("MANIFEST_UNKNOWN"),
            },
            ("GET" | "HEAD", "blobs") => match self.of(&name).blobs.get(reference) {
                Some(bytes) => Answer::new(200).body(Body::Bytes(bytes.clone())),
                None => unknown("BLOB_UNKNOWN"),
            },
            ("GET", "referrers") if self.referrers_api => self.referrers(request, &name, reference),
            ("GET", "referrers") => Answer::new(404)
                .with("Content-Type", "text/plain; charset=utf-8")
                .body(Body::Bytes(b"404 page not found\n".to_vec())),
            ("GET", "tags") => self.tag_list(request, &name),
            ("POST", "blobs") if self.mount(request, &name) => Answer::new(201),
            ("POST", "blobs") => {
                Answer::new(202).with("Location", &format!("/v2/{name}/blobs/uploads/1?state=a"))
            }
            ("PUT", "blobs") => self.upload(request, &name),
            ("PUT", "manifests") => self.put(request, &name, reference),
            _ => Answer::new(405),
        }
    }

    fn of(&mut self, repository: &str) -> &mut Repository {
        self.repositories.entry(repository.to_owned()).or_default()
    }

    /// Takes a blob over from another repository, if the query asks for that and it is there.
    fn mount(&mut self, request: &Request, repository: &str) -> bool {
        let query = request.query().replace("%3A", ":").replace("%2F", "/");
        let said = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name));
        let (Some(digest), Some(from)) = (said("mount="), said("from=")) else { return false };
        let blob = self.repositories.get(from).and_then(|from| from.blobs.get(digest)).cloned();
        match blob.filter(|_| self.mounts) {
            Some(bytes) => {
                self.put_blob(repository, &bytes);
                true
            }
            None => false,
        }
    }

    fn upload(&mut self, request: &Request, repository: &str) -> Answer {
        let digest = Digest::sha256(&request.body).to_string();
        let named = request.query().split('&').find_map(|pair| pair.strip_prefix("digest="));
        if named.is_none_or(|named| named.replace("%3A", ":") != digest) {
            return Answer::json(400, r#"{"errors":[{"code":"DIGEST_INVALID"}]}"#);
        }
        self.put_blob(repository, &request.body);
        Answer::new(201)
    }

    fn put(&mut self, request: &Request, repository: &str, reference: &str) -> Answer {
        let refused = |code| {
            Answer::json(400, format!(r#"{{"errors":[{{"code":"{code}","message":"no"}}]}}"#))
        };
        let Ok(value) = json::parse(&request.body) else { return refused("MANIFEST_INVALID") };
        let by_digest = reference.contains(':');
        if by_digest && Digest::sha256(&request.body).to_string() != reference {
            return refused("DIGEST_INVALID");
        }
        let layers = value.get("layers").and_then(Value::as_array);
        let layers: Vec<&Value> = layers.into_iter().flatten().chain(value.get("config")).collect();
        if self.no_data && layers.iter().any(|layer| layer.get("data").is_some()) {
            return refused("MANIFEST_INVALID");
        }
        let stored = &self.of(repository).blobs;
        let digests = layers.iter().filter_map(|layer| layer.get("digest")?.as_str());
        if !digests.into_iter().all(|digest| stored.contains_key(digest)) {
            return refused("MANIFEST_BLOB_UNKNOWN");
        }
        self.put_manifest(repository, (!by_digest).then_some(reference), &request.body);
        let subject = value.pointer("/subject/digest").and_then(Value::as_str);
        match subject {
            Some(subject) if self.referrers_api && !self.mute => {
                Answer::new(201).with("OCI-Subject", subject)
            }
            _ => Answer::new(201),
        }
    }

    fn referrers(&self, request: &Request, repository: &str, subject: &str) -> Answer {
        let manifests = self.repositories.get(repository).map(|repository| &repository.manifests);
        let listed = manifests.into_iter().flatten().filter_map(|(digest, bytes)| {
            let value = json::parse(bytes).ok()?;
            let ours = value.pointer("/subject/digest")?.as_str()? == subject;
            ours.then(|| {
                let kind = value.get("artifactType").or_else(|| value.pointer("/config/mediaType"));
                json!({"mediaType": media_type(bytes), "digest": digest, "size": bytes.len(),
                       "artifactType": kind, "annotations": value.get("annotations")})
            })
        });
        let (page, next) = self.paged(request, listed.collect());
        let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": page});
        linked(Answer::new(200), request, next)
            .with("Content-Type", INDEX)
            .body(Body::Bytes(index.to_string().into_bytes()))
    }

    fn tag_list(&self, request: &Request, repository: &str) -> Answer {
        let tags = self.tags(repository).into_iter().map(Value::from).collect();
        let (page, next) = self.paged(request, tags);
        let body = json!({"name": repository, "tags": page}).to_string();
        linked(Answer::json(200, body), request, next)
    }

    /// The page that the query asks for, and the number of the next one.
    fn paged(&self, request: &Request, all: Vec<Value>) -> (Vec<Value>, Option<usize>) {
        if self.page == 0 {
            return (all, None);
        }
        let number: usize =
            request.query().strip_prefix("page=").and_then(|n| n.parse().ok()).unwrap_or(0);
        let before = number.saturating_mul(self.page);
        let more = all.len() > before.saturating_add(self.page);
        let page = all.into_iter().skip(before).take(self.page).collect();
        (page, more.then_some(number.saturating_add(1)))
    }
}

fn linked(answer: Answer, request: &Request, next: Option<usize>) -> Answer {
    match next {
        Some(next) => {
            let link = format!("<{}?page={next}>; rel=\"next\"", request.path());
            answer.with("Link", &link)
        }
        None => answer,
    }
}

fn media_type(bytes: &[u8]) -> String {
    let stated = json::parse(bytes).ok();
    let stated = stated.as_ref().and_then(|value| value.get("mediaType")?.as_str());
    stated.unwrap_or(IMAGE).to_owned()
}

fn unknown(code: &str) -> Answer {
    Answer::json(404, format!(r#"{{"errors":[{{"code":"{code}","message":"unknown"}}]}}"#))
}
