//! Who stands behind the features that need somebody outside, and the names
//! under which bills list features for it (spec/numbers.md 9).

use super::Feature;

/// The providers of an account's numbers, by their names without `knm_`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeatureProviders {
    /// Who confirms emergency addresses.
    pub e911: String,
    /// Who is told of caller names.
    pub cnam: String,
}

/// The provider of caller names that is a person, who has no name on a bill.
const BY_HAND: &str = "cnam_notifier";

impl Default for FeatureProviders {
    fn default() -> Self {
        Self {
            e911: "dash_e911".to_owned(),
            cnam: BY_HAND.to_owned(),
        }
    }
}

impl FeatureProviders {
    /// The name under which a bill lists a feature: its provider's, or its own
    /// where it needs none.
    ///
    /// ```
    /// use numbers::feature::Feature;
    /// use numbers::feature::provider::FeatureProviders;
    /// let providers = FeatureProviders { cnam: "telnyx_cnam".to_owned(), ..Default::default() };
    /// assert_eq!(providers.billing_name(Feature::E911), "dash_e911");
    /// assert_eq!(providers.billing_name(Feature::InboundCnam), "telnyx_cnam");
    /// assert_eq!(FeatureProviders::default().billing_name(Feature::InboundCnam), "cnam");
    /// ```
    pub fn billing_name(&self, feature: Feature) -> &str {
        match feature {
            Feature::E911 => &self.e911,
            Feature::InboundCnam | Feature::OutboundCnam | Feature::Cnam
                if self.cnam == BY_HAND =>
            {
                "cnam"
            }
            Feature::InboundCnam | Feature::OutboundCnam | Feature::Cnam => &self.cnam,
            other => other.as_str(),
        }
    }
}
