//! The content of a blob as it comes: from a registry, a file or memory, hashed and measured on the
//! way. Never more than a piece of it is in memory.

use std::{
    io::{self, Read},
    sync::Arc,
};

use evidence::digest::Hasher;
use registry::{
    AnySource, Descriptor, Error, Limit, Source, embedded,
    error::{Cause, What},
    http::{Access, HttpSource, Incoming, Request},
    layout::LayoutSource,
};
use reqwest::{Method, StatusCode};

/// How much of a file is read at once.
const PIECE: usize = 256 * 1024;

/// The content of a blob.
pub(super) struct Pieces<'a> {
    blob: &'a Descriptor,
    place: String,
    from: From,
    hasher: Option<Hasher>,
    left: u64,
}

enum From {
    File(Box<dyn Read + Send>),
    Memory(Option<Vec<u8>>),
    Registry(Incoming),
}

impl<'a> Pieces<'a> {
    /// Begins to read. What the descriptor carries itself is not asked for.
    pub(super) async fn open(source: &AnySource, blob: &'a Descriptor) -> Result<Self, Error> {
        let from = match (embedded(blob, source.budget()), source) {
            (Some(Ok(content)), _) => From::Memory(Some(content)),
            (_, AnySource::Http(source)) => From::Registry(incoming(source, blob).await?),
            (_, AnySource::Layout(layout)) => From::File(file(layout, blob)?),
        };
        let hasher = Some(Hasher::new(blob.digest.algorithm()));
        Ok(Self { blob, place: source.place(), from, hasher, left: blob.size })
    }

    /// The next piece; `None` after the last one, and only if all of them together are the blob.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<u8>>, Error> {
        let piece = match &mut self.from {
            From::File(file) => read(file.as_mut()).map_err(|error| self.failed(error))?,
            From::Memory(content) => content.take(),
            From::Registry(incoming) => incoming.piece().await?,
        };
        let Some(piece) = piece else { return self.ended().map(|()| None) };
        let length = u64::try_from(piece.len()).unwrap_or(u64::MAX);
        let Some(left) = self.left.checked_sub(length) else {
            return Err(self.sized(self.blob.size.saturating_add(1)));
        };
        self.left = left;
        if let Some(hasher) = &mut self.hasher {
            hasher.add(&piece);
        }
        Ok(Some(piece))
    }

    fn ended(&mut self) -> Result<(), Error> {
        let Some(hasher) = self.hasher.take() else { return Ok(()) };
        let found = hasher.digest();
        if self.left > 0 {
            return Err(self.sized(self.blob.size.saturating_sub(self.left)));
        }
        if found != self.blob.digest {
            return Err(Error::DigestMismatch {
                what: self.what(),
                place: self.place.clone(),
                found,
            });
        }
        Ok(())
    }

    fn what(&self) -> What {
        What::Blob(self.blob.digest.clone())
    }

    fn sized(&self, found: u64) -> Error {
        let (what, place) = (self.what(), self.place.clone());
        Error::SizeMismatch { what, place, stated: self.blob.size, found }
    }

    fn failed(&self, error: io::Error) -> Error {
        unavailable(self.what(), self.place.clone(), Cause::Io(Arc::new(error)))
    }
}

fn read(file: &mut dyn Read) -> io::Result<Option<Vec<u8>>> {
    let mut piece = vec![0; PIECE];
    let length = file.read(&mut piece)?;
    piece.truncate(length);
    Ok((length > 0).then_some(piece))
}

async fn incoming(source: &HttpSource, blob: &Descriptor) -> Result<Incoming, Error> {
    let client = source.client();
    let what = What::Blob(blob.digest.clone());
    let request = Request {
        method: Method::GET,
        url: client.url(&format!("blobs/{}", blob.digest)),
        what: what.clone(),
        headers: Vec::new(),
        body: Vec::new(),
        access: Access::Pull,
        most: 0,
        over: Error::Limit { limit: Limit::List, most: 0 },
        again: true,
    };
    let incoming = client.incoming(&request).await?;
    match incoming.status() {
        StatusCode::OK => Ok(incoming),
        StatusCode::NOT_FOUND => Err(unavailable(what, source.place(), Cause::Missing)),
        status => Err(client.refused(&what, status)),
    }
}

fn file(layout: &LayoutSource, blob: &Descriptor) -> Result<Box<dyn Read + Send>, Error> {
    let opened = layout.content(&blob.digest);
    opened.map_err(|error| {
        let cause = match error.kind() {
            io::ErrorKind::NotFound => Cause::Missing,
            _ => Cause::Io(Arc::new(error)),
        };
        unavailable(What::Blob(blob.digest.clone()), layout.place(), cause)
    })
}

fn unavailable(what: What, place: String, cause: Cause) -> Error {
    Error::Unavailable { what, place, cause, tries: 1 }
}
