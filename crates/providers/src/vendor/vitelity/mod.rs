//! `vitelity_e911` and `vitelity_cnam`: Vitelity's `api.php`
//! (spec/integrations.md 2.4), for numbers of country code 1.
//!
//! | for | `cmd` |
//! | --- | --- |
//! | check | `e911checkaddress` |
//! | place | `e911send`, then `e911getinfo` |
//! | standing | `e911getinfo` |
//! | remove | `e911delete`, then `e911getinfo` |
//! | caller names | `lidb`; `cnamenable`, `cnamdisable` |
//!
//! Everything is a form that is posted, credentials included: none of it is in
//! the URL, where Kazoo puts it. The vendor answers 200 to whatever it is asked
//! and says in the body whether it did it.

mod emergency;
mod names;

use numbers::e164::E164;
use outside::http::{Answer, Call, Client, Method};
use outside::settings::{Secret, read};
use outside::xml::Element;
use outside::{BadSettings, Failure, Service};
use serde::Deserialize;
use serde_json::{Map, Value};

pub use self::emergency::VitelityE911;
pub use self::names::VitelityCnam;
use crate::ProviderError;

const API: &str = "https://api.vitelity.net/api.php";

/// Kazoo's keys of `number_manager.vitelity`, as far as they matter here.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    /// The same as `base_url`.
    api_uri: Option<url::Url>,
    login: String,
    pass: Secret,
}

/// One account at the vendor.
struct Account {
    client: Client,
    login: String,
    pass: Secret,
}

impl Account {
    fn new(name: &str, settings: Map<String, Value>) -> Result<Self, BadSettings> {
        let service = Service::provider(name);
        let (mut common, own): (_, Settings) = read(&service, settings)?;
        for (key, value) in [("login", &own.login), ("pass", &own.pass.0)] {
            if value.is_empty() {
                return Err(BadSettings::missing(&service, key));
            }
        }
        common.base_url = common.base_url.or(own.api_uri);
        // As it stands in forms, and in errors.
        let encoded: String = form_urlencoded::byte_serialize(own.pass.0.as_bytes()).collect();
        let secrets = [own.pass.0.as_str(), &encoded];
        let client = Client::new(&service, &common, API, common.spending(false), &secrets)?
            .with_reads(&["e911checkaddress", "e911getinfo"]);
        Ok(Self {
            client,
            login: own.login,
            pass: own.pass,
        })
    }

    async fn look(
        &self,
        operation: &'static str,
        command: &str,
        parameters: &[(&str, &str)],
    ) -> Result<Reply, ProviderError> {
        let url = self.client.url([]);
        let call = self.client.look(operation, Method::POST, url);
        self.send(call, command, parameters).await
    }

    async fn spend(
        &self,
        operation: &'static str,
        command: &str,
        parameters: &[(&str, &str)],
    ) -> Result<Reply, ProviderError> {
        let url = self.client.url([]);
        let call = self.client.spend(operation, Method::POST, url);
        self.send(call, command, parameters).await
    }

    async fn send(
        &self,
        call: Call<'_>,
        command: &str,
        parameters: &[(&str, &str)],
    ) -> Result<Reply, ProviderError> {
        let mut form = vec![
            ("login", self.login.as_str()),
            ("pass", &self.pass.0),
            ("cmd", command),
            ("xml", "yes"),
        ];
        form.extend(parameters);
        Reply::read(call.form(&form).send().await?)
    }

    /// The ten digits by which the vendor knows a number.
    fn digits<'n>(&self, number: &'n E164) -> Result<&'n str, ProviderError> {
        let national = number.digits().strip_prefix('1');
        national.filter(|digits| digits.len() == 10).ok_or_else(|| {
            let reason = format!("{number} is no number of country code 1, and it has no others");
            self.client.error(Failure::NotSent, reason)
        })
    }
}

/// An answer with its `content`.
struct Reply {
    answer: Answer,
    content: Element,
}

impl Reply {
    fn read(answer: Answer) -> Result<Self, ProviderError> {
        let answer = answer.success()?;
        let content = answer.xml()?;
        if content.name != "content" {
            return Err(answer.garbled(format_args!("it is <{}>, no <content>", content.name)));
        }
        Ok(Self { answer, content })
    }

    /// Why the vendor says no.
    fn refusal(&self) -> Option<&str> {
        let failed = self.content.text_of("status") == Some("fail");
        let reason = || self.content.text_of("error");
        failed.then(|| reason().unwrap_or("the vendor gives no reason"))
    }

    /// The reply, if it says `ok`.
    fn granted(self) -> Result<Self, ProviderError> {
        match self.refusal() {
            Some(reason) => Err(self.refused(reason)),
            None if self.content.text_of("status") == Some("ok") => Ok(self),
            None => Err(self.answer.garbled("its status is not 'ok'")),
        }
    }

    fn refused(&self, reason: &str) -> ProviderError {
        ProviderError {
            failure: Failure::Refused,
            reason: reason.to_owned(),
            ..self.answer.garbled("")
        }
    }
}
