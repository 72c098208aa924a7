//! ES modules: where a name leads, and what stands there. JavaScript decides both (`guest/js/runtime/modules.js`).

use rquickjs::{
    Ctx, Function, Module, Object, Result,
    loader::{Loader, Resolver},
    module::Declared,
};

/// Finds modules.
pub(crate) struct Paths;

/// Loads them.
pub(crate) struct Sources;

fn ask<'js>(ctx: &Ctx<'js>, what: &str, given: (&str, &str)) -> Result<String> {
    let modules: Object<'js> = ctx.globals().get("__modules")?;
    modules.get::<_, Function<'js>>(what)?.call(given)
}

impl Resolver for Paths {
    fn resolve<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        base: &str,
        name: &str,
        _attributes: Option<rquickjs::loader::ImportAttributes<'js>>,
    ) -> Result<String> {
        ask(ctx, "resolve", (base, name))
    }
}

impl Loader for Sources {
    fn load<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        name: &str,
        _attributes: Option<rquickjs::loader::ImportAttributes<'js>>,
    ) -> Result<Module<'js, Declared>> {
        let source = ask(ctx, "source", (name, ""))?;
        let module = Module::declare(ctx.clone(), name, source)?;
        module.meta()?.set("url", ask(ctx, "url", (name, ""))?)?;
        Ok(module)
    }
}
