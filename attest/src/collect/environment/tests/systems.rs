//! The CI systems: what each environment of `testdata/env` says, by `table.tsv`, and what changes it.

use super::*;

/// The columns of the table after the file's name.
fn said(environment: &Environment) -> Vec<String> {
    let Environment { source, commit, git_ref, run, attempt, job, leg, head, .. } = environment;
    let Environment { actor, url, builder, .. } = environment;
    let all = [source, commit, git_ref, run, attempt, job, leg, head, actor, url, builder];
    let values = all.map(|known| known.as_ref().map_or("-", |known| &known.value));
    std::iter::once(environment.system.name()).chain(values).map(str::to_owned).collect()
}

#[test]
fn every_environment_says_what_the_table_says() {
    let table = lines("table.tsv");
    let mut rows = table.lines().filter(|line| !line.starts_with('#'));
    let columns: Vec<&str> = rows.next().unwrap().split('\t').skip(1).collect();
    let mut read = BTreeSet::new();
    for row in rows {
        let mut cells = row.split('\t');
        let file = cells.next().unwrap();
        let environment = detect(file, &Given::default());
        for ((column, expected), found) in columns.iter().zip(cells).zip(said(&environment)) {
            assert_eq!(found, expected, "{file}: {column}");
        }
        read.insert(file.to_owned());
    }
    let names = std::fs::read_dir(testdata()).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(read, names.filter(|name| name.ends_with(".env")).collect());
    assert_eq!(columns.len(), said(&detect("github.env", &Given::default())).len());
}

#[test]
fn no_address_carries_a_credential() {
    let secret = "ci-bot:not-a-real-password";
    let with = |name: &str, variable: &str, address: &str| {
        let address = address.replace("https://", &format!("https://{secret}@"));
        said(&detect_changed(name, &[(variable, &address)]))
    };
    for (name, variable, address) in [
        ("azure.env", "BUILD_REPOSITORY_URI", "https://dev.azure.com/acme/Shop%20Floor/_git/app"),
        ("azure.env", "SYSTEM_COLLECTIONURI", "https://dev.azure.com/acme/"),
        ("buildkite.env", "BUILDKITE_REPO", "https://github.com/acme/app.git"),
        ("buildkite.env", "BUILDKITE_BUILD_URL", "https://buildkite.com/acme/app/builds/4711"),
        ("circleci.env", "CIRCLE_REPOSITORY_URL", "https://github.com/acme/app"),
        ("circleci.env", "CIRCLE_BUILD_URL", "https://circleci.com/gh/acme/app/4711"),
        ("github.env", "GITHUB_SERVER_URL", "https://github.com"),
        ("gitlab.env", "CI_PROJECT_URL", "https://gitlab.example.com/acme/app"),
        ("gitlab.env", "CI_SERVER_URL", "https://gitlab.example.com"),
        ("gitlab.env", "CI_PIPELINE_URL", "https://gitlab.example.com/acme/app/-/pipelines/880011"),
        ("gitlab.env", "CI_JOB_URL", "https://gitlab.example.com/acme/app/-/jobs/9900022"),
        ("jenkins.env", "GIT_URL", "https://git.example.com/acme/app.git"),
        ("jenkins.env", "JENKINS_URL", "https://jenkins.example.com/"),
        ("jenkins.env", "BUILD_URL", "https://jenkins.example.com/job/acme/job/app/job/main/4711/"),
    ] {
        let clean = said(&detect(name, &Given::default()));
        assert_eq!(with(name, variable, address), clean, "{name}: {variable}");
    }
    let given = Given {
        run: Some(format!("https://{secret}@ci.example.com/runs/7?a=b@c")),
        ..Given::default()
    };
    let environment = detect("github.env", &given);
    assert_eq!(value(&environment.run), "https://ci.example.com/runs/7?a=b@c");
    assert_eq!(value(&environment.url), "https://ci.example.com/runs/7?a=b@c");
    let workflow = detect_changed("github.env", &[("GITHUB_SERVER_URL", "https://u:p@ghe/")]);
    assert_eq!(workflow.workflow.unwrap().repository, "https://ghe/acme/app");
}

#[test]
fn variables_of_two_systems_are_refused() {
    let several = |name: &str, changes: &[(&str, &str)]| {
        let found = Found { variables: changed(name, changes), ..Found::default() };
        Environment::detect(&found, &Given::default()).unwrap_err()
    };
    let error = several("jenkins.env", &[("GITHUB_ACTIONS", "true")]);
    assert_eq!((error.code(), error.is_usage()), ("several-systems", true));
    let words = "the variables are those of a job of GitHub Actions and a job of Jenkins at once";
    assert_eq!(error.to_string(), words);
    for part in ["env -u GITHUB_ACTIONS attest", "env -u JENKINS_URL -u JENKINS_HOME attest"] {
        assert!(error.help().contains(part), "{}", error.help());
    }
    assert!(!asks_git(&changed("gitlab.env", &[("TF_BUILD", "True")]), &Given::default(), true));
    // What is set to nothing or to false marks nothing.
    let alone = detect_changed("gitlab.env", &[("GITHUB_ACTIONS", "false"), ("BUILDKITE", "")]);
    assert_eq!(alone.system, System::GitLab);
}

#[test]
fn the_checkout_resolves_a_commit_that_has_only_a_name() {
    let head = variables("buildkite-head.env");
    assert!(asks_git(&head, &Given::default(), false), "by any command");
    assert!(!asks_git(&variables("buildkite.env"), &Given::default(), true));
    let given = Given { commit: Some("c".into()), ..Given::default() };
    assert!(!asks_git(&head, &given, true));
    let found = Found { variables: head, work_tree: Some(work_tree()), event: None };
    let environment = Environment::detect(&found, &Given::default()).unwrap();
    assert_eq!(value(&environment.commit), work_tree().commit);
    assert!(environment.commit.unwrap().from.contains("git rev-parse HEAD"));
    assert_eq!(environment.tracked_changes, Some(true));
    assert_eq!(value(&environment.source), "https://github.com/acme/app");
}

#[test]
fn a_retried_job_is_a_later_attempt_where_the_system_counts() {
    let attempt = |name: &str, changes: &[(&str, &str)]| {
        value(&detect_changed(name, changes).attempt).to_owned()
    };
    assert_eq!(attempt("buildkite.env", &[("BUILDKITE_RETRY_COUNT", "2")]), "3");
    assert_eq!(attempt("buildkite.env", &[("BUILDKITE_RETRY_COUNT", "many")]), "");
    assert_eq!(attempt("azure.env", &[("SYSTEM_JOBATTEMPT", "2")]), "2");
    assert_eq!(attempt("azure.env", &[("SYSTEM_STAGEATTEMPT", "3")]), "3");
    assert_eq!(attempt("github.env", &[("GITHUB_RUN_ATTEMPT", "4")]), "4");
    assert_eq!(attempt("gitlab.env", &[]), "", "GitLab counts none");
}

#[test]
fn several_of_one_job_are_told_apart() {
    let leg =
        |name: &str, changes: &[(&str, &str)]| value(&detect_changed(name, changes).leg).to_owned();
    let node = [("CIRCLE_NODE_INDEX", "2"), ("CIRCLE_NODE_TOTAL", "4")];
    assert_eq!(leg("circleci.env", &node), "2");
    let job = [("BUILDKITE_PARALLEL_JOB", "0"), ("BUILDKITE_PARALLEL_JOB_COUNT", "5")];
    assert_eq!(leg("buildkite.env", &job), "0");
    let given = Given { leg: Some("arm64".into()), ..Given::default() };
    assert_eq!(value(&detect("circleci.env", &given).leg), "arm64");
    // GitLab and Azure name them apart.
    let matrix = [("CI_JOB_NAME", "test: [arm64]"), ("CI_NODE_INDEX", "1"), ("CI_NODE_TOTAL", "2")];
    let environment = detect_changed("gitlab.env", &matrix);
    assert_eq!((value(&environment.job), value(&environment.leg)), ("test: [arm64]", ""));
    let slice = detect_changed("azure.env", &[("SYSTEM_JOBIDENTIFIER", "Test.Unit.arm64")]);
    assert_eq!(value(&slice.job), "Test.Unit.arm64");
}

#[test]
fn merges_name_their_own_ref_and_the_head() {
    let head = "8d02e11f4c55aa0011223344556677889900aabb";
    for (event, last) in [("merged_result", "merge"), ("merge_train", "train")] {
        let changes =
            [("CI_MERGE_REQUEST_EVENT_TYPE", event), ("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA", head)];
        let environment = detect_changed("gitlab-merge_request.env", &changes);
        assert_eq!(value(&environment.git_ref), format!("refs/merge-requests/12/{last}"));
        assert_eq!(value(&environment.head), head);
    }
}

#[test]
fn what_is_no_branch_is_no_ref() {
    let git_ref = |name: &str, changes: &[(&str, &str)]| {
        value(&detect_changed(name, changes).git_ref).to_owned()
    };
    for other in ["detached", "main", "upstream/main"] {
        assert_eq!(git_ref("jenkins-freestyle.env", &[("GIT_BRANCH", other)]), "", "{other}");
    }
    assert_eq!(git_ref("azure.env", &[("BUILD_SOURCEBRANCH", "$/Shop Floor/main")]), "");
    assert_eq!(git_ref("circleci-github-app.env", &[("CIRCLE_BRANCH", "pull/8")]), "");
}

#[test]
fn jenkins_without_an_address_is_jenkins_all_the_same() {
    let unset = [("JENKINS_URL", ""), ("BUILD_URL", ""), ("GIT_URL", ""), ("GIT_COMMIT", "")];
    let environment = detect_changed("jenkins.env", &unset);
    assert_eq!(environment.system, System::Jenkins);
    assert_eq!(
        (&environment.run, &environment.builder, &environment.commit),
        (&None, &None, &None)
    );
    assert_eq!(
        detect_changed("jenkins.env", &[("BUILD_NUMBER", "")]).system,
        System::Shell,
        "a shell on the controller builds nothing"
    );
}

#[test]
fn the_invocation_is_the_run_that_the_statement_names() {
    let table = lines("table.tsv");
    for row in table.lines().filter(|line| line.contains(".env")) {
        let Some((file, _)) = row.split_once('\t').filter(|(file, _)| file.ends_with(".env"))
        else {
            continue;
        };
        let environment = detect(file, &Given::default());
        let invocation = environment.invocation().unwrap();
        let (run, attempt) = source::without_attempt(&invocation.value);
        assert_eq!(run, value(&environment.run), "{file}");
        let stated = attempt.map(|attempt| attempt.to_string());
        assert!(stated.is_none_or(|stated| stated == value(&environment.attempt)), "{file}");
    }
    let given = Given { attempt: Some(7), ..Given::default() };
    let environment = detect("github.env", &given);
    assert_eq!(environment.invocation(), environment.run.as_ref(), "the page is of attempt 1");
}
