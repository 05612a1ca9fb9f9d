"""What a TREC run was made of, by the schema of ir_metadata (https://www.ir-metadata.org, version 0.1), as YAML.

Its parts are those of the PRIMAD model: platform, research goal, implementation, method, actor, data (Breuer, Keller &
Schaer, ir_metadata: An extensible metadata schema for IR experiments, SIGIR 2022). A file beside the run, and no
comment in it: of readers of runs the newest trec_eval alone passes over such lines, pytrec_eval and ir_measures refuse
them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bench.storage.files import json_ready

SUFFIX = ".ir_metadata.yaml"


def ir_metadata(
    info: Mapping[str, Any], dataset: Mapping[str, Any], retriever: Mapping[str, Any], tag: str
) -> dict[str, Any]:
    """The metadata of one retriever on one set.

    Args:
        info: run.json of a run.
        dataset: Its entry of the set.
        retriever: Its entry of the retriever.
        tag: Of the TREC run, its last column.

    Returns:
        The metadata, without what is not known. The same whenever it is asked for.
    """
    machine, commands = info["environment"], info["commands"]
    source = {"lang": ["python"], **({"commit": machine["git"]} if machine["git"] else {})}
    command = commands["cells"].get(dataset["name"], {}).get(retriever["label"], commands["run"])
    actor = info["config"].get("actor")
    return {
        "schema-version": 0.1,
        "run-version": 1.0,
        "tag": tag,
        "platform": _platform(machine),
        "research goal": {"evaluation": _evaluation(info)},
        "implementation": {"executable": {"cmd": command}, "source": source},
        "method": {
            "automatic": True,
            "score ties": "the document with the higher id in byte order first, as in trec_eval",
            "retrieval": [
                {
                    "name": retriever["label"],
                    "method": retriever["signature"].partition("(")[0],
                    **{key: value for key, value in retriever["parameters"].items() if key not in ("name", "method")},
                }
            ],
        },
        **({"actor": {"name": actor}} if actor else {}),
        "data": {"test collection": _collection(dataset)},
    }


def as_yaml(content: Mapping[str, Any]) -> bytes:
    """As a YAML document, keys in their order."""
    import yaml

    text: str = yaml.safe_dump(json_ready(content), sort_keys=False, allow_unicode=True, width=2**31)
    return text.encode()


def _platform(machine: Mapping[str, Any]) -> dict[str, Any]:
    libraries = [f"{name}=={version}" for name, version in machine["libraries"].items() if version]
    return {
        "hardware": {
            "cpu": {"model": machine["cpu"], "number of cores": machine.get("cores_physical")},
            "ram": f"{machine['memory_mb'] / 1024:.0f} GB",
        },
        "operating system": {"kernel": machine.get("kernel"), "distribution": machine.get("platform")},
        "software": {"libraries": {"python": libraries}, "retrieval toolkit": [f"bench=={machine['bench']}"]},
    }


def _evaluation(info: Mapping[str, Any]) -> dict[str, Any]:
    """What is reported, against what, and by which test."""
    several = len(info["retrievers"]) > 1
    baseline = info["config"].get("against")
    test = {"name": "paired randomisation test", "correction method": "Holm"}
    return {
        "reported measures": list(info["measures"]),
        **({"baseline": [baseline]} if baseline else {}),
        **({"significance test": [test]} if several else {}),
    }


def _collection(dataset: Mapping[str, Any]) -> dict[str, Any]:
    known = {"name": dataset["name"], "source": dataset.get("source"), "note": dataset["note"]}
    fingerprint = {"fingerprint": dataset["fingerprint"]}  # sha256 over ids, texts and judgements
    return {key: value for key, value in {**known, **fingerprint}.items() if value}
