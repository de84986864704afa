//! Users and their passwords (spec/http.md 4.3).

mod support;

use std::sync::Arc;

use engine::EngineError;
use engine::user_document::{user_document, user_row};
use numbers::account::Account;
use serde_json::{Value, json};
use store::{Page, PrivilegeLevel, UserId};
use support::{PASSWORD, World, broken_rules, key_of, object, system, user_of, world};

/// The digest that a client sends.
fn md5(username: &str, password: &str) -> String {
    engine::passwords::DigestMethod::Md5.digest(username, password)
}

async fn can_log_in(world: &World, account: &Account, username: &str, password: &str) -> bool {
    let data = json!({
        "credentials": md5(username, password), "account_name": account.name,
    });
    match world.engine.user_auth(object(data)).await {
        Ok(_) => true,
        Err(EngineError::InvalidCredentials) => false,
        Err(other) => panic!("{other:?}"),
    }
}

fn ada() -> Value {
    json!({"first_name": "Ada", "last_name": "Lovelace"})
}

fn ada_with(more: Value) -> serde_json::Map<String, Value> {
    let mut data = object(ada());
    data.extend(object(more));
    data
}

#[tokio::test]
async fn a_document_shows_the_user_and_nothing_of_the_password() {
    let world = world().await;
    let data = ada_with(json!({
        "username": "Ada@Example", "password": PASSWORD, "email": "ada@example.com",
        "pvt_md5_auth": "x", "_rev": "3", "id": "mine",
    }));
    let root = &world.master().id;
    let user = world
        .engine
        .create_user(&system(), root, data)
        .await
        .unwrap();
    let shown = user_document(&user);
    assert_eq!(shown["username"], "ada@example");
    assert_eq!(shown["priv_level"], "user");
    assert_eq!(shown["enabled"], true);
    assert_eq!(shown["email"], "ada@example.com");
    assert_eq!(shown["id"], json!(user.id));
    let keys: Vec<_> = shown.keys().map(String::as_str).collect();
    let expected = [
        "id",
        "username",
        "enabled",
        "priv_level",
        "first_name",
        "last_name",
        "email",
        "created",
    ];
    assert_eq!(keys, expected);
    let row = user_row(&user);
    let keys: Vec<_> = row.keys().map(String::as_str).collect();
    let expected = [
        "id",
        "username",
        "email",
        "first_name",
        "last_name",
        "priv_level",
        "features",
    ];
    assert_eq!(keys, expected);
    let stored = world.store.user(root, &user.id).await.unwrap().unwrap();
    for hash in [&stored.md5_hash, &stored.sha1_hash] {
        let hash = hash.as_ref().unwrap();
        assert!(
            hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{hash}"
        );
    }
}

#[tokio::test]
async fn every_broken_rule_is_told_at_once() {
    let world = world().await;
    let data = json!({
        "first_name": "", "username": "a b", "email": "x", "priv_level": "god", "enabled": 1,
        "password": "p",
    });
    let made = world
        .engine
        .create_user(&system(), &world.master().id, object(data))
        .await;
    assert_eq!(
        broken_rules(made),
        [
            "last_name.required",
            "first_name.minLength",
            "username.pattern",
            "email.minLength",
            "priv_level.enum",
            "enabled.type",
        ]
    );
}

#[tokio::test]
async fn a_username_and_a_password_need_each_other() {
    let world = world().await;
    let root = &world.master().id;
    let engine = &world.engine;
    let create = async |more| engine.create_user(&system(), root, ada_with(more)).await;
    assert_eq!(
        broken_rules(create(json!({"username": "ada"})).await),
        ["password.required"]
    );
    assert_eq!(
        broken_rules(create(json!({"password": "x"})).await),
        ["username.required"]
    );
    let nobody = create(json!({})).await.unwrap();
    assert_eq!(nobody.md5_hash, None);
    // A new name is another digest: it needs the password again.
    let user = world
        .user(world.master(), "ada", PrivilegeLevel::User)
        .await;
    let patch = async |patch| {
        engine
            .patch_user(&system(), root, &user.id, object(patch), None)
            .await
    };
    assert_eq!(
        broken_rules(patch(json!({"username": "eda"})).await),
        ["password.required"]
    );
    assert!(can_log_in(&world, world.master(), "ada", PASSWORD).await);
    patch(json!({"username": "EDA", "password": "new one"}))
        .await
        .unwrap();
    assert!(can_log_in(&world, world.master(), "eda", "new one").await);
    assert!(!can_log_in(&world, world.master(), "ada", PASSWORD).await);
    // Without a name nobody can log in.
    let user = patch(json!({"username": null})).await.unwrap();
    assert_eq!(
        (user.username, user.md5_hash, user.sha1_hash),
        (None, None, None)
    );
    assert!(!can_log_in(&world, world.master(), "eda", "new one").await);
}

#[tokio::test]
async fn post_replaces_and_keeps_the_password_of_the_same_username() {
    let world = world().await;
    let root = &world.master().id;
    let user = world
        .user(world.master(), "ada", PrivilegeLevel::User)
        .await;
    let engine = &world.engine;
    let note = object(json!({"note": {"a": 1}}));
    engine
        .patch_user(&system(), root, &user.id, note, None)
        .await
        .unwrap();
    let data = ada_with(json!({"username": "ADA"}));
    let after = engine
        .replace_user(&system(), root, &user.id, data, None)
        .await
        .unwrap();
    assert!(!after.public.contains_key("note"));
    assert_eq!(after.md5_hash, user.md5_hash);
    assert_eq!(
        after.token_salt, user.token_salt,
        "nothing that a token is bound to changed"
    );
    assert!(can_log_in(&world, world.master(), "ada", PASSWORD).await);
    let unchanged = engine
        .patch_user(&system(), root, &user.id, object(json!({})), None)
        .await
        .unwrap();
    assert_eq!(unchanged.revision, after.revision);
}

#[tokio::test]
async fn usernames_are_unique_within_their_account() {
    let world = world().await;
    let child = world.child(&world.master().id, "Child").await;
    world
        .user(world.master(), "ada", PrivilegeLevel::User)
        .await;
    world.user(&child, "ada", PrivilegeLevel::User).await;
    let bob = world.user(&child, "bob", PrivilegeLevel::User).await;
    let taken = || object(json!({"username": "Ada", "password": "x"}));
    let engine = &world.engine;
    let renamed = engine
        .patch_user(&system(), &child.id, &bob.id, taken(), None)
        .await;
    assert_eq!(broken_rules(renamed), ["username.unique"]);
    // The name of somebody who is gone is free.
    engine
        .delete_user(&system(), &child.id, &bob.id, None)
        .await
        .unwrap();
    let gone = engine.user(&system(), &child.id, &bob.id).await;
    assert!(
        matches!(gone, Err(EngineError::BadIdentifier(_))),
        "{gone:?}"
    );
    world.user(&child, "bob", PrivilegeLevel::User).await;
}

#[tokio::test]
async fn of_many_who_want_a_username_at_once_one_gets_it() {
    let world = Arc::new(world().await);
    let tries: Vec<_> = (0..4)
        .map(|_| {
            let world = Arc::clone(&world);
            tokio::spawn(async move {
                let data = ada_with(json!({"username": "wanted", "password": "x"}));
                world
                    .engine
                    .create_user(&system(), &world.master().id, data)
                    .await
            })
        })
        .collect();
    let mut made = 0;
    for attempt in tries {
        match attempt.await.unwrap() {
            Ok(_) => made += 1,
            refused => assert_eq!(broken_rules(refused), ["username.unique"]),
        }
    }
    assert_eq!(made, 1);
}

#[tokio::test]
async fn digests_can_be_brought_along() {
    let world = world().await;
    let root = &world.master().id;
    let digest = md5("old", "from kazoo");
    let data = ada_with(json!({"username": "old", "credentials": digest}));
    let user = world
        .engine
        .create_user(&system(), root, data)
        .await
        .unwrap();
    assert_eq!(user.sha1_hash, None);
    assert!(!user.public.contains_key("credentials"));
    assert!(!user.md5_hash.unwrap().contains(&digest));
    assert!(can_log_in(&world, world.master(), "old", "from kazoo").await);
    for wrong in [json!("ABC"), json!(digest.to_uppercase()), json!(7)] {
        let data = ada_with(json!({"username": "new", "credentials": wrong}));
        let made = world.engine.create_user(&system(), root, data).await;
        assert!(broken_rules(made)[0].starts_with("credentials."));
    }
}

#[tokio::test]
async fn users_without_admin_rights_get_none() {
    let world = world().await;
    let child = world.child(&world.master().id, "Child").await;
    let clerk = world.user(&child, "clerk", PrivilegeLevel::User).await;
    let chief = world.user(&child, "chief", PrivilegeLevel::Admin).await;
    let engine = &world.engine;
    let as_clerk = user_of(&child, &clerk);
    let promotion = || object(json!({"priv_level": "admin"}));
    let password = || object(json!({"password": "mine now"}));
    let demotion = object(json!({"priv_level": "user", "password": "mine now"}));
    let fresh = ada_with(json!({"priv_level": "admin"}));
    let results = [
        engine
            .patch_user(&as_clerk, &child.id, &chief.id, demotion, None)
            .await,
        engine
            .patch_user(&as_clerk, &child.id, &clerk.id, promotion(), None)
            .await,
        engine
            .patch_user(&as_clerk, &child.id, &chief.id, password(), None)
            .await,
        engine
            .delete_user(&as_clerk, &child.id, &chief.id, None)
            .await,
        engine.create_user(&as_clerk, &child.id, fresh).await,
    ];
    for result in results {
        assert!(matches!(result, Err(EngineError::Forbidden)), "{result:?}");
    }
    assert!(
        engine
            .patch_user(&as_clerk, &child.id, &clerk.id, password(), None)
            .await
            .is_ok()
    );
    for ctx in [user_of(&child, &chief), key_of(&child)] {
        let promoted = engine
            .patch_user(&ctx, &child.id, &clerk.id, promotion(), None)
            .await;
        assert_eq!(promoted.unwrap().priv_level, PrivilegeLevel::Admin);
    }
}

#[tokio::test]
async fn other_accounts_users_are_out_of_reach() {
    let world = world().await;
    let child = world.child(&world.master().id, "Child").await;
    let stranger = world.child(&world.master().id, "Stranger").await;
    let user = world.user(&child, "ada", PrivilegeLevel::User).await;
    let engine = &world.engine;
    let ctx = key_of(&stranger);
    let results = [
        engine
            .user(&ctx, &child.id, &user.id)
            .await
            .map(Arc::unwrap_or_clone),
        engine
            .create_user(&ctx, &child.id, ada_with(json!({})))
            .await,
        engine
            .replace_user(&ctx, &child.id, &user.id, ada_with(json!({})), None)
            .await,
        engine
            .patch_user(&ctx, &child.id, &user.id, object(json!({})), None)
            .await,
        engine.delete_user(&ctx, &child.id, &user.id, None).await,
    ];
    for result in results {
        assert!(matches!(result, Err(EngineError::Forbidden)), "{result:?}");
    }
    let listed = engine.users(&ctx, &child.id, &Page::first(9)).await;
    assert!(matches!(listed, Err(EngineError::Forbidden)));
    // A user's id leads nowhere in another account, not even its own parent's.
    let elsewhere = engine.user(&system(), &stranger.id, &user.id).await;
    assert!(matches!(elsewhere, Err(EngineError::BadIdentifier(_))));
    let nobody = engine
        .user(&system(), &child.id, &UserId("none".to_owned()))
        .await;
    assert!(matches!(nobody, Err(EngineError::BadIdentifier(_))));
    let listed = engine
        .users(&key_of(&child), &child.id, &Page::first(9))
        .await
        .unwrap();
    assert_eq!(listed, [user]);
}
