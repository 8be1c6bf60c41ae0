"""The same rows and pixels by scikit-learn on all cores: rows, labels, pixels, output, features, classes, trees, threads."""
import json
import sys
import time

import numpy as np
from sklearn.ensemble import RandomForestClassifier

rows, labels, pixels, out = sys.argv[1:5]
features, _, trees, threads = map(int, sys.argv[5:9])
model = RandomForestClassifier(trees, n_jobs=threads, random_state=1)
model.fit(np.fromfile(rows, np.float32).reshape(-1, features), np.fromfile(labels, np.uint8))
table = np.ascontiguousarray(np.fromfile(pixels, np.float32).reshape(features, -1).T)
wall, cpu = time.perf_counter(), time.process_time()
found = model.predict(table)
wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
found.astype(np.uint8).tofile(out)
print(json.dumps({"wall": wall, "cpu": cpu}))
