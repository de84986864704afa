//! `vitelity`: Vitelity's `api.php` (spec/integrations.md 2.4), numbers of
//! country code 1.
//!
//! | for | `cmd` |
//! | --- | --- |
//! | search | `listnpa`, `listnpanxx`, `listtollfree` |
//! | order | `getlocaldid`, `gettollfree` |
//! | release | `removedid` |
//! | status, owned | `listdids` |
//!
//! Everything is a form that is posted, credentials included: none of it is in
//! the URL, where Kazoo puts it. The vendor answers 200 to whatever it is asked
//! and says in the body whether it did it.
//!
//! It has no field for a customer's reference and no orders to ask for: an order
//! is settled by what is ours.

use async_trait::async_trait;
use numbers::carrier::CarrierName;
use numbers::e164::E164;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::nanp::{self, Search};
use crate::{
    Carrier, CarrierError, Cost, Failure, Offer, Offers, Orders, Owned, OwnedPage, Placed,
    Purchase, Query, Release, Sent, Standing, Verdict,
};
use outside::http::{Answer, Call, Client, Method};
use outside::settings::{Secret, Spending, read};
use outside::xml::Element;
use outside::{BadSettings, Service};

const API: &str = "https://api.vitelity.net/api.php";

/// How many toll-free numbers are asked for: the vendor lists them of any area
/// code, and most are not the one that is looked for.
const TOLL_FREE_LIMIT: usize = 1000;

/// Commands that change nothing.
const READS: &[&str] = &["listdids", "listnpa", "listnpanxx", "listtollfree"];

/// Kazoo's key that means nothing here: whether its calls look a caller's name
/// up by themselves.
const MEANINGLESS: &str = "use_stepswitch_cnam";

/// Kazoo's keys of `number_manager.vitelity`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    api_uri: Option<url::Url>,
    login: String,
    pass: Secret,
    routesip: Option<RouteSip>,
    #[serde(rename = "type")]
    kind: Option<Filter>,
    provider: Option<Filter>,
    cnam: Option<Filter>,
    withrates: Option<Filter>,
}

/// Where calls of ordered numbers go; of a list, the first.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum RouteSip {
    One(String),
    Many(Vec<String>),
}

/// What searches are narrowed down by, as the vendor spells it.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Filter {
    Switch(bool),
    Text(String),
}

/// One account at Vitelity.
pub struct Vitelity {
    name: CarrierName,
    client: Client,
    login: String,
    pass: Secret,
    route: String,
    filters: Vec<(&'static str, String)>,
}

impl Vitelity {
    /// The account that the settings name.
    pub fn new(mut settings: Map<String, Value>) -> Result<Self, BadSettings> {
        let name = CarrierName::new("vitelity");
        let service = Service::carrier(name.as_str());
        settings.remove(MEANINGLESS);
        let (mut common, own): (_, Settings) = read(&service, settings)?;
        common.base_url = common.base_url.or(own.api_uri);
        let route = match own.routesip {
            Some(RouteSip::One(one)) => one,
            Some(RouteSip::Many(many)) => many.into_iter().next().unwrap_or_default(),
            None => String::new(),
        };
        for (value, key) in [
            (&own.login, "login"),
            (&own.pass.0, "pass"),
            (&route, "routesip"),
        ] {
            if value.is_empty() {
                return Err(BadSettings::missing(&service, key));
            }
        }
        // In the log it stands as it does in the form.
        let encoded: String = form_urlencoded::byte_serialize(own.pass.0.as_bytes()).collect();
        let secrets = [own.pass.0.as_str(), &encoded];
        let client = Client::new(&service, &common, API, common.spending(false), &secrets)?
            .with_reads(READS);
        let filters = [
            ("type", own.kind),
            ("provider", own.provider),
            ("cnam", own.cnam),
            ("withrates", own.withrates),
        ];
        let filters = filters
            .into_iter()
            .filter_map(|(key, filter)| match filter? {
                Filter::Switch(on) => on.then(|| (key, "yes".to_owned())),
                Filter::Text(text) => Some((key, text)),
            });
        Ok(Self {
            name,
            client,
            login: own.login,
            pass: own.pass,
            route,
            filters: filters.collect(),
        })
    }

    async fn look(
        &self,
        operation: &'static str,
        command: &str,
        parameters: &[(&str, &str)],
    ) -> Result<Reply, CarrierError> {
        let url = self.client.url([]);
        let call = self.client.look(operation, Method::POST, url);
        self.send(call, command, parameters).await
    }

    async fn spend(
        &self,
        operation: &'static str,
        command: &str,
        parameters: &[(&str, &str)],
    ) -> Result<Reply, CarrierError> {
        let url = self.client.url([]);
        let call = self.client.spend(operation, Method::POST, url);
        self.send(call, command, parameters).await
    }

    async fn send(
        &self,
        call: Call<'_>,
        command: &str,
        parameters: &[(&str, &str)],
    ) -> Result<Reply, CarrierError> {
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
    fn digits<'n>(&self, number: &'n E164) -> Result<&'n str, CarrierError> {
        nanp::ten_digits(number).ok_or_else(|| {
            let reason = format!("{number} is no number of country code 1, and it has no others");
            self.client.error(Failure::NotSent, reason)
        })
    }

    /// Everything that is ours, in one answer: the vendor has no pages.
    async fn inventory(&self) -> Result<Vec<Owned>, CarrierError> {
        let reply = self.look("owned", "listdids", &[]).await?;
        if reply.refusal() == Some("none") {
            return Ok(Vec::new());
        }
        let reply = reply.granted()?;
        let Some(numbers) = reply.content.child("numbers") else {
            return Err(reply.answer.garbled("it holds no list of numbers"));
        };
        let owned: Vec<Owned> = dids(numbers)
            .map(|(number, data)| Owned {
                cost: cost(&data),
                number,
                data,
                reference: None,
            })
            .collect();
        // What isn't understood must not look like numbers that are gone.
        if owned.len() < numbers.children.len() {
            return Err(reply.answer.garbled("some of its list are no numbers"));
        }
        Ok(owned)
    }
}

impl Carrier for Vitelity {
    fn name(&self) -> &CarrierName {
        &self.name
    }

    fn maximal_prefix_length(&self) -> Option<usize> {
        Some(3)
    }

    fn offers(&self) -> Option<&dyn Offers> {
        Some(self)
    }

    fn orders(&self) -> Option<&dyn Orders> {
        Some(self)
    }

    fn spending(&self) -> Spending {
        self.client.spending()
    }
}

#[async_trait]
impl Offers for Vitelity {
    fn serves(&self, query: &Query) -> bool {
        nanp::serves(query)
    }

    async fn offers(&self, query: &Query) -> Result<Vec<Offer>, CarrierError> {
        let limit = query.quantity.max(TOLL_FREE_LIMIT).to_string();
        let (command, criterion) = match nanp::searched(query) {
            Some(Search::TollFree(_)) => ("listtollfree", ("limit", limit.as_str())),
            Some(Search::Digits(national)) if nanp::is_toll_free(national) => {
                ("listtollfree", ("limit", limit.as_str()))
            }
            Some(Search::Digits(national)) if national.len() < 6 => {
                ("listnpa", ("npa", &national[..3]))
            }
            Some(Search::Digits(national)) => ("listnpanxx", ("npanxx", &national[..6])),
            Some(Search::Place) | None => return Ok(Vec::new()),
        };
        let mut parameters = vec![criterion];
        if command != "listtollfree" {
            let filters = self.filters.iter();
            parameters.extend(filters.map(|(key, value)| (*key, value.as_str())));
        }
        let reply = self.look("search", command, &parameters).await?;
        if matches!(reply.refusal(), Some("none" | "unavailable")) {
            return Ok(Vec::new());
        }
        let reply = reply.granted()?;
        let numbers = reply.content.child("numbers").into_iter();
        let found = numbers.flat_map(dids);
        let offers = found.map(|(number, data)| Offer::new(number, &self.name, data));
        Ok(query.pick(offers, &[]))
    }
}

#[async_trait]
impl Orders for Vitelity {
    async fn order(&self, purchase: &Purchase<'_>) -> Result<Standing, CarrierError> {
        let [offer] = purchase.offers else {
            let reason = "it takes one number an order";
            return Err(self.client.error(Failure::NotSent, reason));
        };
        let number = offer.number();
        let digits = self.digits(number)?;
        let command = if nanp::is_toll_free(digits) {
            "gettollfree"
        } else {
            "getlocaldid"
        };
        let parameters = [("did", digits), ("routesip", self.route.as_str())];
        let reply = self.spend("order", command, &parameters).await?;
        let reply = reply.granted()?.done(number)?;
        let mut data = offer.data().clone();
        data.extend(reply);
        Ok(Standing {
            vendor: Map::new(),
            numbers: vec![(number.clone(), Verdict::Ours(data))],
        })
    }

    async fn status(&self, placed: &Placed<'_>) -> Result<Standing, CarrierError> {
        let ours = self.inventory().await?;
        let verdict = |number: &E164| {
            let held = ours.iter().find(|owned| owned.number == *number);
            held.map_or(Verdict::Unheard, |held| Verdict::Ours(held.data.clone()))
        };
        let numbers = placed.numbers.iter();
        Ok(Standing {
            vendor: Map::new(),
            numbers: numbers
                .map(|number| (number.clone(), verdict(number)))
                .collect(),
        })
    }

    async fn release(
        &self,
        _sent: &Sent,
        number: &E164,
        _data: &Map<String, Value>,
    ) -> Result<Release, CarrierError> {
        let digits = self.digits(number)?;
        let reply = self
            .spend("release", "removedid", &[("did", digits)])
            .await?;
        let refusal = match reply.granted() {
            Ok(reply) => return reply.done(number).map(|_| Release::Done),
            Err(error) => error,
        };
        // Refused because it isn't ours any more, or for another reason?
        match self.holds(number).await {
            Ok(None) => Ok(Release::Done),
            Ok(Some(_)) | Err(_) => Err(refusal),
        }
    }

    async fn holds(&self, number: &E164) -> Result<Option<Owned>, CarrierError> {
        let ours = self.inventory().await?;
        Ok(ours.into_iter().find(|owned| owned.number == *number))
    }

    async fn owned(&self, _from: Option<&str>) -> Result<OwnedPage, CarrierError> {
        Ok(OwnedPage {
            numbers: self.inventory().await?,
            next: None,
        })
    }
}

/// An answer with its `content`.
struct Reply {
    answer: Answer,
    content: Element,
}

impl Reply {
    fn read(answer: Answer) -> Result<Self, CarrierError> {
        let answer = answer.success()?;
        let content = answer.xml()?;
        if content.name != "content" {
            return Err(answer.garbled(format_args!("it is <{}>, no <content>", content.name)));
        }
        Ok(Self { answer, content })
    }

    /// Why the vendor says no: in `error`, or among the numbers in `response`.
    fn refusal(&self) -> Option<&str> {
        if self.content.text_of("status") == Some("fail") {
            let reason = self.content.text_of("error");
            return Some(reason.unwrap_or("the vendor gives no reason"));
        }
        self.content.child("numbers")?.text_of("response")
    }

    /// The reply, unless it is a no.
    fn granted(self) -> Result<Self, CarrierError> {
        match self.refusal() {
            None => Ok(self),
            Some(reason) => Err(CarrierError {
                failure: Failure::Refused,
                reason: reason.to_owned(),
                ..self.answer.garbled("")
            }),
        }
    }

    /// What it tells of a number that was ordered or given back: it must say
    /// `ok`, and if it names numbers, that one.
    fn done(&self, number: &E164) -> Result<Map<String, Value>, CarrierError> {
        if self.content.text_of("status") != Some("ok") {
            return Err(self.answer.garbled("its status is not 'ok'"));
        }
        let Some(numbers) = self.content.child("numbers") else {
            return Ok(Map::new());
        };
        let mut named = dids(numbers).filter(|(named, _)| named == number);
        match named.next() {
            Some((_, data)) => Ok(data),
            None => Err(self
                .answer
                .garbled(format_args!("it doesn't name {number}"))),
        }
    }
}

/// What a number of ours costs, where that is told: the vendor bills in dollars.
fn cost(told: &Map<String, Value>) -> Option<Cost> {
    let monthly = told.get("cost_per_month")?.as_str()?.parse().ok()?;
    Some(Cost {
        currency: "USD".to_owned(),
        setup: None,
        monthly,
    })
}

/// Each number of a list, either bare or with elements that tell of it: `did` in
/// lists of what is on sale, `number` in that of what is ours.
fn dids(numbers: &Element) -> impl Iterator<Item = (E164, Map<String, Value>)> {
    let is_did = |child: &&Element| matches!(child.name.as_str(), "did" | "number");
    let dids = numbers.children.iter().filter(is_did);
    dids.filter_map(|did| {
        if did.children.is_empty() {
            return Some((nanp::number(&did.text)?, Map::new()));
        }
        let number = did.text_of("number").or_else(|| did.text_of("did"))?;
        let told = did.children.iter().filter(|child| {
            !matches!(child.name.as_str(), "number" | "did") && !child.text.is_empty()
        });
        let data = told.map(|child| (child.name.clone(), json!(child.text)));
        Some((nanp::number(number)?, data.collect()))
    })
}
