//! The listener's certificate: its two files, read at start and again when
//! they change, and until when it is valid. A pair that can't be used never
//! takes the place of one that can.

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context, Result};
use jiff::{SignedDuration, civil::DateTime, tz::TimeZone};
use keyward_domain::{Clock, Timestamp};
use keyward_gateway::ServerCertificate;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

/// Between two looks at the files.
pub const PERIOD: Duration = Duration::from_secs(5);
/// A certificate that ends within this time should be renewed by now.
pub const SOON: SignedDuration = SignedDuration::from_hours(14 * 24);

/// Where certificate and key stand.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// The certificate and those that signed it, in PEM.
    pub certificate: PathBuf,
    /// Its private key, in PEM.
    pub key: PathBuf,
}

/// What is shown to callers, and where it came from.
pub struct Shown {
    /// What the listener shows.
    pub certificate: Arc<ServerCertificate>,
    files: TlsFiles,
    pair: Pair,
}

/// What stands in the files.
#[derive(Clone, PartialEq, Eq)]
struct Pair {
    chain: Vec<u8>,
    key: Zeroizing<Vec<u8>>,
}

impl TlsFiles {
    /// Reads the files.
    pub fn load(&self) -> Result<Shown> {
        let pair = self.read()?;
        let certificate = ServerCertificate::from_pem(&pair.chain, &pair.key)
            .with_context(|| format!("{} can't be used", self.names()))?;
        Ok(Shown { certificate: Arc::new(certificate), files: self.clone(), pair })
    }

    fn read(&self) -> Result<Pair> {
        let read = |setting: &str, file: &PathBuf| {
            std::fs::read(file).with_context(|| format!("{setting} {} can't be read", file.display()))
        };
        Ok(Pair {
            chain: read("tls_certificate", &self.certificate)?,
            key: Zeroizing::new(read("tls_key", &self.key)?),
        })
    }

    fn names(&self) -> String {
        format!("tls_certificate {} and tls_key {}", self.certificate.display(), self.key.display())
    }
}

/// When a certificate is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// From then on.
    pub from: Timestamp,
    /// Until then.
    pub until: Timestamp,
}

/// When the certificate (X.509 in DER) is valid; `None` if it doesn't say so properly.
pub fn validity(certificate: &[u8]) -> Option<Validity> {
    const SEQUENCE: u8 = 0x30;
    let (certificate, _) = element(certificate, SEQUENCE)?;
    let (mut fields, _) = element(certificate, SEQUENCE)?;
    // The version is left out of the oldest kind.
    if let Some((_, rest)) = element(fields, 0xa0) {
        fields = rest;
    }
    for tag in [0x02, SEQUENCE, SEQUENCE] {
        // Serial number, algorithm, issuer.
        (_, fields) = element(fields, tag)?;
    }
    let (times, _) = element(fields, SEQUENCE)?;
    let (from, times) = time(times)?;
    let (until, _) = time(times)?;
    Some(Validity { from, until })
}

/// The content of the element that `der` begins with, if it is of that kind, and what follows it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let rest = der.strip_prefix(&[tag])?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}

fn time(der: &[u8]) -> Option<(Timestamp, &[u8])> {
    let (text, rest) = match element(der, 0x17) {
        Some((short, rest)) => {
            let short = std::str::from_utf8(short).ok()?;
            // Years of two digits are those from 1950 to 2049.
            let century = if short.get(..2)?.parse::<u8>().ok()? < 50 { "20" } else { "19" };
            (format!("{century}{short}"), rest)
        }
        None => {
            let (long, rest) = element(der, 0x18)?;
            (std::str::from_utf8(long).ok()?.to_owned(), rest)
        }
    };
    let time = DateTime::strptime("%Y%m%d%H%M%SZ", text).ok()?;
    Some((time.to_zoned(TimeZone::UTC).ok()?.timestamp(), rest))
}

/// Logs until when the certificate is valid, loudly if that is soon or over.
pub fn tell(certificate: &ServerCertificate, now: Timestamp) {
    let Some(Validity { from, until }) = validity(&certificate.der()) else {
        return tracing::warn!("the TLS certificate doesn't say until when it is valid");
    };
    if now > until || now < from {
        tracing::error!(%from, %until, "the TLS certificate isn't valid now: clients refuse it");
    } else if until.duration_since(now) < SOON {
        tracing::warn!(%until, "the TLS certificate ends soon: renew it");
    } else {
        tracing::info!(%until, "TLS certificate in use");
    }
}

/// Shows what stands in the files whenever that changes, and when it is `asked`
/// for. Somebody who writes them may be in the middle of it, so a change counts
/// once it has stayed for a `period`.
pub async fn keep_fresh(
    shown: Shown,
    clock: Arc<dyn Clock>,
    asked: Arc<Notify>,
    period: Duration,
    stop: CancellationToken,
) {
    let Shown { certificate, files, pair } = shown;
    let look = || files.read().map_err(|error| format!("{error:#}"));
    let mut dealt_with = Ok(pair);
    let mut seen = None;
    loop {
        let at_once = tokio::select! {
            () = stop.cancelled() => return,
            () = asked.notified() => true,
            () = tokio::time::sleep(period) => false,
        };
        let found = look();
        if at_once || (found != dealt_with && seen.as_ref() == Some(&found)) {
            let replaced = match &found {
                Ok(pair) => certificate.replace(&pair.chain, &pair.key).map_err(|error| error.to_string()),
                Err(error) => Err(error.clone()),
            };
            match replaced {
                Ok(()) => tell(&certificate, clock.now()),
                Err(error) => {
                    tracing::error!(error, "{} can't be used: the former certificate stays", files.names());
                }
            }
            dealt_with = found;
            seen = None;
        } else {
            seen = (found != dealt_with).then_some(found);
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use keyward_domain::Timestamp;
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    struct Frozen;

    impl Clock for Frozen {
        fn now(&self) -> Timestamp {
            day(2027, 1)
        }
    }

    fn day(year: i16, month: i8) -> Timestamp {
        date(year, month, 1).to_zoned(TimeZone::UTC).unwrap().timestamp()
    }

    /// A certificate that is valid from 2026 to a year.
    fn make(until: i32) -> (String, String, Vec<u8>) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["keyward.example".to_owned()]).unwrap();
        (params.not_before, params.not_after) = (date_time_ymd(2026, 1, 1), date_time_ymd(until, 2, 1));
        let made = params.self_signed(&key).unwrap();
        (made.pem(), key.serialize_pem(), made.der().to_vec())
    }

    #[test]
    fn a_certificates_validity_is_read_and_nonsense_is_not() {
        // From 2050 on dates are written in another way.
        for year in [2049, 2050] {
            let (_, _, der) = make(year);
            let found = validity(&der).unwrap();
            assert_eq!(found, Validity { from: day(2026, 1), until: day(i16::try_from(year).unwrap(), 2) });
            for end in 0..der.len() {
                let _ = validity(&der[..end]);
            }
        }
        for nonsense in [&b""[..], b"0", b"0\x80", b"0\x84\xff\xff\xff\xff", b"0\x02\x30\x05"] {
            assert_eq!(validity(nonsense), None);
        }
    }

    #[tokio::test]
    async fn a_pair_that_changes_is_shown_and_one_that_cannot_be_used_is_not() {
        let directory = tempfile::tempdir().unwrap();
        let files = TlsFiles { certificate: directory.path().join("c.pem"), key: directory.path().join("k.pem") };
        let error = format!("{:#}", files.load().err().unwrap());
        assert!(error.contains("tls_certificate") && error.contains("c.pem"), "{error}");
        let put = |(chain, key, _): &(String, String, Vec<u8>)| {
            std::fs::write(&files.certificate, chain).unwrap();
            std::fs::write(&files.key, key).unwrap();
        };
        let (first, second, third) = (make(2030), make(2031), make(2032));
        put(&first);
        let shown = files.load().unwrap();
        let certificate = Arc::clone(&shown.certificate);
        let (asked, stop) = (Arc::new(Notify::new()), CancellationToken::new());
        let mut tasks = tokio::task::JoinSet::new();
        tasks.spawn(keep_fresh(shown, Arc::new(Frozen), Arc::clone(&asked), Duration::from_millis(5), stop.clone()));
        let shows = async |made: &(String, String, Vec<u8>)| {
            while certificate.der() != made.2 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        assert_eq!(certificate.der(), first.2);
        put(&second);
        shows(&second).await;
        // A key of another certificate, then nothing: what was shown stays.
        std::fs::write(&files.key, &third.1).unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
        std::fs::remove_file(&files.key).unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(certificate.der(), second.2);
        put(&third);
        shows(&third).await;
        stop.cancel();
        tasks.join_all().await;
    }

    #[tokio::test]
    async fn whoever_asks_does_not_wait_for_the_period() {
        let directory = tempfile::tempdir().unwrap();
        let files = TlsFiles { certificate: directory.path().join("c.pem"), key: directory.path().join("k.pem") };
        let (first, second) = (make(2030), make(2031));
        std::fs::write(&files.certificate, &first.0).unwrap();
        std::fs::write(&files.key, &first.1).unwrap();
        let shown = files.load().unwrap();
        let certificate = Arc::clone(&shown.certificate);
        let (asked, stop) = (Arc::new(Notify::new()), CancellationToken::new());
        let mut tasks = tokio::task::JoinSet::new();
        tasks.spawn(keep_fresh(shown, Arc::new(Frozen), Arc::clone(&asked), Duration::from_secs(3600), stop.clone()));
        std::fs::write(&files.certificate, &second.0).unwrap();
        std::fs::write(&files.key, &second.1).unwrap();
        asked.notify_one();
        while certificate.der() != second.2 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        stop.cancel();
        tasks.join_all().await;
    }
}
