//! Did you mean: the known word that a mistaken one was likely meant to be.

use evidence::text::escape_short;

/// A sentence that helps with an unknown word: the nearest known one, or what is known.
pub(super) fn advice<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    match nearest(word, &known) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => "there are none".to_owned(),
        None => format!("known: {}", list(&known)),
    }
}

/// The same for words that no policy wrote; none where no known one is near.
pub fn meant(word: &str, known: &[String]) -> Option<String> {
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    Some(format!("did you mean `{}`?", nearest(word, &known)?))
}

/// The known word that differs least; none if all differ by more than a third of their length.
pub(super) fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let word = word.to_lowercase();
    known
        .iter()
        .filter_map(|known| {
            let lower = known.to_lowercase();
            let longest = lower.chars().count().max(word.chars().count());
            let distance = distance(&word, &lower);
            // `deploy` for `deployment` is not near by its letters.
            let begins = word.len() >= 3 && lower.starts_with(&word);
            (begins || distance <= (longest / 3).clamp(1, 3)).then_some((distance, *known))
        })
        .min()
        .map(|(_, known)| known)
}

/// Words in backticks, the first few of them.
pub(super) fn list(words: &[&str]) -> String {
    const SHOWN: usize = 8;
    let mut shown: Vec<String> =
        words.iter().take(SHOWN).map(|word| format!("`{}`", escape_short(word, 64))).collect();
    if words.len() > SHOWN {
        shown.push(format!("{} more", words.len() - SHOWN));
    }
    shown.join(", ")
}

/// How many letters to insert, delete, replace or swap with their neighbour (Damerau's distance in
/// its restricted form).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().take(64).collect();
    let width = other.len() + 1;
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..width).collect();
    let mut previous = None;
    for (row, letter) in one.chars().take(64).enumerate() {
        let mut line = vec![row + 1];
        let mut left = None;
        for (column, against) in other.iter().enumerate() {
            let at =
                |line: &[usize], index: usize| line.get(index).copied().unwrap_or(usize::MAX / 2);
            let replaced = at(&last, column) + usize::from(letter != *against);
            let mut least = replaced.min(at(&last, column + 1) + 1).min(at(&line, column) + 1);
            if previous == Some(*against) && left == Some(letter) && column > 0 {
                least = least.min(at(&before, column - 1) + 1);
            }
            line.push(least);
            left = Some(*against);
        }
        before = std::mem::replace(&mut last, line);
        previous = Some(letter);
    }
    last.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_counted() {
        for (one, other, count) in [
            ("", "", 0),
            ("", "abc", 3),
            ("managrs", "managers", 1),
            ("scna", "scan", 1),
            ("kitten", "sitting", 3),
            ("ab", "ba", 1),
        ] {
            assert_eq!(distance(one, other), count, "{one} {other}");
            assert_eq!(distance(other, one), count, "{other} {one}");
        }
    }

    #[test]
    fn a_near_word_is_offered_and_a_far_one_is_not() {
        let known = ["approval", "build", "deployment", "scan", "test"];
        assert_eq!(nearest("deploy", &known), Some("deployment"));
        assert_eq!(nearest("approve", &known), Some("approval"));
        assert_eq!(nearest("Scan", &known), Some("scan"));
        assert_eq!(nearest("sbom", &known), None);
        assert_eq!(
            advice("x", known).as_str(),
            "known: `approval`, `build`, `deployment`, `scan`, `test`"
        );
    }
}
