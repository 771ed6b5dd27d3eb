//! The identity that a certificate will name, foretold from the token: for `whoami`, and so that a
//! person sees beforehand what a log will show.
//!
//! The authority decides; this follows the templates of Sigstore's own Fulcio
//! (config/identity/config.yaml, v1.8.8) for the issuers that it knows, and says nothing of others.

use super::token::Claims;

/// Sigstore's own login, which names the service that the person logged in with as the issuer
/// (`issuer-claim` of its Fulcio).
const SIGSTORE_LOGIN: &str = "https://oauth2.sigstore.dev/auth";

/// Who a certificate is for, with the facts about a CI job that a policy may ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    /// The issuer of the identity.
    pub(crate) issuer: String,
    /// The identity, exactly.
    pub(crate) name: String,
    /// Words of a credential in the policy, and what they would have to say.
    pub(crate) facts: Vec<(&'static str, String)>,
}

impl Identity {
    /// The identity that a certificate for this token will name.
    pub(crate) fn foretold(claims: &Claims) -> Option<Self> {
        person(claims)
            .or_else(|| github(claims))
            .or_else(|| gitlab(claims))
            .or_else(|| buildkite(claims))
            .or_else(|| circleci(claims))
    }
}

fn person(claims: &Claims) -> Option<Identity> {
    let name = claims.mail()?.to_owned();
    let issuer = match claims.issuer() {
        SIGSTORE_LOGIN => claims.inner("federated_claims", "connector_id")?,
        other => other,
    };
    Some(Identity { issuer: issuer.to_owned(), name, facts: Vec::new() })
}

fn github(claims: &Claims) -> Option<Identity> {
    let workflow = claims.text("job_workflow_ref")?;
    let server = github_server(claims.issuer());
    let at = |path: &str| format!("{server}/{path}");
    let facts = facts([
        ("source", claims.text("repository").map(at)),
        ("ref", claims.text("ref").map(str::to_owned)),
        ("trigger", claims.text("event_name").map(str::to_owned)),
        ("runner", claims.text("runner_environment").map(str::to_owned)),
        ("environment", claims.text("environment").map(str::to_owned)),
    ]);
    Some(Identity { issuer: claims.issuer().to_owned(), name: at(workflow), facts })
}

/// The server that an issuer speaks for: GitHub Enterprise Server has it below its own address.
fn github_server(issuer: &str) -> &str {
    issuer.strip_suffix("/_services/token").unwrap_or("https://github.com")
}

fn gitlab(claims: &Claims) -> Option<Identity> {
    let config = claims.text("ci_config_ref_uri")?;
    let server = claims.issuer();
    let kind = if claims.text("ref_type") == Some("branch") { "heads" } else { "tags" };
    let facts = facts([
        ("source", claims.text("project_path").map(|path| format!("{server}/{path}"))),
        ("ref", claims.text("ref").map(|name| format!("refs/{kind}/{name}"))),
        ("trigger", claims.text("pipeline_source").map(str::to_owned)),
        ("runner", claims.text("runner_environment").map(str::to_owned)),
        ("environment", claims.text("environment").map(str::to_owned)),
    ]);
    Some(Identity { issuer: server.to_owned(), name: format!("https://{config}"), facts })
}

fn buildkite(claims: &Claims) -> Option<Identity> {
    let (organization, pipeline) =
        (claims.text("organization_slug")?, claims.text("pipeline_slug")?);
    let facts = facts([
        ("trigger", claims.text("build_source").map(str::to_owned)),
        ("runner", claims.text("runner_environment").map(str::to_owned)),
    ]);
    let name = format!("https://buildkite.com/{organization}/{pipeline}");
    Some(Identity { issuer: claims.issuer().to_owned(), name, facts })
}

fn circleci(claims: &Claims) -> Option<Identity> {
    let claim = |name: &str| claims.text(&format!("oidc.circleci.com/{name}"));
    let (project, definition) = (claim("project-id")?, claim("pipeline-definition-id")?);
    let facts = facts([
        ("source", claim("vcs-origin").map(str::to_owned)),
        ("ref", claim("vcs-ref").map(str::to_owned)),
    ]);
    let name =
        format!("https://circleci.com/api/v2/projects/{project}/pipeline-definitions/{definition}");
    Some(Identity { issuer: claims.issuer().to_owned(), name, facts })
}

fn facts<const N: usize>(
    found: [(&'static str, Option<String>); N],
) -> Vec<(&'static str, String)> {
    found.into_iter().filter_map(|(word, value)| Some((word, value?))).collect()
}

#[cfg(test)]
mod tests {
    use evidence::json::{Value, json};

    use super::{
        super::token::{IdentityToken, tests::token},
        *,
    };

    fn foretold(issuer: &str, claims: Value) -> Option<Identity> {
        let mut all = json!({"iss": issuer, "sub": "s", "exp": 1});
        all.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
        Identity::foretold(IdentityToken::parse(&token(&all)).unwrap().claims())
    }

    #[test]
    fn each_issuer_names_its_own() {
        let person = json!({"email": "a@acme.com", "email_verified": true});
        let mut sigstore = person.clone();
        sigstore.as_object_mut().unwrap().insert(
            "federated_claims".into(),
            json!({"connector_id": "https://accounts.google.com"}),
        );
        let job = json!({"job_workflow_ref": "acme/app/.github/workflows/r.yml@refs/heads/main"});
        for (issuer, claims, expected) in [
            (
                "https://login.acme.com",
                person.clone(),
                Some(("https://login.acme.com", "a@acme.com")),
            ),
            (SIGSTORE_LOGIN, sigstore, Some(("https://accounts.google.com", "a@acme.com"))),
            // Without the claim it is not known whom the certificate will name.
            (SIGSTORE_LOGIN, person, None),
            (
                "https://token.actions.githubusercontent.com",
                job.clone(),
                Some((
                    "https://token.actions.githubusercontent.com",
                    "https://github.com/acme/app/.github/workflows/r.yml@refs/heads/main",
                )),
            ),
            (
                "https://git.acme.com/_services/token",
                job,
                Some((
                    "https://git.acme.com/_services/token",
                    "https://git.acme.com/acme/app/.github/workflows/r.yml@refs/heads/main",
                )),
            ),
            (
                "https://gitlab.com",
                json!({"ci_config_ref_uri": "gitlab.com/acme/app//.gitlab-ci.yml@refs/heads/main"}),
                Some((
                    "https://gitlab.com",
                    "https://gitlab.com/acme/app//.gitlab-ci.yml@refs/heads/main",
                )),
            ),
            (
                "https://agent.buildkite.com",
                json!({"organization_slug": "acme", "pipeline_slug": "app"}),
                Some(("https://agent.buildkite.com", "https://buildkite.com/acme/app")),
            ),
            (
                "https://oidc.circleci.com",
                json!({"oidc.circleci.com/project-id": "p",
                       "oidc.circleci.com/pipeline-definition-id": "d"}),
                Some((
                    "https://oidc.circleci.com",
                    "https://circleci.com/api/v2/projects/p/pipeline-definitions/d",
                )),
            ),
            ("https://unknown.example", json!({}), None),
        ] {
            let found = foretold(issuer, claims);
            let found = found.as_ref().map(|who| (who.issuer.as_str(), who.name.as_str()));
            assert_eq!(found, expected, "{issuer}");
        }
    }

    #[test]
    fn a_job_has_the_facts_that_a_policy_may_ask_for() {
        let found = foretold(
            "https://gitlab.com",
            json!({"ci_config_ref_uri": "gitlab.com/a/b//c@refs/tags/v1", "project_path": "a/b",
                   "ref": "v1", "ref_type": "tag", "pipeline_source": "push"}),
        );
        let expected = [
            ("source", "https://gitlab.com/a/b".to_owned()),
            ("ref", "refs/tags/v1".to_owned()),
            ("trigger", "push".to_owned()),
        ];
        assert_eq!(found.unwrap().facts, expected);
    }
}
