//! TLS to the server, as far as the URL wants it trusted.

use std::path::Path;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::failure::{Failure, Result};
use crate::target::{Target, Trust};

type Verified<T> = std::result::Result<T, Error>;

/// How connections to a target are encrypted.
pub fn connector(target: &Target) -> Result<MakeRustlsConnect> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| failed("TLS", &error))?;
    let roots = || authorities(target.authorities.as_deref());
    let lenient = |chain| {
        let provider = Arc::clone(&provider);
        Arc::new(Lenient { chain, provider })
    };
    let builder = match target.trust {
        Trust::Anybody => builder
            .dangerous()
            .with_custom_certificate_verifier(lenient(None)),
        Trust::Authority => {
            let roots = Arc::new(roots()?);
            let chain =
                WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider)).build();
            let chain = chain.map_err(|error| failed("sslrootcert", &error))?;
            builder
                .dangerous()
                .with_custom_certificate_verifier(lenient(Some(chain)))
        }
        Trust::Host => builder.with_root_certificates(roots()?),
    };
    let config = match &target.identity {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            let key =
                PrivateKeyDer::from_pem_file(key).map_err(|error| failed("sslkey", &error))?;
            builder
                .with_client_auth_cert(certificates("sslcert", certificate)?, key)
                .map_err(|error| failed("sslcert and sslkey", &error))?
        }
    };
    Ok(MakeRustlsConnect::new(config))
}

/// Those of a file, or the system's.
fn authorities(file: Option<&Path>) -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    let found = match file {
        Some(path) => certificates("sslrootcert", path)?,
        None => rustls_native_certs::load_native_certs().certs,
    };
    roots.add_parsable_certificates(found);
    if roots.is_empty() {
        return Err(Failure::unavailable(
            "there are no certificates of authorities to verify the database's server with: \
             name a file with sslrootcert",
        ));
    }
    Ok(roots)
}

fn certificates(parameter: &str, file: &Path) -> Result<Vec<CertificateDer<'static>>> {
    CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect)
        .map_err(|error| failed(parameter, &error))
}

fn failed(what: &str, error: &dyn std::fmt::Display) -> Failure {
    Failure::unavailable(format!(
        "{what} of the database's URL can't be used: {error}"
    ))
}

/// Takes certificates that a strict client wouldn't.
#[derive(Debug)]
struct Lenient {
    /// Whom the certificate must come from, for whatever name; `None`: whoever
    /// it is, which is encryption against who only listens.
    chain: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Lenient {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Verified<ServerCertVerified> {
        let Some(known) = &self.chain else {
            return Ok(ServerCertVerified::assertion());
        };
        // The chain and its dates are looked at before the name.
        match known.verify_server_cert(certificate, chain, name, ocsp, now) {
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Verified<HandshakeSignatureValid> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Verified<HandshakeSignatureValid> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
