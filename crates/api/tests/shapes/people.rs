//! Accounts, users, log-ins.

use api::ApiSettings;
use engine::Settings;
use serde_json::json;

use crate::story::{step, tell};

#[tokio::test]
async fn accounts() {
    let faults = json!({
        "name": "", "realm": "a b", "timezone": "x", "language": "", "enabled": "perhaps",
    });
    let steps = [
        // While each listing has but one row: they are in the order of random ids.
        step("account_children", "reseller", "GET", "{reseller}/children"),
        step(
            "account_children_table",
            "reseller",
            "GET",
            "{reseller}/children?accept=csv",
        ),
        step(
            "account_descendants",
            "reseller",
            "GET",
            "{reseller}/descendants",
        ),
        step("account_siblings", "reseller", "GET", "{child}/siblings"),
        step("account_created", "reseller", "PUT", "{reseller}")
            .data(json!({"name": "new one", "realm": "New.Example", "note": {"a": 1}})),
        step("account_read", "reseller", "GET", "{account_created.id}"),
        step("account_read_by_master", "master", "GET", "{master}"),
        step(
            "account_replaced",
            "reseller",
            "POST",
            "{account_created.id}",
        )
        .data(json!({"name": "New One", "enabled": "false"})),
        step(
            "account_merged",
            "reseller",
            "PATCH",
            "{account_created.id}",
        )
        .data(json!({"language": "de-DE"})),
        step("account_parents", "master", "GET", "{child}/parents"),
        step("account_tree", "reseller", "GET", "{child}/tree"),
        step("account_api_key", "child", "GET", "{child}/api_key"),
        step("account_new_api_key", "master", "PUT", "{stranger}/api_key"),
        step(
            "account_moved",
            "master",
            "POST",
            "{account_created.id}/move",
        )
        .data(json!({"to": "$stranger"})),
        step(
            "account_promoted",
            "master",
            "PUT",
            "{account_created.id}/reseller",
        ),
        step(
            "account_demoted",
            "master",
            "DELETE",
            "{account_created.id}/reseller",
        ),
        step(
            "account_deleted",
            "master",
            "DELETE",
            "{account_created.id}",
        ),
        step("error_account_fields", "reseller", "PUT", "{reseller}").data(faults),
        step("error_account_nameless", "reseller", "PUT", "{reseller}"),
        step("error_account_taken", "reseller", "PUT", "{reseller}")
            .data(json!({"name": "Child", "realm": "$realm"})),
        step("error_account_used", "master", "DELETE", "{reseller}"),
        step("error_account_master", "master", "DELETE", "{master}"),
        step(
            "a_number",
            "child",
            "PUT",
            "{child}/phone_numbers/+14155550001",
        )
        .unkept(),
        step(
            "error_account_with_numbers",
            "reseller",
            "DELETE",
            "{child}",
        ),
    ];
    tell(Settings::default(), ApiSettings::default(), &steps).await;
}

#[tokio::test]
async fn users() {
    let ada = json!({
        "first_name": "Ada", "last_name": "Lovelace", "username": "Ada@Example",
        "password": "correct horse", "email": "ada@example.com", "priv_level": "admin",
    });
    let faults = json!({
        "first_name": 5, "username": "a b", "password": "x", "email": "x", "priv_level": "god",
        "enabled": "perhaps", "credentials": "XYZ",
    });
    let steps = [
        step("user_created", "child", "PUT", "{child}/users").data(ada.clone()),
        step(
            "user_read",
            "child",
            "GET",
            "{child}/users/{user_created.id}",
        ),
        step("users", "child", "GET", "{child}/users"),
        step("users_table", "child", "GET", "{child}/users?accept=csv"),
        step(
            "user_replaced",
            "child",
            "POST",
            "{child}/users/{user_created.id}",
        )
        .data(json!({"first_name": "Ada", "last_name": "King", "username": "ada@example"})),
        step(
            "user_merged",
            "child",
            "PATCH",
            "{child}/users/{user_created.id}",
        )
        .data(json!({"timezone": "Europe/London"})),
        step("error_user_fields", "child", "PUT", "{child}/users").data(faults),
        step("error_user_taken", "child", "PUT", "{child}/users").data(ada),
        step(
            "error_user_without_password",
            "child",
            "PUT",
            "{child}/users",
        )
        .data(json!({"first_name": "A", "last_name": "B", "username": "ab"})),
        step("error_no_user", "child", "GET", "{child}/users/nobody"),
        step(
            "user_deleted",
            "child",
            "DELETE",
            "{child}/users/{user_created.id}",
        ),
    ];
    tell(Settings::default(), ApiSettings::default(), &steps).await;
}

#[tokio::test]
async fn logins() {
    let ada = json!({
        "first_name": "Ada", "last_name": "Lovelace", "username": "ada",
        "password": "correct horse",
    });
    let digest = engine::passwords::DigestMethod::Md5.digest("ada", "correct horse");
    let login = json!({"credentials": digest, "account_name": "child"});
    let faults = json!({"credentials": "", "method": "x", "account_realm": "a b", "as": {}});
    let steps = [
        step("a_user", "child", "PUT", "{child}/users")
            .data(ada)
            .unkept(),
        step("login", "nobody", "PUT", "/v2/user_auth").data(login.clone()),
        step("a_key", "master", "PUT", "{stranger}/api_key").unkept(),
        step("login_by_api_key", "nobody", "PUT", "/v2/api_auth")
            .data(json!({"api_key": "{a_key.api_key}"})),
        step("login_data", "child", "GET", "/v2/user_auth/$token"),
        step("token_read", "child", "GET", "/v2/token_auth"),
        step(
            "token_info",
            "nobody",
            "GET",
            "/v2/auth/tokeninfo?token=$token",
        ),
        step("token_refreshed", "child", "PUT", "/v2/auth")
            .data(json!({"action": "refresh_token"})),
        step("token_deleted", "child", "DELETE", "/v2/token_auth"),
        step("error_login_wrong", "nobody", "PUT", "/v2/user_auth")
            .data(json!({"credentials": "x", "account_name": "child"})),
        step("error_login_fields", "nobody", "PUT", "/v2/user_auth").data(faults),
        step("error_api_key_fields", "nobody", "PUT", "/v2/api_auth")
            .data(json!({"api_key": "x", "other": 1})),
        step("error_api_key_unknown", "nobody", "PUT", "/v2/api_auth").data(
            json!({"api_key": "no key of anybody, but as long as one would have to be, that is."}),
        ),
        step("error_recovery", "nobody", "PUT", "/v2/user_auth/recovery")
            .data(json!({"username": "admin", "account_name": "child"})),
        step(
            "error_no_token_to_tell_of",
            "nobody",
            "GET",
            "/v2/auth/tokeninfo",
        ),
        step("error_action", "child", "PUT", "/v2/auth").data(json!({"action": "other"})),
        step(
            "error_impersonate",
            "child",
            "PUT",
            "{child}/users/{a_user.id}/user_auth",
        )
        .data(json!({"action": "impersonate_user"})),
        step("disabled", "reseller", "PATCH", "{child}")
            .data(json!({"enabled": false}))
            .unkept(),
        step("error_login_disabled", "nobody", "PUT", "/v2/user_auth").data(login),
    ];
    tell(Settings::default(), ApiSettings::default(), &steps).await;
}
