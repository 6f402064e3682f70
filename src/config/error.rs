//! What can be wrong with settings, each in one line and without any value.

use std::fmt;
use std::path::PathBuf;

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The settings file cannot be read.
    #[error("{}: cannot be read: {reason}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// Why.
        reason: std::io::Error,
    },
    /// The settings file is no TOML.
    #[error("{}{}, line {line}: {reason}", prefix(path.as_ref()), file.display())]
    Syntax {
        /// The key on that line, where it is a known one.
        path: Option<String>,
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What the parser says.
        reason: String,
    },
    /// No such key.
    #[error("{path}: unknown setting{origin}")]
    Unknown {
        /// The key's full path.
        path: String,
        /// Who named it.
        origin: Origin,
    },
    /// A value that cannot be used.
    #[error("{path}: expected {expected}{origin}")]
    Bad {
        /// The key's full path.
        path: String,
        /// What it should be.
        expected: String,
        /// Who set it.
        origin: Origin,
    },
    /// A secret and its `_file` twin in one layer.
    #[error("{path} and {path}_file: expected only one of the two{origin}")]
    Twins {
        /// The secret's full path.
        path: String,
        /// Who set the twin.
        origin: Origin,
    },
    /// A secret's file cannot be read.
    #[error("{path}_file: cannot read {}: {reason}{origin}", file.display())]
    SecretFile {
        /// The secret's full path.
        path: String,
        /// The file it names.
        file: PathBuf,
        /// Why.
        reason: std::io::Error,
        /// Who named the file.
        origin: Origin,
    },
}

/// Which layer set a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The compiled defaults.
    Default,
    /// This settings file.
    File(PathBuf),
    /// This environment variable.
    Environment(String),
    /// The command line.
    Flag,
}

/// As the end of a message: ` (set by …)`; nothing for a default.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => Ok(()),
            Self::File(file) => write!(f, " (set in {})", file.display()),
            Self::Environment(name) => write!(f, " (set by {})", name.escape_debug()),
            Self::Flag => f.write_str(" (set on the command line)"),
        }
    }
}

fn prefix(path: Option<&String>) -> String {
    path.map(|path| format!("{path}: ")).unwrap_or_default()
}
