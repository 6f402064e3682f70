//! Who tries to get in too often waits, longer each time; nobody can make another wait.
//!
//! Wrong tries are counted for an account from an address, and for an address. Of an account alone only codes of the second
//! factor are counted, which takes the password, and recovery codes open all the same: whoever knows an email address, or a
//! password, could lock its owner out.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher as _};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::domain::timestamp::Timestamp;
use crate::web::limiter::bucket;

/// Wrong tries are remembered for 15 minutes.
const WINDOW_MS: i64 = 15 * 60_000;

/// So many wrong tries are free for an account from an address; a person mistypes.
const FREE: usize = 10;

/// So many for an address: an office has one.
const FREE_OF_ADDRESS: usize = 100;

/// The first wait, doubled with each wrong try more.
const WAIT_MS: i64 = 30_000;

/// So many codes of the second factor for a person from all addresses together, before that waits too. Whoever knows the
/// password can use them up; recovery codes are taken all the same.
const FREE_OF_PERSON: usize = 20;

/// After so many wrong codes without a right one, there is one try in [`WINDOW_MS`] from an address, from then on: what can be
/// guessed in months must not be guessed unseen.
const CODES_MAX: i64 = 30;

/// Counters kept at least before those that count nothing any more are forgotten.
const FORGET_AT: usize = 10_000;

/// Wrong tries by what they are counted for.
#[derive(Debug, Default)]
pub struct Throttle(Mutex<HashMap<u64, Vec<Timestamp>>>);

/// A try under way. It counts as wrong until it turns out right, so that many at once are no way around.
#[derive(Debug)]
pub struct Try {
    keys: Vec<u64>,
    at: Timestamp,
}

impl Throttle {
    /// Begins a try at an account from an address.
    ///
    /// # Errors
    /// After how many seconds to try again.
    pub fn begin(&self, account: &str, address: IpAddr, now: Timestamp) -> Result<Try, u32> {
        let address = bucket(address);
        self.count(
            &[
                (key((account, address)), FREE),
                (key(address), FREE_OF_ADDRESS),
            ],
            now,
        )
    }

    /// Begins a try at the second factor of somebody who knows the password: there are only a million codes. `wrong` is how
    /// many were wrong since the last right one, from wherever.
    ///
    /// # Errors
    /// After how many seconds to try again.
    pub fn begin_code(
        &self,
        person: &str,
        address: IpAddr,
        wrong: i64,
        now: Timestamp,
    ) -> Result<Try, u32> {
        let own = key(("code", person, bucket(address)));
        if wrong >= CODES_MAX
            && let Some(last) = self.counters().get(&own).and_then(|tries| tries.last())
            && is_recent(*last, now)
        {
            return Err(seconds(last.plus_millis(WINDOW_MS).millis() - now.millis()));
        }
        let of_person = (key(("code", person)), FREE_OF_PERSON);
        self.count(&[(own, FREE), of_person], now)
    }

    /// Begins a try with a recovery code. These cannot be guessed, so that nothing is counted for the person: somebody who
    /// knows the password shuts nobody out.
    ///
    /// # Errors
    /// After how many seconds to try again.
    pub fn begin_recovery(
        &self,
        person: &str,
        address: IpAddr,
        now: Timestamp,
    ) -> Result<Try, u32> {
        let address = bucket(address);
        let own = (key(("recovery", person, address)), FREE);
        self.count(&[own, (key(address), FREE_OF_ADDRESS)], now)
    }

    /// The try was right: the account's count begins anew.
    pub fn was_right(&self, attempt: &Try) {
        self.give_back(attempt);
        if let Some(own) = attempt.keys.first() {
            self.counters().remove(own);
        }
    }

    /// The gateway could not tell whether the try was right: it counts for nothing.
    pub fn give_back(&self, attempt: &Try) {
        let mut counters = self.counters();
        for key in &attempt.keys {
            if let Some(tries) = counters.get_mut(key)
                && let Some(at) = tries.iter().position(|at| *at == attempt.at)
            {
                tries.remove(at);
            }
        }
    }

    fn count(&self, wanted: &[(u64, usize)], now: Timestamp) -> Result<Try, u32> {
        let mut counters = self.counters();
        if counters.len() >= FORGET_AT {
            counters.retain(|_, tries| tries.iter().any(|at| is_recent(*at, now)));
        }
        let wait = wanted.iter().map(|(key, free)| {
            let tries = counters.entry(*key).or_default();
            tries.retain(|at| is_recent(*at, now));
            wait(tries, *free, now)
        });
        let wait = wait.max().unwrap_or_default();
        if wait > 0 {
            return Err(seconds(wait));
        }
        for (key, _) in wanted {
            counters.entry(*key).or_default().push(now);
        }
        let keys = wanted.iter().map(|(key, _)| *key).collect();
        Ok(Try { keys, at: now })
    }

    fn counters(&self) -> MutexGuard<'_, HashMap<u64, Vec<Timestamp>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long to wait after these wrong tries, in milliseconds.
fn wait(tries: &[Timestamp], free: usize, now: Timestamp) -> i64 {
    let (Some(last), Some(over)) = (tries.last(), tries.len().checked_sub(free)) else {
        return 0;
    };
    let doublings = u32::try_from(over).unwrap_or(u32::MAX).min(5);
    let wait = (WAIT_MS << doublings).min(WINDOW_MS);
    last.plus_millis(wait).millis() - now.millis()
}

fn seconds(ms: i64) -> u32 {
    u32::try_from((ms + 999) / 1000).unwrap_or(u32::MAX)
}

/// A time ahead is one of a clock that was set back since.
fn is_recent(at: Timestamp, now: Timestamp) -> bool {
    (0..WINDOW_MS).contains(&(now.millis() - at.millis()))
}

fn key(of: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const THERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(1_800_000_000_000 + ms)
    }

    #[test]
    fn the_eleventh_try_waits_and_the_wait_grows_and_ends() {
        let throttle = Throttle::default();
        for _ in 0..FREE {
            assert!(throttle.begin("ana", HERE, at(0)).is_ok());
        }
        assert_eq!(throttle.begin("ana", HERE, at(0)).unwrap_err(), 30);
        assert!(throttle.begin("ana", HERE, at(30_000)).is_ok());
        assert_eq!(throttle.begin("ana", HERE, at(30_000)).unwrap_err(), 60);
        assert!(throttle.begin("ana", HERE, at(30_000 + WINDOW_MS)).is_ok());
    }

    #[test]
    fn nobody_makes_another_wait() {
        let throttle = Throttle::default();
        for _ in 0..FREE {
            throttle.begin("ana", HERE, at(0)).unwrap();
        }
        assert!(throttle.begin("ana", HERE, at(1)).is_err());
        assert!(throttle.begin("ana", THERE, at(1)).is_ok());
        assert!(throttle.begin("bea", HERE, at(1)).is_ok());
    }

    #[test]
    fn an_address_that_tries_many_accounts_waits_too() {
        let throttle = Throttle::default();
        for n in 0..FREE_OF_ADDRESS {
            throttle.begin(&n.to_string(), HERE, at(0)).unwrap();
        }
        assert!(throttle.begin("ana", HERE, at(1)).is_err());
        assert!(throttle.begin("ana", THERE, at(1)).is_ok());
    }

    #[test]
    fn a_right_try_counts_for_nothing() {
        let throttle = Throttle::default();
        for _ in 0..10 * FREE_OF_ADDRESS {
            let attempt = throttle.begin("ana", HERE, at(0)).unwrap();
            throttle.was_right(&attempt);
        }
        for _ in 0..FREE {
            throttle.begin_code("ana", HERE, 0, at(0)).unwrap();
        }
        assert!(throttle.begin_code("ana", HERE, 0, at(0)).is_err());
        assert!(throttle.begin("ana", HERE, at(0)).is_ok());
    }

    #[test]
    fn a_try_that_got_no_answer_counts_for_nothing() {
        let throttle = Throttle::default();
        for _ in 0..=FREE {
            let attempt = throttle.begin("ana", HERE, at(0)).unwrap();
            throttle.give_back(&attempt);
        }
        for _ in 1..FREE {
            throttle.begin("ana", HERE, at(0)).unwrap();
        }
        let unanswered = throttle.begin("ana", HERE, at(0)).unwrap();
        throttle.give_back(&unanswered);
        throttle.begin("ana", HERE, at(0)).unwrap();
        assert!(throttle.begin("ana", HERE, at(0)).is_err());
    }

    #[test]
    fn after_many_wrong_codes_one_is_taken_in_a_quarter_of_an_hour() {
        let throttle = Throttle::default();
        throttle.begin_code("ana", HERE, CODES_MAX, at(0)).unwrap();
        let again = |ms| throttle.begin_code("ana", HERE, CODES_MAX, at(ms));
        assert_eq!(again(0).unwrap_err(), 900);
        assert_eq!(again(WINDOW_MS - 1).unwrap_err(), 1);
        assert!(again(WINDOW_MS).is_ok());
    }

    #[test]
    fn whoever_knows_the_password_shuts_nobody_out() {
        let throttle = Throttle::default();
        let code = |address, ms| throttle.begin_code("ana", address, CODES_MAX, at(ms));
        // From one address: the owner has tries of her own.
        code(HERE, 0).unwrap();
        assert!(code(HERE, 1).is_err() && code(THERE, 1).is_ok());
        // From many: few codes in all, and recovery codes still.
        let far = |n: u16| IpAddr::V4(std::net::Ipv4Addr::from(0xC633_6400 + u32::from(n)));
        let taken = (0..200).filter(|n| code(far(*n), 2).is_ok()).count();
        assert_eq!(taken, FREE_OF_PERSON - 2);
        for _ in 0..FREE {
            throttle.begin_recovery("ana", HERE, at(3)).unwrap();
        }
        assert!(throttle.begin_recovery("ana", HERE, at(3)).is_err());
        assert!(throttle.begin_recovery("ana", THERE, at(3)).is_ok());
    }
}
