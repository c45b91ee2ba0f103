"""A link to a model that cannot be opened, or is not as others, still gives a page from which one can go on."""

import pytest

from tests.helpers import tiny
from tests.helpers.pages import framed, lines, notices, opened, said
from tests.helpers.sentences import numbers

PAGES = (
    "explore",
    "compare",
    "inside",
    "query_key",
    "profile",
    "find_heads",
    "ablation",
    "attribution",
    "patching",
    "similarity",
    "long_range",
    "layers",
    "corpus",
    "models",
)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Tiny models, each made once."""
    made = {}

    def of(kind, **more):
        if kind not in made:
            made[kind] = tmp_path_factory.mktemp("tiny") / kind
            made[kind].mkdir()
            tiny.make(kind, made[kind], **more)
        return str(made[kind])

    return of


def opened_here(page="explore", **address):
    """As `opened`, by a person who presses "Open it": no link alone opens a path."""
    app = opened("explore", **address)
    has_a_frame(app).button(key="open_model").click().run()
    if page != "explore":
        app.switch_page(f"../pages/{page}.py").run()
    return app


def has_a_frame(app):
    assert not app.exception
    assert framed(app) and app.selectbox(key="choose_model")
    return app


@pytest.mark.parametrize(
    ("kind", "more"),
    [("rwkv", {}), ("yoso", {}), ("mamba", {}), ("beit", {})],
)
def test_a_link_to_a_model_that_cannot_be_opened(kind, more, folders, snapshot):
    folder = folders(kind, **more)
    app = has_a_frame(opened_here(model=folder, layer="1"))
    assert [told.replace(folder, "…") for told in notices(app)] == snapshot
    app.selectbox(key="choose_model").set_value("minilm").run()
    has_a_frame(app)
    assert not app.error and app.number_input(key="choose_layer").value == 1


@pytest.mark.parametrize(("kind", "shown"), [("canine", [2, 5, 0, 4, 1, 3]), ("funnel", [4, 5, 0, 1, 3, 4, 2])])
def test_all_heads_of_a_model_that_pools_tokens(kind, shown, folders):
    app = has_a_frame(opened_here(model=folders(kind), layer=str(shown[3]), head="1", special="hide"))
    assert not app.error and lines(app, f"L{shown[3]}H1")
    assert any(numbers(caption.value)[: len(shown)] == shown for caption in app.caption)


def test_a_text_tower_opens_and_is_said_to_be_one(folders):
    app = has_a_frame(opened_here(model=folders("clip"), layer="1"))
    assert not app.error and lines(app, "This is its text tower")


@pytest.mark.parametrize("model", ["./nowhere", "nobody/nothing", "x" * 300, "\N{ZERO WIDTH SPACE}"])
def test_a_link_to_no_model(model, snapshot):
    app = has_a_frame(opened(model=model))
    [told] = notices(app)
    assert told.startswith("info: ") and told.replace(model, "…") == snapshot


def test_whatever_a_model_raises_leaves_the_page_standing(folders, monkeypatch, snapshot):
    """Something that no sentence foresees, while the model is opened and while it reads the text."""
    folder = folders("bert")

    def broken(*_, **__):
        raise ZeroDivisionError("of all things")

    with monkeypatch.context() as patched:
        patched.setattr("dashboard.capture.open.probe_tap", broken)
        app = has_a_frame(opened_here(model=folder))
        [told] = lines(app, "of all things")
        assert told.replace(folder, "…") == snapshot(name="opened")
    assert not has_a_frame(opened_here(model=folder)).error
    with monkeypatch.context() as patched:
        patched.setattr("transformers.models.bert.modeling_bert.BertEmbeddings.forward", broken)
        app = has_a_frame(opened_here(model=folder, text="A heron waits by the water."))
        [told] = lines(app, "of all things")
        assert told == snapshot(name="read")


@pytest.mark.parametrize("page", PAGES)
def test_every_page_of_a_model_that_has_attention_in_some_layers(page, folders, snapshot):
    folder = folders(
        "lfm2", layer_types=["conv", "conv", "full_attention", "conv", "full_attention"], num_hidden_layers=5
    )
    app = has_a_frame(opened_here(page, model=folder, layer="3", head="1"))
    notes = [caption.value for caption in app.caption]
    assert any(numbers(note) == [2, 5, 2, 4] for note in notes)  # of five layers two have attention: 2 and 4
    if page in ("explore", "inside", "query_key"):
        assert "L2H1" in said(app)
    if page in ("similarity", "layers"):
        assert [told.replace(folder, "…") for told in notices(app)] == snapshot
    if page == "explore":
        assert app.number_input(key="choose_layer").value == 2
        [told] = [line for line in lines(app, "L3H1") if "2" in line]
        assert told.replace(folder, "…") == snapshot


def test_a_model_whose_layers_have_different_numbers_of_heads(folders):
    folder = folders("laguna", num_attention_heads_per_layer=[4, 2, 4])
    app = opened_here(model=folder, layer="1", head="3")
    has_a_frame(app)
    assert notices(app) == [
        "warning: There is no head L1H3: the layers of this model have 2 to 4 heads. L1H1 is shown."
    ]
    assert "3 layers of 2 to 4 heads" in said(app)
    for page in ("compare", "find_heads", "layers", "profile", "ablation", "inside", "query_key", "long_range"):
        has_a_frame(opened_here(page, model=folder, layer="1", head="1"))
    assert "needs the same number in each" in said(has_a_frame(opened_here("similarity", model=folder)))
