from config.bench.pairs import Pair, Ratio, Work, ratio_of, run_pairs


def test_runs_alternate_and_who_begins_changes() -> None:
    order = list[str]()

    def work(name: str, rate: float) -> Work:
        def run(seconds: float) -> float:
            order.append(f"{name} {seconds}")
            return rate

        return run

    done = run_pairs(ours=work("ours", 30.0), against=work("theirs", 20.0), pairs=3, seconds=2)

    assert order == ["theirs 2", "ours 2", "ours 2", "theirs 2", "theirs 2", "ours 2"]
    assert done == [Pair(ours=30.0, against=20.0)] * 3


def test_the_ratio_is_the_median_of_the_pairs_not_of_the_rates() -> None:
    pairs = [Pair(ours=10.0, against=10.0), Pair(ours=30.0, against=10.0), Pair(ours=10.0, against=5.0)]

    assert ratio_of(pairs) == Ratio(median=2.0, lowest=1.0, highest=3.0)
