//! What kinds of calls there are where their use is told, and the service tiers
//! of providers. Both stand as one byte in the usage journal and as a word in
//! the database and the API; neither number nor word ever changes.

macro_rules! codes {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $code:literal $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
        pub enum $name { $($(#[$variant_doc])* $variant,)* }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its byte in the usage journal.
            pub const fn code(self) -> u8 {
                match self { $(Self::$variant => $code,)* }
            }

            /// What a byte of the usage journal stands for; the default for one
            /// that a newer program wrote.
            pub fn from_code(code: u8) -> Self {
                Self::ALL.iter().copied().find(|known| known.code() == code).unwrap_or_default()
            }

            /// Its word.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// What a word stands for.
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.as_str() == word)
            }
        }
    };
}

codes! {
    /// Under which of the API's kinds of usage a call is told.
    CallKind {
        /// Chat completions, completions, responses and messages.
        #[default]
        Completions = 0 "completions",
        /// Embeddings.
        Embeddings = 1 "embeddings",
        /// Moderations.
        Moderations = 2 "moderations",
        /// Pictures made and changed.
        Images = 3 "images",
        /// Texts read aloud.
        AudioSpeeches = 4 "audio_speeches",
        /// Recordings written down, translated ones too.
        AudioTranscriptions = 5 "audio_transcriptions",
        /// Texts put in the order of their relevance.
        Rerank = 6 "rerank",
        /// What asks no model: counting tokens, files, batches, stored responses.
        Other = 7 "other",
    }
}

codes! {
    /// The service tier that a provider says it answered in.
    ServiceTier {
        /// It said nothing.
        #[default]
        Unsaid = 0 "",
        /// The usual one; Anthropic calls it `standard`.
        Usual = 1 "default",
        /// Slower and cheaper.
        Flex = 2 "flex",
        /// Faster and dearer.
        Priority = 3 "priority",
        /// Reserved units.
        Scale = 4 "scale",
        /// Faster and dearer, as OpenAI calls it for some models.
        Fast = 5 "fast",
        /// Part of a batch.
        Batch = 6 "batch",
        /// Another one, of whatever name.
        Other = 7 "other",
    }
}

impl ServiceTier {
    /// The tier that a provider's answer names.
    pub fn answered(word: &str) -> Self {
        match word {
            "" | "auto" => Self::Unsaid,
            "standard" => Self::Usual,
            word => Self::parse(word).unwrap_or(Self::Other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_words_lead_back() {
        for kind in CallKind::ALL {
            assert_eq!(CallKind::from_code(kind.code()), *kind);
            assert_eq!(CallKind::parse(kind.as_str()), Some(*kind));
        }
        for tier in ServiceTier::ALL {
            assert_eq!(ServiceTier::from_code(tier.code()), *tier);
            assert_eq!(ServiceTier::parse(tier.as_str()), Some(*tier));
        }
        assert_eq!(ServiceTier::from_code(200), ServiceTier::Unsaid);
        assert_eq!(
            ["standard", "auto", "default", "turbo"].map(ServiceTier::answered),
            [ServiceTier::Usual, ServiceTier::Unsaid, ServiceTier::Usual, ServiceTier::Other]
        );
    }
}
