//! The policy: read as a whole, with every file that it names and every trusted root that it wants.
//!
//! Files come first: what is wrong with the policy itself is said before anybody is asked for a
//! trusted root, and a policy whose roots are files asks nobody.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use chain::{
    Policy,
    policy::{Faults, Repository, Wanted},
};
use evidence::time::Timestamp;
use trust::{Options, Target};

use crate::{error::Error, output};

/// Bytes of the policy, and of each file that it names, that are looked at; `chain` has the real
/// limits and says which was passed.
const READ: u64 = 2 * 1024 * 1024;

/// The trusted roots that were fetched.
type Roots = Vec<(Repository, Vec<u8>)>;

/// Reads the policy, the files that it names, which lie beside it, and the trusted roots that it
/// wants; tells what is odd about it now.
pub async fn parse(path: &Path, options: &Options, now: Timestamp) -> Result<Policy, Error> {
    let text = read(path).map_err(|cause| Error::PolicyFile { path: path.to_owned(), cause })?;
    let mut roots = Roots::new();
    let policy = match parsed(path, &text, &roots) {
        (Ok(policy), _) => policy,
        // One fault for each, and no other.
        (Err(faults), wanted) if !wanted.is_empty() && faults.iter().len() == wanted.len() => {
            for repository in wanted {
                let bytes = fetch(&repository, options, now).await?;
                roots.push((repository, bytes));
            }
            parsed(path, &text, &roots).0.map_err(Error::Policy)?
        }
        (Err(faults), _) => return Err(Error::Policy(faults)),
    };
    for warning in policy.warnings_at(now) {
        output::print_error(&output::lines(&warning.render()));
    }
    Ok(policy)
}

/// The policy with these roots, and the repositories whose roots it wants besides.
fn parsed(path: &Path, text: &[u8], roots: &Roots) -> (Result<Policy, Faults>, Vec<Repository>) {
    let beside = path.parent().unwrap_or(Path::new(""));
    let mut wanted = Vec::new();
    let policy = Policy::parse(&path.display().to_string(), text, &mut |asked| match asked {
        Wanted::File(name) => read(&beside.join(name)).map_err(|cause| cause.to_string()),
        Wanted::Root(repository) => match roots.iter().find(|(known, _)| known == repository) {
            Some((_, bytes)) => Ok(bytes.clone()),
            None => {
                wanted.push(repository.clone());
                Err("nobody is asked for it while the policy has other faults".to_owned())
            }
        },
    });
    (policy, wanted)
}

async fn fetch(
    repository: &Repository,
    options: &Options,
    now: Timestamp,
) -> Result<Vec<u8>, Error> {
    let repository = match repository {
        Repository::Github => trust::Repository::Github,
        Repository::Sigstore => trust::Repository::Sigstore,
        Repository::Tuf { url, root } => trust::Repository::own(url, root.clone())?,
    };
    Ok(trust::fetch(&repository, Target::TrustedRoot, options, now).await?)
}

/// What is looked at of a file.
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(READ).read_to_end(&mut bytes)?;
    Ok(bytes)
}
