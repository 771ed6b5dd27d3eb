//! A proxy before the registry at HOST:PORT, for `scripts/bench`: `counting-proxy HOST:PORT`.
//!
//! Says where it listens, then does what stdin says, a word a line: a number is the delay of each
//! answer in milliseconds; `take` answers `REQUESTS DEPTH` since the last time. Ends with stdin.

use std::{env, io, process::ExitCode, time::Duration};

use testkit::{
    ended,
    proxy::{Pace, Proxy, depth},
};

fn main() -> ExitCode {
    ended::status(serve())
}

fn serve() -> io::Result<()> {
    let upstream = env::args().nth(1).unwrap_or_default();
    let upstream = upstream.parse().map_err(io::Error::other)?;
    let proxy = Proxy::start(upstream, Pace::Delay(Duration::ZERO))?;
    println!("{}", proxy.host());
    for line in io::stdin().lines() {
        match line?.as_str() {
            "take" => {
                let exchanges = proxy.take();
                println!("{} {}", exchanges.len(), depth(&exchanges));
            }
            delay => {
                let delay = delay.parse().map_err(io::Error::other)?;
                proxy.set_pace(Pace::Delay(Duration::from_millis(delay)));
            }
        }
    }
    Ok(())
}
