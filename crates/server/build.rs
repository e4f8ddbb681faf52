//! Tells the binary whether there is a GraphiQL to embed. It isn't committed: `make graphiql`.

fn main() {
    println!("cargo::rerun-if-changed=assets");
    println!("cargo::rustc-check-cfg=cfg(graphiql)");
    if std::path::Path::new("assets/graphiql.html.gz").exists() {
        println!("cargo::rustc-cfg=graphiql");
    }
}
