//! Embeds the host: runs a component that imports `node:http`, until Ctrl-C.

use node_http_host::{BATCHED_COMPONENT, Ctx, Host, Policy, Result, plug, wasmtime::bail};

fn main() -> Result<()> {
    let Some(file) = std::env::args_os().nth(1) else { bail!("usage: embed app.wasm") };
    let component = plug(&std::fs::read(file)?, BATCHED_COMPONENT)?; // for this host; `COMPONENT` is for any
    let app = Host::new()?.load(&component)?; // compiled once, to be run as often as you like

    let mut policy = Policy::default(); // nothing is allowed …
    policy.allow_listen("*:8080".parse()?); // … but this
    let ctx = Ctx::builder().env("PORT", "8080").policy(policy).inherit_stdio().build();

    let drain = ctx.drain().clone();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let exit = runtime.block_on(async {
        tokio::spawn(async move {
            let _ = tokio::signal::ctrl_c().await;
            drain.start(); // answers what is under way, then the component's `run` returns
        });
        app.run(ctx).await
    })?;
    println!("{exit:?}");
    Ok(())
}
