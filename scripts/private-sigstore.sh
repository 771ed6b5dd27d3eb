# shellcheck shell=bash
# Sourced by scripts that sign without a key: starts a private Sigstore of the real services, each on
# loopback ports of its own with new keys, and ends those that it started and no other: OpenID Connect
# issuers, a certificate log, Fulcio, Rekor v2, a timestamp authority. `.tools/bin` must be on the PATH;
# needs Go and openssl. Fulcio and the timestamp authority open their metrics on every address, the
# latter on port 2112, and cannot be told not to: run it in a network namespace (`unshare --net`).

sigstore_pids=()

# start_service NAME WORD COMMAND…: on three free ports in a row, for which `@port`, `@port1` and
# `@port2` stand in the command; leaves the first in `service_port` when the service says WORD in its log.
start_service() {
  local name=$1 word=$2 pid command
  shift 2
  for _ in {1..8}; do
    # Below the ports that clients are given, as for registries.
    service_port=$((10000 + RANDOM % 3000 * 3))
    command=("${@//@port1/$((service_port + 1))}")
    command=("${command[@]//@port2/$((service_port + 2))}")
    command=("${command[@]//@port/$service_port}")
    "${command[@]}" </dev/null >"$sigstore/$name.log" 2>&1 &
    pid=$!
    # Its own word besides an answer on the port: another program could give that.
    until grep -qs "$word" "$sigstore/$name.log" && : 2>/dev/null <>"/dev/tcp/127.0.0.1/$service_port"; do
      kill -0 "$pid" 2>/dev/null || continue 2
      sleep 0.05
    done
    sigstore_pids+=("$pid")
    return
  done
  echo "$name does not start:" >&2
  tail -n 5 "$sigstore/$name.log" >&2
  return 1
}

# certificate NAME SUBJECT EXTENSIONS [ISSUER]: for the key of that name; by itself, or by the issuer.
certificate() {
  local by=(-signkey "$1.key")
  if [ -n "${4:-}" ]; then by=(-CA "$4.pem" -CAkey "$4.key"); fi
  openssl req -new -key "$1.key" -subj "/O=private Sigstore/CN=$2" |
    openssl x509 -req -sha256 -days 30 -set_serial "0x40$(openssl rand -hex 15)" "${by[@]}" -out "$1.pem" \
      -extfile <(printf '%s\n' "$3" subjectKeyIdentifier=hash authorityKeyIdentifier=keyid)
}

# sigstore_keys DIRECTORY: new keys, and the certificates of both authorities.
sigstore_keys() (
  local ca='keyUsage=critical,keyCertSign,cRLSign' name
  mkdir -p "$1"
  cd "$1" || exit
  for name in fulcio-root fulcio tsa-root tsa ct; do
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$name.key"
  done
  openssl genpkey -algorithm ED25519 -out rekor.key
  openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out oidc.key
  for name in ct rekor; do openssl pkey -in "$name.key" -pubout -out "$name.pub"; done
  certificate fulcio-root "Fulcio root" "$(printf '%s\n' basicConstraints=critical,CA:TRUE "$ca")"
  # Without the purpose of code signing Fulcio refuses it.
  certificate fulcio Fulcio "$(printf '%s\n' basicConstraints=critical,CA:TRUE,pathlen:0 "$ca" \
    extendedKeyUsage=codeSigning)" fulcio-root
  certificate tsa-root "timestamp root" "$(printf '%s\n' basicConstraints=critical,CA:TRUE "$ca")"
  # RFC 3161, 2.3: that purpose alone, and critical.
  certificate tsa "timestamp authority" "$(printf '%s\n' basicConstraints=critical,CA:FALSE \
    keyUsage=critical,digitalSignature extendedKeyUsage=critical,timeStamping)" tsa-root
  cat fulcio.pem fulcio-root.pem >fulcio-chain.pem
  cat tsa.pem tsa-root.pem >tsa-chain.pem
)

base64url() { basenc --base64url -w0 | tr -d '='; }

# sigstore_issuers: serves what an issuer says of itself, for `ci`, `mail` and `other`.
sigstore_issuers() {
  local name modulus
  cat >"$sigstore/issuers.go" <<'GO'
package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
)

func main() {
	listener, err := net.Listen("tcp", os.Args[1])
	if err == nil {
		fmt.Println("listening")
		err = http.Serve(listener, http.FileServer(http.Dir(os.Args[2])))
	}
	panic(err)
}
GO
  GOTOOLCHAIN=local go build -o "$sigstore/issuers" "$sigstore/issuers.go"
  start_service issuers listening "$sigstore/issuers" 127.0.0.1:@port "$sigstore/oidc"
  issuers=http://127.0.0.1:$service_port
  modulus=$(openssl rsa -in "$sigstore/keys/oidc.key" -noout -modulus 2>/dev/null)
  mkdir -p "$sigstore/oidc"
  printf '{"keys": [{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "1", "e": "AQAB", "n": "%s"}]}' \
    "$(basenc --base16 --decode <<<"${modulus#*=}" | base64url)" >"$sigstore/oidc/keys"
  for name in ci mail other; do
    mkdir -p "$sigstore/oidc/$name/.well-known"
    printf '{"issuer": "%s", "jwks_uri": "%s", "id_token_signing_alg_values_supported": ["RS256"],
      "response_types_supported": ["id_token"], "subject_types_supported": ["public"]}' \
      "$issuers/$name" "$issuers/keys" >"$sigstore/oidc/$name/.well-known/openid-configuration"
  done
}

# sigstore_token ci WORKFLOW COMMIT RUN, sigstore_token mail|other ADDRESS: a token of ten minutes, about
# a workflow (OWNER/REPOSITORY/PATH@REF) or a person.
sigstore_token() {
  local now claims repository reference signed
  now=$(date +%s)
  case $1 in
    ci)
      repository=$(cut -d / -f 1,2 <<<"$2")
      reference=${2#*@}
      claims=$(printf '"sub": "repo:%s:ref:%s", "repository": "%s", "repository_owner": "%s",
        "job_workflow_ref": "%s", "workflow_ref": "%s", "workflow": "release", "ref": "%s",
        "sha": "%s", "workflow_sha": "%s", "job_workflow_sha": "%s", "run_id": "%s", "run_attempt": "1",
        "repository_id": "4711", "repository_owner_id": "42", "repository_visibility": "public",
        "event_name": "push", "runner_environment": "github-hosted"' \
        "$repository" "$reference" "$repository" "${repository%/*}" "$2" "$2" "$reference" \
        "$3" "$3" "$3" "$4")
      ;;
    *) claims=$(printf '"sub": "%s", "email": "%s", "email_verified": true' "${2%@*}" "$2") ;;
  esac
  signed=$(printf '{"alg": "RS256", "typ": "JWT", "kid": "1"}' | base64url).$(
    printf '{"iss": "%s", "aud": "sigstore", "iat": %s, "nbf": %s, "exp": %s, %s}' "$issuers/$1" \
      "$now" $((now - 5)) $((now + 600)) "$claims" | base64url)
  printf '%s.%s' "$signed" "$(printf '%s' "$signed" |
    openssl dgst -sha256 -sign "$sigstore/keys/oidc.key" | base64url)"
}

# fulcio_config: who may tell Fulcio an identity, and what of a job goes into a certificate. It is not
# indented JSON alone, which Fulcio would read otherwise.
fulcio_config() {
  cat <<YAML
oidc-issuers:
  $issuers/mail: {issuer-url: $issuers/mail, client-id: sigstore, type: email}
  $issuers/other: {issuer-url: $issuers/other, client-id: sigstore, type: email}
  $issuers/ci: {issuer-url: $issuers/ci, client-id: sigstore, type: ci-provider, ci-provider: github-workflow}
ci-issuer-metadata:
  github-workflow:
    default-template-values: {url: "https://git.example.com"}
    subject-alternative-name-template: "{{ .url }}/{{ .job_workflow_ref }}"
    extension-templates:
      github-workflow-trigger: event_name
      github-workflow-sha: sha
      github-workflow-name: workflow
      github-workflow-repository: repository
      github-workflow-ref: ref
      build-signer-uri: "{{ .url }}/{{ .job_workflow_ref }}"
      build-signer-digest: job_workflow_sha
      runner-environment: runner_environment
      source-repository-uri: "{{ .url }}/{{ .repository }}"
      source-repository-digest: sha
      source-repository-ref: ref
      source-repository-identifier: repository_id
      source-repository-owner-uri: "{{ .url }}/{{ .repository_owner }}"
      source-repository-owner-identifier: repository_owner_id
      build-config-uri: "{{ .url }}/{{ .workflow_ref }}"
      build-config-digest: workflow_sha
      build-trigger: event_name
      run-invocation-uri: "https://ci.example.com/{{ .repository }}/runs/{{ .run_id }}"
      source-repository-visibility-at-signing: repository_visibility
YAML
}

# trusted_root NAME [SERVICE]: writes the root NAME.json; for that service it has the keys of another.
trusted_root() {
  local -A keys=([fulcio]=keys [ct]=keys [rekor]=keys [tsa]=keys)
  if [ -n "${2:-}" ]; then keys[$2]=others; fi
  # The name of a Rekor 2 log is the host of its address, without the port.
  cosign trusted-root create --out "$sigstore/$1.json" \
    --fulcio "url=$fulcio,certificate-chain=$sigstore/${keys[fulcio]}/fulcio-chain.pem,$since" \
    --ctfe "url=$ct,public-key=$sigstore/${keys[ct]}/ct.pub,$since" \
    --rekor "url=$rekor,public-key=$sigstore/${keys[rekor]}/rekor.pub,$since,origin=127.0.0.1" \
    --tsa "url=$tsa,certificate-chain=$sigstore/${keys[tsa]}/tsa-chain.pem,$since"
}

# start_sigstore DIRECTORY: leaves there `trusted_root.json` and `signing_config.json`, and roots in which
# one service has other keys, named for it; and in `issuers` the address of the issuers.
start_sigstore() {
  local keys fulcio ct rekor tsa since
  sigstore=$1
  keys=$sigstore/keys
  mkdir -p "$sigstore"
  since=start-time=$(date -u -d '-1 minute' +%Y-%m-%dT%H:%M:%SZ)
  if ! { sigstore_keys "$keys" && sigstore_keys "$sigstore/others"; } >"$sigstore/keys.log" 2>&1; then
    cat "$sigstore/keys.log" >&2
    return 1
  fi
  sigstore_issuers

  printf '{"Personalities": [{"Addr": "127.0.0.1:%s", "PrivKey": "%s", "FlakinessRate": 0}]}' % \
    "$(openssl ec -in "$keys/ct.key" -outform DER 2>/dev/null | base64 -w0)" >"$sigstore/ct.json"
  # It reads its port from a file alone.
  # shellcheck disable=SC2016
  start_service ct 127.0.0.1 sh -c 'sed s/%/@port/ "$0" >"$0.@port" && exec ct-test-srv --config "$0.@port"' \
    "$sigstore/ct.json"
  ct=http://127.0.0.1:$service_port

  start_service tsa 'Serving timestamp' timestamp-server serve --host 127.0.0.1 --port @port \
    --timestamp-signer file --file-signer-key-path "$keys/tsa.key" --file-signer-passwd unused \
    --certificate-chain-path "$keys/tsa-chain.pem" --disable-ntp-monitoring --config /dev/null
  tsa=http://127.0.0.1:$service_port/api/v1/timestamp

  # At its ten seconds between checkpoints every signature would wait for one.
  start_service rekor 'starting HTTP' rekor-server-posix serve --http-address 127.0.0.1 --http-port @port \
    --grpc-address 127.0.0.1 --grpc-port @port1 --http-metrics-port @port2 --hostname 127.0.0.1 \
    --storage-dir "$sigstore/rekor" --signer-filepath "$keys/rekor.key" \
    --checkpoint-interval 200ms --batch-max-age 50ms
  rekor=http://127.0.0.1:$service_port

  fulcio_config >"$sigstore/fulcio.yaml"
  start_service fulcio 'listening on http' fulcio serve --host 127.0.0.1 --port @port --grpc-host 127.0.0.1 \
    --grpc-port @port1 --metrics-port @port2 --ca fileca --fileca-cert "$keys/fulcio-chain.pem" \
    --fileca-key "$keys/fulcio.key" --fileca-key-passwd unused --fileca-watch=false \
    --config-path "$sigstore/fulcio.yaml" --ct-log-url "$ct" --ct-log-public-key-path "$keys/ct.pub" \
    --legacy-unix-domain-socket "@private-sigstore-$$-@port"
  fulcio=http://127.0.0.1:$service_port

  trusted_root trusted_root
  trusted_root "another authority" fulcio
  trusted_root "another certificate log" ct
  trusted_root "another log" rekor
  trusted_root "another timestamp authority" tsa
  since+=,operator=private
  cosign signing-config create --out "$sigstore/signing_config.json" \
    --fulcio "url=$fulcio,api-version=1,$since" --oidc-provider "url=$issuers/mail,api-version=1,$since" \
    --rekor "url=$rekor,api-version=2,$since" --rekor-config ANY \
    --tsa "url=$tsa,api-version=1,$since" --tsa-config ANY
}

# end_sigstore: for the EXIT trap.
end_sigstore() {
  local pid
  for pid in "${sigstore_pids[@]}"; do
    kill "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
}
