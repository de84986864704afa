//! `users`, as every kind of caller (spec/http.md 4.1, 4.3).

mod people;

use people::People;
use serde_json::{Value, json};

fn ada(username: &str) -> Value {
    json!({"data": {
        "first_name": "Ada", "last_name": "Lovelace", "username": username,
        "password": "a password", "email": "ada@example.com",
    }})
}

#[tokio::test]
async fn users_are_made_read_changed_and_deleted() {
    let people = People::new().await;
    let users = format!("/v2/accounts/{}/users", people.child.account.id);
    // The second who makes the same user hears that there is one.
    assert_eq!(
        people.as_each("PUT", &users, Some(ada("Ada"))).await,
        [401, 403, 201, 400, 400]
    );
    let token = Some(people.parent.token.as_str());
    let made = people.send("PUT", &users, token, Some(ada("second"))).await;
    let id = made.data()["id"].as_str().unwrap();
    let path = format!("{users}/{id}");
    assert_eq!(made.headers["location"], path.as_str());
    assert_eq!(
        people.as_each("GET", &path, None).await,
        [401, 403, 200, 200, 200]
    );
    let read = people.send("GET", &path, token, None).await;
    assert_eq!(read.data(), made.data());
    assert_eq!(read.data()["username"], "second");
    assert_eq!(read.body["revision"], "1");
    assert!(!read.body.to_string().contains("argon2"));
    assert!(!read.body.to_string().contains("password"));

    let change = Some(json!({"data": {"email": null, "timezone": "Europe/Berlin"}}));
    assert_eq!(
        people.as_each("PATCH", &path, change).await,
        [401, 403, 200, 200, 200]
    );
    let patched = people.send("GET", &path, token, None).await;
    assert!(patched.data().get("email").is_none());
    assert_eq!(patched.data()["timezone"], "Europe/Berlin");
    let whole = Some(json!({"data": {
        "first_name": "Augusta", "last_name": "King", "username": "second",
    }}));
    assert_eq!(
        people.as_each("POST", &path, whole).await,
        [401, 403, 200, 200, 200]
    );
    let replaced = people.send("GET", &path, token, None).await;
    assert!(replaced.data().get("timezone").is_none());

    for token in [None, Some(people.stranger.token.as_str())] {
        assert!(
            people
                .send("DELETE", &path, token, None)
                .await
                .status
                .is_client_error()
        );
    }
    let deleted = people
        .send("DELETE", &path, Some(&people.child.token), None)
        .await;
    assert_eq!(deleted.data()["_read_only"], json!({"deleted": true}));
    assert_eq!(
        people.as_each("GET", &path, None).await,
        [401, 403, 404, 404, 404]
    );
    for verb in ["POST", "PATCH", "DELETE"] {
        let gone = people.send(verb, &path, token, Some(ada("second"))).await;
        assert_eq!(gone.status, 404, "{verb}");
        assert_eq!(gone.body["message"], "bad_identifier");
    }
}

#[tokio::test]
async fn users_are_listed_in_pages() {
    let people = People::new().await;
    let users = format!("/v2/accounts/{}/users", people.child.account.id);
    let token = Some(people.child.token.as_str());
    for name in ["one", "two", "three"] {
        assert_eq!(
            people
                .send("PUT", &users, token, Some(ada(name)))
                .await
                .status,
            201
        );
    }
    assert_eq!(
        people.as_each("GET", &users, None).await,
        [401, 403, 200, 200, 200]
    );
    let mut names = Vec::new();
    let mut path = format!("{users}?page_size=3");
    loop {
        let page = people.send("GET", &path, token, None).await;
        for row in page.data().as_array().unwrap() {
            assert_eq!(row["features"], json!([]));
            names.push(row["username"].as_str().unwrap().to_owned());
        }
        let Some(next) = page.body["next_start_key"].as_str() else {
            break;
        };
        path = format!("{users}?page_size=3&start_key={next}");
    }
    names.sort();
    assert_eq!(names, ["admin", "one", "three", "two"]);
    let path = format!("{users}?filter_priv_level=admin");
    let admins = people.send("GET", &path, token, None).await;
    assert_eq!(admins.data().as_array().unwrap().len(), 1);
    let path = format!("{users}?filter_md5_hash=x&has_key=token_salt");
    let none = people.send("GET", &path, token, None).await;
    assert_eq!(none.data(), &json!([]), "filters reach no secrets");
}

#[tokio::test]
async fn mistakes_are_told_by_field() {
    let people = People::new().await;
    let users = format!("/v2/accounts/{}/users", people.child.account.id);
    let token = Some(people.child.token.as_str());
    let refused = people.send("PUT", &users, token, Some(ada("ADMIN"))).await;
    assert_eq!(
        refused.data()["username"]["unique"]["message"],
        "Username must be unique within account"
    );
    let data = json!({"first_name": "A", "last_name": "B", "username": "new"});
    let wrong = people
        .send("PUT", &users, token, Some(json!({ "data": data })))
        .await;
    assert_eq!(
        wrong.data()["password"]["required"]["message"],
        "The password must be provided when creating / updating the user name"
    );
    let wrong = people
        .send("PUT", &users, token, Some(json!({"data": []})))
        .await;
    assert_eq!(wrong.data()[""]["type"]["target"], "object");
}

#[tokio::test]
async fn a_new_password_ends_the_tokens_of_the_old_one() {
    let people = People::new().await;
    let admin = &people.child.admin;
    let path = format!(
        "/v2/accounts/{}/users/{}",
        people.child.account.id, admin.id
    );
    let body = Some(json!({"data": {"password": "another"}}));
    let changed = people
        .send("PATCH", &path, Some(&people.child.token), body)
        .await;
    assert_eq!(changed.status, 200);
    let answer = people
        .send("GET", &path, Some(&people.child.token), None)
        .await;
    assert_eq!(answer.status, 401);
}

#[tokio::test]
async fn only_the_master_s_admins_impersonate() {
    let people = People::new().await;
    let child = &people.child;
    let path = format!(
        "/v2/accounts/{}/users/{}/user_auth",
        child.account.id, child.admin.id
    );
    let body = Some(json!({"data": {"action": "impersonate_user"}}));
    assert_eq!(
        people.as_each("PUT", &path, body.clone()).await,
        [401, 403, 403, 403, 201]
    );
    let master = Some(people.master.token.as_str());
    let login = people.send("PUT", &path, master, body).await;
    let token = login.body["auth_token"].as_str();
    let own = people.send("GET", "/v2/token_auth", token, None).await;
    assert_eq!(own.data()["owner_id"], json!(child.admin.id));
    assert_eq!(
        own.data()["original_account_id"],
        json!(people.master.account.id)
    );
    for data in [json!({}), json!({"action": "become"}), json!({"action": 1})] {
        let refused = people
            .send("PUT", &path, master, Some(json!({ "data": data })))
            .await;
        assert_eq!(refused.status, 400, "{data}");
        assert!(refused.data().get("action").is_some());
    }
}
