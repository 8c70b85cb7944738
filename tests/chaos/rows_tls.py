"""Peers with bad TLS, at a gRPC server that wants a client's certificate and at Kafka's listener."""

import socket
import ssl
import subprocess
import sys
import warnings

from ground import ROOT, stack, wait_until

sys.path.insert(0, str(ROOT / "tools/lib"))
import certificates  # noqa: E402

PROCESS = "config_tls"
PORT, ADMIN_PORT = "twilio", "graph"  # Nobody listens there in these rows.
LONG_AGO = "2020-01-01 00:00:00"
ANSWER_MAX_S = 5
# What a server says to an old protocol, in the words of OpenSSL.
REFUSAL = "alert protocol version"
# What gRPC says of a server that it does not believe.
DISTRUST = ("handshake failed", "verification check failed")


class Papers:
    """Certificates, good and bad, below a folder of the run."""

    def __init__(self, folder):
        self.folder = folder
        certificates.make_authority(folder)
        certificates.issue(folder, "good")
        certificates.make_authority(folder / "others")
        certificates.issue(folder / "others", "stranger")
        self._sign("expired", "DNS:localhost,IP:127.0.0.1", ["faketime", LONG_AGO])
        self._sign("elsewhere", "DNS:elsewhere.test")

    def _sign(self, name, names, before=()):
        """A certificate of our authority for other names, or of another time."""
        at = self.folder
        (at / f"{name}.names").write_text(f"subjectAltName={names}\n"
                                          "extendedKeyUsage=serverAuth,clientAuth\n")
        subprocess.run(["openssl", "req", "-new", *certificates.NEW_KEY, "-keyout",
                        at / f"{name}.key", "-out", at / f"{name}.csr", "-subj", f"/CN={name}"],
                       check=True, capture_output=True)
        subprocess.run([*before, "openssl", "x509", "-req", "-in", at / f"{name}.csr", "-CA",
                        at / "ca.pem", "-CAkey", at / "ca.key", "-CAcreateserial", "-days", "30",
                        "-extfile", at / f"{name}.names", "-out", at / f"{name}.pem"],
                       check=True, capture_output=True)

    def pair(self, name):
        folder = self.folder / "others" if name == "stranger" else self.folder
        return folder / f"{name}.pem", folder / f"{name}.key"


def bad_peers(run):
    """Old protocols, no certificate, expired ones, those of strangers, renegotiation: refused, and the
    log says so. Ours refuse a server that is expired or somebody else."""
    run.mark("healed")  # The flow must not feel it at all.
    papers = Papers(run.ground.folder / "papers")
    try:
        _refuse(run, papers)
        _kafka(run)
        _distrust(run, papers)
    finally:
        run.ground.process(PROCESS).stop()


def _refuse(run, papers):
    _serve(run, papers, "good")
    port = run.trama.ports[PORT]
    log = run.ground.process(PROCESS).log_file
    run.expect(_speaks(port, papers, "good"), "a good client was refused")
    for what, client, versions in (
            ("no certificate", None, {}), ("an expired certificate", "expired", {}),
            ("a stranger's certificate", "stranger", {}),
            ("TLS 1.0", "good", {"maximum_version": ssl.TLSVersion.TLSv1}),
            ("TLS 1.1", "good", {"maximum_version": ssl.TLSVersion.TLSv1_1})):
        seen = log.stat().st_size
        run.expect(not _speaks(port, papers, client, **versions), f"gRPC let in {what}")
        wait_until(f"the log tells of {what}", lambda: "andshake" in log.read_text(
            errors="replace")[seen:], 10)
    greetings = _greetings(port, papers)
    run.expect(greetings == 1, f"gRPC answered {greetings} of two greetings, one was expected")
    run.expect(_speaks(port, papers, "good"), "a good client was refused after the bad ones")


def _distrust(run, papers):
    for server in ("good", "expired", "elsewhere"):
        _serve(run, papers, server, wants_certificate=False)
        done = run.trama.tramactl(
            "--config-address", run.trama.at(PORT), "--tls-ca", papers.folder / "ca.pem",
            "--timeout", f"{ANSWER_MAX_S}s", "get", "workspaces", check=False)
        run.expect((done.returncode == 0) == (server == "good"),
                   f"our client and a server whose certificate is {server}")
        if server == "good":
            continue
        run.expect(any(word in done.stderr for word in DISTRUST),
                   f"our client did not say that it distrusts {server}: {done.stderr}")
        # It is there, for whoever does not look who it is.
        run.expect(_speaks(run.trama.ports[PORT], papers, None, verify_mode=ssl.CERT_NONE),
                   f"the server whose certificate is {server} does not speak at all")


def _serve(run, papers, server, wants_certificate=True):
    """A further config process, with TLS; any of them answers."""
    process, trama = run.ground.process(PROCESS), run.trama
    process.stop()
    certificate, key = papers.pair(server)
    command = trama.command("config_0") + [
        f"--grpc_listen={trama.at(PORT)}", f"--admin_listen={trama.at(ADMIN_PORT)}",
        f"--tls_cert_file={certificate}", f"--tls_key_file={key}",
        f"--tls_ca_file={papers.folder / 'ca.pem'}",
        f"--tls_require_client_cert={str(wants_certificate).lower()}"]
    process.start(command)
    wait_until("config with TLS listens", lambda: stack.port_is_open(trama.ports[PORT]))


def _speaks(port, papers, client, **settings):
    """Does the server answer HTTP/2 to this client? A refusal may come with the first bytes only."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = settings.get("verify_mode") != ssl.CERT_NONE
    context.load_verify_locations(papers.folder / "ca.pem")
    context.set_alpn_protocols(["h2"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if "maximum_version" in settings:  # Such old ones are off in our own library, too.
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.minimum_version = ssl.TLSVersion.TLSv1
        for name, value in settings.items():
            setattr(context, name, value)
    if client:
        context.load_cert_chain(*papers.pair(client))
    try:
        with socket.create_connection((stack.HOST, port), ANSWER_MAX_S) as plain, \
                context.wrap_socket(plain, server_hostname=stack.HOST) as line:
            line.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(3) + b"\x04" + bytes(5))
            return bool(line.recv(9))
    except (ssl.SSLError, OSError):
        return False


def _greetings(port, papers):
    """How many of two greetings in one connection are answered? To the second, which would renegotiate,
    a server may as well stay silent."""
    certificate, key = papers.pair("good")
    done = subprocess.run(
        ["timeout", str(ANSWER_MAX_S), "openssl", "s_client", "-msg", "-connect",
         f"{stack.HOST}:{port}", "-tls1_2", "-alpn", "h2", "-cert", certificate, "-key", key,
         "-CAfile", papers.folder / "ca.pem"], input=b"R\n", capture_output=True)
    return done.stdout.count(b", ServerHello\n")


def _kafka(run):
    """Its TLS listener takes no old protocol, and says so; a present one it takes."""
    address = run.trama.kafka.at("kafka_tls").split(",")[0]
    for version, is_taken in (("-tls1", False), ("-tls1_1", False), ("-tls1_2", True)):
        done = subprocess.run(["openssl", "s_client", "-connect", address, version, "-cipher",
                               "ALL:@SECLEVEL=0"], stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=30, text=True)
        if is_taken:
            run.expect(done.returncode == 0, f"Kafka does not speak {version[1:]}: {done.stderr}")
        else:
            run.expect(done.returncode != 0 and REFUSAL in done.stderr,
                       f"Kafka did not refuse {version[1:]}: {done.stderr}")
