//! The custom sections of the components that are shipped: what only debuggers read goes, what tools and registries
//! show about a component comes.

/// `\0asm` with the version and layer of a component.
const PREAMBLE: usize = 8;

/// Drops the custom sections: the names of a component's parts are 50 KB, and cargo's `strip` leaves them.
pub(crate) fn without_custom(component: &[u8]) -> Result<Vec<u8>, String> {
    let truncated = || "a component ends inside a section".to_owned();
    let (preamble, mut rest) = component.split_at_checked(PREAMBLE).ok_or_else(truncated)?;
    let mut kept = preamble.to_vec();
    while let Some(&id) = rest.first() {
        let (length, length_bytes) = number(&rest[1..]).ok_or_else(truncated)?;
        let (section, after) = rest.split_at_checked(1 + length_bytes + length).ok_or_else(truncated)?;
        // Custom sections have the number 0 and no meaning for whoever runs the component.
        if id != 0 {
            kept.extend_from_slice(section);
        }
        rest = after;
    }
    Ok(kept)
}

/// Adds what `wasm-tools metadata show` and registries of OCI artefacts show, and `documentation`, which `wasm-tools
/// component wit` puts above the world. (Nothing carries comments on the interfaces of a component that runs.)
pub(crate) fn describe(component: &mut Vec<u8>, about: &About<'_>) {
    // Subsection 0 of the name section of components is the name of the component itself.
    let mut name = vec![0];
    name.extend(leb128(about.name.len() + leb128(about.name.len()).len()));
    name.extend(leb128(about.name.len()));
    name.extend(about.name.as_bytes());
    add(component, "component-name", &name);
    add(component, "version", about.version.as_bytes());
    add(component, "description", about.description.as_bytes());
    add(component, "licenses", about.licenses.as_bytes());
    // The version of the format, then JSON; a component that is no WIT package has the world `root`.
    let text = about.documentation.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    add(
        component,
        "package-docs",
        format!("\u{1}{{\"worlds\":{{\"root\":{{\"docs\":\"{text}\"}}}}}}").as_bytes(),
    );
}

/// What a component says about itself.
pub(crate) struct About<'a> {
    /// Its name.
    pub(crate) name: &'a str,
    /// Its version.
    pub(crate) version: &'a str,
    /// One sentence.
    pub(crate) description: &'a str,
    /// An SPDX expression.
    pub(crate) licenses: &'a str,
    /// Paragraphs in Markdown, without control characters other than line feeds.
    pub(crate) documentation: &'a str,
}

fn add(component: &mut Vec<u8>, name: &str, content: &[u8]) {
    let length = leb128(name.len());
    component.push(0);
    component.extend(leb128(length.len() + name.len() + content.len()));
    component.extend(length);
    component.extend(name.as_bytes());
    component.extend(content);
}

/// A number in LEB128, and how many bytes it takes.
fn number(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut value = 0;
    for (index, byte) in bytes.iter().take(5).enumerate() {
        value |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((value, index + 1));
        }
    }
    None
}

fn leb128(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(value & 0x7f).unwrap_or_default();
        value >>= 7;
        if value == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}
