"""``python -m matching rank | evaluate | explain``: the command line, stable, for use from outside too."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from matching.errors import MatchingError, UnknownProfile
from matching.evaluation import evaluate, read_experts, read_queries, read_scores
from matching.matcher import Matcher
from matching.types import Need

_FILES = """\
files, all UTF-8:
  experts.jsonl  a line each: {"id", "keywords": [..], "bio", "docs": [{"title", "abstract", "keywords": [..], "year"}]}
  queries.jsonl  a line each: {"id", "title", "text", "lang"}
  qrels.tsv      header, then query_id, expert_id, grade, separated by tabs
  run.tsv        query_id, expert_id, score in [0, 1], separated by tabs, best first

examples:
  python -m matching rank --experts experts.jsonl --queries queries.jsonl --out run.tsv --index ./index
  python -m matching rank --index ./index --queries more.jsonl --out run.tsv --limit 20
  python -m matching evaluate --data folder --run run.tsv
  python -m matching explain --experts experts.jsonl --query-id C01 --expert-id S01

It ends with 0 when it worked, with 2 and one line on standard error when it could not.
"""


def _parser() -> argparse.ArgumentParser:
    plain = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="python -m matching", description="Rank solvers for technical needs.",
                                     epilog=_FILES, formatter_class=plain)  # fmt: skip
    commands = parser.add_subparsers(dest="command", required=True, metavar="rank | evaluate | explain")

    def command(name: str, summary: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.",
                                   epilog=_FILES, formatter_class=plain)  # fmt: skip

    rank = command("rank", "rank the experts for every query and write a run")
    rank.add_argument("--experts", type=Path, metavar="FILE", help="experts.jsonl; not needed when --index is there")
    rank.add_argument("--queries", type=Path, metavar="FILE", required=True, help="queries.jsonl")
    rank.add_argument("--limit", type=int, default=100, help="experts a query (default %(default)s)")
    rank.add_argument("--pairs", type=Path, metavar="FILE",
                      help="a qrels.tsv: score exactly its pairs instead of ranking")  # fmt: skip
    rank.add_argument("--out", type=Path, metavar="FILE", required=True, help="the run.tsv to write")
    rank.add_argument("--index", type=Path, metavar="FOLDER", help="open this index, or fit --experts and save it here")
    score = command("evaluate", "measure a run against judgements")
    score.add_argument("--data", type=Path, metavar="FOLDER", required=True,
                       help="holds experts.jsonl, queries.jsonl, qrels.tsv, meta.json")  # fmt: skip
    score.add_argument("--run", type=Path, metavar="FILE", required=True, help="run.tsv")
    score.add_argument("--boot", type=int, default=1000,
                       help="bootstrap samples of the 95 %% intervals (default %(default)s)")  # fmt: skip
    why = command("explain", "say why one expert matches one query")
    why.add_argument("--experts", type=Path, metavar="FILE", required=True, help="experts.jsonl")
    why.add_argument("--queries", type=Path, metavar="FILE", help="default: queries.jsonl beside the experts")
    why.add_argument("--query-id", metavar="ID", required=True)
    why.add_argument("--expert-id", metavar="ID", required=True)
    return parser


def _matcher(options: argparse.Namespace) -> Matcher:
    if options.index and not options.experts:
        return Matcher.load(options.index)
    if not options.experts:
        raise MatchingError("give --experts, or an --index that holds one")
    matcher = Matcher.fit(read_experts(options.experts))
    if options.index:
        matcher.save(options.index)
    return matcher


def _rank(options: argparse.Namespace) -> None:
    matcher = _matcher(options)
    needs = list(read_queries(options.queries))
    lines = _pair_lines(matcher, needs, options.pairs) if options.pairs else _rank_lines(matcher, needs, options.limit)
    options.out.write_text("".join(lines), "utf-8")


def _rank_lines(matcher: Matcher, needs: Sequence[Need], limit: int) -> list[str]:
    rankings = zip(needs, matcher.rank_many(needs, limit), strict=True)
    return [f"{need.id}\t{match.profile_id}\t{match.score:.9g}\n" for need, found in rankings for match in found]


def _pair_lines(matcher: Matcher, needs: Sequence[Need], pairs: Path) -> list[str]:
    wanted = read_scores(pairs, header=True)
    by_id = {need.id: need for need in needs}
    lines = []
    for query, grades in wanted.items():
        if query not in by_id:
            raise UnknownProfile(f"{pairs} names the query {query!r}, which is not among the queries")
        experts = list(grades)
        scores = matcher.scores(by_id[query], experts)
        lines += [f"{query}\t{expert}\t{score:.9g}\n" for expert, score in zip(experts, scores, strict=True)]
    return lines


def _evaluate(options: argparse.Namespace) -> None:
    for name, (value, low, high) in evaluate(options.data, read_scores(options.run, False), options.boot).items():
        print(f"{name:8s} {value:.4f}  [{low:.4f}, {high:.4f}]")


def _explain(options: argparse.Namespace) -> None:
    queries = options.queries or options.experts.parent / "queries.jsonl"
    need = next((need for need in read_queries(queries) if need.id == options.query_id), None)
    if need is None:
        raise UnknownProfile(f"{queries} holds no query {options.query_id!r}")
    match = Matcher.fit(read_experts(options.experts)).explain(need, options.expert_id)
    print(f"{match.profile_id}\tscore {match.score:.4f}\tcoverage {match.coverage:.0%}")
    for reason in match.reasons:
        via = f" ~ {reason.via}" if reason.via else ""
        place = f"{reason.document or '-'} / {reason.field}"
        print(f"{reason.weight:.3f}\t{reason.term}{via}\t{place}\t{reason.snippet}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 when it worked, 2 with a message on standard error when it could not."""
    options = _parser().parse_args(arguments)
    try:
        {"rank": _rank, "evaluate": _evaluate, "explain": _explain}[options.command](options)
    except (MatchingError, OSError) as error:
        print(f"matching: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
