"""A model of the Hugging Face hub: the copy on this machine, or downloaded when asked to."""

from __future__ import annotations

import errno
import glob
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from dashboard import serving
from dashboard.errors import UserError
from dashboard.models import adapter
from dashboard.models.checkpoint_folder import PICKLES, check_folder, model_folder, pickle_only
from dashboard.models.shelf import notes

HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}(@[A-Za-z0-9][\w./-]{0,200})?", re.ASCII)
NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,95}(@[A-Za-z0-9][\w./-]{0,200})?", re.ASCII)
FIRST_NAMES = {
    "albert-base-v2": "albert",
    "bert-base-cased": "google-bert",
    "bert-base-german-cased": "google-bert",
    "bert-base-multilingual-cased": "google-bert",
    "bert-base-uncased": "google-bert",
    "bert-large-uncased": "google-bert",
    "camembert-base": "almanach",
    "distilbert-base-cased": "distilbert",
    "distilbert-base-uncased": "distilbert",
    "distilgpt2": "distilbert",
    "distilroberta-base": "distilbert",
    "gpt2": "openai-community",
    "gpt2-large": "openai-community",
    "gpt2-medium": "openai-community",
    "gpt2-xl": "openai-community",
    "openai-gpt": "openai-community",
    "roberta-base": "FacebookAI",
    "roberta-large": "FacebookAI",
    "t5-base": "google-t5",
    "t5-small": "google-t5",
    "xlm-roberta-base": "FacebookAI",
    "xlm-roberta-large": "FacebookAI",
    "xlnet-base-cased": "xlnet",
}
"""Models that had no owner at first, and are still called so; their owners today."""
WANTED = ["*.json", "*.txt", "*.model", "*.safetensors", "*.jinja"]
UNWANTED = ["*/*", "consolidated*"]  # other formats in sub-folders; the same weights a second time
_OLD = re.compile(r"(0_\w+)/config\.json")
"""Where old sentence-transformers keep the transformer: in the first folder of their pipeline."""


def cached(hub_id: str) -> Path | None:
    """The snapshot of ``owner/name[@revision]`` on this machine, None where there is no whole one."""
    from huggingface_hub import try_to_load_from_cache

    repo, _, revision = hub_id.partition("@")
    try:
        for file in ("config.json", adapter.CONFIG, "modules.json"):
            config = try_to_load_from_cache(repo, file, revision=revision or None)
            if isinstance(config, str):
                break
        else:
            return None
        folder = Path(config).parent
        check(folder, hub_id)
    except (OSError, ValueError, UserError):
        return None
    return folder


def check(folder: Path, hub_id: str) -> None:
    """Raises UserError unless a snapshot holds a whole model, or a whole adapter."""
    if adapter.is_adapter(folder):
        adapter.read(folder, hub_id)
    else:
        adapter.refuse_both(folder, hub_id)
        check_folder(model_folder(folder, hub_id), hub_id)


def owners(name: str) -> list[str]:
    """Who owns the models of that name that lie whole in the hub's cache."""
    from huggingface_hub import constants

    try:
        stores = sorted(Path(constants.HF_HUB_CACHE).glob(f"models--*--{name}"))
    except OSError:
        return []
    found = [store.name.split("--") for store in stores]
    return [parts[1] for parts in found if len(parts) == 3 and cached(f"{parts[1]}/{name}")]


def download(hub_id: str, progress: Callable[[float, str], None] | None = None) -> Path:
    """Downloads ``owner/name[@revision]``: configuration, tokenizer and safetensors, never a pickle or code.

    Raises UserError where there is no such model or revision, no network, no leave, or no safetensors in it.
    """
    from huggingface_hub import HfApi, snapshot_download

    serving.own_machine_only("Models are fetched")
    repo, _, revision = hub_id.partition("@")
    sentence = f"Downloading {hub_id} from the hub."
    report = progress or (lambda fraction, sentence: None)
    report(0.0, sentence)
    with asking(hub_id, _unreachable(hub_id)):
        info = HfApi().model_info(repo, revision=revision or None, timeout=20)
        names = [file.rfilename for file in info.siblings or []]
        part = _part(names)
        _check_files(hub_id, names, part)
        had = cached(repo) is not None
        folder = snapshot_download(
            repo,
            revision=revision or None,
            allow_patterns=WANTED,
            ignore_patterns=_unwanted(names, part) if part else UNWANTED,
            tqdm_class=_bar(report, sentence),
        )
    if not had:  # what another program brought is not ours
        notes.note_fetched(repo, licence_of(getattr(info, "tags", None)))
    return Path(folder)


def wanted(hub_id: str, files: list[str]) -> list[str]:
    """Of a model's files those that are fetched. Raises UserError where there are no safetensors among them."""
    from huggingface_hub.utils import filter_repo_objects

    part = _part(files)
    _check_files(hub_id, files, part)
    unwanted = _unwanted(files, part) if part else UNWANTED
    return list(filter_repo_objects(files, allow_patterns=WANTED, ignore_patterns=unwanted))


def licence_of(tags: Sequence[str] | None) -> str:
    """The licence that a model's tags name, "" where none does."""
    return next((tag.partition(":")[2] for tag in tags or () if tag.startswith("license:")), "")


@contextmanager
def asking(hub_id: str, unreachable: str) -> Iterator[None]:
    """Within it, what the hub's library raises becomes a UserError. unreachable: the sentence for no network"""
    from huggingface_hub import errors

    repo, _, revision = hub_id.partition("@")
    try:
        yield
    except UserError:
        raise
    except errors.GatedRepoError:
        why = f"“{repo}” is given out on request only. Ask for it on its page, then run “hf auth login”."
    except errors.RepositoryNotFoundError:
        why = f"The hub has no model “{repo}”. Check its spelling: owner/name."
    except errors.RevisionNotFoundError:
        why = f"“{repo}” has no revision “{revision}”. Leave out “@{revision}” or check it."
    except errors.HFValidationError:
        why = f"“{repo}” is no hub id. Write owner/name."
    except OSError as error:
        why = unreachable
        if error.errno == errno.ENOSPC:
            why = f"The disk is full, so “{hub_id}” could not be stored. Free some space."
        elif error.errno in (errno.EACCES, errno.EROFS):
            why = f"“{error.filename}” cannot be written. Set HF_HOME to a folder where you may write."
    except Exception as error:  # the hub's HTTP client has changed before: its errors are not named here
        if not type(error).__module__.startswith(("http", "requests", "huggingface_hub", "hf_xet")):
            raise
        why = unreachable
    else:
        return
    raise UserError(why)


def _part(files: list[str]) -> str:
    """The folder that holds the transformer, with a slash at the end; "" where it lies at the top."""
    found = [] if "config.json" in files else sorted(match[1] for match in map(_OLD.fullmatch, files) if match)
    return f"{found[0]}/" if found and "modules.json" in files else ""


def _unwanted(files: list[str], part: str) -> list[str]:
    """Patterns of what is not fetched where the transformer lies in a folder of its own."""
    return ["consolidated*", *(glob.escape(name) for name in files if "/" in name and not _lies_in(name, part))]


def _lies_in(name: str, part: str) -> bool:
    return name.rpartition("/")[0] == part.rstrip("/")


def _check_files(hub_id: str, files: list[str], part: str) -> None:
    if any(name.endswith(".safetensors") and _lies_in(name, part) for name in files):
        return
    pickles = sorted(f for f in files if f.endswith(PICKLES))
    if pickles:
        raise UserError(pickle_only(hub_id, pickles[0]))
    raise UserError(f"“{hub_id}” has no safetensors weights on the hub. Choose another model.")


def _unreachable(hub_id: str) -> str:
    return (
        f"The hub cannot be reached, and “{hub_id}” is not on this machine. "
        "Connect to the network, or choose a model that is installed."
    )


def _bar(report: Callable[[float, str], None], sentence: str) -> type:
    """What the hub takes for a progress bar: it draws nothing, and reports how far the bytes have come."""
    from tqdm import tqdm

    class Bar(tqdm):
        def __init__(self, *args, **kwargs):
            kwargs.pop("name", None)
            super().__init__(*args, **kwargs)

        def display(self, *args, **kwargs):
            if self.unit == "B" and self.total:
                report(min(self.n / self.total, 0.99), sentence)

    return Bar
