//! Unique names and settings.

use std::sync::Arc;

use super::sample::{just, write};
use crate::{Claim, ClaimKind, Operation, Store};

const KINDS: [ClaimKind; 4] = [
    ClaimKind::AccountName,
    ClaimKind::AccountRealm,
    ClaimKind::Username,
    ClaimKind::ApiKey,
];

fn claim(kind: ClaimKind, name: &str) -> Claim {
    Claim {
        kind,
        name: name.to_owned(),
    }
}

/// The same name may be held once in each kind.
pub async fn claims_are_apart_by_kind(store: Arc<dyn Store>) {
    let claims = KINDS.map(|kind| Operation::Claim(claim(kind, "n"), kind.as_str().to_owned()));
    write(&store, just(claims)).await;
    for kind in KINDS {
        let holder = store.claimed(&claim(kind, "n")).await.unwrap();
        assert_eq!(holder.as_deref(), Some(kind.as_str()));
        assert_eq!(store.claimed(&claim(kind, "N")).await.unwrap(), None);
    }
}

/// A claim goes over to a new holder and can be given up.
pub async fn a_claim_moves_and_ends(store: Arc<dyn Store>) {
    let name = claim(ClaimKind::Username, "0123/zoë@example.com");
    let other = claim(ClaimKind::Username, "0123/other");
    let both = [(&name, "a"), (&other, "b")];
    let hold = |(claim, holder): (&Claim, &str)| Operation::Claim(claim.clone(), holder.to_owned());
    write(&store, just(both.map(hold))).await;
    write(&store, just([hold((&name, "c"))])).await;
    assert_eq!(store.claimed(&name).await.unwrap().as_deref(), Some("c"));
    for _ in 0..2 {
        write(&store, just([Operation::Unclaim(name.clone())])).await;
        assert_eq!(store.claimed(&name).await.unwrap(), None);
        assert_eq!(store.claimed(&other).await.unwrap().as_deref(), Some("b"));
    }
}

/// One value for each key.
pub async fn settings_are_set_and_replaced(store: Arc<dyn Store>) {
    assert_eq!(store.setting("secret").await.unwrap(), None);
    for value in ["one", "", "three \n é 電"] {
        write(
            &store,
            just([Operation::Set("secret".to_owned(), value.to_owned())]),
        )
        .await;
        assert_eq!(
            store.setting("secret").await.unwrap().as_deref(),
            Some(value)
        );
    }
    assert_eq!(store.setting("SECRET").await.unwrap(), None);
}
