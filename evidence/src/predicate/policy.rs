//! `policy`: the policy whose verdict an approval or a deployment followed, as a ResourceDescriptor.
//!
//! It is reported and never required. What is there and is no SHA-256 makes the predicate unreadable
//! all the same: a signer's word is not read in part.

use serde::Deserialize;

use super::Unreadable;
use crate::{
    Algorithm, Digest,
    json::{Value, json},
};

const MEMBER: &str = "policy";

#[derive(Deserialize)]
pub(super) struct Wire {
    digest: WireDigest,
}

#[derive(Deserialize)]
struct WireDigest {
    sha256: String,
}

/// Reads the member, if it is there.
pub(super) fn read(wire: Option<Wire>) -> Result<Option<Digest>, Unreadable> {
    let read = |wire: Wire| {
        Digest::from_hex(Algorithm::Sha256, &wire.digest.sha256)
            .map_err(|error| Unreadable::Member { member: MEMBER, problem: error.to_string() })
    };
    wire.map(read).transpose()
}

/// Adds the member, if there is a policy.
pub(super) fn insert(object: &mut Value, policy: Option<&Digest>) {
    if let (Some(members), Some(digest)) = (object.as_object_mut(), policy) {
        let descriptor = json!({"digest": {digest.algorithm().name(): digest.hex()}});
        members.insert(MEMBER.to_owned(), descriptor);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::predicate::{approval::Approval, deployment::Deployment};

    /// An approval and a deployment with a member `policy`: its digest, or that they are unreadable.
    fn read(policy: Value) -> [Option<Option<Digest>>; 2] {
        let approval = json!({
            "decision": "approved", "environment": "production",
            "approvedAt": "2026-11-23T08:15:00Z", "policy": policy,
        });
        let deployment = json!({
            "action": "deployed", "result": "succeeded", "environment": "production",
            "policy": policy,
        });
        [
            Approval::read(&approval).ok().map(|approval| approval.policy),
            Deployment::read(&deployment).ok().map(|deployment| deployment.policy),
        ]
    }

    #[test]
    fn both_predicates_read_it_alike() {
        let digest = Digest::sha256(b"policy");
        let mut written = json!({});
        insert(&mut written, Some(&digest));
        let good = Some(Some(digest));
        assert_eq!(read(written["policy"].clone()), [good.clone(), good]);
        assert_eq!(read(Value::Null), [Some(None), Some(None)]);
        for malformed in [
            json!({}),
            json!([]),
            json!("sha256:00"),
            json!({"digest": {}}),
            json!({"digest": {"sha256": "00"}}),
            json!({"digest": {"sha256": "G".repeat(64)}}),
            json!({"digest": {"sha256": "A".repeat(64)}}),
            json!({"digest": {"sha256": 1}}),
        ] {
            assert_eq!(read(malformed.clone()), [None, None], "{malformed}");
        }
    }
}
