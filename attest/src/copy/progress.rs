//! How a copy goes, for whoever waits: on a terminal one line that is written over and vanishes; a line
//! per blob, beside the requests, for whoever asked to see those; elsewhere nothing.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use registry::Descriptor;
use tokio::time::Instant;

use super::blob::Way;
use crate::world::Aside;

/// How often the line is written anew.
const PACE: Duration = Duration::from_millis(100);

/// How a copy goes.
pub(crate) struct Progress {
    screen: Screen,
    state: Mutex<State>,
}

/// Where it is shown.
pub(crate) enum Screen {
    /// As lines, one after the other.
    Lines(Aside),
    /// Nowhere.
    None,
    /// On a terminal, each line in the place of the one before.
    Terminal(Aside),
}

struct State {
    began: Instant,
    shown: Option<Instant>,
    moved: u64,
    bytes: u64,
    done: usize,
    blobs: usize,
}

impl Progress {
    /// Begins.
    pub(crate) fn new(screen: Screen) -> Self {
        let state =
            State { began: Instant::now(), shown: None, moved: 0, bytes: 0, done: 0, blobs: 0 };
        Self { screen, state: Mutex::new(state) }
    }

    /// Shows nothing.
    pub(super) fn silent() -> Self {
        Self::new(Screen::None)
    }

    /// Adds blobs to what is to be copied.
    pub(super) fn expect(&self, blobs: &[Descriptor]) {
        let mut state = self.state();
        state.blobs += blobs.len();
        for blob in blobs {
            state.bytes = state.bytes.saturating_add(blob.size);
        }
    }

    /// Begins a try to send content.
    pub(super) fn moving(&self) -> Moving<'_> {
        Moving { progress: self, bytes: 0 }
    }

    /// One blob is where it should be.
    pub(super) fn done(&self, blob: &Descriptor, way: Way) {
        let mut state = self.state();
        state.done += 1;
        if way != Way::Sent {
            state.moved = state.moved.saturating_add(blob.size);
        }
        if let (Screen::Lines(lines), Way::Sent) = (&self.screen, way) {
            let (digest, size) = (blob.digest.short(), size(blob.size));
            lines(&format!("sent {digest}  {size}  ({} of {} blobs)", state.done, state.blobs));
        }
        self.show(&mut state);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn show(&self, state: &mut State) {
        let Screen::Terminal(line) = &self.screen else { return };
        let now = Instant::now();
        if state.shown.is_none_or(|shown| now.duration_since(shown) >= PACE) {
            state.shown = Some(now);
            line(&state.line(now));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Screen::Terminal(line) = &self.screen
            && self.state().shown.is_some()
        {
            line("");
        }
    }
}

impl State {
    /// `45.2 MiB of 380.1 MiB  12.3 MiB/s  3 of 12 blobs`.
    fn line(&self, now: Instant) -> String {
        let millis = now.duration_since(self.began).as_millis().max(1);
        let rate = u128::from(self.moved) * 1000 / millis;
        format!(
            "copying  {} of {}  {}/s  {} of {} blobs",
            size(self.moved),
            size(self.bytes),
            size(u64::try_from(rate).unwrap_or(u64::MAX)),
            self.done,
            self.blobs
        )
    }
}

/// One try to send content. What did not arrive is not counted.
pub(super) struct Moving<'a> {
    progress: &'a Progress,
    bytes: u64,
}

impl Moving<'_> {
    /// A piece went.
    pub(super) fn moved(&mut self, bytes: usize) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.bytes = self.bytes.saturating_add(bytes);
        let mut state = self.progress.state();
        state.moved = state.moved.saturating_add(bytes);
        self.progress.show(&mut state);
    }

    /// All of it arrived.
    pub(super) fn arrived(mut self) {
        self.bytes = 0;
    }
}

impl Drop for Moving<'_> {
    fn drop(&mut self) {
        let mut state = self.progress.state();
        state.moved = state.moved.saturating_sub(self.bytes);
    }
}

/// A number of bytes for people: `45.2 MiB`.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [(&str, u64); 3] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    for (unit, one) in UNITS {
        if bytes >= one {
            let tenths = u128::from(bytes) * 10 / u128::from(one);
            return format!("{}.{} {unit}", tenths / 10, tenths % 10);
        }
    }
    format!("{bytes} bytes")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn sizes_are_for_people() {
        for (bytes, expected) in [
            (0, "0 bytes"),
            (1023, "1023 bytes"),
            (1024, "1.0 KiB"),
            (47_400_000, "45.2 MiB"),
            (u64::MAX, "17179869183.9 GiB"),
        ] {
            assert_eq!(size(bytes), expected);
        }
    }

    fn watched(screen: fn(Aside) -> Screen) -> (Progress, Arc<Mutex<Vec<String>>>) {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let into = Arc::clone(&lines);
        let aside: Aside = Arc::new(move |line| into.lock().unwrap().push(line.to_owned()));
        (Progress::new(screen(aside)), lines)
    }

    #[test]
    fn a_terminal_sees_bytes_and_rate_and_in_the_end_nothing() {
        let (progress, lines) = watched(Screen::Terminal);
        let blob = Descriptor::of("m", &[0; 2048]);
        progress.expect(std::slice::from_ref(&blob));
        let mut moving = progress.moving();
        moving.moved(1024);
        drop(moving);
        progress.done(&blob, Way::There);
        drop(progress);
        let lines = lines.lock().unwrap();
        assert!(lines[0].starts_with("copying  1.0 KiB of 2.0 KiB  "), "{lines:?}");
        assert!(lines[0].ends_with("/s  0 of 1 blobs"), "{lines:?}");
        assert_eq!(lines.last().unwrap(), "");
    }

    #[test]
    fn what_broke_off_is_not_counted_and_elsewhere_each_blob_has_a_line() {
        let (progress, lines) = watched(Screen::Lines);
        let blob = Descriptor::of("m", &[0; 2048]);
        progress.expect(std::slice::from_ref(&blob));
        let mut broken = progress.moving();
        broken.moved(1000);
        drop(broken);
        let mut moving = progress.moving();
        moving.moved(2048);
        moving.arrived();
        assert_eq!(progress.state().moved, 2048);
        progress.done(&blob, Way::Sent);
        drop(progress);
        let line = format!("sent {}  2.0 KiB  (1 of 1 blobs)", blob.digest.short());
        assert_eq!(*lines.lock().unwrap(), [line]);
    }
}
