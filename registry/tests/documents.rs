//! docs/registries.md says the numbers of the budget, and names the limits, as they are.

use std::{fs, path::Path};

use registry::{Budget, Limit, cache};

/// `16384` as `16,384`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", bytes / 1024 / 1024)
}

#[test]
fn the_page_says_each_limit_with_its_number() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/registries.md");
    let page = fs::read_to_string(page).unwrap();
    let budget = Budget::default();
    let count = |number: usize| grouped(number.try_into().unwrap());
    for (limit, number) in [
        (Limit::Bundle, mebibytes(budget.bundle)),
        (Limit::LayoutFiles, count(budget.layout_files)),
        (Limit::List, mebibytes(budget.list)),
        (Limit::Manifest, mebibytes(budget.manifest)),
        (Limit::Pages, count(budget.pages)),
        (Limit::Referrers, count(budget.referrers)),
        (Limit::Timeout, "60 s".to_owned()),
        (Limit::Total, mebibytes(budget.total)),
    ] {
        let row = format!("| `{}` | {number}", limit.name());
        assert!(page.contains(&row), "docs/registries.md has no row `{row}`");
    }
    let received = u64::from(budget.in_flight_bytes);
    for text in [
        format!("{} being received at once", mebibytes(received)),
        format!("{} s for one request", budget.request.as_secs()),
        format!("{} requests at once", budget.in_flight_requests),
        format!("{} redirects", budget.redirects),
        format!("{} tries", budget.tries),
        format!("**{}**", mebibytes(cache::BYTES)),
        format!("**{} files**", count(cache::FILES)),
        format!(
            "after {} s and {} s",
            budget.pause.as_secs_f64(),
            (budget.pause * 4).as_secs_f64()
        ),
    ] {
        assert!(page.contains(&text), "docs/registries.md does not say `{text}`");
    }
}
