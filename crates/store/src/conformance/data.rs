//! Data sets and their parts.

use std::sync::Arc;

use super::sample::{NOW, just, write};
use crate::{DataSet, DataSetId, Operation, Store};

fn set(n: u32) -> DataSet {
    DataSet {
        id: DataSetId(format!("{n:032x}")),
        name: format!("set {n}"),
        kind: "npa-nxx".to_owned(),
        source: "blöcke, 2026.csv".to_owned(),
        loaded: NOW,
        rows: 3,
        parts: Some(2),
    }
}

fn part(set: &DataSet, part: u32, body: &str) -> Operation {
    Operation::PutDataPart(set.id.clone(), part, body.to_owned())
}

/// What is said of a set comes back, by its id, and follows a change.
pub async fn sets_come_back_as_they_were_written(store: Arc<dyn Store>) {
    assert_eq!(store.data_sets().await.unwrap(), []);
    let (one, mut other) = (set(1), set(2));
    other.parts = None;
    let both = [&other, &one].map(|set| Operation::PutDataSet(Box::new(set.clone())));
    write(&store, just(both)).await;
    assert_eq!(
        store.data_sets().await.unwrap(),
        [one.clone(), other.clone()]
    );
    (other.parts, other.rows) = (Some(7), 1_000_000);
    write(
        &store,
        just([Operation::PutDataSet(Box::new(other.clone()))]),
    )
    .await;
    assert_eq!(store.data_sets().await.unwrap(), [one, other]);
}

/// Parts are each set's own, are replaced, and needn't wait for their set.
pub async fn parts_belong_to_their_set(store: Arc<dyn Store>) {
    let (one, other) = (set(1), set(2));
    let long = "1415555,é 電,\"x\"\n".repeat(20_000);
    write(&store, just([part(&one, 0, "a"), part(&one, 1, &long)])).await;
    write(&store, just([part(&other, 0, "b"), part(&one, 0, "")])).await;
    for (set, number, expected) in [
        (&one, 0, Some("")),
        (&one, 1, Some(&*long)),
        (&one, 2, None),
        (&other, 0, Some("b")),
        (&other, 1, None),
    ] {
        let body = store.data_part(&set.id, number).await.unwrap();
        assert_eq!(body.as_deref(), expected, "{} {number}", set.name);
    }
}

/// A set goes with its parts, and with no others.
pub async fn a_deleted_set_takes_its_parts_along(store: Arc<dyn Store>) {
    let (one, other) = (set(1), set(2));
    for set in [&one, &other] {
        let head = Operation::PutDataSet(Box::new(set.clone()));
        write(&store, just([head, part(set, 0, "a"), part(set, 1, "b")])).await;
    }
    for _ in 0..2 {
        write(&store, just([Operation::DeleteDataSet(one.id.clone())])).await;
        assert_eq!(
            store.data_sets().await.unwrap(),
            std::slice::from_ref(&other)
        );
        assert_eq!(store.data_part(&one.id, 1).await.unwrap(), None);
        let kept = store.data_part(&other.id, 1).await.unwrap();
        assert_eq!(kept.as_deref(), Some("b"));
    }
}
