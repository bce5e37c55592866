//! Redis over TLS, as it is run: the real binary, a real Redis, and an authority that `SSL_CERT_FILE` names.

use std::path::Path;
use std::process::{Command, Output};

use redis_servers::Plain;

use crate::service::{CHANNEL, Service, eventually};

/// The binary with its store over TLS, trusting an authority and nobody else.
fn trusting(service: &Service, redis: &Plain, authority: &Path) -> Command {
    let mut command = service.command();
    command.env("PAGERSLACK_STORE", redis.url()).env("SSL_CERT_FILE", authority);
    command
}

fn said(output: &Output) -> String {
    String::from_utf8([&output.stdout[..], &output.stderr[..]].concat()).unwrap()
}

/// Given a Redis over TLS whose authority stands in `SSL_CERT_FILE`, when an incident is reported, then somebody is
/// asked; `doctor` finds the store sound and `store count` counts in it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_over_tls_serves() {
    let redis = Plain::builder().tls().password("s3cret").start().await.unwrap();
    let service = Service::prepare().await;
    let command = || trusting(&service, &redis, redis.authority().unwrap());
    let process = service.spawn(command());
    service.ready().await;
    service.report("https://incident.example/1");
    let asked = || service.slack.read(|world| world.messages(CHANNEL).len() >= 2);
    eventually("somebody is asked", || async { asked().then_some(()) }).await;
    let count = command().args(["store", "count", "configured"]).output().unwrap();
    assert!(count.status.success() && said(&count).contains("holds 1 incident"), "{}", said(&count));
    let doctor = said(&command().arg("doctor").output().unwrap());
    assert!(doctor.contains("rediss://…@") && !doctor.contains("certificate"), "{doctor}");
    drop(process);
    for text in [service.log(), said(&count), doctor] {
        assert!(!text.contains("s3cret"), "{text}");
    }
}

/// Given another authority is trusted, or the file of authorities is not there, then nothing is started, and one line
/// says what to do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_that_nobody_vouches_for_is_said() {
    let redis = Plain::builder().tls().password("s3cret").start().await.unwrap();
    let other = Plain::builder().tls().start().await.unwrap();
    let service = Service::prepare().await;
    let command = || trusting(&service, &redis, other.authority().unwrap());
    let refused = service.refuses_to_serve(command()).await;
    let count = command().args(["store", "count", "configured"]).output().unwrap();
    let doctor = command().arg("doctor").output().unwrap();
    assert!(!count.status.success() && !doctor.status.success());
    for text in [refused, said(&count), said(&doctor)] {
        assert!(
            text.contains("name a PEM file in SSL_CERT_FILE that holds the authority that signed it"),
            "{text}"
        );
        assert!(!text.contains("s3cret"), "{text}");
    }
    let missing = Path::new("/nowhere/authority.pem");
    let refused = service.refuses_to_serve(trusting(&service, &redis, missing)).await;
    assert!(refused.contains("/nowhere/authority.pem"), "{refused}");
}
