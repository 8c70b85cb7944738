"""Certificates of a development stack: a small authority of its own and what it signs, with
openssl. Elliptic keys (P-256), because they are drawn at once."""

import subprocess

VALID_DAYS = 365
RENEW_S = 7 * 24 * 3600
NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


def _openssl(*arguments, text=None):
    subprocess.run(["openssl", *map(str, arguments)], input=text, text=True, check=True,
                   capture_output=True)


def _holds(certificate):
    """Is it there, and will it be for some time?"""
    return certificate.exists() and subprocess.run(
        ["openssl", "x509", "-checkend", str(RENEW_S), "-noout", "-in", str(certificate)],
        capture_output=True).returncode == 0


def make_authority(folder):
    """ca.pem and ca.key below `folder`; True when they are new."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    if _holds(folder / "ca.pem"):
        return False
    _openssl("req", "-x509", *NEW_KEY, "-keyout", folder / "ca.key", "-out", folder / "ca.pem",
             "-days", VALID_DAYS, "-subj", "/CN=trama development authority")
    return True


def issue(folder, name, again=False):
    """<name>.pem and <name>.key, signed by the authority of `folder` for this machine's loopback
    names, and both with the authority's certificate in <name>.bundle, as Kafka wants them."""
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    if not again and _holds(certificate):
        return
    request, names = folder / f"{name}.csr", folder / f"{name}.names"
    names.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n"
                     "extendedKeyUsage=serverAuth,clientAuth\n")
    _openssl("req", "-new", *NEW_KEY, "-keyout", key, "-out", request, "-subj", f"/CN={name}")
    _openssl("x509", "-req", "-in", request, "-CA", folder / "ca.pem", "-CAkey",
             folder / "ca.key", "-CAcreateserial", "-days", VALID_DAYS, "-extfile", names, "-out",
             certificate)
    request.unlink()
    names.unlink()
    bundle = folder / f"{name}.bundle"
    bundle.touch(mode=0o600)
    bundle.write_text(key.read_text() + certificate.read_text() + (folder / "ca.pem").read_text())
