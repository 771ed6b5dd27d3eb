//! What the command line of a scanner takes out of its report.
//!
//! Trivy's report does not say that it was filtered; so where the scanner is run here, its own words
//! are read: options, variables and files that it would look for. `no` needs Trivy by its name and
//! nothing that filters; a wrapper around it, or a configuration file, leaves it open. Values are not
//! kept, but for the severities: they may name anything of the machine.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::{OsStr, OsString},
};

use evidence::predicate::vulns::Filtered;

use super::{Of, ScanReport};

/// Options of Trivy that take findings, or what they would be found in, out of the report (trivy
/// pkg/flag/{report,scan,vulnerability,package}_flags.go).
const FILTERS: [&str; 11] = [
    "--ignore-policy",
    "--ignore-status",
    "--ignore-unfixed",
    "--ignorefile",
    "--pkg-relationships",
    "--pkg-types",
    "--severity",
    "--skip-dirs",
    "--skip-files",
    "--vex",
    "--vuln-type",
];
/// Options that may do anything.
const OPEN: [&str; 2] = ["--config", "--enable-modules"];
/// Files that Trivy reads without being told.
const IGNORES: [&str; 2] = [".trivyignore", ".trivyignore.yaml"];
/// The configuration that it reads without being told.
const CONFIGURATION: &str = "trivy.yaml";
/// All severities: with them, `--severity` takes nothing out.
const SEVERITIES: [&str; 5] = ["CRITICAL", "HIGH", "LOW", "MEDIUM", "UNKNOWN"];
/// Shorthands that stand before another in one word (`-qs`), and those of options above.
const SHORT: [(char, &str); 2] = [('c', "--config"), ('s', "--severity")];
const SWITCHES: [char; 3] = ['d', 'k', 'q'];

/// What words of Grype say of what is scanned.
const IMAGES: [&str; 8] = [
    "containerd:",
    "docker-archive:",
    "docker:",
    "oci-archive:",
    "oci-dir:",
    "podman:",
    "registry:",
    "singularity:",
];

/// Completes a report with what the command that wrote it was asked for. `present` says whether a
/// file is in the directory where it ran.
pub(crate) fn complete(
    report: &mut ScanReport,
    words: &[OsString],
    environment: &BTreeMap<OsString, OsString>,
    present: impl Fn(&str) -> bool,
) {
    let Some((program, arguments)) = words.split_first() else { return };
    let arguments: Vec<String> =
        arguments.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    match (name(program).as_str(), report.tool.as_str()) {
        ("trivy", "trivy") => {
            let asked = Asked::of(&arguments, environment, present);
            report.filters = asked.filters();
            report.filtered = match asked.filtered() {
                _ if !report.suppressed.is_empty() => Filtered::Yes,
                word => word,
            };
        }
        ("grype", "grype") if report.of == Of::Unknown => {
            let begins = |start: &str| arguments.iter().any(|word| word.starts_with(start));
            if arguments.iter().any(|word| word.starts_with("sbom:")) {
                report.of = Of::Sbom;
            } else if IMAGES.iter().any(|start| begins(start)) {
                report.of = Of::Image;
            }
        }
        _ => {}
    }
}

/// `/usr/bin/trivy` is `trivy`.
fn name(program: &OsStr) -> String {
    let path = program.to_string_lossy();
    path.rsplit('/').next().unwrap_or_default().to_owned()
}

/// What Trivy was asked for.
#[derive(Default)]
struct Asked {
    options: BTreeSet<&'static str>,
    severities: BTreeSet<String>,
    open: bool,
    ignores: Option<&'static str>,
}

impl Asked {
    fn of(
        arguments: &[String],
        environment: &BTreeMap<OsString, OsString>,
        present: impl Fn(&str) -> bool,
    ) -> Self {
        let mut asked = Self { open: present(CONFIGURATION), ..Self::default() };
        let mut words = arguments.iter().take_while(|word| *word != "--").peekable();
        while let Some(word) = words.next() {
            let (option, value) = long(word);
            // A switch takes its value in the same word only.
            let next = words.peek().filter(|_| option != "--ignore-unfixed");
            asked.option(&option, value.or(next.map(|next| next.as_str())));
        }
        // Every option is a variable as well (trivy docs, Configuration).
        for option in FILTERS.into_iter().chain(OPEN) {
            let variable = option.replacen("--", "TRIVY_", 1).replace('-', "_").to_uppercase();
            let value = environment.get(OsStr::new(&variable)).map(|value| value.to_string_lossy());
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                asked.option(option, Some(&value));
            }
        }
        if !asked.options.contains("--ignorefile") {
            asked.ignores = IGNORES.into_iter().find(|name| present(name));
        }
        asked
    }

    fn option(&mut self, option: &str, value: Option<&str>) {
        self.open |= OPEN.contains(&option);
        let Some(option) = FILTERS.into_iter().find(|known| *known == option) else { return };
        match (option, value) {
            // As Go's strconv.ParseBool reads it.
            ("--ignore-unfixed", Some("0" | "f" | "F" | "false" | "False" | "FALSE")) => {}
            ("--severity", Some(value)) => {
                self.options.insert(option);
                let words = value.split(',').map(|word| word.trim().to_ascii_uppercase());
                self.severities.extend(words);
            }
            _ => {
                self.options.insert(option);
            }
        }
    }

    /// The options that filter, for the predicate.
    fn filters(&self) -> Vec<String> {
        let named = self.options.iter().filter_map(|option| {
            if *option != "--severity" {
                return Some((*option).to_owned());
            }
            let known = |word: &&str| self.severities.contains(*word);
            let words: Vec<&str> = SEVERITIES.into_iter().filter(known).collect();
            let named = format!("--severity {}", words.join(","));
            (words.len() < SEVERITIES.len()).then(|| named.trim_end().to_owned())
        });
        named.chain(self.ignores.map(str::to_owned)).collect()
    }

    fn filtered(&self) -> Filtered {
        match (self.filters().is_empty(), self.open) {
            (false, _) => Filtered::Yes,
            (true, true) => Filtered::Unknown,
            (true, false) => Filtered::No,
        }
    }
}

/// An option by its long name, with the value that stands in the same word.
fn long(word: &str) -> (String, Option<&str>) {
    if word.starts_with("--") {
        return match word.split_once('=') {
            Some((option, value)) => (option.to_owned(), Some(value)),
            None => (word.to_owned(), None),
        };
    }
    let Some(letters) = word.strip_prefix('-') else { return (String::new(), None) };
    let letters = letters.trim_start_matches(SWITCHES);
    let mut rest = letters.chars();
    let first = rest.next();
    let option = SHORT.iter().find(|(short, _)| Some(*short) == first);
    let value = rest.as_str();
    let value = value.strip_prefix('=').unwrap_or(value);
    let option = option.map(|(_, long)| (*long).to_owned()).unwrap_or_default();
    (option, Some(value).filter(|value| !value.is_empty()))
}

#[cfg(test)]
mod tests;
