//! The curl lines: each works as it is printed, in the order in which they are
//! printed, with nothing but a shell, curl and sed.

use md5::{Digest, Md5};
use numbers::account::Account;
use serde_json::json;

use super::carrier::AREA_CODE;

/// What the lines need to know.
pub struct Access<'a> {
    /// Where the server answers.
    pub url: &'a str,
    pub reseller: &'a Account,
    pub customer: &'a Account,
    pub username: &'a str,
    pub password: &'a str,
    pub api_key: &'a str,
    /// Whether the demo's keeper of emergency addresses is there.
    pub has_provider: bool,
    /// Whether the demo's carrier is there.
    pub has_carrier: bool,
}

/// The number that the lines buy and give back, and one that they add.
const BOUGHT: &str = "+14155550123";
const ADDED: &str = "+19075550100";

/// The first number that the demo's carrier sells.
const ORDERED: &str = "+16505550100";

const TOKEN: &str = r#"sed -n 's/.*"auth_token":"\([^"]*\)".*/\1/p'"#;

impl Access<'_> {
    /// All lines, with what they do above each.
    pub fn lines(&self) -> String {
        let Self {
            url,
            customer,
            username,
            password,
            ..
        } = self;
        let account = format!("'{url}/v2/accounts/{}", customer.id);
        let base = format!("{account}/phone_numbers");
        let one = format!("{base}/{BOUGHT}");
        let mut text = String::new();
        let mut step = |what: &str, line: String| {
            text.extend(["\n# ", what, "\n", &line, "\n"]);
        };
        step(
            &format!(
                "log in as {username} of {} (password {password})",
                customer.name
            ),
            self.user_auth(),
        );
        step(
            "numbers for sale",
            get(&format!("{base}?prefix=415&quantity=3'")),
        );
        step("buy one", send("PUT", &format!("{one}/activate'"), "{}"));
        step("your numbers", get(&format!("{base}'")));
        step("whose is it", get(&format!("{one}/identify'")));
        step(
            "name it",
            send(
                "PATCH",
                &format!("{one}'"),
                r#"{"data":{"note":"front desk"}}"#,
            ),
        );
        if self.has_provider {
            emergency_steps(&one, &mut step);
        }
        step(
            "what kind of number is it",
            get(&format!("{base}/classifiers/{BOUGHT}'")),
        );
        step("give it back", send("DELETE", &format!("{one}'"), ""));
        if self.has_carrier {
            carrier_steps(&account, &mut step);
        }
        step(
            &format!(
                "log in with the API key of {}, who may add numbers",
                self.reseller.name
            ),
            self.api_auth(),
        );
        let added = format!(
            "'{url}/v2/accounts/{}/phone_numbers/{ADDED}'",
            self.reseller.id
        );
        step("add one", send("PUT", &added, ""));
        step("and take it away again", send("DELETE", &added, ""));
        text
    }

    fn user_auth(&self) -> String {
        let digest = Md5::digest(format!("{}:{}", self.username, self.password));
        let credentials = format!("{:032x}", u128::from_be_bytes(digest.into()));
        let data = json!({"credentials": credentials, "account_name": self.customer.name});
        self.login("user_auth", &data)
    }

    fn api_auth(&self) -> String {
        self.login("api_auth", &json!({"api_key": self.api_key}))
    }

    fn login(&self, route: &str, data: &serde_json::Value) -> String {
        let body = json!({"data": data});
        let url = self.url;
        format!(
            "TOKEN=$(curl -sS -X PUT '{url}/v2/{route}' -H 'Content-Type: application/json' -d '{body}' | {TOKEN})"
        )
    }
}

/// Making 911 work; `number` is the number's URL, without its closing quote.
fn emergency_steps(number: &str, step: &mut impl FnMut(&str, String)) {
    let set = |street: &str, rest: &str| {
        let address = format!(
            r#"{{"data":{{"dash_e911":{{"street_address":"{street}",{rest}"locality":"San Francisco","region":"CA","postal_code":"94105"}}}}}}"#
        );
        send("PATCH", &format!("{number}'"), &address)
    };
    step(
        "make 911 work on it: an address that may mean two is a choice to make",
        set("12 Sample", ""),
    );
    step(
        "one that is known is corrected, and in force once it says PROVISIONED",
        set("116 Natoma St", r#""extended_address":"Apt 116","#),
    );
}

/// Buying from the demo's carrier; `account` is the URL of who buys, without
/// its closing quote.
fn carrier_steps(account: &str, step: &mut impl FnMut(&str, String)) {
    let base = format!("{account}/phone_numbers");
    let one = format!("{base}/{ORDERED}");
    step(
        "what a carrier sells: one that numberd plays itself",
        get(&format!("{base}?prefix={AREA_CODE}&quantity=3'")),
    );
    step(
        "order one there",
        send("PUT", &format!("{one}/activate'"), "{}"),
    );
    step("your orders", get(&format!("{account}/orders'")));
    step(
        "give it back to the carrier",
        send("DELETE", &format!("{one}'"), ""),
    );
}

fn get(url: &str) -> String {
    format!("curl -sS -w '\\n' -H \"X-Auth-Token: $TOKEN\" -H 'X-Pretty-Print: true' {url}")
}

fn send(verb: &str, url: &str, body: &str) -> String {
    let data = match body {
        "" => String::new(),
        body => format!(" -H 'Content-Type: application/json' -d '{body}'"),
    };
    format!(
        "curl -sS -w '\\n' -X {verb} -H \"X-Auth-Token: $TOKEN\" -H 'X-Pretty-Print: true'{data} {url}"
    )
}
