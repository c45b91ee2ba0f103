"""nginx before a server of ours, with `deploy/nginx.conf`, on free ports of this machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from dashboard.commands.app import first_free_port
from tools.server import ROOT

PASSWORD = "attention"
NONE = (
    "nginx is not installed, so the tests of a server behind it are left out (on Debian: apt-get install nginx-light)."
)


def find() -> str | None:
    """The path of nginx; None where there is none."""
    return shutil.which("nginx", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"]))


def install() -> None:
    """Install Debian's package if we are root and have apt."""
    if shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0:
        quiet = {"stdout": subprocess.DEVNULL, "env": {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}}
        subprocess.run(["apt-get", "update", "-qq"], **quiet)
        subprocess.run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", "nginx-light"], **quiet)


@contextmanager
def before(ports: Sequence[int], folder: Path) -> Iterator[str]:
    """The address of nginx before servers at these ports, with `PASSWORD` for “class”. Raises RuntimeError if it does
    not start."""
    key, certificate, passwords = folder / "key.pem", folder / "certificate.pem", folder / "passwords"
    name = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    new = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", str(key)]
    subprocess.run([*new, "-out", str(certificate), *name], check=True, capture_output=True)
    passwords.write_text(f"class:{{PLAIN}}{PASSWORD}\n")
    port = first_free_port("127.0.0.1", 24430)
    own = "user root;" if hasattr(os, "geteuid") and os.geteuid() == 0 else ""  # it reads a folder that is ours alone
    (folder / "nginx.conf").write_text(
        f"""
        {own} daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/errors.txt;
        events {{}}
        http {{
            access_log off;
            client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
            uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
            {site(ports, port, folder)}
        }}
        """
    )
    found = find()
    assert found is not None
    with (folder / "nginx.txt").open("wb") as out:
        process = subprocess.Popen([found, "-c", str(folder / "nginx.conf")], stdout=out, stderr=subprocess.STDOUT)
    try:
        time.sleep(0.5)
        if process.poll() is not None:
            raise RuntimeError((folder / "nginx.txt").read_text())
        yield f"https://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def site(ports: Sequence[int], port: int, folder: Path) -> str:
    """`deploy/nginx.conf` with these ports and the files of a folder, without the redirect from port 80."""
    text = (ROOT / "deploy" / "nginx.conf").read_text().rpartition("server {\n    listen 80;")[0]
    lines = text.splitlines()
    shown = [at for at, line in enumerate(lines) if line.strip().startswith("server 127.0.0.1:")]
    lines[shown[0] : shown[-1] + 1] = [f"    server 127.0.0.1:{one} max_fails=0;" for one in ports]
    changed = {
        "listen 443 ssl;": f"listen 127.0.0.1:{port} ssl;",
        "server_name heads.example.org;": "server_name 127.0.0.1;",
        "/etc/ssl/heads.example.org.pem": f"{folder}/certificate.pem",
        "/etc/ssl/heads.example.org.key": f"{folder}/key.pem",
        "/etc/nginx/two-heads.passwords": f"{folder}/passwords",
        "/var/log/nginx/two-heads.log": f"{folder}/log.txt",
        "/var/log/nginx/two-heads.errors": f"{folder}/errors.txt",
    }
    text = "\n".join(lines)
    for old, new in changed.items():
        assert old in text, old
        text = text.replace(old, new)
    return text


def main() -> int:
    """Install nginx where that is possible, or say that its tests are left out."""
    if find() is None:
        install()
    if find() is None:
        print(NONE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
