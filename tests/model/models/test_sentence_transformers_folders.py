"""Old folders of sentence-transformers, with the transformer one folder down."""

import json

import pytest

from dashboard.errors import UserError
from dashboard.models import find, load
from tests.helpers.adapters import base_of

pytestmark = pytest.mark.usefixtures("own_cache")


@pytest.mark.parametrize("listed", [True, False])
def test_an_old_folder_of_sentence_transformers(tmp_path, listed):
    base_of(tmp_path / "old" / "0_Transformer")
    (tmp_path / "old" / "1_Pooling").mkdir()
    if listed:
        modules = [
            {"idx": 0, "name": "0", "path": "0_Transformer", "type": "sentence_transformers.models.Transformer"},
            {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
        ]
        (tmp_path / "old" / "modules.json").write_text(json.dumps(modules))
    found = find(str(tmp_path / "old"))
    assert found.title == "old" and found.folder == tmp_path / "old" / "0_Transformer"
    assert load(found).model.config.num_hidden_layers == 2


@pytest.mark.parametrize("modules", ["{", "[]", '[{"path": "../base", "type": "x.Transformer"}]', "[1]", "[" * 10**5])
def test_a_list_of_modules_that_leads_nowhere(tmp_path, modules, refuses_alike):
    base_of(tmp_path / "base")
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "modules.json").write_text(modules)
    with refuses_alike(UserError, "modules.json"):
        find(str(tmp_path / "old"))
