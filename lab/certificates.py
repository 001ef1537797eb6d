"""A certificate authority of the lab's own, for libvirt's TLS; it protects nothing."""

from __future__ import annotations

import datetime
import ipaddress
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_DAYS: Final = datetime.timedelta(days=3650)


def issue(folder: Path, address: str) -> None:
    """Write cacert.pem, and certificate and key of a server at that address and of a client, by libvirt's names.

    A client takes the folder as `pkipath` of its URI.
    """
    folder.mkdir()
    authority, ca = ec.generate_private_key(ec.SECP256R1()), _name("lab")
    signing = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    root = _begun(ca, ca, authority).add_extension(x509.BasicConstraints(True, None), critical=True)
    root = root.add_extension(signing, critical=True)
    _write(folder / "cacert.pem", root.sign(authority, hashes.SHA256()))
    for role, usage in (
        ("server", ExtendedKeyUsageOID.SERVER_AUTH),
        ("client", ExtendedKeyUsageOID.CLIENT_AUTH),
    ):
        key = ec.generate_private_key(ec.SECP256R1())
        own = _begun(_name(role), ca, key).add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        named = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
        own = own.add_extension(named, critical=False)
        _write(folder / f"{role}cert.pem", own.sign(authority, hashes.SHA256()))
        _write_key(folder / f"{role}key.pem", key)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _begun(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))  # clocks differ
        .not_valid_after(now + _DAYS)
    )


def _write(path: Path, certificate: x509.Certificate) -> None:
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    path.touch(mode=0o600)
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
