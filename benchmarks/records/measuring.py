"""One training of one setting: its scores, and the CPU seconds until each validation."""

import time

from graphsage.runs.run import make_trainer
from graphsage.training.baselines import baseline_scores


class Clock:
    """CPU seconds of training until each validated epoch, and its score, as ``curve``: "1.25 0.9012, 2.5 0.9120".

    Validations are counted apart, in ``validating``. It wants a loader without threads: theirs would count, too.
    """

    def __init__(self):
        self.training, self.validating, self._points = 0.0, 0.0, []

    def on_fit_begin(self, *_):
        self.since = time.process_time()

    def on_step(self, *_):
        self.training += self._passed()

    def on_epoch(self, _, epoch):
        self.validating += self._passed()
        if epoch.val_score is not None:
            self._points.append(f"{self.training:.2f} {epoch.val_score:.4f}")

    def _passed(self):
        before, self.since = self.since, time.process_time()
        return self.since - before

    @property
    def curve(self):
        return ", ".join(self._points)

    @property
    def cpu_seconds(self):
        return {"training": round(self.training, 2), "validating": round(self.validating, 2)}


def trained(config, dataset):
    """Scores in [0, 1], the curve, and CPU seconds of training and of validations."""
    clock = Clock()
    trainer = make_trainer(config, dataset, callbacks=[clock], log=None)
    result = trainer.fit()
    if result.interrupted:  # a row must not be of half a training
        raise KeyboardInterrupt
    scores = {"test": result.test_score, "validation": result.val_score, "best_epoch": result.best_epoch}
    if config.train.correct_and_smooth:  # the result has what the model alone came to
        scores["validation"] = trainer.evaluate(dataset.val)[0]
    return {**scores, "cpu_seconds": clock.cpu_seconds, "curve": clock.curve}


def of_baselines(dataset, metric, seed):
    """Test scores of label propagation and boosted trees, by name, and why one is missing."""
    why, started = [], time.process_time()
    scores = dict(baseline_scores(dataset, metric, seed, log=why.append))
    missing = [line for line in why if line.startswith("No ")]
    return {"scores": scores, "why": missing, "cpu_seconds": {"training": round(time.process_time() - started, 2)}}
