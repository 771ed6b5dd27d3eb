//! A certificate authority that nobody trusts unless a test says so (RFC 5280, by rcgen).
//!
//! Made anew for each test. Its keys leave it only in the files that a server reads.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, Error, IsCa, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};

/// An authority.
#[derive(Debug)]
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// A certificate and its secret key, both in PEM.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// The certificate.
    pub certificate: String,
    /// The key.
    pub key: String,
}

impl Authority {
    /// A new authority of that name.
    pub fn new(name: &str) -> Result<Self, Error> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
        Ok(Self { issuer })
    }

    /// Its own certificate, for whoever is to trust it.
    pub fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// A certificate for these host names and addresses.
    pub fn certify(&self, hosts: &[&str]) -> Result<Certificate, Error> {
        self.sign(params(hosts)?)
    }

    /// The same, but one that ended long ago.
    pub fn certify_expired(&self, hosts: &[&str]) -> Result<Certificate, Error> {
        let mut params = params(hosts)?;
        params.not_before = date_time_ymd(2001, 1, 1);
        params.not_after = date_time_ymd(2002, 1, 1);
        self.sign(params)
    }

    fn sign(&self, params: CertificateParams) -> Result<Certificate, Error> {
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok(Certificate { certificate: certificate.pem(), key: key.serialize_pem() })
    }
}

fn params(hosts: &[&str]) -> Result<CertificateParams, Error> {
    CertificateParams::new(hosts.iter().map(|host| (*host).to_owned()).collect::<Vec<_>>())
}
