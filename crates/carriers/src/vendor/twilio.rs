//! `twilio` (spec/integrations.md 5.3): forms in, JSON out. It sells at once:
//! there are no orders to ask for, only numbers that are ours, under the
//! friendly name that they were bought with.
//!
//! | for | request below `2010-04-01/Accounts/{account_sid}/` |
//! | --- | --- |
//! | search | `GET AvailablePhoneNumbers/{CC}/{Local,TollFree,Mobile}.json` |
//! | order | `POST IncomingPhoneNumbers.json`, our id as `FriendlyName` |
//! | status | `GET IncomingPhoneNumbers.json?PhoneNumber=` |
//! | release | the same for the number's id, `DELETE IncomingPhoneNumbers/{sid}.json` |
//! | owned | `GET IncomingPhoneNumbers.json`, page by page |

use async_trait::async_trait;
use numbers::carrier::CarrierName;
use numbers::e164::E164;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    Carrier, CarrierError, Failure, NumberKind, Offer, Offers, Orders, Owned, OwnedPage, Placed,
    Purchase, Query, Release, Sent, Standing, Verdict,
};
use outside::http::{Answer, Call, Client, Method};
use outside::settings::{Secret, Spending, read};
use outside::{BadSettings, Service};

const API: &str = "https://api.twilio.com";
/// How many numbers are asked for at once.
const PAGE: usize = 1000;
/// What names the next page in the vendor's link to it.
const PAGE_KEYS: [&str; 2] = ["Page", "PageToken"];

/// The account, and what its numbers are bought with.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    account_sid: String,
    auth_token: Secret,
    /// In place of the account's own token.
    api_key: String,
    api_secret: Secret,
    /// The SIP trunk that calls of ordered numbers go to.
    trunk_sid: String,
    /// What some countries want to know of who holds a number.
    address_sid: String,
    bundle_sid: String,
    identity_sid: String,
}

impl Settings {
    /// The first key that is missing; `None`: it can work.
    fn missing(&self) -> Option<&'static str> {
        let by_key = !self.api_key.is_empty();
        [
            (self.account_sid.is_empty(), "account_sid"),
            (by_key && self.api_secret.0.is_empty(), "api_secret"),
            (!by_key && self.auth_token.0.is_empty(), "auth_token"),
        ]
        .into_iter()
        .find_map(|(missing, key)| missing.then_some(key))
    }
}

/// One account at Twilio.
pub struct Twilio {
    name: CarrierName,
    client: Client,
    settings: Settings,
}

impl Twilio {
    /// The account that the settings name.
    pub fn new(settings: Map<String, Value>) -> Result<Self, BadSettings> {
        let name = CarrierName::new("twilio");
        let service = Service::carrier(name.as_str());
        let (common, settings): (_, Settings) = read(&service, settings)?;
        if let Some(key) = settings.missing() {
            return Err(BadSettings::missing(&service, key));
        }
        let secrets = [&settings.auth_token, &settings.api_secret].map(|secret| secret.0.as_str());
        let client = Client::new(&service, &common, API, common.spending(false), &secrets)?;
        Ok(Self {
            name,
            client,
            settings,
        })
    }

    fn url(&self, path: &[&str]) -> url::Url {
        let account = ["2010-04-01", "Accounts", self.settings.account_sid.as_str()];
        let path = account.into_iter().chain(path.iter().copied());
        self.client.url(path)
    }

    fn look(&self, operation: &'static str, path: &[&str]) -> Call<'_> {
        let call = self.client.look(operation, Method::GET, self.url(path));
        self.signed(call)
    }

    fn spend(&self, operation: &'static str, method: Method, path: &[&str]) -> Call<'_> {
        self.signed(self.client.spend(operation, method, self.url(path)))
    }

    fn signed<'c>(&self, call: Call<'c>) -> Call<'c> {
        let Settings {
            account_sid,
            auth_token,
            api_key,
            api_secret,
            ..
        } = &self.settings;
        if api_key.is_empty() {
            call.basic(account_sid, &auth_token.0)
        } else {
            call.basic(api_key, &api_secret.0)
        }
    }

    fn offer(&self, item: &Item, kind: NumberKind) -> Option<Offer> {
        let number = item.phone_number.parse().ok()?;
        Some(Offer::new(number, &self.name, item.known(kind)))
    }

    /// A number of the account.
    async fn held(&self, number: &E164) -> Result<Option<Held>, CarrierError> {
        let call = self
            .look("owned", &["IncomingPhoneNumbers.json"])
            .query("PhoneNumber", number.as_str());
        let found: HeldPage = granted(call.send().await?)?.json()?;
        let is_it = |held: &Held| held.phone_number == number.as_str();
        Ok(found.incoming_phone_numbers.into_iter().find(is_it))
    }
}

impl Carrier for Twilio {
    fn name(&self) -> &CarrierName {
        &self.name
    }

    fn maximal_prefix_length(&self) -> Option<usize> {
        Some(10)
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

/// Numbers on sale.
#[derive(Deserialize)]
struct Items {
    available_phone_numbers: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    phone_number: String,
    lata: Option<String>,
    locality: Option<String>,
    rate_center: Option<String>,
    region: Option<String>,
    postal_code: Option<String>,
    address_requirements: Option<String>,
    #[serde(default)]
    capabilities: Map<String, Value>,
}

impl Item {
    /// What is known of it, under the names that all carriers use.
    fn known(&self, kind: NumberKind) -> Map<String, Value> {
        let able = self.capabilities.iter().filter(|(_, able)| **able == true);
        let features: Vec<String> = able.map(|(name, _)| name.to_lowercase()).collect();
        let mut rate_center = Map::new();
        let mut data = Map::from_iter([
            ("type".to_owned(), json!(kind.as_str())),
            ("features".to_owned(), json!(features)),
        ]);
        for (key, text) in [
            ("name", &self.rate_center),
            ("lata", &self.lata),
            ("state", &self.region),
        ] {
            if let Some(text) = text {
                rate_center.insert(key.to_owned(), json!(text));
            }
        }
        for (key, text) in [
            ("locality", &self.locality),
            ("postal_code", &self.postal_code),
            ("address_requirements", &self.address_requirements),
        ] {
            if let Some(text) = text {
                data.insert(key.to_owned(), json!(text));
            }
        }
        data.insert("rate_center".to_owned(), Value::Object(rate_center));
        data
    }
}

#[async_trait]
impl Offers for Twilio {
    async fn offers(&self, query: &Query) -> Result<Vec<Offer>, CarrierError> {
        let kind = query.filters.kind.unwrap_or({
            if query.toll_free().is_some() {
                NumberKind::TollFree
            } else {
                NumberKind::Local
            }
        });
        let resource = match kind {
            NumberKind::Local => "Local.json",
            NumberKind::TollFree => "TollFree.json",
            NumberKind::Mobile => "Mobile.json",
        };
        let path = ["AvailablePhoneNumbers", &query.country, resource];
        let call = self
            .look("search", &path)
            .query("PageSize", &PAGE.to_string());
        let answer = narrowed(call, query).send().await?;
        if answer.status == 404 {
            // The vendor has no such numbers in that country.
            return Ok(Vec::new());
        }
        let found: Items = granted(answer)?.json()?;
        let items = found.available_phone_numbers;
        let offers = items.iter().filter_map(|item| self.offer(item, kind));
        // Its rows say everything, so that nothing is left to its word.
        Ok(query.pick(offers, &[]))
    }
}

/// Asks for what the query wants. There is one pattern only: the beginning, if
/// the area code doesn't say it all, else the end, else digits anywhere.
fn narrowed<'c>(mut call: Call<'c>, query: &Query) -> Call<'c> {
    let wanted = &query.filters;
    let is_american = query.prefix.starts_with("+1");
    let area_code = query.national.get(..3).filter(|_| is_american);
    let beginning = (area_code != Some(&query.national)).then_some(query.prefix.as_str());
    let end = wanted.ends_with.as_deref().map(|end| format!("{end}$"));
    let pattern = beginning.or(end.as_deref()).or(wanted.contains.as_deref());
    for (name, text) in [
        ("AreaCode", area_code),
        ("Contains", pattern.filter(|pattern| pattern.len() >= 3)),
        ("InLocality", wanted.locality.as_deref()),
        ("InRateCenter", wanted.rate_center.as_deref()),
        ("InLata", wanted.lata.as_deref()),
        ("InRegion", wanted.state.as_deref()),
    ] {
        if let Some(text) = text {
            call = call.query(name, text);
        }
    }
    for (feature, name) in [
        ("voice", "VoiceEnabled"),
        ("sms", "SmsEnabled"),
        ("mms", "MmsEnabled"),
        ("fax", "FaxEnabled"),
    ] {
        let mut features = wanted.features.iter();
        if features.any(|wanted| wanted.eq_ignore_ascii_case(feature)) {
            call = call.query(name, "true");
        }
    }
    call
}

/// A page of the account's numbers.
#[derive(Deserialize)]
struct HeldPage {
    incoming_phone_numbers: Vec<Held>,
    next_page_uri: Option<String>,
}

#[derive(Deserialize)]
struct Held {
    sid: String,
    phone_number: String,
    friendly_name: Option<String>,
}

impl Held {
    fn data(&self) -> Map<String, Value> {
        Map::from_iter([("sid".to_owned(), json!(self.sid))])
    }

    fn owned(self) -> Option<Owned> {
        Some(Owned {
            number: self.phone_number.parse().ok()?,
            data: self.data(),
            reference: self.friendly_name,
            cost: None,
        })
    }
}

#[async_trait]
impl Orders for Twilio {
    async fn order(&self, purchase: &Purchase<'_>) -> Result<Standing, CarrierError> {
        let [offer] = purchase.offers else {
            let reason = "it sells one number at a time";
            return Err(self.client.error(Failure::NotSent, reason));
        };
        let number = offer.number();
        let mut form = vec![
            ("PhoneNumber", number.as_str()),
            ("FriendlyName", purchase.id.0.as_str()),
        ];
        for (name, sid) in [
            ("TrunkSid", &self.settings.trunk_sid),
            ("AddressSid", &self.settings.address_sid),
            ("BundleSid", &self.settings.bundle_sid),
            ("IdentitySid", &self.settings.identity_sid),
        ] {
            if !sid.is_empty() {
                form.push((name, sid));
            }
        }
        let call = self.spend("order", Method::POST, &["IncomingPhoneNumbers.json"]);
        let answer = granted(call.form(&form).send().await?)?;
        let bought: Held = answer.json()?;
        if bought.phone_number != number.as_str() {
            return Err(answer.garbled(format_args!("it doesn't name {number}")));
        }
        Ok(Standing {
            vendor: bought.data(),
            numbers: vec![(number.clone(), Verdict::Ours(bought.data()))],
        })
    }

    async fn status(&self, placed: &Placed<'_>) -> Result<Standing, CarrierError> {
        let mut standing = Standing {
            vendor: placed.vendor.clone(),
            numbers: Vec::new(),
        };
        for number in placed.numbers {
            let held = self.held(number).await?;
            let verdict = held.map_or(Verdict::Unheard, |held| Verdict::Ours(held.data()));
            standing.numbers.push((number.clone(), verdict));
        }
        Ok(standing)
    }

    async fn release(
        &self,
        _sent: &Sent,
        number: &E164,
        _data: &Map<String, Value>,
    ) -> Result<Release, CarrierError> {
        // By the number as it is now: an id that was kept may be another's.
        let Some(held) = self.held(number).await? else {
            return Ok(Release::Done);
        };
        let file = format!("{}.json", held.sid);
        let path = ["IncomingPhoneNumbers", &file];
        let answer = self.spend("release", Method::DELETE, &path).send().await?;
        if answer.status != 404 {
            granted(answer)?;
        }
        Ok(Release::Done)
    }

    async fn holds(&self, number: &E164) -> Result<Option<Owned>, CarrierError> {
        Ok(self.held(number).await?.and_then(Held::owned))
    }

    async fn owned(&self, from: Option<&str>) -> Result<OwnedPage, CarrierError> {
        let mut call = self
            .look("owned", &["IncomingPhoneNumbers.json"])
            .query("PageSize", &PAGE.to_string());
        for (name, value) in form_urlencoded::parse(from.unwrap_or_default().as_bytes()) {
            if PAGE_KEYS.contains(&name.as_ref()) {
                call = call.query(&name, &value);
            }
        }
        let page: HeldPage = granted(call.send().await?)?.json()?;
        let is_empty = page.incoming_phone_numbers.is_empty();
        let next = page.next_page_uri.as_deref().and_then(page_in);
        let numbers = page.incoming_phone_numbers.into_iter();
        Ok(OwnedPage {
            numbers: numbers.filter_map(Held::owned).collect(),
            next: next.filter(|next| !is_empty && from != Some(next)),
        })
    }
}

/// What names the page that a link leads to. The link itself is never followed:
/// it could lead anywhere.
fn page_in(link: &str) -> Option<String> {
    let (_, query) = link.split_once('?')?;
    let pairs = form_urlencoded::parse(query.as_bytes());
    let named = pairs.filter(|(name, _)| PAGE_KEYS.contains(&name.as_ref()));
    let mut kept = form_urlencoded::Serializer::new(String::new());
    kept.extend_pairs(named);
    Some(kept.finish()).filter(|kept| !kept.is_empty())
}

/// An answer that isn't an error; of one that is, the vendor's code and words.
fn granted(answer: Answer) -> Result<Answer, CarrierError> {
    #[derive(Deserialize)]
    struct Problem {
        code: u64,
        message: String,
    }
    if (200..300).contains(&answer.status) {
        return Ok(answer);
    }
    match serde_json::from_slice::<Problem>(&answer.body) {
        Ok(problem) => Err(answer
            .status_error(problem.message)
            .with_code(problem.code.to_string())),
        Err(_) => answer.success(),
    }
}
