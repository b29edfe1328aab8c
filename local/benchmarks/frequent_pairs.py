"""mlxtend's FP-growth on baskets in a Parquet file; runs in mlxtend's own environment."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from mlxtend.frequent_patterns import fpgrowth
from scipy.sparse import csr_matrix

from local.benchmarks.measured import measure_prepared


def one_hot(task: dict[str, Any]) -> pd.DataFrame:
    """One row a basket, one column a product, of booleans: mlxtend is twice as fast on them as on sparse columns.

    Products below the least support are left out beforehand: with all of Complete Journey's, the table would not fit
    into the memory.
    """
    lines = pq.read_table(task["baskets"])
    baskets, products = (
        lines.column(name).dictionary_encode().combine_chunks() for name in ("order_id", "product_key")
    )
    cells = np.ones(len(lines), dtype=bool)
    places = (baskets.indices.to_numpy(), products.indices.to_numpy())
    matrix = csr_matrix((cells, places), shape=(len(baskets.dictionary), len(products.dictionary)))
    names = np.array(products.dictionary.to_pylist())
    frequent = np.asarray(matrix.sum(axis=0)).ravel() >= task["min_support"] * matrix.shape[0]
    return pd.DataFrame(matrix[:, frequent].toarray(), columns=names[frequent])


def count(task: dict[str, Any], baskets: pd.DataFrame) -> dict[str, int]:
    """Baskets that hold each frequent pair, by the two keys in order, joined by a bar."""
    found = fpgrowth(baskets, min_support=task["min_support"], use_colnames=True, max_len=2)
    pairs = found[found["itemsets"].map(len) == 2]
    return {
        "|".join(sorted(pair)): round(support * len(baskets))
        for pair, support in zip(pairs["itemsets"], pairs["support"], strict=True)
    }


if __name__ == "__main__":
    measure_prepared(one_hot, count)
