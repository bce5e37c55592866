//! No server outlives whoever started it: not a value that is dropped, not a panic, not a process that is killed.

use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use redis_servers::{PATIENCE, Plain, eventually};

fn listens(address: SocketAddr) -> bool {
    TcpStream::connect(address).is_ok()
}

#[tokio::test]
async fn a_server_ends_when_it_is_dropped() {
    let server = Plain::start().await.unwrap();
    let (address, folder) = (server.address(), server.folder().to_owned());
    assert!(listens(address) && folder.exists());
    drop(server);
    assert!(!listens(address) && !folder.exists());
}

#[tokio::test]
async fn a_server_ends_when_its_test_panics() {
    let (tell, told) = tokio::sync::oneshot::channel();
    let test = tokio::spawn(async move {
        let server = Plain::start().await.unwrap();
        tell.send(server.address()).unwrap();
        assert!(!server.is_running(), "as a test fails");
    });
    let address = told.await.unwrap();
    assert!(test.await.unwrap_err().is_panic());
    assert!(!listens(address));
}

#[tokio::test]
async fn servers_end_when_their_process_is_killed() {
    let (mut process, address, folder) = somebody_else();
    assert!(listens(address) && folder.exists());
    process.kill().unwrap();
    process.wait().unwrap();
    gone(address, &folder).await;
}

#[tokio::test]
async fn servers_end_when_their_process_ends() {
    let (mut process, address, folder) = somebody_else();
    drop(process.stdin.take());
    assert!(process.wait().unwrap().success());
    gone(address, &folder).await;
}

/// Another process with a server; where that listens, and the folder of all of that process' servers.
fn somebody_else() -> (Child, SocketAddr, PathBuf) {
    let mut process = Command::new(env!("CARGO_BIN_EXE_redis-servers"))
        .arg("plain")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let mut line = || lines.next().unwrap().unwrap();
    let address = line().strip_prefix("redis://").unwrap().trim_end_matches('/').parse().unwrap();
    let socket = line().strip_prefix("redis+unix://").unwrap().to_owned();
    let folder = Path::new(&socket).ancestors().nth(2).unwrap().to_owned();
    (process, address, folder)
}

async fn gone(address: SocketAddr, folder: &Path) {
    let look = || async {
        anyhow::ensure!(!listens(address), "the server still listens");
        anyhow::ensure!(!folder.exists(), "the folder is still there");
        Ok(())
    };
    eventually("the server is gone with its folder", PATIENCE, look).await.unwrap();
}
