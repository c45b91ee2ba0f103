"""What is put off is not imported at the start, and is itself as soon as somebody uses it."""

import subprocess
import sys

import pytest

from dashboard.ui.server.put_off import put_off

START = """
import sys
from dashboard.ui.server.put_off import PutOff, put_off
put_off()
"""
OPENED = """
from dashboard import attention, open_model
model = open_model("minilm")
view = attention(model, "The keys to the cabinet are on the table.", "L2H1", unit="words")
assert abs(float(view.weights.sum(1)[0]) - 1) < 1e-5
"""


def run(code: str) -> None:
    done = subprocess.run([sys.executable, "-c", START + code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-3000:]


def test_a_model_opens_and_they_are_there_when_they_are_called():
    run(
        OPENED
        + """
from dashboard.heads.chance import q_values
import dashboard.analyses.find_heads.api
import spacy
names = "torch._dynamo", "torch._dynamo._trace_wrapped_higher_order_op", "accelerate", "accelerate.utils", \
    "accelerate.utils.modeling", "accelerate.hooks", "torch.fx.experimental.symbolic_shapes", "altair.jupyter", \
    "scipy.optimize", "spacy.cli.info"
assert [type(sys.modules[name]).__name__ for name in names] == ["PutOff"] * 10
assert not {"sympy", "scipy.stats", "scipy.sparse", "spacy.cli", "torch._dynamo.config", "accelerate.state", "IPython",
            "torch.distributed.tensor", "torch.distributed.checkpoint"} & set(sys.modules)

from transformers.loss.loss_for_object_detection import linear_sum_assignment
assert linear_sum_assignment([[4, 1, 3], [2, 0, 5], [3, 2, 2]])[1].tolist() == [1, 0, 2]
assert spacy.info(silent=True)["spacy_version"] == spacy.__version__
assert not any(isinstance(sys.modules[name], PutOff) for name in names[8:])
"""
    )


USES = {
    "compiled": """
import torch
asked = []
def seen(graph, inputs):
    asked.append(graph)
    return graph.forward
double = torch.compile(lambda x: 2 * x, backend=seen)
assert torch.equal(double(torch.arange(3)), torch.tensor([0, 2, 4])) and len(asked) == 1
kept_out = torch.compiler.disable(lambda x: 3 * x)
assert torch.equal(kept_out(torch.arange(3)), torch.tensor([0, 3, 6]))

from scipy import optimize, stats
assert abs(optimize.minimize_scalar(lambda x: (x - 2) ** 2).x - 2) < 1e-6
assert abs(stats.norm.cdf(0) - 0.5) < 1e-12
""",
    "imported in parts": """
import transformers.masking_utils
import torch._dynamo.config
assert torch._dynamo.config.suppress_errors is False
assert sys.modules["torch._dynamo"].__file__ and not isinstance(sys.modules["torch._dynamo"], PutOff)

from scipy.optimize import *
assert abs(brentq(lambda x: x - 1, 0, 3) - 1) < 1e-9
""",
    "compiled for several machines": """
import transformers.modeling_utils
import torch
assert not torch.distributed.is_available()
triple = torch.compile(lambda x: 3 * x, backend="aot_eager")
assert torch.equal(triple(torch.arange(3)), torch.tensor([0, 3, 6]))
import torch.distributed.tensor
assert not isinstance(torch.ones(1), torch.distributed.tensor.DTensor)
""",
    "asked about symbols": """
import torch
from torch.fx.experimental import symbolic_shapes
from torch.fx.experimental.symbolic_shapes import expect_true, guard_or_false, is_nested_int, sym_eq
assert expect_true(True) is True and guard_or_false(False) is False and is_nested_int(3) is False
assert sym_eq(torch.Size([2, 3]), (2, 3)) is True and sym_eq((2,), (2, 3)) is False and sym_eq(2, 3) is False
with torch.device("meta"):
    assert torch.empty_like(torch.arange(12).view(3, 4).T).shape == (4, 3)
assert isinstance(sys.modules["torch.fx.experimental.symbolic_shapes"], PutOff)
double = torch.compile(lambda x: 2 * x if x.shape[0] > 2 else x, dynamic=True, backend="aot_eager")
assert torch.equal(double(torch.arange(5)), 2 * torch.arange(5)) and torch.equal(double(torch.ones(2)), torch.ones(2))
assert sys.modules["torch.fx.experimental.symbolic_shapes"].ShapeEnv and sym_eq(2, 2) is True
""",
    "asked for what a part holds": """
from transformers.loss.loss_for_object_detection import PartialState
assert isinstance(sys.modules["accelerate"], PutOff) and PartialState._shared_state == {}
assert not isinstance(sys.modules["accelerate"], PutOff)
""",
    "asked for another part": """
from transformers.utils import is_accelerate_available
import transformers.modeling_utils
assert is_accelerate_available() and isinstance(sys.modules["accelerate.hooks"], PutOff)
from accelerate import init_empty_weights
import torch
with init_empty_weights():
    assert torch.nn.Linear(2, 2).weight.is_meta
assert not any(isinstance(sys.modules[name], PutOff) for name in ("accelerate", "accelerate.utils", "accelerate.hooks"))
from transformers.modeling_utils import add_hook_to_module
from accelerate.hooks import ModelHook
assert add_hook_to_module(torch.nn.Linear(2, 2), ModelHook())._hf_hook

import altair, pandas
chart = altair.JupyterChart(altair.Chart(pandas.DataFrame({"x": [1]})).mark_point().encode(x="x"))
assert chart.spec["mark"]["type"] == "point"
""",
    "asked for by a part first": """
import importlib.util
assert importlib.util.find_spec("torch._dynamo") and importlib.util.find_spec("accelerate.hooks")
import accelerate.state, accelerate
assert accelerate.state.PartialState is accelerate.PartialState
assert accelerate.state.__spec__.origin == accelerate.state.__file__
import torch._dynamo.config as settings
from torch._dynamo import convert_frame
assert convert_frame.config is settings
importlib.reload(accelerate.state)
""",
    "used by a part first": """
from dashboard.ui.server.put_off import real
hooks = real("accelerate.hooks")
import accelerate.big_modeling
assert accelerate.big_modeling.AlignDevicesHook is hooks.AlignDevicesHook
""",
    "read once": """
import transformers.models
from transformers.utils import import_utils as utils
file = transformers.models.__file__
read = utils.spread_import_structure(utils.create_import_structure_from_path(file))
assert utils.define_import_structure(file) == read and len(read) > 3 and sum(map(len, read.values())) > 500
other = transformers.models.bert.__file__
assert utils.define_import_structure(other) == utils.spread_import_structure(
    utils.create_import_structure_from_path(other)
)
""",
    "entered": """
import torch
from transformers.masking_utils import sdpa_mask, causal_mask_function
asked = dict(batch_size=1, q_length=5, kv_length=5, mask_function=causal_mask_function, allow_is_causal_skip=False)
one, other = (sdpa_mask(**asked, use_vmap=vmap) for vmap in (True, False))
assert torch.equal(one, other) and torch.equal(one[0, 0], torch.ones(5, 5).tril().bool())
""",
}


@pytest.mark.parametrize("use", USES)
def test_a_module_is_itself_when_it_is(use):
    run(USES[use])


def test_what_is_imported_already_stays(monkeypatch):
    names = "torch._dynamo", "torch._dynamo._trace_wrapped_higher_order_op", "scipy.optimize", "spacy.cli.info"
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    for name in (*names, "transformers"):
        monkeypatch.setitem(sys.modules, name, sys)
    before = list(sys.meta_path)
    put_off()
    assert [sys.modules[name] for name in names] == [sys] * 4
    assert sys.meta_path[1:] == before
