//! Big segments for JavaScript. Answers come through a mailbox, as those of a store do.

use std::sync::{Arc, OnceLock};

use napi::bindgen_prelude::*;
use napi_derive::napi;
use serde_json::json;

use super::{NativeOptions, call_client, mailbox_for, node_roots, tell};
use crate::big_segments::{BigSegmentTable, BigSegments};
use crate::clock::Clock;
use crate::config::Config;
use crate::dynamodb::{GivenClient, SdkDynamoDb};
use crate::mailbox::Mailbox;
use crate::stats::Stats;

/// A store of big segments.
#[napi]
pub struct NativeBigSegmentStore {
    segments: Arc<BigSegments>,
    mailbox: Arc<Mailbox>,
}

#[napi]
impl NativeBigSegmentStore {
    /// The arguments are those of a `NativeStore`.
    #[napi(
        constructor,
        catch_unwind,
        ts_args_type = "options: NativeOptions, deliver: (text: string | null) => void, rootCertificates: () => string, client?: (request: string) => Promise<string>"
    )]
    pub fn new(
        options: NativeOptions,
        deliver: Function<(), ()>,
        root_certificates: Function<(), String>,
        client: Option<Function<String, Promise<String>>>,
    ) -> Result<Self> {
        let mailbox = mailbox_for(&deliver, Arc::new(OnceLock::new()))?;
        let node_roots = node_roots(&root_certificates)?;
        let (config, stats) = (Config::from(options), Arc::new(Stats::default()));
        let table: Arc<dyn BigSegmentTable> = match client {
            Some(client) => Arc::new(GivenClient::new(&config, call_client(&client)?, stats)),
            None => {
                let own =
                    SdkDynamoDb::new(&config, node_roots, mailbox.clone(), Clock::system(), stats);
                spawn(own.connect());
                Arc::new(own)
            }
        };
        Ok(Self { segments: Arc::new(BigSegments::new(&config, table)), mailbox })
    }

    /// What waits in the mailbox.
    #[napi(catch_unwind)]
    pub fn take(&self) -> Option<String> {
        self.mailbox.take(None)
    }

    /// When the big segments were last known to be up to date: milliseconds since the Unix epoch, or
    /// `null`.
    #[napi(catch_unwind)]
    pub fn last_up_to_date(&self, id: u32) {
        let segments = Arc::clone(&self.segments);
        tell(
            &self.mailbox,
            id,
            async move { segments.last_up_to_date().await.map(|time| json!(time)) },
        );
    }

    /// Which big segments a context is in: an object of references, or `null`.
    #[napi(catch_unwind)]
    pub fn membership(&self, id: u32, hash: String) {
        let segments = Arc::clone(&self.segments);
        tell(
            &self.mailbox,
            id,
            async move { segments.membership(&hash).await.map(|is| json!(is)) },
        );
    }
}
