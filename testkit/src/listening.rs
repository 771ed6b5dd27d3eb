//! What every server of the tests is: a listener on loopback, a thread per connection, and an end when
//! it is dropped. What is said on a connection is the server's own.

use std::{
    io,
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

/// A listener that ends with its value.
#[derive(Debug)]
pub(crate) struct Listening {
    address: SocketAddr,
    stopped: Arc<AtomicBool>,
}

/// Whether the server has ended, for connections that outlive it.
#[derive(Clone, Debug)]
pub(crate) struct Stopped(Arc<AtomicBool>);

impl Stopped {
    /// Whether it has.
    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

impl Listening {
    /// Serves each connection by `serve`, on a port of the machine's choice.
    pub(crate) fn start(
        serve: impl Fn(TcpStream, &Stopped) -> io::Result<()> + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        let flag = Arc::new(AtomicBool::new(false));
        let (stopped, serve) = (Stopped(Arc::clone(&flag)), Arc::new(serve));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if stopped.is_set() {
                    return;
                }
                let (stopped, serve) = (stopped.clone(), Arc::clone(&serve));
                // Whoever hangs up ends this connection only.
                thread::spawn(move || drop(serve(stream, &stopped)));
            }
        });
        Ok(Self { address, stopped: flag })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Release);
        // The listener waits for one more connection before it looks.
        drop(TcpStream::connect(self.address));
    }
}
