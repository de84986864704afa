//! Closing a connection whose client is still sending. Closing at once would
//! make the network throw away the answer that is on its way, so what still
//! comes is read and forgotten for a while.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, Incoming, SizeHint};
use tokio::io::{AsyncRead, ReadBuf};
use tokio::time::Sleep;

/// How much is read and forgotten.
const MOST_BYTES: usize = 16 << 20;
/// How long: a client that neither sends nor closes holds its connection no
/// longer.
const LONGEST: Duration = Duration::from_secs(10);

/// What is left to forget.
#[derive(Debug, Default)]
pub(super) struct Linger {
    forgotten: usize,
    deadline: Option<Pin<Box<Sleep>>>,
}

impl Linger {
    /// Ready when the client has closed, and when it is enough.
    pub(super) fn poll<S: AsyncRead + Unpin>(
        &mut self,
        stream: &mut S,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        let deadline = self
            .deadline
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(LONGEST)));
        if deadline.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Ok(()));
        }
        let mut space = [0_u8; 8192];
        while self.forgotten < MOST_BYTES {
            let mut buffer = ReadBuf::new(&mut space);
            ready!(Pin::new(&mut *stream).poll_read(cx, &mut buffer))?;
            if buffer.filled().is_empty() {
                break;
            }
            self.forgotten += buffer.filled().len();
        }
        Poll::Ready(Ok(()))
    }
}

/// Whether a connection's last request has been read to its end.
#[derive(Clone, Debug, Default)]
pub(super) struct Unread(Arc<AtomicBool>);

impl Unread {
    /// Whether something of the request is still to come.
    pub(super) fn is_left(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// A request's body that tells when it ends.
    pub(super) fn watch(&self, body: Incoming) -> Body {
        let left = !body.is_end_stream();
        self.0.store(left, Ordering::Relaxed);
        if left {
            Body::new(Watched {
                body,
                unread: self.clone(),
            })
        } else {
            Body::empty()
        }
    }
}

struct Watched {
    body: Incoming,
    unread: Unread,
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let this = self.get_mut();
        let frame = ready!(Pin::new(&mut this.body).poll_frame(cx));
        if frame.is_none() || this.body.is_end_stream() {
            this.unread.0.store(false, Ordering::Relaxed);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::io::AsyncWriteExt;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_client_that_keeps_silent_is_left_in_the_end() {
        let (_client, mut server) = tokio::io::duplex(64);
        let mut linger = Linger::default();
        poll_fn(|cx| linger.poll(&mut server, cx)).await.unwrap();
    }

    #[tokio::test]
    async fn a_client_that_closes_is_left_at_once() {
        let (mut client, mut server) = tokio::io::duplex(64);
        client.write_all(b"the rest").await.unwrap();
        drop(client);
        let mut linger = Linger::default();
        poll_fn(|cx| linger.poll(&mut server, cx)).await.unwrap();
        assert_eq!(linger.forgotten, 8);
    }

    #[tokio::test]
    async fn a_client_that_sends_without_end_is_left_in_the_end() {
        let mut stream = tokio::io::repeat(b' ');
        let mut linger = Linger::default();
        poll_fn(|cx| linger.poll(&mut stream, cx)).await.unwrap();
        assert_eq!(linger.forgotten, MOST_BYTES);
    }
}
