"""A real Orthanc, started on free ports with a configuration and a database of its own, and ended with the tests."""

from __future__ import annotations

import json
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

DICOMWEB_PLUGIN = "/usr/share/orthanc/plugins/libOrthancDicomWeb.so"


class Archive:
    """Speaks C-STORE (title ORTHANC), DICOMweb and Orthanc's own REST, to this machine alone."""

    title = "ORTHANC"

    def __init__(self, program: str, folder: Path, users: Mapping[str, str] | None = None) -> None:
        """users: the passwords of those who alone may speak HTTP to it; None lets everybody."""
        self.dicom_port, self._http_port = _free_ports(2)
        self.address = f"http://127.0.0.1:{self._http_port}"
        self.web = f"{self.address}/dicom-web"
        self._log = folder / "log.txt"
        configuration = folder / "orthanc.json"
        configuration.write_text(
            json.dumps(
                {
                    "Name": "ThinSliceSR tests",
                    "StorageDirectory": str(folder / "storage"),
                    "IndexDirectory": str(folder / "storage"),
                    "Plugins": [DICOMWEB_PLUGIN],
                    "HttpPort": self._http_port,
                    "RemoteAccessAllowed": False,
                    "AuthenticationEnabled": bool(users),
                    "RegisteredUsers": dict(users or {}),
                    "DicomAet": self.title,
                    "DicomPort": self.dicom_port,
                    "DicomAlwaysAllowStore": True,
                    "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
                }
            )
        )
        self._command = [program, str(configuration)]
        passwords = urllib.request.HTTPPasswordMgrWithPriorAuth()
        for user, password in (users or {}).items():
            passwords.add_password(None, self.address, user, password, is_authenticated=True)
        self._opener = urllib.request.build_opener(urllib.request.HTTPBasicAuthHandler(passwords))

    def __enter__(self) -> Archive:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)
        while self._process.poll() is None:
            try:
                self.ask("plugins/dicom-web")
                return self
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.2)
        self._process.kill()
        raise RuntimeError(f"Orthanc did not start; it wrote:\n{self._log.read_text(errors='replace')}")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def ask(self, path: str) -> Any:
        """The answer (JSON) of Orthanc's REST interface."""
        return json.loads(self.fetch(path))

    def fetch(self, path: str) -> bytes:
        """What Orthanc's REST interface answers."""
        with self._opener.open(f"{self.address}/{path}") as answer:
            return answer.read()

    def clear(self) -> None:
        """Deletes all patients."""
        for patient in self.ask("patients"):
            request = urllib.request.Request(f"{self.address}/patients/{patient}", method="DELETE")
            self._opener.open(request).close()


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [item.getsockname()[1] for item in sockets]
    for item in sockets:
        item.close()
    return ports
