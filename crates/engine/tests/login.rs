//! Logging in, and what tokens are worth (spec/http.md 3.3–3.6).

mod support;

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use engine::login::Login;
use engine::passwords::DigestMethod;
use engine::settings::Auth;
use engine::{Engine, EngineError, Settings};
use serde_json::{Map, Value, json};
use store::{Batch, Operation, PrivilegeLevel};
use support::{
    PASSWORD, World, broken_rules, key_of, object, open, system, user_of, world, world_with,
};

fn credentials(username: &str, password: &str) -> Value {
    json!(DigestMethod::Md5.digest(username, password))
}

/// The admin of the master logs in.
async fn log_in(world: &World) -> Login {
    let data = json!({"credentials": credentials("admin", PASSWORD), "account_name": "master"});
    world.engine.user_auth(object(data)).await.unwrap()
}

/// A part of a token, as any client can read it.
fn decoded(token: &str, part: usize) -> Map<String, Value> {
    let text = token.split('.').nth(part).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
}

async fn refused(engine: &Engine, token: &str) {
    let answer = engine.authenticate(token).await;
    assert!(
        matches!(answer, Err(EngineError::InvalidCredentials)),
        "{answer:?}"
    );
}

#[tokio::test]
async fn a_log_in_answers_a_token_and_what_the_interface_needs() {
    let world = world().await;
    let Login { token, data } = log_in(&world).await;
    let master = world.master();
    for (key, value) in [
        ("account_id", json!(master.id)),
        ("account_name", json!("master")),
        ("apps", json!([])),
        ("capabilities", json!({})),
        ("ui_config", json!({})),
        ("is_master_account", json!(true)),
        ("is_reseller", json!(true)),
        ("reseller_id", json!(master.id)),
        ("language", json!("en-US")),
    ] {
        assert_eq!(data.get(key), Some(&value), "{key}");
    }
    assert_eq!(data["cluster_id"].as_str().unwrap().len(), 32);
    let header = decoded(&token, 0);
    assert_eq!(
        (&header["alg"], &header["typ"]),
        (&json!("HS256"), &json!("JWT"))
    );
    assert!(header["kid"].is_string());
    let claims = decoded(&token, 1);
    assert_eq!(claims["account_id"], json!(master.id));
    assert_eq!(claims["owner_id"], data["owner_id"]);
    assert_eq!(claims["iss"], "kazoo");
    assert_eq!(claims["method"], "cb_user_auth");
    assert_eq!(
        claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap(),
        3600
    );
    // Twice: the second look takes another way.
    for _ in 0..2 {
        let holder = world.engine.authenticate(&token).await.unwrap();
        assert_eq!(holder.account.id, master.id);
        assert_eq!(json!(holder.user.unwrap().id), data["owner_id"]);
    }
}

#[tokio::test]
async fn an_account_is_found_by_number_realm_or_name_whatever_works() {
    let world = world().await;
    let child = world.child(&world.master().id, "Acme, Inc.").await;
    world.number("+14158867900", &child).await;
    world.user(&child, "ada", PrivilegeLevel::User).await;
    let sha = json!(DigestMethod::Sha.digest("ada", PASSWORD));
    for data in [
        json!({"phone_number": "4158867900"}),
        json!({"account_realm": child.realm.to_uppercase()}),
        json!({"realm": child.realm}),
        json!({"account_name": "ACME inc"}),
        json!({"phone_number": "+12015550100", "realm": "no.where", "account_name": "acmeinc"}),
        json!({"account_name": "acmeinc", "method": "sha", "credentials": sha}),
        json!({"account_name": "acmeinc", "ui_metadata": {"ui": "monster-ui"}}),
    ] {
        let mut request = object(json!({"credentials": credentials("ada", PASSWORD)}));
        request.extend(object(data.clone()));
        let login = world.engine.user_auth(request).await;
        assert_eq!(login.unwrap().data["account_id"], json!(child.id));
    }
}

#[tokio::test]
async fn wrong_credentials_are_all_the_same() {
    let world = world().await;
    let child = world.child(&world.master().id, "Child").await;
    world.user(&child, "ada", PrivilegeLevel::User).await;
    let good = credentials("ada", PASSWORD);
    for data in [
        json!({"credentials": credentials("ada", "wrong"), "account_name": "child"}),
        json!({"credentials": credentials("eve", PASSWORD), "account_name": "child"}),
        json!({"credentials": good, "account_name": "master"}),
        json!({"credentials": good, "account_name": "nobody"}),
        json!({"credentials": good, "account_name": "child", "method": "sha"}),
        json!({"credentials": good}),
    ] {
        let login = world
            .engine
            .user_auth(object(data.clone()))
            .await
            .map(|login| login.data);
        assert!(
            matches!(login, Err(EngineError::InvalidCredentials)),
            "{data}: {login:?}"
        );
    }
    for (data, rules) in [
        (json!({}), vec!["credentials.required"]),
        (
            json!({"credentials": "x".repeat(65)}),
            vec!["credentials.maxLength"],
        ),
        (
            json!({"credentials": "", "method": "md4"}),
            vec!["credentials.minLength", "method.enum"],
        ),
        (json!({"credentials": good, "as": "x"}), vec!["as.type"]),
    ] {
        assert_eq!(
            broken_rules(world.engine.user_auth(object(data)).await),
            rules
        );
    }
}

#[tokio::test]
async fn a_disabled_account_is_told_after_the_password() {
    for locked in [false, true] {
        let auth = Auth {
            disabled_is_locked: locked,
            ..Auth::default()
        };
        let world = world_with(Settings {
            auth,
            ..Settings::default()
        })
        .await;
        let child = world.child(&world.master().id, "Child").await;
        world.user(&child, "ada", PrivilegeLevel::User).await;
        let off = object(json!({"enabled": false}));
        world
            .engine
            .patch_account(&system(), &child.id, off, None)
            .await
            .unwrap();
        let log_in = async |password| {
            let data =
                json!({"credentials": credentials("ada", password), "account_name": "child"});
            world.engine.user_auth(object(data)).await
        };
        let wrong = log_in("wrong").await;
        assert!(matches!(wrong, Err(EngineError::InvalidCredentials)));
        let right = log_in(PASSWORD).await;
        if locked {
            assert!(matches!(right, Err(EngineError::Locked(_))));
        } else {
            assert_eq!(broken_rules(right), ["account.disabled"]);
        }
    }
}

#[tokio::test]
async fn a_disabled_user_can_not_log_in() {
    let world = world().await;
    let user = world
        .user(world.master(), "ada", PrivilegeLevel::User)
        .await;
    let off = object(json!({"enabled": false}));
    world
        .engine
        .patch_user(&system(), &world.master().id, &user.id, off, None)
        .await
        .unwrap();
    let data = json!({"credentials": credentials("ada", PASSWORD), "account_name": "master"});
    let login = world.engine.user_auth(object(data)).await;
    assert!(matches!(login, Err(EngineError::InvalidCredentials)));
}

#[tokio::test]
async fn an_api_key_logs_its_account_in() {
    let world = world().await;
    let key = world.made.api_key.clone();
    let data = json!({"api_key": key, "ui_metadata": {}});
    let login = world.engine.api_auth(object(data)).await.unwrap();
    assert!(!login.data.contains_key("owner_id"));
    let holder = world.engine.authenticate(&login.token).await.unwrap();
    assert!(holder.user.is_none());
    assert_eq!(decoded(&login.token, 1)["method"], "cb_api_auth");
    let unknown = world
        .engine
        .api_auth(object(json!({"api_key": "f".repeat(64)})))
        .await;
    assert!(matches!(unknown, Err(EngineError::UnknownApiKey)));
    for (data, rules) in [
        (json!({}), vec!["api_key.required"]),
        (json!({"api_key": "short"}), vec!["api_key.minLength"]),
        (
            json!({"api_key": key, "a.b": 1}),
            vec!["a%2Eb.additionalProperties"],
        ),
    ] {
        assert_eq!(
            broken_rules(world.engine.api_auth(object(data)).await),
            rules
        );
    }
    // A new key ends the old key's tokens.
    let account = world.master().id.clone();
    world
        .engine
        .regenerate_api_key(&system(), &account)
        .await
        .unwrap();
    refused(&world.engine, &login.token).await;
}

#[tokio::test]
async fn only_the_keys_digest_is_stored() {
    let world = world().await;
    let setting = format!("api_key/{}", world.master().id);
    let stored = world.store.setting(&setting).await.unwrap().unwrap();
    assert_eq!(stored.len(), 64);
    assert_ne!(stored, world.made.api_key);
    let login = world
        .engine
        .api_auth(object(json!({"api_key": stored})))
        .await;
    assert!(matches!(login, Err(EngineError::UnknownApiKey)));
}

#[tokio::test]
async fn a_tampered_token_is_refused() {
    let world = world().await;
    let token = log_in(&world).await.token;
    let parts: Vec<&str> = token.split('.').collect();
    let stranger = world.child(&world.master().id, "Stranger").await;
    let mut claims = decoded(&token, 1);
    claims.insert("account_id".to_owned(), json!(stranger.id));
    let forged = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&claims).unwrap());
    let none = URL_SAFE_NO_PAD.encode(br#"{"alg":"none","typ":"JWT"}"#);
    let mut flipped = parts[2].to_owned();
    let other = if flipped.starts_with('A') { "B" } else { "A" };
    flipped.replace_range(0..1, other);
    for bad in [
        String::new(),
        "x".to_owned(),
        "..".to_owned(),
        "x".repeat(100_000),
        token[..token.len() - 1].to_owned(),
        format!("{}.{forged}.{}", parts[0], parts[2]),
        format!("{none}.{}.", parts[1]),
        format!("{none}.{}.{}", parts[1], parts[2]),
        format!("{}.{}.{flipped}", parts[0], parts[1]),
        format!("{token}.{}", parts[2]),
    ] {
        refused(&world.engine, &bad).await;
    }
    // The token of another installation.
    let elsewhere = support::world().await;
    refused(&world.engine, &log_in(&elsewhere).await.token).await;
}

#[tokio::test]
async fn an_expired_token_is_told_apart() {
    let auth = Auth {
        token_auth_expiry_s: 0,
        ..Auth::default()
    };
    let world = world_with(Settings {
        auth,
        ..Settings::default()
    })
    .await;
    let token = log_in(&world).await.token;
    for _ in 0..2 {
        let answer = world.engine.authenticate(&token).await;
        assert!(
            matches!(answer, Err(EngineError::ExpiredToken)),
            "{answer:?}"
        );
    }
}

#[tokio::test]
async fn every_node_takes_the_others_tokens_and_a_restart_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    let node = || Engine::new(Arc::clone(&store), Settings::default()).unwrap();
    let (one, other) = (Arc::new(node()), Arc::new(node()));
    let made = one
        .bootstrap(engine::bootstrap::Bootstrap::default())
        .await
        .unwrap()
        .unwrap();
    let log_in = |node: &Arc<Engine>| {
        let (node, key) = (Arc::clone(node), made.api_key.clone());
        tokio::spawn(async move {
            node.api_auth(object(json!({ "api_key": key })))
                .await
                .unwrap()
        })
    };
    // Both make the secret at once; both must end with the same.
    let (by_one, by_other) = (log_in(&one), log_in(&other));
    let (by_one, by_other) = (by_one.await.unwrap(), by_other.await.unwrap());
    assert_eq!(by_one.data["cluster_id"], by_other.data["cluster_id"]);
    let restarted = node();
    for node in [one.as_ref(), other.as_ref(), &restarted] {
        for token in [&by_one.token, &by_other.token] {
            node.authenticate(token).await.unwrap();
        }
    }
}

#[tokio::test]
async fn tokens_end_with_what_they_stand_for() {
    let world = world().await;
    let child = world.child(&world.master().id, "Child").await;
    let user = world.user(&child, "ada", PrivilegeLevel::User).await;
    let engine = &world.engine;
    let log_in = async |password: &str| {
        let data = json!({"credentials": credentials("ada", password), "account_name": "child"});
        engine.user_auth(object(data)).await.unwrap().token
    };
    let patch_user = async |patch| {
        engine
            .patch_user(&system(), &child.id, &user.id, object(patch), None)
            .await
            .unwrap()
    };
    let patch_account = async |patch| {
        engine
            .patch_account(&system(), &child.id, object(patch), None)
            .await
            .unwrap()
    };

    let token = log_in(PASSWORD).await;
    patch_user(json!({"email": "ada@example.com"})).await;
    engine.authenticate(&token).await.unwrap();
    patch_user(json!({"password": "another"})).await;
    refused(engine, &token).await;

    let token = log_in("another").await;
    patch_user(json!({"enabled": false})).await;
    refused(engine, &token).await;
    patch_user(json!({"enabled": true})).await;
    refused(engine, &token).await;

    let token = log_in("another").await;
    patch_account(json!({"enabled": false})).await;
    refused(engine, &token).await;
    patch_account(json!({"enabled": true})).await;
    engine.authenticate(&token).await.unwrap();

    engine
        .delete_user(&system(), &child.id, &user.id, None)
        .await
        .unwrap();
    refused(engine, &token).await;
}

#[tokio::test]
async fn a_disabled_users_tokens_end_however_it_was_disabled() {
    let world = world().await;
    let mut user = world
        .user(world.master(), "ada", PrivilegeLevel::User)
        .await;
    let data = json!({"credentials": credentials("ada", PASSWORD), "account_name": "master"});
    let token = world.engine.user_auth(object(data)).await.unwrap().token;
    world.engine.authenticate(&token).await.unwrap();
    user.enabled = false;
    user.revision = user.revision.next();
    let batch = Batch::new().then(Operation::PutUser(Box::new(user)));
    world.store.write(batch).await.unwrap().unwrap();
    refused(&world.engine, &token).await;
}

#[tokio::test]
async fn a_deleted_accounts_tokens_end() {
    let world = world().await;
    let child = world.child(&world.master().id, "Child").await;
    let key = world
        .engine
        .regenerate_api_key(&system(), &child.id)
        .await
        .unwrap();
    let token = world
        .engine
        .api_auth(object(json!({ "api_key": key })))
        .await
        .unwrap()
        .token;
    world.engine.authenticate(&token).await.unwrap();
    world
        .engine
        .delete_account(&system(), &child.id, None)
        .await
        .unwrap();
    refused(&world.engine, &token).await;
}

#[tokio::test]
async fn a_token_can_be_refreshed() {
    let world = world().await;
    let first = log_in(&world).await;
    let holder = world.engine.authenticate(&first.token).await.unwrap();
    let second = world.engine.refresh_token(&holder).await.unwrap();
    assert_ne!(first.token, second.token);
    assert_eq!(first.data, second.data);
    let again = world.engine.authenticate(&second.token).await.unwrap();
    assert_eq!(again.user, holder.user);
    let shown = world.engine.token_data(&again).await.unwrap();
    for key in [
        "account_id",
        "owner_id",
        "method",
        "exp",
        "iss",
        "apps",
        "reseller_id",
    ] {
        assert!(shown.contains_key(key), "{key}");
    }
}

#[tokio::test]
async fn a_log_in_can_act_as_an_account_below() {
    let world = world().await;
    let parent = world.child(&world.master().id, "Parent").await;
    let child = world.child(&parent.id, "Child").await;
    let boss = world.user(&parent, "boss", PrivilegeLevel::Admin).await;
    let ada = world.user(&child, "ada", PrivilegeLevel::User).await;
    let engine = &world.engine;
    let acting_as = async |acts_as: Value| {
        let data = json!({
            "credentials": credentials("boss", PASSWORD), "account_name": "parent", "as": acts_as,
        });
        engine.user_auth(object(data)).await
    };
    let login = acting_as(json!({"account_id": child.id, "owner_id": ada.id}))
        .await
        .unwrap();
    assert_eq!(login.data["account_id"], json!(child.id));
    assert_eq!(login.data["owner_id"], json!(ada.id));
    let claims = decoded(&login.token, 1);
    assert_eq!(claims["original_account_id"], json!(parent.id));
    assert_eq!(claims["original_owner_id"], json!(boss.id));
    let holder = engine.authenticate(&login.token).await.unwrap();
    assert_eq!(
        (&holder.account.id, &holder.user.as_ref().unwrap().id),
        (&child.id, &ada.id)
    );
    let refreshed = engine.refresh_token(&holder).await.unwrap().token;
    assert_eq!(
        decoded(&refreshed, 1)["original_account_id"],
        json!(parent.id)
    );

    for target in [
        &world.master().id,
        &world.child(&world.master().id, "Beside").await.id,
    ] {
        let up = acting_as(json!({ "account_id": target })).await;
        assert!(matches!(up, Err(EngineError::Forbidden)));
    }
    // It ends with the rights of who logged in.
    engine
        .move_account(&system(), &child.id, &world.master().id, None)
        .await
        .unwrap();
    for token in [&login.token, &refreshed] {
        refused(engine, token).await;
    }
    engine
        .move_account(&system(), &child.id, &parent.id, None)
        .await
        .unwrap();
    engine.authenticate(&login.token).await.unwrap();
    let password = object(json!({"password": "new"}));
    engine
        .patch_user(&system(), &parent.id, &boss.id, password, None)
        .await
        .unwrap();
    refused(engine, &login.token).await;
}

#[tokio::test]
async fn only_the_masters_admins_impersonate() {
    let world = world().await;
    let master = world.master().clone();
    let child = world.child(&master.id, "Child").await;
    let chief = world.user(&child, "chief", PrivilegeLevel::Admin).await;
    let below = world.child(&child.id, "Below").await;
    let user_below = world.user(&below, "ada", PrivilegeLevel::User).await;
    let clerk = world.user(&master, "clerk", PrivilegeLevel::User).await;
    let admin = log_in(&world).await;
    let holder = world.engine.authenticate(&admin.token).await.unwrap();
    let ctx = engine::Context::new(holder.caller(), "test");
    let login = world
        .engine
        .impersonate(&ctx, &child.id, &chief.id)
        .await
        .unwrap();
    let holder = world.engine.authenticate(&login.token).await.unwrap();
    assert_eq!(
        (&holder.account.id, &holder.user.unwrap().id),
        (&child.id, &chief.id)
    );
    for (ctx, account, user) in [
        (&ctx, &master.id, &clerk.id),
        (&user_of(&master, &clerk), &child.id, &chief.id),
        (&user_of(&child, &chief), &master.id, &clerk.id),
        (&user_of(&child, &chief), &below.id, &user_below.id),
        (&key_of(&master), &child.id, &chief.id),
    ] {
        let refused = world.engine.impersonate(ctx, account, user).await;
        assert!(matches!(refused, Err(EngineError::Forbidden)));
    }
}
