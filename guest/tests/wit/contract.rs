//! The parsed WIT package, as the tests look at it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use wit_parser::{Docs, Interface, PackageId, Resolve, Type, TypeDef, TypeDefKind, World, WorldKey};

/// The package `node:http`.
pub(crate) struct Contract {
    resolve: Resolve,
    package: PackageId,
}

impl Contract {
    /// Parses `wit/`.
    pub(crate) fn load() -> Self {
        let mut resolve = Resolve::new();
        match resolve.push_dir(repository().join("wit")) {
            Ok((package, _)) => Self { resolve, package },
            Err(error) => panic!("wit/ does not parse: {error:?}"),
        }
    }

    /// The interfaces by name.
    pub(crate) fn interfaces(&self) -> BTreeMap<&str, &Interface> {
        let package = &self.resolve.packages[self.package];
        package.interfaces.iter().map(|(name, id)| (name.as_str(), &self.resolve.interfaces[*id])).collect()
    }

    /// The worlds by name.
    pub(crate) fn worlds(&self) -> BTreeMap<&str, &World> {
        let package = &self.resolve.packages[self.package];
        package.worlds.iter().map(|(name, id)| (name.as_str(), &self.resolve.worlds[*id])).collect()
    }

    /// The full name of an import or export of a world.
    pub(crate) fn name_of(&self, key: &WorldKey) -> String {
        self.resolve.name_world_key(key)
    }

    /// The type of that name.
    pub(crate) fn type_of(&self, interface: &Interface, name: &str) -> &TypeDef {
        &self.resolve.types[interface.types[name]]
    }

    /// Everything that has a name, with its comment; empty when it has none.
    ///
    /// `interface`, `interface.function`, `interface.type` and `interface.type.part`, where a method is named without its
    /// resource. Types that are only borrowed with `use` are left out. Where a function and a type share a name,
    /// the comments are put together.
    pub(crate) fn items(&self) -> BTreeMap<String, Vec<&str>> {
        let mut items: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for (interface, body) in self.interfaces() {
            items.insert(interface.to_owned(), vec![text(&body.docs)]);
            for function in body.functions.values() {
                let name = format!("{interface}.{}", function.item_name());
                items.entry(name).or_default().push(text(&function.docs));
            }
            for (name, id) in &body.types {
                let definition = &self.resolve.types[*id];
                if self.is_borrowed(definition) {
                    continue;
                }
                items.entry(format!("{interface}.{name}")).or_default().push(text(&definition.docs));
                for (part, docs) in parts(&definition.kind) {
                    items.insert(format!("{interface}.{name}.{part}"), vec![text(docs)]);
                }
            }
        }
        items
    }

    /// Whether a type only makes the name of another interface known.
    pub(crate) fn is_borrowed(&self, definition: &TypeDef) -> bool {
        let TypeDefKind::Type(Type::Id(id)) = definition.kind else { return false };
        self.resolve.types[id].owner != definition.owner
    }
}

/// The folder of the repository.
pub(crate) fn repository() -> PathBuf {
    // The guest crate lies directly in it.
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn text(docs: &Docs) -> &str {
    docs.contents.as_deref().unwrap_or_default()
}

fn parts(kind: &TypeDefKind) -> Vec<(&str, &Docs)> {
    match kind {
        TypeDefKind::Record(record) => record.fields.iter().map(|f| (f.name.as_str(), &f.docs)).collect(),
        TypeDefKind::Variant(variant) => variant.cases.iter().map(|c| (c.name.as_str(), &c.docs)).collect(),
        TypeDefKind::Enum(cases) => cases.cases.iter().map(|c| (c.name.as_str(), &c.docs)).collect(),
        TypeDefKind::Flags(flags) => flags.flags.iter().map(|f| (f.name.as_str(), &f.docs)).collect(),
        _ => Vec::new(),
    }
}
