import subprocess
import sys

import pandas as pd
import pyarrow as pa
import pytest

from stageline.demo import DEMO_TABLES, read_demo
from stageline.demo.incidents import SCRIPTED_INCIDENTS
from stageline.demo.simulator import simulate_demand
from stageline.exceptions import SourceError


def test_reads_the_clean_two_years():
    pd.testing.assert_frame_equal(read_demo("hourly_demand"), simulate_demand(seed=7), check_exact=True)


def test_reads_the_two_years_with_incidents():
    expected = simulate_demand(seed=7, incidents=SCRIPTED_INCIDENTS)
    pd.testing.assert_frame_equal(read_demo("hourly_demand_incidents"), expected, check_exact=True)


@pytest.mark.parametrize("name", DEMO_TABLES)
def test_a_table_becomes_arrow_without_its_index(name):
    table = pa.Table.from_pandas(read_demo(name), preserve_index=False)
    assert table.column_names == read_demo(name).columns.tolist()
    assert table.schema.field("ride_hour").type == pa.timestamp("us")


@pytest.mark.parametrize("name", ["", "bikes", "hourly_demand "])
def test_an_unknown_name_lists_the_known_ones(name):
    with pytest.raises(SourceError, match=r"unknown demo table; known: hourly_demand, hourly_demand_in_production, "):
        read_demo(name)


def test_importing_the_demo_loads_no_heavy_library():
    script = (
        "import sys, stageline.demo, stageline.demo.incidents, stageline.demo.simulator; "
        "print(*({'numpy', 'pandas', 'pyarrow', 'sklearn', 'airflow'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
