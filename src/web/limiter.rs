//! A bound on clicks from one address: a bucket of N refilled evenly over a minute.
//!
//! Ours and not a crate's because a dead link must be able to ask without taking.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use crate::domain::timestamp::Timestamp;

/// Addresses remembered at least before those with a full bucket are forgotten.
const FORGET_AT: usize = 10_000;

const MINUTE_MS: i64 = 60_000;

/// Buckets by address.
#[derive(Debug)]
pub struct Limiter {
    per_minute: i64,
    /// When each bucket will be full again, in milliseconds: the later, the emptier.
    full_at: Mutex<FullAt>,
}

#[derive(Debug)]
struct FullAt {
    buckets: HashMap<IpAddr, f64>,
    /// With so many of them, those that are full again are forgotten.
    forget_at: usize,
}

impl Limiter {
    /// A limit of so many a minute; 0 is without limit.
    #[must_use]
    pub fn new(per_minute: u32) -> Self {
        Self {
            per_minute: i64::from(per_minute),
            full_at: Mutex::new(FullAt {
                buckets: HashMap::new(),
                forget_at: FORGET_AT,
            }),
        }
    }

    /// Takes one from the bucket of `address`.
    ///
    /// # Errors
    /// The bucket is empty; says after how many seconds it is not.
    pub fn take(&self, address: IpAddr, now: Timestamp) -> Result<(), u32> {
        self.ask(address, now, true)
    }

    /// Asks whether there is one in the bucket of `address`, without taking it.
    ///
    /// # Errors
    /// As [`Limiter::take`].
    pub fn peek(&self, address: IpAddr, now: Timestamp) -> Result<(), u32> {
        self.ask(address, now, false)
    }

    /// Puts back what [`Limiter::take`] took, when it turned out to be no click.
    pub fn put_back(&self, address: IpAddr) {
        if self.per_minute > 0 {
            let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(at) = full_at.buckets.get_mut(&bucket(address)) {
                *at -= self.step();
            }
        }
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "milliseconds since the epoch fit 53 bits"
    )]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "at most a minute"
    )]
    fn ask(&self, address: IpAddr, now: Timestamp, take: bool) -> Result<(), u32> {
        if self.per_minute == 0 {
            return Ok(());
        }
        let now = now.millis() as f64;
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        if full_at.buckets.len() >= full_at.forget_at {
            full_at.buckets.retain(|_, at| *at > now);
            // Where many clicks come from many addresses at once, not each click shall walk all of them.
            full_at.forget_at = FORGET_AT.max(2 * full_at.buckets.len());
        }
        let at = full_at.buckets.get_mut(&bucket(address)).map_or(now, |at| {
            // No bucket takes over a minute to fill: a later time is one of a clock that was set back since.
            *at = at.clamp(now, now + MINUTE_MS as f64);
            *at
        });
        let wait = at + self.step() - now - MINUTE_MS as f64;
        // A thousandth of a millisecond of slack for the sum of steps that are not whole.
        if wait > 0.001 {
            return Err((wait / 1000.0).ceil() as u32);
        }
        if take {
            full_at.buckets.insert(bucket(address), at + self.step());
        }
        Ok(())
    }

    #[expect(clippy::cast_precision_loss, reason = "both are small")]
    fn step(&self) -> f64 {
        MINUTE_MS as f64 / self.per_minute as f64
    }
}

/// One bucket for an IPv4 address, one for the /64 network of an IPv6 address: a household has that many.
pub(super) fn bucket(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6([a, b, c, d, 0, 0, 0, 0].into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(1_800_000_000_000 + ms)
    }

    #[test]
    fn a_bucket_of_n_lets_n_through_and_refills_evenly() {
        for n in [1, 3, 7, 60, 1000] {
            let limiter = Limiter::new(n);
            for _ in 0..n {
                assert_eq!(limiter.take(A, at(0)), Ok(()));
            }
            let wait = limiter.take(A, at(0)).unwrap_err();
            assert!(wait >= 1 && wait <= 60 / n + 1, "{n}: {wait}");
            let step = MINUTE_MS / i64::from(n) + 1;
            assert_eq!(limiter.take(A, at(step)), Ok(()), "{n}");
            assert!(limiter.take(A, at(step)).is_err(), "{n}");
        }
    }

    #[test]
    fn asking_and_putting_back_cost_nothing() {
        let limiter = Limiter::new(1);
        for _ in 0..5 {
            assert_eq!(limiter.peek(A, at(0)), Ok(()));
            assert_eq!(limiter.take(A, at(0)), Ok(()));
            limiter.put_back(A);
        }
        assert_eq!(limiter.take(A, at(0)), Ok(()));
        assert!(limiter.peek(A, at(0)).is_err());
    }

    #[test]
    fn a_clock_that_is_set_back_locks_nobody_out_for_longer_than_a_minute() {
        let limiter = Limiter::new(2);
        for _ in 0..2 {
            assert_eq!(limiter.take(A, at(0)), Ok(()));
        }
        let back = -60 * MINUTE_MS;
        assert_eq!(limiter.take(A, at(back)), Err(30));
        assert_eq!(limiter.take(A, at(back + MINUTE_MS / 2)), Ok(()));
    }

    #[test]
    fn full_buckets_are_forgotten_each_time_their_number_has_doubled() {
        let limiter = Limiter::new(60);
        let remembered = || limiter.full_at.lock().unwrap().buckets.len();
        let take = |count: u32, ms| {
            for n in 0..count {
                let address = std::net::Ipv4Addr::from_bits(n);
                assert_eq!(limiter.take(address.into(), at(ms)), Ok(()));
            }
        };
        // All of them lie in wait at once: nothing to forget, and no walk before there are twice as many.
        take(20_000, 0);
        assert_eq!(remembered(), 20_000);
        assert_eq!(limiter.full_at.lock().unwrap().forget_at, 20_000);
        // A second later all are full.
        take(1, 1001);
        assert_eq!(remembered(), 1);
        assert_eq!(limiter.full_at.lock().unwrap().forget_at, FORGET_AT);
    }

    #[test]
    fn zero_is_without_limit_and_a_network_of_ipv6_shares_one_bucket() {
        assert!((0..1000).all(|_| Limiter::new(0).take(A, at(0)).is_ok()));
        let limiter = Limiter::new(1);
        assert!(limiter.take("2001:db8::1".parse().unwrap(), at(0)).is_ok());
        assert!(limiter.take("2001:db8::2".parse().unwrap(), at(0)).is_err());
        assert!(
            limiter
                .take("2001:db8:0:1::2".parse().unwrap(), at(0))
                .is_ok()
        );
        assert!(limiter.take(A, at(0)).is_ok());
        assert!(
            limiter
                .take("::ffff:127.0.0.1".parse().unwrap(), at(0))
                .is_err()
        );
    }
}
