//! Terms of links clicked lately, but for those made for one person. They never change, and what does change is asked where
//! a use is spent, so nothing here can be out of date.

use std::sync::Arc;

use quick_cache::sync::Cache;

use crate::domain::link::LinkTerms;
use crate::domain::slug::Slug;
use crate::store::{Store, StoreError};

/// Links remembered: a few MB at most.
const CAPACITY: usize = 4096;

/// A bounded cache of [`LinkTerms`] by slug.
#[derive(Debug)]
pub struct LinkCache(Cache<Slug, Arc<LinkTerms>>);

impl LinkCache {
    /// An empty cache.
    #[must_use]
    pub fn new() -> Self {
        Self(Cache::new(CAPACITY))
    }

    /// The terms of the link with that slug, also of one that is over. Unknown slugs are not remembered.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn terms(
        &self,
        store: &Store,
        slug: &Slug,
    ) -> Result<Option<Arc<LinkTerms>>, StoreError> {
        if let Some(terms) = self.0.get(slug) {
            return Ok(Some(terms));
        }
        let Some(link) = store.link_by_slug(slug).await? else {
            return Ok(None);
        };
        let terms = Arc::new(link.terms);
        // One person's link is opened a few times at most, and what it knows of them may be erased on another node.
        if terms.token.client_id().is_none() {
            self.0.insert(slug.clone(), terms.clone());
        }
        Ok(Some(terms))
    }
}

impl Default for LinkCache {
    fn default() -> Self {
        Self::new()
    }
}
