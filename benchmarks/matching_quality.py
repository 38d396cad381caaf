"""What each ingredient of the ranking is worth: the table of docs/matching.md, by one command.

    python -m benchmarks.matching_quality --sets FOLDER [--only NAME,NAME] [--boot 1000]

FOLDER holds the public sets (en-gold, zh-csl, zh-nsfc, en-lrbench), each as ``python -m matching evaluate`` reads it;
sets that are missing are left out. The demonstration set lies with the tests. The first row is the shipped
configuration with 95 % bootstrap intervals; every other row has one thing changed and shows the figure, the difference
to the first row, and a star where the 95 % interval of that difference, over the same samples, leaves out zero.
"""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import replace
from pathlib import Path

from matching import Glossary, Matcher, Settings
from matching.evaluation import (
    Scores,
    compare,
    evaluate,
    full_measures,
    full_units,
    read_experts,
    read_queries,
    read_scores,
)

DEMO = Path(__file__).parent.parent / "tests" / "matching" / "data"
ENGLISH_ONLY = frozenset({"S03", "S11", "S15", "S28", "S31"})
SETS = {"en-gold": "loss", "zh-csl": "ndcg@10", "zh-nsfc": "mrr", "en-lrbench": "loss", "demo": "ndcg@10"}
SHIPPED = Settings()
VARIANTS: dict[str, Settings] = {
    "as shipped": SHIPPED,
    "- glossary": SHIPPED,
    "glossary at weight 1": replace(SHIPPED, glossary=1.0),
    "- feedback of the nearest": replace(SHIPPED, nearest=0),
    "feedback of the nearest 10": replace(SHIPPED, nearest=10),
    "- latent space": replace(SHIPPED, latent=0.0),
    "latent space of 100": replace(SHIPPED, dimensions=100),
    "latent space of another seed": replace(SHIPPED, seed=1),
    "- centroid": replace(SHIPPED, centroid=0.0),
    "idf the same on both sides": replace(SHIPPED, need_idf=1.0, text_idf=1.0),
    "- BM25 for short needs": replace(SHIPPED, brief=1e-3),
    "BM25 for every need": replace(SHIPPED, brief=1e6),
    "BM25 of the best text alone": replace(SHIPPED, rest=0.0),
    "every profile rescored": replace(SHIPPED, candidates=1_000_000),
}
PUBLISHED = {
    "en-gold": "loss: TPMS .281, ELMo .345, ACL .296, SPECTER .269, SPECTER+MFR .238 (Stelmakh et al. 2023, all 58)",
    "en-lrbench": "loss: RATE-8B .173 (Liu et al. 2026)",
    "zh-csl": "none for this task; scikit-learn char(2,3) .317",
    "zh-nsfc": "none; scikit-learn char(2,3) .182, jieba .175, BM25-max .218",
    "demo": "none; character-bigram BM25 .874",
}


def run_of(folder: Path, settings: Settings, glossary: Glossary | None) -> Scores:
    """query → expert → score: the judged pairs, or the first 100 of every need."""
    matcher = Matcher.fit(read_experts(folder / "experts.jsonl"), settings, glossary)
    needs = list(read_queries(folder / "queries.jsonl"))
    if json.loads((folder / "meta.json").read_text("utf-8"))["mode"] == "judged":
        qrels = read_scores(folder / "qrels.tsv", header=True)
        by_id = {need.id: need for need in needs}
        return {q: dict(zip(g, matcher.scores(by_id[q], list(g)), strict=True)) for q, g in qrels.items()}
    rankings = matcher.rank_many(needs, 100)
    return {n.id: {m.profile_id: m.score for m in found} for n, found in zip(needs, rankings, strict=True)}


def crossing(run: Scores) -> float:
    """nDCG@10 of the demonstration needs that an English-only scholar could serve."""
    qrels = read_scores(DEMO / "qrels.tsv", header=True)
    group = {q: g for q, g in qrels.items() if any(g.get(e, 0) for e in ENGLISH_ONLY)}
    return full_measures(full_units(group, run))["ndcg@10"]


def cell(folder: Path, measure: str, run: Scores, shipped: Scores | None, boot: int) -> str:
    """A figure with its interval, or beside a first row with its difference to that."""
    value, low, high = evaluate(folder, run, boot if shipped is None else 1)[measure]
    if shipped is None:
        return f"{value:.4f} [{low:.3f}, {high:.3f}]"
    difference, low, high = compare(folder, run, shipped, boot)[measure]
    telling = round(difference, 4) and (low > 0 or high < 0)
    return f"{value:.4f} ({difference:+.4f}{'*' if telling else ''})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", type=Path, default=os.environ.get("MATCHING_SETS", "."), help="folder of the sets")
    parser.add_argument("--only", default=",".join(SETS), help="sets, separated by commas")
    parser.add_argument("--boot", type=int, default=1000)
    options = parser.parse_args()
    folders = {name: DEMO if name == "demo" else Path(options.sets) / name for name in options.only.split(",")}
    folders = {name: folder for name, folder in folders.items() if (folder / "meta.json").is_file()}
    for name in folders:
        print(f"{name} ({SETS[name]}): {PUBLISHED[name]}")
    print("| configuration | " + " | ".join(f"{n} {SETS[n]}" for n in folders) + " | demo across languages |")
    print("|---|" + "---|" * (len(folders) + 1))
    shipped: dict[str, Scores] = {}
    for label, settings in VARIANTS.items():
        glossary = Glossary([]) if label == "- glossary" else None
        cells: list[str] = []
        crossed = ""
        for name, folder in folders.items():
            run = run_of(folder, settings, glossary)
            cells.append(cell(folder, SETS[name], run, shipped.get(name), options.boot))
            shipped.setdefault(name, run)
            crossed = f"{crossing(run):.3f}" if name == "demo" else crossed
        print(f"| {label} | " + " | ".join(cells) + f" | {crossed} |", flush=True)


if __name__ == "__main__":
    main()
