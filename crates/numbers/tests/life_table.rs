//! The whole table of a number's life, cell by cell (spec/numbers.md 3,
//! spec/life.md 2).

use numbers::life::{Facts, From, Operation, Step, Who, step};
use numbers::state::State;

/// One line for an operation on records of some kinds, one column for where the
/// number is.
///
/// | kind | records of |
/// | --- | --- |
/// | `any` | every carrier, the target's or not |
/// | `own`, `other` | carriers but `mdn`, the target's own, or not |
/// | `sold` | carriers but `local` and `mdn` |
/// | `home` | `local` |
/// | `wired` | carriers but `mdn` |
/// | `mdn` | `mdn` |
///
/// | cell | meaning |
/// | --- | --- |
/// | `service+all` | the target's, in service; everybody may |
/// | `-aging+all` | nobody's, aging; everybody may |
/// | `stay`, `back`, `gone` | state and owner stay; given back; removed |
/// | `+A`, `+AR`, `+prev`, `+adm` | who may: authority; or below a reserver; the previous owner; administrators |
/// | `404`, `409`, `same` | not found; exists; no change required |
/// | `!S`, `mdn!S`, `!*` | no way to S; none for mobile numbers; none to the state of released numbers |
const TABLE: &str = "
    operation         kind   unknown       offered       discovery    available     aging         reserved     in_service   port_in      port_out     released     deleted
    create:in_service any    service+all   service+all   409          service+all   service+prev  409          409          service+A    409          409          409
    create:reserved   wired  reserved+all  reserved+all  409          reserved+all  !reserved     409          409          !reserved    409          409          409
    create:reserved   mdn    reserved+all  reserved+all  409          mdn!reserved  mdn!reserved  409          409          mdn!reserved 409          409          409
    create:available  wired  -available+all -available+all 409        -available+all !available   409          409          !available   409          409          409
    create:available  mdn    -available+all -available+all 409        mdn!available mdn!available 409          409          mdn!available 409         409          409
    create:aging      wired  -aging+all    -aging+all    409          -aging+all    -aging+all    409          409          !aging       409          409          409
    create:aging      mdn    -aging+all    -aging+all    409          mdn!aging     mdn!aging     409          409          mdn!aging    409          409          409
    create:port_in    wired  port_in+all   port_in+all   409          !port_in      !port_in      409          409          port_in+A    409          409          409
    create:port_in    mdn    port_in+all   port_in+all   409          mdn!port_in   mdn!port_in   409          409          mdn!port_in  409          409          409
    reserve           own    404           reserved+A    reserved+A   reserved+A    !reserved     same         reserved+A   !reserved    !reserved    !reserved    !reserved
    reserve           other  404           reserved+A    reserved+A   reserved+A    !reserved     reserved+A   reserved+A   !reserved    !reserved    !reserved    !reserved
    reserve           mdn    404           reserved+A    mdn!reserved mdn!reserved  mdn!reserved  mdn!reserved mdn!reserved mdn!reserved mdn!reserved mdn!reserved mdn!reserved
    activate          wired  404           service+A     service+A    service+all   service+prev  service+AR   service+A    service+A    !in_service  !in_service  !in_service
    activate          mdn    404           service+A     mdn!in_service mdn!in_service mdn!in_service mdn!in_service service+A mdn!in_service !in_service !in_service !in_service
    port              any    port_in+all   port_in+all   409          !port_in      !port_in      409          409          port_in+A    409          409          409
    replace           any    404           404           stay+A       stay+A        stay+A        stay+A       stay+A       stay+A       stay+A       stay+A       stay+A
    merge             any    404           404           stay+A       stay+A        stay+A        stay+A       stay+A       stay+A       stay+A       stay+A       stay+A
    release           sold   404           404           !*           !*            !*            back+A       back+A       back+A       !*           back+A       !*
    release           mdn    404           404           !*           !*            !*            back+A       back+A       back+A       !*           back+A       !*
    release           home   404           404           back+A       back+A        back+A        back+A       back+A       back+A       back+A       back+A       back+A
    hard_delete       any    404           404           gone+adm     gone+adm      gone+adm      gone+adm     gone+adm     gone+adm     gone+adm     gone+adm     gone+adm
    end_rest          any    404           404           !available   !available    -available+adm !available  !available   !available   !available   !available   !available
";

/// What a number can be: carriers and owners that the table tells apart.
const FACTS: [(Facts, &[&str]); 6] = {
    const fn facts(target_is_owner: bool, local: bool, mdn: bool) -> Facts {
        Facts {
            target_is_owner,
            local,
            mdn,
        }
    }
    [
        (facts(true, false, false), &["any", "wired", "own", "sold"]),
        (
            facts(false, false, false),
            &["any", "wired", "other", "sold"],
        ),
        (facts(true, true, false), &["any", "wired", "own", "home"]),
        (
            facts(false, true, false),
            &["any", "wired", "other", "home"],
        ),
        (facts(true, true, true), &["any", "mdn"]),
        (facts(false, true, true), &["any", "mdn"]),
    ]
};

const RELEASED: [State; 2] = [State::Available, State::Released];

fn operation(name: &str) -> Operation {
    match name {
        "reserve" => Operation::Reserve,
        "activate" => Operation::Activate,
        "port" => Operation::Port,
        "replace" => Operation::Replace,
        "merge" => Operation::Merge,
        "release" => Operation::Release,
        "hard_delete" => Operation::HardDelete,
        "end_rest" => Operation::EndRest,
        other => {
            let state = other.strip_prefix("create:").expect("an operation");
            Operation::Create(state.parse().expect("a state"))
        }
    }
}

fn place(name: &str) -> From {
    match name {
        "unknown" => From::Unknown,
        "offered" => From::Offered,
        state => From::Stored(state.parse().expect("a state")),
    }
}

fn cell(step: Step) -> String {
    let who = |who| match who {
        Who::Anybody => "all",
        Who::Authority => "A",
        Who::AuthorityOrBelow => "AR",
        Who::PreviousOwner => "prev",
        Who::Admin => "adm",
    };
    match step {
        Step::Assign(State::InService, w) => format!("service+{}", who(w)),
        Step::Assign(state, w) => format!("{state}+{}", who(w)),
        Step::Unassign(state, w) => format!("-{state}+{}", who(w)),
        Step::Stay(w) => format!("stay+{}", who(w)),
        Step::GiveBack(w) => format!("back+{}", who(w)),
        Step::Remove(w) => format!("gone+{}", who(w)),
        Step::NoChangeRequired => "same".to_owned(),
        Step::NotFound => "404".to_owned(),
        Step::Exists => "409".to_owned(),
        Step::NoWay(state) => format!("!{state}"),
        Step::NoWayForMobile(state) => format!("mdn!{state}"),
    }
}

struct Line {
    operation: &'static str,
    kind: &'static str,
    cells: Vec<(&'static str, &'static str)>,
}

fn lines() -> Vec<Line> {
    let mut rows = TABLE.trim().lines().map(str::split_whitespace);
    let places: Vec<&str> = rows.next().expect("a head").skip(2).collect();
    rows.map(|mut words| {
        let (operation, kind) = (words.next().expect("a name"), words.next().expect("a kind"));
        let cells: Vec<_> = places.iter().copied().zip(words.by_ref()).collect();
        assert_eq!(cells.len(), places.len(), "{operation} {kind}");
        assert_eq!(words.next(), None, "{operation} {kind}");
        Line {
            operation,
            kind,
            cells,
        }
    })
    .collect()
}

#[test]
fn every_cell_of_the_table() {
    let (lines, mut wrong, mut checked) = (lines(), Vec::new(), 0);
    for line in &lines {
        let kinds = FACTS.iter().filter(|(_, kinds)| kinds.contains(&line.kind));
        for (facts, _) in kinds {
            for (from, expected) in &line.cells {
                for released in RELEASED {
                    let found = step(operation(line.operation), place(from), *facts, released);
                    let expected = if *expected == "!*" {
                        format!("!{released}")
                    } else {
                        (*expected).to_owned()
                    };
                    let found = cell(found);
                    checked += 1;
                    if found != expected {
                        wrong.push(format!(
                            "{} from {from}, {facts:?}: {found}, not {expected}",
                            line.operation
                        ));
                    }
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} cells:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    // 13 operations, 11 places, 6 kinds of records, 2 states of released numbers.
    assert_eq!(checked, 13 * 11 * 6 * 2);
}

#[test]
fn the_table_has_one_line_for_each_kind_of_record() {
    let lines = lines();
    for name in lines.iter().map(|line| line.operation) {
        for (facts, kinds) in FACTS {
            let matching = lines
                .iter()
                .filter(|line| line.operation == name && kinds.contains(&line.kind))
                .count();
            assert_eq!(matching, 1, "{name}, {facts:?}");
        }
    }
}

#[test]
fn the_table_names_every_place() {
    let head: Vec<&str> = lines()[0].cells.iter().map(|(place, _)| *place).collect();
    assert_eq!(head.len(), State::ALL.len() + 2);
    for state in State::ALL {
        assert!(head.contains(&state.as_str()), "{state}");
    }
}
