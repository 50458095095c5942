"""
What both ends compute from the server's certificate: ``tls-server-end-point`` (RFC 5929).

The client hashes the certificate it was shown, the server the one it shows; a man in the
middle with another certificate makes the two differ, and the login fails.
"""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives import hashes

__all__ = ["certificate_hash"]


def certificate_hash(der: bytes) -> bytes:
    """
    Return the hash that names the certificate *der*.

    The hash function is the one of the certificate's own signature; MD5 and SHA-1 give way
    to SHA-256 (RFC 5929, section 4.1). The RFC leaves signatures without one (Ed25519)
    undefined; both our ends take SHA-256 there too.

    Raises:
        ValueError: *der* is no certificate.
    """
    function = x509.load_der_x509_certificate(der).signature_hash_algorithm
    if function is None or isinstance(function, hashes.MD5 | hashes.SHA1):
        function = hashes.SHA256()
    digest = hashes.Hash(function)
    digest.update(der)
    return digest.finalize()
