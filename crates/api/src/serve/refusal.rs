//! Requests that aren't even HTTP, or whose head is too long, are refused by
//! the HTTP library itself, with an empty body, before anything here sees
//! them. Clients of this API are promised an envelope with every error
//! (spec/http.md 11, 2), so such an answer is replaced on its way out.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::linger::{Linger, Unread};
use crate::Api;
use crate::envelope;

/// A stream that knows the library's own refusals.
pub(super) struct Refusing<S> {
    stream: S,
    api: Arc<Api>,
    /// The answer that goes out instead, and how much of it has gone.
    instead: Option<(Vec<u8>, usize)>,
    unread: Unread,
    linger: Linger,
    write_closed: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Refusing<S> {
    pub(super) fn new(stream: S, api: Arc<Api>, unread: Unread) -> Self {
        Self {
            stream,
            api,
            instead: None,
            unread,
            linger: Linger::default(),
            write_closed: false,
        }
    }

    /// Takes a refusal in instead of writing it.
    fn replaces(&mut self, bytes: &[u8]) -> bool {
        if self.instead.is_none()
            && let Some(status) = refused(bytes)
        {
            self.instead = Some((envelope::refusal(&self.api, status), 0));
        }
        self.instead.is_some()
    }

    /// Writes the replacement.
    fn poll_instead(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Some((answer, gone)) = &mut self.instead {
            while *gone < answer.len() {
                let written = ready!(Pin::new(&mut self.stream).poll_write(cx, &answer[*gone..]))?;
                if written == 0 {
                    return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
                }
                *gone += written;
            }
        }
        Poll::Ready(Ok(()))
    }
}

/// The status of an answer that the library made up: one of its three, without
/// the request id that every answer of ours has.
fn refused(head: &[u8]) -> Option<u16> {
    let status = match head.get(..12)? {
        b"HTTP/1.1 400" | b"HTTP/1.0 400" => 400,
        b"HTTP/1.1 414" | b"HTTP/1.0 414" => 414,
        b"HTTP/1.1 431" | b"HTTP/1.0 431" => 431,
        _ => return None,
    };
    let ours = head.windows(13).any(|window| window == b"x-request-id:");
    (!ours).then_some(status)
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Refusing<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_read(cx, buffer)
    }
}

// Head and body are written as one piece: for answers of a kilobyte or two that
// takes the system less than to gather them.
impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Refusing<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.replaces(bytes) {
            return Poll::Ready(Ok(bytes.len()));
        }
        Pin::new(&mut this.stream).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_instead(cx))?;
        Pin::new(&mut this.stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_instead(cx))?;
        if !this.write_closed {
            ready!(Pin::new(&mut this.stream).poll_shutdown(cx))?;
            this.write_closed = true;
        }
        if this.instead.is_some() || this.unread.is_left() {
            ready!(this.linger.poll(&mut this.stream, cx))?;
        }
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::refused;

    #[test]
    fn only_what_the_library_says_is_replaced() {
        assert_eq!(
            refused(b"HTTP/1.1 414 URI Too Long\r\ncontent-length: 0\r\n\r\n"),
            Some(414)
        );
        assert_eq!(refused(b"HTTP/1.1 431 X\r\n\r\n"), Some(431));
        assert_eq!(
            refused(b"HTTP/1.1 400 Bad Request\r\nx-request-id: 1\r\n\r\n"),
            None
        );
        assert_eq!(refused(b"HTTP/1.1 404 Not Found\r\n\r\n"), None);
        assert_eq!(refused(b"HTTP/1.1 200 OK\r\n\r\n"), None);
        assert_eq!(refused(b"HTTP"), None);
    }
}
