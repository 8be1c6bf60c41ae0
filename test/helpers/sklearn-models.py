"""Writes fixtures/golden/models.json: rows, and what scikit-learn and scipy make of them.

python3 test/helpers/sklearn-models.py   (scikit-learn 1.9.1, scipy 1.17.1, numpy 2.4.6)
"""
import json
import pathlib

import numpy
import scipy
import sklearn
from scipy.stats import chi2
from sklearn.ensemble import GradientBoostingRegressor, RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler

rng = numpy.random.default_rng(20240715)
LABELS = 3
centres = numpy.array([[0.2, 0.5, 0.4, 0.3], [0.5, 0.4, 0.6, 0.3], [0.35, 0.7, 0.3, 0.5]])
labels = rng.integers(0, LABELS, 190)
rows = numpy.round(centres[labels] + rng.normal(0, 0.12, (190, 4)), 4)
target = numpy.round(5000 + 4000 * rows[:, 0] - 3000 * rows[:, 1] ** 2 + 2500 * rows[:, 2] * rows[:, 3]
                     + rng.normal(0, 150, 190), 1)
train, test = slice(0, 150), slice(150, 190)
scaler = StandardScaler().fit(rows[train])
# StandardScaler divides by the deviation of ddof 0; ours is of ddof 1, so its penalty is 150/149 of theirs.
ridge = Ridge(10 * 150 / 149).fit(scaler.transform(rows[train]), target[train])
classifier = RandomForestClassifier(2000, random_state=1, class_weight=None).fit(rows[train], labels[train])
forest = RandomForestRegressor(2000, max_features=2, random_state=1).fit(rows[train], target[train])
boost = GradientBoostingRegressor(n_estimators=100, learning_rate=0.05, max_depth=2, subsample=0.7, min_samples_leaf=5,
                                  random_state=1)
boosted = numpy.mean([boost.set_params(random_state=seed).fit(rows[train], target[train]).predict(rows[test])
                      for seed in range(40)], axis=0)
golden = {
    'made': f'test/helpers/sklearn-models.py, scikit-learn {sklearn.__version__}, scipy {scipy.__version__}, '
            f'numpy {numpy.__version__}',
    'rows': rows.tolist(),
    'labels': labels.tolist(),
    'target': target.tolist(),
    'train': 150,
    'ridge': ridge.predict(scaler.transform(rows[test])).tolist(),
    'classifier': numpy.round(classifier.predict_proba(rows[test]), 4).tolist(),
    'forest': numpy.round(forest.predict(rows[test]), 1).tolist(),
    'boost': numpy.round(boosted, 1).tolist(),
    'chi2': [[p, df, float(chi2.ppf(p, df))] for p in (0.5, 0.99) for df in (1, 4, 10.5, 104)],
}
out = pathlib.Path(__file__).parent / '../../fixtures/golden/models.json'
out.write_text(json.dumps(golden) + '\n')
