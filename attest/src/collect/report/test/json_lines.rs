//! Reports of one JSON document per line: each line whole, or the report is refused.

use serde::de::DeserializeOwned;

use super::super::{Refused, ReportFile};

/// Hands each line, read, to `each`. Lines of white space are none.
pub(super) fn read<T: DeserializeOwned>(
    file: &ReportFile,
    text: &str,
    format: &'static str,
    mut each: impl FnMut(T) -> Result<(), Refused>,
) -> Result<(), Refused> {
    let mut lines = text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty()).peekable();
    while let Some((line, number)) = lines.next() {
        let document = serde_json::from_str(line).map_err(|error| {
            if error.is_eof() && lines.peek().is_none() {
                return Refused::Truncated { file: file.path.clone() };
            }
            let column = error.column();
            Refused::Unreadable { file: file.path.clone(), format, line: number, column }
        })?;
        each(document)?;
    }
    Ok(())
}
