"""A profile's chunks made by several processes, or on a Dask cluster."""
