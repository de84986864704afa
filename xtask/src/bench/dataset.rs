//! The numbers: spread over real area codes, in no order, each computed from its
//! place in the list.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::Result;

/// Area codes of the United States.
const AREA_CODES: [u16; 20] = [
    212, 213, 214, 215, 303, 305, 312, 313, 404, 415, 503, 512, 602, 617, 702, 713, 801, 816, 901,
    919,
];
pub const CODES: u64 = AREA_CODES.len() as u64;

/// Subscriber numbers of an area code: 200-0000 to 999-9999.
const FIRST: u64 = 2_000_000;
const EACH: u64 = 8_000_000;
/// Has no factor in common with [`EACH`], so that every number comes once.
const STRIDE: u64 = 2_654_437;

/// Of a hundred numbers so many are in service, the next ones for sale, the rest
/// reserved.
const IN_SERVICE: u64 = 84;
const FOR_SALE: u64 = 15;

/// How the subscriber number follows from the place in the list: where they
/// begin, how far one is from the next, and after how many they come again.
pub const SUBSCRIBERS: [u64; 3] = [FIRST, STRIDE, EACH];

/// What a number is for the benchmark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    InService,
    ForSale,
    Reserved,
}

/// So many numbers in so many accounts.
#[derive(Clone, Copy, Debug)]
pub struct Dataset {
    pub numbers: u64,
    pub accounts: u64,
}

impl Dataset {
    pub const fn new(numbers: u64, accounts: u64) -> Self {
        Self { numbers, accounts }
    }

    /// Whose the number is, unless it is for sale: a place in the list of
    /// accounts.
    pub const fn account(&self, index: u64) -> u64 {
        mixed(index ^ 0x5bd1_e995) % self.accounts
    }

    /// The numbers in service of an account.
    pub fn in_service(&self, account: u64) -> impl Iterator<Item = u64> {
        let all = 0..self.numbers;
        all.filter(move |index| kind(*index) == Kind::InService && self.account(*index) == account)
    }

    /// Writes those at some places as an operator exports them from elsewhere.
    pub fn write(&self, places: &[u64], file: &Path, accounts: &[String]) -> Result<()> {
        let mut out = BufWriter::new(File::create(file)?);
        let columns = "e164,account_id,state,carrier_module,cnam.outbound,opaque.note";
        writeln!(out, "{columns}")?;
        for &index in places {
            let number = number(index);
            let owner = self.account(index);
            let id = usize::try_from(owner)
                .ok()
                .and_then(|owner| accounts.get(owner))
                .map_or("", String::as_str);
            match kind(index) {
                Kind::InService => writeln!(
                    out,
                    "{number},{id},in_service,bandwidth2,Company {owner},line {index}"
                )?,
                Kind::ForSale => writeln!(out, "{number},,available,inventory,,")?,
                Kind::Reserved => writeln!(out, "{number},{id},reserved,inventory,,")?,
            }
        }
        out.flush()?;
        Ok(())
    }
}

/// What the number at a place in the list is.
pub const fn kind(index: u64) -> Kind {
    let part = mixed(index) % 100;
    if part < IN_SERVICE {
        Kind::InService
    } else if part < IN_SERVICE + FOR_SALE {
        Kind::ForSale
    } else {
        Kind::Reserved
    }
}

/// The number at a place in the list, in E.164 form. Places after the end of a
/// dataset are numbers that aren't there yet.
pub fn number(index: u64) -> String {
    format!("+1{}", national(index))
}

/// The same without its country's code: what the numbers' order is.
pub fn national(index: u64) -> u64 {
    let subscriber = FIRST + (index / CODES).wrapping_mul(STRIDE) % EACH;
    u64::from(area_code(index)) * 10_000_000 + subscriber
}

/// The area code of a number.
pub fn area_code(index: u64) -> u16 {
    let code = usize::try_from(index % CODES).unwrap_or_default();
    AREA_CODES[code]
}

/// A number in which every bit depends on every bit of `index` (`SplitMix64`).
pub const fn mixed(index: u64) -> u64 {
    let mut mixed = index.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_number_comes_once() {
        let all: HashSet<String> = (0..300_000).map(number).collect();
        assert_eq!(all.len(), 300_000);
        assert!(all.iter().all(|number| number.len() == 12));
    }

    #[test]
    fn the_small_database_fills_a_page_and_a_search() {
        let small = Dataset::new(10_000, 100);
        for account in 0..16 {
            assert!(small.in_service(account).count() >= 50);
        }
        for code in AREA_CODES {
            let for_sale = (0..small.numbers)
                .filter(|index| kind(*index) == Kind::ForSale && area_code(*index) == code);
            assert!(for_sale.count() >= 50, "{code}");
        }
    }
}
