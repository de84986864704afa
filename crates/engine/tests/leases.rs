//! Leases: one node at a time.

mod support;

use engine::leases::Lease;
use store::{Batch, DocumentKind, Operation};

use support::world;

#[tokio::test]
async fn one_of_two_holds_a_lease_until_it_lets_go() {
    let world = world().await;
    let (one, other) = (Lease::new("work"), Lease::new("work"));
    assert!(!one.is_held());
    for _ in 0..2 {
        world.engine.renew(&one).await.unwrap();
        world.engine.renew(&other).await.unwrap();
        assert_eq!([one.is_held(), other.is_held()], [true, false]);
    }
    world.engine.let_go(&other).await.unwrap();
    world.engine.renew(&other).await.unwrap();
    assert_eq!([one.is_held(), other.is_held()], [true, false]);
    world.engine.let_go(&one).await.unwrap();
    world.engine.renew(&other).await.unwrap();
    assert_eq!([one.is_held(), other.is_held()], [false, true]);
}

/// Its holder died: the time that it was written for is over.
#[tokio::test]
async fn a_lease_that_is_over_is_anybodys() {
    let world = world().await;
    let (dead, other) = (Lease::new("work"), Lease::new("work"));
    world.engine.renew(&dead).await.unwrap();
    let stored = world.store.document(DocumentKind::Lease, "work").await;
    let mut stored = stored.unwrap().unwrap();
    let mut body: serde_json::Value = serde_json::from_str(&stored.body).unwrap();
    body["until"] = 1.into();
    stored.body = body.to_string();
    stored.revision = stored.revision.next();
    let batch = Batch::new().then(Operation::PutDocument(Box::new(stored)));
    world.store.write(batch).await.unwrap().unwrap();
    world.engine.renew(&other).await.unwrap();
    assert!(other.is_held());
    // It wasn't dead, only slow: from now on it knows.
    world.engine.renew(&dead).await.unwrap();
    assert!(!dead.is_held());
}

#[tokio::test]
async fn leases_of_other_work_are_apart() {
    let world = world().await;
    let (one, other) = (Lease::new("work"), Lease::new("other work"));
    world.engine.renew(&one).await.unwrap();
    world.engine.renew(&other).await.unwrap();
    assert_eq!([one.is_held(), other.is_held()], [true, true]);
}
