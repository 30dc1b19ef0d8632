//! How many passwords may be tried and set.

use std::time::Duration;

use super::tokens::PASSWORD;
use super::*;
use crate::ErrorKind;
use crate::access::places::Claimant;
use crate::access::{Secret, TokenRefusal};

#[tokio::test]
async fn wrong_passwords_are_limited_per_user_and_address() {
    let house = House::with_ada().await;
    let (now, source) = (house.clock.now(), Some(SOURCE.parse().unwrap()));
    // What 29 wrong ones leave behind, without the time that hashing takes.
    for _ in 0..29 {
        house
            .service
            .access
            .failed_password("main/ada", source, now);
    }
    let wrong = house
        .ask(|ask| ask.password = Secret::new("wrong horse"))
        .await;
    assert!(matches!(wrong, Err(TokenRefusal::WrongPassword)));
    let right = house.ask(|_| {}).await;
    let Err(TokenRefusal::Throttled(throttled)) = right else {
        panic!("{right:?}");
    };
    assert_eq!(throttled.retry_after, Duration::from_secs(2));
    assert!(house.ask(|ask| ask.source = None).await.is_ok());
    house.clock.advance(throttled.retry_after);
    assert!(house.ask(|_| {}).await.is_ok());
}

#[tokio::test]
async fn wrong_passwords_of_ever_new_names_are_limited_per_address() {
    let house = House::with_ada().await;
    let (now, source) = (house.clock.now(), Some("2001:db8::1".parse().unwrap()));
    for number in 0..299 {
        let tried = format!("main/{number}");
        house.service.access.failed_password(&tried, source, now);
    }
    let from = async |address: &str, password: &str| {
        let asked = house.ask(|ask| {
            ask.password = Secret::new(password);
            ask.source = Some(address.parse().unwrap());
        });
        asked.await.map(drop)
    };
    let wrong = from("2001:db8::1", "wrong horse").await;
    assert!(matches!(wrong, Err(TokenRefusal::WrongPassword)));
    // From the same network.
    let right = from("2001:db8::2", PASSWORD).await;
    let Err(TokenRefusal::Throttled(throttled)) = right else {
        panic!("{right:?}");
    };
    assert_eq!(throttled.retry_after, Duration::from_millis(200));
    assert!(from("2001:db8:0:1::1", PASSWORD).await.is_ok());
    // Calls that are signed are counted by themselves.
    house.service.may_try("key", source).unwrap();
    house.clock.advance(throttled.retry_after);
    assert!(from("2001:db8::2", PASSWORD).await.is_ok());
}

#[tokio::test]
async fn one_address_holds_a_share_of_the_queue_and_so_does_one_account() {
    let house = House::with_ada().await;
    let places = &house.service.access.passwords.places;
    let take_all = |claimant| std::iter::from_fn(move || places.take(claimant).ok());
    let source: Option<std::net::IpAddr> = Some(SOURCE.parse().unwrap());
    let taken: Vec<_> = take_all(Claimant::Address(source.into())).collect();
    assert_eq!(taken.len(), 8);
    let full = house.ask(|_| {}).await;
    assert!(matches!(full, Err(TokenRefusal::Throttled(_))), "{full:?}");
    assert!(house.ask(|ask| ask.source = None).await.is_ok());
    house.set_password(PASSWORD).await;
    drop(taken);

    let taken: Vec<_> = take_all(Claimant::Account(house.account)).collect();
    assert_eq!(taken.len(), 8);
    let (service, password) = (&house.service, Some(Secret::new(PASSWORD)));
    let (ada, bob) = (user_name("ada"), user_name("bob"));
    let made = service.create_user(house.root(), None, bob.clone(), password.clone());
    assert_eq!(made.await.unwrap_err().kind, ErrorKind::Unavailable);
    let set = service.set_user_password(house.root(), None, &ada, password);
    assert_eq!(set.await.unwrap_err().kind, ErrorKind::Unavailable);
    // What needs no hash needs no place.
    let made = service.create_user(house.root(), None, bob, None);
    made.await.unwrap();
    assert!(house.ask(|_| {}).await.is_ok());
}
