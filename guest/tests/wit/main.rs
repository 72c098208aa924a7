//! The WIT package is the user manual: it parses, exports everything, describes everything, and has a place for
//! each of the 220 documented members of Node's `http`.

mod contract;

use contract::{Contract, repository};
use std::collections::BTreeSet;
use std::fs;
use wit_parser::{Type, TypeDefKind, WorldItem};

type WorldItems = wit_parser::IndexMap<wit_parser::WorldKey, WorldItem>;

/// How many members each group of the specification has.
const GROUPS: [(&str, usize); 9] = [
    ("AG", 21),
    ("CR", 41),
    ("SV", 23),
    ("SR", 30),
    ("IM", 21),
    ("OM", 28),
    ("MO", 12),
    ("SO", 17),
    ("RO", 27),
];

#[test]
fn worlds_name_every_interface() {
    let contract = Contract::load();
    let count = contract.interfaces().len();
    let worlds = contract.worlds();
    // A forgotten export would silently become an import.
    let component = worlds["node-http"];
    assert_eq!((component.exports.len(), component.imports.len()), (count, 0));
    let app = worlds["imports"];
    assert_eq!((app.exports.len(), app.imports.len()), (0, count));
    for item in component.exports.values().chain(app.imports.values()) {
        assert!(matches!(item, WorldItem::Interface { .. }), "{item:?}");
    }
    // A whole program imports the same, and of WASI only what a runtime of 0.3.0 has.
    let names =
        |items: &WorldItems| -> BTreeSet<String> { items.keys().map(|key| contract.name_of(key)).collect() };
    let program = worlds["command"];
    let wasi: BTreeSet<String> = names(&program.imports).difference(&names(&app.imports)).cloned().collect();
    assert!(names(&app.imports).is_subset(&names(&program.imports)));
    let clock = ["wasi:clocks/monotonic-clock@0.3.0", "wasi:clocks/types@0.3.0"];
    assert_eq!(wasi, clock.map(str::to_owned).into());
    assert_eq!(names(&program.exports), ["wasi:cli/run@0.3.0".to_owned()].into());
}

#[test]
fn everything_is_described() {
    let contract = Contract::load();
    let mut silent: Vec<String> = contract
        .items()
        .into_iter()
        .filter(|(_, comments)| comments.iter().any(|comment| comment.is_empty()))
        .map(|(name, _)| name)
        .collect();
    for (name, world) in contract.worlds() {
        if world.docs.contents.is_none() {
            silent.push(name.to_owned());
        }
    }
    assert!(silent.is_empty(), "without a comment: {silent:#?}");
}

#[test]
fn comments_are_most_of_each_file() {
    for entry in fs::read_dir(repository().join("wit")).unwrap() {
        let path = entry.unwrap().path();
        // What others wrote is in the folder `deps`.
        if path.is_dir() {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let comments = lines.iter().filter(|line| line.starts_with("///")).count();
        let lost = lines.iter().find(|line| line.starts_with("//") && !line.starts_with("///"));
        assert_eq!(lost, None, "a comment that generated documentation loses, in {}", path.display());
        // A world is a list of names.
        if path.ends_with("world.wit") {
            continue;
        }
        let percent = comments * 100 / lines.len();
        assert!(percent >= 60, "{}: {percent} % comment", path.display());
    }
}

#[test]
fn classes_are_one_resource_each_with_pulled_events() {
    let contract = Contract::load();
    let interfaces = contract.interfaces();
    let classes = [
        "agent",
        "client-request",
        "incoming-message",
        "outgoing-message",
        "server",
        "server-response",
        "web-socket",
    ];
    for class in classes {
        let interface = interfaces[class];
        assert_eq!(contract.type_of(interface, class).kind, TypeDefKind::Resource, "{class}");
        let function = |name: &str| &interface.functions[&format!("[method]{class}.{name}")];
        assert!(function("ready").kind.is_async(), "{class}.ready only waits");
        assert!(!function("take-events").kind.is_async(), "{class}.take-events only moves");
        let TypeDefKind::Record(event) = &contract.type_of(interface, &format!("{class}-event")).kind else {
            panic!("{class}-event is no record");
        };
        let sequence = event.fields.iter().find(|field| field.name == "sequence");
        assert_eq!(sequence.map(|field| field.ty), Some(Type::U64), "{class}-event.sequence");
    }
}

/// Nobody has to name an option that is not wanted, in the crate of bindings.
#[test]
fn records_of_options_have_a_default_in_rust() {
    let contract = Contract::load();
    let bindings = fs::read_to_string(repository().join("guest/imports/src/bindings.rs")).unwrap();
    for (name, interface) in contract.interfaces() {
        for record in interface.types.keys().filter(|name| name.ends_with("-options") || *name == "limits") {
            // What is borrowed from another interface stands there.
            if contract.is_borrowed(contract.type_of(interface, record)) {
                continue;
            }
            let path = format!("\"node:http/{name}@0.1.0/{record}\": [#[derive(Default)]]");
            assert!(bindings.contains(&path), "{path}");
        }
    }
}

/// A row is `ID <tab> member <tab> items <tab> note`; `-` for the items is a waiver, and the note its reason.
#[test]
fn every_member_has_its_place() {
    let contract = Contract::load();
    let items = contract.items();
    let table = fs::read_to_string(repository().join("tests/rows.tsv")).unwrap();
    let mut found = Vec::new();
    for row in table.lines().filter(|line| !line.starts_with('#')) {
        let columns: Vec<&str> = row.split('\t').collect();
        let [id, _, places, ref note @ ..] = columns[..] else { panic!("too few columns: {row}") };
        found.push(id.to_owned());
        if places == "-" {
            assert!(note.first().is_some_and(|reason| !reason.is_empty()), "{id} is waived without a reason");
            continue;
        }
        assert!(!places.trim().is_empty(), "{id} has no place");
        for place in places.split_whitespace() {
            assert!(items.contains_key(place), "{id}: {place} is not in wit/");
        }
    }
    let expected: Vec<String> = GROUPS
        .iter()
        .flat_map(|(group, count)| (1..=*count).map(move |number| format!("{group}{number}")))
        .collect();
    assert_eq!(expected.len(), 220);
    assert_eq!(found.len(), found.iter().collect::<BTreeSet<_>>().len(), "a row is there twice");
    assert_eq!(found, expected);
}
