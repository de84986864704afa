//! A table from prefixes to names, read where it lies.
//!
//! Keys are sorted 32-bit numbers: up to nine digits as a number of base 11,
//! in which 0 stands for "no more digits". So a prefix comes right before
//! everything that it begins, the longest prefix of a number is found by one
//! binary search, or a few where prefixes lie within each other, and nothing
//! is unpacked or allocated.

/// The most digits of a prefix.
pub const MAX_DIGITS: usize = 9;

/// Prefixes and their names.
#[derive(Clone, Copy, Debug)]
pub struct PrefixTable<'a> {
    /// Ascending.
    keys: &'a [[u8; 4]],
    /// Of each key, the index of its name.
    values: &'a [[u8; 2]],
    /// Where each name begins in `text`, and where the last one ends.
    offsets: &'a [[u8; 4]],
    text: &'a str,
}

/// What a table says of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found<'a> {
    /// How many of the number's digits decided.
    pub digits: usize,
    /// What they mean.
    pub name: &'a str,
}

impl<'a> PrefixTable<'a> {
    /// Takes one table from the front of `bytes`; `None`: they are none.
    pub(crate) fn read(bytes: &mut &'a [u8]) -> Option<Self> {
        let keys = section(bytes)?.as_chunks();
        let values = section(bytes)?.as_chunks();
        let offsets = section(bytes)?.as_chunks();
        let text = std::str::from_utf8(section(bytes)?).ok()?;
        let whole = keys.1.is_empty() && values.1.is_empty() && offsets.1.is_empty();
        let table = Self {
            keys: keys.0,
            values: values.0,
            offsets: offsets.0,
            text,
        };
        (whole && table.keys.len() == table.values.len()).then_some(table)
    }

    /// Writes a table of sorted pairs of prefix and name. `None`: a prefix is
    /// none, or there are too many names.
    pub(crate) fn write<'n>(
        pairs: impl IntoIterator<Item = (&'n str, &'n str)>,
        to: &mut Vec<u8>,
    ) -> Option<()> {
        let mut sorted = pairs
            .into_iter()
            .map(|(prefix, name)| Some((key(prefix)?, name)))
            .collect::<Option<Vec<_>>>()?;
        sorted.sort_unstable();
        let mut names: Vec<&str> = sorted.iter().map(|(_, name)| *name).collect();
        names.sort_unstable();
        names.dedup();
        let (mut keys, mut values) = (Vec::new(), Vec::new());
        for (key, name) in sorted {
            keys.extend(key.to_le_bytes());
            let value = names.binary_search(&name).ok()?;
            values.extend(u16::try_from(value).ok()?.to_le_bytes());
        }
        let (mut offsets, mut text) = (Vec::new(), String::new());
        for name in names {
            offsets.extend(u32::try_from(text.len()).ok()?.to_le_bytes());
            text.push_str(name);
        }
        offsets.extend(u32::try_from(text.len()).ok()?.to_le_bytes());
        for part in [&keys[..], &values, &offsets, text.as_bytes()] {
            write_section(part, to)?;
        }
        Some(())
    }

    /// How many prefixes there are.
    pub const fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The name of the longest prefix of a number, which is given by its
    /// digits, the country code first.
    pub fn longest(&self, digits: &str) -> Option<Found<'a>> {
        let (index, digits) = longest(self.keys, digits)?;
        let name = self.name(self.value(index)?)?;
        Some(Found { digits, name })
    }

    /// Each prefix that begins with `start` and the index of its name,
    /// ascending.
    pub fn prefixes(&self, start: &str) -> impl Iterator<Item = (String, usize)> {
        let first = key(start.get(..MAX_DIGITS.min(start.len())).unwrap_or_default());
        let first = first.unwrap_or(u32::MAX);
        let span = digit_value(start.len().clamp(1, MAX_DIGITS) - 1);
        let end = if start.is_empty() {
            u32::MAX
        } else {
            first.saturating_add(span)
        };
        let from = self
            .keys
            .partition_point(|key| u32::from_le_bytes(*key) < first);
        let keys = self.keys.get(from..).unwrap_or_default();
        keys.iter()
            .map(|key| u32::from_le_bytes(*key))
            .take_while(move |key| *key < end)
            .enumerate()
            .filter_map(move |(index, key)| Some((text_of(key), self.value(from + index)?)))
    }

    /// Every name, in the order of their indexes.
    pub fn names(&self) -> impl Iterator<Item = &'a str> {
        let count = self.offsets.len().saturating_sub(1);
        let this = *self;
        (0..count).filter_map(move |index| this.name(index))
    }

    /// The name with an index.
    pub fn name(&self, index: usize) -> Option<&'a str> {
        let offset = |index: usize| {
            let bytes = self.offsets.get(index)?;
            usize::try_from(u32::from_le_bytes(*bytes)).ok()
        };
        self.text.get(offset(index)?..offset(index + 1)?)
    }

    fn value(&self, index: usize) -> Option<usize> {
        let bytes = self.values.get(index)?;
        Some(u16::from_le_bytes(*bytes).into())
    }
}

/// The longest prefix of a number among sorted keys: its index and how many
/// digits it has.
pub(crate) fn longest(mut keys: &[[u8; 4]], digits: &str) -> Option<(usize, usize)> {
    let mut rest = digits.get(..MAX_DIGITS.min(digits.len()))?;
    while !rest.is_empty() {
        let wanted = key(rest)?;
        keys = &keys[..keys.partition_point(|key| u32::from_le_bytes(*key) <= wanted)];
        let nearest = u32::from_le_bytes(*keys.last()?);
        // Every shorter prefix of the number lies at or before the part that
        // the number and its neighbour have in common.
        let common = common_digits(nearest, wanted);
        if common == digits_of(nearest) {
            return Some((keys.len() - 1, common));
        }
        rest = &rest[..common];
    }
    None
}

/// Up to nine digits as a key; `None`: more, or something else than digits.
pub(crate) fn key(digits: &str) -> Option<u32> {
    if digits.len() > MAX_DIGITS {
        return None;
    }
    let mut key = 0;
    for (position, byte) in digits.bytes().enumerate() {
        if !byte.is_ascii_digit() {
            return None;
        }
        key += (u32::from(byte - b'0') + 1) * digit_value(position);
    }
    Some(key)
}

/// What one step of the digit at `position` is worth.
const fn digit_value(position: usize) -> u32 {
    const VALUES: [u32; MAX_DIGITS] = {
        let mut values = [1; MAX_DIGITS];
        let mut position = MAX_DIGITS - 1;
        while position > 0 {
            values[position - 1] = values[position] * 11;
            position -= 1;
        }
        values
    };
    VALUES[position]
}

/// How many digits a key has.
fn digits_of(key: u32) -> usize {
    (0..MAX_DIGITS)
        .find(|position| key.is_multiple_of(digit_value(*position)))
        .map_or(MAX_DIGITS, |position| position + 1)
}

/// How many digits two keys have in common from the front.
fn common_digits(one: u32, other: u32) -> usize {
    (0..MAX_DIGITS)
        .find(|position| {
            let (one, other) = (one / digit_value(*position), other / digit_value(*position));
            one != other || one % 11 == 0
        })
        .unwrap_or(MAX_DIGITS)
}

/// The digits of a key.
pub(crate) fn text_of(key: u32) -> String {
    (0..MAX_DIGITS)
        .map(|position| key / digit_value(position) % 11)
        .take_while(|digit| *digit > 0)
        .filter_map(|digit| char::from_digit(digit - 1, 10))
        .collect()
}

/// Takes a part with its length before it from the front.
pub(crate) fn section<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let (part, rest) = rest.split_at_checked(length)?;
    *bytes = rest;
    Some(part)
}

/// Writes a part with its length before it; `None`: it is too long.
pub(crate) fn write_section(part: &[u8], to: &mut Vec<u8>) -> Option<()> {
    to.extend(u32::try_from(part.len()).ok()?.to_le_bytes());
    to.extend(part);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAIRS: [(&str, &str); 7] = [
        ("1", "America"),
        ("1415", "California"),
        ("141555", "San Francisco"),
        ("1415559", "Nowhere"),
        ("141999999", "Far"),
        ("49", "Germany"),
        ("4930", "Berlin"),
    ];

    fn with_table(test: impl FnOnce(&PrefixTable<'_>)) {
        let mut bytes = Vec::new();
        PrefixTable::write(PAIRS, &mut bytes).unwrap();
        test(&PrefixTable::read(&mut &bytes[..]).unwrap());
    }

    #[test]
    fn the_longest_prefix_wins() {
        with_table(|table| {
            for (digits, expected) in [
                ("14155550100", Some((6, "San Francisco"))),
                ("14155590100", Some((7, "Nowhere"))),
                ("14155400100", Some((4, "California"))),
                ("14199999900", Some((9, "Far"))),
                ("14199999800", Some((1, "America"))),
                ("1", Some((1, "America"))),
                ("141", Some((1, "America"))),
                ("493012345", Some((4, "Berlin"))),
                ("49", Some((2, "Germany"))),
                ("4", None),
                ("5", None),
                ("0", None),
                ("", None),
                ("no", None),
            ] {
                let found = table.longest(digits);
                let expected = expected.map(|(digits, name)| Found { digits, name });
                assert_eq!(found, expected, "{digits}");
            }
        });
    }

    #[test]
    fn every_answer_is_that_of_trying_each_length() {
        let table = crate::Geodata::embedded().places();
        for number in (0..200_000_u64).map(|n| (1_000_000_000 + n * 44_999_821).to_string()) {
            let tried = (1..=MAX_DIGITS.min(number.len())).rev().find_map(|length| {
                let mut exact = table.prefixes(&number[..length]);
                let (prefix, index) = exact.next()?;
                (prefix.len() == length).then(|| (length, table.name(index).unwrap()))
            });
            let found = table.longest(&number);
            assert_eq!(found.map(|f| (f.digits, f.name)), tried, "{number}");
        }
    }

    #[test]
    fn prefixes_come_back_as_they_went_in() {
        with_table(|table| {
            let listed = |start| -> Vec<_> { table.prefixes(start).map(|(p, _)| p).collect() };
            assert_eq!(listed(""), PAIRS.map(|(prefix, _)| prefix));
            assert_eq!(listed("14155"), ["141555", "1415559"]);
            assert_eq!(listed("49"), ["49", "4930"]);
            assert_eq!(listed("141999999"), ["141999999"]);
            assert!(listed("2").is_empty() && listed("x").is_empty());
            for (prefix, index) in table.prefixes("") {
                let pair = (prefix.as_str(), table.name(index).unwrap());
                assert!(PAIRS.contains(&pair));
            }
        });
    }

    #[test]
    fn what_is_no_table_is_refused() {
        let mut bytes = Vec::new();
        PrefixTable::write(PAIRS, &mut bytes).unwrap();
        for length in 0..bytes.len() {
            assert!(PrefixTable::read(&mut &bytes[..length]).is_none());
        }
        for wrong in ["1234567890", "12x"] {
            assert!(PrefixTable::write([(wrong, "x")], &mut Vec::new()).is_none());
        }
    }
}
