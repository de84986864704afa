//! How long a connection is waited for. The HTTP library sets and takes back an
//! alarm for each request; here a connection has one for all its life, which is
//! put off only when it goes off too early.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use hyper::rt::{Sleep, Timer};

type Alarm = Pin<Box<tokio::time::Sleep>>;

/// The timer of one connection. At most one wait at a time may be waited for.
#[derive(Clone, Default)]
pub struct Patience(Arc<Mutex<Option<Alarm>>>);

/// Waits until an instant.
struct Wait {
    until: Instant,
    alarm: Arc<Mutex<Option<Alarm>>>,
}

impl Timer for Patience {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(Instant::now() + duration)
    }

    fn sleep_until(&self, until: Instant) -> Pin<Box<dyn Sleep>> {
        Box::pin(Wait {
            until,
            alarm: self.0.clone(),
        })
    }
}

impl Future for Wait {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let until = tokio::time::Instant::from_std(self.until);
        let mut alarm = self.alarm.lock().unwrap_or_else(PoisonError::into_inner);
        let alarm = alarm.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(until)));
        // It was set for a request before this one, and goes off no later.
        while alarm.as_mut().poll(cx).is_ready() {
            if tokio::time::Instant::now() >= until {
                return Poll::Ready(());
            }
            alarm.as_mut().reset(until);
        }
        Poll::Pending
    }
}

impl Sleep for Wait {}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_wait_ends_when_it_should_whatever_was_waited_for_before() {
        let patience = Patience::default();
        let start = tokio::time::Instant::now();
        let until = |seconds| start.into_std() + Duration::from_secs(seconds);
        for (given_up_at, waits_until) in [(1, 10), (2, 11), (12, 22)] {
            let early = tokio::time::Instant::from_std(until(given_up_at));
            let wait = patience.sleep_until(until(waits_until));
            let given_up = tokio::time::timeout_at(early, wait).await;
            assert!(given_up.is_err(), "{waits_until}");
        }
        patience.sleep_until(until(30)).await;
        assert_eq!(start.elapsed().as_secs(), 30);
        // What is over is over at once.
        patience.sleep_until(until(29)).await;
        assert_eq!(start.elapsed().as_secs(), 30);
    }
}
