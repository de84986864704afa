//! Documents of the engine's own work.

use std::sync::Arc;

use numbers::revision::Revision;

use super::sample::{NOW, account_id, just, write};
use crate::{Batch, Direction, Document, DocumentKind, Expectation, Operation, Page, Store};

fn document(id: &str) -> Document {
    Document {
        kind: DocumentKind::Order,
        id: id.to_owned(),
        account: Some(account_id(1)),
        revision: Revision(1),
        due: None,
        expires: None,
        body: "{\"é\": \"電\"}".to_owned(),
    }
}

fn put(document: &Document) -> Operation {
    Operation::PutDocument(Box::new(document.clone()))
}

async fn get(store: &Arc<dyn Store>, id: &str) -> Option<Document> {
    store.document(DocumentKind::Order, id).await.unwrap()
}

/// What was written is read, replaced and removed, apart from other kinds.
pub async fn a_document_comes_back_as_written(store: Arc<dyn Store>) {
    let mut one = document("a");
    write(&store, just([put(&one)])).await;
    assert_eq!(get(&store, "a").await, Some(one.clone()));
    one.account = None;
    one.due = Some(NOW);
    one.expires = Some(NOW.plus_days(1));
    one.revision = Revision(2);
    write(&store, just([put(&one)])).await;
    assert_eq!(get(&store, "a").await, Some(one));
    let other = store.document(DocumentKind::Offer, "a").await.unwrap();
    assert_eq!(other, None);
    let gone = Operation::DeleteDocument(DocumentKind::Order, "a".to_owned());
    write(&store, just([gone])).await;
    assert_eq!(get(&store, "a").await, None);
}

/// Many at once come in the order asked for, absent ones as none, twice if
/// they are asked for twice.
pub async fn many_documents_come_in_the_order_asked_for(store: Arc<dyn Store>) {
    let documents = ["a", "b", "c"].map(document);
    write(&store, just(documents.iter().map(put))).await;
    let get = async |kind, ids: &[&str]| {
        let ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
        store.documents_by_id(kind, &ids).await.unwrap()
    };
    let [a, b, c] = documents.map(Some);
    let found = get(DocumentKind::Order, &["c", "x", "a", "c"]).await;
    assert_eq!(found, [c.clone(), None, a, c]);
    assert_eq!(get(DocumentKind::Order, &["b"]).await, [b]);
    assert_eq!(get(DocumentKind::Order, &[]).await, []);
    assert_eq!(get(DocumentKind::Offer, &["a", "b"]).await, [None, None]);
}

/// Only who names the revision that is stored writes.
pub async fn documents_are_compared_and_set(store: Arc<dyn Store>) {
    let expect = |revision| {
        Batch::new()
            .expect(Expectation::Document {
                kind: DocumentKind::Order,
                id: "a".to_owned(),
                revision,
            })
            .then(put(&document("a")))
    };
    assert!(
        store
            .write(expect(Some(Revision(1))))
            .await
            .unwrap()
            .is_err()
    );
    assert!(store.write(expect(None)).await.unwrap().is_ok());
    assert!(store.write(expect(None)).await.unwrap().is_err());
    assert!(
        store
            .write(expect(Some(Revision(1))))
            .await
            .unwrap()
            .is_ok()
    );
}

/// Lists of everybody's and of one account's, both ways.
pub async fn pages_of_documents_go_both_ways(store: Arc<dyn Store>) {
    let mut documents = ["a", "b", "c", "d"].map(document);
    documents[1].account = Some(account_id(2));
    documents[2].account = None;
    write(&store, just(documents.iter().map(put))).await;
    let list = async |account: Option<u32>, page: Page<String>| {
        let account = account.map(account_id);
        let found = store.documents(DocumentKind::Order, account.as_ref(), &page);
        let found = found.await.unwrap().into_iter();
        found.map(|document| document.id).collect::<String>()
    };
    let from = |id: &str, limit, direction| Page {
        from: Some(id.to_owned()),
        limit,
        direction,
    };
    assert_eq!(list(None, Page::first(3)).await, "abc");
    assert_eq!(list(None, from("c", 9, Direction::Ascending)).await, "cd");
    assert_eq!(list(None, from("c", 2, Direction::Descending)).await, "cb");
    assert_eq!(list(Some(1), Page::first(9)).await, "ad");
    assert_eq!(list(Some(2), Page::first(9)).await, "b");
    assert_eq!(list(Some(3), Page::first(9)).await, "");
}

/// What is due comes longest due first; what has no time is never due.
pub async fn due_documents_come_longest_due_first(store: Arc<dyn Store>) {
    let mut documents = ["a", "b", "c", "d"].map(document);
    documents[0].due = Some(NOW.plus_days(1));
    documents[1].due = Some(NOW);
    documents[2].due = Some(NOW.plus_days(2));
    write(&store, just(documents.iter().map(put))).await;
    let due = async |now, limit| {
        let found = store.due_documents(DocumentKind::Order, now, limit);
        let found = found.await.unwrap().into_iter();
        found.map(|document| document.id).collect::<String>()
    };
    assert_eq!(due(NOW, 9).await, "b");
    assert_eq!(due(NOW.plus_days(2), 9).await, "bac");
    assert_eq!(due(NOW.plus_days(2), 2).await, "ba");
}

/// Expired ones go when they are told to, the others stay.
pub async fn expired_documents_are_dropped(store: Arc<dyn Store>) {
    let mut documents = ["a", "b", "c"].map(document);
    documents[0].expires = Some(NOW);
    documents[1].expires = Some(NOW.plus_days(1));
    write(&store, just(documents.iter().map(put))).await;
    let just_before = NOW.get() - 1;
    let before = numbers::gregorian::GregorianSeconds::new(just_before);
    assert!(!store.has_expired(before).await.unwrap());
    assert!(store.has_expired(NOW).await.unwrap());
    write(&store, just([Operation::DropExpired(NOW)])).await;
    assert!(!store.has_expired(NOW).await.unwrap());
    assert_eq!(get(&store, "a").await, None);
    assert!(get(&store, "b").await.is_some());
    assert!(get(&store, "c").await.is_some());
}
