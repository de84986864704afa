//! What a change does with the emergency addresses that it asks for: before
//! anything of it is written, their provider must have confirmed them.

use std::collections::HashMap;
use std::sync::Arc;

use futures::stream::{self, StreamExt};
use numbers::account::{Account, AccountId};
use numbers::carrier::CarrierName;
use numbers::e164::E164;
use numbers::error::NumberError;
use numbers::feature::e911::{AddressAnswer, mismatch};
use numbers::plan::{Effect, Plan};
use providers::{Checked, EmergencyProvider, Located, ProviderName};
use serde_json::{Map, Value};
use store::{Batch, StoreError};

use super::desk::{Placement, asked_address};
use super::setup::{Fault, Setup, SetupState};
use crate::context::now;
use crate::event_note::with_asked;
use crate::{Context, Engine};

/// Addresses of one request that are placed at once.
const AT_ONCE: usize = 8;

/// What callers are told whom to call back when nobody has a name.
const NOBODYS_NAME: &str = "Valued Customer";

/// The shortest name that providers take.
const SHORTEST_NAME: usize = 3;

/// What the provider answered to the addresses of a change, by number.
#[derive(Default)]
pub(crate) struct Answered(HashMap<E164, Answer>);

enum Answer {
    /// Refused, and the whole change with it.
    Refused(NumberError),
    /// The provider has it; the setup is stored as `placing`.
    Confirmed(Box<Setup>),
    /// Not decided, or the number must be bought first.
    Pending(Box<Setup>),
}

/// A number whose plan asks for an address.
pub(crate) struct Asking {
    /// Which number.
    pub key: E164,
    /// Whose it will be.
    owner: Option<AccountId>,
    /// Whose provider is asked, and whose name is given where the address has
    /// none: the owner's, whoever asks for him.
    account: Arc<Account>,
    /// The address.
    asked: Map<String, Value>,
    /// Where the number comes from.
    carrier: CarrierName,
    /// Whether the number must be bought before.
    buys_first: bool,
}

/// The address that a plan asks for.
pub(crate) fn asked(plan: &Plan) -> Option<&Map<String, Value>> {
    plan.effects.iter().find_map(|effect| match effect {
        Effect::SetAddress(asked) => Some(asked),
        _ => None,
    })
}

impl Asking {
    /// When the plan asks for one; `account` is whose the number will be.
    pub fn of(key: &E164, plan: &Plan, account: &Arc<Account>) -> Option<Self> {
        let mut effects = plan.effects.iter();
        Some(Self {
            key: key.clone(),
            owner: plan.number.owner.clone(),
            account: Arc::clone(account),
            asked: asked(plan)?.clone(),
            carrier: plan.number.carrier.clone(),
            buys_first: effects.any(|effect| matches!(effect, Effect::Order(_))),
        })
    }
}

impl Answered {
    /// What the provider answered for a number.
    pub fn of(&self, key: &E164) -> Option<AddressAnswer<'_>> {
        match self.0.get(key)? {
            Answer::Refused(_) => None,
            Answer::Confirmed(setup) => Some(AddressAnswer::Confirmed(&setup.located.fields)),
            Answer::Pending(_) => Some(AddressAnswer::Pending),
        }
    }

    /// Why the change of a number is refused, where it is.
    pub fn refusal(&self, key: &E164) -> Option<&NumberError> {
        match self.0.get(key)? {
            Answer::Refused(error) => Some(error),
            _ => None,
        }
    }

    /// A number's batch, with what is written of its address.
    pub fn joined(&self, key: &E164, batch: Batch) -> Result<Batch, StoreError> {
        match self.0.get(key) {
            Some(Answer::Confirmed(setup)) => {
                let mut setup = setup.clone();
                let batch = with_asked(batch, key, &setup.asked);
                let located = setup.located.clone();
                setup.provisioned(located, now());
                Ok(batch.joined(setup.put()?))
            }
            Some(Answer::Pending(setup)) => {
                let batch = with_asked(batch, key, &setup.asked);
                Ok(batch.expect(setup.unchanged()))
            }
            Some(Answer::Refused(_)) | None => Ok(batch),
        }
    }

    /// Numbers whose record may move once more when it is settled.
    pub fn unwritten(&self) -> Vec<E164> {
        let waiting = self.0.iter();
        waiting
            .filter(|(_, answer)| matches!(answer, Answer::Pending(_)))
            .map(|(key, _)| key.clone())
            .collect()
    }

    /// Whether nobody was asked.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Engine {
    /// Which provider confirms emergency addresses of an account's numbers: its
    /// reseller's choice, or the installation's.
    pub(crate) async fn e911_provider(
        &self,
        account: &Account,
    ) -> Result<ProviderName, StoreError> {
        let rules = self.rules_for(Some(account)).await?;
        Ok(ProviderName::new(&rules.providers.e911))
    }

    /// Asks the provider what it makes of each address, which changes nothing;
    /// answers those that it knows, and refusals of the others.
    pub(crate) async fn check_addresses(
        &self,
        cx: &Context,
        asking: &[Asking],
    ) -> Result<(Answered, HashMap<E164, Located>), StoreError> {
        let mut answered = Answered::default();
        let mut known = HashMap::new();
        // The numbers of a collection have the same address as a rule.
        let mut checked: HashMap<_, Result<Located, NumberError>> = HashMap::new();
        for one in asking {
            let address = Value::Object(one.asked.clone()).to_string();
            let address = (one.account.id.clone(), address);
            if !checked.contains_key(&address) {
                let name = self.e911_provider(&one.account).await?;
                let result = match self.addresses.provider(&name) {
                    Some(provider) => check(cx, provider.as_ref(), one).await,
                    None => Err(nobody_confirms(one, &name)),
                };
                checked.insert(address.clone(), result);
            }
            match &checked[&address] {
                Ok(located) => {
                    known.insert(one.key.clone(), located.clone());
                }
                Err(error) => {
                    let answer = Answer::Refused(about(error, &one.key));
                    answered.0.insert(one.key.clone(), answer);
                }
            }
        }
        Ok((answered, known))
    }

    /// Has addresses placed that the provider knows, and waits for its word.
    pub(crate) async fn place_addresses(
        &self,
        cx: &Context,
        asking: Vec<Asking>,
        known: &HashMap<E164, Located>,
        answered: &mut Answered,
    ) -> Result<(), StoreError> {
        let known = asking
            .into_iter()
            .filter_map(|one| Some((known.get(&one.key)?.clone(), one)));
        let placed: Vec<_> = stream::iter(known)
            .map(|(located, one)| async move {
                let answer = self.place_address(cx, &one, located).await?;
                Ok::<_, StoreError>((one.key, answer))
            })
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        for placed in placed {
            let (key, answer) = placed?;
            answered.0.insert(key, answer);
        }
        Ok(())
    }

    async fn place_address(
        &self,
        cx: &Context,
        one: &Asking,
        located: Located,
    ) -> Result<Answer, StoreError> {
        let provider = self.e911_provider(&one.account).await?;
        let warning = mismatch(provider.as_str(), &one.carrier);
        if let Some(warning) = &warning {
            let number = &one.key;
            tracing::warn!(%number, warning, "an emergency address is asked for");
        }
        let owner = one.owner.clone();
        let stored = self.addresses.setup(&one.key).await?;
        let mut setup = stored.unwrap_or_else(|| {
            Setup::new(
                one.key.clone(),
                owner.clone(),
                provider.clone(),
                &cx.origin(),
            )
        });
        if !setup.takes_wishes(&provider) {
            return Ok(Answer::Refused(NumberError::AddressBusy(one.key.clone())));
        }
        let mut asked = one.asked.clone();
        let name = caller_name(&asked, &one.account);
        asked.insert("caller_name".to_owned(), name.into());
        setup.wish(owner, provider, asked, located, &cx.origin());
        let state = if one.buys_first {
            SetupState::Wanted
        } else {
            SetupState::Placing
        };
        if !self.addresses.claim(&mut setup, state).await? {
            return Ok(Answer::Refused(NumberError::AddressBusy(one.key.clone())));
        }
        if state == SetupState::Wanted {
            return Ok(Answer::Pending(Box::new(setup)));
        }
        Ok(match self.addresses.place(setup).await? {
            Placement::Confirmed(setup) => Answer::Confirmed(Box::new(setup)),
            Placement::Pending(setup) => Answer::Pending(Box::new(setup)),
            Placement::Refused(fault) => Answer::Refused(NumberError::ProviderFault {
                number: one.key.clone(),
                reason: cx.is_admin().then(|| match warning {
                    Some(warning) => format!("{}; {warning}", said(&fault)),
                    None => said(&fault),
                }),
            }),
        })
    }

    /// Takes over what became of setups since the change last looked, after a
    /// race was lost.
    pub(crate) async fn refresh_addresses(
        &self,
        answered: &mut Answered,
    ) -> Result<(), StoreError> {
        for (key, answer) in &mut answered.0 {
            let (Answer::Confirmed(known) | Answer::Pending(known)) = answer else {
                continue;
            };
            let stored = self.addresses.setup(key).await?;
            let Some(stored) = stored.filter(|stored| stored.reference == known.reference) else {
                *answer = Answer::Refused(NumberError::AddressBusy(key.clone()));
                continue;
            };
            match stored.state() {
                _ if stored.leaves => {
                    *answer = Answer::Refused(NumberError::Conflict(key.clone()));
                }
                // What the provider said isn't stored yet.
                SetupState::Placing => known.revision = stored.revision,
                SetupState::Provisioned => *answer = Answer::Confirmed(Box::new(stored)),
                SetupState::Wanted | SetupState::Pending => {
                    *answer = Answer::Pending(Box::new(stored));
                }
                _ => {
                    *answer = Answer::Refused(NumberError::ProviderFault {
                        number: key.clone(),
                        reason: None,
                    });
                }
            }
        }
        Ok(())
    }

    /// After the change: what the provider has and nobody wrote down is written
    /// down now, or taken away.
    pub(crate) async fn settle_addresses(&self, answered: Answered) -> Result<(), StoreError> {
        let mut wanted = Vec::new();
        for (key, answer) in answered.0 {
            match answer {
                Answer::Confirmed(known) => {
                    let stored = self.addresses.setup(&key).await?;
                    let open = stored.filter(|stored| {
                        stored.reference == known.reference && stored.state() == SetupState::Placing
                    });
                    if let Some(open) = open {
                        self.addresses.has(open, known.located).await?;
                    }
                }
                Answer::Pending(setup) if setup.state() == SetupState::Wanted => wanted.push(key),
                Answer::Pending(_) | Answer::Refused(_) => {}
            }
        }
        if !wanted.is_empty() {
            self.addresses.work_off(wanted).await;
        }
        Ok(())
    }

    /// The setup of a number that loses its address, as it is to be written
    /// with that.
    pub(crate) async fn leaving_address(
        &self,
        cx: &Context,
        before: &numbers::number::Number,
    ) -> Result<Setup, StoreError> {
        if let Some(mut setup) = self.addresses.setup(&before.id).await? {
            setup.leave(cx.now);
            return Ok(setup);
        }
        // Its address came from elsewhere, with the record.
        let owner = match &before.owner {
            Some(id) => self.store.account(id).await?,
            None => None,
        };
        let provider = match &owner {
            Some(owner) => self.e911_provider(owner).await?,
            None => ProviderName::new(&self.settings.number_manager.e911_provider),
        };
        let mut setup = Setup::new(
            before.id.clone(),
            before.owner.clone(),
            provider,
            &cx.origin(),
        );
        if let Some(Value::Object(fields)) = before.features.get(&numbers::feature::Feature::E911) {
            setup.located.fields.clone_from(fields);
        }
        setup.leave(cx.now);
        Ok(setup)
    }
}

async fn check(
    cx: &Context,
    provider: &dyn EmergencyProvider,
    one: &Asking,
) -> Result<Located, NumberError> {
    let address = asked_address(&one.asked, &caller_name(&one.asked, &one.account));
    match provider.check(&address).await {
        Ok(Checked::Found(located)) => Ok(located),
        Ok(Checked::Several(candidates)) => Err(NumberError::AddressAmbiguous {
            address: one.asked.clone(),
            candidates: candidates.into_iter().map(|found| found.fields).collect(),
        }),
        Ok(Checked::Invalid { message }) => Err(NumberError::AddressInvalid {
            address: one.asked.clone(),
            message,
            provider: provider.name().to_string(),
        }),
        Err(error) => {
            tracing::warn!(%error, "an emergency address can't be checked");
            Err(NumberError::ProviderFault {
                number: one.key.clone(),
                reason: cx.is_admin().then(|| said(&Fault::from(&error))),
            })
        }
    }
}

/// What the provider said: its text and its own code.
fn said(fault: &Fault) -> String {
    match &fault.code {
        Some(code) => format!("{} ({code})", fault.reason),
        None => fault.reason.clone(),
    }
}

/// What was refused of one number, as it is said of another with the same
/// address.
fn about(error: &NumberError, key: &E164) -> NumberError {
    match error {
        NumberError::ProviderFault { reason, .. } => NumberError::ProviderFault {
            number: key.clone(),
            reason: reason.clone(),
        },
        of_the_address => of_the_address.clone(),
    }
}

fn nobody_confirms(one: &Asking, name: &ProviderName) -> NumberError {
    NumberError::AddressInvalid {
        address: one.asked.clone(),
        message: "No E911 provider is configured, so no address can be confirmed".to_owned(),
        provider: name.to_string(),
    }
}

/// Whom an emergency service is told it talks to: the given name, the
/// account's, or nobody's.
fn caller_name(asked: &Map<String, Value>, account: &Account) -> String {
    let given = asked.get("caller_name").and_then(Value::as_str);
    let name = given.filter(|name| !name.trim().is_empty());
    let name = name.unwrap_or(account.name.as_str()).trim();
    if name.is_empty() {
        return NOBODYS_NAME.to_owned();
    }
    format!("{name:<SHORTEST_NAME$}")
}
