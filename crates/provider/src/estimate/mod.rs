//! About how many tokens a call used whose provider doesn't say it: the text that
//! went out and came back, counted with a tokenizer. What isn't text (pictures,
//! sound) and what never came by (hidden reasoning) isn't counted.
//!
//! One tokenizer stands for all models, OpenAI's: others count some percent more
//! or fewer. It is loaded when it is first needed (0.1 s, 24 MB), which with most
//! providers is never. Metering only: nothing here may decide what is allowed.

mod asked;
mod said;

use std::sync::LazyLock;

use tiktoken::CoreBpe;

pub use self::{asked::Asked, said::Said};

/// Of a longer text only so many bytes are counted, and the rest is taken to be
/// like them: a call's end must not hold up the other calls.
const SAMPLE: usize = 32 * 1024;

static TOKENIZER: LazyLock<CoreBpe> = LazyLock::new(tiktoken::encoding::o200k_base);

fn tokens(text: &str) -> u64 {
    if text.is_empty() { 0 } else { TOKENIZER.count(text) as u64 }
}

/// What `count`, of `sample` bytes, is of `all`.
fn scaled(count: u64, sample: usize, all: usize) -> u64 {
    if all <= sample {
        return count;
    }
    let all = u128::from(count) * all as u128 / sample.max(1) as u128;
    u64::try_from(all).unwrap_or(u64::MAX)
}
