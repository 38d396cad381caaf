"""Progress of a match run, and of a person's own import."""

from market.jobs.models import Progress
from tests.builders.people import save
from tests.site.cast import Cast


def objects(cast: Cast) -> dict[str, dict[str, object]]:
    own = f"user:{cast.people['author_a'].id}:import"
    save(Progress(key="matches:1", done=1, total=2), Progress(key=own, done=1, total=2))
    return {"match_run": {"key": "matches:1"}, "import_of_author_a": {"key": own}}
