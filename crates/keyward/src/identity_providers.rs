//! Asking identity providers: the port that the service leaves open, filled
//! with the provider client. The same address guard and the same roots as for
//! calls to models; less time and smaller answers, because a person waits.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use keyward_provider::http::{BodyError, Client, ClientOptions, Endpoint, OutgoingRequest, SendError, Tls};
use keyward_service::sso::{Fetched, IdentityProviderError, Transport};
use tokio::time::timeout;

/// For one whole exchange, from connecting to the last byte.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest answer that is read: the largest key sets have some dozen kilobytes.
const LARGEST_ANSWER: usize = 512 * 1024;

/// Asks over the provider client.
pub struct IdentityProviders {
    client: Client,
    patience: Duration,
}

impl IdentityProviders {
    /// A way to identity providers with the limits of `options`, or less time.
    pub fn new(options: &ClientOptions, tls: Tls) -> Self {
        let patience = PATIENCE.min(options.head_timeout);
        Self { client: Client::new(options.clone(), tls), patience }
    }

    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, IdentityProviderError> {
        let (head, body) = request.into_parts();
        let unreachable = |why: &str| IdentityProviderError::Unreachable(why.to_owned());
        let (Some(scheme), Some(authority)) = (head.uri.scheme_str(), head.uri.authority()) else {
            return Err(unreachable("its address isn't whole"));
        };
        let endpoint = Endpoint::parse(&format!("{scheme}://{authority}"));
        let endpoint = endpoint.map_err(|error| unreachable(&error.to_string()))?;
        let target = head.uri.path_and_query().map_or("/", |target| target.as_str());
        let request = OutgoingRequest { method: head.method, target, headers: &head.headers, body: Bytes::from(body) };
        let answer = self.client.send(&endpoint, request).await.map_err(|error| match error {
            SendError::Blocked { .. } => IdentityProviderError::Blocked(error.to_string()),
            SendError::TimedOut { .. } => IdentityProviderError::TimedOut,
            SendError::Malformed { .. } => IdentityProviderError::NotUnderstood(error.to_string()),
            _ => IdentityProviderError::Unreachable(error.to_string()),
        })?;
        let (status, headers) = (answer.status, answer.headers);
        let body = answer.body.collect(LARGEST_ANSWER).await.map_err(|error| match error {
            BodyError::TimedOut => IdentityProviderError::TimedOut,
            BodyError::Truncated => IdentityProviderError::Unreachable(error.to_string()),
            BodyError::TooLarge => {
                IdentityProviderError::NotUnderstood(format!("it is larger than {LARGEST_ANSWER} bytes"))
            }
            BodyError::Malformed(_) => IdentityProviderError::NotUnderstood(error.to_string()),
        })?;
        let mut response = Response::new(body.to_vec());
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        Ok(response)
    }
}

impl Transport for IdentityProviders {
    fn fetch(&self, request: Request<Vec<u8>>) -> Fetched<'_> {
        Box::pin(async move {
            timeout(self.patience, self.send(request)).await.unwrap_or(Err(IdentityProviderError::TimedOut))
        })
    }
}

#[cfg(test)]
mod tests {
    use keyward_provider::http::Tls;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;

    fn asking(allow_private: bool, patience: Duration) -> IdentityProviders {
        let options = ClientOptions { allow_private, ..ClientOptions::default() };
        IdentityProviders { patience, ..IdentityProviders::new(&options, Tls::native()) }
    }

    /// A provider that answers `head` and then as many bytes as are taken.
    async fn answered(head: &'static str, patience: Duration) -> Result<Response<Vec<u8>>, IdentityProviderError> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/token?x=1", listener.local_addr().unwrap());
        let provider = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 4096];
            let length = stream.read(&mut request).await.unwrap();
            assert!(request[..length].starts_with(b"GET /token?x=1 HTTP/1.1\r\n"));
            stream.write_all(head.as_bytes()).await.unwrap();
            while !head.is_empty() && stream.write_all(&[b'x'; 8192]).await.is_ok() {}
            std::future::pending::<()>().await;
        };
        let asking = asking(true, patience);
        tokio::select! {
            answer = asking.fetch(Request::get(&url).body(Vec::new()).unwrap()) => answer,
            () = provider => unreachable!("it never ends by itself"),
        }
    }

    #[tokio::test]
    async fn a_provider_that_hangs_is_given_up() {
        let answer = answered("", Duration::from_millis(200)).await;
        assert!(matches!(answer, Err(IdentityProviderError::TimedOut)), "{answer:?}");
    }

    #[tokio::test]
    async fn an_answer_without_end_is_cut_off() {
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n";
        let Err(IdentityProviderError::NotUnderstood(why)) = answered(head, PATIENCE).await else { panic!("taken") };
        assert!(why.contains("larger than 524288 bytes"), "{why}");
    }

    #[tokio::test]
    async fn a_private_address_is_refused_unless_the_operator_allows_it() {
        for url in ["http://127.0.0.1:9/", "https://10.0.0.1/", "http://169.254.169.254/latest", "http://[::1]:9/"] {
            let answer = asking(false, PATIENCE).fetch(Request::get(url).body(Vec::new()).unwrap()).await;
            assert!(matches!(answer, Err(IdentityProviderError::Blocked(_))), "{url}: {answer:?}");
        }
    }
}
