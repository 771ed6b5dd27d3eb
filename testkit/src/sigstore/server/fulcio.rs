//! Fulcio v2: a token and a proof that the key is held become a certificate.

use base64::{Engine, engine::general_purpose::STANDARD};
use evidence::json::json;

use super::{Shared, error, sent, text};
use crate::{
    registry::{Answer, Request},
    sigstore::keys::{Public, armour, unarmoured},
};

impl Shared {
    /// `POST /api/v2/signingCert`.
    pub(super) fn certify(&self, request: &Request) -> Answer {
        let Some(sent) = sent(request) else {
            return error(400, 3, "invalid character looking for beginning of value");
        };
        // sigstore-go sends the token in a header, sigstore-rust in the body.
        let header = request.header("authorization").and_then(|one| one.strip_prefix("Bearer "));
        let token = header.unwrap_or_else(|| text(&sent, "/credentials/oidcIdentityToken"));
        let (identity, lie) = {
            let state = self.state();
            (state.tokens.get(token).cloned(), state.lie)
        };
        let Some(identity) = identity else {
            return error(400, 3, "There was an error processing the identity token");
        };
        let armoured = text(&sent, "/publicKeyRequest/publicKey/content");
        let proof = STANDARD.decode(text(&sent, "/publicKeyRequest/proofOfPossession"));
        let (Some(key), Ok(proof)) = (unarmoured(armoured), proof) else {
            return error(400, 3, "The public key supplied in the request could not be parsed");
        };
        if !Public(&key).verifies(identity.challenge().as_bytes(), &proof) {
            let message = "The signature supplied in the request could not be verified";
            return error(400, 3, message);
        }
        let (own, other) = (&self.instance.own.fulcio, &self.instance.other.fulcio);
        let leaf = own.certify(&identity, &key, self.now(), lie, other);
        let leaf = match lie {
            Some(crate::sigstore::Lie::CertificateOfAnother) => {
                self.instance.foreign_certificate(self.now())
            }
            _ => leaf,
        };
        let mut chain = vec![armour("CERTIFICATE", &leaf)];
        chain.extend(own.authority.chain().iter().map(|der| armour("CERTIFICATE", der)));
        let answer = json!({"signedCertificateEmbeddedSct": {"chain": {"certificates": chain}}});
        Answer::json(200, answer.to_string())
    }

    /// `GET /api/v2/trustBundle`.
    pub(super) fn trust_bundle(&self) -> Answer {
        let chain = self.instance.own.fulcio.authority.chain();
        let chain: Vec<String> = chain.iter().map(|der| armour("CERTIFICATE", der)).collect();
        Answer::json(200, json!({"chains": [{"certificates": chain}]}).to_string())
    }
}

/// `GET /api/v2/configuration`: whose tokens are taken.
pub(super) fn configuration(request: &Request) -> Answer {
    let host = request.header("host").unwrap_or_default();
    let issuer = json!({
        "issuerUrl": format!("http://{host}/oidc"), "audience": "sigstore",
        "challengeClaim": "email", "issuerType": "email",
    });
    Answer::json(200, json!({"issuers": [issuer]}).to_string())
}
