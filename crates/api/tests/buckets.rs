//! Token buckets (spec/http.md 8), with a clock that stands still.

mod common;

use std::net::IpAddr;
use std::time::Duration;

use api::buckets::Decision;
use api::{ApiSettings, Buckets, Limits};
use common::Harness;
use engine::Settings;
use governor::clock::FakeRelativeClock;
use numbers::account::AccountId;

fn limits() -> Limits {
    Limits {
        bucket_capacity: 3,
        bucket_refill_per_second: 1,
        activation_capacity: 2,
        activation_refill_per_second: 1,
        max_buckets: 4,
        ..Limits::default()
    }
}

fn granted(decision: Decision) -> bool {
    matches!(decision, Decision::Granted(_))
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn a_bucket_empties_and_fills() {
    let clock = FakeRelativeClock::default();
    let buckets = Buckets::with_clock(&limits(), &clock);
    let client = address("192.0.2.1");
    for left in [2, 1, 0] {
        let Decision::Granted(tokens) = buckets.draw(client, None) else {
            panic!("{left} left");
        };
        assert_eq!((tokens.consumed, tokens.remaining), (1, left));
    }
    let Decision::Refused { retry_after, .. } = buckets.draw(client, None) else {
        panic!("the bucket is empty");
    };
    assert_eq!(retry_after, 1);
    clock.advance(Duration::from_secs(1));
    assert!(granted(buckets.draw(client, None)));
    assert!(!granted(buckets.draw(client, None)));
}

#[test]
fn each_address_and_account_has_its_own() {
    let buckets = Buckets::with_clock(&limits(), &FakeRelativeClock::default());
    let account = AccountId::parse("0123456789abcdef0123456789abcdef").unwrap();
    let client = address("192.0.2.1");
    while granted(buckets.draw(client, None)) {}
    assert!(granted(buckets.draw(client, Some(&account))));
    assert!(granted(buckets.draw(address("192.0.2.2"), None)));
    // Whoever has one IPv6 address has 2^64 of them.
    while granted(buckets.draw(address("2001:db8::1"), None)) {}
    assert!(!granted(buckets.draw(address("2001:db8::2:3"), None)));
}

#[test]
fn activations_are_counted_by_account() {
    let clock = FakeRelativeClock::default();
    let buckets = Buckets::with_clock(&limits(), &clock);
    let account = AccountId::parse("0123456789abcdef0123456789abcdef").unwrap();
    assert!(granted(buckets.draw_activation(&account)));
    assert!(granted(buckets.draw_activation(&account)));
    assert!(!granted(buckets.draw_activation(&account)));
}

#[test]
fn there_are_only_so_many() {
    let clock = FakeRelativeClock::default();
    let buckets = Buckets::with_clock(&limits(), &clock);
    for last in 1..=4 {
        assert!(granted(
            buckets.draw(address(&format!("192.0.2.{last}")), None)
        ));
    }
    // Newcomers share one.
    for last in 5..=7 {
        assert!(granted(
            buckets.draw(address(&format!("192.0.2.{last}")), None)
        ));
    }
    assert!(!granted(buckets.draw(address("192.0.2.8"), None)));
    // Full ones are forgotten, and there is room again.
    clock.advance(Duration::from_mins(1));
    for _ in 0..3 {
        assert!(granted(buckets.draw(address("192.0.2.8"), None)));
    }
    assert!(granted(buckets.draw(address("192.0.2.9"), None)));
}

#[test]
fn zero_is_no_limit() {
    let limits = Limits {
        bucket_capacity: 0,
        ..limits()
    };
    let buckets = Buckets::with_clock(&limits, &FakeRelativeClock::default());
    assert!((0..1000).all(|_| granted(buckets.draw(address("192.0.2.1"), None))));
}

/// Slow to refill, so that the clock of the machine doesn't matter.
#[tokio::test]
async fn only_calls_without_valid_token_pay() {
    let limits = Limits {
        bucket_capacity: 2,
        bucket_refill_per_second: 1,
        ..Limits::default()
    };
    let settings = ApiSettings {
        limits,
        ..ApiSettings::default()
    };
    let server = Harness::with(Settings::default(), settings).await;
    let path = server.child.numbers("");
    for _ in 0..5 {
        assert_eq!(server.get(&server.child, &path).await.status, 200);
    }
    let first = server.call("GET", &path, Some("bogus"), None).await;
    assert_eq!(first.status, 401);
    assert_eq!(first.body["tokens"]["consumed"], 1);
    let mut refused = None;
    for _ in 0..100 {
        let answer = server.call("GET", &path, None, None).await;
        if answer.status == 429 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("a hundred calls are more than two and what refills meanwhile");
    assert_eq!(refused.refusal().1, "too_many_requests");
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(server.get(&server.child, &path).await.status, 200);
}
