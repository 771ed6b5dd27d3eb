//! The two examples at the end of each help text.

pub(super) const ATTEST: &str = "\
Examples:
  attest build registry.example.com/payments/api:v1.4.0 --key keys/release.key
  attest whoami

Environment: ATTEST_KEY names the key; ATTEST_PASSWORD, or COSIGN_PASSWORD,
holds its passphrase.
Exit codes: 0 done, 1 refused, 2 command or configuration wrong, 3 registry or
service unavailable.";

pub(super) const BUILD: &str = "\
Examples:
  attest build registry.example.com/payments/api:v1.4.0 \\
    --key env://RELEASE_KEY
  attest build oci:app:v1 --source https://git.example.com/acme/app --commit \\
    4f1c2a9e7b3d5068c1a2e3f405b6d7c8e9fa0b1c --run 4711 --key release.key";

pub(super) const SCAN: &str = "\
Examples:
  attest scan registry.example.com/payments/api:v1.4.0 \\
    --report trivy.json --key scanner.key
  attest scan oci:app:v1 --report trivy.json \\
    --database-updated 2026-11-23T06:12:00Z";

pub(super) const TEST: &str = "\
Examples:
  attest test registry.example.com/payments/api:v1.4.0 \\
    --report 'build/**/TEST-*.xml'
  attest test oci:app:v1 --name smoke --key deployer.key -- ./smoke.sh";

pub(super) const SBOM: &str = "\
Examples:
  attest sbom registry.example.com/payments/api:v1.4.0 \\
    --file sbom.spdx.json --key release.key
  attest sbom oci:app:v1 --file sbom.cdx.json --format json";

pub(super) const APPROVE: &str = "\
Examples:
  attest approve registry.example.com/payments/api:v1.4.0 \\
    --environment production --verdict ready.json --key alice.key --yes
  attest approve oci:app:v1 --as registry.example.com/payments/api \\
    --environment production --reject --reason 'loses refunds, see #812' --yes";

pub(super) const DEPLOY: &str = "\
Examples:
  attest deploy registry.example.com/payments/api:v1.4.0 \\
    --environment staging --result succeeded --key deployer.key
  attest deploy oci:app:v1 --as registry.example.com/payments/api \\
    --environment production --result rolled-back --target eu-west-1";

pub(super) const PREDICATE: &str = "\
Examples:
  attest predicate oci:app:v1 --type openvex --file vex.json --key release.key
  attest predicate oci:app:v1 --type https://example.com/review/v1 \\
    --file review.json --dry-run";

pub(super) const STATEMENT: &str = "\
Examples:
  attest statement oci:app:v1 --file statement.json --key release.key
  attest statement oci:app:v1 --file statement.json --bundle signed.json \\
    --no-attach";

pub(super) const ATTACH: &str = "\
Examples:
  attest attach registry.example.com/payments/api:v1.4.0 --bundle approval.json
  attest attach oci:app:v1 --bundle approval.json --format json";

pub(super) const PROMOTE: &str = "\
Examples:
  attest promote registry.example.com/payments/api:v1.4.0 \\
    --to prod.example.com/payments/api --environment production \\
    --from-environment staging --verdict allow.json --key deployer.key
  attest promote oci:app:v1 --as registry.example.com/payments/api \\
    --to oci:prod --environment production --key deployer.key";

pub(super) const COPY: &str = "\
Examples:
  attest copy registry.example.com/payments/api:v1.4.0 --to oci:backup \\
    --tag v1.4.0
  attest copy oci:app:v1 --to registry.example.com/payments/evidence \\
    --evidence-only";

pub(super) const REPAIR: &str = "\
Examples:
  attest repair registry.example.com/payments/api:v1.4.0
  attest repair oci:app:v1 --format json";

pub(super) const KEY: &str = "\
Examples:
  attest key generate --out keys/release
  attest key public --key keys/release.key";

pub(super) const KEY_GENERATE: &str = "\
Examples:
  attest key generate --out keys/release
  attest key generate --out keys/alice --type ed25519";

pub(super) const KEY_PUBLIC: &str = "\
Examples:
  attest key public --key keys/release.key
  attest key public --key env://RELEASE_KEY";

pub(super) const WHOAMI: &str = "\
Examples:
  attest whoami
  attest whoami --key keys/release.key --format json";
