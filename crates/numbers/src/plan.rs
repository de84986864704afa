//! Decide, then act: a command, a number, and the accounts around it make a
//! refusal or a plan. Pure: the same inputs make the same plan.

mod fields;
mod gate;
mod steps;

use serde_json::{Map, Value};

use crate::account::{Account, AccountId};
use crate::authorize::{Owner, Standing};
use crate::carrier::CarrierName;
use crate::document;
use crate::e164::E164;
use crate::error::NumberError;
use crate::event::Action;
use crate::feature::availability::FeatureRules;
use crate::feature::cnam::CallerNames;
use crate::feature::e911::{AddressAnswer, AddressWork};
use crate::feature::lists::OwnLists;
use crate::feature::provider::FeatureProviders;
use crate::feature::{self, Feature};
use crate::gregorian::GregorianSeconds;
use crate::life::{self, Facts, From, Operation};
use crate::number::Number;
use crate::price::{Charge, charges};
use crate::state::State;
use gate::Granted;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Command {
    /// Which operation.
    pub operation: Operation,
    /// The request's public fields, cleaned by [`document::public_fields`].
    pub fields: Map<String, Value>,
    /// What the number's own feature lists become.
    pub lists: OwnLists,
    /// The number came by a completed port: it is created in service,
    /// whatever was asked.
    pub ported_in: bool,
    /// The application that uses it; set by the system's own jobs only.
    pub used_by: Option<String>,
}

impl Command {
    /// A command of a client, by the data of his request.
    pub fn of_client(operation: Operation, data: Map<String, Value>) -> Self {
        let lists = OwnLists::of(&data);
        Self {
            lists,
            ..Self::new(operation, document::public_fields(data))
        }
    }

    /// A command with these public fields.
    pub fn new(operation: Operation, fields: Map<String, Value>) -> Self {
        Self {
            operation,
            fields,
            lists: OwnLists::default(),
            ported_in: false,
            used_by: None,
        }
    }
}

/// What a carrier offers: the number can be ordered there.
#[derive(Clone, Debug, PartialEq)]
pub struct Offered {
    /// Who offers it.
    pub carrier: CarrierName,
    /// What the carrier needs to sell it.
    pub carrier_data: Map<String, Value>,
}

/// Everything that is known when the decision is made.
#[derive(Clone, Copy, Debug)]
pub struct Situation<'a> {
    /// The number's key.
    pub key: &'a E164,
    /// Its record.
    pub number: Option<&'a Number>,
    /// A live offer for this caller, when there is no record.
    pub offer: Option<&'a Offered>,
    /// The account of the token; `None`: the system.
    pub caller: Option<&'a Account>,
    /// The account in the URL.
    pub target: Option<&'a Account>,
    /// The record's owner, where he is still there.
    pub owner: Option<&'a Account>,
    /// Accounts of the reserve history that are gone; a number is never given
    /// back to them.
    pub gone: &'a [AccountId],
    /// What the provider answered to the emergency address that the command
    /// asks for; `None`: it wasn't asked.
    pub address: Option<AddressAnswer<'a>>,
    /// Whether the number is on somebody's open port request.
    pub porting: bool,
    /// The name of the number's class, which decides its price.
    pub classifier: &'a str,
    /// How many days such a number rests.
    pub rest_days: u32,
    /// When the request began.
    pub now: GregorianSeconds,
}

/// The operator's rules.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The carrier of numbers that are created without one.
    pub available_carrier: CarrierName,
    /// The carrier of numbers that come by a port.
    pub port_in_carrier: CarrierName,
    /// The state of numbers that nobody owns any more.
    pub released_state: State,
    /// Whether those are removed.
    pub remove_released: bool,
    /// Whether those rest before they are for sale again.
    pub age_released: bool,
    /// The system's feature lists.
    pub features: FeatureRules,
    /// The reseller's feature lists.
    pub reseller_features: Option<FeatureRules>,
    /// Who stands behind the features of the account's numbers.
    pub providers: FeatureProviders,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            available_carrier: CarrierName::local(),
            port_in_carrier: CarrierName::local(),
            released_state: State::Available,
            remove_released: false,
            age_released: false,
            features: FeatureRules::default(),
            reseller_features: None,
            providers: FeatureProviders::default(),
        }
    }
}

/// What to do with the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Everything is as it was: nothing is written.
    Nothing,
    /// Write it.
    Put,
    /// Remove it.
    Remove,
}

/// What to do outside.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Order the number at this carrier before it is the target's.
    Order(CarrierName),
    /// Give the number back to this carrier.
    Disconnect(CarrierName),
    /// Have this emergency address confirmed before anything is written; the
    /// plan's number shows what it would be if that came back as it is.
    SetAddress(Map<String, Value>),
    /// Take the number's emergency address away at its provider, once the
    /// change is written.
    RemoveAddress,
    /// Have these caller names shown and looked up, once the change is written.
    SetCallerNames(CallerNames),
}

/// What will be done, and what the caller will see.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// What to do with the record.
    pub change: Change,
    /// The number as it will be; in the state `deleted` when it goes.
    pub number: Number,
    /// What the event says was done.
    pub action: Action,
    /// What to do outside.
    pub effects: Vec<Effect>,
    /// What is added to the new owner's bill.
    pub charges: Vec<Charge>,
}

/// Decides.
///
/// The order of the checks is that of spec/life.md 2: the right to create at
/// all, the life's table, then who may take that step, then the fields.
pub fn decide(command: &Command, on: &Situation<'_>, rules: &Rules) -> Result<Plan, NumberError> {
    let operation = effective(command);
    let standing = Standing {
        // What gives nobody anything is not the business of the account that
        // stands in the URL (spec/life.md 2.1).
        target: on.target.filter(|_| gives(operation)),
        ..on.standing()
    };
    if let Operation::Create(state) = operation {
        standing.may_create(state, command.ported_in)?;
    }
    if on.target.is_none() && needs_target(operation) {
        return Err(NumberError::AssignFailure {
            cause: "field_undefined".to_owned(),
        });
    }
    on.hide_from_others(operation, &standing)?;
    let entering = matches!(operation, Operation::Create(_) | Operation::Port);
    if entering && on.number.is_none() && on.porting {
        return Err(NumberError::NumberIsPorting(on.key.clone()));
    }
    let step = life::step(
        operation,
        on.from(),
        on.facts(&standing),
        rules.released_state,
    );
    let granted = match on.waiting(operation, &standing)? {
        Some(waiting) => waiting,
        None => on.authorize(operation, step, &standing)?,
    };
    let granted = on.unless_resting(operation, granted)?;
    let mut plan = on.carry_out(command, operation, granted, rules);
    if granted == Granted::Waiting {
        return Ok(plan);
    }
    on.finish(command, operation, &mut plan, rules)?;
    on.withdraw_address(&mut plan);
    on.change_caller_names(&mut plan);
    Ok(plan)
}

/// A completed port and a mobile number are always created in service
/// (spec/life.md 2.2).
fn effective(command: &Command) -> Operation {
    let mobile = fields::asked_carrier(&command.fields).is_some_and(|name| name.is_mdn());
    match command.operation {
        Operation::Create(_) if command.ported_in || mobile => Operation::Create(State::InService),
        operation => operation,
    }
}

/// Whether the account in the URL may get something by it.
const fn gives(operation: Operation) -> bool {
    !matches!(
        operation,
        Operation::Release | Operation::HardDelete | Operation::EndRest
    )
}

const fn needs_target(operation: Operation) -> bool {
    matches!(
        operation,
        Operation::Reserve | Operation::Activate | Operation::Port
    )
}

impl<'a> Situation<'a> {
    /// How the accounts stand to the number.
    pub fn standing(&self) -> Standing<'a> {
        let assigned = self.number.is_some_and(|number| number.owner.is_some());
        Standing {
            caller: self.caller,
            target: self.target,
            owner: match self.owner {
                Some(account) => Owner::Account(account),
                None if assigned => Owner::Missing,
                None => Owner::Nobody,
            },
        }
    }

    fn from(&self) -> From {
        match (self.number, self.offer) {
            (Some(number), _) => From::Stored(number.state),
            (None, Some(_)) => From::Offered,
            (None, None) => From::Unknown,
        }
    }

    fn facts(&self, standing: &Standing<'_>) -> Facts {
        Facts {
            target_is_owner: standing.target_is_owner(),
            local: self.number.is_some_and(|number| number.carrier.is_local()),
            mdn: self.number.is_some_and(|number| number.carrier.is_mdn()),
        }
    }

    /// Fields, features, price; and whether there is anything to write.
    fn finish(
        &self,
        command: &Command,
        operation: Operation,
        plan: &mut Plan,
        rules: &Rules,
    ) -> Result<(), NumberError> {
        if plan.change == Change::Remove {
            return Ok(());
        }
        if !matches!(operation, Operation::Release | Operation::EndRest) {
            fields::apply(self, command, operation, plan, rules)?;
        }
        plan.number.mark_local();
        self.set_rest(&mut plan.number);
        if matches!(operation, Operation::Create(_)) {
            self.put_into_pool(&mut plan.number);
        }
        if self
            .number
            .is_some_and(|stored| !plan.number.differs_from(stored))
        {
            plan.change = Change::Nothing;
            return Ok(());
        }
        // HTTP callers may not change mobile numbers (spec/life.md 2.7).
        if plan.number.carrier.is_mdn() && self.caller.is_some() {
            return Err(NumberError::forbidden());
        }
        plan.number.modified = self.now;
        plan.number.authorizing_account = self.caller.map(|caller| caller.id.clone());
        // Not even the account that gets it back pays for a release
        // (spec/life.md 2.6).
        if operation != Operation::Release {
            plan.charges = charges(self.number, &plan.number, self.classifier, &rules.providers);
        }
        Ok(())
    }

    /// An address that the number has or waits for, and won't have any more,
    /// goes at the provider too; the record says so until it is gone.
    fn withdraw_address(&self, plan: &mut Plan) {
        let Some(stored) = self.number.filter(|_| plan.change != Change::Nothing) else {
            return;
        };
        let had = stored.features.contains_key(&Feature::E911)
            || stored.address_work == Some(AddressWork::Pending);
        let gone =
            plan.change == Change::Remove || !plan.number.features.contains_key(&Feature::E911);
        let waits = plan.change != Change::Remove
            && plan.number.address_work == Some(AddressWork::Pending)
            && !stored.features.contains_key(&Feature::E911)
            && plan.number.owner == stored.owner
            && feature::is_served(plan.number.state);
        if had && gone && !waits {
            // What the provider has no more isn't shown as if it had.
            plan.number.public.shift_remove("e911");
            plan.number.address_work = Some(AddressWork::Removing);
            plan.effects.push(Effect::RemoveAddress);
        }
    }

    /// Caller names that the number has no more, or anew, are told to their
    /// provider.
    fn change_caller_names(&self, plan: &mut Plan) {
        if plan.change == Change::Nothing {
            return;
        }
        let before = self.number.map(CallerNames::of).unwrap_or_default();
        let after = match plan.change {
            Change::Put => CallerNames::of(&plan.number),
            Change::Remove | Change::Nothing => CallerNames::default(),
        };
        if before != after {
            plan.number.names_told = true;
            plan.effects.push(Effect::SetCallerNames(after));
        }
    }

    /// An aging number rests for the days of its class, and doesn't begin anew
    /// while it rests; others don't rest.
    fn set_rest(&self, number: &mut Number) {
        let begun = self
            .number
            .and_then(|stored| stored.rest_ends(self.rest_days));
        let ends = begun.unwrap_or_else(|| self.now.plus_days(self.rest_days));
        number.rests_until = (number.state == State::Aging).then_some(ends);
    }

    /// What is created for sale at a pooled carrier is made for the target's
    /// use (spec/numbers.md 10).
    fn put_into_pool(&self, number: &mut Number) {
        if let Some(target) = self.target
            && number.state == State::Available
            && number.carrier.is_pooled()
        {
            number
                .carrier_data
                .insert("pool".to_owned(), target.id.as_str().into());
        }
    }
}
