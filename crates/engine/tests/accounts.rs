//! Accounts, their tree, their keys (spec/http.md 4.1, 4.2).

mod support;

use engine::bootstrap::Bootstrap;
use engine::settings::Accounts;
use engine::{Engine, EngineError, Settings};
use numbers::account::AccountId;
use serde_json::json;
use std::sync::Arc;
use store::{Page, PrivilegeLevel};
use support::{World, broken_rules, key_of, object, open, system, user_of, world, world_with};

/// master → reseller → customer; master → stranger.
async fn family(world: &World) -> [numbers::account::Account; 3] {
    let reseller = world.child(&world.master().id, "Reseller").await;
    let reseller = world
        .engine
        .set_reseller(&system(), &reseller.id, true)
        .await
        .unwrap();
    let customer = world.child(&reseller.id, "Customer").await;
    let stranger = world.child(&world.master().id, "Stranger").await;
    [reseller, customer, stranger]
}

#[tokio::test]
async fn the_first_start_makes_the_master_and_later_ones_nothing() {
    let world = world().await;
    let master = world.read(world.master()).await;
    assert!(master.superduper && master.allow_additions && master.is_reseller);
    assert!(master.tree.is_empty());
    assert_eq!(world.made.api_key.len(), 64);
    assert!(
        world
            .engine
            .bootstrap(Bootstrap::default())
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(
        world.engine.master_account_id().await.unwrap(),
        Some(master.id.clone())
    );
}

#[tokio::test]
async fn two_first_starts_at_once_make_one_master() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    let start = || {
        let engine = Engine::new(Arc::clone(&store), Settings::default()).unwrap();
        tokio::spawn(async move { engine.bootstrap(Bootstrap::default()).await.unwrap() })
    };
    let (one, other) = (start(), start());
    let made = [one.await.unwrap(), other.await.unwrap()];
    let made: Vec<_> = made.into_iter().flatten().collect();
    assert_eq!(made.len(), 1);
    let engine = Engine::new(store, Settings::default()).unwrap();
    assert_eq!(
        engine.master_account_id().await.unwrap().as_ref(),
        Some(&made[0].account.id)
    );
    let below = engine
        .descendants(&system(), &made[0].account.id, &Page::first(9))
        .await
        .unwrap();
    assert!(below.is_empty(), "a second account was made: {below:?}");
}

#[tokio::test]
async fn the_first_start_takes_a_key_of_64_hex_digits_only() {
    let folder = tempfile::tempdir().unwrap();
    let engine = Engine::new(open(&folder), Settings::default()).unwrap();
    let with_key = |key: &str| Bootstrap {
        api_key: Some(key.to_owned()),
        ..Bootstrap::default()
    };
    let refused = engine.bootstrap(with_key("secret")).await.map(|_| ());
    assert_eq!(broken_rules(refused), ["api_key.pattern"]);
    let key = "0123456789abcdef".repeat(4);
    let made = engine.bootstrap(with_key(&key)).await.unwrap().unwrap();
    assert_eq!(made.api_key, key);
    let login = engine
        .api_auth(object(json!({ "api_key": key })))
        .await
        .unwrap();
    assert_eq!(login.data["account_id"], json!(made.account.id));
}

#[tokio::test]
async fn a_new_account_has_defaults_and_stands_below_its_parent() {
    let world = world().await;
    let [reseller, customer, _] = family(&world).await;
    assert_eq!(
        customer.tree,
        [world.master().id.clone(), reseller.id.clone()]
    );
    assert!(
        customer.realm.ends_with(".sip.numberd.local"),
        "{}",
        customer.realm
    );
    assert_eq!(customer.public["timezone"], "America/Los_Angeles");
    let shown = world
        .engine
        .account_document(&key_of(&customer), &customer)
        .await
        .unwrap();
    for (key, value) in [
        ("id", json!(customer.id)),
        ("name", json!("Customer")),
        ("enabled", json!(true)),
        ("superduper_admin", json!(false)),
        ("wnm_allow_additions", json!(false)),
        ("is_reseller", json!(false)),
        ("reseller_id", json!(reseller.id)),
        ("billing_mode", json!("manual")),
    ] {
        assert_eq!(shown.get(key), Some(&value), "{key}");
    }
}

#[tokio::test]
async fn private_and_read_only_fields_of_a_request_are_not_stored() {
    let world = world().await;
    let data = json!({
        "name": "Sly", "pvt_superduper_admin": true, "superduper_admin": true, "_rev": "9",
        "wnm_allow_additions": true, "is_reseller": true, "id": "x", "api_key": "k",
        "created": 1, "note": {"kept": true, "dropped": null},
    });
    let id = &world.master().id;
    let sly = world
        .engine
        .create_account(&key_of(world.master()), id, object(data))
        .await
        .unwrap();
    assert!(!sly.superduper && !sly.allow_additions && !sly.is_reseller);
    let keys: Vec<_> = sly.public.keys().collect();
    assert_eq!(keys, ["note", "timezone"]);
    assert_eq!(sly.public["note"], json!({"kept": true}));
}

#[tokio::test]
async fn every_broken_rule_is_told_at_once() {
    let world = world().await;
    let data = json!({"realm": "a b", "timezone": "UTC", "enabled": "yes"});
    let made = world
        .engine
        .create_account(&system(), &world.master().id, object(data))
        .await;
    let rules = [
        "name.required",
        "realm.minLength",
        "realm.pattern",
        "timezone.minLength",
        "enabled.type",
    ];
    assert_eq!(broken_rules(made), rules);
}

#[tokio::test]
async fn names_and_realms_are_unique_over_all_accounts() {
    let world = world().await;
    let root = &world.master().id;
    let data = json!({"name": "Acme, Inc.", "realm": "Acme.Example"});
    let acme = world
        .engine
        .create_account(&system(), root, object(data))
        .await
        .unwrap();
    assert_eq!(acme.realm, "acme.example");
    let again = json!({"name": "ACME inc", "realm": "acme.EXAMPLE"});
    let made = world
        .engine
        .create_account(&system(), &acme.id, object(again))
        .await;
    assert_eq!(broken_rules(made), ["name.unique", "realm.unique"]);
    // A new name makes the old one free.
    let renamed = object(json!({"name": "Zenith"}));
    world
        .engine
        .patch_account(&system(), &acme.id, renamed, None)
        .await
        .unwrap();
    world.child(root, "acmeinc").await;
    // Names that no Latin letter is in differ too.
    world.child(root, "日本").await;
    world.child(root, "中国").await;
    let data = object(json!({"name": "日本"}));
    let made = world.engine.create_account(&system(), root, data).await;
    assert_eq!(broken_rules(made), ["name.unique"]);
}

#[tokio::test]
async fn of_many_who_want_a_name_at_once_one_gets_it() {
    let world = Arc::new(world().await);
    let tries: Vec<_> = (0..8)
        .map(|_| {
            let world = Arc::clone(&world);
            tokio::spawn(async move {
                let data = object(json!({"name": "Wanted"}));
                world
                    .engine
                    .create_account(&system(), &world.master().id, data)
                    .await
            })
        })
        .collect();
    let mut made = 0;
    for attempt in tries {
        match attempt.await.unwrap() {
            Ok(_) => made += 1,
            refused => assert_eq!(broken_rules(refused), ["name.unique"]),
        }
    }
    assert_eq!(made, 1);
}

#[tokio::test]
async fn post_replaces_and_patch_merges() {
    let world = world().await;
    let id = &world.child(&world.master().id, "Shop").await.id;
    let patch = json!({"a": {"b": 1, "c": [1, 2]}, "note": "x"});
    world
        .engine
        .patch_account(&system(), id, object(patch), None)
        .await
        .unwrap();
    let patch = json!({"a": {"b": null, "c": [3]}});
    let shop = world
        .engine
        .patch_account(&system(), id, object(patch), None)
        .await
        .unwrap();
    assert_eq!(shop.public["a"], json!({"c": [3]}));
    assert_eq!(shop.public["note"], "x");
    // The merged whole must hold.
    let nameless = world
        .engine
        .patch_account(&system(), id, object(json!({"name": null})), None)
        .await;
    assert_eq!(broken_rules(nameless), ["name.required"]);
    let realm = shop.realm.clone();
    let shop = world
        .engine
        .replace_account(&system(), id, object(json!({"name": "Shop"})), None)
        .await;
    let shop = shop.unwrap();
    assert_eq!(shop.realm, realm, "an account always has a realm");
    assert_eq!(shop.public.keys().collect::<Vec<_>>(), ["timezone"]);
    // A change of nothing is no change.
    let same = world
        .engine
        .patch_account(&system(), id, object(json!({"name": "Shop"})), None)
        .await;
    assert_eq!(same.unwrap().revision, shop.revision);
}

#[tokio::test]
async fn a_document_can_not_grow_without_end() {
    let world = world().await;
    let id = &world.child(&world.master().id, "Hoarder").await.id;
    let big = "x".repeat(200_000);
    let first = object(json!({ "a": big }));
    world
        .engine
        .patch_account(&system(), id, first, None)
        .await
        .unwrap();
    let second = object(json!({ "b": big }));
    let grown = world
        .engine
        .patch_account(&system(), id, second, None)
        .await;
    assert_eq!(broken_rules(grown), [".maxSize"]);
}

#[tokio::test]
async fn only_somebody_above_disables_an_account() {
    let world = world().await;
    let [reseller, customer, _] = family(&world).await;
    let off = || object(json!({"enabled": false}));
    let engine = &world.engine;
    assert!(
        engine
            .patch_account(&key_of(&customer), &customer.id, off(), None)
            .await
            .unwrap()
            .enabled
    );
    assert!(
        !engine
            .patch_account(&key_of(&reseller), &customer.id, off(), None)
            .await
            .unwrap()
            .enabled
    );
}

#[tokio::test]
async fn callers_reach_down_and_never_up_or_sideways() {
    let world = world().await;
    let [reseller, customer, stranger] = family(&world).await;
    let engine = &world.engine;
    let reach = async |caller, target: &numbers::account::Account| {
        engine.reachable_account(&key_of(caller), &target.id).await
    };
    for caller in [world.master(), &reseller, &customer] {
        assert_eq!(reach(caller, &customer).await.unwrap().id, customer.id);
    }
    for (caller, target) in [
        (&stranger, &customer),
        (&customer, &reseller),
        (&customer, world.master()),
    ] {
        assert!(matches!(
            reach(caller, target).await,
            Err(EngineError::Forbidden)
        ));
        let data = object(json!({"name": "intruder"}));
        let ctx = key_of(caller);
        let results = [
            engine
                .replace_account(&ctx, &target.id, data.clone(), None)
                .await,
            engine
                .patch_account(&ctx, &target.id, data.clone(), None)
                .await,
            engine.create_account(&ctx, &target.id, data.clone()).await,
            engine.delete_account(&ctx, &target.id, None).await,
            engine
                .move_account(&ctx, &target.id, &caller.id, None)
                .await,
            engine.set_reseller(&ctx, &target.id, true).await,
            engine.set_allow_additions(&ctx, &caller.id, true).await,
            engine.set_superduper(&ctx, &caller.id, true).await,
        ];
        for result in results {
            assert!(matches!(result, Err(EngineError::Forbidden)), "{result:?}");
        }
    }
    let nobody = AccountId::parse(&"0".repeat(32)).unwrap();
    let missing = engine.reachable_account(&key_of(&stranger), &nobody).await;
    assert!(matches!(missing, Err(EngineError::BadIdentifier(_))));
}

#[tokio::test]
async fn accounts_know_their_relatives() {
    let world = world().await;
    let [reseller, customer, stranger] = family(&world).await;
    let page = Page::first(50);
    let ids = |accounts: Vec<numbers::account::Account>| {
        let mut ids: Vec<_> = accounts.into_iter().map(|account| account.id).collect();
        ids.sort();
        ids
    };
    let sorted = |mut ids: Vec<AccountId>| {
        ids.sort();
        ids
    };
    let root = world.master();
    let engine = &world.engine;
    let master = key_of(root);
    assert_eq!(
        ids(engine.children(&master, &root.id, &page).await.unwrap()),
        sorted(vec![reseller.id.clone(), stranger.id.clone()])
    );
    assert_eq!(
        ids(engine.descendants(&master, &root.id, &page).await.unwrap()),
        sorted(vec![
            reseller.id.clone(),
            stranger.id.clone(),
            customer.id.clone()
        ])
    );
    assert_eq!(
        ids(engine.siblings(&master, &reseller.id, &page).await.unwrap()),
        sorted(vec![reseller.id.clone(), stranger.id.clone()])
    );
    let beside = engine
        .siblings(&key_of(&reseller), &reseller.id, &page)
        .await;
    assert!(matches!(beside, Err(EngineError::Forbidden)), "{beside:?}");
    for (caller, above) in [
        (root, vec![root.id.clone(), reseller.id.clone()]),
        (&reseller, vec![reseller.id.clone()]),
        (&customer, vec![]),
    ] {
        let parents = engine.parents(&key_of(caller), &customer.id).await.unwrap();
        let parents: Vec<_> = parents
            .into_iter()
            .map(|account| account.id.clone())
            .collect();
        assert_eq!(parents, above, "as seen by {}", caller.name);
    }
    assert_eq!(engine.reseller_of(&customer).await.unwrap().id, reseller.id);
    engine
        .set_reseller(&master, &reseller.id, false)
        .await
        .unwrap();
    assert_eq!(engine.reseller_of(&customer).await.unwrap().id, root.id);
    let demoted = engine.set_reseller(&master, &root.id, false).await;
    assert!(matches!(demoted, Err(EngineError::MethodNotAllowed)));
}

#[tokio::test]
async fn a_branch_moves_as_a_whole() {
    let world = world().await;
    let [reseller, customer, stranger] = family(&world).await;
    let leaf = world.child(&customer.id, "Leaf").await;
    let engine = &world.engine;
    let master = key_of(world.master());
    engine
        .move_account(&master, &customer.id, &stranger.id, None)
        .await
        .unwrap();
    let above = vec![world.master().id.clone(), stranger.id.clone()];
    assert_eq!(world.read(&customer).await.tree, above);
    assert_eq!(
        world.read(&leaf).await.tree,
        [above, vec![customer.id.clone()]].concat()
    );
    let left = engine.reachable_account(&key_of(&reseller), &leaf.id).await;
    assert!(matches!(left, Err(EngineError::Forbidden)), "{left:?}");
    // Below itself: nowhere.
    for target in [&customer, &leaf] {
        let moved = engine
            .move_account(&master, &customer.id, &target.id, None)
            .await;
        assert_eq!(broken_rules(moved), ["to.invalid"]);
    }
    let moved = engine
        .move_account(&master, &world.master().id, &leaf.id, None)
        .await;
    assert!(matches!(moved, Err(EngineError::MethodNotAllowed)));
}

#[tokio::test]
async fn resellers_move_accounts_where_the_configuration_lets_them() {
    let accounts = Accounts {
        move_allowed: true,
        ..Accounts::default()
    };
    let world = world_with(Settings {
        accounts,
        ..Settings::default()
    })
    .await;
    let [reseller, customer, stranger] = family(&world).await;
    let second = world.child(&reseller.id, "Second").await;
    let caller = key_of(&reseller);
    let moved = world
        .engine
        .move_account(&caller, &second.id, &customer.id, None)
        .await
        .unwrap();
    assert_eq!(moved.tree.last(), Some(&customer.id));
    for (what, to) in [
        (&second, &stranger),
        (&reseller, &stranger),
        (&reseller, &customer),
    ] {
        let moved = world
            .engine
            .move_account(&caller, &what.id, &to.id, None)
            .await;
        assert!(matches!(moved, Err(EngineError::Forbidden)), "{moved:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_move_misses_no_account_that_is_made_meanwhile() {
    let world = Arc::new(world().await);
    let [reseller, customer, stranger] = family(&world).await;
    let makers: Vec<_> = (0..4)
        .map(|maker| {
            let (world, parent) = (Arc::clone(&world), customer.id.clone());
            tokio::spawn(async move {
                let mut made = Vec::new();
                for nth in 0..50 {
                    let data = object(json!({"name": format!("born {maker} {nth}")}));
                    match world.engine.create_account(&system(), &parent, data).await {
                        Ok(account) => made.push(account),
                        // Losing to the mover is allowed; leaving somebody behind isn't.
                        Err(error) => assert!(matches!(error, EngineError::Conflict), "{error:?}"),
                    }
                }
                made
            })
        })
        .collect();
    let mut moves = 0;
    while makers.iter().any(|maker| !maker.is_finished()) {
        let to = if moves % 2 == 0 {
            &stranger.id
        } else {
            &reseller.id
        };
        match world
            .engine
            .move_account(&system(), &customer.id, to, None)
            .await
        {
            Ok(_) => moves += 1,
            Err(error) => assert!(matches!(error, EngineError::Conflict), "{error:?}"),
        }
    }
    let parent = world.read(&customer).await;
    let expected = [parent.tree.clone(), vec![parent.id.clone()]].concat();
    for maker in makers {
        for account in maker.await.unwrap() {
            assert_eq!(
                world.read(&account).await.tree,
                expected,
                "{}",
                account.name
            );
        }
    }
}

#[tokio::test]
async fn an_account_in_use_is_not_deleted() {
    let world = world().await;
    let [reseller, customer, stranger] = family(&world).await;
    let engine = &world.engine;
    let deleted = engine.delete_account(&system(), &reseller.id, None).await;
    assert!(
        matches!(deleted, Err(EngineError::AccountHasDescendants)),
        "{deleted:?}"
    );
    world.number("+14158867900", &customer).await;
    let deleted = engine.delete_account(&system(), &customer.id, None).await;
    assert!(
        matches!(deleted, Err(EngineError::AccountHasNumbers { numbers: 1 })),
        "{deleted:?}"
    );
    let deleted = engine
        .delete_account(&system(), &world.master().id, None)
        .await;
    assert!(
        matches!(deleted, Err(EngineError::MethodNotAllowed)),
        "{deleted:?}"
    );
    assert_eq!(
        engine
            .delete_account(&system(), &stranger.id, None)
            .await
            .unwrap()
            .id,
        stranger.id
    );
}

#[tokio::test]
async fn a_deleted_account_leaves_nothing_behind() {
    let world = world().await;
    let [_, _, stranger] = family(&world).await;
    let user = world.user(&stranger, "eve", PrivilegeLevel::Admin).await;
    let key = world
        .engine
        .regenerate_api_key(&system(), &stranger.id)
        .await
        .unwrap();
    world
        .engine
        .delete_account(&system(), &stranger.id, None)
        .await
        .unwrap();
    let gone = world
        .engine
        .reachable_account(&system(), &stranger.id)
        .await;
    assert!(matches!(gone, Err(EngineError::BadIdentifier(_))));
    assert!(
        world
            .store
            .user(&stranger.id, &user.id)
            .await
            .unwrap()
            .is_none()
    );
    let login = world
        .engine
        .api_auth(object(json!({ "api_key": key })))
        .await;
    assert!(matches!(login, Err(EngineError::UnknownApiKey)));
    let data = object(json!({"name": "Stranger", "realm": stranger.realm}));
    world
        .engine
        .create_account(&system(), &world.master().id, data)
        .await
        .unwrap();
}

#[tokio::test]
async fn keys_are_made_by_admins_and_end_the_one_before() {
    let world = world().await;
    let [reseller, customer, stranger] = family(&world).await;
    let admin = world.user(&reseller, "admin", PrivilegeLevel::Admin).await;
    let clerk = world.user(&reseller, "clerk", PrivilegeLevel::User).await;
    let engine = &world.engine;
    assert!(!engine.has_api_key(&system(), &customer.id).await.unwrap());
    for ctx in [
        key_of(&reseller),
        user_of(&reseller, &clerk),
        key_of(&stranger),
    ] {
        let made = engine.regenerate_api_key(&ctx, &customer.id).await;
        assert!(matches!(made, Err(EngineError::Forbidden)), "{made:?}");
    }
    let admin = user_of(&reseller, &admin);
    let old = engine
        .regenerate_api_key(&admin, &customer.id)
        .await
        .unwrap();
    let new = engine
        .regenerate_api_key(&admin, &customer.id)
        .await
        .unwrap();
    assert_eq!((old.len(), new.len()), (64, 64));
    assert!(engine.has_api_key(&system(), &customer.id).await.unwrap());
    let login = async |key: &str| engine.api_auth(object(json!({ "api_key": key }))).await;
    assert!(matches!(login(&old).await, Err(EngineError::UnknownApiKey)));
    assert_eq!(
        login(&new).await.unwrap().data["account_id"],
        json!(customer.id)
    );
}
