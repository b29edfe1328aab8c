"""mlxtend's FP-growth on baskets in a Parquet file; runs in mlxtend's own environment."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from mlxtend.frequent_patterns import fpgrowth
from scipy.sparse import csr_matrix

from local.benchmarks.measured import measure_prepared


def one_hot(task: dict[str, Any]) -> pd.DataFrame:
    """One row a basket, one sparse column a product.

    Products below the least support are left out beforehand, for mlxtend makes a dense table of floats of the columns:
    with all products of Complete Journey it would take 72 GB.
    """
    lines = pq.read_table(task["baskets"])
    baskets, products = (
        lines.column(name).dictionary_encode().combine_chunks() for name in ("order_id", "product_key")
    )
    cells = [True] * len(lines)
    places = (baskets.indices.to_numpy(), products.indices.to_numpy())
    matrix = csr_matrix((cells, places), shape=(len(baskets.dictionary), len(products.dictionary)))
    names = np.array(products.dictionary.to_pylist())
    frequent = np.asarray(matrix.sum(axis=0)).ravel() >= task["min_support"] * matrix.shape[0]
    return pd.DataFrame.sparse.from_spmatrix(matrix[:, frequent], columns=names[frequent])


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
