"""Models and a pair of texts to carry heads over in."""

import pytest

from dashboard import open_model
from tests.helpers import tiny


@pytest.fixture(scope="session")
def opened(tmp_path_factory):
    """A causal model of this kind with its language head, opened once; of another kind than smollm2 a tiny one."""
    made = {}

    def of(kind):
        if kind not in made:
            name = kind
            if kind != "smollm2":
                folder = tmp_path_factory.mktemp("patching") / kind
                folder.mkdir()
                tiny.make(kind, folder, head="causal")
                name = str(folder)
            made[kind] = open_model(name)
        return made[kind]

    return of
