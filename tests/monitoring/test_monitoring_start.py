import subprocess
import sys

import pyarrow as pa
from pyarrow import parquet

from stageline.monitoring.profiling import Wanted, make_profile

SCRIPT = """
import sys
from pathlib import Path
from pyarrow import parquet
from stageline.monitoring.drift import compare
from stageline.monitoring.profile import Profile
from stageline.monitoring.scan import count_rows
profile = Profile.from_json(Path("profile.json").read_text("utf-8"), name="profile.json")
with parquet.ParquetFile("rows.parquet", read_dictionary=["shop"]) as content:
    counts = count_rows(content.iter_batches(), profile.bins)
print([str(found.verdict) for found in compare(profile, counts)].count("passed"))
print(*sorted({"pandas", "scipy", "sklearn", "duckdb", "airflow", "mlflow"} & set(sys.modules)))
"""


def test_a_check_imports_nothing_that_takes_longer_than_its_scan(tmp_path):
    rows = pa.table(
        {
            "price": [1.0, None, 3.5, 2.0] * 500,
            "stock": [1, 2, 3, None] * 500,
            "shop": ["a", "b", None, "a"] * 500,
            "name": ["x", "y", "z", None] * 500,
            "open": [True, None, False, True] * 500,
        }
    )
    profile = make_profile(rows, Wanted(dict.fromkeys(rows.column_names, "feature")), made_from="sha256:1")
    usual = {"distribution": (0.01,) * 20}
    columns = {name: column.model_copy(update={"ordinary": usual}) for name, column in profile.columns.items()}
    (tmp_path / "profile.json").write_text(profile.model_copy(update={"columns": columns}).to_json(), "utf-8")
    parquet.write_table(rows, tmp_path / "rows.parquet")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=tmp_path, capture_output=True, text=True, check=False
    )  # fmt: skip
    assert done.stderr == ""
    passed, imported = done.stdout.split("\n")[:2]
    assert (passed, imported) == ("15", "")
