//! Told to stop, as an orchestrator tells it: the real binary is taken out of service first, and stops then.

use std::process::{Command, Stdio};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::service::{Process, Service, eventually, exited, terminate};
use crate::wire::page;

async fn serve(service: &Service, drain: &str) -> Process {
    let mut command = service.command();
    command.env("PAGERSLACK_SHUTDOWN_DRAIN", drain);
    let process = service.spawn(command);
    service.ready().await;
    process
}

/// The monitor is told that nothing should be sent here any more, while everything is still taken.
async fn is_out_of_service(service: &Service) {
    eventually("503", || async {
        let (status, said) = service.asked("/readyz").await?;
        (status == 503 && said == "starting or stopping\n").then_some(())
    })
    .await;
    assert_eq!(service.asked("/healthz").await.unwrap().0, 200, "it lives");
}

async fn answer(mut stream: TcpStream) -> String {
    let mut said = String::new();
    tokio::time::timeout(Duration::from_secs(10), stream.read_to_string(&mut said)).await.unwrap().unwrap();
    said
}

/// Given a request under way and an order to stop, then `/readyz` says 503, the request and a report that comes after
/// the order are served, somebody is paged, and the process ends well within ten seconds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_taken_out_of_service_before_it_stops() {
    let service = Service::prepare().await;
    let mut process = serve(&service, "3 s").await;
    let mut under_way = TcpStream::connect(service.listen).await.unwrap();
    under_way.write_all(b"GET /healthz HTTP/1.1\r\nhost: bot\r\n").await.unwrap();

    terminate(&process);
    is_out_of_service(&service).await;
    service.report("https://i.example/1");
    page(&service.slack).await;
    let told = service.slack.read(|world| world.ephemeral_transcript("U001"));
    assert!(told.contains("On it"), "{told}");
    under_way.write_all(b"connection: close\r\n\r\n").await.unwrap();
    assert!(answer(under_way).await.starts_with("HTTP/1.1 200"));

    let status = exited(&mut process, Duration::from_secs(10)).await;
    assert!(status.success(), "{status}: {}", service.log());
    assert!(service.asked("/healthz").await.is_none(), "nobody is there any more");
}

/// Given a request of which half has come when the door closes, then its other half is waited for and it is answered;
/// nobody new is let in meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_under_way_when_the_door_closes_is_answered() {
    let service = Service::prepare().await;
    let mut process = serve(&service, "0 s").await;
    let mut under_way = TcpStream::connect(service.listen).await.unwrap();
    let head = "POST /slack/events HTTP/1.1\r\nhost: bot\r\ncontent-length: 8\r\n\r\nhalf";
    under_way.write_all(head.as_bytes()).await.unwrap();
    // Answered after the half has arrived: it has been read by then.
    assert_eq!(service.asked("/healthz").await.unwrap().0, 200);
    terminate(&process);
    eventually("a closed door", || async { service.asked("/healthz").await.is_none().then_some(()) }).await;
    under_way.write_all(b"half").await.unwrap();
    assert!(answer(under_way).await.starts_with("HTTP/1.1 401"), "it was read to its end, and is not signed");
    assert!(exited(&mut process, Duration::from_secs(10)).await.success());
}

/// Given an order to stop and a long drain, when the order is given again, by whatever signal, then it stops at once and
/// says so by its exit code.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn told_twice_it_stops_at_once() {
    let service = Service::prepare().await;
    for second in ["-TERM", "-INT"] {
        let mut process = serve(&service, "1 min").await;
        terminate(&process);
        is_out_of_service(&service).await;
        let signalled =
            Command::new("kill").args([second, &process.id().to_string()]).stdout(Stdio::null()).status();
        assert!(signalled.unwrap().success());
        assert_eq!(exited(&mut process, Duration::from_secs(5)).await.code(), Some(3), "{second}");
    }
    assert!(service.log().contains("told to stop again: stopping at once"), "{}", service.log());
    // The next one goes on.
    let mut process = serve(&service, "0 s").await;
    terminate(&process);
    assert!(exited(&mut process, Duration::from_secs(10)).await.success());
}
