//! `user_auth`, `api_auth`, `token_auth`, `auth` (spec/http.md 3).

mod people;

use api::{ApiSettings, Limits};
use engine::Settings;
use engine::settings::Auth;
use numbers::gregorian::GregorianSeconds;
use people::{PASSWORD, People, credentials};
use serde_json::{Value, json};

fn login(account: &str, password: &str) -> Value {
    json!({"data": {
        "credentials": credentials("admin", password), "account_name": account,
        "ui_metadata": {"version": "4.3", "ui": "monster-ui"},
    }})
}

#[tokio::test]
async fn a_log_in_answers_201_and_a_token_that_works() {
    let people = People::new().await;
    for path in ["/v2/user_auth", "/v1/user_auth/"] {
        let answer = people
            .send("PUT", path, None, Some(login("child", PASSWORD)))
            .await;
        assert_eq!(answer.status, 201, "{path}");
        assert_eq!(answer.data()["account_id"], json!(people.child.account.id));
        assert_eq!(answer.data()["owner_id"], json!(people.child.admin.id));
        assert_eq!(answer.data()["apps"], json!([]));
        let token = answer.body["auth_token"].as_str();
        let own = people.send("GET", "/v2/token_auth", token, None).await;
        assert_eq!(own.data()["account_name"], "child");
    }
}

#[tokio::test]
async fn a_wrong_log_in_is_401_and_says_no_more() {
    let people = People::new().await;
    for body in [
        Some(login("child", "wrong")),
        Some(login("nobody", PASSWORD)),
    ] {
        let answer = people.send("PUT", "/v2/user_auth", None, body).await;
        assert_eq!(answer.status, 401);
        assert_eq!(answer.body["message"], "invalid_credentials");
        assert_eq!(answer.data(), &json!({"message": "invalid credentials"}));
    }
    let answer = people.send("PUT", "/v2/user_auth", None, None).await;
    assert_eq!(answer.status, 400);
    assert!(answer.data()["credentials"]["required"].is_object());
    for verb in ["GET", "POST", "PATCH", "DELETE"] {
        assert_eq!(
            people.send(verb, "/v2/user_auth", None, None).await.status,
            405
        );
    }
}

#[tokio::test]
async fn a_forgotten_password_is_not_promised_a_mail() {
    let people = People::new().await;
    let mut told = Vec::new();
    for username in ["admin", "nobody"] {
        let data = json!({"username": username, "account_name": "child", "ui_url": "https://x"});
        let body = Some(json!({ "data": data }));
        for verb in ["PUT", "POST"] {
            let answer = people
                .send(verb, "/v2/user_auth/recovery", None, body.clone())
                .await;
            assert_eq!(answer.status, 501);
            assert_eq!(answer.body["message"], "not_implemented");
            told.push(answer.data().clone());
        }
    }
    let cause = told[0]["cause"].as_str().unwrap();
    assert!(cause.contains("numberd user password"), "{cause}");
    assert!(told.iter().all(|data| *data == told[0]));
}

/// People where a log-in to a closed account is 423, if so configured.
async fn people_locked_out_with(disabled_is_locked: bool) -> People {
    let auth = Auth {
        disabled_is_locked,
        ..Auth::default()
    };
    let settings = Settings {
        auth,
        ..Settings::default()
    };
    People::with(ApiSettings::default(), settings).await
}

#[tokio::test]
async fn a_disabled_account_is_400_or_where_configured_423() {
    for (disabled_is_locked, status) in [(false, 400), (true, 423)] {
        let people = people_locked_out_with(disabled_is_locked).await;
        let path = format!("/v2/accounts/{}", people.child.account.id);
        let body = Some(json!({"data": {"enabled": false}}));
        people
            .send("PATCH", &path, Some(&people.parent.token), body)
            .await;
        let answer = people
            .send("PUT", "/v2/user_auth", None, Some(login("child", PASSWORD)))
            .await;
        assert_eq!(answer.status, status);
        let disabled = &answer.data()["account"]["disabled"];
        assert_eq!(disabled["message"], "account disabled");
        let old = people
            .send("GET", "/v2/token_auth", Some(&people.child.token), None)
            .await;
        assert_eq!(old.status, 401);
    }
}

#[tokio::test]
async fn an_expired_account_is_told_so_after_the_password() {
    for (disabled_is_locked, status) in [(false, 400), (true, 423)] {
        let people = people_locked_out_with(disabled_is_locked).await;
        let ctx = engine::Context::system("test");
        let id = &people.child.account.id;
        let expire = async |end: Option<GregorianSeconds>| {
            people.engine.set_expiry(&ctx, id, end).await.unwrap();
        };
        let log_in = |password| {
            let body = Some(login("child", password));
            people.send("PUT", "/v2/user_auth", None, body)
        };
        let read = || {
            let token = Some(people.child.token.as_str());
            people.send("GET", "/v2/token_auth", token, None)
        };
        let day = |days| Some(ctx.now.plus_days(days));
        expire(day(1)).await;
        assert_eq!(log_in(PASSWORD).await.status, 201);
        let path = format!("/v2/accounts/{id}");
        let shown = people.send("GET", &path, Some(&people.child.token), None);
        let left = shown.await.data()["trial_time_left"].as_u64().unwrap();
        assert!(left <= 86_400 && left > 86_000, "{left}");

        expire(Some(ctx.now)).await;
        assert_eq!(log_in("wrong").await.status, 401);
        let answer = log_in(PASSWORD).await;
        assert_eq!(answer.status, status);
        let expired = json!({"message": "account expired", "cause": ctx.now.get()});
        assert_eq!(answer.data(), &json!({"account": {"expired": expired}}));
        assert_eq!(read().await.status, 401);
        // Those above still reach it, and let it in again.
        let above = people.send("GET", &path, Some(&people.parent.token), None);
        assert_eq!(above.await.data()["trial_time_left"], 0);
        expire(None).await;
        assert_eq!(read().await.status, 200);
    }
}

#[tokio::test]
async fn an_old_token_does_not_hinder_a_log_in() {
    let people = People::new().await;
    for token in ["", "nonsense", people.stranger.token.as_str()] {
        let answer = people
            .send(
                "PUT",
                "/v2/user_auth",
                Some(token),
                Some(login("child", PASSWORD)),
            )
            .await;
        assert_eq!(answer.status, 201, "{token}");
        assert_eq!(answer.data()["account_id"], json!(people.child.account.id));
    }
}

#[tokio::test]
async fn an_api_key_logs_in() {
    let people = People::new().await;
    let body = |key: &str| Some(json!({"data": {"api_key": key}}));
    let answer = people
        .send("PUT", "/v2/api_auth", None, body(&people.api_key))
        .await;
    assert_eq!(answer.status, 201);
    assert_eq!(answer.data()["account_id"], json!(people.master.account.id));
    assert!(answer.data().get("owner_id").is_none());
    let token = answer.body["auth_token"].as_str();
    assert_eq!(
        people
            .send("GET", "/v2/token_auth", token, None)
            .await
            .status,
        200
    );

    let unknown = "f".repeat(64);
    let answer = people
        .send("PUT", "/v2/api_auth", None, body(&unknown))
        .await;
    assert_eq!(answer.status, 404);
    assert_eq!(answer.body["message"], "bad identifier");
    assert_eq!(answer.data(), &json!([unknown]));
    for data in [
        json!({}),
        json!({"api_key": "x"}),
        json!({"api_key": unknown, "more": 1}),
    ] {
        let answer = people
            .send("PUT", "/v2/api_auth", None, Some(json!({ "data": data })))
            .await;
        assert_eq!(answer.body["message"], "validation error", "{data}");
    }
}

#[tokio::test]
async fn guessing_passwords_empties_the_bucket_with_a_token_too() {
    let limits = Limits {
        bucket_capacity: 10,
        bucket_refill_per_second: 1,
        ..Limits::default()
    };
    let settings = ApiSettings {
        limits,
        ..ApiSettings::default()
    };
    let people = People::with(settings, Settings::default()).await;
    for token in [None, Some(people.stranger.token.as_str())] {
        let mut refused = None;
        for _ in 0..30 {
            // Checked before anything costly, so wrong in form is enough.
            let answer = people.send("PUT", "/v2/api_auth", token, None).await;
            if answer.status == 429 {
                refused = Some(answer);
                break;
            }
        }
        let refused = refused.expect("a bucket of 10 is empty after 30 calls");
        assert_eq!(refused.body["message"], "too_many_requests");
        assert!(refused.headers.contains_key("retry-after"));
    }
    // Other calls with a token cost nothing.
    let token = Some(people.stranger.token.as_str());
    assert_eq!(
        people
            .send("GET", "/v2/token_auth", token, None)
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn a_token_tells_what_it_is() {
    let people = People::new().await;
    let token = people.child.token.as_str();
    let own = people
        .send("GET", "/v2/token_auth", Some(token), None)
        .await;
    assert_eq!(own.status, 200);
    for key in [
        "account_id",
        "owner_id",
        "exp",
        "iss",
        "method",
        "identity_sig",
        "apps",
    ] {
        assert!(own.data().get(key).is_some(), "{key}");
    }
    assert_eq!(
        people
            .send("GET", "/v2/token_auth", None, None)
            .await
            .status,
        401
    );
    let ended = people
        .send("DELETE", "/v2/token_auth", Some(token), None)
        .await;
    assert_eq!(ended.status, 200);
    assert!(ended.body.get("data").is_none());
    assert_eq!(
        people
            .send("DELETE", "/v2/token_auth", None, None)
            .await
            .status,
        401
    );

    let path = format!("/v2/auth/tokeninfo?token={token}");
    let posted = Some(json!({"data": {"token": token}}));
    let answers = [
        people.send("GET", &path, None, None).await,
        people
            .send("GET", &path, Some(&people.stranger.token), None)
            .await,
        people.send("POST", &path, None, None).await,
        people
            .send("POST", "/v2/auth/tokeninfo", None, posted)
            .await,
    ];
    for answer in answers {
        assert_eq!(answer.status, 200);
        assert_eq!(answer.data()["account_id"], json!(people.child.account.id));
    }
    let missing = people
        .send("GET", "/v2/auth/tokeninfo", Some(token), None)
        .await;
    assert_eq!(missing.status, 404);
    assert_eq!(missing.data(), &json!(["missing token in params"]));
    let bad = people
        .send("GET", "/v2/auth/tokeninfo?token=x", None, None)
        .await;
    assert_eq!(bad.status, 401);
}

#[tokio::test]
async fn the_data_of_a_log_in_can_be_had_again_by_its_account() {
    let people = People::new().await;
    let path = format!("/v2/user_auth/{}", people.child.token);
    assert_eq!(
        people.as_each("GET", &path, None).await,
        [401, 403, 200, 403, 403]
    );
    let again = people
        .send("GET", &path, Some(&people.child.token), None)
        .await;
    assert_eq!(again.data()["owner_id"], json!(people.child.admin.id));
    let bad = people
        .send(
            "GET",
            "/v2/user_auth/nonsense",
            Some(&people.child.token),
            None,
        )
        .await;
    assert_eq!(bad.status, 403);
}

#[tokio::test]
async fn a_token_is_refreshed() {
    let people = People::new().await;
    let body = Some(json!({"data": {"action": "refresh_token"}}));
    assert_eq!(
        people.as_each("PUT", "/v2/auth", body.clone()).await,
        [401, 201, 201, 201, 201]
    );
    let token = Some(people.child.token.as_str());
    let fresh = people.send("PUT", "/v2/auth", token, body).await;
    let new = fresh.body["auth_token"].as_str();
    assert_ne!(new, token);
    let own = people.send("GET", "/v2/token_auth", new, None).await;
    assert_eq!(own.data()["account_name"], "child");
    let wrong = Some(json!({"data": {"action": "dance"}}));
    assert_eq!(
        people.send("PUT", "/v2/auth", token, wrong).await.status,
        400
    );
}

#[tokio::test]
async fn an_expired_token_is_401_in_other_words() {
    let auth = Auth {
        token_auth_expiry_s: 0,
        ..Auth::default()
    };
    let people = People::new().await;
    // Made by another node of the same installation that lets tokens end at once.
    let settings = Settings {
        auth,
        ..Settings::default()
    };
    let node = engine::Engine::new(std::sync::Arc::clone(people.engine.store()), settings).unwrap();
    let data = login("child", PASSWORD)["data"].take();
    let data = people::object(data);
    let expired = node.user_auth(data).await.unwrap().token;
    let path = format!("/v2/accounts/{}", people.child.account.id);
    for path in [path.as_str(), "/v2/token_auth", "/v2/accounts/short"] {
        let answer = people.send("GET", path, Some(&expired), None).await;
        assert_eq!(answer.status, 401, "{path}");
        assert_eq!(answer.body["message"], "invalid credentials");
        assert_eq!(answer.data(), &json!({}));
    }
    // Logging in again works with it still in the header.
    let again = people
        .send(
            "PUT",
            "/v2/user_auth",
            Some(&expired),
            Some(login("child", PASSWORD)),
        )
        .await;
    assert_eq!(again.status, 201);
}
