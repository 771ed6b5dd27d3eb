//! The commands as a user runs them, each test in a directory of its own: what stands on which
//! stream, what hangs on the image afterwards, and the exit status.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

mod advice;
mod build;
mod decisions;
mod documents;
mod elsewhere;
mod examples;
mod keyless;
mod place;
mod platforms;
mod promotion;
mod registry;
mod signals;
mod systems;
mod worse;
