//! One blob, from here to there: not sent if it is there, mounted where both repositories are of one
//! registry, and streamed otherwise.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_util::future::try_join;
use http_body::{Body, Frame, SizeHint};
use registry::{
    AnySource, Descriptor, Error, Source,
    error::Cause,
    http::{Client, HttpSource},
    layout::LayoutSource,
};
use tokio::{
    sync::mpsc::{self, Receiver},
    time::{sleep, timeout},
};

use super::{CopyError, pieces::Pieces, progress::Progress};
use crate::attach::{
    AttachError, Pushed,
    layout::{self, Unfinished},
    push::{self, Begun},
};

/// Pieces that wait to be sent: enough to keep both ends busy.
const WAITING: usize = 4;

/// How a blob came to be where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// The registry took it over from the other repository.
    Mounted,
    /// Its content was sent.
    Sent,
    /// It was there.
    There,
}

/// Has `to` hold a blob of `from`.
pub(super) async fn copy(
    from: &AnySource,
    to: &AnySource,
    blob: &Descriptor,
    progress: &Progress,
) -> Result<Way, CopyError> {
    match to {
        AnySource::Http(to) => to_registry(from, to, blob, progress).await,
        AnySource::Layout(to) => to_layout(from, to, blob, progress).await,
    }
}

async fn to_layout(
    from: &AnySource,
    to: &LayoutSource,
    blob: &Descriptor,
    progress: &Progress,
) -> Result<Way, CopyError> {
    if layout::holds(to, &blob.digest, blob.size) {
        return Ok(Way::There);
    }
    let mut tries = 1;
    loop {
        let mut pieces = Pieces::open(from, blob).await?;
        let mut file = Unfinished::begin(to, &blob.digest).await?;
        let mut moving = progress.moving();
        let read = async {
            while let Some(piece) = pieces.next().await? {
                file.add(&piece)?;
                moving.moved(piece.len());
            }
            Ok::<_, CopyError>(())
        };
        match read.await {
            Err(CopyError::Source(error)) if passes(&error) && tries < to.budget().tries => {
                sleep(to.budget().pause.saturating_mul(tries)).await;
                tries += 1;
            }
            read => {
                read?;
                file.finish(to, &blob.digest)?;
                moving.arrived();
                return Ok(Way::Sent);
            }
        }
    }
}

async fn to_registry(
    from: &AnySource,
    to: &HttpSource,
    blob: &Descriptor,
    progress: &Progress,
) -> Result<Way, CopyError> {
    let client = to.client();
    if push::has_blob(client, &blob.digest).await? {
        return Ok(Way::There);
    }
    let mut tries = 1;
    loop {
        let sent = match begin(from, client, blob).await? {
            Begun::Mounted => return Ok(Way::Mounted),
            Begun::At(url) => send(from, client, blob, url, progress).await,
        };
        match sent {
            Ok(()) => return Ok(Way::Sent),
            // What broke off cannot go on; all of it can be sent again. A token that lapsed in
            // between is asked for anew when the next upload begins.
            Err(CopyError::Source(error) | CopyError::Attach(AttachError::Registry(error)))
                if passes(&error) && tries < client.budget().tries =>
            {
                sleep(client.budget().pause.saturating_mul(tries)).await;
                tries += 1;
            }
            Err(error) => return Err(error),
        }
    }
}

/// Whether another try may bring what this one did not.
fn passes(error: &Error) -> bool {
    match error {
        Error::Unavailable { cause, .. } => !matches!(cause, Cause::Missing | Cause::Redirect),
        Error::Unauthorized { .. } => true,
        _ => false,
    }
}

/// Begins an upload, by mounting where the content lies in another repository of the same registry.
/// Who may not read there, or a registry that knows no mounting, gets the content.
async fn begin(from: &AnySource, client: &Client, blob: &Descriptor) -> Result<Begun, CopyError> {
    if let AnySource::Http(source) = from {
        let source = source.client();
        if source.host() == client.host() && source.repository() != client.repository() {
            match push::begin(client, &blob.digest, Some(source.repository())).await {
                Ok(begun) => return Ok(begun),
                Err(AttachError::Registry(error @ Error::Limit { .. })) => {
                    return Err(AttachError::from(error).into());
                }
                Err(_) => client.note("mounting was refused; the content is sent"),
            }
        }
    }
    Ok(push::begin(client, &blob.digest, None).await?)
}

async fn send(
    from: &AnySource,
    client: &Client,
    blob: &Descriptor,
    url: reqwest::Url,
    progress: &Progress,
) -> Result<(), CopyError> {
    let mut pieces = Pieces::open(from, blob).await?;
    let (sender, receiver) = mpsc::channel(WAITING);
    let content = reqwest::Body::wrap(Content { receiver, left: blob.size });
    let request = push::content(&blob.digest, url);
    let mut moving = progress.moving();
    let failed = |cause| {
        let (what, place) = (push::sent(&blob.digest), client.host().to_owned());
        CopyError::from(AttachError::from(Error::Unavailable { what, place, cause, tries: 1 }))
    };
    let pump = async {
        while let Some(piece) = pieces.next().await? {
            let length = piece.len();
            match timeout(client.budget().request, sender.send(piece)).await {
                Ok(Ok(())) => moving.moved(length),
                // The other end does not want more; its answer says why.
                Ok(Err(_)) => return Ok(Pumped::Part),
                Err(_) => return Err(failed(Cause::TimedOut)),
            }
        }
        drop(sender);
        Ok(Pumped::All)
    };
    let answer = async {
        let answer = client.send_stream(&request, content).await.map_err(AttachError::from)?;
        Ok::<_, CopyError>(push::taken(client, Pushed::Blob(blob.digest.clone()), answer)?)
    };
    // Taken before all of it was there is not taken.
    if let (Pumped::Part, _) = try_join(pump, answer).await? {
        return Err(failed(Cause::Unexpected));
    }
    moving.arrived();
    Ok(())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pumped {
    All,
    Part,
}

/// The content of a request, as it comes; of a length that is known beforehand, so that no registry
/// has to take it in chunks.
struct Content {
    receiver: Receiver<Vec<u8>>,
    left: u64,
}

impl Body for Content {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.receiver.poll_recv(context).map(|piece| {
            let piece = piece?;
            let length = u64::try_from(piece.len()).unwrap_or(u64::MAX);
            self.left = self.left.saturating_sub(length);
            Some(Ok(Frame::data(Bytes::from(piece))))
        })
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
