//! Embeds the host: runs a component that imports `node:http`, until Ctrl-C.

use node_http_host::{Ctx, Host, Policy, Result, wasmtime::bail};

fn main() -> Result<()> {
    let Some(file) = std::env::args_os().nth(1) else { bail!("usage: embed app.wasm") };
    let app = Host::new()?.load_with_node_http(&std::fs::read(file)?)?; // compiled once, to be run as often as you like

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
