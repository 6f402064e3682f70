//! `entrypass link import --idempotency-key`: the same import asked for again makes nothing again.

use actix_web::web::Bytes;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{Context, Failure};
use crate::domain::id::KeyId;
use crate::store::idempotency::Begun;
use crate::web::api::bulk_made::Receipt;
use crate::web::api::idempotent::while_it_runs;

/// In the place of an API key: whoever has the database has all of them.
const COMMAND_LINE: KeyId = KeyId::new(Uuid::nil());

/// An import that is made once.
pub struct Once<'a> {
    context: &'a Context,
    key: &'a str,
}

/// How it begins.
pub enum Beginning {
    /// It is made with this seed.
    First(Uuid),
    /// It was made from this.
    Made(Receipt),
}

impl<'a> Once<'a> {
    /// The import of that key; `said` is what was said of the file on the command line.
    pub async fn begin(
        context: &'a Context,
        key: &'a str,
        said: &str,
        file: &Bytes,
    ) -> Result<(Self, Beginning), Failure> {
        let digest = Sha256::new().chain_update(said).chain_update([0]);
        let print = hex::encode(digest.chain_update(file).finalize());
        let (store, clock) = (&context.store, &context.clock);
        let proposed = clock.uuid().to_string();
        let begun = store.begin_idempotent(COMMAND_LINE, key, &print, &proposed, clock.now());
        let wrong = "the answer kept under this idempotency key cannot be read";
        let beginning = match begun.await? {
            Begun::First(seed) => {
                Beginning::First(Uuid::try_parse(&seed).map_err(|_| Failure::new(wrong))?)
            }
            Begun::Answered(kept) => {
                Beginning::Made(serde_json::from_str(&kept).map_err(|_| Failure::new(wrong))?)
            }
            Begun::InProgress => {
                return Err(Failure::new(
                    "the import of this idempotency key is being made, or died less than two minutes ago: try again then",
                ));
            }
            Begun::Mismatch => {
                return Err(Failure::new(
                    "this idempotency key was used for another file or with other options",
                ));
            }
        };
        Ok((Self { context, key }, beginning))
    }

    /// Makes it.
    pub async fn make<T>(
        &self,
        seed: Uuid,
        work: impl Future<Output = Result<(T, Receipt), Failure>>,
    ) -> Result<T, Failure> {
        let (store, clock) = (&self.context.store, &self.context.clock);
        let made = while_it_runs(store, clock, (COMMAND_LINE, self.key), seed, work).await;
        let ended = match &made {
            Err(failure) if !failure.is_unsure => {
                store.free_idempotent(COMMAND_LINE, self.key).await
            }
            made => {
                let kept = made.as_ref().ok().map(|(_, receipt)| receipt);
                let kept = kept.map(|r| serde_json::to_string(r).expect("it is plain text"));
                let now = clock.now();
                let end = store.end_idempotent(COMMAND_LINE, self.key, kept.as_deref(), None, now);
                end.await
            }
        };
        let (made, _) = made?;
        ended?;
        Ok(made)
    }
}
