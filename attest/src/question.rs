//! The question before what cannot be undone.

use std::io::{self, BufRead};

use crate::{error::Error, world::World};

/// Asks, and goes on only with a yes.
pub(crate) fn ask(world: &World, question: &str) -> Result<(), Error> {
    world.say(&format!("{question} [y/N]"));
    let mut answer = String::new();
    // Whatever cannot be read is no yes.
    let read = io::stdin().lock().read_line(&mut answer);
    let yes = matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes");
    if read.is_ok() && yes { Ok(()) } else { Err(Error::Declined) }
}
