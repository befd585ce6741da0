"""One service with tiny networks for all tests here, and a client that speaks to it."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient
from support.tiny_service import tiny_translator

from ecgan.apps.service.app import Service
from ecgan.inference.translator import Translator

LOCAL = "http://127.0.0.1"


@pytest.fixture(scope="session")
def translator(tmp_path_factory: pytest.TempPathFactory) -> Translator:
    return tiny_translator(tmp_path_factory.mktemp("service") / "models")


@pytest.fixture(scope="session")
def service(translator: Translator) -> Iterator[Service]:
    made = Service(translator)
    yield made
    made.close()


@pytest.fixture(scope="session")
def client(service: Service) -> TestClient:
    return TestClient(service.asgi, base_url=LOCAL, raise_server_exceptions=False)
