//! Names of callers (CNAM): the one that a number shows, and whether those of
//! its callers are looked up.

use async_trait::async_trait;
use numbers::e164::E164;

use crate::{ProviderError, ProviderName};

/// What a number's owner wishes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallerNames {
    /// The name that those called see; `None`: none.
    pub outbound: Option<String>,
    /// Whether names of callers are looked up.
    pub inbound: bool,
}

/// What became of a wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// The provider took it as it is. Until the name is seen everywhere may
    /// take days.
    Done,
    /// A person has to do it: whoever reads the notifications of it.
    ByHand,
    /// The provider hasn't taken it to the end; set it again later.
    Open,
}

/// Who lists caller names of numbers.
#[async_trait]
pub trait CallerNameProvider: Send + Sync {
    /// Its name in configuration, records and answers.
    fn name(&self) -> &ProviderName;

    /// Whether it is only played: nothing leaves this machine.
    fn sandbox(&self) -> bool {
        false
    }

    /// Makes the provider do what is wished. The same wish twice is one.
    async fn set(&self, number: &E164, wish: &CallerNames) -> Result<Wish, ProviderError>;
}
