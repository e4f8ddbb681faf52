//! The audits of the GraphQL-over-HTTP specification, in Node.

use std::path::Path;
use std::process::Command;

use plaudit_server::http::serve;
use tokio::net::TcpListener;

use crate::served::Served;

/// Skipped where npm or its registry isn't there, unless `PLAUDIT_REQUIRE` names `node`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_passes_every_audit_of_graphql_over_http() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/graphql", listener.local_addr().unwrap());
    let app = Served::new().await.app();
    tokio::spawn(serve(listener, app, std::future::pending()));

    let audit = tokio::task::spawn_blocking(move || audit(&url))
        .await
        .unwrap();
    match audit {
        Ok(report) => assert!(report.ends_with("61 passed, 0 failed\n"), "{report}"),
        Err(why) if required() => panic!("{why}"),
        Err(why) => plaudit_testing::skipped(&why),
    }
}

/// What the audit says, or why there is none.
fn audit(url: &str) -> Result<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/server/audit");
    let run = |program: &str, arguments: &[&str]| {
        let output = Command::new(program)
            .args(arguments)
            .current_dir(&folder)
            .output()
            .map_err(|error| format!("{program} can't be run: {error}"))?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let complained = String::from_utf8_lossy(&output.stderr).into_owned();
        Ok::<_, String>((output.status.success(), said, complained))
    };
    if !folder.join("node_modules/graphql-http").exists() {
        let (installed, _, complained) = run("npm", &["ci", "--no-audit", "--no-fund"])?;
        if !installed {
            return Err(format!("npm ci in {}: {complained}", folder.display()));
        }
    }
    let (_, said, complained) = run("node", &["audit.mjs", url])?;
    Ok(format!("{complained}{said}"))
}

fn required() -> bool {
    let required = std::env::var("PLAUDIT_REQUIRE").unwrap_or_default();
    required.split([',', ' ']).any(|part| part == "node")
}
