//! Help texts and faults of the command line, word for word: `tests/cli/*.toml`.
//!
//! `TRYCMD=overwrite cargo test -p attest --test cli` writes them anew; read the difference.

#[test]
fn the_command_line_says_what_its_files_say() {
    trycmd::TestCases::new().case("tests/cli/*.toml");
}
