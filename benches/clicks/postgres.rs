//! PostgreSQL databases of the benchmark's own, made and dropped on a server that is lent.

use std::str::FromStr;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};
use url::Url;

use crate::Outcome;

/// Two empty databases.
pub struct Databases {
    connection: PgConnection,
    server: Url,
    names: [String; 2],
}

impl Databases {
    /// Creates them beside the database that `server` names.
    pub async fn create(server: &str) -> Outcome<Self> {
        let mut connection = PgConnectOptions::from_str(server)?.connect().await?;
        let names =
            ["ours", "naive"].map(|part| format!("entrypass_bench_{}_{part}", std::process::id()));
        for name in &names {
            connection
                .execute(AssertSqlSafe(format!("CREATE DATABASE {name}")))
                .await?;
        }
        Ok(Self {
            connection,
            server: Url::parse(server)?,
            names,
        })
    }

    /// Their URLs: Entrypass's own first, then the reference's.
    pub fn urls(&self) -> [String; 2] {
        self.names.clone().map(|name| {
            let mut url = self.server.clone();
            url.set_path(&name);
            url.into()
        })
    }

    /// Drops them with all their connections.
    pub async fn drop(mut self) -> Outcome<()> {
        for name in &self.names {
            let statement = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
            self.connection.execute(AssertSqlSafe(statement)).await?;
        }
        Ok(self.connection.close().await?)
    }
}
