"""Certificates that nobody vouches for, made anew for a test."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from pathlib import Path

_KIND = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"


def self_signed(folder: Path, names: str) -> Path:
    """A file with a certificate and its key; `names` as in subjectAltName ("DNS:a.test,IP:::1")."""
    openssl = shutil.which("openssl")
    if openssl is None:
        raise AssertionError("openssl is needed to make a certificate")
    key, cert, both = folder / "key", folder / "cert", folder / "both"
    words = [openssl, *_KIND.split(), "-subj", "/CN=monitor", "-addext", f"subjectAltName={names}"]
    subprocess.run(
        [*words, "-keyout", str(key), "-out", str(cert)], check=True, capture_output=True
    )
    both.write_bytes(key.read_bytes() + cert.read_bytes())
    return both


def context_of(certificate: Path) -> ssl.SSLContext:
    """What a server speaks TLS with by such a file."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context
